/*
 * Links from the work tree to files of the store: made, where store.link asks
 * for them; made for what is already here (DV_LINKS_APPLY); and turned into
 * files of the user's own (DV_LINKS_UNDO).
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/clone.h"
#include "base/error.h"
#include "base/file.h"
#include "store/list.h"
#include "store/loose.h"
#include "work/checkout.h"
#include "work/linked.h"
#include "work/temp_name.h"

/*
 * Small files are copied: a whole file in the store costs three names there,
 * and many small ones are what packs are for.  A mode is one of the file, not
 * of the link, so executables are copied as well.
 */
static bool may_be_link(const struct plan *p, const struct tree_entry *want)
{
	return want && want->type == ENTRY_FILE && !want->executable &&
		want->content.size && want->content.size >= p->r->link_from;
}

bool link_wanted(const struct plan *p, const struct tree_entry *want)
{
	return record_link(p->r) && may_be_link(p, want);
}

/* --- making ----------------------------------------------------------------*/

static int add_chunks(struct loose *l, struct store_reader *r,
		      const struct content *c)
{
	struct list_walk *walk;
	uint64_t offset;
	uint32_t len;
	struct dv_id id;
	int err = list_walk_open(r, c, 0, &walk);

	if (err)
		return err;
	while ((err = list_walk_next(walk, &id, &offset, &len)) == 1) {
		err = loose_add(l, &id);
		if (err)
			break;
	}
	list_walk_close(walk);
	return err;
}

static void tell_kept(const struct plan *p, const struct plan_entry *e,
		      const char *kept)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (!kept || !p->o->notice)
		return;
	plan_path(p, e, &path);
	buf_addf(&text, "%s: what was written through a link is now %s",
		 path.data, kept);
	p->o->notice(text.data, p->o->notice_data);
}

/* A whole file in the store, out of packs. */
static int make_whole(struct hand *h, const struct plan_entry *e,
		      unsigned threads)
{
	const struct content *c = &e->want->content;
	struct loose *l;
	int err = loose_new(h->p->r->store, &l);

	/* a store that may only be read */
	if (err)
		return err == DV_E_NOSPACE ? err : DV_E_UNSUPPORTED;
	/* beyond store.limit a file of the user's own still can be written */
	if (store_take_room(h->p->r->store, c->size))
		err = DV_E_UNSUPPORTED;
	if (!err)
		err = write_content(h, e, loose_fd(l), threads);
	if (!err)
		err = add_chunks(l, h->reader, c);
	if (!err)
		err = loose_commit(l, c);
	if (!err)
		tell_kept(h->p, e, loose_kept(l));
	loose_free(l);
	return err;
}

static int make_link(struct hand *h, const struct content *c,
		     enum link_kind kind, const char *name)
{
	const struct recorder *r = h->p->r;

	if (kind == LINK_SYMBOLIC)
		return loose_symlink(r->store, c, r->store_real, h->dir_fd,
				     name);
	return loose_link(r->store, c, h->dir_fd, name);
}

int link_make(struct hand *h, const struct plan_entry *e, enum link_kind kind,
	      const char *name, unsigned threads)
{
	const struct content *c = &e->want->content;
	int err = make_link(h, c, kind, name);

	if (err == DV_E_NOTFOUND || err == DV_E_CHANGED) {
		err = make_whole(h, e, threads);
		if (!err)
			err = make_link(h, c, kind, name);
	} else if (!err) {
		meter_add(h->p->meter, c->size, 0);
	}
	return err;
}

void link_refused(const struct plan *p, enum link_kind kind)
{
	const struct dv_checkout_options *o = p->o;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	unsigned at = atomic_load(&p->r->kind);

	/* of several threads, the first */
	if (p->r->kinds[at] != kind ||
	    !atomic_compare_exchange_strong(&p->r->kind, &at, at + 1) ||
	    !o->notice)
		return;
	buf_addf(&text, "no %s links to the store are made: %s",
		 kind == LINK_HARD ? "hard" : "symbolic", dv_error_text());
	o->notice(text.data, o->notice_data);
}

/* --- those that are here ---------------------------------------------------*/

bool link_may_change(const struct plan *p, const struct plan_entry *e)
{
	return p->o->links == DV_LINKS_APPLY && may_be_link(p, e->want) &&
		e->have->type == ENTRY_FILE &&
		e->have->size == e->want->content.size;
}

/* How what is here is a whole file of the store itself. */
static enum link_kind link_of(const struct plan *p, const struct plan_entry *e,
			      bool *whole)
{
	DV_AUTO_CLOSE int fd = -1;

	*whole = !loose_open(p->r->store, &e->want->content, &fd);
	if (e->have->link)
		return LINK_SYMBOLIC;
	return loose_is(p->r->store, &e->want->content, e->have->inode,
			e->have->mtime_ns) ? LINK_HARD : LINK_COPY;
}

uint8_t link_decide(const struct plan *p, const struct plan_entry *e,
		    bool same)
{
	enum link_kind is, wanted = record_link(p->r);
	bool whole;

	if (!e->want || e->want->type != ENTRY_FILE || !e->have ||
	    e->have->special || e->have->type != ENTRY_FILE)
		return ACT_NONE;
	if (p->o->links == DV_LINKS_UNDO)
		return ACT_PRIVATE;
	if (!same)
		return ACT_NONE;
	/* store.linkfrom may have been raised */
	if (!may_be_link(p, e->want))
		return e->have->link ? ACT_WRITE : ACT_NONE;
	is = link_of(p, e, &whole);
	if (is != wanted)
		return ACT_WRITE;
	/* whether blocks are shared cannot be seen, and costs little */
	return !is && whole && p->r->clone ? ACT_WRITE : ACT_SAME;
}

/* Copies what is there, whatever it holds, under a temporary name. */
static int copy_private(struct hand *h, struct plan_entry *e, int from,
			const struct stat *st, const char *temp)
{
	DV_AUTO_CLOSE int fd = openat(h->dir_fd, temp, O_WRONLY | O_CREAT |
				      O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				      st->st_mode & S_IXUSR ? 0777 : 0666);
	struct stat now;
	int err;

	if (fd < 0)
		return dv_fail_errno("cannot write beside %s", e->name);
	err = clone_fd(from, fd);
	if (err == DV_E_UNSUPPORTED)
		err = clone_copy(from, fd, (uint64_t)st->st_size, e->name);
	if (!err) {
		file_set_mtime(fd);
		err = file_flush(fd, e->name);
	}
	if (err)
		return err;
	if (fstat(from, &now) || now.st_size != st->st_size ||
	    timespec_ns(&now.st_mtim) != timespec_ns(&st->st_mtim) ||
	    !still_same(h, e)) {
		e->action = ACT_KEEP;
		return 0;
	}
	if (renameat(h->dir_fd, temp, h->dir_fd, e->name) || fstat(fd, &now))
		return dv_fail_errno("cannot replace %s", e->name);
	plan_note(e, &now);
	return 0;
}

int link_private(struct hand *h, struct plan_entry *e)
{
	DV_AUTO_CLOSE int fd = -1;
	char temp[TEMP_NAME_SIZE];
	struct stat st;
	int err = hand_enter(h, e->dir);

	if (err)
		return err;
	fd = linked_open(h->p->r->store_real, h->dir_fd, e->name);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    !still_same(h, e)) {
		e->action = ACT_KEEP;
		return 0;
	}
	if (st.st_nlink > 1 || e->have->link) {
		temp_name_make(temp);
		err = copy_private(h, e, fd, &st, temp);
		unlinkat(h->dir_fd, temp, 0);
	} else if (!(st.st_mode & S_IWUSR)) {
		/* gc has taken the store's name of it */
		if (fchmod(fd, (st.st_mode & 0777) | S_IWUSR) ||
		    fstat(fd, &st))
			return dv_fail_errno("cannot change the mode of %s",
					     e->name);
		plan_note(e, &st);
	}
	meter_add(h->p->meter, e->have->size, 1);
	return err;
}

/* --- noting ----------------------------------------------------------------*/

static int by_number(const void *a, const void *b)
{
	const struct stat_change *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int plan_note_links(struct plan *p)
{
	struct stat_change *rows = NULL;
	size_t count = 0, room = 0;
	int err = 0;

	for (size_t i = 0; i < p->entry_count; i++) {
		const struct plan_entry *e = plan_pass(p, i);

		/* of others nobody knows whether the row is right */
		if (!e->done || e->row < 0 || (!e->have->known && !e->item))
			continue;
		ARRAY_GROW(rows, count + 1, room);
		rows[count++] = (struct stat_change){
			.number = (uint32_t)e->row,
			/* as checkout: an mtime of ours shows later writes */
			.racy = !(e->mtime_ns % 1000),
			.mtime_ns = e->mtime_ns, .ctime_ns = e->ctime_ns,
			.inode = e->inode,
		};
	}
	if (count) {
		qsort(rows, count, sizeof(*rows), by_number);
		err = stat_index_rewrite(&p->index, p->repo, p->path, rows,
					 count, NULL, 0, &p->index.stored);
	}
	free(rows);
	return err;
}
