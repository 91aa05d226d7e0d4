#ifndef GIT_SETTINGS_NAMES_H
#define GIT_SETTINGS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * The settings dv knows: dvconfig(5) has a line for each.  What is not in
 * this table is neither read nor written.
 */
enum setting_kind {
	SETTING_TEXT,
	SETTING_BOOL,
	SETTING_NUMBER,		/* with k, m, g */
	SETTING_PATH,
	SETTING_LINK,		/* a list of reflink, hardlink, symlink, copy */
	SETTING_CHOICE,		/* one of a few words */
	SETTING_AGE,		/* a number with s, m, h, d or w, or now */
};

enum setting_flags {
	SETTING_SECRET = 1,	/* never in .dvconfig */
	SETTING_CONFINED = 2,	/* from .dvconfig only a path inside the work
				   tree: who commits it does not choose where
				   on this machine is written */
	SETTING_OWN = 4,	/* not taken from .dvconfig: the user alone
				   decides */
};

struct setting {
	const char *name;	/* "core.jobs"; of a remote: "remote.*.url",
				   of a profile likewise */
	enum setting_kind kind;
	enum setting_flags flags;
};

/*
 * The setting that `name` (canonical, see below) is, or NULL.
 */
const struct setting *setting_find(const char *name);

/*
 * name with section and key in lower case; the part between, the name of a
 * remote, is kept.  False when it is not of two or three parts, or the name
 * of a remote is not plain (letters, digits, '.', '_', '-', not first a '-'
 * or '.'; at most 64).
 */
bool setting_canonical(const char *name, struct buf *out);

/* Appends what helps who typed a name that is no setting. */
void setting_hint(const char *name, struct buf *out);

/* 0, or DV_E_INVALID: value does not suit the setting called name. */
int setting_check(const struct setting *s, const char *name,
		  const char *value);

/* DV_CORE_JOBS for core.jobs; false for settings of remotes. */
bool setting_environment(const struct setting *s, struct buf *out);

/* The whole table, for those who list it. */
extern const struct setting settings_known[];
extern const size_t settings_known_count;

#endif
