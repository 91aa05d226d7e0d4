/*
 * A directory that unfolds: each one has two entries, and both name the one
 * below.  40 levels are 41 nodes and 2^40 paths.
 *
 *	tree-bomb <store> <levels> honest|empty|lies
 *
 * puts the nodes into the store and prints the pointer.
 *
 *	honest	one file at the bottom, all sizes and numbers as they are
 *	empty	an empty directory at the bottom
 *	lies	one file at the bottom, of which no directory knows
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/error.h"
#include "dv/pointer.h"

#include "chunk/sha256.h"
#include "store/store.h"
#include "store/tree.h"

static struct session *session;

static int put(enum object_class class, const struct object *o,
	       struct session_hand *hand)
{
	if (!session_claim(session, class, &o->id))
		return 0;
	return session_put(hand, class, o, 1);
}

static int put_node(void *data, const struct object *node)
{
	return put(OBJECT_META, node, data);
}

/* The only file: one byte. */
static int bottom(struct session_hand *hand, struct tree_entry *out)
{
	struct object chunk = { .data = (const uint8_t *)"x", .len = 1 };
	struct tree_entry file = {
		.name = "f", .name_len = 1, .type = ENTRY_FILE,
	};
	int err;

	sha256("x", 1, &chunk.id);
	file.content = (struct content){ chunk.id, 1, false };
	err = put(OBJECT_DATA, &chunk, hand);
	return err ? err : tree_build(&file, 1, put_node, hand, out);
}

static int level_above(struct session_hand *hand, struct tree_entry *dir)
{
	struct tree_entry two[2] = { *dir, *dir };

	two[0].name = "a";
	two[1].name = "b";
	two[0].name_len = two[1].name_len = 1;
	return tree_build(two, 2, put_node, hand, dir);
}

static int build(int levels, const char *kind, struct tree_entry *dir)
{
	struct session_hand *hand = session_hand_new(session);
	int err = strcmp(kind, "empty") ? bottom(hand, dir) :
		tree_build(NULL, 0, put_node, hand, dir);

	for (int i = 0; i < levels && !err; i++) {
		if (!strcmp(kind, "lies"))
			dir->files = dir->content.size = 0;
		err = level_above(hand, dir);
	}
	if (!err)
		err = session_hand_flush(hand);
	session_hand_free(hand);
	return err ? err : session_finish(session);
}

static int print_pointer(const struct tree_entry *dir)
{
	const struct dv_pointer p = {
		.kind = DV_KIND_TREE, .id = dir->content.id,
		.size = dir->content.size, .files = dir->files,
	};
	size_t len;
	char *text = dv_pointer_format(&p, &len);
	int ok = fwrite(text, 1, len, stdout) == len;

	free(text);
	return ok && !fflush(stdout) ? 0 : DV_E_IO;
}

int main(int argc, char **argv)
{
	struct tree_entry dir;
	struct store *store;
	int err;

	if (argc != 4)
		return 129;
	err = store_open(argv[1], 0, &store);
	if (!err)
		err = session_open(store, &session);
	if (!err)
		err = build(atoi(argv[2]), argv[3], &dir);
	if (!err)
		err = print_pointer(&dir);
	if (err)
		fprintf(stderr, "tree-bomb: %s\n", dv_error_text());
	session_free(session);
	store_close(store);
	return err != 0;
}
