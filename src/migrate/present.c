#include "migrate/present.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "store/tree.h"

/* A batch is made durable, and its pointers written, at this size. */
#define BATCH_BYTES	((uint64_t)1 << 30)
#define BATCH_ITEMS	4096
/* Waiting for a server takes no CPU. */
#define THREADS_LEAST	8

int present_open(struct present *p, struct dv_repo *repo,
		 const struct dv_migrate_options *o)
{
	unsigned threads = o->threads ? o->threads : crew_size(0);

	memset(p, 0, sizeof(*p));
	p->repo = repo;
	p->o = o;
	if (!o->threads && threads < THREADS_LEAST)
		threads = THREADS_LEAST;
	return converter_open(&p->converter, repo, threads, &o->progress);
}

void present_close(struct present *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct present_out *out = &p->outs[i];

		free(out->path);
		free(out->source);
		free(out->rest);
		convert_item_release(&out->item);
		if (out->has_pointer)
			dv_pointer_release(&out->pointer);
	}
	free(p->outs);
	free(p->staged);
	arena_release(&p->arena);
	converter_close(&p->converter);
}

struct present_out *present_add(struct present *p, const char *path,
				const char *source, const char *rest)
{
	struct present_out *out;

	ARRAY_GROW(p->outs, p->count + 1, p->room);
	out = &p->outs[p->count++];
	memset(out, 0, sizeof(*out));
	out->path = xstrdup(path);
	out->source = xstrdup(source);
	out->rest = xstrdup(rest);
	return out;
}

/* --- reporting --------------------------------------------------------- */

static int tell(struct present *p, const struct dv_migrate_entry *e)
{
	p->result->done += e->state == DV_MIGRATE_DONE;
	p->result->same += e->state == DV_MIGRATE_SAME;
	p->result->left += e->state == DV_MIGRATE_LEFT;
	return p->fn ? p->fn(e, p->data) : 0;
}

int present_left(struct present *p, const char *path, const char *source,
		 const char *why)
{
	const struct dv_migrate_entry e = {
		.state = DV_MIGRATE_LEFT, .path = path, .source = source,
		.why = why,
	};

	return tell(p, &e);
}

int present_note(struct present *p, const char *about, const char *why,
		 const char *hint)
{
	const struct dv_migrate_entry e = {
		.state = DV_MIGRATE_NOTE, .path = about, .why = why,
		.hint = hint,
	};

	return tell(p, &e);
}

/* --- what can be tracked at all ---------------------------------------- */

static int by_path(const void *a, const void *b)
{
	const struct present_out *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : strcmp(x->source, y->source);
}

/* What lies there and is no pointer is not ours to replace. */
static bool read_pointer(struct present *p, struct present_out *out,
			 struct buf *why)
{
	int err = tracked_read(p->repo, out->path, &out->pointer);

	out->has_pointer = !err;
	if (err && err != DV_E_NOTFOUND)
		buf_addstr(why, dv_error_text());
	return !why->len;
}

const char *present_bad_name(const char *path)
{
	const char *name = path_name(path);
	size_t len = strlen(name);

	if (len > 3 && !strcmp(name + len - 3, DV_POINTER_SUFFIX))
		return "names that end in " DV_POINTER_SUFFIX " are those of "
			"pointers";
	if (!strncmp(name, ".dvconfig", 10) ||
	    !strncmp(name, ".dvignore", 10) || !strncmp(name, ".git", 4))
		return "files of this name are read by dv or git";
	return NULL;
}

static void not_trackable(struct present *p, struct present_out *out,
			  const char *before, bool in_git, struct buf *why)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;

	if (before && !strcmp(before, out->path))
		buf_addstr(why, "something else tracks the same path");
	else if (present_bad_name(out->path))
		buf_addf(why, "%s: give it another one first",
			 present_bad_name(out->path));
	else if (!in_git && !repo_git_tracks(p->repo, out->path, &path))
		buf_addf(why, "git tracks %s: git rm --cached lets it go",
			 path.data);
	else if (!tracked_find(p->repo, out->path, &path, &inside) &&
		 inside.len)
		buf_addf(why, "it lies inside of %s, which dv tracks",
			 path.data);
}

/* Drops what has no place; the rest moves up. */
static int sort_out(struct present *p, bool in_git)
{
	size_t kept = 0;
	int err = 0;

	if (p->count)
		qsort(p->outs, p->count, sizeof(*p->outs), by_path);
	for (size_t i = 0; i < p->count; i++) {
		struct present_out out = p->outs[i];
		DV_AUTO_BUF struct buf why = BUF_INIT;

		not_trackable(p, &out, kept ? p->outs[kept - 1].path : NULL,
			      in_git, &why);
		if (!why.len && read_pointer(p, &out, &why)) {
			p->outs[kept++] = out;
			continue;
		}
		if (!err)
			err = present_left(p, out.path, out.source, why.data);
		free(out.path);
		free(out.source);
		free(out.rest);
	}
	p->count = kept;
	return err;
}

/* --- a dry run --------------------------------------------------------- */

/* True when what is known of its content is what dv's pointer says. */
static bool known_same(struct present *p, const struct present_out *out)
{
	const struct known_entry *e = known_find(&p->converter.known,
						 &out->item.wanted.name);
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct content content;
	struct dv_id id;

	if (!e || !out->has_pointer)
		return false;
	if (e->name.directory)
		return dv_id_equal(&e->id, &out->pointer.id);
	content = (struct content){ e->id, e->size, e->list };
	return !file_node_encode(&content, out->item.executable, &bytes,
				 &id) && dv_id_equal(&id, &out->pointer.id);
}

/* Content that cannot be had is noticed as far as it need not be got. */
static int look(struct present *p, struct present_out *out)
{
	struct convert_item *item = &out->item;
	struct origin *o = item->origin;
	int has;

	if (!o->has || known_find(&p->converter.known, &item->wanted.name))
		return 0;
	has = o->has(o, &item->wanted);
	if (!has)
		convert_item_lost(item);
	return has < 0 ? has : cancel_check();
}

static int look_at_all(struct present *p)
{
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++)
		err = look(p, &p->outs[i]);
	return err;
}

static int plan(struct present *p)
{
	int err = look_at_all(p);

	for (size_t i = 0; i < p->count && !err; i++) {
		const struct present_out *out = &p->outs[i];
		struct dv_migrate_entry e = {
			.state = known_same(p, out) ? DV_MIGRATE_SAME :
				DV_MIGRATE_DONE,
			.path = out->path, .source = out->source,
			.size = out->item.wanted.size,
		};

		err = out->item.why ? present_left(p, out->path, out->source,
						   out->item.why) :
			tell(p, &e);
	}
	return err;
}

/* --- writing ----------------------------------------------------------- */

/* Imports are not pushed by DVC: they are where they came from. */
static void say_source(struct present_out *out)
{
	static const char key[] = "dvc.url: ";
	const char *url = strstr(out->rest, key);
	DV_AUTO_BUF struct buf why = BUF_INIT;

	if (!out->item.why || !url ||
	    (url > out->rest && url[-1] != '\n'))
		return;
	url += strlen(key);
	buf_addf(&why, "%s; it is an import from %.*s: dvc fetch gets it",
		 out->item.why, (int)strcspn(url, "\n"), url);
	free(out->item.why);
	out->item.why = buf_detach(&why);
}

static int kept_pointer(struct present *p, struct present_out *out)
{
	struct dv_migrate_entry e = {
		.state = DV_MIGRATE_SAME, .path = out->path,
		.source = out->source, .files = out->pointer.files,
		.size = out->pointer.size,
	};

	if (!dv_id_equal(&out->pointer.id, &out->item.pointer.id) ||
	    out->pointer.kind != out->item.pointer.kind)
		return present_left(p, out->path, out->source, "dv tracks it "
				    "already, with other content: dv add "
				    "records what is in the work tree");
	out->carried = true;
	return tell(p, &e);
}

static void to_stage(struct present *p, const char *path)
{
	ARRAY_GROW(p->staged, p->staged_count + 1, p->staged_room);
	p->staged[p->staged_count++] = arena_copy(&p->arena, path,
						  strlen(path));
}

static int wrote_pointer(struct present *p, struct present_out *out,
			 const struct pointer_write *w)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct dv_migrate_entry e = {
		.state = DV_MIGRATE_DONE, .path = out->path,
		.source = out->source, .files = w->pointer.files,
		.size = w->pointer.size,
		.ignore = w->ignored.len ? w->ignored.data : NULL,
	};

	out->carried = true;
	buf_addf(&pointer, "%s%s", out->path, DV_POINTER_SUFFIX);
	to_stage(p, pointer.data);
	if (w->ignored.len)
		to_stage(p, w->ignored.data);
	e.pointer = pointer.data;
	return tell(p, &e);
}

static bool gets_pointer(const struct present_out *out)
{
	return !out->item.why && !out->has_pointer;
}

static int tell_written(struct present *p, struct present_out *out,
			const struct pointer_write *w)
{
	if (out->item.why)
		return present_left(p, out->path, out->source, out->item.why);
	if (out->has_pointer)
		return kept_pointer(p, out);
	/* no folder for it, a symlink in the way: of this path alone */
	if (w->failed)
		return present_left(p, out->path, out->source,
				    w->failed->text);
	return w->done ? wrote_pointer(p, out, w) : 0;
}

/* Where it ends early, what is written by then is told still. */
static int write_outs(struct present *p, struct present_out *outs,
		      size_t count)
{
	struct pointer_write *writes = xcalloc(count + 1, sizeof(*writes));
	struct error_state failed;
	size_t n = 0;
	int err, told = 0;

	for (size_t i = 0; i < count; i++) {
		if (!gets_pointer(&outs[i]))
			continue;
		writes[n] = (struct pointer_write){
			.path = outs[i].path, .ignore = true,
			.pointer = outs[i].item.pointer,
		};
		writes[n++].pointer.rest = outs[i].rest;
	}
	crash_point("migrate: before pointers");
	err = tracked_write_all(p->repo, writes, n);
	error_save(err, &failed);
	for (size_t i = 0, k = 0; i < count && !told; i++) {
		told = tell_written(p, &outs[i], &writes[k]);
		k += gets_pointer(&outs[i]);
	}
	pointer_writes_release(writes, n);
	free(writes);
	return err ? error_restore(&failed) : told;
}

static int convert_batch(struct present *p, struct present_out *outs,
			 size_t count)
{
	struct convert_item *items = xcalloc(count, sizeof(*items));
	int err;

	for (size_t i = 0; i < count; i++)
		items[i] = outs[i].item;
	err = convert(&p->converter, items, count);
	for (size_t i = 0; i < count; i++) {
		outs[i].item = items[i];
		say_source(&outs[i]);
	}
	free(items);
	crash_point("migrate: converted");
	return err;
}

/* In batches; `write`: their pointers too. */
static int run_batches(struct present *p, bool write)
{
	int err = 0;

	for (size_t i = 0, n; i < p->count && !err; i += n) {
		uint64_t bytes = 0;

		for (n = 0; i + n < p->count && n < BATCH_ITEMS &&
		     bytes < BATCH_BYTES; n++)
			bytes += p->outs[i + n].item.wanted.size;
		err = convert_batch(p, p->outs + i, n);
		if (!err && write)
			err = write_outs(p, p->outs + i, n);
	}
	p->result->read_bytes = p->converter.read_bytes;
	p->result->new_bytes = p->converter.new_bytes;
	return err;
}

int present_convert(struct present *p)
{
	return p->o->dry_run ? look_at_all(p) : run_batches(p, false);
}

static int stage(struct present *p)
{
	int wanted = dv_config_bool(p->repo, "core.autostage", false);

	if (wanted <= 0 || p->unstaged)
		return wanted < 0 ? wanted : 0;
	return repo_stage(p->repo, p->staged, p->staged_count);
}

int present_run(struct present *p, bool in_git)
{
	int err = sort_out(p, in_git);

	if (err)
		return err;
	if (p->o->dry_run)
		return plan(p);
	err = run_batches(p, true);
	return err ? err : stage(p);
}
