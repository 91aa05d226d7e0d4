/* Which files git's configuration is in, includes and their conditions. */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "git/config.h"
#include "git/pattern.h"

#define FILE_MOST	(16u << 20)	/* bytes of a configuration file */
#define INCLUDE_DEPTH	10
#define INCLUDE_FILES	1000		/* of one file, all taken together */
#define ENVIRONMENT_MOST 10000		/* entries */

struct reader {
	struct config *config;
	enum dv_config_level level;
	enum config_read_flags flags;
	const struct config_context *context;
	const char *file;
	int depth;
	unsigned *files;	/* read so far */
};

static int read_file(const struct reader *r);

static void add(struct config *c, enum dv_config_level level,
		const char *name, const char *value)
{
	ARRAY_GROW(c->entries, c->count + 1, c->room);
	c->entries[c->count++] = (struct config_entry){
		.level = level,
		.name = arena_copy(&c->arena, name, strlen(name)),
		.value = value ?
			arena_copy(&c->arena, value, strlen(value)) : NULL,
	};
}

bool config_expand_home(const char *path, struct buf *out)
{
	size_t n = strcspn(path, "/");
	const char *home = NULL;

	if (*path == '~' && n == 1) {
		home = getenv("HOME");
	} else if (*path == '~') {
		DV_AUTO_BUF struct buf user = BUF_INIT;
		struct passwd *found;

		buf_add(&user, path + 1, n - 1);
		found = getpwnam(user.data);
		home = found ? found->pw_dir : NULL;
	} else {
		buf_addstr(out, path);
		return true;
	}
	if (!home)
		return false;
	buf_addstr(out, home);
	buf_addstr(out, path + n);
	return true;
}

static void add_folder_of(struct buf *out, const char *file)
{
	const char *slash = strrchr(file, '/');

	if (slash)
		buf_add(out, file, slash + 1 - file);
}

/* --- conditions -------------------------------------------------------- */

/* A folder's name stands for all below it. */
static void complete_pattern(struct buf *pattern)
{
	if (pattern->len && pattern->data[pattern->len - 1] == '/')
		buf_addstr(pattern, "**");
}

/* Where the folder really is, as a pattern that means just that. */
static bool add_literally(const char *folder, struct buf *pattern)
{
	DV_AUTO_FREE char *real = realpath(folder, NULL);

	if (!real)
		return false;
	for (const char *c = real; *c; c++) {
		if (strchr("*?[\\", *c))
			buf_addch(pattern, '\\');
		buf_addch(pattern, *c);
	}
	return true;
}

static bool git_dir_is(const struct reader *r, const char *text,
		       bool ignore_case)
{
	DV_AUTO_BUF struct buf pattern = BUF_INIT;
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	size_t n = strcspn(text, "/");

	if (!r->context || !r->context->git_dir)
		return false;
	if (*text == '~' || !strncmp(text, "./", 2)) {
		if (*text == '~')
			buf_add(&pattern, text, n);
		else
			add_folder_of(&folder, r->file);
		if (*text == '~' && !config_expand_home(pattern.data, &folder))
			return false;
		buf_clear(&pattern);
		if (!add_literally(folder.len ? folder.data : ".", &pattern))
			return false;
		buf_addstr(&pattern, text + n);
	} else {
		if (*text != '/')
			buf_addstr(&pattern, "**/");
		buf_addstr(&pattern, text);
	}
	complete_pattern(&pattern);
	return pattern_match(pattern.data, r->context->git_dir, ignore_case);
}

static bool branch_is(const struct reader *r, const char *text)
{
	DV_AUTO_BUF struct buf pattern = BUF_INIT;

	if (!r->context || !r->context->branch)
		return false;
	buf_addstr(&pattern, text);
	complete_pattern(&pattern);
	return pattern_match(pattern.data, r->context->branch, false);
}

static bool condition_holds(const struct reader *r, const char *condition)
{
	if (!strncmp(condition, "gitdir:", 7))
		return git_dir_is(r, condition + 7, false);
	if (!strncmp(condition, "gitdir/i:", 9))
		return git_dir_is(r, condition + 9, true);
	if (!strncmp(condition, "onbranch:", 9))
		return branch_is(r, condition + 9);
	return false;
}

/* True when name, with its value as a path, says to read another file. */
static bool is_include(const struct reader *r, const char *name)
{
	const char *dot = strrchr(name, '.');
	DV_AUTO_BUF struct buf condition = BUF_INIT;

	if (!strcmp(name, "include.path"))
		return true;
	if (strncmp(name, "includeif.", 10) || strcmp(dot, ".path") ||
	    dot < name + 10)
		return false;
	buf_add(&condition, name + 10, dot - (name + 10));
	return condition_holds(r, condition.data);
}

static int include(const struct reader *r, const char *path)
{
	DV_AUTO_BUF struct buf expanded = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct reader next = *r;

	if (r->depth >= INCLUDE_DEPTH || ++*r->files > INCLUDE_FILES)
		return dv_fail(DV_E_INVALID, "too many includes in %s",
			       r->file);
	if (!config_expand_home(path, &expanded))
		return dv_fail(DV_E_INVALID, "cannot expand %s in %s", path,
			       r->file);
	if (*expanded.data != '/')
		add_folder_of(&full, r->file);
	buf_add(&full, expanded.data, expanded.len);
	next.file = full.data;
	next.depth++;
	return read_file(&next);
}

/* --- files ------------------------------------------------------------- */

static int take_entry(const char *name, const char *value, void *data)
{
	const struct reader *r = data;

	add(r->config, r->level, name, value);
	if (!(r->flags & CONFIG_INCLUDES) || !value || !is_include(r, name))
		return 0;
	return include(r, value);
}

static int read_file(const struct reader *r)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	if (access(r->file, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	err = file_read(r->file, FILE_MOST, &text);
	if (err)
		return err;
	return config_parse(text.data, text.len, r->file, take_entry,
			    (void *)r);
}

int config_read(struct config *c, enum dv_config_level level,
		const char *path, enum config_read_flags flags,
		const struct config_context *context)
{
	unsigned files = 0;
	struct reader r = {
		.config = c, .level = level, .flags = flags,
		.context = context, .file = path, .files = &files,
	};

	return read_file(&r);
}

int config_read_text(struct config *c, enum dv_config_level level,
		     const struct buf *text, const char *name)
{
	const struct reader r = { .config = c, .level = level, .file = name };

	return config_parse(text->data, text->len, name, take_entry,
			    (void *)&r);
}

/* Files of other people's making that we may not read count as not there. */
static int read_readable(struct config *c, enum dv_config_level level,
			 const char *path, const struct config_context *at)
{
	if (access(path, R_OK) < 0)
		return 0;
	return config_read(c, level, path, CONFIG_INCLUDES, at);
}

int config_read_system(struct config *c, const struct config_context *at)
{
	const char *path = getenv("GIT_CONFIG_SYSTEM");
	const char *none = getenv("GIT_CONFIG_NOSYSTEM");

	if (none && config_truth(none) != 0)
		return 0;
	return read_readable(c, DV_CONFIG_SYSTEM,
			     path ? path : "/etc/gitconfig", at);
}

int config_read_global(struct config *c, const struct config_context *at)
{
	const char *path = getenv("GIT_CONFIG_GLOBAL");
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	DV_AUTO_BUF struct buf file = BUF_INIT;
	int err = 0;

	if (path)
		return *path ? read_readable(c, DV_CONFIG_GLOBAL, path, at) :
			0;
	if (xdg && *xdg)
		buf_addf(&file, "%s/git/config", xdg);
	else if (home)
		buf_addf(&file, "%s/.config/git/config", home);
	if (file.len)
		err = read_readable(c, DV_CONFIG_GLOBAL, file.data, at);
	if (err || !home)
		return err;
	buf_clear(&file);
	buf_addf(&file, "%s/.gitconfig", home);
	return read_readable(c, DV_CONFIG_GLOBAL, file.data, at);
}

/* The section and the key of a name are in lower case. */
static void canonical_name(const char *name, struct buf *out)
{
	const char *first = strchr(name, '.'), *last = strrchr(name, '.');

	buf_clear(out);
	for (const char *c = name; *c; c++) {
		bool keep = first && c > first && c < last;

		buf_addch(out, !keep && *c >= 'A' && *c <= 'Z' ?
			  *c - 'A' + 'a' : *c);
	}
}

static int read_counted(struct config *c)
{
	const char *text = getenv("GIT_CONFIG_COUNT");
	DV_AUTO_BUF struct buf name = BUF_INIT;
	unsigned long count;
	char *end;

	if (!text || !*text)
		return 0;
	count = strtoul(text, &end, 10);
	if (*end || count > ENVIRONMENT_MOST)
		return dv_fail(DV_E_INVALID, "bad GIT_CONFIG_COUNT: %s",
			       text);
	for (unsigned long i = 0; i < count; i++) {
		char key_name[40], value_name[40];
		const char *key, *value;

		snprintf(key_name, sizeof(key_name), "GIT_CONFIG_KEY_%lu", i);
		snprintf(value_name, sizeof(value_name),
			 "GIT_CONFIG_VALUE_%lu", i);
		key = getenv(key_name);
		value = getenv(value_name);
		if (!key || !value)
			return dv_fail(DV_E_INVALID, "%s is not set",
				       key ? value_name : key_name);
		canonical_name(key, &name);
		add(c, DV_CONFIG_ENVIRONMENT, name.data, value);
	}
	return 0;
}

/* One word as git quotes it: 'it'\''s'.  False: it is none. */
static bool take_quoted(const char **at, struct buf *out)
{
	buf_clear(out);
	if (**at != '\'')
		return false;
	for (;;) {
		size_t n = strcspn(++*at, "'");

		buf_add(out, *at, n);
		*at += n;
		if (!**at)
			return false;
		++*at;
		if (**at != '\\' || !(*at)[1] || (*at)[2] != '\'')
			return true;
		buf_addch(out, (*at)[1]);
		*at += 2;
	}
}

/*
 * What `git -c name=value` leaves to the hooks and drivers it runs:
 * 'name'='value', of an older git 'name=value'.
 */
static int read_parameters(struct config *c)
{
	const char *at = getenv("GIT_CONFIG_PARAMETERS");
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf key = BUF_INIT;
	DV_AUTO_BUF struct buf value = BUF_INIT;

	while (at && *(at += strspn(at, " "))) {
		const char *found = NULL;
		size_t n;

		if (!take_quoted(&at, &key))
			return dv_fail(DV_E_INVALID,
				       "bad GIT_CONFIG_PARAMETERS");
		n = strcspn(key.data, "=");
		if (*at == '=') {
			at++;
			if (*at == '\'' && !take_quoted(&at, &value))
				return dv_fail(DV_E_INVALID,
					       "bad GIT_CONFIG_PARAMETERS");
			found = at[-1] == '=' ? NULL : value.data;
		} else if (key.data[n]) {
			buf_clear(&value);
			buf_addstr(&value, key.data + n + 1);
			buf_setlen(&key, n);
			found = value.data;
		}
		canonical_name(key.data, &name);
		add(c, DV_CONFIG_ENVIRONMENT, name.data, found);
	}
	return 0;
}

int config_read_environment(struct config *c)
{
	int err = read_counted(c);

	return err ? err : read_parameters(c);
}

/* --- looking ----------------------------------------------------------- */

const struct config_entry *config_find(const struct config *c,
				       const char *name)
{
	for (size_t i = c->count; i-- > 0; )
		if (!strcmp(c->entries[i].name, name))
			return &c->entries[i];
	return NULL;
}

int config_truth(const char *value)
{
	static const char *const yes[] = { "true", "yes", "on" };
	static const char *const no[] = { "false", "no", "off", "" };
	char *end;
	long number;

	if (!value)
		return 1;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		if (!strcasecmp(value, yes[i]))
			return 1;
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		if (!strcasecmp(value, no[i]))
			return 0;
	number = strtol(value, &end, 10);
	return *end ? -1 : number != 0;
}

void config_release(struct config *c)
{
	arena_release(&c->arena);
	free(c->entries);
	memset(c, 0, sizeof(*c));
}
