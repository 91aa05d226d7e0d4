/*
 * Carrying out the plan: directories are made, files written by all threads,
 * and only then what is no longer recorded is removed.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/trace.h"
#include "store/loose.h"
#include "work/below.h"
#include "work/checkout.h"
#include "work/temp_name.h"

#define BATCH_BYTES	((uint64_t)4 << 20)
#define BATCH_FILES	2048
#define BATCH_APART	128	/* so many files are a batch of their folder */

#define DV_AUTO_HAND __attribute__((cleanup(hand_release)))

static uint64_t want_bytes(const struct plan_entry *e)
{
	return e->want && e->want->type == ENTRY_FILE ?
		e->want->content.size : 0;
}

/*
 * A file whose blocks will be shared, or that is there as a whole already.
 * What is made for a symbolic link takes its room where the store is.
 */
static bool takes_no_room(const struct plan *p, const struct plan_entry *e)
{
	const struct content *c = &e->want->content;
	bool link = link_wanted(p, e->want);
	DV_AUTO_CLOSE int fd = -1;

	if (link && record_link(p->r) == LINK_SYMBOLIC)
		return true;
	if (!link && (!p->r->clone || c->size < RECORD_CLONED))
		return false;
	if (loose_open(p->r->store, c, &fd))
		fd = -1;
	return fd >= 0;
}

/* What the work tree grows by, if nothing but whole files is shared. */
static uint64_t room_for(const struct plan *p, const struct plan_entry *e)
{
	uint64_t bytes = want_bytes(e);

	if (e->action != ACT_WRITE)
		return 0;
	if (e->have && !e->have->special && !e->have->link &&
	    e->have->type == ENTRY_FILE)
		bytes -= bytes < e->have->size ? bytes : e->have->size;
	return bytes && takes_no_room(p, e) ? 0 : bytes;
}

/*
 * The same by what the chunk lists say, which takes longer: for when the rest
 * would be refused.  `most`: no file of more bytes is looked into.
 */
static uint64_t measure(const struct plan *p, uint64_t most)
{
	DV_AUTO_HAND struct hand h;
	uint64_t need = 0;

	hand_init(&h, p);
	for (size_t i = 0; i < p->entry_count; i++) {
		const struct plan_entry *e = plan_pass(p, i);
		uint64_t bytes = room_for(p, e), written = bytes;

		if (bytes && !link_wanted(p, e->want) && want_bytes(e) <= most)
			written = content_room(&h, &e->want->content);
		need += written < bytes ? written : bytes;
	}
	return need;
}

/* Refuses before anything is written what cannot fit. */
static int check_space(const struct plan *p)
{
	uint64_t need = 0, most, all;
	struct statvfs fs;

	for (size_t i = 0; i < p->entry_count; i++)
		need += room_for(p, plan_pass(p, i));
	if (!need || fstatvfs(p->top, &fs) || !fs.f_blocks ||
	    __builtin_mul_overflow((uint64_t)fs.f_blocks, fs.f_frsize, &all))
		return 0;
	most = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (need > most && p->r->clone)
		need = measure(p, all);
	if (need <= most)
		return 0;
	return dv_fail(DV_E_NOSPACE, "%s needs %llu bytes more, there are "
		       "%llu free", p->path, (unsigned long long)need,
		       (unsigned long long)most);
}

/* --- directories ---------------------------------------------------------- */

/* Removes a file or link unless it was changed; *gone: it is not there. */
static int remove_one(struct hand *h, struct plan_entry *e, bool *gone)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = hand_enter(h, e->dir);

	*gone = false;
	if (err)
		return err;
	if (!still_same(h, e)) {
		e->action = ACT_KEEP;
		return 0;
	}
	if (temp_name_is(e->name)) {
		err = dir_remove_at(h->dir_fd, e->name);
		*gone = !err;
		return err;
	}
	*gone = !unlinkat(h->dir_fd, e->name, 0) || errno == ENOENT;
	if (*gone)
		return 0;
	plan_path(h->p, e, &path);
	return dv_fail_errno("cannot remove %s", path.data);
}

/* True when the directory `sub` of entry e went. */
static bool remove_dir(struct plan *p, struct hand *h, uint32_t sub)
{
	struct plan_dir *d = plan_dir_at(p, sub);

	if (hand_enter(h, d->parent) ||
	    (unlinkat(h->dir_fd, path_name(d->path), AT_REMOVEDIR) &&
	     errno != ENOENT))
		return false;
	d->here = false;
	return true;
}

/* Empties and removes a directory that is in the way. */
static int clear_dir(struct plan *p, struct hand *h, uint32_t n, bool *gone)
{
	struct plan_dir *d = plan_dir_at(p, n);
	bool all = true;
	int err = 0;

	for (size_t i = d->first; i < d->first + d->count && !err; i++) {
		struct plan_entry *e = plan_pass(p, i);
		bool went = true;

		if (e->sub && plan_dir_at(p, e->sub)->scan_dir >= 0)
			err = clear_dir(p, h, e->sub, &went);
		else if (e->have)
			err = remove_one(h, e, &went);
		e->done = went && e->have && !e->sub;
		all &= went;
	}
	*gone = !err && all && remove_dir(p, h, n);
	return err;
}

/* A directory where a file must be. */
static int clear_for_file(struct plan *p, struct hand *h,
			  struct plan_entry *e)
{
	int here = plan_has_content(p, h->reader, e), err = 0;

	if (here < 0)
		return here;
	if (here)
		err = clear_dir(p, h, e->sub, &e->cleared);
	if (!err && e->action == ACT_WRITE && !e->cleared)
		e->action = ACT_KEEP;
	if (!e->cleared)
		plan_dir_at(p, e->sub)->closed = true;
	return err;
}

static int make_dir(struct plan *p, struct hand *h, struct plan_entry *e)
{
	struct plan_dir *d = plan_dir_at(p, e->sub);
	DV_AUTO_BUF struct buf path = BUF_INIT;
	bool gone = true;
	int err = 0;

	d->closed |= plan_dir_at(p, e->dir)->closed;
	if (d->closed)
		return 0;
	if (e->have)
		err = remove_one(h, e, &gone);
	if (!err)
		err = hand_enter(h, e->dir);
	if (err)
		return err;
	if (gone && stage_is_for(p, d))
		return stage_make(p, h, d);
	if (gone && !mkdirat(h->dir_fd, e->name, 0777)) {
		d->here = true;
		return 0;
	}
	if (gone && errno != EEXIST) {
		plan_path(p, e, &path);
		return dv_fail_errno("cannot make directory %s", path.data);
	}
	/* somebody was faster */
	e->action = ACT_KEEP;
	d->closed = true;
	return 0;
}

static int make_dirs(struct plan *p)
{
	TRACE_REGION("checkout: directories");
	DV_AUTO_HAND struct hand h;
	int err = 0;

	hand_init(&h, p);
	for (size_t i = 0; i < p->entry_count && !err; i++) {
		struct plan_entry *e = plan_pass(p, i);

		if (e->sub && plan_dir_at(p, e->sub)->make)
			err = make_dir(p, &h, e);
		else if (e->action == ACT_WRITE && e->sub)
			err = clear_for_file(p, &h, e);
		else if (e->sub && plan_dir_at(p, e->dir)->closed)
			plan_dir_at(p, e->sub)->closed = true;
	}
	return err;
}

/* --- files ---------------------------------------------------------------- */

struct batch {
	size_t first, end;
};

struct writing {
	struct plan *p;
	struct batch *batches;	/* owned */
	size_t count, room;
	_Atomic size_t next;
};

static bool is_shared(const struct plan *p, const struct plan_entry *e)
{
	return p->threads > 1 && want_bytes(e) >= WRITE_SHARED;
}

bool plan_is_work(const struct plan *p, const struct plan_entry *e)
{
	return (e->action == ACT_WRITE || e->action == ACT_MODE ||
		e->action == ACT_PRIVATE) && !plan_dir_at(p, e->dir)->closed;
}

static void cut_batches(struct writing *w)
{
	struct batch *last = NULL;
	uint64_t bytes = 0;
	size_t files = 0;

	for (size_t i = 0; i < w->p->entry_count; i++) {
		const struct plan_entry *e = plan_pass(w->p, i);
		bool apart;

		if (!plan_is_work(w->p, e) || is_shared(w->p, e))
			continue;
		/* two threads that write into one folder wait for its lock */
		apart = files >= BATCH_APART &&
			e->dir != plan_at(w->p, last->first)->dir;
		if (last && files < BATCH_FILES && bytes < BATCH_BYTES &&
		    !apart) {
			last->end = i + 1;
			bytes += want_bytes(e);
			files++;
			continue;
		}
		ARRAY_GROW(w->batches, w->count + 1, w->room);
		last = &w->batches[w->count++];
		*last = (struct batch){ i, i + 1 };
		bytes = want_bytes(e);
		files = 1;
	}
}

static int write_one(struct plan *p, struct hand *h, struct plan_entry *e,
		     unsigned threads)
{
	int err;

	if (e->action == ACT_PRIVATE)
		return link_private(h, e);
	err = e->action == ACT_MODE ? write_mode(h, e) :
		write_entry(h, e, threads);

	return err ? err : stage_wrote(p, h, e->dir);
}

static int write_batches(struct crew *crew, unsigned worker, void *data)
{
	struct writing *w = data;
	DV_AUTO_HAND struct hand h;
	int err = 0;

	(void)worker;
	hand_init(&h, w->p);
	while (!err && !crew_failed(crew)) {
		size_t n = atomic_fetch_add(&w->next, 1);

		if (n >= w->count)
			break;
		for (size_t i = w->batches[n].first; i < w->batches[n].end &&
		     !err && !crew_failed(crew); i++) {
			struct plan_entry *e = plan_pass(w->p, i);

			if (!plan_is_work(w->p, e) || is_shared(w->p, e))
				continue;
			err = write_one(w->p, &h, e, 1);
		}
	}
	return err;
}

/* Files that are large enough for all threads, one after the other. */
static int write_large(struct plan *p)
{
	DV_AUTO_HAND struct hand h;
	int err = 0;

	hand_init(&h, p);
	for (size_t i = 0; i < p->entry_count && !err; i++) {
		struct plan_entry *e = plan_pass(p, i);

		if (!plan_is_work(p, e) || !is_shared(p, e))
			continue;
		err = write_one(p, &h, e, p->threads);
		if (!err)
			err = cancel_check();
	}
	return err;
}

static int write_files(struct plan *p)
{
	TRACE_REGION("checkout: write files");
	struct writing w = { .p = p };
	int err = 0;

	cut_batches(&w);
	if (w.count)
		err = crew_run(w.count < p->threads ? (unsigned)w.count :
			       p->threads, write_batches, &w);
	free(w.batches);
	return err ? err : write_large(p);
}

/* --- what is no longer recorded ------------------------------------------- */

static int remove_files(struct plan *p)
{
	DV_AUTO_HAND struct hand h;
	int err = 0;

	hand_init(&h, p);
	for (size_t i = 0; i < p->entry_count && !err; i++) {
		struct plan_entry *e = plan_pass(p, i);

		if (e->action != ACT_REMOVE || e->done ||
		    plan_dir_at(p, e->dir)->in_way)
			continue;
		err = remove_one(&h, e, &e->done);
		if (!err)
			err = cancel_check();
	}
	/* deepest first; one that still holds something stays */
	for (size_t n = p->dir_count; n-- > p->around_count && !err;) {
		const struct plan_dir *d = plan_dir_at(p, n);

		if (!d->want && d->here && !d->closed && !d->in_way)
			remove_dir(p, &h, (uint32_t)n);
	}
	return err;
}

/* git made them, unless the targets are parts. */
static int make_around(const struct plan *p)
{
	int err = 0;

	for (size_t n = 0; n < p->around_count && !err; n++) {
		const char *path = plan_dir_at(p, n)->path;

		err = make_below(p->top, path, strlen(path));
	}
	return err;
}

static int remove_leftovers(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DV_AUTO_DIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int err = 0;

	if (!dir) {
		auto_close(&copy);
		return dv_fail_errno("cannot list the folder of a new one");
	}
	while (!err && (entry = readdir(dir)))
		if (temp_name_is(entry->d_name))
			err = dir_remove_at(fd, entry->d_name);
	return err;
}

/*
 * Around targets nothing is scanned: before something is written into such a
 * folder what dead runs have left goes.
 */
static int clean_around(const struct plan *p)
{
	DV_AUTO_FREE bool *seen = xcalloc(p->around_count + 1, sizeof(*seen));
	DV_AUTO_HAND struct hand h;
	int err = 0;

	hand_init(&h, p);
	for (size_t i = 0; i < p->target_count && !err; i++) {
		const struct plan_target *t = &p->targets[i];
		const struct plan_entry *e;

		if (t->err || seen[t->around])
			continue;
		e = plan_at(p, t->first);
		if (!plan_is_work(p, e) &&
		    !(e->sub && plan_dir_at(p, e->sub)->make))
			continue;
		seen[t->around] = true;
		err = hand_enter(&h, t->around);
		if (!err)
			err = remove_leftovers(h.dir_fd);
	}
	return err;
}

int plan_apply(struct plan *p)
{
	struct error_state first = { .code = 0 };
	int err = check_space(p);

	if (!err && !p->o->links)
		err = make_around(p);
	if (!err)
		err = clean_around(p);
	if (p->o->links)	/* nothing comes, nothing goes */
		return err ? err : write_files(p);
	if (!err)
		err = make_dirs(p);
	crash_point("checkout: before files");
	if (!err)
		err = write_files(p);
	/* what is done counts, also when not all could be */
	error_save(err, &first);
	err = stage_finish(p);
	if (first.code)
		err = error_restore(&first);
	crash_point("checkout: after files");
	return err ? err : remove_files(p);
}
