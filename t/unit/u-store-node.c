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
#include "chunk/sha256.h"
#include "store/tree.h"

#include "folder.h"
#include "nodes.h"

/*
 * Tree and file nodes as a stranger might write them.
 */
static int decode(const void *data, size_t len)
{
	DV_AUTO_FREE uint8_t *copy = xmalloc(len);
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct tree_node n;

	if (len)
		memcpy(copy, data, len);
	return tree_node_decode(copy, len, &arena, &n);
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
		assert_int_not_equal(found, 1);
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
