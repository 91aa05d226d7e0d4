#include "transfer/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "chunk/check.h"

static const uint8_t seen_magic[SEEN_HEADER_SIZE] = "DVHR\1\0\0";

/* Where the checked part of a record ends, and the locator's root is. */
#define CHECKED		24
#define ROOT_AT		(SEEN_RECORD_SIZE + 8)
/* More than that is not kept of roots that nobody asks for. */
#define SEEN_FILE_MAX	((size_t)64 << 20)

bool seen_decode(const uint8_t *bytes, size_t room, struct seen_record *out)
{
	if (room < SEEN_RECORD_SIZE + LOCATOR_HEADER_SIZE ||
	    load_u64(bytes + CHECKED) != check64(bytes, CHECKED))
		return false;
	out->time = load_u64(bytes);
	out->until = load_u64(bytes + 8);
	out->len = load_u32(bytes + 16);
	out->locator = bytes + SEEN_RECORD_SIZE;
	memcpy(out->root.bytes, bytes + ROOT_AT, DV_ID_SIZE);
	return !load_u32(bytes + 20) && out->len >= LOCATOR_HEADER_SIZE &&
	       out->len <= SEEN_LOCATOR_MAX &&
	       out->len <= room - SEEN_RECORD_SIZE;
}

/* Behind a record that is damaged nothing can be found. */
static void read_records(struct seen *s)
{
	struct seen_record r;
	size_t at = SEEN_HEADER_SIZE;

	if (s->map.len < SEEN_HEADER_SIZE ||
	    memcmp(s->map.data, seen_magic, SEEN_HEADER_SIZE))
		return;
	while (seen_decode(s->map.data + at, s->map.len - at, &r)) {
		id_map_put(&s->old, &r.root, at, NULL);
		at += SEEN_RECORD_SIZE + r.len;
	}
}

void seen_open(struct seen *s, const char *dir)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	*s = (struct seen){
		.map = FILEMAP_INIT, .old = ID_MAP_INIT,
		.renewed = ID_MAP_INIT, .fresh = BUF_INIT,
	};
	pthread_mutex_init(&s->mutex, NULL);
	buf_addf(&path, "%s/roots", dir);
	s->path = buf_detach(&path);
	if (!filemap_open(&s->map, s->path))
		read_records(s);
}

bool seen_any(const struct seen *s, const struct dv_id *root)
{
	return id_map_get(&s->old, root);
}

bool seen_find(struct seen *s, const struct dv_id *root, uint64_t size,
	       int64_t time, struct locator *out)
{
	uint64_t *at = id_map_get(&s->old, root);
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct seen_record r;

	if (!at || !time || !seen_decode(s->map.data + *at, s->map.len - *at,
					 &r) ||
	    r.len != size || (r.time ? time != r.time : time > r.until) ||
	    locator_decode(r.locator, r.len, root, out))
		return false;
	if (r.time)
		return true;
	buf_add(&bytes, r.locator, r.len);
	seen_add(s, time, 0, &bytes);
	return true;
}

void seen_add(struct seen *s, int64_t time, int64_t until,
	      const struct buf *locator)
{
	struct dv_id root;
	size_t start;

	if (locator->len > SEEN_LOCATOR_MAX)
		return;
	memcpy(root.bytes, locator->data + ROOT_AT - SEEN_RECORD_SIZE,
	       DV_ID_SIZE);
	pthread_mutex_lock(&s->mutex);
	start = s->fresh.len;
	*id_map_put(&s->renewed, &root, start, NULL) = start;
	buf_add_u64(&s->fresh, time);
	buf_add_u64(&s->fresh, until);
	buf_add_u32(&s->fresh, locator->len);
	buf_add_u32(&s->fresh, 0);
	buf_add_u64(&s->fresh, check64(s->fresh.data + start, CHECKED));
	buf_add(&s->fresh, locator->data, locator->len);
	pthread_mutex_unlock(&s->mutex);
}

/* The records behind each other that are the last of their roots. */
static int write_records(struct newfile *out, const struct id_map *last,
			 const struct id_map *instead, const uint8_t *data,
			 size_t at, size_t len)
{
	struct seen_record r;
	int err = 0;

	while (!err && seen_decode(data + at, len - at, &r)) {
		const uint64_t *where = id_map_get(last, &r.root);

		if (where && *where == at &&
		    !(instead && id_map_get(instead, &r.root)))
			err = newfile_write(out, data + at,
					    SEEN_RECORD_SIZE + r.len);
		at += SEEN_RECORD_SIZE + r.len;
	}
	return err;
}

static int write_all(struct seen *s)
{
	DV_AUTO_NEWFILE struct newfile out = NEWFILE_INIT;
	int err = newfile_open(&out, s->path, NULL);

	if (!err)
		err = newfile_write(&out, seen_magic, sizeof(seen_magic));
	if (!err)
		err = write_records(&out, &s->renewed, NULL,
				    (const uint8_t *)s->fresh.data, 0,
				    s->fresh.len);
	if (!err && s->old.count && s->map.len <= SEEN_FILE_MAX)
		err = write_records(&out, &s->old, &s->renewed, s->map.data,
				    SEEN_HEADER_SIZE, s->map.len);
	return err ? err : newfile_commit(&out, NEWFILE_NOSYNC |
					  NEWFILE_SHARED);
}

void seen_close(struct seen *s)
{
	if (!s->path)
		return;
	if (s->fresh.len) {
		struct error_state kept;

		error_save(0, &kept);
		write_all(s);
		error_restore(&kept);
	}
	filemap_release(&s->map);
	id_map_release(&s->old);
	id_map_release(&s->renewed);
	buf_release(&s->fresh);
	pthread_mutex_destroy(&s->mutex);
	free(s->path);
	s->path = NULL;
}
