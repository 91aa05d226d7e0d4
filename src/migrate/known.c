#include "migrate/known.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "chunk/check.h"
#include "git/repo.h"

/* kind, flags, name, id, size, files, XXH3-64 of these */
#define RECORD_SIZE	(2 + DV_ID_SIZE + DV_ID_SIZE + 8 + 8 + 8)
#define FLAG_DIRECTORY	1
#define FLAG_LIST	2

/* Names of all kinds in one map: what MD5 leaves free tells them apart. */
static struct dv_id key_of(const struct object_name *name)
{
	struct dv_id key;

	memcpy(key.bytes, name->bytes, sizeof(key.bytes));
	if (name->kind != HASH_SHA256) {
		key.bytes[DV_ID_SIZE - 1] = name->kind;
		key.bytes[DV_ID_SIZE - 2] = name->directory;
	}
	return key;
}

static bool same_name(const struct object_name *a, const struct object_name *b)
{
	return a->kind == b->kind && a->directory == b->directory &&
		!memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

const struct known_entry *known_find(const struct known *k,
				     const struct object_name *name)
{
	const struct dv_id key = key_of(name);
	const uint64_t *at = id_map_get(&k->places, &key);

	return at && same_name(&k->items[*at].name, name) ? &k->items[*at] :
		NULL;
}

void known_add(struct known *k, const struct known_entry *entry)
{
	const struct dv_id key = key_of(&entry->name);
	uint64_t *at;
	bool added;

	ARRAY_GROW(k->items, k->count + 1, k->room);
	at = id_map_put(&k->places, &key, k->count, &added);
	*at = k->count;
	k->items[k->count++] = *entry;
}

static void encode(const struct known_entry *e, struct buf *out)
{
	size_t start = out->len;

	buf_add_u8(out, e->name.kind);
	buf_add_u8(out, (e->name.directory ? FLAG_DIRECTORY : 0) |
		   (e->list ? FLAG_LIST : 0));
	buf_add(out, e->name.bytes, DV_ID_SIZE);
	buf_add(out, e->id.bytes, DV_ID_SIZE);
	buf_add_u64(out, e->size);
	buf_add_u64(out, e->files);
	buf_add_u64(out, check64(out->data + start, out->len - start));
}

static bool decode(const uint8_t *bytes, struct known_entry *e)
{
	struct cursor c = cursor_of(bytes, RECORD_SIZE);
	uint8_t flags;

	memset(e, 0, sizeof(*e));
	e->name.kind = cursor_u8(&c);
	flags = cursor_u8(&c);
	e->name.directory = flags & FLAG_DIRECTORY;
	e->list = flags & FLAG_LIST;
	memcpy(e->name.bytes, cursor_take(&c, DV_ID_SIZE), DV_ID_SIZE);
	memcpy(e->id.bytes, cursor_take(&c, DV_ID_SIZE), DV_ID_SIZE);
	e->size = cursor_u64(&c);
	e->files = cursor_u64(&c);
	return cursor_u64(&c) == check64(bytes, RECORD_SIZE - 8);
}

static int file_of(struct dv_repo *repo, struct buf *out)
{
	const char *dir;
	int err = repo_state_dir(repo, &dir);

	if (!err)
		buf_addf(out, "%s/migrated", dir);
	return err;
}

int known_load(struct known *k, struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_FILEMAP struct filemap map = FILEMAP_INIT;
	int err = file_of(repo, &path);

	*k = (struct known){ .places = ID_MAP_INIT };
	if (!err)
		err = filemap_open(&map, path.data);
	for (size_t at = 0; !err && at + RECORD_SIZE <= map.len;
	     at += RECORD_SIZE) {
		struct known_entry e;

		if (decode(map.data + at, &e))
			known_add(k, &e);
	}
	k->kept = k->count;
	return err == DV_E_NOTFOUND ? 0 : err;
}

int known_keep(struct known *k, struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	off_t end;
	int err = file_of(repo, &path);

	if (err || k->kept == k->count)
		return err;
	for (size_t i = k->kept; i < k->count; i++)
		encode(&k->items[i], &bytes);
	fd = open(path.data, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return dv_fail_errno("cannot open %s", path.data);
	/* over what a killed run has left of its last record */
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return dv_fail_errno("cannot write %s", path.data);
	err = file_pwrite_all(fd, bytes.data, bytes.len,
			      end - end % RECORD_SIZE, path.data);
	if (!err && fdatasync(fd) < 0)
		return dv_fail_errno("cannot sync %s", path.data);
	k->kept = k->count;
	return err;
}

void known_release(struct known *k)
{
	free(k->items);
	id_map_release(&k->places);
}
