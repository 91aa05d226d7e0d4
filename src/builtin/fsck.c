/* dv fsck: check, and mend, what is stored. */

#include <stdio.h>

#include "dv/keep.h"

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
	"dv fsck [--quick] [--repair] [-r <remote>] [-j <n>] [-q] [--json]", NULL
};

struct fsck_view {
	struct progress_view view;
	int quiet, json;
};

static const char *const words[] = {
	[DV_FSCK_DAMAGED] = "damaged", [DV_FSCK_LOST] = "lost",
	[DV_FSCK_NOT_HERE] = "not_here", [DV_FSCK_MISSING] = "missing",
	[DV_FSCK_REPAIRED] = "repaired",
};

static void print_entry_json(const struct dv_fsck_entry *e)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "problem", words[e->problem]);
	json_add_string(&out, "name", e->name);
	if (e->commit)
		json_add_string(&out, "commit", e->commit);
	json_add_number(&out, "objects", e->objects);
	json_object_end(&out);
	puts(out.data);
}

static int take_entry(const struct dv_fsck_entry *e, void *data)
{
	struct fsck_view *v = data;

	progress_clear(&v->view);
	if (v->json) {
		print_entry_json(e);
		return 0;
	}
	if (v->quiet || e->problem == DV_FSCK_NOT_HERE)
		return 0;
	printf("%s: %s", words[e->problem], e->name);
	if (e->commit)
		printf(" of %.10s", e->commit);
	if (e->objects)
		printf(" (%llu %s)", (unsigned long long)e->objects,
		       human_plural(e->objects, "object", "objects"));
	putchar('\n');
	return 0;
}

static void take_notice(const char *text, void *data)
{
	struct fsck_view *v = data;

	progress_clear(&v->view);
	if (!v->quiet)
		fprintf(stderr, "%s\n", text);
}

static void print_json(const struct dv_fsck_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_number(&out, "files", r->files);
	json_add_number(&out, "bytes", r->bytes);
	json_add_number(&out, "roots", r->roots);
	json_add_number(&out, "damaged", r->damaged);
	json_add_number(&out, "lost", r->lost);
	json_add_number(&out, "missing", r->missing);
	json_add_number(&out, "not_here", r->not_here);
	json_add_number(&out, "repaired", r->repaired);
	json_add_number(&out, "quarantined", r->quarantined);
	json_object_end(&out);
	puts(out.data);
}

/* As it is typed. */
static void hint_repair(const char *remote)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (!remote) {
		report_hint("dv fsck --repair looks for good copies");
		return;
	}
	path_word(remote, &word);
	report_hint("dv fsck -r %s --repair pushes again what is here",
		    word.data);
}

static void print_result(const struct dv_fsck_options *o,
			 const struct dv_fsck_result *r)
{
	uint64_t bad = r->damaged + r->lost + r->missing;
	char size[HUMAN_SIZE];

	printf("checked %llu %s (%s), %llu recorded %s: %s\n",
	       (unsigned long long)r->files,
	       human_plural(r->files, "file", "files"),
	       human_bytes(r->bytes, size), (unsigned long long)r->roots,
	       human_plural(r->roots, "version", "versions"),
	       bad ? "something is wrong" : "all is well");
	if (r->not_here)
		printf("%llu %s never fetched, or only in part\n",
		       (unsigned long long)r->not_here,
		       human_plural(r->not_here, "was", "were"));
	if (bad && !o->repair)
		hint_repair(o->remote);
	else if (bad)
		report_hint("where the data still is, dv add stores it again "
			    "and dv push sends it");
}

int cmd_fsck(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct fsck_view v = { 0 };
	struct dv_fsck_options o = {
		.notice = take_notice, .notice_data = &v,
	};
	struct dv_fsck_result r;
	int quick = 0, repair = 0, code, err, n;
	const struct option options[] = {
		OPT_FLAG(0, "quick", &quick,
			 "by check sums, not by SHA-256"),
		OPT_FLAG(0, "repair", &repair,
			 "look for good copies of what is bad"),
		OPT_STRING('r', "remote", &o.remote, "<remote>",
			   "check this remote, not the store"),
		OPT_COUNT('j', "jobs", &o.jobs, "<n>",
			  "use so many threads, or have so many requests in "
			  "flight"),
		OPT_FLAG('q', "quiet", &v.quiet, "print nothing but errors"),
		OPT_FLAG(0, "json", &v.json, "print JSON, an object a line"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (n)
		return usage_error(usage, "fsck takes no paths");
	err = open_repo(&repo);
	if (!err && !o.remote)
		err = open_threads(repo, &o.jobs);
	o.quick = quick;
	o.repair = repair;
	o.progress = progress_show(&v.view, v.quiet || v.json);
	if (!err)
		err = dv_fsck(repo, &o, take_entry, &v, &r);
	progress_clear(&v.view);
	if (err)
		return report(err);
	if (v.json)
		print_json(&r);
	else if (!v.quiet)
		print_result(&o, &r);
	return r.damaged + r.lost + r.missing ? 1 : 0;
}
