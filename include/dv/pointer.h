#ifndef DV_POINTER_H
#define DV_POINTER_H

#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

/*
 * The small text file that git keeps in place of the data: `<path>.dv`
 * (dvformat-pointer(5)).  One "key: value" a line, in a fixed order; the
 * same content always gives the same bytes.
 */
#define DV_POINTER_SUFFIX	".dv"
#define DV_POINTER_MAX		65536	/* bytes of a pointer file */

enum dv_kind {
	DV_KIND_FILE = 1,
	DV_KIND_TREE = 2,
};

struct dv_pointer {
	enum dv_kind kind;
	struct dv_id id;	/* of the file node or the root tree node;
				   zeros: see dv_import_url() */
	uint64_t size;		/* bytes of all content */
	uint64_t files;		/* files and symlinks in it; 1 for a file */
	char *rest;		/* owned: the lines that follow, as they were
				   ("" or ending in a newline) */
};

/*
 * Reads a pointer file's text.  `name` is for messages.  Returns 0,
 * DV_E_INVALID when it is not one, or DV_E_UNSUPPORTED when it needs a newer
 * dv.  Give back with dv_pointer_release().
 */
int dv_pointer_parse(const char *text, size_t len, const char *name,
		     struct dv_pointer *out);

/* The text of a pointer; free() it. */
char *dv_pointer_format(const struct dv_pointer *p, size_t *len);

void dv_pointer_release(struct dv_pointer *p);

#endif
