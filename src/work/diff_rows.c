/* dv_diff_rows(): two versions of a table, compared by rows and columns. */

#include <stdlib.h>
#include <string.h>

#include "dv/diff.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "chunk/check.h"
#include "git/repo.h"
#include "work/diff_side.h"
#include "work/row_bins.h"
#include "work/table.h"

#define HEADER_READ	1	/* ends the reading of a side */
#define NOT_THERE	UINT32_MAX	/* length of what a row has not */

/* One side: its columns, and where in its rows the common ones are. */
struct side {
	char **names;		/* owned, with their texts */
	size_t count;
	size_t *common;		/* owned */
	size_t *keys;		/* owned */
};

struct rows {
	struct dv_repo *repo;
	const struct dv_change *change;
	struct dv_diff_rows *out;
	struct side sides[2];
	size_t common_count, key_count;
	struct row_bins bins;
	int side;		/* that is being read */
	bool past_header;
	struct buf key, value;	/* of the row at hand, as they are hashed */
};

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void rows_release(struct rows *r)
{
	for (int i = 0; i < 2; i++) {
		free_names(r->sides[i].names, r->sides[i].count);
		free(r->sides[i].common);
		free(r->sides[i].keys);
	}
	row_bins_close(&r->bins);
	buf_release(&r->key);
	buf_release(&r->value);
}

#define DV_AUTO_ROWS	__attribute__((cleanup(rows_release)))

void dv_diff_rows_release(struct dv_diff_rows *r)
{
	free(r->problem);
	free_names(r->columns_added, r->columns_added_count);
	free_names(r->columns_removed, r->columns_removed_count);
	memset(r, 0, sizeof(*r));
}

/* --- reading ----------------------------------------------------------- */

static int feed(void *table, const uint8_t *bytes, size_t len)
{
	return table_feed(table, bytes, len);
}

static int read_side(struct rows *r, int side, table_row_fn *fn)
{
	const struct dv_entry *e = side ? r->change->after :
		r->change->before;
	struct table_reader t = TABLE_READER(0, fn, r);
	int err;

	r->side = side;
	r->past_header = false;
	table_name(e->path, &t.delimiter);
	err = diff_side_write(r->repo, e, side && r->change->worktree, feed,
			      &t);
	if (!err)
		err = table_end(&t);
	table_release(&t);
	return err;
}

static void field(const struct table_row *row, size_t i, const char **bytes,
		  size_t *len)
{
	size_t begin = i ? row->ends[i - 1] : 0;

	*bytes = row->bytes + begin;
	*len = row->ends[i] - begin;
}

static int take_header(const struct table_row *row, void *data)
{
	struct rows *r = data;
	struct side *s = &r->sides[r->side];

	s->names = xcalloc(row->count, sizeof(*s->names));
	for (; s->count < row->count; s->count++) {
		struct buf name = BUF_INIT;
		const char *bytes;
		size_t len;

		field(row, s->count, &bytes, &len);
		buf_add(&name, bytes, len);
		s->names[s->count] = buf_detach(&name);
	}
	return HEADER_READ;
}

static int read_headers(struct rows *r)
{
	int err = 0;

	for (int side = 0; side < 2 && !err; side++) {
		err = read_side(r, side, take_header);
		if (err == HEADER_READ)
			err = 0;
	}
	return err;
}

/* --- columns ----------------------------------------------------------- */

/* The first column from `at` on of this name that is not taken. */
static size_t find_column(const struct side *s, const char *name,
			  const bool *taken)
{
	size_t i = 0;

	while (i < s->count && ((taken && taken[i]) ||
				strcmp(s->names[i], name)))
		i++;
	return i;
}

static char **add_name(char **names, size_t *count, const char *name)
{
	names = xrealloc(names, (*count + 1) * sizeof(*names));
	names[(*count)++] = xstrdup(name);
	return names;
}

static void match_columns(struct rows *r)
{
	struct side *a = &r->sides[0], *b = &r->sides[1];
	DV_AUTO_FREE bool *taken = xcalloc(b->count + 1, sizeof(*taken));
	struct dv_diff_rows *out = r->out;

	a->common = xcalloc(a->count + 1, sizeof(*a->common));
	b->common = xcalloc(a->count + 1, sizeof(*b->common));
	for (size_t i = 0; i < a->count; i++) {
		size_t k = find_column(b, a->names[i], taken);

		if (k == b->count) {
			out->columns_removed = add_name(out->columns_removed,
				&out->columns_removed_count, a->names[i]);
			continue;
		}
		taken[k] = true;
		a->common[r->common_count] = i;
		b->common[r->common_count++] = k;
	}
	for (size_t k = 0; k < b->count; k++)
		if (!taken[k])
			out->columns_added = add_name(out->columns_added,
				&out->columns_added_count, b->names[k]);
}

/* All of them must be on both sides. */
static void find_keys(struct rows *r, const char *const *keys, size_t count)
{
	for (int side = 0; side < 2; side++) {
		struct side *s = &r->sides[side];

		s->keys = xcalloc(count + 1, sizeof(*s->keys));
		for (size_t i = 0; i < count; i++) {
			s->keys[i] = find_column(s, keys[i], NULL);
			r->out->key_missing |= s->keys[i] == s->count;
		}
	}
	if (r->out->key_missing)
		return;
	r->key_count = count;
	r->out->keyed = count;
}

/* --- rows -------------------------------------------------------------- */

/* With its length, so that no two rows look the same that are not. */
static void add_field(struct buf *out, const struct table_row *row, size_t i)
{
	const char *bytes = "";
	uint32_t size = NOT_THERE;
	size_t len = 0;

	if (i < row->count) {
		field(row, i, &bytes, &len);
		size = (uint32_t)len;
	}
	buf_add(out, &size, sizeof(size));
	buf_add(out, bytes, len);
}

static int take_row(const struct table_row *row, void *data)
{
	struct rows *r = data;
	struct side *s = &r->sides[r->side];
	uint64_t key, value;

	if (!r->past_header) {
		r->past_header = true;
		return 0;
	}
	buf_clear(&r->value);
	buf_clear(&r->key);
	for (size_t i = 0; i < r->common_count; i++)
		add_field(&r->value, row, s->common[i]);
	/* what no column is for, or all where no column is on both sides */
	for (size_t i = r->common_count ? s->count : 0; i < row->count; i++)
		add_field(&r->value, row, i);
	for (size_t i = 0; i < r->key_count; i++)
		add_field(&r->key, row, s->keys[i]);
	value = check64(r->value.data, r->value.len);
	key = r->key_count ? check64(r->key.data, r->key.len) : value;
	if (r->side)
		r->out->after++;
	else
		r->out->before++;
	return row_bins_add(&r->bins, r->side, key, value);
}

static int compare_rows(struct rows *r)
{
	const struct dv_change *c = r->change;
	uint64_t bytes = c->before->size > c->after->size ? c->before->size :
		c->after->size;
	struct row_counts counts;
	struct store *store;
	int err = repo_store(r->repo, &store);

	if (!err)
		err = row_bins_open(&r->bins, store, bytes);
	for (int side = 0; side < 2 && !err; side++)
		err = read_side(r, side, take_row);
	if (!err)
		err = row_bins_compare(&r->bins, &counts);
	if (err)
		return err;
	r->out->added = counts.added;
	r->out->removed = counts.removed;
	r->out->changed = counts.changed;
	return 0;
}

int dv_diff_rows(struct dv_repo *repo, const struct dv_change *change,
		 const char *const *keys, size_t key_count,
		 struct dv_diff_rows *out)
{
	DV_AUTO_ROWS struct rows r = {
		.repo = repo, .change = change, .out = out,
		.key = BUF_INIT, .value = BUF_INIT,
	};
	char delimiter;
	int err;

	memset(out, 0, sizeof(*out));
	if (!change->before || !change->after || !diff_side_differ(change) ||
	    !table_name(change->before->path, &delimiter) ||
	    !table_name(change->after->path, &delimiter))
		return 0;
	err = read_headers(&r);
	if (!err) {
		match_columns(&r);
		find_keys(&r, keys, key_count);
		err = compare_rows(&r);
	}
	out->table = !err;
	if (!err)
		return 0;
	dv_diff_rows_release(out);
	if (err != DV_E_INVALID)
		return err;
	out->problem = xstrdup(dv_error_text());
	return 0;
}
