#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"

#include "memory.h"

#define TEXTS	200000
#define LARGE	((size_t)9 << 20)

/* Fills an arena with texts and one large piece, and looks at them again. */
static void fill(struct spill *s)
{
	struct arena a = { .spill = s };
	char **texts = calloc(TEXTS, sizeof(*texts)), *large = NULL;
	char text[64];

	for (unsigned i = 0; i < TEXTS; i++) {
		int len = snprintf(text, sizeof(text), "text %u of many", i);

		texts[i] = arena_copy(&a, text, (size_t)len);
		if (i == TEXTS / 2)
			large = memset(arena_alloc(&a, LARGE), 'x', LARGE);
		if (s && i % 1000 == 0)
			spill_rest(s);
	}
	if (s)
		spill_rest(s);
	for (unsigned i = 0; i < TEXTS; i++) {
		snprintf(text, sizeof(text), "text %u of many", i);
		assert_string_equal(texts[i], text);
	}
	assert_true(large[0] == 'x' && !memcmp(large, large + 1, LARGE - 1));
	free(texts);
	arena_release(&a);
}

static void memory_is_enough(void **state)
{
	(void)state;
	fill(NULL);
}

static void what_rests_is_read_back(void **state)
{
	struct spill s;

	(void)state;
	spill_init(&s, "/tmp", 1 << 20);
	fill(&s);
	spill_release(&s);
}

static void where_no_file_can_be_it_stays_in_memory(void **state)
{
	struct spill s;

	(void)state;
	spill_init(&s, "/tmp/no/such/folder", 0);
	fill(&s);
	spill_release(&s);
	spill_init(&s, NULL, 0);
	assert_null(spill_take(&s, 100));
	spill_release(&s);
}

static void what_rests_takes_no_memory(void **state)
{
	const size_t len = (size_t)32 << 20;
	size_t before = resident().in_files;
	struct spill s;
	char *data;

	(void)state;
	spill_init(&s, ".", 0);
	data = spill_take(&s, len);
	if (data) {
		memset(data, 1, len);
		assert_true(resident().in_files >= before + len);
		spill_rest(&s);
		assert_true(resident().in_files < before + len / 2);
		assert_int_equal(data[len - 1], 1);
	}
	spill_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_enough),
		cmocka_unit_test(what_rests_is_read_back),
		cmocka_unit_test(where_no_file_can_be_it_stays_in_memory),
		cmocka_unit_test(what_rests_takes_no_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
