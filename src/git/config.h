#ifndef GIT_CONFIG_H
#define GIT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/arena.h"
#include "base/buf.h"

/*
 * Files in git's configuration format, read by plain code of our own: dv
 * starts in a fraction of the time libgit2 takes to get ready, and what a
 * stranger commits as .dvconfig is read by code that cannot follow includes
 * unless it is told to.  Writing is left to the user's git.
 */
struct config_entry {
	enum dv_config_level level;
	const char *name;	/* section and key in lower case, "a.b.c" */
	const char *value;	/* NULL: a key without '=' */
};

struct config {
	struct arena arena;
	struct config_entry *entries;	/* owned; lowest precedence first */
	size_t count, room;
};

/* What conditions of includeIf are about. */
struct config_context {
	const char *git_dir;	/* absolute; NULL: conditions are false */
	const char *branch;	/* short name, NULL: none */
};

enum config_read_flags {
	CONFIG_INCLUDES = 1,	/* follow include and includeIf */
};

/*
 * Appends what the file says.  A file that is not there says nothing.
 * DV_E_INVALID with file and line when it is malformed; DV_E_IO.
 */
int config_read(struct config *c, enum dv_config_level level,
		const char *path, enum config_read_flags flags,
		const struct config_context *context);

/* The same of text that is no file's; `name` is for messages. */
int config_read_text(struct config *c, enum dv_config_level level,
		     const struct buf *text, const char *name);

/* Git's own levels, in order, as the environment says; context as above. */
int config_read_system(struct config *c, const struct config_context *at);
int config_read_global(struct config *c, const struct config_context *at);
/* GIT_CONFIG_COUNT and its keys and values; GIT_CONFIG_PARAMETERS. */
int config_read_environment(struct config *c);

/* The last entry of this name, or NULL. */
const struct config_entry *config_find(const struct config *c,
				       const char *name);
void config_release(struct config *c);

/* Git's words for yes and no; NULL (no '=') is yes.  1, 0, or -1: neither. */
int config_truth(const char *value);

/* ~/x and ~user/x; other paths as they are.  False: no such home. */
bool config_expand_home(const char *path, struct buf *out);

typedef int config_parse_cb(const char *name, const char *value, void *data);
/* Calls fn for each entry of text[0..len). `file` is for messages. */
int config_parse(const char *text, size_t len, const char *file,
		 config_parse_cb *fn, void *data);

#endif
