/*
 * Merged indexes of what is known of a remote: which of its packs has what,
 * without memory for each object.  The indexes of many packs are merged in
 * runs, as each has to be looked into 256 times, and these then in one go.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "transfer/have_inside.h"

/* So many packs may be in none. */
#define MERGE_FRESH	16
/* Objects of one run, and of any merged index. */
#define RUN_OBJECTS	((uint64_t)1 << 19)
#define MERGE_OBJECTS	((uint64_t)1 << 27)

static void folder_path(const struct have *h, struct buf *out)
{
	buf_clear(out);
	buf_addf(out, "%s/merged", h->dir);
}

static void merged_path(const struct have *h, const struct dv_id *name,
			struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	folder_path(h, out);
	dv_id_to_hex(name, hex);
	buf_addf(out, "/%s.midx", hex);
}

static void remove_file(const struct have *h, const struct dv_id *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	merged_path(h, name, &path);
	unlink(path.data);
}

static void merged_release(struct have_merged *m)
{
	midx_close(m->midx);
	free(m->numbers);
}

/* --- taking in --------------------------------------------------------- */

/* The pack of a row, if the two agree. */
static uint32_t row_number(const struct have *h, const struct midx *midx,
			   uint32_t row)
{
	struct midx_row r;
	int64_t n;

	midx_row_at(midx, row, &r);
	n = have_number(h, &r.id);
	if (n < 0 || r.part != MIDX_PACK ||
	    h->packs[n].ref.class != midx_class(midx) ||
	    h->packs[n].ref.objects != r.objects)
		return HAVE_NONE;
	return n;
}

static void add_merged(struct have *h, struct midx *midx,
		       const struct dv_id *name)
{
	struct have_class *c = &h->classes[midx_class(midx)];
	uint32_t rows = midx_packs(midx);
	struct have_merged *m;

	ARRAY_GROW(c->merged, c->merged_count + 1, c->merged_room);
	m = &c->merged[c->merged_count++];
	m->midx = midx;
	m->name = *name;
	m->numbers = xmalloc(((size_t)rows + 1) * sizeof(*m->numbers));
	for (uint32_t i = 0; i < rows; i++)
		m->numbers[i] = row_number(h, midx, i);
}

static bool is_merged_name(const char *name, struct dv_id *id)
{
	return strlen(name) == DV_ID_HEX + strlen(".midx") &&
		!strcmp(name + DV_ID_HEX, ".midx") &&
		!dv_id_from_hex(name, id);
}

static void load_one(struct have *h, const struct dv_id *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct midx *midx;
	int err;

	merged_path(h, name, &path);
	err = midx_open(path.data, &midx);
	if (err == DV_E_CORRUPT)
		unlink(path.data);
	if (!err)
		add_merged(h, midx, name);
}

void have_merged_load(struct have *h)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const struct dirent *entry;
	DV_AUTO_DIR DIR *dir = NULL;
	struct dv_id name;

	if (h->loaded)
		return;
	h->loaded = true;
	folder_path(h, &path);
	dir = opendir(path.data);
	if (!dir)
		return;
	newfile_clean(path.data);
	while ((entry = readdir(dir)))
		if (is_merged_name(entry->d_name, &name))
			load_one(h, &name);
	for (int class = 0; class < OBJECT_CLASSES; class++)
		have_merged_settle(h, class);
}

/* --- keeping what is of use -------------------------------------------- */

/* Largest first. */
static int compare_merged(const void *a, const void *b)
{
	uint64_t x = midx_objects(((const struct have_merged *)a)->midx);
	uint64_t y = midx_objects(((const struct have_merged *)b)->midx);

	return (x < y) - (x > y);
}

static void sort_merged(struct have_class *c)
{
	if (c->merged_count)
		qsort(c->merged, c->merged_count, sizeof(*c->merged),
		      compare_merged);
}

/* The pack of a row that is to be found by it; NULL: no longer. */
static struct have_pack *row_pack(struct have *h, const struct have_merged *m,
				  uint32_t row)
{
	uint32_t n = m->numbers[row];
	struct have_pack *p = n == HAVE_NONE ? NULL : &h->packs[n];

	return p && !p->gone && (p->index || !p->here) ? p : NULL;
}

/* True when a row is in none of those looked at before. */
static bool marks_more(struct have *h, const struct have_merged *m)
{
	bool more = false;

	for (uint32_t i = 0; i < midx_packs(m->midx); i++) {
		struct have_pack *p = row_pack(h, m, i);

		if (!p || p->merged)
			continue;
		p->merged = true;
		more = true;
	}
	return more;
}

static void drop(struct have *h, struct have_merged *m)
{
	for (uint32_t i = 0; i < midx_packs(m->midx) && midx_is_bad(m->midx);
	     i++) {
		struct have_pack *p = row_pack(h, m, i);

		/* of one that cannot be opened nothing is known then */
		if (p && !p->merged && have_pack_open(h, m->numbers[i]))
			h->lost++;
	}
	remove_file(h, &m->name);
	merged_release(m);
}

void have_merged_settle(struct have *h, enum object_class class)
{
	struct have_class *c = &h->classes[class];
	DV_AUTO_FREE struct have_merged *dropped =
		xmalloc((c->merged_count + 1) * sizeof(*dropped));
	size_t kept = 0, drops = 0;

	c->fresh.count = 0;
	for (size_t i = 0; i < h->count; i++)
		if (h->packs[i].ref.class == class)
			h->packs[i].merged = false;
	sort_merged(c);
	for (size_t i = 0; i < c->merged_count; i++) {
		const struct have_merged *m = &c->merged[i];

		if (midx_is_bad(m->midx) || !marks_more(h, m))
			dropped[drops++] = *m;
		else
			c->merged[kept++] = *m;
	}
	c->merged_count = kept;
	for (size_t i = 0; i < h->count; i++)
		if (h->packs[i].index && !h->packs[i].merged &&
		    h->packs[i].index->class == class)
			numbers_add(&c->fresh, i);
	for (size_t i = 0; i < drops; i++)
		drop(h, &dropped[i]);
}

/* Half of it at least is of packs that are there and not here. */
static bool is_worth_keeping(struct have *h, const struct have_merged *m)
{
	uint64_t objects = 0;

	for (uint32_t i = 0; i < midx_packs(m->midx); i++) {
		const struct have_pack *p = row_pack(h, m, i);

		if (p && !p->here)
			objects += p->ref.objects;
	}
	return objects >= midx_objects(m->midx) / 2 && !midx_is_bad(m->midx);
}

void have_merged_close(struct have *h)
{
	for (int class = 0; class < OBJECT_CLASSES; class++) {
		struct have_class *c = &h->classes[class];

		for (size_t i = 0; i < c->merged_count; i++) {
			if (!is_worth_keeping(h, &c->merged[i]))
				remove_file(h, &c->merged[i].name);
			merged_release(&c->merged[i]);
		}
		free(c->merged);
		numbers_release(&c->fresh);
		numbers_release(&c->touched);
	}
}

/* --- making one -------------------------------------------------------- */

struct row {
	uint32_t number, objects;
};

struct merging {
	struct have *have;
	struct row *rows;		/* owned; one for each pack */
	size_t row_count, row_room;
	uint32_t *row_of;		/* owned; by number of the pack */
	struct midx_source *sources;	/* owned */
	size_t source_count;
	uint64_t objects;
};

#define DV_AUTO_MERGING	__attribute__((cleanup(merging_release)))

static void merging_release(struct merging *m)
{
	for (size_t i = 0; i < m->source_count; i++)
		free((void *)m->sources[i].numbers);
	free(m->sources);
	free(m->row_of);
	free(m->rows);
}

static void add_row(struct merging *m, uint32_t number, uint32_t objects)
{
	ARRAY_GROW(m->rows, m->row_count + 1, m->row_room);
	m->rows[m->row_count++] = (struct row){ number, objects };
	m->row_of[number] = 0;
	m->objects += objects;
}

/* The last of those that are in none, so many that they make up a run. */
static size_t add_fresh(struct merging *m, const struct numbers *fresh)
{
	size_t n = 0;

	while (n < fresh->count && m->objects < RUN_OBJECTS) {
		uint32_t number = fresh->items[fresh->count - ++n];

		add_row(m, number, m->have->packs[number].index->objects);
	}
	return n;
}

/*
 * From the smallest on, unless one is at least twice as large as what there
 * is to merge by then, which is `sum` to begin with.  Returns the first.
 */
static size_t add_older(struct merging *m, struct have_class *c, uint64_t sum)
{
	size_t first = c->merged_count;

	sort_merged(c);
	for (; first; first--) {
		const struct have_merged *old = &c->merged[first - 1];
		uint64_t objects = midx_objects(old->midx);

		if (objects >= 2 * (sum > m->objects ? sum : m->objects) ||
		    objects + m->objects > MERGE_OBJECTS)
			break;
		for (uint32_t i = 0; i < midx_packs(old->midx); i++) {
			struct midx_row row;

			if (!row_pack(m->have, old, i) ||
			    m->row_of[old->numbers[i]] != HAVE_NONE)
				continue;
			midx_row_at(old->midx, i, &row);
			add_row(m, old->numbers[i], row.objects);
		}
	}
	return first;
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct have *h = data;
	const struct row *x = a, *y = b;

	return dv_id_compare(&h->packs[x->number].ref.id,
			     &h->packs[y->number].ref.id);
}

/* The rows in their final order. */
static struct midx_row *sort_rows(struct merging *m)
{
	struct midx_row *rows = xmalloc((m->row_count + 1) * sizeof(*rows));

	if (m->row_count)
		qsort_r(m->rows, m->row_count, sizeof(*m->rows), compare_rows,
			m->have);
	for (size_t i = 0; i < m->row_count; i++) {
		m->row_of[m->rows[i].number] = i;
		rows[i] = (struct midx_row){
			m->have->packs[m->rows[i].number].ref.id, MIDX_PACK,
			m->rows[i].objects,
		};
	}
	return rows;
}

/* A pack comes from the first source that has it, and from no other. */
static uint32_t take_row(struct merging *m, uint32_t number)
{
	uint32_t row = number == HAVE_NONE ? HAVE_NONE : m->row_of[number];

	if (number != HAVE_NONE)
		m->row_of[number] = HAVE_NONE;
	return row;
}

static void add_sources(struct merging *m, const struct have_class *c,
			size_t fresh, size_t first)
{
	m->sources = xcalloc(fresh + c->merged_count - first + 1,
			     sizeof(*m->sources));
	for (size_t i = c->fresh.count - fresh; i < c->fresh.count; i++) {
		uint32_t number = c->fresh.items[i];

		m->sources[m->source_count++] = (struct midx_source){
			.pack = m->have->packs[number].index,
			.number = take_row(m, number),
		};
	}
	for (size_t i = first; i < c->merged_count; i++) {
		const struct have_merged *old = &c->merged[i];
		uint32_t packs = midx_packs(old->midx);
		uint32_t *rows = xmalloc(((size_t)packs + 1) * sizeof(*rows));

		for (uint32_t k = 0; k < packs; k++)
			rows[k] = take_row(m, old->numbers[k]);
		m->sources[m->source_count++] = (struct midx_source){
			.midx = old->midx, .numbers = rows,
		};
	}
}

static int write_merged(struct have *h, enum object_class class,
			struct merging *m, size_t fresh, size_t first)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_FREE struct midx_row *rows = sort_rows(m);
	struct midx *midx;
	struct dv_id name;
	int err;

	add_sources(m, &h->classes[class], fresh, first);
	folder_path(h, &folder);
	midx_name(class, rows, m->row_count, &name);
	merged_path(h, &name, &path);
	err = midx_write(path.data,
			 dir_make_in(folder.data) ? NULL : folder.data, class,
			 rows, m->row_count, m->sources, m->source_count,
			 &midx);
	if (!err)
		add_merged(h, midx, &name);
	return err;
}

/* Those are in one now. */
static void leave_fresh(struct have *h, struct have_class *c, size_t n)
{
	while (n--) {
		struct have_pack *p =
			&h->packs[c->fresh.items[--c->fresh.count]];

		p->merged = true;
		pack_forget_misses(p->index);
		pack_rest(p->index);
	}
}

/*
 * Makes one: a run or, when no more than that is left, of all that there is.
 * 1, 0 when there is nothing to merge, or an error.
 */
static int merge_next(struct have *h, enum object_class class, uint64_t sum)
{
	struct have_class *c = &h->classes[class];
	DV_AUTO_MERGING struct merging m = { .have = h };
	size_t first = c->merged_count, fresh;
	int err;

	m.row_of = xmalloc((h->count + 1) * sizeof(*m.row_of));
	memset(m.row_of, 0xff, h->count * sizeof(*m.row_of));
	fresh = add_fresh(&m, &c->fresh);
	if (fresh == c->fresh.count)
		first = add_older(&m, c, sum);
	if (!fresh && c->merged_count - first < 2)
		return 0;
	err = write_merged(h, class, &m, fresh, first);
	if (err)
		return err;
	leave_fresh(h, c, fresh);
	if (!c->fresh.count)
		have_merged_settle(h, class);
	return 1;
}

void have_merged_make(struct have *h, enum object_class class)
{
	struct have_class *c = &h->classes[class];
	uint64_t sum = 0;
	int err;

	if (c->fresh.count <= MERGE_FRESH || c->fresh.count < c->merge_again)
		return;
	for (size_t i = 0; i < c->fresh.count; i++)
		sum += h->packs[c->fresh.items[i]].index->objects;
	do {
		TRACE_REGION("have: merge");

		err = merge_next(h, class, sum);
	} while (err > 0);
	if (err)
		have_merged_settle(h, class);
	c->merge_again = err ? 2 * c->fresh.count : 0;
}
