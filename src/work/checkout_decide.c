/*
 * What becomes of each entry.  A file of the user's is only ever replaced or
 * removed when the store has its content, or when that is forced.
 */

#include <string.h>

#include "dv/error.h"

#include "base/path.h"
#include "chunk/sha256.h"
#include "store/loose.h"
#include "work/checkout.h"
#include "work/stored.h"
#include "work/temp_name.h"

static bool is_file_or_link(const struct scan_entry *e)
{
	return e && !e->special && e->type != ENTRY_DIR;
}

/* --- reading what is not known -------------------------------------------- */

/* What is in a file matters only where it may be replaced or taken over. */
static bool must_read(const struct plan *p, const struct plan_entry *e)
{
	const struct scan_entry *have = e->have;

	if (!is_file_or_link(have) || have->known || temp_name_is(e->name))
		return false;
	if (p->o->links)
		return link_may_change(p, e);
	if (!p->o->force)
		return true;
	if (!e->want || e->want->type != have->type)
		return false;
	return have->type == ENTRY_SYMLINK ||
		e->want->content.size == have->size;
}

/* A target that is a file is in a directory of the scan, not of the plan. */
static void list_target(struct plan *p, size_t n)
{
	for (size_t i = p->targets[n].first; i < p->targets[n].end; i++) {
		struct plan_entry *e = plan_pass(p, i);

		if (!must_read(p, e))
			continue;
		p->items[p->item_count++] = (struct record_item){
			.entry = e->have,
			.dir = e->dir < p->around_count ? p->found[n].root :
				(uint32_t)plan_dir_at(p, e->dir)->scan_dir,
		};
	}
}

static void list_unknown(struct plan *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->entry_count; i++)
		count += must_read(p, plan_pass(p, i));
	if (!count)
		return;
	p->items = arena_alloc(scan_arena(&p->scan), count * sizeof(*p->items));
	for (size_t n = 0; n < p->target_count; n++)
		list_target(p, n);
}

static int read_unknown(struct plan *p)
{
	DV_AUTO_BUF struct buf base = BUF_INIT;
	bool single = plan_is_whole(p) && p->found[0].single;
	size_t k = 0;
	int err;

	list_unknown(p);
	buf_add(&base, p->path, single ? path_parent_len(p->path) :
		strlen(p->path));
	err = record_run(p->r, base.data, &p->scan, p->items, p->item_count);
	for (size_t i = 0; i < p->entry_count && k < p->item_count; i++) {
		struct plan_entry *e = plan_pass(p, i);

		if (p->items[k].entry == e->have)
			e->item = &p->items[k++];
	}
	return err;
}

/* --- deciding ------------------------------------------------------------- */

static bool is_recorded_link(const struct plan *p, const struct plan_entry *e)
{
	struct stat_row row;

	if (e->have->known)
		return true;
	if (e->row < 0 || !e->item || e->item->failed)
		return false;
	stat_index_row(&p->index, (uint32_t)e->row, &row);
	return row.type == ENTRY_SYMLINK &&
		dv_id_equal(&row.content.id, &e->have->content.id);
}

/* A link that we made to what was or is recorded, and leads nowhere now. */
static bool is_lost_link(const struct plan *p, const struct plan_entry *e)
{
	const char *text = e->item ? e->item->target : NULL;
	struct dv_id link, id;
	struct stat_row row;
	size_t len;

	if (!text || !loose_link_parse(text, strlen(text), &link, &len))
		return false;
	if (e->want && e->want->type == ENTRY_FILE && e->want->content.size &&
	    !loose_name(&e->want->content, &id) && dv_id_equal(&id, &link))
		return true;
	if (e->row < 0)
		return false;
	stat_index_row(&p->index, (uint32_t)e->row, &row);
	return row.type == ENTRY_FILE && row.size &&
		!loose_name(&row.content, &id) && dv_id_equal(&id, &link);
}

/* True when what is there may go. */
static bool may_go(const struct plan *p, const struct plan_entry *e)
{
	const struct scan_entry *have = e->have;

	if (p->o->force)
		return true;
	if (have->special)
		return false;
	if (have->type == ENTRY_SYMLINK)
		return is_recorded_link(p, e) || is_lost_link(p, e);
	if (e->item)
		return e->item->here && !e->item->failed;
	/* all of it: a list alone would not bring the file back */
	return have->known && content_here(p->r->store, p->reader,
					   &have->content) == 1;
}

/* True when what is there has the content that is recorded. */
static bool same_content(const struct plan_entry *e)
{
	const struct scan_entry *have = e->have;
	const struct content *want = &e->want->content;
	struct dv_id id;

	if (!is_file_or_link(have) || have->type != e->want->type)
		return false;
	if (!have->known && (!e->item || e->item->failed))
		return false;
	if (have->type == ENTRY_SYMLINK) {
		sha256(e->want->target, strlen(e->want->target), &id);
		return dv_id_equal(&id, &have->content.id);
	}
	if (have->content.size != want->size)
		return false;
	return !want->size || (have->content.list == want->list &&
			       dv_id_equal(&have->content.id, &want->id));
}

static uint8_t decide_file(struct plan *p, struct plan_entry *e)
{
	if (!e->have)
		return ACT_WRITE;
	if (e->have->type == ENTRY_DIR) {
		if (!plan_dir_at(p, e->sub)->stuck)
			return ACT_WRITE;
		plan_dir_at(p, e->sub)->closed = true;
		return ACT_KEEP;
	}
	if (same_content(e)) {
		if (e->have->type != ENTRY_FILE ||
		    e->have->executable == e->want->executable)
			return ACT_SAME;
		/* the mode of a link's file is not to be changed */
		return e->have->link ? ACT_WRITE : ACT_MODE;
	}
	return may_go(p, e) ? ACT_WRITE : ACT_KEEP;
}

static uint8_t decide_dir(struct plan *p, struct plan_entry *e)
{
	struct plan_dir *d = plan_dir_at(p, e->sub);

	if (d->damaged)
		return ACT_CORRUPT;
	if (d->unread)
		return ACT_MISSING;
	if (!e->have || e->have->type != ENTRY_DIR) {
		if (e->have && !may_go(p, e)) {
			d->closed = true;
			return ACT_KEEP;
		}
		d->make = true;
	}
	return ACT_NONE;
}

static uint8_t decide_unwanted(struct plan *p, struct plan_entry *e)
{
	if (!e->have || (e->have->type == ENTRY_DIR && !e->have->special))
		return ACT_NONE;
	if (temp_name_is(e->name) || may_go(p, e))
		return ACT_REMOVE;
	return ACT_KEEP;
}

/* Bottom-up: directories in the way with something that must stay. */
static void find_stuck(struct plan *p)
{
	for (size_t n = p->dir_count; n-- > p->around_count;) {
		struct plan_dir *d = plan_dir_at(p, n);

		if (!d->in_way)
			continue;
		for (size_t i = d->first; i < d->first + d->count; i++) {
			const struct plan_entry *e = plan_pass(p, i);

			if (!e->have || temp_name_is(e->name))
				continue;
			if (e->sub)
				d->stuck |= plan_dir_at(p, e->sub)->stuck;
			else
				d->stuck |= !may_go(p, e);
		}
	}
}

/* Left out by the filter: what is there stays, whatever it is. */
static uint8_t decide_left(const struct plan_entry *e)
{
	bool file = e->want && e->want->type != ENTRY_DIR;

	return file && e->have && same_content(e) ? ACT_SAME : ACT_NONE;
}

/* Bottom-up: no directory is made for nothing but what is left out. */
static void make_for_a_reason(struct plan *p)
{
	for (size_t i = p->entry_count; i-- > 0;) {
		const struct plan_entry *e = plan_pass(p, i);
		struct plan_dir *sub = e->sub ? plan_dir_at(p, e->sub) : NULL;

		if (sub && sub->make && !sub->wanted)
			sub->make = false;
		if (e->action == ACT_WRITE || (sub && sub->make))
			plan_dir_at(p, e->dir)->wanted = true;
	}
}

int plan_decide(struct plan *p)
{
	int err = read_unknown(p);

	if (err)
		return err;
	if (!p->o->links)
		find_stuck(p);
	for (size_t i = 0; i < p->entry_count; i++) {
		struct plan_entry *e = plan_pass(p, i);

		if (p->o->links) {
			e->action = link_decide(p, e, e->have && e->want &&
						same_content(e));
			continue;
		}
		if (plan_dir_at(p, e->dir)->closed) {
			if (e->sub)
				plan_dir_at(p, e->sub)->closed = true;
			continue;
		}
		if (e->left)
			e->action = decide_left(e);
		else if (!e->want)
			e->action = decide_unwanted(p, e);
		else if (e->want->type == ENTRY_DIR)
			e->action = decide_dir(p, e);
		else
			e->action = decide_file(p, e);
	}
	if (p->o->what.filter)
		make_for_a_reason(p);
	return 0;
}

int plan_has_content(const struct plan *p, struct store_reader *r,
		     struct plan_entry *e)
{
	int here = e->want->type != ENTRY_FILE ? 1 :
		content_here(p->r->store, r, &e->want->content);

	if (here == 1 || (here < 0 && here != DV_E_CORRUPT))
		return here;
	e->action = here ? ACT_CORRUPT : ACT_MISSING;
	return 0;
}
