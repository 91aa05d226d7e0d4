/*
 * Removing packs while others use the store.
 *
 * `users.lock` is a file that those who write hold shared and who removes holds
 * alone, by flock(2).  Readers take no lock: a file that is open or mapped
 * stays readable, and an object that was packed anew is found in its new pack
 * when the store is listed again.
 */

#include "store/store_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/path.h"
#include "chunk/sha256.h"

#define WAIT_MS		20
#define USER_MOST	4096	/* bytes of the path of a repository */

/* --- the lock ---------------------------------------------------------- */

static int open_lock(const struct store *s, int *fd)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addf(&path, "%s/users.lock", s->path);
	*fd = file_create(path.data, O_RDWR, SHARE_WRITE);
	if (*fd < 0 && errno == EACCES)
		*fd = open(path.data, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? fail_access("cannot open", path.data) : 0;
}

static int take_lock(int fd, int how, void (*waiting)(void *data), void *data)
{
	int err = 0;

	while (!err && flock(fd, how | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return dv_fail_errno("cannot lock the store");
		if (waiting)
			waiting(data);
		waiting = NULL;
		err = clock_sleep_ms(WAIT_MS);
	}
	return err;
}

int store_hold(struct store *s)
{
	int err = 0;

	pthread_mutex_lock(&s->hold_mutex);
	if (!s->holders && s->hold_fd < 0 && !(s->flags & STORE_READ_ONLY)) {
		err = open_lock(s, &s->hold_fd);
		if (err && access(s->path, W_OK) < 0)
			err = 0;
		if (!err && s->hold_fd >= 0)
			err = take_lock(s->hold_fd, LOCK_SH, NULL, NULL);
		if (!err)
			err = store_refresh(s);
	}
	if (!err)
		s->holders++;
	else if (!s->holders && s->hold_fd >= 0) {
		close(s->hold_fd);
		s->hold_fd = -1;
	}
	pthread_mutex_unlock(&s->hold_mutex);
	return err;
}

void store_let_go(struct store *s)
{
	pthread_mutex_lock(&s->hold_mutex);
	if (!--s->holders && s->hold_fd >= 0) {
		close(s->hold_fd);
		s->hold_fd = -1;
	}
	pthread_mutex_unlock(&s->hold_mutex);
}

int store_lock_out(struct store *s, void (*waiting)(void *data), void *data)
{
	int err;

	pthread_mutex_lock(&s->hold_mutex);
	err = open_lock(s, &s->hold_fd);
	if (!err)
		err = take_lock(s->hold_fd, LOCK_EX, waiting, data);
	if (!err)
		err = store_refresh(s);
	if (!err)
		s->holders++;
	else if (s->hold_fd >= 0) {
		close(s->hold_fd);
		s->hold_fd = -1;
	}
	pthread_mutex_unlock(&s->hold_mutex);
	return err;
}

void store_let_in(struct store *s)
{
	store_let_go(s);
}

/* --- removing ---------------------------------------------------------- */

static int remove_file(const char *path)
{
	crash_point("gc-before-remove");
	if (unlink(path) < 0 && errno != ENOENT)
		return dv_fail_errno("cannot remove %s", path);
	crash_point("gc-after-remove");
	return 0;
}

/* Part 0 goes first: without it the others do not count. */
static int remove_loose(struct store *s, const struct dv_id *id)
{
	struct slot part = { .id = *id };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	for (; !err; part.part++) {
		buf_clear(&path);
		slot_path(s, OBJECT_DATA, &part, &path);
		if (access(path.data, F_OK))
			break;
		err = remove_file(path.data);
	}
	buf_clear(&path);
	loose_path(s, id, &path);
	return err ? err : remove_file(path.data);
}

int store_remove(struct store *s, struct pack *pack)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const struct slot *slot = store_drop_slots(s, pack);
	int err;

	if (!slot)
		return 0;
	if (slot->part == MIDX_PACK) {
		slot_path(s, pack->class, slot, &path);
		err = remove_file(path.data);
	} else {
		err = remove_loose(s, &slot->id);
	}
	store_forget_bad(s, pack);
	return err;
}

/* --- users ------------------------------------------------------------- */

int store_add_user(struct store *s, const char *git_dir)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	struct dv_id id;
	int err;

	sha256(git_dir, strlen(git_dir), &id);
	dv_id_to_hex(&id, hex);
	buf_addf(&path, "%s/users/%s", s->path, hex);
	if (!access(path.data, F_OK) || s->flags & STORE_READ_ONLY)
		return 0;
	err = file_replace(path.data, git_dir, strlen(git_dir),
			   NEWFILE_SHARED);
	/* who cannot write puts nothing there either */
	if (err && access(s->path, W_OK) < 0)
		return 0;
	buf_setlen(&path, path_parent_len(path.data));
	return err ? err : dir_sync(path.data);
}

int store_each_user(struct store *s,
		    int (*fn)(void *data, const char *git_dir,
			      const char *file), void *data)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	size_t len;
	int err = 0;

	buf_addf(&path, "%s/users", s->path);
	len = path.len;
	dir = opendir(path.data);
	if (!dir)
		return errno == ENOENT ? 0 :
			dv_fail_errno("cannot list %s", path.data);
	while (!err && (errno = 0, entry = readdir(dir))) {
		DV_AUTO_BUF struct buf text = BUF_INIT;

		if (entry->d_name[0] == '.')
			continue;
		buf_setlen(&path, len);
		path_append(&path, entry->d_name);
		err = file_read(path.data, USER_MOST, &text);
		if (!err)
			err = fn(data, text.data, path.data);
		errno = 0;
	}
	if (!err && errno)
		return dv_fail_errno("cannot list %s/users", s->path);
	return err;
}
