#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "transfer/push.h"
#include "transfer/repack.h"
#include "transfer/verify.h"

/* A larger pack is asked for before it is sent: a killed push goes on. */
#define ASK_FIRST	((uint64_t)1 << 20)

/*
 * The packs of one class on their way.  Those of the store are all listed at
 * once; those being made are added by one thread, which waits while enough
 * of them lie on the disk.
 */
struct sender {
	struct push *push;
	enum object_class class;
	struct meter *meter;
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	struct upload *items;	/* owned */
	size_t count, room, next;
	size_t made;		/* packs made and not yet sent */
	bool making;		/* more of them will come */
	enum fate copied;	/* of what is copied into them */
	bool damaged;		/* a pack cannot go as it is */
	struct crew *crew;
};

static void upload_release(struct upload *u)
{
	if (u->path && !u->pack)
		unlink(u->path);
	free(u->path);
	u->path = NULL;
}

/* --- one pack ---------------------------------------------------------- */

static void count_sent(void *data, int64_t bytes)
{
	meter_add(data, (uint64_t)bytes, 0);
}

/* Keeps the index of a pack that was made for this push. */
static int keep_index(struct sender *s, const struct upload *u,
		      uint32_t number, int fd)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	size_t len = u->ref.index_len + PACK_TAIL_SIZE;
	int err;

	buf_reserve(&bytes, len);
	err = file_pread_all(fd, bytes.data, len, u->ref.size - len, u->path);
	if (err)
		return err;
	return have_index_keep(s->push->have, number,
			       (const uint8_t *)bytes.data, len);
}

static int put_pack(struct sender *s, const struct upload *u,
		    const char *name, int fd, bool *sent)
{
	struct push *p = s->push;
	struct remote_source source = { .fd = fd, .len = u->ref.size };
	uint64_t size;
	int err;

	*sent = false;
	if (u->ref.size > ASK_FIRST && !p->options->force) {
		err = remote_stat(p->to->remote, name, &size);
		if (err && err != DV_E_NOTFOUND)
			return err;
		if (!err && size == u->ref.size) {
			meter_add(s->meter, size, 0);
			return 0;
		}
	}
	*sent = true;
	return remote_put(p->to->remote, name, &source, count_sent, s->meter);
}

/* What is wanted of it may be good, here or in another pack. */
static void note_damaged(struct sender *s, const struct upload *u)
{
	size_t number;

	pthread_mutex_lock(&s->mutex);
	marks_of(&s->push->wanted, u->pack, &number);
	s->push->fates[number] = FATE_DAMAGED;
	s->damaged = true;
	pthread_mutex_unlock(&s->mutex);
}

static int upload_one(struct sender *s, struct verifier *v,
		      const struct upload *u)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_CLOSE int fd = open(u->path, O_RDONLY | O_CLOEXEC);
	struct push *p = s->push;
	uint32_t number;
	bool sent;
	int err = 0;

	if (fd < 0)
		return dv_fail_errno("cannot open %s", u->path);
	/* nothing that is damaged here is to reach the remote */
	if (u->pack)
		err = verify_pack(v, u->pack, fd, VERIFY_LOCAL, NULL, NULL);
	if (err == DV_E_CORRUPT) {
		note_damaged(s, u);
		return 0;
	}
	if (err)
		return err;
	remote_pack_name(&u->ref.id, &name);
	err = put_pack(s, u, name.data, fd, &sent);
	if (err)
		return err;
	crash_point("push pack sent");
	err = have_sent(p->have, &u->ref, &number);
	if (!err && !u->pack)
		err = keep_index(s, u, number, fd);
	if (err)
		return err;

	meter_add(s->meter, 0, 1);
	pthread_mutex_lock(&s->mutex);
	if (!u->pack)
		locator_add(&p->made, &u->ref);
	if (sent) {
		p->result->packs++;
		p->result->bytes += u->ref.size;
		p->result->objects += u->ref.objects;
	}
	pthread_mutex_unlock(&s->mutex);
	return 0;
}

/* --- all of a class ---------------------------------------------------- */

static struct upload upload_of(const struct pack *pack)
{
	return (struct upload){
		.ref = {
			.id = pack->id,
			.size = pack->size,
			.index_len = pack->index_len,
			.objects = pack->objects,
			.class = pack->class,
		},
		.path = xstrdup(pack->path),
	};
}

/* A pack has been made: it is this room's now. */
static int take_made(void *data, struct pack *pack)
{
	struct sender *s = data;
	struct upload u = upload_of(pack);
	bool failed;

	pack_close(pack);
	pthread_mutex_lock(&s->mutex);
	while (s->made > s->push->to->jobs && !crew_failed(s->crew))
		crew_wait(&s->moved, &s->mutex);
	ARRAY_GROW(s->items, s->count + 1, s->room);
	s->items[s->count++] = u;
	s->made++;
	failed = crew_failed(s->crew);
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->mutex);
	return failed ? DV_E_INTERRUPTED : 0;
}

/* The next pack to be sent; false when there will be none. */
static bool take_next(struct sender *s, struct crew *crew, struct upload *out)
{
	bool found = false;

	pthread_mutex_lock(&s->mutex);
	while (!crew_failed(crew)) {
		if (s->next < s->count) {
			*out = s->items[s->next];
			s->items[s->next++].path = NULL;
			found = true;
			break;
		}
		if (!s->making)
			break;
		crew_wait(&s->moved, &s->mutex);
	}
	pthread_mutex_unlock(&s->mutex);
	return found;
}

static void done_with(struct sender *s, struct upload *u)
{
	pthread_mutex_lock(&s->mutex);
	s->made -= !u->pack;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->mutex);
	upload_release(u);
}

static int compare_marks(const void *a, const void *b)
{
	const struct mark *const *x = a, *const *y = b;

	return dv_id_compare(&(*x)->pack->id, &(*y)->pack->id);
}

/* Those to be copied, by pack id: always the same order. */
static const struct mark **sorted_marks(const struct push *p,
					enum object_class class,
					enum fate fate, size_t *count)
{
	const struct mark **list = xcalloc(p->wanted.count + 1,
					   sizeof(*list));

	*count = 0;
	for (size_t i = 0; i < p->wanted.count; i++)
		if (p->fates[i] == fate &&
		    p->wanted.items[i].pack->class == class)
			list[(*count)++] = &p->wanted.items[i];
	qsort(list, *count, sizeof(*list), compare_marks);
	return list;
}

/* Copies what is marked, in an order that is always the same. */
static int copy_marked(struct sender *s)
{
	struct repack_options o = {
		.class = s->class, .nonce = s->push->condemned.nonce,
		.scratch = true,
		.finished = take_made, .data = s,
	};
	struct push *p = s->push;
	const struct mark **list;
	struct repack *r;
	size_t count;
	int err = repack_open(p->store, p->reader, &o, &r);

	list = sorted_marks(p, s->class, s->copied, &count);
	for (size_t i = 0; i < count && !err; i++)
		err = repack_mark(r, list[i]);
	if (!err)
		err = repack_finish(r);
	free(list);
	repack_free(r);
	return err;
}

static int make_packs(struct sender *s, struct crew *crew)
{
	int err;

	s->crew = crew;
	err = copy_marked(s);
	pthread_mutex_lock(&s->mutex);
	s->making = false;
	pthread_cond_broadcast(&s->moved);
	pthread_mutex_unlock(&s->mutex);
	return err;
}

static int send_some(struct crew *crew, unsigned worker, void *data)
{
	struct sender *s = data;
	struct verifier *v;
	struct upload u;
	int err = 0;

	if (!worker && s->making)
		return make_packs(s, crew);
	v = verifier_new();
	while (!err && take_next(s, crew, &u)) {
		err = upload_one(s, v, &u);
		done_with(s, &u);
	}
	verifier_free(v);
	return err ? err : cancel_check();
}

static void list_whole(struct sender *s)
{
	struct push *p = s->push;

	for (size_t i = 0; i < p->wanted.count; i++) {
		const struct mark *k = &p->wanted.items[i];
		struct upload *u;

		if (k->pack->class != s->class)
			continue;
		if (p->fates[i] == s->copied)
			s->making = true;
		if (p->fates[i] != FATE_WHOLE || s->copied != FATE_COPY)
			continue;
		ARRAY_GROW(s->items, s->count + 1, s->room);
		u = &s->items[s->count++];
		*u = upload_of(k->pack);
		u->pack = k->pack;
	}
}

static int run_sender(struct sender *s)
{
	unsigned threads = s->push->to->jobs;
	int err = 0;

	list_whole(s);
	if (!s->making && s->count < threads)
		threads = s->count;
	if (threads)
		err = crew_run(threads + s->making, send_some, s);
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].path)
			upload_release(&s->items[i]);
	free(s->items);
	s->items = NULL;
	s->count = s->room = s->next = 0;
	return err;
}

int push_send_class(struct push *p, enum object_class class,
		    struct meter *meter)
{
	struct sender s = {
		.push = p, .class = class, .meter = meter,
		.copied = FATE_COPY,
	};
	TRACE_REGION("push: send");
	int err;

	pthread_mutex_init(&s.mutex, NULL);
	crew_cond_init(&s.moved);
	err = run_sender(&s);
	if (!err && s.damaged) {
		s.copied = FATE_DAMAGED;
		err = run_sender(&s);
	}
	pthread_cond_destroy(&s.moved);
	pthread_mutex_destroy(&s.mutex);
	return err;
}
