/* dv config: get and set settings. */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dv/error.h"
#include "dv/keep.h"
#include "dv/repo.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/builtin.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv config [--local | --global | --system | --project] <name> "
	"[<value>]",
	"dv config [--local | --global | --system | --project] --unset "
	"<name>",
	"dv config [--show-origin] [--json] -l",
	NULL
};

struct config {
	int local, global, system, project;
	int unset, list, origin, json;
};

static const char *const level_names[] = {
	"", ".dvconfig", "local", "global", "system", "environment",
};

static enum dv_config_level level(const struct config *c)
{
	return c->local ? DV_CONFIG_LOCAL :
	       c->global ? DV_CONFIG_GLOBAL :
	       c->system ? DV_CONFIG_SYSTEM :
	       c->project ? DV_CONFIG_PROJECT : DV_CONFIG_ANY;
}

static int print_setting(enum dv_config_level at, const char *name,
			 const char *value, void *data)
{
	const struct config *c = data;
	DV_AUTO_BUF struct buf out = BUF_INIT;

	if (level(c) != DV_CONFIG_ANY && level(c) != at)
		return 0;
	if (c->json) {
		json_object_begin(&out);
		json_add_string(&out, "level", level_names[at]);
		json_add_string(&out, "name", name);
		json_add_string(&out, "value", value);
		json_object_end(&out);
		puts(out.data);
		return 0;
	}
	if (c->origin)
		printf("%s\t", level_names[at]);
	printf("%s=%s\n", name, value);
	return 0;
}

/* As git: exit code 1 and no word when it is not set. */
static int get(struct dv_repo *repo, const struct config *c,
	       const char *name)
{
	int err = dv_config_check(name);
	const char *value = level(c) == DV_CONFIG_ANY ?
		dv_config_get(repo, name) :
		dv_config_get_at(repo, level(c), name);

	if (err)
		return report(err);
	if (!value)
		return 1;
	printf("%s\n", value);
	return 0;
}

/* The one that was used up to now may have what is nowhere else. */
static void hint_old_store(const struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (!dv_store_is_used(dv_repo_store_path(repo)))
		return;
	path_word(dv_repo_store_path(repo), &word);
	report_hint("nothing is moved; what is in the old store is still read "
		    "after: git config --add dv.store.fallback %s",
		    word.data);
}

static int set(struct dv_repo *repo, const struct config *c,
	       const char *name, const char *value)
{
	enum dv_config_level to = level(c);
	const char *old = dv_config_get(repo, name);
	bool same = old && value && !strcmp(old, value);
	int err;

	/* what a team shares is the common case, as with .gitmodules */
	if (to == DV_CONFIG_ANY)
		to = DV_CONFIG_PROJECT;
	err = dv_config_set(repo, to, name, value);
	if (!err && !same && !strcasecmp(name, "store.path"))
		hint_old_store(repo);
	return report(err);
}

int cmd_config(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	struct config c = { 0 };
	const struct option options[] = {
		OPT_FLAG(0, "local", &c.local, "in .git/config, as dv.<name>"),
		OPT_FLAG(0, "global", &c.global,
			 "in ~/.gitconfig, as dv.<name>"),
		OPT_FLAG(0, "system", &c.system,
			 "in /etc/gitconfig, as dv.<name>"),
		OPT_FLAG(0, "project", &c.project,
			 "in .dvconfig, which git commits (where values go "
			 "by default)"),
		OPT_FLAG(0, "unset", &c.unset, "remove the setting"),
		OPT_FLAG('l', "list", &c.list, "list all settings"),
		OPT_FLAG(0, "show-origin", &c.origin,
			 "list with the level of each"),
		OPT_FLAG(0, "json", &c.json, "list as JSON objects"),
		OPT_END()
	};
	int code, err, n = parse_options(argc, argv, options, usage, &code);
	const char *instead = n > 0 ? action_instead("config", argv[0]) : NULL;

	if (n < 0)
		return code;
	if (instead) {
		usage_error(usage, "unknown action '%s'", argv[0]);
		report_hint("%s", instead);
		return 129;
	}
	if (c.local + c.global + c.system + c.project > 1)
		return usage_error(usage, "one level at a time");
	if (c.list ? n : c.unset ? n != 1 : n < 1 || n > 2)
		return usage_error(usage, "wrong number of arguments");
	err = open_any_repo(&repo);
	if (err)
		return report(err);
	if (c.list)
		return report(dv_config_each(repo, print_setting, &c));
	if (c.unset)
		return set(repo, &c, argv[0], NULL);
	if (n == 1)
		return get(repo, &c, argv[0]);
	return set(repo, &c, argv[0], argv[1]);
}
