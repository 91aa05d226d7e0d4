#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/name_sort.h"

#include "data.h"
#include "memory.h"

#define NAME_MOST	64

/* Name i of many, in no order; each comes once. */
static void name_of(char *out, uint32_t i)
{
	/* odd, so that no two numbers become one */
	snprintf(out, NAME_MOST, "%x-of-many%.*s", i * 2654435761u,
		 (int)(i % 8), "\xff\x80zzZ. ");
}

/* Adds `count` names, and gets them back in order. */
static void sort(const char *dir, uint32_t count, size_t runs)
{
	DV_AUTO_NAME_SORT struct name_sort s;
	char name[NAME_MOST], before[NAME_MOST] = "";
	uint64_t sum = 0;
	const char *got;

	name_sort_init(&s, dir);
	for (uint32_t i = 0; i < count; i++) {
		name_of(name, i);
		name_sort_add(&s, name);
		for (const char *p = name; *p; p++)
			sum += (unsigned char)*p;
	}
	assert_int_equal(s.count, count);
	for (uint32_t i = 0; i < count; i++) {
		got = name_sort_next(&s);
		assert_non_null(got);
		assert_true(strcmp(before, got) < 0);
		snprintf(before, sizeof(before), "%s", got);
		for (const char *p = got; *p; p++)
			sum -= (unsigned char)*p;
	}
	assert_null(name_sort_next(&s));
	assert_null(name_sort_next(&s));
	assert_int_equal(sum, 0);
	assert_true(s.run_count >= runs);
	assert_true(runs || !s.run_count);
}

static void a_few_are_sorted_in_memory(void **state)
{
	(void)state;
	sort("/tmp", 0, 0);
	sort("/tmp", 1, 0);
	sort("/tmp", 1000, 0);
}

static void many_are_merged(void **state)
{
	(void)state;
	/* two runs, and more than a heap of them has on two levels */
	sort("/tmp", 60000, 2);
	sort("/tmp", 300000, 5);
}

static void where_no_file_can_be_they_stay_in_memory(void **state)
{
	(void)state;
	sort(NULL, 100000, 2);
	sort("/tmp/no/such/folder", 100000, 2);
}

/* The same name in several runs, and one longer than a run. */
static void what_comes_twice_is_told_twice(void **state)
{
	const size_t len = (size_t)3 << 20;
	DV_AUTO_NAME_SORT struct name_sort s;
	char *large = malloc(len + 1), name[NAME_MOST];

	(void)state;
	assert_non_null(large);
	memset(large, 'l', len);
	large[len] = '\0';
	name_sort_init(&s, "/tmp");
	for (unsigned k = 0; k < 2; k++)
		for (uint32_t i = 0; i < 60000; i++) {
			snprintf(name, sizeof(name), "name %05u", i);
			name_sort_add(&s, name);
			if (i == 1000)
				name_sort_add(&s, large);
		}
	for (unsigned k = 0; k < 2; k++)
		assert_string_equal(name_sort_next(&s), large);
	for (uint32_t i = 0; i < 60000; i++) {
		snprintf(name, sizeof(name), "name %05u", i);
		for (unsigned k = 0; k < 2; k++)
			assert_string_equal(name_sort_next(&s), name);
	}
	assert_null(name_sort_next(&s));
	free(large);
}

static void memory_does_not_grow_with_them(void **state)
{
	DV_AUTO_NAME_SORT struct name_sort s;
	char name[NAME_MOST];
	size_t before = 0, most = 0;

	(void)state;
	name_sort_init(&s, "/tmp");
	for (uint32_t i = 0; i < 600000; i++) {
		name_of(name, i);
		name_sort_add(&s, name);
		if (i == 100000)
			before = resident().all;
		if (i % 10000 == 0 && resident().all > most)
			most = resident().all;
	}
	for (uint32_t i = 0; i < 600000; i++) {
		assert_non_null(name_sort_next(&s));
		if (i % 1000 == 0 && resident().all > most)
			most = resident().all;
	}
	assert_true(before);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* 14 MiB of names were to come */
	assert_true(most < before + ((size_t)5 << 20));
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_are_sorted_in_memory),
		cmocka_unit_test(many_are_merged),
		cmocka_unit_test(where_no_file_can_be_they_stay_in_memory),
		cmocka_unit_test(what_comes_twice_is_told_twice),
		cmocka_unit_test(memory_does_not_grow_with_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
