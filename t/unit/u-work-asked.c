#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "work/asked.h"

/* In path_order(). */
static struct asked_path items[] = {
	{ .path = "" }, { .path = "a" }, { .path = "a/b" },
	{ .path = "a/b/c" }, { .path = "a/b/c" }, { .path = "a/b/d/e" },
	{ .path = "a/b-c" }, { .path = "a/b.dv" }, { .path = "a/bc" },
	{ .path = "x" },
};
static const struct asked all = { .items = items, .count = 10 };

static int note(struct asked_path *p, const char *part, void *data)
{
	buf_addf(data, "%s:%s ", p->path, part);
	return 0;
}

static void expect(const struct asked *a, const char *path, const char *want)
{
	DV_AUTO_BUF struct buf got = BUF_INIT;

	assert_int_equal(asked_each(a, path, note, &got), 0);
	assert_string_equal(got.data ? got.data : "", want);
}

static void those_about_a_path_are_found(void **state)
{
	(void)state;
	expect(&all, "a/b", ": a: a/b: a/b.dv: a/b/c:c a/b/c:c a/b/d/e:d/e ");
	expect(&all, "a/b/c/z", ": a: a/b: a/b/c: a/b/c: ");
	expect(&all, "x", ": x: ");
	expect(&all, "y", ": ");
}

static void nothing_asked_is_about_nothing(void **state)
{
	const struct asked none = { .count = 0 };

	(void)state;
	expect(&none, "a", "");
}

static int stop(struct asked_path *p, const char *part, void *data)
{
	(void)part;
	(void)data;
	return !strcmp(p->path, "a/b") ? 7 : 0;
}

static void a_callback_can_end_it(void **state)
{
	(void)state;
	assert_int_equal(asked_each(&all, "a/b", stop, NULL), 7);
	assert_int_equal(asked_each(&all, "a/bc", stop, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_about_a_path_are_found),
		cmocka_unit_test(nothing_asked_is_about_nothing),
		cmocka_unit_test(a_callback_can_end_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
