/*
 * Many files at once.  Work is cut into jobs of neighbours: a batch of small
 * files is read into one buffer, cut, hashed in one call and handed to the
 * store in one call; a file of middle size is a job of its own.  Threads take
 * jobs in the order of the tree, so that packs lie in that order too.  What is
 * large comes after that, each file with all threads.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/trace.h"
#include "dv/chunk.h"
#include "store/list.h"
#include "store/tree.h"
#include "work/linked.h"
#include "work/record.h"

#define BATCH_BYTES	((size_t)1 << 20)
#define BATCH_FILES	1024
/* Grown more than that, a buffer is not kept. */
#define KEEP_BYTES	((size_t)5 << 20)

/* Neighbours that one thread reads. */
struct job {
	size_t first, count;
};

struct jobs {
	struct record_run run;
	struct record_item *items;
	struct job *jobs;	/* owned */
	size_t count, room;
	size_t shared;		/* items that are for all threads at once */
	_Atomic size_t next;
};

/* Where a file of a batch lies in the worker's arrays. */
struct part {
	size_t at, len;		/* in bytes */
	size_t first, count;	/* in chunks */
	bool late;		/* it changed: to be read as a stream */
};

static int read_link(const struct record_run *run, struct record_worker *w,
		     struct record_item *item)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char target[ENTRY_TARGET_MAX + 1];
	struct stat st;
	ssize_t n;

	n = readlinkat(w->dir_fd, item->entry->name, target, sizeof(target));
	if (n >= 0 && (size_t)n < sizeof(target) &&
	    !fstatat(w->dir_fd, item->entry->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISLNK(st.st_mode)) {
		item->target = arena_copy(&w->targets, target, (size_t)n);
		item->entry->mtime_ns = timespec_ns(&st.st_mtim);
		item->entry->ctime_ns = timespec_ns(&st.st_ctim);
		item->entry->inode = st.st_ino;
		item->entry->size = (uint64_t)st.st_size;
		memset(&item->entry->content, 0, sizeof(struct content));
		sha256(target, (size_t)n, &item->entry->content.id);
		return 0;
	}
	record_path(run, item, &path);
	if (n >= (ssize_t)sizeof(target))
		return dv_fail(DV_E_INVALID, "%s: the target of this symbolic "
			       "link is too long", path.data);
	return dv_fail(DV_E_CHANGED, "%s went away while it was looked at",
		       path.data);
}

/*
 * Reads a file as the scan saw it to bytes[part->at ...), where its size and
 * one more have room.
 */
static int read_whole(const struct record_run *run, struct record_worker *w,
		      const struct record_item *item, struct part *part)
{
	const struct scan_entry *e = item->entry;
	char *out = w->bytes.data + part->at;
	DV_AUTO_CLOSE int fd = -1;
	size_t got = 0, want = e->size;
	struct stat st;
	int err = record_open(run, w, item, &fd);

	if (err)
		return err;
	do {
		/* one more byte would show that it has grown */
		ssize_t n = read(fd, out + got, want + 1 - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			DV_AUTO_BUF struct buf path = BUF_INIT;
			int code = errno;

			record_path(run, item, &path);
			errno = code;
			return dv_fail_errno("cannot read %s", path.data);
		}
		got += (size_t)n;
		if (!n)
			break;
	} while (got < want);
	part->len = got;
	part->late = got != want || fstat(fd, &st) || !record_same(e, &st);
	return 0;
}

/* A link of ours that leads nowhere is no content. */
static int refuse_lost(const struct record_run *run, struct record_worker *w,
		       const struct record_item *item)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	record_path(run, item, &path);
	return linked_refuse(run->r->store_real, w->dir_fd, path.data);
}

/* Reads one item of a batch, whatever it is. */
static int read_item(const struct record_run *run, struct record_worker *w,
		     struct record_item *item, struct part *part)
{
	bool link = item->entry->type == ENTRY_SYMLINK;
	int err;

	part->len = 0;
	part->late = false;
	if (link) {
		/* enters the directory; the link itself cannot be opened */
		err = record_enter(run, w, item);
		if (!err && run->r->mode != RECORD_CHECK)
			err = refuse_lost(run, w, item);
		if (!err)
			err = read_link(run, w, item);
	} else {
		err = read_whole(run, w, item, part);
	}
	if (err && run->r->mode == RECORD_CHECK) {
		item->failed = true;
		err = cancel_check();
	}
	return err;
}

/* Cuts one file that is in memory. */
static void cut_part(struct record_worker *w, struct part *p)
{
	const uint8_t *data = (const uint8_t *)w->bytes.data + p->at;
	size_t most = p->len / DV_CHUNK_MIN + 1;

	p->first = w->chunk_count;
	p->count = 0;
	if (!p->len)
		return;
	ARRAY_GROW(w->chunks, w->chunk_count + most, w->chunk_room);
	if (p->len <= DV_CHUNK_MIN) {
		w->chunks[w->chunk_count] = (struct chunk){
			.data = data, .len = (uint32_t)p->len,
		};
		p->count = 1;
	} else {
		p->count = chunk_memory(data, p->len,
					w->chunks + w->chunk_count, most, 0);
	}
	w->chunk_count += p->count;
}

static void hash_chunks(struct record_worker *w)
{
	TRACE_REGION("record: hash batch");

	ARRAY_GROW(w->hashes, w->chunk_count, w->hash_room);
	for (size_t i = 0; i < w->chunk_count; i++)
		w->hashes[i] = (struct sha256_job){
			.data = w->chunks[i].data,
			.len = w->chunks[i].len,
			.out = &w->chunks[i].id,
		};
	sha256_many(w->hashes, w->chunk_count);
}

/* List nodes of a worker's files go through the worker's own hand. */
struct node_way {
	struct recorder *r;
	struct record_worker *w;
	bool *here;
};

static int put_list_node(void *data, const struct object *node)
{
	struct node_way *way = data;

	if (!record_claim(way->r, OBJECT_META, &node->id, node->len,
			  way->here))
		return 0;
	return session_put(record_hand(way->r, way->w), OBJECT_META, node, 1);
}

static int name_part(const struct record_run *run, struct record_worker *w,
		     struct record_item *item, const struct part *p)
{
	struct node_way way = { run->r, w, &item->here };
	struct content *c = &item->entry->content;
	const struct chunk *chunks = w->chunks + p->first;
	struct list_builder *b;
	int err = 0;

	memset(c, 0, sizeof(*c));
	item->here = true;
	for (size_t i = 0; i < p->count; i++)
		if (record_claim(run->r, OBJECT_DATA, &chunks[i].id,
				 chunks[i].len, &item->here))
			record_gather(w, &chunks[i]);
	c->size = p->len;
	if (p->count == 1)
		c->id = chunks[0].id;
	if (p->count < 2)
		return 0;
	b = list_builder_new(put_list_node, &way);
	for (size_t i = 0; i < p->count && !err; i++)
		err = list_builder_add(b, &chunks[i].id, chunks[i].len);
	if (!err)
		return list_builder_finish(b, c);
	list_builder_free(b);
	return err;
}

static int name_batch(const struct record_run *run, struct record_worker *w,
		      struct record_item *items, struct part *parts,
		      size_t count)
{
	TRACE_REGION("record: put batch");
	uint64_t bytes = 0, late = 0;
	int err = 0;

	w->chunk_count = 0;
	for (size_t i = 0; i < count; i++)
		if (!parts[i].late)
			cut_part(w, &parts[i]);
		else
			late++;
	hash_chunks(w);
	for (size_t i = 0; i < count && !err; i++) {
		if (parts[i].late || items[i].failed ||
		    items[i].entry->type == ENTRY_SYMLINK)
			continue;
		err = name_part(run, w, &items[i], &parts[i]);
		bytes += parts[i].len;
	}
	atomic_fetch_add(&run->r->read_bytes, bytes);
	if (!err)
		err = record_put(run->r, w);
	meter_add(run->r->meter, bytes, count - late);
	return err;
}

static int read_batch(const struct record_run *run, struct record_worker *w,
		      struct record_item *items, size_t count)
{
	TRACE_REGION("record: read batch");
	struct part parts[BATCH_FILES];
	int64_t read_ns = clock_real_ns();
	size_t at = 0, total = 1;
	int err = 0;

	for (size_t i = 0; i < count; i++)
		if (items[i].entry->type == ENTRY_FILE)
			total += items[i].entry->size;
	buf_clear(&w->bytes);
	buf_reserve(&w->bytes, total);
	for (size_t i = 0; i < count && !err; i++) {
		parts[i].at = at;
		items[i].read_ns = read_ns;
		err = read_item(run, w, &items[i], &parts[i]);
		at += parts[i].late ? 0 : parts[i].len;
	}
	if (!err)
		err = name_batch(run, w, items, parts, count);
	for (size_t i = 0; i < count && !err; i++)
		if (parts[i].late)
			err = record_stream(run, w, &items[i], false);
	if (w->bytes.room > KEEP_BYTES)
		buf_release(&w->bytes);
	return err;
}

/* --- dealing out ---------------------------------------------------------- */

static uint64_t item_bytes(const struct record_item *item)
{
	return item->entry->type == ENTRY_FILE ? item->entry->size : 0;
}

static bool shared(const struct recorder *r, const struct record_item *item)
{
	return r->threads > 1 && item_bytes(item) >= RECORD_SHARED;
}

/* Read as a stream: large, or to be whole in the store. */
static bool alone(const struct recorder *r, const struct record_item *item)
{
	uint64_t bytes = item_bytes(item);

	return bytes > record_at_once(r) ||
		(bytes && record_link(r) && bytes >= r->link_from);
}

static int work(struct crew *crew, unsigned worker, void *data)
{
	struct jobs *j = data;
	struct record_worker *w = &j->run.r->workers[worker];
	struct scan_pass pass = { j->run.scan, 0 };
	int err = 0;

	while (!err && !crew_failed(crew)) {
		size_t n = atomic_fetch_add(&j->next, 1);
		struct record_item *items;

		if (n >= j->count)
			break;
		items = j->items + j->jobs[n].first;
		if (j->jobs[n].count == 1 && alone(j->run.r, items))
			err = record_stream(&j->run, w, items, false);
		else
			err = read_batch(&j->run, w, items, j->jobs[n].count);
		scan_passed(&pass, j->jobs[n].count);
	}
	return err;
}

static void cut_jobs(struct jobs *j, size_t count)
{
	struct scan_pass pass = { j->run.scan, 0 };
	uint64_t bytes = 0;
	struct job *last = NULL;

	for (size_t i = 0; i < count; i++) {
		uint64_t more = item_bytes(&j->items[i]);
		bool by_itself = alone(j->run.r, &j->items[i]);

		scan_passed(&pass, 1);
		if (shared(j->run.r, &j->items[i])) {
			j->shared++;
			last = NULL;
			continue;
		}
		if (last && last->count < BATCH_FILES &&
		    bytes + more <= BATCH_BYTES && !by_itself) {
			last->count++;
			bytes += more;
			continue;
		}
		ARRAY_GROW(j->jobs, j->count + 1, j->room);
		last = &j->jobs[j->count++];
		*last = (struct job){ i, 1 };
		bytes = more;
		if (by_itself)
			last = NULL;
	}
}

/* Those that are for all threads at once. */
static int read_shared(struct jobs *j, size_t count)
{
	struct scan_pass pass = { j->run.scan, 0 };
	struct recorder *r = j->run.r;
	int err = 0;

	for (size_t i = 0; i < count && j->shared && !err; i++) {
		scan_passed(&pass, 1);
		if (!shared(r, &j->items[i]))
			continue;
		j->shared--;
		err = record_stream(&j->run, &r->workers[0], &j->items[i],
				    true);
	}
	return err;
}

int record_run(struct recorder *r, const char *base, const struct scan *scan,
	       struct record_item *items, size_t count)
{
	TRACE_REGION("record: read files");
	struct jobs j = { .run = { r, base, scan }, .items = items };
	unsigned threads = record_readers(r);
	int err = count ? record_session(r) : 0;

	if (err || !count)
		return err;
	for (unsigned i = 0; i < r->threads; i++)
		record_leave(&r->workers[i]);
	cut_jobs(&j, count);
	if (threads > j.count)
		threads = (unsigned)j.count;
	if (threads)
		err = crew_run(threads, work, &j);
	free(j.jobs);
	if (!err)
		err = read_shared(&j, count);
	if (!err && count >= RECORD_MANY)
		err = recorder_rest(r);
	for (unsigned i = 0; i < r->threads; i++) {
		record_leave(&r->workers[i]);
		if (r->threads > 4 || r->mode == RECORD_CHECK ||
		    count >= RECORD_MANY)
			buf_release(&r->workers[i].bytes);
	}
	return err;
}
