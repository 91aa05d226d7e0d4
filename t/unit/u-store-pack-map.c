/* More packs than a process may have maps. */

#include "store_world.h"

#include <fcntl.h>

enum { MANY = 34000 };

static struct pack *packs[MANY];
static struct object object;
static char pack_path[512];
static struct dv_id pack_id;

static int take(void *data, struct pack *p)
{
	(void)data;
	snprintf(pack_path, sizeof(pack_path), "%s", p->path);
	pack_id = p->id;
	pack_close(p);
	return 0;
}

static void make_pack(void)
{
	struct pack_writer_options o = {
		.class = OBJECT_DATA, .temp_dir = world, .dir = world,
		.finished = take, .nosync = 1,
	};

	pack_objects(&o, 1, 2, 40, false);
	free(object_make(&object, 1, 40, false));
}

/* Lines of a file of /proc/self that have `text` in them. */
static unsigned count_lines(const char *name, const char *text)
{
	FILE *f = fopen(name, "r");
	char line[1024];
	unsigned n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, text) != NULL;
	fclose(f);
	return n;
}

static void open_all(unsigned from)
{
	for (unsigned i = from; i < MANY; i++)
		ok(pack_open(pack_path, &pack_id, &packs[i]));
}

static void check_all(void)
{
	struct place place;

	for (unsigned i = 0; i < MANY; i++) {
		pack_rest(packs[i]);
		assert_true(pack_find(packs[i], &object.id, &place));
		assert_ptr_equal(place.pack, packs[i]);
		assert_int_equal(place.len, 40);
		ok(pack_check_id(packs[i]));
	}
}

static void close_some(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		pack_close(packs[i]);
}

static void packs_beyond_a_number_are_copied(void **state)
{
	(void)state;
	make_pack();
	open_all(0);
	assert_int_equal(count_lines("/proc/self/maps", ".pack"), 32768);
	assert_in_range(count_lines("/proc/self/maps", "(deleted)"), 1, 2);
	check_all();
	/* they do not depend on others that are closed */
	close_some(20000, MANY);
	assert_int_equal(count_lines("/proc/self/maps", "(deleted)"), 0);
	open_all(20000);
	check_all();
	close_some(0, MANY);
	assert_int_equal(count_lines("/proc/self/maps", ".pack"), 0);
	assert_int_equal(count_lines("/proc/self/maps", "(deleted)"), 0);
}

static void where_no_file_can_be_made_they_are_in_memory(void **state)
{
	char path[64];
	int fd;

	(void)state;
	make_pack();
	fd = open(pack_path, O_RDONLY);
	assert_true(fd >= 0);
	/* nothing can be made in that folder */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (unsigned i = 0; i < MANY; i++)
		ok(pack_open(path, &pack_id, &packs[i]));
	assert_int_equal(count_lines("/proc/self/maps", ".pack"), 32768);
	assert_int_equal(count_lines("/proc/self/maps", "(deleted)"), 0);
	check_all();
	close_some(0, MANY);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(packs_beyond_a_number_are_copied),
		WORLD_TEST(where_no_file_can_be_made_they_are_in_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
