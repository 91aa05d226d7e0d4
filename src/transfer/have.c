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
#include "chunk/check.h"
#include "transfer/have_inside.h"

static const uint8_t have_magic[8] = { 'D', 'V', 'H', 'V', 1, 0, 0, 0 };

/* 56 Mi records; more than that is not ours */
#define HAVE_FILE_MAX	((size_t)4 << 30)
/* Stale records that are left alone. */
#define STALE_MIN	256

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
	for (int class = 0; class < OBJECT_CLASSES; class++)
		h->classes[class].last = HAVE_NONE;
	pthread_mutex_init(&h->mutex, NULL);

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
	have_merged_close(h);
	for (size_t i = 0; i < h->count; i++) {
		live += !h->packs[i].gone;
		if (h->packs[i].index)
			pack_close(h->packs[i].index);
	}
	if (h->records > 2 * (live + STALE_MIN))
		rewrite(h);
	if (h->fd >= 0)
		close(h->fd);
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
