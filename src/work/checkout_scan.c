/* What a checkout finds: the work tree beside the stat index. */

#include <errno.h>
#include <string.h>

#include "dv/error.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/path_list.h"
#include "store/tree.h"
#include "work/below.h"
#include "work/checkout.h"
#include "work/index_patch.h"

/* The topmost folder on the way to a part that is not there; false: none. */
static bool folder_gone(const struct plan *p, const char *inside,
			struct buf *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addstr(&full, p->path);
	for (const char *rest = inside;;) {
		DV_AUTO_CLOSE int fd = open_below(p->top, full.data);
		size_t len = strcspn(rest, "/");

		if (fd < 0)
			return errno == ENOENT;
		if (!rest[len])
			return false;
		path_append(&full, "");
		buf_add(&full, rest, len);
		buf_setlen(out, 0);
		buf_add(out, inside, (size_t)(rest + len - inside));
		rest += len + 1;
	}
}

bool plan_is_in_gone(const struct plan *p, const char *inside)
{
	DV_AUTO_BUF struct buf which = BUF_INIT;

	return folder_gone(p, inside, &which);
}

/*
 * That of each target that something is done with, once: those below the same
 * one follow each other.
 */
static void list_gone(const struct plan *p, struct path_list *out)
{
	const char *here = NULL;	/* something in a folder that is not */
	size_t len, here_len = 0;

	for (size_t i = 0; i < p->target_count; i++) {
		const char *last = out->count ? out->items[out->count - 1] :
						NULL;
		const char *inside = p->targets[i].inside;
		DV_AUTO_BUF struct buf gone = BUF_INIT;

		if (p->targets[i].err)
			continue;
		len = path_parent_len(inside);
		if ((last && path_below(inside, last)) ||
		    (here && len == here_len && !memcmp(here, inside, len)))
			continue;
		if (folder_gone(p, inside, &gone)) {
			path_list_add(out, gone.data ? gone.data : "",
				      gone.len);
			continue;
		}
		here = inside;
		here_len = len;
	}
}

static int forget_folders(struct plan *p, const struct path_list *gone)
{
	DV_AUTO_FREE struct index_part *parts = xcalloc(gone->count,
							sizeof(*parts));
	struct stat_writer *w = stat_writer_new(p->repo);
	struct dv_id id = p->index.pointer;

	for (size_t i = 0; i < gone->count; i++)
		parts[i].path = gone->items[i];
	index_patch(&p->index, parts, gone->count, w);
	stat_index_close(&p->index);
	return stat_writer_finish(w, p->repo, p->path, &id, false, NULL);
}

/*
 * Where only a part is to be put back of a folder that is gone, the rest of
 * it is absent from now on, as it is after the pull of a part into a fresh
 * clone.  With its rows it would count as deleted, and the next add would
 * drop it from the record.
 */
static int forget_gone(struct plan *p)
{
	DV_AUTO_PATH_LIST struct path_list gone = PATH_LIST_INIT;
	int err;

	if (plan_is_whole(p) || !p->index.dirs || p->o->dry_run ||
	    p->o->links)
		return 0;
	list_gone(p, &gone);
	if (!gone.count)
		return 0;
	if (*gone.items[0]) {
		err = forget_folders(p, &gone);
	} else {
		stat_index_close(&p->index);
		err = stat_index_remove(p->repo, p->path);
	}
	return err ? err : stat_index_open(p->repo, p->path, &p->index);
}

int plan_scan(struct plan *p, struct ignore *ignore)
{
	int err = stat_index_open(p->repo, p->path, &p->index);

	/* what all of it is has to be read, which may not be needed */
	if (!err && !plan_is_whole(p))
		err = plan_find(p);
	if (!err)
		err = forget_gone(p);
	return err ? err : scan_run_parts(p->repo, p->path, p->found,
					  p->target_count, &p->index, ignore,
					  p->threads, &p->scan);
}

bool plan_is_done(const struct plan *p)
{
	const struct dv_pointer *pointer = p->pointer;
	struct scan_pass pass = { &p->scan, 0 };
	uint64_t known = 0;
	uint32_t dirs = 0;

	if (!plan_is_whole(p) || !p->index.dirs || !p->index.complete ||
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
