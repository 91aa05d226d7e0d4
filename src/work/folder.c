/* One directory of the work tree: its names and what stat says of them. */

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "work/folder.h"
#include "work/linked.h"

#define LIST_BLOCK	(32u << 10)	/* bytes of names asked for at once */

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

static void take_names(const char *block, size_t len, struct folder_list *l)
{
	for (size_t at = 0; at < len;) {
		const struct dirent64 *d = (const void *)(block + at);
		const char *name = d->d_name;

		at += d->d_reclen;
		if (!strcmp(name, ".") || !strcmp(name, "..") || !*name)
			continue;
		l->has_ignore |= !strcmp(name, ".dvignore");
		name_sort_add(&l->names, name);
	}
}

int folder_open(const struct folder *folder, struct folder_list *out)
{
	_Alignas(struct dirent64) char block[LIST_BLOCK];
	ssize_t n;

	*out = (struct folder_list){ .folder = folder };
	name_sort_init(&out->names, folder->spill);
	while ((n = getdents64(folder->fd, block, sizeof(block))) > 0)
		take_names(block, (size_t)n, out);
	return n < 0 ? dv_fail_errno("cannot read directory %s",
				     folder->path) : 0;
}

int folder_next(struct folder_list *l, struct disk_entry *out)
{
	const struct folder *folder = l->folder;
	const char *name;

	while ((name = name_sort_next(&l->names)) != NULL) {
		struct disk_entry e = { .name = name };
		struct stat st;

		if (linked_stat(folder->store, folder->fd, name, &st,
				&e.link)) {
			if (errno == ENOENT)
				continue;
			return dv_fail_errno("cannot stat %s/%s",
					     folder->path, name);
		}
		e.mode = st.st_mode;
		e.mtime_ns = timespec_ns(&st.st_mtim);
		e.ctime_ns = timespec_ns(&st.st_ctim);
		e.inode = st.st_ino;
		e.size = (uint64_t)st.st_size;
		*out = e;
		return 1;
	}
	return 0;
}

void folder_close(struct folder_list *l)
{
	name_sort_release(&l->names);
}
