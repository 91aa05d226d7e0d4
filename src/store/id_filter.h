#ifndef STORE_ID_FILTER_H
#define STORE_ID_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

/*
 * A set of ids that takes two bytes for each and may err in one direction: of
 * about one in a thousand ids that are not in it, it says that they may be.
 */
struct id_filter;

/* Of `count` ids, one behind the other. */
struct id_filter *id_filter_new(const uint8_t *ids, size_t count);
void id_filter_free(struct id_filter *f);
/* False: it is not in the set. */
bool id_filter_may_have(const struct id_filter *f, const struct dv_id *id);

#endif
