/* Where objects lie at a remote, by merged indexes of many packs. */

#include "have_world.h"

#include <dirent.h>
#include <pthread.h>

#include "base/auto.h"

enum { PACKS = 40, EACH = 50, ALL = PACKS * EACH };

static struct made made[PACKS];
static uint32_t number[PACKS];	/* in `have` */

/* Pack i has the objects from i * EACH on. */
static void make_packs(void)
{
	for (uint32_t i = 0; i < PACKS; i++)
		make_pack(i * EACH, EACH, &made[i]);
}

static void keep_index(struct have *h, uint32_t i)
{
	DV_AUTO_BUF struct buf index = BUF_INIT;

	read_index(&made[i], &index);
	assert_int_equal(have_add(h, &made[i].ref, false, &number[i]), 0);
	assert_int_equal(have_index_keep(h, number[i],
		(const uint8_t *)index.data, index.len), 0);
}

static struct have *keep_all(void)
{
	struct have *h = open_have();

	make_packs();
	for (uint32_t i = 0; i < PACKS; i++)
		keep_index(h, i);
	return h;
}

/* As a process does that knows the remote from another one. */
static struct have *open_again(void)
{
	struct have *h = open_have();

	for (uint32_t i = 0; i < PACKS; i++) {
		number[i] = have_number(h, &made[i].ref.id);
		have_index_open(h, number[i]);
	}
	return h;
}

/* All objects are found in their packs, but those of `without` are not. */
static void check_all_but(struct have *h, int64_t without)
{
	uint32_t found;

	/* not in order, and not always in the pack of the one before */
	for (uint32_t k = 0; k < ALL; k++) {
		uint32_t what = k * 7 % ALL, pack = what / EACH;

		assert_int_equal(looked_up(h, what, &found),
				 pack != without);
		if (pack != without)
			assert_int_equal(found, number[pack]);
	}
	assert_false(looked_up(h, ALL, &found));
}

static void check_all(struct have *h)
{
	check_all_but(h, -1);
}

static void folder(struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&key, hex);
	buf_clear(out);
	buf_addf(out, "%s/have/%s/merged", top, hex);
}

/* Merged indexes that lie in the folder, and the path of one. */
static unsigned count_files(struct buf *one)
{
	DV_AUTO_DIR DIR *dir = NULL;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const struct dirent *e;
	unsigned n = 0;

	folder(&path);
	dir = opendir(path.data);
	while (dir && (e = readdir(dir))) {
		if (!strstr(e->d_name, ".midx"))
			continue;
		n++;
		if (!one)
			continue;
		buf_clear(one);
		buf_addf(one, "%s/%s", path.data, e->d_name);
	}
	return n;
}

static unsigned count_open(const struct have *h)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += h->packs[i].index != NULL;
	return n;
}

static void unlink_index(const struct have *h, uint32_t i)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	have_index_path(h, &made[i].ref.id, &path);
	assert_int_equal(unlink(path.data), 0);
}

/* --- what is found ------------------------------------------------------ */

static void few_packs_are_not_merged(void **state)
{
	struct have *h = open_have();
	uint32_t found;

	(void)state;
	make_packs();
	for (uint32_t i = 0; i < 16; i++)
		keep_index(h, i);
	assert_true(looked_up(h, 5, &found));
	assert_true(looked_up(h, 15 * EACH, &found));
	assert_false(looked_up(h, 16 * EACH, &found));
	assert_int_equal(count_files(NULL), 0);
	have_close(h);
}

static void many_are_and_the_next_process_opens_what_it_needs(void **state)
{
	struct have *h = keep_all();
	uint32_t found;

	(void)state;
	check_all(h);
	assert_int_equal(h->classes[OBJECT_DATA].fresh.count, 0);
	assert_int_equal(count_files(NULL), 1);
	have_close(h);

	h = open_again();
	assert_int_equal(count_open(h), 0);
	for (uint32_t i = 0; i < PACKS; i++)
		assert_true(have_knows(h, number[i]));
	assert_true(looked_up(h, 7 * EACH + 3, &found));
	assert_int_equal(found, number[7]);
	assert_int_equal(count_open(h), 1);
	assert_non_null(have_index(h, number[9]));
	assert_int_equal(count_open(h), 2);
	check_all(h);
	assert_int_equal(h->lost, 0);
	have_close(h);
	assert_int_equal(count_files(NULL), 1);
}

/* However many come one after the other, there are few files. */
static void they_are_merged_again_as_packs_come(void **state)
{
	struct have *h = open_have();
	uint32_t found;

	(void)state;
	make_packs();
	for (uint32_t i = 0; i < PACKS; i++) {
		keep_index(h, i);
		for (uint32_t k = 0; k <= i; k++) {
			assert_true(looked_up(h, k * EACH, &found));
			assert_int_equal(found, number[k]);
		}
		assert_in_range(h->classes[OBJECT_DATA].fresh.count, 0, 16);
	}
	assert_in_range(count_files(NULL), 1, 2);
	check_all(h);
	have_close(h);
}

static void what_is_gone_bad_or_not_asked_for_is_not_found(void **state)
{
	struct have *h = keep_all();

	(void)state;
	check_all(h);
	assert_int_equal(have_gone(h, number[3]), 0);
	check_all_but(h, 3);
	/* it is there again */
	assert_int_equal(have_add(h, &made[3].ref, false, NULL), 0);
	check_all(h);
	h->active_only = true;
	for (uint32_t i = 0; i < PACKS; i++)
		h->packs[number[i]].active = i != 4;
	check_all_but(h, 4);
	h->packs[number[4]].active = true;
	have_set_bad(h, number[5]);
	check_all_but(h, 5);
	have_close(h);
}

static void an_object_in_two_packs_is_found_in_the_one_that_is_left(void **s)
{
	struct have *h = keep_all();
	uint32_t found, all;

	(void)s;
	/* the first objects of 10 packs once more */
	make_pack(0, 10 * EACH, &made[0]);
	assert_int_equal(have_add(h, &made[0].ref, false, &all), 0);
	number[0] = all;
	keep_index(h, 0);
	for (uint32_t i = 0; i < 10 * EACH; i++)
		assert_true(looked_up(h, i, &found));
	assert_int_equal(count_files(NULL), 1);
	assert_int_equal(have_gone(h, number[2]), 0);
	assert_true(looked_up(h, 2 * EACH, &found));
	assert_int_equal(found, all);
	assert_int_equal(have_add(h, &made[2].ref, false, NULL), 0);
	have_set_bad(h, all);
	assert_true(looked_up(h, 2 * EACH, &found));
	assert_int_equal(found, number[2]);
	have_close(h);
}

/* --- what is lost or damaged -------------------------------------------- */

/* All packs are known, and in a merged index that one run has left. */
static void make_merged(void)
{
	struct have *h = keep_all();

	check_all(h);
	have_close(h);
}

static void what_is_no_longer_there_becomes_unknown(void **state)
{
	struct have *h;

	(void)state;
	make_merged();

	h = open_again();
	unlink_index(h, 6);
	assert_true(have_knows(h, number[6]));
	check_all_but(h, 6);
	assert_int_equal(h->lost, 1);
	assert_false(have_knows(h, number[6]));
	assert_null(have_index(h, number[6]));
	assert_int_equal(have_index_open(h, number[6]), DV_E_NOTFOUND);
	keep_index(h, 6);
	check_all(h);
	assert_int_equal(h->lost, 1);
	have_close(h);
}

static void a_damaged_one_is_removed_and_made_again(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have *h;
	struct stat st;

	(void)state;
	make_merged();
	assert_int_equal(count_files(&path), 1);
	assert_int_equal(stat(path.data, &st), 0);
	for (off_t at = 0; at < st.st_size; at += st.st_size / 37) {
		DV_AUTO_BUF struct buf bytes = BUF_INIT;

		assert_int_equal(count_files(&path), 1);
		assert_int_equal(file_read(path.data, 1 << 20, &bytes), 0);
		bytes.data[at] ^= 0x40;
		assert_int_equal(file_replace(path.data, bytes.data,
					      bytes.len, 0), 0);
		h = open_again();
		check_all(h);
		assert_int_equal(h->lost, 0);
		have_close(h);
	}
	assert_int_equal(file_replace(path.data, "rubbish", 7, 0), 0);
	h = open_again();
	check_all(h);
	have_close(h);
	assert_int_equal(count_files(NULL), 1);
}

/* Neither is it known then what is in a pack without an index. */
static void a_damaged_one_of_what_is_no_longer_there_is_told(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct have *h;

	(void)state;
	make_merged();
	assert_int_equal(count_files(&path), 1);
	assert_int_equal(file_read(path.data, 1 << 20, &bytes), 0);
	bytes.data[bytes.len - 1] ^= 1;		/* the last place */
	assert_int_equal(file_replace(path.data, bytes.data, bytes.len, 0),
			 0);
	h = open_again();
	unlink_index(h, 6);
	assert_true(have_knows(h, number[6]));
	check_all_but(h, 6);
	assert_int_equal(h->lost, 1);
	assert_false(have_knows(h, number[6]));
	have_close(h);
}

/* Its checks are right, but entries are said to be in the pack before. */
static void one_that_lies_is_removed_too(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct midx_source sources[PACKS];
	struct midx_row rows[PACKS];
	struct have *h = keep_all();
	struct midx *midx;

	(void)state;
	check_all(h);
	for (uint32_t i = 0; i < PACKS; i++) {
		rows[i] = (struct midx_row){ made[i].ref.id, MIDX_PACK, EACH };
		sources[i] = (struct midx_source){
			.pack = have_index(h, number[i]),
			.number = (i + 1) % PACKS,
		};
	}
	assert_int_equal(count_files(&path), 1);
	assert_int_equal(midx_write(path.data, top, OBJECT_DATA, rows, PACKS,
				    sources, PACKS, &midx), 0);
	midx_close(midx);
	have_close(h);

	h = open_again();
	assert_int_equal(count_open(h), 0);
	check_all(h);
	assert_int_equal(h->lost, 0);
	have_close(h);
}

static void one_of_packs_that_nobody_knows_is_removed(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have *h;

	(void)state;
	make_merged();
	folder(&path);
	buf_addstr(&path, "/../packs");
	assert_int_equal(unlink(path.data), 0);
	h = open_have();
	assert_int_equal(have_add(h, &made[0].ref, false, &number[0]), 0);
	assert_int_equal(have_index_open(h, number[0]), 0);
	have_close(h);
	assert_int_equal(count_files(NULL), 0);
}

static void it_goes_when_most_packs_are_here(void **state)
{
	struct have *h = keep_all();

	(void)state;
	check_all(h);
	for (uint32_t i = 0; i < PACKS / 2; i++)
		have_index_drop(h, number[i]);
	/* what is open may be looked into */
	check_all(h);
	have_close(h);
	assert_int_equal(count_files(NULL), 1);

	h = open_again();
	for (uint32_t i = 0; i < PACKS / 2 + 1; i++)
		have_index_drop(h, number[i]);
	assert_false(have_knows(h, number[0]));
	assert_true(have_knows(h, number[PACKS - 1]));
	have_close(h);
	assert_int_equal(count_files(NULL), 0);

	h = open_again();
	assert_false(have_knows(h, number[0]));
	assert_true(have_knows(h, number[PACKS - 1]));
	have_close(h);
}

static void where_nothing_can_be_written_it_is_in_memory(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct have *h = keep_all();

	(void)state;
	folder(&path);
	assert_int_equal(file_replace(path.data, "x", 1, 0), 0);
	check_all(h);
	assert_int_equal(h->classes[OBJECT_DATA].merged_count, 1);
	have_close(h);
}

/* --- several threads ---------------------------------------------------- */

static void *look_for_all(void *data)
{
	struct have *h = data;
	unsigned long found = 0;
	uint32_t n;

	for (int round = 0; round < 3; round++)
		for (uint32_t i = 0; i < ALL; i++) {
			struct place place;
			struct dv_id id;

			sha256(&i, 4, &id);
			found += have_lookup(h, OBJECT_DATA, &id, &n, &place);
		}
	return (void *)found;
}

static void threads_look_while_packs_come(void **state)
{
	struct have *h = open_have();
	pthread_t threads[2];
	void *found;

	(void)state;
	make_packs();
	for (uint32_t i = 0; i < PACKS / 2; i++)
		keep_index(h, i);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						look_for_all, h), 0);
	for (uint32_t i = PACKS / 2; i < PACKS; i++)
		keep_index(h, i);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &found), 0);
		assert_in_range((unsigned long)found, 3 * ALL / 2, 3 * ALL);
	}
	check_all(h);
	have_close(h);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(few_packs_are_not_merged),
		TEST(many_are_and_the_next_process_opens_what_it_needs),
		TEST(they_are_merged_again_as_packs_come),
		TEST(what_is_gone_bad_or_not_asked_for_is_not_found),
		TEST(an_object_in_two_packs_is_found_in_the_one_that_is_left),
		TEST(what_is_no_longer_there_becomes_unknown),
		TEST(a_damaged_one_is_removed_and_made_again),
		TEST(a_damaged_one_of_what_is_no_longer_there_is_told),
		TEST(one_that_lies_is_removed_too),
		TEST(one_of_packs_that_nobody_knows_is_removed),
		TEST(it_goes_when_most_packs_are_here),
		TEST(where_nothing_can_be_written_it_is_in_memory),
		TEST(threads_look_while_packs_come),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
