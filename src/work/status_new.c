/* What is not recorded: is it ignored, and how much is it? */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "chunk/sha256.h"
#include "work/below.h"
#include "work/status.h"
#include "work/temp_name.h"

/* Loads dir/.dvignore unless that was done; with the mutex held. */
static int load_ignore(struct status *s, const char *dir)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct dv_id id;
	bool added;

	sha256(dir, strlen(dir), &id);
	id_map_put(&s->ignore_seen, &id, 0, &added);
	if (!added)
		return 0;
	DV_AUTO_CLOSE int fd = open_below(s->top, dir);
	if (fd < 0 || faccessat(fd, ".dvignore", F_OK, AT_SYMLINK_NOFOLLOW))
		return 0;
	return ignore_load(s->ignore, dir);
}

/* Loads the rules of all folders above the full path. */
static int load_rules(struct status *s, const char *full)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	int err = 0;

	if (!s->ignore)
		err = ignore_new(s->repo, &s->ignore);
	if (!err)
		err = load_ignore(s, "");
	for (const char *p = strchr(full, '/'); p && !err;
	     p = strchr(p + 1, '/')) {
		buf_clear(&dir);
		buf_add(&dir, full, (size_t)(p - full));
		err = load_ignore(s, dir.data);
	}
	return err;
}

int status_ignored(struct status *s, const char *path, bool directory,
		   bool *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err;

	/* What a killed checkout left is not the user's. */
	*out = temp_name_is(path_name(path));
	if (*out)
		return 0;
	status_full_path(s, path, &full);
	pthread_mutex_lock(&s->ignore_mutex);
	err = load_rules(s, full.data);
	pthread_mutex_unlock(&s->ignore_mutex);
	*out = !err && ignore_match(s->ignore, full.data, directory);
	return err;
}

/* Folders still to be counted below a new one. */
struct new_folders {
	struct arena arena;
	char **paths;		/* owned; relative to the tracked path */
	size_t count, room;
	uint64_t files, size;
};

static int count_folder(struct status *s, struct new_folders *n,
			const char *path)
{
	DV_AUTO_FOLDER_LIST struct folder_list list = { NULL };
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_BUF struct buf below = BUF_INIT;
	struct folder folder = { .store = s->store, .spill = s->spill };
	struct disk_entry e;
	int err = cancel_check();

	status_full_path(s, path, &full);
	DV_AUTO_CLOSE int fd = open_below(s->top, full.data);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return dv_fail_errno("cannot open %s", full.data);
	folder.fd = fd;
	folder.path = full.data;
	if (!err)
		err = folder_open(&folder, &list);
	while (!err && (err = folder_next(&list, &e)) == 1) {
		bool ignored;

		buf_clear(&below);
		buf_addstr(&below, path);
		path_append(&below, e.name);
		err = status_ignored(s, below.data, S_ISDIR(e.mode), &ignored);
		if (err || ignored)
			continue;
		if (S_ISDIR(e.mode)) {
			ARRAY_GROW(n->paths, n->count + 1, n->room);
			n->paths[n->count++] = arena_copy(&n->arena,
							  below.data,
							  below.len);
			continue;
		}
		n->files++;
		n->size += S_ISREG(e.mode) ? e.size : 0;
	}
	return err;
}

int status_new(struct status *s, struct finder *f, const char *path,
	       const struct disk_entry *e)
{
	struct new_folders n = { .arena = ARENA_INIT };
	struct dv_status_entry *entry;
	int err = 0;

	if (S_ISDIR(e->mode)) {
		err = count_folder(s, &n, path);
		while (!err && n.count)
			err = count_folder(s, &n, n.paths[--n.count]);
	} else {
		n.files = 1;
		n.size = S_ISREG(e->mode) ? e->size : 0;
	}
	entry = status_found(s, f, DV_STATE_NEW, path);
	entry->directory = S_ISDIR(e->mode);
	entry->files = n.files;
	entry->size = n.size;
	free(n.paths);
	arena_release(&n.arena);
	return err;
}
