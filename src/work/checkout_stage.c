/* New folders that get their name once the files in them are written. */

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "work/checkout.h"
#include "work/temp_name.h"

#define STAGE_FROM	8	/* files; for fewer it saves nothing */

/*
 * What is below a tracked directory is ignored by git, the temporary folder
 * beside it is not: this file in it, with "*", keeps `git add` away from what a
 * kill leaves.
 */
#define GUARD		".gitignore"

static bool is_target(const struct plan *p, const struct plan_dir *d)
{
	return d->parent < p->around_count;
}

bool stage_is_for(const struct plan *p, const struct plan_dir *d)
{
	size_t files = 0;

	for (size_t i = d->first; i < d->first + d->count; i++) {
		const struct plan_entry *e = plan_pass(p, i);

		if (e->sub || (is_target(p, d) && !strcmp(e->name, GUARD)))
			return false;
		files += plan_is_work(p, e);
	}
	return files >= STAGE_FROM;
}

static int put_guard(int above, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", name, GUARD);
	DV_AUTO_CLOSE int fd = openat(above, path.data, O_WRONLY | O_CREAT |
				      O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return dv_fail_errno("cannot make %s", path.data);
	return file_write_all(fd, "*\n", 2, path.data);
}

static void drop_guard(int above, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", name, GUARD);
	unlinkat(above, path.data, 0);
}

int stage_make(struct plan *p, struct hand *h, struct plan_dir *d)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char name[TEMP_NAME_SIZE];
	size_t files = 0;

	temp_name_make(name);
	if (mkdirat(h->dir_fd, name, 0777))
		return dv_fail_errno("cannot make directory %s", d->path);
	for (size_t i = d->first; i < d->first + d->count; i++)
		files += plan_is_work(p, plan_pass(p, i));
	atomic_store(&d->left, files);
	buf_addstr(&path, plan_dir_at(p, d->parent)->path);
	path_append(&path, name);
	d->staged = arena_copy(&p->arena, path.data, path.len);
	d->here = true;
	return is_target(p, d) ? put_guard(h->dir_fd, name) : 0;
}

/* Something has come by the name: that stays, and what was made goes. */
static int give_way(struct plan *p, int above, struct plan_dir *d)
{
	for (size_t i = d->first; i < d->first + d->count; i++) {
		struct plan_entry *e = plan_pass(p, i);

		e->action = ACT_KEEP;
		e->done = false;
	}
	d->here = false;
	return dir_remove_at(above, path_name(d->staged));
}

static int settle(struct plan *p, struct hand *h, uint32_t n)
{
	struct plan_dir *d = plan_dir_at(p, n);
	const char *temp = path_name(d->staged);
	int err = hand_enter(h, d->parent);

	if (err)
		return err;
	if (is_target(p, d))
		drop_guard(h->dir_fd, temp);
	crash_point("checkout: folder written");
	if (rename_new(h->dir_fd, temp, path_name(d->path))) {
		if (errno != EEXIST && errno != ENOTEMPTY &&
		    errno != ENOTDIR)
			return dv_fail_errno("cannot make directory %s",
					     d->path);
		err = give_way(p, h->dir_fd, d);
	}
	d->staged = NULL;
	crash_point("checkout: folder named");
	return err;
}

int stage_wrote(struct plan *p, struct hand *h, uint32_t n)
{
	struct plan_dir *d = plan_dir_at(p, n);

	if (!d->staged || atomic_fetch_sub(&d->left, 1) > 1)
		return 0;
	return settle(p, h, n);
}

int stage_finish(struct plan *p)
{
	struct hand h;
	int err = 0;

	hand_init(&h, p);
	for (uint32_t n = p->around_count; n < p->dir_count && !err; n++)
		if (plan_dir_at(p, n)->staged)
			err = settle(p, &h, n);
	hand_release(&h);
	return err;
}
