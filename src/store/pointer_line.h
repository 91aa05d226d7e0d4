#ifndef STORE_POINTER_LINE_H
#define STORE_POINTER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "dv/pointer.h"

#include "base/buf.h"

/*
 * The lines of a pointer that follow those of its own: "key: value" each.
 * dvformat-pointer(5) lists the keys that dv gives a meaning.
 */
#define POINTER_URL	"source.url"	/* git repository, or file elsewhere */
#define POINTER_PATH	"source.path"	/* inside of that repository */
#define POINTER_REF	"source.ref"	/* branch or tag that update follows */
#define POINTER_REV	"source.rev"	/* the commit that this was taken at */
#define POINTER_ID	"source.id"	/* of what was taken */
#define POINTER_ETAG	"source.etag"	/* how the server named the version */
#define POINTER_CHECKSUM "source.checksum" /* sha256:<hex> of the whole file */

/* Replaces *out with the value at key; false when there is no such line. */
bool pointer_line_get(const struct dv_pointer *p, const char *key,
		      struct buf *out);
/*
 * Sets the value at key, in its old place or at the end; NULL removes the
 * line.  The value must be plain text: see pointer_value_ok().
 */
void pointer_line_set(struct dv_pointer *p, const char *key,
		      const char *value);
/* UTF-8 without control characters, those of ISO 6429 (C1) among them. */
bool pointer_text_ok(const char *text, size_t len);
/* The same, and not too long for a pointer. */
bool pointer_value_ok(const char *value);

/* It has a place it was taken from. */
bool pointer_has_source(const struct dv_pointer *p);
/* That is the commit of a repository. */
bool pointer_is_import(const struct dv_pointer *p);
/*
 * The id of what was taken from there: its own unless a line says otherwise;
 * zeros when that line cannot be read.
 */
void pointer_taken_id(const struct dv_pointer *p, struct dv_id *out);
/* Notes this id as that. */
void pointer_set_taken(struct dv_pointer *p, const struct dv_id *id);
/* It was changed here since: that place does not have it. */
bool pointer_is_changed(const struct dv_pointer *p);

/*
 * What it points to has not been downloaded yet, so that nobody knows its id,
 * which is zeros; the first fetch from its source makes a pointer of it.
 */
bool pointer_is_awaited(const struct dv_pointer *p);

#endif
