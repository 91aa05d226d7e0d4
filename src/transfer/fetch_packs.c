#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "transfer/fetch.h"
#include "transfer/verify.h"

/* Most bytes of one request. */
#define REQUEST_MAX	((uint64_t)8 << 20)
/* Fewer unwanted bytes between two frames are read over. */
#define GAP_MAX		((uint64_t)256 << 10)

/* One request: frames [first, end) of a pack, or all of it. */
struct unit {
	uint32_t pack;		/* number in moving.packs */
	uint32_t first, end;
	uint64_t offset, len;
};

struct moving_pack {
	struct fetch_pack asked;
	struct pack_ref ref;
	struct pack *index;	/* of `have`; NULL with TAKE_AT_ONCE */
	struct frames frames;
	char *temp;		/* owned; the file it grows in */
	int fd;
	uint32_t units_left;
	bool begun, failed;
};

struct moving {
	struct fetch *fetch;
	enum object_class class;
	struct moving_pack *packs;	/* owned */
	size_t count;
	struct unit *units;		/* owned */
	size_t unit_count, unit_room, next;
	struct session *session;	/* owned */
	const char *temp_dir;
	pthread_mutex_t mutex;	/* of packs[], result and fetch->bad */
};

/* One thread's things. */
struct mover {
	struct moving *moving;
	struct verifier *verifier;
	struct session_hand *hand;	/* made when first needed */
	struct buf bytes;
	bool *claimed;			/* owned */
	size_t claimed_room;
};

/* --- what is asked for ------------------------------------------------- */

static void add_unit(struct moving *m, uint32_t pack, uint32_t first,
		     uint32_t end, uint64_t offset, uint64_t stop)
{
	ARRAY_GROW(m->units, m->unit_count + 1, m->unit_room);
	m->units[m->unit_count++] = (struct unit){
		pack, first, end, offset, stop - offset
	};
	m->packs[pack].units_left++;
	m->fetch->total_bytes += stop - offset;
}

static bool frame_wanted(const struct moving_pack *p, uint32_t frame,
			 const struct frame_info *info)
{
	if (p->asked.take == TAKE_WHOLE)
		return true;
	(void)frame;
	for (uint32_t i = 0; i < info->count; i++)
		if (mark_has(p->asked.mark, p->frames.order[info->first + i]))
			return true;
	return false;
}

/* Cuts a pack into requests; its index has been checked by frames_init(). */
static void plan_units(struct moving *m, uint32_t number)
{
	struct moving_pack *p = &m->packs[number];
	struct unit u = { .len = 0 };
	uint64_t stop = 0;

	for (uint32_t i = 0; i < p->index->frames; i++) {
		struct frame_info info;
		uint64_t start;

		pack_frame_at(p->index, i, &info);
		if (!frame_wanted(p, i, &info))
			continue;
		start = i ? frame_start(&info) : 0;
		if (stop && start - stop < GAP_MAX &&
		    frame_end(&info) - u.offset <= REQUEST_MAX) {
			u.end = i + 1;
			stop = frame_end(&info);
			continue;
		}
		if (stop)
			add_unit(m, number, u.first, u.end, u.offset, stop);
		u.first = i;
		u.end = i + 1;
		u.offset = start;
		stop = frame_end(&info);
	}
	if (stop)
		add_unit(m, number, u.first, u.end, u.offset, stop);
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

void fetch_bad_pack(struct fetch *f, uint32_t number, int err)
{
	struct error_state bare;

	f->have->packs[number].bad = true;
	if (f->bad.code)
		return;
	error_save(err, &bare);
	dv_fail(err, "%s: %s: %s", path_of(f, number), f->from->name,
		bare.text);
	error_save(err, &f->bad);
}

/* With the mutex held: this thread's failure is the pack's. */
static void fail_pack(struct moving *m, struct moving_pack *p, int err)
{
	p->failed = true;
	fetch_bad_pack(m->fetch, p->asked.number, err);
}

static void plan_moving(struct moving *m, const struct fetch_pack *packs,
		       size_t count)
{
	struct have *h = m->fetch->have;

	m->packs = xcalloc(count + 1, sizeof(*m->packs));
	m->count = count;
	for (size_t i = 0; i < count; i++) {
		struct moving_pack *p = &m->packs[i];
		int err;

		p->asked = packs[i];
		p->ref = h->packs[packs[i].number].ref;
		p->index = h->packs[packs[i].number].index;
		p->fd = -1;
		if (p->asked.take == TAKE_AT_ONCE) {
			add_unit(m, i, 0, 0, 0, p->ref.size);
			continue;
		}
		/* bounds first, before a size is believed */
		err = frames_init(&p->frames, p->index);
		if (err) {
			fail_pack(m, p, err);
			continue;
		}
		plan_units(m, i);
		frames_release(&p->frames);
	}
	m->fetch->total_packs += count;
	meter_total(&m->fetch->meter, m->fetch->total_bytes,
		    m->fetch->total_packs);
}

/* --- whole packs ------------------------------------------------------- */

static int open_temp(struct moving *m, struct moving_pack *p)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	int err;

	dv_id_to_hex(&p->ref.id, hex);
	buf_addf(&path, "%s/%s.fetch", m->temp_dir, hex);
	p->temp = buf_detach(&path);
	err = store_take_room(m->fetch->store, p->ref.size);
	if (err)
		return err;
	p->fd = file_create(p->temp, O_RDWR | O_TRUNC, SHARE_READ);
	return p->fd < 0 ? dv_fail_errno("cannot make %s", p->temp) : 0;
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

	if (p->asked.take == TAKE_WHOLE)
		err = add_index(m, p);
	if (!err && p->asked.take != TAKE_FRAMES)
		err = adopt(m, p);
	if (err)
		return err;
	meter_add(&f->meter, 0, 1);
	pthread_mutex_lock(&m->mutex);
	f->result->packs++;
	if (p->asked.take != TAKE_FRAMES)
		f->result->objects += p->ref.objects;
	pthread_mutex_unlock(&m->mutex);
	return 0;
}

/* --- one request ------------------------------------------------------- */

static int get_bytes(struct mover *t, const struct moving_pack *p,
		     const struct unit *u)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct fetch *f = t->moving->fetch;
	int err;

	remote_pack_name(&p->ref.id, &name);
	buf_clear(&t->bytes);
	buf_reserve(&t->bytes, u->len);
	err = remote_get_buf(f->from->remote, name.data, u->offset, u->len,
			     u->len, &t->bytes);
	if (!err && t->bytes.len != u->len)
		err = dv_fail(DV_E_CORRUPT, "%s: fewer bytes than asked for",
			      name.data);
	if (!err)
		__atomic_fetch_add(&f->result->bytes, u->len,
				   __ATOMIC_RELAXED);
	return err;
}

static const uint8_t *bytes_at(const struct mover *t, const struct unit *u,
			       uint64_t offset)
{
	return (const uint8_t *)t->bytes.data + (offset - u->offset);
}

static int put_alone(struct mover *t, const struct frame_view *view)
{
	const uint8_t *at = view->raw;
	int err = 0;

	for (uint32_t i = 0; i < view->info.count && !err; i++) {
		struct object o = { view->ids[i], at, view->lens[i] };

		at += view->lens[i];
		if (t->claimed[i])
			err = session_put(t->hand, t->moving->class, &o, 1);
	}
	return err;
}

/* A good frame goes into a new local pack, as it is stored if none has it. */
static int put_frame(struct mover *t, const struct frame_view *view)
{
	struct moving *m = t->moving;
	const struct frame_info *info = &view->info;
	uint32_t fresh = 0;
	int err;

	if (!t->hand)
		t->hand = session_hand_new(m->session);
	ARRAY_GROW(t->claimed, info->count, t->claimed_room);
	for (uint32_t i = 0; i < info->count; i++) {
		t->claimed[i] = session_claim(m->session, m->class,
					      &view->ids[i]);
		fresh += t->claimed[i];
	}
	if (fresh == info->count)
		err = packer_put_frame(session_packer(t->hand, m->class),
				       info->codec, info->filter,
				       view->stored, info->stored, info->raw,
				       view->ids, view->lens, view->checks,
				       info->count);
	else
		err = put_alone(t, view);
	if (!err)
		__atomic_fetch_add(&m->fetch->result->objects, fresh,
				   __ATOMIC_RELAXED);
	return err;
}

static int check_unit(struct mover *t, struct moving_pack *p,
		      const struct unit *u)
{
	int err = 0;

	if (!u->offset)
		err = verify_pack_header((const uint8_t *)t->bytes.data,
					 p->ref.class);
	for (uint32_t i = u->first; i < u->end && !err; i++) {
		struct frame_info info;
		struct frame_view view;

		pack_frame_at(p->index, i, &info);
		if (!frame_wanted(p, i, &info))
			continue;
		err = verify_frame(t->verifier, &p->frames, i,
				   bytes_at(t, u, frame_start(&info)),
				   frame_end(&info) - frame_start(&info), 0,
				   &view);
		if (!err && p->asked.take == TAKE_FRAMES)
			err = put_frame(t, &view);
	}
	if (!err && p->asked.take == TAKE_WHOLE)
		err = file_pwrite_all(p->fd, t->bytes.data, t->bytes.len,
				      u->offset, p->temp);
	return err;
}

/* A pack that came at once: its own index says what is in it. */
static int check_at_once(struct mover *t, struct moving_pack *p,
			 const struct unit *u)
{
	DV_AUTO_FRAMES struct frames frames = FRAMES_INIT;
	struct pack *pack = NULL;
	int err;

	err = verify_pack_header((const uint8_t *)t->bytes.data,
				 p->ref.class);
	if (!err)
		err = file_pwrite_all(p->fd, t->bytes.data, t->bytes.len, 0,
				      p->temp);
	if (!err)
		err = pack_open(p->temp, &p->ref.id, &pack);
	if (err)
		return err;
	err = pack_check_id(pack);
	if (!err && pack->class != p->ref.class)
		err = dv_fail(DV_E_CORRUPT, "a pack of the wrong class");
	if (!err)
		err = frames_init(&frames, pack);
	for (uint32_t i = 0; i < pack->frames && !err; i++) {
		struct frame_info info;
		struct frame_view view;

		pack_frame_at(pack, i, &info);
		err = verify_frame(t->verifier, &frames, i,
				   bytes_at(t, u, frame_start(&info)),
				   frame_end(&info) - frame_start(&info), 0,
				   &view);
	}
	p->ref.objects = pack->objects;
	pack_close(pack);
	return err;
}

static int do_unit(struct mover *t, struct moving_pack *p,
		   const struct unit *u)
{
	int err = 0;

	/* what came wrong once may come right the next time */
	for (int attempt = 0; attempt < 2; attempt++) {
		err = get_bytes(t, p, u);
		if (!err)
			err = p->asked.take == TAKE_AT_ONCE ?
			      check_at_once(t, p, u) : check_unit(t, p, u);
		if (err != DV_E_CORRUPT)
			break;
		trace_note("pack range was wrong, asked for again");
	}
	meter_add(&t->moving->fetch->meter, u->len, 0);
	return err;
}

/* Readies a pack for its first request; with the mutex held. */
static int begin_pack(struct moving *m, struct moving_pack *p)
{
	int err = 0;

	if (p->begun)
		return 0;
	p->begun = true;
	if (p->asked.take != TAKE_AT_ONCE)
		err = frames_init(&p->frames, p->index);
	if (!err && p->asked.take != TAKE_FRAMES)
		err = open_temp(m, p);
	return err;
}

/* --- threads ----------------------------------------------------------- */

/* The end of a request: good or bad, and perhaps the pack's last. */
static int end_unit(struct moving *m, struct moving_pack *p, int err)
{
	bool last, good;

	pthread_mutex_lock(&m->mutex);
	if (is_soft(err)) {
		fail_pack(m, p, err);
		err = 0;
	} else if (err) {
		p->failed = true;
	}
	last = !--p->units_left;
	good = !p->failed;
	pthread_mutex_unlock(&m->mutex);
	if (!last)
		return err;
	if (good)
		err = finish_pack(m, p);
	close_temp(p);
	if (good && is_soft(err)) {
		pthread_mutex_lock(&m->mutex);
		fail_pack(m, p, err);
		pthread_mutex_unlock(&m->mutex);
		err = 0;
	}
	return err;
}

static int move_units(struct mover *t, struct crew *crew)
{
	struct moving *m = t->moving;

	while (!crew_failed(crew)) {
		size_t i = __atomic_fetch_add(&m->next, 1, __ATOMIC_RELAXED);
		struct moving_pack *p;
		bool failed;
		int err;

		if (i >= m->unit_count)
			break;
		p = &m->packs[m->units[i].pack];
		pthread_mutex_lock(&m->mutex);
		err = begin_pack(m, p);
		failed = p->failed;
		pthread_mutex_unlock(&m->mutex);
		if (!err && !failed)
			err = do_unit(t, p, &m->units[i]);
		err = end_unit(m, p, err);
		if (err)
			return err;
	}
	return cancel_check();
}

static int move_some(struct crew *crew, unsigned worker, void *data)
{
	struct mover t = {
		.moving = data, .verifier = verifier_new(), .bytes = BUF_INIT,
	};
	struct error_state first = { 0 };
	int err = move_units(&t, crew), flushed = 0;

	(void)worker;
	if (err)
		error_save(err, &first);
	if (t.hand) {
		flushed = session_hand_flush(t.hand);
		session_hand_free(t.hand);
	}
	verifier_free(t.verifier);
	buf_release(&t.bytes);
	free(t.claimed);
	return err ? error_restore(&first) : flushed;
}

static int run_moving(struct moving *m)
{
	unsigned threads = m->fetch->from->jobs;
	struct error_state first = { 0 };
	int err;

	if (m->unit_count < threads)
		threads = m->unit_count;
	if (!threads)
		return 0;
	err = store_temp_dir(m->fetch->store, &m->temp_dir);
	if (!err)
		err = session_open(m->fetch->store, &m->session);
	if (err)
		return err;
	err = crew_run(threads, move_some, m);
	if (err)
		error_save(err, &first);
	/* what was good is kept, whatever became of the rest */
	err = session_finish(m->session);
	session_free(m->session);
	return first.code ? error_restore(&first) : err;
}

int fetch_packs(struct fetch *f, enum object_class class,
		const struct fetch_pack *packs, size_t count)
{
	struct moving m = { .fetch = f, .class = class };
	TRACE_REGION("fetch: packs");
	int err;

	if (!count)
		return 0;
	pthread_mutex_init(&m.mutex, NULL);
	plan_moving(&m, packs, count);
	err = run_moving(&m);
	for (size_t i = 0; i < m.count; i++)
		close_temp(&m.packs[i]);
	free(m.packs);
	free(m.units);
	pthread_mutex_destroy(&m.mutex);
	return err;
}
