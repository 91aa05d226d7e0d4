#include "source/beside.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/meter.h"
#include "chunk/sha256.h"
#include "git/foreign.h"
#include "git/repo.h"
#include "store/store.h"
#include "transfer/marks.h"
#include "transfer/want.h"

/* What a thread takes at once: neighbours, which share frames. */
#define STEP_BYTES	((uint64_t)4 << 20)
#define STEP_OBJECTS	4096

struct copy {
	struct store *from;	/* owned */
	struct store *to;	/* borrowed */
	struct session *session;		/* owned */
	struct store_reader *walker, *reader;	/* owned; of from */
	struct session_hand *hand;		/* owned; for nodes */
	struct marks visited;	/* nodes: a tree may unfold without end */
	struct marks chunks;	/* to be copied */
	bool nodes_only;
	struct meter meter;
	pthread_mutex_t mutex;	/* guards what follows: where the crew is */
	size_t mark;		/* of chunks */
	uint32_t *order;	/* owned: slots of its pack in file order */
	uint32_t at;		/* in order */
};

#define DV_AUTO_COPY	__attribute__((cleanup(copy_release)))

static void copy_release(struct copy *c)
{
	session_hand_free(c->hand);
	session_free(c->session);
	store_reader_free(c->walker);
	store_reader_free(c->reader);
	marks_release(&c->visited);
	marks_release(&c->chunks);
	store_close(c->from);
	free(c->order);
	pthread_mutex_destroy(&c->mutex);
}

/* The first store that can be opened; the others are what it falls back on. */
static int open_from(struct copy *copy, const struct clone *c)
{
	const char *base = repo_base_dir(c->repo);
	DV_AUTO_PATH_LIST struct path_list paths = PATH_LIST_INIT;
	int err = base ? foreign_stores(base, &paths) : 0;

	for (size_t i = 0; i < paths.count && !err; i++) {
		err = copy->from ?
			store_add_fallback(copy->from, paths.items[i]) :
			store_open(paths.items[i], STORE_READ_ONLY,
				   &copy->from);
		if (err != DV_E_INTERRUPTED)
			err = 0;
	}
	if (err || copy->from)
		return err;
	return dv_fail(DV_E_NOTFOUND, "%s has no store on this machine",
		       c->url);
}

static int copy_open(struct copy *copy, const struct clone *c)
{
	int err = open_from(copy, c);

	if (!err)
		err = repo_store(c->repo, &copy->to);
	if (!err)
		err = session_open(copy->to, &copy->session);
	if (err)
		return err;
	copy->hand = session_hand_new(copy->session);
	copy->walker = store_reader_new(copy->from);
	copy->reader = store_reader_new(copy->from);
	return 0;
}

static int put(const struct copy *c, struct store_reader *reader,
	       struct session_hand *hand, enum object_class class,
	       const struct dv_id *id)
{
	struct object o = { .id = *id };
	struct dv_id found;
	int err;

	if (!session_claim(c->session, class, id))
		return 0;
	err = store_read(reader, class, id, &o.data, &o.len);
	if (err)
		return err;
	sha256(o.data, o.len, &found);
	if (!dv_id_equal(&found, id))
		return dv_fail(DV_E_CORRUPT, "%s has an object that is not "
			       "what its name says", store_path(c->from));
	return session_put(hand, class, &o, 1);
}

/* --- what is wanted: nodes are copied at once --------------------------- */

/* One that is not there is left to the reader, who says so. */
static int want_chunk(struct copy *c, const struct dv_id *id)
{
	struct place place;
	size_t mark;

	if (c->nodes_only || store_find(c->to, OBJECT_DATA, id, &place))
		return 0;
	if (!store_find(c->from, OBJECT_DATA, id, &place))
		return put(c, c->reader, c->hand, OBJECT_DATA, id);
	marks_set(&c->chunks, &place, &mark);
	return 0;
}

static int take_object(void *data, enum object_class class,
		       const struct dv_id *id)
{
	struct copy *c = data;
	int err = cancel_check();

	if (!err)
		err = class == OBJECT_META ?
			put(c, c->reader, c->hand, class, id) :
			want_chunk(c, id);
	return err ? err : 1;
}

static int visit(void *data, enum object_class class, const struct dv_id *id)
{
	struct copy *c = data;
	struct place place;
	size_t mark;

	if (class == OBJECT_META && store_find(c->from, class, id, &place) &&
	    !marks_set(&c->visited, &place, &mark))
		return 0;
	return take_object(data, class, id);
}

static int take_root(const struct dv_tracked *t, void *data)
{
	struct copy *c = data;
	struct want start = want_root(t->pointer.kind, &t->pointer.id);
	int err = 1;

	/* on the way to a path every node is read, seen before or not */
	if (*t->inside)
		err = want_resolve(c->walker, &start, t->path, t->inside,
				   take_object, c, &start);
	return err <= 0 ? err : want_walk(c->walker, &start, visit, c);
}

/* --- chunks, by all threads --------------------------------------------- */

/* Moves on to the next pack.  False: there is none. */
static bool next_pack(struct copy *c)
{
	struct pack *pack;

	if (c->order) {
		free(c->order);
		c->order = NULL;
		c->mark++;
		meter_add(&c->meter, 0, 1);
	}
	if (c->mark == c->chunks.count)
		return false;
	pack = c->chunks.items[c->mark].pack;
	c->order = xcalloc((size_t)pack->objects + 1, sizeof(*c->order));
	pack_order(pack, c->order);
	c->at = 0;
	return true;
}

/* What lies together, up to a step; *raw: its bytes.  0: nothing is left. */
static size_t next_step(struct copy *c, struct dv_id *ids, uint64_t *raw)
{
	size_t n = 0;

	*raw = 0;
	pthread_mutex_lock(&c->mutex);
	while (!n && (c->order || next_pack(c))) {
		const struct mark *k = &c->chunks.items[c->mark];

		for (; c->at < k->pack->objects && n < STEP_OBJECTS &&
		     *raw < STEP_BYTES; c->at++) {
			struct place place;

			if (!mark_has(k, c->order[c->at]))
				continue;
			pack_place_at(k->pack, c->order[c->at], &place);
			*raw += place.len;
			ids[n++] = *pack_id_at(k->pack, c->order[c->at]);
		}
		if (c->at == k->pack->objects)
			next_pack(c);
	}
	pthread_mutex_unlock(&c->mutex);
	return n;
}

static int copy_chunks(struct crew *crew, unsigned worker, void *data)
{
	struct copy *c = data;
	DV_AUTO_FREE struct dv_id *ids = xcalloc(STEP_OBJECTS, sizeof(*ids));
	struct session_hand *hand = session_hand_new(c->session);
	struct store_reader *reader = store_reader_new(c->from);
	uint64_t raw;
	size_t n;
	int err = 0;

	(void)worker;
	while (!err && !crew_failed(crew) && (n = next_step(c, ids, &raw))) {
		for (size_t i = 0; i < n && !err; i++)
			err = put(c, reader, hand, OBJECT_DATA, &ids[i]);
		meter_add(&c->meter, raw, 0);
	}
	if (!err)
		err = session_hand_flush(hand);
	store_reader_free(reader);
	session_hand_free(hand);
	return err;
}

static int copy_all(struct copy *c, const struct dv_transfer_options *o)
{
	uint64_t bytes = 0;
	int err;

	for (size_t i = 0; i < c->chunks.count; i++)
		bytes += c->chunks.items[i].raw;
	meter_start(&c->meter, &o->progress, "copying", "packs");
	meter_total(&c->meter, bytes, c->chunks.count);
	err = crew_run(bytes > STEP_BYTES ? crew_size(o->jobs) : 1,
		       copy_chunks, c);
	meter_finish(&c->meter);
	return err;
}

int beside_take(const struct clone *c,
		const struct dv_transfer_options *options)
{
	DV_AUTO_COPY struct copy copy = {
		.visited = MARKS_INIT, .chunks = MARKS_INIT,
		.nodes_only = options->metadata_only,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
	};
	int err = c->repo ? copy_open(&copy, c) :
		dv_fail(DV_E_NOTFOUND, "dv is not set up in %s", c->url);

	if (!err)
		err = dv_tracked_each(c->repo, &options->what, take_root,
				      &copy);
	if (!err)
		err = session_hand_flush(copy.hand);
	session_hand_free(copy.hand);
	copy.hand = NULL;
	if (!err && copy.chunks.count)
		err = copy_all(&copy, options);
	return err ? err : session_finish(copy.session);
}
