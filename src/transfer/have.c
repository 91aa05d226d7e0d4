#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/random.h"
#include "chunk/check.h"
#include "transfer/have.h"

static const uint8_t have_magic[8] = { 'D', 'V', 'H', 'V', 1, 0, 0, 0 };

/* 56 Mi records; more than that is not ours */
#define HAVE_FILE_MAX	((size_t)4 << 30)
/* Stale records that are left alone. */
#define STALE_MIN	256
/* So many objects are found before indexes rest. */
#define REST_FOUND	((size_t)32 << 10)

/* --- records ----------------------------------------------------------- */

static bool record_decode(const uint8_t *p, enum have_kind *kind,
			  struct pack_ref *ref)
{
	static const uint8_t zeros[LOCATOR_ENTRY_SIZE];

	if (load_u64(p + 64) != check64(p, 64) || memcmp(p + 1, zeros, 7))
		return false;
	*kind = p[0];
	if (*kind == HAVE_MARKER) {
		memset(ref, 0, sizeof(*ref));
		return !memcmp(p + 8, zeros, sizeof(zeros));
	}
	return (*kind == HAVE_PACK || *kind == HAVE_GONE) &&
	       pack_ref_decode(p + 8, ref);
}

static void record_encode(enum have_kind kind, const struct pack_ref *ref,
			  struct buf *out)
{
	static const uint8_t zeros[LOCATOR_ENTRY_SIZE];
	size_t start = out->len;

	buf_add_u8(out, kind);
	buf_add(out, zeros, 7);
	if (ref)
		pack_ref_encode(ref, out);
	else
		buf_add(out, zeros, sizeof(zeros));
	buf_add_u64(out, check64(out->data + start, 64));
}

uint64_t have_read_records(const uint8_t *data, size_t len,
			   void (*fn)(enum have_kind kind,
				      const struct pack_ref *ref,
				      void *data),
			   void *fn_data)
{
	uint64_t count = 0;

	if (len < HAVE_HEADER_SIZE || memcmp(data, have_magic, 8))
		return 0;
	for (size_t at = HAVE_HEADER_SIZE; len - at >= HAVE_RECORD_SIZE;
	     at += HAVE_RECORD_SIZE, count++) {
		enum have_kind kind;
		struct pack_ref ref;

		if (record_decode(data + at, &kind, &ref))
			fn(kind, &ref, fn_data);
	}
	return count;
}

static struct have_pack *pack_slot(struct have *h, const struct dv_id *id,
				   uint32_t *number)
{
	bool added;
	uint64_t *n = id_map_put(&h->by_id, id, h->count, &added);

	*number = *n;
	if (added) {
		ARRAY_GROW(h->packs, h->count + 1, h->room);
		h->packs[h->count] = (struct have_pack){ .gone = true };
		h->packs[h->count++].ref.id = *id;
	}
	return &h->packs[*number];
}

static void take_record(enum have_kind kind, const struct pack_ref *ref,
			void *data)
{
	struct have *h = data;
	struct have_pack *p;
	uint32_t number;

	if (kind == HAVE_MARKER) {
		h->marker = true;
		return;
	}
	p = pack_slot(h, &ref->id, &number);
	p->ref = *ref;
	p->gone = kind == HAVE_GONE;
}

static void packs_path(const struct have *h, struct buf *out)
{
	buf_addf(out, "%s/packs", h->dir);
}

/*
 * Opens `packs` for appending at a whole number of records; what a killed
 * process or a crash left behind them is cut off.
 */
static int open_for_append(struct have *h)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf head = BUF_INIT;
	struct stat st;
	off_t whole;

	packs_path(h, &path);
	buf_add(&head, have_magic, sizeof(have_magic));
	h->fd = file_create(path.data, O_RDWR | O_APPEND, SHARE_WRITE);
	if (h->fd < 0 || fstat(h->fd, &st))
		return dv_fail_errno("cannot open %s", path.data);
	if (st.st_size >= HAVE_HEADER_SIZE) {
		char first[HAVE_HEADER_SIZE];

		whole = st.st_size - (st.st_size - HAVE_HEADER_SIZE) %
			HAVE_RECORD_SIZE;
		if (pread(h->fd, first, sizeof(first), 0) !=
		    (ssize_t)sizeof(first) ||
		    memcmp(first, have_magic, sizeof(first)))
			whole = 0;
	} else {
		whole = 0;
	}
	if (whole != st.st_size && ftruncate(h->fd, whole))
		return dv_fail_errno("cannot write %s", path.data);
	if (!whole)
		return file_write_all(h->fd, head.data, head.len, path.data);
	return 0;
}

static int append_record(struct have *h, enum have_kind kind,
			 const struct pack_ref *ref)
{
	DV_AUTO_BUF struct buf record = BUF_INIT;
	int err;

	if (h->fd < 0) {
		err = open_for_append(h);
		if (err)
			return err;
	}
	record_encode(kind, ref, &record);
	err = file_write_all(h->fd, record.data, record.len, h->dir);
	if (!err)
		h->records++;
	crash_point("have record appended");
	return err;
}

/* --- life -------------------------------------------------------------- */

int have_open(const char *store_path, const struct dv_id *key,
	      struct have **out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	struct have *h;
	int err;

	*out = NULL;
	dv_id_to_hex(key, hex);
	buf_addf(&path, "%s/have", store_path);
	err = dir_make_in(path.data);
	path_append(&path, hex);
	if (!err)
		err = dir_make_in(path.data);
	if (err)
		return err;
	h = xcalloc(1, sizeof(*h));
	h->dir = buf_detach(&path);
	h->fd = -1;
	pthread_mutex_init(&h->mutex, NULL);
	random_bytes(h->seed, sizeof(h->seed));

	packs_path(h, &path);
	err = file_read(path.data, HAVE_FILE_MAX, &bytes);
	if (err && err != DV_E_NOTFOUND && err != DV_E_INVALID) {
		have_close(h);
		return err;
	}
	if (!err)
		h->records = have_read_records((const uint8_t *)bytes.data,
					       bytes.len, take_record, h);
	*out = h;
	return 0;
}

/* Writes the records that still say something.  Losing a race is harmless. */
static void rewrite(struct have *h)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	buf_add(&bytes, have_magic, sizeof(have_magic));
	if (h->marker)
		record_encode(HAVE_MARKER, NULL, &bytes);
	for (size_t i = 0; i < h->count; i++)
		if (!h->packs[i].gone)
			record_encode(HAVE_PACK, &h->packs[i].ref, &bytes);
	packs_path(h, &path);
	file_replace(path.data, bytes.data, bytes.len,
		     NEWFILE_NOSYNC | NEWFILE_SHARED_WRITE);
}

void have_close(struct have *h)
{
	uint64_t live = 0;

	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++) {
		live += !h->packs[i].gone;
		if (h->packs[i].index)
			pack_close(h->packs[i].index);
	}
	if (h->records > 2 * (live + STALE_MIN))
		rewrite(h);
	if (h->fd >= 0)
		close(h->fd);
	for (int c = 0; c < OBJECT_CLASSES; c++)
		free(h->tables[c].slots);
	free(h->packs);
	id_map_release(&h->by_id);
	pthread_mutex_destroy(&h->mutex);
	free(h->dir);
	free(h);
}

/* --- packs ------------------------------------------------------------- */

int64_t have_number(const struct have *h, const struct dv_id *id)
{
	uint64_t *n = id_map_get(&h->by_id, id);

	return n ? (int64_t)*n : -1;
}

int have_add(struct have *h, const struct pack_ref *ref, bool sure,
	     uint32_t *number)
{
	struct have_pack *p;
	uint32_t n;
	int err = 0;

	pthread_mutex_lock(&h->mutex);
	p = pack_slot(h, &ref->id, &n);
	if (p->gone || (!pack_ref_equal(&p->ref, ref) &&
			(sure || !(p->proved || p->here)))) {
		p->ref = *ref;
		p->gone = false;
		p->proved = false;
		err = append_record(h, HAVE_PACK, ref);
	}
	pthread_mutex_unlock(&h->mutex);
	if (number)
		*number = n;
	return err;
}

int have_gone(struct have *h, uint32_t number)
{
	struct have_pack *p;
	int err = 0;

	pthread_mutex_lock(&h->mutex);
	p = &h->packs[number];
	p->proved = false;
	if (!p->gone) {
		p->gone = true;
		err = append_record(h, HAVE_GONE, &p->ref);
	}
	pthread_mutex_unlock(&h->mutex);
	return err;
}

int have_sent(struct have *h, const struct pack_ref *ref, uint32_t *number)
{
	uint32_t n;
	int err = have_add(h, ref, true, &n);

	pthread_mutex_lock(&h->mutex);
	h->packs[n].proved = h->packs[n].sent = true;
	pthread_mutex_unlock(&h->mutex);
	*number = n;
	return err;
}

int have_set_marker(struct have *h)
{
	int err = 0;

	pthread_mutex_lock(&h->mutex);
	if (!h->marker)
		err = append_record(h, HAVE_MARKER, NULL);
	h->marker = true;
	pthread_mutex_unlock(&h->mutex);
	return err;
}

struct pack_ref have_ref(struct have *h, uint32_t number)
{
	struct pack_ref ref;

	pthread_mutex_lock(&h->mutex);
	ref = h->packs[number].ref;
	pthread_mutex_unlock(&h->mutex);
	return ref;
}

void have_set_bad(struct have *h, uint32_t number)
{
	pthread_mutex_lock(&h->mutex);
	h->packs[number].bad = true;
	pthread_mutex_unlock(&h->mutex);
}

/* --- indexes ----------------------------------------------------------- */

static uint64_t id_hash(const struct have *h, const struct dv_id *id)
{
	uint64_t sum = 0;

	/* seeded: whoever made the index does not choose the slots */
	for (int i = 0; i < 4; i++) {
		sum ^= load_u64(id->bytes + 8 * i) + h->seed[i];
		sum *= 0x9e3779b97f4a7c15u;
		sum ^= sum >> 29;
	}
	return sum;
}

static void table_put(struct have *h, struct have_table *t, uint32_t number)
{
	struct pack *p = h->packs[number].index;

	for (uint32_t i = 0; i < p->objects; i++) {
		uint64_t hash = id_hash(h, pack_id_at(p, i));
		uint64_t at = hash & (t->room - 1);

		while (t->slots[at])
			at = (at + 1) & (t->room - 1);
		t->slots[at] = (hash & 0xffffffff00000000u) | (number + 1);
	}
	t->count += p->objects;
	pack_rest(p);
}

static void table_add(struct have *h, uint32_t number)
{
	struct pack *p = h->packs[number].index;
	struct have_table *t = &h->tables[p->class];
	uint64_t room = t->room ? t->room : 1024;

	h->packs[number].tabled = true;
	while ((t->count + p->objects) * 3 > room * 2)
		room *= 2;
	if (room == t->room) {
		table_put(h, t, number);
		return;
	}
	free(t->slots);
	t->slots = xcalloc(room, sizeof(*t->slots));
	t->room = room;
	t->count = 0;
	for (size_t i = 0; i < h->count; i++)
		if (h->packs[i].tabled && h->packs[i].index &&
		    h->packs[i].index->class == p->class)
			table_put(h, t, i);
}

void have_index_path(const struct have *h, const struct dv_id *id,
		     struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(id, hex);
	buf_addf(out, "%s/%s.idx", h->dir, hex);
}

/* True when the index says what the record says. */
static bool index_agrees(const struct pack *p, const struct pack_ref *ref)
{
	return p->class == ref->class && p->objects == ref->objects &&
	       p->index_len == ref->index_len && p->layout == PACK_PACKED;
}

static int open_index(struct have *h, uint32_t number)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have_pack *p = &h->packs[number];
	struct pack *index;
	int err;

	have_index_path(h, &p->ref.id, &path);
	err = pack_open_index(path.data, &p->ref.id, NULL, p->ref.size,
			      &index);
	if (!err && !index_agrees(index, &p->ref)) {
		pack_close(index);
		err = dv_fail(DV_E_CORRUPT, "%s: does not agree with what "
			      "names it", path.data);
	}
	if (err == DV_E_CORRUPT || err == DV_E_INVALID ||
	    err == DV_E_UNSUPPORTED) {
		unlink(path.data);
		return DV_E_NOTFOUND;
	}
	if (err)
		return err;
	p->index = index;
	table_add(h, number);
	return 0;
}

int have_index_open(struct have *h, uint32_t number)
{
	int err = 0;

	pthread_mutex_lock(&h->mutex);
	if (!h->packs[number].index)
		err = open_index(h, number);
	pthread_mutex_unlock(&h->mutex);
	return err;
}

int have_index_keep(struct have *h, uint32_t number, const uint8_t *bytes,
		    size_t len)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct pack_ref ref = have_ref(h, number);
	char hex[DV_ID_HEX + 1];
	int err;

	if (len != ref.index_len + PACK_TAIL_SIZE)
		return dv_fail(DV_E_CORRUPT, "index of the wrong length");
	err = pack_index_check(bytes, len, &ref.id);
	if (err)
		return err;
	have_index_path(h, &ref.id, &path);
	err = file_replace(path.data, bytes, len,
			   NEWFILE_NOSYNC | NEWFILE_SHARED);
	if (err)
		return err;
	err = have_index_open(h, number);
	if (err != DV_E_NOTFOUND)
		return err;
	dv_id_to_hex(&ref.id, hex);
	return dv_fail(DV_E_CORRUPT, "pack %.12s: its index does not agree "
		       "with the locator", hex);
}

void have_index_drop(struct have *h, uint32_t number)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have_pack *p;

	/* an index that is open stays so: marks may rely on it */
	pthread_mutex_lock(&h->mutex);
	p = &h->packs[number];
	p->here = true;
	have_index_path(h, &p->ref.id, &path);
	unlink(path.data);
	pthread_mutex_unlock(&h->mutex);
}

/* As in the store: who looks for much passes over the packs. */
static void count_found(struct have *h)
{
	size_t n = atomic_fetch_add_explicit(&h->found, 1,
					     memory_order_relaxed) + 1;

	for (size_t i = 0; n % REST_FOUND == 0 && i < h->count; i++)
		if (h->packs[i].index)
			pack_rest_touched(h->packs[i].index);
}

bool have_lookup(struct have *h, enum object_class class,
		 const struct dv_id *id, uint32_t *number,
		 struct place *out)
{
	const struct have_table *t = &h->tables[class];
	uint64_t hash, at;

	if (!t->room)
		return false;
	hash = id_hash(h, id);
	for (at = hash & (t->room - 1); t->slots[at];
	     at = (at + 1) & (t->room - 1)) {
		uint32_t n = (uint32_t)t->slots[at] - 1;
		const struct have_pack *p = &h->packs[n];

		if ((t->slots[at] ^ hash) >> 32 || p->gone || p->bad ||
		    (h->active_only && !p->active))
			continue;
		if (pack_find(p->index, id, out)) {
			*number = n;
			count_found(h);
			return true;
		}
	}
	return false;
}
