#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/array.h"
#include "base/auto.h"
#include "chunk/kernel.h"
#include "chunk/sha256.h"
#include "chunk/sha256_lanes.h"

#include "data.h"

static void assert_sha256(const uint8_t *data, size_t len,
			  const struct dv_id *got)
{
	struct dv_id expect;

	assert_true(EVP_Digest(data, len, expect.bytes, NULL, EVP_sha256(),
			       NULL));
	assert_memory_equal(got->bytes, expect.bytes, DV_ID_SIZE);
}

/* Kernels this CPU can run, whatever sha256_many() would choose. */
static size_t kernels(const struct sha256_kernel *out[3])
{
	size_t n = 0;

	if (cpu_has_sha_ni())
		out[n++] = sha256_kernel_ni();
	if (cpu_has_avx2())
		out[n++] = sha256_kernel_avx2();
	if (cpu_has_sha_ni() && cpu_has_avx512())
		out[n++] = sha256_kernel_avx512();
	return n;
}

static void check_jobs(const uint8_t *data, const size_t *lens, size_t count)
{
	struct sha256_job *jobs = xcalloc(count, sizeof(*jobs));
	struct dv_id *ids = xcalloc(count, sizeof(*ids));
	const struct sha256_kernel *all[3];
	size_t n = kernels(all), at = 0;

	for (size_t i = 0; i < count; i++) {
		jobs[i] = (struct sha256_job){ data + at, lens[i], &ids[i] };
		at = (at + lens[i]) % 4096;
	}
	for (size_t k = 0; k <= n; k++) {
		memset(ids, 0, count * sizeof(*ids));
		if (k < n)
			sha256_lanes(all[k], jobs, count);
		else
			sha256_many(jobs, count);
		for (size_t i = 0; i < count; i++)
			assert_sha256(jobs[i].data, lens[i], &ids[i]);
	}
	free(ids);
	free(jobs);
}

static void the_standard_examples_hold(void **state)
{
	struct dv_id id;
	char hex[DV_ID_HEX + 1];

	(void)state;
	sha256("abc", 3, &id);
	dv_id_to_hex(&id, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
			    "b00361a396177a9cb410ff61f20015ad");
	sha256("", 0, &id);
	dv_id_to_hex(&id, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
			    "27ae41e4649b934ca495991b7852b855");
}

static void every_length_alone_and_in_company(void **state)
{
	DV_AUTO_FREE uint8_t *data = xmalloc(8192);
	size_t lens[20];

	(void)state;
	random_fill(data, 8192, 1);
	for (size_t len = 0; len <= 300; len++)
		for (size_t count = 1; count <= 20; count++) {
			for (size_t i = 0; i < count; i++)
				lens[i] = len;
			check_jobs(data, lens, count);
		}
}

static void ragged_mixes(void **state)
{
	DV_AUTO_FREE uint8_t *data = xmalloc(200000);
	size_t lens[64];
	uint64_t seed = 9;

	(void)state;
	random_fill(data, 200000, 2);
	for (int round = 0; round < 150; round++) {
		size_t count = random_next(&seed) % 64;

		for (size_t i = 0; i < count; i++) {
			uint64_t r = random_next(&seed);

			lens[i] = r % 4 == 0 ? r / 4 % 100000 :
				  r % 4 == 1 ? r / 4 % 64 : r / 4 % 1000;
		}
		check_jobs(data, lens, count);
	}
}

static void no_jobs_are_fine(void **state)
{
	const struct sha256_kernel *all[3];
	size_t n = kernels(all);

	(void)state;
	sha256_many(NULL, 0);
	for (size_t k = 0; k < n; k++)
		sha256_lanes(all[k], NULL, 0);
}

static void a_stream_is_the_sum_of_its_pieces(void **state)
{
	uint8_t data[5000];
	struct dv_id id;
	uint64_t seed = 1;

	(void)state;
	random_fill(data, sizeof(data), 3);
	for (int round = 0; round < 50; round++) {
		struct sha256_stream *s = sha256_begin();
		size_t at = 0;

		while (at < sizeof(data)) {
			size_t n = random_next(&seed) % 700;

			if (n > sizeof(data) - at)
				n = sizeof(data) - at;
			sha256_update(s, data + at, n);
			at += n;
		}
		sha256_end(s, &id);
		assert_sha256(data, sizeof(data), &id);
	}
	sha256_end(sha256_begin(), NULL);
	sha256_end(NULL, NULL);
}

static void assert_hmac(const void *key, size_t key_len, const void *data,
			size_t len, const char *expect)
{
	struct dv_id out;
	char hex[DV_ID_HEX + 1];

	hmac_sha256(key, key_len, data, len, out.bytes);
	dv_id_to_hex(&out, hex);
	assert_string_equal(hex, expect);
}

/* RFC 4231. */
static void hmac_examples_hold(void **state)
{
	uint8_t key[131], data[50];

	(void)state;
	memset(key, 0x0b, 20);
	assert_hmac(key, 20, "Hi There", 8,
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7");
	assert_hmac("Jefe", 4, "what do ya want for nothing?", 28,
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	assert_hmac(key, 20, data, sizeof(data),
		    "773ea91e36800e46854db8ebd09181a7"
		    "2959098b3ef8c122d9635514ced565fe");
	assert_hmac(key, sizeof(key),
		    "Test Using Larger Than Block-Size Key - Hash Key First",
		    54, "60e431591ee0b67f0d8a26aacbf5b77f"
		    "8e0bc6213728c5140546040f0ee37f54");
}

static void the_kernel_has_a_name(void **state)
{
	const char *name = sha256_kernel();
	const char *wish = getenv("DV_KERNEL");

	(void)state;
	if (wish && (!strcmp(wish, "scalar") || !strcmp(wish, "openssl")))
		assert_string_equal(name, "openssl");
	else
		assert_true(!strcmp(name, "avx512") ||
			    !strcmp(name, "sha-ni") || !strcmp(name, "avx2") ||
			    !strcmp(name, "openssl"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_has_a_name),
		cmocka_unit_test(the_standard_examples_hold),
		cmocka_unit_test(every_length_alone_and_in_company),
		cmocka_unit_test(ragged_mixes),
		cmocka_unit_test(no_jobs_are_fine),
		cmocka_unit_test(a_stream_is_the_sum_of_its_pieces),
		cmocka_unit_test(hmac_examples_hold),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
