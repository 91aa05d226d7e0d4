#include "source/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/id.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path_list.h"
#include "chunk/sha256.h"

#define SOURCES		"sources"
#define URL_MOST	65536	/* bytes; a pointer's line is no longer */

/* --- using it ---------------------------------------------------------- */

static void own_folder(const char *store_path, struct buf *out)
{
	struct stat st;

	buf_addf(out, "%s/" SOURCES, store_path);
	/* git runs what a clone's config says: another user's is not used */
	if (!lstat(out->data, &st) && st.st_uid != geteuid())
		buf_addf(out, "-%lu", (unsigned long)geteuid());
}

char *kept_dir(const char *store_path, const char *url)
{
	struct buf dir = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	struct dv_id id;

	sha256(url, strlen(url), &id);
	dv_id_to_hex(&id, hex);
	own_folder(store_path, &dir);
	buf_addf(&dir, "/%s", hex);
	return buf_detach(&dir);
}

int kept_use(const char *dir, const char *url, struct lock *use)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	buf_addf(&path, "%s.use", dir);
	err = lock_share(use, path.data);
	if (err)
		return err;
	if (ftruncate(use->fd, 0) ||
	    pwrite(use->fd, url, strlen(url), 0) != (ssize_t)strlen(url))
		return dv_fail_errno("cannot write %s", path.data);
	return 0;
}

/* --- what is not used -------------------------------------------------- */

/* Both locks, when nobody else has one and it was not used since. */
struct hold {
	struct lock lock, use;
};

#define HOLD_INIT	{ LOCK_INIT, LOCK_INIT }
#define DV_AUTO_HOLD_KEPT __attribute__((cleanup(hold_release)))

static void hold_release(struct hold *h)
{
	lock_release(&h->use);
	lock_release(&h->lock);
}

/* DV_E_LOCKED when it is used, or was. */
static int hold_unused(struct hold *h, const char *dir, int64_t cutoff_ns)
{
	DV_AUTO_BUF struct buf lock = BUF_INIT;
	DV_AUTO_BUF struct buf use = BUF_INIT;
	struct stat st;
	int err;

	buf_addf(&lock, "%s.lock", dir);
	buf_addf(&use, "%s.use", dir);
	err = lock_alone(&h->lock, lock.data);
	if (!err)
		err = lock_alone(&h->use, use.data);
	if (err)
		return err;
	if (fstat(h->use.fd, &st))
		return dv_fail_errno("cannot look at %s", use.data);
	return timespec_ns(&st.st_mtim) < cutoff_ns ? 0 :
		dv_fail(DV_E_LOCKED, "%s was used", dir);
}

static int list_kept(const char *folder, struct path_list *out)
{
	DV_AUTO_DIR DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct dv_id id;

	if (!dir)
		return errno == ENOENT ? 0 :
			dv_fail_errno("cannot list %s", folder);
	while ((errno = 0, entry = readdir(dir)))
		if (strlen(entry->d_name) == DV_ID_HEX &&
		    !dv_id_from_hex(entry->d_name, &id))
			path_list_add(out, entry->d_name, DV_ID_HEX);
	if (errno)
		return dv_fail_errno("cannot list %s", folder);
	path_list_sort(out);
	return 0;
}

static int look_at(const char *dir, int64_t cutoff_ns, kept_cb *fn,
		   void *data)
{
	DV_AUTO_HOLD_KEPT struct hold hold = HOLD_INIT;
	struct kept kept = { .dir = dir };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf url = BUF_INIT;
	int err = dir_sum(dir, &kept.files, &kept.bytes);

	if (err || !kept.files)
		return err;
	err = hold_unused(&hold, dir, cutoff_ns);
	if (err)
		return err == DV_E_LOCKED ? 0 : err;
	hold_release(&hold);
	buf_addf(&path, "%s.use", dir);
	if (file_read(path.data, URL_MOST, &url))
		buf_clear(&url);
	kept.url = url.data;
	return fn(&kept, data);
}

int kept_each_unused(const char *store_path, int64_t cutoff_ns, kept_cb *fn,
		     void *data)
{
	DV_AUTO_PATH_LIST struct path_list names = PATH_LIST_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	size_t len;
	int err;

	own_folder(store_path, &path);
	len = path.len;
	err = list_kept(path.data, &names);
	for (size_t i = 0; i < names.count && !err; i++) {
		buf_setlen(&path, len);
		buf_addf(&path, "/%s", names.items[i]);
		err = look_at(path.data, cutoff_ns, fn, data);
	}
	return err;
}

int kept_remove(const char *dir, int64_t cutoff_ns, const char *temp,
		bool *removed)
{
	DV_AUTO_HOLD_KEPT struct hold hold = HOLD_INIT;
	DV_AUTO_BUF struct buf away = BUF_INIT;
	int err = hold_unused(&hold, dir, cutoff_ns);

	*removed = !err;
	if (err)
		return err == DV_E_LOCKED ? 0 : err;
	/* half of a clone must not be taken for one */
	buf_addf(&away, "%s/source", temp);
	if (rename(dir, away.data))
		return dv_fail_errno("cannot move %s away", dir);
	err = dir_make(dir);
	return err ? err : dir_remove(away.data);
}

int kept_sum(const char *store_path, uint64_t *files, uint64_t *bytes)
{
	DV_AUTO_DIR DIR *dir = opendir(store_path);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 :
			dv_fail_errno("cannot list %s", store_path);
	while (!err && (errno = 0, entry = readdir(dir))) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		if (strncmp(entry->d_name, SOURCES, strlen(SOURCES)))
			continue;
		buf_addf(&path, "%s/%s", store_path, entry->d_name);
		err = dir_sum(path.data, files, bytes);
	}
	return err;
}
