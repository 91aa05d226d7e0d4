#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dv/transfer.h"

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "git/foreign.h"
#include "git/repo.h"
#include "remote/remote.h"
#include "transfer/open.h"
#include "transfer/remote_place.h"

#define NAME_MAX_LEN	64

/* --- reading the configuration ----------------------------------------- */

/* remote.<name>.<key> as it is set somewhere. */
struct entry {
	enum dv_config_level level;
	char *name, *key, *value;	/* owned */
};

struct entries {
	struct entry *items;	/* owned */
	size_t count, room;
};

#define DV_AUTO_ENTRIES	__attribute__((cleanup(entries_release)))

static void entries_release(struct entries *e)
{
	for (size_t i = 0; i < e->count; i++) {
		free(e->items[i].name);
		free(e->items[i].key);
		free(e->items[i].value);
	}
	free(e->items);
}

static int take_entry(enum dv_config_level level, const char *name,
		      const char *value, void *data)
{
	struct entries *e = data;
	const char *start, *dot;
	struct entry *x;

	if (strncmp(name, "remote.", 7))
		return 0;
	start = name + 7;
	dot = strrchr(start, '.');
	if (!dot || dot == start)
		return 0;
	ARRAY_GROW(e->items, e->count + 1, e->room);
	x = &e->items[e->count++];
	x->level = level;
	x->name = xstrdup(start);
	x->name[dot - start] = 0;
	x->key = xstrdup(dot + 1);
	x->value = xstrdup(value ? value : "");
	return 0;
}

static int read_entries(struct dv_repo *repo, struct entries *out)
{
	return dv_config_each(repo, take_entry, out);
}

/* The last value wins: dv_config_each() goes from lowest to highest. */
static const struct entry *find_url(const struct entries *e, const char *name)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < e->count; i++)
		if (!strcmp(e->items[i].key, "url") &&
		    !strcmp(e->items[i].name, name) && *e->items[i].value)
			found = &e->items[i];
	return found;
}

/* True for the first entry that gives this remote a URL. */
static bool is_first_url(const struct entries *e, size_t i)
{
	if (strcmp(e->items[i].key, "url") || !*e->items[i].value)
		return false;
	for (size_t k = 0; k < i; k++)
		if (!strcmp(e->items[k].key, "url") && *e->items[k].value &&
		    !strcmp(e->items[k].name, e->items[i].name))
			return false;
	return true;
}

static size_t count_remotes(const struct entries *e, const char **only)
{
	size_t n = 0;

	for (size_t i = 0; i < e->count; i++)
		if (is_first_url(e, i)) {
			*only = e->items[i].name;
			n++;
		}
	return n;
}

/* Of another repository it is others who set up remotes. */
static int no_default(const struct dv_repo *repo, const char *why,
		      const char *hint)
{
	const char *url = repo_origin(repo);

	if (!url)
		return dv_hint(dv_fail(DV_E_NOTFOUND, "%s", why), "%s", hint);
	return dv_hint(dv_fail(DV_E_NOTFOUND, "%s in %s", why, url),
		       "there: %s, then git commit and git push .dvconfig",
		       hint);
}

static int default_of(struct dv_repo *repo, const struct entries *e,
		      struct buf *out)
{
	const char *set = dv_config_get(repo, "core.remote");
	DV_AUTO_BUF struct buf why = BUF_INIT;
	DV_AUTO_BUF struct buf hint = BUF_INIT;
	const char *only = NULL;
	size_t count;

	if (set && *set) {
		buf_addstr(out, set);
		if (find_url(e, set))
			return 0;
		buf_addf(&why, "the default remote, '%s', is not set up", set);
		buf_addstr(&hint, "dv remote add ");
		path_word(set, &hint);
		buf_addstr(&hint, " <url>");
		return no_default(repo, why.data, hint.data);
	}
	count = count_remotes(e, &only);
	if (find_url(e, "origin"))
		only = "origin";
	else if (count > 1) {
		buf_addf(&why, "none of %zu remotes is the default", count);
		return no_default(repo, why.data, "dv remote default <name>");
	}
	if (!only)
		return no_default(repo, "no remote is set up",
				  "dv remote add origin <url>");
	buf_addstr(out, only);
	return 0;
}

int remote_default(struct dv_repo *repo, struct buf *out)
{
	DV_AUTO_ENTRIES struct entries e = { NULL, 0, 0 };
	int err = read_entries(repo, &e);

	return err ? err : default_of(repo, &e, out);
}

/* scheme://user:password@host without what is before the '@' */
static void add_public_url(const char *url, struct buf *out)
{
	const char *rest = strstr(url, "://");
	const char *at = NULL;

	if (!rest) {
		buf_addstr(out, url);
		return;
	}
	rest += 3;
	for (const char *p = rest; *p && *p != '/' && *p != '?'; p++)
		if (*p == '@')
			at = p;
	buf_add(out, url, rest - url);
	buf_addstr(out, at ? at + 1 : rest);
}

int dv_remote_each(struct dv_repo *repo, dv_remote_cb *fn, void *data)
{
	DV_AUTO_ENTRIES struct entries e = { NULL, 0, 0 };
	DV_AUTO_BUF struct buf standard = BUF_INIT;
	int err = read_entries(repo, &e);

	if (err)
		return err;
	if (default_of(repo, &e, &standard))
		buf_clear(&standard);
	for (size_t i = 0; i < e.count && !err; i++) {
		DV_AUTO_BUF struct buf url = BUF_INIT;
		struct dv_remote_info info;

		if (!is_first_url(&e, i))
			continue;
		add_public_url(find_url(&e, e.items[i].name)->value, &url);
		info.name = e.items[i].name;
		info.url = url.data;
		info.is_default = !strcmp(info.name, standard.data);
		err = fn(&info, data);
	}
	return err;
}

/* --- changing it ------------------------------------------------------- */

static int check_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !(i && strchr("-_", name[i])))
			len = 0;
	if (!len || len > NAME_MAX_LEN)
		return dv_fail(DV_E_INVALID, "'%s' is no name for a remote "
			       "(letters, digits, - and _)", name);
	return 0;
}

static int no_such_remote(const char *name)
{
	return dv_hint(dv_fail(DV_E_NOTFOUND, "no remote named '%s'", name),
		       "dv remote list");
}

static int set_key(struct dv_repo *repo, enum dv_config_level level,
		   const char *name, const char *key, const char *value)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addf(&full, "remote.%s.%s", name, key);
	return dv_config_set(repo, level, full.data, value);
}

/*
 * A relative folder is typed relative to the folder one is in and kept
 * relative to the top of the work tree.
 */
static int set_url(struct dv_repo *repo, enum dv_config_level level,
		   const char *name, const char *url)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	const char *prefix = dv_repo_prefix(repo);
	int err = remote_url_check(url, level != DV_CONFIG_PROJECT);

	if (err)
		return err;
	if (*prefix && *url != '/' && !strstr(url, "://")) {
		buf_addf(&typed, "%s/%s", prefix, url);
		path_plain(typed.data, &full);
	} else {
		buf_addstr(&full, url);
	}
	err = remote_place_check(repo, full.data);
	return err ? err : set_key(repo, level, name, "url", full.data);
}

static enum dv_config_level level_or_project(enum dv_config_level level)
{
	return level == DV_CONFIG_ANY ? DV_CONFIG_PROJECT : level;
}

int dv_remote_add(struct dv_repo *repo, enum dv_config_level level,
		  const char *name, const char *url, bool make_default)
{
	DV_AUTO_ENTRIES struct entries e = { NULL, 0, 0 };
	const char *other;
	const char *set;
	int err = check_name(name);

	if (!err)
		err = read_entries(repo, &e);
	if (err)
		return err;
	level = level_or_project(level);
	if (find_url(&e, name))
		return dv_hint(dv_fail(DV_E_EXISTS, "remote '%s' exists "
				       "already", name),
			       "dv remote set-url %s <url>", name);
	err = set_url(repo, level, name, url);
	if (err)
		return err;
	set = dv_config_get(repo, "core.remote");
	if (make_default || ((!set || !*set) && !count_remotes(&e, &other)))
		err = dv_config_set(repo, level, "core.remote", name);
	return err;
}

int dv_remote_set_url(struct dv_repo *repo, enum dv_config_level level,
		      const char *name, const char *url)
{
	DV_AUTO_ENTRIES struct entries e = { NULL, 0, 0 };
	const struct entry *old;
	int err = read_entries(repo, &e);

	if (err)
		return err;
	old = find_url(&e, name);
	if (!old)
		return no_such_remote(name);
	/* where it is set now, so that the change has an effect */
	if (level == DV_CONFIG_ANY)
		level = old->level;
	return set_url(repo, level, name, url);
}

static bool settable(enum dv_config_level level)
{
	return level == DV_CONFIG_PROJECT || level == DV_CONFIG_LOCAL ||
	       level == DV_CONFIG_GLOBAL;
}

/* What the user's other repositories use is touched only if it is all. */
static bool set_in_repo(const struct entries *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (!strcmp(e->items[i].name, name) &&
		    (e->items[i].level == DV_CONFIG_PROJECT ||
		     e->items[i].level == DV_CONFIG_LOCAL))
			return true;
	return false;
}

/*
 * Replaces or, with new_name NULL, removes every setting of a remote, and the
 * default that names it.
 */
static int move_settings(struct dv_repo *repo, const struct entries *e,
			 const char *name, const char *new_name)
{
	const enum dv_config_level levels[] = {
		DV_CONFIG_PROJECT, DV_CONFIG_LOCAL, DV_CONFIG_GLOBAL,
	};
	size_t count = set_in_repo(e, name) ? 2 : 3;
	int err = 0;

	for (size_t i = 0; i < e->count && !err; i++) {
		const struct entry *x = &e->items[i];

		if (strcmp(x->name, name) || !settable(x->level) ||
		    (count == 2 && x->level == DV_CONFIG_GLOBAL))
			continue;
		if (new_name)
			err = set_key(repo, x->level, new_name, x->key,
				      x->value);
		if (!err)
			err = set_key(repo, x->level, name, x->key, NULL);
		if (err == DV_E_NOTFOUND)	/* set twice at one level */
			err = 0;
	}
	for (size_t i = 0; i < count && !err; i++) {
		const char *set = dv_config_get_at(repo, levels[i],
						   "core.remote");

		if (set && !strcmp(set, name))
			err = dv_config_set(repo, levels[i], "core.remote",
					    new_name);
	}
	return err;
}

int dv_remote_remove(struct dv_repo *repo, const char *name)
{
	DV_AUTO_ENTRIES struct entries e = { NULL, 0, 0 };
	int err = read_entries(repo, &e);

	if (err)
		return err;
	if (!find_url(&e, name))
		return no_such_remote(name);
	return move_settings(repo, &e, name, NULL);
}

int dv_remote_rename(struct dv_repo *repo, const char *name,
		     const char *new_name)
{
	DV_AUTO_ENTRIES struct entries e = { NULL, 0, 0 };
	int err = check_name(new_name);

	if (!err)
		err = read_entries(repo, &e);
	if (err)
		return err;
	if (!find_url(&e, name))
		return no_such_remote(name);
	if (find_url(&e, new_name))
		return dv_fail(DV_E_EXISTS, "remote '%s' exists already",
			       new_name);
	return move_settings(repo, &e, name, new_name);
}

int dv_remote_set_default(struct dv_repo *repo, const char *name)
{
	DV_AUTO_ENTRIES struct entries e = { NULL, 0, 0 };
	enum dv_config_level level = DV_CONFIG_PROJECT;
	const char *local;
	int err = read_entries(repo, &e);

	if (err)
		return err;
	if (!find_url(&e, name))
		return no_such_remote(name);
	/* one set in .git/config would win over .dvconfig; and a remote that
	 * only this clone knows is no default for others */
	local = dv_config_get_at(repo, DV_CONFIG_LOCAL, "core.remote");
	if (local || find_url(&e, name)->level != DV_CONFIG_PROJECT)
		level = DV_CONFIG_LOCAL;
	return dv_config_set(repo, level, "core.remote", name);
}
