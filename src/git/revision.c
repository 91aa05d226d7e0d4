#include "git/revision_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/head.h"
#include "git/obtain.h"

/* --- life -------------------------------------------------------------- */

struct revision *revision_new(struct dv_repo *repo)
{
	struct revision *r = xcalloc(1, sizeof(*r));

	r->repo = repo;
	r->path = (struct buf)BUF_INIT;
	return r;
}

void revision_free(struct revision *r)
{
	if (!r)
		return;
	arena_release(&r->arena);
	names_release(&r->folders);
	names_release(&r->paths);
	names_release(&r->shallow);
	id_map_release(&r->trees);
	id_map_release(&r->places);
	id_map_release(&r->found);
	id_map_release(&r->commits);
	buf_release(&r->path);
	free(r);
}

/* One line for each commit whose parents a shallow clone does not have. */
static int read_shallow(struct revision *r)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	buf_addf(&path, "%s/shallow", r->repo->place.common_dir);
	err = file_read(path.data, 64u << 20, &text);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	for (const char *at = text.data; *at; ) {
		size_t n = strcspn(at, "\n");
		git_oid id;

		if (n >= GIT_OID_HEXSZ && !lib.oid_fromstr(&id, at))
			names_add(&r->shallow, (const char *)id.id,
				  sizeof(id.id));
		at += n;
		at += *at == '\n';
	}
	return 0;
}

int revision_start(struct revision *r)
{
	int err;

	if (r->git)
		return 0;
	err = repo_git(r->repo, &r->git);
	return err ? err : read_shallow(r);
}

/* --- commits ----------------------------------------------------------- */

static int lookup(struct revision *r, const git_oid *id, git_commit **out)
{
	int code = lib.commit_lookup(out, r->git, id), err;

	if (code == GIT_ENOTFOUND) {
		err = repo_git_obtain(r->repo, id);
		if (err)
			return err;
		code = lib.commit_lookup(out, r->git, id);
	}
	return code < 0 ? lib_fail(GIT_ERROR, "cannot read a commit") : 0;
}

/* Commits to visit, each of them once. */
struct queue {
	struct queued {
		git_oid commit, tree;
		bool is_tree;	/* no commit: a ref is of it */
	} *items;		/* owned */
	size_t next, count, room;
	struct id_map known;
};

static void queue_release(struct queue *q)
{
	id_map_release(&q->known);
	free(q->items);
}

static void push(struct queue *q, const git_oid *id, bool is_tree)
{
	struct dv_id key = revision_key(id, 0);
	bool added;

	id_map_put(&q->known, &key, 0, &added);
	if (!added)
		return;
	ARRAY_GROW(q->items, q->count + 1, q->room);
	q->items[q->count++] = (struct queued){
		.commit = *id, .tree = *id, .is_tree = is_tree,
	};
}

/* Its tree, and where the clone is not cut off there, its parents. */
static int read_commit(struct revision *r, struct queue *q, size_t n,
		       bool history)
{
	const git_oid id = q->items[n].commit;
	git_commit *commit;
	bool cut;
	int err;

	if (q->items[n].is_tree)
		return 0;
	err = lookup(r, &id, &commit);
	if (err)
		return err;
	q->items[n].tree = *lib.commit_tree_id(commit);
	cut = !history || names_find(&r->shallow, (const char *)id.id,
				     sizeof(id.id)) != NAMES_NONE;
	for (unsigned i = 0; !cut && i < lib.commit_parentcount(commit); i++)
		push(q, lib.commit_parent_id(commit, i), false);
	lib.commit_free(commit);
	return 0;
}

static int obtain_trees(struct revision *r, const struct queue *q, size_t from)
{
	DV_AUTO_BUF struct buf ids = BUF_INIT;

	if (!repo_is_partial(r->repo))
		return 0;
	for (size_t i = from; i < q->count; i++)
		obtain_add(&ids, q->items[i].tree.id);
	return repo_obtain(r->repo, &ids);
}

/*
 * What is in the queue, with all that can be reached from it or without:
 * first the commits, so that the trees of all of them are known.
 */
static int visit_queue(struct revision *r, struct queue *q, bool history)
{
	size_t from = q->next;
	int err = 0;

	for (; q->next < q->count && !err; q->next++) {
		err = cancel_check();
		if (!err)
			err = read_commit(r, q, q->next, history);
	}
	if (!err)
		err = obtain_trees(r, q, from);
	for (size_t i = from; i < q->count && !err; i++) {
		struct dv_id key = revision_key(&q->items[i].commit, 0);
		bool added;

		id_map_put(&r->commits, &key, 0, &added);
		if (added)
			err = revision_walk(r, &q->items[i].tree,
					    &q->items[i].commit);
	}
	return err;
}

static int visit(struct revision *r, const git_oid *id)
{
	struct queue q = { 0 };
	int err;

	push(&q, id, false);
	err = visit_queue(r, &q, false);
	queue_release(&q);
	return err;
}

/* --- names of commits -------------------------------------------------- */

/* What an object is or, as a tag, stands for: a commit, a tree or a blob. */
static int peel(struct revision *r, const git_oid *id, git_object_t *is,
		git_oid *out)
{
	git_object *object, *tag;
	int code, err;

	code = lib.object_lookup(&object, r->git, id, GIT_OBJECT_ANY);
	if (code == GIT_ENOTFOUND) {
		err = repo_git_obtain(r->repo, id);
		if (err)
			return err;
		code = lib.object_lookup(&object, r->git, id, GIT_OBJECT_ANY);
	}
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read an object");
	if (lib.object_type(object) == GIT_OBJECT_TAG) {
		tag = object;
		code = lib.object_peel(&object, tag, GIT_OBJECT_ANY);
		lib.object_free(tag);
		if (code < 0)
			return lib_fail(GIT_ERROR, "cannot read a tag");
	}
	*is = lib.object_type(object);
	*out = *lib.object_id(object);
	lib.object_free(object);
	return 0;
}

static int no_such_commit(const struct revision *r, const char *rev)
{
	int err;

	if (!strcmp(rev, "HEAD"))
		return dv_hint(dv_fail(DV_E_NOTFOUND, "there is no commit "
				       "yet"), "git commit");
	err = dv_fail(DV_E_NOTFOUND, "no such commit: %s", rev);
	if (!r->shallow.count)
		return err;
	return dv_hint(err, "this clone is shallow: git fetch --deepen=<n> "
		       "gets so many commits more");
}

/* For what it does not know git has no other word than for its own failure. */
static int check_git(const struct dv_repo *repo)
{
	static const char *const args[] = { "rev-parse", "--git-dir", NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;

	return run_git(repo, args, NULL, 0, &out);
}

/* The user's git reads all but the plainest: it knows every form. */
static int resolve(struct revision *r, const char *rev, git_oid *out)
{
	const char *args[] = { "rev-parse", "--verify", "-q", rev, NULL };
	DV_AUTO_BUF struct buf hex = BUF_INIT;
	git_object_t is = GIT_OBJECT_INVALID;
	git_oid id;
	int err = revision_start(r);

	if (err)
		return err;
	if (!strcmp(rev, "HEAD"))
		err = head_commit(r->repo, &hex);
	else if (strspn(rev, "0123456789abcdef") == GIT_OID_HEXSZ &&
		 !rev[GIT_OID_HEXSZ])
		buf_addstr(&hex, rev);
	else if (*rev && *rev != '-')
		err = run_git(r->repo, args, NULL, 0, &hex);
	if (err == DV_E_IO)
		err = check_git(r->repo);
	/* more than a line: a range, which git takes for commits too */
	if (!err && hex.len >= GIT_OID_HEXSZ &&
	    hex.len <= GIT_OID_HEXSZ + 1 && !lib.oid_fromstr(&id, hex.data))
		err = peel(r, &id, &is, out);
	return err || is == GIT_OBJECT_COMMIT ? err : no_such_commit(r, rev);
}

int dv_repo_commit(struct dv_repo *repo, const char *rev,
		   char hex[DV_COMMIT_HEX + 1])
{
	struct revision *r = revision_new(repo);
	git_oid id;
	int err = resolve(r, rev, &id);

	if (!err)
		lib.oid_tostr(hex, DV_COMMIT_HEX + 1, &id);
	revision_free(r);
	return err;
}

int revision_one(struct revision *r, const char *rev, revision_cb *fn,
		 void *data)
{
	git_oid id;
	int err = resolve(r, rev, &id);

	r->fn = fn;
	r->data = data;
	return err ? err : visit(r, &id);
}

/* A ref that is of a pointer alone: its name stands in for a path. */
static int report_blob(struct revision *r, const git_oid *id, const char *ref,
		       size_t len)
{
	char hex[GIT_OID_HEXSZ + 1];

	lib.oid_tostr(hex, sizeof(hex), id);
	r->commit = arena_copy(&r->arena, hex, GIT_OID_HEXSZ);
	buf_clear(&r->path);
	buf_add(&r->path, ref, len);
	buf_addstr(&r->path, DV_POINTER_SUFFIX);
	return revision_report(r, id);
}

/* `ref`: of which it is, len bytes; 0: not known. */
static int add_object(struct revision *r, const git_oid *id, const char *ref,
		      size_t len, struct queue *q)
{
	struct dv_id key = revision_key(id, 0);
	git_oid what;
	git_object_t is;
	int err;

	if (id_map_get(&q->known, &key))	/* refs of one commit */
		return 0;
	err = peel(r, id, &is, &what);
	if (!err && is != GIT_OBJECT_BLOB)
		push(q, &what, is == GIT_OBJECT_TREE);
	else if (!err && len)
		err = report_blob(r, &what, ref, len);
	return err;
}

/*
 * What the lines of text name, or tags there stand for: "<id>", or "<id>
 * <ref>".
 */
static int add_lines(struct revision *r, const char *text, struct queue *q)
{
	int err = 0;

	for (const char *at = text; *at && !err; at += *at == '\n') {
		size_t len = strcspn(at, "\n"), id_len = strcspn(at, " \n");
		git_oid id;

		if (id_len != GIT_OID_HEXSZ || lib.oid_fromstr(&id, at))
			return dv_fail(DV_E_IO, "cannot read what git says of "
				       "its refs");
		err = add_object(r, &id, at + id_len + 1,
				 len > id_len ? len - id_len - 1 : 0, q);
		at += len;
	}
	return err;
}

/* Refs are git's business: they may be kept in more than one way. */
static int add_refs(struct revision *r, const struct dv_selection *what,
		    struct queue *q)
{
	const char *args[6] = { "for-each-ref", REVISION_REFS };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	size_t n = 2;
	int err;

	if (!what->all_commits && what->all_branches)
		args[n++] = "refs/heads/";
	if (!what->all_commits && what->all_tags)
		args[n++] = "refs/tags/";
	err = run_git(r->repo, args, NULL, 0, &out);
	return err ? err : add_lines(r, out.data, q);
}

int revision_history(struct revision *r, const char *lines, revision_cb *fn,
		     void *data)
{
	struct queue q = { 0 };
	int err = revision_start(r);

	r->fn = fn;
	r->data = data;
	if (!err)
		err = add_lines(r, lines, &q);
	if (!err)
		err = visit_queue(r, &q, true);
	queue_release(&q);
	return err;
}

int revision_all(struct revision *r, const struct dv_selection *what,
		 revision_cb *fn, void *data)
{
	TRACE_REGION("git: all commits");
	struct queue q = { 0 };
	git_oid head;
	int err = revision_start(r);

	r->fn = fn;
	r->data = data;
	/*
	 * HEAD may be detached; without a commit there is none to add.  Its
	 * history comes first: who looks for something like what is here
	 * finds it soon.
	 */
	if (!err && what->all_commits) {
		err = resolve(r, "HEAD", &head);
		if (!err)
			push(&q, &head, false);
		if (err == DV_E_NOTFOUND)
			err = 0;
		if (!err)
			err = visit_queue(r, &q, true);
	}
	if (!err)
		err = add_refs(r, what, &q);
	if (!err)
		err = visit_queue(r, &q, what->all_commits);
	queue_release(&q);
	return err;
}

/* --- what a range of commits brought ------------------------------------ */

#define RANGE_PATHS	":(top,glob)**/*" DV_POINTER_SUFFIX

/* Git's own walk: commits of the range that change a pointer. */
static int range_commits(struct revision *r, const struct dv_selection *what,
			 struct buf *out)
{
	DV_AUTO_BUF struct buf remote = BUF_INIT;
	DV_AUTO_BUF struct buf in = BUF_INIT;
	const char *args[] = {
		"rev-list", "--full-history", "--ignore-missing", "--not",
		"--remotes=", "--not", "--stdin", "--", RANGE_PATHS, NULL
	};

	/* a name that no remote has keeps nothing out */
	buf_addf(&remote, "--remotes=%s",
		 what->range_remote ? what->range_remote : "?");
	args[4] = remote.data;
	for (size_t i = 0; i < what->range_count; i++)
		buf_addf(&in, "%s\n", what->range[i]);
	return run_git(r->repo, args, in.data, in.len, out);
}

/* ":<mode> <mode> <id> <id> <letter>", a 0 byte, the path, a 0 byte. */
static int range_change(struct revision *r, const char *line,
			const char *path)
{
	unsigned old_mode, mode;
	char id[GIT_OID_HEXSZ + 1];
	size_t len = strlen(path);
	git_oid blob;
	int err;

	if (sscanf(line, ":%o %o %*40s %40s", &old_mode, &mode, id) != 3 ||
	    (mode & 0170000) != 0100000 || len > PATH_MOST ||
	    !pointer_name(path, len) || !path_relative_ok(path))
		return 0;
	err = revision_start(r);	/* without pointers it is not needed */
	if (err || lib.oid_fromstr(&blob, id))
		return err;
	buf_clear(&r->path);
	buf_addstr(&r->path, path);
	return revision_report(r, &blob);
}

/* A merge is compared with each of its parents. */
int revision_range(struct revision *r, const struct dv_selection *what,
		   revision_cb *fn, void *data)
{
	const char *const args[] = {
		"diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "-z",
		"--no-renames", "--no-commit-id", "--diff-filter=AMT", "--",
		RANGE_PATHS, NULL
	};
	DV_AUTO_BUF struct buf commits = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = range_commits(r, what, &commits);

	r->fn = fn;
	r->data = data;
	r->commit = what->range_count ? what->range[0] : "";
	if (!err && commits.len)
		err = run_git(r->repo, args, commits.data, commits.len, &out);
	for (size_t at = 0; at < out.len && !err; ) {
		const char *line = out.data + at, *path;

		at += strlen(line) + 1;
		if (*line != ':' || at >= out.len)
			continue;
		path = out.data + at;
		at += strlen(path) + 1;
		err = range_change(r, line, path);
	}
	return err;
}
