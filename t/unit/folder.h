#ifndef UNIT_FOLDER_H
#define UNIT_FOLDER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/chunk.h"

#include "chunk/check.h"
#include "chunk/sha256.h"
#include "store/tree.h"

#include "nodes.h"

/*
 * Made-up directories for the tests of trees.
 */
struct folder {
	struct tree_entry *entries;	/* owned */
	size_t count, room;
	struct arena arena;
};

#define DV_AUTO_FOLDER	__attribute__((cleanup(folder_release)))

static inline void folder_release(struct folder *f)
{
	free(f->entries);
	arena_release(&f->arena);
}

static inline struct tree_entry *folder_add(struct folder *f, const char *name,
				     enum entry_type type, uint64_t size)
{
	struct tree_entry *e;

	ARRAY_GROW(f->entries, f->count + 1, f->room);
	e = &f->entries[f->count++];
	*e = (struct tree_entry){ .type = type, .name_len = strlen(name) };
	e->name = arena_copy(&f->arena, name, e->name_len);
	if (type == ENTRY_SYMLINK) {
		e->target = "somewhere/else";
		return e;
	}
	e->content.size = size;
	if (type == ENTRY_DIR)
		e->files = size ? 3 : 0;
	else
		e->content.list = size > DV_CHUNK_MAX;
	if (size || type == ENTRY_DIR)
		sha256(name, e->name_len, &e->content.id);
	return e;
}

/* count entries of every kind, in order, the same for the same count. */
static inline void folder_fill(struct folder *f, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[64];
		struct tree_entry *e;

		snprintf(name, sizeof(name), "%07zu-%s.dat", i,
			 i % 3 ? "image" : "label");
		e = folder_add(f, name,
			       i % 50 == 7 ? ENTRY_SYMLINK :
			       i % 50 == 9 ? ENTRY_DIR : ENTRY_FILE,
			       i % 20 ? i * 1000 : 0);
		e->executable = e->type == ENTRY_FILE && i % 11 == 0;
	}
}

/* A name whose hash has its last `bits` bits zero. */
static inline void find_name(char *out, size_t room, uint64_t *seed, int bits)
{
	do
		snprintf(out, room, "%08x", (unsigned)random_next(seed));
	while (check64(out, strlen(out)) & ((UINT64_C(1) << bits) - 1));
}

#endif
