#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include <cmocka.h>

#include "base/path.h"
#include "store/store.h"
#include "store/tree.h"
#include "work/stat_index.h"
#include "work/stored.h"
#include "work_world.h"

#define T(name) cmocka_unit_test_setup_teardown(name, world_make, world_drop)

static struct buf seen = BUF_INIT;
static struct session *hand_session;

/* "M data/x", "? data/new/", "A data/y/ 3". */
static int note(const struct dv_status_entry *e, void *data)
{
	(void)data;
	if (e->state == DV_STATE_UNCOMMITTED)
		return 0;
	buf_addf(&seen, "%c %s%s", e->state, e->path,
		 e->directory ? "/" : "");
	if (e->directory || e->state == DV_STATE_NOT_STORED)
		buf_addf(&seen, " %llu", (unsigned long long)e->files);
	buf_addch(&seen, '\n');
	return 0;
}

static int status_with(const char *path, bool rehash)
{
	const char *paths[1] = { path };
	const struct dv_status_options o = {
		.what = { .paths = paths, .count = path ? 1 : 0 },
		.threads = 3, .rehash = rehash,
	};

	buf_clear(&seen);
	return dv_status(world.repo, &o, note, NULL);
}

static const char *status(const char *path)
{
	ok(status_with(path, false));
	return seen.data;
}

static const char *rehash(void)
{
	ok(status_with(NULL, true));
	return seen.data;
}

static void small_data(void)
{
	put_text("data/a", "aa");
	put_text("data/b/c", "ccc");
	put_text("data/b/d/e", "eeee");
	put_text("data/run", "x");
	chmod("data/run", 0755);
	mkdir("data/empty", 0777);
	assert_int_equal(symlink("a", "data/link"), 0);
	put_noise("data/big", 3 << 20, 4);
	settle();
	add("data");
}

static struct dv_id index_stored(const char *path)
{
	struct stat_index x;
	struct dv_id id;

	ok(stat_index_open(world.repo, path, &x));
	id = x.stored;
	stat_index_close(&x);
	return id;
}

/* The file of the stat index; its inode changes when it is written. */
static ino_t index_inode(const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct stat st;

	ok(stat_index_name(world.repo, path, &name));
	assert_int_equal(stat(name.data, &st), 0);
	return st.st_ino;
}

static void what_was_added_is_clean(void **state)
{
	struct dv_id now, packs;
	ino_t before;

	(void)state;
	small_data();
	assert_string_equal(status(NULL), "");
	assert_string_equal(rehash(), "");
	/* that all is stored is kept */
	ok(stored_fingerprint(world.repo, &packs));
	now = index_stored("data");
	assert_true(dv_id_equal(&now, &packs));
	settle();
	status(NULL);
	before = index_inode("data");
	assert_string_equal(status(NULL), "");
	assert_int_equal(index_inode("data"), before);
}

static void differences_are_found_in_order(void **state)
{
	(void)state;
	small_data();
	put_text("data/a", "ab");
	put_text("data/b/c", "cccc");
	unlink("data/b/d/e");
	chmod("data/run", 0644);
	rmdir("data/empty");
	unlink("data/link");
	assert_int_equal(symlink("b", "data/link"), 0);
	put_text("data/zz", "new");
	put_text("data/new/x/y", "new");
	put_text("data/new/z", "new");
	put_text("data/b/\xff\n", "new");
	assert_int_equal(mkfifo("data/pipe", 0666), 0);
	assert_string_equal(status(NULL),
			    "M data/a\n"
			    "M data/b/c\n"
			    "D data/b/d/e\n"
			    "? data/b/\xff\n\n"
			    "D data/empty/ 0\n"
			    "M data/link\n"
			    "? data/new/ 2\n"
			    "? data/pipe\n"
			    "M data/run\n"
			    "? data/zz\n");
	assert_string_equal(status("data/b"),
			    "M data/b/c\n"
			    "D data/b/d/e\n"
			    "? data/b/\xff\n\n");
	assert_string_equal(status("data/b/c"), "M data/b/c\n");
	assert_string_equal(status("data/new"), "? data/new/ 2\n");
	assert_string_equal(status("data/b/d/e"), "D data/b/d/e\n");
	assert_string_equal(status("data/big"), "");
	assert_int_equal(status_with("data/nothing", false), DV_E_NOTFOUND);
	assert_int_equal(status_with("other", false), DV_E_NOTFOUND);
}

static void the_same_bytes_are_no_difference(void **state)
{
	struct stat_index x;
	struct stat_row row;
	struct stat st;

	(void)state;
	small_data();
	put_text("data/a", "aa");
	put_noise("data/big", 3 << 20, 4);
	unlink("data/link");
	assert_int_equal(symlink("a", "data/link"), 0);
	put_text("data/b/x", "");
	unlink("data/b/x");
	settle();
	assert_string_equal(status(NULL), "");
	/* and its new times are known now */
	ok(stat_index_open(world.repo, "data", &x));
	stat_index_row(&x, (uint32_t)stat_index_find(&x, 0, "big"), &row);
	assert_int_equal(lstat("data/big", &st), 0);
	assert_true(stat_row_matches(&row, &st));
	stat_index_row(&x, (uint32_t)stat_index_find(&x, 0, "link"), &row);
	assert_int_equal(lstat("data/link", &st), 0);
	assert_true(stat_row_matches(&row, &st));
	stat_index_close(&x);
	put_noise("data/big", 3 << 20, 5);
	assert_string_equal(status(NULL), "M data/big\n");
}

/* Same size, mtime put back: ctime gives it away. */
static void times_put_back_do_not_hide_a_change(void **state)
{
	struct timespec times[2];
	struct stat st;

	(void)state;
	small_data();
	assert_int_equal(stat("data/a", &st), 0);
	put_text("data/a", "AA");
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, "data/a", times, 0), 0);
	assert_string_equal(status(NULL), "M data/a\n");
}

/* Written in the very moment it was added. */
static void a_racy_write_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		put_text("data/f", "one");
		add("data");
		put_text("data/f", "two");
		assert_string_equal(status(NULL), "M data/f\n");
	}
}

static void types_that_change_are_modified(void **state)
{
	(void)state;
	small_data();
	unlink("data/a");
	put_text("data/a/inside", "x");
	ok(dir_remove("data/b"));
	put_text("data/b", "x");
	unlink("data/run");
	assert_int_equal(mkfifo("data/run", 0666), 0);
	unlink("data/link");
	put_text("data/link", "a");
	assert_string_equal(status(NULL),
			    "M data/a/ 0\nM data/b\nM data/link\n"
			    "M data/run\n");
}

static void a_symlink_in_place_of_a_directory_is_not_followed(void **state)
{
	(void)state;
	small_data();
	assert_int_equal(rename("data/b", "elsewhere"), 0);
	assert_int_equal(symlink("../elsewhere", "data/b"), 0);
	assert_string_equal(status(NULL), "M data/b\n");
	assert_string_equal(status("data/b/c"), "D data/b/c\n");
	assert_int_equal(rename("data", "real"), 0);
	assert_int_equal(symlink("real", "data"), 0);
	assert_string_equal(status(NULL), "M data\n");
}

static void whole_directories_are_one_entry(void **state)
{
	(void)state;
	small_data();
	ok(dir_remove("data/b"));
	assert_string_equal(status(NULL), "D data/b/ 2\n");
	ok(dir_remove("data"));
	assert_string_equal(status(NULL), "D data/ 6\n");
	lose_index();
	assert_string_equal(status(NULL), "A data/ 6\n");
}

static void without_an_index_files_are_read(void **state)
{
	(void)state;
	small_data();
	lose_index();
	assert_string_equal(status(NULL), "");
	put_text("data/b/c", "CCC");
	put_text("data/x", "x");
	unlink("data/run");
	ok(dir_remove("data/b/d"));
	assert_string_equal(status(NULL),
			    "M data/b/c\nA data/b/d/ 1\nA data/run\n"
			    "? data/x\n");
}

static void many_absent_files_are_one_entry(void **state)
{
	(void)state;
	put_text("data/keep/it", "x");
	for (int i = 0; i < 150; i++) {
		char path[64];

		snprintf(path, sizeof(path), "data/f%03d", i);
		put_text(path, path);
	}
	add("data");
	lose_index();
	for (int i = 0; i < 150; i++) {
		char path[64];

		snprintf(path, sizeof(path), "data/f%03d", i);
		unlink(path);
	}
	assert_string_equal(status(NULL), "A data/ 150\n");
}

/* The pointer goes back to an older one, as git checkout does. */
static void a_pointer_that_moved_is_compared_with_its_tree(void **state)
{
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf new = BUF_INIT;

	(void)state;
	small_data();
	ok(file_read("data.dv", 10000, &old));
	put_text("data/a", "AAA");
	put_text("data/added", "x");
	unlink("data/b/d/e");
	add("data");
	ok(file_read("data.dv", 10000, &new));
	assert_string_equal(status(NULL), "");
	put("data.dv", old.data, old.len);
	assert_string_equal(status(NULL),
			    "M data/a\n? data/added\nA data/b/d/e\n");
	put_text("data/b/c", "ccc");	/* the same in both */
	assert_string_equal(status(NULL),
			    "M data/a\n? data/added\nA data/b/d/e\n");
	put("data.dv", new.data, new.len);
	assert_string_equal(status(NULL), "");
}

static void what_the_store_lost_is_told(void **state)
{
	(void)state;
	small_data();
	assert_string_equal(status(NULL), "");
	assert_int_equal(rename(".git/dv/data", ".git/dv/away"), 0);
	mkdir(".git/dv/data", 0777);
	world_again();
	assert_string_equal(status(NULL), "! data/ 5\n");
	assert_string_equal(status("data/b"), "! data/b/ 2\n");
	ok(dir_remove(".git/dv/data"));
	assert_int_equal(rename(".git/dv/away", ".git/dv/data"), 0);
	world_again();
	assert_string_equal(status(NULL), "");
	/* nodes as well */
	assert_int_equal(rename(".git/dv/meta", ".git/dv/away"), 0);
	mkdir(".git/dv/meta", 0777);
	world_again();
	put_text("data/a", "changed");
	assert_string_equal(status(NULL), "! data/ 6\nM data/a\n");
	lose_index();
	assert_string_equal(status(NULL), "! data/ 6\n");
}

static int put_node(void *data, const struct object *node)
{
	struct session_hand *hand = data;

	if (session_claim(hand_session, OBJECT_META, &node->id))
		return session_put(hand, OBJECT_META, node, 1);
	return 0;
}

static int drop_node(void *data, const struct object *node)
{
	(void)data;
	(void)node;
	return 0;
}

/*
 * As after a fetch of part of a tree: the root is stored, "near" is, "far"
 * (two files in it) is not.  The content of "f" is "hello".
 */
static void record_part(void)
{
	struct tree_entry f = { .name = "f", .name_len = 1,
				.type = ENTRY_FILE, .files = 1 };
	struct tree_entry two[2], root[2], out;
	struct session_hand *hand;
	struct dv_pointer p = { .kind = DV_KIND_TREE };
	struct object object = { .data = (const uint8_t *)"hello", .len = 5 };
	struct store *store;
	bool changed;

	sha256("hello", 5, &object.id);
	f.content = (struct content){ object.id, 5, false };
	ok(repo_store(world.repo, &store));
	ok(session_open(store, &hand_session));
	hand = session_hand_new(hand_session);
	if (session_claim(hand_session, OBJECT_DATA, &object.id))
		ok(session_put(hand, OBJECT_DATA, &object, 1));
	two[0] = two[1] = f;
	two[1].name = "g";
	ok(tree_build(two, 2, drop_node, NULL, &root[0]));
	ok(tree_build(two, 1, put_node, hand, &root[1]));
	root[0].name = "far";
	root[0].name_len = 3;
	root[1].name = "near";
	root[1].name_len = 4;
	ok(tree_build(root, 2, put_node, hand, &out));
	ok(session_hand_flush(hand));
	session_hand_free(hand);
	ok(session_finish(hand_session));
	session_free(hand_session);
	p.id = out.content.id;
	p.size = out.content.size;
	p.files = out.files;
	p.rest = strdup("");
	ok(tracked_write(world.repo, "data", &p, &changed));
	dv_pointer_release(&p);
}

static void parts_that_were_never_fetched_are_absent(void **state)
{
	(void)state;
	record_part();
	assert_string_equal(status(NULL), "! data/ 2\nA data/ 3\n");
	put_text("data/near/f", "hello");
	assert_string_equal(status(NULL), "! data/ 2\nA data/far/ 2\n");
	assert_string_equal(status("data/near"), "");
	/* nothing is known of what is in there */
	put_text("data/far/x", "hello");
	assert_string_equal(status(NULL), "! data/ 2\n");
	put_text("data/near/f", "HELLO");
	put_text("data/near/g", "hello");
	ok(dir_remove("data/far"));
	assert_string_equal(status(NULL), "! data/ 2\nA data/far/ 2\n"
			    "M data/near/f\n? data/near/g\n");
	assert_string_equal(status("data/far"), "! data/far/ 2\n"
			    "A data/far/ 2\n");
}

static void an_index_that_is_not_complete_is_enough(void **state)
{
	struct stat_writer *w = stat_writer_new(world.repo);
	struct content c = { .size = 5 };
	struct dv_pointer p;
	struct stat st;
	ino_t before;

	(void)state;
	record_part();
	put_text("data/near/f", "hello");
	settle();
	sha256("hello", 5, &c.id);
	ok(tracked_read(world.repo, "data", &p));
	stat_writer_dir(w, "", NULL, 0);
	stat_writer_row(w, 0, "near", ENTRY_DIR, NULL, NULL, 0);
	stat_writer_dir(w, "near", NULL, 0);
	assert_int_equal(stat("data/near/f", &st), 0);
	stat_writer_row(w, 1, "f", ENTRY_FILE, &st, &c, INT64_MAX);
	ok(stat_writer_finish(w, world.repo, "data", &p.id, false, NULL));
	dv_pointer_release(&p);
	settle();
	assert_string_equal(status(NULL), "! data/ 2\nA data/far/ 2\n");
	before = index_inode("data");
	assert_string_equal(status(NULL), "! data/ 2\nA data/far/ 2\n");
	assert_int_equal(index_inode("data"), before);
	unlink("data/near/f");
	assert_string_equal(status(NULL),
			    "! data/ 2\nA data/far/ 2\nD data/near/f\n");
	/* without any node the rows speak */
	ok(dir_remove(".git/dv/meta"));
	mkdir(".git/dv/meta", 0777);
	world_again();
	assert_string_equal(status(NULL),
			    "! data/ 3\nA data/ 2\nD data/near/f\n");
}

static void a_single_file_needs_no_store(void **state)
{
	(void)state;
	put_noise("m.bin", 100000, 1);
	settle();
	add("m.bin");
	assert_string_equal(status(NULL), "");
	assert_string_equal(rehash(), "");
	lose_index();
	assert_string_equal(status(NULL), "");
	put_noise("m.bin", 100000, 2);
	assert_string_equal(status(NULL), "M m.bin\n");
	put_noise("m.bin", 100000, 1);
	chmod("m.bin", 0755);
	assert_string_equal(status(NULL), "M m.bin\n");
	unlink("m.bin");
	assert_string_equal(status(NULL), "A m.bin\n");
	put_noise("m.bin", 100000, 1);
	add("m.bin");
	unlink("m.bin");
	assert_string_equal(status(NULL), "D m.bin\n");
	assert_int_equal(symlink("data", "m.bin"), 0);
	assert_string_equal(status(NULL), "M m.bin\n");
}

static void broken_pointers_do_not_stop_the_rest(void **state)
{
	(void)state;
	put_text("one/f", "x");
	put_text("two", "x");
	put_text("zoo", "x");
	add("one");
	add("two");
	add("zoo");
	git("git add . && git commit -q -m x");
	put_text("two.dv", "<<<<<<< HEAD\n");
	put_text("zoo", "yy");
	assert_string_equal(status(NULL), "X two.dv\nM zoo\n");
	assert_string_equal(status("two"), "X two.dv\n");
}

static unsigned uncommitted, staged, untracked;

static int count(const struct dv_status_entry *e, void *data)
{
	(void)data;
	assert_int_equal(e->state, DV_STATE_UNCOMMITTED);
	assert_string_equal(e->path, "data.dv");
	uncommitted++;
	staged += e->staged;
	untracked += e->untracked;
	return 0;
}

static void pointers_out_of_git_are_told(void **state)
{
	const struct dv_status_options o = { .threads = 1 };

	(void)state;
	put_text("data/f", "x");
	add("data");
	uncommitted = staged = untracked = 0;
	ok(dv_status(world.repo, &o, count, NULL));
	assert_int_equal(uncommitted + 10 * untracked + 100 * staged, 11);
	git("git add data.dv");
	world_again();
	ok(dv_status(world.repo, &o, count, NULL));
	assert_int_equal(uncommitted + 10 * untracked + 100 * staged, 112);
	git("git commit -q -m x");
	world_again();
	ok(dv_status(world.repo, &o, count, NULL));
	assert_int_equal(uncommitted, 2);
	put_text("data/f", "y");
	add("data");
	ok(dv_status(world.repo, &o, count, NULL));
	assert_int_equal(uncommitted + 10 * untracked + 100 * staged, 113);
}

static void ignored_names_are_not_new(void **state)
{
	(void)state;
	put_text(".dvignore", "*.tmp\n");
	put_text("data/a", "x");
	put_text("data/a.tmp", "x");
	put_text("data/sub/.dvignore", "*.log\n");
	put_text("data/sub/a.log", "x");
	settle();
	add("data");
	assert_string_equal(status(NULL), "");
	put_text("data/sub/b.log", "x");
	put_text("data/sub/b.tmp", "x");
	put_text("data/new/b.tmp", "x");
	put_text("data/new/b", "x");
	assert_string_equal(status(NULL), "? data/new/ 1\n");
	/* a rule that goes away shows what it hid */
	ok(dir_remove("data/new"));
	settle();
	assert_string_equal(status(NULL), "");
	unlink(".dvignore");
	assert_string_equal(status(NULL),
			    "? data/a.tmp\n? data/sub/b.tmp\n");
}

/* Whatever becomes of the index, status tells the truth. */
static void a_damaged_index_is_lived_with(void **state)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	(void)state;
	put_text("data/a", "aa");
	put_text("data/b/c", "ccc");
	settle();
	add("data");
	put_text("data/a", "bb");
	ok(stat_index_name(world.repo, "data", &name));
	ok(file_read(name.data, 1 << 20, &bytes));
	for (size_t i = 0; i < bytes.len; i += 3) {
		bytes.data[i] ^= 0x40;
		put(name.data, bytes.data, bytes.len);
		assert_string_equal(status(NULL), "M data/a\n");
		bytes.data[i] ^= 0x40;
	}
}

static void a_wide_tree_is_shared_by_threads(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "data/%s/f%04d",
			 i % 10 ? "wide" : "narrow", i);
		put_text(path, path);
	}
	settle();
	add("data");
	assert_string_equal(status(NULL), "");
	put_text("data/wide/f4321", "data/wide/f4322");
	unlink("data/wide/f0001");
	assert_string_equal(status(NULL),
			    "D data/wide/f0001\nM data/wide/f4321\n");
	put_text("data/wide/f0001", "data/wide/f0001");
	assert_string_equal(status(NULL), "M data/wide/f4321\n");
}

/* --- dv_list, dv_cat ------------------------------------------------------ */

static int note_entry(const struct dv_entry *e, void *data)
{
	(void)data;
	buf_addf(&seen, "%c %s %llu%s%s\n", " fld"[e->type], e->path,
		 (unsigned long long)e->size, e->executable ? " x" : "",
		 e->target ? e->target : "");
	return 0;
}

static const char *list(const char *path, bool recursive)
{
	const char *paths[1] = { path };
	const struct dv_selection what = { .paths = paths,
					   .count = path ? 1 : 0 };

	buf_clear(&seen);
	ok(dv_list(world.repo, &what, recursive, note_entry, NULL));
	return seen.data;
}

static int take_bytes(void *data, const uint8_t *bytes, size_t len)
{
	buf_add(data, bytes, len);
	return 0;
}

static void what_is_recorded_is_listed(void **state)
{
	(void)state;
	small_data();
	put_text("sub/one", "1");
	add("sub/one");
	assert_string_equal(list(NULL, false),
			    "d data 3145738\nf sub/one 1\n");
	assert_string_equal(list("sub", false), "f sub/one 1\n");
	assert_string_equal(list("data", false),
			    "f data/a 2\nd data/b 7\nf data/big 3145728\n"
			    "d data/empty 0\nl data/link 1a\n"
			    "f data/run 1 x\n");
	assert_string_equal(list("data.dv", true),
			    "f data/a 2\nd data/b 7\nf data/b/c 3\n"
			    "d data/b/d 4\nf data/b/d/e 4\n"
			    "f data/big 3145728\nd data/empty 0\n"
			    "l data/link 1a\nf data/run 1 x\n");
	assert_string_equal(list("data/b/c", false), "f data/b/c 3\n");
	assert_string_equal(list("data/b", false),
			    "f data/b/c 3\nd data/b/d 4\n");
}

static void recorded_bytes_are_handed_out(void **state)
{
	DV_AUTO_BUF struct buf got = BUF_INIT;
	DV_AUTO_BUF struct buf want = BUF_INIT;

	(void)state;
	small_data();
	ok(file_read("data/big", 1 << 24, &want));
	put_text("data/big", "changed");
	ok(dv_cat(world.repo, NULL, "data/big", take_bytes, &got));
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
	buf_clear(&got);
	ok(dv_cat(world.repo, NULL, "data/b/c", take_bytes, &got));
	assert_string_equal(got.data, "ccc");
	assert_int_equal(dv_cat(world.repo, NULL, "data/b", take_bytes, &got),
			 DV_E_INVALID);
	assert_int_equal(dv_cat(world.repo, NULL, "data", take_bytes, &got),
			 DV_E_INVALID);
	assert_int_equal(dv_cat(world.repo, NULL, "data/no", take_bytes,
				&got), DV_E_NOTFOUND);
	ok(dir_remove(".git/dv/data"));
	mkdir(".git/dv/data", 0777);
	world_again();
	assert_int_equal(dv_cat(world.repo, NULL, "data/big", take_bytes,
				&got), DV_E_INCOMPLETE);
	ok(dir_remove(".git/dv/meta"));
	mkdir(".git/dv/meta", 0777);
	world_again();
	assert_int_equal(dv_cat(world.repo, NULL, "data/b/c", take_bytes,
				&got), DV_E_INCOMPLETE);
	assert_string_equal(list(NULL, false), "d data 3145738\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_added_is_clean),
		T(differences_are_found_in_order),
		T(the_same_bytes_are_no_difference),
		T(times_put_back_do_not_hide_a_change),
		T(a_racy_write_is_found),
		T(types_that_change_are_modified),
		T(a_symlink_in_place_of_a_directory_is_not_followed),
		T(whole_directories_are_one_entry),
		T(without_an_index_files_are_read),
		T(many_absent_files_are_one_entry),
		T(a_pointer_that_moved_is_compared_with_its_tree),
		T(what_the_store_lost_is_told),
		T(parts_that_were_never_fetched_are_absent),
		T(an_index_that_is_not_complete_is_enough),
		T(a_single_file_needs_no_store),
		T(broken_pointers_do_not_stop_the_rest),
		T(pointers_out_of_git_are_told),
		T(ignored_names_are_not_new),
		T(a_damaged_index_is_lived_with),
		T(a_wide_tree_is_shared_by_threads),
		T(what_is_recorded_is_listed),
		T(recorded_bytes_are_handed_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
