#ifndef MIGRATE_DVC_CONFIG_H
#define MIGRATE_DVC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/repo.h"

#include "base/buf.h"

/*
 * DVC's settings: files in the INI dialect of Python's ConfigObj, read with
 * what dv needs of it.  Later files win.
 */
struct dvc_setting {
	char *section;	/* owned: core, cache, remote "x" */
	char *key;	/* owned, lower case */
	char *value;	/* owned, without quotes */
	char *dir;	/* owned: of the file, for relative paths */
	enum dv_config_level level;	/* of the file */
};

struct dvc_config {
	struct dvc_setting *items;	/* owned */
	size_t count, room;
};

#define DVC_CONFIG_INIT	{ NULL, 0, 0 }

/* Adds what a file says; one that is not there says nothing. */
int dvc_config_read(struct dvc_config *c, const char *path,
		    enum dv_config_level level);
void dvc_config_release(struct dvc_config *c);

/* The one that counts, or NULL; borrowed. */
const struct dvc_setting *dvc_config_find(const struct dvc_config *c,
					  const char *section,
					  const char *key);
/* Its value, or NULL. */
const char *dvc_config_get(const struct dvc_config *c, const char *section,
			   const char *key);
/*
 * The same for a setting that is a path or URL: absolute, "~" undone.
 * False when it is unset.
 */
bool dvc_config_path(const struct dvc_config *c, const char *section,
		     const char *key, struct buf *out);

/*
 * The name of remote i in the order they are first met, NULL behind the
 * last one; free() it.
 */
char *dvc_config_remote(const struct dvc_config *c, size_t i);
/* The section of a remote. */
void dvc_remote_section(const char *name, struct buf *out);
/*
 * The URL of a remote, with remote://other/... resolved: *from is the name of
 * the remote whose other settings count besides its own, "" when it is the
 * same.  False: it has none, or it leads in circles.
 */
bool dvc_remote_url(const struct dvc_config *c, const char *name,
		    struct buf *out, struct buf *from);

#endif
