#include "transfer_world.h"

#include "chunk/compress.h"
#include "store/pack_write.h"
#include "transfer/locator.h"

/*
 * Remotes that lie.  The packs are made with the project's own writer, which
 * believes the ids it is given.
 */

/* How the bytes under an id come out wrong. */
enum lie { HONEST, FALSE_BYTES, BOMB };

struct forge {
	struct dv_repo *repo;
	enum object_class class;
	enum lie lie;
	struct store_reader *reader;
	struct packer *packer;
	struct locator *locator;
};

static int put_packed(void *data, struct pack *pack)
{
	struct forge *g = data;
	struct pack_ref ref = {
		pack->id, pack->size, pack->index_len, pack->objects,
		pack->class,
	};
	DV_AUTO_BUF struct buf name = BUF_INIT;

	remote_pack_name(&pack->id, &name);
	shell("mkdir -p $(dirname %s/%s) && mv %s %s/%s", in_top("one"),
	      name.data, pack->path, in_top("one"), name.data);
	locator_add(g->locator, &ref);
	pack_close(pack);
	return 0;
}

/* A frame that claims to be the object, and is 2 MiB of zeros and more. */
static void put_bomb(struct forge *g, const struct dv_id *id, uint32_t len)
{
	struct compressor *c = compressor_new();
	uint8_t *zeros = xcalloc(1, FRAME_MAX);
	const uint8_t *out;
	enum filter filter;
	enum codec codec;
	uint64_t check = 0;
	size_t out_len;

	assert_true(compress_try(c, zeros, FRAME_MAX, &out, &out_len, &codec,
				 &filter));
	assert_int_equal(packer_put_frame(g->packer, codec, filter, out,
					  out_len, len, id, &len, &check, 1),
			 0);
	free(zeros);
	compressor_free(c);
}

static void put_lie(struct forge *g, const struct dv_id *id)
{
	struct object o = { .id = *id };
	const uint8_t *data;
	uint8_t *copy;

	assert_int_equal(store_read(g->reader, g->class, id, &data, &o.len),
			 0);
	copy = xmalloc(o.len + 1);
	memcpy(copy, data, o.len);
	if (g->lie == FALSE_BYTES)
		copy[o.len / 2] ^= 1;
	o.data = copy;
	if (g->lie == BOMB)
		put_bomb(g, id, o.len);
	else
		assert_int_equal(packer_put(g->packer, &o, 1), 0);
	free(copy);
}

static int forge_pack(struct pack *pack, void *data)
{
	struct forge *g = data;

	for (uint32_t i = 0; i < pack->objects; i++)
		put_lie(g, pack_id_at(pack, i));
	return 0;
}

static void forge_class(struct forge *g)
{
	struct pack_writer_options o = {
		.class = g->class, .temp_dir = top, .dir = top, .nosync = 1,
		.finished = put_packed, .data = g,
	};
	struct pack_writer *w;

	assert_int_equal(pack_writer_open(&o, &w), 0);
	g->packer = packer_new(w);
	assert_int_equal(store_each_pack(store_of(g->repo), g->class,
					 forge_pack, g), 0);
	assert_int_equal(packer_flush(g->packer), 0);
	packer_free(g->packer);
	assert_int_equal(pack_writer_finish(w), 0);
	pack_writer_free(w);
}

static void write_locator(struct dv_repo *repo, struct locator *l)
{
	DV_AUTO_BUF struct buf name = BUF_INIT, bytes = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_pointer pointer;

	assert_int_equal(tracked_read(repo, "data", &pointer), 0);
	l->root = pointer.id;
	assert_int_equal(locator_encode(l, &bytes), 0);
	remote_root_name(&pointer.id, &name);
	dv_pointer_release(&pointer);
	buf_addf(&path, "%s/one/%s", top, name.data);
	assert_int_equal(dir_make_parents(path.data), 0);
	assert_int_equal(file_replace(path.data, bytes.data, bytes.len, 0),
			 0);
}

/* A remote that has the root of `repo`, but with lies. */
static void forge_remote(struct dv_repo *repo, enum lie data, enum lie meta,
			 struct locator *l)
{
	struct forge g = { .repo = repo, .locator = l };

	shell("rm -rf %s && mkdir %s", in_top("one"), in_top("one"));
	shell("echo dv-remote 1 >%s", in_top("one/dv-remote"));
	g.reader = store_reader_new(store_of(repo));
	g.class = OBJECT_DATA;
	g.lie = data;
	forge_class(&g);
	g.class = OBJECT_META;
	g.lie = meta;
	forge_class(&g);
	store_reader_free(g.reader);
	write_locator(repo, l);
}

static struct files *small_set(void)
{
	struct files *all = xcalloc(1, sizeof(*all));

	add_files(all, "a", 0, 100, 3000);
	return all;
}

static struct files *large_set(void)
{
	struct files *all = small_set();

	add_file(all, "b", 7000, 12000000);
	return all;
}

static int fetch_inside(struct dv_repo *repo, const char *inside)
{
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;
	char path[512];
	const char *paths[] = { path };

	snprintf(path, sizeof(path), "%s/data%s", dv_repo_worktree(repo),
		 inside);
	o.what.paths = paths;
	o.what.count = 1;
	return dv_fetch(repo, &o, &r);
}

/* Nothing of it is in the store afterwards. */
static void refuses(struct dv_repo *a, struct files *all, const char *inside)
{
	struct dv_repo *b = make_repo("b");

	copy_pointer(a, b, "data");
	assert_int_equal(fetch_inside(b, inside), DV_E_CORRUPT);
	assert_non_null(strstr(dv_error_text(), "data: origin: "));
	assert_int_equal(count_whole(b, "data", all), 0);
	dv_repo_close(b);
	/* the next process does not find any of it either */
	b = open_repo("b");
	assert_int_equal(count_whole(b, "data", all), 0);
	dv_repo_close(b);
	shell("test -z \"$(find %s -name '*.pack')\"",
	      in_top("b/.git/dv/data"));
	shell("test -z \"$(find %s -type f ! -name '*lock*')\"",
	      in_top("b/.git/dv/tmp"));
	shell("rm -rf %s", in_top("b"));
}

static void false_bytes_are_refused(void **state)
{
	struct dv_repo *a = make_repo("a");
	struct files *(*const sets[])(void) = { small_set, large_set };

	(void)state;
	for (int i = 0; i < 2; i++) {
		DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
		DV_AUTO_FREE struct files *all = sets[i]();

		record(a, "data", all);
		forge_remote(a, FALSE_BYTES, HONEST, &l);
		refuses(a, all, "");
		refuses(a, all, "/a/f000003");
	}
	dv_repo_close(a);
}

static void false_nodes_are_refused(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_FREE struct files *all = large_set();
	struct dv_repo *a = make_repo("a");

	(void)state;
	record(a, "data", all);
	forge_remote(a, HONEST, FALSE_BYTES, &l);
	refuses(a, all, "");
	refuses(a, all, "/b/f007000");
	dv_repo_close(a);
}

static void bombs_are_refused(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_FREE struct files *all = small_set();
	struct dv_repo *a = make_repo("a");

	(void)state;
	record(a, "data", all);
	forge_remote(a, BOMB, HONEST, &l);
	refuses(a, all, "");
	refuses(a, all, "/a/f000050");
	dv_repo_close(a);
}

static void packs_that_are_not_there_cost_only_time(void **state)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_FREE struct files *all = large_set();
	struct dv_repo *a = make_repo("a"), *b = make_repo("b");

	(void)state;
	record(a, "data", all);
	forge_remote(a, HONEST, HONEST, &l);
	for (uint32_t i = 0; i < 2000; i++) {
		struct pack_ref ref = {
			.size = 1000000000, .index_len = 100000000,
			.objects = 1000, .class = i % 2,
		};

		sha256(&i, sizeof(i), &ref.id);
		locator_add(&l, &ref);
	}
	write_locator(a, &l);
	copy_pointer(a, b, "data");
	fetch_ok(b);
	assert_int_equal(count_whole(b, "data", all), all->count);
	dv_repo_close(a);
	dv_repo_close(b);
}

static void wrong_numbers_are_noticed_and_mended(void **state)
{
	DV_AUTO_FREE struct files *all = large_set();
	struct dv_repo *a = make_repo("a");
	struct dv_transfer_result r;

	(void)state;
	record(a, "data", all);
	for (int i = 0; i < 4; i++) {
		DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;

		forge_remote(a, HONEST, HONEST, &l);
		for (size_t k = 0; k < l.count; k++) {
			l.packs[k].size += i == 0 ? 1 : i == 1 ? -1 : 0;
			l.packs[k].index_len += i == 2 ? 8 : 0;
			l.packs[k].objects -= i == 3;
		}
		write_locator(a, &l);
		refuses(a, all, "");
	}
	/* sizes that cannot be proved: a push writes a right locator */
	{
		DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
		struct dv_repo *b = make_repo("b");

		forge_remote(a, HONEST, HONEST, &l);
		for (size_t k = 0; k < l.count; k++)
			l.packs[k].size++;
		write_locator(a, &l);
		r = push_ok(a);
		assert_int_equal(r.roots_done, 1);
		copy_pointer(a, b, "data");
		fetch_ok(b);
		assert_int_equal(count_whole(b, "data", all), all->count);
		dv_repo_close(b);
	}
	dv_repo_close(a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(false_bytes_are_refused),
		TEST(false_nodes_are_refused),
		TEST(bombs_are_refused),
		TEST(packs_that_are_not_there_cost_only_time),
		TEST(wrong_numbers_are_noticed_and_mended),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
