/* Loose files that are there: their names, their state, links to them. */

#include "store/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/store_inside.h"
#include "store/tree.h"

/* Folders changed so shortly ago are synced by session_finish(). */
#define RECENT_NS	((int64_t)60 * 1000000000)

int loose_name(const struct content *content, struct dv_id *out)
{
	DV_AUTO_BUF struct buf node = BUF_INIT;

	return file_node_encode(content, false, &node, out);
}

void loose_part_path(const struct store *s, const struct dv_id *name,
		      uint32_t part, struct buf *out)
{
	struct slot slot = { .id = *name, .part = part };

	buf_clear(out);
	slot_path(s, OBJECT_DATA, &slot, out);
}

bool loose_part(struct store *s, const struct dv_id *name,
		      uint32_t part, struct pack **out)
{
	struct slot *slot;

	pthread_rwlock_rdlock(&s->lock);
	slot = table_slot(&s->classes[OBJECT_DATA], name, part);
	pthread_rwlock_unlock(&s->lock);
	*out = slot ? slot_open(s, OBJECT_DATA, slot) : NULL;
	return *out;
}

bool loose_has_bad(struct store *s, const struct dv_id *name)
{
	struct pack *part;

	for (uint32_t n = 0; loose_part(s, name, n, &part); n++)
		if (store_pack_has_bad(s, part))
			return true;
	return false;
}

void loose_stamp(struct file_stamp *stamp, const struct stat *st)
{
	stamp->size = st->st_size;
	stamp->mtime_ns = timespec_ns(&st->st_mtim);
	stamp->ctime_ns = timespec_ns(&st->st_ctim);
	stamp->inode = st->st_ino;
}

bool loose_untouched(const struct file_stamp *was, const struct stat *st)
{
	struct file_stamp is;

	loose_stamp(&is, st);
	return S_ISREG(st->st_mode) && is.size == was->size &&
		is.mtime_ns == was->mtime_ns && is.inode == was->inode &&
		(is.ctime_ns == was->ctime_ns || st->st_nlink > 1);
}

int loose_open_name(struct store *s, const struct dv_id *name, int *fd,
		    struct file_stamp *stamp)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf index = BUF_INIT;
	struct trust trust;
	struct pack *first;
	struct stat st;
	int err = 0;

	*fd = -1;
	if (!loose_part(s, name, 0, &first))
		return dv_fail(DV_E_NOTFOUND, "no loose file");
	loose_path(s, name, &path);
	loose_part_path(s, name, 0, &index);
	*fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st) < 0) {
		err = dv_fail_errno("cannot open %s", path.data);
	} else {
		trust_look_at(&trust, index.data, path.data, &st);
		loose_stamp(stamp, &st);
		if (!loose_untouched(&first->stamp, &st) ||
		    loose_has_bad(s, name) ||
		    (trust.strange && !loose_is_verified(s, name, *fd)))
			err = dv_fail(DV_E_CHANGED, "%s: was changed",
				      path.data);
	}
	if (err && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

int loose_open_stamped(struct store *s, const struct content *content,
		       int *fd, struct file_stamp *stamp)
{
	struct dv_id name;
	int err = content->size ? loose_name(content, &name) :
		DV_E_NOTFOUND;

	*fd = -1;
	if (err == DV_E_NOTFOUND)
		return dv_fail(DV_E_NOTFOUND, "no loose file");
	if (!err)
		err = loose_open_name(s, &name, fd, stamp);
	if (err || stamp->size == content->size)
		return err;
	close(*fd);
	*fd = -1;
	return dv_fail(DV_E_CHANGED, "a loose file of another size");
}

int loose_open(struct store *s, const struct content *content, int *fd)
{
	struct file_stamp stamp;

	return loose_open_stamped(s, content, fd, &stamp);
}

bool loose_is(struct store *s, const struct content *content, uint64_t inode,
	      int64_t mtime_ns)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_id name;
	struct stat st;

	if (!content->size || loose_name(content, &name))
		return false;
	loose_path(s, &name, &path);
	return !lstat(path.data, &st) && st.st_ino == inode &&
		timespec_ns(&st.st_mtim) == mtime_ns;
}

/* One that is good, and read-only whatever was done at another link. */
static int open_protected(struct store *s, const struct content *content,
			  struct dv_id *id)
{
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;
	int err = loose_open(s, content, &fd);

	if (!err)
		err = loose_name(content, id);
	if (err)
		return err;
	if (fstat(fd, &st) < 0 || ((st.st_mode & 0777) != 0444 &&
				   fchmod(fd, 0444) < 0))
		return dv_fail(DV_E_UNSUPPORTED, "%s", strerror(errno));
	return 0;
}

int loose_link(struct store *s, const struct content *content, int dir_fd,
	       const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_id id;
	struct stat st;
	int err = open_protected(s, content, &id);

	if (err)
		return err;
	loose_path(s, &id, &path);
	if (!linkat(AT_FDCWD, path.data, dir_fd, name, 0))
		return 0;
	if (errno == EXDEV)
		return dv_fail(DV_E_UNSUPPORTED, "the store is on another "
			       "file system");
	/* fs.protected_hardlinks */
	if (errno == EPERM && !stat(path.data, &st) && st.st_uid != geteuid())
		return 1;
	if (errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP)
		return dv_fail(DV_E_UNSUPPORTED, "%s", strerror(errno));
	return dv_fail_errno("cannot link %s", path.data);
}

/* --- symbolic links ---------------------------------------------------- */

void loose_link_text(const char *real, const struct dv_id *name,
		     struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(name, hex);
	buf_addf(out, "%s/loose/%.2s/%s", real, hex, hex);
}

#define LOOSE_DIR	"/loose/"
/* "/loose/<2 hex>/<hex>" */
#define LINK_TAIL	(sizeof(LOOSE_DIR) - 1 + 3 + DV_ID_HEX)

bool loose_link_parse(const char *text, size_t len, struct dv_id *name,
		      size_t *store_len)
{
	const char *hex;

	if (len < LINK_TAIL)
		return false;
	hex = text + len - DV_ID_HEX;
	if (memcmp(text + len - LINK_TAIL, LOOSE_DIR, sizeof(LOOSE_DIR) - 1) ||
	    hex[-1] != '/' || memcmp(hex - 3, hex, 2) ||
	    dv_id_from_hex(hex, name))
		return false;
	*store_len = len - LINK_TAIL;
	return true;
}

int loose_symlink(struct store *s, const struct content *content,
		  const char *real, int dir_fd, const char *name)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct dv_id id;
	int err = open_protected(s, content, &id);

	if (err)
		return err;
	loose_link_text(real, &id, &text);
	if (!symlinkat(text.data, dir_fd, name))
		return 0;
	if (errno == EPERM || errno == EOPNOTSUPP || errno == ENAMETOOLONG)
		return dv_fail(DV_E_UNSUPPORTED, "%s", strerror(errno));
	return dv_fail_errno("cannot make a symbolic link to %s", text.data);
}

/* --- syncing ----------------------------------------------------------- */

/*
 * loose_commit() syncs what it writes; but what another process has just
 * made visible may not be synced yet.
 */
int loose_sync_recent(struct store *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int64_t now = clock_real_ns();
	bool there[LOOSE_DIRS];
	int err = 0;

	pthread_mutex_lock(&s->merge_mutex);
	for (unsigned n = 0; n < LOOSE_DIRS; n++)
		there[n] = s->loose_dirs[n].there;
	pthread_mutex_unlock(&s->merge_mutex);
	for (unsigned n = 0; n < LOOSE_DIRS && !err; n++) {
		struct stat st;

		if (!there[n])
			continue;
		buf_clear(&path);
		buf_addf(&path, "%s/loose/%02x", s->path, n);
		if (!stat(path.data, &st) &&
		    timespec_ns(&st.st_mtim) > now - RECENT_NS)
			err = dir_sync(path.data);
	}
	return err;
}
