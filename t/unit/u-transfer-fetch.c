#include "transfer_world.h"

/* 600 small files and two of many chunks: some megabytes. */
static struct files *some_files(void)
{
	struct files *all = xcalloc(1, sizeof(*all));

	add_files(all, "a", 0, 400, 9000);
	add_file(all, "a", 1000, 4000000);
	add_files(all, "b", 400, 600, 5000);
	add_file(all, "b", 1001, 700000);
	return all;
}

static struct dv_repo *pushed(struct files *all)
{
	struct dv_repo *a = make_repo("a");

	record(a, "data", all);
	push_ok(a);
	return a;
}

/* Fetches one path inside the tracked directory. */
static int fetch_part(struct dv_repo *repo, const char *path, bool meta,
		      struct dv_transfer_result *r)
{
	struct dv_transfer_options o = options();
	char full[1024];
	const char *paths[] = { full };

	snprintf(full, sizeof(full), "%s/%s", dv_repo_worktree(repo), path);
	o.what.paths = paths;
	o.what.count = 1;
	o.metadata_only = meta;
	return dv_fetch(repo, &o, r);
}

static void one_file_takes_about_ten_requests(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all), *b = make_repo("b");
	struct dv_transfer_result r;

	(void)state;
	copy_pointer(a, b, "data");
	assert_int_equal(fetch_part(b, "data/a/f000123", false, &r), 0);
	assert_true(r.requests <= 8);
	assert_true(r.bytes < 2500000);
	assert_in_range(count_whole(b, "data", all), 1, 300);
	/* here now: nothing is asked */
	assert_int_equal(fetch_part(b, "data/a/f000123", false, &r), 0);
	assert_int_equal(r.requests, 0);
	/* another: its index is known by now */
	assert_int_equal(fetch_part(b, "data/b/f001001", false, &r), 0);
	assert_true(r.requests <= 3);
	fetch_ok(b);
	assert_int_equal(count_whole(b, "data", all), all->count);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void a_path_that_is_not_recorded_is_named(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all), *b = make_repo("b");
	struct dv_transfer_result r;

	(void)state;
	copy_pointer(a, b, "data");
	assert_int_equal(fetch_part(b, "data/a/nothing", false, &r),
			 DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_text(), "a/nothing"));
	assert_int_equal(fetch_part(b, "data/a/f000001/x", false, &r),
			 DV_E_NOTFOUND);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void metadata_alone_has_no_content(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all), *b = make_repo("b");
	struct dv_transfer_result r;

	(void)state;
	copy_pointer(a, b, "data");
	assert_int_equal(fetch_part(b, "data", true, &r), 0);
	assert_true(r.bytes < 200000);
	assert_int_equal(count_whole(b, "data", all), 0);
	assert_int_equal(fetch_part(b, "data", true, &r), 0);
	assert_int_equal(r.requests, 0);
	fetch_ok(b);
	assert_int_equal(count_whole(b, "data", all), all->count);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void not_at_the_remote_says_so(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	copy_pointer(a, b, "data");
	assert_int_equal(dv_fetch(b, &o, &r), DV_E_NOTFOUND);
	assert_string_equal(dv_error_text(), "data: not at remote origin");
	assert_non_null(strstr(dv_error_hint(), "dv push"));
	dv_repo_close(a);
	dv_repo_close(b);
}

static void another_remote_is_asked(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	o.remote = in_top("two");
	assert_int_equal(dv_push(a, &o, &r), 0);
	copy_pointer(a, b, "data");
	assert_int_equal(dv_remote_add(b, DV_CONFIG_PROJECT, "backup",
				       in_top("two"), false), 0);
	fetch_ok(b);
	assert_non_null(strstr(noticed, "trying remote backup"));
	assert_int_equal(count_whole(b, "data", all), all->count);
	dv_repo_close(a);
	dv_repo_close(b);
}

/* Damage at many places: each is noticed, none of it is kept. */
static void damage_is_refused_and_healed_from_another(void **state)
{
	static const double where[] = { 0, 0.00001, 0.1, 0.5, 0.9, 0.99999 };
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all);
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;
	char path[1024], text[1024];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s", largest_pack("one"));
	assert_int_equal(stat(path, &st), 0);
	shell("cp -r %s/. %s", in_top("one"), in_top("two"));
	for (size_t i = 0; i < sizeof(where) / sizeof(*where); i++) {
		struct dv_repo *b = make_repo("b");
		long at = (long)((double)(st.st_size - 1) * where[i]);

		flip_byte(path, at);
		copy_pointer(a, b, "data");
		assert_int_equal(dv_fetch(b, &o, &r), DV_E_CORRUPT);
		snprintf(text, sizeof(text), "%s", dv_error_text());
		if (!strstr(text, "data: origin: ") || !strstr(text, "pack "))
			fail_msg("byte %ld: %s", at, text);
		assert_true(count_whole(b, "data", all) < all->count);
		assert_int_equal(dv_remote_add(b, DV_CONFIG_PROJECT, "backup",
					       in_top("two"), false), 0);
		fetch_ok(b);
		assert_non_null(strstr(noticed, "trying remote backup"));
		assert_int_equal(count_whole(b, "data", all), all->count);
		flip_byte(path, at);
		dv_repo_close(b);
		shell("rm -rf %s", in_top("b"));
	}
	dv_repo_close(a);
}

static void damaged_nodes_and_locators_are_refused(void **state)
{
	static const char *const kinds[] = { "packs", "roots" };
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all);
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct dv_repo *b = make_repo("b");
		char command[2048], path[1024];
		FILE *f;

		snprintf(command, sizeof(command), "find %s/%s -type f "
			 "-printf '%%s %%p\\n' | sort -n | head -n 1 | "
			 "cut -d' ' -f2", in_top("one"), kinds[i]);
		f = popen(command, "r");
		assert_non_null(fgets(path, sizeof(path), f));
		pclose(f);
		path[strcspn(path, "\n")] = 0;
		flip_byte(path, 70);
		copy_pointer(a, b, "data");
		assert_int_equal(dv_fetch(b, &o, &r), DV_E_CORRUPT);
		assert_int_equal(count_whole(b, "data", all), 0);
		flip_byte(path, 70);
		fetch_ok(b);
		assert_int_equal(count_whole(b, "data", all), all->count);
		dv_repo_close(b);
		shell("rm -rf %s", in_top("b"));
	}
	dv_repo_close(a);
}

/* A missing pack: what the others hold is kept for the next time. */
static void what_arrived_is_kept(void **state)
{
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");
	struct files *all = xcalloc(1, sizeof(*all));
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;
	char path[1024];

	(void)state;
	add_file(all, "a", 2, 5000000);
	record(a, "data", all);
	push_ok(a);
	add_file(all, "b", 4, 9000000);
	record(a, "data", all);
	push_ok(a);
	snprintf(path, sizeof(path), "%s", largest_pack("one"));
	shell("mv %s %s", path, in_top("kept"));
	copy_pointer(a, b, "data");
	assert_int_equal(dv_fetch(b, &o, &r), DV_E_NOTFOUND);
	assert_int_equal(count_whole(b, "data", all), 1);
	shell("mv %s %s", in_top("kept"), path);
	r = fetch_ok(b);
	assert_true(r.bytes > 8900000);
	assert_true(r.bytes < 9900000);
	assert_int_equal(count_whole(b, "data", all), 2);
	free(all);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void a_dry_run_keeps_nothing(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all), *b = make_repo("b");
	struct dv_transfer_options o = options();
	struct dv_transfer_result r, real;

	(void)state;
	copy_pointer(a, b, "data");
	o.dry_run = true;
	assert_int_equal(dv_fetch(b, &o, &r), 0);
	assert_int_equal(r.roots_done, 1);
	assert_int_equal(count_whole(b, "data", all), 0);
	real = fetch_ok(b);
	assert_int_equal(r.packs, real.packs);
	assert_true(r.bytes >= real.bytes - 100000);
	dv_repo_close(a);
	dv_repo_close(b);
}

/* Adds a file to a tracked directory of which little is here. */
static void add_to_partial(struct dv_repo *repo, const struct file *f)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct store_reader *r = store_reader_new(store_of(repo));
	struct tree_entry *entries, *more, root, sub;
	struct dv_pointer pointer;
	size_t count, at = 0;
	struct put p;

	assert_int_equal(tracked_read(repo, "data", &pointer), 0);
	assert_int_equal(tree_read(r, &pointer.id, &arena, &entries, &count),
			 0);
	dv_pointer_release(&pointer);
	assert_int_equal(session_open(store_of(repo), &p.session), 0);
	p.hand = session_hand_new(p.session);
	memset(&sub, 0, sizeof(sub));
	sub.type = ENTRY_FILE;
	sub.name = f->name;
	sub.name_len = strlen(f->name);
	put_file(&p, f, &sub.content);
	more = xcalloc(count + 1, sizeof(*more));
	while (at < count && strcmp(entries[at].name, f->dir) < 0) {
		more[at] = entries[at];
		at++;
	}
	assert_int_equal(tree_build(&sub, 1, put_node, &p, &more[at]), 0);
	more[at].name = f->dir;
	more[at].name_len = strlen(f->dir);
	for (; at < count; at++)
		more[at + 1] = entries[at];
	assert_int_equal(tree_build(more, count + 1, put_node, &p, &root), 0);
	assert_int_equal(session_hand_flush(p.hand), 0);
	session_hand_free(p.hand);
	assert_int_equal(session_finish(p.session), 0);
	session_free(p.session);
	write_pointer(repo, "data", &root);
	store_reader_free(r);
	free(more);
}

static void a_partial_clone_can_push_what_it_added(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all), *b = make_repo("b");
	struct dv_repo *c = make_repo("c");
	struct dv_transfer_result r;

	(void)state;
	copy_pointer(a, b, "data");
	shell("cd %s && git add -A && git commit -qm one", in_top("b"));
	assert_int_equal(fetch_part(b, "data/a/f000123", false, &r), 0);
	add_file(all, "c", 5000, 30000);
	add_to_partial(b, &all->items[all->count - 1]);
	for (int again = 0; again < 2; again++) {
		r = push_ok(b);
		assert_int_equal(r.packs, 2);
		assert_true(r.bytes < 100000);
		assert_true(count_whole(b, "data", all) < all->count);
		copy_pointer(b, c, "data");
		fetch_ok(c);
		assert_int_equal(count_whole(c, "data", all), all->count);

		/* once more, with nothing remembered of the remote */
		if (again)
			break;
		dv_repo_close(b);
		shell("rm -rf %s", in_top("b/.git/dv/have"));
		b = open_repo("b");
		add_file(all, "d", 5002, 30000);
		add_to_partial(b, &all->items[all->count - 1]);
	}
	dv_repo_close(a);
	dv_repo_close(b);
	dv_repo_close(c);
}

/* Nodes that are not here either: the root before vouches for them. */
static void push_works_without_all_nodes(void **state)
{
	DV_AUTO_FREE struct files *all = some_files();
	struct dv_repo *a = pushed(all), *b = make_repo("b");
	struct dv_repo *c = make_repo("c");
	struct store_reader *reader;
	struct tree_entry root, sub;
	struct put p;
	struct dv_pointer old;
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct tree_entry *entries, more[8];
	size_t count;
	struct dv_transfer_result r;

	(void)state;
	/* b learns the top node's entries, but keeps none of the nodes */
	reader = store_reader_new(store_of(a));
	assert_int_equal(tracked_read(a, "data", &old), 0);
	assert_int_equal(tree_read(reader, &old.id, &arena, &entries, &count),
			 0);
	copy_pointer(a, b, "data");
	shell("cd %s && git add -A && git commit -qm one", in_top("b"));
	add_file(all, "c", 5000, 30000);
	assert_int_equal(session_open(store_of(b), &p.session), 0);
	p.hand = session_hand_new(p.session);
	memset(&sub, 0, sizeof(sub));
	sub.type = ENTRY_FILE;
	sub.name = all->items[all->count - 1].name;
	sub.name_len = strlen(sub.name);
	put_file(&p, &all->items[all->count - 1], &sub.content);
	memcpy(more, entries, count * sizeof(*more));
	assert_int_equal(tree_build(&sub, 1, put_node, &p, &more[count]), 0);
	more[count].name = "c";
	more[count].name_len = 1;
	assert_int_equal(tree_build(more, count + 1, put_node, &p, &root), 0);
	assert_int_equal(session_hand_flush(p.hand), 0);
	session_hand_free(p.hand);
	assert_int_equal(session_finish(p.session), 0);
	session_free(p.session);
	write_pointer(b, "data", &root);

	r = push_ok(b);
	assert_int_equal(r.packs, 2);
	copy_pointer(b, c, "data");
	fetch_ok(c);
	assert_int_equal(count_whole(c, "data", all), all->count);
	dv_pointer_release(&old);
	store_reader_free(reader);
	dv_repo_close(a);
	dv_repo_close(b);
	dv_repo_close(c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_file_takes_about_ten_requests),
		TEST(a_path_that_is_not_recorded_is_named),
		TEST(metadata_alone_has_no_content),
		TEST(not_at_the_remote_says_so),
		TEST(another_remote_is_asked),
		TEST(damage_is_refused_and_healed_from_another),
		TEST(damaged_nodes_and_locators_are_refused),
		TEST(what_arrived_is_kept),
		TEST(a_dry_run_keeps_nothing),
		TEST(a_partial_clone_can_push_what_it_added),
		TEST(push_works_without_all_nodes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
