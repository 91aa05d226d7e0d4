#include "keep/fsck.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
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
	live_release(&f->live);
	pthread_mutex_destroy(&f->mutex);
}

int fsck_tell(struct fsck *f, enum dv_fsck_problem problem, const char *name,
	      const char *commit, uint64_t objects)
{
	const struct dv_fsck_entry e = { problem, name, commit, objects };
	struct dv_fsck_result *r = f->result;

	r->damaged += problem == DV_FSCK_DAMAGED;
	r->lost += problem == DV_FSCK_LOST;
	r->not_here += problem == DV_FSCK_NOT_HERE;
	r->missing += problem == DV_FSCK_MISSING;
	r->repaired += problem == DV_FSCK_REPAIRED;
	return f->fn ? f->fn(&e, f->data) : 0;
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
};

static int take_missing(void *data, const struct live_root *root,
			enum object_class class, const struct dv_id *id)
{
	struct missing *m = data;
	struct fsck *f = m->fsck;

	if (m->nowhere || id_map_get(&f->bad[class], id))
		++*id_map_put(&f->lost, &root->id, 0, NULL);
	return 0;
}

/* Walks all roots; fills f->lost. */
static int look_for_missing(struct fsck *f)
{
	struct missing m = { f, true };
	int err = dv_remote_each(f->repo, no_remote, &m.nowhere);

	/* nor is it known what such a pack has held */
	for (size_t i = 0; i < f->damaged_count; i++)
		m.nowhere |= !f->damaged[i].pack && !f->damaged[i].mended;
	f->live.miss = take_missing;
	f->live.miss_data = &m;
	if (!err)
		err = live_gather(&f->live, false);
	if (!err)
		err = live_walk(&f->live, &f->options->progress);
	f->live.miss = NULL;
	return err;
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
		err = fsck_tell(f, lost && *lost ? DV_FSCK_LOST :
				DV_FSCK_NOT_HERE, r->path, r->commit,
				lost ? *lost : 0);
	}
	return err;
}

static int tell_damaged(struct fsck *f)
{
	int err = 0;

	for (size_t i = 0; i < f->damaged_count && !err; i++) {
		const struct fsck_file *d = &f->damaged[i];

		err = fsck_tell(f, d->mended ? DV_FSCK_REPAIRED :
				DV_FSCK_DAMAGED, fsck_name(f, d->path), NULL,
				d->objects);
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
	return live_open(&f->live, f->repo) ? DV_E_IO : look_for_missing(f);
}

static int fsck_store(struct fsck *f)
{
	int err = live_open(&f->live, f->repo);

	f->live.lenient = true;
	if (!err)
		err = fsck_read(f);
	if (!err)
		err = look_for_missing(f);
	if (!err && f->options->repair &&
	    (f->damaged_count || f->lost.count)) {
		err = fsck_repair(f);
		if (!err)
			err = look_again(f);
	}
	if (!err)
		err = tell_damaged(f);
	return err ? err : tell_roots(f);
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
