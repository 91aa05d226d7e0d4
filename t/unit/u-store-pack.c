#include "store_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "chunk/compress.h"
#include "store/pack_index.h"

static struct pack *finished[64];
static size_t finished_count;
static pthread_mutex_t finished_mutex = PTHREAD_MUTEX_INITIALIZER;

static int take(void *data, struct pack *p)
{
	(void)data;
	pthread_mutex_lock(&finished_mutex);
	finished[finished_count++] = p;
	pthread_mutex_unlock(&finished_mutex);
	return 0;
}

static void close_finished(void)
{
	while (finished_count)
		pack_close(finished[--finished_count]);
}

static struct pack_writer *writer(uint64_t aim)
{
	struct pack_writer_options o = {
		.class = OBJECT_DATA, .temp_dir = world, .dir = world,
		.aim = aim, .finished = take,
	};
	struct pack_writer *w;

	ok(pack_writer_open(&o, &w));
	return w;
}

static bool find_finished(const struct dv_id *id, struct place *place)
{
	for (size_t i = 0; i < finished_count; i++)
		if (pack_find(finished[i], id, place))
			return true;
	return false;
}

/* The object as the pack has it, in new memory. */
static uint8_t *read_object(const struct place *place)
{
	struct compressor *c = compressor_new();
	struct frame_info f;
	uint8_t *stored, *raw, *out;

	pack_frame_at(place->pack, place->frame, &f);
	stored = xmalloc(f.stored + 1);
	raw = xmalloc(f.raw + 1);
	out = xmalloc(place->len + 1);
	ok(pack_read(place->pack, stored, f.stored, f.offset));
	if (f.codec == CODEC_RAW)
		memcpy(raw, stored, f.raw);
	else
		ok(decompress(c, f.codec, f.filter, stored, f.stored, raw,
			      f.raw));
	memcpy(out, raw + place->offset, place->len);
	free(stored);
	free(raw);
	compressor_free(c);
	return out;
}

static uint32_t some_size(uint64_t n)
{
	static const uint32_t sizes[] = {
		0, 1, 31, 1000, 4096, 65536, 100000, 262144, OBJECT_MAX,
	};

	return sizes[n % 9] + (n % 9 && n % 9 < 8 ? n * 37 % 1000 : 0);
}

static void what_was_put_can_be_read(void **state)
{
	enum { COUNT = 90 };
	struct object objects[COUNT];
	uint8_t *bytes[COUNT];
	struct pack_writer *w = writer((uint64_t)4 << 20);
	struct packer *p = packer_new(w);

	(void)state;
	for (uint64_t i = 0; i < COUNT; i++) {
		bytes[i] = object_make(&objects[i], i, some_size(i), i & 1);
		/* an object of no bytes is the same every time */
		if (!pack_writer_claim(w, &objects[i].id))
			assert_int_equal(objects[i].len, 0);
		else
			ok(packer_put(p, &objects[i], 1));
	}
	ok(packer_flush(p));
	packer_free(p);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
	assert_true(finished_count > 2);
	assert_int_equal(count_files(world, ".pack", NULL), finished_count);
	for (int i = 0; i < COUNT; i++) {
		struct place place;
		uint8_t *data;

		assert_true(find_finished(&objects[i].id, &place));
		assert_int_equal(place.len, objects[i].len);
		assert_true(place.check == check64(bytes[i], place.len));
		data = read_object(&place);
		assert_memory_equal(data, bytes[i], place.len);
		free(data);
		free(bytes[i]);
	}
	close_finished();
}

static void a_run_in_memory_is_framed_where_it_is(void **state)
{
	enum { COUNT = 200, LEN = 50000 };
	static uint8_t bytes[COUNT * LEN];
	struct object objects[COUNT];
	struct pack_writer *w = writer(0);
	struct packer *p = packer_new(w);
	uint32_t *order;
	struct pack *pack;

	(void)state;
	random_fill(bytes, sizeof(bytes), 5);
	for (int i = 0; i < COUNT; i++) {
		objects[i] = (struct object){ .data = bytes + i * LEN,
					      .len = LEN };
		sha256(objects[i].data, LEN, &objects[i].id);
	}
	/* one first, so that a frame is begun when the run comes */
	ok(packer_put(p, objects, 1));
	ok(packer_put(p, objects + 1, COUNT - 1));
	ok(packer_flush(p));
	packer_free(p);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
	assert_int_equal(finished_count, 1);
	pack = finished[0];
	assert_int_equal(pack->objects, COUNT);
	order = xmalloc(COUNT * sizeof(*order));
	pack_order(pack, order);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_true(dv_id_equal(pack_id_at(pack, order[i]),
					&objects[i].id));
	for (uint32_t i = 0; i + 1 < pack->frames; i++) {
		struct frame_info f;

		pack_frame_at(pack, i, &f);
		assert_true(f.raw >= FRAME_AIM / 4);
		assert_true(f.raw < FRAME_AIM + LEN);
	}
	free(order);
	close_finished();
}

static void too_long_an_object_is_refused(void **state)
{
	struct pack_writer *w = writer(0);
	struct packer *p = packer_new(w);
	struct object o = { .data = (const uint8_t *)"" };

	(void)state;
	o.len = OBJECT_MAX + 1;
	assert_int_equal(packer_put(p, &o, 1), DV_E_INVALID);
	packer_free(p);
	pack_writer_free(w);
	assert_int_equal(count_files(world, "", NULL), 0);
}

static void a_writer_that_is_dropped_leaves_nothing(void **state)
{
	struct pack_writer *w = writer(0);
	struct packer *p = packer_new(w);
	struct object o;
	uint8_t *bytes = object_make(&o, 1, 700000, false);

	(void)state;
	ok(packer_put(p, &o, 1));
	ok(packer_flush(p));
	assert_int_equal(count_files(world, ".pack", NULL), 1);
	packer_free(p);
	pack_writer_free(w);
	assert_int_equal(count_files(world, "", NULL), 0);
	free(bytes);
}

/* --- several packers --------------------------------------------------- */

struct race {
	struct pack_writer *w;
	atomic_uint claimed;
	unsigned objects;
};

static void *race_main(void *data)
{
	struct race *r = data;
	struct packer *p = packer_new(r->w);

	for (unsigned i = 0; i < r->objects; i++) {
		struct object o;
		uint8_t *bytes = object_make(&o, i, 3000, i & 1);

		if (pack_writer_claim(r->w, &o.id)) {
			atomic_fetch_add(&r->claimed, 1);
			assert_int_equal(packer_put(p, &o, 1), 0);
		}
		free(bytes);
	}
	assert_int_equal(packer_flush(p), 0);
	packer_free(p);
	return NULL;
}

static void racing_threads_store_each_object_once(void **state)
{
	struct race r = { .w = writer((uint64_t)1 << 40), .objects = 3000 };
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, race_main, &r);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ok(pack_writer_finish(r.w));
	pack_writer_free(r.w);
	assert_int_equal(r.claimed, 3000);
	assert_int_equal(finished_count, 1);
	assert_int_equal(finished[0]->objects, 3000);
	for (unsigned i = 0; i < 3000; i += 97) {
		struct object o;
		uint8_t *bytes = object_make(&o, i, 3000, i & 1), *data;
		struct place place;

		assert_true(find_finished(&o.id, &place));
		data = read_object(&place);
		assert_memory_equal(data, bytes, 3000);
		free(data);
		free(bytes);
	}
	close_finished();
}

static void claims_end_when_a_pack_is_finished(void **state)
{
	struct pack_writer *w = writer(100000);
	struct packer *p = packer_new(w);
	struct object o[2];
	uint8_t *bytes[2];
	bool again = false;

	(void)state;
	for (int i = 0; i < 2; i++)
		bytes[i] = object_make(&o[i], i, 700000, false);
	assert_true(pack_writer_claim(w, &o[0].id));
	assert_false(pack_writer_claim(w, &o[0].id));
	pack_writer_unclaim(w, &o[0].id);
	assert_true(pack_writer_claim(w, &o[0].id));
	ok(packer_put(p, &o[0], 1));
	for (int i = 0; i < 5000 && !again; i++) {
		usleep(1000);
		again = pack_writer_claim(w, &o[0].id);
	}
	assert_true(again);
	assert_int_equal(finished_count, 1);
	packer_free(p);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
	free(bytes[0]);
	free(bytes[1]);
	close_finished();
}

/* --- names ------------------------------------------------------------- */

static void put_one_pack(uint64_t seed)
{
	struct pack_writer *w = writer(0);
	struct packer *p = packer_new(w);
	uint8_t *bytes[12];

	for (uint64_t i = 0; i < 12; i++) {
		struct object o;

		bytes[i] = object_make(&o, seed + i, 20000 + i * 1000, i & 1);
		ok(packer_put(p, &o, 1));
		free(bytes[i]);
	}
	ok(packer_flush(p));
	packer_free(p);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
}

static void the_same_objects_make_the_same_pack(void **state)
{
	struct stat before, after;

	(void)state;
	put_one_pack(1);
	assert_int_equal(stat(finished[0]->path, &before), 0);
	put_one_pack(1);
	assert_int_equal(finished_count, 2);
	assert_string_equal(finished[0]->path, finished[1]->path);
	assert_int_equal(count_files(world, "", NULL), 1);
	assert_int_equal(stat(finished[1]->path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	close_finished();
}

static void a_damaged_pack_of_the_same_name_is_replaced(void **state)
{
	struct stat before, after;
	struct place place;
	struct object o;
	uint8_t *bytes = object_make(&o, 1, 20000, false);
	uint8_t *data;

	(void)state;
	bytes = xrealloc(bytes, 20008);
	text_fill(bytes, 20000, 0);
	put_one_pack(0);
	assert_int_equal(stat(finished[0]->path, &before), 0);
	damage(finished[0]->path, 32 + 32 + 48 + 5);
	put_one_pack(0);
	assert_int_equal(stat(finished[1]->path, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	random_fill(bytes, 20000, 0);
	sha256(bytes, 20000, &o.id);
	assert_true(pack_find(finished[1], &o.id, &place));
	data = read_object(&place);
	assert_memory_equal(data, bytes, 20000);
	free(data);
	free(bytes);
	close_finished();
}

/* --- damage ------------------------------------------------------------ */

static void read_all(const char *path, struct buf *out)
{
	ok(file_read(path, (size_t)1 << 30, out));
}

static void every_flipped_bit_is_refused(void **state)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;
	const char *path = in_world("x");
	struct dv_id id;
	size_t end;
	struct pack *p;
	int fd;

	(void)state;
	put_one_pack(3);
	id = finished[0]->id;
	end = finished[0]->size - PACK_TAIL_SIZE - finished[0]->index_len;
	read_all(finished[0]->path, &all);
	corpus_add("packindex", "mixed", all.data + end, all.len - end);
	ok(file_replace(path, all.data, all.len, NEWFILE_NOSYNC));
	fd = open(path, O_WRONLY);
	for (size_t bit = end * 8; bit < all.len * 8; bit++) {
		size_t at = bit / 8;
		int err;

		all.data[at] ^= 1 << bit % 8;
		ok(file_pwrite_all(fd, all.data + at, 1, at, path));
		if (at > end)
			ok(file_pwrite_all(fd, all.data + at - 1, 1, at - 1,
					   path));
		err = pack_open(path, bit % 2 ? &id : NULL, &p);
		if (err != DV_E_CORRUPT)
			fail_msg("bit %zu of byte %zu: %d", bit % 8,
				 at - end, err);
		assert_null(p);
		err = pack_index_check((uint8_t *)all.data + end,
				       all.len - end, &id);
		/* the only number that an index alone cannot check */
		if (at < all.len - 64 || at >= all.len - 56)
			assert_int_equal(err, DV_E_CORRUPT);
		all.data[at] ^= 1 << bit % 8;
	}
	close(fd);
	ok(pack_index_check((uint8_t *)all.data + end, all.len - end, &id));
	close_finished();
}

/* The tail and XXH3 of an index whose numbers were changed. */
static void mend(struct buf *index)
{
	size_t len = index->len - PACK_TAIL_SIZE;
	struct dv_id id;

	sha256(index->data, len, &id);
	store_u64(index->data + len, check64(index->data, len));
	memcpy(index->data + len + 24, id.bytes, DV_ID_SIZE);
}

static void an_index_that_lies_is_refused(void **state)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;
	size_t start, tables, refused = 0, places;
	struct pack *p;

	(void)state;
	put_one_pack(7);
	p = finished[0];
	start = p->size - PACK_TAIL_SIZE - p->index_len;
	read_all(p->path, &all);
	memmove(all.data, all.data + start, all.len - start);
	buf_setlen(&all, all.len - start);
	tables = 24 + 1024;
	places = tables + p->frames * 24 + p->objects * 32;
	for (size_t at = 8; at < all.len - PACK_TAIL_SIZE; at++) {
		int err;

		/* ids, checks and codecs may be anything */
		if (at >= tables + p->frames * 24 && at < places)
			continue;
		if (at >= places && (at - places) % 24 >= 16)
			continue;
		if (at >= tables && at < places && (at - tables) % 24 < 18 &&
		    (at - tables) % 24 >= 8)
			continue;
		if (at >= tables && at < places && (at - tables) % 24 < 8)
			continue;
		all.data[at] ^= 1;
		mend(&all);
		err = pack_index_check((uint8_t *)all.data, all.len, NULL);
		/* the class is what it says; a swap of equal frames is none */
		if (at == 8)
			ok(err);
		else
			assert_int_equal(err, DV_E_CORRUPT);
		refused += !!err;
		all.data[at] ^= 1;
	}
	assert_true(refused > 1000);
	mend(&all);
	ok(pack_index_check((uint8_t *)all.data, all.len, NULL));
	close_finished();
}

static void a_pack_of_another_name_or_cut_short_is_refused(void **state)
{
	struct dv_id other = { { 1 } };
	struct pack *p;
	char path[600];
	off_t size;

	(void)state;
	put_one_pack(3);
	strcpy(path, finished[0]->path);
	size = finished[0]->size;
	assert_int_equal(pack_open(path, &other, &p), DV_E_CORRUPT);
	assert_non_null(strstr(dv_error_text(), path));
	assert_int_equal(pack_open(in_world("none"), NULL, &p),
			 DV_E_NOTFOUND);
	for (off_t cut = 1; cut < size; cut = cut * 3 + 7) {
		assert_int_equal(truncate(path, size - cut), 0);
		assert_int_equal(pack_open(path, NULL, &p), DV_E_CORRUPT);
	}
	close_finished();
}

static void an_index_alone_can_be_opened(void **state)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;
	struct pack *p, *whole;
	struct place a, b;
	size_t start;
	int fd;

	(void)state;
	put_one_pack(3);
	whole = finished[0];
	start = whole->size - PACK_TAIL_SIZE - whole->index_len;
	read_all(whole->path, &all);
	ok(file_replace(in_world("i"), all.data + start, all.len - start, 0));
	assert_int_equal(pack_open_index(in_world("i"), &whole->id, NULL,
					 whole->size + 1, &p), DV_E_CORRUPT);
	ok(pack_open_index(in_world("i"), &whole->id, NULL, whole->size, &p));
	assert_int_equal(p->objects, whole->objects);
	assert_int_equal(p->size, whole->size);
	for (uint32_t i = 0; i < p->objects; i++) {
		pack_place_at(p, i, &a);
		pack_place_at(whole, i, &b);
		assert_true(a.check == b.check && a.offset == b.offset);
	}
	assert_int_equal(pack_fd(p, &fd), DV_E_NOTFOUND);
	pack_close(p);
	close_finished();
}

/* --- scanning ---------------------------------------------------------- */

struct scanned {
	uint32_t objects, found;
	struct pack *pack;
};

static int scan_frame(void *data, const struct frame_info *info,
		      const struct object *objects)
{
	struct scanned *s = data;
	struct place place;

	assert_int_equal(info->first, s->objects);
	for (uint32_t i = 0; i < info->count; i++) {
		s->objects++;
		if (pack_find(s->pack, &objects[i].id, &place) &&
		    place.check == check64(objects[i].data, objects[i].len))
			s->found++;
	}
	return 0;
}

static void a_torn_pack_is_scanned(void **state)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;
	struct scanned s = { 0 };
	struct frame_info f;
	struct pack *p;
	uint32_t frames;
	char path[600];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pack_writer *w = writer(0);
		struct packer *k = packer_new(w);

		for (uint64_t n = 0; n < 100; n++) {
			struct object o;
			uint8_t *bytes = object_make(&o, n, 40000, i);

			ok(packer_put(k, &o, 1));
			free(bytes);
		}
		ok(packer_flush(k));
		packer_free(k);
		ok(pack_writer_finish(w));
		pack_writer_free(w);
	}
	for (int i = 0; i < 2; i++) {
		p = finished[i];
		/* what is open must not be cut short under its map */
		buf_clear(&all);
		read_all(p->path, &all);
		snprintf(path, sizeof(path), "%s.torn", p->path);
		ok(file_replace(path, all.data, all.len, NEWFILE_NOSYNC));
		s = (struct scanned){ .pack = p };
		ok(pack_scan(path, scan_frame, &s, &frames));
		assert_int_equal(frames, p->frames);
		assert_int_equal(s.found, 100);
		/* a damaged frame, and no index */
		pack_frame_at(p, 2, &f);
		damage(path, f.offset + 1000);
		pack_frame_at(p, p->frames - 1, &f);
		assert_int_equal(truncate(path, f.offset + 10), 0);
		s = (struct scanned){ .pack = p };
		ok(pack_scan(path, scan_frame, &s, &frames));
		assert_int_equal(frames, p->frames - 2);
		assert_int_equal(s.found, s.objects);
	}
	/* the magic is what was damaged, after a run of what looks like it */
	p = finished[0];
	pack_frame_at(p, 0, &f);
	damage(p->path, f.offset - frame_head_size(f.count));
	s = (struct scanned){ .pack = p };
	ok(pack_scan(p->path, scan_frame, &s, &frames));
	assert_int_equal(frames, p->frames - 1);
	close_finished();
}

/* Three frames: raw, compressed, and of one object without bytes. */
static void a_small_pack_is_scanned(void **state)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;
	struct pack_writer *w = writer(0);
	struct packer *p = packer_new(w);
	struct scanned s = { 0 };
	uint32_t frames;

	(void)state;
	for (uint64_t n = 0; n < 9; n++) {
		struct object o;
		uint8_t *bytes = object_make(&o, n, n < 8 ? 500 : 0, n & 4);

		ok(packer_put(p, &o, 1));
		if (n % 4 == 3)
			ok(packer_flush(p));
		free(bytes);
	}
	ok(packer_flush(p));
	packer_free(p);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
	s.pack = finished[0];
	assert_int_equal(s.pack->frames, 3);
	read_all(s.pack->path, &all);
	corpus_add("packscan", "small", all.data, all.len);
	ok(pack_scan(s.pack->path, scan_frame, &s, &frames));
	assert_int_equal(frames, 3);
	assert_int_equal(s.found, 9);
	close_finished();
}

/* --- copying ----------------------------------------------------------- */

static void frames_can_be_copied_as_they_are(void **state)
{
	struct pack_writer *w;
	struct packer *k;
	struct pack *from, *to;
	uint32_t *order;

	(void)state;
	put_one_pack(3);
	from = finished[0];
	order = xmalloc(from->objects * sizeof(*order));
	pack_order(from, order);
	w = writer(0);
	k = packer_new(w);
	for (uint32_t i = 0; i < from->frames; i++) {
		struct dv_id ids[16];
		uint32_t lens[16];
		uint64_t checks[16];
		struct frame_info f;
		uint8_t *stored;

		pack_frame_at(from, i, &f);
		assert_true(f.count <= 16);
		stored = xmalloc(f.stored);
		ok(pack_read(from, stored, f.stored, f.offset));
		for (uint32_t n = 0; n < f.count; n++) {
			struct place place;

			pack_place_at(from, order[f.first + n], &place);
			assert_int_equal(place.frame, i);
			ids[n] = *pack_id_at(from, order[f.first + n]);
			lens[n] = place.len;
			checks[n] = place.check;
		}
		ok(packer_put_frame(k, f.codec, f.filter, stored, f.stored,
				    f.raw, ids, lens, checks, f.count));
		lens[0]++;
		assert_int_equal(packer_put_frame(k, f.codec, f.filter,
				 stored, f.stored, f.raw, ids, lens, checks,
				 f.count), DV_E_INVALID);
		free(stored);
	}
	packer_free(k);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
	to = finished[1];
	assert_true(dv_id_equal(&from->id, &to->id));
	free(order);
	close_finished();
}

static void the_nonce_makes_another_name(void **state)
{
	struct pack_writer_options o = {
		.class = OBJECT_META, .temp_dir = world, .dir = world,
		.nonce = 77, .finished = take, .nosync = 1,
	};
	struct dv_id last = { { 0 } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		pack_objects(&o, 1, 2, 100, true);
		assert_true(finished[i]->nonce == o.nonce);
		assert_int_equal(finished[i]->class, OBJECT_META);
		assert_false(dv_id_equal(&last, &finished[i]->id));
		last = finished[i]->id;
		o.nonce++;
	}
	close_finished();
}

/* One pack of several blocks; those of 1 MiB cross the ends of blocks. */
static void put_long_pack(bool direct)
{
	struct pack_writer_options o = {
		.temp_dir = world, .dir = in_world(direct ? "d" : "c"),
		.finished = take,
	};
	struct pack_writer *w;
	struct packer *p;

	mkdir(o.dir, 0777);
	ok(pack_writer_open(&o, &w));
	if (direct)
		pack_writer_direct(w);
	p = packer_new(w);
	for (uint64_t n = 0; n < 40; n++) {
		struct object object;
		uint8_t *bytes = object_make(&object, n, n % 3 ? 300000 :
					     OBJECT_MAX, false);

		ok(packer_put(p, &object, 1));
		free(bytes);
	}
	ok(packer_flush(p));
	packer_free(p);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
}

static void a_pack_is_the_same_past_the_page_cache(void **state)
{
	DV_AUTO_BUF struct buf cached = BUF_INIT, direct = BUF_INIT;

	(void)state;
	put_long_pack(false);
	put_long_pack(true);
	assert_int_equal(finished_count, 2);
	ok(file_read(finished[0]->path, SIZE_MAX, &cached));
	ok(file_read(finished[1]->path, SIZE_MAX, &direct));
	assert_true(cached.len > 20u << 20);
	assert_int_equal(cached.len, direct.len);
	assert_memory_equal(cached.data, direct.data, cached.len);
	close_finished();
}

static void many_packs_need_few_fds(void **state)
{
	enum { COUNT = 400 };
	static struct pack *packs[COUNT];
	uint8_t byte;
	int fd, last;

	(void)state;
	put_one_pack(3);
	for (int i = 0; i < COUNT; i++)
		ok(pack_open(finished[0]->path, NULL, &packs[i]));
	ok(pack_fd(packs[0], &fd));
	unlink(finished[0]->path);
	/* the path is gone: only what is open can be read now */
	ok(pack_read(packs[0], &byte, 1, 0));
	assert_int_equal(byte, 'D');
	assert_int_equal(pack_read(packs[1], &byte, 1, 0), DV_E_NOTFOUND);
	put_one_pack(3);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < COUNT; i++)
			ok(pack_read(packs[i], &byte, 1, 0));
	last = open("/dev/null", O_RDONLY);
	assert_true(last < 300);
	close(last);
	assert_int_equal(pread(fd, &byte, 1, 1), 1);
	assert_int_equal(byte, 'V');
	for (int i = 0; i < COUNT; i++)
		pack_close(packs[i]);
	close_finished();
}

static void a_full_disk_is_said_and_left_clean(void **state)
{
	const char *dir = in_world("small");
	struct pack_writer_options o = { .temp_dir = dir, .dir = dir };
	struct pack_writer *w;
	struct packer *p;
	int err = 0;

	(void)state;
	mkdir(dir, 0777);
	if (mount("none", dir, "tmpfs", 0, "size=3m")) {
		print_message("# cannot mount: not tried\n");
		return;
	}
	ok(pack_writer_open(&o, &w));
	p = packer_new(w);
	for (uint64_t n = 0; n < 1000 && !err; n++) {
		struct object object;
		uint8_t *bytes = object_make(&object, n, 100000, false);

		err = packer_put(p, &object, 1);
		free(bytes);
	}
	assert_int_equal(err, DV_E_NOSPACE);
	assert_non_null(strstr(dv_error_text(), dir));
	assert_non_null(strstr(dv_error_hint(), "free some space"));
	assert_int_equal(packer_flush(p), DV_E_NOSPACE);
	packer_free(p);
	assert_int_equal(pack_writer_finish(w), DV_E_NOSPACE);
	pack_writer_free(w);
	assert_int_equal(count_files(dir, "", NULL), 0);
	umount(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(what_was_put_can_be_read),
		WORLD_TEST(a_run_in_memory_is_framed_where_it_is),
		WORLD_TEST(too_long_an_object_is_refused),
		WORLD_TEST(a_writer_that_is_dropped_leaves_nothing),
		WORLD_TEST(racing_threads_store_each_object_once),
		WORLD_TEST(claims_end_when_a_pack_is_finished),
		WORLD_TEST(the_same_objects_make_the_same_pack),
		WORLD_TEST(a_damaged_pack_of_the_same_name_is_replaced),
		WORLD_TEST(every_flipped_bit_is_refused),
		WORLD_TEST(an_index_that_lies_is_refused),
		WORLD_TEST(a_pack_of_another_name_or_cut_short_is_refused),
		WORLD_TEST(an_index_alone_can_be_opened),
		WORLD_TEST(a_torn_pack_is_scanned),
		WORLD_TEST(a_small_pack_is_scanned),
		WORLD_TEST(frames_can_be_copied_as_they_are),
		WORLD_TEST(the_nonce_makes_another_name),
		WORLD_TEST(a_pack_is_the_same_past_the_page_cache),
		WORLD_TEST(many_packs_need_few_fds),
		WORLD_TEST(a_full_disk_is_said_and_left_clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
