#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/file.h"
#include "chunk/cut.h"
#include "chunk/cut_kernel.h"
#include "chunk/kernel.h"
#include "chunk/sha256.h"

#include "data.h"

/* What the vector code takes in one go: that of AVX2, and of AVX-512. */
#define BLOCK	(32 * 1088)
#define BLOCK_512	(16 * 4160)

static void assert_same_list(const struct cut_list *a,
			     const struct cut_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_int_equal(a->items[i], b->items[i]);
}

/* Vector code this CPU can run, whatever cut_scan() would choose. */
static size_t kernels(cut_vector_fn *out[2])
{
	size_t n = 0;

	if (cpu_has_avx2())
		out[n++] = cut_scan_avx2;
	if (cpu_has_avx512())
		out[n++] = cut_scan_avx512;
	return n;
}

static void assert_same_scan(const uint8_t *data, size_t len, size_t before,
			     uint64_t base)
{
	struct cut_list fast = CUT_LIST_INIT, plain = CUT_LIST_INIT;
	cut_vector_fn *all[2];
	size_t n = kernels(all);

	cut_scan_reference(data, len, before, base, &plain);
	for (size_t k = 0; k < n; k++) {
		fast.count = 0;
		cut_scan_by(all[k], data, len, before, base, &fast);
		assert_same_list(&fast, &plain);
	}
	fast.count = 0;
	cut_scan(data, len, before, base, &fast);
	assert_same_list(&fast, &plain);
	for (size_t i = 0; i < fast.count; i++) {
		assert_true(fast.items[i] >> 1 > base);
		assert_true(fast.items[i] >> 1 <= base + len);
		assert_true(!i || fast.items[i] > fast.items[i - 1]);
	}
	cut_list_release(&fast);
	cut_list_release(&plain);
}

/* Copies of exactly this size, so that a sanitizer sees a step outside. */
static void scan_copy(const uint8_t *data, size_t len, size_t before,
		      size_t align, uint64_t base)
{
	uint8_t *copy = xmalloc(align + before + len);

	memcpy(copy + align, data, before + len);
	assert_same_scan(copy + align + before, len, before, base);
	free(copy);
}

enum { RANDOM, TEXT, DENSE, KINDS };

static void fill(uint8_t *data, size_t len, int kind)
{
	uint64_t seed = 77;

	switch (kind) {
	case RANDOM:
		random_fill(data, len, 5);
		break;
	case TEXT:
		text_fill(data, len, 5);
		break;
	default:
		/* 32 bytes that end in a candidate, again and again */
		random_fill(data, len, 5);
		for (struct cut_list list = CUT_LIST_INIT;;
		     cut_list_release(&list)) {
			uint8_t part[4096];

			random_fill(part, sizeof(part), random_next(&seed));
			cut_scan_reference(part, sizeof(part), 0, 0, &list);
			if (!list.count || list.items[0] >> 1 < 32)
				continue;
			for (size_t i = 0; i + 32 <= len; i += 32 + i % 3)
				memcpy(data + i, part +
				       (list.items[0] >> 1) - 32, 32);
			cut_list_release(&list);
			break;
		}
	}
}

static void vectors_equal_scalar_at_every_alignment(void **state)
{
	size_t len = BLOCK_512 + 12000;
	DV_AUTO_FREE uint8_t *data = xmalloc(len + 64);

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		fill(data, len + 64, kind);
		for (size_t align = 0; align < 64; align++)
			scan_copy(data, len, 32, align, 1000);
	}
}

static void vectors_equal_scalar_with_little_before(void **state)
{
	size_t len = 2 * BLOCK + 777;
	DV_AUTO_FREE uint8_t *data = xmalloc(len + 64);

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		fill(data, len + 64, kind);
		for (size_t before = 0; before <= 40; before++)
			scan_copy(data, len, before, before % 7, before);
	}
}

static void vectors_equal_scalar_around_every_block_size(void **state)
{
	static const size_t around[] = {
		0, 16, 32, 4096, 4096 + 512, 5184, 6208, 8192, BLOCK - 512,
		BLOCK, BLOCK + 4096, BLOCK_512, 2 * BLOCK, BLOCK_512 + 5184,
		2 * BLOCK + 4096, BLOCK_512 + 6144,
	};
	size_t most = BLOCK_512 + 12000;
	DV_AUTO_FREE uint8_t *data = xmalloc(most);

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		fill(data, most, kind);
		for (size_t i = 0; i < sizeof(around) / sizeof(*around); i++)
			for (int off = -40; off <= 40; off++) {
				size_t len = around[i] + off;

				if ((int)around[i] + off < 0)
					continue;
				scan_copy(data, len, 0, 0, 0);
				scan_copy(data, len, 32, 1, 32);
			}
	}
}

static void vectors_equal_scalar_on_periodic_data(void **state)
{
	size_t len = BLOCK + 5000;
	DV_AUTO_FREE uint8_t *data = xmalloc(len);
	uint64_t seed = 3;

	(void)state;
	for (size_t period = 1; period <= 8; period++)
		for (size_t align = 0; align < 64; align++) {
			uint8_t pattern[8];

			random_fill(pattern, 8, random_next(&seed));
			for (size_t i = 0; i < len; i++)
				data[i] = pattern[i % period];
			scan_copy(data, len, 0, align, 0);
		}
	for (int b = 0; b < 256; b++) {
		memset(data, b, len);
		scan_copy(data, len, 0, b % 64, 0);
	}
}

/* Code, tables and texts: this program itself. */
static void vectors_equal_scalar_on_real_data(void **state)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	const uint8_t *data;

	(void)state;
	assert_int_equal(file_read("/proc/self/exe", SIZE_MAX, &bytes), 0);
	data = (const uint8_t *)bytes.data;
	assert_true(bytes.len > BLOCK_512);
	assert_same_scan(data, bytes.len, 0, 0);
	for (size_t align = 0; align < 64; align++)
		scan_copy(data, BLOCK_512, 0, align, 0);
}

/* A pattern of three bytes may have candidates for ever: many in one step. */
static void data_full_of_candidates_loses_none(void **state)
{
	size_t len = 2 * BLOCK + 100;
	DV_AUTO_FREE uint8_t *data = xmalloc(len);
	uint64_t seed = 4;
	int found = 0;

	(void)state;
	for (int tries = 0; tries < 200000 && found < 4; tries++) {
		struct cut_list list = CUT_LIST_INIT;
		uint64_t pattern = random_next(&seed);
		size_t count;

		for (size_t i = 0; i < 96; i++)
			data[i] = pattern >> i % 3 * 8;
		cut_scan_reference(data + 32, 64, 32, 32, &list);
		count = list.count;
		cut_list_release(&list);
		if (count < 20)
			continue;
		found++;
		for (size_t i = 0; i < len; i++)
			data[i] = pattern >> i % 3 * 8;
		cut_scan(data, len, 0, 0, &list);
		assert_true(list.count > len / 3 - 32);
		cut_list_release(&list);
		scan_copy(data, len, 0, 0, 0);
	}
	assert_int_equal(found, 4);
}

/* Cuts data scanned in blocks of `block` bytes. */
static size_t cut_in_blocks(const uint8_t *data, size_t len, size_t block,
			    uint64_t *ends)
{
	struct cut_chooser chooser = { 0 };
	struct cut_list list = CUT_LIST_INIT;
	size_t count = 0;

	for (size_t at = 0;;) {
		size_t n = len - at < block ? len - at : block;

		cut_scan(data + at, n, at < 32 ? at : 32, at, &list);
		at += n;
		while (cut_choose(&chooser, &list, at, at == len,
				  &ends[count]))
			count++;
		cut_list_trim(&list, &chooser);
		assert_int_equal(chooser.next, 0);
		if (at == len)
			break;
	}
	cut_list_release(&list);
	return count;
}

static void cuts_do_not_depend_on_the_block_size(void **state)
{
	static const size_t blocks[] = {
		1 << 14, 12345, 34816, 100000, 1 << 18, (1 << 18) + 1, 1 << 20,
		4 << 20,
	};
	size_t len = (3 << 20) + 4711;
	DV_AUTO_FREE uint8_t *data = xmalloc(len);
	static uint64_t plain[1000], ends[1000];

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		size_t count = 0, at = 0;

		fill(data, len, kind);
		for (; at < len; count++) {
			at += dv_chunk_next(data + at, len - at);
			plain[count] = at;
		}
		for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
			assert_int_equal(cut_in_blocks(data, len, blocks[i],
						       ends), count);
			assert_memory_equal(ends, plain,
					    count * sizeof(*ends));
		}
	}
}

static void patterns_are_kept_for_the_fuzzer(void **state)
{
	uint8_t data[300];

	(void)state;
	fill(data, sizeof(data), RANDOM);
	corpus_add("chunk", "random", data, sizeof(data));
	corpus_add("chunk", "period", data, 5);
	fill(data, sizeof(data), DENSE);
	corpus_add("chunk", "candidate", data, 34);
}

static void every_chunk_keeps_the_limits(void **state)
{
	size_t len = 8 << 20;
	DV_AUTO_FREE uint8_t *data = xmalloc(len);

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		fill(data, len, kind);
		for (size_t at = 0, n; at < len; at += n) {
			n = dv_chunk_next(data + at, len - at);
			assert_in_range(n, 1, DV_CHUNK_MAX);
			assert_true(n > DV_CHUNK_MIN || at + n == len);
		}
	}
}

static void constant_data_gives_the_longest_chunks(void **state)
{
	DV_AUTO_FREE uint8_t *data = xcalloc(1, 2 * DV_CHUNK_MAX);

	(void)state;
	assert_int_equal(dv_chunk_next(data, 2 * DV_CHUNK_MAX), DV_CHUNK_MAX);
	assert_int_equal(dv_chunk_next(data, DV_CHUNK_MAX), DV_CHUNK_MAX);
	assert_int_equal(dv_chunk_next(data, 1000), 1000);
	assert_int_equal(dv_chunk_next(data, DV_CHUNK_MIN + 1),
			 DV_CHUNK_MIN + 1);
}

/* The point of it all: the chunks far from an edit stay as they are. */
static void an_insertion_moves_few_cuts(void **state)
{
	size_t len = 16 << 20, count, edited_count, same = 0;
	DV_AUTO_FREE uint8_t *data = xmalloc(len + 1);
	static uint64_t ends[1000], edited[1000];

	(void)state;
	fill(data, len, RANDOM);
	count = cut_in_blocks(data, len, 4 << 20, ends);
	memmove(data + (8 << 20) + 1, data + (8 << 20), len - (8 << 20));
	edited_count = cut_in_blocks(data, len + 1, 4 << 20, edited);
	for (size_t i = 0, j = 0; i < count && j < edited_count;) {
		uint64_t moved = ends[i] + (ends[i] > 8 << 20);

		same += moved == edited[j];
		if (moved <= edited[j])
			i++;
		else
			j++;
	}
	assert_true(count > 150);
	assert_true(same + 4 >= count);
}

static void choosing_waits_for_what_it_needs(void **state)
{
	uint64_t items[] = { (UINT64_C(20000) << 1) | 0,
			     (UINT64_C(70000) << 1) | 0 };
	struct cut_list list = { items, 1, 2 };
	struct cut_chooser c = { 0 };
	uint64_t end;

	(void)state;
	/* a weak candidate before AIM is none */
	assert_false(cut_choose(&c, &list, 69999, false, &end));
	list.count = 2;
	assert_true(cut_choose(&c, &list, 70000, false, &end));
	assert_int_equal(end, 70000);
	/* nothing for MAX bytes */
	assert_false(cut_choose(&c, &list, 70000 + DV_CHUNK_MAX - 1, false,
				&end));
	assert_true(cut_choose(&c, &list, 70000 + DV_CHUNK_MAX, false, &end));
	assert_int_equal(end, 70000 + DV_CHUNK_MAX);
	/* the file ends here; there is no empty chunk after it */
	assert_false(cut_choose(&c, &list, end, true, &end));
	assert_true(cut_choose(&c, &list, end + 1, true, &end));
	assert_int_equal(end, 70000 + DV_CHUNK_MAX + 1);
}

/* The vectors of dvformat-chunk(5). */
static void the_published_vectors_hold(void **state)
{
	static const struct {
		uint32_t end;
		const char *id;
	} expect[] = {
		{ 92334, "aab0c26fdf7ac7dc24f0fff3ad4dce4e"
		  "0ee31ec4466cb7b51cd8afa941a7a925" },
		{ 167872, "5fde759356df3049d9026ef7c6d9ae0e"
		  "90637b9f3be59c376cad918a31d19f7a" },
		{ 239368, "c52b00ec0ba85668ee0a3cc71aa5b795"
		  "f40dd1b30ed2dd60571bd6ee1150ad22" },
		{ 310608, "6d7c19e1fa75b00ab0a9636573a05308"
		  "11c5805e6f62a74a90fabee07256fc53" },
		{ 401869, "2cbb76a3ed1a24ecd4b6763511ce9d16"
		  "9970b96a6b66e1e9d73619ccf2b8613e" },
		{ 419913, "6a7952297fe957bbf5349580d839f1db"
		  "c520e80eb780c77a8b0af45caf735c21" },
		{ 487752, "eff062747394f84e8eb67437f1737850"
		  "e7483534594fabbf3a70a1c001ac0288" },
		{ 530440, "a1c5e15cf447714c2cc2a5e042b39885"
		  "3343cb3a3be750822ecec281eefda0a1" },
		{ 585926, "fcbafcdabc4627ac0b2ede3dbc01b713"
		  "e0ee7716e80cb97434e80200ff58aa28" },
		{ 629815, "7b4b8dcffd4139d2f10086811f070ea6"
		  "efe7efcb2eeb087449bd7d6fd3d9df86" },
		{ 711879, "5ad2ec06f0c94308916d3a3c7816bd16"
		  "a6a283d325d22f4a1bccbd6d8b0095f4" },
		{ 789489, "042c3c867f1812a643ee5a7933e3611d"
		  "00f7fd73212c03c96f4668131fd2ebf5" },
		{ 856289, "aaca1c1cdc9cc5eaa9b8735ba94383f3"
		  "87bee7b9f7d1de611b3813b377ecfa7f" },
		{ 932660, "57027b3f671e7a89dc9036064f5f72e6"
		  "4f6b4adab6e78043227057e5f8bf8541" },
		{ 1013646, "bab8c124d2fd725c1ee7fee6414af758"
		  "3aa96b8f354ce7ad5b083882d175df9a" },
		{ 1060921, "3a19a1741014e13b6d88f340779e0b65"
		  "06fa845395f48d97bc9c1186aa2ef361" },
	};
	size_t len = (1 << 20) + 12345, at = 0, i = 0;
	DV_AUTO_FREE uint8_t *data = xmalloc(len);

	(void)state;
	random_fill(data, len, 0);
	for (size_t n; at < len; at += n, i++) {
		struct dv_id id;
		char hex[DV_ID_HEX + 1];

		n = dv_chunk_next(data + at, len - at);
		sha256(data + at, n, &id);
		dv_id_to_hex(&id, hex);
		assert_true(i < sizeof(expect) / sizeof(*expect));
		assert_int_equal(at + n, expect[i].end);
		assert_string_equal(hex, expect[i].id);
	}
	assert_int_equal(i, sizeof(expect) / sizeof(*expect));
}

static void the_kernel_is_what_the_cpu_has(void **state)
{
	const char *wish = getenv("DV_KERNEL");

	(void)state;
	if (wish && !strcmp(wish, "scalar"))
		assert_string_equal(cut_kernel(), "scalar");
	else
		assert_true(!strcmp(cut_kernel(), "avx512") ||
			    !strcmp(cut_kernel(), "avx2") ||
			    !strcmp(cut_kernel(), "scalar"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_is_what_the_cpu_has),
		cmocka_unit_test(vectors_equal_scalar_at_every_alignment),
		cmocka_unit_test(vectors_equal_scalar_with_little_before),
		cmocka_unit_test(vectors_equal_scalar_around_every_block_size),
		cmocka_unit_test(vectors_equal_scalar_on_periodic_data),
		cmocka_unit_test(vectors_equal_scalar_on_real_data),
		cmocka_unit_test(data_full_of_candidates_loses_none),
		cmocka_unit_test(cuts_do_not_depend_on_the_block_size),
		cmocka_unit_test(patterns_are_kept_for_the_fuzzer),
		cmocka_unit_test(every_chunk_keeps_the_limits),
		cmocka_unit_test(constant_data_gives_the_longest_chunks),
		cmocka_unit_test(an_insertion_moves_few_cuts),
		cmocka_unit_test(choosing_waits_for_what_it_needs),
		cmocka_unit_test(the_published_vectors_hold),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
