#ifndef STORE_PACK_DISK_H
#define STORE_PACK_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The file of a pack that grows, for one thread at a time.  Whole blocks
 * come first, in any order, then what is left.
 *
 * Past the page cache each block is one request to the disk, so it is long.
 * Through the page cache it should still be in the CPU's cache when it is
 * written.
 */
#define PACK_BLOCK_DIRECT	((size_t)2 << 20)	/* bytes */
#define PACK_BLOCK_CACHED	((size_t)256 << 10)

/* How the bytes are treated. */
struct pack_disk_way {
	/*
	 * Not through the page cache: nobody will read them soon, and a copy
	 * and the memory for it are spared.  Where the file system cannot do
	 * that they go the usual way.
	 */
	bool direct;
	bool nosync;		/* they may be lost in a crash */
};

struct pack_disk {
	struct pack_disk_way way;
	char *path;		/* owned; a temporary name */
	int fd;
	uint64_t reserved;	/* disk space up to here */
	bool no_reserve;	/* it cannot be */
	uint64_t begun;		/* the disk was told to begin up to here */
	bool is_direct;		/* the fd is in this state */
};

/* Makes a file in temp_dir.  pack_disk_release() in any case. */
int pack_disk_open(struct pack_disk *d, const char *temp_dir,
		   struct pack_disk_way way);
/*
 * Writes a whole block of one of the two sizes, which begins at a page in
 * memory, and in the file at a multiple of its size.
 */
int pack_disk_block(struct pack_disk *d, const void *data, size_t len,
		    uint64_t offset);
/* Writes the last bytes: the file ends behind them. */
int pack_disk_end(struct pack_disk *d, const void *data, size_t len,
		  const void *more, size_t more_len, uint64_t offset);
/* Waits for the disk, unless nosync, and closes. */
int pack_disk_sync(struct pack_disk *d);
/* The file was renamed: it is no longer removed. */
void pack_disk_keep(struct pack_disk *d);
/* Closes, and removes the file unless it was kept. */
void pack_disk_release(struct pack_disk *d);

#endif
