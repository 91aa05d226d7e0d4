/* What gc would do to the files of the local store: gc_plan.h. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "keep/gc_plan.h"
#include "store/loose.h"

void gc_plan_release(struct gc_plan *p)
{
	free(p->files);
	gc_sources_release(&p->sources);
	gc_strays_release(&p->strays);
	marks_release(&p->spared);
	id_map_release(&p->by_id);
	id_map_release(&p->made);
	pthread_mutex_destroy(&p->mutex);
}

/* --- what there is ----------------------------------------------------- */

/* The file system's own clock: the store may be on another machine. */
static int now_there(struct store *s, int64_t *ns)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const char *dir;
	struct stat st;
	int err = store_temp_dir(s, &dir);

	if (err)
		return err;
	buf_addf(&path, "%s/now", dir);
	err = file_replace(path.data, "", 0, NEWFILE_NOSYNC);
	if (!err && stat(path.data, &st) < 0)
		err = dv_fail_errno("cannot look at %s", path.data);
	if (!err)
		*ns = timespec_ns(&st.st_mtim);
	return err;
}

struct dv_id gc_plan_key(const struct pack *pack)
{
	struct dv_id id = pack->id;

	if (pack->layout == PACK_LOOSE)
		dv_id_from_hex(path_name(pack->path), &id);
	return id;
}

static struct gc_file *file_of(struct gc_plan *p, struct pack *pack)
{
	struct dv_id key = gc_plan_key(pack);
	bool added;
	uint64_t number = *id_map_put(&p->by_id, &key, p->count, &added);

	if (added) {
		ARRAY_GROW(p->files, p->count + 1, p->room);
		p->files[p->count++] = (struct gc_file){ .pack = pack };
	}
	return &p->files[number];
}

static int look_at(struct pack *pack, void *data)
{
	struct gc_plan *p = data;
	struct gc_file *f;
	struct stat st;

	if (stat(pack->path, &st) < 0)	/* it went while we looked */
		return 0;
	f = file_of(p, pack);
	f->bytes = st.st_size;
	f->inode = st.st_ino;
	f->linked = st.st_nlink > 1;
	f->objects += pack->objects;
	f->mtime_ns = timespec_ns(&st.st_mtim);
	f->raw += pack_raw_bytes(pack);
	f->bad |= store_pack_has_bad(p->gc->live.store, pack);
	return 0;
}

static int list_files(struct gc_plan *p)
{
	struct store *s = p->gc->live.store;
	int err = store_refresh(s);

	for (int class = 0; class < OBJECT_CLASSES && !err; class++)
		err = store_each_pack(s, class, look_at, p);
	return err;
}

/* The file that a pack is, or is of; NULL: it came later. */
static struct gc_file *known_file(struct gc_plan *p, const struct pack *pack)
{
	struct dv_id key = gc_plan_key(pack);
	const uint64_t *n = id_map_get(&p->by_id, &key);

	return n ? &p->files[*n] : NULL;
}

/* Sums up what live_walk() has marked. */
void gc_plan_count(struct gc_plan *p)
{
	const struct marks *m = &p->gc->live.marks;

	for (size_t i = 0; i < p->count; i++)
		p->files[i].live = p->files[i].live_raw =
			p->files[i].spared = 0;
	for (size_t i = 0; i < m->count; i++) {
		struct gc_file *f = known_file(p, m->items[i].pack);

		if (!f)
			continue;
		f->live += m->items[i].count;
		f->live_raw += m->items[i].raw;
	}
	for (size_t i = 0; i < p->spared.count; i++) {
		struct gc_file *f = known_file(p, p->spared.items[i].pack);

		if (f)
			f->spared += p->spared.items[i].count;
	}
}

/* --- the plan ---------------------------------------------------------- */

static uint64_t share(const struct gc_file *f, uint64_t raw)
{
	return f->raw ? (double)f->bytes * ((double)raw / (double)f->raw) : 0;
}

/* Most to be gained first; always the same order. */
static int by_gain(const void *a, const void *b)
{
	const struct gc_file *const *x = a, *const *y = b;
	uint64_t m = (*x)->raw - (*x)->live_raw;
	uint64_t n = (*y)->raw - (*y)->live_raw;

	if (m != n)
		return m < n ? 1 : -1;
	return dv_id_compare(&(*x)->pack->id, &(*y)->pack->id);
}

/*
 * What nothing reaches may come to be needed yet; what is here a second time is
 * not waited for.
 */
static bool is_old(const struct gc_plan *p, const struct gc_file *f)
{
	return f->mtime_ns < (f->live + f->spared == f->objects ? p->begin_ns :
			      p->cutoff_ns);
}

static void choose_repacks(struct gc_plan *p)
{
	struct gc_file **list = xcalloc(p->count + 1, sizeof(*list));
	uint64_t left = p->gc->max_repack;
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct gc_file *f = &p->files[i];

		if (f->live && !f->bad && is_old(p, f) &&
		    f->pack->layout == PACK_PACKED &&
		    f->live_raw <= f->raw / 2)
			list[count++] = f;
	}
	qsort(list, count, sizeof(*list), by_gain);
	for (size_t i = 0; i < count; i++) {
		uint64_t cost = share(list[i], list[i]->live_raw);

		if (cost > left)
			continue;
		left -= cost;
		list[i]->action = DV_GC_REPACK;
	}
	free(list);
}

/* Of loose files that are not all live, those that a link may lead to. */
int gc_plan_find_linked(struct gc_plan *p)
{
	DV_AUTO_FREE struct gc_whole *whole = xcalloc(p->count + 1,
						      sizeof(*whole));
	size_t count = 0;
	int err;

	for (size_t i = 0; i < p->count; i++) {
		const struct gc_file *f = &p->files[i];

		if (f->live < f->objects && f->pack->layout == PACK_LOOSE)
			whole[count++] = (struct gc_whole){
				.name = gc_plan_key(f->pack), .size = f->bytes,
				.inode = f->inode,
			};
	}
	err = gc_find_linked(p->gc, whole, count);
	for (size_t i = 0; i < count && !err; i++)
		if (whole[i].linked)
			p->files[*id_map_get(&p->by_id, &whole[i].name)]
				.linked = true;
	return err;
}

/* Chunks that count in packs count in this part of a whole file instead. */
static size_t move_marks(struct gc_plan *p, struct pack *part)
{
	struct live *live = &p->gc->live;
	size_t number, moved = 0;

	for (uint32_t i = 0; i < part->objects; i++) {
		struct place place, own;

		/* the very place that the walk has marked */
		if (!store_find_same(live->store, OBJECT_DATA,
				     pack_id_at(part, i), &place) ||
		    place.pack->layout != PACK_PACKED ||
		    !marks_clear(&live->marks, &place))
			continue;
		marks_set(&p->spared, &place, &number);
		pack_place_at(part, i, &own);
		marks_set(&live->marks, &own, &number);
		moved++;
	}
	return moved;
}

/* What is linked stays, and is all that is needed of what it holds. */
static int lean_on_part(struct pack *pack, void *data)
{
	struct gc_plan *p = data;
	struct gc_file *f = known_file(p, pack);
	struct dv_id key = gc_plan_key(pack);

	if (f && f->linked && !f->bad && pack->layout == PACK_LOOSE &&
	    f->live < f->objects &&
	    !loose_verify(p->gc->live.store, &key, false))
		f->leaned_on |= move_marks(p, pack) > 0;
	return 0;
}

static int lean_on_linked(struct gc_plan *p)
{
	int err = store_each_pack(p->gc->live.store, OBJECT_DATA, lean_on_part,
				  p);

	if (!err)
		gc_plan_count(p);
	return err;
}

static void choose(struct gc_plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct gc_file *f = &p->files[i];

		if (f->live)
			continue;
		if (f->bad)
			p->gc->result->kept++;
		else if (f->linked)	/* frees nothing, or breaks a link */
			p->gc->result->linked++;
		else if (!is_old(p, f))
			p->gc->result->young++;
		else
			f->action = DV_GC_REMOVE;
	}
	choose_repacks(p);
	for (size_t i = 0; i < p->count; i++) {
		struct gc_file *f = &p->files[i];

		f->freed = f->action == DV_GC_REMOVE ? f->bytes :
			   share(f, f->raw - f->live_raw);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct gc_file *x = a, *y = b;

	return strcmp(x->pack->path, y->pack->path);
}

static void sort_files(struct gc_plan *p)
{
	if (p->count)
		qsort(p->files, p->count, sizeof(*p->files), by_name);
	for (size_t i = 0; i < p->count; i++) {
		struct dv_id key = gc_plan_key(p->files[i].pack);

		*id_map_get(&p->by_id, &key) = i;
	}
}

int gc_plan_make(struct gc_plan *p)
{
	struct gc *g = p->gc;
	int64_t now = 0;
	int err = now_there(g->live.store, &now);

	/* of a store that may not be written it can be said all the same */
	if (err == DV_E_IO && g->options->dry_run) {
		now = clock_real_ns();
		err = 0;
	}
	p->begin_ns = now;
	p->cutoff_ns = now - g->grace_ns;
	p->sources.cutoff_ns = p->strays.cutoff_ns = p->cutoff_ns;
	if (!err)
		err = live_gather(&g->live, true);
	if (!err)
		err = live_walk(&g->live, &g->options->progress);
	if (!err)
		err = list_files(p);
	if (err)
		return err;
	for (size_t i = 0; i < g->live.count; i++)
		g->result->roots += g->live.roots[i].kind != 0;
	gc_plan_count(p);
	err = gc_plan_find_linked(p);
	if (!err)
		err = lean_on_linked(p);
	if (err)
		return err;
	choose(p);
	sort_files(p);
	return 0;
}

void gc_plan_keep(struct gc_plan *p, struct gc_file *f)
{
	gc_keep(p->gc, f->action, f->freed);
	f->action = 0;
}
