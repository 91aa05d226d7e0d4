#ifndef WORK_TABLE_H
#define WORK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Rows of a table in text (RFC 4180; a byte order mark and CR LF are taken):
 * fields that begin with a double quote may hold anything, two quotes for
 * one.  Empty lines are passed over.  In memory is one row.
 */
#define TABLE_ROW_MOST	((size_t)16 << 20)	/* bytes */
#define TABLE_FIELDS_MOST	((size_t)1 << 14)

struct table_row {
	const char *bytes;
	const size_t *ends;	/* field i ends there, where i + 1 begins */
	size_t count;		/* of fields */
};

/* Not 0 stops and is returned. */
typedef int table_row_fn(const struct table_row *row, void *data);

struct table_reader {
	char delimiter;		/* 0: found in the first line */
	table_row_fn *fn;
	void *data;
	unsigned state;		/* private, as all below */
	unsigned marks;		/* bytes of a mark taken; 3: past it */
	struct buf row;
	size_t *ends;
	size_t count, room;
};

#define TABLE_READER(delimiter, fn, data) \
	{ (delimiter), (fn), (data), 0, 0, BUF_INIT, NULL, 0, 0 }

/* True when the name is that of a table; its delimiter, 0: to be found. */
bool table_name(const char *path, char *delimiter);

/*
 * The next bytes, and the end.  DV_E_INVALID for what is no table: a 0 byte,
 * a row that is too long, an open quote.
 */
int table_feed(struct table_reader *t, const uint8_t *bytes, size_t len);
int table_end(struct table_reader *t);
void table_release(struct table_reader *t);

#endif
