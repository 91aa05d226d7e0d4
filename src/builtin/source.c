#include "builtin/source.h"

#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/path.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/report.h"

static void notice(const char *text, void *data)
{
	struct source *s = data;

	progress_clear(&s->view);
	if (!s->quiet)
		fprintf(stderr, "%s\n", text);
}

int source_prepare(struct source *s, bool optional)
{
	s->options.force = s->force;
	s->options.no_download = s->no_download;
	s->options.to_remote = s->to_remote;
	s->options.progress = progress_show(&s->view, s->quiet);
	s->options.notice = notice;
	s->options.notice_data = s;
	return optional ? open_repo_if_any(&s->repo) : open_repo(&s->repo);
}

int source_finish(struct source *s, int err, struct dv_source_result *result)
{
	progress_clear(&s->view);
	if (!err && result)
		source_print(s, result);
	if (result)
		dv_source_result_release(result);
	if (s->to_stage.count)
		err = hint_stage_after(s->repo, &s->to_stage, err);
	names_release(&s->to_stage);
	close_repo(&s->repo);
	return report(err);
}

static void print_json(const struct dv_source_result *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "path", r->path);
	json_add_string(&out, "rev", r->commit);
	json_add_number(&out, "files", r->files);
	json_add_number(&out, "size", r->size);
	json_add_number(&out, "bytes", r->bytes);
	json_add_bool(&out, "changed", r->changed);
	json_object_end(&out);
	puts(out.data);
}

static bool is_there(const struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addf(&full, "%s/%s", dv_repo_worktree(repo), path);
	return !access(full.data, F_OK);
}

/* A path that is new has a line in a .gitignore. */
static void note_written(struct source *s, const char *path)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;

	buf_addf(&file, "%s%s", path, DV_POINTER_SUFFIX);
	hint_path(file.data, &s->to_stage);
	if (s->tracks != SOURCE_NEW)
		return;
	buf_setlen(&file, path_parent_len(path));
	path_append(&file, ".gitignore");
	/* none where a rule of another one covers it */
	if (is_there(s->repo, file.data))
		hint_path(file.data, &s->to_stage);
}

void source_print(struct source *s, const struct dv_source_result *r)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	char size[HUMAN_SIZE], from[24] = "";

	progress_clear(&s->view);
	if (s->json) {
		print_json(r);
		return;
	}
	if (s->quiet)
		return;
	if (s->tracks && r->changed)
		note_written(s, r->path);
	if (s->tracks)
		shown_path(s->repo, r->path, &shown);
	else
		path_quote(r->path, &shown);
	if (*r->commit)
		snprintf(from, sizeof(from), " (%.12s)", r->commit);
	if (!r->changed)
		printf("%s: up to date%s\n", shown.data, from);
	else if (!r->files)	/* git's own: not counted */
		printf("%s%s\n", shown.data, from);
	else
		printf("%s: %llu %s, %s%s\n", shown.data,
		       (unsigned long long)r->files,
		       human_plural(r->files, "file", "files"),
		       human_bytes(r->size, size), from);
}
