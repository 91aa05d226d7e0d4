/* A session of writing: one pack_writer for each class. */

#include <stdlib.h>

#include "base/array.h"
#include "base/crash.h"
#include "base/trace.h"
#include "store/loose.h"
#include "store/store_inside.h"

struct session {
	struct store *store;
	uint64_t damaged;	/* loose files, when it was opened */
	struct pack_writer *writers[OBJECT_CLASSES];	/* owned */
};

struct session_hand {
	struct session *session;
	struct packer *packers[OBJECT_CLASSES];	/* owned; made on demand */
};

static int take_finished(void *data, struct pack *pack)
{
	struct dv_id id = pack->id;

	store_add_pack(data, pack, &id, MIDX_PACK);
	return 0;
}

static int take_room(void *data, uint64_t bytes)
{
	return store_take_room(data, bytes);
}

int session_open(struct store *s, struct session **out)
{
	struct session *w = xcalloc(1, sizeof(*w));
	const char *temp_dir;
	int err = store_hold(s);

	if (err) {
		free(w);
		*out = NULL;
		return err;
	}
	w->store = s;
	err = loose_recheck(s, &w->damaged);
	if (!err)
		err = store_temp_dir(s, &temp_dir);
	for (int class = 0; class < OBJECT_CLASSES && !err; class++) {
		DV_AUTO_BUF struct buf dir = BUF_INIT;
		struct pack_writer_options o = {
			.class = class, .temp_dir = temp_dir,
			.finished = take_finished, .room = take_room,
			.data = s,
		};

		store_class_dir(s, class, &dir);
		o.dir = dir.data;
		err = pack_writer_open(&o, &w->writers[class]);
	}
	if (err) {
		session_free(w);
		w = NULL;
	}
	*out = w;
	return err;
}

void session_direct(struct session *w)
{
	for (int class = 0; class < OBJECT_CLASSES; class++)
		pack_writer_direct(w->writers[class]);
}

void session_rest(struct session *w)
{
	for (int class = 0; class < OBJECT_CLASSES; class++)
		pack_writer_rest(w->writers[class]);
}

void session_free(struct session *w)
{
	if (!w)
		return;
	for (int class = 0; class < OBJECT_CLASSES; class++)
		pack_writer_free(w->writers[class]);
	store_let_go(w->store);
	free(w);
}

/*
 * A claim ends when the pack is in the store, so there is no moment at which
 * an object is in neither; but one may be missed by looking into the store
 * first and at the claims afterwards.
 */
bool session_claim(struct session *w, enum object_class class,
		   const struct dv_id *id)
{
	struct pack_writer *writer = w->writers[class];
	uint64_t generation = store_generation(w->store);
	struct place place;

	if (store_find_own(w->store, class, id, &place) ||
	    !pack_writer_claim(writer, id))
		return false;
	if (generation == store_generation(w->store) ||
	    !store_find_own(w->store, class, id, &place))
		return true;
	pack_writer_unclaim(writer, id);
	return false;
}

struct session_hand *session_hand_new(struct session *w)
{
	struct session_hand *h = xcalloc(1, sizeof(*h));

	h->session = w;
	return h;
}

struct packer *session_packer(struct session_hand *h,
			      enum object_class class)
{
	if (!h->packers[class])
		h->packers[class] = packer_new(h->session->writers[class]);
	return h->packers[class];
}

int session_put(struct session_hand *h, enum object_class class,
		const struct object *objects, size_t count)
{
	return packer_put(session_packer(h, class), objects, count);
}

int session_hand_flush(struct session_hand *h)
{
	int err = 0;

	for (int class = 0; class < OBJECT_CLASSES && !err; class++)
		if (h->packers[class])
			err = packer_flush(h->packers[class]);
	return err;
}

void session_hand_free(struct session_hand *h)
{
	if (!h)
		return;
	for (int class = 0; class < OBJECT_CLASSES; class++)
		packer_free(h->packers[class]);
	free(h);
}

void session_cost(struct session *w, uint64_t *raw, uint64_t *stored)
{
	*raw = 0;
	*stored = 0;
	for (int class = 0; class < OBJECT_CLASSES; class++) {
		uint64_t r, s;

		pack_writer_cost(w->writers[class], &r, &s);
		*raw += r;
		*stored += s;
	}
}

/* What counted as stored must not have been written over meanwhile. */
static int recheck(const struct session *w)
{
	uint64_t damaged;
	int err = loose_recheck(w->store, &damaged);

	if (err || damaged <= w->damaged)
		return err;
	dv_fail(DV_E_CHANGED, "a file that is linked to the store was written "
		"to meanwhile");
	return dv_hint(DV_E_CHANGED, "run the same command again");
}

/*
 * Folders are synced even if nothing was put: what another process has just
 * added was claimed by nobody here, and must not be lost either.
 */
int session_finish(struct session *w)
{
	TRACE_REGION("store: finish");
	int err = pack_writer_finish(w->writers[OBJECT_DATA]);

	crash_point("session-data-done");
	if (!err)
		err = loose_sync_recent(w->store);
	if (!err)
		err = pack_writer_finish(w->writers[OBJECT_META]);
	crash_point("session-meta-done");
	return err ? err : recheck(w);
}
