#include <sys/wait.h>

#include "transfer_world.h"

/* 300 small files and two of some chunks. */
static struct files *some_files(void)
{
	struct files *all = xcalloc(1, sizeof(*all));

	add_files(all, "a", 0, 200, 3000);
	add_file(all, "a", 1000, 900000);
	add_files(all, "b", 300, 400, 5000);
	add_file(all, "b", 1001, 700000);
	return all;
}

static void what_was_pushed_can_be_fetched(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	r = push_ok(a);
	assert_int_equal(r.roots, 1);
	assert_int_equal(r.roots_done, 1);
	assert_true(r.packs >= 2);
	assert_true(r.bytes > 1000000);
	assert_true(r.objects > 300);
	assert_true(r.requests <= 12);
	assert_int_equal(access(in_top("one/dv-remote"), F_OK), 0);

	copy_pointer(a, b, "data");
	r = fetch_ok(b);
	assert_int_equal(r.roots_done, 1);
	assert_true(r.bytes > 1000000);
	assert_true(r.requests <= 10);
	assert_int_equal(count_whole(b, "data", all), all->count);
	assert_string_equal(noticed, "");
	dv_repo_close(a);
	dv_repo_close(b);
}

static void nothing_to_do_takes_next_to_no_requests(void **state)
{
	struct dv_repo *a = make_repo("a");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	push_ok(a);
	r = push_ok(a);
	assert_int_equal(r.roots, 1);
	assert_int_equal(r.roots_done, 0);
	assert_int_equal(r.packs, 0);
	assert_int_equal(r.bytes, 0);
	/* the locator, gc/pending and the two packs */
	assert_true(r.requests <= 4);
	r = fetch_ok(a);
	assert_int_equal(r.requests, 0);
	assert_int_equal(r.roots_done, 0);
	dv_repo_close(a);

	/* the same when nothing is remembered */
	shell("rm -rf %s", in_top("a/.git/dv/have"));
	a = open_repo("a");
	r = push_ok(a);
	assert_int_equal(r.packs, 0);
	assert_true(r.requests <= 5);
	dv_repo_close(a);
}

static void a_second_version_sends_what_is_new(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	push_ok(a);
	copy_pointer(a, b, "data");
	fetch_ok(b);
	add_file(all, "c", 2000, 40000);
	record(a, "data", all);
	r = push_ok(a);
	assert_int_equal(r.roots_done, 1);
	assert_int_equal(r.packs, 2);
	assert_true(r.bytes < 100000);
	assert_true(r.requests <= 9);
	copy_pointer(a, b, "data");
	r = fetch_ok(b);
	assert_true(r.bytes < 100000);
	assert_int_equal(count_whole(b, "data", all), all->count);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void small_packs_are_gathered(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	struct files *all = xcalloc(1, sizeof(*all));
	struct dv_transfer_result r;

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		add_files(all, "a", i * 20, i * 20 + 20, 4000);
		record(a, "data", all);
	}
	r = push_ok(a);
	assert_int_equal(r.packs, 2);
	assert_int_equal(count_packs("one"), 2);
	copy_pointer(a, b, "data");
	fetch_ok(b);
	assert_int_equal(count_whole(b, "data", all), all->count);

	/* what was gathered is known by its new place */
	add_file(all, "b", 500, 100);
	record(a, "data", all);
	r = push_ok(a);
	assert_int_equal(r.packs, 2);
	assert_true(r.bytes < 20000);
	r = push_ok(a);
	assert_int_equal(r.packs, 0);
	free(all);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void a_pack_deleted_there_is_sent_again(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_result r;
	char path[1024];

	(void)state;
	record(a, "data", all);
	push_ok(a);
	snprintf(path, sizeof(path), "%s", largest_pack("one"));
	assert_int_equal(unlink(path), 0);
	r = push_ok(a);
	assert_int_equal(r.repaired, 1);
	assert_int_equal(r.packs, 1);
	assert_non_null(strstr(noticed, "origin"));
	assert_int_equal(access(path, F_OK), 0);

	/* and one that was cut short */
	chmod(path, 0644);
	assert_int_equal(truncate(path, 1000), 0);
	r = push_ok(a);
	assert_int_equal(r.repaired, 1);
	r = push_ok(a);
	assert_int_equal(r.repaired, 0);
	copy_pointer(a, b, "data");
	fetch_ok(b);
	assert_int_equal(count_whole(b, "data", all), all->count);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void what_is_nowhere_is_named(void **state)
{
	struct dv_repo *a = make_repo("a");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	push_ok(a);
	assert_int_equal(unlink(largest_pack("one")), 0);
	dv_repo_close(a);
	shell("rm -rf %s", in_top("a/.git/dv/data"));
	a = open_repo("a");
	assert_int_equal(dv_push(a, &o, &r), DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_text(), "data"));
	assert_string_not_equal(dv_error_hint(), "");
	dv_repo_close(a);
}

static void a_dry_run_sends_nothing(void **state)
{
	struct dv_repo *a = make_repo("a");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_options o = options();
	struct dv_transfer_result r, sent;

	(void)state;
	record(a, "data", all);
	o.dry_run = true;
	assert_int_equal(dv_push(a, &o, &r), 0);
	assert_int_equal(r.roots_done, 1);
	assert_int_equal(access(in_top("one/dv-remote"), F_OK), -1);
	assert_int_equal(access(in_top("one/packs"), F_OK), -1);
	sent = push_ok(a);
	assert_int_equal(r.packs, sent.packs);
	assert_int_equal(r.bytes, sent.bytes);
	assert_int_equal(r.objects, sent.objects);
	assert_int_equal(dv_compare(a, &o, &r), 0);
	assert_int_equal(r.roots_done, 0);
	dv_repo_close(a);
}

static void several_roots_share_packs(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	DV_AUTO_FREE struct files *all = some_files();
	struct files *other = xcalloc(1, sizeof(*other));
	const char *paths[] = { "second" };
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;

	(void)state;
	add_files(other, "x", 100, 350, 3000);
	record(a, "first", all);
	record(a, "second", other);
	r = push_ok(a);
	assert_int_equal(r.roots, 2);
	assert_int_equal(r.roots_done, 2);
	copy_pointer(a, b, "first");
	copy_pointer(a, b, "second");
	o.what.paths = paths;
	o.what.count = 1;
	assert_int_equal(dv_fetch(b, &o, &r), 0);
	assert_int_equal(r.roots, 1);
	assert_int_equal(count_whole(b, "second", other), other->count);
	fetch_ok(b);
	assert_int_equal(count_whole(b, "first", all), all->count);
	free(other);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void force_sends_all_again(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_options o = options();
	struct dv_transfer_result first, r;
	char path[1024];

	(void)state;
	record(a, "data", all);
	first = push_ok(a);
	snprintf(path, sizeof(path), "%s", largest_pack("one"));
	flip_byte(path, 100000);
	r = push_ok(a);
	assert_int_equal(r.packs, 0);
	o.force = true;
	assert_int_equal(dv_push(a, &o, &r), 0);
	assert_int_equal(r.packs, first.packs);
	copy_pointer(a, b, "data");
	fetch_ok(b);
	assert_int_equal(count_whole(b, "data", all), all->count);
	dv_repo_close(a);
	dv_repo_close(b);
}

/* Another clone has the same data by its own add: nothing is sent twice. */
static void data_that_another_has_pushed_is_not_sent(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	push_ok(a);
	record(b, "data", all);
	shell("cd %s && git add -A && git commit -qm one", in_top("b"));
	r = push_ok(b);
	assert_int_equal(r.packs, 0);
	add_file(all, "c", 2000, 40000);
	record(b, "data", all);
	dv_repo_close(b);
	shell("rm -rf %s", in_top("b/.git/dv/have"));
	b = open_repo("b");
	r = push_ok(b);
	assert_int_equal(r.packs, 2);
	assert_true(r.bytes < 100000);
	dv_repo_close(a);
	dv_repo_close(b);
}

/* Twelve roots: each has a file that stays and one that does not. */
static void record_twelve(struct dv_repo *repo, uint32_t size,
			  uint32_t version)
{
	for (uint32_t i = 0; i < 12; i++) {
		DV_AUTO_FREE struct files *one = xcalloc(1, sizeof(*one));
		char path[16];

		snprintf(path, sizeof(path), "d%02u", i);
		add_file(one, "a", 2 * i, size);
		add_file(one, "b", 100 * version + i, 3000);
		record(repo, path, one);
	}
	shell("cd %s && git add -A && git commit -qm %u",
	      dv_repo_worktree(repo), version);
}

static void a_new_remote_is_not_asked_for_locators(void **state)
{
	struct dv_repo *a = make_repo("a");
	struct dv_transfer_result r;

	(void)state;
	record_twelve(a, 20000, 1);
	record_twelve(a, 20000, 2);
	record_twelve(a, 20000, 3);
	r = push_ok(a);
	assert_int_equal(r.roots_done, 12);
	/*
	 * The marker read and written, gc/pending three times; a pack is
	 * asked for, then sent; and the locators written
	 */
	assert_true(r.requests <= 2 + 3 + 2 * r.packs + 12);
	dv_repo_close(a);
}

static void what_came_before_many_roots_is_known(void **state)
{
	struct dv_repo *a = make_repo("a"), *b;
	struct dv_transfer_result r;

	(void)state;
	record_twelve(a, 1200000, 1);
	push_ok(a);
	record_twelve(a, 1200000, 2);
	dv_repo_close(a);
	shell("rm -rf %s", in_top("a/.git/dv/have"));
	b = open_repo("a");
	r = push_ok(b);
	assert_int_equal(r.roots_done, 12);
	assert_true(r.bytes < 100000);
	/* per root: its locator, the one before it, and the new one */
	assert_true(r.requests <= 3 * 12 + 16);
	dv_repo_close(b);
}

static void a_remote_that_lost_its_marker_has_the_rest(void **state)
{
	struct dv_repo *a = make_repo("a");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	push_ok(a);
	dv_repo_close(a);
	shell("cd %s && rm -rf data have", in_top("a/.git/dv"));
	assert_int_equal(unlink(in_top("one/dv-remote")), 0);
	a = open_repo("a");
	r = push_ok(a);
	assert_int_equal(r.packs, 0);
	assert_int_equal(access(in_top("one/dv-remote"), F_OK), 0);
	dv_repo_close(a);
}

static void an_unknown_kind_of_remote_is_refused(void **state)
{
	struct dv_repo *a = make_repo("a");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	shell("echo dv-remote 9 >%s", in_top("one/dv-remote"));
	assert_int_equal(dv_push(a, &o, &r), DV_E_UNSUPPORTED);
	assert_int_equal(access(in_top("one/packs"), F_OK), -1);
	assert_int_equal(access(in_top("one/roots"), F_OK), -1);
	dv_repo_close(a);
}

static void a_damaged_pack_is_not_sent(void **state)
{
	struct dv_repo *a = make_repo("a");
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;
	char path[1024];
	FILE *f;

	(void)state;
	record(a, "data", all);
	dv_repo_close(a);
	f = popen("find $HOME/a/.git/dv/data -type f | head -n 1", "r");
	assert_non_null(fgets(path, sizeof(path), f));
	pclose(f);
	path[strcspn(path, "\n")] = 0;
	flip_byte(path, 50000);
	a = open_repo("a");
	assert_int_equal(dv_push(a, &o, &r), DV_E_CORRUPT);
	assert_int_equal(access(in_top("one/roots"), F_OK), -1);
	dv_repo_close(a);
}

#ifdef DV_TEST_CRASH
/* What the process does that is to be killed. */
static int push_in_child(const char *path)
{
	struct dv_transfer_options o = { .jobs = 1 };
	struct dv_transfer_result r;
	struct dv_repo *a;

	return dv_repo_open(path, &a) || dv_push(a, &o, &r);
}

/* Pushes in a process that ends itself at the n-th pass of a point. */
static bool push_and_die(const char *point)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		setenv("DV_TEST_CRASH_AT", point, 1);
		execl("/proc/self/exe", "push", in_top("a"), NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

static void a_killed_push_goes_on(void **state)
{
	static const char *const points[] = {
		"push pack sent:1", "push pack sent:2",
		"have record appended:1", "have record appended:2",
		"push before locator:1", "push locator sent:1",
	};
	DV_AUTO_FREE struct files *all = xcalloc(1, sizeof(*all));

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct dv_repo *a;

		add_files(all, "a", i * 1000, i * 1000 + 900, 3000);
		if (!i) {
			a = make_repo("a");
		} else {
			a = open_repo("a");
		}
		record(a, "data", all);
		dv_repo_close(a);
	}
	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		struct dv_repo *a, *b;
		struct dv_transfer_result r;
		int sent;

		shell("rm -rf %s && mkdir %s", in_top("one"), in_top("one"));
		shell("rm -rf %s %s", in_top("a/.git/dv/have"), in_top("b"));
		assert_true(push_and_die(points[i]));
		sent = access(in_top("one/packs"), F_OK) ? 0 :
		       count_packs("one");
		a = open_repo("a");
		r = push_ok(a);
		/* no pack of more than 1 MiB goes twice */
		if (sent)
			assert_true(r.bytes < 2000000);
		assert_int_equal(count_packs("one"), 2);
		b = make_repo("b");
		copy_pointer(a, b, "data");
		fetch_ok(b);
		assert_int_equal(count_whole(b, "data", all), all->count);
		dv_repo_close(a);
		dv_repo_close(b);
	}
}
#endif

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_pushed_can_be_fetched),
		TEST(nothing_to_do_takes_next_to_no_requests),
		TEST(a_second_version_sends_what_is_new),
		TEST(small_packs_are_gathered),
		TEST(a_pack_deleted_there_is_sent_again),
		TEST(what_is_nowhere_is_named),
		TEST(a_dry_run_sends_nothing),
		TEST(several_roots_share_packs),
		TEST(force_sends_all_again),
		TEST(data_that_another_has_pushed_is_not_sent),
		TEST(a_new_remote_is_not_asked_for_locators),
		TEST(what_came_before_many_roots_is_known),
		TEST(a_remote_that_lost_its_marker_has_the_rest),
		TEST(an_unknown_kind_of_remote_is_refused),
		TEST(a_damaged_pack_is_not_sent),
#ifdef DV_TEST_CRASH
		TEST(a_killed_push_goes_on),
#endif
	};

#ifdef DV_TEST_CRASH
	if (argc == 2)
		return push_in_child(argv[1]);
#endif
	(void)argc;
	(void)argv;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
