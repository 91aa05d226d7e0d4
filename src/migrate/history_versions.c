#include "migrate/history_versions.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "migrate/blobs.h"

#define TEXT_MOST	((size_t)64 << 20)	/* bytes of a pointer of DVC */

void history_versions_release(struct history_versions *h)
{
	free(h->items);
	names_release(&h->keys);
	history_filter_release(&h->filter);
}

/* --- which there are --------------------------------------------------- */

static uint32_t key_of(struct history_versions *h, const struct export *e,
		       bool add)
{
	DV_AUTO_BUF struct buf key = BUF_INIT;

	buf_addf(&key, "%s %d %s", e->blob.data, e->executable, e->path.data);
	return add ? names_add(&h->keys, key.data, key.len) :
		names_find(&h->keys, key.data, key.len);
}

static void note_version(struct history_versions *h, const struct export *e,
			 const char *commit)
{
	struct arena *arena = &h->p->arena;
	uint32_t n = key_of(h, e, true);

	if (n < h->count)
		return;
	ARRAY_GROW(h->items, h->count + 1, h->room);
	h->items[h->count++] = (struct history_version){
		.path = arena_copy(arena, e->path.data, e->path.len),
		.blob = arena_copy(arena, e->blob.data, e->blob.len),
		.commit = commit, .executable = e->executable,
	};
}

int history_versions_find(struct history_versions *h,
			  const struct buf *stream)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(stream->data,
						     stream->len);
	const char *commit = "";
	int err;

	while ((err = export_next(&e)) > 0) {
		h->p->result->commits += e.kind == EXPORT_COMMIT;
		if (e.kind == EXPORT_ID)
			commit = arena_copy(&h->p->arena, e.blob.data,
					    e.blob.len);
		if (e.kind == EXPORT_MODIFY && e.plain &&
		    h->reader->may(h->reader, e.path.data))
			note_version(h, &e, commit);
	}
	return err;
}

/* --- their texts ------------------------------------------------------- */

static int left(struct history_versions *h, const struct history_version *v,
		const char *path, const char *why)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	buf_addf(&text, "%s (since commit %.12s)", why, v->commit);
	return present_left(h->p, path, v->path, text.data);
}

static int check_names(const struct history_versions *h,
		       const struct history_version *v)
{
	for (size_t i = v->first; i < v->first + v->count; i++) {
		const char *path = h->p->outs[i].path;
		const char *why = present_bad_name(path);

		if (why)
			return dv_fail(DV_E_INVALID, "%s: %s", path, why);
	}
	return 0;
}

static int read_version(struct history_versions *h, struct history_version *v,
			const char *text, size_t len)
{
	const struct history_file file = {
		v->path, v->executable, text, len
	};
	int err;

	v->first = h->p->count;
	err = h->reader->read(h->reader, h->p, &file);
	v->count = h->p->count - v->first;
	if (!err)
		err = check_names(h, v);
	v->pointer = err != 1;
	v->done = !err;
	if (err == DV_E_UNSUPPORTED || err == DV_E_INTERRUPTED)
		return err;
	return err < 0 ? left(h, v, v->path, dv_error_text()) : 0;
}

static int read_one(void *data, size_t n, const char *text, size_t len)
{
	struct history_versions *h = data;
	struct history_version *v = &h->items[n];

	if (!text)
		return 0;
	if (!h->reader->filter)
		return read_version(h, v, text, len);
	if (h->reader->looks(text, len)) {
		v->text = arena_copy(&h->p->arena, text, len);
		v->len = len;
	}
	return 0;
}

static int read_versions(struct history_versions *h)
{
	const char **names = xcalloc(h->count + 1, sizeof(*names));
	int err;

	for (size_t i = 0; i < h->count; i++)
		names[i] = h->items[i].blob;
	err = blobs_read(h->p->repo, names, h->count, h->reader->most ?
			 h->reader->most : TEXT_MOST, read_one, h);
	free(names);
	return err;
}

/* --- those that a filter has ------------------------------------------- */

static struct history_version *version_of(struct history_versions *h,
					  const struct export *e)
{
	uint32_t n = e->kind == EXPORT_MODIFY && e->plain ?
		key_of(h, e, false) : NAMES_NONE;

	return n == NAMES_NONE ? NULL : &h->items[n];
}

static bool is_candidate(const struct export *e, void *data)
{
	const struct history_version *v = version_of(data, e);

	return v && v->text;
}

/* Notes the first commit in which each version is filtered. */
static int mark_filtered(struct history_versions *h, const struct buf *stream)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(stream->data,
						     stream->len);
	DV_AUTO_BUF struct buf id = BUF_INIT;
	size_t number = 0;
	int err;

	while ((err = export_next(&e)) > 0) {
		struct history_version *v = version_of(h, &e);

		number += e.kind == EXPORT_COMMIT;
		if (e.kind == EXPORT_ID) {
			buf_clear(&id);
			buf_add(&id, e.blob.data, e.blob.len);
		}
		if (!v || !v->text || v->filtered ||
		    !history_filter_has(&h->filter, number, e.path.data))
			continue;
		v->filtered = true;
		v->commit = arena_copy(&h->p->arena, id.data, id.len);
	}
	return err;
}

static int read_filtered(struct history_versions *h, struct buf *stream)
{
	int err;

	h->filter.repo = h->p->repo;
	h->filter.name = h->reader->filter;
	h->filter.candidate = is_candidate;
	h->filter.data = h;
	err = history_filter_read(&h->filter, stream);
	if (!err)
		err = mark_filtered(h, stream);
	for (size_t i = 0; i < h->count && !err; i++) {
		struct history_version *v = &h->items[i];

		if (v->filtered)
			err = read_version(h, v, v->text, v->len);
	}
	return err;
}

/* --- converting -------------------------------------------------------- */

static int settle_version(struct history_versions *h,
			  struct history_version *v)
{
	struct present_out *outs = h->p->outs + v->first;
	int err = 0;

	for (size_t i = 0; i < v->count && !err; i++) {
		if (!outs[i].item.why)
			continue;
		v->done = false;
		err = left(h, v, outs[i].path, outs[i].item.why);
	}
	if (v->done)
		h->p->result->done += v->count;
	return err;
}

int history_versions_convert(struct history_versions *h, struct buf *stream)
{
	int err = read_versions(h);

	if (!err && h->reader->filter)
		err = read_filtered(h, stream);
	if (!err)
		err = present_convert(h->p);
	for (size_t i = 0; i < h->count && !err; i++)
		if (h->items[i].pointer)
			err = settle_version(h, &h->items[i]);
	return err;
}

const struct history_version *
history_versions_replaced(struct history_versions *h, const struct export *e,
			  size_t commit)
{
	const struct history_version *v = version_of(h, e);

	if (!v || !v->done || !v->count)
		return NULL;
	return !h->reader->filter ||
		history_filter_has(&h->filter, commit, v->path) ? v : NULL;
}
