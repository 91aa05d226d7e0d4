#ifndef SOURCE_STRANGER_H
#define SOURCE_STRANGER_H

#include <stdbool.h>

#include "dv/repo.h"

/*
 * URLs in pointers come from whoever wrote them.  They must not make dv read
 * what is on this machine and the user has never named.
 */

/* A path on this machine. */
bool source_is_local(const char *url);

/*
 * DV_E_INVALID for a local one unless `dir`, its kept_dir(), is there
 * (a command has used it), or the user has set source.local.
 */
int stranger_check(struct dv_repo *repo, const char *url, const char *dir);

#endif
