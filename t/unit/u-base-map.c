#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/map.h"

/* Ids that differ in their last bytes only, as an attacker would choose. */
static struct dv_id id_number(uint64_t n)
{
	struct dv_id id = { { 0 } };

	store_u64(id.bytes + 24, n);
	return id;
}

static int add_up(const struct dv_id *id, uint64_t value, void *data)
{
	uint64_t *sum = data;

	assert_true(load_u64(id->bytes + 24) * 3 == value);
	*sum += value;
	return 0;
}

static int stop_at_9(const struct dv_id *id, uint64_t value, void *data)
{
	unsigned *calls = data;

	(void)id;
	++*calls;
	return value == 9 ? 77 : 0;
}

static void what_was_put_is_found(void **state)
{
	DV_AUTO_ID_MAP struct id_map m = ID_MAP_INIT;
	const uint64_t n = 50000;
	uint64_t sum = 0;
	bool added;

	(void)state;
	/* number 0 is the id of zeros, a special one inside */
	for (uint64_t i = 0; i < n; i++) {
		struct dv_id id = id_number(i);

		assert_null(id_map_get(&m, &id));
		assert_int_equal(*id_map_put(&m, &id, i * 3, &added), i * 3);
		assert_true(added);
		assert_int_equal(m.count, i + 1);
	}
	for (uint64_t i = 0; i < 2 * n; i++) {
		struct dv_id id = id_number(i);
		uint64_t *value = id_map_get(&m, &id);

		assert_true(i < n ? value && *value == i * 3 : !value);
	}
	assert_int_equal(id_map_each(&m, add_up, &sum), 0);
	assert_int_equal(sum, 3 * (n * (n - 1) / 2));
}

static void the_first_value_stays(void **state)
{
	DV_AUTO_ID_MAP struct id_map m = ID_MAP_INIT;
	bool added = true;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct dv_id id = id_number(i);

		id_map_put(&m, &id, 5, NULL);
		assert_int_equal(*id_map_put(&m, &id, 6, &added), 5);
		assert_false(added);
		*id_map_get(&m, &id) = 8;
		assert_int_equal(*id_map_put(&m, &id, 6, NULL), 8);
	}
	assert_int_equal(m.count, 2);
}

static void a_walk_can_be_stopped(void **state)
{
	DV_AUTO_ID_MAP struct id_map m = ID_MAP_INIT;
	unsigned calls = 0;

	(void)state;
	assert_int_equal(id_map_each(&m, stop_at_9, &calls), 0);
	for (uint64_t i = 0; i < 10; i++) {
		struct dv_id id = id_number(i);

		id_map_put(&m, &id, i, NULL);
	}
	assert_int_equal(id_map_each(&m, stop_at_9, &calls), 77);
	assert_in_range(calls, 1, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found),
		cmocka_unit_test(the_first_value_stays),
		cmocka_unit_test(a_walk_can_be_stopped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
