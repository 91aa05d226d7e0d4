#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dv/chunk.h"
#include "dv/error.h"

#include "base/auto.h"
#include "chunk/sha256.h"
#include "store/tree.h"

#include "folder.h"
#include "nodes.h"

static void assert_same_entry(const struct tree_entry *a,
			      const struct tree_entry *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->name_len, b->name_len);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->executable, b->executable);
	assert_int_equal(a->content.size, b->content.size);
	assert_int_equal(a->content.list, b->content.list);
	assert_memory_equal(&a->content.id, &b->content.id, DV_ID_SIZE);
	assert_int_equal(a->files, b->files);
	if (a->type == ENTRY_SYMLINK)
		assert_string_equal(a->target, b->target);
}

static void directories_of_any_size_come_back(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 100, 128, 129, 1000,
					 3000, 40000 };

	(void)state;
	for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++) {
		DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		struct nodes n = { 0 };
		struct tree_entry dir, *entries;
		uint64_t size = 0, files = 0;
		size_t count;

		folder_fill(&f, counts[k]);
		assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n,
					    &dir), 0);
		assert_int_equal(dir.type, ENTRY_DIR);
		nodes_open(&n, NULL);
		assert_int_equal(tree_read(n.reader, &dir.content.id, &arena,
					   &entries, &count), 0);
		assert_int_equal(count, f.count);
		for (size_t i = 0; i < count; i++) {
			assert_same_entry(&entries[i], &f.entries[i]);
			size += entries[i].content.size;
			files += entries[i].type == ENTRY_DIR ?
				entries[i].files : 1;
		}
		assert_int_equal(dir.content.size, size);
		assert_int_equal(dir.files, files);
		if (counts[k] == 100) {
			corpus_add("tree", "leaf", n.items[0].data,
				   n.items[0].len);
		} else if (counts[k] == 40000) {
			corpus_add("tree", "root", n.items[n.count - 1].data,
				   n.items[n.count - 1].len);
		}
		nodes_release(&n);
	}
}

/* Each node is checked by the decoder, which knows where it must end. */
static void nodes_keep_the_limits(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	struct nodes n = { 0 };
	struct tree_entry dir;
	unsigned highest = 0;

	(void)state;
	folder_fill(&f, 40000);
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	for (size_t i = 0; i < n.count; i++) {
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		struct tree_node node;

		assert_int_equal(tree_node_decode(n.items[i].data,
			n.items[i].len, &arena, &node), 0);
		assert_true(node.count <= 1024);
		assert_true(node.level < 4);
		assert_true(!node.level == !node.children);
		if (node.level > highest)
			highest = node.level;
	}
	assert_true(highest >= 1);
	assert_true(n.count > 200 && n.count < 500);
	assert_true(dv_id_equal(&dir.content.id, &n.items[n.count - 1].id));
	nodes_release(&n);
}

static void one_change_changes_one_node_a_level(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	struct nodes a = { 0 }, b = { 0 };
	struct tree_entry dir;
	size_t shared = 0;

	(void)state;
	folder_fill(&f, 20000);
	tree_build(f.entries, f.count, nodes_put, &a, &dir);
	f.entries[10001].content.id.bytes[0] ^= 1;
	tree_build(f.entries, f.count, nodes_put, &b, &dir);
	for (size_t i = 0; i < b.count; i++)
		shared += nodes_find(&a, &b.items[i].id) != NULL;
	assert_int_equal(a.count, b.count);
	assert_true(b.count - shared <= 3);
	nodes_release(&a);
	nodes_release(&b);
}

/* Each node is put once, and all are needed: no root above a root. */
static void no_node_is_made_in_vain(void **state)
{
	(void)state;
	for (size_t count = 1; count < 600; count += 149) {
		DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;
		struct nodes n = { 0 };
		struct tree_entry dir, *entries;
		size_t all;

		folder_fill(&f, count);
		tree_build(f.entries, f.count, nodes_put, &n, &dir);
		for (size_t i = 0; i < n.count; i++) {
			nodes_open(&n, &n.items[i].id);
			assert_int_equal(tree_read(n.reader, &dir.content.id,
				&arena, &entries, &all), DV_E_NOTFOUND);
			nodes_close(&n);
		}
		nodes_release(&n);
	}
}

static void the_empty_directory_needs_no_store(void **state)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct nodes n = { 0 };
	struct tree_entry dir, *entries;
	size_t count = 1;

	(void)state;
	tree_build(NULL, 0, nodes_put, &n, &dir);
	assert_true(dv_id_equal(&dir.content.id, &tree_empty));
	nodes_open(&n, &tree_empty);
	assert_int_equal(tree_read(n.reader, &tree_empty, &arena, &entries,
				   &count), 0);
	assert_int_equal(count, 0);
	nodes_close(&n);
	nodes_release(&n);
}

static void entries_are_found_by_name(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct nodes n = { 0 };
	struct tree_entry dir, got;

	(void)state;
	folder_fill(&f, 5000);
	tree_build(f.entries, f.count, nodes_put, &n, &dir);
	nodes_open(&n, NULL);
	for (size_t i = 0; i < f.count; i += 3) {
		assert_int_equal(tree_find(n.reader, &dir.content.id,
			f.entries[i].name, &arena, &got), 1);
		assert_same_entry(&got, &f.entries[i]);
	}
	assert_int_equal(tree_find(n.reader, &dir.content.id, "0000003",
				   &arena, &got), 0);
	assert_int_equal(tree_find(n.reader, &dir.content.id, "", &arena,
				   &got), 0);
	assert_int_equal(tree_find(n.reader, &dir.content.id, "zzz", &arena,
				   &got), 0);
	nodes_release(&n);
}

static void paths_lead_through_directories(void **state)
{
	DV_AUTO_FOLDER struct folder inner = { .arena = ARENA_INIT };
	DV_AUTO_FOLDER struct folder outer = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct nodes n = { 0 };
	struct tree_entry in, dir, got;

	(void)state;
	folder_add(&inner, "deep", ENTRY_FILE, 5);
	folder_add(&inner, "link", ENTRY_SYMLINK, 0);
	tree_build(inner.entries, inner.count, nodes_put, &n, &in);
	folder_add(&outer, "file", ENTRY_FILE, 7);
	*folder_add(&outer, "sub", ENTRY_DIR, 0) = in;
	outer.entries[1].name = "sub";
	outer.entries[1].name_len = 3;
	tree_build(outer.entries, outer.count, nodes_put, &n, &dir);
	assert_int_equal(dir.files, 3);
	assert_int_equal(dir.content.size, 12);
	nodes_open(&n, NULL);

	assert_int_equal(tree_resolve(n.reader, &dir, "", &arena, &got), 0);
	assert_int_equal(got.type, ENTRY_DIR);
	assert_int_equal(tree_resolve(n.reader, &dir, "sub", &arena, &got), 0);
	assert_true(dv_id_equal(&got.content.id, &in.content.id));
	assert_int_equal(tree_resolve(n.reader, &dir, "sub/link", &arena,
				      &got), 0);
	assert_string_equal(got.target, "somewhere/else");
	assert_int_equal(tree_resolve(n.reader, &dir, "sub/none", &arena,
				      &got), DV_E_NOTFOUND);
	assert_string_equal(dv_error_text(), "no entry 'sub/none'");
	assert_int_equal(tree_resolve(n.reader, &dir, "file/x", &arena, &got),
			 DV_E_NOTFOUND);
	assert_int_equal(tree_resolve(n.reader, &dir, "sub/link/x", &arena,
				      &got), DV_E_NOTFOUND);
	assert_int_equal(tree_resolve(n.reader, &dir, "sub//link", &arena,
				      &got), DV_E_NOTFOUND);
	nodes_release(&n);
}

static int build_one(const struct tree_entry *e, size_t count)
{
	struct nodes n = { 0 };
	struct tree_entry dir;
	int err = tree_build(e, count, nodes_put, &n, &dir);

	nodes_release(&n);
	return err;
}

static void bad_entries_are_not_built(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", ".git",
					     ".GIT" };
	DV_AUTO_FREE char *target = xcalloc(1, ENTRY_TARGET_MAX + 2);
	char name[ENTRY_NAME_MAX + 2];
	struct tree_entry e[2] = {
		{ .name = "a", .name_len = 1, .type = ENTRY_FILE },
		{ .name = "b", .name_len = 1, .type = ENTRY_FILE },
	};

	(void)state;
	assert_int_equal(build_one(e, 2), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct tree_entry bad = e[0];

		bad.name = names[i];
		bad.name_len = strlen(names[i]);
		assert_int_equal(build_one(&bad, 1), DV_E_INVALID);
	}
	e[1].name = "a";
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	assert_string_equal(dv_error_text(), "'a' is out of order");
	e[1].name = "B";
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[0].type = 4;
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	memset(name, 'n', sizeof(name));
	name[ENTRY_NAME_MAX + 1] = '\0';
	e[0] = (struct tree_entry){ .name = name, .type = ENTRY_FILE,
				    .name_len = ENTRY_NAME_MAX + 1 };
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	name[--e[0].name_len] = '\0';
	assert_int_equal(build_one(e, 1), 0);

	e[0] = (struct tree_entry){ .name = "l", .name_len = 1,
				    .type = ENTRY_SYMLINK, .target = "" };
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	memset(target, 't', ENTRY_TARGET_MAX + 1);
	e[0].target = target;
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
	target[ENTRY_TARGET_MAX] = '\0';
	assert_int_equal(build_one(e, 1), 0);
	e[0].executable = true;
	assert_int_equal(build_one(e, 1), DV_E_INVALID);
}

static void sizes_that_cannot_be_are_not_built(void **state)
{
	struct tree_entry e[2] = {
		{ .name = "a", .name_len = 1, .type = ENTRY_DIR,
		  .content.size = INT64_MAX, .files = 1 },
		{ .name = "b", .name_len = 1, .type = ENTRY_FILE },
	};

	(void)state;
	assert_int_equal(build_one(e, 2), 0);
	e[1].content.size = 1;
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[1].content.size = 0;
	e[0].files = INT64_MAX;
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[0].files = 0;
	assert_int_equal(build_one(e, 2), DV_E_INVALID);
	e[1].content.list = true;
	assert_int_equal(build_one(e + 1, 1), DV_E_INVALID);
	e[1].content.size = DV_CHUNK_MIN;
	assert_int_equal(build_one(e + 1, 1), DV_E_INVALID);
	e[1].content.size++;
	assert_int_equal(build_one(e + 1, 1), 0);
	e[1].content.list = false;
	e[1].content.size = DV_CHUNK_MAX + 1;
	assert_int_equal(build_one(e + 1, 1), DV_E_INVALID);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->name,
		      ((const struct tree_entry *)b)->name);
}

/*
 * Names chosen to end every node at once make the tree deeper, not endless:
 * levels above the first have two entries at least.
 */
static void names_made_to_end_nodes_do_no_harm(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct nodes n = { 0 };
	struct tree_entry dir, *entries;
	uint64_t seed = 1;
	char name[32];
	size_t count;

	(void)state;
	for (int i = 0; i < 200; i++) {
		find_name(name, sizeof(name), &seed, 14);
		folder_add(&f, name, ENTRY_FILE, 1);
	}
	qsort(f.entries, f.count, sizeof(*f.entries), by_name);
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	/* a leaf for each, a node for two of these, few above */
	assert_true(n.count >= 300 && n.count < 310);
	nodes_open(&n, NULL);
	assert_int_equal(tree_read(n.reader, &dir.content.id, &arena, &entries,
				   &count), 0);
	assert_int_equal(count, 200);
	nodes_release(&n);
	/* one such name alone is one node */
	n = (struct nodes){ 0 };
	assert_int_equal(tree_build(f.entries, 1, nodes_put, &n, &dir), 0);
	assert_int_equal(n.count, 1);
	nodes_release(&n);
}

static void long_names_and_targets_keep_nodes_small(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_FREE char *target = xcalloc(1, ENTRY_TARGET_MAX + 1);
	struct nodes n = { 0 };
	struct tree_entry dir, *entries;
	size_t count;

	(void)state;
	memset(target, 't', ENTRY_TARGET_MAX);
	for (int i = 0; i < 300; i++) {
		char name[ENTRY_NAME_MAX + 1];

		memset(name, 'n', ENTRY_NAME_MAX);
		name[ENTRY_NAME_MAX] = '\0';
		name[0] = i / 26 + 'a';
		name[1] = i % 26 + 'a';
		folder_add(&f, name, ENTRY_SYMLINK, 0)->target = target;
	}
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	for (size_t i = 0; i < n.count; i++)
		assert_true(n.items[i].len < (256 + 72) << 10);
	nodes_open(&n, NULL);
	assert_int_equal(tree_read(n.reader, &dir.content.id, &arena, &entries,
				   &count), 0);
	assert_int_equal(count, 300);
	assert_int_equal(strlen(entries[299].target), ENTRY_TARGET_MAX);
	nodes_release(&n);
}

static void assert_id(const struct dv_id *id, const char *expect)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(id, hex);
	assert_string_equal(hex, expect);
}

static void a_cursor_passes_node_by_node(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_TREE_CURSOR struct tree_cursor c;
	const struct tree_entry *e;
	struct nodes n = { 0 };
	struct tree_entry dir;
	size_t count, at = 0, nodes = 0;

	(void)state;
	folder_fill(&f, 40000);
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	nodes_open(&n, NULL);
	tree_cursor_open(&c, n.reader, &dir.content.id);
	while (tree_cursor_node(&c, &e, &count) == 1) {
		struct tree_node node;
		DV_AUTO_ARENA struct arena arena = ARENA_INIT;

		assert_int_equal(tree_node_load(n.reader, &c.node, &arena,
						&node), 0);
		assert_int_equal(node.level, 0);
		assert_int_equal(node.count, count);
		assert_int_equal(tree_cursor_is_last(&c),
				 at + count == f.count);
		/* every other one is passed by entry, all or half of it */
		for (size_t i = 0; nodes % 2 && i < count / (nodes % 3 + 1);
		     i++) {
			assert_int_equal(tree_cursor_next(&c, &e), 1);
			assert_same_entry(e, &f.entries[at + i]);
		}
		at += count;
		nodes++;
	}
	assert_int_equal(at, f.count);
	assert_true(nodes > 100);
	assert_int_equal(tree_cursor_next(&c, &e), 0);
	assert_null(e);
	nodes_release(&n);
}

static void a_cursor_tells_of_what_is_missing(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_TREE_CURSOR struct tree_cursor c;
	const struct tree_entry *e;
	struct nodes n = { 0 };
	struct tree_entry dir;
	size_t at = 0;
	int got;

	(void)state;
	folder_fill(&f, 5000);
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	/* the second leaf */
	nodes_open(&n, &n.items[1].id);
	tree_cursor_open(&c, n.reader, &dir.content.id);
	while ((got = tree_cursor_next(&c, &e)) == 1)
		assert_same_entry(e, &f.entries[at++]);
	assert_int_equal(got, DV_E_NOTFOUND);
	assert_null(e);
	assert_true(at && at < f.count / 2);
	nodes_release(&n);
}

/* The vectors of dvformat-node(5). */
static void the_published_vectors_hold(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	DV_AUTO_FOLDER struct folder many = { .arena = ARENA_INIT };
	DV_AUTO_BUF struct buf b = BUF_INIT;
	struct nodes n = { 0 };
	struct content none = { .size = 0 };
	struct tree_entry *hello, *sub, dir;
	struct dv_id id;

	(void)state;
	assert_int_equal(tree_build(NULL, 0, nodes_put, &n, &dir), 0);
	assert_int_equal(n.items[0].len, 13);
	assert_id(&dir.content.id, "121734f97846dcc12b68761553d3e1e9"
		  "b5facaaab52e35ba9b721d2edb7541dd");

	folder_add(&f, "empty", ENTRY_FILE, 0);
	hello = folder_add(&f, "hello", ENTRY_FILE, 6);
	sha256("hello\n", 6, &hello->content.id);
	hello->executable = true;
	file_node_encode(&hello->content, true, &b, &id);
	assert_id(&id, "89dd296c1e90153ccd2581d0ad409e70"
		  "ec50998fc5392afd24a28b398b23459f");
	file_node_encode(&none, false, &b, &id);
	assert_id(&id, "5cad6d4dca4d6c1fc30d0fa169aa1a88"
		  "dd41d1afa99c3e4c1bb358589f072f95");
	folder_add(&f, "help", ENTRY_SYMLINK, 0)->target = "hello";
	sub = folder_add(&f, "sub", ENTRY_DIR, 0);
	sub->content.id = dir.content.id;
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	assert_int_equal(dir.content.size, 6);
	assert_int_equal(dir.files, 3);
	assert_id(&dir.content.id, "0b9deaaed7253efd4a7ad6f5862ca968"
		  "a9bbf21226961f01881e22a0f177ba34");
	nodes_release(&n);

	n = (struct nodes){ 0 };
	for (int i = 0; i < 10000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%05d", i);
		folder_add(&many, name, ENTRY_FILE, 0);
	}
	assert_int_equal(tree_build(many.entries, many.count, nodes_put, &n,
				    &dir), 0);
	assert_int_equal(n.count, 78);
	assert_id(&dir.content.id, "81349ccb8c0e082a3fb907fada8cb9ef"
		  "e1de4001977f95dc471327e5a8baf8de");
	nodes_release(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_hold),
		cmocka_unit_test(directories_of_any_size_come_back),
		cmocka_unit_test(nodes_keep_the_limits),
		cmocka_unit_test(one_change_changes_one_node_a_level),
		cmocka_unit_test(no_node_is_made_in_vain),
		cmocka_unit_test(the_empty_directory_needs_no_store),
		cmocka_unit_test(a_cursor_passes_node_by_node),
		cmocka_unit_test(a_cursor_tells_of_what_is_missing),
		cmocka_unit_test(entries_are_found_by_name),
		cmocka_unit_test(paths_lead_through_directories),
		cmocka_unit_test(bad_entries_are_not_built),
		cmocka_unit_test(sizes_that_cannot_be_are_not_built),
		cmocka_unit_test(names_made_to_end_nodes_do_no_harm),
		cmocka_unit_test(long_names_and_targets_keep_nodes_small),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
