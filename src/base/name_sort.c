#include "base/name_sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Bytes of names that become a run. */
#define RUN_BYTES	((size_t)1 << 20)
/* Names that are told before those before them rest. */
#define REST_NAMES	((size_t)16 << 10)

/* Sorted names, each with its 0. */
struct name_run {
	const char *next, *end;
	char *data;		/* owned, or NULL: it lies in the spill */
};

void name_sort_init(struct name_sort *s, const char *dir)
{
	*s = (struct name_sort){ .arena = ARENA_INIT };
	spill_init(&s->spill, dir, 0);
}

void name_sort_release(struct name_sort *s)
{
	for (size_t i = 0; i < s->run_count; i++)
		free(s->runs[i].data);
	free(s->runs);
	free(s->names);
	arena_release(&s->arena);
	spill_release(&s->spill);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(struct name_sort *s)
{
	if (s->name_count > 1)
		qsort(s->names, s->name_count, sizeof(*s->names), by_bytes);
}

/* What has come so far becomes a run. */
static void put_by(struct name_sort *s)
{
	struct name_run run = { 0 };
	char *at = spill_take(&s->spill, s->bytes);

	sort_names(s);
	if (!at)
		at = run.data = xmalloc(s->bytes);
	run.next = at;
	for (size_t i = 0; i < s->name_count; i++)
		at = stpcpy(at, s->names[i]) + 1;
	run.end = at;
	ARRAY_GROW(s->runs, s->run_count + 1, s->run_room);
	s->runs[s->run_count++] = run;
	spill_rest(&s->spill);
	arena_release(&s->arena);
	s->name_count = s->bytes = 0;
}

void name_sort_add(struct name_sort *s, const char *name)
{
	size_t len = strlen(name);

	if (s->name_count && s->bytes + len >= RUN_BYTES)
		put_by(s);
	ARRAY_GROW(s->names, s->name_count + 1, s->name_room);
	s->names[s->name_count++] = arena_copy(&s->arena, name, len);
	s->bytes += len + 1;
	s->count++;
}

/* --- merging -------------------------------------------------------------- */

static bool is_before(const struct name_run *a, const struct name_run *b)
{
	return strcmp(a->next, b->next) < 0;
}

/* Lets runs[i] down to where no run below comes before it. */
static void settle(struct name_sort *s, size_t i)
{
	struct name_run *runs = s->runs;

	for (;;) {
		size_t least = i;
		struct name_run kept;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < s->heap && is_before(&runs[k], &runs[least]))
				least = k;
		if (least == i)
			return;
		kept = runs[i];
		runs[i] = runs[least];
		runs[least] = kept;
		i = least;
	}
}

static void begin(struct name_sort *s)
{
	if (!s->run_count) {
		sort_names(s);
		return;
	}
	if (s->name_count)
		put_by(s);
	free(s->names);
	s->names = NULL;
	spill_rest(&s->spill);
	s->heap = s->run_count;
	for (size_t i = s->heap / 2; i-- > 0;)
		settle(s, i);
}

/* The least name of all runs. */
static const char *merge(struct name_sort *s)
{
	struct name_run *first = &s->runs[0];
	const char *name = first->next;

	if (s->passed % REST_NAMES == 0)
		spill_rest(&s->spill);
	first->next += strlen(name) + 1;
	if (first->next == first->end) {
		struct name_run done = *first;

		*first = s->runs[--s->heap];
		s->runs[s->heap] = done;
	}
	settle(s, 0);
	return name;
}

const char *name_sort_next(struct name_sort *s)
{
	if (!s->passed)
		begin(s);
	if (s->passed == s->count)
		return NULL;
	s->passed++;
	if (s->run_count)
		return merge(s);
	return s->names[s->passed - 1];
}
