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
#include "base/names.h"
#include "base/path.h"
#include "git/obtain.h"
#include "git/repo.h"
#include "migrate/export.h"
#include "migrate/history_attributes.h"
#include "migrate/history_ignore.h"
#include "migrate/history_refs.h"
#include "migrate/history_versions.h"

/* One path that has had pointers at some time. */
struct past {
	size_t *outs;		/* owned; one for each path it tracked */
	size_t count, room;
};

struct history {
	struct present *p;
	struct history_refs refs;
	struct buf stream;	/* of git fast-export */
	struct buf out;		/* for git fast-import */
	struct history_versions versions;
	struct names paths;
	struct past *pasts;	/* owned; as many as paths */
	size_t past_room;
	struct history_ignore ignore;	/* when the reader wants that */
	struct history_attributes attributes;
};

#define DV_AUTO_HISTORY __attribute__((cleanup(history_release)))

static void history_release(struct history *h)
{
	for (size_t i = 0; i < h->paths.count; i++)
		free(h->pasts[i].outs);
	free(h->pasts);
	names_release(&h->paths);
	history_versions_release(&h->versions);
	history_ignore_release(&h->ignore);
	history_attributes_release(&h->attributes);
	history_refs_release(&h->refs);
	buf_release(&h->stream);
	buf_release(&h->out);
}

/* --- before the second pass ------------------------------------------- */

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
		if (history_versions_replaced(&h->versions, &e, number))
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

static void remember(struct history *h, const struct history_version *v,
		     size_t out)
{
	struct past *past = past_of(h, v->path, true);

	for (size_t i = 0; i < past->count; i++)
		if (!strcmp(h->p->outs[past->outs[i]].path,
			    h->p->outs[out].path))
			return;
	ARRAY_GROW(past->outs, past->count + 1, past->room);
	past->outs[past->count++] = out;
}

static void write_pointers(struct history *h, const struct history_version *v,
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
	const struct history_version *v =
		history_versions_replaced(&h->versions, e, c->number);

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
	const struct names *kept = &h->refs.there.kept;
	const size_t prefix = strlen(REFS_TAGS);
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
		.p = p, .stream = BUF_INIT, .out = BUF_INIT,
		.versions = { .p = p, .reader = reader },
		.refs = { .repo = p->repo, .name = p->o->branch,
			  .all = p->o->all_refs },
	};
	int err = history_refs_open(&h.refs);

	if (!err)
		err = history_refs_export(&h.refs, &h.stream);
	if (!err && !p->o->dry_run)
		err = obtain_blobs(&h);
	if (!err)
		err = history_versions_find(&h.versions, &h.stream);
	if (!err)
		err = history_versions_convert(&h.versions, &h.stream);
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
