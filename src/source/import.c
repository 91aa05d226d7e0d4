/* dv_import() and what update shares with it. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/repo.h"
#include "source/import.h"
#include "source/scratch.h"
#include "store/pointer_line.h"
#include "store/store.h"
#include "transfer/open.h"
#include "work/add_args.h"

/* --- from a place to a pointer ------------------------------------------- */

/*
 * What git keeps itself is put together out of sight and recorded there: the
 * store is ours, so all that is left to do is to take the pointer.
 */
static int record_git(struct dv_repo *repo, const struct clone *c,
		      const struct source_entry *p,
		      const struct dv_source_options *o,
		      struct dv_pointer *out)
{
	DV_AUTO_SCRATCH struct scratch s = SCRATCH_INIT;
	struct dv_add_options add = { .progress = o->progress };
	const char *paths[] = { p->path };
	const char *temp;
	struct store *store;
	int err = repo_store(repo, &store);

	if (!err)
		err = store_temp_dir(store, &temp);
	if (!err)
		err = scratch_make(&s, temp);
	if (!err)
		err = scratch_open(&s, dv_repo_store_path(repo));
	if (!err)
		err = scratch_put_git(&s, c, p, &o->progress);
	if (!err)
		err = dv_add(s.repo, paths, 1, &add, NULL, NULL);
	return err ? err : tracked_read(s.repo, p->path, out);
}

int import_pointer(struct dv_repo *repo, const struct clone *c,
		   const char *path, const struct dv_source_options *o,
		   struct import *out)
{
	DV_AUTO_SOURCE struct source_entry p = { 0 };
	int err = source_find(c, path, &p);

	if (!err && p.kind == SOURCE_GIT && o->no_download)
		err = dv_fail(DV_E_UNSUPPORTED, "%s is a file of git's own: "
			      "what it holds is not known without getting it",
			      p.path);
	if (!err && !o->no_download)
		err = source_fetch(c, &p, o, false, &out->bytes);
	if (!err && p.kind == SOURCE_GIT)
		err = record_git(repo, c, &p, o, &out->pointer);
	else if (!err)
		err = source_pointer(c, &p, o, &out->pointer);
	if (err)
		return err;
	pointer_line_set(&out->pointer, POINTER_URL, c->url);
	pointer_line_set(&out->pointer, POINTER_PATH, p.path);
	pointer_line_set(&out->pointer, POINTER_REV, c->commit);
	pointer_set_taken(&out->pointer, &out->pointer.id);
	return import_refresh(repo);
}

int import_refresh(struct dv_repo *repo)
{
	struct store *store;
	int err = repo_store(repo, &store);

	return err ? err : store_refresh(store);
}

/* --- into the work tree -------------------------------------------------- */

static int stage(struct dv_repo *repo, const char *path, const char *ignore)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	const char *paths[2];
	int err = dv_config_bool(repo, "core.autostage", false);

	if (err <= 0)
		return err;
	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	paths[0] = pointer.data;
	paths[1] = ignore;
	return repo_stage(repo, paths, *ignore ? 2 : 1);
}

int import_write(struct dv_repo *repo, const char *path,
		 const struct dv_pointer *p, bool *changed)
{
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_BUF struct buf ignore = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err = repo_lock(repo, "import", &lock);

	*changed = false;
	buf_addf(&full, "%s/%s", dv_repo_worktree(repo), path);
	if (!err)
		err = dir_make_parents(full.data);
	if (!err)
		err = repo_gitignore_check(repo, path);
	if (!err)
		err = tracked_write(repo, path, p, changed);
	if (!err)
		err = repo_gitignore_add(repo, path, &ignore);
	return err ? err : stage(repo, path, ignore.data);
}

void import_keep_lines(struct dv_pointer *p, const struct dv_pointer *old)
{
	static const char *const keys[] = { POINTER_REV, POINTER_ID,
					    POINTER_ETAG };
	DV_AUTO_BUF struct buf value = BUF_INIT;
	char *mine = p->rest;
	struct dv_pointer from = { .rest = mine };

	p->rest = xstrdup(old->rest ? old->rest : "");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		pointer_line_set(p, keys[i], pointer_line_get(&from, keys[i],
							      &value) ?
				 value.data : NULL);
	free(mine);
}

int import_check_out(struct dv_repo *repo, const char *path,
		     const struct dv_source_options *o)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	const char *paths[1];
	struct dv_checkout_options c = {
		.what = { .paths = paths, .count = 1 },
		.force = o->force, .progress = o->progress,
	};
	struct dv_checkout_result result;

	buf_addf(&full, "%s/%s", dv_repo_worktree(repo), path);
	paths[0] = full.data;
	return dv_checkout(repo, &c, NULL, NULL, &result);
}

int import_left(const struct dv_repo *repo, const char *path,
		const struct dv_source_options *o, int err)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (!err || !o->notice)
		return err;
	buf_addf(&text, "%s%s is written all the same: dv %s %s does the rest",
		 path, DV_POINTER_SUFFIX, o->to_remote ? "push" : "pull",
		 repo_word(repo, path, &word));
	o->notice(text.data, o->notice_data);
	return err;
}

int import_push_check(struct dv_repo *repo, const struct dv_source_options *o)
{
	struct endpoint *to;
	int err = o->to_remote ? endpoint_open(repo, o->remote, o->jobs, &to) :
		0;

	if (!err && o->to_remote)
		endpoint_close(to);
	return err;
}

int import_push(struct dv_repo *repo, const char *path,
		const struct dv_source_options *o)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	const char *paths[1];
	struct dv_transfer_options t = {
		.what = { .paths = paths, .count = 1 },
		.remote = o->remote, .jobs = o->jobs, .progress = o->progress,
		.notice = o->notice, .notice_data = o->notice_data,
	};
	struct dv_transfer_result result;

	buf_addf(&full, "%s/%s", dv_repo_worktree(repo), path);
	paths[0] = full.data;
	return dv_push(repo, &t, &result);
}

/* --- dv_import() --------------------------------------------------------- */

int import_target(struct dv_repo *repo, const char *name, const char *out,
		bool force, struct buf *result)
{
	DV_AUTO_BUF struct buf arg = BUF_INIT;

	buf_addstr(&arg, out ? out : name);
	if (out && out[strlen(out) - (*out != 0)] == '/')
		buf_addstr(&arg, name);
	return add_args_place(repo, arg.data, force, result);
}

int import_clone(struct dv_repo *repo, const char *url, const char *rev,
		 bool stranger, struct clone **out)
{
	struct clone_options from = {
		.url = url, .rev = rev, .stranger = stranger,
		.store_path = dv_repo_store_path(repo), .repo = repo,
	};

	return clone_open(&from, out);
}

/* A commit is noted in full, however short it was typed. */
void import_set_ref(struct dv_pointer *p, const char *rev, const char *commit)
{
	size_t len = rev ? strlen(rev) : 0;

	if (rev)
		pointer_line_set(p, POINTER_REF, len >= COMMIT_LEAST &&
				 !strncmp(rev, commit, len) ? commit : rev);
}

/* A line of a pointer is text, and may be cut by no name. */
static int cannot_name(const char *path)
{
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "%s: a pointer cannot say "
			       "where it came from, as the name has other "
			       "bytes than text", path),
		       "dv get it, then dv add; or import the folder it is "
		       "in");
}

int dv_import(struct dv_repo *repo, const char *url, const char *path,
	      const char *out, const struct dv_source_options *options,
	      struct dv_source_result *result)
{
	DV_AUTO_BUF struct buf target = BUF_INIT;
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	DV_AUTO_CLONE struct clone *c = NULL;
	DV_AUTO_IMPORT struct import i = { .bytes = 0 };
	DV_AUTO_HOLD struct store *held = NULL;
	int err;

	memset(result, 0, sizeof(*result));
	err = source_plain_path(path, &plain);
	if (!err && !pointer_value_ok(plain.data))
		err = cannot_name(plain.data);
	if (!err)
		err = import_target(repo, path_name(plain.data), out,
				    options->force, &target);
	if (!err)
		err = import_clone(repo, url, options->rev, false, &c);
	if (!err)
		err = repo_hold_store(repo, &held);
	if (!err)
		err = import_pointer(repo, c, path, options, &i);
	if (err)
		return err;
	import_set_ref(&i.pointer, options->rev, c->commit);
	err = import_write(repo, target.data, &i.pointer, &result->changed);
	if (!err && !options->no_download)
		err = import_left(repo, target.data, options,
				  import_check_out(repo, target.data, options));
	memcpy(result->commit, c->commit, sizeof(result->commit));
	result->path = buf_detach(&target);
	result->files = i.pointer.files;
	result->size = i.pointer.size;
	result->bytes = i.bytes;
	return err;
}
