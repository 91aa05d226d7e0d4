#include "transfer_world.h"

#include <fcntl.h>

#include "store/pack_write.h"
#include "transfer/verify.h"

/*
 * Frames that are checked together: what is wrong with some of them is told
 * of these, in order, and of no other.
 */

#define OBJECTS		90
#define SIZE		70000	/* of most, so that eight make a frame */

static int keep_pack(void *data, struct pack *pack)
{
	*(struct pack **)data = pack;
	return 0;
}

/* Frames of objects that do not compress, then of those that do. */
static struct pack *make_pack(void)
{
	struct pack *pack = NULL;
	struct pack_writer_options o = {
		.class = OBJECT_DATA, .temp_dir = top, .dir = top, .nosync = 1,
		.finished = keep_pack, .data = &pack,
	};
	struct pack_writer *w;
	struct packer *p;

	assert_int_equal(pack_writer_open(&o, &w), 0);
	p = packer_new(w);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		struct file f = { .seed = 2 * i + (i >= OBJECTS / 2),
				  .size = SIZE - i % 7 * 900 };
		uint8_t *bytes = content_of(&f);
		struct object object = { .data = bytes, .len = f.size };

		sha256(bytes, f.size, &object.id);
		assert_int_equal(packer_put(p, &object, 1), 0);
		free(bytes);
	}
	assert_int_equal(packer_flush(p), 0);
	packer_free(p);
	assert_int_equal(pack_writer_finish(w), 0);
	pack_writer_free(w);
	assert_non_null(pack);
	assert_true(pack->frames > 9);
	return pack;
}

/* A pack's file in memory, its frames, and what is found wrong with these. */
struct look {
	struct pack *pack;
	struct frames frames;
	struct verifier *verifier;
	struct buf bytes;
	char told[64];		/* '.' for a good frame, 'x' for a bad one */
	uint32_t count;
};

static void look_begin(struct look *k)
{
	*k = (struct look){ .pack = make_pack(), .bytes = BUF_INIT };
	k->verifier = verifier_new();
	assert_int_equal(frames_init(&k->frames, k->pack), 0);
	assert_int_equal(file_read(k->pack->path, UINT32_MAX, &k->bytes), 0);
}

static void look_end(struct look *k)
{
	verifier_free(k->verifier);
	frames_release(&k->frames);
	pack_close(k->pack);
	buf_release(&k->bytes);
}

/* Damages frame number `frame` at so many bytes from its start. */
static void flip(struct look *k, uint32_t frame, size_t at)
{
	struct frame_info info;

	pack_frame_at(k->pack, frame, &info);
	k->bytes.data[frame_start(&info) + at] ^= 4;
}

/* Bytes of a frame's header and, in the last object, of its content. */
static size_t in_header(void)
{
	return 9;
}

static size_t in_content(const struct look *k, uint32_t frame)
{
	struct frame_info info;

	pack_frame_at(k->pack, frame, &info);
	return frame_end(&info) - frame_start(&info) - 100;
}

static int tell(void *data, uint32_t frame, int err,
		const struct frame_view *view)
{
	struct look *k = data;

	assert_int_equal(frame, k->count);
	assert_true(err == 0 || err == DV_E_CORRUPT);
	assert_true(err || (view && view->raw));
	for (uint32_t i = 0, at = 0; !err && i < view->info.count; i++) {
		struct dv_id id;

		sha256(view->raw + at, view->lens[i], &id);
		assert_true(dv_id_equal(&id, &view->ids[i]));
		at += view->lens[i];
	}
	k->told[k->count++] = err ? 'x' : '.';
	return 0;
}

/* All frames, of which `len` bytes are here; told as a word. */
static const char *told(struct look *k, size_t len)
{
	const struct frame_run run = {
		.frames = &k->frames, .end = k->pack->frames,
		.bytes = (const uint8_t *)k->bytes.data + PACK_HEADER_SIZE,
		.len = len - PACK_HEADER_SIZE,
	};

	memset(k->told, 0, sizeof(k->told));
	k->count = 0;
	assert_int_equal(verify_frames(k->verifier, &run, 0, tell, k), 0);
	assert_int_equal(k->count, k->pack->frames);
	return k->told;
}

static void each_bad_frame_is_told(void **state)
{
	struct look k;
	char expect[64] = "";

	(void)state;
	look_begin(&k);
	assert_true(frames_together(&k.frames, 0, k.pack->frames) > 1);
	memset(expect, '.', k.pack->frames);
	assert_string_equal(told(&k, k.bytes.len), expect);
	for (uint32_t a = 0; a < k.pack->frames; a++) {
		flip(&k, a, in_content(&k, a));
		expect[a] = 'x';
		assert_string_equal(told(&k, k.bytes.len), expect);
		for (uint32_t b = 0; b < k.pack->frames; b++) {
			char before = expect[b];

			flip(&k, b, in_header());
			expect[b] = 'x';
			assert_string_equal(told(&k, k.bytes.len), expect);
			flip(&k, b, in_header());
			expect[b] = before;
		}
		if (a % 2)
			continue;
		flip(&k, a, in_content(&k, a));
		expect[a] = '.';
	}
	look_end(&k);
}

static void frames_that_end_early_are_told(void **state)
{
	struct look k;

	(void)state;
	look_begin(&k);
	for (uint32_t i = 0; i < k.pack->frames; i++) {
		char expect[64] = "";
		struct frame_info info;

		pack_frame_at(k.pack, i, &info);
		memset(expect, '.', i);
		memset(expect + i, 'x', k.pack->frames - i);
		assert_string_equal(told(&k, frame_end(&info) - 1), expect);
		assert_string_equal(told(&k, frame_start(&info)), expect);
	}
	look_end(&k);
}

/* Without being told, the first that is wrong is what is said. */
static void the_first_is_what_is_said(void **state)
{
	struct look k;
	struct frame_run run;
	struct frame_info info;
	char hex[DV_ID_HEX + 1];

	(void)state;
	look_begin(&k);
	run = (struct frame_run){
		.frames = &k.frames, .end = k.pack->frames,
		.bytes = (const uint8_t *)k.bytes.data + PACK_HEADER_SIZE,
		.len = k.bytes.len - PACK_HEADER_SIZE,
	};
	assert_int_equal(verify_frames(k.verifier, &run, 0, NULL, NULL), 0);
	flip(&k, 1, in_content(&k, 1));
	flip(&k, 2, in_header());
	assert_int_equal(verify_frames(k.verifier, &run, 0, NULL, NULL),
			 DV_E_CORRUPT);
	pack_frame_at(k.pack, 1, &info);
	dv_id_to_hex(pack_id_at(k.pack, k.frames.order[info.first +
						       info.count - 1]), hex);
	hex[12] = '\0';
	assert_non_null(strstr(dv_error_text(), hex));
	flip(&k, 1, in_content(&k, 1));
	assert_int_equal(verify_frames(k.verifier, &run, 0, NULL, NULL),
			 DV_E_CORRUPT);
	assert_non_null(strstr(dv_error_text(), "a frame's header is wrong"));
	look_end(&k);
}

static int note(void *data, uint32_t frame)
{
	struct look *k = data;

	k->told[k->count++] = '0' + frame;
	return 0;
}

static void bad_frames_of_a_file_are_told(void **state)
{
	struct look k;
	int fd;

	(void)state;
	look_begin(&k);
	flip(&k, 0, in_header());
	flip(&k, 2, in_content(&k, 2));
	flip(&k, 3, in_content(&k, 3));
	flip(&k, k.pack->frames - 1, in_content(&k, k.pack->frames - 1));
	assert_int_equal(file_replace(k.pack->path, k.bytes.data, k.bytes.len,
				      0), 0);
	fd = open(k.pack->path, O_RDONLY);
	assert_true(fd >= 0);
	for (int flags = 0; flags <= VERIFY_LOCAL; flags += VERIFY_LOCAL) {
		const char expect[] = {
			'0', '2', '3', '0' + k.pack->frames - 1, '\0',
		};

		memset(k.told, 0, sizeof(k.told));
		k.count = 0;
		assert_int_equal(verify_pack(k.verifier, k.pack, fd, flags,
					     note, &k), 0);
		assert_string_equal(k.told, expect);
	}
	assert_int_equal(verify_pack(k.verifier, k.pack, fd, 0, NULL, NULL),
			 DV_E_CORRUPT);
	close(fd);
	look_end(&k);
}

/* Another file than when the pack was opened, of so many bytes of it. */
static void frames_of_a_short_file_are_told(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct look k;
	int fd;

	(void)state;
	look_begin(&k);
	buf_addf(&path, "%s/short", top);
	for (uint32_t i = k.pack->frames; i--;) {
		char expect[64] = "";
		struct frame_info info;

		pack_frame_at(k.pack, i, &info);
		assert_int_equal(file_replace(path.data, k.bytes.data,
					      frame_end(&info) - 1, 0), 0);
		for (uint32_t n = i; n < k.pack->frames; n++)
			expect[n - i] = '0' + n;
		fd = open(path.data, O_RDONLY);
		assert_true(fd >= 0);
		memset(k.told, 0, sizeof(k.told));
		k.count = 0;
		assert_int_equal(verify_pack(k.verifier, k.pack, fd, 0, note,
					     &k), 0);
		assert_string_equal(k.told, expect);
		close(fd);
	}
	look_end(&k);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_bad_frame_is_told),
		TEST(frames_that_end_early_are_told),
		TEST(the_first_is_what_is_said),
		TEST(bad_frames_of_a_file_are_told),
		TEST(frames_of_a_short_file_are_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
