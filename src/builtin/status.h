#ifndef BUILTIN_STATUS_H
#define BUILTIN_STATUS_H

#include <stdint.h>

#include "dv/repo.h"

#include "builtin/broken.h"

/* How dv status tells what it finds. */
struct status_form {
	struct dv_repo *repo;
	int quiet, brief, porcelain, nul, json;
	const struct broken *broken;	/* of the selection */
};

/* "M  path" in the brief forms: paths from the top unless it is --short. */
void status_brief(const struct status_form *f, const char letters[2],
		  const char *path, const char *end);

/*
 * --sources: what is elsewhere by now.  *differences grows by what is not as
 * recorded.  Fails in the end when some of it could not be looked at.
 */
int status_sources(const struct status_form *f,
		   const struct dv_selection *what, uint64_t *differences);

#endif
