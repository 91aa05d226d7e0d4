#include <stdio.h>

#include "dv/error.h"
#include "dv/source.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/open.h"
#include "builtin/transfer.h"
#include "cli/human.h"
#include "cli/report.h"

static void notice(const char *text, void *data)
{
	struct transfer *t = data;

	progress_clear(&t->view);
	if (!t->quiet)
		fprintf(stderr, "%s\n", text);
}

int transfer_prepare(struct transfer *t, char **argv, int count)
{
	struct dv_transfer_options *o = &t->options;
	int err = t->work_tree ? open_repo(&t->repo) :
		open_any_repo(&t->repo);

	if (err)
		return err;
	o->what.paths = (const char *const *)argv;
	o->what.count = count;
	broken_pass(&t->broken, &t->view, &o->what);
	o->what.all_branches = t->all_branches;
	o->what.all_tags = t->all_tags;
	o->what.all_commits = t->all_commits;
	o->dry_run = t->dry_run;
	o->force = t->force;
	o->imports = t->imports;
	o->supply = dv_source_supply;
	o->progress = progress_show(&t->view, t->quiet);
	o->notice = notice;
	o->notice_data = t;
	return 0;
}

static int print_plan(const struct dv_fetch_plan *p, void *data)
{
	const struct transfer *t = data;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	char size[HUMAN_SIZE];

	if (t->json) {
		json_object_begin(&out);
		json_add_string(&out, "operation", "plan");
		json_add_string(&out, "path", p->path);
		json_add_number(&out, "files", p->files);
		json_add_number(&out, "size", p->size);
		json_add_number(&out, "missing_files", p->missing_files);
		json_add_number(&out, "missing_size", p->missing_size);
		json_object_end(&out);
		puts(out.data);
	} else if (!t->quiet && p->missing_files) {
		shown_path(t->repo, p->path, &out);
		printf("%s: would fetch %llu of %llu %s, %s\n", out.data,
		       (unsigned long long)p->missing_files,
		       (unsigned long long)p->files,
		       human_plural(p->files, "file", "files"),
		       human_bytes(p->missing_size, size));
	}
	return 0;
}

static int print_plans(struct transfer *t)
{
	int err = dv_fetch_plan(t->repo, &t->options, print_plan, t);

	progress_clear(&t->view);
	return err;
}

int transfer_fetch(struct transfer *t, char **argv, int count,
		   struct dv_transfer_result *result)
{
	int err = transfer_prepare(t, argv, count);

	if (!err)
		err = filter_apply(&t->filter, t->repo, argv, count,
				   &t->options.what);
	if (!err && t->dry_run)
		err = print_plans(t);
	if (err)
		return err;
	err = dv_fetch(t->repo, &t->options, result);
	progress_clear(&t->view);
	if (err == DV_E_NOTFOUND && t->allow_missing) {
		report_warning("%s", dv_error_text());
		err = 0;
	}
	return err;
}

int transfer_end(struct transfer *t, int code)
{
	code = broken_code(&t->broken, code);
	broken_release(&t->broken);
	filter_release(&t->filter);
	close_repo(&t->repo);
	return code;
}

bool transfer_nothing(const struct dv_transfer_result *r)
{
	return !r->roots_done && !r->packs && !r->repaired;
}

static void print_json(const struct transfer *t, const char *verb,
		       const struct dv_transfer_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "operation", verb);
	json_add_bool(&out, "dry_run", t->dry_run);
	json_add_number(&out, "tracked_paths", r->roots);
	json_add_number(&out, "moved_paths", r->roots_done);
	json_add_number(&out, "packs", r->packs);
	json_add_number(&out, "objects", r->objects);
	json_add_number(&out, "bytes", r->bytes);
	json_add_number(&out, "requests", r->requests);
	json_add_number(&out, "repaired", r->repaired);
	json_object_end(&out);
	puts(out.data);
}

void transfer_print(struct transfer *t, const char *verb,
		    const struct dv_transfer_result *r)
{
	char size[HUMAN_SIZE];

	progress_clear(&t->view);
	if (t->json) {
		print_json(t, verb, r);
		return;
	}
	if (t->quiet)
		return;
	if (transfer_nothing(r)) {
		if (!broken_code(&t->broken, 0))
			printf("up to date\n");
		return;
	}
	printf("%s%s %llu of %llu tracked %s: %llu %s, %s\n",
	       t->dry_run ? "would have " : "", verb,
	       (unsigned long long)r->roots_done,
	       (unsigned long long)r->roots,
	       human_plural(r->roots, "path", "paths"),
	       (unsigned long long)r->packs,
	       human_plural(r->packs, "pack", "packs"),
	       human_bytes(r->bytes, size));
	if (r->repaired)
		printf("repaired %llu %s that the remote had lost\n",
		       (unsigned long long)r->repaired,
		       human_plural(r->repaired, "pack", "packs"));
}
