/* What a scan found, and the memory that it lies in. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "git/repo.h"
#include "store/tree.h"
#include "work/folder.h"
#include "work/scan.h"
#include "work/scan_inside.h"

/* A scan that takes more lies in a file. */
#define SCAN_MEMORY	((size_t)8 << 20)

static void stat_of(uint32_t mode, int64_t mtime_ns, int64_t ctime_ns,
		    uint64_t inode, uint64_t size, struct stat *out)
{
	const struct disk_entry e = {
		.mode = mode, .mtime_ns = mtime_ns, .ctime_ns = ctime_ns,
		.inode = inode, .size = size,
	};

	disk_entry_stat(&e, out);
}

void scan_entry_stat(const struct scan_entry *e, struct stat *out)
{
	uint32_t mode = S_IFREG | 0644;

	if (e->type == ENTRY_SYMLINK)
		mode = S_IFLNK | 0777;
	else if (e->type == ENTRY_DIR)
		mode = S_IFDIR | 0755;
	else if (e->executable)
		mode |= 0111;
	stat_of(mode, e->mtime_ns, e->ctime_ns, e->inode, e->size, out);
}

bool scan_entry_still(const struct scan_entry *e, const struct stat *now)
{
	struct stat was;

	scan_entry_stat(e, &was);
	if ((was.st_mode & S_IFMT) != (now->st_mode & S_IFMT) ||
	    was.st_size != now->st_size || was.st_ino != now->st_ino ||
	    timespec_ns(&was.st_mtim) != timespec_ns(&now->st_mtim))
		return false;
	return timespec_ns(&was.st_ctim) == timespec_ns(&now->st_ctim) ||
		(S_ISREG(now->st_mode) && !(now->st_mode & 0222));
}

void scan_dir_stat(const struct scan_dir *d, struct stat *out)
{
	stat_of(S_IFDIR | 0755, d->mtime_ns, d->ctime_ns, d->inode, 0, out);
}

struct scan_private *scan_private_new(struct dv_repo *repo, unsigned count)
{
	struct scan_private *p = xcalloc(1, sizeof(*p));

	repo_spill_init(repo, &p->spill, SCAN_MEMORY);
	p->own.spill = &p->spill;
	p->arenas = xcalloc(count, sizeof(*p->arenas));
	p->count = count;
	for (unsigned i = 0; i < count; i++)
		p->arenas[i].spill = &p->spill;
	return p;
}

void scan_release(struct scan *s)
{
	if (s->private) {
		for (unsigned i = 0; i < s->private->count; i++)
			arena_release(&s->private->arenas[i]);
		arena_release(&s->private->own);
		spill_release(&s->private->spill);
		free(s->private->arenas);
		free(s->private);
	}
	free(s->dirs);
	memset(s, 0, sizeof(*s));
}

struct arena *scan_arena(const struct scan *s)
{
	return &s->private->own;
}

bool scan_passed(struct scan_pass *p, size_t entries)
{
	p->entries += entries;
	if (p->entries < SCAN_REST_ENTRIES)
		return false;
	p->entries = 0;
	scan_rest(p->scan);
	return true;
}

void scan_rest(const struct scan *s)
{
	if (s->private)
		spill_rest(&s->private->spill);
}
