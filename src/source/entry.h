#ifndef SOURCE_ENTRY_H
#define SOURCE_ENTRY_H

#include <stdbool.h>

#include "dv/pointer.h"
#include "dv/source.h"

#include "source/clone.h"

/*
 * What lies at a path of another repository.
 */
enum source_kind {
	SOURCE_TRACKED = 1,	/* tracked by dv, or inside of what is */
	SOURCE_GIT,		/* git has it itself: a file, or a folder that
				   may hold tracked paths too */
};

struct source_entry {
	enum source_kind kind;
	char *path;		/* owned: plain, relative to the top there */
	struct dv_pointer pointer;	/* SOURCE_TRACKED: of that path */
	char *inside;		/* owned: below the tracked path, or "" */
};

#define DV_AUTO_SOURCE __attribute__((cleanup(source_release)))
void source_release(struct source_entry *p);

/*
 * A path of another repository as it was typed, made plain.  DV_E_INVALID when
 * it can be none.
 */
int source_plain_path(const char *typed, struct buf *out);

/* DV_E_NOTFOUND when nothing is there. */
int source_find(const struct clone *c, const char *path,
		struct source_entry *out);

/* Some of what is selected there was imported in its turn. */
bool source_has_imports(const struct clone *c, const struct dv_selection *what);

/* Gets what is recorded at or below the place into the store. */
int source_fetch(const struct clone *c, const struct source_entry *p,
		const struct dv_source_options *o, bool nodes_only,
		uint64_t *bytes);

/*
 * SOURCE_TRACKED: the pointer of just that part, without further lines.  Gets
 * the nodes on the way.
 */
int source_pointer(const struct clone *c, const struct source_entry *p,
		  const struct dv_source_options *o, struct dv_pointer *out);

#endif
