/*
 * Removing from the local store.
 *
 * Who adds decides that an object need not be stored because it is here, and
 * writes the pointer to it later.  So nothing is removed until nobody writes
 * (store_lock_out()), and then all roots are gathered once more: what came to
 * be needed since the first look is kept.  Everything that takes long, the
 * first look and packing anew, is done before, while others go on.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "keep/gc.h"
#include "transfer/repack.h"

/* A pack, or a loose file with all its parts. */
struct gc_file {
	struct pack *pack;	/* of a loose file any part */
	uint64_t bytes;		/* of the file */
	uint64_t raw, live_raw;	/* bytes of its objects */
	uint64_t live;		/* objects that can be reached */
	uint64_t freed;		/* bytes, once action is done */
	int64_t mtime_ns;
	bool bad;		/* something in it is damaged */
	bool linked;		/* a loose file that a work tree has a link to */
	enum dv_gc_action action;	/* 0: it stays */
};

struct gc_plan {
	struct gc *gc;
	int64_t cutoff_ns;	/* files not older than this stay */
	struct gc_file *files;	/* owned */
	size_t count, room;
	struct id_map by_id;	/* file_key(): number of the file */
	struct gc_sources sources;
	struct gc_strays strays;
	pthread_mutex_t mutex;	/* guards made */
	struct id_map made;	/* packs made by this run */
};

#define DV_AUTO_PLAN	__attribute__((cleanup(plan_release)))

static void plan_release(struct gc_plan *p)
{
	free(p->files);
	gc_sources_release(&p->sources);
	gc_strays_release(&p->strays);
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

/* The id in a file's name: parts of one loose file share theirs. */
static struct dv_id file_key(const struct pack *pack)
{
	struct dv_id id = pack->id;

	if (pack->layout == PACK_LOOSE)
		dv_id_from_hex(path_name(pack->path), &id);
	return id;
}

static struct gc_file *file_of(struct gc_plan *p, struct pack *pack)
{
	struct dv_id key = file_key(pack);
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
	f->linked = st.st_nlink > 1;
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

/* Sums up what live_walk() has marked. */
static void count_live(struct gc_plan *p)
{
	const struct marks *m = &p->gc->live.marks;

	for (size_t i = 0; i < p->count; i++)
		p->files[i].live = p->files[i].live_raw = 0;
	for (size_t i = 0; i < m->count; i++) {
		struct dv_id key = file_key(m->items[i].pack);
		const uint64_t *n = id_map_get(&p->by_id, &key);
		struct gc_file *f;

		if (!n)		/* it came later */
			continue;
		f = &p->files[*n];
		f->live += m->items[i].count;
		f->live_raw += m->items[i].raw;
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

static void choose_repacks(struct gc_plan *p)
{
	struct gc_file **list = xcalloc(p->count + 1, sizeof(*list));
	uint64_t left = p->gc->max_repack;
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct gc_file *f = &p->files[i];

		if (f->live && !f->bad && f->mtime_ns < p->cutoff_ns &&
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

/* Of dead loose files, those that a symbolic link may lead to. */
static int find_linked(struct gc_plan *p)
{
	DV_AUTO_FREE struct gc_whole *whole = xcalloc(p->count + 1,
						      sizeof(*whole));
	size_t count = 0;
	int err;

	for (size_t i = 0; i < p->count; i++) {
		const struct gc_file *f = &p->files[i];

		if (!f->live && f->pack->layout == PACK_LOOSE)
			whole[count++] = (struct gc_whole){
				.name = file_key(f->pack), .size = f->bytes,
			};
	}
	err = gc_find_linked(p->gc, whole, count);
	for (size_t i = 0; i < count && !err; i++)
		if (whole[i].linked)
			p->files[*id_map_get(&p->by_id, &whole[i].name)]
				.linked = true;
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
		else if (f->linked)	/* would free nothing, or break a link */
			p->gc->result->linked++;
		else if (f->mtime_ns >= p->cutoff_ns)
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
		struct dv_id key = file_key(p->files[i].pack);

		*id_map_get(&p->by_id, &key) = i;
	}
}

/* Nothing is removed where it cannot be seen what is needed. */
static int check_seen(struct gc *g)
{
	const struct live_root *r;
	uint64_t count = gc_count_unseen(g, &r);

	g->result->not_here = g->live.not_here;
	if (!count || g->options->force)
		return 0;
	dv_fail(DV_E_UNSUPPORTED, "%llu recorded %s not (wholly) here and %s, "
		"such as %s%s%.10s: what they need of the rest is not known",
		(unsigned long long)count,
		count == 1 ? "version is" : "versions are", r->damaged ?
		"what was here is damaged" : "at no remote that can be asked",
		r->path, r->commit ? " of " : "", r->commit ? r->commit : "");
	if (r->damaged)
		return dv_hint(DV_E_UNSUPPORTED, "'dv fsck --repair' looks for "
			       "good copies, also at remotes; when nothing is "
			       "lost any more, empty %s/quarantine",
			       store_path(g->live.store));
	return dv_hint(DV_E_UNSUPPORTED, "'dv fetch -A' gets what remotes "
		       "have, 'dv push -A' where it is sends the rest; with "
		       "--force what is missing here counts as being safe "
		       "elsewhere");
}

static int make_plan(struct gc_plan *p)
{
	struct gc *g = p->gc;
	int64_t now = 0;
	int err = now_there(g->live.store, &now);

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
	count_live(p);
	err = find_linked(p);
	if (err)
		return err;
	choose(p);
	sort_files(p);
	return 0;
}

static int tell_plan(struct gc_plan *p)
{
	size_t skip = strlen(store_path(p->gc->live.store)) + 1;
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++) {
		const struct gc_file *f = &p->files[i];

		if (f->action)
			err = gc_tell(p->gc, f->action, f->pack->path + skip,
				      f->freed);
	}
	return err ? err : gc_strays_plan(p->gc, &p->strays);
}

/* --- packing anew ------------------------------------------------------ */

static int take_made(void *data, struct pack *pack)
{
	struct gc_plan *p = data;
	struct dv_id id;
	int err;

	crash_point("gc-before-adopt");
	err = repack_adopt(p->gc->live.store, pack, &id);
	pthread_mutex_lock(&p->mutex);
	id_map_put(&p->made, &id, 0, NULL);
	pthread_mutex_unlock(&p->mutex);
	return err;
}

/* The plan has changed: it stays. */
static void keep_file(struct gc_plan *p, struct gc_file *f)
{
	gc_keep(p->gc, f->action, f->freed);
	f->action = 0;
}

/* One that is found damaged on the way stays; what was copied does no harm. */
static int repack_file(struct gc_plan *p, struct repack *r,
		       struct gc_file *f)
{
	const struct marks *m = &p->gc->live.marks;
	uint64_t *n = id_map_get(&m->by_id, &f->pack->id);
	int err = n ? repack_mark(r, &m->items[*n]) : 0;

	if (err != DV_E_CORRUPT && err != DV_E_NOTFOUND)
		return err;
	gc_notice(p->gc, "kept: %s", dv_error_text());
	keep_file(p, f);
	return 0;
}

static int repack_class(struct gc_plan *p, enum object_class class)
{
	struct repack_options o = {
		.class = class, .finished = take_made, .data = p,
	};
	struct live *live = &p->gc->live;
	struct repack *r;
	int err = repack_open(live->store, live->reader, &o, &r);

	for (size_t i = 0; i < p->count && !err; i++) {
		struct gc_file *f = &p->files[i];

		if (f->action == DV_GC_REPACK && f->pack->class == class)
			err = repack_file(p, r, f);
	}
	if (!err)
		err = repack_finish(r);
	repack_free(r);
	return err;
}

static int repack_all(struct gc_plan *p)
{
	int err = 0;

	for (int class = 0; class < OBJECT_CLASSES && !err; class++)
		err = repack_class(p, class);
	crash_point("gc-repacked");
	return err ? err : store_sync(p->gc->live.store);
}

/* --- removing ---------------------------------------------------------- */

static void waiting(void *data)
{
	gc_notice(data, "waiting until nobody writes to the store");
}

/* What has come to be needed since the plan was made. */
static int look_again(struct gc_plan *p)
{
	struct gc *g = p->gc;
	uint64_t *before = xcalloc(p->count + 1, sizeof(*before));
	int err = live_gather(&g->live, true);

	for (size_t i = 0; i < p->count; i++)
		before[i] = p->files[i].live;
	if (!err)
		err = live_walk(&g->live, NULL);
	/* no request while others wait: what is new must be run again for */
	if (!err)
		err = check_seen(g);
	if (!err)
		count_live(p);
	if (!err)
		err = find_linked(p);
	for (size_t i = 0; i < p->count && !err; i++) {
		struct gc_file *f = &p->files[i];

		if (!f->action || (f->live == before[i] && !f->linked &&
				   !id_map_get(&p->made, &f->pack->id)))
			continue;
		keep_file(p, f);
	}
	free(before);
	return err;
}

static int remove_all(struct gc_plan *p)
{
	struct store *s = p->gc->live.store;
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++)
		if (p->files[i].action)
			err = store_remove(s, p->files[i].pack);
	store_remove_merged(s);
	return err ? err : gc_strays_remove(p->gc, &p->strays);
}

static int collect(struct gc_plan *p)
{
	struct store *s = p->gc->live.store;
	int err = repack_all(p);

	if (!err)
		err = store_lock_out(s, waiting, p->gc);
	if (err)
		return err;
	err = look_again(p);
	if (!err)
		err = remove_all(p);
	store_let_in(s);
	return err;
}

int gc_store(struct gc *g)
{
	DV_AUTO_PLAN struct gc_plan p = { .gc = g };
	uint64_t files = 0;
	int err;

	pthread_mutex_init(&p.mutex, NULL);
	err = make_plan(&p);
	if (!err && !g->options->force)
		err = gc_ask_remotes(g);
	if (!err)
		err = check_seen(g);
	if (!err)
		err = tell_plan(&p);
	files = g->result->removed + g->result->repacked;
	if (!err)
		err = gc_sources_plan(g, &p.sources);
	if (err || g->options->dry_run)
		return err;
	if (files)
		err = collect(&p);
	return err ? err : gc_sources_remove(g, &p.sources);
}
