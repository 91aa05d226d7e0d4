#include "store_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/pack_write.h"

static struct store *store_at(const char *name)
{
	struct store *s;

	ok(store_open(in_world(name), STORE_CREATE, &s));
	return s;
}

static void a_store_is_made_only_when_asked(void **state)
{
	struct store *s;
	struct stat st;

	(void)state;
	assert_int_equal(store_open(in_world("s"), 0, &s), DV_E_NOTFOUND);
	assert_null(s);
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	assert_string_equal(store_path(s), in_world("s"));
	store_close(s);
	assert_int_equal(stat(in_world("s/data"), &st), 0);
	ok(store_open(in_world("s"), STORE_READ_ONLY, &s));
	store_close(s);
	/* folders that a copy has lost come back */
	rmdir(in_world("s/data"));
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	put_some(s, OBJECT_DATA, 0, 3, false);
	store_close(s);
}

static void what_is_no_store_is_left_alone(void **state)
{
	struct store *s;

	(void)state;
	ok(dir_make(in_world("s")));
	ok(file_replace(in_world("s/format"), "dv-store 2\n", 11, 0));
	assert_int_equal(store_open(in_world("s"), 0, &s), DV_E_UNSUPPORTED);
	ok(file_replace(in_world("s/format"), "what\n", 5, 0));
	assert_int_equal(store_open(in_world("s"), STORE_CREATE, &s),
			 DV_E_CORRUPT);
	assert_int_equal(count_files(in_world("s"), "", NULL), 1);
}

/* .git/dv has what is known of the work tree in it as well. */
static void a_store_may_share_its_folder(void **state)
{
	struct store *s;

	(void)state;
	ok(dir_make(in_world("s/stat")));
	ok(file_replace(in_world("s/lock"), "", 0, 0));
	ok(file_replace(in_world("s/head"), "", 0, 0));
	ok(file_replace(in_world("s/tracked"), "", 0, 0));
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	put_some(s, OBJECT_DATA, 0, 3, false);
	store_close(s);
	assert_int_equal(access(in_world("s/lock"), F_OK), 0);
}

static void classes_are_kept_apart(void **state)
{
	struct store *s = store_at("s");
	struct store_reader *r = store_reader_new(s);

	(void)state;
	put_some(s, OBJECT_DATA, 0, 10, false);
	put_some(s, OBJECT_META, 10, 20, true);
	for (uint64_t n = 0; n < 20; n++) {
		bool meta = n >= 10;

		ok(read_some(r, meta, n, meta));
		assert_int_equal(read_some(r, !meta, n, meta), DV_E_NOTFOUND);
		assert_non_null(strstr(dv_error_hint(), "dv fetch"));
	}
	store_reader_free(r);
	store_close(s);
}

static void another_process_s_packs_are_found(void **state)
{
	struct store *a = store_at("s"), *b = store_at("s");
	struct store_reader *r = store_reader_new(b);
	uint64_t generation = store_generation(b);

	(void)state;
	/* reading looks once more by itself for what is missing */
	put_some(a, OBJECT_DATA, 0, 5, false);
	ok(read_some(r, OBJECT_DATA, 1, false));
	assert_true(store_generation(b) > generation);
	store_reader_free(r);
	store_close(a);
	store_close(b);
}

static void a_pack_that_was_removed_is_no_longer_found(void **state)
{
	struct store *s = store_at("s");
	struct store_reader *r;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	(void)state;
	put_some(s, OBJECT_DATA, 0, 5, false);
	put_some(s, OBJECT_DATA, 5, 10, false);
	r = store_reader_new(s);
	ok(read_some(r, OBJECT_DATA, 1, false));
	count_files(in_world("s/data"), ".pack", &path);
	unlink(path.data);
	/* one of them may be open already */
	for (uint64_t n = 0; n < 10; n++) {
		int err = read_some(r, OBJECT_DATA, n, false);

		assert_true(!err || err == DV_E_NOTFOUND);
	}
	store_reader_free(r);
	store_close(s);
}

/* --- damage ------------------------------------------------------------ */

/* Another copy of objects [from, from + 20) in a pack of another name. */
static void put_copy(struct store *s, uint64_t from, bool text)
{
	const char *dir;
	struct pack_writer_options o = {
		.class = OBJECT_DATA, .dir = in_world("s/data"), .nonce = 9,
	};

	ok(store_temp_dir(s, &dir));
	o.temp_dir = dir;
	pack_objects(&o, from, from + 20, 1000, text);
	ok(store_refresh(s));
}

/* Damages what store_find() finds first for object n. */
static void damage_object(struct store *s, uint64_t n, bool text)
{
	struct frame_info f;
	struct place place;
	struct object o;
	uint8_t *bytes = object_make(&o, n, 1000, text);

	assert_true(store_find(s, OBJECT_DATA, &o.id, &place));
	pack_frame_at(place.pack, place.frame, &f);
	if (f.codec == CODEC_RAW)
		damage(place.pack->path, f.offset + place.offset + 3);
	else	/* zstd's magic */
		damage(place.pack->path, f.offset);
	free(bytes);
}

static void another_copy_is_used(void **state)
{
	(void)state;
	for (int text = 0; text < 2; text++) {
		struct store *s = store_at("s");
		struct store_reader *r = store_reader_new(s);

		put_some(s, OBJECT_DATA, 0, 20, text);
		put_copy(s, 0, text);
		damage_object(s, 7, text);
		for (uint64_t n = 0; n < 20; n++)
			ok(read_some(r, OBJECT_DATA, n, text));
		assert_int_equal(count_files(in_world("s/index"), ".bad",
					     NULL), 1);
		/* now the other one too, to a process that knows of nothing */
		damage_object(s, 7, text);
		store_reader_free(r);
		store_close(s);
		s = store_at("s");
		r = store_reader_new(s);
		assert_int_equal(read_some(r, OBJECT_DATA, 7, text),
				 DV_E_CORRUPT);
		assert_non_null(strstr(dv_error_text(), ".pack"));
		assert_non_null(strstr(dv_error_hint(), "dv fetch"));
		assert_int_equal(read_some(r, OBJECT_DATA, 7, text),
				 DV_E_CORRUPT);
		store_reader_free(r);
		store_close(s);
		ok(dir_remove(in_world("s")));
	}
}

static struct pack *pack_of(struct store *s, uint64_t n, bool same)
{
	struct place place;
	struct object o;

	free(object_make(&o, n, 1000, false));
	assert_true(same ? store_find_same(s, OBJECT_DATA, &o.id, &place) :
		    store_find(s, OBJECT_DATA, &o.id, &place));
	return place.pack;
}

/* Whatever was found before, which store_find() may go by. */
static void of_two_copies_the_same_one_is_counted(void **state)
{
	struct store *s = store_at("s");
	struct pack *counted;

	(void)state;
	put_some(s, OBJECT_DATA, 0, 20, false);
	put_copy(s, 10, false);
	assert_ptr_not_equal(pack_of(s, 5, false), pack_of(s, 25, false));
	counted = pack_of(s, 15, true);
	for (uint64_t n = 0; n < 10; n++) {
		pack_of(s, n % 2 ? n : 20 + n, false);
		assert_ptr_equal(pack_of(s, 15, true), counted);
	}
	store_close(s);
}

static void a_damaged_object_can_be_stored_again(void **state)
{
	struct store *s = store_at("s");
	struct store_reader *r = store_reader_new(s);

	(void)state;
	put_some(s, OBJECT_DATA, 0, 20, false);
	damage_object(s, 7, false);
	assert_int_equal(read_some(r, OBJECT_DATA, 7, false), DV_E_CORRUPT);
	store_reader_free(r);
	store_close(s);
	/* by another process, which stores this one object alone */
	s = store_at("s");
	put_some(s, OBJECT_DATA, 0, 20, false);
	assert_int_equal(count_files(in_world("s/data"), ".pack", NULL), 2);
	r = store_reader_new(s);
	for (uint64_t n = 0; n < 20; n++)
		ok(read_some(r, OBJECT_DATA, n, false));
	store_reader_free(r);
	store_close(s);
}

static void a_fault_that_has_passed_is_forgotten(void **state)
{
	struct store *s = store_at("s");
	struct store_reader *r = store_reader_new(s);

	(void)state;
	put_some(s, OBJECT_DATA, 0, 20, false);
	damage_object(s, 7, false);
	damage_object(s, 8, false);
	assert_int_equal(read_some(r, OBJECT_DATA, 7, false), DV_E_CORRUPT);
	assert_int_equal(read_some(r, OBJECT_DATA, 8, false), DV_E_CORRUPT);
	store_reader_free(r);
	store_close(s);
	s = store_at("s");
	r = store_reader_new(s);
	/* damage() twice is as before: through the pack's own path */
	{
		struct pack *pack = NULL;
		struct frame_info f;
		struct place place;
		struct object o;
		uint8_t *bytes = object_make(&o, 7, 1000, false);
		DV_AUTO_BUF struct buf path = BUF_INIT;

		assert_false(store_find(s, OBJECT_DATA, &o.id, &place));
		count_files(in_world("s/data"), ".pack", &path);
		ok(pack_open(path.data, NULL, &pack));
		assert_true(pack_find(pack, &o.id, &place));
		pack_frame_at(pack, place.frame, &f);
		damage(path.data, f.offset + place.offset + 3);
		pack_close(pack);
		ok(read_some(r, OBJECT_DATA, 7, false));
		assert_true(store_find(s, OBJECT_DATA, &o.id, &place));
		free(bytes);
	}
	assert_int_equal(read_some(r, OBJECT_DATA, 8, false), DV_E_CORRUPT);
	store_reader_free(r);
	store_close(s);
	/* the marks on disk say the same */
	s = store_at("s");
	put_some(s, OBJECT_DATA, 0, 20, false);
	assert_int_equal(count_files(in_world("s/data"), ".pack", NULL), 2);
	store_close(s);
}

static void a_pack_with_a_bad_index_is_named(void **state)
{
	struct store *s = store_at("s");
	struct store_reader *r;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	(void)state;
	put_some(s, OBJECT_DATA, 0, 20, false);
	store_close(s);
	count_files(in_world("s/data"), ".pack", &path);
	damage(path.data, -200);
	s = store_at("s");
	r = store_reader_new(s);
	assert_int_equal(read_some(r, OBJECT_DATA, 7, false), DV_E_CORRUPT);
	assert_non_null(strstr(dv_error_text(), path_name(path.data)));
	/* adding it again replaces it */
	put_some(s, OBJECT_DATA, 0, 20, false);
	assert_int_equal(count_files(in_world("s/data"), ".pack", NULL), 1);
	ok(read_some(r, OBJECT_DATA, 7, false));
	store_reader_free(r);
	store_close(s);
}

static void quarantine_takes_a_pack_away(void **state)
{
	struct store *s = store_at("s");
	struct store_reader *r = store_reader_new(s);
	struct place place;
	struct object o;
	uint8_t *bytes = object_make(&o, 3, 1000, false);

	(void)state;
	put_some(s, OBJECT_DATA, 0, 20, false);
	assert_true(store_find(s, OBJECT_DATA, &o.id, &place));
	ok(store_quarantine(s, place.pack));
	assert_false(store_find(s, OBJECT_DATA, &o.id, &place));
	assert_int_equal(read_some(r, OBJECT_DATA, 3, false), DV_E_NOTFOUND);
	assert_int_equal(count_files(in_world("s/data"), "", NULL), 0);
	assert_int_equal(count_files(in_world("s/quarantine"), "", NULL), 1);
	/* and it can come back */
	put_some(s, OBJECT_DATA, 0, 20, false);
	ok(read_some(r, OBJECT_DATA, 3, false));
	assert_true(store_find(s, OBJECT_DATA, &o.id, &place));
	ok(store_quarantine(s, place.pack));
	assert_int_equal(count_files(in_world("s/quarantine"), "", NULL), 2);
	store_reader_free(r);
	store_close(s);
	free(bytes);
}

/* --- adopting ---------------------------------------------------------- */

static void a_pack_is_adopted(void **state)
{
	struct store *from = store_at("from"), *s = store_at("s");
	struct store_reader *r = store_reader_new(s);
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_id id, other = { { 1 } };

	(void)state;
	put_some(from, OBJECT_DATA, 0, 20, false);
	count_files(in_world("from/data"), ".pack", &path);
	ok(dv_id_from_hex(path_name(path.data), &id));
	assert_int_equal(store_adopt_pack(s, path.data, OBJECT_META, &id),
			 DV_E_CORRUPT);
	assert_int_equal(store_adopt_pack(s, path.data, OBJECT_DATA, &other),
			 DV_E_CORRUPT);
	assert_null(store_pack(s, OBJECT_DATA, &id));
	ok(store_adopt_pack(s, path.data, OBJECT_DATA, &id));
	ok(store_sync(s));
	assert_non_null(store_pack(s, OBJECT_DATA, &id));
	assert_null(store_pack(s, OBJECT_META, &id));
	ok(read_some(r, OBJECT_DATA, 3, false));
	assert_int_equal(count_files(in_world("from/data"), "", NULL), 0);
	/* a second time, over a damaged one */
	damage_object(s, 3, false);
	assert_int_equal(read_some(r, OBJECT_DATA, 3, false), DV_E_CORRUPT);
	store_close(from);
	from = store_at("from");
	put_some(from, OBJECT_DATA, 0, 20, false);
	ok(store_adopt_pack(s, path.data, OBJECT_DATA, &id));
	ok(read_some(r, OBJECT_DATA, 3, false));
	assert_int_equal(count_files(in_world("s/index"), ".bad", NULL), 0);
	store_reader_free(r);
	store_close(from);
	store_close(s);
}

/* --- temporary folders ------------------------------------------------- */

static void folders_of_dead_processes_are_removed(void **state)
{
	struct store *s = store_at("s"), *other;
	const char *mine, *again;
	int status, pipe_fd[2];
	char c;
	pid_t pid;

	(void)state;
	ok(store_temp_dir(s, &mine));
	ok(store_temp_dir(s, &again));
	assert_ptr_equal(mine, again);
	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	if (!pid) {
		const char *dir;

		close(pipe_fd[0]);
		if (store_open(in_world("s"), 0, &other) ||
		    store_temp_dir(other, &dir))
			_exit(1);
		if (write(pipe_fd[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(pipe_fd[1]);
	assert_int_equal(read(pipe_fd[0], &c, 1), 1);
	close(pipe_fd[0]);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 2);
	/* both are alive */
	other = store_at("s");
	ok(store_temp_dir(other, &again));
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 3);
	store_close(other);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 2);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	other = store_at("s");
	ok(store_temp_dir(other, &again));
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 2);
	store_close(other);
	store_close(s);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 0);
}

/* --- many at once ------------------------------------------------------ */

struct crowd {
	struct store *s;
	atomic_bool stop;
	atomic_int failures;
};

static void *look_main(void *data)
{
	struct crowd *c = data;
	struct store_reader *r = store_reader_new(c->s);
	uint64_t n = 0;

	while (!atomic_load(&c->stop)) {
		int err = read_some(r, OBJECT_DATA, n++ % 600, false);

		if (err && err != DV_E_NOTFOUND)
			atomic_fetch_add(&c->failures, 1);
		if (n % 50 == 0 && store_refresh(c->s))
			atomic_fetch_add(&c->failures, 1);
	}
	store_reader_free(r);
	return NULL;
}

static void readers_and_writers_do_not_mind_each_other(void **state)
{
	struct crowd c = { .s = store_at("s") };
	struct store *other = store_at("s");
	struct store_reader *r;
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, look_main, &c);
	/* sixty packs: they are merged on the way */
	for (uint64_t i = 0; i < 60; i++)
		put_some(i % 2 ? c.s : other, OBJECT_DATA, i * 10,
			 i * 10 + 10, false);
	atomic_store(&c.stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c.failures, 0);
	ok(store_refresh(c.s));
	r = store_reader_new(c.s);
	for (uint64_t n = 0; n < 600; n++)
		ok(read_some(r, OBJECT_DATA, n, false));
	store_reader_free(r);
	assert_true(count_files(in_world("s/index"), ".midx", NULL) > 0);
	store_close(c.s);
	store_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_store_is_made_only_when_asked),
		WORLD_TEST(what_is_no_store_is_left_alone),
		WORLD_TEST(a_store_may_share_its_folder),
		WORLD_TEST(classes_are_kept_apart),
		WORLD_TEST(another_process_s_packs_are_found),
		WORLD_TEST(a_pack_that_was_removed_is_no_longer_found),
		WORLD_TEST(another_copy_is_used),
		WORLD_TEST(of_two_copies_the_same_one_is_counted),
		WORLD_TEST(a_damaged_object_can_be_stored_again),
		WORLD_TEST(a_fault_that_has_passed_is_forgotten),
		WORLD_TEST(a_pack_with_a_bad_index_is_named),
		WORLD_TEST(quarantine_takes_a_pack_away),
		WORLD_TEST(a_pack_is_adopted),
		WORLD_TEST(folders_of_dead_processes_are_removed),
		WORLD_TEST(readers_and_writers_do_not_mind_each_other),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
