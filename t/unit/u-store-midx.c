#include "store_world.h"

#include "base/bytes.h"
#include "base/random.h"
#include "chunk/check.h"
#include "store/midx.h"
#include "store/midx_inside.h"
#include "store/pack_write.h"
#include "store/sort.h"

enum { PACKS = 6, PER_PACK = 700 };

static struct pack *packs[PACKS];

static int take(void *data, struct pack *p)
{
	*(struct pack **)data = p;
	return 0;
}

/* Pack n has objects of 40 bytes; every tenth is in pack 0 too. */
static void make_packs(void)
{
	for (int n = 0; n < PACKS; n++) {
		struct pack_writer_options o = {
			.class = OBJECT_META, .temp_dir = world,
			.dir = world, .finished = take, .data = &packs[n],
			.nosync = 1, .nonce = n,
		};
		struct pack_writer *w;
		struct packer *p;

		ok(pack_writer_open(&o, &w));
		p = packer_new(w);
		for (uint64_t i = 0; i < PER_PACK; i++) {
			struct object object;
			uint64_t which = n * PER_PACK + i;
			uint8_t *bytes;

			if (i % 10 == 0)
				which = i;
			bytes = object_make(&object, which, 40, false);
			ok(packer_put(p, &object, 1));
			free(bytes);
		}
		ok(packer_flush(p));
		packer_free(p);
		ok(pack_writer_finish(w));
		pack_writer_free(w);
	}
}

static void close_packs(void)
{
	for (int n = 0; n < PACKS; n++)
		pack_close(packs[n]);
}

static void make_rows(struct midx_row rows[PACKS],
		      struct midx_source sources[PACKS])
{
	for (int n = 0; n < PACKS; n++) {
		rows[n] = (struct midx_row){ packs[n]->id, MIDX_PACK,
					     packs[n]->objects };
		sources[n] = (struct midx_source){ .pack = packs[n],
						   .number = n };
	}
}

/* How many of the packs have the id, by the merged index. */
static unsigned copies(struct midx *m, const struct dv_id *id)
{
	uint64_t from, to;
	uint32_t pack, slot;
	unsigned n = 0;

	if (!midx_find(m, id, &from, &to))
		return 0;
	for (; from < to; from++) {
		if (!midx_entry(m, from, &pack, &slot)) {
			assert_true(midx_is_bad(m));
			return 0;
		}
		assert_true(pack < PACKS && slot < packs[pack]->objects);
		n += dv_id_equal(pack_id_at(packs[pack], slot), id);
	}
	return n;
}

static void check_all(struct midx *m, unsigned first, unsigned count)
{
	for (uint64_t i = 0; i < (uint64_t)PACKS * PER_PACK; i++) {
		struct object o;
		uint8_t *bytes = object_make(&o, i, 40, false);
		unsigned want = 0;
		struct place place;

		for (unsigned n = first; n < first + count; n++)
			want += pack_find(packs[n], &o.id, &place);
		assert_int_equal(copies(m, &o.id), want);
		o.id.bytes[9] ^= 1;	/* the prefix is the same */
		assert_int_equal(copies(m, &o.id), 0);
		o.id.bytes[3] ^= 1;
		assert_int_equal(copies(m, &o.id), 0);
		free(bytes);
	}
}

static void keys_are_sorted(void **state)
{
	(void)state;
	for (size_t n = 0; n < 3000; n = n * 2 + 1) {
		struct sort_key *k = xcalloc(n * 2 + 1, sizeof(*k));

		for (size_t i = 0; i < n; i++) {
			random_bytes(&k[i].key, 8);
			if (n % 4 == 3)
				k[i].key &= 0xff00ff;
			k[i].value = i;
		}
		sort_keys(k, n, k + n);
		for (size_t i = 1; i < n; i++)
			assert_true(k[i - 1].key < k[i].key ||
				    (k[i - 1].key == k[i].key &&
				     k[i - 1].value < k[i].value));
		free(k);
	}
}

static void all_objects_of_all_packs_are_found(void **state)
{
	struct midx_row rows[PACKS], row;
	struct midx_source sources[PACKS];
	DV_AUTO_BUF struct buf all = BUF_INIT;
	struct midx *m, *again;

	(void)state;
	make_packs();
	make_rows(rows, sources);
	ok(midx_write(in_world("m"), world, OBJECT_META, rows, PACKS, sources,
		      PACKS, &m));
	assert_int_equal(midx_class(m), OBJECT_META);
	assert_int_equal(midx_packs(m), PACKS);
	assert_int_equal(midx_objects(m), PACKS * PER_PACK);
	check_all(m, 0, PACKS);
	ok(midx_open(in_world("m"), &again));
	check_all(again, 0, PACKS);
	midx_row_at(again, 3, &row);
	assert_true(dv_id_equal(&row.id, &packs[3]->id));
	assert_int_equal(row.part, MIDX_PACK);
	midx_close(again);
	midx_close(m);
	ok(file_read(in_world("m"), (size_t)1 << 30, &all));
	corpus_add("midx", "six", all.data, all.len);
	close_packs();
}

static void merged_ones_are_merged_again(void **state)
{
	struct midx_row rows[PACKS];
	struct midx_source sources[PACKS], two[3];
	uint32_t low[] = { 0, 1, UINT32_MAX }, high[] = { 3, 4 };
	struct midx *a, *b, *m;

	(void)state;
	make_packs();
	make_rows(rows, sources);
	ok(midx_write(in_world("a"), world, OBJECT_META, rows, 3, sources, 3,
		      &a));
	sources[3].number = 0;
	sources[4].number = 1;
	ok(midx_write(in_world("b"), world, OBJECT_META, rows + 3, 2,
		      sources + 3, 2, &b));
	/* pack 2 comes from its own index, and from a no more */
	two[0] = (struct midx_source){ .midx = a, .numbers = low };
	two[1] = (struct midx_source){ .midx = b, .numbers = high };
	two[2] = (struct midx_source){ .pack = packs[2], .number = 2 };
	ok(midx_write(in_world("c"), world, OBJECT_META, rows, 5, two, 3,
		      &m));
	check_all(m, 0, 5);
	midx_close(m);
	/* rows that say something else than the sources */
	rows[1].objects--;
	assert_int_equal(midx_write(in_world("d"), world, OBJECT_META, rows,
				    5, two, 3, &m), DV_E_CORRUPT);
	rows[1].objects += 2;
	assert_int_equal(midx_write(in_world("d"), world, OBJECT_META, rows,
				    5, two, 3, &m), DV_E_CORRUPT);
	assert_null(m);
	assert_int_equal(count_files(world, "d", NULL), 0);
	midx_close(a);
	midx_close(b);
	close_packs();
}

/* The checks are right, what it says is not: all of it is of pack 1. */
static void one_that_lies_is_found_out(void **state)
{
	const uint32_t left[PACKS] = { UINT32_MAX, 0, UINT32_MAX, UINT32_MAX,
				       UINT32_MAX, UINT32_MAX };
	struct midx_source sources[PACKS], source;
	struct midx_row rows[PACKS];
	struct midx *m, *again;

	(void)state;
	make_packs();
	make_rows(rows, sources);
	for (int n = 0; n < PACKS; n++)
		sources[n].number = 1;
	ok(midx_write(in_world("m"), world, OBJECT_META, rows, PACKS,
		      sources, PACKS, &m));
	/* an object that pack 1 has there, and one it has not */
	assert_true(midx_confirm(m, packs[1], 5, pack_id_at(packs[1], 5)));
	assert_false(midx_is_bad(m));
	source = (struct midx_source){ .midx = m, .numbers = left };
	assert_int_equal(midx_write(in_world("n"), world, OBJECT_META,
				    &rows[1], 1, &source, 1, &again),
			 DV_E_CORRUPT);
	assert_true(midx_is_bad(m));
	midx_close(m);
	ok(midx_open(in_world("m"), &m));
	assert_false(midx_confirm(m, packs[1], 5, pack_id_at(packs[2], 5)));
	assert_true(midx_is_bad(m));
	midx_close(m);
	close_packs();
}

/* Entries enough for any memory, of packs that have few. */
static void one_with_more_than_its_packs_have_is_none(void **state)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct midx_source sources[PACKS];
	struct midx_row rows[PACKS];
	struct midx_layout layout;
	struct midx *m;
	uint8_t *head;

	(void)state;
	make_packs();
	make_rows(rows, sources);
	ok(midx_write(in_world("m"), world, OBJECT_META, rows, PACKS,
		      sources, PACKS, &m));
	midx_close(m);
	ok(file_read(in_world("m"), 1 << 20, &bytes));
	head = (uint8_t *)bytes.data;
	store_u32(head + 32 + 36, packs[0]->objects - 1);
	midx_layout(PACKS, head[20], load_u64(head + 24), &layout);
	store_u64(head + 8, check64(head + 16, layout.region[0] - 16));
	ok(file_replace(in_world("m"), bytes.data, bytes.len, 0));
	assert_int_equal(midx_open(in_world("m"), &m), DV_E_CORRUPT);
	close_packs();
}

static void it_is_kept_in_memory_where_it_cannot_be_written(void **state)
{
	struct midx_row rows[PACKS];
	struct midx_source sources[PACKS];
	struct midx *m;

	(void)state;
	make_packs();
	make_rows(rows, sources);
	ok(midx_write(in_world("none/m"), in_world("none"), OBJECT_META, rows,
		      PACKS, sources, PACKS, &m));
	check_all(m, 0, PACKS);
	midx_close(m);
	ok(midx_write(in_world("m"), NULL, OBJECT_META, rows, PACKS, sources,
		      PACKS, &m));
	check_all(m, 0, PACKS);
	midx_close(m);
	assert_int_equal(count_files(world, "m", NULL), 0);
	close_packs();
}

static void damage_is_noticed(void **state)
{
	struct midx_row rows[PACKS];
	struct midx_source sources[PACKS];
	DV_AUTO_BUF struct buf all = BUF_INIT;
	struct midx *m;
	uint64_t seed = 1;

	(void)state;
	make_packs();
	make_rows(rows, sources);
	ok(midx_write(in_world("m"), world, OBJECT_META, rows, PACKS, sources,
		      PACKS, &m));
	midx_close(m);
	ok(file_read(in_world("m"), (size_t)1 << 30, &all));
	for (int i = 0; i < 400; i++) {
		uint64_t r = random_next(&seed);
		size_t at = i < 300 ? (size_t)i : r % all.len;
		int err;

		all.data[at] ^= 1 << (r >> 60) % 8;
		ok(file_replace(in_world("x"), all.data, all.len,
				NEWFILE_NOSYNC));
		err = midx_open(in_world("x"), &m);
		if (!err) {
			for (uint64_t n = 0; n < PER_PACK; n++) {
				struct object o;
				uint8_t *bytes = object_make(&o, n, 40, false);

				copies(m, &o.id);
				free(bytes);
			}
			/* header, rows and checks were fine, then */
			assert_true(at >= 32 + PACKS * 40 + 3 * 8);
			midx_close(m);
		} else {
			assert_int_equal(err, DV_E_CORRUPT);
		}
		all.data[at] ^= 1 << (r >> 60) % 8;
	}
	close_packs();
}

/* --- in a store -------------------------------------------------------- */

static size_t merged_files(void)
{
	return count_files(in_world("s/index"), ".midx", NULL);
}

static void put_packs(struct store *s, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		put_some(s, OBJECT_DATA, from * 5, from * 5 + 5, false);
}

static void read_packs(struct store *s, uint64_t count)
{
	struct store_reader *r = store_reader_new(s);

	for (uint64_t n = 0; n < count * 5; n++)
		ok(read_some(r, OBJECT_DATA, n, false));
	assert_int_equal(read_some(r, OBJECT_DATA, count * 5, false),
			 DV_E_NOTFOUND);
	store_reader_free(r);
}

static void forty_packs_are_merged(void **state)
{
	struct store *s;

	(void)state;
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	put_packs(s, 0, 16);
	read_packs(s, 16);
	assert_int_equal(merged_files(), 0);
	put_packs(s, 16, 40);
	read_packs(s, 40);
	assert_true(merged_files() >= 1 && merged_files() <= 2);
	store_close(s);
	ok(store_open(in_world("s"), 0, &s));
	read_packs(s, 40);
	store_close(s);
}

static void a_lost_or_damaged_one_is_made_again(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct store *s;

	(void)state;
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	put_packs(s, 0, 40);
	read_packs(s, 40);
	store_close(s);
	ok(dir_remove(in_world("s/index")));
	ok(dir_make(in_world("s/index")));
	ok(store_open(in_world("s"), 0, &s));
	read_packs(s, 40);
	assert_int_equal(merged_files(), 1);
	store_close(s);
	for (int i = 0; i < 3; i++) {
		static const long where[] = { 5, 100, -5 };

		/* head: refused at once; body: found out when it is used */
		count_files(in_world("s/index"), ".midx", &path);
		damage(path.data, where[i]);
		ok(store_open(in_world("s"), 0, &s));
		read_packs(s, 40);
		store_close(s);
	}
	ok(store_open(in_world("s"), STORE_READ_ONLY, &s));
	read_packs(s, 40);
	store_close(s);
}

static void a_reader_that_may_not_write_merges_in_memory(void **state)
{
	struct store *s;

	(void)state;
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	put_packs(s, 0, 40);
	store_close(s);
	ok(dir_remove(in_world("s/index")));
	ok(store_open(in_world("s"), STORE_READ_ONLY, &s));
	read_packs(s, 40);
	store_close(s);
	assert_int_equal(merged_files(), 0);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 0);
}

static void merging_is_geometric(void **state)
{
	struct store *s;
	size_t most = 0;

	(void)state;
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	for (uint64_t n = 0; n < 300; n++) {
		put_packs(s, n, n + 1);
		if (merged_files() > most)
			most = merged_files();
	}
	assert_true(most >= 2 && most <= 6);
	read_packs(s, 300);
	store_close(s);
}

static void two_stores_merge_at_once(void **state)
{
	struct store *a, *b;

	(void)state;
	ok(store_open(in_world("s"), STORE_CREATE, &a));
	put_packs(a, 0, 16);
	ok(store_open(in_world("s"), 0, &b));
	put_packs(a, 16, 20);
	put_packs(b, 20, 24);
	read_packs(b, 24);
	ok(store_refresh(a));
	ok(store_refresh(b));
	read_packs(a, 24);
	read_packs(b, 24);
	store_close(a);
	store_close(b);
	ok(store_open(in_world("s"), 0, &a));
	read_packs(a, 24);
	store_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(keys_are_sorted),
		WORLD_TEST(all_objects_of_all_packs_are_found),
		WORLD_TEST(merged_ones_are_merged_again),
		WORLD_TEST(one_that_lies_is_found_out),
		WORLD_TEST(one_with_more_than_its_packs_have_is_none),
		WORLD_TEST(it_is_kept_in_memory_where_it_cannot_be_written),
		WORLD_TEST(damage_is_noticed),
		WORLD_TEST(forty_packs_are_merged),
		WORLD_TEST(a_lost_or_damaged_one_is_made_again),
		WORLD_TEST(a_reader_that_may_not_write_merges_in_memory),
		WORLD_TEST(merging_is_geometric),
		WORLD_TEST(two_stores_merge_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
