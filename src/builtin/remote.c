/* dv remote: the places data is pushed to. */

#include <stdio.h>
#include <string.h>

#include "dv/transfer.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv remote [-v] [--json]",
	"dv remote list [-v] [--json]",
	"dv remote add [-d] [--local | --global] <name> <url>",
	"dv remote set-url [--local | --global] <name> <url>",
	"dv remote rename <old> <new>",
	"dv remote remove <name>",
	"dv remote default [--json] [<name>]",
	NULL
};

struct remote_args {
	struct dv_repo *repo;
	char **argv;
	int count;
	int verbose, json, make_default, local, global;
};

static enum dv_config_level level(const struct remote_args *a)
{
	return a->local ? DV_CONFIG_LOCAL :
	       a->global ? DV_CONFIG_GLOBAL : DV_CONFIG_PROJECT;
}

static int print_remote(const struct dv_remote_info *info, void *data)
{
	const struct remote_args *a = data;
	DV_AUTO_BUF struct buf out = BUF_INIT;

	if (a->json) {
		json_object_begin(&out);
		json_add_string(&out, "name", info->name);
		json_add_string(&out, "url", info->url);
		json_add_bool(&out, "default", info->is_default);
		json_object_end(&out);
		puts(out.data);
	} else if (a->verbose) {
		path_quote(info->url, &out);	/* it may be a stranger's */
		printf("%s\t%s%s\n", info->name, out.data,
		       info->is_default ? " (default)" : "");
	} else {
		printf("%s\n", info->name);
	}
	return 0;
}

static int list(struct remote_args *a)
{
	return dv_remote_each(a->repo, print_remote, a);
}

static int add(struct remote_args *a)
{
	int err = dv_remote_add(a->repo, level(a), a->argv[0], a->argv[1],
				a->make_default);

	if (!err && level(a) == DV_CONFIG_PROJECT)
		report_hint("git add .dvconfig, then commit it, so that "
			    "others find the remote too");
	return err;
}

static int set_url(struct remote_args *a)
{
	bool chosen = a->local || a->global;

	return dv_remote_set_url(a->repo, chosen ? level(a) : DV_CONFIG_ANY,
				 a->argv[0], a->argv[1]);
}

static int rename_remote(struct remote_args *a)
{
	return dv_remote_rename(a->repo, a->argv[0], a->argv[1]);
}

static int remove_remote(struct remote_args *a)
{
	return dv_remote_remove(a->repo, a->argv[0]);
}

static int print_default(const struct dv_remote_info *info, void *data)
{
	return info->is_default ? print_remote(info, data) : 0;
}

static int set_default(struct remote_args *a)
{
	if (!a->count)
		return dv_remote_each(a->repo, print_default, a);
	return dv_remote_set_default(a->repo, a->argv[0]);
}

static const struct {
	const char *name;
	int least, most;	/* arguments */
	int (*run)(struct remote_args *a);
} actions[] = {
	{ "add", 2, 2, add },
	{ "default", 0, 1, set_default },
	{ "list", 0, 0, list },
	{ "remove", 1, 1, remove_remote },
	{ "rename", 2, 2, rename_remote },
	{ "set-url", 2, 2, set_url },
};

const char *remote_action(size_t i)
{
	return i < sizeof(actions) / sizeof(*actions) ? actions[i].name : NULL;
}

static int unknown_action(const char *name)
{
	const char *instead = action_instead("remote", name);
	int code = usage_error(usage, "unknown action '%s'", name);

	if (instead)
		report_hint("%s", instead);
	return code;
}

int cmd_remote(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct remote_args a = { 0 };
	const struct option options[] = {
		OPT_FLAG('v', "verbose", &a.verbose, "show URLs"),
		OPT_FLAG(0, "json", &a.json, "a JSON object per remote"),
		OPT_FLAG('d', "default", &a.make_default,
			 "add: make it the default remote"),
		OPT_FLAG(0, "local", &a.local,
			 "keep it in .git/config, not in .dvconfig"),
		OPT_FLAG(0, "global", &a.global,
			 "keep it in ~/.gitconfig, not in .dvconfig"),
		OPT_END()
	};
	int code, err, which;
	int n = parse_options(argc, argv, options, usage, &code);

	if (n < 0)
		return code;
	which = action_find(remote_action, n ? argv[0] : "list");
	if (which < 0)
		return unknown_action(argv[0]);
	if (n) {
		n--;
		argv++;
	}
	if (n < actions[which].least || n > actions[which].most)
		return usage_error(usage, "wrong number of arguments for '%s'",
				   actions[which].name);
	err = open_any_repo(&repo);
	if (err)
		return report(err);
	a.repo = repo;
	a.argv = argv;
	a.count = n;
	return report(actions[which].run(&a));
}
