/* One directory of the work tree: its names and what stat says of them. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "work/folder.h"
#include "work/linked.h"

#define LIST_BLOCK	(32u << 10)	/* bytes of names asked for at once */

struct names {
	struct disk_entry *items;
	size_t count, room;
};

void disk_entry_stat(const struct disk_entry *e, struct stat *out)
{
	memset(out, 0, sizeof(*out));
	out->st_mode = e->mode;
	out->st_mtim.tv_sec = e->mtime_ns / 1000000000;
	out->st_mtim.tv_nsec = e->mtime_ns % 1000000000;
	out->st_ctim.tv_sec = e->ctime_ns / 1000000000;
	out->st_ctim.tv_nsec = e->ctime_ns % 1000000000;
	if (out->st_mtim.tv_nsec < 0) {
		out->st_mtim.tv_nsec += 1000000000;
		out->st_mtim.tv_sec--;
	}
	if (out->st_ctim.tv_nsec < 0) {
		out->st_ctim.tv_nsec += 1000000000;
		out->st_ctim.tv_sec--;
	}
	out->st_ino = e->inode;
	out->st_size = (off_t)e->size;
}

static void take_names(const char *block, size_t len, struct arena *arena,
		       struct names *out)
{
	for (size_t at = 0; at < len;) {
		const struct dirent64 *d = (const void *)(block + at);
		const char *name = d->d_name;

		at += d->d_reclen;
		if (!strcmp(name, ".") || !strcmp(name, "..") || !*name)
			continue;
		ARRAY_GROW(out->items, out->count + 1, out->room);
		out->items[out->count++] = (struct disk_entry){
			.name = arena_copy(arena, name, strlen(name)),
		};
	}
}

static int by_name(const void *a, const void *b)
{
	const struct disk_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int folder_list(const struct folder *folder, struct arena *arena,
		struct disk_entry **entries, size_t *count)
{
	_Alignas(struct dirent64) char block[LIST_BLOCK];
	struct names names = { NULL, 0, 0 };
	DV_AUTO_FREE struct disk_entry *items = NULL;
	size_t kept = 0;
	ssize_t n;

	while ((n = getdents64(folder->fd, block, sizeof(block))) > 0)
		take_names(block, (size_t)n, arena, &names);
	items = names.items;
	if (n < 0)
		return dv_fail_errno("cannot read directory %s",
				     folder->path);
	for (size_t i = 0; i < names.count; i++) {
		struct disk_entry e = items[i];
		struct stat st;

		if (linked_stat(folder->store, folder->fd, e.name, &st,
				&e.link)) {
			if (errno == ENOENT)
				continue;
			return dv_fail_errno("cannot stat %s/%s",
					     folder->path, e.name);
		}
		e.mode = st.st_mode;
		e.mtime_ns = timespec_ns(&st.st_mtim);
		e.ctime_ns = timespec_ns(&st.st_ctim);
		e.inode = st.st_ino;
		e.size = (uint64_t)st.st_size;
		items[kept++] = e;
	}
	if (kept > 1)
		qsort(items, kept, sizeof(*items), by_name);
	*entries = arena_alloc(arena, kept * sizeof(*items) + 1);
	if (kept)
		memcpy(*entries, items, kept * sizeof(*items));
	*count = kept;
	return 0;
}

const struct disk_entry *folder_find(const struct disk_entry *entries,
				     size_t count, const char *name)
{
	struct disk_entry key = { .name = name };

	return count ? bsearch(&key, entries, count, sizeof(key), by_name) :
		NULL;
}
