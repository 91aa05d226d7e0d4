#include "work/row_bins.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "store/sort.h"

#define BIN_BYTES	((uint64_t)1 << 20)	/* of a table, for one bin */

/* A file without a name. */
static FILE *open_file(const char *dir)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	FILE *file;
	int fd;

	buf_addf(&path, "%s/rows", dir);
	fd = open(path.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	unlink(path.data);
	file = fdopen(fd, "w+");
	if (!file)
		close(fd);
	return file;
}

int row_bins_open(struct row_bins *b, struct store *s, uint64_t bytes)
{
	const char *dir;
	int err = store_scratch_dir(s, &dir);

	memset(b, 0, sizeof(*b));
	if (err)
		return err;
	b->count = bytes / BIN_BYTES < ROW_BINS_MOST ?
		bytes / BIN_BYTES + 1 : ROW_BINS_MOST;
	for (size_t i = 0; i < 2 * b->count; i++) {
		FILE **file = &b->files[i % 2][i / 2];

		*file = open_file(dir);
		if (!*file)
			return dv_fail_errno("cannot make a file in %s", dir);
	}
	return 0;
}

void row_bins_close(struct row_bins *b)
{
	for (size_t i = 0; i < 2 * b->count; i++)
		if (b->files[i % 2][i / 2])
			fclose(b->files[i % 2][i / 2]);
	memset(b, 0, sizeof(*b));
}

int row_bins_add(struct row_bins *b, int side, uint64_t key, uint64_t value)
{
	const struct sort_key row = { key, value };
	size_t bin = (key >> 32) % b->count;

	if (++b->rows[side][bin] > ROW_BIN_ROWS)
		return dv_fail(DV_E_INVALID, "too many rows, or too many with "
			       "the same key");
	if (fwrite(&row, sizeof(row), 1, b->files[side][bin]) != 1)
		return dv_fail_errno("cannot write a temporary file");
	return 0;
}

/* --- comparing --------------------------------------------------------- */

static int load(struct row_bins *b, int side, size_t bin,
		struct sort_key **rows)
{
	size_t n = b->rows[side][bin];
	struct sort_key *scratch;

	*rows = xcalloc(n + 1, sizeof(**rows));
	if (fflush(b->files[side][bin]) || fseek(b->files[side][bin], 0,
						 SEEK_SET) ||
	    fread(*rows, sizeof(**rows), n, b->files[side][bin]) != n)
		return dv_fail_errno("cannot read a temporary file");
	scratch = xcalloc(n + 1, sizeof(*scratch));
	sort_keys(*rows, n, scratch);
	free(scratch);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* How many of two runs with one key hold the same. */
static size_t count_same(struct sort_key *a, size_t m, struct sort_key *b,
			 size_t n)
{
	size_t same = 0, i = 0, k = 0;

	if (m > 1)
		qsort(a, m, sizeof(*a), by_value);
	if (n > 1)
		qsort(b, n, sizeof(*b), by_value);
	while (i < m && k < n) {
		int order = by_value(&a[i], &b[k]);

		same += !order;
		i += order <= 0;
		k += order >= 0;
	}
	return same;
}

static size_t run_of(const struct sort_key *rows, size_t at, size_t count,
		     uint64_t key)
{
	size_t n = 0;

	while (at + n < count && rows[at + n].key == key)
		n++;
	return n;
}

static void compare(struct sort_key *before, size_t m,
		    struct sort_key *after, size_t n, struct row_counts *out)
{
	size_t i = 0, k = 0;

	while (i < m || k < n) {
		uint64_t key = k == n || (i < m && before[i].key <
					  after[k].key) ?
			before[i].key : after[k].key;
		size_t x = run_of(before, i, m, key);
		size_t y = run_of(after, k, n, key);
		size_t same = count_same(before + i, x, after + k, y);
		size_t changed = (x < y ? x : y) - same;

		out->changed += changed;
		out->removed += x - same - changed;
		out->added += y - same - changed;
		i += x;
		k += y;
	}
}

int row_bins_compare(struct row_bins *b, struct row_counts *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	for (size_t bin = 0; bin < b->count && !err; bin++) {
		DV_AUTO_FREE struct sort_key *before = NULL;
		DV_AUTO_FREE struct sort_key *after = NULL;

		err = cancel_check();
		if (!err)
			err = load(b, 0, bin, &before);
		if (!err)
			err = load(b, 1, bin, &after);
		if (!err)
			compare(before, b->rows[0][bin], after,
				b->rows[1][bin], out);
	}
	return err;
}
