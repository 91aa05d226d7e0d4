#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "dv/chunk.h"
#include "dv/error.h"
#include "dv/progress.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "chunk/sha256.h"
#include "chunk/stream.h"

#include "data.h"
#include "memory.h"

#define LEN_MOST	((size_t)21 << 20)

static uint8_t *bytes;		/* LEN_MOST of them */

/* A file in memory, and what was reported of it. */
struct file {
	size_t len;
	size_t shrink_to;	/* from the third block on, or 0 */
	int fail_read, fail_put, fail_emit;	/* at this call, 0: never */
	bool cancel;		/* at the second put */
	int slow_until;		/* puts of others: the first waits for them */

	atomic_int reads, puts, emits;
	atomic_int inside_emit;
	atomic_uint_fast64_t put_bytes;
	struct chunk *chunks;	/* owned */
	size_t count, room;
};

static int file_read_at(void *data, uint8_t *out, size_t len, uint64_t offset,
			size_t *got)
{
	struct file *f = data;
	size_t end = f->len;

	if (atomic_fetch_add(&f->reads, 1) + 1 == f->fail_read)
		return dv_fail(DV_E_IO, "the disk is on fire");
	if (f->shrink_to && offset >= 2 * STREAM_BLOCK - 100)
		end = f->shrink_to;
	*got = offset < end ? end - offset : 0;
	if (*got > len)
		*got = len;
	memcpy(out, bytes + offset, *got);
	return 0;
}

static int file_put(void *data, unsigned worker, const struct chunk *chunks,
		    size_t count)
{
	struct file *f = data;
	int call = atomic_fetch_add(&f->puts, 1) + 1;

	assert_true(worker < 3);
	assert_true(count > 0);
	if (call == f->fail_put)
		return dv_hint(dv_fail(DV_E_NOSPACE, "no room for that"),
			       "buy a disk");
	if (f->cancel && call == 2)
		dv_cancel();
	for (int ms = 0; call == 1 && f->puts < f->slow_until; ms++) {
		assert_true(ms < 20000);
		usleep(1000);
	}
	for (size_t i = 0; i < count; i++) {
		struct dv_id id;

		assert_true(!i || chunks[i].data ==
			    chunks[i - 1].data + chunks[i - 1].len);
		sha256(chunks[i].data, chunks[i].len, &id);
		assert_true(dv_id_equal(&id, &chunks[i].id));
		atomic_fetch_add(&f->put_bytes, chunks[i].len);
	}
	return 0;
}

static int file_emit(void *data, const struct chunk *chunks, size_t count)
{
	struct file *f = data;

	assert_int_equal(atomic_fetch_add(&f->inside_emit, 1), 0);
	if (atomic_fetch_add(&f->emits, 1) + 1 == f->fail_emit)
		return dv_fail(DV_E_INVALID, "not in this list");
	for (size_t i = 0; i < count; i++) {
		assert_null(chunks[i].data);
		ARRAY_GROW(f->chunks, f->count + 1, f->room);
		f->chunks[f->count++] = chunks[i];
	}
	atomic_fetch_sub(&f->inside_emit, 1);
	return 0;
}

static int stream(struct file *f, unsigned threads, uint64_t *size)
{
	const struct chunk_sink sink = {
		.read = file_read_at, .put = file_put, .emit = file_emit,
		.data = f,
	};

	return chunk_stream(&sink, threads, size);
}

static void assert_chunks_of(const struct file *f, size_t len)
{
	size_t room = len / DV_CHUNK_MIN + 1;
	struct chunk *expect = xcalloc(room, sizeof(*expect));
	size_t count = chunk_memory(bytes, len, expect, room, 1);

	assert_int_equal(f->count, count);
	assert_int_equal(f->put_bytes, len);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(f->chunks[i].len, expect[i].len);
		assert_true(dv_id_equal(&f->chunks[i].id, &expect[i].id));
	}
	free(expect);
}

static void any_number_of_threads_gives_the_same_ids(void **state)
{
	static const size_t lens[] = {
		0, 1, 100, DV_CHUNK_MIN, DV_CHUNK_MIN + 1, 1 << 20,
		STREAM_BLOCK - 1, STREAM_BLOCK, STREAM_BLOCK + 1,
		2 * STREAM_BLOCK - 31, 2 * STREAM_BLOCK, 3 * STREAM_BLOCK + 5,
		5 * STREAM_BLOCK, LEN_MOST,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
		for (unsigned threads = 1; threads <= 3; threads++) {
			struct file f = { .len = lens[i] };
			uint64_t size = 1;

			assert_int_equal(stream(&f, threads, &size), 0);
			assert_int_equal(size, lens[i]);
			assert_chunks_of(&f, lens[i]);
			free(f.chunks);
		}
}

/* A put that takes long, as one that writes for all does, holds up nobody. */
static void others_go_on_while_one_puts(void **state)
{
	struct file f = { .len = LEN_MOST, .slow_until = 6 };
	uint64_t size;

	(void)state;
	assert_int_equal(stream(&f, 2, &size), 0);
	assert_int_equal(size, f.len);
	assert_chunks_of(&f, f.len);
	free(f.chunks);
}

static void memory_is_cut_as_the_public_function_says(void **state)
{
	static const size_t lens[] = {
		0, 1, DV_CHUNK_MIN, DV_CHUNK_MIN + 1, DV_CHUNK_MAX, 777777,
		3 << 20,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		size_t room = lens[i] / DV_CHUNK_MIN + 1, at = 0;
		struct chunk *chunks = xcalloc(room, sizeof(*chunks));
		size_t count = chunk_memory(bytes, lens[i], chunks, room, 0);

		for (size_t k = 0; k < count; k++) {
			assert_ptr_equal(chunks[k].data, bytes + at);
			assert_int_equal(chunks[k].len,
				dv_chunk_next(bytes + at, lens[i] - at));
			at += chunks[k].len;
		}
		assert_int_equal(at, lens[i]);
		free(chunks);
	}
}

static void expect_failure(struct file *f, int code, const char *text)
{
	for (unsigned threads = 1; threads <= 3; threads++) {
		struct file g = *f;

		g.len = LEN_MOST;
		assert_int_equal(stream(&g, threads, NULL), code);
		assert_string_equal(dv_error_text(), text);
		free(g.chunks);
	}
}

static void a_failing_read_stops_it(void **state)
{
	(void)state;
	for (int call = 1; call <= 5; call++) {
		struct file f = { .fail_read = call };

		expect_failure(&f, DV_E_IO, "the disk is on fire");
	}
}

static void a_failing_put_stops_it_with_its_hint(void **state)
{
	(void)state;
	for (int call = 1; call <= 5; call++) {
		struct file f = { .fail_put = call };

		expect_failure(&f, DV_E_NOSPACE, "no room for that");
		assert_string_equal(dv_error_hint(), "buy a disk");
	}
}

static void a_failing_emit_stops_it(void **state)
{
	(void)state;
	for (int call = 1; call <= 5; call++) {
		struct file f = { .fail_emit = call };

		expect_failure(&f, DV_E_INVALID, "not in this list");
	}
}

static void a_failure_in_a_small_file_is_told_too(void **state)
{
	struct file f = { .len = 1000, .fail_emit = 1 };

	(void)state;
	assert_int_equal(stream(&f, 3, NULL), DV_E_INVALID);
	f = (struct file){ .len = 1000, .fail_put = 1 };
	assert_int_equal(stream(&f, 3, NULL), DV_E_NOSPACE);
	f = (struct file){ .len = 1000, .fail_read = 1 };
	assert_int_equal(stream(&f, 3, NULL), DV_E_IO);
}

/*
 * Blocks from the third on find the file cut off: whatever is reported is
 * what was read, in one piece, and the size says how much.
 */
static void a_file_that_shrinks_ends_where_it_was_cut(void **state)
{
	static const size_t ends[] = {
		1, 2 * STREAM_BLOCK - 50, 2 * STREAM_BLOCK,
		2 * STREAM_BLOCK + 70000,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (unsigned threads = 1; threads <= 3; threads++) {
			struct file f = { .len = LEN_MOST,
					  .shrink_to = ends[i] };
			uint64_t size = 0;
			size_t expect = ends[i] > 2 * STREAM_BLOCK ?
				ends[i] : 2 * STREAM_BLOCK;

			assert_int_equal(stream(&f, threads, &size), 0);
			assert_int_equal(size, expect);
			assert_chunks_of(&f, expect);
			free(f.chunks);
		}
}

static void cancelling_stops_it(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= 3; threads++) {
		struct file f = { .len = LEN_MOST, .cancel = true };
		struct file small = { .len = 1000 };

		assert_int_equal(stream(&f, threads, NULL),
				 DV_E_INTERRUPTED);
		/* nor is a small file said to be done when it is not */
		assert_int_equal(stream(&small, threads, NULL),
				 DV_E_INTERRUPTED);
		cancel_reset();
		free(f.chunks);
		free(small.chunks);
	}
}

static int look_at_memory(void *data, unsigned worker,
			  const struct chunk *chunks, size_t count)
{
	size_t *most = data, now = resident().all;

	(void)worker;
	(void)chunks;
	(void)count;
	if (now > *most)
		*most = now;
	return 0;
}

static int read_little(void *data, uint8_t *out, size_t len, uint64_t offset,
		       size_t *got)
{
	(void)data;
	assert_true(offset == 0 && len >= 1000);
	memset(out, 1, 1000);
	*got = 1000;
	return 0;
}

static int emit_nothing(void *data, const struct chunk *chunks, size_t count)
{
	(void)data;
	(void)chunks;
	(void)count;
	return 0;
}

static void a_small_file_takes_little_memory(void **state)
{
	size_t most = 0, before;
	const struct chunk_sink sink = {
		.read = read_little, .put = look_at_memory,
		.emit = emit_nothing, .data = &most,
	};
	struct dv_id id;

	(void)state;
	sha256("", 0, &id);	/* OpenSSL takes some at its first use */
	before = resident().all;
	assert_int_equal(chunk_stream(&sink, 64, NULL), 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(most < before + ((size_t)1 << 20));
#else
	(void)before;
#endif
}

static int make_bytes(void **state)
{
	(void)state;
	bytes = xmalloc(LEN_MOST);
	random_fill(bytes, LEN_MOST, 21);
	/* a stretch without candidates across the end of a block */
	memset(bytes + STREAM_BLOCK - 700000, 0, 1000000);
	text_fill(bytes + (8 << 20), 3 << 20, 1);
	return 0;
}

static int drop_bytes(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_file_takes_little_memory),
		cmocka_unit_test(any_number_of_threads_gives_the_same_ids),
		cmocka_unit_test(others_go_on_while_one_puts),
		cmocka_unit_test(memory_is_cut_as_the_public_function_says),
		cmocka_unit_test(a_failing_read_stops_it),
		cmocka_unit_test(a_failing_put_stops_it_with_its_hint),
		cmocka_unit_test(a_failing_emit_stops_it),
		cmocka_unit_test(a_failure_in_a_small_file_is_told_too),
		cmocka_unit_test(a_file_that_shrinks_ends_where_it_was_cut),
		cmocka_unit_test(cancelling_stops_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_bytes, drop_bytes);
}
