#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void a_failure_has_a_text_and_a_hint(void **state)
{
	(void)state;
	assert_string_equal(dv_error_text(), "");
	assert_int_equal(dv_fail(DV_E_CORRUPT, "pack %s", "3fa9"),
			 DV_E_CORRUPT);
	assert_string_equal(dv_error_text(), "pack 3fa9");
	assert_string_equal(dv_error_hint(), "");
	assert_int_equal(dv_hint(DV_E_CORRUPT, "run %s", "it"), DV_E_CORRUPT);
	assert_string_equal(dv_error_hint(), "run it");
	/* a text may be made of the one before */
	dv_fail(DV_E_IO, "again: %s", dv_error_text());
	assert_string_equal(dv_error_text(), "again: pack 3fa9");
	assert_string_equal(dv_error_hint(), "");
}

static void errno_becomes_code_and_text(void **state)
{
	static const struct {
		int number, code;
	} cases[] = {
		{ ENOENT, DV_E_NOTFOUND }, { ENOSPC, DV_E_NOSPACE },
		{ EDQUOT, DV_E_NOSPACE }, { EACCES, DV_E_IO }, { EIO, DV_E_IO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char expect[100] = "cannot open x: ";

		strcat(expect, strerror(cases[i].number));
		errno = cases[i].number;
		assert_int_equal(dv_fail_errno("cannot open %s", "x"),
				 cases[i].code);
		assert_string_equal(dv_error_text(), expect);
		assert_int_equal(errno, cases[i].number);
	}
}

static void texts_are_one_plain_line(void **state)
{
	char name[3000];

	(void)state;
	dv_fail(DV_E_IO, "file %s", "a\nb\x1b[2J\x7f\xc3\xb6");
	assert_string_equal(dv_error_text(), "file a\\012b\\033[2J\\177\xc3\xb6");
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	dv_fail(DV_E_IO, "%s", name);
	assert_int_equal(strlen(dv_error_text()), 1023);
	dv_hint(DV_E_IO, "%s", name);
	assert_int_equal(strlen(dv_error_hint()), 511);
	errno = EIO;
	dv_fail_errno("%s", name);
	assert_int_equal(strlen(dv_error_text()), 1023);
}

static void *fail_elsewhere(void *data)
{
	dv_hint(dv_fail(DV_E_AUTH, "elsewhere"), "there");
	error_save(DV_E_AUTH, data);
	return NULL;
}

static void threads_have_their_own_and_can_hand_it_over(void **state)
{
	struct error_state saved;
	pthread_t thread;

	(void)state;
	dv_fail(DV_E_IO, "here");
	pthread_create(&thread, NULL, fail_elsewhere, &saved);
	pthread_join(thread, NULL);
	assert_string_equal(dv_error_text(), "here");
	assert_int_equal(error_restore(&saved), DV_E_AUTH);
	assert_string_equal(dv_error_text(), "elsewhere");
	assert_string_equal(dv_error_hint(), "there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_has_a_text_and_a_hint),
		cmocka_unit_test(errno_becomes_code_and_text),
		cmocka_unit_test(texts_are_one_plain_line),
		cmocka_unit_test(threads_have_their_own_and_can_hand_it_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
