#ifndef STORE_PACK_MAP_H
#define STORE_PACK_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

/*
 * The bytes of an index.  They lie in the file they come from, which is
 * mapped, or, where there are very many packs, in a copy that the kernel can
 * have back as well; where no file can be made, in memory.
 */
enum pack_map_kind {
	PACK_MAP_NONE,
	PACK_MAP_FILE,
	PACK_MAP_COPY,
	PACK_MAP_HEAP,
};

struct pack_map {
	enum pack_map_kind kind;
	const uint8_t *bytes;
	struct filemap pages;	/* that they lie in; none in memory */
};

#define PACK_MAP_INIT	{ .pages = FILEMAP_INIT }

/*
 * The `len` bytes at `from` of a file that is open at fd.  Give them back, also
 * after an error, with pack_map_close().
 */
int pack_map_open(struct pack_map *m, int fd, const char *path,
		  uint64_t from, size_t len);
/* As filemap_rest(). */
void pack_map_rest(const struct pack_map *m);
void pack_map_close(struct pack_map *m);

#endif
