/* dv hook post-checkout, post-merge, post-rewrite: the data follows git. */

#include "builtin/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/error.h"
#include "dv/hooks.h"
#include "dv/work.h"

#include "base/array.h"
#include "base/auto.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/progress.h"
#include "cli/report.h"

/* Pointers whose data is to follow. */
struct moved {
	struct dv_tracked *items;	/* owned, with their texts */
	size_t count, room;
};

static int take_moved(const struct dv_tracked *t, void *data)
{
	struct moved *m = data;
	struct dv_tracked *to;

	ARRAY_GROW(m->items, m->count + 1, m->room);
	to = &m->items[m->count++];
	*to = (struct dv_tracked){
		.path = xstrdup(t->path), .pointer = t->pointer,
		.inside = xstrdup(t->inside),
	};
	to->pointer.rest = NULL;
	return 0;
}

static void free_moved(struct moved *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free((char *)m->items[i].path);
		free((char *)m->items[i].inside);
	}
	free(m->items);
}

static void tell_checkout(const struct dv_checkout_result *r)
{
	char size[HUMAN_SIZE];

	if (r->moved)
		report_note("dv: moved %llu tracked %s",
			    (unsigned long long)r->moved,
			    human_plural(r->moved, "path", "paths"));
	if (r->written || r->removed)
		report_note("dv: wrote %llu %s (%s), removed %llu",
			    (unsigned long long)r->written,
			    human_plural(r->written, "file", "files"),
			    human_bytes(r->written_bytes, size),
			    (unsigned long long)r->removed);
	if (r->kept)
		report_note("dv: kept %llu %s that %s changed here",
			    (unsigned long long)r->kept,
			    human_plural(r->kept, "file", "files"),
			    human_plural(r->kept, "was", "were"));
	if (r->missing) {
		report_note("dv: %llu %s not in the store",
			    (unsigned long long)r->missing,
			    human_plural(r->missing, "file is", "files are"));
		report_hint("dv pull");
	}
}

static void add_result(struct dv_checkout_result *to,
		       const struct dv_checkout_result *r)
{
	to->written += r->written;
	to->written_bytes += r->written_bytes;
	to->removed += r->removed;
	to->kept += r->kept;
	to->missing += r->missing;
	to->moved += r->moved;
}

/* The commits at which the work tree was before; each may be NULL. */
struct befores {
	const char *last;	/* that git's command began at */
	const char *between;	/* that it went through */
};

/*
 * A directory that became several ones, or several that became one, are the
 * same files: those that went with the old pointers come back.
 */
static int check_out_again(struct dv_repo *repo,
			   const struct dv_checkout_options *o,
			   struct dv_checkout_result *all)
{
	struct dv_checkout_result result = { 0 };
	int err = dv_checkout(repo, o, NULL, NULL, &result);

	all->written += result.written;
	all->written_bytes += result.written_bytes;
	return err;
}

static int check_out(struct dv_repo *repo, const struct moved *moved,
		     const struct befores *before,
		     struct dv_checkout_result *all)
{
	const char *const commits[] = { before->last, before->between };
	struct progress_view view = { 0 };
	struct dv_checkout_options o = {
		.what = { .given = moved->items,
			  .given_count = moved->count },
		.allow_missing = true,
	};
	int err = open_threads(repo, &o.threads);
	uint64_t gone = 0;

	o.progress = progress_show(&view, false);
	if (!err && moved->count)
		err = dv_checkout(repo, &o, NULL, NULL, all);
	for (size_t i = 0; i < 2 && (!err || err == DV_E_EXISTS); i++) {
		struct dv_checkout_result result = { 0 };

		if (!commits[i])
			continue;
		err = dv_checkout_gone(repo, commits[i], &o, &result);
		if (i && err == DV_E_NOTFOUND)	/* of a root commit */
			err = 0;
		add_result(all, &result);
		gone += result.removed;
	}
	if (gone && moved->count && (!err || err == DV_E_EXISTS))
		err = check_out_again(repo, &o, all);
	progress_clear(&view);
	return err;
}

/* What is new since the commit whose data is here. */
static int find_moved(struct dv_repo *repo, const struct befores *before,
		      struct moved *moved)
{
	int err = before->between ?
		dv_outdated(repo, before->between, take_moved, moved) :
		DV_E_NOTFOUND;

	/* a root commit is built on nothing */
	if (err == DV_E_NOTFOUND) {
		free_moved(moved);
		*moved = (struct moved){ 0 };
		err = dv_outdated(repo, before->last, take_moved, moved);
	}
	return err;
}

/*
 * Git has done its part, so nothing here makes it fail: what cannot be done
 * is told, and dv checkout does it later.
 */
static int follow(struct dv_repo *repo, const struct befores *before)
{
	struct dv_checkout_result result = { 0 };
	struct moved moved = { 0 };
	int err = find_moved(repo, before, &moved);

	if (!err)
		err = check_out(repo, &moved, before, &result);
	if (err && err != DV_E_EXISTS)
		report_warning("%s", dv_error_text());
	tell_checkout(&result);
	free_moved(&moved);
	return 0;
}

/* The commit before, the one now, and 1 when a branch was switched. */
int hook_post_checkout(struct dv_repo *repo, int argc, char **argv)
{
	const char *before = argc ? argv[0] : getenv("PRE_COMMIT_FROM_REF");
	struct befores befores = { NULL, NULL };

	/* the pre-commit framework hides what is not staged for a moment */
	if (getenv("_PRE_COMMIT_SKIP_POST_CHECKOUT"))
		return 0;
	if (!before)
		before = "HEAD";
	if (strspn(before, "0") < strlen(before))
		befores.last = before;
	return follow(repo, &befores);
}

int hook_post_merge(struct dv_repo *repo, int argc, char **argv)
{
	const struct befores before = { "ORIG_HEAD", NULL };

	(void)argc;
	(void)argv;
	return follow(repo, &before);
}

/*
 * "<old> <new>" for each commit: the work tree was at the last old one, then,
 * with its data, at what the first new one is built on.
 */
int hook_post_rewrite(struct dv_repo *repo, int argc, char **argv)
{
	DV_AUTO_FREE char *line = NULL;
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf onto = BUF_INIT;
	struct befores before = { "HEAD", NULL };
	size_t room = 0;

	/* an amended commit leaves the work tree as it is */
	if (argc && !strcmp(argv[0], "amend"))
		return 0;
	while (getline(&line, &room, stdin) > 0) {
		size_t len = strcspn(line, " \n");

		buf_clear(&old);
		buf_add(&old, line, len);
		if (!onto.len && line[len] == ' ')
			buf_addf(&onto, "%.*s^", (int)strcspn(line + len + 1,
							      " \n"),
				 line + len + 1);
	}
	if (old.len)
		before.last = old.data;
	if (onto.len)
		before.between = onto.data;
	return follow(repo, &before);
}
