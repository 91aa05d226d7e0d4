/* How the index of a pack that is open comes into memory. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/spill.h"
#include "store/pack_map.h"

/*
 * A process may have only so many maps (65530, unless somebody has set
 * vm.max_map_count), and malloc() and threads need some.  There may be more
 * packs.  The indexes of those that come when so many are mapped are copied
 * into one file without a name, beside the first of them.
 */
#define MAPS_MAX	32768u

static atomic_uint maps;

static struct {
	pthread_mutex_t mutex;	/* guards the rest */
	struct spill spill;	/* while there are users */
	char *dir;		/* owned; its folder */
	size_t users;
} copies = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* Those pages that are of these bytes alone or of their neighbours, too. */
static struct filemap pages_of(const uint8_t *bytes, size_t len)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t before = (uintptr_t)bytes % page;

	return (struct filemap){ .data = bytes - before, .len = len + before };
}

/* With copies.mutex held. */
static void drop_copies(void)
{
	spill_release(&copies.spill);
	free(copies.dir);
	copies.dir = NULL;
}

static uint8_t *take_copy(const char *path, size_t len)
{
	const char *slash = strrchr(path, '/');
	uint8_t *bytes;

	pthread_mutex_lock(&copies.mutex);
	if (!copies.users) {
		copies.dir = xstrdup(slash ? path : ".");
		if (slash)
			copies.dir[slash - path + 1] = '\0';
		spill_init(&copies.spill, copies.dir, 0);
	}
	bytes = spill_take(&copies.spill, len);
	if (bytes)
		copies.users++;
	else if (!copies.users)
		drop_copies();
	pthread_mutex_unlock(&copies.mutex);
	return bytes;
}

static bool map_file(struct pack_map *m, int fd, uint64_t from, size_t len)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t start = from / page * page;
	size_t before = from - start;
	void *data;

	if (atomic_fetch_add(&maps, 1) >= MAPS_MAX) {
		atomic_fetch_sub(&maps, 1);
		return false;
	}
	data = mmap(NULL, len + before, PROT_READ, MAP_SHARED, fd, start);
	if (data == MAP_FAILED) {
		atomic_fetch_sub(&maps, 1);
		return false;
	}
	m->kind = PACK_MAP_FILE;
	m->pages = (struct filemap){ .data = data, .len = len + before };
	m->bytes = m->pages.data + before;
	return true;
}

int pack_map_open(struct pack_map *m, int fd, const char *path,
		  uint64_t from, size_t len)
{
	uint8_t *bytes;

	*m = (struct pack_map)PACK_MAP_INIT;
	if (map_file(m, fd, from, len))
		return 0;
	bytes = take_copy(path, len);
	m->kind = PACK_MAP_COPY;
	if (bytes) {
		m->pages = pages_of(bytes, len);
	} else {
		bytes = xmalloc(len);
		m->kind = PACK_MAP_HEAP;
	}
	m->bytes = bytes;
	return file_pread_all(fd, bytes, len, from, path);
}

void pack_map_rest(const struct pack_map *m)
{
	filemap_rest(&m->pages);
}

void pack_map_close(struct pack_map *m)
{
	switch (m->kind) {
	case PACK_MAP_NONE:
		break;
	case PACK_MAP_FILE:
		filemap_release(&m->pages);
		atomic_fetch_sub(&maps, 1);
		break;
	case PACK_MAP_COPY:
		pthread_mutex_lock(&copies.mutex);
		if (!--copies.users)
			drop_copies();
		pthread_mutex_unlock(&copies.mutex);
		break;
	case PACK_MAP_HEAP:
		free((void *)m->bytes);
		break;
	}
	*m = (struct pack_map)PACK_MAP_INIT;
}
