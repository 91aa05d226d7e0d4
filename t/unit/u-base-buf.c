#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"

static void an_empty_buffer_is_an_empty_string(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;
	char *text;

	(void)state;
	assert_string_equal(b.data, "");
	buf_clear(&b);
	buf_add(&b, NULL, 0);
	assert_int_equal(b.room, 0);
	text = buf_detach(&b);
	assert_string_equal(text, "");
	free(text);
	assert_ptr_equal(b.data, buf_empty);
}

static void bytes_are_kept_in_order_with_a_final_0(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		buf_addch(&b, (char)i);
		assert_int_equal(b.data[b.len], 0);
	}
	assert_int_equal(b.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal((uint8_t)b.data[i], (uint8_t)i);
	buf_setlen(&b, 3);
	assert_int_equal(b.len, 3);
	assert_int_equal(b.data[3], 0);
}

static void formatted_text_may_be_of_any_length(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;
	char word[301];

	(void)state;
	for (size_t n = 0; n <= 300; n++) {
		memset(word, 'x', n);
		word[n] = '\0';
		buf_clear(&b);
		buf_addf(&b, "<%s>%d", word, 42);
		assert_int_equal(b.len, n + 4);
		assert_memory_equal(b.data + 1, word, n);
		assert_string_equal(b.data + n + 1, ">42");
	}
}

static void what_was_reserved_can_be_taken_in(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	(void)state;
	buf_addstr(&b, "ab");
	buf_reserve(&b, 1000);
	memset(b.data + 2, 'c', 1000);
	buf_setlen(&b, 1002);
	assert_int_equal(b.data[1001], 'c');
	assert_int_equal(b.data[1002], 0);
}

static void an_array_grows_and_keeps_its_items(void **state)
{
	size_t count = 0, room = 0;
	uint64_t *items = NULL;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		ARRAY_GROW(items, count + 1, room);
		assert_true(room > count);
		items[count++] = i * i;
	}
	for (uint64_t i = 0; i < 10000; i++)
		assert_int_equal(items[i], i * i);
	assert_true(room < 20000);
	free(items);
}

static void arena_memory_is_aligned_and_apart(void **state)
{
	DV_AUTO_ARENA struct arena a = ARENA_INIT;
	char *texts[3000];

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		char word[32];

		snprintf(word, sizeof(word), "word %zu", i);
		texts[i] = arena_copy(&a, word, strlen(word));
		if (i % 100 == 0)
			memset(arena_alloc(&a, i * 50), 0xee, i * 50);
		assert_int_equal((uintptr_t)arena_alloc(&a, 8) % 16, 0);
	}
	for (size_t i = 0; i < 3000; i++) {
		char word[32];

		snprintf(word, sizeof(word), "word %zu", i);
		assert_string_equal(texts[i], word);
	}
	assert_string_equal(arena_copy(&a, NULL, 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(bytes_are_kept_in_order_with_a_final_0),
		cmocka_unit_test(formatted_text_may_be_of_any_length),
		cmocka_unit_test(what_was_reserved_can_be_taken_in),
		cmocka_unit_test(an_array_grows_and_keeps_its_items),
		cmocka_unit_test(arena_memory_is_aligned_and_apart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
