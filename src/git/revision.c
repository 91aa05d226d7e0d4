#include "git/revision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/head.h"
#include "git/lib.h"
#include "git/private.h"

#define DEPTH_MOST	512
#define PATH_MOST	4096
#define FOUND_MOST	(4u << 20)	/* pointers: no honest history */

/* What is known of a tree by its id alone. */
enum tree_state {
	TREE_BARREN = 1,	/* no pointer in it or below */
	TREE_FERTILE = 2,
};

struct revision {
	struct dv_repo *repo;
	git_repository *git;
	struct arena arena;
	struct names folders;	/* numbers for paths of folders */
	struct id_map trees;	/* tree: enum tree_state */
	struct id_map places;	/* tree and number of its folder: seen */
	struct id_map found;	/* blob and number of its path: seen */
	struct id_map commits;	/* seen */
	struct names paths;	/* of data */
	struct names shallow;	/* commits (20 bytes) without parents here */
	struct buf path;	/* where the walk is */
	const char *commit;	/* hex, of the walk */
	size_t count;		/* of pointers */
	revision_cb *fn;
	void *data;
};

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

static int start(struct revision *r)
{
	int err;

	if (r->git)
		return 0;
	err = repo_git(r->repo, &r->git);
	return err ? err : read_shallow(r);
}

/* A git id and a number as the key of a map. */
static struct dv_id key_of(const git_oid *id, uint32_t number)
{
	struct dv_id key = { { 0 } };

	memcpy(key.bytes, id->id, sizeof(id->id));
	memcpy(key.bytes + sizeof(id->id), &number, sizeof(number));
	return key;
}

/* --- trees ------------------------------------------------------------- */

static int walk(struct revision *r, const git_oid *id, int depth,
		bool *fertile);

static int report(struct revision *r, const git_oid *blob)
{
	struct revision_pointer p;
	struct dv_id key;
	uint32_t number;
	bool added;

	number = names_add(&r->paths, r->path.data,
			   r->path.len - (sizeof(DV_POINTER_SUFFIX) - 1));
	key = key_of(blob, number);
	id_map_put(&r->found, &key, 0, &added);
	if (!added)
		return 0;
	if (++r->count > FOUND_MOST)
		return dv_fail(DV_E_INVALID, "too many pointers in %s",
			       r->commit);
	p.path = r->paths.items[number].text;
	p.commit = r->commit;
	p.blob = arena_copy(&r->arena, blob, sizeof(*blob));
	return r->fn(&p, r->data);
}

static int walk_entry(struct revision *r, const git_tree_entry *entry,
		      int depth, bool *fertile)
{
	const char *name = lib.tree_entry_name(entry);
	git_filemode_t mode = lib.tree_entry_filemode(entry);
	size_t before = r->path.len, len = strlen(name);
	int err = 0;

	if (mode != GIT_FILEMODE_TREE &&
	    (!pointer_name(name, len) || (mode & 0170000) != 0100000))
		return 0;
	/* a tree can hold any name; those that lead astray are not ours */
	if (!path_name_ok(name, len) || before + len + 1 > PATH_MOST)
		return 0;
	path_append(&r->path, name);
	if (mode == GIT_FILEMODE_TREE) {
		err = walk(r, lib.tree_entry_id(entry), depth + 1, fertile);
	} else {
		*fertile = true;
		err = report(r, lib.tree_entry_id(entry));
	}
	buf_setlen(&r->path, before);
	return err;
}

static int walk_entries(struct revision *r, const git_oid *id, int depth,
			bool *fertile)
{
	git_tree *tree;
	int err = repo_git_tree(r->repo, id, &tree);

	if (err)
		return err;
	for (size_t i = 0; i < lib.tree_entrycount(tree) && !err; i++)
		err = walk_entry(r, lib.tree_entry_byindex(tree, i), depth,
				 fertile);
	lib.tree_free(tree);
	return err;
}

/*
 * A tree without pointers is looked at once, wherever it is; one with them
 * once for each folder it is found as.
 */
static int walk(struct revision *r, const git_oid *id, int depth,
		bool *fertile)
{
	struct dv_id key = key_of(id, 0);
	uint64_t *known = id_map_get(&r->trees, &key);
	struct dv_id place;
	bool any = false, added;
	int err;

	if (depth > DEPTH_MOST)
		return dv_fail(DV_E_INVALID, "%s has more than %d levels of "
			       "folders", r->commit, DEPTH_MOST);
	if (known && *known == TREE_BARREN)
		return 0;
	place = key_of(id, names_add(&r->folders, r->path.data, r->path.len));
	id_map_put(&r->places, &place, 0, &added);
	if (!added) {
		*fertile = true;
		return 0;
	}
	err = cancel_check();
	if (!err)
		err = walk_entries(r, id, depth, &any);
	if (err)
		return err;
	*id_map_put(&r->trees, &key, 0, NULL) = any ? TREE_FERTILE :
		TREE_BARREN;
	*fertile |= any;
	return 0;
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

static int walk_commit(struct revision *r, const git_commit *commit,
		       const git_oid *id)
{
	git_oid tree = *lib.commit_tree_id(commit);
	char hex[GIT_OID_HEXSZ + 1];
	bool fertile = false;

	lib.oid_tostr(hex, sizeof(hex), id);
	r->commit = arena_copy(&r->arena, hex, GIT_OID_HEXSZ);
	buf_clear(&r->path);
	return walk(r, &tree, 0, &fertile);
}

static int visit(struct revision *r, const git_oid *id)
{
	struct dv_id key = key_of(id, 0);
	git_commit *commit;
	bool added;
	int err;

	id_map_put(&r->commits, &key, 0, &added);
	if (!added)
		return 0;
	err = lookup(r, id, &commit);
	if (err)
		return err;
	err = walk_commit(r, commit, id);
	lib.commit_free(commit);
	return err;
}

/* Commits to visit, each of them once. */
struct queue {
	git_oid *ids;		/* owned */
	size_t next, count, room;
	struct id_map known;
};

static void push_id(struct queue *q, const git_oid *id)
{
	struct dv_id key = key_of(id, 0);
	bool added;

	id_map_put(&q->known, &key, 0, &added);
	if (!added)
		return;
	ARRAY_GROW(q->ids, q->count + 1, q->room);
	q->ids[q->count++] = *id;
}

/* The commit, and where the clone is not cut off there, its parents. */
static int visit_and_queue(struct revision *r, const git_oid *id,
			   struct queue *q)
{
	struct dv_id key = key_of(id, 0);
	git_commit *commit;
	bool added, cut;
	int err = lookup(r, id, &commit);

	if (err)
		return err;
	id_map_put(&r->commits, &key, 0, &added);
	if (added)
		err = walk_commit(r, commit, id);
	cut = names_find(&r->shallow, (const char *)id->id, sizeof(id->id)) !=
		NAMES_NONE;
	for (unsigned i = 0; !err && !cut &&
	     i < lib.commit_parentcount(commit); i++)
		push_id(q, lib.commit_parent_id(commit, i));
	lib.commit_free(commit);
	return err;
}

/* What is in the queue, with all that can be reached from it or without. */
static int visit_queue(struct revision *r, struct queue *q, bool history)
{
	int err = 0;

	while (q->next < q->count && !err) {
		git_oid id = q->ids[q->next++];

		err = cancel_check();
		if (!err)
			err = history ? visit_and_queue(r, &id, q) :
				visit(r, &id);
	}
	return err;
}

/* --- names of commits -------------------------------------------------- */

/*
 * The commit that an object is or stands for.  A tag may also be of a blob
 * or a tree: then *is is false.
 */
static int peel(struct revision *r, const git_oid *id, bool *is, git_oid *out)
{
	git_object *object, *commit;
	int code, err;

	*is = false;
	code = lib.object_lookup(&object, r->git, id, GIT_OBJECT_ANY);
	if (code == GIT_ENOTFOUND) {
		err = repo_git_obtain(r->repo, id);
		if (err)
			return err;
		code = lib.object_lookup(&object, r->git, id, GIT_OBJECT_ANY);
	}
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read an object");
	code = lib.object_peel(&commit, object, GIT_OBJECT_COMMIT);
	lib.object_free(object);
	if (code == GIT_EPEEL || code == GIT_EINVALIDSPEC)
		return 0;
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read a tag");
	*is = true;
	*out = *lib.object_id(commit);
	lib.object_free(commit);
	return 0;
}

/* The user's git reads all but the plainest: it knows every form. */
static int resolve(struct revision *r, const char *rev, git_oid *out)
{
	const char *args[] = { "rev-parse", "--verify", "-q", rev, NULL };
	DV_AUTO_BUF struct buf hex = BUF_INIT;
	bool is = false;
	git_oid id;
	int err = start(r);

	if (err)
		return err;
	if (!strcmp(rev, "HEAD"))
		err = head_commit(r->repo, &hex);
	else if (strspn(rev, "0123456789abcdef") == GIT_OID_HEXSZ &&
		 !rev[GIT_OID_HEXSZ])
		buf_addstr(&hex, rev);
	else if (*rev && *rev != '-')
		err = run_git(r->repo, args, NULL, 0, &hex);
	if (err == DV_E_IO)	/* git's word for what it does not know */
		err = 0;
	if (!err && hex.len >= GIT_OID_HEXSZ &&
	    !lib.oid_fromstr(&id, hex.data))
		err = peel(r, &id, &is, out);
	if (!err && !is)
		err = dv_fail(DV_E_NOTFOUND, "no such commit: %s", rev);
	return err;
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

/* The commits that the lines of text name, or that tags there stand for. */
static int add_lines(struct revision *r, const char *text, struct queue *q)
{
	int err = 0;

	for (const char *at = text; *at && !err; ) {
		git_oid id, commit;
		bool is;

		if (strcspn(at, "\n") != GIT_OID_HEXSZ ||
		    lib.oid_fromstr(&id, at))
			return dv_fail(DV_E_IO, "cannot read what git says of "
				       "its refs");
		err = peel(r, &id, &is, &commit);
		if (!err && is)
			push_id(q, &commit);
		at += GIT_OID_HEXSZ;
		at += *at == '\n';
	}
	return err;
}

/* Refs are git's business: they may be kept in more than one way. */
static int add_refs(struct revision *r, const struct dv_selection *what,
		    struct queue *q)
{
	const char *args[6] = { "for-each-ref", "--format=%(objectname)" };
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

int revision_history(struct revision *r, const char *ids, revision_cb *fn,
		     void *data)
{
	struct queue q = { 0 };
	int err = start(r);

	r->fn = fn;
	r->data = data;
	if (!err)
		err = add_lines(r, ids, &q);
	if (!err)
		err = visit_queue(r, &q, true);
	id_map_release(&q.known);
	free(q.ids);
	return err;
}

int revision_all(struct revision *r, const struct dv_selection *what,
		 revision_cb *fn, void *data)
{
	TRACE_REGION("git: all commits");
	struct queue q = { 0 };
	git_oid head;
	int err = start(r);

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
			push_id(&q, &head);
		if (err == DV_E_NOTFOUND)
			err = 0;
		if (!err)
			err = visit_queue(r, &q, true);
	}
	if (!err)
		err = add_refs(r, what, &q);
	if (!err)
		err = visit_queue(r, &q, what->all_commits);
	id_map_release(&q.known);
	free(q.ids);
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
	err = start(r);		/* without pointers it is not needed */
	if (err || lib.oid_fromstr(&blob, id))
		return err;
	buf_clear(&r->path);
	buf_addstr(&r->path, path);
	return report(r, &blob);
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

/* --- pointers ---------------------------------------------------------- */

static void revision_name(const struct revision_pointer *p, struct buf *out)
{
	buf_addf(out, "%.10s:%s%s", p->commit, p->path, DV_POINTER_SUFFIX);
}

int revision_text(struct revision *r, const struct revision_pointer *p,
		  struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	git_object_t type;
	git_blob *blob;
	git_odb *odb;
	size_t size;
	int code, err = start(r);

	if (err)
		return err;
	revision_name(p, &name);
	code = lib.repository_odb(&odb, r->git);
	if (code < 0)
		return lib_fail(code, "cannot open the objects");
	code = lib.odb_read_header(&size, &type, odb, p->blob);
	if (code == GIT_ENOTFOUND) {
		err = repo_git_obtain(r->repo, p->blob);
		code = err ? err :
			lib.odb_read_header(&size, &type, odb, p->blob);
		if (err) {
			lib.odb_free(odb);
			return err;
		}
	}
	lib.odb_free(odb);
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read %s", name.data);
	if (size > DV_POINTER_MAX || type != GIT_OBJECT_BLOB)
		return dv_fail(DV_E_INVALID, "%s is too long for a pointer",
			       name.data);
	code = lib.blob_lookup(&blob, r->git, p->blob);
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read %s", name.data);
	buf_add(out, lib.blob_rawcontent(blob), lib.blob_rawsize(blob));
	lib.blob_free(blob);
	return 0;
}

int revision_read(struct revision *r, const struct revision_pointer *p,
		  struct dv_pointer *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = revision_text(r, p, &text);

	revision_name(p, &name);
	return err ? err : dv_pointer_parse(text.data, text.len, name.data,
					    out);
}

int revision_blob(struct revision *r, const char *path, const char *commit,
		  const char *hex, struct dv_pointer *out)
{
	struct revision_pointer p = { .path = path, .commit = commit };
	git_oid id;
	int err = start(r);

	if (err)
		return err;
	if (strlen(hex) != GIT_OID_HEXSZ || lib.oid_fromstr(&id, hex))
		return dv_fail(DV_E_INVALID, "'%s' is not the id of a blob",
			       hex);
	p.blob = &id;
	return revision_read(r, &p, out);
}
