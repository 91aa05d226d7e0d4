/*
 * tmp/<pid>-<random>/: each process that writes has one, with a file `lock`
 * that it keeps locked by flock(2).  Whoever gets that lock knows that the
 * owner is dead, whatever became of its pid, and removes the folder.
 */

#include "store/store_inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/path.h"
#include "base/random.h"
#include "store/pack_write.h"

/* A folder without a lock file is being made, or its maker was killed. */
#define YOUNG_SECONDS	60

/*
 * *fd is its lock, or -1: kept until the folder is gone, else a maker that
 * has not locked it yet could still do so.
 */
static bool owner_is_dead(const char *path, const char *name, int *fd)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;
	struct stat st;
	long pid;

	*fd = -1;
	/* in a shared store: another user's are his to remove */
	if (lstat(path, &st) < 0 || (geteuid() && st.st_uid != geteuid()))
		return false;
	buf_addf(&file, "%s/lock", path);
	*fd = open(file.data, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (*fd >= 0)
		return !flock(*fd, LOCK_EX | LOCK_NB);
	if (errno != ENOENT || !S_ISDIR(st.st_mode) ||
	    time(NULL) - st.st_mtime < YOUNG_SECONDS)
		return false;
	pid = strtol(name, NULL, 10);
	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

/* Removes what dead processes have left.  A failure is not ours to report. */
static void sweep(const struct store *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	size_t len;

	buf_addf(&path, "%s/tmp", s->path);
	len = path.len;
	dir = opendir(path.data);
	while (dir && (entry = readdir(dir))) {
		DV_AUTO_CLOSE int fd = -1;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		buf_setlen(&path, len);
		path_append(&path, entry->d_name);
		if (owner_is_dead(path.data, entry->d_name, &fd))
			dir_remove(path.data);
	}
}

/* 1 when a sweeper was quicker: to be tried again. */
static int make_one(struct store *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf file = BUF_INIT;
	uint64_t number;
	struct stat st;
	int fd;

	random_bytes(&number, sizeof(number));
	buf_addf(&path, "%s/tmp/%ld-%016llx", s->path, (long)getpid(),
		 (unsigned long long)number);
	if (dir_create(path.data) < 0)
		return fail_access("cannot make", path.data);
	buf_addf(&file, "%s/lock", path.data);
	fd = file_create(file.data, O_RDWR | O_EXCL, SHARE_READ);
	if (fd < 0) {
		int code = errno;

		rmdir(path.data);
		errno = code;
		return code == ENOENT ? 1 :
			dv_fail_errno("cannot make %s", file.data);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		close(fd);
		return 1;
	}
	if (fstat(fd, &st) < 0 || !st.st_nlink) {
		close(fd);
		return 1;
	}
	s->temp_lock = fd;
	s->temp_pid = getpid();
	s->temp_dir = buf_detach(&path);
	return 0;
}

int store_temp_dir(struct store *s, const char **out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	pthread_mutex_lock(&s->temp_mutex);
	if (!s->temp_dir) {
		buf_addf(&path, "%s/tmp", s->path);
		err = dir_make_in(path.data);
		if (!err && !s->swept)
			sweep(s);
		s->swept = true;
		for (int i = 0; i < 8 && !err && !s->temp_dir; i++) {
			err = make_one(s);
			if (err == 1)
				err = 0;
		}
		if (!err && !s->temp_dir)
			err = dv_fail(DV_E_IO, "cannot make a folder in %s",
				      path.data);
	}
	*out = s->temp_dir;
	pthread_mutex_unlock(&s->temp_mutex);
	return err;
}

static int make_scratch(struct store *s)
{
	const char *temp = getenv("TMPDIR");
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addf(&path, "%s/dv-XXXXXX", temp && *temp ? temp : "/tmp");
	if (!mkdtemp(path.data))
		return dv_fail_errno("cannot make %s", path.data);
	s->scratch_dir = buf_detach(&path);
	s->temp_pid = getpid();
	return 0;
}

int store_scratch_dir(struct store *s, const char **out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = store_temp_dir(s, out);

	buf_addf(&path, "%s/tmp", s->path);
	if (!err || !access(path.data, W_OK))
		return err;
	pthread_mutex_lock(&s->temp_mutex);
	err = s->scratch_dir ? 0 : make_scratch(s);
	*out = s->scratch_dir;
	pthread_mutex_unlock(&s->temp_mutex);
	return err;
}

void store_temp_release(struct store *s)
{
	if (s->scratch_dir && s->temp_pid == getpid())
		dir_remove(s->scratch_dir);
	free(s->scratch_dir);
	s->scratch_dir = NULL;
	/* a fork's folder is still its parent's */
	if (s->temp_dir && s->temp_pid == getpid())
		dir_remove(s->temp_dir);
	if (s->temp_lock >= 0)
		close(s->temp_lock);
	free(s->temp_dir);
	s->temp_dir = NULL;
	s->temp_lock = -1;
}

/* --- packs that come and go as files ----------------------------------- */

int store_adopt_pack(struct store *s, const char *path,
		     enum object_class class, const struct dv_id *id)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct slot slot = { .id = *id, .part = MIDX_PACK };
	struct pack *pack;
	int err = pack_open(path, id, &pack);

	if (err)
		return err;
	if (pack->class != class)
		err = dv_fail(DV_E_CORRUPT, "%s: a pack of the other class",
			      path);
	if (!err)
		err = pack_check_id(pack);
	pack_close(pack);
	slot_path(s, class, &slot, &name);
	crash_point("adopt-before-rename");
	if (!err)
		err = pack_give_name(path, name.data);
	crash_point("adopt-after-rename");
	if (!err)
		err = pack_open(name.data, id, &pack);
	if (!err)
		store_add_pack(s, pack, id, MIDX_PACK);
	return err;
}

int store_sync(struct store *s)
{
	int err = 0;

	for (int class = 0; class < OBJECT_CLASSES && !err; class++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		store_class_dir(s, class, &path);
		err = dir_sync(path.data);
	}
	return err;
}

/* A name in quarantine/, beside what may be there already. */
static void quarantine_name(const struct store *s, const char *path,
			    struct buf *out)
{
	uint64_t number;

	buf_addf(out, "%s/quarantine/%s", s->path, path_name(path));
	if (!access(out->data, F_OK)) {
		random_bytes(&number, sizeof(number));
		buf_addf(out, ".%016llx", (unsigned long long)number);
	}
}

int quarantine_link(const struct store *s, const char *path, struct buf *to)
{
	quarantine_name(s, path, to);
	if (!link(path, to->data))
		return 0;
	/* a file system without hard links */
	if ((errno == EPERM || errno == EOPNOTSUPP) && !rename(path, to->data))
		return 0;
	return dv_fail_errno("cannot keep %s in quarantine", path);
}

/* Moves one file there. */
static int put_away(const struct store *s, const char *path)
{
	DV_AUTO_BUF struct buf to = BUF_INIT;

	quarantine_name(s, path, &to);
	if (rename(path, to.data) < 0 && errno != ENOENT)
		return dv_fail_errno("cannot move %s to quarantine", path);
	return 0;
}

int store_quarantine_file(struct store *s, const char *path)
{
	return put_away(s, path);
}

/* s->lock is held for writing. */
static struct slot *drop_slots(struct store *s, const struct pack *pack)
{
	struct class_table *t = &s->classes[pack->class];
	struct slot *found = NULL;

	for (size_t i = 0; i < t->count && !found; i++)
		if (atomic_load(&t->slots[i]->pack) == pack)
			found = t->slots[i];
	if (!found)
		return NULL;
	for (size_t i = 0; i < t->count; i++) {
		struct slot *slot = t->slots[i];

		if (slot == found || (found->part != MIDX_PACK &&
				      slot->part != MIDX_PACK &&
				      dv_id_equal(&slot->id, &found->id)))
			atomic_store(&slot->state, SLOT_GONE);
	}
	table_rebuild(t);
	return found;
}

struct slot *store_drop_slots(struct store *s, const struct pack *pack)
{
	struct slot *slot;

	pthread_rwlock_wrlock(&s->lock);
	slot = drop_slots(s, pack);
	pthread_rwlock_unlock(&s->lock);
	atomic_fetch_add(&s->generation, 1);
	return slot;
}

void store_drop_pack(struct store *s, const struct pack *pack)
{
	store_drop_slots(s, pack);
	for (size_t i = 0; i < s->fallback_count; i++)
		store_drop_slots(s->fallbacks[i], pack);
}

int store_quarantine(struct store *s, struct pack *pack)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct slot *slot, part;
	int err = 0;

	slot = store_drop_slots(s, pack);
	if (!slot)	/* replaced by a good one meanwhile */
		return 0;
	/* of a loose file the parts first: they make it visible */
	part = (struct slot){ .id = slot->id, .part = slot->part };
	for (uint32_t n = 0; slot->part != MIDX_PACK && !err; n++) {
		part.part = n;
		buf_clear(&path);
		slot_path(s, pack->class, &part, &path);
		if (access(path.data, F_OK))
			break;
		err = put_away(s, path.data);
	}
	buf_clear(&path);
	if (slot->part == MIDX_PACK)
		slot_path(s, pack->class, slot, &path);
	else
		loose_path(s, &slot->id, &path);
	if (!err)
		err = put_away(s, path.data);
	store_forget_bad(s, pack);
	return err;
}
