/*
 * Versions whose nodes are not here: a clone that has pulled one version has
 * hardly any other.  What they need of the rest is not known, and need not
 * be where a remote has all of it: its locator is written last, and who has
 * it condemned there will soon be without.
 */

#include <string.h>

#include "dv/transfer.h"

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "keep/gc.h"
#include "transfer/condemned.h"
#include "transfer/locator.h"

#define ROOTS		"roots/"
#define STAT_MOST	64	/* more are looked for in a listing */
#define LOCATOR_LEAST	(LOCATOR_HEADER_SIZE + 8)	/* bytes */

struct asking {
	struct gc *gc;
	struct endpoint *to;
	struct condemned condemned;
	uint64_t found;		/* atomic */
};

/* --- what is asked for ------------------------------------------------- */

static bool is_open(const struct live_root *r)
{
	return r->unseen && !r->at_remote;
}

uint64_t gc_count_unseen(const struct gc *g, const struct live_root **first)
{
	uint64_t count = 0;

	for (size_t i = 0; i < g->live.count; i++) {
		const struct live_root *r = &g->live.roots[i];

		if (is_open(r) && !count++)
			*first = r;
	}
	return count;
}

static int take_damaged(const char *path, void *data)
{
	(void)path;
	*(bool *)data = true;
	return 0;
}

/* Nobody can say what these files have held, so it may be what is missing. */
static int find_damage(const struct gc *g, bool *damaged)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	uint64_t files = 0, bytes = 0;
	int err;

	buf_addf(&path, "%s/quarantine", store_path(g->live.store));
	err = dir_sum(path.data, &files, &bytes);
	*damaged = files;
	return err ? err : store_each_damaged(g->live.store, OBJECT_META,
					      take_damaged, damaged);
}

/* --- one remote -------------------------------------------------------- */

static void found(struct asking *a, struct live_root *r, uint64_t size)
{
	if (!is_open(r) || r->damaged || size < LOCATOR_LEAST ||
	    id_map_get(&a->condemned.roots, &r->id))
		return;
	r->at_remote = true;
	__atomic_fetch_add(&a->found, 1, __ATOMIC_RELAXED);
}

static int take_name(void *data, const char *name, uint64_t size,
		     int64_t modified)
{
	struct asking *a = data;
	struct live *l = &a->gc->live;
	const uint64_t *n;
	struct dv_id id;

	(void)modified;
	if (strlen(path_name(name)) != DV_ID_HEX ||
	    dv_id_from_hex(path_name(name), &id))
		return cancel_check();
	n = id_map_get(&l->by_id, &id);
	if (n)
		found(a, &l->roots[*n - 1], size);
	return cancel_check();
}

static int stat_root(void *data, unsigned worker, size_t i)
{
	struct asking *a = data;
	struct live_root *r = &a->gc->live.roots[i];
	DV_AUTO_BUF struct buf name = BUF_INIT;
	uint64_t size = 0;
	int err;

	(void)worker;
	if (!is_open(r) || r->damaged)
		return 0;
	remote_root_name(&r->id, &name);
	err = remote_stat(a->to->remote, name.data, &size);
	if (!err)
		found(a, r, size);
	return err == DV_E_NOTFOUND ? 0 : err;
}

static int look_there(struct asking *a, uint64_t wanted)
{
	int err = endpoint_check_marker(a->to, false);

	if (!err)
		err = condemned_read(a->to, &a->condemned);
	if (err)
		return err;
	if (wanted > STAT_MOST) {
		err = remote_list(a->to->remote, ROOTS, take_name, a);
		if (err != DV_E_UNSUPPORTED)
			return err == DV_E_NOTFOUND ? 0 : err;
	}
	return crew_each(a->to->window, a->gc->live.count, stat_root, a);
}

/* One that cannot be asked has nothing, as far as can be told. */
static int ask_remote(const struct dv_remote_info *info, void *data)
{
	struct gc *g = data;
	struct asking a = { .gc = g };
	const struct live_root *first;
	uint64_t wanted = gc_count_unseen(g, &first);
	int err;

	if (!wanted)
		return 0;
	err = endpoint_open(g->repo, info->name, g->options->jobs, &a.to);
	if (!err)
		err = look_there(&a, wanted);
	if (a.found)
		gc_notice(g, "%llu recorded %s not (wholly) here, but at "
			  "remote %s", (unsigned long long)a.found,
			  a.found == 1 ? "version is" : "versions are",
			  info->name);
	g->result->at_remotes += a.found;
	if (err && err != DV_E_INTERRUPTED) {
		gc_notice(g, "remote %s cannot be asked: %s", info->name,
			  dv_error_text());
		err = 0;
	}
	condemned_release(&a.condemned);
	endpoint_close(a.to);
	return err;
}

/* --- all of them ------------------------------------------------------- */

int gc_ask_remotes(struct gc *g)
{
	const struct live_root *first;
	bool damaged = false;
	int err;

	if (!gc_count_unseen(g, &first))
		return 0;
	err = find_damage(g, &damaged);
	if (err)
		return err;
	for (size_t i = 0; i < g->live.count; i++)
		g->live.roots[i].damaged |= damaged && g->live.roots[i].unseen;
	return dv_remote_each(g->repo, ask_remote, g);
}
