#include "base/path_order.h"
#include "source/taken.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "work/stored.h"

/* --- reading ------------------------------------------------------------- */

/* Cuts the next text, which ends in a 0, off *at; NULL when there is none. */
static char *next_text(char **at, const char *end)
{
	char *text = *at, *stop = memchr(text, 0, end - text);

	if (!stop)
		return NULL;
	*at = stop + 1;
	return text;
}

static bool read_head(char *head, struct listing_entry *e)
{
	char *at;

	e->size = strtoull(head, &at, 10);
	if (at == head || strspn(at, " ") != 1 || !strchr("lc", at[1]) ||
	    !at[1] || at[2] != ' ')
		return false;
	e->content.size = e->size;
	e->content.list = at[1] == 'l';
	at += 3;
	if (strlen(at) < DV_ID_HEX + 1 ||
	    dv_id_from_hex(at, &e->content.id) || at[DV_ID_HEX] != ' ')
		return false;
	e->version = at + DV_ID_HEX + 1;
	return true;
}

/* Texts are borrowed from `text`.  What a crash has cut short is left out. */
static void read_records(struct buf *text, struct listing *out)
{
	char *at = text->data, *end = text->data + text->len, *head, *path;

	while ((head = next_text(&at, end)) && (path = next_text(&at, end))) {
		struct listing_entry e = { .path = path };

		if (!read_head(head, &e))
			return;
		ARRAY_GROW(out->items, out->count + 1, out->room);
		out->items[out->count++] = e;
	}
}

/* The texts follow each other: a later record has a higher address. */
static int by_path(const void *a, const void *b)
{
	const struct listing_entry *x = a, *y = b;
	int order = path_order(x->path, y->path);

	return order ? order : (x->path > y->path) - (x->path < y->path);
}

static int apply_one(struct store *store, struct store_reader *reader,
		     const struct listing_entry *known,
		     struct listing_entry *e)
{
	int here;

	if (!e->version || strcmp(known->version, e->version) ||
	    known->size != e->size)
		return 0;
	here = content_here(store, reader, &known->content);
	if (here < 0)
		return here == DV_E_CORRUPT ? 0 : here;
	e->found = here;
	e->content = known->content;
	return 0;
}

static int apply_all(struct store *store, const struct listing *known,
		     struct listing *l)
{
	struct store_reader *reader = store_reader_new(store);
	size_t k = 0;
	int err = 0;

	for (size_t i = 0; i < l->count && !err; i++) {
		struct listing_entry *e = &l->items[i];
		const struct listing_entry *last = NULL;

		while (k < known->count &&
		       path_order(known->items[k].path, e->path) <= 0)
			last = &known->items[k++];
		if (last && !strcmp(last->path, e->path))
			err = apply_one(store, reader, last, e);
	}
	store_reader_free(reader);
	return err;
}

int taken_apply(const char *path, struct store *store, struct listing *l)
{
	struct listing known = LISTING_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = file_read(path, LISTING_MOST, &text);

	if (err == DV_E_NOTFOUND || err == DV_E_INVALID)
		return 0;
	if (err)
		return err;
	read_records(&text, &known);
	if (known.count)
		qsort(known.items, known.count, sizeof(*known.items), by_path);
	err = apply_all(store, &known, l);
	listing_release(&known);
	return err;
}

/* --- writing ------------------------------------------------------------- */

static void add_record(const struct listing_entry *e, struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	if (!e->version || !e->found)
		return;
	dv_id_to_hex(&e->content.id, hex);
	buf_addf(out, "%llu %c %s %s", (unsigned long long)e->size,
		 e->content.list ? 'l' : 'c', hex, e->version);
	buf_addch(out, 0);
	buf_add(out, e->path, strlen(e->path) + 1);
}

int taken_append(const char *path, const struct listing_entry *items,
		size_t count)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_APPEND |
				    O_CLOEXEC | O_NOFOLLOW, 0600);
	int err;

	if (fd < 0)
		return dv_fail_errno("cannot write %s", path);
	for (size_t i = 0; i < count; i++)
		add_record(&items[i], &text);
	err = file_write_all(fd, text.data, text.len, path);
	return err ? err : file_flush(fd, path);
}

int taken_write(const char *path, const struct listing *l)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < l->count; i++)
		add_record(&l->items[i], &text);
	return file_replace(path, text.data, text.len, NEWFILE_NOSYNC);
}
