/* Sets of objects as bits. */

#include "have_world.h"

#include "transfer/marks.h"

enum { COUNT = 130 };

static struct pack *open_pack(uint32_t first)
{
	struct made m;
	struct pack *p;

	make_pack(first, COUNT, &m);
	assert_int_equal(pack_open(m.path, &m.ref.id, &p), 0);
	return p;
}

static struct place place_of(struct pack *p, uint32_t slot)
{
	struct place place;

	pack_place_at(p, slot, &place);
	return place;
}

static bool set(struct marks *m, struct pack *p, uint32_t slot)
{
	struct place place = place_of(p, slot);
	size_t number;

	return marks_set(m, &place, &number);
}

static bool clear(struct marks *m, struct pack *p, uint32_t slot)
{
	struct place place = place_of(p, slot);

	return marks_clear(m, &place);
}

/* Those from 0 to count are set, but `without`. */
static void check(const struct marks *m, struct pack *p, uint32_t count,
		  uint32_t without)
{
	const struct mark *k = marks_find(m, &p->id);
	uint32_t all = count - (without < count);

	assert_int_equal(k->count, all);
	assert_int_equal(k->raw, all * 4);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct place place = place_of(p, i);

		assert_int_equal(marks_has(m, &place),
				 i < count && i != without);
	}
}

static void a_pack_of_which_all_are_set_takes_no_bits(void **state)
{
	DV_AUTO_MARKS struct marks m = MARKS_INIT;
	DV_AUTO_MARKS struct marks sum = MARKS_INIT;
	struct pack *p = open_pack(0), *other = open_pack(1000);

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_non_null(marks_find(&m, &p->id) ?
				marks_find(&m, &p->id)->bits : (void *)1);
		assert_true(set(&m, p, i));
		assert_false(set(&m, p, i));
		check(&m, p, i + 1, COUNT);
	}
	assert_null(m.items[0].bits);
	/* added to others it is the same there */
	assert_true(set(&sum, p, 7));
	assert_true(set(&sum, other, 0));
	marks_add(&sum, &m);
	check(&sum, p, COUNT, COUNT);
	check(&sum, other, 1, COUNT);
	assert_null(sum.items[0].bits);
	/* one less, and one more again */
	for (uint32_t i = 0; i < COUNT; i += 43) {
		assert_true(clear(&m, p, i));
		assert_false(clear(&m, p, i));
		check(&m, p, COUNT, i);
		assert_true(set(&m, p, i));
		assert_null(m.items[0].bits);
	}
	assert_false(clear(&m, other, 0));
	pack_close(p);
	pack_close(other);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_pack_of_which_all_are_set_takes_no_bits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
