#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"

static char scratch[] = "/tmp/dv-unit.XXXXXX";

static void put(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text),
				      NEWFILE_NOSYNC), 0);
}

/* Groups /job/step below `root`, of which no one has a limit yet. */
static int enter_scratch(void **state)
{
	(void)state;
	if (!mkdtemp(scratch) || chdir(scratch) || mkdir("root", 0777) ||
	    mkdir("root/job", 0777) || mkdir("root/job/step", 0777))
		return -1;
	return 0;
}

static int leave_scratch(void **state)
{
	(void)state;
	return chdir("/") || dir_remove(scratch) ? -1 : 0;
}

static void the_least_of_all_above_counts(void **state)
{
	(void)state;
	put("groups", "1:name=systemd:/other\n0::/job/step\n");
	put("root/job/step/memory.max", "max\n");
	assert_true(memory_group_limit("groups", "root") == UINT64_MAX);
	put("root/job/memory.max", "2147483648\n");
	assert_true(memory_group_limit("groups", "root") == 2147483648u);
	put("root/memory.max", "1073741824\n");
	assert_true(memory_group_limit("groups", "root") == 1073741824u);
	put("root/job/step/memory.max", "4096\n");
	assert_true(memory_group_limit("groups", "root") == 4096);
}

static void a_container_is_the_top_of_what_it_sees(void **state)
{
	(void)state;
	put("groups", "0::/\n");
	put("root/memory.max", "1000000\n");
	assert_true(memory_group_limit("groups", "root") == 1000000);
}

static void no_group_is_no_limit(void **state)
{
	(void)state;
	put("groups", "4:memory:/job\n");	/* version 1 only */
	assert_true(memory_group_limit("groups", "root") == UINT64_MAX);
	assert_true(memory_group_limit("none", "root") == UINT64_MAX);
	put("groups", "0::/gone/for/good\n");
	assert_int_equal(unlink("root/memory.max"), 0);
	assert_true(memory_group_limit("groups", "root") == UINT64_MAX);
}

static void the_machine_has_some(void **state)
{
	(void)state;
	assert_true(memory_limit() > 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_of_all_above_counts),
		cmocka_unit_test(a_container_is_the_top_of_what_it_sees),
		cmocka_unit_test(no_group_is_no_limit),
		cmocka_unit_test(the_machine_has_some),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
