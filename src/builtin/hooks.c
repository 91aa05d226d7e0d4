/* dv hooks: put dv's hooks into a git repository, and take them away. */

#include <stdio.h>
#include <string.h>

#include "dv/hooks.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv hooks install [-q] [--json]", "dv hooks uninstall [-q] [--json]",
	"dv hooks status [--json]", NULL
};

struct view {
	int quiet, json;
	bool installing;
	bool said_where;
};

static const char *state_word(enum dv_hook_state state)
{
	switch (state) {
	case DV_HOOK_NONE:
		return "none";
	case DV_HOOK_OURS:
		return "installed";
	case DV_HOOK_CHAINED:
		return "chained";
	case DV_HOOK_OTHER:
		return "other";
	case DV_HOOK_CALLED:
		return "called";
	}
	return "";
}

static void print_json(const struct dv_hook *h)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "hook", h->name);
	json_add_string(&out, "file", h->file);
	json_add_string(&out, "state", state_word(h->state));
	json_add_bool(&out, "changed", h->changed);
	json_object_end(&out);
	puts(out.data);
}

static const char *explain(const struct dv_hook *h)
{
	switch (h->state) {
	case DV_HOOK_NONE:
		return h->changed ? "removed" : "not installed";
	case DV_HOOK_OURS:
		return "installed";
	case DV_HOOK_CHAINED:
		return "installed; calls the hook that was there";
	case DV_HOOK_OTHER:
		return h->changed ? "removed; the hook that was there is back" :
				    "not installed; there is another hook";
	case DV_HOOK_CALLED:
		return "installed; called by the hook that is there";
	}
	return "";
}

static int print(const struct dv_hook *h, void *data)
{
	struct view *v = data;
	DV_AUTO_BUF struct buf dir = BUF_INIT;

	if (v->json) {
		print_json(h);
		return 0;
	}
	if (v->quiet)
		return 0;
	if (!v->said_where) {
		DV_AUTO_BUF struct buf shown = BUF_INIT;

		buf_add(&dir, h->file, path_parent_len(h->file));
		path_quote(dir.data, &shown);
		printf("hooks in %s\n", shown.data);
		v->said_where = true;
	}
	printf("  %-14s %s\n", h->name, explain(h));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct dv_repo *repo, dv_hook_cb *fn, void *data);
} actions[] = {
	{ "install", dv_hooks_install },
	{ "status", dv_hooks_each },
	{ "uninstall", dv_hooks_uninstall },
};

const char *hooks_action(size_t i)
{
	return i < sizeof(actions) / sizeof(*actions) ? actions[i].name : NULL;
}

int cmd_hooks(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct view v = { 0 };
	const struct option options[] = {
		OPT_FLAG('q', "quiet", &v.quiet, "print nothing but errors"),
		OPT_FLAG(0, "json", &v.json, "print a JSON object per hook"),
		OPT_END()
	};
	int code, err, which;
	int n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	which = n == 1 ? action_find(hooks_action, argv[0]) : -1;
	if (which < 0)
		return usage_error(usage, "one of install, uninstall and "
				   "status is needed");
	err = open_repo(&repo);
	if (err)
		return report(err);
	return report(actions[which].run(repo, print, &v));
}
