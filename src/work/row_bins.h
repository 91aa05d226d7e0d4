#ifndef WORK_ROW_BINS_H
#define WORK_ROW_BINS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "store/store.h"

/*
 * The rows of the two sides of a table as hashes, kept in files and compared
 * a share at a time.
 */
#define ROW_BINS_MOST	64
#define ROW_BIN_ROWS	((uint64_t)2 << 20)	/* of one side: 128 MiB in
						   memory for both */

struct row_bins {
	size_t count;
	FILE *files[2][ROW_BINS_MOST];	/* owned */
	uint64_t rows[2][ROW_BINS_MOST];
};

struct row_counts {
	uint64_t added, removed, changed;
};

/* For tables of so many bytes. */
int row_bins_open(struct row_bins *b, struct store *s, uint64_t bytes);
/*
 * A row of side 0 or 1: rows of one key are the same one, `value` says what it
 * holds.  DV_E_INVALID for more than can be compared.
 */
int row_bins_add(struct row_bins *b, int side, uint64_t key, uint64_t value);
/* Rows with one key are changed where it holds other things. */
int row_bins_compare(struct row_bins *b, struct row_counts *out);
void row_bins_close(struct row_bins *b);

#endif
