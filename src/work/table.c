#include "work/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/error.h"

enum state {
	FIELD_BEGIN = 0,
	FIELD_PLAIN,
	FIELD_QUOTED,
	FIELD_QUOTE,		/* the end of the quoted part, or half a quote
				   in it */
};

bool table_name(const char *path, char *delimiter)
{
	static const struct {
		const char *suffix;
		char delimiter;
	} kinds[] = {
		{ ".csv", 0 }, { ".tsv", '\t' }, { ".tab", '\t' },
		{ ".psv", '|' },
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcasecmp(dot, kinds[i].suffix))
			continue;
		*delimiter = kinds[i].delimiter;
		return true;
	}
	return false;
}

/* The one that is most often in the first line, outside of quotes. */
static char find_delimiter(const uint8_t *bytes, size_t len)
{
	static const char candidates[] = ",;\t|";
	size_t found[sizeof(candidates) - 1] = { 0 }, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < len && (quoted || bytes[i] != '\n'); i++) {
		const char *c = bytes[i] ? strchr(candidates, bytes[i]) :
			NULL;

		if (bytes[i] == '"')
			quoted = !quoted;
		else if (c && !quoted)
			found[c - candidates]++;
	}
	for (size_t i = 1; i < sizeof(found) / sizeof(*found); i++)
		if (found[i] > found[best])
			best = i;
	return candidates[best];
}

static int end_field(struct table_reader *t)
{
	if (t->count == TABLE_FIELDS_MOST)
		return dv_fail(DV_E_INVALID, "a row of more than %zu fields",
			       TABLE_FIELDS_MOST);
	ARRAY_GROW(t->ends, t->count + 1, t->room);
	t->ends[t->count++] = t->row.len;
	t->state = FIELD_BEGIN;
	return 0;
}

static int end_row(struct table_reader *t)
{
	struct table_row row;
	int err;

	/* the CR of a CR LF, which is no part of a quoted field */
	if (t->state == FIELD_PLAIN && t->row.data[t->row.len - 1] == '\r')
		buf_setlen(&t->row, t->row.len - 1);
	err = t->count || t->row.len || t->state > FIELD_PLAIN ?
		end_field(t) : 0;
	row = (struct table_row){ t->row.data, t->ends, t->count };
	if (!err && t->count)
		err = t->fn(&row, t->data);
	buf_clear(&t->row);
	t->count = 0;
	t->state = FIELD_BEGIN;
	return err;
}

static int add(struct table_reader *t, const uint8_t *bytes, size_t len)
{
	if (len > TABLE_ROW_MOST - t->row.len)
		return dv_fail(DV_E_INVALID, "a row of more than %zu MiB",
			       TABLE_ROW_MOST >> 20);
	buf_add(&t->row, bytes, len);
	return 0;
}

/* A byte that means something, or the first one of a field. */
static int take(struct table_reader *t, uint8_t byte)
{
	char c = (char)byte;

	if (!c)
		return dv_fail(DV_E_INVALID, "a 0 byte");
	if (t->state == FIELD_QUOTED) {
		t->state = FIELD_QUOTE;
		return 0;
	}
	if (c == '\n')
		return end_row(t);
	if (c == t->delimiter)
		return end_field(t);
	if (c == '"' && t->state == FIELD_BEGIN) {
		t->state = FIELD_QUOTED;
		return 0;
	}
	if (c == '\r' && t->state == FIELD_QUOTE)
		return 0;
	t->state = c == '"' && t->state == FIELD_QUOTE ? FIELD_QUOTED :
		FIELD_PLAIN;
	return add(t, &byte, 1);
}

/* How many bytes are what they are, in the field at hand. */
static size_t literal_run(const struct table_reader *t, const uint8_t *bytes,
			  size_t len)
{
	size_t n = 0;

	if (t->state == FIELD_QUOTED)
		while (n < len && bytes[n] != '"' && bytes[n])
			n++;
	else if (t->state == FIELD_PLAIN)
		while (n < len && bytes[n] != (uint8_t)t->delimiter &&
		       bytes[n] != '\n' && bytes[n])
			n++;
	return n;
}

/* How many bytes of a byte order mark come next. */
static size_t mark_run(struct table_reader *t, const uint8_t *bytes,
		       size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t n = 0;

	while (t->marks < 3 && n < len && bytes[n] == (uint8_t)mark[t->marks]) {
		n++;
		t->marks++;
	}
	if (n < len)
		t->marks = 3;
	return n;
}

int table_feed(struct table_reader *t, const uint8_t *bytes, size_t len)
{
	size_t i = mark_run(t, bytes, len), n;
	int err = 0;

	if (!t->delimiter && i < len)
		t->delimiter = find_delimiter(bytes + i, len - i);
	while (i < len && !err) {
		n = literal_run(t, bytes + i, len - i);
		err = n ? add(t, bytes + i, n) : take(t, bytes[i]);
		i += n ? n : 1;
	}
	return err;
}

int table_end(struct table_reader *t)
{
	if (t->state == FIELD_QUOTED)
		return dv_fail(DV_E_INVALID, "a quote that does not end");
	return end_row(t);
}

void table_release(struct table_reader *t)
{
	buf_release(&t->row);
	free(t->ends);
}
