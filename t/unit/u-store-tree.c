#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dv/chunk.h"
#include "dv/error.h"

#include "base/auto.h"
#include "chunk/check.h"
#include "chunk/sha256.h"
#include "store/tree.h"

#include "nodes.h"

/* --- made-up directories ----------------------------------------------- */

struct folder {
	struct tree_entry *entries;	/* owned */
	size_t count, room;
	struct arena arena;
};

#define DV_AUTO_FOLDER	__attribute__((cleanup(folder_release)))

static void folder_release(struct folder *f)
{
	free(f->entries);
	arena_release(&f->arena);
}

static struct tree_entry *folder_add(struct folder *f, const char *name,
				     enum entry_type type, uint64_t size)
{
	struct tree_entry *e;

	ARRAY_GROW(f->entries, f->count + 1, f->room);
	e = &f->entries[f->count++];
	*e = (struct tree_entry){ .type = type, .name_len = strlen(name) };
	e->name = arena_copy(&f->arena, name, e->name_len);
	if (type == ENTRY_SYMLINK) {
		e->target = "somewhere/else";
		return e;
	}
	e->content.size = size;
	if (type == ENTRY_DIR)
		e->files = size ? 3 : 0;
	else
		e->content.list = size > DV_CHUNK_MAX;
	if (size || type == ENTRY_DIR)
		sha256(name, e->name_len, &e->content.id);
	return e;
}

/* count entries of every kind, in order, the same for the same count. */
static void folder_fill(struct folder *f, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[64];
		struct tree_entry *e;

		snprintf(name, sizeof(name), "%07zu-%s.dat", i,
			 i % 3 ? "image" : "label");
		e = folder_add(f, name,
			       i % 50 == 7 ? ENTRY_SYMLINK :
			       i % 50 == 9 ? ENTRY_DIR : ENTRY_FILE,
			       i % 20 ? i * 1000 : 0);
		e->executable = e->type == ENTRY_FILE && i % 11 == 0;
	}
}

static void assert_same_entry(const struct tree_entry *a,
			      const struct tree_entry *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->name_len, b->name_len);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->executable, b->executable);
	assert_int_equal(a->content.size, b->content.size);
	assert_int_equal(a->content.list, b->content.list);
	assert_memory_equal(&a->content.id, &b->content.id, DV_ID_SIZE);
	assert_int_equal(a->files, b->files);
	if (a->type == ENTRY_SYMLINK)
		assert_string_equal(a->target, b->target);
}

/* --- tests ------------------------------------------------------------- */

static void directories_of_any_size_come_back(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 100, 128, 129, 1000,
					 3000, 40000 };

	(void)state;
	for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++) {
		DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		struct nodes n = { 0 };
		struct tree_entry dir, *entries;
		uint64_t size = 0, files = 0;
		size_t count;

		folder_fill(&f, counts[k]);
		assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n,
					    &dir), 0);
		assert_int_equal(dir.type, ENTRY_DIR);
		nodes_open(&n, NULL);
		assert_int_equal(tree_read(n.reader, &dir.content.id, &arena,
					   &entries, &count), 0);
		assert_int_equal(count, f.count);
		for (size_t i = 0; i < count; i++) {
			assert_same_entry(&entries[i], &f.entries[i]);
			size += entries[i].content.size;
			files += entries[i].type == ENTRY_DIR ?
				entries[i].files : 1;
		}
		assert_int_equal(dir.content.size, size);
		assert_int_equal(dir.files, files);
		if (counts[k] == 100) {
			corpus_add("tree", "leaf", n.items[0].data,
				   n.items[0].len);
		} else if (counts[k] == 40000) {
			corpus_add("tree", "root", n.items[n.count - 1].data,
				   n.items[n.count - 1].len);
		}
		nodes_release(&n);
	}
}

/* Each node is checked by the decoder, which knows where it must end. */
static void nodes_keep_the_limits(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	struct nodes n = { 0 };
	struct tree_entry dir;
	unsigned highest = 0;

	(void)state;
	folder_fill(&f, 40000);
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	for (size_t i = 0; i < n.count; i++) {
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		struct tree_entry *entries;
		struct tree_child *children;
		unsigned level;
		size_t count;

		assert_int_equal(tree_node_decode(n.items[i].data,
			n.items[i].len, &arena, &level, &entries, &children,
			&count), 0);
		assert_true(count <= 1024);
		assert_true(level < 4);
		assert_true(!level == !children);
		if (level > highest)
			highest = level;
	}
	assert_true(highest >= 1);
	assert_true(n.count > 200 && n.count < 500);
	assert_true(dv_id_equal(&dir.content.id, &n.items[n.count - 1].id));
	nodes_release(&n);
}

static void one_change_changes_one_node_a_level(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	struct nodes a = { 0 }, b = { 0 };
	struct tree_entry dir;
	size_t shared = 0;

	(void)state;
	folder_fill(&f, 20000);
	tree_build(f.entries, f.count, nodes_put, &a, &dir);
	f.entries[10001].content.id.bytes[0] ^= 1;
	tree_build(f.entries, f.count, nodes_put, &b, &dir);
	for (size_t i = 0; i < b.count; i++)
		shared += nodes_find(&a, &b.items[i].id) != NULL;
	assert_int_equal(a.count, b.count);
	assert_true(b.count - shared <= 3);
	nodes_release(&a);
	nodes_release(&b);
}

/* Each node is put once, and all are needed: no root above a root. */
static void no_node_is_made_in_vain(void **state)
{
	(void)state;
	for (size_t count = 0; count < 600; count += 149) {
		DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		struct nodes n = { 0 };
		struct tree_entry dir, *entries;
		size_t all;

		folder_fill(&f, count);
		tree_build(f.entries, f.count, nodes_put, &n, &dir);
		for (size_t i = 0; i < n.count; i++) {
			nodes_open(&n, &n.items[i].id);
			assert_int_equal(tree_read(n.reader, &dir.content.id,
				&arena, &entries, &all), DV_E_NOTFOUND);
			nodes_close(&n);
		}
		nodes_release(&n);
	}
}

static void entries_are_found_by_name(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct nodes n = { 0 };
	struct tree_entry dir, got;

	(void)state;
	folder_fill(&f, 5000);
	tree_build(f.entries, f.count, nodes_put, &n, &dir);
	nodes_open(&n, NULL);
	for (size_t i = 0; i < f.count; i += 3) {
		assert_int_equal(tree_find(n.reader, &dir.content.id,
			f.entries[i].name, &arena, &got), 0);
		assert_same_entry(&got, &f.entries[i]);
	}
	assert_int_equal(tree_find(n.reader, &dir.content.id, "0000003",
				   &arena, &got), DV_E_NOTFOUND);
	assert_int_equal(tree_find(n.reader, &dir.content.id, "", &arena,
				   &got), DV_E_NOTFOUND);
	assert_int_equal(tree_find(n.reader, &dir.content.id, "zzz", &arena,
				   &got), DV_E_NOTFOUND);
	assert_string_equal(dv_error_text(), "no entry 'zzz'");
	nodes_release(&n);
}

static void paths_lead_through_directories(void **state)
{
	DV_AUTO_FOLDER struct folder inner = { .arena = ARENA_INIT };
	DV_AUTO_FOLDER struct folder outer = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct nodes n = { 0 };
	struct tree_entry in, dir, got;

	(void)state;
	folder_add(&inner, "deep", ENTRY_FILE, 5);
	folder_add(&inner, "link", ENTRY_SYMLINK, 0);
	tree_build(inner.entries, inner.count, nodes_put, &n, &in);
	folder_add(&outer, "file", ENTRY_FILE, 7);
	*folder_add(&outer, "sub", ENTRY_DIR, 0) = in;
	outer.entries[1].name = "sub";
	outer.entries[1].name_len = 3;
	tree_build(outer.entries, outer.count, nodes_put, &n, &dir);
	assert_int_equal(dir.files, 3);
	assert_int_equal(dir.content.size, 12);
	nodes_open(&n, NULL);

	assert_int_equal(tree_resolve(n.reader, &dir, "", &arena, &got), 0);
	assert_int_equal(got.type, ENTRY_DIR);
	assert_int_equal(tree_resolve(n.reader, &dir, "sub", &arena, &got), 0);
	assert_true(dv_id_equal(&got.content.id, &in.content.id));
	assert_int_equal(tree_resolve(n.reader, &dir, "sub/link", &arena,
				      &got), 0);
	assert_string_equal(got.target, "somewhere/else");
	assert_int_equal(tree_resolve(n.reader, &dir, "sub/none", &arena,
				      &got), DV_E_NOTFOUND);
	assert_string_equal(dv_error_text(), "no entry 'sub/none'");
	assert_int_equal(tree_resolve(n.reader, &dir, "file/x", &arena, &got),
			 DV_E_NOTFOUND);
	assert_int_equal(tree_resolve(n.reader, &dir, "sub/link/x", &arena,
				      &got), DV_E_NOTFOUND);
	assert_int_equal(tree_resolve(n.reader, &dir, "sub//link", &arena,
				      &got), DV_E_NOTFOUND);
	nodes_release(&n);
}

static int build_one(const struct tree_entry *e, size_t count)
{
	struct nodes n = { 0 };
	struct tree_entry dir;
	int err = tree_build(e, count, nodes_put, &n, &dir);

	nodes_release(&n);
	return err;
}

static void bad_entries_are_not_built(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", ".git",
					     ".GIT" };
	DV_AUTO_FREE char *target = xcalloc(1, ENTRY_TARGET_MAX + 2);
	char name[ENTRY_NAME_MAX + 2];
	struct tree_entry e[2] = {
		{ .name = "a", .name_len = 1, .type = ENTRY_FILE },
		{ .name = "b", .name_len = 1, .type = ENTRY_FILE },
	};

	(void)state;
	assert_int_equal(build_one(e, 2), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct tree_entry bad = e[0];

		bad.name = names[i];
		bad.name_len = strlen(names[i]);
		assert_int_equal(build_one(&bad, 1), DV_E_INVALID);
	}
	e[1].name = "a";
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	assert_string_equal(dv_error_text(), "'a' is out of order");
	e[1].name = "B";
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[0].type = 4;
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	memset(name, 'n', sizeof(name));
	name[ENTRY_NAME_MAX + 1] = '\0';
	e[0] = (struct tree_entry){ .name = name, .type = ENTRY_FILE,
				    .name_len = ENTRY_NAME_MAX + 1 };
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	name[--e[0].name_len] = '\0';
	assert_int_equal(build_one(e, 1), 0);

	e[0] = (struct tree_entry){ .name = "l", .name_len = 1,
				    .type = ENTRY_SYMLINK, .target = "" };
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	memset(target, 't', ENTRY_TARGET_MAX + 1);
	e[0].target = target;
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	target[ENTRY_TARGET_MAX] = '\0';
	assert_int_equal(build_one(e, 1), 0);
	e[0].executable = true;
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
}

static void sizes_that_cannot_be_are_not_built(void **state)
{
	struct tree_entry e[2] = {
		{ .name = "a", .name_len = 1, .type = ENTRY_DIR,
		  .content.size = INT64_MAX, .files = 1 },
		{ .name = "b", .name_len = 1, .type = ENTRY_FILE },
	};

	(void)state;
	assert_int_equal(build_one(e, 2), 0);
	e[1].content.size = 1;
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[1].content.size = 0;
	e[0].files = INT64_MAX;
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[0].files = 0;
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[1].content.list = true;
	assert_int_equal(build_one(e + 1, 1), DV_E_INVALID);
	e[1].content.size = DV_CHUNK_MIN;
	assert_int_equal(build_one(e + 1, 1), DV_E_INVALID);
	e[1].content.size++;
	assert_int_equal(build_one(e + 1, 1), 0);
	e[1].content.list = false;
	e[1].content.size = DV_CHUNK_MAX + 1;
	assert_int_equal(build_one(e + 1, 1), DV_E_INVALID);
}

/* A name whose hash has its last `bits` bits zero. */
static void find_name(char *out, size_t room, uint64_t *seed, int bits)
{
	do
		snprintf(out, room, "%08x", (unsigned)random_next(seed));
	while (check64(out, strlen(out)) & ((UINT64_C(1) << bits) - 1));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->name,
		      ((const struct tree_entry *)b)->name);
}

/*
 * Names chosen to end every node at once make the tree deeper, not endless:
 * levels above the first have two entries at least.
 */
static void names_made_to_end_nodes_do_no_harm(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct nodes n = { 0 };
	struct tree_entry dir, *entries;
	uint64_t seed = 1;
	char name[32];
	size_t count;

	(void)state;
	for (int i = 0; i < 200; i++) {
		find_name(name, sizeof(name), &seed, 14);
		folder_add(&f, name, ENTRY_FILE, 1);
	}
	qsort(f.entries, f.count, sizeof(*f.entries), by_name);
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	/* a leaf for each, a node for two of these, few above */
	assert_true(n.count >= 300 && n.count < 310);
	nodes_open(&n, NULL);
	assert_int_equal(tree_read(n.reader, &dir.content.id, &arena, &entries,
				   &count), 0);
	assert_int_equal(count, 200);
	nodes_release(&n);
	/* one such name alone is one node */
	n = (struct nodes){ 0 };
	assert_int_equal(tree_build(f.entries, 1, nodes_put, &n, &dir), 0);
	assert_int_equal(n.count, 1);
	nodes_release(&n);
}

static void long_names_and_targets_keep_nodes_small(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_FREE char *target = xcalloc(1, ENTRY_TARGET_MAX + 1);
	struct nodes n = { 0 };
	struct tree_entry dir, *entries;
	size_t count;

	(void)state;
	memset(target, 't', ENTRY_TARGET_MAX);
	for (int i = 0; i < 300; i++) {
		char name[ENTRY_NAME_MAX + 1];

		memset(name, 'n', ENTRY_NAME_MAX);
		name[ENTRY_NAME_MAX] = '\0';
		name[0] = i / 26 + 'a';
		name[1] = i % 26 + 'a';
		folder_add(&f, name, ENTRY_SYMLINK, 0)->target = target;
	}
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	for (size_t i = 0; i < n.count; i++)
		assert_true(n.items[i].len < (256 + 72) << 10);
	nodes_open(&n, NULL);
	assert_int_equal(tree_read(n.reader, &dir.content.id, &arena, &entries,
				   &count), 0);
	assert_int_equal(count, 300);
	assert_int_equal(strlen(entries[299].target), ENTRY_TARGET_MAX);
	nodes_release(&n);
}

/* --- hostile nodes ----------------------------------------------------- */

static int decode(const void *data, size_t len)
{
	DV_AUTO_FREE uint8_t *copy = xmalloc(len);
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct tree_entry *entries;
	struct tree_child *children;
	unsigned level;
	size_t count;

	if (len)
		memcpy(copy, data, len);
	return tree_node_decode(copy, len, &arena, &level, &entries,
				&children, &count);
}

/* A node of level 0 or 1 with `count` entries, given as bytes. */
static int decode_entries(unsigned level, uint32_t count, const char *bytes,
			  size_t len)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	buf_add(&b, "DVTR\1\0\0\0", 8);
	buf_add_u8(&b, level);
	buf_add_u32(&b, count);
	buf_add(&b, bytes, len);
	return decode(b.data, b.len);
}

#define LEAF(count, bytes)	decode_entries(0, count, bytes, \
					       sizeof(bytes) - 1)
#define INNER(count, bytes)	decode_entries(1, count, bytes, \
					       sizeof(bytes) - 1)
#define ID	"0123456789abcdef0123456789abcdef"

static void entries_in_another_form_are_refused(void **state)
{
	(void)state;
	assert_int_equal(LEAF(0, ""), 0);
	assert_int_equal(LEAF(1, "\1\0\1a\0"), 0);
	assert_int_equal(LEAF(1, "\x11\0\1a\1" ID), 0);
	assert_int_equal(LEAF(2, "\1\0\2ab\0" "\1\1\1c\0"), 0);
	/* types and flags */
	assert_int_equal(LEAF(1, "\0\0\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\4\0\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\x41\0\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\x21\0\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\x21\0\1a\1" ID), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\x12\0\1a\1t"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\x13\0\1a\0\0" ID), DV_E_CORRUPT);
	/* a prefix shorter than it could be, or longer than there is */
	assert_int_equal(LEAF(2, "\1\0\2ab\0" "\1\0\2ac\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(2, "\1\0\2ab\0" "\1\3\1c\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\1\1a\0"), DV_E_CORRUPT);
	/* order: equal, a prefix of the one before, smaller */
	assert_int_equal(LEAF(2, "\1\0\2ab\0" "\1\2\0\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(2, "\1\0\2ab\0" "\1\1\0\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(2, "\1\0\2ab\0" "\1\1\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(2, "\1\0\2ab\0" "\1\2\1a\0"), 0);
	assert_int_equal(LEAF(2, "\1\0\2a\xff\0" "\1\0\1b\0"), 0);
	assert_int_equal(LEAF(2, "\1\0\1z\0" "\1\0\1\xc3\0"), 0);
	/* names */
	assert_int_equal(LEAF(1, "\1\0\0\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\1.\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\2..\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\3a/b\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\3a\0b\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\4.Git\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\x81\x20"), DV_E_CORRUPT);
}

static void impossible_sizes_are_refused(void **state)
{
	(void)state;
	/* 2^63 - 1 and one more; numbers not in their shortest form */
	assert_int_equal(LEAF(1, "\3\0\1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
			      "\1" ID), 0);
	assert_int_equal(LEAF(1, "\3\0\1a\x80\x80\x80\x80\x80\x80\x80\x80\x80"
			      "\1\1" ID), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\1a\x80\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\x81\0a\0"), DV_E_CORRUPT);
	/* together more than that */
	assert_int_equal(LEAF(2, "\3\0\1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
			      "\1" ID "\1\0\1b\1" ID), DV_E_CORRUPT);
	/* a chunk of more than 256 KiB, bytes in no file */
	assert_int_equal(LEAF(1, "\1\0\1a\x80\x80\x10" ID), 0);
	assert_int_equal(LEAF(1, "\1\0\1a\x81\x80\x10" ID), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\x21\0\1a\x81\x80\x10" ID), 0);
	assert_int_equal(LEAF(1, "\3\0\1a\1\0" ID), DV_E_CORRUPT);
	/* targets */
	assert_int_equal(LEAF(1, "\2\0\1a\1t"), 0);
	assert_int_equal(LEAF(1, "\2\0\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\2\0\1a\2t\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\2\0\1a\5t"), DV_E_CORRUPT);
	/* counts beyond the bytes there, bytes beyond the count */
	assert_int_equal(LEAF(2, "\1\0\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(0xffffffff, "\1\0\1a\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(1, "\1\0\1a\0\0"), DV_E_CORRUPT);
	assert_int_equal(LEAF(0, "\0"), DV_E_CORRUPT);
	/* inner nodes */
	assert_int_equal(INNER(1, "\0\0\1a\5" ID), 0);
	assert_int_equal(INNER(0, ""), DV_E_CORRUPT);
	assert_int_equal(INNER(1, "\1\0\1a\5" ID), DV_E_CORRUPT);
	assert_int_equal(INNER(1, "\0\0\1a\0" ID), DV_E_CORRUPT);
	assert_int_equal(INNER(2, "\0\0\1a\5" ID "\0\0\1a\5" ID),
			 DV_E_CORRUPT);
	assert_int_equal(decode_entries(16, 0, "", 0), DV_E_CORRUPT);
}

static void a_node_that_should_have_ended_is_refused(void **state)
{
	uint64_t seed = 5;
	DV_AUTO_BUF struct buf b = BUF_INIT;
	char name[32];

	(void)state;
	find_name(name, sizeof(name), &seed, 7);
	buf_add(&b, "\1\0", 2);
	buf_add_varint(&b, strlen(name));
	buf_addstr(&b, name);
	buf_add_u8(&b, 0);
	assert_int_equal(decode_entries(0, 1, b.data, b.len), 0);
	buf_add(&b, "\1\0\1z\0", 5);
	assert_int_equal(decode_entries(0, 2, b.data, b.len), DV_E_CORRUPT);
}

static void a_node_cut_off_anywhere_is_refused(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	struct nodes n = { 0 };
	struct tree_entry dir;

	(void)state;
	folder_fill(&f, 100);
	tree_build(f.entries, f.count, nodes_put, &n, &dir);
	for (size_t len = 0; len < n.items[0].len; len++)
		assert_int_equal(decode(n.items[0].data, len), DV_E_CORRUPT);
	((uint8_t *)n.items[0].data)[4] = 2;
	assert_int_equal(decode(n.items[0].data, n.items[0].len),
			 DV_E_UNSUPPORTED);
	nodes_release(&n);
}

static struct dv_id forge(struct nodes *n, unsigned level, uint32_t count,
			  const void *bytes, size_t len)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct object o;

	buf_add(&b, "DVTR\1\0\0\0", 8);
	buf_add_u8(&b, level);
	buf_add_u32(&b, count);
	buf_add(&b, bytes, len);
	o = (struct object){ .data = (uint8_t *)b.data, .len = b.len };
	sha256(b.data, b.len, &o.id);
	nodes_put(n, &o);
	return o.id;
}

/* A root over two leaves: what it says of them, and what they are. */
static int read_forged(unsigned level, const char *first_last,
		       uint8_t first_count, const char *first,
		       size_t first_len, uint32_t roots)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct nodes n = { 0 };
	struct dv_id a = forge(&n, 0, 2, first, first_len), root;
	struct dv_id z = forge(&n, 0, 1, "\1\0\1z\0", 5);
	struct tree_entry *entries, got;
	size_t count;
	int err, found;

	buf_add(&b, "\0\0", 2);
	buf_add_varint(&b, strlen(first_last));
	buf_addstr(&b, first_last);
	buf_add_u8(&b, first_count);
	buf_add(&b, a.bytes, 32);
	if (roots > 1) {
		buf_add(&b, "\0\0\1z\1", 5);
		buf_add(&b, z.bytes, 32);
	}
	root = forge(&n, level, roots, b.data, b.len);
	nodes_open(&n, NULL);
	err = tree_read(n.reader, &root, &arena, &entries, &count);
	found = tree_find(n.reader, &root, "b", &arena, &got);
	if (err)
		assert_true(found);
	nodes_release(&n);
	return err;
}

static void lies_about_what_is_below_are_found(void **state)
{
	static const char ab[] = "\1\0\1a\0" "\1\0\1b\0";
	static const char yz[] = "\1\0\1y\0" "\1\0\1z\0";

	(void)state;
	assert_int_equal(read_forged(1, "b", 2, ab, 10, 2), 0);
	assert_int_equal(read_forged(1, "b", 3, ab, 10, 2), DV_E_CORRUPT);
	assert_int_equal(read_forged(1, "c", 2, ab, 10, 2), DV_E_CORRUPT);
	assert_int_equal(read_forged(2, "b", 2, ab, 10, 2), DV_E_CORRUPT);
	assert_int_equal(read_forged(1, "b", 2, ab, 10, 1), DV_E_CORRUPT);
	assert_int_equal(read_forged(1, "b", 2, yz, 10, 2), DV_E_CORRUPT);
}

/* Leaves that are in order by themselves but not together. */
static void leaves_out_of_order_are_refused(void **state)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct nodes n = { 0 };
	struct dv_id first = forge(&n, 0, 1, "\1\0\1m\0", 5), root;
	struct dv_id second = forge(&n, 0, 2, "\1\0\1a\0" "\1\0\1z\0", 10);
	struct tree_entry *entries;
	size_t count;

	(void)state;
	buf_add(&b, "\0\0\1m\1", 5);
	buf_add(&b, first.bytes, 32);
	buf_add(&b, "\0\0\1z\2", 5);
	buf_add(&b, second.bytes, 32);
	root = forge(&n, 1, 2, b.data, b.len);
	nodes_open(&n, NULL);
	assert_int_equal(tree_read(n.reader, &root, &arena, &entries, &count),
			 DV_E_CORRUPT);
	nodes_release(&n);
}

/* --- file nodes -------------------------------------------------------- */

static void file_nodes_come_back(void **state)
{
	struct content in[] = { { .size = 0 }, { .size = 5 },
				{ .size = INT64_MAX, .list = true } };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		DV_AUTO_BUF struct buf b = BUF_INIT;
		struct content c = in[i / 2], got;
		struct dv_id id, expect;
		bool executable;

		if (c.size)
			random_fill(c.id.bytes, 32, i);
		buf_addstr(&b, "what was there before");
		assert_int_equal(file_node_encode(&c, i % 2, &b, &id), 0);
		assert_int_equal(b.len, 49);
		sha256(b.data, b.len, &expect);
		assert_true(dv_id_equal(&id, &expect));
		assert_int_equal(file_node_decode((uint8_t *)b.data, b.len,
						  &got, &executable), 0);
		assert_int_equal(executable, i % 2);
		assert_int_equal(got.size, c.size);
		assert_int_equal(got.list, c.list);
		assert_true(dv_id_equal(&got.id, &c.id));
		corpus_add("filenode", i ? "file" : "empty", b.data, b.len);
		for (size_t len = 0; len < b.len; len++)
			assert_int_equal(file_node_decode((uint8_t *)b.data,
				len, &got, &executable), DV_E_CORRUPT);
	}
}

static void bad_file_nodes_are_refused(void **state)
{
	static const struct {
		int code;
		size_t at;
		uint8_t value;
	} bad[] = {
		{ DV_E_CORRUPT, 0, 'X' }, { DV_E_UNSUPPORTED, 4, 2 },
		{ DV_E_UNSUPPORTED, 7, 1 }, { DV_E_CORRUPT, 8, 4 },
		{ DV_E_CORRUPT, 8, 2 }, { DV_E_CORRUPT, 16, 0x80 },
		{ DV_E_CORRUPT, 12, 1 }, { DV_E_CORRUPT, 9, 0 },
	};
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct content c = { .size = 5, .id.bytes = { 1 } }, got;
	struct dv_id id;
	bool executable;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(file_node_encode(&c, false, &b, &id), 0);
		b.data[bad[i].at] = bad[i].value;
		assert_int_equal(file_node_decode((uint8_t *)b.data, b.len,
			&got, &executable), bad[i].code);
	}
	c.size = 0;
	assert_int_equal(file_node_encode(&c, false, &b, &id), DV_E_INVALID);
	c.size = DV_CHUNK_MAX + 1;
	assert_int_equal(file_node_encode(&c, false, &b, &id), DV_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_of_any_size_come_back),
		cmocka_unit_test(nodes_keep_the_limits),
		cmocka_unit_test(one_change_changes_one_node_a_level),
		cmocka_unit_test(no_node_is_made_in_vain),
		cmocka_unit_test(entries_are_found_by_name),
		cmocka_unit_test(paths_lead_through_directories),
		cmocka_unit_test(bad_entries_are_not_built),
		cmocka_unit_test(sizes_that_cannot_be_are_not_built),
		cmocka_unit_test(names_made_to_end_nodes_do_no_harm),
		cmocka_unit_test(long_names_and_targets_keep_nodes_small),
		cmocka_unit_test(entries_in_another_form_are_refused),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(a_node_that_should_have_ended_is_refused),
		cmocka_unit_test(a_node_cut_off_anywhere_is_refused),
		cmocka_unit_test(lies_about_what_is_below_are_found),
		cmocka_unit_test(leaves_out_of_order_are_refused),
		cmocka_unit_test(file_nodes_come_back),
		cmocka_unit_test(bad_file_nodes_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
