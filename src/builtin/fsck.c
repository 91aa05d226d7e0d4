/* dv fsck: check, and mend, what is stored. */

#include <stdio.h>
#include <string.h>

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
	"dv fsck [--quick] [--repair] [-r <remote>] [-j <n>] [-q] [--json]",
	NULL
};

struct fsck_view {
	struct progress_view view;
	int quiet, json;
};

static const char *const words[] = {
	[DV_FSCK_DAMAGED] = "damaged", [DV_FSCK_LOST] = "lost",
	[DV_FSCK_NOT_HERE] = "not_here", [DV_FSCK_MISSING] = "missing",
	[DV_FSCK_REPAIRED] = "repaired",
	[DV_FSCK_UNREADABLE] = "unreadable", [DV_FSCK_UNSEEN] = "unseen",
};

static void print_entry_json(const struct dv_fsck_entry *e)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "problem", words[e->problem]);
	json_add_string(&out, "name", e->name);
	if (e->commit)
		json_add_string(&out, "commit", e->commit);
	if (e->worktree)
		json_add_string(&out, "worktree", e->worktree);
	if (e->why)
		json_add_string(&out, "why", e->why);
	if (e->source)
		json_add_string(&out, "source", e->source);
	json_add_number(&out, "objects", e->objects);
	json_object_end(&out);
	puts(out.data);
}

/* A cause that says once more what it is the cause of. */
static const char *without_name(const char *why, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(why, name, len) && !strncmp(why + len, ": ", 2) ?
		why + len + 2 : why;
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
	if (e->worktree)
		printf(" in %s", e->worktree);
	if (e->why)
		printf(": %s", without_name(e->why, e->name));
	if (e->source && e->problem == DV_FSCK_LOST)
		printf(", imported from %s", e->source);
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
	json_add_number(&out, "at_hand", r->at_hand);
	json_add_number(&out, "at_source", r->at_source);
	json_add_number(&out, "repaired", r->repaired);
	json_add_number(&out, "unreadable", r->unreadable);
	json_add_number(&out, "unseen", r->unseen);
	json_add_number(&out, "quarantined", r->quarantined);
	json_add_number(&out, "quarantine_files", r->quarantine_files);
	json_add_number(&out, "quarantine_bytes", r->quarantine_bytes);
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

static uint64_t count_bad(const struct dv_fsck_result *r)
{
	return r->damaged + r->lost + r->missing + r->unreadable;
}

/* What lies there was perhaps all there is of what is lost. */
static void print_quarantine(const char *store, const struct dv_fsck_result *r)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;
	char size[HUMAN_SIZE];

	if (!r->quarantine_files)
		return;
	buf_addf(&path, "%s/quarantine", store);
	path_word(path.data, &word);
	printf("%llu damaged %s (%s) in %s\n",
	       (unsigned long long)r->quarantine_files,
	       human_plural(r->quarantine_files, "file is", "files are"),
	       human_bytes(r->quarantine_bytes, size), path.data);
	if (!count_bad(r) && !r->unseen)
		report_hint("nothing of that is needed: rm -r %s/*",
			    word.data);
}

static void print_hints(const struct dv_fsck_options *o,
			const struct dv_fsck_result *r)
{
	if (r->unreadable)
		report_hint("of pointers that cannot be read dv status and git "
			    "fsck say more");
	if (!(r->damaged + r->lost + r->missing))
		return;
	if (!o->repair)
		hint_repair(o->remote);
	else
		report_hint("where the data still is, dv add stores it again "
			    "and dv push sends it");
}

static void print_result(const char *store, const struct dv_fsck_options *o,
			 const struct dv_fsck_result *r)
{
	char size[HUMAN_SIZE];

	printf("checked %llu %s (%s), %llu recorded %s: %s\n",
	       (unsigned long long)r->files,
	       human_plural(r->files, "file", "files"),
	       human_bytes(r->bytes, size), (unsigned long long)r->roots,
	       human_plural(r->roots, "version", "versions"),
	       count_bad(r) ? "something is wrong" : r->unseen ?
	       "all that can be seen is well" : "all is well");
	if (r->not_here)
		printf("%llu %s never fetched, or only in part\n",
		       (unsigned long long)r->not_here,
		       human_plural(r->not_here, "was", "were"));
	if (r->at_hand)
		report_hint("the work tree has something at %llu of these "
			    "paths: dv add stores it again, dv fetch gets "
			    "what is recorded", (unsigned long long)r->at_hand);
	if (r->at_source && !o->remote)
		report_hint("%llu of these %s imported: what no remote has, "
			    "dv fetch gets from there",
			    (unsigned long long)r->at_source,
			    human_plural(r->at_source, "was", "were"));
	if (!o->remote)
		print_quarantine(store, r);
	print_hints(o, r);
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
	err = open_any_repo(&repo);
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
		print_result(dv_repo_store_path(repo), &o, &r);
	return count_bad(&r) ? 1 : 0;
}
