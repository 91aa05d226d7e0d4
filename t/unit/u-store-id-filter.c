#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "chunk/sha256.h"
#include "store/id_filter.h"

static struct dv_id id_number(uint64_t n)
{
	uint8_t bytes[8];
	struct dv_id id;

	store_u64(bytes, n);
	sha256(bytes, sizeof(bytes), &id);
	return id;
}

static void with_count(size_t count)
{
	struct dv_id *ids = calloc(count + 1, sizeof(*ids));
	struct id_filter *f;
	unsigned wrong = 0;

	for (size_t i = 0; i < count; i++)
		ids[i] = id_number(i);
	f = id_filter_new((const uint8_t *)ids, count);
	for (size_t i = 0; i < count; i++)
		assert_true(id_filter_may_have(f, &ids[i]));
	for (size_t i = 0; i < 20000; i++) {
		struct dv_id id = id_number(count + i);

		wrong += id_filter_may_have(f, &id);
	}
	assert_true(wrong < 100);
	id_filter_free(f);
	free(ids);
}

static void what_is_in_is_never_denied(void **state)
{
	(void)state;
	with_count(0);
	with_count(1);
	with_count(31);
	with_count(5000);
	with_count(70000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_is_never_denied),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
