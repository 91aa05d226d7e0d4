#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/crew.h"
#include "store/list.h"
#include "store/tree.h"
#include "work/stat_index.h"
#include "work/temp_name.h"
#include "work_world.h"

#define T(name) cmocka_unit_test_setup_teardown(name, world_make, world_drop)

static void make_zoo(void)
{
	DV_AUTO_BUF struct buf p = BUF_INIT;
	static const size_t sizes[] = {
		0, 1, 16383, 16384, 16385, 300000, 1048575, 1048576, 1048577,
		5 << 20
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		buf_clear(&p);
		buf_addf(&p, "data/sizes/%zu", sizes[i]);
		put_noise(p.data, sizes[i], i + 1);
	}
	put_text("data/odd/new\nline \x01\xff\xfe \"quoted\" \\", "odd");
	put_text("data/odd/-rf * $(x)", "dash");
	put_text("data/odd/data.dv", "not a pointer");
	ok(dir_make("data/empty/inner"));
	put_text("data/run", "#!/bin/sh\n");
	assert_int_equal(chmod("data/run", 0755), 0);
	assert_int_equal(symlink("../outside/nowhere", "data/link"), 0);
	assert_int_equal(symlink("../sizes", "data/odd/dirlink"), 0);
}

static void assert_complete(const char *path, bool complete)
{
	struct stat_index x;

	ok(stat_index_open(world.repo, path, &x));
	assert_int_equal(x.complete, complete);
	stat_index_close(&x);
}

static void a_directory_comes_back_as_it_was(void **state)
{
	DV_AUTO_BUF struct buf before = BUF_INIT;
	DV_AUTO_BUF struct buf after = BUF_INIT;
	struct dv_checkout_result r;

	(void)state;
	make_zoo();
	put_noise("data/large", (37u << 20) + 321, 9);
	picture("data", &before);
	add("data");
	ok(dir_remove("data"));
	r = checkout(NULL);
	assert_int_equal(r.written, 17);
	picture("data", &after);
	assert_string_equal(before.data, after.data);
	assert_complete("data", true);
	/* nothing is left to do, and nothing has to be read to see it */
	r = checkout("data");
	assert_int_equal(r.written, 0);
	assert_int_equal(r.unchanged, 17);
	/* in a new clone there is no index */
	ok(dir_remove("data"));
	lose_index();
	r = checkout(NULL);
	assert_int_equal(r.written, 17);
	buf_clear(&after);
	picture("data", &after);
	assert_string_equal(before.data, after.data);
	/* files that have the content already are taken over */
	lose_index();
	r = checkout(NULL);
	assert_int_equal(r.written, 0);
	assert_int_equal(r.unchanged, 17);
	assert_complete("data", true);
}

static void what_was_written_is_known_at_once(void **state)
{
	struct stat_index x;
	unsigned known = 0;

	(void)state;
	make_zoo();
	add("data");
	ok(dir_remove("data"));
	checkout("data");
	ok(stat_index_open(world.repo, "data", &x));
	for (uint32_t i = 0; i < x.rows; i++) {
		struct stat_row row;

		stat_index_row(&x, i, &row);
		known += row.type == ENTRY_FILE && !row.racy;
	}
	assert_true(known >= 12);
	stat_index_close(&x);
	/* and a change in the same moment still shows */
	put_text("data/sizes/1", "Z");
	assert_int_equal(add("data").last.changed, true);
}

static void a_single_file_comes_back(void **state)
{
	struct dv_checkout_result r;
	struct stat st;

	(void)state;
	put_noise("sub/tool", 100000, 5);
	assert_int_equal(chmod("sub/tool", 0755), 0);
	add("sub/tool");
	assert_int_equal(unlink("sub/tool"), 0);
	r = checkout(NULL);
	assert_int_equal(r.written, 1);
	assert_int_equal(stat("sub/tool", &st), 0);
	assert_int_equal(st.st_size, 100000);
	assert_true(st.st_mode & S_IXUSR);
	r = checkout("sub/tool");
	assert_int_equal(r.unchanged, 1);
	/* the bit alone */
	assert_int_equal(chmod("sub/tool", 0644), 0);
	r = checkout("sub/tool");
	assert_int_equal(r.written, 1);
	assert_int_equal(stat("sub/tool", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
}

/* Two versions of data; the pointer of the first is kept in v1. */
static void two_versions(void)
{
	put_text("data/same", "same");
	put_text("data/changes", "old");
	put_text("data/goes", "goes");
	put_text("data/dir/goes", "goes too");
	put_text("data/turns", "from a file");
	put_text("data/other/way", "from a directory");
	settle();
	add("data");
	git("cp data.dv v1");
	put_text("data/changes", "newer");
	assert_int_equal(unlink("data/goes"), 0);
	ok(dir_remove("data/dir"));
	assert_int_equal(unlink("data/turns"), 0);
	put_text("data/turns/into", "a directory");
	ok(dir_remove("data/other"));
	put_text("data/other", "into a file");
	put_text("data/comes", "comes");
	settle();
	add("data");
	git("cp data.dv v2");
}

static void versions_are_changed_both_ways(void **state)
{
	DV_AUTO_BUF struct buf second = BUF_INIT;
	DV_AUTO_BUF struct buf after = BUF_INIT;
	struct dv_checkout_result r;

	(void)state;
	two_versions();
	picture("data", &second);
	git("cp v1 data.dv");
	r = checkout(NULL);
	assert_int_equal(r.kept, 0);
	assert_holds("data/changes", "old");
	assert_holds("data/dir/goes", "goes too");
	assert_holds("data/turns", "from a file");
	assert_holds("data/other/way", "from a directory");
	assert_false(is_there("data/comes"));
	assert_int_equal(r.removed, 2);
	git("cp v2 data.dv");
	r = checkout(NULL);
	picture("data", &after);
	assert_string_equal(second.data, after.data);
	assert_false(is_there("data/dir"));
	assert_complete("data", true);
	assert_int_equal(checkout(NULL).written, 0);
}

static void files_of_the_user_are_kept(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	two_versions();
	put_text("data/changes", "by the user");
	put_text("data/comes", "changed by the user too");
	put_text("data/mine", "new");
	put_text("data/turns/mine", "new");
	git("cp v1 data.dv");
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_EXISTS);
	assert_int_equal(r.kept, 3);
	assert_holds("data/changes", "by the user");
	assert_holds("data/comes", "changed by the user too");
	assert_holds("data/mine", "new");
	assert_holds("data/turns/mine", "new");
	assert_holds("data/turns/into", "a directory");
	/* the rest was done */
	assert_holds("data/goes", "goes");
	assert_holds("data/other/way", "from a directory");
	/* again: what is now merely new is no longer of concern */
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_EXISTS);
	assert_int_equal(r.kept, 2);
	o.force = true;
	ok(checkout_with(NULL, &o, &r));
	assert_holds("data/changes", "old");
	assert_holds("data/turns", "from a file");
	assert_holds("data/mine", "new");
	o.force = false;
	ok(checkout_with(NULL, &o, &r));
	assert_int_equal(r.written, 0);
}

static void a_directory_with_files_of_the_user_is_listed(void **state)
{
	struct stat_index x;
	struct stat_dir d;
	int64_t n;

	(void)state;
	put_text("data/dir/a", "a");
	put_text("data/other/b", "b");
	settle();
	add("data");
	put_text("data/dir/mine", "mine");
	assert_int_equal(unlink("data/other/b"), 0);
	settle();
	assert_int_equal(checkout(NULL).written, 1);
	ok(stat_index_open(world.repo, "data", &x));
	n = stat_index_find_dir(&x, "dir");
	assert_true(n >= 0);
	stat_index_dir(&x, (uint32_t)n, &d);
	/* else status would take its time for all that is in it */
	assert_int_equal(d.mtime_ns, 0);
	stat_index_close(&x);
}

static void a_known_file_of_lost_chunks_is_kept(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	put_noise("data/big", 1 << 20, 7);
	settle();
	add("data");
	git("cp data.dv v1 && cp data/big one");
	put_text("data/big", "small");
	settle();
	add("data");
	git("cp data.dv v2 && cp v1 data.dv");
	checkout(NULL);
	/* its list is there, what it lists is not */
	ok(dir_remove(".git/dv/data"));
	world_again();
	git("cp v2 data.dv");
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_EXISTS);
	assert_int_equal(r.kept, 1);
	git("cmp data/big one");
	/* and add stores it again, whether it has to be read or is known */
	git("cp v1 data.dv");
	for (int i = 0; i < 2; i++) {
		ok(dir_remove(".git/dv/data"));
		world_again();
		assert_int_equal(add("data").last.new_bytes, 1 << 20);
	}
	git("cp v2 data.dv");
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_NOTFOUND);
	assert_int_equal(r.kept, 0);
}

static void a_changed_file_that_is_stored_may_be_replaced(void **state)
{
	struct dv_checkout_result r;

	(void)state;
	two_versions();
	put_text("data/changes", "old");	/* as in v1 */
	r = checkout(NULL);
	assert_int_equal(r.written, 1);
	assert_holds("data/changes", "newer");
	put_text("data/changes", "newer");
	r = checkout(NULL);
	assert_int_equal(r.written, 0);
}

static void only_a_part_is_looked_at(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	make_zoo();
	put_text("data/sub/a", "a");
	put_text("data/sub/b", "b");
	add("data");
	ok(dir_remove("data"));
	lose_index();
	r = checkout("data/sub/a");
	assert_int_equal(r.written, 1);
	assert_true(is_there("data/sub/a"));
	assert_false(is_there("data/sub/b"));
	assert_false(is_there("data/run"));
	assert_complete("data", false);
	r = checkout("data/sub");
	assert_int_equal(r.written, 1);
	assert_int_equal(r.unchanged, 1);
	assert_int_equal(checkout_with("data/nothing", &o, &r), DV_E_INVALID);
	r = checkout("data");
	assert_int_equal(r.written, 16);
	assert_complete("data", true);
}

static void parts_of_another_version_are_not_taken_for_all_of_it(void **state)
{
	(void)state;
	two_versions();
	git("cp v1 data.dv");
	checkout("data/changes");
	assert_holds("data/changes", "old");
	git("cp v2 data.dv");
	checkout("data");
	assert_holds("data/changes", "newer");
}

/* --- missing and damaged -------------------------------------------------- */

static void what_the_store_lacks_is_named(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	put_text("data/a", "first");
	put_text("data/empty", "");
	add("data");
	ok(dir_remove("data"));
	ok(dir_remove(".git/dv/data"));
	world_again();
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_text(), "data/a"));
	assert_int_equal(r.missing, 1);
	assert_true(is_there("data/empty"));
	assert_false(is_there("data/a"));
	assert_complete("data", false);
	o.allow_missing = true;
	ok(checkout_with(NULL, &o, &r));
	assert_int_equal(r.missing, 1);
	ok(dir_remove(".git/dv/meta"));
	ok(dir_remove(".git/dv/index"));
	world_again();
	o.allow_missing = false;
	lose_index();
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_hint(), "dv pull"));
}

/* Spoils the file content in the packs of data. */
static void spoil(const char *text)
{
	DV_AUTO_BUF struct buf command = BUF_INIT;

	buf_addf(&command, "for p in .git/dv/data/*.pack; do chmod u+w $p; "
		 "LC_ALL=C sed -i 's/%s/%.*sX/' $p; done", text,
		 (int)strlen(text) - 1, text);
	git(command.data);
}

static void damaged_content_is_never_written(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	put_text("data/bad", "UNIQUE-BYTES");
	add("data");
	put_text("data/good", "good");
	add("data");
	ok(dir_remove("data"));
	spoil("UNIQUE-BYTES");
	world_again();
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_CORRUPT);
	assert_non_null(strstr(dv_error_text(), "data/bad"));
	assert_non_null(strstr(dv_error_hint(), "dv pull"));
	assert_false(is_there("data/bad"));
	assert_holds("data/good", "good");
	/* no temporary file stays */
	ok(dir_remove("data/good"));
	assert_int_equal(rmdir("data"), 0);
}

/* --- hostile --------------------------------------------------------------- */

static int put_node(void *data, const struct object *node)
{
	struct session *w = data;
	struct session_hand *h;

	if (!session_claim(w, OBJECT_META, &node->id))
		return 0;
	h = session_hand_new(w);
	ok(session_put(h, OBJECT_META, node, 1));
	ok(session_hand_flush(h));
	session_hand_free(h);
	return 0;
}

/* data.dv names the tree `id`. */
static void point_to(const struct dv_id *id, uint64_t files)
{
	struct dv_pointer p = {
		.kind = DV_KIND_TREE, .id = *id, .files = files,
		.rest = strdup(""),
	};
	bool changed;

	ok(tracked_write(world.repo, "data", &p, &changed));
	dv_pointer_release(&p);
}

/* A pointer data.dv to a tree of these names, built by hand. */
static void hostile_tree(const char *const *names, size_t count)
{
	DV_AUTO_BUF struct buf node = BUF_INIT;
	struct session *w;
	struct object o;
	struct store *s;

	buf_add(&node, "DVTR\1\0\0\0", 8);
	buf_add_u8(&node, 0);
	buf_add_u32(&node, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		buf_add_u8(&node, ENTRY_FILE);
		buf_add_varint(&node, 0);
		buf_add_varint(&node, strlen(names[i]));
		buf_addstr(&node, names[i]);
		buf_add_varint(&node, 0);
	}
	sha256(node.data, node.len, &o.id);
	o.data = (const uint8_t *)node.data;
	o.len = (uint32_t)node.len;
	ok(repo_store(world.repo, &s));
	ok(session_open(s, &w));
	put_node(w, &o);
	ok(session_finish(w));
	session_free(w);
	point_to(&o.id, count);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "..", NULL }, { ".", NULL }, { "a/b", NULL },
		{ "../x", NULL }, { "/tmp/x", NULL }, { "", NULL },
		{ ".git", NULL }, { ".GIT", NULL }, { "twice", "twice" },
		{ "b", "a" },
	};
	struct dv_checkout_options o = { .threads = 1, .force = true };
	struct dv_checkout_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		hostile_tree(bad[i], bad[i][1] ? 2 : 1);
		assert_int_equal(checkout_with("data", &o, &r), DV_E_CORRUPT);
		assert_false(is_there("data"));
		assert_false(is_there("x"));
	}
}

struct dropping {
	struct session *w;
	unsigned next;		/* nodes until the one that is dropped */
};

static int drop_node(void *data, const struct object *node)
{
	struct dropping *d = data;

	return --d->next ? put_node(d->w, node) : 0;
}

/* What was read of it before is forgotten: files, and folders below. */
static void a_directory_that_lacks_a_node_is_left_alone(void **state)
{
	static char names[3000][12];
	static struct tree_entry many[3000];
	struct tree_entry root, top[2] = {
		[1] = { .name = "one", .name_len = 3, .type = ENTRY_FILE },
	};
	struct dv_checkout_options o = { .threads = 1 };
	struct dropping d = { .next = 4 };
	struct dv_checkout_result r;
	struct store *s;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(names[i], sizeof(names[i]), "%04u", i);
		many[i] = (struct tree_entry){
			.name = names[i], .name_len = 4,
			.type = i % 2 ? ENTRY_FILE : ENTRY_DIR,
		};
		if (i % 2 == 0)
			many[i].content.id = tree_empty;
	}
	ok(repo_store(world.repo, &s));
	ok(session_open(s, &d.w));
	ok(tree_build(many, 3000, drop_node, &d, &top[0]));
	top[0].name = "many";
	top[0].name_len = 4;
	ok(tree_build(top, 2, put_node, d.w, &root));
	ok(session_finish(d.w));
	session_free(d.w);
	point_to(&root.content.id, root.files);
	assert_int_equal(checkout_with("data", &o, &r), DV_E_NOTFOUND);
	assert_int_equal(r.missing, 1500);
	assert_int_equal(r.written, 1);
	assert_true(is_there("data/one"));
	assert_false(is_there("data/many"));
}

static void a_planted_symlink_is_not_followed(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	put_text("data/dir/file", "content");
	put_text("elsewhere/keep", "keep");
	add("data");
	ok(dir_remove("data/dir"));
	assert_int_equal(symlink("../elsewhere", "data/dir"), 0);
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_EXISTS);
	assert_false(is_there("elsewhere/file"));
	/* forced, the symlink goes; what it led to does not */
	o.force = true;
	ok(checkout_with(NULL, &o, &r));
	assert_holds("data/dir/file", "content");
	assert_holds("elsewhere/keep", "keep");
	assert_false(is_there("elsewhere/file"));
	/* at the place of the tracked path itself */
	ok(dir_remove("data"));
	assert_int_equal(symlink("elsewhere", "data"), 0);
	o.force = false;
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_EXISTS);
	assert_false(is_there("elsewhere/dir"));
	/* and above it */
	put_text("up/data/x", "x");
	add("up/data");
	git("mv up down && ln -s down up");
	assert_int_equal(unlink("down/data/x"), 0);
	assert_true(checkout_with("up/data", &o, &r) < 0);
	assert_false(is_there("down/data/x"));
}

static void a_directory_of_the_user_in_the_way(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	put_text("data/x", "a file");
	add("data");
	assert_int_equal(unlink("data/x"), 0);
	put_text("data/x/deep/mine", "mine");
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_EXISTS);
	assert_int_equal(r.kept, 1);
	assert_holds("data/x/deep/mine", "mine");
	o.force = true;
	ok(checkout_with(NULL, &o, &r));
	assert_holds("data/x", "a file");
}

static void special_files_in_the_way_are_kept(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	put_text("data/x", "a file");
	add("data");
	assert_int_equal(unlink("data/x"), 0);
	assert_int_equal(mkfifo("data/x", 0600), 0);
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_EXISTS);
	o.force = true;
	ok(checkout_with(NULL, &o, &r));
	assert_holds("data/x", "a file");
}

/* --- the rest --------------------------------------------------------------- */

static int count_events(enum dv_checkout_event event, const char *path,
			void *data)
{
	unsigned *counts = data;

	assert_non_null(path);
	counts[(unsigned char)event]++;
	return 0;
}

static void a_dry_run_changes_nothing(void **state)
{
	struct dv_checkout_options o = { .threads = 2, .dry_run = true };
	DV_AUTO_BUF struct buf before = BUF_INIT;
	DV_AUTO_BUF struct buf after = BUF_INIT;
	struct dv_checkout_result r;
	unsigned counts[256] = { 0 };

	(void)state;
	two_versions();
	git("cp v1 data.dv");
	picture(".", &before);
	ok(dv_checkout(world.repo, &o, count_events, counts, &r));
	picture(".", &after);
	assert_string_equal(before.data, after.data);
	assert_int_equal(r.written, 5);
	assert_int_equal(r.removed, 2);
	assert_int_equal(counts[DV_CHECKOUT_WRITTEN], 5);
	assert_int_equal(counts[DV_CHECKOUT_REMOVED], 2);
	o.dry_run = false;
	ok(dv_checkout(world.repo, &o, NULL, NULL, &r));
	assert_int_equal(r.written, 5);
	assert_int_equal(r.removed, 2);
}

static void leftovers_of_dead_runs_are_removed(void **state)
{
	char name[TEMP_NAME_SIZE], path[64];

	(void)state;
	temp_name_make(name);
	assert_true(temp_name_is(name));
	assert_false(temp_name_is(".0123456789abcdef.dv-tmpx"));
	assert_false(temp_name_is(".0123456789abcde.dv-tmp"));
	assert_false(temp_name_is("x"));
	put_text("data/a", "a");
	add("data");
	snprintf(path, sizeof(path), "data/%s", name);
	put_text(path, "half");
	assert_int_equal(unlink("data/a"), 0);
	checkout(NULL);
	assert_false(is_there(path));
	assert_holds("data/a", "a");
}

static void an_interrupted_checkout_can_go_on(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;

	(void)state;
	make_zoo();
	add("data");
	ok(dir_remove("data"));
	dv_cancel();
	assert_int_equal(checkout_with(NULL, &o, &r), DV_E_INTERRUPTED);
	cancel_reset();
	ok(checkout_with(NULL, &o, &r));
	assert_complete("data", true);
}

static void umask_is_respected(void **state)
{
	mode_t mask = umask(027);
	struct stat st;

	(void)state;
	put_text("data/a", "a");
	put_text("data/x", "x");
	assert_int_equal(chmod("data/x", 0755), 0);
	add("data");
	ok(dir_remove("data"));
	checkout(NULL);
	umask(mask);
	assert_int_equal(stat("data/a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(stat("data/x", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
}

static void thousands_of_files(void **state)
{
	DV_AUTO_BUF struct buf before = BUF_INIT;
	DV_AUTO_BUF struct buf after = BUF_INIT;
	struct dv_checkout_result r;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		DV_AUTO_BUF struct buf p = BUF_INIT;

		buf_addf(&p, "data/%u/%u", i % 7, i);
		put_noise(p.data, i * 7 % 3000, i);
	}
	picture("data", &before);
	add("data");
	ok(dir_remove("data"));
	r = checkout(NULL);
	assert_int_equal(r.written, 3000);
	picture("data", &after);
	assert_string_equal(before.data, after.data);
}

static void what_is_left_out_closes_nothing(void **state)
{
	static const char *const names[] = { "data" };
	const struct dv_filter filter = {
		.exclude = names, .exclude_count = 1,
	};
	const struct dv_checkout_options o = { .what = { .filter = &filter } };
	struct dv_checkout_result r;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	put_text("data/file", "text");
	add("data");
	assert_true(null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO);
	ok(dv_checkout(world.repo, &o, NULL, NULL, &r));
	assert_int_equal(r.unchanged, 0);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_directory_comes_back_as_it_was),
		T(what_was_written_is_known_at_once),
		T(a_single_file_comes_back),
		T(versions_are_changed_both_ways),
		T(files_of_the_user_are_kept),
		T(a_directory_with_files_of_the_user_is_listed),
		T(a_known_file_of_lost_chunks_is_kept),
		T(a_changed_file_that_is_stored_may_be_replaced),
		T(only_a_part_is_looked_at),
		T(parts_of_another_version_are_not_taken_for_all_of_it),
		T(what_the_store_lacks_is_named),
		T(damaged_content_is_never_written),
		T(names_that_lead_elsewhere_are_refused),
		T(a_directory_that_lacks_a_node_is_left_alone),
		T(a_planted_symlink_is_not_followed),
		T(a_directory_of_the_user_in_the_way),
		T(special_files_in_the_way_are_kept),
		T(a_dry_run_changes_nothing),
		T(leftovers_of_dead_runs_are_removed),
		T(an_interrupted_checkout_can_go_on),
		T(umask_is_respected),
		T(thousands_of_files),
		T(what_is_left_out_closes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
