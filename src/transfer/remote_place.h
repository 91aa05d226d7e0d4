#ifndef TRANSFER_REMOTE_PLACE_H
#define TRANSFER_REMOTE_PLACE_H

#include "dv/repo.h"

/*
 * Whether the URL of a remote, relative to the top of the work tree, is a
 * place for one: DV_E_INVALID for the store, what is in git's folder, and
 * folders of the work tree that git would see.
 */
int remote_place_check(struct dv_repo *repo, const char *url);

#endif
