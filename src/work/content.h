#ifndef WORK_CONTENT_H
#define WORK_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "store/node.h"
#include "store/store.h"

/* Takes bytes; not 0 stops and is returned. */
typedef int content_write_fn(void *data, const uint8_t *bytes, size_t len);

/*
 * Hands the content of a file to `write`, in order, each chunk checked by its
 * id.  `name` is for messages.  DV_E_INCOMPLETE when the store lacks
 * something of it.
 */
int content_write(struct store *s, const char *name, const struct content *c,
		  content_write_fn *write, void *data);

#endif
