#include "store_world.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "dv/chunk.h"

#include "base/clone.h"
#include "base/process.h"
#include "chunk/stream.h"
#include "store/list.h"
#include "store/loose.h"
#include "store/pack_write.h"

/*
 * A file system that shares blocks: the world itself, or, if we may mount,
 * an XFS in a file.
 */
static char place[128];
static bool mounted;

static bool can_clone(const char *dir)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int from, to;
	bool can;

	buf_addf(&path, "%s/clone", dir);
	ok(file_replace(path.data, "x", 1, NEWFILE_NOSYNC));
	from = open(path.data, O_RDONLY);
	unlink(path.data);
	to = open(path.data, O_WRONLY | O_CREAT, 0666);
	unlink(path.data);
	can = !clone_fd(from, to);
	close(from);
	close(to);
	return can;
}

static bool mount_xfs(void)
{
	const char *image = in_world("image");
	const char *make[] = { "mkfs.xfs", "-q", "-m", "reflink=1", image,
			       NULL };
	const char *mount[] = { "mount", "-o", "loop", image, place, NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int fd = open(image, O_WRONLY | O_CREAT, 0666);
	int err = ftruncate(fd, (off_t)320 << 20);

	close(fd);
	if (err || geteuid() || mkdir(place, 0777))
		return false;
	return !process_run(make, NULL, 0, &out) &&
		!process_run(mount, NULL, 0, &out);
}

static int place_begin(void **state)
{
	if (world_begin(state))
		return -1;
	mounted = false;
	strcpy(place, world);
	if (can_clone(place))
		return 0;
	snprintf(place, sizeof(place), "%s/xfs", world);
	mounted = mount_xfs();
	if (!mounted)
		place[0] = '\0';
	return 0;
}

static int place_end(void **state)
{
	const char *argv[] = { "umount", "-l", place, NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;

	if (mounted && process_run(argv, NULL, 0, &out))
		return -1;
	return world_end(state);
}

#define PLACE_TEST(f)	cmocka_unit_test_setup_teardown(f, place_begin, \
							place_end)

static const char *in_place(const char *name)
{
	static char paths[4][512];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", place, name);
	return path;
}

static bool nowhere(void)
{
	if (place[0])
		return false;
	print_message("# no file system that shares blocks: not tried\n");
	return true;
}

/* --- adding a file, as the work room does ------------------------------ */

struct add {
	struct loose *l;
	struct session *w;
	struct session_hand *h;
	struct list_builder *list;
};

static int read_clone(void *data, uint8_t *out, size_t len, uint64_t offset,
		      size_t *got)
{
	struct add *a = data;
	ssize_t n = pread(loose_fd(a->l), out, len, offset);

	*got = n > 0 ? n : 0;
	return n < 0 ? DV_E_IO : 0;
}

static int put_chunks(void *data, unsigned worker, const struct chunk *chunks,
		      size_t count)
{
	struct add *a = data;

	(void)worker;
	loose_put(a->l, chunks, count);
	return 0;
}

static int emit_chunks(void *data, const struct chunk *chunks, size_t count)
{
	struct add *a = data;
	int err = loose_emit(a->l, chunks, count);

	for (size_t i = 0; i < count && !err; i++)
		err = list_builder_add(a->list, &chunks[i].id, chunks[i].len);
	return err;
}

static int put_node(void *data, const struct object *node)
{
	struct add *a = data;

	if (!session_claim(a->w, OBJECT_META, &node->id))
		return 0;
	return session_put(a->h, OBJECT_META, node, 1);
}

static void add_loose(struct store *s, const char *path,
		      struct content *content)
{
	struct add a = { NULL };
	const struct chunk_sink sink = { read_clone, put_chunks, emit_chunks,
					 &a, 0 };
	int fd = open(path, O_RDONLY);
	uint64_t size;

	ok(session_open(s, &a.w));
	a.h = session_hand_new(a.w);
	ok(loose_begin(s, fd, false, &a.l));
	a.list = list_builder_new(put_node, &a);
	ok(chunk_stream(&sink, 3, &size));
	assert_int_equal(size, loose_size(a.l));
	ok(list_builder_finish(a.list, content));
	assert_int_equal(content->size, size);
	ok(loose_commit(a.l, content));
	loose_free(a.l);
	ok(session_hand_flush(a.h));
	session_hand_free(a.h);
	ok(session_finish(a.w));
	session_free(a.w);
	close(fd);
}

/* Every chunk of the content, from the store. */
static int read_content(struct store *s, const struct content *content,
			const uint8_t *want)
{
	struct store_reader *r = store_reader_new(s);
	struct list_walk *walk;
	struct dv_id id;
	uint64_t offset, sum = 0;
	uint32_t len, got;
	int err, more = list_walk_open(r, content, 0, &walk) ? -1 : 1;

	assert_int_equal(more, 1);
	for (err = 0; !err;) {
		struct store_reader *chunks;
		const uint8_t *data;

		more = list_walk_next(walk, &id, &offset, &len);
		if (more <= 0)
			break;
		chunks = store_reader_new(s);
		err = store_read(chunks, OBJECT_DATA, &id, &data, &got);
		if (!err) {
			assert_int_equal(got, len);
			assert_memory_equal(data, want + offset, len);
		}
		sum += len;
		store_reader_free(chunks);
	}
	list_walk_close(walk);
	store_reader_free(r);
	if (!err) {
		assert_int_equal(more, 0);
		assert_true(sum == content->size);
	}
	return err;
}

enum { FILE_LEN = 9000001 };

static uint8_t *make_file(const char *path, uint64_t seed)
{
	uint8_t *bytes = xmalloc(FILE_LEN + 8);

	random_fill(bytes, FILE_LEN, seed);
	/* the same chunk several times */
	memset(bytes + 1000000, 0, 3000000);
	ok(file_replace(path, bytes, FILE_LEN, 0));
	return bytes;
}

static void a_whole_file_is_kept_and_found(void **state)
{
	struct content content;
	struct store *s;
	struct stat st;
	uint8_t *bytes, byte;
	int fd;

	(void)state;
	if (nowhere())
		return;
	ok(store_open(in_place("s"), STORE_CREATE, &s));
	bytes = make_file(in_place("file"), 1);
	add_loose(s, in_place("file"), &content);
	ok(read_content(s, &content, bytes));
	assert_int_equal(count_files(in_place("s/data"), "", NULL), 0);
	ok(loose_open(s, &content, &fd));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, FILE_LEN);
	assert_int_equal(st.st_mode & 0777, 0444);
	assert_int_equal(pread(fd, &byte, 1, 12345), 1);
	assert_int_equal(byte, bytes[12345]);
	close(fd);
	/* once more: what is there stays */
	add_loose(s, in_place("file"), &content);
	store_close(s);
	ok(store_open(in_place("s"), 0, &s));
	ok(loose_open(s, &content, &fd));
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	ok(read_content(s, &content, bytes));
	content.id.bytes[0] ^= 1;
	assert_int_equal(loose_open(s, &content, &fd), DV_E_NOTFOUND);
	content.size = 0;
	assert_int_equal(loose_open(s, &content, &fd), DV_E_NOTFOUND);
	store_close(s);
	assert_int_equal(count_files(in_place("s/tmp"), "", NULL), 0);
	free(bytes);
}

static void loose_path_of(const struct store *s, struct buf *out)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	DV_AUTO_BUF struct buf sub = BUF_INIT;

	buf_addf(&dir, "%s/loose", store_path(s));
	assert_int_equal(count_files(dir.data, "", &sub), 1);
	count_files(sub.data, ".0.idx", out);
	buf_setlen(out, out->len - strlen(".0.idx"));
}

/* As if somebody had written to the loose file. */
static void loose_touch(struct store *s, const struct content *content)
{
	DV_AUTO_CLOSE int fd = -1;
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	ok(loose_open(s, content, &fd));
	assert_int_equal(futimens(fd, times), 0);
}

/* Sharing with another file what both have. */
static void blocks_are_lent(void **state)
{
	struct content content;
	struct loose_source *l;
	struct store_reader *r;
	struct list_walk *walk;
	struct store *s;
	uint8_t *bytes, *got;
	uint64_t offset, at;
	struct dv_id id;
	uint32_t len;
	int to, i = 0;

	(void)state;
	if (nowhere())
		return;
	ok(store_open(in_place("s"), STORE_CREATE, &s));
	bytes = make_file(in_place("file"), 1);
	add_loose(s, in_place("file"), &content);
	l = loose_source_new(s);
	r = store_reader_new(s);
	ok(list_walk_open(r, &content, 0, &walk));
	for (; list_walk_next(walk, &id, &offset, &len) == 1; i++) {
		if (!i)	/* nothing is open before the first turn */
			assert_false(loose_source_here(l, &id, len, &at));
		assert_false(loose_source_turn(l, &id, len + 1, &at));
		assert_true(loose_source_turn(l, &id, len, &at));
		assert_memory_equal(bytes + at, bytes + offset, len);
		assert_true(loose_source_here(l, &id, len, &at));
		memset(&id, 0x5a, sizeof(id));
		assert_false(loose_source_turn(l, &id, len, &at));
	}
	list_walk_close(walk);

	to = open(in_place("to"), O_RDWR | O_CREAT, 0666);
	assert_int_equal(ftruncate(to, FILE_LEN), 0);
	ok(loose_source_clone(l, 4 << 20, 1 << 20, to, 2 << 20));
	got = xcalloc(1, 1 << 20);
	assert_int_equal(pread(to, got, 1 << 20, 2 << 20), 1 << 20);
	assert_memory_equal(got, bytes + (4 << 20), 1 << 20);
	assert_int_equal(loose_source_clone(l, 1, 4096, to, 0),
			 DV_E_UNSUPPORTED);
	/* what was written to is not shared any more */
	loose_touch(s, &content);
	assert_int_equal(loose_source_clone(l, 4 << 20, 4096, to, 0),
			 DV_E_CHANGED);
	loose_source_free(l);
	l = loose_source_new(s);
	ok(list_walk_open(r, &content, 0, &walk));
	while (list_walk_next(walk, &id, &offset, &len) == 1)
		assert_false(loose_source_turn(l, &id, len, &at));
	list_walk_close(walk);
	loose_source_free(l);
	store_reader_free(r);
	store_close(s);
	close(to);
	free(got);
	free(bytes);
}

static void tampering_is_noticed(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct content content, again;
	struct store *s;
	uint8_t *bytes;
	int fd;

	(void)state;
	if (nowhere())
		return;
	ok(store_open(in_place("s"), STORE_CREATE, &s));
	bytes = make_file(in_place("file"), 1);
	add_loose(s, in_place("file"), &content);
	loose_path_of(s, &path);
	damage(path.data, 5000);
	assert_int_equal(loose_open(s, &content, &fd), DV_E_CHANGED);
	assert_int_equal(fd, -1);
	assert_int_equal(read_content(s, &content, bytes), DV_E_CORRUPT);
	/* adding it again replaces it */
	store_close(s);
	ok(store_open(in_place("s"), 0, &s));
	add_loose(s, in_place("file"), &again);
	assert_true(dv_id_equal(&content.id, &again.id));
	ok(loose_open(s, &content, &fd));
	close(fd);
	ok(read_content(s, &content, bytes));
	/* only touched: its chunks are good */
	assert_int_equal(chmod(path.data, 0600), 0);
	assert_int_equal(loose_open(s, &content, &fd), DV_E_CHANGED);
	ok(read_content(s, &content, bytes));
	store_close(s);
	free(bytes);
}

/* A disk may lose bytes without a word: neither size nor times differ. */
static void what_is_known_to_be_bad_is_replaced(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct chunk chunks[FILE_LEN / DV_CHUNK_MIN + 1];
	struct stat before, after;
	struct content content;
	struct place found;
	struct store *s;
	uint8_t *bytes;

	(void)state;
	if (nowhere())
		return;
	ok(store_open(in_place("s"), STORE_CREATE, &s));
	bytes = make_file(in_place("file"), 1);
	add_loose(s, in_place("file"), &content);
	loose_path_of(s, &path);
	assert_int_equal(stat(path.data, &before), 0);
	chunk_memory(bytes, FILE_LEN, chunks, sizeof(chunks) / sizeof(*chunks),
		     1);
	assert_true(store_find(s, OBJECT_DATA, &chunks[3].id, &found));
	store_mark_bad(s, &found, false);
	assert_false(store_find(s, OBJECT_DATA, &chunks[3].id, &found));
	add_loose(s, in_place("file"), &content);
	assert_int_equal(stat(path.data, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_true(store_find(s, OBJECT_DATA, &chunks[3].id, &found));
	ok(read_content(s, &content, bytes));
	store_close(s);
	free(bytes);
}

static void packs_come_first(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct content content;
	struct place found;
	struct chunk chunks[FILE_LEN / DV_CHUNK_MIN + 1];
	struct session *w;
	struct session_hand *h;
	struct object o;
	struct store *s;
	uint8_t *bytes;
	size_t n;

	(void)state;
	if (nowhere())
		return;
	ok(store_open(in_place("s"), STORE_CREATE, &s));
	bytes = make_file(in_place("file"), 1);
	add_loose(s, in_place("file"), &content);
	n = chunk_memory(bytes, FILE_LEN, chunks,
			 sizeof(chunks) / sizeof(*chunks), 1);
	assert_true(n > 10);
	assert_true(store_find(s, OBJECT_DATA, &chunks[3].id, &found));
	assert_int_equal(found.pack->layout, PACK_LOOSE);
	ok(session_open(s, &w));
	assert_false(session_claim(w, OBJECT_DATA, &chunks[3].id));
	h = session_hand_new(w);
	o = (struct object){ chunks[3].id, chunks[3].data, chunks[3].len };
	ok(session_put(h, OBJECT_DATA, &o, 1));
	ok(session_hand_flush(h));
	session_hand_free(h);
	ok(session_finish(w));
	session_free(w);
	assert_true(store_find(s, OBJECT_DATA, &chunks[3].id, &found));
	assert_int_equal(found.pack->layout, PACK_PACKED);
	/* away with the whole of it */
	assert_true(store_find(s, OBJECT_DATA, &chunks[4].id, &found));
	loose_path_of(s, &path);
	ok(store_quarantine(s, found.pack));
	assert_false(store_find(s, OBJECT_DATA, &chunks[4].id, &found));
	assert_int_not_equal(access(path.data, F_OK), 0);
	assert_int_equal(count_files(in_place("s/quarantine"), "", NULL), 2);
	store_close(s);
	free(bytes);
}

static void many_loose_files_are_merged_too(void **state)
{
	struct content contents[20];
	struct store *s;
	uint8_t *bytes[20];

	(void)state;
	if (nowhere())
		return;
	ok(store_open(in_place("s"), STORE_CREATE, &s));
	for (int i = 0; i < 20; i++) {
		bytes[i] = make_file(in_place("file"), i);
		add_loose(s, in_place("file"), &contents[i]);
	}
	store_close(s);
	ok(store_open(in_place("s"), 0, &s));
	for (int i = 0; i < 20; i++)
		ok(read_content(s, &contents[i], bytes[i]));
	/* of chunks, and of nodes */
	assert_int_equal(count_files(in_place("s/index"), ".midx", NULL), 2);
	store_close(s);
	ok(store_open(in_place("s"), 0, &s));
	for (int i = 0; i < 20; i++) {
		ok(read_content(s, &contents[i], bytes[i]));
		free(bytes[i]);
	}
	store_close(s);
}

static void a_dropped_one_leaves_nothing(void **state)
{
	struct loose *l;
	struct store *s;
	uint8_t *bytes;
	int fd;

	(void)state;
	if (nowhere())
		return;
	ok(store_open(in_place("s"), STORE_CREATE, &s));
	bytes = make_file(in_place("file"), 1);
	fd = open(in_place("file"), O_RDONLY);
	ok(loose_begin(s, fd, false, &l));
	close(fd);
	assert_int_equal(loose_commit(l, &(struct content){ .size = 5 }),
			 DV_E_INVALID);
	loose_free(l);
	store_close(s);
	assert_int_equal(count_files(in_place("s/tmp"), "", NULL), 0);
	assert_int_equal(count_files(in_place("s/loose"), "", NULL), 0);
	free(bytes);
}

static void other_file_systems_say_so(void **state)
{
	struct loose *l;
	struct store *s;
	int fd;

	(void)state;
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	/* never on the same one as the store */
	fd = open("/proc/self/exe", O_RDONLY);
	if (!loose_begin(s, fd, false, &l)) {
		loose_free(l);
		print_message("# the test itself lies on it\n");
	} else {
		assert_null(l);
	}
	close(fd);
	fd = open("/proc/self/status", O_RDONLY);
	assert_int_equal(loose_begin(s, fd, false, &l), DV_E_UNSUPPORTED);
	assert_null(l);
	close(fd);
	store_close(s);
	assert_int_equal(count_files(in_world("s/tmp"), "", NULL), 0);
}

/* --- index parts ------------------------------------------------------- */

static void long_files_have_several_frames(void **state)
{
	enum { COUNT = 5000 };
	struct loose_chunk *chunks = xcalloc(COUNT, sizeof(*chunks));
	struct file_stamp stamp = { .inode = 7, .mtime_ns = -5 };
	uint64_t at = (uint64_t)3 << 30;
	struct pack *p;
	struct place found;

	(void)state;
	for (uint64_t i = 0; i < COUNT; i++) {
		sha256(&i, sizeof(i), &chunks[i].id);
		chunks[i].offset = at;
		chunks[i].len = i % 100 ? OBJECT_MAX - i : 0;
		chunks[i].check = i;
		at += chunks[i].len;
	}
	stamp.size = at;
	ok(pack_write_loose_index(in_world("i"), world, &stamp, chunks,
				  COUNT));
	ok(pack_open_index(in_world("i"), NULL, "elsewhere", 0, &p));
	assert_int_equal(p->layout, PACK_LOOSE);
	assert_true(p->size == at && p->stamp.mtime_ns == -5);
	assert_true(p->frames >= 5 && p->frames <= 6);
	for (int i = 0; i < COUNT; i++) {
		struct frame_info f;

		assert_true(pack_find(p, &chunks[i].id, &found));
		pack_frame_at(p, found.frame, &f);
		assert_true(f.offset + found.offset == chunks[i].offset);
		assert_true(found.check == (uint64_t)i);
	}
	pack_close(p);
	/* it is no pack, and a pack is none of these */
	assert_int_equal(pack_open_index(in_world("i"), NULL, NULL, at, &p),
			 DV_E_CORRUPT);
	/* a gap, and more than there is */
	chunks[7].offset++;
	assert_int_equal(pack_write_loose_index(in_world("j"), world, &stamp,
						chunks, COUNT), DV_E_INVALID);
	chunks[7].offset--;
	stamp.size--;
	assert_int_equal(pack_write_loose_index(in_world("j"), world, &stamp,
						chunks, COUNT), DV_E_INVALID);
	free(chunks);
}

static void parts_without_a_first_do_not_count(void **state)
{
	struct loose_chunk chunk = { .len = 100, .offset = 100 };
	struct file_stamp stamp = { .size = 200 };
	struct store *s;
	struct place found;
	char path[600], hex[DV_ID_HEX + 1];
	struct dv_id name = { { 0xab } };

	(void)state;
	sha256("x", 1, &chunk.id);
	ok(store_open(in_world("s"), STORE_CREATE, &s));
	ok(dir_make(in_world("s/loose/ab")));
	dv_id_to_hex(&name, hex);
	snprintf(path, sizeof(path), "%s/s/loose/ab/%s.1.idx", world, hex);
	ok(pack_write_loose_index(path, world, &stamp, &chunk, 1));
	ok(store_refresh(s));
	assert_false(store_find(s, OBJECT_DATA, &chunk.id, &found));
	snprintf(path, sizeof(path), "%s/s/loose/ab/%s.0.idx", world, hex);
	chunk.offset = 0;
	sha256("y", 1, &chunk.id);
	ok(pack_write_loose_index(path, world, &stamp, &chunk, 1));
	ok(store_refresh(s));
	assert_true(store_find(s, OBJECT_DATA, &chunk.id, &found));
	sha256("x", 1, &chunk.id);
	assert_true(store_find(s, OBJECT_DATA, &chunk.id, &found));
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(a_whole_file_is_kept_and_found),
		PLACE_TEST(blocks_are_lent),
		PLACE_TEST(tampering_is_noticed),
		PLACE_TEST(what_is_known_to_be_bad_is_replaced),
		PLACE_TEST(packs_come_first),
		PLACE_TEST(many_loose_files_are_merged_too),
		PLACE_TEST(a_dropped_one_leaves_nothing),
		WORLD_TEST(other_file_systems_say_so),
		WORLD_TEST(long_files_have_several_frames),
		WORLD_TEST(parts_without_a_first_do_not_count),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
