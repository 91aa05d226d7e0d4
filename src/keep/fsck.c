#include "keep/fsck.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "dv/transfer.h"

#define DV_AUTO_FSCK	__attribute__((cleanup(fsck_release)))

static void fsck_release(struct fsck *f)
{
	for (size_t i = 0; i < f->damaged_count; i++)
		free(f->damaged[i].path);
	free(f->damaged);
	for (int class = 0; class < OBJECT_CLASSES; class++)
		id_map_release(&f->bad[class]);
	id_map_release(&f->lost);
	lost_release(&f->record);
	live_release(&f->live);
	pthread_mutex_destroy(&f->mutex);
}

int fsck_tell(struct fsck *f, const struct dv_fsck_entry *e)
{
	struct dv_fsck_result *r = f->result;

	r->damaged += e->problem == DV_FSCK_DAMAGED;
	r->lost += e->problem == DV_FSCK_LOST;
	r->not_here += e->problem == DV_FSCK_NOT_HERE;
	r->missing += e->problem == DV_FSCK_MISSING;
	r->repaired += e->problem == DV_FSCK_REPAIRED;
	r->unreadable += e->problem == DV_FSCK_UNREADABLE;
	r->unseen += e->problem == DV_FSCK_UNSEEN;
	return f->fn ? f->fn(e, f->data) : 0;
}

/* NULL when it is this one, of which all messages are. */
static const char *elsewhere(const struct fsck *f, const char *worktree)
{
	return strcmp(worktree, dv_repo_worktree(f->repo)) ? worktree : NULL;
}

int fsck_tell_root(struct fsck *f, enum dv_fsck_problem problem,
		   const struct live_root *r, uint64_t objects)
{
	const struct dv_fsck_entry e = {
		.problem = problem, .name = r->path, .commit = r->commit,
		.worktree = elsewhere(f, r->worktree), .source = r->source,
		.objects = objects,
	};

	return fsck_tell(f, &e);
}

int fsck_tell_unread(struct fsck *f)
{
	int err = 0;

	for (size_t i = 0; i < f->live.unread_count && !err; i++) {
		const struct live_unread *u = &f->live.unread[i];
		const char *other = elsewhere(f, u->worktree);
		const struct dv_fsck_entry e = {
			/* of others we may not be meant to see all */
			.problem = other ? DV_FSCK_UNSEEN : DV_FSCK_UNREADABLE,
			.name = u->path ? u->path : u->worktree,
			.commit = u->commit,
			.worktree = u->path ? other : NULL, .why = u->why,
		};

		err = fsck_tell(f, &e);
	}
	return err;
}

const char *fsck_name(const struct fsck *f, const char *path)
{
	return path + strlen(store_path(f->live.store)) + 1;
}

/* --- what is needed and not here --------------------------------------- */

static int no_remote(const struct dv_remote_info *info, void *data)
{
	(void)info;
	*(bool *)data = false;
	return 0;
}

/* Lost: it was here, or there is nowhere else that it could be. */
struct missing {
	struct fsck *fsck;
	bool nowhere;		/* no remote is configured */
	bool unknown;		/* what a damaged file has held */
};

static int take_missing(void *data, const struct live_root *root,
			enum object_class class, const struct dv_id *id)
{
	struct missing *m = data;
	struct fsck *f = m->fsck;

	if (m->unknown && f->repaired)
		lost_add(&f->record, class, id);
	if ((m->nowhere && !root->source) || m->unknown ||
	    lost_has(&f->record, class, id))
		++*id_map_put(&f->lost, &root->id, 0, NULL);
	return 0;
}

static int add_bad(const struct dv_id *id, uint64_t value, void *data)
{
	(void)value;
	lost_add(((void **)data)[0], *(enum object_class *)((void **)data)[1],
		 id);
	return 0;
}

/* Walks all roots; fills f->lost. */
static int look_for_missing(struct fsck *f)
{
	struct missing m = { f, true, false };
	int err = dv_remote_each(f->repo, no_remote, &m.nowhere);

	for (size_t i = 0; i < f->damaged_count; i++)
		m.unknown |= !f->damaged[i].known;
	f->live.miss = take_missing;
	f->live.miss_data = &m;
	if (!err)
		err = live_gather(&f->live, true);
	if (!err)
		err = live_walk(&f->live, &f->options->progress);
	if (!err && f->lost.count) {
		id_map_release(&f->lost);
		err = live_walk_each(&f->live, &f->options->progress);
	}
	f->live.miss = NULL;
	return err;
}

/* Of a work tree of ours that has something at its path. */
static bool is_at_hand(const struct fsck *f, const struct live_root *r)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (r->commit || elsewhere(f, r->worktree))
		return false;
	buf_addf(&path, "%s/%s", r->worktree, r->path);
	return !access(path.data, F_OK);
}

static int tell_roots(struct fsck *f)
{
	int err = 0;

	for (size_t i = 0; i < f->live.count && !err; i++) {
		const struct live_root *r = &f->live.roots[i];
		const uint64_t *lost = id_map_get(&f->lost, &r->id);

		f->result->roots += r->kind != 0;
		if (!r->kind || r->whole)
			continue;
		f->result->at_hand += is_at_hand(f, r);
		f->result->at_source += r->source != NULL;
		err = fsck_tell_root(f, lost && *lost ? DV_FSCK_LOST :
				     DV_FSCK_NOT_HERE, r, lost ? *lost : 0);
	}
	return err;
}

static int tell_damaged(struct fsck *f)
{
	int err = 0;

	for (size_t i = 0; i < f->damaged_count && !err; i++) {
		const struct fsck_file *d = &f->damaged[i];

		err = fsck_tell(f, &(struct dv_fsck_entry){
			.problem = d->mended ? DV_FSCK_REPAIRED :
				   DV_FSCK_DAMAGED,
			.name = fsck_name(f, d->path), .objects = d->objects,
		});
	}
	return err;
}

/* After a repair everything is looked for once more. */
static int look_again(struct fsck *f)
{
	live_release(&f->live);
	memset(&f->live, 0, sizeof(f->live));
	f->live.lenient = true;
	id_map_release(&f->lost);
	f->repaired = true;
	return live_open(&f->live, f->repo) ? DV_E_IO : look_for_missing(f);
}

static int count_quarantine(struct fsck *f)
{
	struct dv_fsck_result *r = f->result;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	r->quarantine_files = r->quarantine_bytes = 0;
	buf_addf(&path, "%s/quarantine", store_path(f->live.store));
	return dir_sum(path.data, &r->quarantine_files, &r->quarantine_bytes);
}

/* What a good file of the same name has replaced does not go there. */
static int put_away(struct fsck *f)
{
	uint64_t before;
	int err = count_quarantine(f);

	before = f->result->quarantine_files;
	if (!err)
		err = fsck_put_away(f);
	if (!err)
		err = count_quarantine(f);
	f->result->quarantined = f->result->quarantine_files - before;
	return err;
}

static int fsck_store(struct fsck *f)
{
	int err = live_open(&f->live, f->repo);

	f->live.lenient = true;
	if (!err) {
		lost_read(f->live.store, &f->record);
		err = fsck_read(f);
	}
	for (int class = 0; class < OBJECT_CLASSES; class++)
		id_map_each(&f->bad[class], add_bad,
			    (void *[]){ &f->record, &class });
	if (!err)
		err = look_for_missing(f);
	if (!err && f->options->repair &&
	    (f->damaged_count || f->lost.count)) {
		err = fsck_repair(f);
		if (!err)
			err = look_again(f);
	}
	if (!err)
		err = lost_write(f->live.store, &f->record);
	/* nothing may be forgotten that is not on the disk */
	if (!err)
		err = f->repaired ? put_away(f) : count_quarantine(f);
	if (!err)
		err = tell_damaged(f);
	if (!err)
		err = tell_roots(f);
	return err ? err : fsck_tell_unread(f);
}

int dv_fsck(struct dv_repo *repo, const struct dv_fsck_options *options,
	    dv_fsck_cb *fn, void *data, struct dv_fsck_result *result)
{
	TRACE_REGION("fsck");
	DV_AUTO_FSCK struct fsck f = {
		.repo = repo, .options = options, .result = result,
		.fn = fn, .data = data,
	};

	memset(result, 0, sizeof(*result));
	pthread_mutex_init(&f.mutex, NULL);
	return options->remote ? fsck_remote(&f) : fsck_store(&f);
}
