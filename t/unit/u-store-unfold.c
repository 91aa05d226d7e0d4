#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dv/error.h"

#include "store/unfold.h"

#include "data.h"

static struct dv_id made_id(uint64_t seed)
{
	struct dv_id id;

	random_fill(id.bytes, DV_ID_SIZE, seed);
	return id;
}

static void paths_up_to_the_limit_are_free(void **state)
{
	struct unfold u = { .paths = 0 };

	(void)state;
	assert_int_equal(unfold_paths(&u, "d", UNFOLD_FREE), 0);
	assert_int_equal(unfold_paths(&u, "d", UNFOLD_EACH),
			 DV_E_UNSUPPORTED);
	assert_non_null(strstr(dv_error_text(), "d: "));
	assert_non_null(dv_error_hint());
	unfold_release(&u);
}

/* Any tree whose directories are all different. */
static void what_is_read_pays_for_its_paths(void **state)
{
	struct unfold u = { .paths = 0 };

	(void)state;
	for (uint64_t i = 0; i < UNFOLD_FREE / 8; i++) {
		struct dv_id id = made_id(i);

		assert_int_equal(unfold_node(&u, "d", &id, 512, 512), 0);
	}
	assert_int_equal(u.paths, UNFOLD_FREE * 64);
	assert_int_equal(u.entries, u.paths);
	unfold_release(&u);
}

/* The same directory over and over. */
static void what_was_read_before_pays_nothing(void **state)
{
	const uint64_t most = UNFOLD_FREE > 512 * UNFOLD_EACH ? UNFOLD_FREE :
		512 * UNFOLD_EACH;
	struct unfold u = { .paths = 0 };
	struct dv_id id = made_id(1);
	uint64_t met = 0;
	int err = 0;

	(void)state;
	while (!err && met < 2 * most) {
		err = unfold_node(&u, "d", &id, 512, 512);
		met += 512;
	}
	assert_int_equal(err, DV_E_UNSUPPORTED);
	assert_int_equal(u.entries, 512);
	assert_int_equal(met, most + 512);
	unfold_release(&u);
}

static void directories_without_others_in_them_cost_nothing(void **state)
{
	static const struct tree_entry files[3] = {
		{ .type = ENTRY_FILE }, { .type = ENTRY_SYMLINK },
		{ .type = ENTRY_FILE },
	};
	struct unfold u = { .paths = 0 };

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		struct dv_id id = made_id(i);

		assert_int_equal(unfold_dir(&u, "d", &id, files, 3), 0);
		assert_true(unfold_first(&u, &id));
	}
	assert_int_equal(u.entries, 0);
	assert_int_equal(u.paths, 0);
	unfold_release(&u);
}

static void only_directories_lead_on(void **state)
{
	static const struct tree_entry mixed[3] = {
		{ .type = ENTRY_DIR }, { .type = ENTRY_FILE },
		{ .type = ENTRY_DIR },
	};
	struct unfold u = { .paths = 0 };
	struct dv_id id = made_id(1);

	(void)state;
	assert_int_equal(unfold_dir(&u, "d", &id, mixed, 3), 0);
	assert_int_equal(unfold_dir(&u, "d", &id, mixed, 3), 0);
	assert_int_equal(u.entries, 3);
	assert_int_equal(u.paths, 4);
	assert_false(unfold_first(&u, &id));
	unfold_release(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_up_to_the_limit_are_free),
		cmocka_unit_test(what_is_read_pays_for_its_paths),
		cmocka_unit_test(what_was_read_before_pays_nothing),
		cmocka_unit_test(
			directories_without_others_in_them_cost_nothing),
		cmocka_unit_test(only_directories_lead_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
