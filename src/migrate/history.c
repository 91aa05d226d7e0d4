/*
 * A branch of converted history.  `git fast-export` says what each commit
 * changes.  In a first pass over that, all versions of pointers are found
 * and converted, each content once; in a second one they are replaced, and
 * `git fast-import` makes the commits.  Authors, dates, messages and merges
 * are those that were.
 */

#include "migrate/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/names.h"
#include "base/path.h"
#include "git/obtain.h"
#include "git/repo.h"
#include "migrate/blobs.h"
#include "migrate/export.h"
#include "migrate/history_attributes.h"
#include "migrate/history_filter.h"
#include "migrate/history_ignore.h"
#include "migrate/history_refs.h"

#define TEXT_MOST	((size_t)64 << 20)	/* bytes of a pointer of DVC */

/* One version of a file that may track data. */
struct version {
	const char *path;	/* in the arena */
	const char *blob;	/* likewise */
	const char *commit;	/* the first that has it */
	const char *text;	/* in the arena; NULL: the reader has no
				   filter, or it does not look right */
	size_t len;
	bool filtered;		/* in some commit the filter has it */
	size_t first, count;	/* its outs in present.outs */
	bool executable;
	bool pointer;		/* it is one */
	bool done;		/* all of it has been converted */
};

/* One path that has had pointers at some time. */
struct past {
	size_t *outs;		/* owned; one for each path it tracked */
	size_t count, room;
};

struct history {
	struct present *p;
	struct history_reader *reader;
	struct history_refs refs;
	struct buf stream;	/* of git fast-export */
	struct buf out;		/* for git fast-import */
	struct names keys;	/* "<blob> <x> <path>" -> number of the version */
	struct version *versions;	/* owned */
	size_t count, room;
	struct names paths;
	struct past *pasts;	/* owned; as many as paths */
	size_t past_room;
	struct history_filter filter;	/* when the reader has one */
	struct history_ignore ignore;	/* when the reader wants that */
	struct history_attributes attributes;
};

#define DV_AUTO_HISTORY __attribute__((cleanup(history_release)))

static void history_release(struct history *h)
{
	for (size_t i = 0; i < h->paths.count; i++)
		free(h->pasts[i].outs);
	free(h->pasts);
	free(h->versions);
	names_release(&h->keys);
	names_release(&h->paths);
	history_filter_release(&h->filter);
	history_ignore_release(&h->ignore);
	history_attributes_release(&h->attributes);
	history_refs_release(&h->refs);
	buf_release(&h->stream);
	buf_release(&h->out);
}

/* --- the first pass ---------------------------------------------------- */

static uint32_t key_of(struct history *h, const struct export *e, bool add)
{
	DV_AUTO_BUF struct buf key = BUF_INIT;

	buf_addf(&key, "%s %d %s", e->blob.data, e->executable, e->path.data);
	return add ? names_add(&h->keys, key.data, key.len) :
		names_find(&h->keys, key.data, key.len);
}

static void note_version(struct history *h, const struct export *e,
			 const char *commit)
{
	struct arena *arena = &h->p->arena;
	uint32_t n = key_of(h, e, true);

	if (n < h->count)
		return;
	ARRAY_GROW(h->versions, h->count + 1, h->room);
	h->versions[h->count++] = (struct version){
		.path = arena_copy(arena, e->path.data, e->path.len),
		.blob = arena_copy(arena, e->blob.data, e->blob.len),
		.commit = commit, .executable = e->executable,
	};
}

static int find_versions(struct history *h)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(h->stream.data,
						     h->stream.len);
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

/*
 * Pointers are read, and git fast-import asks for each file that stays: what a
 * partial clone lacks of all that comes at once.
 */
static int obtain_blobs(struct history *h)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(h->stream.data,
						     h->stream.len);
	DV_AUTO_BUF struct buf ids = BUF_INIT;
	int err;

	if (!repo_is_partial(h->p->repo))
		return 0;
	while ((err = export_next(&e)) > 0)
		if (e.kind == EXPORT_MODIFY && !e.module)
			buf_addf(&ids, "%s\n", e.blob.data);
	return err ? err : repo_obtain(h->p->repo, &ids);
}

/* --- their texts ------------------------------------------------------- */

static int left(struct history *h, const struct version *v, const char *path,
		const char *why)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	buf_addf(&text, "%s (since commit %.12s)", why, v->commit);
	return present_left(h->p, path, v->path, text.data);
}

static int check_names(const struct history *h, const struct version *v)
{
	for (size_t i = v->first; i < v->first + v->count; i++) {
		const char *path = h->p->outs[i].path;
		const char *why = present_bad_name(path);

		if (why)
			return dv_fail(DV_E_INVALID, "%s: %s", path, why);
	}
	return 0;
}

static int read_version(struct history *h, struct version *v,
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
	struct history *h = data;
	struct version *v = &h->versions[n];

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

static int read_versions(struct history *h)
{
	const char **names = xcalloc(h->count + 1, sizeof(*names));
	int err;

	for (size_t i = 0; i < h->count; i++)
		names[i] = h->versions[i].blob;
	err = blobs_read(h->p->repo, names, h->count, h->reader->most ?
			 h->reader->most : TEXT_MOST, read_one, h);
	free(names);
	return err;
}

/* --- those that a filter has ------------------------------------------- */

static struct version *version_of(struct history *h, const struct export *e)
{
	uint32_t n = e->kind == EXPORT_MODIFY && e->plain ?
		key_of(h, e, false) : NAMES_NONE;

	return n == NAMES_NONE ? NULL : &h->versions[n];
}

static bool is_candidate(const struct export *e, void *data)
{
	const struct version *v = version_of(data, e);

	return v && v->text;
}

/* Notes the first commit in which each version is filtered. */
static int mark_filtered(struct history *h)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(h->stream.data,
						     h->stream.len);
	DV_AUTO_BUF struct buf id = BUF_INIT;
	size_t number = 0;
	int err;

	while ((err = export_next(&e)) > 0) {
		struct version *v = version_of(h, &e);

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

static int read_filtered(struct history *h)
{
	int err;

	h->filter.repo = h->p->repo;
	h->filter.name = h->reader->filter;
	h->filter.candidate = is_candidate;
	h->filter.data = h;
	err = history_filter_read(&h->filter, &h->stream);
	if (!err)
		err = mark_filtered(h);
	for (size_t i = 0; i < h->count && !err; i++) {
		struct version *v = &h->versions[i];

		if (v->filtered)
			err = read_version(h, v, v->text, v->len);
	}
	return err;
}

/* --- converting -------------------------------------------------------- */

static int settle_version(struct history *h, struct version *v)
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

static int convert_all(struct history *h)
{
	int err = read_versions(h);

	if (!err && h->reader->filter)
		err = read_filtered(h);
	if (!err)
		err = present_convert(h->p);
	for (size_t i = 0; i < h->count && !err; i++)
		if (h->versions[i].pointer)
			err = settle_version(h, &h->versions[i]);
	return err;
}

/* The version that dv's pointers take the place of, or NULL. */
static const struct version *replaced(struct history *h,
				      const struct export *e, size_t commit)
{
	const struct version *v = version_of(h, e);

	if (!v || !v->done || !v->count)
		return NULL;
	return !h->reader->filter ||
		history_filter_has(&h->filter, commit, v->path) ? v : NULL;
}

/* What becomes data has to be ignored by git, commit by commit. */
static int find_ignored(struct history *h)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(h->stream.data,
						     h->stream.len);
	const char *id = "";
	size_t number = 0;
	int err;

	while ((err = export_next(&e)) > 0) {
		number += e.kind == EXPORT_COMMIT;
		if (e.kind == EXPORT_ID)
			id = arena_copy(&h->p->arena, e.blob.data,
					e.blob.len);
		if (replaced(h, &e, number))
			history_ignore_data(&h->ignore, number, id,
					    e.path.data);
		else if (e.kind == EXPORT_MODIFY || e.kind == EXPORT_DELETE)
			history_ignore_change(&h->ignore, number, id,
					      e.path.data);
	}
	return err ? err : history_ignore_read(&h->ignore, h->p->repo);
}

static int find_attributes(struct history *h)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(h->stream.data,
						     h->stream.len);
	int err;

	h->attributes.lfs = h->p->o->from == DV_MIGRATE_LFS;
	while ((err = export_next(&e)) > 0)
		history_attributes_take(&h->attributes, &e);
	return err ? err : history_attributes_read(&h->attributes,
						   h->p->repo);
}

/* --- the second pass --------------------------------------------------- */

static struct past *past_of(struct history *h, const char *path, bool add)
{
	size_t len = strlen(path), before = h->paths.count;
	uint32_t n = add ? names_add(&h->paths, path, len) :
		names_find(&h->paths, path, len);

	if (n == NAMES_NONE)
		return NULL;
	if (h->paths.count > before) {
		ARRAY_GROW(h->pasts, h->paths.count, h->past_room);
		memset(&h->pasts[n], 0, sizeof(*h->pasts));
	}
	return &h->pasts[n];
}

static void pointer_path(const struct present_out *out, struct buf *path)
{
	buf_clear(path);
	buf_addf(path, "%s%s", out->path, DV_POINTER_SUFFIX);
}

/* Whatever the file at `path` tracked before is gone from this commit on. */
static void forget(struct history *h, const char *path, struct buf *deletes)
{
	const struct past *past = past_of(h, path, false);
	DV_AUTO_BUF struct buf pointer = BUF_INIT;

	for (size_t i = 0; past && i < past->count; i++) {
		pointer_path(&h->p->outs[past->outs[i]], &pointer);
		import_delete(pointer.data, deletes);
	}
}

static void remember(struct history *h, const struct version *v, size_t out)
{
	struct past *past = past_of(h, v->path, true);

	for (size_t i = 0; i < past->count; i++)
		if (!strcmp(h->p->outs[past->outs[i]].path,
			    h->p->outs[out].path))
			return;
	ARRAY_GROW(past->outs, past->count + 1, past->room);
	past->outs[past->count++] = out;
}

static void write_pointers(struct history *h, const struct version *v,
			   struct buf *files)
{
	for (size_t i = v->first; i < v->first + v->count; i++) {
		const struct present_out *out = &h->p->outs[i];
		struct dv_pointer pointer = out->item.pointer;
		DV_AUTO_BUF struct buf path = BUF_INIT;
		char *text;
		size_t len;

		pointer.rest = out->rest;
		text = dv_pointer_format(&pointer, &len);
		pointer_path(out, &path);
		import_file(path.data, text, len, files);
		free(text);
		remember(h, v, i);
	}
}

/* One commit while it is written. */
struct commit {
	size_t number;
	struct buf deletes, lines, files;
	bool open, root;
};

static void take_modify(struct history *h, const struct export *e,
			struct commit *c)
{
	const struct version *v = replaced(h, e, c->number);

	forget(h, e->path.data, &c->deletes);
	if (!v) {
		buf_add(&c->lines, e->text, e->len);
		return;
	}
	import_delete(e->path.data, &c->lines);
	write_pointers(h, v, &c->files);
}

/* What `dv init` puts at the top: at the beginning of all lines of history. */
static void add_setup(struct history *h)
{
	const char *name, *text;

	for (size_t i = 0; (name = repo_setup_file(i, &text)); i++)
		import_file(name, text, strlen(text), &h->out);
}

static void end_commit(struct history *h, struct commit *c)
{
	if (!c->open)
		return;
	history_attributes_write(&h->attributes, c->number, &c->files);
	history_ignore_write(&h->ignore, c->number, &c->files);
	buf_add(&h->out, c->deletes.data, c->deletes.len);
	/* one that the commit has itself comes behind it, and wins */
	if (c->root)
		add_setup(h);
	buf_add(&h->out, c->lines.data, c->lines.len);
	buf_add(&h->out, c->files.data, c->files.len);
	buf_clear(&c->deletes);
	buf_clear(&c->lines);
	buf_clear(&c->files);
	c->open = false;
}

static void take_command(struct history *h, const struct export *e,
			 struct commit *c)
{
	switch (e->kind) {
	case EXPORT_COMMIT:
	case EXPORT_RESET:
	case EXPORT_TAG:
		end_commit(h, c);
		c->open = c->root = e->kind == EXPORT_COMMIT;
		c->number += c->open;
		history_refs_take(&h->refs, e, &h->out);
		return;
	case EXPORT_MODIFY:
		take_modify(h, e, c);
		return;
	case EXPORT_DELETE:
		forget(h, e->path.data, &c->deletes);
		buf_add(&c->lines, e->text, e->len);
		return;
	case EXPORT_END:
		end_commit(h, c);
		if (!history_refs_take(&h->refs, e, &h->out))
			buf_addch(&h->out, '\n');
		return;
	case EXPORT_FROM:
		c->root = false;
		break;
	case EXPORT_ID:
		return;
	default:
		break;
	}
	if (!history_refs_take(&h->refs, e, &h->out))
		buf_add(&h->out, e->text, e->len);
}

static int rewrite(struct history *h)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(h->stream.data,
						     h->stream.len);
	struct commit c = { 0, BUF_INIT, BUF_INIT, BUF_INIT, false, false };
	int err;

	while ((err = export_next(&e)) > 0)
		take_command(h, &e, &c);
	end_commit(h, &c);
	buf_release(&c.deletes);
	buf_release(&c.lines);
	buf_release(&c.files);
	history_refs_end(&h->refs, &h->out);
	return err;
}

/* --- all of it --------------------------------------------------------- */

static int note_tags(struct history *h)
{
	const struct names *kept = &h->refs.kept;
	const size_t prefix = strlen("refs/tags/");
	int err = 0;

	for (size_t i = 0; i < kept->count && !err; i++) {
		DV_AUTO_BUF struct buf about = BUF_INIT;

		buf_addf(&about, "tag %s", kept->items[i].text + prefix);
		err = present_note(h->p, about.data, "it is not as dv has left "
				   "it, or was there before: it stays (without "
				   "it, dv writes its own)", NULL);
	}
	return err;
}

int history_run(struct present *p, struct history_reader *reader)
{
	DV_AUTO_HISTORY struct history h = {
		.p = p, .reader = reader, .stream = BUF_INIT, .out = BUF_INIT,
		.refs = { .repo = p->repo, .name = p->o->branch,
			  .all = p->o->all_refs },
	};
	int err = history_refs_open(&h.refs);

	if (!err)
		err = history_refs_export(&h.refs, &h.stream);
	if (!err && !p->o->dry_run)
		err = obtain_blobs(&h);
	if (!err)
		err = find_versions(&h);
	if (!err)
		err = convert_all(&h);
	if (!err)
		err = cancel_check();
	if (err || p->o->dry_run)
		return err;
	if (reader->ignore)
		err = find_ignored(&h);
	if (!err)
		err = find_attributes(&h);
	if (!err)
		err = rewrite(&h);
	if (!err)
		err = history_refs_import(&h.refs, &h.out);
	return err ? err : note_tags(&h);
}
