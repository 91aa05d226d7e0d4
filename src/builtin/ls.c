/* dv ls: list what is recorded. */

#include <stdio.h>

#include "dv/source.h"
#include "dv/work.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/filter.h"
#include "builtin/open.h"
#include "builtin/transfer.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv ls [-R | --tree] [-l] [--human] [-z] [--json] [--rev <rev>] "
	"[--repo <url>] "
	"[--exclude <glob>] [--profile <name>] [--max-size <size>] "
	"[--] [<path>...]", NULL
};

struct ls {
	struct dv_repo *repo;	/* NULL: paths are those of another one */
	int long_form, human, nul, json, tree;
	struct buf folders;	/* --tree: the directory at hand, the ones
				   around it cut off where `depth` says */
	unsigned depth;
};

static void print_json(const struct dv_entry *e)
{
	static const char *const types[] = { "", "file", "symlink",
					     "directory" };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	char hex[DV_ID_HEX + 1];

	json_object_begin(&out);
	json_add_string(&out, "path", e->path);
	json_add_string(&out, "type", types[e->type]);
	json_add_number(&out, "size", e->size);
	if (e->type == DV_ENTRY_DIR)
		json_add_number(&out, "files", e->files);
	if (e->type == DV_ENTRY_FILE)
		json_add_bool(&out, "executable", e->executable);
	if (e->target)
		json_add_string(&out, "target", e->target);
	if (e->type != DV_ENTRY_SYMLINK) {
		dv_id_to_hex(&e->id, hex);
		json_add_string(&out, "id", hex);
	}
	json_object_end(&out);
	puts(out.data);
}

static void print_long(const struct ls *l, const struct dv_entry *e)
{
	char kind = e->type == DV_ENTRY_DIR ? 'd' :
		    e->type == DV_ENTRY_SYMLINK ? 'l' :
		    e->executable ? 'x' : '-';
	char size[HUMAN_SIZE];

	if (l->human)
		printf("%c %10s  ", kind, human_bytes(e->size, size));
	else
		printf("%c %14llu  ", kind, (unsigned long long)e->size);
}

static void add_path(const struct ls *l, const char *path, struct buf *out)
{
	if (!l->repo && l->nul)
		buf_addstr(out, path);
	else if (!l->repo)
		path_quote(path, out);
	else if (l->nul)
		typed_path(l->repo, path, out);
	else
		shown_path(l->repo, path, out);
}

/* The name alone, set in once for each directory it is listed below. */
static void add_branch(struct ls *l, const struct dv_entry *e,
		       struct buf *out)
{
	while (l->depth && !path_below(e->path, l->folders.data)) {
		buf_setlen(&l->folders, path_parent_len(l->folders.data));
		l->depth--;
	}
	for (unsigned i = 0; i < l->depth; i++)
		buf_addstr(out, "  ");
	if (l->depth)
		path_quote(path_name(e->path), out);
	else
		add_path(l, e->path, out);
	if (e->type == DV_ENTRY_DIR) {
		buf_clear(&l->folders);
		buf_addstr(&l->folders, e->path);
		l->depth++;
	}
}

static void print_plain(struct ls *l, const struct dv_entry *e)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (l->tree)
		add_branch(l, e, &path);
	else
		add_path(l, e->path, &path);
	if (e->type == DV_ENTRY_DIR)
		buf_addch(&path, '/');
	if (l->long_form)
		print_long(l, e);
	printf("%s", path.data);
	if (l->long_form && e->target && !l->nul)
		printf(" -> %s", e->target);
	putchar(l->nul ? 0 : '\n');
}

static int print_entry(const struct dv_entry *e, void *data)
{
	struct ls *l = data;

	if (l->json)
		print_json(e);
	else
		print_plain(l, e);
	return 0;
}

int cmd_ls(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	DV_AUTO_FILTER struct filter_args filter = { 0 };
	struct ls l = { .folders = BUF_INIT };
	struct dv_selection what = { 0 };
	const char *url = NULL;
	int recursive = 0, code, err, n;
	const struct option options[] = {
		OPT_FLAG('R', "recursive", &recursive,
			 "list all below directories"),
		OPT_FLAG(0, "tree", &l.tree,
			 "the same, names set in below their directories"),
		OPT_FLAG('l', "long", &l.long_form, "with kind and size"),
		OPT_FLAG(0, "human", &l.human, "sizes as people read them"),
		OPT_FLAG('z', NULL, &l.nul,
			 "paths as they are and ended by NUL"),
		OPT_FLAG(0, "json", &l.json, "a JSON object per entry"),
		OPT_STRING(0, "rev", &what.rev, "<rev>",
			   "what this commit records"),
		OPT_STRING(0, "repo", &url, "<url>",
			   "look into this other repository"),
		FILTER_OPTIONS(&filter),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (l.tree && (l.json || l.nul))
		return usage_error(usage, "--tree is for people to read");
	l.long_form |= l.human;
	/* outside of a repository another one can be looked into as well */
	err = url ? open_repo_if_any(&repo) : open_repo(&repo);
	if (err)
		return report(err);
	if (!url)
		l.repo = repo;
	err = filter_apply(&filter, l.repo, argv, n, &what);
	recursive |= l.tree || filter.includes.count > 0;
	if (!err)
		err = url ? dv_source_list(repo, url, &what, recursive,
					   print_entry, &l) :
			list_fetching(repo, &what, recursive, print_entry,
				      &l);
	buf_release(&l.folders);
	return report(err);
}
