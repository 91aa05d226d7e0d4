#include "git/reach.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/trace.h"
#include "git/index_file.h"
#include "git/obtain.h"
#include "git/private.h"
#include "git/revision.h"
#include "store/pointer_line.h"

#define SUFFIX_LEN	(sizeof(DV_POINTER_SUFFIX) - 1)

struct reach {
	struct dv_repo *repo;
	struct revision *revision;	/* owned */
	enum reach_flags flags;
	reach_cb *fn;
	void *data;
	const char *worktree;		/* of what is being looked at */
	struct buf heads;		/* under way: reach_notes() */
	struct buf refs;		/* of other work trees, REVISION_REFS */
	struct revision_pointer *found;	/* owned; in history */
	size_t count, room;
};

/* --- one pointer ------------------------------------------------------- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static int tell_unreadable(struct reach *r, const char *path,
			   const char *commit, const char *worktree)
{
	const struct reach_pointer p = {
		.path = path, .commit = commit, .worktree = worktree,
		.unreadable = true,
	};

	return r->fn(&p, r->data);
}

/*
 * No pointer, but it may have been made from one: nothing is guessed.  In
 * history it may as well be a file of somebody else's.
 */
static int salvage(struct reach *r, struct reach_pointer *p,
		   const struct buf *text)
{
	bool found = false;
	int err = 0;

	p->kind = 0;
	for (size_t at = 0; at < text->len && !err; ) {
		size_t n = 0;

		while (at + n < text->len && is_hex(text->data[at + n]))
			n++;
		if (n == DV_ID_HEX &&
		    !dv_id_from_hex(text->data + at, &p->id)) {
			found = true;
			err = r->fn(p, r->data);
		}
		at += n + 1;
	}
	if (!found && !p->commit && r->flags & REACH_LENIENT)
		return tell_unreadable(r, p->path, NULL, p->worktree);
	return err;
}

static int take_text(struct reach *r, const char *path, const char *commit,
		     const struct buf *text)
{
	struct reach_pointer p = {
		.path = path, .commit = commit, .worktree = r->worktree,
	};
	DV_AUTO_BUF struct buf url = BUF_INIT;
	struct dv_pointer pointer;
	int err = dv_pointer_parse(text->data, text->len, path, &pointer);

	if (err == DV_E_INVALID ||
	    (err == DV_E_UNSUPPORTED && r->flags & REACH_LENIENT))
		return salvage(r, &p, text);
	if (err)
		return err;
	p.id = pointer.id;
	p.kind = pointer.kind;
	if (!pointer_is_changed(&pointer)) {
		if (pointer_line_get(&pointer, POINTER_URL, &url))
			p.source = url.data;
		p.import = pointer_is_import(&pointer);
	}
	if (!pointer_is_awaited(&pointer))	/* else it needs nothing */
		err = r->fn(&p, r->data);
	dv_pointer_release(&pointer);
	return err;
}

static int take_blob(struct reach *r, const struct revision_pointer *p)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = revision_text(r->revision, p, &text);

	if (err == DV_E_INVALID)	/* longer than any pointer */
		return 0;
	if (err && err != DV_E_INTERRUPTED && r->flags & REACH_LENIENT)
		return tell_unreadable(r, p->path, p->commit, r->worktree);
	return err ? err : take_text(r, p->path, p->commit, &text);
}

/* --- work trees -------------------------------------------------------- */

static int obtain_index(struct reach *r, const struct index_names *index)
{
	DV_AUTO_BUF struct buf ids = BUF_INIT;

	if (!repo_is_partial(r->repo))
		return 0;
	for (size_t i = 0; i < index->count; i++)
		if ((index->pointers[i].mode & 0170000) == 0100000)
			obtain_add(&ids, index->pointers[i].id);
	return repo_obtain(r->repo, &ids);
}

static int reach_index(struct reach *r, struct dv_repo *repo)
{
	const struct index_names *index;
	int err = index_names_get(repo, false, &index);

	if (!err)
		err = obtain_index(r, index);
	for (size_t i = 0; !err && i < index->count; i++) {
		const struct index_pointer *x = &index->pointers[i];
		DV_AUTO_BUF struct buf path = BUF_INIT;
		struct revision_pointer p = { .commit = "", .blob = x->id };
		DV_AUTO_BUF struct buf text = BUF_INIT;

		if ((x->mode & 0170000) != 0100000)
			continue;
		buf_add(&path, x->path, strlen(x->path) - SUFFIX_LEN);
		p.path = path.data;
		err = revision_text(r->revision, &p, &text);
		if (!err)
			err = take_text(r, path.data, NULL, &text);
		else if (err == DV_E_INVALID)
			err = 0;
		else if (err != DV_E_INTERRUPTED && r->flags & REACH_LENIENT)
			err = tell_unreadable(r, path.data, NULL, r->worktree);
	}
	return err;
}

/* Pointer files, whether or not git knows or ignores them. */
static int reach_files(struct reach *r, struct dv_repo *repo)
{
	static const char *const args[] = {
		"ls-files", "-z", "-c", "-o", "--", "*" DV_POINTER_SUFFIX,
		NULL
	};
	DV_AUTO_BUF struct buf names = BUF_INIT;
	int err = run_git(repo, args, NULL, 0, &names);

	for (size_t at = 0; at < names.len && !err; ) {
		size_t len = strlen(names.data + at);
		DV_AUTO_BUF struct buf path = BUF_INIT;
		DV_AUTO_BUF struct buf text = BUF_INIT;

		if (pointer_name(names.data + at, len)) {
			buf_add(&path, names.data + at, len - SUFFIX_LEN);
			err = pointer_text(repo, path.data, &text);
			if (!err)
				err = take_text(r, path.data, NULL, &text);
			else if (err == DV_E_NOTFOUND || err == DV_E_INVALID)
				err = 0;
			else if (err != DV_E_INTERRUPTED &&
				 r->flags & REACH_LENIENT)
				err = tell_unreadable(r, path.data, NULL,
						      r->worktree);
		}
		at += len + 1;
	}
	return err;
}

static int note_heads(struct reach *r, const char *git_dir)
{
	int err = reach_notes(git_dir, &r->heads);

	return r->flags & REACH_LENIENT && err != DV_E_INTERRUPTED ? 0 : err;
}

static int reach_worktree(struct reach *r, struct dv_repo *repo)
{
	int err;

	r->worktree = repo->place.worktree;
	err = reach_index(r, repo);
	if (!err && !repo->place.bare)
		err = reach_files(r, repo);
	return err ? err : note_heads(r, repo->place.git_dir);
}

static int list_worktrees(const char *folder, struct buf *out)
{
	const char *const argv[] = {
		"git", "-C", folder, "worktree", "list", "--porcelain", NULL
	};

	return process_run(argv, NULL, 0, out);
}

/* The next "worktree <path>" that is not bare; NULL at the end. */
static char *next_worktree(char **at)
{
	while (**at) {
		char *path = *at, *end = strstr(path, "\n\n");
		bool bare;

		*at = end ? end + 2 : path + strlen(path);
		if (end)
			*end = '\0';
		bare = strstr(path, "\nbare");
		path[strcspn(path, "\n")] = '\0';
		if (!bare && !strncmp(path, "worktree ", 9))
			return path + 9;
	}
	return NULL;
}

/*
 * Opens what git lists as a work tree.  For the main one of a submodule that is
 * its git folder, and so it is for a bare one's where only config.worktree
 * says that it is bare: then *out is NULL.
 */
static int open_listed(const char *path, struct dv_repo **out)
{
	struct git_place place;
	int err = git_discover_at(path, &place);

	*out = NULL;
	if (err)
		return err;
	if (!place.bare && !strcmp(place.worktree, place.git_dir))
		err = dv_hint(dv_fail(DV_E_UNSUPPORTED, "%s does not say where "
				      "its work tree is", path),
			      "git config core.worktree <folder>, in it");
	else if (!place.bare)
		err = repo_open_git(place.worktree, out);
	git_place_release(&place);
	return err;
}

/* git shows them in the work tree that they belong to, and nowhere else. */
static int private_refs(struct reach *r, struct dv_repo *repo)
{
	static const char *const args[] = {
		"for-each-ref", REVISION_REFS, "refs/bisect/",
		"refs/rewritten/", "refs/worktree/", NULL
	};

	return run_git(repo, args, NULL, 0, &r->refs);
}

static int other_worktree(struct reach *r, const char *path)
{
	struct error_state why;
	struct dv_repo *other;
	int err = open_listed(path, &other);

	if (!err && other) {
		err = reach_worktree(r, other);
		if (!err)
			err = private_refs(r, other);
		dv_repo_close(other);
	}
	if (!err || err == DV_E_INTERRUPTED)
		return err;
	if (r->flags & REACH_LENIENT)
		return tell_unreadable(r, NULL, NULL, path);
	error_save(err, &why);
	dv_fail(DV_E_UNSUPPORTED, "the work tree %s cannot be looked into: %s",
		path, why.text);
	return dv_hint(DV_E_UNSUPPORTED, "%s", *why.hint ? why.hint :
		       "where it is gone for good: git worktree prune");
}

static int reach_worktrees(struct reach *r)
{
	const struct git_place *own = &r->repo->place;
	DV_AUTO_BUF struct buf list = BUF_INIT;
	int err = reach_worktree(r, r->repo);
	char *at, *path;

	if (!err)
		err = list_worktrees(own->worktree, &list);
	at = list.data;
	while (!err && (path = next_worktree(&at))) {
		DV_AUTO_FREE char *real = realpath(path, NULL);

		/* of a submodule git names the git folder as its main one */
		if (real && (!strcmp(real, own->worktree) ||
			     (!strcmp(real, own->common_dir) &&
			      !strcmp(own->git_dir, own->common_dir))))
			continue;
		err = other_worktree(r, path);
	}
	/* a bare one has no work tree, but FETCH_HEAD and the like */
	if (!err && strcmp(own->git_dir, own->common_dir))
		err = note_heads(r, own->common_dir);
	return err;
}

/* --- history ----------------------------------------------------------- */

/*
 * HEADs and reflogs of all work trees, what is under way, and refs, which may
 * also be of trees and blobs.
 */
static int list_heads(struct reach *r, struct buf *out)
{
	static const char *const all[] = {
		"rev-list", "--no-walk=unsorted", "--all", "--reflog", NULL
	};
	static const char *const refs[] = {
		"for-each-ref", REVISION_REFS, NULL
	};
	static const char *const noted[] = {
		"rev-list", "--no-walk=unsorted", "--ignore-missing",
		"--stdin", NULL
	};
	int err = run_git(r->repo, all, NULL, 0, out);

	if (!err)
		err = run_git(r->repo, refs, NULL, 0, out);
	if (err && err != DV_E_INTERRUPTED)
		return dv_hint(dv_fail(DV_E_INVALID, "git cannot list the "
				       "commits of %s",
				       r->repo->place.worktree), "git fsck");
	buf_add(out, r->refs.data, r->refs.len);
	return r->heads.len && !err ? run_git(r->repo, noted, r->heads.data,
					      r->heads.len, out) : err;
}

static int note_found(const struct revision_pointer *p, void *data)
{
	struct reach *r = data;

	ARRAY_GROW(r->found, r->count + 1, r->room);
	r->found[r->count++] = *p;
	return 0;
}

/* All are found first: a partial clone gets what it lacks at once. */
static int take_found(struct reach *r)
{
	DV_AUTO_BUF struct buf ids = BUF_INIT;
	int err;

	if (repo_is_partial(r->repo))
		for (size_t i = 0; i < r->count; i++)
			obtain_add(&ids, r->found[i].blob);
	err = repo_obtain(r->repo, &ids);
	for (size_t i = 0; i < r->count && !err; i++)
		err = take_blob(r, &r->found[i]);
	return err;
}

static int reach_history(struct reach *r)
{
	bool lenient = r->flags & REACH_LENIENT;
	DV_AUTO_BUF struct buf heads = BUF_INIT;
	int err = 0;

	if (!lenient)
		err = reach_check(r->repo);
	if (!err)
		err = list_heads(r, &heads);
	if (!err)
		err = revision_history(r->revision, heads.data, note_found, r);
	return err ? err : take_found(r);
}

/* --- all of it --------------------------------------------------------- */

/*
 * Work trees come before history: what is committed or stashed while we look
 * was in the work tree, and what was checked out is in history still.
 */
int reach_each(struct dv_repo *repo, enum reach_flags flags, reach_cb *fn,
	       void *data)
{
	TRACE_REGION("git: all that can be reached");
	struct reach r = {
		.repo = repo, .flags = flags, .fn = fn, .data = data,
		.revision = revision_new(repo), .heads = BUF_INIT,
		.refs = BUF_INIT,
	};
	int err = reach_worktrees(&r);

	r.worktree = repo->place.worktree;
	if (!err)
		err = reach_history(&r);
	revision_free(r.revision);
	buf_release(&r.heads);
	buf_release(&r.refs);
	free(r.found);
	return err;
}

int reach_open(const char *folder, struct dv_repo **out)
{
	DV_AUTO_BUF struct buf list = BUF_INIT;
	int err = list_worktrees(folder, &list);
	char *at = list.data, *path;

	*out = NULL;
	if (err)
		return dv_fail(DV_E_NOTFOUND, "no repository of git at %s",
			       folder);
	err = 0;
	while (!*out && (path = next_worktree(&at)))
		err = open_listed(path, out);
	/* a bare one needs what its refs have */
	return err || *out ? err : repo_open_git(folder, out);
}
