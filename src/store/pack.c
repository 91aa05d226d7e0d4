/* Packs that are being read: opening them and looking into their index. */

#include "store/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/error.h"
#include "chunk/sha256.h"
#include "store/id_filter.h"
#include "store/pack_index.h"
#include "store/sort.h"

#define FRAME_ROW	24
#define PLACE_ROW	24

/* A pack of so many objects gets a filter once so many ids were missed. */
#define FILTER_OBJECTS	4096
#define FILTER_MISSES	8

/* --- opening ----------------------------------------------------------- */

static int check_sha256(const uint8_t *index, uint64_t len,
			const struct dv_id *want, const char *name)
{
	struct dv_id id;

	sha256(index, len, &id);
	if (dv_id_equal(&id, want))
		return 0;
	return dv_fail(DV_E_CORRUPT, "%s: the index has another id", name);
}

static int check_header(struct pack *p, int fd, const char *name)
{
	uint8_t header[PACK_HEADER_SIZE];
	enum object_class class;
	int err = file_pread_all(fd, header, sizeof(header), 0, name);

	if (!err)
		err = pack_header_decode(header, name, &class);
	if (!err && class != p->class)
		err = dv_fail(DV_E_CORRUPT, "%s: header and index differ",
			      name);
	return err;
}

static int take_tables(struct pack *p, const struct pack_tail *tail,
		       const char *name)
{
	struct pack_index x;
	int err = pack_index_decode(p->index, tail, name, &x);

	if (err)
		return err;
	p->id = tail->id;
	p->class = x.class;
	p->layout = x.layout;
	p->frames = x.frames;
	p->objects = x.objects;
	p->nonce = x.nonce;
	p->stamp = x.stamp;
	p->index_len = tail->index_len;
	p->fanout = x.fanout;
	p->frame_table = x.frame_table;
	p->ids = x.ids;
	p->places = x.places;
	return 0;
}

enum open_as { OPEN_PACK, OPEN_INDEX, OPEN_LOOSE };

/* Where index || tail begin in a file of `size` bytes. */
static int index_start(const struct pack_tail *tail, enum open_as as,
		       uint64_t size, uint64_t pack_size, const char *name,
		       uint64_t *from)
{
	uint64_t both = tail->index_len + PACK_TAIL_SIZE;
	uint64_t whole;

	if (both > size || __builtin_add_overflow(tail->index_offset, both,
						  &whole))
		return dv_fail(DV_E_CORRUPT, "%s: bad pack tail", name);
	if ((as == OPEN_PACK && whole != size) ||
	    (as != OPEN_PACK && both != size) ||
	    (as == OPEN_INDEX && whole != pack_size))
		return dv_fail(DV_E_CORRUPT, "%s: its size is wrong", name);
	*from = size - both;
	return 0;
}

static int open_file(struct pack *p, const char *path, enum open_as as,
		     const struct dv_id *expect, uint64_t pack_size)
{
	/* not to hang where somebody put a pipe */
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t bytes[PACK_TAIL_SIZE];
	struct pack_tail tail;
	struct stat st;
	uint64_t from = 0;
	int err;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_access("cannot open", path);
	if (!S_ISREG(st.st_mode) || st.st_size < PACK_TAIL_SIZE)
		return dv_fail(DV_E_CORRUPT, "%s: too short for a pack", path);
	err = file_pread_all(fd, bytes, sizeof(bytes),
			     st.st_size - PACK_TAIL_SIZE, path);
	if (!err)
		err = pack_tail_decode(bytes, path, &tail);
	if (!err)
		err = index_start(&tail, as, st.st_size, pack_size, path,
				  &from);
	if (!err && expect && !dv_id_equal(expect, &tail.id))
		err = dv_fail(DV_E_CORRUPT, "%s: has another pack's id", path);
	if (!err)
		err = pack_map_open(&p->map, fd, path, from,
				    st.st_size - from);
	if (!err)
		p->index = p->map.bytes;
	if (!err)
		err = take_tables(p, &tail, path);
	if (!err && !expect && as != OPEN_LOOSE)
		err = check_sha256(p->index, p->index_len, &p->id, path);
	if (!err && (p->layout == PACK_LOOSE) != (as == OPEN_LOOSE))
		err = dv_fail(DV_E_CORRUPT, "%s: bad layout", path);
	if (!err && as == OPEN_PACK)
		err = check_header(p, fd, path);
	pack_map_rest(&p->map);
	if (!err)
		p->size = as == OPEN_PACK ? (uint64_t)st.st_size :
			as == OPEN_INDEX ? pack_size : tail.index_offset;
	return err;
}

static int open_any(const char *path, enum open_as as,
		    const struct dv_id *expect, const char *data_path,
		    uint64_t size, struct pack **out)
{
	struct pack *p = xcalloc(1, sizeof(*p));
	int err;

	p->fd = -1;
	p->map = (struct pack_map)PACK_MAP_INIT;
	pthread_mutex_init(&p->mutex, NULL);
	err = open_file(p, path, as, expect, size);
	if (err) {
		pack_close(p);
		*out = NULL;
		return err;
	}
	if (data_path)
		p->path = xstrdup(data_path);
	*out = p;
	return 0;
}

int pack_open(const char *path, const struct dv_id *expect,
	      struct pack **out)
{
	return open_any(path, OPEN_PACK, expect, path, 0, out);
}

int pack_open_index(const char *path, const struct dv_id *expect,
		    const char *data_path, uint64_t size, struct pack **out)
{
	return open_any(path, data_path ? OPEN_LOOSE : OPEN_INDEX, expect,
			data_path, size, out);
}

int pack_index_check(const uint8_t *bytes, size_t len,
		     const struct dv_id *expect)
{
	static const char name[] = "index from a remote";
	struct pack_index x;
	struct pack_tail tail;
	int err;

	if (len < PACK_TAIL_SIZE)
		return dv_fail(DV_E_CORRUPT, "%s: too short", name);
	err = pack_tail_decode(bytes + len - PACK_TAIL_SIZE, name, &tail);
	if (err)
		return err;
	if (tail.index_len != len - PACK_TAIL_SIZE)
		return dv_fail(DV_E_CORRUPT, "%s: bad length", name);
	if (expect && !dv_id_equal(expect, &tail.id))
		return dv_fail(DV_E_CORRUPT, "%s: has another pack's id",
			       name);
	err = pack_index_decode(bytes, &tail, name, &x);
	if (!err && x.layout != PACK_PACKED)
		err = dv_fail(DV_E_CORRUPT, "%s: bad layout", name);
	return err ? err : check_sha256(bytes, tail.index_len, &tail.id, name);
}

int pack_check_id(const struct pack *p)
{
	return check_sha256(p->index, p->index_len, &p->id,
			    p->path ? p->path : "index");
}

/* --- fds --------------------------------------------------------------- */

/*
 * A process may have few fds (often 1024) and there may be many thousand
 * packs: so many stay open, and one that nobody uses makes room.  Lock order:
 * a pack's mutex, then fd_mutex; under that others' mutexes are only tried.
 */
#define FDS_MAX	256

static pthread_mutex_t fd_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct pack *fd_packs[FDS_MAX];
static unsigned fd_hand;	/* where to look next */

/* Takes place i from the pack that has it, if nobody reads from it now. */
static bool fd_evict(unsigned i)
{
	struct pack *old = fd_packs[i];

	if (!old)
		return true;
	if (pthread_mutex_trylock(&old->mutex))
		return false;
	if (old->users) {
		pthread_mutex_unlock(&old->mutex);
		return false;
	}
	close(old->fd);
	old->fd = -1;
	old->cached = 0;
	fd_packs[i] = NULL;
	pthread_mutex_unlock(&old->mutex);
	return true;
}

/* p->mutex is held.  All places in use: it just stays open. */
static void fd_enter(struct pack *p)
{
	pthread_mutex_lock(&fd_mutex);
	for (unsigned n = 0; n < FDS_MAX && !p->cached; n++) {
		unsigned i = fd_hand++ % FDS_MAX;

		if (fd_evict(i)) {
			fd_packs[i] = p;
			p->cached = i + 1;
		}
	}
	pthread_mutex_unlock(&fd_mutex);
}

static void fd_leave(struct pack *p)
{
	pthread_mutex_lock(&fd_mutex);
	if (p->cached)
		fd_packs[p->cached - 1] = NULL;
	p->cached = 0;
	pthread_mutex_unlock(&fd_mutex);
}

static int fd_use(struct pack *p, bool keep, int *fd)
{
	int err = 0;

	pthread_mutex_lock(&p->mutex);
	if (p->fd < 0 && !p->path) {
		err = dv_fail(DV_E_NOTFOUND, "only an index is here");
	} else if (p->fd < 0) {
		p->fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (p->fd < 0)
			err = fail_access("cannot open", p->path);
		else
			fd_enter(p);
	}
	if (!err && (!keep || !p->kept))
		p->users++;
	if (!err && keep)
		p->kept = true;
	*fd = p->fd;
	pthread_mutex_unlock(&p->mutex);
	return err;
}

int pack_fd(struct pack *p, int *fd)
{
	return fd_use(p, true, fd);
}

int pack_read(struct pack *p, void *out, size_t len, uint64_t offset)
{
	int fd, err = fd_use(p, false, &fd);

	if (err)
		return err;
	err = file_pread_all(fd, out, len, offset, p->path);
	pthread_mutex_lock(&p->mutex);
	p->users--;
	if (!p->cached && !p->users && p->fd >= 0) {
		int saved = errno;

		close(p->fd);
		p->fd = -1;
		errno = saved;
	}
	pthread_mutex_unlock(&p->mutex);
	return err;
}

void pack_close(struct pack *p)
{
	if (!p)
		return;
	fd_leave(p);
	if (p->fd >= 0)
		close(p->fd);
	pack_map_close(&p->map);
	pthread_mutex_destroy(&p->mutex);
	id_filter_free(atomic_load(&p->filter));
	free(p->path);
	free(p);
}

/* --- looking ----------------------------------------------------------- */

void pack_fanout(const struct pack *p, unsigned byte, uint32_t *from,
		 uint32_t *to)
{
	*from = byte ? load_u32(p->fanout + (byte - 1) * 4) : 0;
	*to = load_u32(p->fanout + byte * 4);
}

static void touch(struct pack *p)
{
	if (!atomic_load_explicit(&p->touched, memory_order_relaxed))
		atomic_store_explicit(&p->touched, true,
				      memory_order_relaxed);
}

/*
 * Who adds much that is new looks for each id in each pack.  That would take
 * the ids of all packs into memory.
 */
static void note_miss(struct pack *p)
{
	unsigned n = atomic_fetch_add_explicit(&p->missed, 1,
					       memory_order_relaxed) + 1;

	touch(p);
	if (n < FILTER_MISSES || p->objects < FILTER_OBJECTS)
		return;
	if (n == FILTER_MISSES)
		atomic_store(&p->filter, id_filter_new(p->ids, p->objects));
	pack_rest(p);
}

/* The first slot of an id. */
static bool find_slot(const struct pack *p, const struct dv_id *id,
		      uint32_t *slot)
{
	uint32_t low, high, end;

	pack_fanout(p, id->bytes[0], &low, &high);
	end = high;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (dv_id_compare(pack_id_at(p, mid), id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*slot = low;
	return low < end && dv_id_equal(pack_id_at(p, low), id);
}

bool pack_find(struct pack *p, const struct dv_id *id, struct place *out)
{
	const struct id_filter *filter = atomic_load(&p->filter);
	uint32_t slot;

	if (filter && !id_filter_may_have(filter, id))
		return false;
	if (!find_slot(p, id, &slot)) {
		note_miss(p);
		return false;
	}
	pack_place_at(p, slot, out);
	return true;
}

bool pack_find_likely(struct pack *p, const struct dv_id *id,
		      struct place *out)
{
	uint32_t slot;

	touch(p);
	if (!find_slot(p, id, &slot))
		return false;
	pack_place_at(p, slot, out);
	return true;
}

void pack_forget_misses(struct pack *p)
{
	id_filter_free(atomic_exchange(&p->filter, NULL));
	atomic_store(&p->missed, 0);
}

void pack_rest(struct pack *p)
{
	atomic_store_explicit(&p->touched, false, memory_order_relaxed);
	pack_map_rest(&p->map);
}

void pack_rest_touched(struct pack *p)
{
	if (atomic_load_explicit(&p->touched, memory_order_relaxed))
		pack_rest(p);
}

const struct dv_id *pack_id_at(const struct pack *p, uint32_t slot)
{
	return (const struct dv_id *)(p->ids + (size_t)slot * DV_ID_SIZE);
}

void pack_place_at(struct pack *p, uint32_t slot, struct place *out)
{
	const uint8_t *row = p->places + (size_t)slot * PLACE_ROW;

	touch(p);
	out->pack = p;
	out->slot = slot;
	out->frame = load_u32(row);
	out->offset = load_u32(row + 4);
	out->len = load_u32(row + 8);
	out->check = load_u64(row + 16);
}

void pack_frame_at(const struct pack *p, uint32_t frame,
		   struct frame_info *out)
{
	const uint8_t *row = p->frame_table + (size_t)frame * FRAME_ROW;
	uint32_t next = frame + 1 < p->frames ?
		load_u32(row + FRAME_ROW + 20) : p->objects;

	out->offset = load_u64(row);
	out->stored = load_u32(row + 8);
	out->raw = load_u32(row + 12);
	out->codec = row[16];
	out->filter = row[17];
	out->first = load_u32(row + 20);
	out->count = next - out->first;
}

void pack_order(const struct pack *p, uint32_t *order)
{
	struct sort_key *keys = xmalloc(((size_t)p->objects * 2 + 1) *
					sizeof(*keys));

	/*
	 * An object of no bytes comes before its neighbour at the same
	 * offset: the lowest bit says so; offsets are below 2^31.
	 */
	for (uint32_t i = 0; i < p->objects; i++) {
		const uint8_t *row = p->places + (size_t)i * PLACE_ROW;

		keys[i].key = (uint64_t)load_u32(row) << 32 |
			load_u32(row + 4) << 1 | !!load_u32(row + 8);
		keys[i].value = i;
	}
	sort_keys(keys, p->objects, keys + p->objects);
	for (uint32_t i = 0; i < p->objects; i++)
		order[i] = keys[i].value;
	free(keys);
}
