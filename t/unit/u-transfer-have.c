#include "have_world.h"

static struct pack_ref ref_of(uint32_t n)
{
	struct pack_ref ref = {
		.size = 1000000 + n, .index_len = 90000, .objects = 1000,
		.class = n % 2 ? OBJECT_META : OBJECT_DATA,
	};

	sha256(&n, sizeof(n), &ref.id);
	return ref;
}

static void packs_path(struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&key, hex);
	buf_addf(out, "%s/have/%s/packs", top, hex);
}

static void what_was_added_is_there_when_opened_again(void **state)
{
	struct have *h = open_have();
	struct pack_ref a = ref_of(1), b = ref_of(2), c = ref_of(3);
	uint32_t n;

	(void)state;
	assert_int_equal(have_number(h, &a.id), -1);
	assert_int_equal(have_add(h, &a, false, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(have_add(h, &b, false, &n), 0);
	assert_int_equal(have_add(h, &a, false, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(have_gone(h, 0), 0);
	assert_false(h->marker);
	assert_int_equal(have_set_marker(h), 0);
	assert_int_equal(h->records, 4);
	have_close(h);

	h = open_have();
	assert_int_equal(h->count, 2);
	assert_true(h->marker);
	assert_true(h->packs[have_number(h, &a.id)].gone);
	n = have_number(h, &b.id);
	assert_false(h->packs[n].gone);
	assert_true(pack_ref_equal(&h->packs[n].ref, &b));
	assert_int_equal(have_number(h, &c.id), -1);
	/* there again */
	assert_int_equal(have_add(h, &a, false, &n), 0);
	assert_false(h->packs[n].gone);
	have_close(h);
}

static void a_torn_tail_is_ignored_and_cut_off(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have *h = open_have();
	struct pack_ref a = ref_of(1), b = ref_of(2);
	struct stat st;
	uint32_t n;
	FILE *f;

	(void)state;
	assert_int_equal(have_add(h, &a, false, &n), 0);
	have_close(h);
	packs_path(&path);
	f = fopen(path.data, "a");
	assert_int_equal(fwrite("half a record", 1, 13, f), 13);
	fclose(f);

	h = open_have();
	assert_int_equal(h->count, 1);
	assert_int_equal(have_add(h, &b, false, &n), 0);
	have_close(h);
	assert_int_equal(stat(path.data, &st), 0);
	assert_int_equal(st.st_size, 8 + 2 * 72);
	h = open_have();
	assert_int_equal(h->count, 2);
	assert_true(have_number(h, &b.id) >= 0);
	have_close(h);
}

static void a_damaged_record_costs_only_itself(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct have *h = open_have();
	struct pack_ref refs[3] = { ref_of(1), ref_of(2), ref_of(3) };
	uint32_t n;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(have_add(h, &refs[i], false, &n), 0);
	have_close(h);
	packs_path(&path);
	assert_int_equal(file_read(path.data, 10000, &bytes), 0);
	bytes.data[8 + 72 + 20] ^= 1;
	assert_int_equal(file_replace(path.data, bytes.data, bytes.len, 0),
			 0);
	h = open_have();
	assert_int_equal(h->count, 2);
	assert_int_equal(have_number(h, &refs[1].id), -1);
	assert_true(have_number(h, &refs[2].id) >= 0);
	have_close(h);

	/* a file that is none of ours is begun anew */
	assert_int_equal(file_replace(path.data, "rubbish rubbish", 15, 0),
			 0);
	h = open_have();
	assert_int_equal(h->count, 0);
	assert_int_equal(have_add(h, &refs[0], false, &n), 0);
	have_close(h);
	h = open_have();
	assert_int_equal(h->count, 1);
	have_close(h);
}

static void stale_records_are_dropped_in_the_end(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have *h = open_have();
	struct pack_ref a = ref_of(1), b = ref_of(2);
	struct stat st;
	uint32_t n;

	(void)state;
	assert_int_equal(have_set_marker(h), 0);
	assert_int_equal(have_add(h, &b, false, &n), 0);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(have_add(h, &a, false, &n), 0);
		assert_int_equal(have_gone(h, n), 0);
	}
	have_close(h);
	packs_path(&path);
	assert_int_equal(stat(path.data, &st), 0);
	assert_int_equal(st.st_size, 8 + 2 * 72);
	h = open_have();
	assert_true(h->marker);
	assert_int_equal(h->count, 1);
	assert_true(have_number(h, &b.id) >= 0);
	have_close(h);
}

static void numbers_that_are_sure_replace_others(void **state)
{
	struct have *h = open_have();
	struct pack_ref a = ref_of(1), lie = a;
	uint32_t n;

	(void)state;
	lie.size++;
	assert_int_equal(have_add(h, &lie, false, &n), 0);
	assert_int_equal(have_sent(h, &a, &n), 0);
	assert_int_equal(h->packs[n].ref.size, a.size);
	assert_true(h->packs[n].proved);
	/* once it was seen there, a locator cannot say otherwise */
	assert_int_equal(have_add(h, &lie, false, &n), 0);
	assert_int_equal(h->packs[n].ref.size, a.size);
	have_close(h);
}

/* --- indexes ----------------------------------------------------------- */

static void cached_indexes_find_objects(void **state)
{
	struct have *h = open_have();
	struct made made[3];
	uint32_t n[3], found;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		DV_AUTO_BUF struct buf index = BUF_INIT;

		make_pack(i * 5000, 5000, &made[i]);
		assert_int_equal(have_add(h, &made[i].ref, false, &n[i]), 0);
		assert_int_equal(have_index_open(h, n[i]), DV_E_NOTFOUND);
		read_index(&made[i], &index);
		assert_int_equal(have_index_keep(h, n[i],
			(const uint8_t *)index.data, index.len), 0);
	}
	for (uint32_t i = 0; i < 15000; i++) {
		assert_true(looked_up(h, i, &found));
		assert_int_equal(found, n[i / 5000]);
	}
	assert_false(looked_up(h, 15000, &found));
	assert_int_equal(have_gone(h, n[1]), 0);
	assert_false(looked_up(h, 7000, &found));
	assert_true(looked_up(h, 12000, &found));
	h->active_only = true;
	assert_false(looked_up(h, 12000, &found));
	h->packs[n[2]].active = true;
	assert_true(looked_up(h, 12000, &found));
	have_close(h);

	h = open_have();
	found = have_number(h, &made[2].ref.id);
	assert_int_equal(have_index_open(h, found), 0);
	assert_true(looked_up(h, 12000, &found));
	have_index_drop(h, found);
	have_close(h);
	h = open_have();
	assert_int_equal(have_index_open(h, have_number(h, &made[2].ref.id)),
			 DV_E_NOTFOUND);
	have_close(h);
}

static void a_wrong_index_is_refused(void **state)
{
	DV_AUTO_BUF struct buf index = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have *h = open_have();
	struct made made;
	struct pack_ref lie;
	uint32_t n;

	(void)state;
	make_pack(0, 100, &made);
	read_index(&made, &index);
	assert_int_equal(have_add(h, &made.ref, false, &n), 0);
	index.data[2000] ^= 1;
	assert_int_equal(have_index_keep(h, n, (const uint8_t *)index.data,
					 index.len), DV_E_CORRUPT);
	index.data[2000] ^= 1;
	assert_int_equal(have_index_keep(h, n, (const uint8_t *)index.data,
					 index.len - 1), DV_E_CORRUPT);
	/* genuine, but the locator said something else */
	lie = made.ref;
	lie.objects--;
	assert_int_equal(have_add(h, &lie, true, &n), 0);
	assert_int_equal(have_index_keep(h, n, (const uint8_t *)index.data,
					 index.len), DV_E_CORRUPT);
	assert_null(h->packs[n].index);
	/* damaged on the disk */
	have_index_path(h, &made.ref.id, &path);
	assert_int_equal(file_replace(path.data, "x", 1, 0), 0);
	assert_int_equal(have_index_open(h, n), DV_E_NOTFOUND);
	assert_int_equal(access(path.data, F_OK), -1);
	have_close(h);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_added_is_there_when_opened_again),
		TEST(a_torn_tail_is_ignored_and_cut_off),
		TEST(a_damaged_record_costs_only_itself),
		TEST(stale_records_are_dropped_in_the_end),
		TEST(numbers_that_are_sure_replace_others),
		TEST(cached_indexes_find_objects),
		TEST(a_wrong_index_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
