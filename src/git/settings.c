/* What dv_config_* answer: the table's names at the levels of repo.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/amount.h"
#include "base/error.h"
#include "base/file.h"
#include "git/head.h"
#include "git/private.h"
#include "git/settings_names.h"

#define PROJECT_FILE	".dvconfig"
#define PROJECT_MOST	(1u << 20)	/* its bytes */

/* --- reading ----------------------------------------------------------- */

/*
 * Short name of the current branch, for includeIf "onbranch:".  Not known:
 * *out stays empty.
 */
static void read_branch(const struct dv_repo *repo, struct buf *out)
{
	static const char begin[] = "ref: refs/heads/";
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;

	buf_addf(&path, "%s/HEAD", repo->place.git_dir);
	if (file_read(path.data, 65536, &text))
		return;
	if (strncmp(text.data, begin, sizeof(begin) - 1))
		return;
	buf_add(out, text.data + sizeof(begin) - 1,
		strcspn(text.data + sizeof(begin) - 1, "\r\n"));
}

static int read_git_levels(struct dv_repo *repo, struct config *c)
{
	DV_AUTO_BUF struct buf branch = BUF_INIT;
	DV_AUTO_BUF struct buf file = BUF_INIT;
	struct config_context at = { repo->place.git_dir, NULL };
	const struct config_entry *e;
	int err;

	read_branch(repo, &branch);
	if (branch.len)
		at.branch = branch.data;
	err = config_read_system(c, &at);
	if (!err)
		err = config_read_global(c, &at);
	if (err)
		return err;
	buf_addf(&file, "%s/config", repo->place.common_dir);
	err = config_read(c, DV_CONFIG_LOCAL, file.data, CONFIG_INCLUDES, &at);
	e = config_find(c, "extensions.worktreeconfig");
	if (!err && e && config_truth(e->value) == 1) {
		buf_clear(&file);
		buf_addf(&file, "%s/config.worktree", repo->place.git_dir);
		err = config_read(c, DV_CONFIG_LOCAL, file.data,
				  CONFIG_INCLUDES, &at);
	}
	return err || repo->apart ? err : config_read_environment(c);
}

/* .dvconfig comes from strangers: a plain file of a plain size. */
static int check_project_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 :
			dv_fail_errno("cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return dv_fail(DV_E_INVALID, "%s: not a regular file", path);
	if (st.st_size > PROJECT_MOST)
		return dv_fail(DV_E_INVALID, "%s: longer than %u bytes", path,
			       PROJECT_MOST);
	return 0;
}

static int read_project_file(const struct dv_repo *repo, struct config *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	repo_path(repo, PROJECT_FILE, &path);
	err = check_project_file(path.data);
	return err ? err : config_read(out, DV_CONFIG_PROJECT, path.data, 0,
				       NULL);
}

/* A bare repository has the one of HEAD's commit. */
static int read_project_commit(struct dv_repo *repo, struct config *out)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = head_read(repo, PROJECT_FILE, PROJECT_MOST,
			    &repo->project_there, &text);

	return err ? err : config_read_text(out, DV_CONFIG_PROJECT, &text,
					    "HEAD:" PROJECT_FILE);
}

static int read_project(struct dv_repo *repo, struct config *out)
{
	if (!repo->place.bare)
		return read_project_file(repo, out);
	/* of one that is looked at from outside no object is read */
	return repo->apart ? 0 : read_project_commit(repo, out);
}

/*
 * Reads the levels into fresh lists first, so that a failure leaves the
 * settings as they were.
 */
int settings_load(struct dv_repo *repo)
{
	struct config git_config = { 0 }, project = { 0 };
	int err = read_project(repo, &project);

	if (!err && !repo->foreign)
		err = read_git_levels(repo, &git_config);
	if (err) {
		config_release(&git_config);
		config_release(&project);
		return err;
	}
	config_release(&repo->git_config);
	config_release(&repo->project);
	repo->git_config = git_config;
	repo->project = project;
	return 0;
}

const char *settings_git(const struct dv_repo *repo, const char *name)
{
	const struct config_entry *e = config_find(&repo->git_config, name);

	return e ? e->value : NULL;
}

/* --- looking up -------------------------------------------------------- */

/*
 * The setting an entry is about, with its name in *out (canonical).  NULL:
 * none of ours, or a secret where none may be.
 */
static const struct setting *setting_of(const struct config_entry *e,
					struct buf *out)
{
	bool project = e->level == DV_CONFIG_PROJECT;
	const struct setting *s;

	if (!project && strncmp(e->name, "dv.", 3))
		return NULL;
	if (!setting_canonical(project ? e->name : e->name + 3, out))
		return NULL;
	s = setting_find(out->data);
	return s && project && (s->flags & (SETTING_SECRET | SETTING_OWN)) ?
		NULL : s;
}

/* A key without '=' says yes. */
static const char *value_of(const struct config_entry *e)
{
	return e->value ? e->value : "true";
}

static const char *last_value(const struct config *c,
			      enum dv_config_level level, const char *name)
{
	DV_AUTO_BUF struct buf found = BUF_INIT;

	for (size_t i = c->count; i-- > 0; ) {
		const struct config_entry *e = &c->entries[i];

		if (level != DV_CONFIG_ANY && e->level != level)
			continue;
		if (setting_of(e, &found) && !strcmp(found.data, name))
			return value_of(e);
	}
	return NULL;
}

static const char *environment_value(const struct dv_repo *repo,
				     const struct setting *s)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *value;

	if (repo->foreign || repo->apart || !setting_environment(s, &name))
		return NULL;
	value = getenv(name.data);
	return value && *value ? value : NULL;
}

const char *dv_config_get_at(struct dv_repo *repo, enum dv_config_level level,
			     const char *name)
{
	DV_AUTO_BUF struct buf canonical = BUF_INIT;
	const struct setting *s = NULL;
	const char *value = NULL;

	if (setting_canonical(name, &canonical))
		s = setting_find(canonical.data);
	if (!s)
		return NULL;
	if (level == DV_CONFIG_ANY || level == DV_CONFIG_ENVIRONMENT)
		value = environment_value(repo, s);
	if (!value && level != DV_CONFIG_PROJECT)
		value = last_value(&repo->git_config, level, canonical.data);
	if (!value &&
	    (level == DV_CONFIG_ANY || level == DV_CONFIG_PROJECT))
		value = last_value(&repo->project, DV_CONFIG_ANY,
				   canonical.data);
	return value;
}

const char *dv_config_get(struct dv_repo *repo, const char *name)
{
	return dv_config_get_at(repo, DV_CONFIG_ANY, name);
}

int dv_config_bool(struct dv_repo *repo, const char *name, bool otherwise)
{
	const char *value = dv_config_get(repo, name);
	int truth = value ? config_truth(value) : otherwise;

	if (truth < 0)
		return dv_fail(DV_E_INVALID, "%s: not true or false: %s",
			       name, value);
	return truth;
}

int dv_config_size(struct dv_repo *repo, const char *name,
		   uint64_t otherwise, uint64_t *out)
{
	const char *value = dv_config_get(repo, name);

	*out = otherwise;
	if (value && !size_parse(value, out))
		return dv_fail(DV_E_INVALID, "%s: not a number: %s", name,
			       value);
	return 0;
}

static int each_of(const struct config *c, dv_config_cb *fn, void *data)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err = 0;

	for (size_t i = 0; i < c->count && !err; i++)
		if (setting_of(&c->entries[i], &name))
			err = fn(c->entries[i].level, name.data,
				 value_of(&c->entries[i]), data);
	return err;
}

int dv_config_each(struct dv_repo *repo, dv_config_cb *fn, void *data)
{
	int err = each_of(&repo->project, fn, data);

	if (!err)
		err = each_of(&repo->git_config, fn, data);
	for (size_t i = 0; i < settings_known_count && !err; i++) {
		const char *value = environment_value(repo,
						      &settings_known[i]);

		if (value)
			err = fn(DV_CONFIG_ENVIRONMENT, settings_known[i].name,
				 value, data);
	}
	return err;
}

/* --- secrets ----------------------------------------------------------- */

static int refuse_secret(const char *name)
{
	return dv_hint(dv_fail(DV_E_INVALID, "%s is a secret: it does not "
			       "belong into .dvconfig, which git shows to "
			       "everybody", name),
		       "dv config --local %s <value>", name);
}

static bool is_url(const struct setting *s)
{
	return !strcmp(s->name, "remote.*.url");
}

/* user:password@ in a URL. */
static bool url_has_password(const char *value)
{
	const char *begin = strstr(value, "://"), *at, *colon;
	size_t n;

	if (!begin)
		return false;
	begin += 3;
	n = strcspn(begin, "/?#");
	at = memrchr(begin, '@', n);
	colon = at ? memchr(begin, ':', at - begin) : NULL;
	return colon && colon + 1 < at;
}

static int refuse_password(const char *name)
{
	return dv_hint(dv_fail(DV_E_INVALID, "%s: a password in a URL does not "
			       "belong into .dvconfig, which git shows to "
			       "everybody", name),
		       "leave it out; git's credential helpers are asked for "
		       "it");
}

int repo_check_secrets(struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;

	for (size_t i = 0; i < repo->project.count; i++) {
		const struct config_entry *e = &repo->project.entries[i];
		const struct setting *s;

		if (!setting_canonical(e->name, &name))
			continue;
		s = setting_find(name.data);
		if (s && is_url(s) && url_has_password(value_of(e)))
			return refuse_password(name.data);
		if (s && (s->flags & SETTING_SECRET))
			return dv_hint(refuse_secret(name.data),
				       "dv config --project --unset %s, then "
				       "dv config --local %s <value>",
				       name.data, name.data);
	}
	return 0;
}

/* --- writing ----------------------------------------------------------- */

static int check_name(const char *name, struct buf *canonical,
		      const struct setting **out)
{
	DV_AUTO_BUF struct buf hint = BUF_INIT;
	bool formed = setting_canonical(name, canonical);

	*out = formed ? setting_find(canonical->data) : NULL;
	if (*out)
		return 0;
	setting_hint(formed ? canonical->data : name, &hint);
	return dv_hint(dv_fail(DV_E_INVALID, "dv knows no setting '%s'", name),
		       "%s", hint.data);
}

int dv_config_check(const char *name)
{
	DV_AUTO_BUF struct buf canonical = BUF_INIT;
	const struct setting *s;

	return check_name(name, &canonical, &s);
}

static int check_value(const struct dv_repo *repo, const struct setting *s,
		       const char *name, enum dv_config_level level,
		       const char *value)
{
	if (level == DV_CONFIG_PROJECT && (s->flags & SETTING_SECRET))
		return refuse_secret(name);
	if (level == DV_CONFIG_PROJECT && (s->flags & SETTING_OWN))
		return dv_hint(dv_fail(DV_E_INVALID, "%s is not taken from "
				       ".dvconfig: who commits it does not "
				       "decide it for others", name),
			       "dv config --local %s %s", name, value);
	if (level == DV_CONFIG_PROJECT && is_url(s) && url_has_password(value))
		return refuse_password(name);
	if (level == DV_CONFIG_PROJECT && (s->flags & SETTING_CONFINED))
		return repo_check_confined(repo, name, value);
	return setting_check(s, name, value);
}

/* By the user's git, which keeps comments, modes, links and locks. */
static int write_setting(struct dv_repo *repo, enum dv_config_level level,
			 const char *name, const char *value, bool worktree)
{
	const char *args[RUN_ARGS] = { "config" };
	DV_AUTO_BUF struct buf file = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	size_t n = 1;

	repo_path(repo, PROJECT_FILE, &file);
	if (level == DV_CONFIG_PROJECT) {
		args[n++] = "--file";
		args[n++] = file.data;
	} else {
		args[n++] = level == DV_CONFIG_SYSTEM ? "--system" :
			level == DV_CONFIG_GLOBAL ? "--global" :
			worktree ? "--worktree" : "--local";
		buf_addstr(&full, "dv.");
	}
	buf_addstr(&full, name);
	args[n++] = value ? "--replace-all" : "--unset-all";
	args[n++] = full.data;
	args[n++] = value;
	return run_git(repo, args, NULL, 0, &out);
}

/* Where a local value is: in config.worktree or in the shared config. */
static bool is_in_shared(const struct dv_repo *repo, const char *name)
{
	struct config c = { 0 };
	DV_AUTO_BUF struct buf file = BUF_INIT;
	bool found;

	buf_addf(&file, "%s/config", repo->place.common_dir);
	found = !config_read(&c, DV_CONFIG_LOCAL, file.data, 0, NULL) &&
		last_value(&c, DV_CONFIG_LOCAL, name);
	config_release(&c);
	return found;
}

/* A secret that got into .dvconfig can be taken out again. */
static bool project_has(const struct dv_repo *repo, const char *name)
{
	DV_AUTO_BUF struct buf canonical = BUF_INIT;

	for (size_t i = 0; i < repo->project.count; i++)
		if (setting_canonical(repo->project.entries[i].name,
				      &canonical) &&
		    !strcmp(canonical.data, name))
			return true;
	return false;
}

int dv_config_set(struct dv_repo *repo, enum dv_config_level level,
		  const char *name, const char *value)
{
	DV_AUTO_BUF struct buf canonical = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const struct setting *s;
	bool there, worktree = false;
	int err = check_name(name, &canonical, &s);

	if (err)
		return err;
	if (level == DV_CONFIG_ENVIRONMENT)
		return dv_fail(DV_E_INVALID, "the environment cannot be set");
	if (level == DV_CONFIG_ANY)
		level = DV_CONFIG_PROJECT;
	if (level == DV_CONFIG_PROJECT && repo->place.bare)
		return dv_hint(repo_need_worktree(repo), "--local keeps a "
			       "setting in %s/config", repo->place.git_dir);
	repo_path(repo, PROJECT_FILE, &path);
	if (level == DV_CONFIG_PROJECT)
		err = check_project_file(path.data);
	if (!err && value)
		err = check_value(repo, s, canonical.data, level, value);
	if (err)
		return err;
	there = level == DV_CONFIG_PROJECT ?
		project_has(repo, canonical.data) :
		dv_config_get_at(repo, level, canonical.data) != NULL;
	if (!value && !there)
		return dv_fail(DV_E_NOTFOUND, "%s is not set there",
			       canonical.data);
	if (level == DV_CONFIG_LOCAL && there)
		worktree = !is_in_shared(repo, canonical.data);
	err = write_setting(repo, level, canonical.data, value, worktree);
	return err ? err : settings_load(repo);
}
