/* dv_log(): the commits that changed a tracked path, or a part of it. */

#include <string.h>

#include "dv/log.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/history.h"
#include "git/repo.h"
#include "git/revision.h"
#include "store/tree_diff.h"
#include "work/entry.h"
#include "work/resolve.h"

#define SUFFIX_LEN	(sizeof(DV_POINTER_SUFFIX) - 1)
#define ENOUGH		1	/* ends history_each() */

struct log {
	struct dv_repo *repo;
	const struct dv_log_options *options;
	struct revision *revision;	/* owned */
	struct store_reader *reader;	/* owned */
	const char *inside;
	unsigned told;
	struct error_state lacks;
	dv_log_cb *fn;
	void *data;
};

/* One side of a commit. */
struct log_side {
	struct dv_tracked tracked;	/* owns its pointer */
	struct buf path, shown;
	struct tree_entry entry;
	struct dv_entry out;
	bool pointer, there, lacking;
};

/* A pointer that is none (a merge gone wrong, once) counts as none. */
static int read_pointer(struct log *l, const struct history_commit *c,
			const char *path, const char *blob,
			struct log_side *side)
{
	size_t len = path ? strlen(path) : 0;
	int err;

	if (len <= SUFFIX_LEN)
		return 0;
	buf_add(&side->path, path, len - SUFFIX_LEN);
	path_join(&side->shown, side->path.data, l->inside);
	err = revision_blob(l->revision, side->path.data, c->commit, blob,
			    &side->tracked.pointer);
	if (err == DV_E_INVALID)
		return 0;
	side->pointer = !err;
	side->tracked.path = side->path.data;
	side->tracked.inside = "";
	return err;
}

/* Of a file whose node the store lacks size and id are the pointer's. */
static int find_entry(struct log *l, struct arena *arena,
		      struct log_side *side)
{
	const struct dv_pointer *p = &side->tracked.pointer;
	struct tree_entry root;
	int err = 0;

	if (!side->pointer)
		return 0;
	if (p->kind == DV_KIND_FILE) {
		side->there = !*l->inside;
		side->entry = (struct tree_entry){
			.type = ENTRY_FILE,
			.content = { .id = p->id, .size = p->size },
		};
		return 0;
	}
	resolve_root(p, &root);
	err = resolve_inside(l->reader, side->path.data, &root, l->inside,
			     arena, &side->entry);
	side->there = !err;
	side->lacking = err == DV_E_INCOMPLETE;
	if (side->lacking && !l->lacks.code) {
		DV_AUTO_BUF struct buf word = BUF_INIT;

		dv_hint(err, "dv fetch -A %s",
			repo_word(l->repo, side->path.data, &word));
		error_save(err, &l->lacks);
	}
	return err == DV_E_NOTFOUND || side->lacking ? 0 : err;
}

static const struct dv_entry *shown_entry(struct log_side *side)
{
	if (!side->there)
		return NULL;
	entry_shown(&side->entry, side->shown.data, &side->out);
	return &side->out;
}

/* --- what changed inside --------------------------------------------- */

static int count_change(const struct dv_change *c, void *data)
{
	const struct dv_entry *e = c->after ? c->after : c->before;
	uint64_t files = e->type == DV_ENTRY_DIR ? e->files : 1;
	struct dv_log_entry *out = data;

	if (c->kind == DV_CHANGE_ADDED)
		out->added += files;
	else if (c->kind == DV_CHANGE_DELETED)
		out->deleted += files;
	else if (c->kind == DV_CHANGE_RENAMED)
		out->renamed += files;
	else
		out->modified++;
	out->unlisted |= c->unlisted;
	return 0;
}

static int count(struct log *l, struct log_side sides[2],
		 struct dv_log_entry *out)
{
	const struct dv_tracked *pair[2] = { NULL, NULL };
	DV_AUTO_BUF struct buf before = BUF_INIT;
	DV_AUTO_BUF struct buf after = BUF_INIT;
	struct buf *full[2] = { &before, &after };
	const char *paths[2];
	struct dv_diff_options o = { .pair = pair, .paths = paths };
	int err;

	for (int i = 0; i < 2; i++) {
		if (!sides[i].there)
			continue;
		pair[i] = &sides[i].tracked;
		buf_addf(full[i], "%s/%s", dv_repo_worktree(l->repo),
			 sides[i].shown.data);
		paths[o.count++] = full[i]->data;
	}
	err = dv_diff(l->repo, &o, count_change, out, NULL);
	return err == DV_E_INCOMPLETE ? 0 : err;
}

/* --- commits --------------------------------------------------------- */

static enum dv_change_kind kind_of(const struct log_side sides[2])
{
	if (sides[0].lacking || sides[1].lacking)
		return DV_CHANGE_MODIFIED;
	if (!sides[0].there)
		return DV_CHANGE_ADDED;
	if (!sides[1].there)
		return DV_CHANGE_DELETED;
	if (strcmp(sides[0].path.data, sides[1].path.data))
		return DV_CHANGE_RENAMED;
	return sides[0].entry.type == sides[1].entry.type ?
		DV_CHANGE_MODIFIED : DV_CHANGE_TYPE;
}

/* True when the commit did something to what was asked for. */
static bool concerned(const struct log *l, const struct log_side sides[2])
{
	if (sides[0].lacking || sides[1].lacking || !*l->inside)
		return true;
	if (!sides[0].there || !sides[1].there)
		return sides[0].there || sides[1].there;
	return strcmp(sides[0].path.data, sides[1].path.data) ||
		!tree_entry_equal(&sides[0].entry, &sides[1].entry);
}

static int tell(struct log *l, const struct history_commit *c,
		struct log_side sides[2])
{
	struct dv_log_entry out = {
		.commit = c->commit, .author = c->author,
		.subject = c->subject, .date = c->date,
		.kind = kind_of(sides),
		.before = shown_entry(&sides[0]),
		.after = shown_entry(&sides[1]),
		.unlisted = sides[0].lacking || sides[1].lacking,
	};
	int err = 0;

	if (!out.unlisted && (sides[0].there || sides[1].there))
		err = count(l, sides, &out);
	l->told++;
	return err ? err : l->fn(&out, l->data);
}

static int take_commit(const struct history_commit *c, void *data)
{
	struct log *l = data;
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct log_side sides[2] = {
		{ .path = BUF_INIT, .shown = BUF_INIT },
		{ .path = BUF_INIT, .shown = BUF_INIT },
	};
	int err = read_pointer(l, c, c->before, c->before_blob, &sides[0]);

	if (!err)
		err = read_pointer(l, c, c->after, c->after_blob, &sides[1]);
	for (int i = 0; i < 2 && !err; i++)
		err = find_entry(l, &arena, &sides[i]);
	if (!err && concerned(l, sides))
		err = tell(l, c, sides);
	for (int i = 0; i < 2; i++) {
		dv_pointer_release(&sides[i].tracked.pointer);
		buf_release(&sides[i].path);
		buf_release(&sides[i].shown);
	}
	if (!err && l->options->most && l->told == l->options->most)
		err = ENOUGH;
	return err;
}

/* The history of <path>.dv, and in it of what is inside. */
static int follow(struct log *l, const char *path, const char *inside)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct history_options o = { .range = l->options->range };
	int err;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	o.pointer = pointer.data;
	o.most = *inside ? 0 : l->options->most;
	l->inside = inside;
	err = history_each(l->repo, &o, take_commit, l);
	return err == ENOUGH ? 0 : err;
}

/*
 * What is tracked now says which part of the path is the pointer's; else the
 * first of the folders above that has a history.
 */
static int follow_any(struct log *l, const char *asked)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err;

	buf_addstr(&name, asked);
	if (name.len > SUFFIX_LEN && !strcmp(name.data + name.len - SUFFIX_LEN,
					     DV_POINTER_SUFFIX))
		buf_setlen(&name, name.len - SUFFIX_LEN);
	err = tracked_find(l->repo, name.data, &path, &inside);
	if (err != DV_E_NOTFOUND)
		return err ? err : follow(l, path.data, inside.data);
	buf_addstr(&path, name.data);
	for (err = 0; path.len && !err && !l->told && !l->lacks.code;
	     buf_setlen(&path, path_parent_len(path.data))) {
		const char *rest = path_below(name.data, path.data);

		err = follow(l, path.data, rest);
	}
	return err;
}

/* Both ends of a range are looked up before git is asked for all. */
static int check_range(struct dv_repo *repo, const char *range)
{
	char hex[DV_COMMIT_HEX + 1];
	DV_AUTO_BUF struct buf rev = BUF_INIT;
	const char *dots = range ? strstr(range, "..") : NULL;
	int err = 0;

	if (!range || !dots)
		return dv_repo_commit(repo, range ? range : "HEAD", hex);
	buf_add(&rev, range, dots - range);
	if (rev.len)
		err = dv_repo_commit(repo, rev.data, hex);
	dots += 2 + (dots[2] == '.');
	return err || !*dots ? err : dv_repo_commit(repo, dots, hex);
}

/* What there is at a path that has no version. */
static int no_version(struct dv_repo *repo, const char *path,
		      const struct dv_log_options *o)
{
	const char *typed = o->path;
	DV_AUTO_BUF struct buf found = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int err;

	if (o->range)
		return dv_fail(DV_E_NOTFOUND, "no commit of %s changes %s",
			       o->range, typed);
	path_word(typed, &word);
	if (!tracked_find(repo, path, &found, &inside)) {
		err = dv_fail(DV_E_NOTFOUND, "no commit has a version of %s "
			      "yet", typed);
		return dv_hint(err, "git commit its pointer, %s%s",
			       found.data, DV_POINTER_SUFFIX);
	}
	if (!repo_git_tracks(repo, path, &found)) {
		err = dv_fail(DV_E_NOTFOUND, "dv does not track %s: git does",
			      typed);
		return dv_hint(err, "git log -- %s", word.data);
	}
	err = dv_fail(DV_E_NOTFOUND, "no commit has a version of %s: it is "
		      "not tracked", typed);
	return repo_hint_away(repo, err, path);
}

int dv_log(struct dv_repo *repo, const struct dv_log_options *options,
	   dv_log_cb *fn, void *data)
{
	TRACE_REGION("log");
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct log l = {
		.repo = repo, .options = options, .fn = fn, .data = data,
	};
	struct store *store;
	int err = path_inside(dv_repo_worktree(repo), dv_repo_prefix(repo),
			      options->path, &path);

	if (!err)
		err = check_range(repo, options->range);
	if (!err)
		err = repo_store(repo, &store);
	if (err)
		return err;
	l.reader = store_reader_new(store);
	l.revision = revision_new(repo);
	err = follow_any(&l, path.data);
	revision_free(l.revision);
	store_reader_free(l.reader);
	if (!err && l.lacks.code)
		err = error_restore(&l.lacks);
	if (!err && !l.told)
		err = no_version(repo, path.data, options);
	return err;
}
