#include <string.h>

#include "dv/error.h"

#include "base/error.h"
#include "base/path.h"
#include "builtin/open.h"
#include "cli/report.h"

#define THREADS_MOST 1024	/* more is a mistake */
#define HINT_MOST 100		/* paths that anybody reads */

static void say_waiting(const char *holder, void *data)
{
	(void)data;
	report_note("waiting for process %s, which holds the lock", holder);
}

/* `err`: of opening it.  What concerns every command. */
static int set_up(int err, struct dv_repo **out)
{
	int hints;

	if (err)
		return err;
	dv_repo_set_waiting(*out, say_waiting, NULL);
	hints = dv_config_bool(*out, "core.hints", true);
	if (hints < 0)
		return hints;
	report_hints(hints);
	return 0;
}

int open_repo(struct dv_repo **out)
{
	return set_up(dv_repo_open(".", out), out);
}

int open_any_repo(struct dv_repo **out)
{
	return set_up(dv_repo_open_any(".", out), out);
}

int open_repo_unset(struct dv_repo **out)
{
	return set_up(dv_repo_open_unset(".", out), out);
}

int open_repo_if_any(struct dv_repo **out)
{
	int err = open_any_repo(out);

	if (err == DV_E_NOTFOUND)
		*out = NULL;
	return err == DV_E_NOTFOUND ? 0 : err;
}

int open_looked_at(const char *url, const char *rev, struct looked_at *out)
{
	int err = url ? open_repo_if_any(&out->around) :
		open_any_repo(&out->around);

	out->repo = out->around;
	out->rev = rev;
	if (err || !url)
		return err;
	err = dv_source_open(out->around, url, rev, &out->elsewhere);
	if (err)
		return err;
	out->repo = dv_source_repo(out->elsewhere);
	out->rev = dv_source_commit(out->elsewhere);
	return 0;
}

void close_looked_at(struct looked_at *l)
{
	dv_source_close(l->elsewhere);
	close_repo(&l->around);
}

int open_threads(struct dv_repo *repo, unsigned *threads)
{
	uint64_t jobs;
	int err;

	if (*threads)
		return 0;
	err = dv_config_size(repo, "core.jobs", 0, &jobs);
	if (!err)
		*threads = jobs < THREADS_MOST ? jobs : THREADS_MOST;
	return err;
}

void close_repo(struct dv_repo **repo)
{
	if (*repo)
		dv_repo_close(*repo);
}

void typed_path(const struct dv_repo *repo, const char *path,
		struct buf *out)
{
	path_typed(dv_repo_prefix(repo), path, out);
}

void shown_path(const struct dv_repo *repo, const char *path,
		struct buf *out)
{
	DV_AUTO_BUF struct buf typed = BUF_INIT;

	typed_path(repo, path, &typed);
	path_quote(typed.data, out);
}

void typed_word(const struct dv_repo *repo, const char *path,
		struct buf *out)
{
	DV_AUTO_BUF struct buf typed = BUF_INIT;

	typed_path(repo, path, &typed);
	path_word(typed.data, out);
}

void hint_path(const char *path, struct names *paths)
{
	names_add(paths, path, strlen(path));
}

/* Either the pointers or the .gitignore files; many are a pattern of git's. */
static void hint_words(struct dv_repo *repo, const struct names *paths,
		       bool ignores, struct buf *words)
{
	size_t before = words->len, count = 0;

	for (size_t i = 0; i < paths->count; i++) {
		const char *path = paths->items[i].text;

		if (ignores != !strcmp(path_name(path), ".gitignore"))
			continue;
		if (++count > HINT_MOST) {
			buf_setlen(words, before);
			buf_addstr(words, ignores ? " ':/*.gitignore'"
						  : " ':/*.dv'");
			return;
		}
		buf_addch(words, ' ');
		typed_word(repo, path, words);
	}
}

/* Those that git add can be told of, and those it takes with -f alone. */
static int sort_ways(struct dv_repo *repo, const struct names *paths,
		     struct names *plain, struct names *forced)
{
	int err = 0;

	for (size_t i = 0; i < paths->count && !err; i++) {
		const struct name *path = &paths->items[i];
		enum dv_stage way;

		err = dv_repo_stage_way(repo, path->text, &way);
		if (!err && way != DV_STAGE_NONE)
			names_add(way == DV_STAGE_FORCED ? forced : plain,
				  path->text, path->len);
	}
	return err;
}

static void hint_add(struct dv_repo *repo, const char *command,
		     const struct names *paths)
{
	DV_AUTO_BUF struct buf words = BUF_INIT;

	hint_words(repo, paths, false, &words);
	hint_words(repo, paths, true, &words);
	if (paths->count)
		report_hint("%s%s", command, words.data);
}

int hint_stage(struct dv_repo *repo, const struct names *paths)
{
	int autostage = dv_config_bool(repo, "core.autostage", false);
	struct names plain = { 0 }, forced = { 0 };
	int err;

	if (autostage)
		return autostage < 0 ? autostage : 0;
	if (paths->count > HINT_MOST) {
		hint_add(repo, "git add", paths);
		return 0;
	}
	err = sort_ways(repo, paths, &plain, &forced);
	if (!err) {
		hint_add(repo, "git add", &plain);
		hint_add(repo, "git ignores these: git add -f", &forced);
	}
	names_release(&plain);
	names_release(&forced);
	return err;
}

int hint_stage_after(struct dv_repo *repo, const struct names *paths, int err)
{
	struct error_state first;

	if (!err)
		return hint_stage(repo, paths);
	error_save(err, &first);
	hint_stage(repo, paths);
	return error_restore(&first);
}
