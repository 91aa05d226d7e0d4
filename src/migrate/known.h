#ifndef MIGRATE_KNOWN_H
#define MIGRATE_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "dv/id.h"
#include "dv/repo.h"

#include "base/map.h"
#include "migrate/object_name.h"

/*
 * What has been converted: the content that each foreign name stands for.  It
 * is kept in <state dir>/migrated, so that a second run reads nothing twice.
 * The file may be deleted; a record that is damaged is passed over.
 */
struct known_entry {
	struct object_name name;
	struct dv_id id;	/* content, or of a directory its tree */
	bool list;
	uint64_t size, files;
	unsigned batch;		/* in which it was added; 0: read */
};

struct known {
	struct known_entry *items;	/* owned */
	size_t count, room;
	size_t kept;			/* of these are in the file */
	struct id_map places;		/* name -> number of the item */
};

int known_load(struct known *k, struct dv_repo *repo);
/* NULL: not known.  Valid until the next known_add(). */
const struct known_entry *known_find(const struct known *k,
				     const struct object_name *name);
/* Replaces what was known of this name. */
void known_add(struct known *k, const struct known_entry *entry);
/* Appends what is new to the file; its content must be durable by now. */
int known_keep(struct known *k, struct dv_repo *repo);
void known_release(struct known *k);

#endif
