/* dv du: bytes and files of what is recorded. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/source.h"
#include "dv/transfer.h"

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/path.h"
#include "base/path_list.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv du [-s] [-d <n>] [--human] [-z] [--json] [--rev <rev>] "
	"[--repo <url>] [--] [<path>...]", NULL
};

/* A tracked path, or a path inside of one. */
struct item {
	char *path;		/* owned; relative to the work tree */
	bool inside, directory;
	uint64_t size, files;
};

struct du {
	struct dv_repo *repo;
	const char *rev;
	int summarize, human, nul, json;
	unsigned depth;
	struct item *items;	/* owned */
	size_t count, room;
	size_t at;		/* the item that is being listed */
	size_t summed, printed;	/* so many of them were */
};

static void print_json(const struct item *i)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	if (i->path)
		json_add_string(&out, "path", i->path);
	else
		json_add_bool(&out, "total", true);
	json_add_number(&out, "size", i->size);
	json_add_number(&out, "files", i->files);
	json_object_end(&out);
	puts(out.data);
}

static void print_item(const struct du *d, const struct item *i)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char size[HUMAN_SIZE];

	if (d->json) {
		print_json(i);
		return;
	}
	if (!i->path)
		buf_addstr(&path, "total");
	else if (d->nul)
		typed_path(d->repo, i->path, &path);
	else
		shown_path(d->repo, i->path, &path);
	if (i->directory)
		buf_addch(&path, '/');
	if (d->human)
		printf("%10s", human_bytes(i->size, size));
	else
		printf("%llu", (unsigned long long)i->size);
	printf("\t%llu\t%s%c", (unsigned long long)i->files, path.data,
	       d->nul ? 0 : '\n');
}

static int take_tracked(const struct dv_tracked *t, void *data)
{
	struct du *d = data;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	path_join(&path, t->path, t->inside);
	ARRAY_GROW(d->items, d->count + 1, d->room);
	d->items[d->count++] = (struct item){
		.path = buf_detach(&path),
		.inside = *t->inside,
		.directory = t->pointer.kind == DV_KIND_TREE,
		.size = t->pointer.size,
		.files = t->pointer.files,
	};
	return 0;
}

/* --- what is inside ------------------------------------------------------- */

/*
 * The item that e is, or is inside of: items are listed in their order, each
 * at once.
 */
static struct item *item_of(struct du *d, const struct dv_entry *e)
{
	while (d->at < d->count && !path_below(e->path, d->items[d->at].path))
		d->at++;
	return d->at < d->count ? &d->items[d->at] : NULL;
}

/* At the first level of an item that is inside of a tracked path. */
static int sum_entry(const struct dv_entry *e, void *data)
{
	struct item *i = item_of(data, e);

	if (!i)
		return 0;
	if (!strcmp(e->path, i->path))
		i->directory = false;
	i->size += e->type == DV_ENTRY_SYMLINK ? 0 : e->size;
	i->files += e->type == DV_ENTRY_DIR ? e->files : 1;
	return 0;
}

/* Those before number `end` that were not yet. */
static void print_items(struct du *d, size_t end)
{
	while (d->printed < end)
		print_item(d, &d->items[d->printed++]);
}

static int show_entry(const struct dv_entry *e, void *data)
{
	struct du *d = data;
	struct item i = {
		.path = (char *)e->path, .directory = true, .size = e->size,
		.files = e->files,
	};

	if (!item_of(d, e) || e->type != DV_ENTRY_DIR)
		return 0;
	print_items(d, d->at + 1);
	print_item(d, &i);
	return e->depth + 1 < d->depth ? 0 : DV_LIST_SKIP;
}

/* Those of `count` items that are inside, or that are directories. */
static int list(struct du *d, size_t first, size_t count, bool inside,
		enum dv_list_flags flags, dv_entry_cb *fn)
{
	DV_AUTO_PATH_LIST struct path_list paths = PATH_LIST_INIT;
	struct dv_selection what = { .rev = d->rev };

	for (size_t i = first; i < first + count; i++) {
		const struct item *item = &d->items[i];
		DV_AUTO_BUF struct buf full = BUF_INIT;

		if (!(inside ? item->inside : item->directory))
			continue;
		buf_addf(&full, "%s/%s", dv_repo_worktree(d->repo), item->path);
		path_list_add(&paths, full.data, full.len);
	}
	what.paths = paths.items;
	what.count = paths.count;
	d->at = first;
	return !what.count ? 0 :
		dv_list_fetching(d->repo, &what, flags, dv_source_supply_look,
				 fn, d);
}

/*
 * All at once.  Where one of them is not recorded, those before it are in the
 * end: d->summed.
 */
static int sum(struct du *d, size_t first, size_t count)
{
	int err;

	for (size_t i = first; i < first + count; i++)
		if (d->items[i].inside)
			d->items[i].size = d->items[i].files = 0;
	err = list(d, first, count, true, 0, sum_entry);
	if (!err)
		d->summed = first + count;
	if (err != DV_E_NOTFOUND || count < 2)
		return err;
	err = sum(d, first, count / 2);
	return err ? err : sum(d, first + count / 2, count - count / 2);
}

/* --- all ------------------------------------------------------------------ */

static int show(struct du *d)
{
	int err = 0;

	if (d->depth)
		err = list(d, 0, d->summed, false, DV_LIST_RECURSIVE,
			   show_entry);
	/* these are known, whatever of the lists below them is not */
	print_items(d, d->summed);
	return err;
}

static void print_total(const struct du *d)
{
	struct item total = { .path = NULL };

	for (size_t i = 0; i < d->count; i++) {
		total.size += d->items[i].size;
		total.files += d->items[i].files;
	}
	print_item(d, &total);
}

static int show_all(struct du *d, const struct dv_selection *what)
{
	struct error_state first = { .code = 0 };
	int err = dv_tracked_each(d->repo, what, take_tracked, d);

	if (!err)
		err = sum(d, 0, d->count);
	error_save(err, &first);
	err = d->summarize ? 0 : show(d);
	if (first.code)
		return error_restore(&first);
	if (!err && d->summarize)
		print_total(d);
	return err;
}

int cmd_du(int argc, char **argv)
{
	DV_AUTO_LOOKED_AT struct looked_at at = { NULL };
	struct du d = { 0 };
	struct dv_selection what = { 0 };
	const char *url = NULL;
	int code, err, n;
	const struct option options[] = {
		OPT_FLAG('s', "summarize", &d.summarize, "the total alone"),
		OPT_COUNT('d', "max-depth", &d.depth, "<n>",
			  "directories inside too, so many levels down"),
		OPT_FLAG(0, "human", &d.human, "sizes as people read them"),
		OPT_FLAG('z', NULL, &d.nul,
			 "paths as they are, ended by NUL"),
		OPT_FLAG(0, "json", &d.json, "a JSON object per path"),
		OPT_STRING(0, "rev", &d.rev, "<rev>",
			   "what this commit records"),
		OPT_STRING(0, "repo", &url, "<url>",
			   "look into this other repository"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (d.summarize && d.depth)
		return usage_error(usage, "-s goes without -d");
	err = open_looked_at(url, d.rev, &at);
	if (!err && at.elsewhere)
		err = dv_source_set_up(at.elsewhere);
	if (err)
		return report(err);
	d.repo = at.repo;
	d.rev = at.rev;
	what = (struct dv_selection){
		.paths = (const char *const *)argv, .count = n, .rev = d.rev,
	};
	err = show_all(&d, &what);
	for (size_t i = 0; i < d.count; i++)
		free(d.items[i].path);
	free(d.items);
	return report(err);
}
