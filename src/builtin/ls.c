/* dv ls: list what is recorded, and what git has. */

#include <stdio.h>
#include <string.h>

#include "dv/source.h"
#include "dv/transfer.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/filter.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv ls [-a | --dv-only] [-R | --tree] [-L <n>] [-l | --size] [--human] "
	"[-z] [--json] [--rev <rev>] [--repo <url>] [--exclude <glob>] "
	"[--profile <name>] [--max-size <size>] [--] [<path>...]", NULL
};

struct ls {
	struct dv_repo *repo;
	int all, data_only;
	int recursive, tree;
	unsigned level;		/* 0: all */
	int long_form, sizes, human, nul, json;
	struct buf folders;	/* --tree: the directory at hand, the ones
				   around it cut off where `indent` says */
	unsigned indent;
};

static void print_json(const struct dv_entry *e)
{
	static const char *const types[] = { "", "file", "symlink",
					     "directory", "submodule" };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	char hex[DV_ID_HEX + 1];

	json_object_begin(&out);
	json_add_string(&out, "path", e->path);
	json_add_string(&out, "type", types[e->type]);
	if (e->git)
		json_add_bool(&out, "git", true);
	if (!e->unsized)
		json_add_number(&out, "size", e->size);
	if (e->type == DV_ENTRY_DIR && !e->git)
		json_add_number(&out, "files", e->files);
	if (e->type == DV_ENTRY_FILE)
		json_add_bool(&out, "executable", e->executable);
	if (e->target)
		json_add_string(&out, "target", e->target);
	if (e->type != DV_ENTRY_SYMLINK && !e->git) {
		dv_id_to_hex(&e->id, hex);
		json_add_string(&out, "id", hex);
	}
	json_object_end(&out);
	puts(out.data);
}

static char kind_of(const struct dv_entry *e)
{
	switch (e->type) {
	case DV_ENTRY_DIR:
		return 'd';
	case DV_ENTRY_SYMLINK:
		return 'l';
	case DV_ENTRY_SUBMODULE:
		return 'm';
	default:
		return e->executable ? 'x' : '-';
	}
}

static void print_size(const struct ls *l, const struct dv_entry *e)
{
	char size[HUMAN_SIZE];
	int width = l->human ? 10 : 14;

	if (e->unsized)
		printf("%*s  ", width, "-");
	else if (l->human)
		printf("%*s  ", width, human_bytes(e->size, size));
	else
		printf("%*llu  ", width, (unsigned long long)e->size);
}

static void add_path(const struct ls *l, const char *path, struct buf *out)
{
	if (l->nul)
		typed_path(l->repo, path, out);
	else
		shown_path(l->repo, path, out);
}

/* The name alone, set in once for each directory it is listed below. */
static void add_branch(struct ls *l, const struct dv_entry *e,
		       struct buf *out)
{
	while (l->indent && !path_below(e->path, l->folders.data)) {
		buf_setlen(&l->folders, path_parent_len(l->folders.data));
		l->indent--;
	}
	for (unsigned i = 0; i < l->indent; i++)
		buf_addstr(out, "  ");
	if (l->indent)
		path_quote(path_name(e->path), out);
	else
		add_path(l, e->path, out);
	if (e->type == DV_ENTRY_DIR) {
		buf_clear(&l->folders);
		buf_addstr(&l->folders, e->path);
		l->indent++;
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
		printf("%c ", kind_of(e));
	if (l->long_form || l->sizes)
		print_size(l, e);
	printf("%s", path.data);
	if (l->long_form && e->target && !l->nul)
		printf(" -> %s", e->target);
	putchar(l->nul ? 0 : '\n');
}

static int print_entry(const struct dv_entry *e, void *data)
{
	struct ls *l = data;

	if (l->level && e->depth >= l->level)	/* its folder is left out */
		return 0;
	if (l->json)
		print_json(e);
	else
		print_plain(l, e);
	return e->type == DV_ENTRY_DIR && e->depth + 1 == l->level ?
		DV_LIST_SKIP : output_check();
}

/*
 * git's own files are there to be asked for by git in the repository around;
 * in another one nothing else shows them.
 */
static enum dv_list_flags list_flags(const struct ls *l,
				     const struct looked_at *at)
{
	enum dv_list_flags flags = l->recursive ? DV_LIST_RECURSIVE : 0;

	if (l->all || (at->elsewhere && !l->data_only))
		flags |= DV_LIST_GIT;
	if (flags & DV_LIST_GIT && at->elsewhere &&
	    dv_source_set_up(at->elsewhere))
		flags |= DV_LIST_GIT_ONLY;
	return flags;
}

static int list(struct ls *l, const struct looked_at *at,
		struct dv_selection *what)
{
	int err = 0;

	if (at->elsewhere && l->data_only)
		err = dv_source_set_up(at->elsewhere);
	if (err)
		return err;
	l->repo = at->repo;
	what->rev = at->rev;
	if (at->elsewhere)
		return dv_source_list(at->elsewhere, what, list_flags(l, at),
				      print_entry, l);
	return dv_list_fetching(at->repo, what, list_flags(l, at),
				dv_source_supply_look, print_entry, l);
}

static int check_options(const struct ls *l)
{
	if (l->tree && (l->json || l->nul))
		return usage_error(usage, "--tree is for people to read");
	if (l->all && l->data_only)
		return usage_error(usage, "-a goes without --dv-only");
	return 0;
}

int cmd_ls(int argc, char **argv)
{
	DV_AUTO_LOOKED_AT struct looked_at at = { NULL };
	DV_AUTO_FILTER struct filter_args filter = { 0 };
	struct ls l = { .folders = BUF_INIT };
	struct dv_selection what = { 0 };
	const char *url = NULL;
	int code, err, n;
	const struct option options[] = {
		OPT_FLAG('a', "all", &l.all, "git's own files too"),
		OPT_FLAG(0, "dv-only", &l.data_only, "what dv tracks alone"),
		OPT_FLAG(0, "dvc-only", &l.data_only, "the same"),
		OPT_FLAG('R', "recursive", &l.recursive,
			 "list all below directories"),
		OPT_FLAG(0, "tree", &l.tree,
			 "the same, names set in below their directories"),
		OPT_COUNT('L', "level", &l.level, "<n>",
			  "the same, so many levels down"),
		OPT_FLAG('l', "long", &l.long_form, "with kind and size"),
		OPT_FLAG(0, "size", &l.sizes, "with the size alone"),
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
	code = check_options(&l);
	if (code)
		return code;
	/* as people who come from DVC type it */
	if (!url && n && strstr(argv[0], "://")) {
		url = *argv++;
		n--;
	}
	l.long_form |= l.human && !l.sizes;
	l.human |= l.sizes;
	err = open_looked_at(url, what.rev, &at);
	if (!err)
		err = filter_apply(&filter, url ? NULL : at.repo, argv, n,
				   &what);
	l.recursive |= l.tree || l.level || filter.includes.count > 0;
	if (!err)
		err = list(&l, &at, &what);
	buf_release(&l.folders);
	return report(err);
}
