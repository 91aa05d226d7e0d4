#include "store_world.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "store/pack_write.h"

static struct store *store_here(void)
{
	struct store *s;

	ok(store_open(in_world("s"), STORE_CREATE, &s));
	return s;
}

static void what_is_claimed_counts_as_had(void **state)
{
	struct store *s = store_here();
	struct session *w;
	struct session_hand *h;
	struct object o;
	uint8_t *bytes = object_make(&o, 1, 1000, false);
	struct place place;
	uint64_t raw, stored;

	(void)state;
	ok(session_open(s, &w));
	h = session_hand_new(w);
	assert_true(session_claim(w, OBJECT_DATA, &o.id));
	assert_false(session_claim(w, OBJECT_DATA, &o.id));
	/* the other class is another world */
	assert_true(session_claim(w, OBJECT_META, &o.id));
	ok(session_put(h, OBJECT_DATA, &o, 1));
	ok(session_put(h, OBJECT_META, &o, 1));
	assert_false(store_find(s, OBJECT_DATA, &o.id, &place));
	ok(session_hand_flush(h));
	session_hand_free(h);
	ok(session_finish(w));
	assert_true(store_find(s, OBJECT_DATA, &o.id, &place));
	assert_false(session_claim(w, OBJECT_DATA, &o.id));
	session_cost(w, &raw, &stored);
	assert_int_equal(raw, 2000);
	assert_true(stored > 2000 && stored < 10000);
	session_free(w);
	store_close(s);
	free(bytes);
}

static void a_session_that_stored_nothing_leaves_nothing(void **state)
{
	struct store *s = store_here();
	struct session *w;

	(void)state;
	ok(session_open(s, &w));
	ok(session_finish(w));
	session_free(w);
	assert_int_equal(count_files(in_world("s/data"), "", NULL), 0);
	store_close(s);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 0);
}

static void a_session_that_is_dropped_leaves_nothing(void **state)
{
	struct store *s = store_here();
	struct session *w;
	struct session_hand *h;
	struct object o;
	uint8_t *bytes = object_make(&o, 1, 900000, false);

	(void)state;
	ok(session_open(s, &w));
	h = session_hand_new(w);
	assert_int_equal(put_object(w, h, OBJECT_DATA, &o), 1);
	ok(session_hand_flush(h));
	session_hand_free(h);
	session_free(w);
	assert_int_equal(count_files(in_world("s/data"), "", NULL), 0);
	store_close(s);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 0);
	free(bytes);
}

/* --- threads ----------------------------------------------------------- */

struct race {
	struct session *w;
	uint64_t objects;
	uint32_t len;
	atomic_uint claimed;
};

static void *race_main(void *data)
{
	struct race *r = data;
	struct session_hand *h = session_hand_new(r->w);

	for (uint64_t n = 0; n < r->objects; n++) {
		struct object o;
		uint8_t *bytes = object_make(&o, n, r->len, false);

		if (session_claim(r->w, OBJECT_DATA, &o.id)) {
			atomic_fetch_add(&r->claimed, 1);
			assert_int_equal(session_put(h, OBJECT_DATA, &o, 1),
					 0);
		}
		free(bytes);
	}
	assert_int_equal(session_hand_flush(h), 0);
	session_hand_free(h);
	return NULL;
}

static int add_objects(struct pack *pack, void *data)
{
	*(uint64_t *)data += pack->objects;
	return 0;
}

/* Packs are finished and merged while claims are made. */
static void racing_threads_store_nothing_twice(void **state)
{
	struct store *s = store_here();
	struct race r = { .objects = 3000, .len = 60000 };
	struct store_reader *reader;
	pthread_t threads[3];
	uint64_t stored = 0;

	(void)state;
	ok(session_open(s, &r.w));
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, race_main, &r);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ok(session_finish(r.w));
	session_free(r.w);
	assert_int_equal(r.claimed, r.objects);
	ok(store_each_pack(s, OBJECT_DATA, add_objects, &stored));
	assert_int_equal(stored, r.objects);
	assert_true(count_files(in_world("s/data"), ".pack", NULL) > 2);
	reader = store_reader_new(s);
	for (uint64_t n = 0; n < r.objects; n += 113) {
		struct object o;
		uint8_t *bytes = object_make(&o, n, r.len, false);
		const uint8_t *data;
		uint32_t len;

		ok(store_read(reader, OBJECT_DATA, &o.id, &data, &len));
		assert_int_equal(len, r.len);
		assert_memory_equal(data, bytes, len);
		free(bytes);
	}
	store_reader_free(reader);
	store_close(s);
}

/* --- processes --------------------------------------------------------- */

static void child_puts(uint64_t from, uint64_t to)
{
	struct store *s;
	struct session *w;
	struct session_hand *h;

	if (store_open(in_world("s"), STORE_CREATE, &s) ||
	    session_open(s, &w))
		_exit(1);
	h = session_hand_new(w);
	for (uint64_t n = from; n < to; n++) {
		struct object o;
		uint8_t *bytes = object_make(&o, n, 1000, false);

		if (session_claim(w, OBJECT_DATA, &o.id) &&
		    session_put(h, OBJECT_DATA, &o, 1))
			_exit(1);
		free(bytes);
	}
	if (session_hand_flush(h))
		_exit(1);
	session_hand_free(h);
	if (session_finish(w))
		_exit(1);
	session_free(w);
	store_close(s);
	_exit(0);
}

static void processes_write_at_once(void **state)
{
	struct store_reader *r;
	struct store *s;
	int status;

	(void)state;
	/* they make the store, too; half of what they put is the same */
	for (int i = 0; i < 3; i++)
		if (!fork())
			child_puts(i * 500, i * 500 + 1000);
	for (int i = 0; i < 3; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	s = store_here();
	r = store_reader_new(s);
	for (uint64_t n = 0; n < 2000; n++)
		ok(read_some(r, OBJECT_DATA, n, false));
	store_reader_free(r);
	store_close(s);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 0);
}

/* --- sizes ------------------------------------------------------------- */

static void objects_of_any_size_are_kept(void **state)
{
	static const uint32_t sizes[] = {
		0, 1, 2, 255, 4095, 65536, 262144, FRAME_AIM - 1, FRAME_AIM,
		FRAME_AIM + 1, OBJECT_MAX - 1, OBJECT_MAX,
	};
	enum { COUNT = sizeof(sizes) / sizeof(*sizes) };
	struct store *s = store_here();
	struct store_reader *r;
	struct session *w;
	struct session_hand *h;

	(void)state;
	ok(session_open(s, &w));
	h = session_hand_new(w);
	for (int pass = 0; pass < 2; pass++) {
		if (pass) {
			ok(session_hand_flush(h));
			session_hand_free(h);
			ok(session_finish(w));
			session_free(w);
		}
		r = store_reader_new(s);
		for (int class = 0; class < 2; class++) {
			for (int i = 0; i < 2 * COUNT; i++) {
				struct object o;
				uint8_t *bytes = object_make(&o, i,
							     sizes[i / 2],
							     i & 1);
				const uint8_t *data;
				uint32_t len;

				if (!pass) {
					put_object(w, h, class, &o);
				} else {
					ok(store_read(r, class, &o.id, &data,
						      &len));
					assert_int_equal(len, o.len);
					assert_memory_equal(data, bytes, len);
				}
				free(bytes);
			}
		}
		store_reader_free(r);
	}
	store_close(s);
}

/* Objects of raw frames and of compressed ones. */
static void objects_are_read_to_where_the_caller_wants(void **state)
{
	static const uint32_t sizes[] = { 1, 1000, 65536, 262144 };
	struct store *s = store_here();
	uint8_t *bytes[8], *out = xmalloc(262144 + 1);
	struct object objects[8];
	struct store_reader *r;
	struct session_hand *h;
	struct session *w;

	(void)state;
	ok(session_open(s, &w));
	h = session_hand_new(w);
	for (int i = 0; i < 8; i++) {
		bytes[i] = object_make(&objects[i], i, sizes[i / 2], i & 1);
		put_object(w, h, OBJECT_DATA, &objects[i]);
	}
	ok(session_hand_flush(h));
	session_hand_free(h);
	ok(session_finish(w));
	session_free(w);
	r = store_reader_new(s);
	for (int i = 0; i < 8; i++) {
		const struct object *o = &objects[i];
		uint32_t len = o->len;

		out[len] = 0xa5;
		ok(store_read_to(r, OBJECT_DATA, &o->id, out, &len));
		assert_int_equal(len, o->len);
		assert_memory_equal(out, bytes[i], len);
		assert_int_equal(out[len], 0xa5);
		/* no room: nothing beyond it is touched */
		len = o->len - 1;
		out[len] = 0xa5;
		ok(store_read_to(r, OBJECT_DATA, &o->id, out, &len));
		assert_int_equal(len, o->len);
		assert_int_equal(out[len - 1], 0xa5);
		free(bytes[i]);
	}
	store_reader_free(r);
	free(out);
	store_close(s);
}

static void a_node_that_was_swapped_is_noticed(void **state)
{
	struct store *s = store_here();
	struct session *w;
	struct session_hand *h;
	struct store_reader *r;
	struct object o;
	uint8_t *bytes = object_make(&o, 1, 1000, false);
	const uint8_t *data;
	uint32_t len;

	(void)state;
	/* other bytes under its id, with all the checks right */
	o.id.bytes[0] ^= 1;
	ok(session_open(s, &w));
	h = session_hand_new(w);
	ok(session_put(h, OBJECT_META, &o, 1));
	ok(session_hand_flush(h));
	session_hand_free(h);
	ok(session_finish(w));
	session_free(w);
	r = store_reader_new(s);
	assert_int_equal(store_read(r, OBJECT_META, &o.id, &data, &len),
			 DV_E_CORRUPT);
	store_reader_free(r);
	store_close(s);
	free(bytes);
}

static void a_full_disk_leaves_the_store_as_it_was(void **state)
{
	const char *dir = in_world("small");
	struct store *s;
	struct store_reader *r;
	struct session *w;
	struct session_hand *h;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	(void)state;
	mkdir(dir, 0777);
	if (mount("none", dir, "tmpfs", 0, "size=4m")) {
		print_message("# cannot mount: not tried\n");
		return;
	}
	buf_addf(&path, "%s/s", dir);
	ok(store_open(path.data, STORE_CREATE, &s));
	put_some(s, OBJECT_DATA, 0, 10, false);
	ok(session_open(s, &w));
	h = session_hand_new(w);
	for (uint64_t n = 0; n < 100 && !err; n++) {
		struct object o;
		uint8_t *bytes = object_make(&o, n, 100000, false);

		assert_true(session_claim(w, OBJECT_DATA, &o.id));
		err = session_put(h, OBJECT_DATA, &o, 1);
		free(bytes);
	}
	assert_int_equal(err, DV_E_NOSPACE);
	assert_non_null(strstr(dv_error_hint(), "run the same command"));
	assert_int_equal(session_hand_flush(h), DV_E_NOSPACE);
	session_hand_free(h);
	assert_int_equal(session_finish(w), DV_E_NOSPACE);
	session_free(w);
	r = store_reader_new(s);
	for (uint64_t n = 0; n < 10; n++)
		ok(read_some(r, OBJECT_DATA, n, false));
	store_reader_free(r);
	buf_addstr(&path, "/data");
	assert_int_equal(count_files(path.data, "", NULL), 1);
	put_some(s, OBJECT_DATA, 10, 20, false);
	store_close(s);
	umount(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(what_is_claimed_counts_as_had),
		WORLD_TEST(a_session_that_stored_nothing_leaves_nothing),
		WORLD_TEST(a_session_that_is_dropped_leaves_nothing),
		WORLD_TEST(racing_threads_store_nothing_twice),
		WORLD_TEST(processes_write_at_once),
		WORLD_TEST(objects_of_any_size_are_kept),
		WORLD_TEST(objects_are_read_to_where_the_caller_wants),
		WORLD_TEST(a_node_that_was_swapped_is_noticed),
		WORLD_TEST(a_full_disk_leaves_the_store_as_it_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
