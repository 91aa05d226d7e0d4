/*
 * A git work tree with dv in a scratch folder, for the unit tests of work/.
 * Include after cmocka.h; every test of the group gets a new one:
 *
 *	cmocka_unit_test_setup_teardown(name, world_make, world_drop)
 */
#ifndef WORK_WORLD_H
#define WORK_WORLD_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/repo.h"
#include "dv/work.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "chunk/sha256.h"
#include "git/repo.h"

#define UNUSED __attribute__((unused))

static struct world {
	char top[200];
	struct dv_repo *repo;
} world;

static void ok(int err)
{
	if (err)
		print_error("%s (hint: %s)\n", dv_error_text(),
			    dv_error_hint());
	assert_int_equal(err, 0);
}

UNUSED static void git(const char *command)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *const argv[] = { "sh", "-c", command, NULL };

	ok(process_run(argv, NULL, 0, &out));
}

UNUSED static int world_make(void **state)
{
	const char *dir = getenv("TMPDIR");
	enum dv_init was;

	(void)state;
	snprintf(world.top, sizeof(world.top), "%s/dv-unit.XXXXXX",
		 dir && strlen(dir) < 100 ? dir : "/tmp");
	if (!mkdtemp(world.top) || chdir(world.top))
		return -1;
	setenv("HOME", world.top, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	git("git init -q . && git config user.name t && "
	    "git config user.email t@example.com");
	ok(dv_repo_init(".", &was));
	ok(dv_repo_open(".", &world.repo));
	return 0;
}

UNUSED static int world_drop(void **state)
{
	(void)state;
	if (world.repo)
		dv_repo_close(world.repo);
	world.repo = NULL;
	return chdir("/") || dir_remove(world.top) ? -1 : 0;
}

/* As another process would see it. */
UNUSED static void world_again(void)
{
	dv_repo_close(world.repo);
	world.repo = NULL;
	ok(dv_repo_open(".", &world.repo));
}

/* --- files ---------------------------------------------------------------- */

UNUSED static void put(const char *path, const void *data, size_t len)
{
	int fd;

	ok(dir_make_parents(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	ok(file_write_all(fd, data, len, path));
	close(fd);
}

UNUSED static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

/* Bytes that do not compress and are the same for the same seed. */
UNUSED static void put_noise(const char *path, size_t len, uint64_t seed)
{
	uint8_t *data = malloc(len + 8);
	uint64_t x = seed * 2 + 1;

	assert_non_null(data);
	for (size_t i = 0; i < len; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(data + i, &x, 8);
	}
	put(path, data, len);
	free(data);
}

UNUSED static bool is_there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

UNUSED static void assert_holds(const char *path, const char *text)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	ok(file_read(path, 10000, &b));
	assert_string_equal(b.data, text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that is at path and below, as text: kinds, x bits, content. */
UNUSED static void picture(const char *path, struct buf *out)
{
	struct stat st;

	if (lstat(path, &st)) {
		buf_addf(out, "%s: nothing\n", path);
	} else if (S_ISLNK(st.st_mode)) {
		char target[70000];
		ssize_t n = readlink(path, target, sizeof(target) - 1);

		assert_true(n >= 0);
		target[n] = 0;
		buf_addf(out, "%s -> %s\n", path, target);
	} else if (S_ISREG(st.st_mode)) {
		DV_AUTO_BUF struct buf bytes = BUF_INIT;
		char hex[DV_ID_HEX + 1];
		struct dv_id id;

		ok(file_read(path, (size_t)1 << 30, &bytes));
		sha256(bytes.data, bytes.len, &id);
		dv_id_to_hex(&id, hex);
		buf_addf(out, "%s %c %zu %s\n", path,
			 st.st_mode & S_IXUSR ? 'x' : '-', bytes.len, hex);
	} else {
		char *names[5000];
		size_t count = 0;
		DV_AUTO_DIR DIR *dir = opendir(path);
		struct dirent *d;

		assert_non_null(dir);
		buf_addf(out, "%s/\n", path);
		while ((d = readdir(dir)))
			if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
				names[count++] = strdup(d->d_name);
		qsort(names, count, sizeof(*names), by_text);
		for (size_t i = 0; i < count; i++) {
			DV_AUTO_BUF struct buf below = BUF_INIT;

			buf_addf(&below, "%s/%s", path, names[i]);
			picture(below.data, out);
			free(names[i]);
		}
	}
}

/* --- commands ------------------------------------------------------------- */

struct added {
	unsigned count;
	struct dv_add_result last;	/* texts are not kept */
};

static int note_added(const struct dv_add_result *r, void *data)
{
	struct added *a = data;

	a->count++;
	a->last = *r;
	return 0;
}

UNUSED static int add_with(const char *path, const struct dv_add_options *o,
			   struct added *out)
{
	const char *paths[1] = { path };

	memset(out, 0, sizeof(*out));
	return dv_add(world.repo, paths, path ? 1 : 0, o, note_added, out);
}

UNUSED static struct added add(const char *path)
{
	const struct dv_add_options o = { .threads = 3 };
	struct added a;

	ok(add_with(path, &o, &a));
	return a;
}

UNUSED static int try_add(const char *path)
{
	const struct dv_add_options o = { .threads = 2 };
	struct added a;

	return add_with(path, &o, &a);
}

UNUSED static int checkout_with(const char *path,
				struct dv_checkout_options *o,
				struct dv_checkout_result *r)
{
	const char *paths[1] = { path };

	o->what.paths = paths;
	o->what.count = path ? 1 : 0;
	return dv_checkout(world.repo, o, NULL, NULL, r);
}

UNUSED static struct dv_checkout_result checkout(const char *path)
{
	struct dv_checkout_options o = { .threads = 3 };
	struct dv_checkout_result r;

	ok(checkout_with(path, &o, &r));
	return r;
}

/* Forgets what was in the work tree. */
UNUSED static void lose_index(void)
{
	ok(dir_remove(".git/dv/stat"));
}

/* Times of files are then older than what is read now. */
UNUSED static void settle(void)
{
	usleep(30000);
}

#endif
