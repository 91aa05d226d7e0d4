#ifndef STORE_CLAIMS_H
#define STORE_CLAIMS_H

#include <stdbool.h>

#include "dv/id.h"

/*
 * A set of ids that many threads use at once: what somebody has said he will
 * store and cannot be found yet.
 */
struct claims;

struct claims *claims_new(void);
void claims_free(struct claims *c);

/* Adds id.  True for exactly one of those who come with it. */
bool claims_add(struct claims *c, const struct dv_id *id);
/* Takes id out; not there is fine. */
void claims_remove(struct claims *c, const struct dv_id *id);

#endif
