#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dv/error.h"
#include "dv/pointer.h"

#include "base/auto.h"
#include "base/buf.h"

#include "data.h"

#define HEX	"9f86d081884c7d659a2feaa0c55ad015" \
		"a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define FILE_HEAD "dv: 1\nkind: file\nid: sha256:" HEX "\nsize: 4\n"
#define TREE_HEAD "dv: 1\nkind: tree\nid: sha256:" HEX "\nsize: 12\nfiles: 3\n"

static int parse(const char *text, struct dv_pointer *out)
{
	size_t len = strlen(text);
	DV_AUTO_FREE char *copy = malloc(len ? len : 1);

	/* of exactly this size, for a sanitizer to see */
	memcpy(copy, text, len);
	return dv_pointer_parse(copy, len, "a.dv", out);
}

static int result(const char *text)
{
	struct dv_pointer p;
	int err = parse(text, &p);

	if (err) {
		assert_null(p.rest);
		assert_true(*dv_error_text());
		assert_memory_equal(dv_error_text(), "a.dv: ", 6);
	}
	dv_pointer_release(&p);
	return err;
}

static void assert_round_trip(const char *text)
{
	struct dv_pointer p;
	size_t len;
	char *back;

	assert_int_equal(parse(text, &p), 0);
	back = dv_pointer_format(&p, &len);
	assert_string_equal(back, text);
	assert_int_equal(len, strlen(text));
	free(back);
	dv_pointer_release(&p);
}

static void both_kinds_are_read(void **state)
{
	struct dv_pointer p;
	char hex[DV_ID_HEX + 1];

	(void)state;
	assert_int_equal(parse(FILE_HEAD, &p), 0);
	assert_int_equal(p.kind, DV_KIND_FILE);
	assert_int_equal(p.size, 4);
	assert_int_equal(p.files, 1);
	assert_string_equal(p.rest, "");
	dv_id_to_hex(&p.id, hex);
	assert_string_equal(hex, HEX);
	dv_pointer_release(&p);
	assert_int_equal(parse(TREE_HEAD, &p), 0);
	assert_int_equal(p.kind, DV_KIND_TREE);
	assert_int_equal(p.size, 12);
	assert_int_equal(p.files, 3);
	dv_pointer_release(&p);
	corpus_add("pointer", "file", FILE_HEAD, strlen(FILE_HEAD));
	corpus_add("pointer", "tree", TREE_HEAD, strlen(TREE_HEAD));
}

static void what_is_read_is_written_the_same(void **state)
{
	static const char rest[] = TREE_HEAD "author.name: J\xc3\xb6rg\n"
				   "note: a: b\nempty: \n";

	(void)state;
	assert_round_trip(FILE_HEAD);
	assert_round_trip(TREE_HEAD);
	assert_round_trip(rest);
	assert_round_trip("dv: 1\nkind: tree\nid: sha256:" HEX "\nsize: 0\n"
			  "files: 0\n");
	assert_round_trip("dv: 1\nkind: file\nid: sha256:" HEX "\n"
			  "size: 9223372036854775807\n");
	corpus_add("pointer", "rest", rest, sizeof(rest) - 1);
}

static void crlf_is_read_and_lf_written(void **state)
{
	static const char crlf[] = "dv: 1\r\nkind: file\r\nid: sha256:" HEX
				   "\r\nsize: 4\r\nmore: x\r\n";
	struct dv_pointer p;
	size_t len;
	char *back;

	(void)state;
	assert_int_equal(parse(crlf, &p), 0);
	assert_string_equal(p.rest, "more: x\n");
	back = dv_pointer_format(&p, &len);
	assert_string_equal(back, FILE_HEAD "more: x\n");
	free(back);
	dv_pointer_release(&p);
	corpus_add("pointer", "crlf", crlf, sizeof(crlf) - 1);
}

static void a_last_line_may_lack_its_end(void **state)
{
	struct dv_pointer p;

	(void)state;
	assert_int_equal(result("dv: 1\nkind: file\nid: sha256:" HEX
				"\nsize: 4"), 0);
	assert_int_equal(parse(FILE_HEAD "more: x", &p), 0);
	assert_string_equal(p.rest, "more: x\n");
	dv_pointer_release(&p);
}

static void other_files_are_no_pointers(void **state)
{
	(void)state;
	assert_int_equal(result(""), DV_E_INVALID);
	assert_int_equal(result("\n"), DV_E_INVALID);
	assert_int_equal(result("hello world\n"), DV_E_INVALID);
	assert_int_equal(result("outs:\n- md5: 0\n"), DV_E_INVALID);
	assert_int_equal(result("dv:1\n"), DV_E_INVALID);
	assert_int_equal(result("dv: one\n"), DV_E_INVALID);
	assert_int_equal(result("dv: 01\n"), DV_E_INVALID);
	assert_int_equal(result("dv: \n"), DV_E_INVALID);
	assert_int_equal(result("dv: 1\n"), DV_E_INVALID);
	assert_string_equal(dv_error_text(), "a.dv: not a pointer file: "
			    "line 2 is missing: 'kind: ...'");
	assert_int_equal(result(" " FILE_HEAD), DV_E_INVALID);
	assert_int_equal(result("\n" FILE_HEAD), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD FILE_HEAD), DV_E_INVALID);
}

static void lines_must_be_in_order_and_right(void **state)
{
	(void)state;
	assert_int_equal(result("kind: file\ndv: 1\n"), DV_E_INVALID);
	assert_int_equal(result("dv: 1\nkind: folder\n"), DV_E_INVALID);
	assert_int_equal(result("dv: 1\nkind: file\nsize: 1\n"), DV_E_INVALID);
	assert_int_equal(result("dv: 1\nkind: file\nid: " HEX "\nsize: 1\n"),
			 DV_E_INVALID);
	assert_int_equal(result("dv: 1\nkind: file\nid: sha256:" HEX
				"0\nsize: 1\n"), DV_E_INVALID);
	assert_int_equal(result("dv: 1\nkind: file\nid: sha256:9F86d081884c7d6"
				"59a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"
				"0a08\nsize: 1\n"), DV_E_INVALID);
	assert_int_equal(result("dv: 1\nkind: tree\nid: sha256:" HEX
				"\nsize: 1\n"), DV_E_INVALID);
	assert_int_equal(result("dv: 1\nkind: tree\nid: sha256:" HEX
				"\nsize: 1\nfiles: 0\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "files: 1\n"), DV_E_INVALID);
	assert_int_equal(result(TREE_HEAD "size: 1\n"), DV_E_INVALID);
}

static int size_result(const char *size)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	buf_addf(&b, "dv: 1\nkind: file\nid: sha256:" HEX "\nsize: %s\n",
		 size);
	return result(b.data);
}

static void numbers_have_one_form_and_a_limit(void **state)
{
	static const char *const bad[] = {
		"", "-1", "+1", "01", "00", "1.0", "1 ", " 1", "0x1", "1e3",
		"9223372036854775808", "18446744073709551616",
		"99999999999999999999999999999999999999",
	};

	(void)state;
	assert_int_equal(size_result("0"), 0);
	assert_int_equal(size_result("9223372036854775807"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(size_result(bad[i]), DV_E_INVALID);
}

static void further_lines_must_be_plain(void **state)
{
	(void)state;
	assert_int_equal(result(FILE_HEAD "a: b\n"), 0);
	assert_int_equal(result(FILE_HEAD "a.b_c-9: \xe2\x82\xac\n"), 0);
	assert_int_equal(result(FILE_HEAD "a:b\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD ": b\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a b: c\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "aB: c\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "\xc3\xb6: c\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \x1b[31m\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \t\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \x7f\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \r\r\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \xc2\x9b\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \xff\n"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \xc3"), DV_E_INVALID);
	assert_int_equal(result(FILE_HEAD "a: \xed\xa0\x80\n"), DV_E_INVALID);
}

static void zero_bytes_are_no_text(void **state)
{
	static const char text[] = FILE_HEAD "a: b\0c\n";
	struct dv_pointer p;

	(void)state;
	assert_int_equal(dv_pointer_parse(text, sizeof(text) - 1, "a.dv", &p),
			 DV_E_INVALID);
}

static void what_must_be_understood_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(result("dv: 2\nwhatever\n"), DV_E_UNSUPPORTED);
	assert_string_equal(dv_error_text(),
			    "a.dv: needs a newer dv, one that knows 'dv: 2'");
	assert_true(*dv_error_hint());
	assert_int_equal(result(FILE_HEAD "Encrypted: yes\n"),
			 DV_E_UNSUPPORTED);
	assert_string_equal(dv_error_text(), "a.dv: needs a newer dv, one "
			    "that knows 'Encrypted'");
}

static void conflicts_are_called_so(void **state)
{
	static const char *const texts[] = {
		"<<<<<<< HEAD\n" FILE_HEAD "=======\n" FILE_HEAD
		">>>>>>> other\n",
		"dv: 1\nkind: file\n<<<<<<< ours\nid: sha256:" HEX "\n"
		"=======\nid: sha256:" HEX "\n>>>>>>> theirs\nsize: 1\n",
		"dv: 1\r\n<<<<<<< HEAD\r\nkind: file\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(result(texts[i]), DV_E_INVALID);
		assert_string_equal(dv_error_text(),
				    "a.dv: has git's conflict markers");
		assert_non_null(strstr(dv_error_hint(), "git checkout --merge"));
	}
	corpus_add("pointer", "conflict", texts[1], strlen(texts[1]));
}

static void very_long_files_are_no_pointers(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	(void)state;
	buf_addstr(&b, FILE_HEAD);
	while (b.len + 5 <= DV_POINTER_MAX)
		buf_addstr(&b, "a: b\n");
	assert_int_equal(result(b.data), 0);
	buf_addstr(&b, "a: b\n");
	assert_int_equal(result(b.data), DV_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds_are_read),
		cmocka_unit_test(what_is_read_is_written_the_same),
		cmocka_unit_test(crlf_is_read_and_lf_written),
		cmocka_unit_test(a_last_line_may_lack_its_end),
		cmocka_unit_test(other_files_are_no_pointers),
		cmocka_unit_test(lines_must_be_in_order_and_right),
		cmocka_unit_test(numbers_have_one_form_and_a_limit),
		cmocka_unit_test(further_lines_must_be_plain),
		cmocka_unit_test(zero_bytes_are_no_text),
		cmocka_unit_test(what_must_be_understood_is_asked_for),
		cmocka_unit_test(conflicts_are_called_so),
		cmocka_unit_test(very_long_files_are_no_pointers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
