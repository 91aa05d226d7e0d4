/* dv migrate: take over what DVC or git-lfs track. */

#include <stdio.h>
#include <string.h>

#include "dv/migrate.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv migrate --from-dvc [--remove-dvc] [-q] [-j <n>] [-n] [--json]",
	"dv migrate --from-lfs [-q] [-j <n>] [-n] [--json]",
	"dv migrate (--from-dvc | --from-lfs) --all-history "
	"[--all] [--branch <name>] [-q] [-j <n>] [-n] [--json]",
	NULL
};

struct migrate {
	struct dv_repo *repo;
	struct progress_view view;
	int quiet, json, dry_run, all;
	const char *branch;	/* NULL: the work tree */
	struct names to_stage;	/* what the hint tells to git add */
};

static const char *state_word(enum dv_migrate_state state)
{
	switch (state) {
	case DV_MIGRATE_DONE:
		return "carried";
	case DV_MIGRATE_SAME:
		return "same";
	case DV_MIGRATE_LEFT:
		return "left";
	case DV_MIGRATE_NOTE:
		break;
	}
	return "note";
}

static void print_json(const struct dv_migrate_entry *e)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "state", state_word(e->state));
	json_add_string(&out, "path", e->path);
	if (e->source)
		json_add_string(&out, "source", e->source);
	if (e->pointer)
		json_add_string(&out, "pointer", e->pointer);
	if (e->state != DV_MIGRATE_NOTE) {
		json_add_number(&out, "files", e->files);
		json_add_number(&out, "size", e->size);
	}
	if (e->why)
		json_add_string(&out, "why", e->why);
	if (e->hint)
		json_add_string(&out, "hint", e->hint);
	json_object_end(&out);
	puts(out.data);
}

/* What was left and what is to be known goes to standard error. */
static void print_line(struct migrate *m, const struct dv_migrate_entry *e)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char size[HUMAN_SIZE];

	if (e->state == DV_MIGRATE_NOTE) {
		if (!m->quiet)
			fprintf(stderr, "note: %s: %s\n", e->path, e->why);
		if (e->hint)
			report_hint("%s", e->hint);
		return;
	}
	shown_path(m->repo, e->path, &path);
	if (e->state == DV_MIGRATE_LEFT)
		fprintf(stderr, "left: %s: %s\n", path.data, e->why);
	else if (m->quiet)
		return;
	else if (e->state == DV_MIGRATE_SAME)
		printf("%s: unchanged\n", path.data);
	else if (m->dry_run)
		printf("%s: would be carried over (%s)\n", path.data,
		       human_bytes(e->size, size));
	else
		printf("%s: %llu %s, %s\n", path.data,
		       (unsigned long long)e->files,
		       human_plural(e->files, "file", "files"),
		       human_bytes(e->size, size));
}

static int print_entry(const struct dv_migrate_entry *e, void *data)
{
	struct migrate *m = data;

	progress_clear(&m->view);
	if (e->pointer)
		hint_path(e->pointer, &m->to_stage);
	if (e->ignore)
		hint_path(e->ignore, &m->to_stage);
	if (m->json)
		print_json(e);
	else
		print_line(m, e);
	return 0;
}

static void print_branch_json(const struct migrate *m,
			      const struct dv_migrate_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "state", "branch");
	json_add_string(&out, "path", m->branch);
	json_add_bool(&out, "dry_run", m->dry_run);
	if (m->all)
		json_add_bool(&out, "all", true);
	json_add_number(&out, "commits", r->commits);
	json_add_number(&out, "versions", r->done);
	json_add_number(&out, "left", r->left);
	json_object_end(&out);
	puts(out.data);
}

static void print_sum(struct migrate *m, const struct dv_migrate_result *r)
{
	if (m->json && m->branch)
		print_branch_json(m, r);
	if (m->quiet || m->json)
		return;
	if (m->branch) {
		printf("%s %llu commits on %s%s: %llu versions of tracked "
		       "paths", m->dry_run ? "would write" : "wrote",
		       (unsigned long long)r->commits, m->branch,
		       m->all ? "/*" : "",
		       (unsigned long long)r->done);
		if (r->left)
			printf(", %llu left", (unsigned long long)r->left);
		putchar('\n');
		if (!m->dry_run && r->done)
			report_hint("git checkout %s%s, then dv checkout; "
				    "dv push sends all of it with -A",
				    m->branch, m->all ? "/<branch>" : "");
		return;
	}
	if (!r->done && !r->same && !r->left) {
		printf("nothing to carry over\n");
		return;
	}
	printf("%s %llu tracked %s",
	       m->dry_run ? "would carry over" : "carried over",
	       (unsigned long long)r->done,
	       human_plural(r->done, "path", "paths"));
	if (r->same)
		printf(", %llu unchanged", (unsigned long long)r->same);
	if (r->left)
		printf(", %llu left", (unsigned long long)r->left);
	putchar('\n');
}

static int finish(struct migrate *m, const struct dv_migrate_result *r,
		  int err)
{
	progress_clear(&m->view);
	if (!err)
		print_sum(m, r);
	if (!err && !m->quiet && !m->json)
		err = hint_stage(m->repo, &m->to_stage);
	return err ? report(err) : r->left > 0;
}

/*
 * Where dv is not set up yet, moving in begins with that; not where the work
 * tree is to stay as it is.
 */
static int open_or_init(struct dv_repo **repo, bool stays)
{
	enum dv_init was;
	int err = stays ? 0 : dv_repo_init(".", &was);

	if (err)
		return err;
	return stays ? open_repo_unset(repo) : open_repo(repo);
}

int cmd_migrate(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct migrate m = { .repo = NULL };
	struct dv_migrate_options o = { 0 };
	struct dv_migrate_result result;
	int from_dvc = 0, from_lfs = 0, remove = 0, history = 0, code, err, n;
	const struct option options[] = {
		OPT_FLAG(0, "from-dvc", &from_dvc,
			 "take over what DVC tracks"),
		OPT_FLAG(0, "from-lfs", &from_lfs,
			 "take over what git-lfs tracks"),
		OPT_FLAG(0, "remove-dvc", &remove,
			 "git rm the .dvc files that were carried over"),
		OPT_FLAG(0, "all-history", &history,
			 "write a new branch with all of HEAD's history"),
		OPT_FLAG(0, "all", &m.all,
			 "of all branches and tags, each <x> as dv/<x>"),
		OPT_STRING(0, "branch", &o.branch, "<name>",
			   "call it so, not dv-history (or dv)"),
		OPT_FLAG('q', "quiet", &m.quiet,
			 "print nothing but errors and what is left"),
		OPT_COUNT('j', "jobs", &o.threads, "<n>",
			  "use so many threads"),
		OPT_FLAG('n', "dry-run", &m.dry_run,
			 "say what would be carried over, change nothing"),
		OPT_FLAG(0, "json", &m.json,
			 "print a JSON object for each path and note"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (n)
		return usage_error(usage, "%s: no such argument", argv[0]);
	if (from_dvc == from_lfs)
		return usage_error(usage, "either --from-dvc or --from-lfs");
	if (o.branch && !history)
		return usage_error(usage, "--branch is for --all-history");
	if (m.all && !history)
		return usage_error(usage, "--all is for --all-history");
	if (remove && (history || from_lfs))
		return usage_error(usage, "--remove-dvc is for a work tree of "
				   "DVC");
	if (history && !o.branch)
		o.branch = m.all ? "dv" : "dv-history";
	err = open_or_init(&repo, m.dry_run || history);
	if (!err)
		err = open_threads(repo, &o.threads);
	if (err)
		return report(err);
	m.repo = repo;
	m.branch = o.branch;
	o.dry_run = m.dry_run;
	o.from = from_lfs ? DV_MIGRATE_LFS : DV_MIGRATE_DVC;
	o.remove = remove;
	o.all_refs = m.all;
	o.progress = progress_show(&m.view, m.quiet);
	err = dv_migrate(repo, &o, print_entry, &m, &result);
	code = finish(&m, &result, err);
	names_release(&m.to_stage);
	return code;
}
