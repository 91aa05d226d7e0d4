#include "store/list.h"

#include <stdlib.h>
#include <string.h>

#include "dv/chunk.h"

#include "base/array.h"
#include "base/error.h"
#include "base/map.h"

struct entry {
	struct dv_id id;
	uint64_t bytes, chunks;
};

/* The node of one level on the way to the next chunk. */
struct level {
	struct entry *entries;	/* owned */
	size_t count, room;
	size_t next;		/* entry to go to next */
};

struct list_walk {
	struct store_reader *reader;
	struct content content;
	uint64_t offset;	/* of the next chunk */
	unsigned levels;	/* 0: nothing to walk */
	struct level level[NODE_DEPTH_MAX];
	bool once;
	struct id_map seen;	/* if so: nodes entered; their bytes */
};

static int keep_entry(void *data, const struct dv_id *id, uint64_t bytes,
		      uint64_t chunks)
{
	struct level *l = data;

	ARRAY_GROW(l->entries, l->count + 1, l->room);
	l->entries[l->count++] = (struct entry){ *id, bytes, chunks };
	return 0;
}

/* Decodes twice: a root's level is not known before. */
static int find_level(const uint8_t *data, size_t len, unsigned *level)
{
	return list_node_decode(data, len, level, NULL, NULL);
}

static uint64_t bytes_of(const struct level *l)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->count; i++)
		sum += l->entries[i].bytes;
	return sum;
}

static uint64_t chunks_of(const struct level *l)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->count; i++)
		sum += l->entries[i].chunks;
	return sum;
}

/* Reads the node of an entry into w->level[n]. */
static int enter_node(struct list_walk *w, unsigned n,
		      const struct entry *entry)
{
	struct level *l = &w->level[n];
	const uint8_t *data;
	unsigned level;
	uint32_t len;
	int err;

	err = store_read(w->reader, OBJECT_META, &entry->id, &data, &len);
	if (err)
		return err;
	l->count = l->next = 0;
	err = list_node_decode(data, len, &level, keep_entry, l);
	if (!err && level != n)
		err = dv_fail(DV_E_CORRUPT, "list node: at a wrong level");
	if (!err && (bytes_of(l) != entry->bytes ||
		     chunks_of(l) != entry->chunks))
		err = dv_fail(DV_E_CORRUPT, "list node: sizes do not add up");
	if (err)
		l->count = 0;
	return err;
}

static int enter_root(struct list_walk *w)
{
	const struct content *c = &w->content;
	struct level *l;
	const uint8_t *data;
	unsigned level;
	uint32_t len;
	int err;

	err = store_read(w->reader, OBJECT_META, &c->id, &data, &len);
	if (!err)
		err = find_level(data, len, &level);
	if (err)
		return err;
	l = &w->level[level];
	list_node_decode(data, len, &level, keep_entry, l);
	w->levels = level + 1;
	if (l->count < 2)
		return dv_fail(DV_E_CORRUPT, "list node: a needless root");
	if (bytes_of(l) != c->size)
		return dv_fail(DV_E_CORRUPT,
			       "list node: sizes do not add up");
	if (chunks_of(l) > LIST_CHUNKS_FREE &&
	    c->size / chunks_of(l) < LIST_CHUNK_MEAN)
		return dv_fail(DV_E_CORRUPT, "list node: %llu chunks for "
			       "%llu bytes", (unsigned long long)chunks_of(l),
			       (unsigned long long)c->size);
	return 0;
}

/* Passes over what ends at or before `offset`. */
static int seek(struct list_walk *w, uint64_t offset)
{
	for (unsigned n = w->levels; n-- > 0;) {
		struct level *l = &w->level[n];
		int err;

		/* offset < size, so that this ends */
		while (l->entries[l->next].bytes <= offset - w->offset)
			w->offset += l->entries[l->next++].bytes;
		if (!n)
			break;
		err = enter_node(w, n - 1, &l->entries[l->next++]);
		if (err)
			return err;
	}
	return 0;
}

int list_walk_open(struct store_reader *r, const struct content *c,
		   uint64_t offset, struct list_walk **out)
{
	struct list_walk *w = xcalloc(1, sizeof(*w));
	int err = 0;

	w->reader = r;
	w->content = *c;
	if (offset >= c->size) {
		w->offset = c->size;
	} else if (!c->list) {
		w->levels = 1;
		keep_entry(&w->level[0], &c->id, c->size, 1);
		if (c->size > DV_CHUNK_MAX)
			err = dv_fail(DV_E_CORRUPT,
				      "a chunk of more than %u bytes",
				      DV_CHUNK_MAX);
	} else {
		err = enter_root(w);
		if (!err)
			err = seek(w, offset);
	}
	if (err) {
		list_walk_close(w);
		w = NULL;
	}
	*out = w;
	return err;
}

void list_walk_once(struct list_walk *w)
{
	w->once = true;
}

/*
 * True when the node was entered before, and then as one of so many bytes; its
 * level and its chunks go with its id.
 */
static bool pass_over(struct list_walk *w, const struct entry *entry)
{
	uint64_t *bytes;
	bool added;

	if (!w->once)
		return false;
	bytes = id_map_put(&w->seen, &entry->id, entry->bytes, &added);
	return !added && *bytes == entry->bytes;
}

/* The lowest level that has an entry left, or w->levels. */
static unsigned level_left(const struct list_walk *w)
{
	unsigned n = 0;

	while (n < w->levels && w->level[n].next == w->level[n].count)
		n++;
	return n;
}

int list_walk_next(struct list_walk *w, struct dv_id *id, uint64_t *offset,
		   uint32_t *len)
{
	const struct entry *entry;
	unsigned n;

	while ((n = level_left(w)) && n < w->levels) {
		struct level *l = &w->level[n];
		int err = 0;

		entry = &l->entries[l->next];
		if (pass_over(w, entry))
			w->offset += entry->bytes;
		else
			err = enter_node(w, n - 1, entry);
		if (err)
			return err;
		l->next++;
	}
	if (n == w->levels)
		return 0;
	entry = &w->level[0].entries[w->level[0].next++];
	*id = entry->id;
	*offset = w->offset;
	*len = entry->bytes;
	w->offset += entry->bytes;
	return 1;
}

void list_walk_close(struct list_walk *w)
{
	if (!w)
		return;
	for (int i = 0; i < NODE_DEPTH_MAX; i++)
		free(w->level[i].entries);
	id_map_release(&w->seen);
	free(w);
}
