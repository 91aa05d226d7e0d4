/* dv gc: remove what nothing can reach. */

#include <stdio.h>
#include <stdlib.h>

#include "dv/keep.h"

#include "base/array.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv gc [-n] [--grace <age>] [--max-repack <size>] [-r <remote>] "
	"[--repo <path>...] [-j <n>] [--force] [-q] [--json]", NULL
};

struct gc_view {
	struct progress_view view;
	int quiet, json, dry_run;
};

static const char *word(enum dv_gc_action action)
{
	static const char *const words[] = {
		[DV_GC_REMOVE] = "remove", [DV_GC_REPACK] = "repack",
		[DV_GC_CONDEMN] = "condemn",
	};

	return words[action];
}

static int take_entry(const struct dv_gc_entry *e, void *data)
{
	struct gc_view *v = data;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	char size[HUMAN_SIZE];

	progress_clear(&v->view);
	if (v->json) {
		json_object_begin(&out);
		json_add_string(&out, "action", word(e->action));
		json_add_string(&out, "name", e->name);
		json_add_number(&out, "bytes", e->bytes);
		if (e->url)
			json_add_string(&out, "url", e->url);
		json_object_end(&out);
		puts(out.data);
	} else if (!v->quiet) {
		if (e->url)
			path_quote(e->url, &out);
		printf("%s %s (%s%s%s)\n", word(e->action), e->name,
		       human_bytes(e->bytes, size), e->url ? " of " : "",
		       out.data);
	}
	return 0;
}

static void take_notice(const char *text, void *data)
{
	struct gc_view *v = data;

	progress_clear(&v->view);
	if (!v->quiet)
		fprintf(stderr, "%s\n", text);
}

static void print_json(const struct gc_view *v, const struct dv_gc_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_bool(&out, "dry_run", v->dry_run);
	json_add_number(&out, "roots", r->roots);
	json_add_number(&out, "bytes", r->bytes);
	json_add_number(&out, "removed", r->removed);
	json_add_number(&out, "repacked", r->repacked);
	json_add_number(&out, "condemned", r->condemned);
	json_add_number(&out, "young", r->young);
	json_add_number(&out, "linked", r->linked);
	json_add_number(&out, "kept", r->kept);
	json_add_number(&out, "not_here", r->not_here);
	json_add_number(&out, "at_remotes", r->at_remotes);
	json_add_bool(&out, "pending", r->pending);
	json_object_end(&out);
	puts(out.data);
}

static void print_result(const struct gc_view *v, const struct dv_gc_result *r)
{
	const char *would = v->dry_run ? "would have " : "";
	char size[HUMAN_SIZE];

	if (v->json) {
		print_json(v, r);
		return;
	}
	if (v->quiet)
		return;
	if (r->removed + r->repacked)
		printf("%sfreed %s: %llu %s removed, %llu packed anew\n",
		       would, human_bytes(r->bytes, size),
		       (unsigned long long)r->removed,
		       human_plural(r->removed, "file", "files"),
		       (unsigned long long)r->repacked);
	if (r->condemned)
		printf("%scondemned %llu %s: a run after the grace removes "
		       "them\n", would, (unsigned long long)r->condemned,
		       human_plural(r->condemned, "file", "files"));
	if (r->pending)
		printf("what was condemned before is not due yet\n");
	if (!(r->removed + r->repacked + r->condemned) && !r->pending)
		printf("nothing to free\n");
	if (r->young)
		printf("%llu unreachable %s younger than the grace\n",
		       (unsigned long long)r->young,
		       human_plural(r->young, "file is", "files are"));
	if (r->linked)
		printf("%llu unreachable %s, or may still be, linked into a "
		       "work tree\n", (unsigned long long)r->linked,
		       human_plural(r->linked, "file is", "files are"));
	if (r->kept)
		printf("kept %llu %s\n", (unsigned long long)r->kept,
		       human_plural(r->kept, "file that is damaged or was "
				    "needed again", "files that are damaged "
				    "or were needed again"));
}

int cmd_gc(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct gc_view v = { 0 };
	struct dv_gc_options o = { .notice = take_notice, .notice_data = &v };
	struct dv_gc_result result = { 0 };
	const char *other = NULL;
	int force = 0, code, err, n;
	const struct option options[] = {
		OPT_FLAG('n', "dry-run", &v.dry_run,
			 "say what would be freed, free nothing"),
		OPT_CHECKED(0, "grace", &o.grace, "<age>",
			    "keep what is younger: 14d, 12h, now", check_age),
		OPT_CHECKED(0, "max-repack", &o.max_repack, "<size>",
			    "copy at most so much out of packs that are half "
			    "unreachable", check_size),
		OPT_STRING('r', "remote", &o.remote, "<remote>",
			   "collect at this remote, not in the store"),
		OPT_STRING(0, "repo", &other, "<path>",
			   "keep also what this other repository can reach; "
			   "more may follow"),
		OPT_COUNT('j', "jobs", &o.jobs, "<n>",
			  "have so many requests in flight"),
		OPT_FLAG(0, "force", &force,
			 "go on where something is out of sight"),
		OPT_FLAG('q', "quiet", &v.quiet, "print nothing but errors"),
		OPT_FLAG(0, "json", &v.json, "print JSON, an object a line"),
		OPT_END()
	};
	const char **repos;

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (n && !other)
		return usage_error(usage, "gc takes no paths");
	err = open_any_repo(&repo);
	if (err)
		return report(err);
	repos = xcalloc(n + 2, sizeof(*repos));
	repos[0] = other;
	for (int i = 0; i < n; i++)
		repos[i + 1] = argv[i];
	o.repos = repos;
	o.repo_count = other ? n + 1 : 0;
	o.dry_run = v.dry_run;
	o.force = force;
	o.progress = progress_show(&v.view, v.quiet || v.json);
	err = dv_gc(repo, &o, take_entry, &v, &result);
	progress_clear(&v.view);
	if (!err)
		print_result(&v, &result);
	free(repos);
	return report(err);
}
