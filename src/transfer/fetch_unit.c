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

static int check_unit(struct moving *m, struct mover *t,
		      struct moving_pack *p, const struct unit *u)
{
	int err = 0;

	if (!u->offset)
		err = verify_pack_header((const uint8_t *)t->bytes.data,
					 p->ref.class);
	for (uint32_t i = u->first; i < u->end && !err; i++) {
		struct frame_info info;
		struct frame_view view;

		pack_frame_at(p->index, i, &info);
		if (!fetch_frame_wanted(p, &info))
			continue;
		err = verify_frame(t->verifier, &p->frames, i,
				   bytes_at(t, u, frame_start(&info)),
				   frame_end(&info) - frame_start(&info), 0,
				   &view);
		if (!err && p->asked.take == TAKE_FRAMES)
			err = put_frame(m, t, p->ref.class, &view);
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
	for (uint32_t i = 0; !err && i < pack->frames; i++) {
		struct frame_info info;
		struct frame_view view;

		pack_frame_at(pack, i, &info);
		err = verify_frame(t->verifier, &frames, i,
				   bytes_at(t, u, frame_start(&info)),
				   frame_end(&info) - frame_start(&info), 0,
				   &view);
	}
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
	err = get_bytes(m->fetch, t, p, u);
	if (err)
		return err;
	return p->asked.take == TAKE_AT_ONCE ? check_at_once(t, p, u) :
					       check_unit(m, t, p, u);
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
