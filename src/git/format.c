#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "git/config.h"
#include "git/format.h"

#define DV_AUTO_CONFIG	__attribute__((cleanup(config_release)))

/* --- format ------------------------------------------------------------ */

/* Extensions of format 1 that make no difference to what dv does. */
static bool extension_known(const char *name, const char *value)
{
	static const char *const harmless[] = {
		"noop", "noop-v1", "preciousobjects", "partialclone",
		"worktreeconfig", "relativeworktrees", "refstorage",
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (!strcmp(name, harmless[i]))
			return true;
	if (!strcmp(name, "objectformat"))
		return value && !strcasecmp(value, "sha1");
	return false;
}

static int other_hash(const char *file, const char *value)
{
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "%s: git names its objects by "
			       "%s here; dv reads repositories that use SHA-1",
			       file, value ? value : "another hash"),
		       "git init --object-format=sha1 (dv's own ids are "
		       "SHA-256 in any case)");
}

static int check_extensions(const struct config *c, const char *file)
{
	const struct config_entry *e;
	const char *version;

	e = config_find(c, "core.repositoryformatversion");
	version = e && e->value ? e->value : "0";
	/* before format 1 git looks at names it has always known only */
	if (!strcmp(version, "0"))
		return 0;
	if (strcmp(version, "1"))
		return dv_fail(DV_E_UNSUPPORTED, "%s: repository format %s is "
			       "not known", file, version);
	for (size_t i = 0; i < c->count; i++) {
		e = &c->entries[i];
		if (strncmp(e->name, "extensions.", 11) ||
		    extension_known(e->name + 11, e->value))
			continue;
		if (!strcmp(e->name, "extensions.objectformat"))
			return other_hash(file, e->value);
		return dv_fail(DV_E_UNSUPPORTED, "%s: dv cannot work with "
			       "the extension %s%s%s of this repository", file,
			       e->name + 11, e->value ? " = " : "",
			       e->value ? e->value : "");
	}
	return 0;
}

static void take_form(const struct config *c, struct git_format *out)
{
	const struct config_entry *e = config_find(c, "core.bare");

	if (e)
		out->bare = config_truth(e->value) == 1;
	e = config_find(c, "core.worktree");
	if (e && e->value) {
		free(out->worktree);
		out->worktree = xstrdup(e->value);
	}
}

int git_format_read(const char *git_dir, const char *common_dir,
		    struct git_format *out)
{
	DV_AUTO_CONFIG struct config main_config = { 0 };
	DV_AUTO_CONFIG struct config own = { 0 };
	DV_AUTO_BUF struct buf file = BUF_INIT;
	const struct config_entry *e;
	int err;

	buf_addf(&file, "%s/config", common_dir);
	err = config_read(&main_config, DV_CONFIG_LOCAL, file.data, 0, NULL);
	if (!err)
		err = check_extensions(&main_config, file.data);
	if (err)
		return err;
	/* those two are the main work tree's, not that of a linked one */
	if (!strcmp(git_dir, common_dir))
		take_form(&main_config, out);
	e = config_find(&main_config, "extensions.worktreeconfig");
	out->worktree_config = e && config_truth(e->value) == 1;
	if (!out->worktree_config)
		return 0;
	buf_clear(&file);
	buf_addf(&file, "%s/config.worktree", git_dir);
	err = config_read(&own, DV_CONFIG_LOCAL, file.data, 0, NULL);
	if (!err)
		take_form(&own, out);
	return err;
}

void git_format_release(struct git_format *f)
{
	free(f->worktree);
	memset(f, 0, sizeof(*f));
}

/* --- owner ------------------------------------------------------------- */

/* Root by way of sudo is still the person who typed it. */
static bool is_mine(const char *path)
{
	const char *sudo = getenv("SUDO_UID");
	struct stat st;
	char *end;

	if (!path)
		return true;
	if (lstat(path, &st) < 0)
		return false;
	if (st.st_uid == geteuid())
		return true;
	if (geteuid() || !sudo || !*sudo)
		return false;
	return st.st_uid == strtoul(sudo, &end, 10) && !*end;
}

static bool names_place(const char *value, const char *worktree)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_FREE char *real = NULL;
	size_t len;

	if (!strcmp(value, "*"))
		return true;
	if (!config_expand_home(value, &path))
		return false;
	if (path.len > 2 && !strcmp(path.data + path.len - 2, "/*")) {
		buf_setlen(&path, path.len - 2);
		real = realpath(path.data, NULL);
		len = real ? strlen(real) : 0;
		return real && !strncmp(worktree, real, len) &&
		       worktree[len] == '/';
	}
	if (path.data[0] != '/')
		return false;
	real = realpath(path.data, NULL);
	return !strcmp(real ? real : path.data, worktree);
}

/* What no repository can say of itself. */
static int read_protected(struct config *c)
{
	int err = config_read_system(c, NULL);

	if (!err)
		err = config_read_global(c, NULL);
	return err ? err : config_read_environment(c);
}

/* An empty value takes back the ones before it. */
static int declared_safe(const char *worktree, bool *safe)
{
	DV_AUTO_CONFIG struct config c = { 0 };
	int err = read_protected(&c);

	*safe = false;
	for (size_t i = 0; !err && i < c.count; i++) {
		const struct config_entry *e = &c.entries[i];

		if (strcmp(e->name, "safe.directory"))
			continue;
		if (!e->value || !*e->value)
			*safe = false;
		else if (names_place(e->value, worktree))
			*safe = true;
	}
	return err;
}

int git_owner_check(const char *worktree, const char *git_file,
		    const char *git_dir)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	bool safe;
	int err;

	if (is_mine(worktree) && is_mine(git_file) && is_mine(git_dir))
		return 0;
	err = declared_safe(worktree, &safe);
	if (err || safe)
		return err;
	path_word(worktree, &word);
	return dv_hint(dv_fail(DV_E_INVALID, "the repository at %s belongs "
			       "to somebody else", worktree),
		       "git config --global --add safe.directory %s",
		       word.data);
}

int git_bare_check(const char *git_dir)
{
	DV_AUTO_CONFIG struct config c = { 0 };
	DV_AUTO_BUF struct buf word = BUF_INIT;
	const struct config_entry *e;
	int err = read_protected(&c);

	e = config_find(&c, "safe.barerepository");
	if (err || !e || !e->value || strcmp(e->value, "explicit"))
		return err;
	path_word(git_dir, &word);
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "cannot use bare repository "
			       "%s (safe.bareRepository is explicit)", git_dir),
		       "GIT_DIR=%s says that it is meant", word.data);
}
