#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/crew.h"
#include "base/path.h"
#include "base/path_order.h"
#include "store/list.h"
#include "store/tree.h"
#include "work/stat_index.h"
#include "work_world.h"

#define T(name) cmocka_unit_test_setup_teardown(name, world_make, world_drop)

/* The recorded pointer of a path. */
static struct dv_id pointer_id(const char *path)
{
	struct dv_pointer p;
	struct dv_id id;

	ok(tracked_read(world.repo, path, &p));
	id = p.id;
	dv_pointer_release(&p);
	return id;
}

/* What is recorded at path inside of the tracked path "data". */
static int recorded(const char *inside, struct tree_entry *out)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct tree_entry root = { .type = ENTRY_DIR };
	struct store_reader *r;
	struct store *s;
	int err;

	root.content.id = pointer_id("data");
	ok(repo_store(world.repo, &s));
	ok(store_refresh(s));
	r = store_reader_new(s);
	err = tree_resolve(r, &root, inside, &arena, out);
	store_reader_free(r);
	return err;
}

static bool is_recorded(const char *inside)
{
	struct tree_entry e;
	int err = recorded(inside, &e);

	assert_true(!err || err == DV_E_NOTFOUND);
	return !err;
}

static uint64_t store_packs(void)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *const argv[] = {
		"sh", "-c", "find .git/dv -name '*.pack' | wc -l", NULL
	};

	ok(process_run(argv, NULL, 0, &out));
	return strtoull(out.data, NULL, 10);
}

/* Few files of every kind. */
static void make_zoo(const char *top)
{
	DV_AUTO_BUF struct buf p = BUF_INIT;
	static const size_t sizes[] = {
		0, 1, 16383, 16384, 16385, 65536, 300000, 1048575, 1048576,
		1048577, 5 << 20
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		buf_clear(&p);
		buf_addf(&p, "%s/sizes/%zu", top, sizes[i]);
		put_noise(p.data, sizes[i], i + 1);
	}
	buf_clear(&p);
	buf_addf(&p, "%s/odd/new\nline \x01\xff\xfe \"quoted\" \\", top);
	put_text(p.data, "odd");
	buf_clear(&p);
	buf_addf(&p, "%s/odd/-rf * $(x)", top);
	put_text(p.data, "dash");
	buf_clear(&p);
	buf_addf(&p, "%s/odd/data.dv", top);
	put_text(p.data, "not a pointer");
	buf_clear(&p);
	buf_addf(&p, "%s/empty/inner", top);
	ok(dir_make(p.data));
	buf_clear(&p);
	buf_addf(&p, "%s/run", top);
	put_text(p.data, "#!/bin/sh\n");
	assert_int_equal(chmod(p.data, 0755), 0);
	buf_clear(&p);
	buf_addf(&p, "%s/link", top);
	assert_int_equal(symlink("../outside/nowhere", p.data), 0);
	buf_clear(&p);
	buf_addf(&p, "%s/odd/dirlink", top);
	assert_int_equal(symlink("../sizes", p.data), 0);
}

static void order_of_parts_is_that_of_a_walk(void **state)
{
	(void)state;
	assert_true(path_order("a/b", "a-b") < 0);
	assert_true(path_order("a", "a/b") < 0);
	assert_true(path_order("a/b", "a/b") == 0);
	assert_true(path_order("b", "a/z") > 0);
	assert_true(path_order("a/\xff", "a/b") > 0);
}

static void a_directory_is_recorded(void **state)
{
	struct tree_entry e;
	struct added a;

	(void)state;
	make_zoo("data");
	a = add("data");
	assert_int_equal(a.count, 1);
	assert_true(a.last.changed);
	assert_true(a.last.is_new);
	assert_int_equal(a.last.files, 17);
	assert_true(a.last.new_bytes > 8u << 20);
	assert_true(is_there("data.dv"));
	assert_true(is_there(".gitignore"));
	ok(recorded("sizes/1", &e));
	assert_int_equal(e.content.size, 1);
	ok(recorded("sizes/0", &e));
	assert_int_equal(e.content.size, 0);
	ok(recorded("sizes/5242880", &e));
	assert_true(e.content.list);
	ok(recorded("run", &e));
	assert_true(e.executable);
	ok(recorded("link", &e));
	assert_int_equal(e.type, ENTRY_SYMLINK);
	ok(recorded("empty/inner", &e));
	assert_int_equal(e.type, ENTRY_DIR);
	assert_int_equal(e.files, 0);
}

static void lose_store(void)
{
	git("rm -rf .git/dv/data .git/dv/meta .git/dv/index .git/dv/loose");
	world_again();
}

static void content_does_not_depend_on_the_way_it_was_read(void **state)
{
	const struct dv_add_options one = { .threads = 1 };
	struct dv_id first, second;
	struct tree_entry e;
	struct dv_id id;
	struct added a;

	(void)state;
	make_zoo("data");
	put_noise("data/large", (33u << 20) + 12345, 77);
	put_text("data/text", "hello\n");
	ok(add_with("data", &one, &a));
	first = pointer_id("data");
	ok(dir_remove("data.dv"));
	lose_index();
	lose_store();
	a = add("data");
	assert_true(a.last.is_new);
	assert_int_equal(a.last.new_bytes, a.last.read_bytes);
	second = pointer_id("data");
	assert_true(dv_id_equal(&first, &second));
	/* the id of one chunk is what sha256sum prints */
	ok(recorded("text", &e));
	sha256("hello\n", 6, &id);
	assert_true(dv_id_equal(&e.content.id, &id));
}

static void the_same_again_reads_and_writes_nothing(void **state)
{
	uint64_t packs;
	struct added a;

	(void)state;
	make_zoo("data");
	settle();
	add("data");
	packs = store_packs();
	a = add("data");
	assert_int_equal(a.count, 1);
	assert_false(a.last.changed);
	assert_int_equal(a.last.read_bytes, 0);
	assert_int_equal(a.last.files, 17);
	assert_int_equal(store_packs(), packs);
	/* not without the index either, but for reading */
	lose_index();
	a = add("data");
	assert_false(a.last.changed);
	assert_int_equal(a.last.new_bytes, 0);
	assert_int_equal(store_packs(), packs);
}

static void what_the_store_has_lost_is_stored_again(void **state)
{
	struct added a;

	(void)state;
	put_text("data/a", "content");
	settle();
	add("data");
	lose_store();
	a = add("data");
	assert_int_equal(a.last.new_bytes, 7);
	assert_true(is_recorded("a"));
}

static void a_single_file_keeps_its_executable_bit(void **state)
{
	struct dv_pointer p;
	struct dv_id plain, id;
	struct added a;

	(void)state;
	put_text("tool", "#!/bin/sh\n");
	a = add("tool");
	assert_int_equal(a.last.files, 1);
	assert_int_equal(a.last.size, 10);
	ok(tracked_read(world.repo, "tool", &p));
	assert_int_equal(p.kind, DV_KIND_FILE);
	plain = p.id;
	dv_pointer_release(&p);
	assert_int_equal(chmod("tool", 0755), 0);
	a = add("tool");
	assert_true(a.last.changed);
	assert_int_equal(a.last.new_bytes, 0);
	id = pointer_id("tool");
	assert_false(dv_id_equal(&id, &plain));
	a = add("tool");
	assert_false(a.last.changed);
}

static void only_what_changed_is_stored(void **state)
{
	struct added a;

	(void)state;
	put_noise("data/big", 8u << 20, 3);
	put_text("data/small", "one");
	settle();
	add("data");
	put_text("data/small", "two!");
	a = add("data");
	assert_true(a.last.changed);
	assert_int_equal(a.last.new_bytes, 4);
	assert_int_equal(a.last.read_bytes, 4);
}

/* --- refused -------------------------------------------------------------- */

static void assert_refused(const char *path, int code, const char *word)
{
	assert_int_equal(try_add(path), code);
	if (!strstr(dv_error_text(), word))
		fail_msg("%s: no '%s' in: %s", path, word, dv_error_text());
}

static void paths_that_cannot_be_recorded(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	put_text("data/a", "a");
	put_text("known/x", "x");
	git("git add -f known/x");
	add("data");
	assert_refused("/etc/passwd", DV_E_INVALID, "outside");
	assert_refused("..", DV_E_INVALID, "outside");
	assert_refused(".", DV_E_INVALID, "work tree");
	assert_refused(".git/config", DV_E_INVALID, ".git");
	assert_refused(".dvignore", DV_E_INVALID, "git");
	assert_refused("data.dv", DV_E_INVALID, "pointer");
	assert_string_equal(dv_error_hint(), "dv add data");
	assert_refused("nothing", DV_E_NOTFOUND, "nothing");
	assert_refused("data/nothing", DV_E_NOTFOUND, "data/nothing");
	assert_refused("known", DV_E_EXISTS, "known/x");
	assert_string_equal(dv_error_hint(), "git rm -r --cached known");
	assert_refused("known/x", DV_E_EXISTS, "tracked by git");
	assert_int_equal(symlink("data", "alias"), 0);
	assert_refused("alias", DV_E_INVALID, "symbolic link");
	assert_refused("alias/a", DV_E_INVALID, "symbolic link");
	strcpy(name.sun_path, "data/socket");
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
	assert_refused("data", DV_E_INVALID, "data/socket");
	assert_refused("data/socket", DV_E_INVALID, "data/socket");
	assert_int_equal(unlink("data/socket"), 0);
	put_text("around/data/b", "b");
	add("around/data");
	assert_refused("around", DV_E_EXISTS, "around/data");
}

static void one_bad_path_means_that_nothing_is_done(void **state)
{
	const char *paths[] = { "good", "missing" };
	const struct dv_add_options o = { .threads = 1 };

	(void)state;
	put_text("good", "good");
	assert_int_equal(dv_add(world.repo, paths, 2, &o, NULL, NULL),
			 DV_E_NOTFOUND);
	assert_false(is_there("good.dv"));
	assert_int_equal(store_packs(), 0);
}

static void nested_arguments_are_one(void **state)
{
	const char *paths[] = { "d/x/y", "d", "d/x", "e" };
	const struct dv_add_options o = { .threads = 1 };
	struct added a = { 0 };

	(void)state;
	put_text("d/x/y", "1");
	put_text("e", "2");
	ok(dv_add(world.repo, paths, 4, &o, note_added, &a));
	assert_int_equal(a.count, 2);
	assert_true(is_there("d.dv"));
	assert_true(is_there("e.dv"));
	assert_false(is_there("d/x.dv"));
}

/* --- files that change ---------------------------------------------------- */

static atomic_bool stop;

static void *append(void *data)
{
	static char block[100000];
	int fd = open(data, O_WRONLY | O_APPEND);

	while (!atomic_load(&stop) && fd >= 0) {
		if (write(fd, block, sizeof(block)) < 0)
			break;
		usleep(100);
	}
	close(fd);
	return NULL;
}

static void a_file_that_keeps_changing_is_named(void **state)
{
	static char path[] = "data/log";
	pthread_t thread;
	int err;

	(void)state;
	/* a clone would be one version of it */
	ok(dv_config_set(world.repo, DV_CONFIG_LOCAL, "store.link", "copy"));
	put_text("data/calm", "calm");
	put_noise(path, 24u << 20, 1);
	atomic_store(&stop, false);
	pthread_create(&thread, NULL, append, path);
	err = try_add("data");
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(err, DV_E_CHANGED);
	assert_non_null(strstr(dv_error_text(), "data/log"));
	assert_false(is_there("data.dv"));
	add("data");
}

static void an_unreadable_file_is_named(void **state)
{
	(void)state;
	if (!geteuid())
		return;		/* root may read it */
	put_text("data/secret", "x");
	assert_int_equal(chmod("data/secret", 0), 0);
	assert_int_equal(try_add("data"), DV_E_IO);
	assert_non_null(strstr(dv_error_text(), "data/secret"));
}

/* --- parts ---------------------------------------------------------------- */

static void a_part_is_replaced_added_and_removed(void **state)
{
	struct added a;
	struct tree_entry e;
	struct dv_id parts, whole;

	(void)state;
	put_text("data/a/one", "1");
	put_text("data/a/two", "2");
	put_text("data/b/three", "3");
	settle();
	add("data");
	put_text("data/a/one", "changed");
	put_text("data/b/three", "not asked for");
	a = add("data/a/one");
	assert_int_equal(a.count, 1);
	assert_true(a.last.changed);
	ok(recorded("a/one", &e));
	assert_int_equal(e.content.size, 7);
	ok(recorded("b/three", &e));
	assert_int_equal(e.content.size, 1);
	put_text("data/new/deep/four", "4444");
	add("data/new/deep/four");
	ok(recorded("new/deep/four", &e));
	assert_int_equal(e.content.size, 4);
	assert_int_equal(unlink("data/a/two"), 0);
	add("data/a/two");
	assert_false(is_recorded("a/two"));
	assert_true(is_recorded("a/one"));
	ok(dir_remove("data/new"));
	add("data/new/deep");
	assert_false(is_recorded("new"));
	/* in the end the same as all at once */
	put_text("data/b/three", "3");
	add("data/b");
	parts = pointer_id("data");
	ok(dir_remove("data.dv"));
	a = add("data");
	assert_true(a.last.is_new);
	whole = pointer_id("data");
	assert_true(dv_id_equal(&parts, &whole));
}

static void many_parts_at_once(void **state)
{
	const char *paths[] = { "data/b/c", "data/a", "data/z", "data/a/one" };
	const struct dv_add_options o = { .threads = 2 };
	struct added a = { 0 };
	struct stat_index x;

	(void)state;
	put_text("data/a/one", "1");
	put_text("data/b/c", "2");
	put_text("data/b/d", "3");
	put_text("data/z", "4");
	settle();
	add("data");
	put_text("data/a/one", "11");
	put_text("data/a/more", "12");
	put_text("data/b/c", "22");
	assert_int_equal(unlink("data/z"), 0);
	ok(dv_add(world.repo, paths, 4, &o, note_added, &a));
	assert_int_equal(a.count, 1);
	assert_int_equal(a.last.files, 4);
	assert_false(is_recorded("z"));
	assert_true(is_recorded("a/more"));
	ok(stat_index_open(world.repo, "data", &x));
	assert_int_equal(x.files, 4);
	assert_true(x.complete);
	stat_index_close(&x);
}

/* As after a partial pull: the rest is neither here nor in the store. */
static void what_was_never_here_is_kept(void **state)
{
	struct dv_checkout_options o = { .threads = 2 };
	struct dv_checkout_result r;
	struct added a;

	(void)state;
	put_text("data/a/one", "1");
	put_text("data/a/two", "2");
	put_text("data/b/three", "3");
	put_text("data/c/four", "4");
	add("data");
	ok(dir_remove("data"));
	lose_index();
	ok(checkout_with("data/a", &o, &r));
	assert_int_equal(r.written, 2);
	assert_false(is_there("data/b"));
	put_text("data/a/five", "5");
	assert_int_equal(unlink("data/a/two"), 0);
	put_text("data/b/six", "6");
	a = add("data");
	assert_int_equal(a.last.absent, 2);
	assert_int_equal(a.last.files, 5);
	assert_false(is_recorded("a/two"));
	assert_true(is_recorded("a/five"));
	assert_true(is_recorded("b/three"));
	assert_true(is_recorded("b/six"));
	assert_true(is_recorded("c/four"));
	/* a directory of which a part was here goes, but for the rest */
	ok(dir_remove("data/b"));
	a = add("data");
	assert_false(is_recorded("b/six"));
	assert_true(is_recorded("b/three"));
	/* by its name too, and what never was here not at all */
	assert_int_equal(try_add("data/c/four"), DV_E_NOTFOUND);
	assert_true(is_recorded("c/four"));
}

static void parts_need_only_the_nodes_on_the_way(void **state)
{
	int err;

	(void)state;
	put_text("data/a", "1");
	add("data");
	ok(dir_remove("data"));
	ok(dir_remove(".git/dv/data"));
	world_again();
	put_text("data/new", "2");
	add("data/new");
	assert_true(is_recorded("a"));
	assert_true(is_recorded("new"));
	/* without nodes there is a hint */
	lose_store();
	put_text("data/new", "3");
	err = try_add("data/new");
	assert_int_equal(err, DV_E_INCOMPLETE);
	assert_string_equal(dv_error_hint(), "dv fetch data");
}

/* --- dv commit ------------------------------------------------------------ */

static void commit_takes_what_has_changed(void **state)
{
	struct dv_add_options o = { .threads = 2, .changed_only = true };
	struct added a;

	(void)state;
	put_text("one/a", "1");
	put_text("two", "2");
	settle();
	add("one");
	add("two");
	ok(add_with(NULL, &o, &a));
	assert_int_equal(a.count, 0);
	put_text("one/b", "3");
	ok(add_with(NULL, &o, &a));
	assert_int_equal(a.count, 1);
	assert_int_equal(a.last.files, 2);
	put_text("two", "22");
	ok(add_with("one", &o, &a));
	assert_int_equal(a.count, 0);
	ok(add_with("two", &o, &a));
	assert_int_equal(a.count, 1);
	/* what is gone is not recorded as gone */
	ok(dir_remove("one"));
	ok(add_with(NULL, &o, &a));
	assert_int_equal(a.count, 0);
	assert_true(is_there("one.dv"));
}

static void commit_does_not_undo_what_git_brought(void **state)
{
	struct dv_add_options o = { .threads = 2, .changed_only = true };
	struct added a;

	(void)state;
	put_text("data/a", "1");
	put_text("data/b", "1");
	settle();
	add("data");
	git("cp data.dv old.pointer");
	put_text("data/a", "22");
	settle();
	add("data");
	git("mv old.pointer data.dv");
	ok(add_with(NULL, &o, &a));
	assert_int_equal(a.count, 0);
	put_text("data/b", "user's");
	assert_int_equal(add_with(NULL, &o, &a), DV_E_CHANGED);
	assert_non_null(strstr(dv_error_hint(), "dv checkout data"));
}

static void a_dry_run_changes_nothing(void **state)
{
	struct dv_add_options o = { .threads = 2, .dry_run = true };
	DV_AUTO_BUF struct buf before = BUF_INIT;
	DV_AUTO_BUF struct buf after = BUF_INIT;
	struct added a;

	(void)state;
	put_text("data/a", "same");
	put_text("data/b", "same");
	put_noise("data/c", 6u << 20, 4);
	picture(".", &before);
	ok(add_with("data", &o, &a));
	picture(".", &after);
	assert_string_equal(before.data, after.data);
	assert_true(a.last.changed);
	assert_int_equal(a.last.new_bytes, 4 + (6u << 20));
	assert_int_equal(a.last.files, 3);
}

static void leftovers_and_ignored_files_are_not_recorded(void **state)
{
	(void)state;
	put_text("data/a", "a");
	put_text("data/.0123456789abcdef.dv-tmp", "half");
	put_text("data/x.log", "log");
	put_text(".dvignore", "*.log\n");
	add("data");
	assert_true(is_recorded("a"));
	assert_false(is_recorded(".0123456789abcdef.dv-tmp"));
	assert_false(is_recorded("x.log"));
}

static void a_cancelled_add_leaves_no_pointer(void **state)
{
	(void)state;
	put_text("data/a", "a");
	dv_cancel();
	assert_int_equal(try_add("data"), DV_E_INTERRUPTED);
	cancel_reset();
	assert_false(is_there("data.dv"));
	add("data");
}

static void thousands_of_files(void **state)
{
	struct added a;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		DV_AUTO_BUF struct buf p = BUF_INIT;

		buf_addf(&p, "data/%u/%u", i % 7, i);
		put_noise(p.data, i * 7 % 3000, i);
	}
	a = add("data");
	assert_int_equal(a.last.files, 3000);
	lose_index();
	a = add("data");
	assert_false(a.last.changed);
	assert_int_equal(a.last.new_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_parts_is_that_of_a_walk),
		T(a_directory_is_recorded),
		T(content_does_not_depend_on_the_way_it_was_read),
		T(the_same_again_reads_and_writes_nothing),
		T(what_the_store_has_lost_is_stored_again),
		T(a_single_file_keeps_its_executable_bit),
		T(only_what_changed_is_stored),
		T(paths_that_cannot_be_recorded),
		T(one_bad_path_means_that_nothing_is_done),
		T(nested_arguments_are_one),
		T(a_file_that_keeps_changing_is_named),
		T(an_unreadable_file_is_named),
		T(a_part_is_replaced_added_and_removed),
		T(many_parts_at_once),
		T(what_was_never_here_is_kept),
		T(parts_need_only_the_nodes_on_the_way),
		T(commit_takes_what_has_changed),
		T(commit_does_not_undo_what_git_brought),
		T(a_dry_run_changes_nothing),
		T(leftovers_and_ignored_files_are_not_recorded),
		T(a_cancelled_add_leaves_no_pointer),
		T(thousands_of_files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
