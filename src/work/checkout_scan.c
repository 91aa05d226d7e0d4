/* What a checkout finds: the work tree beside the stat index. */

#include <errno.h>
#include <string.h>

#include "dv/error.h"

#include "base/auto.h"
#include "base/path.h"
#include "store/tree.h"
#include "work/below.h"
#include "work/checkout.h"
#include "work/index_patch.h"

/* The topmost folder on the way to a part that is not there; false: none. */
static bool folder_gone(const struct plan *p, struct buf *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addstr(&full, p->path);
	for (const char *rest = p->inside;;) {
		DV_AUTO_CLOSE int fd = open_below(p->top, full.data);
		size_t len = strcspn(rest, "/");

		if (fd < 0)
			return errno == ENOENT;
		if (!rest[len])
			return false;
		path_append(&full, "");
		buf_add(&full, rest, len);
		buf_setlen(out, 0);
		buf_add(out, p->inside, (size_t)(rest + len - p->inside));
		rest += len + 1;
	}
}

/*
 * Where only a part is to be put back of a folder that is gone, the rest of
 * it is absent from now on, as it is after the pull of a part into a fresh
 * clone.  With its rows it would count as deleted, and the next add would
 * drop it from the record.
 */
static int forget_gone(struct plan *p)
{
	DV_AUTO_BUF struct buf gone = BUF_INIT;
	struct index_part part = { .type = 0 };
	struct stat_writer *w;
	struct dv_id id = p->index.pointer;
	int err;

	if (!*p->inside || !p->index.dirs || p->o->dry_run ||
	    !folder_gone(p, &gone))
		return 0;
	if (!gone.len) {
		stat_index_close(&p->index);
		err = stat_index_remove(p->repo, p->path);
	} else {
		part.path = gone.data;
		w = stat_writer_new(p->repo);
		index_patch(&p->index, &part, 1, w);
		stat_index_close(&p->index);
		err = stat_writer_finish(w, p->repo, p->path, &id, false,
					 NULL);
	}
	return err ? err : stat_index_open(p->repo, p->path, &p->index);
}

int plan_scan(struct plan *p, struct ignore *ignore)
{
	int err = stat_index_open(p->repo, p->path, &p->index);

	if (!err)
		err = forget_gone(p);
	if (err)
		return err;
	err = scan_run(p->repo, p->path, p->inside, &p->index, ignore,
		       p->o->threads, &p->scan);
	if (err != DV_E_NOTFOUND)
		return err;
	memset(&p->scan, 0, sizeof(p->scan));
	return 0;
}

bool plan_is_done(const struct plan *p)
{
	const struct dv_pointer *pointer = p->pointer;
	struct scan_pass pass = { &p->scan, 0 };
	uint64_t known = 0;
	uint32_t dirs = 0;

	if (*p->inside || !p->index.dirs || !p->index.complete ||
	    !dv_id_equal(&p->index.pointer, &pointer->id) ||
	    p->index.size != pointer->size ||
	    p->index.files != pointer->files)
		return false;
	for (uint32_t i = 0; i < p->scan.count; i++) {
		const struct scan_dir *d = &p->scan.dirs[i];

		dirs += d->index_dir >= 0;
		for (uint32_t k = 0; k < d->count; k++) {
			known += d->entries[k].known;
			scan_passed(&pass, 1);
		}
	}
	return known == p->index.files && dirs == p->index.dirs;
}
