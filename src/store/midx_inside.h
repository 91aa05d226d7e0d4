#ifndef STORE_MIDX_INSIDE_H
#define STORE_MIDX_INSIDE_H

#include "store/midx.h"

/* What midx.c and midx_write.c share. */
#define MIDX_HEADER	32u
#define MIDX_ROW	40u
#define MIDX_BITS_MIN	8u
#define MIDX_BITS_MAX	26u

enum midx_region { MIDX_FANOUT, MIDX_PREFIXES, MIDX_PLACES, MIDX_REGIONS };

/* Where the parts of a file begin. */
struct midx_layout {
	uint64_t checks;
	uint64_t region[MIDX_REGIONS];
	uint64_t region_len[MIDX_REGIONS];
	uint64_t first_block[MIDX_REGIONS];	/* number in checks */
	uint64_t blocks;
	uint64_t size;
};

/* objects is below 2^32. */
void midx_layout(uint32_t packs, unsigned bits, uint64_t objects,
		 struct midx_layout *out);

/* The fd is still the caller's; name is for messages. */
int midx_open_fd(int fd, const char *name, struct midx **out);

/* Entry range of all ids that begin with `byte`.  False: damaged. */
bool midx_byte_range(struct midx *m, unsigned byte, uint64_t *from,
		     uint64_t *to);
void midx_set_bad(struct midx *m);
bool midx_prefix(struct midx *m, uint64_t at, uint64_t *prefix);

#endif
