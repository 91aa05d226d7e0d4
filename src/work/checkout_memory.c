/* What a plan consists of, and the memory that it lies in. */

#include <stdlib.h>

#include "base/array.h"
#include "base/path.h"
#include "base/path_order.h"
#include "git/repo.h"
#include "work/checkout.h"

/* A plan that takes more lies in a file. */
#define PLAN_MEMORY	((size_t)8 << 20)

static int by_inside(const void *a, const void *b)
{
	const struct plan_target *x = a, *y = b;

	return path_order(x->inside, y->inside);
}

void plan_init(struct plan *p, const char *const *parts, size_t count)
{
	p->targets = xcalloc(count, sizeof(*p->targets));
	p->found = xcalloc(count, sizeof(*p->found));
	p->target_count = count;
	for (size_t i = 0; i < count; i++)
		p->targets[i] = (struct plan_target){
			.inside = parts[i], .asked = i,
		};
	/* objects lie in this order, and so do the rows of the stat index */
	qsort(p->targets, count, sizeof(*p->targets), by_inside);
	for (size_t i = 0; i < count; i++)
		p->found[i].inside = p->targets[i].inside;
	repo_spill_init(p->repo, &p->spill, PLAN_MEMORY);
	p->arena.spill = &p->spill;
	p->index = (struct stat_index)STAT_INDEX_INIT;
}

void plan_release(struct plan *p)
{
	free(p->targets);
	free(p->found);
	free(p->dir_blocks);
	free(p->entry_blocks);
	arena_release(&p->arena);
	spill_release(&p->spill);
	unfold_release(&p->unfold);
	scan_release(&p->scan);
	stat_index_close(&p->index);
}

void plan_rest(const struct plan *p)
{
	spill_rest(p->arena.spill);
	scan_rest(&p->scan);
	stat_index_rest(&p->index);
}

struct plan_entry *plan_pass(const struct plan *p, size_t i)
{
	if (i && i % PLAN_REST_ENTRIES == 0)
		plan_rest(p);
	return plan_at(p, i);
}

struct plan_dir *plan_add_dir(struct plan *p)
{
	size_t n = p->dir_count++, block = n / PLAN_BLOCK;

	if (n % PLAN_BLOCK == 0) {
		ARRAY_GROW(p->dir_blocks, block + 1, p->dir_room);
		p->dir_blocks[block] = arena_alloc(&p->arena, PLAN_BLOCK *
						   sizeof(struct plan_dir));
	}
	return plan_dir_at(p, n);
}

struct plan_entry *plan_add(struct plan *p)
{
	size_t n = p->entry_count++, block = n / PLAN_BLOCK;

	if (n % PLAN_BLOCK == 0) {
		ARRAY_GROW(p->entry_blocks, block + 1, p->entry_room);
		p->entry_blocks[block] =
			arena_alloc(&p->arena, PLAN_BLOCK *
				    sizeof(struct plan_entry));
	}
	return plan_pass(p, n);
}

void plan_path(const struct plan *p, const struct plan_entry *e,
	       struct buf *out)
{
	buf_clear(out);
	buf_addstr(out, plan_dir_at(p, e->dir)->path);
	path_append(out, e->name);
}

void plan_target_path(const struct plan *p, const struct plan_target *t,
		      struct buf *out)
{
	path_join(out, p->path, t->inside);
}
