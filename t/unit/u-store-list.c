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
#include "chunk/stream.h"
#include "store/list.h"

#include "nodes.h"

/* Chunk i of a made-up file. */
struct made {
	struct dv_id id;
	uint32_t len;
};

static struct made made_chunk(uint64_t seed)
{
	struct made m;

	random_fill(m.id.bytes, DV_ID_SIZE, seed);
	m.len = DV_CHUNK_MIN + seed % 100000;
	return m;
}

static struct content build(struct nodes *n, uint64_t from, uint64_t to)
{
	struct list_builder *b = list_builder_new(nodes_put, n);
	struct content c;

	for (uint64_t i = from; i < to; i++) {
		struct made m = made_chunk(i);

		assert_int_equal(list_builder_add(b, &m.id, m.len), 0);
	}
	assert_int_equal(list_builder_finish(b, &c), 0);
	return c;
}

static void no_chunks_and_one_chunk_need_no_list(void **state)
{
	static const struct dv_id zeros;
	struct nodes n = { 0 };
	struct made m = made_chunk(7);
	struct content c;

	(void)state;
	c = build(&n, 0, 0);
	assert_int_equal(c.size, 0);
	assert_false(c.list);
	assert_true(dv_id_equal(&c.id, &zeros));
	c = build(&n, 7, 8);
	assert_int_equal(c.size, m.len);
	assert_false(c.list);
	assert_true(dv_id_equal(&c.id, &m.id));
	assert_int_equal(n.count, 0);
}

struct tally {
	uint64_t bytes, chunks, entries;
	bool ended;		/* an entry that ends a node was seen */
};

static int tally_entry(void *data, const struct dv_id *id, uint64_t bytes,
		       uint64_t chunks)
{
	struct tally *t = data;

	assert_false(t->ended);
	t->bytes += bytes;
	t->chunks += chunks;
	t->entries++;
	t->ended = t->entries == 512 ||
		   (t->entries >= 16 && id->bytes[31] % 128 == 0);
	return 0;
}

static void nodes_end_where_the_format_says(void **state)
{
	struct nodes n = { 0 };
	struct content c = build(&n, 0, 60000);
	uint64_t leaf_chunks = 0, last_of_level[4] = { 0 };

	(void)state;
	assert_true(c.list);
	assert_true(n.count > 200);
	for (size_t i = 0; i < n.count; i++) {
		struct tally t = { 0 };
		struct dv_id id;
		unsigned level;

		sha256(n.items[i].data, n.items[i].len, &id);
		assert_true(dv_id_equal(&id, &n.items[i].id));
		assert_int_equal(list_node_decode(n.items[i].data,
			n.items[i].len, &level, tally_entry, &t), 0);
		assert_true(level < 4);
		if (!level)
			leaf_chunks += t.chunks;
		/* only the last of a level may end without a reason */
		assert_int_equal(last_of_level[level], 0);
		last_of_level[level] = !t.ended;
		if (i + 1 == n.count) {
			assert_int_equal(t.bytes, c.size);
			assert_int_equal(t.chunks, 60000);
			assert_true(t.entries > 1);
			assert_true(dv_id_equal(&id, &c.id));
		}
	}
	assert_int_equal(leaf_chunks, 60000);
	corpus_add("list", "leaf", n.items[0].data, n.items[0].len);
	corpus_add("list", "root", n.items[n.count - 1].data,
		   n.items[n.count - 1].len);
	nodes_release(&n);
}

static void an_edit_changes_few_nodes(void **state)
{
	struct nodes a = { 0 }, b = { 0 };
	struct list_builder *builder = list_builder_new(nodes_put, &b);
	struct content before = build(&a, 0, 30000), after;
	size_t shared = 0;

	(void)state;
	for (uint64_t i = 0; i < 30000; i++) {
		/* one chunk more in the middle */
		struct made m = made_chunk(i), extra = made_chunk(1000000);

		if (i == 15000)
			list_builder_add(builder, &extra.id, extra.len);
		list_builder_add(builder, &m.id, m.len);
	}
	assert_int_equal(list_builder_finish(builder, &after), 0);
	assert_false(dv_id_equal(&before.id, &after.id));
	for (size_t i = 0; i < b.count; i++)
		shared += nodes_find(&a, &b.items[i].id) != NULL;
	assert_true(b.count > 100);
	assert_true(b.count - shared <= 6);
	nodes_release(&a);
	nodes_release(&b);
}

/* Every small number of chunks, so that each way a level can end comes. */
static void walks_give_back_what_was_built(void **state)
{
	static const uint64_t counts[] = { 0, 1, 2, 15, 16, 17, 128, 511, 512,
					   513, 2000, 40000 };

	(void)state;
	for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++) {
		struct nodes n = { 0 };
		struct content c = build(&n, 5, 5 + counts[k]);
		struct list_walk *w;
		struct dv_id id;
		uint64_t offset, at = 0;
		uint32_t len;

		nodes_open(&n, NULL);
		assert_int_equal(list_walk_open(n.reader, &c, 0, &w), 0);
		for (uint64_t i = 5; i < 5 + counts[k]; i++) {
			struct made m = made_chunk(i);

			assert_int_equal(list_walk_next(w, &id, &offset, &len),
					 1);
			assert_true(dv_id_equal(&id, &m.id));
			assert_int_equal(offset, at);
			assert_int_equal(len, m.len);
			at += len;
		}
		assert_int_equal(list_walk_next(w, &id, &offset, &len), 0);
		assert_int_equal(list_walk_next(w, &id, &offset, &len), 0);
		list_walk_close(w);
		nodes_release(&n);
	}
}

static void walks_begin_at_any_offset(void **state)
{
	const uint64_t count = 20000;
	struct nodes n = { 0 };
	struct content c = build(&n, 0, count);
	uint64_t at = 0;

	(void)state;
	nodes_open(&n, NULL);
	for (uint64_t i = 0; i < count; i++) {
		struct made m = made_chunk(i);

		for (int edge = 0; i % 97 == 0 && edge < 3; edge++) {
			uint64_t from = edge == 0 ? at : edge == 1 ?
				at + m.len / 2 : at + m.len - 1, offset;
			struct list_walk *w;
			struct dv_id id;
			uint32_t len;

			assert_int_equal(list_walk_open(n.reader, &c, from,
							&w), 0);
			assert_int_equal(list_walk_next(w, &id, &offset, &len),
					 1);
			assert_int_equal(offset, at);
			assert_true(dv_id_equal(&id, &m.id));
			list_walk_close(w);
		}
		at += m.len;
	}
	for (uint64_t past = 0; past < 3; past++) {
		struct list_walk *w;
		struct dv_id id;
		uint64_t offset;
		uint32_t len;

		assert_int_equal(list_walk_open(n.reader, &c, c.size + past,
						&w), 0);
		assert_int_equal(list_walk_next(w, &id, &offset, &len), 0);
		list_walk_close(w);
	}
	nodes_release(&n);
}

static int walk_all(struct nodes *n, const struct content *c)
{
	struct list_walk *w;
	struct dv_id id;
	uint64_t offset;
	uint32_t len;
	int err = list_walk_open(n->reader, c, 0, &w);

	if (err) {
		assert_null(w);
		return err;
	}
	while ((err = list_walk_next(w, &id, &offset, &len)) > 0)
		;
	list_walk_close(w);
	return err;
}

static void a_missing_node_is_not_found(void **state)
{
	struct nodes n = { 0 };
	struct content c = build(&n, 0, 3000);

	(void)state;
	for (size_t i = 0; i < n.count; i++) {
		nodes_open(&n, &n.items[i].id);
		assert_int_equal(walk_all(&n, &c), DV_E_NOTFOUND);
		nodes_close(&n);
	}
	nodes_release(&n);
}

/* A list node of given entries, not checked by anybody. */
static struct object forge(struct nodes *n, unsigned level,
			   const uint64_t *numbers, const struct dv_id *ids,
			   size_t count)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct object o;

	buf_add(&b, "DVLS\1\0\0\0", 8);
	buf_add_u8(&b, level);
	buf_add_u32(&b, count);
	for (size_t i = 0; i < count; i++) {
		buf_add_varint(&b, numbers[2 * i]);
		if (level)
			buf_add_varint(&b, numbers[2 * i + 1]);
		buf_add(&b, ids[i].bytes, DV_ID_SIZE);
	}
	o = (struct object){ .data = (uint8_t *)b.data, .len = b.len };
	sha256(b.data, b.len, &o.id);
	nodes_put(n, &o);
	return n->items[n->count - 1];
}

static int decode(const struct object *o)
{
	unsigned level;

	return list_node_decode(o->data, o->len, &level, NULL, NULL);
}

static void lies_about_what_is_below_are_found(void **state)
{
	struct nodes n = { 0 };
	struct dv_id ids[2];
	uint64_t small[] = { 20000, 1, 30000, 1 };
	uint64_t good[] = { 50000, 2, 50000, 2 };
	uint64_t bytes[] = { 50000, 2, 50001, 2 };
	uint64_t chunks[] = { 50000, 3, 50000, 2 };
	struct object leaf, root;
	struct content c = { .list = true, .size = 100000 };

	(void)state;
	random_fill(ids[0].bytes, 32, 1);
	random_fill(ids[1].bytes, 32, 2);
	leaf = forge(&n, 0, small, ids, 2);
	ids[0] = ids[1] = leaf.id;
	c.id = forge(&n, 1, good, ids, 2).id;
	nodes_open(&n, NULL);
	assert_int_equal(walk_all(&n, &c), 0);
	c.size++;
	assert_int_equal(walk_all(&n, &c), DV_E_CORRUPT);
	nodes_close(&n);

	root = forge(&n, 1, bytes, ids, 2);
	c = (struct content){ root.id, 100001, true };
	nodes_open(&n, NULL);
	assert_int_equal(walk_all(&n, &c), DV_E_CORRUPT);
	nodes_close(&n);

	root = forge(&n, 1, chunks, ids, 2);
	c = (struct content){ root.id, 100000, true };
	nodes_open(&n, NULL);
	assert_int_equal(walk_all(&n, &c), DV_E_CORRUPT);
	nodes_close(&n);

	/* a level left out */
	root = forge(&n, 2, good, ids, 2);
	c = (struct content){ root.id, 100000, true };
	nodes_open(&n, NULL);
	assert_int_equal(walk_all(&n, &c), DV_E_CORRUPT);
	nodes_close(&n);

	/* a root with one entry */
	root = forge(&n, 1, good, ids, 1);
	c = (struct content){ root.id, 50000, true };
	nodes_open(&n, NULL);
	assert_int_equal(walk_all(&n, &c), DV_E_CORRUPT);
	nodes_release(&n);
}

/*
 * `levels` above a leaf, each with 512 entries that all name the one below: so
 * many chunks, all of them the same one.
 */
static struct content repeated(struct nodes *n, unsigned levels, uint32_t len,
			       struct dv_id *chunk)
{
	struct dv_id ids[512];
	uint64_t numbers[1024], bytes = len, chunks = 1;
	struct object o = { .len = 0 };

	random_fill(chunk->bytes, DV_ID_SIZE, 4);
	chunk->bytes[DV_ID_SIZE - 1] |= 1;
	ids[0] = *chunk;
	for (unsigned level = 0; level <= levels; level++) {
		for (int i = 0; i < 512; i++) {
			ids[i] = ids[0];
			numbers[2 * i] = bytes;
			numbers[2 * i + 1] = chunks;
		}
		o = forge(n, level, numbers, ids, 512);
		bytes *= 512;
		chunks *= 512;
		ids[0] = o.id;
	}
	return (struct content){ o.id, bytes, true };
}

static void one_chunk_a_billion_times_takes_no_time_to_look_up(void **state)
{
	struct nodes n = { 0 };
	struct dv_id chunk, id;
	struct content c = repeated(&n, 3, DV_CHUNK_MAX, &chunk);
	struct list_walk *w;
	uint64_t offset, last = 0, steps = 0;
	uint32_t len;
	int err;

	(void)state;
	nodes_open(&n, NULL);
	assert_int_equal(list_walk_open(n.reader, &c, 0, &w), 0);
	list_walk_once(w);
	while ((err = list_walk_next(w, &id, &offset, &len)) == 1) {
		assert_true(dv_id_equal(&id, &chunk));
		last = offset;
		steps++;
	}
	assert_int_equal(err, 0);
	/* the first leaf is entered before that is known */
	assert_in_range(steps, 512, 1024);
	assert_true(last < 1024 * (uint64_t)DV_CHUNK_MAX);
	list_walk_close(w);
	nodes_release(&n);
}

static void many_chunks_of_next_to_no_bytes_are_refused(void **state)
{
	struct nodes n = { 0 };
	struct dv_id chunk;
	struct content c = repeated(&n, 3, 1, &chunk);

	(void)state;
	nodes_open(&n, NULL);
	assert_int_equal(walk_all(&n, &c), DV_E_CORRUPT);
	nodes_release(&n);
	/* a few of them may be what they like */
	n = (struct nodes){ 0 };
	c = repeated(&n, 1, 1, &chunk);
	nodes_open(&n, NULL);
	assert_int_equal(c.size, LIST_CHUNKS_FREE);
	assert_int_equal(walk_all(&n, &c), 0);
	nodes_release(&n);
}

static void bad_nodes_are_refused(void **state)
{
	struct nodes n = { 0 };
	struct dv_id ids[600];
	uint64_t numbers[1200];
	struct object good, o;
	uint8_t *bytes;

	(void)state;
	random_fill((uint8_t *)ids, sizeof(ids), 3);
	for (int i = 0; i < 600; i++) {
		ids[i].bytes[31] |= 1;
		numbers[2 * i] = 20000;
		numbers[2 * i + 1] = 1;
	}
	good = forge(&n, 0, numbers, ids, 512);
	assert_int_equal(decode(&good), 0);
	o = forge(&n, 0, numbers, ids, 513);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	o = forge(&n, 0, numbers, ids, 0);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	o = forge(&n, 16, numbers, ids, 2);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	/* an entry where it should have ended, and one too early for that */
	ids[14].bytes[31] = 0;
	o = forge(&n, 0, numbers, ids, 100);
	assert_int_equal(decode(&o), 0);
	ids[15].bytes[31] = 0x80;
	o = forge(&n, 0, numbers, ids, 16);
	assert_int_equal(decode(&o), 0);
	o = forge(&n, 0, numbers, ids, 17);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	/* sizes */
	numbers[0] = 0;
	o = forge(&n, 0, numbers, ids, 2);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	numbers[0] = DV_CHUNK_MAX + 1;
	o = forge(&n, 0, numbers, ids, 2);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	numbers[0] = INT64_MAX;
	o = forge(&n, 1, numbers, ids, 1);
	assert_int_equal(decode(&o), 0);
	o = forge(&n, 1, numbers, ids, 2);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	numbers[0] = UINT64_MAX;
	o = forge(&n, 1, numbers, ids, 1);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	numbers[0] = 20000;
	numbers[1] = 0;
	o = forge(&n, 1, numbers, ids, 2);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	numbers[1] = 20001;
	o = forge(&n, 1, numbers, ids, 2);
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	/* cut off anywhere, a byte too many, a later version */
	for (uint32_t len = 0; len < good.len; len++) {
		DV_AUTO_FREE uint8_t *copy = xmalloc(len);

		if (len)
			memcpy(copy, good.data, len);
		o = (struct object){ .data = copy, .len = len };
		assert_int_equal(decode(&o), DV_E_CORRUPT);
	}
	bytes = xmalloc(good.len + 1);
	memcpy(bytes, good.data, good.len);
	bytes[good.len] = 0;
	o = (struct object){ .data = bytes, .len = good.len + 1 };
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	bytes[4] = 2;
	assert_int_equal(decode(&o), DV_E_UNSUPPORTED);
	bytes[1] = 'W';
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	free(bytes);
	nodes_release(&n);
}

static void lengths_have_one_form_only(void **state)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct object o;

	(void)state;
	buf_add(&b, "DVLS\1\0\0\0" "\0" "\1\0\0\0" "\x85\0", 15);
	buf_add(&b, "01234567890123456789012345678901", 32);
	o = (struct object){ .data = (uint8_t *)b.data, .len = b.len };
	assert_int_equal(decode(&o), DV_E_CORRUPT);
	b.data[14] = 1;
	assert_int_equal(decode(&o), 0);
}

static void bad_chunks_and_failing_puts_stop_the_builder(void **state)
{
	struct nodes n = { .fail_at = 3 };
	struct list_builder *b = list_builder_new(nodes_put, &n);
	struct made m = made_chunk(1);
	struct content c;
	int err = 0;

	(void)state;
	assert_int_equal(list_builder_add(b, &m.id, 0), DV_E_INVALID);
	assert_int_equal(list_builder_add(b, &m.id, DV_CHUNK_MAX + 1),
			 DV_E_INVALID);
	for (uint64_t i = 0; !err && i < 10000; i++) {
		m = made_chunk(i);
		err = list_builder_add(b, &m.id, m.len);
	}
	assert_int_equal(err, -99);
	list_builder_free(b);
	list_builder_free(NULL);
	nodes_release(&n);

	n = (struct nodes){ .fail_at = 1 };
	b = list_builder_new(nodes_put, &n);
	list_builder_add(b, &m.id, 20000);
	list_builder_add(b, &m.id, 20000);
	assert_int_equal(list_builder_finish(b, &c), -99);
	nodes_release(&n);
}

static void assert_id(const struct dv_id *id, const char *expect)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(id, hex);
	assert_string_equal(hex, expect);
}

/* The vectors of dvformat-node(5). */
static void the_published_vectors_hold(void **state)
{
	static uint8_t data[(1 << 20) + 12345];
	struct nodes n = { 0 };
	struct list_builder *b = list_builder_new(nodes_put, &n);
	struct chunk chunks[80];
	struct content c;
	size_t count;

	(void)state;
	random_fill(data, sizeof(data), 0);
	count = chunk_memory(data, sizeof(data), chunks, 80, 1);
	assert_int_equal(count, 16);
	for (size_t i = 0; i < count; i++)
		list_builder_add(b, &chunks[i].id, chunks[i].len);
	assert_int_equal(list_builder_finish(b, &c), 0);
	assert_int_equal(n.count, 1);
	assert_int_equal(n.items[0].len, 573);
	assert_id(&c.id, "0abc8dc43985398b3ac59a98172f3289"
		  "874c6ef3bc747d29a4ef6d2cc1fb1f9c");
	nodes_release(&n);

	n = (struct nodes){ 0 };
	b = list_builder_new(nodes_put, &n);
	for (int i = 0; i < 10000; i++) {
		struct dv_id id;
		char text[16];

		sha256(text, snprintf(text, sizeof(text), "%d", i), &id);
		list_builder_add(b, &id, 65536);
	}
	assert_int_equal(list_builder_finish(b, &c), 0);
	assert_int_equal(n.count, 77);
	assert_id(&c.id, "07e2b0172d4a801ac23755eca61b24c4"
		  "f2ecc21a0ed9cd4f348fd8cbb031c77d");
	nodes_release(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_hold),
		cmocka_unit_test(no_chunks_and_one_chunk_need_no_list),
		cmocka_unit_test(nodes_end_where_the_format_says),
		cmocka_unit_test(an_edit_changes_few_nodes),
		cmocka_unit_test(walks_give_back_what_was_built),
		cmocka_unit_test(walks_begin_at_any_offset),
		cmocka_unit_test(a_missing_node_is_not_found),
		cmocka_unit_test(lies_about_what_is_below_are_found),
		cmocka_unit_test(
			one_chunk_a_billion_times_takes_no_time_to_look_up),
		cmocka_unit_test(many_chunks_of_next_to_no_bytes_are_refused),
		cmocka_unit_test(bad_nodes_are_refused),
		cmocka_unit_test(lengths_have_one_form_only),
		cmocka_unit_test(bad_chunks_and_failing_puts_stop_the_builder),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
