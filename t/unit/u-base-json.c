#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/json.h"

static void commas_come_by_themselves(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	(void)state;
	json_object_begin(&b);
	json_add_string(&b, "path", "a,b{[");
	json_add_number(&b, "size", UINT64_MAX);
	json_add_bool(&b, "new", true);
	json_add_bool(&b, "old", false);
	json_add_null(&b, "id");
	json_array_begin(&b, "list");
	json_add_string(&b, NULL, "");
	json_add_number(&b, NULL, 0);
	json_object_begin(&b);
	json_object_end(&b);
	json_object_begin(&b);
	json_array_begin(&b, "none");
	json_array_end(&b);
	json_object_end(&b);
	json_array_end(&b);
	json_object_end(&b);
	assert_string_equal(b.data, "{\"path\":\"a,b{[\","
		"\"size\":18446744073709551615,\"new\":true,\"old\":false,"
		"\"id\":null,\"list\":[\"\",0,{},{\"none\":[]}]}");
	buf_addch(&b, '\n');
	json_object_begin(&b);
	assert_string_equal(strchr(b.data, '\n'), "\n{");
}

static void text_is_escaped(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	(void)state;
	json_add_string(&b, NULL, "q\" b\\ n\n e\x1b d\x7f");
	assert_string_equal(b.data, "\"q\\\" b\\\\ n\\u000a e\\u001b d\\u007f\"");
	buf_clear(&b);
	json_add_string(&b, NULL, "\xc3\xbf \xc2\x80 \xf0\x9f\x98\x80");
	assert_string_equal(b.data,
			    "\"\xc3\xbf \xc2\x80 \xf0\x9f\x98\x80\"");
	buf_clear(&b);
	json_add_string(&b, NULL, "\xff \x80 \xe6\xbc \xed\xa0\x80");
	assert_string_equal(b.data, "\"\\u00ff \\u0080 \\u00e6\\u00bc "
			    "\\u00ed\\u00a0\\u0080\"");
}

static void what_is_written_can_be_read(void **state)
{
	DV_AUTO_JSON struct json_reader r = JSON_READER_INIT;
	DV_AUTO_BUF struct buf b = BUF_INIT;
	char every[256];
	uint64_t n;

	(void)state;
	for (int i = 0; i < 127; i++)
		every[i] = i + 1;
	every[127] = '\0';
	json_object_begin(&b);
	json_add_string(&b, "every", every);
	json_add_string(&b, "\"key\"", "\xe6\xbc\xa2");
	json_add_number(&b, "n", 123);
	json_object_end(&b);
	assert_int_equal(json_read(&r, b.data, b.len, "text"), 0);
	assert_string_equal(json_get_string(&r, "every"), every);
	assert_string_equal(json_get_string(&r, "\"key\""), "\xe6\xbc\xa2");
	assert_true(json_get_number(&r, "n", &n));
	assert_int_equal(n, 123);
	assert_null(json_get_string(&r, "n"));
	assert_null(json_get_string(&r, "none"));
	assert_false(json_get_number(&r, "every", &n));
	assert_false(json_get_number(&r, "none", &n));
}

static void bad_json_is_refused_without_quoting_it(void **state)
{
	static const char *const bad[] = {
		"", "SECRET", "{", "{\"SECRET\"", "[]", "\"SECRET\"", "1",
		"{\"a\":\"SECRET\"}x", "{\"SECRET\":1,\"SECRET\":2}",
		"{\"a\":\"SECRET\\u0000\"}", "{\"a\":\"SECRET\xff\"}",
		"{\"a\":\"\\ud800SECRET\"}", "{\"a\":SECRET}",
	};
	DV_AUTO_JSON struct json_reader r = JSON_READER_INIT;
	DV_AUTO_BUF struct buf deep = BUF_INIT;
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(json_read(&r, bad[i], strlen(bad[i]), "key"),
				 DV_E_INVALID);
		assert_memory_equal(dv_error_text(), "key: ", 5);
		assert_null(strstr(dv_error_text(), "SECRET"));
		assert_null(json_get_string(&r, "a"));
	}
	buf_addstr(&deep, "{\"a\":");
	for (int i = 0; i < 100000; i++)
		buf_addch(&deep, '[');
	assert_int_equal(json_read(&r, deep.data, deep.len, "deep"),
			 DV_E_INVALID);
	buf_reserve(&deep, JSON_READ_MOST);
	memset(deep.data, ' ', JSON_READ_MOST + 1);
	assert_int_equal(json_read(&r, deep.data, JSON_READ_MOST + 1, "long"),
			 DV_E_INVALID);
	assert_int_equal(json_read(&r, "{\"n\":-1}", 8, "n"), 0);
	assert_false(json_get_number(&r, "n", &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_come_by_themselves),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(bad_json_is_refused_without_quoting_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
