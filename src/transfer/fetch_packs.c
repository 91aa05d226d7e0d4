#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "transfer/fetch_move.h"

/* --- what is asked for ------------------------------------------------- */

static void add_unit(struct moving *m, const struct unit *u)
{
	ARRAY_GROW(m->units, m->unit_count + 1, m->unit_room);
	m->units[m->unit_count++] = *u;
	m->packs[u->pack].units_left++;
	/* what is moved are packs; indexes are on the way to them */
	if (m->packs[u->pack].asked.take != TAKE_INDEX)
		m->fetch->total_bytes += u->len;
}

/* Cuts a pack into requests; its index has been checked by frames_init(). */
static void plan_units(struct moving *m, uint32_t number)
{
	struct moving_pack *p = &m->packs[number];
	struct unit u = { .pack = number };

	for (uint32_t i = 0; i < p->index->frames; i++) {
		struct frame_info info;
		uint64_t start, stop = u.offset + u.len;

		pack_frame_at(p->index, i, &info);
		if (!fetch_frame_wanted(p, &info))
			continue;
		start = i ? frame_start(&info) : 0;
		if (!u.len || start - stop >= FETCH_GAP_MAX ||
		    frame_end(&info) - u.offset > FETCH_REQUEST_MAX) {
			if (u.len)
				add_unit(m, &u);
			u.first = i;
			u.offset = start;
		}
		u.end = i + 1;
		u.len = frame_end(&info) - u.offset;
	}
	if (u.len)
		add_unit(m, &u);
}

/* The path of a root that the pack is for, for messages. */
static const char *path_of(const struct fetch *f, uint32_t number)
{
	for (size_t i = 0; i < f->count; i++)
		for (size_t k = 0; k < f->roots[i].packs.count; k++)
			if (f->roots[i].packs.items[k] == number)
				return f->roots[i].root->path;
	return "?";
}

/* What is wrong with this pack alone; others can go on. */
static bool is_soft(int err)
{
	return err == DV_E_CORRUPT || err == DV_E_NOTFOUND ||
	       err == DV_E_UNSUPPORTED;
}

/*
 * With the mutex held: this thread's failure is the pack's, of which nothing
 * more is asked.  The first is kept with path and remote in the text.
 */
static void fail_pack(struct moving *m, struct moving_pack *p, int err)
{
	struct fetch *f = m->fetch;
	struct error_state bare;

	p->failed = true;
	have_set_bad(f->have, p->asked.number);
	if (f->bad.code)
		return;
	error_save(err, &bare);
	dv_fail(err, "%s: %s: %s", path_of(f, p->asked.number),
		f->from->name, bare.text);
	error_save(err, &f->bad);
}

static int plan_pack(struct moving *m, uint32_t number,
		     const struct fetch_pack *asked)
{
	const struct have_pack *k = &m->fetch->have->packs[asked->number];
	struct moving_pack *p = &m->packs[number];
	struct unit all = { .pack = number, .len = k->ref.size };
	int err;

	p->asked = *asked;
	p->ref = k->ref;
	p->fd = -1;
	pthread_mutex_init(&p->mutex, NULL);
	if (asked->take == TAKE_INDEX)
		all.len = k->ref.index_len + PACK_TAIL_SIZE;
	if (asked->take == TAKE_INDEX || asked->take == TAKE_AT_ONCE) {
		add_unit(m, &all);
		return 0;
	}
	p->index = k->index;
	/* bounds first, before a size is believed */
	err = frames_init(&p->frames, p->index);
	if (err)
		return err;
	plan_units(m, number);
	frames_release(&p->frames);
	pack_rest(p->index);
	return 0;
}

void moving_plan(struct moving *m, const struct fetch_pack *packs,
		 size_t count)
{
	struct fetch *f = m->fetch;

	m->packs = xcalloc(count + 1, sizeof(*m->packs));
	m->count = count;
	for (size_t i = 0; i < count; i++) {
		int err = plan_pack(m, i, &packs[i]);

		if (err)
			fail_pack(m, &m->packs[i], err);
		f->total_packs += packs[i].take != TAKE_INDEX;
	}
	meter_total(&f->meter, f->total_bytes, f->total_packs);
}

/* --- whole packs ------------------------------------------------------- */

static int open_temp(struct moving *m, struct moving_pack *p)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	int err;

	dv_id_to_hex(&p->ref.id, hex);
	buf_addf(&path, "%s/%s.fetch", m->movers->temp_dir, hex);
	p->temp = buf_detach(&path);
	err = store_take_room(m->fetch->store, p->ref.size);
	if (err)
		return err;
	p->fd = file_create(p->temp, O_RDWR | O_TRUNC, SHARE_READ);
	if (p->fd < 0)
		return dv_fail_errno("cannot make %s", p->temp);
	/* without that it is the writes that say whether there is room */
	(void)!fallocate(p->fd, 0, 0, (off_t)p->ref.size);
	return 0;
}

static void close_temp(struct moving_pack *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->temp)
		unlink(p->temp);
	free(p->temp);
	p->temp = NULL;
	frames_release(&p->frames);
}

/* The file is complete: into the store with it. */
static int adopt(struct moving *m, struct moving_pack *p)
{
	int err = 0;

	if (fsync(p->fd))
		return dv_fail_errno("cannot sync %s", p->temp);
	crash_point("fetch before adopt");
	err = store_adopt_pack(m->fetch->store, p->temp, p->ref.class,
			       &p->ref.id);
	crash_point("fetch adopted");
	if (!err)
		have_index_drop(m->fetch->have, p->asked.number);
	return err;
}

/* Index and tail come from have/. */
static int add_index(struct moving *m, struct moving_pack *p)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_FILEMAP struct filemap map = FILEMAP_INIT;
	uint64_t len = p->ref.index_len + PACK_TAIL_SIZE;
	int err;

	have_index_path(m->fetch->have, &p->ref.id, &path);
	err = filemap_open(&map, path.data);
	if (err == DV_E_NOTFOUND) {	/* dropped by another process */
		err = endpoint_fetch_index(m->fetch->from, p->asked.number);
		if (!err)
			err = filemap_open(&map, path.data);
	}
	if (!err)
		err = pack_index_check(map.data, map.len, &p->ref.id);
	if (!err && map.len != len)
		err = dv_fail(DV_E_CORRUPT, "%s: cut off", path.data);
	return err ? err : file_pwrite_all(p->fd, map.data, len,
					   p->ref.size - len, p->temp);
}

static int finish_pack(struct moving *m, struct moving_pack *p)
{
	struct fetch *f = m->fetch;
	int err = 0;

	if (p->asked.take == TAKE_INDEX)
		return 0;
	if (p->asked.take == TAKE_WHOLE)
		err = add_index(m, p);
	if (!err && p->asked.take != TAKE_FRAMES)
		err = adopt(m, p);
	if (err)
		return err;
	meter_add(&f->meter, 0, 1);
	__atomic_fetch_add(&f->result->packs, 1, __ATOMIC_RELAXED);
	if (p->asked.take != TAKE_FRAMES)
		__atomic_fetch_add(&f->result->objects, p->ref.objects,
				   __ATOMIC_RELAXED);
	return 0;
}

/* --- threads ----------------------------------------------------------- */

/* Readies a pack for its first request; with the mutex held. */
static int begin_pack(struct moving *m, struct moving_pack *p)
{
	int err = 0;

	if (p->begun)
		return 0;
	p->begun = true;
	if (p->index)
		err = frames_init(&p->frames, p->index);
	if (!err && (p->asked.take == TAKE_WHOLE ||
		     p->asked.take == TAKE_AT_ONCE))
		err = open_temp(m, p);
	return err;
}

/* The end of a request: good or bad, and perhaps the pack's last. */
static int end_unit(struct moving *m, struct moving_pack *p, int err)
{
	struct fetch *f = m->fetch;
	bool last, good;

	pthread_mutex_lock(&f->mutex);
	if (is_soft(err)) {
		fail_pack(m, p, err);
		err = 0;
	} else if (err) {
		p->failed = true;
	}
	last = !--p->units_left;
	good = !p->failed;
	pthread_mutex_unlock(&f->mutex);
	if (!last)
		return err;
	if (good)
		err = finish_pack(m, p);
	close_temp(p);
	if (good && is_soft(err)) {
		pthread_mutex_lock(&f->mutex);
		fail_pack(m, p, err);
		pthread_mutex_unlock(&f->mutex);
		err = 0;
	}
	return err;
}

int moving_unit(struct moving *m, struct mover *t, size_t i)
{
	const struct unit *u = &m->units[i];
	struct moving_pack *p = &m->packs[u->pack];
	bool failed;
	int err;

	pthread_mutex_lock(&m->fetch->mutex);
	err = begin_pack(m, p);
	failed = p->failed;
	pthread_mutex_unlock(&m->fetch->mutex);
	if (!err && !failed) {
		err = fetch_unit(m, t, p, u);
		if (p->index)
			pack_rest(p->index);
		if (p->asked.take != TAKE_INDEX)
			meter_add(&m->fetch->meter, u->len, 0);
	}
	return end_unit(m, p, err);
}

void moving_release(struct moving *m)
{
	for (size_t i = 0; i < m->count; i++) {
		close_temp(&m->packs[i]);
		pthread_mutex_destroy(&m->packs[i].mutex);
	}
	free(m->packs);
	free(m->units);
}

void movers_init(struct movers *v, unsigned count)
{
	*v = (struct movers){ .count = count };
	v->items = xcalloc(count + 1, sizeof(*v->items));
	for (unsigned i = 0; i < count; i++)
		v->items[i].bytes = (struct buf)BUF_INIT;
}

int movers_open(struct movers *v, struct store *s)
{
	int err;

	if (v->session)
		return 0;
	err = store_temp_dir(s, &v->temp_dir);
	return err ? err : session_open(s, &v->session);
}

static void release_mover(struct mover *t)
{
	if (t->hand)
		session_hand_free(t->hand);
	if (t->verifier)
		verifier_free(t->verifier);
	buf_release(&t->bytes);
	free(t->claimed);
}

int movers_finish(struct movers *v)
{
	struct error_state first = { 0 };
	int err = 0;

	for (unsigned i = 0; i < v->count; i++) {
		struct mover *t = &v->items[i];

		err = t->hand ? session_hand_flush(t->hand) : 0;
		if (err && !first.code)
			error_save(err, &first);
		release_mover(t);
	}
	free(v->items);
	if (v->session) {
		err = session_finish(v->session);
		if (err && !first.code)
			error_save(err, &first);
		session_free(v->session);
	}
	return first.code ? error_restore(&first) : 0;
}

/* --- packs that are known from the start ------------------------------- */

static int longest_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*y > *x) - (*y < *x);
}

/*
 * Small requests wait for round trips, so more of them are under way: as many
 * as take no more memory, however they meet, than so many large ones.
 */
static unsigned pick_threads(const struct moving *m)
{
	const struct endpoint *from = m->fetch->from;
	uint64_t most = from->jobs * FETCH_REQUEST_MAX, sum = 0;
	DV_AUTO_FREE uint64_t *lens = xcalloc(m->unit_count + 1,
					      sizeof(*lens));
	unsigned threads = 0;

	for (size_t i = 0; i < m->unit_count; i++)
		lens[i] = m->units[i].len;
	qsort(lens, m->unit_count, sizeof(*lens), longest_first);
	while (threads < m->unit_count && threads < from->window) {
		sum += lens[threads];
		if (threads >= from->jobs && sum > most)
			break;
		threads++;
	}
	return threads;
}

static bool only_indexes(const struct moving *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->packs[i].asked.take != TAKE_INDEX)
			return false;
	return true;
}

static int move_one(void *data, unsigned worker, size_t i)
{
	struct moving *m = data;

	return moving_unit(m, &m->movers->items[worker], i);
}

static int run_moving(struct moving *m)
{
	const struct fetch *f = m->fetch;
	unsigned threads = pick_threads(m);
	struct error_state first = { 0 };
	int err = 0;

	movers_init(m->movers, threads);
	for (unsigned i = 0; i < threads; i++)
		m->movers->items[i].keep =
			f->from->jobs * FETCH_REQUEST_MAX / threads;
	if (!only_indexes(m))
		err = movers_open(m->movers, f->store);
	if (!err)
		err = crew_each(threads, m->unit_count, move_one, m);
	if (err)
		error_save(err, &first);
	err = movers_finish(m->movers);
	return first.code ? error_restore(&first) : err;
}

int fetch_packs(struct fetch *f, const struct fetch_pack *packs, size_t count)
{
	struct movers movers;
	struct moving m = { .fetch = f, .movers = &movers };
	TRACE_REGION("fetch: packs");
	int err = 0;

	if (!count)
		return 0;
	moving_plan(&m, packs, count);
	if (m.unit_count)
		err = run_moving(&m);
	moving_release(&m);
	return err;
}

uint64_t fetch_packs_bytes(struct fetch *f, const struct fetch_pack *packs,
			   size_t count)
{
	struct moving m = { .fetch = f };
	uint64_t sum = 0;

	moving_plan(&m, packs, count);
	for (size_t i = 0; i < m.unit_count; i++)
		sum += m.units[i].len;
	moving_release(&m);
	return sum;
}
