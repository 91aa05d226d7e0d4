#include "keep/live.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/repo.h"
#include "transfer/want.h"

int live_open(struct live *l, struct dv_repo *repo)
{
	int err = repo_store(repo, &l->store);

	l->repo = repo;
	if (!err)
		l->reader = store_reader_new(l->store);
	return err;
}

void live_release(struct live *l)
{
	if (l->reader)
		store_reader_free(l->reader);
	marks_release(&l->marks);
	id_map_release(&l->by_id);
	arena_release(&l->arena);
	free(l->roots);
	free(l->unread);
}

/* --- roots ------------------------------------------------------------- */

static const char *copy(struct live *l, const char *text)
{
	return text ? arena_copy(&l->arena, text, strlen(text)) : NULL;
}

/* dv_error_text() says why. */
static int note_unread(struct live *l, const char *path, const char *commit,
		       const char *worktree)
{
	ARRAY_GROW(l->unread, l->unread_count + 1, l->unread_room);
	l->unread[l->unread_count++] = (struct live_unread){
		.path = copy(l, path), .commit = copy(l, commit),
		.worktree = copy(l, worktree),
		.why = copy(l, dv_error_text()),
	};
	return 0;
}

/* Another pointer with the id of a root. */
static void add_pointer(struct live *l, struct live_root *root,
			const struct reach_pointer *p)
{
	if (!p->kind)
		return;
	root->import = p->import && (root->import || !root->kind);
	root->kind = root->kind ? root->kind : p->kind;
	if (!root->source)
		root->source = copy(l, p->source);
}

/* A pointer of the work tree says more than one of a commit. */
static int take_root(const struct reach_pointer *p, void *data)
{
	struct live *l = data;
	uint64_t *n;
	bool added;

	if (p->unreadable)
		return note_unread(l, p->path, p->commit, p->worktree);
	n = id_map_put(&l->by_id, &p->id, l->count + 1, &added);
	if (!added) {
		add_pointer(l, &l->roots[*n - 1], p);
		return 0;
	}
	ARRAY_GROW(l->roots, l->count + 1, l->room);
	l->roots[l->count++] = (struct live_root){
		.id = p->id, .kind = p->kind, .path = copy(l, p->path),
		.commit = copy(l, p->commit),
		.worktree = copy(l, p->worktree), .source = copy(l, p->source),
		.import = p->import,
	};
	return 0;
}

static int out_of_sight(const char *what, int err, const char *file)
{
	struct error_state why;

	error_save(err, &why);
	dv_fail(DV_E_UNSUPPORTED, "%s uses the store and cannot be looked "
		"into: %s", what, why.text);
	if (!file)
		return DV_E_UNSUPPORTED;
	if (err == DV_E_NETWORK)	/* it is there, and needs what it has */
		return dv_hint(DV_E_UNSUPPORTED, "%s", why.hint);
	return dv_hint(DV_E_UNSUPPORTED, "where it is gone for good: rm %s",
		       file);
}

/* `file`: where it is noted as a user, or NULL. */
static int gather_other(struct live *l, const char *folder, const char *file)
{
	struct dv_repo *other;
	int err = reach_open(folder, &other);

	if (!err) {
		err = reach_each(other, l->lenient ? REACH_LENIENT : 0,
				 take_root, l);
		dv_repo_close(other);
	}
	if (!err || err == DV_E_INTERRUPTED)
		return err;
	return l->lenient ? note_unread(l, NULL, NULL, folder) :
		out_of_sight(folder, err, file);
}

static int gather_user(void *data, const char *git_dir, const char *file)
{
	struct live *l = data;

	if (!strcmp(git_dir, repo_common_dir(l->repo)))
		return 0;
	return gather_other(l, git_dir, file);
}

/* The repository whose git folder the store lies in is always a user. */
static int gather_owner(struct live *l)
{
	const char *path = store_path(l->store);
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	DV_AUTO_BUF struct buf head = BUF_INIT;

	buf_add(&folder, path, path_parent_len(path));
	buf_addf(&head, "%s/HEAD", folder.data);
	if (!strcmp(folder.data, repo_common_dir(l->repo)) ||
	    access(head.data, F_OK))
		return 0;
	return gather_other(l, folder.data, NULL);
}

int live_gather(struct live *l, bool users)
{
	int err = reach_each(l->repo, l->lenient ? REACH_LENIENT : 0,
			     take_root, l);

	for (size_t i = 0; i < l->other_count && !err; i++)
		err = gather_other(l, l->others[i], NULL);
	if (!err && users)
		err = gather_owner(l);
	if (!err && users)
		err = store_each_user(l->store, gather_user, l);
	return err;
}

/* --- objects ----------------------------------------------------------- */

static int miss(struct live *l, enum object_class class,
		const struct dv_id *id)
{
	struct live_root *root = &l->roots[l->walked];

	l->root_misses = true;
	if (class == OBJECT_META) {
		root->unseen = true;
		root->damaged |= store_has_bad(l->store, class, id);
	}
	l->missing++;
	return l->miss ? l->miss(l->miss_data, root, class, id) : 0;
}

/* Not below this root yet, nor below one that is whole. */
static bool is_first(struct live *l, const struct place *place)
{
	size_t number;

	if (l->own && marks_has(&l->marks, place))
		return false;
	return marks_set(l->own ? l->own : &l->marks, place, &number);
}

static int visit(void *data, enum object_class class, const struct dv_id *id)
{
	struct live *l = data;
	const uint8_t *bytes;
	struct place place;
	uint32_t len;
	int err;

	if (!store_find_same(l->store, class, id, &place))
		return miss(l, class, id);
	if (!is_first(l, &place) || class == OBJECT_DATA)
		return 0;
	/* one that cannot be read must not end the walk */
	err = store_read(l->reader, class, id, &bytes, &len);
	if (err == DV_E_NOTFOUND || err == DV_E_CORRUPT)
		return miss(l, class, id);
	return err ? err : 1;
}

/* An id out of some text: a root only if there is such a node. */
static bool guess_kind(struct live *l, struct live_root *root)
{
	const uint8_t *bytes;
	uint32_t len;

	if (store_read(l->reader, OBJECT_META, &root->id, &bytes, &len) ||
	    len < 4)
		return false;
	if (!memcmp(bytes, "DVTR", 4))
		root->kind = DV_KIND_TREE;
	else if (!memcmp(bytes, "DVFI", 4))
		root->kind = DV_KIND_FILE;
	return root->kind;
}

static int walk_root(struct live *l, struct live_root *root)
{
	const struct want start = want_root(root->kind, &root->id);
	DV_AUTO_MARKS struct marks own = MARKS_INIT;
	int err;

	l->root_misses = false;
	l->own = l->each ? &own : NULL;
	err = want_walk(l->reader, &start, visit, l);
	root->whole = !err && !l->root_misses;
	l->not_here += !root->whole;
	if (l->own && root->whole)
		marks_add(&l->marks, &own);
	l->own = NULL;
	return err;
}

int live_walk(struct live *l, const struct dv_progress *progress)
{
	TRACE_REGION("keep: mark");
	struct meter meter;
	/* roots may name what has come since the store was listed */
	int err = store_refresh(l->store);

	meter_start(&meter, progress, "marking", "roots");
	meter_total(&meter, 0, l->count - l->walked);
	for (; l->walked < l->count && !err; l->walked++) {
		struct live_root *root = &l->roots[l->walked];

		meter_add(&meter, 0, 1);
		err = cancel_check();
		if (!err && (root->kind || guess_kind(l, root)))
			err = walk_root(l, root);
	}
	meter_finish(&meter);
	return err;
}

int live_walk_each(struct live *l, const struct dv_progress *progress)
{
	int err;

	marks_release(&l->marks);
	l->missing = l->not_here = 0;
	l->walked = 0;
	l->each = true;
	err = live_walk(l, progress);
	l->each = false;
	return err;
}
