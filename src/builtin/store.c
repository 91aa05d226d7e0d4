/* dv store: where the space goes. */

#include <stdio.h>

#include "dv/keep.h"

#include "base/buf.h"
#include "base/json.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv store [--reachable] [--json]", NULL
};

static void print_json(const struct dv_store_info *i)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const struct {
		const char *name;
		const struct dv_store_part *part;
	} parts[] = {
		{ "data", &i->data }, { "meta", &i->meta },
		{ "loose", &i->loose }, { "index", &i->index },
		{ "have", &i->have }, { "tmp", &i->tmp },
		{ "quarantine", &i->quarantine }, { "sources", &i->sources },
	};

	json_object_begin(&out);
	json_add_string(&out, "path", i->path);
	json_add_bool(&out, "shared", i->shared);
	for (size_t n = 0; n < sizeof(parts) / sizeof(*parts); n++) {
		DV_AUTO_BUF struct buf key = BUF_INIT;

		buf_addf(&key, "%s_files", parts[n].name);
		json_add_number(&out, key.data, parts[n].part->files);
		buf_clear(&key);
		buf_addf(&key, "%s_bytes", parts[n].name);
		json_add_number(&out, key.data, parts[n].part->bytes);
	}
	json_add_number(&out, "chunks", i->chunks);
	json_add_number(&out, "nodes", i->nodes);
	if (i->reachable_known) {
		json_add_number(&out, "roots", i->roots);
		json_add_number(&out, "reachable_bytes", i->reachable);
		json_add_number(&out, "unreachable_bytes", i->unreachable);
	}
	json_object_end(&out);
	puts(out.data);
}

static void print_part(const char *name, const struct dv_store_part *p,
		       const char *what)
{
	char size[HUMAN_SIZE];

	if (p->files)
		printf("%-12s %10s in %llu %s%s\n", name,
		       human_bytes(p->bytes, size),
		       (unsigned long long)p->files,
		       human_plural(p->files, "file", "files"), what);
}

static void print_info(const struct dv_store_info *i)
{
	char size[HUMAN_SIZE];

	printf("%s%s\n", i->path,
	       i->shared ? " (shared with its group)" : "");
	print_part("data", &i->data, ": content");
	print_part("meta", &i->meta, ": directories and lists of chunks");
	print_part("loose", &i->loose, ": whole files, as clones or links");
	print_part("index", &i->index, ": can be made again");
	print_part("have", &i->have, ": what is known of remotes");
	print_part("tmp", &i->tmp, ": being written");
	print_part("quarantine", &i->quarantine, ": found bad");
	print_part("sources", &i->sources, ": of other repositories, can be "
		   "got again");
	if (!i->reachable_known)
		return;
	printf("%-12s %10s by %llu %s\n", "reachable",
	       human_bytes(i->reachable, size), (unsigned long long)i->roots,
	       human_plural(i->roots, "pointer", "pointers"));
	printf("%-12s %10s\n", "unreachable",
	       human_bytes(i->unreachable, size));
}

int cmd_store(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct progress_view view = { 0 };
	struct dv_store_info info;
	struct dv_progress progress;
	int reachable = 0, json = 0, code, err, n;
	const struct option options[] = {
		OPT_FLAG(0, "reachable", &reachable,
			 "also how much of it anything can reach"),
		OPT_FLAG(0, "json", &json, "print one JSON object"),
		OPT_END()
	};

	n = parse_options(argc, argv, options, usage, &code);
	if (n < 0)
		return code;
	if (n)
		return usage_error(usage, "store takes no paths");
	err = open_any_repo(&repo);
	progress = progress_show(&view, json);
	if (!err)
		err = dv_store_info(repo, reachable, &progress, &info);
	progress_clear(&view);
	if (err)
		return report(err);
	if (json)
		print_json(&info);
	else
		print_info(&info);
	return 0;
}
