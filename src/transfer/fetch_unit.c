#include <fcntl.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "transfer/fetch_move.h"

/* One request of fetch_packs(): nothing of it is kept before it is checked. */

bool fetch_frame_wanted(const struct moving_pack *p,
			const struct frame_info *info)
{
	if (p->asked.take == TAKE_WHOLE)
		return true;
	for (uint32_t i = 0; i < info->count; i++)
		if (mark_has(p->asked.mark, p->frames.order[info->first + i]))
			return true;
	return false;
}

static int put_alone(struct mover *t, enum object_class class,
		     const struct frame_view *view)
{
	const uint8_t *at = view->raw;
	int err = 0;

	for (uint32_t i = 0; i < view->info.count && !err; i++) {
		struct object o = { view->ids[i], at, view->lens[i] };

		at += view->lens[i];
		if (t->claimed[i])
			err = session_put(t->hand, class, &o, 1);
	}
	return err;
}

/* A good frame goes into a new local pack, as it is stored if none has it. */
static int put_frame(struct moving *m, struct mover *t,
		     enum object_class class, const struct frame_view *view)
{
	const struct frame_info *info = &view->info;
	uint32_t fresh = 0;
	int err;

	if (!t->hand)
		t->hand = session_hand_new(m->movers->session);
	ARRAY_GROW(t->claimed, info->count, t->claimed_room);
	for (uint32_t i = 0; i < info->count; i++) {
		t->claimed[i] = session_claim(m->movers->session, class,
					      &view->ids[i]);
		fresh += t->claimed[i];
	}
	if (fresh == info->count)
		err = packer_put_frame(session_packer(t->hand, class),
				       info->codec, info->filter,
				       view->stored, info->stored, info->raw,
				       view->ids, view->lens, view->checks,
				       info->count);
	else
		err = put_alone(t, class, view);
	if (!err)
		__atomic_fetch_add(&m->fetch->result->objects, fresh,
				   __ATOMIC_RELAXED);
	return err;
}

/* --- frame by frame ------------------------------------------------------ */

/* A request on its way: frames are dealt with, some together, as they come. */
struct arrival {
	struct moving *m;
	struct mover *t;	/* its `bytes`: of the frames that come */
	struct moving_pack *p;
	const struct unit *u;
	uint32_t first, next;	/* those that come; first == u->end: none */
	bool wanted;		/* they are; else they are passed over */
	uint64_t at, end;	/* in the pack: what comes, and their end */
	struct error_state wrong;	/* code 0: no frame was, so far */
};

static bool is_wanted(const struct arrival *a, uint32_t frame,
		      struct frame_info *info)
{
	pack_frame_at(a->p->index, frame, info);
	return !a->wrong.code && fetch_frame_wanted(a->p, info);
}

/* From frame `first` on, which may be the end. */
static void expect_frames(struct arrival *a, uint32_t first)
{
	struct frame_info info, more;

	buf_clear(&a->t->bytes);
	a->first = first;
	if (first == a->u->end)
		return;
	a->next = first + 1;
	a->wanted = is_wanted(a, first, &info);
	if (a->wanted) {
		uint32_t most = frames_together(&a->p->frames, first,
						a->u->end);

		while (a->next < most && is_wanted(a, a->next, &more)) {
			info = more;
			a->next++;
		}
	}
	a->end = frame_end(&info);
	if (a->wanted)
		buf_reserve(&a->t->bytes, a->end - a->at);
}

static int expect_all(void *data)
{
	struct arrival *a = data;

	a->at = a->u->offset;
	a->wrong.code = 0;
	expect_frames(a, a->u->first);
	return 0;
}

/* While they are still in the CPU's cache. */
static int write_frames(struct moving_pack *p, const struct buf *b,
			uint64_t offset)
{
	int err;

	pthread_mutex_lock(&p->mutex);
	err = file_pwrite_pieces(p->fd, b->data, b->len, offset, p->temp);
	pthread_mutex_unlock(&p->mutex);
	return err;
}

static int take_frame(void *data, uint32_t frame, int err,
		      const struct frame_view *view)
{
	struct arrival *a = data;

	(void)frame;
	if (err || a->p->asked.take != TAKE_FRAMES)
		return err;
	return put_frame(a->m, a->t, a->p->ref.class, view);
}

/* All of some frames is here; before the first, the pack's header. */
static int take_frames(struct arrival *a)
{
	const struct buf *b = &a->t->bytes;
	const uint8_t *bytes = (const uint8_t *)b->data;
	size_t before = a->at == b->len ? PACK_HEADER_SIZE : 0;
	const struct frame_run run = {
		&a->p->frames, a->first, a->next,
		bytes + before, b->len - before,
	};
	int err = before ? verify_pack_header(bytes, a->p->ref.class) : 0;

	if (!err)
		err = verify_frames(a->t->verifier, &run, 0, take_frame, a);
	if (err || a->p->asked.take == TAKE_FRAMES)
		return err;
	return write_frames(a->p, b, a->at - b->len);
}

/* A folder's file is read to where the bytes are wanted. */
static uint8_t *room_for_bytes(void *data, size_t *len)
{
	struct arrival *a = data;
	struct buf *b = &a->t->bytes;

	if (!a->wanted || a->first == a->u->end)
		return NULL;
	*len = a->end - a->at;
	return (uint8_t *)b->data + b->len;
}

static int take_bytes(void *data, const uint8_t *bytes, size_t len)
{
	struct arrival *a = data;
	struct buf *b = &a->t->bytes;
	int err = 0;

	while (len && a->first < a->u->end && !err) {
		size_t n = len < a->end - a->at ? len :
			(size_t)(a->end - a->at);

		if (bytes == (uint8_t *)b->data + b->len)
			buf_setlen(b, b->len + n);
		else if (a->wanted)
			buf_add(b, bytes, n);
		a->at += n;
		bytes += n;
		len -= n;
		if (a->at < a->end)
			break;
		if (a->wanted)
			err = take_frames(a);
		/* hanging up would cost the connection, for the next try */
		if (err == DV_E_CORRUPT) {
			error_save(err, &a->wrong);
			err = 0;
		}
		expect_frames(a, a->next);
	}
	return err;
}

static int get_frames(struct moving *m, struct mover *t,
		      struct moving_pack *p, const struct unit *u)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct arrival a = { .m = m, .t = t, .p = p, .u = u };
	const struct remote_sink sink = {
		.write = take_bytes, .room = room_for_bytes,
		.restart = expect_all, .data = &a,
	};
	int err = expect_all(&a);

	remote_pack_name(&p->ref.id, &name);
	if (!err)
		err = remote_get(m->fetch->from->remote, name.data, u->offset,
				 u->len, &sink);
	if (err)
		return err;
	if (a.first < u->end)
		return dv_fail(DV_E_CORRUPT, "%s: fewer bytes than asked for",
			       name.data);
	return a.wrong.code ? error_restore(&a.wrong) : 0;
}

/* --- all at once --------------------------------------------------------- */

static int get_bytes(struct fetch *f, struct mover *t,
		     const struct moving_pack *p, const struct unit *u)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err;

	remote_pack_name(&p->ref.id, &name);
	buf_clear(&t->bytes);
	buf_reserve(&t->bytes, u->len);
	err = remote_get_buf(f->from->remote, name.data, u->offset, u->len,
			     u->len, &t->bytes);
	if (!err && t->bytes.len != u->len)
		err = dv_fail(DV_E_CORRUPT, "%s: fewer bytes than asked for",
			      name.data);
	return err;
}

/* A pack that came at once: its own index says what is in it. */
static int check_at_once(struct mover *t, struct moving_pack *p)
{
	DV_AUTO_FRAMES struct frames frames = FRAMES_INIT;
	const uint8_t *bytes = (const uint8_t *)t->bytes.data;
	struct pack *pack = NULL;
	int err = verify_pack_header(bytes, p->ref.class);

	if (!err)
		err = file_pwrite_all(p->fd, t->bytes.data, t->bytes.len, 0,
				      p->temp);
	if (err)
		return err;
	err = pack_open(p->temp, &p->ref.id, &pack);
	if (!err)
		err = pack_check_id(pack);
	if (err == DV_E_CORRUPT)
		err = endpoint_bad_index(&p->ref.id);
	if (!err && pack->class != p->ref.class)
		err = dv_fail(DV_E_CORRUPT, "a pack of the wrong class");
	if (!err)
		err = frames_init(&frames, pack);
	if (!err)
		err = verify_frames(t->verifier, &(struct frame_run){
			.frames = &frames, .end = pack->frames,
			.bytes = bytes + PACK_HEADER_SIZE,
			.len = t->bytes.len - PACK_HEADER_SIZE,
		}, 0, NULL, NULL);
	if (pack) {
		p->ref.objects = pack->objects;
		pack_close(pack);
	}
	return err;
}

static int get_checked(struct moving *m, struct mover *t,
		       struct moving_pack *p, const struct unit *u)
{
	int err;

	if (p->asked.take == TAKE_INDEX)
		return endpoint_fetch_index(m->fetch->from, p->asked.number);
	if (!t->verifier)
		t->verifier = verifier_new();
	if (p->asked.take == TAKE_AT_ONCE) {
		err = get_bytes(m->fetch, t, p, u);
		if (!err)
			err = check_at_once(t, p);
	} else {
		err = get_frames(m, t, p, u);
	}
	/* there will be less to wait for at the end */
	if (!err && p->asked.take == TAKE_WHOLE)
		sync_file_range(p->fd, u->offset, u->len,
				SYNC_FILE_RANGE_WRITE);
	if (!err)
		__atomic_fetch_add(&m->fetch->result->bytes, u->len,
				   __ATOMIC_RELAXED);
	return err;
}

int fetch_unit(struct moving *m, struct mover *t, struct moving_pack *p,
	       const struct unit *u)
{
	int err = 0;

	/* what came wrong once may come right the next time */
	for (int attempt = 0; attempt < 2; attempt++) {
		err = get_checked(m, t, p, u);
		if (err != DV_E_CORRUPT)
			break;
		trace_note("pack range was wrong, asked for again");
	}
	if (t->bytes.room > t->keep)
		buf_release(&t->bytes);
	return err;
}
