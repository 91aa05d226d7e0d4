#ifndef GIT_WORLD_H
#define GIT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dv/error.h"
#include "dv/repo.h"

#include "base/buf.h"
#include "base/file.h"

/*
 * A scratch folder with a HOME of its own, in which the system's git makes
 * real repositories.
 */
static char world[] = "/tmp/dv-unit-git.XXXXXX";

__attribute__((unused))
static int world_enter(void **state)
{
	static const char *const unset[] = {
		"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR",
		"GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
		"GIT_CONFIG_COUNT", "GIT_CEILING_DIRECTORIES",
		"XDG_CONFIG_HOME", "SUDO_UID", "GIT_OBJECT_DIRECTORY",
		"DV_CORE_REMOTE", "DV_CORE_JOBS", "DV_STORE_PATH",
	};
	char home[sizeof(world) + 8];

	(void)state;
	for (size_t i = 0; i < sizeof(unset) / sizeof(*unset); i++)
		unsetenv(unset[i]);
	if (!mkdtemp(world) || chdir(world))
		return -1;
	snprintf(home, sizeof(home), "%s/home", world);
	setenv("HOME", home, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_TERMINAL_PROMPT", "0", 1);
	setenv("GIT_AUTHOR_NAME", "A", 1);
	setenv("GIT_AUTHOR_EMAIL", "a@example.com", 1);
	setenv("GIT_COMMITTER_NAME", "A", 1);
	setenv("GIT_COMMITTER_EMAIL", "a@example.com", 1);
	setenv("LC_ALL", "C", 1);
	return system("mkdir home && git config --global init.defaultBranch "
		      "main && git config --global protocol.file.allow "
		      "always");
}

__attribute__((unused))
static int world_leave(void **state)
{
	(void)state;
	return chdir("/") || dir_remove(world) ? -1 : 0;
}

/* Runs a command line of the shell in the scratch folder; it must succeed. */
__attribute__((unused, format(printf, 1, 2)))
static void sh(const char *fmt, ...)
{
	DV_AUTO_BUF struct buf line = BUF_INIT;
	va_list ap;

	buf_addf(&line, "cd %s && { ", world);
	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	buf_addstr(&line, "\n} >>log 2>&1");
	if (system(line.data))
		fail_msg("failed: %s", line.data);
}

/* What a command line prints; its exit code does not matter. */
__attribute__((unused, format(printf, 2, 3)))
static void output_of(struct buf *out, const char *fmt, ...)
{
	DV_AUTO_BUF struct buf line = BUF_INIT;
	char block[4096];
	va_list ap;
	FILE *pipe;
	size_t n;

	buf_clear(out);
	buf_addf(&line, "cd %s && { ", world);
	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	buf_addstr(&line, "\n} 2>>log");
	pipe = popen(line.data, "r");
	assert_non_null(pipe);
	while ((n = fread(block, 1, sizeof(block), pipe)) > 0)
		buf_add(out, block, n);
	pclose(pipe);
}

/* Writes a file of the scratch folder. */
__attribute__((unused))
static void put(const char *path, const char *text)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addf(&full, "%s/%s", world, path);
	assert_int_equal(dir_make_parents(full.data), 0);
	assert_int_equal(file_replace(full.data, text, strlen(text),
				      NEWFILE_NOSYNC), 0);
}

__attribute__((unused))
static void assert_holds(const char *path, const char *text)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_BUF struct buf b = BUF_INIT;

	buf_addf(&full, "%s/%s", world, path);
	assert_int_equal(file_read(full.data, 1 << 20, &b), 0);
	assert_string_equal(b.data, text);
}

/* Opens the repository that this folder of the scratch folder is in. */
__attribute__((unused))
static int try_open(const char *path, struct dv_repo **out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addf(&full, "%s/%s", world, path);
	return dv_repo_open(full.data, out);
}

__attribute__((unused))
static struct dv_repo *must_open(const char *path)
{
	struct dv_repo *repo;
	int err = try_open(path, &repo);

	if (err)
		fail_msg("%s: %d, %s (%s)", path, err, dv_error_text(),
			 dv_error_hint());
	return repo;
}

/* A git repository with dv set up and committed. */
__attribute__((unused))
static void make_repo(const char *path)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	enum dv_init was;

	sh("git init -q %s", path);
	buf_addf(&full, "%s/%s", world, path);
	if (dv_repo_init(full.data, &was))
		fail_msg("init: %s", dv_error_text());
	assert_int_equal(was, DV_INIT_NEW);
	sh("git -C %s commit -q -m 'Use dv'", path);
}

/* The text of a pointer whose id is made of this digit. */
__attribute__((unused))
static void put_pointer(const char *path, enum dv_kind kind, char digit)
{
	struct dv_pointer p = { .kind = kind, .size = 7, .files = 1 };
	DV_AUTO_BUF struct buf text = BUF_INIT;
	char rest[1] = "", hex[DV_ID_HEX + 1], *formatted;
	size_t len;

	memset(hex, digit, DV_ID_HEX);
	hex[DV_ID_HEX] = 0;
	assert_int_equal(dv_id_from_hex(hex, &p.id), 0);
	p.rest = rest;
	formatted = dv_pointer_format(&p, &len);
	buf_add(&text, formatted, len);
	free(formatted);
	put(path, text.data);
}

#define assert_error(code, call, text) do { \
		assert_int_equal(call, code); \
		if (!strstr(dv_error_text(), text)) \
			fail_msg("'%s' is not in '%s'", text, \
				 dv_error_text()); \
	} while (0)

#define assert_hint(text) do { \
		if (!strstr(dv_error_hint(), text)) \
			fail_msg("'%s' is not in '%s'", text, \
				 dv_error_hint()); \
	} while (0)

#endif
