/* Reading all that a store has. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "keep/fsck.h"
#include "transfer/verify.h"

struct reading {
	struct fsck *fsck;
	struct pack **packs;	/* owned */
	size_t count, room, next;
	struct meter meter;
};

/* One pack in one thread. */
struct pack_check {
	struct fsck *fsck;
	struct pack *pack;
	struct store_reader *reader;
	uint32_t *order;	/* slots in file order */
	uint64_t bad_frames, bad_objects;
};

static int take_pack(struct pack *pack, void *data)
{
	struct reading *r = data;

	ARRAY_GROW(r->packs, r->count + 1, r->room);
	r->packs[r->count++] = pack;
	return 0;
}

static void add_damaged(struct fsck *f, const struct fsck_file *file)
{
	pthread_mutex_lock(&f->mutex);
	ARRAY_GROW(f->damaged, f->damaged_count + 1, f->damaged_room);
	f->damaged[f->damaged_count++] = *file;
	pthread_mutex_unlock(&f->mutex);
}

static void note_bad(struct pack_check *c, const struct dv_id *id,
		     const struct place *place)
{
	struct fsck *f = c->fsck;

	store_mark_bad(f->live.store, place, false);
	pthread_mutex_lock(&f->mutex);
	id_map_put(&f->bad[c->pack->class], id, 0, NULL);
	pthread_mutex_unlock(&f->mutex);
	c->bad_objects++;
}

static int check_object(struct pack_check *c, uint32_t slot)
{
	const struct dv_id *id = pack_id_at(c->pack, slot);
	const uint8_t *bytes;
	struct place place;
	int err;

	pack_place_at(c->pack, slot, &place);
	err = c->fsck->options->quick ?
		store_read_place(c->reader, c->pack->class, id, &place,
				 &bytes) :
		store_check_place(c->reader, c->pack->class, id, &place);
	if (err != DV_E_CORRUPT)
		return err;
	note_bad(c, id, &place);
	return 0;
}

/* Which of its objects are bad: perhaps only the header is. */
static int check_frame(void *data, uint32_t frame)
{
	struct pack_check *c = data;
	struct frame_info info;
	int err = cancel_check();

	c->bad_frames++;
	pack_frame_at(c->pack, frame, &info);
	for (uint32_t i = 0; i < info.count && !err; i++)
		err = check_object(c, c->order[info.first + i]);
	return err;
}

static int check_frames(struct pack_check *c, struct verifier *v)
{
	struct pack *pack = c->pack;
	DV_AUTO_CLOSE int fd = open(pack->path, O_RDONLY | O_CLOEXEC);
	uint8_t head[PACK_HEADER_SIZE];
	int err;

	if (fd < 0)
		return dv_fail_errno("cannot open %s", pack->path);
	err = file_pread_all(fd, head, sizeof(head), 0, pack->path);
	if (!err)
		err = verify_pack_header(head, pack->class);
	if (!err && !c->fsck->options->quick)
		err = pack_check_id(pack);
	c->bad_frames += err == DV_E_CORRUPT;
	if (err && err != DV_E_CORRUPT)
		return err;
	err = verify_pack(v, pack, fd, c->fsck->options->quick ?
			  VERIFY_LOCAL : 0, check_frame, c);
	if (err != DV_E_CORRUPT)
		return err;
	/* its frames do not follow each other: object by object then */
	for (uint32_t i = 0; i < pack->frames && err != DV_E_INTERRUPTED; i++)
		err = check_frame(c, i);
	return err;
}

static int check_loose(struct pack_check *c)
{
	int err = 0;

	for (uint32_t i = 0; i < c->pack->objects && !err; i++) {
		err = check_object(c, c->order[i]);
		if (!err && !(i % 64))
			err = cancel_check();
	}
	return err;
}

static int check_pack(struct fsck *f, struct pack *pack,
		      struct store_reader *reader, struct verifier *v)
{
	DV_AUTO_FREE uint32_t *order = xcalloc(pack->objects + 1,
					       sizeof(*order));
	struct pack_check c = { f, pack, reader, order, 0, 0 };
	int err;

	pack_order(pack, order);
	err = pack->layout == PACK_LOOSE ? check_loose(&c) :
	      check_frames(&c, v);
	if (err)
		return err;
	if (c.bad_objects || c.bad_frames)
		add_damaged(f, &(struct fsck_file){
			.pack = pack, .path = xstrdup(pack->path),
			.class = pack->class, .objects = c.bad_objects,
			.known = true,
		});
	else if (store_pack_has_bad(f->live.store, pack))
		store_forget_bad(f->live.store, pack);
	return 0;
}

static int check_some(struct crew *crew, unsigned worker, void *data)
{
	struct reading *r = data;
	struct store_reader *reader = store_reader_new(r->fsck->live.store);
	struct verifier *v = verifier_new();
	int err = 0;

	(void)worker;
	while (!err && !crew_failed(crew)) {
		size_t i = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED);

		if (i >= r->count)
			break;
		err = check_pack(r->fsck, r->packs[i], reader, v);
		/* somebody has removed it meanwhile */
		if (err == DV_E_NOTFOUND)
			err = 0;
		meter_add(&r->meter, pack_raw_bytes(r->packs[i]), 1);
	}
	verifier_free(v);
	store_reader_free(reader);
	return err ? err : cancel_check();
}

static int take_unreadable(const char *path, void *data)
{
	struct fsck_file file = { .path = xstrdup(path) };
	struct fsck *f = data;

	file.class = strstr(fsck_name(f, path), "meta/") ? OBJECT_META :
		     OBJECT_DATA;
	add_damaged(f, &file);
	return 0;
}

int fsck_read(struct fsck *f)
{
	TRACE_REGION("fsck: read");
	struct reading r = { .fsck = f };
	struct store *s = f->live.store;
	uint64_t bytes = 0;
	size_t unreadable;
	int err = store_refresh(s);

	for (int class = 0; class < OBJECT_CLASSES && !err; class++) {
		err = store_each_pack(s, class, take_pack, &r);
		if (!err)
			err = store_each_damaged(s, class, take_unreadable, f);
	}
	unreadable = f->damaged_count;	/* the others are among the packs */
	for (size_t i = 0; i < r.count; i++)
		bytes += pack_raw_bytes(r.packs[i]);
	meter_start(&r.meter, &f->options->progress, "checking", "packs");
	meter_total(&r.meter, bytes, r.count);
	if (!err)
		err = crew_run(crew_size(f->options->jobs), check_some, &r);
	meter_finish(&r.meter);
	f->result->files = r.count + unreadable;
	f->result->bytes = bytes;
	free(r.packs);
	return err;
}
