#ifndef UNIT_NODES_H
#define UNIT_NODES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "store/list.h"
#include "store/store.h"

#include "data.h"

/*
 * Nodes as a builder gives them, kept in memory; nodes_open() puts them
 * into a store of their own, to be read from there.
 */
struct nodes {
	struct object *items;	/* owned, their data too */
	size_t count, room;
	int fail_at;		/* the put that fails, from 1; 0: none */

	char folder[64];
	struct store *store;
	struct store_reader *reader;
};

static inline int nodes_put(void *data, const struct object *node)
{
	struct nodes *n = data;
	struct object copy = *node;
	uint8_t *bytes = xmalloc(node->len);

	if (n->fail_at && --n->fail_at == 0) {
		free(bytes);
		return -99;
	}
	memcpy(bytes, node->data, node->len);
	copy.data = bytes;
	ARRAY_GROW(n->items, n->count + 1, n->room);
	n->items[n->count++] = copy;
	return 0;
}

static inline struct object *nodes_find(struct nodes *n,
					const struct dv_id *id)
{
	for (size_t i = 0; i < n->count; i++)
		if (dv_id_equal(&n->items[i].id, id))
			return &n->items[i];
	return NULL;
}

/* All nodes but `without` (NULL: all) go into a new store. */
static inline void nodes_open(struct nodes *n, const struct dv_id *without)
{
	struct session *session;
	struct session_hand *hand;
	int err;

	strcpy(n->folder, "/tmp/dv-unit.XXXXXX");
	if (!mkdtemp(n->folder))
		abort();
	err = store_open(n->folder, STORE_CREATE, &n->store);
	if (!err)
		err = session_open(n->store, &session);
	if (err)
		abort();
	hand = session_hand_new(session);
	for (size_t i = 0; i < n->count; i++)
		if ((!without || !dv_id_equal(&n->items[i].id, without)) &&
		    session_claim(session, OBJECT_META, &n->items[i].id) &&
		    session_put(hand, OBJECT_META, &n->items[i], 1))
			abort();
	if (session_hand_flush(hand))
		abort();
	session_hand_free(hand);
	if (session_finish(session))
		abort();
	session_free(session);
	n->reader = store_reader_new(n->store);
}

static inline void nodes_close(struct nodes *n)
{
	store_reader_free(n->reader);
	store_close(n->store);
	dir_remove(n->folder);
	n->reader = NULL;
	n->store = NULL;
}

static inline void nodes_release(struct nodes *n)
{
	if (n->store)
		nodes_close(n);
	for (size_t i = 0; i < n->count; i++)
		free((void *)n->items[i].data);
	free(n->items);
}

#endif
