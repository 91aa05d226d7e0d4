#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dv/error.h"

#include "store/tree_diff.h"

#include "folder.h"
#include "nodes.h"

/*
 * A copy of a folder: one entry of `every` is left out, one changed, one has a
 * new one after it.
 */
static void edit(const struct folder *from, size_t every, uint64_t *seed,
		 struct folder *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct tree_entry *e = &from->entries[i];
		unsigned what = random_next(seed) % every;
		char name[80];

		if (what == 0)
			continue;
		ARRAY_GROW(to->entries, to->count + 2, to->room);
		to->entries[to->count++] = *e;
		if (what == 1 && e->type == ENTRY_FILE)
			to->entries[to->count - 1].executable ^= true;
		if (what != 2)
			continue;
		snprintf(name, sizeof(name), "%s+", e->name);
		folder_add(to, name, ENTRY_FILE, 77);
	}
}

/* The next difference of two sorted lists, found one by one. */
static bool expected(const struct folder *a, const struct folder *b, size_t *i,
		     size_t *k, const struct tree_entry **before,
		     const struct tree_entry **after)
{
	while (*i < a->count || *k < b->count) {
		int order = *i == a->count ? 1 : *k == b->count ? -1 :
			strcmp(a->entries[*i].name, b->entries[*k].name);

		*before = order <= 0 ? &a->entries[(*i)++] : NULL;
		*after = order >= 0 ? &b->entries[(*k)++] : NULL;
		if (!*before || !*after || !tree_entry_equal(*before, *after))
			return true;
	}
	return false;
}

static size_t compare(struct nodes *n, const struct folder *a,
		      const struct folder *b, const struct tree_entry *before,
		      const struct tree_entry *after, uint64_t *nodes)
{
	const struct tree_entry *want[2], *got[2];
	struct tree_diff *d;
	size_t i = 0, k = 0, count = 0;

	tree_diff_open(n->reader, &before->content.id, &after->content.id, &d);
	while (expected(a, b, &i, &k, &want[0], &want[1])) {
		assert_int_equal(tree_diff_next(d, &got[0], &got[1]), 1);
		for (int s = 0; s < 2; s++) {
			assert_int_equal(!got[s], !want[s]);
			if (!got[s])
				continue;
			assert_string_equal(got[s]->name, want[s]->name);
			assert_true(tree_entry_equal(got[s], want[s]));
		}
		count++;
	}
	assert_int_equal(tree_diff_next(d, &got[0], &got[1]), 0);
	*nodes = tree_diff_nodes(d);
	tree_diff_close(d);
	return count;
}

static void differences_are_those_of_the_lists(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 130, 3000, 20000 };
	static const size_t often[] = { 3, 20, 500, 10000 };
	uint64_t seed = 5;

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		for (size_t o = 0; o < sizeof(often) / sizeof(*often); o++) {
			DV_AUTO_FOLDER struct folder a = { NULL };
			DV_AUTO_FOLDER struct folder b = { NULL };
			struct tree_entry before, after;
			struct nodes n = { 0 };
			uint64_t nodes, back;
			size_t count;

			folder_fill(&a, counts[c]);
			edit(&a, often[o], &seed, &b);
			assert_int_equal(tree_build(a.entries, a.count,
						    nodes_put, &n, &before), 0);
			assert_int_equal(tree_build(b.entries, b.count,
						    nodes_put, &n, &after), 0);
			nodes_open(&n, NULL);
			count = compare(&n, &a, &b, &before, &after, &nodes);
			assert_int_equal(compare(&n, &b, &a, &after, &before,
						 &back), count);
			/* on each side the way down, and once a neighbour */
			assert_true(nodes <= 10 * count);
			assert_true(nodes <= n.count);
			nodes_release(&n);
		}
	}
}

static void what_is_the_same_is_not_read(void **state)
{
	DV_AUTO_FOLDER struct folder f = { .arena = ARENA_INIT };
	const struct tree_entry *before, *after;
	struct nodes n = { 0 };
	struct tree_entry dir;
	struct tree_diff *d;
	size_t count = 0;

	(void)state;
	folder_fill(&f, 3000);
	assert_int_equal(tree_build(f.entries, f.count, nodes_put, &n, &dir),
			 0);
	nodes_open(&n, NULL);
	tree_diff_open(n.reader, &dir.content.id, &dir.content.id, &d);
	assert_int_equal(tree_diff_next(d, &before, &after), 0);
	assert_int_equal(tree_diff_nodes(d), 0);
	tree_diff_close(d);
	/* against none, and against an empty one, all entries differ */
	tree_diff_open(n.reader, NULL, &dir.content.id, &d);
	while (tree_diff_next(d, &before, &after) == 1)
		assert_true(!before && after && ++count);
	assert_int_equal(count, 3000);
	tree_diff_close(d);
	tree_diff_open(n.reader, &dir.content.id, &tree_empty, &d);
	for (count = 0; tree_diff_next(d, &before, &after) == 1; count++)
		assert_true(before && !after);
	assert_int_equal(count, 3000);
	tree_diff_close(d);
	nodes_release(&n);
}

static void a_missing_node_is_told_with_its_side(void **state)
{
	DV_AUTO_FOLDER struct folder a = { .arena = ARENA_INIT };
	DV_AUTO_FOLDER struct folder b = { .arena = ARENA_INIT };
	const struct tree_entry *before, *after;
	struct tree_entry old, new;
	struct nodes n = { 0 };
	struct tree_diff *d;
	int got;

	(void)state;
	folder_fill(&a, 3000);
	folder_fill(&b, 3100);
	assert_int_equal(tree_build(a.entries, a.count, nodes_put, &n, &old),
			 0);
	assert_int_equal(tree_build(b.entries, b.count, nodes_put, &n, &new),
			 0);
	nodes_open(&n, &new.content.id);
	tree_diff_open(n.reader, &old.content.id, &new.content.id, &d);
	while ((got = tree_diff_next(d, &before, &after)) == 1)
		;
	assert_int_equal(got, DV_E_NOTFOUND);
	assert_true(tree_diff_in_after(d));
	tree_diff_close(d);
	tree_diff_open(n.reader, &new.content.id, &old.content.id, &d);
	assert_int_equal(tree_diff_next(d, &before, &after), DV_E_NOTFOUND);
	assert_false(tree_diff_in_after(d));
	tree_diff_close(d);
	nodes_release(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_those_of_the_lists),
		cmocka_unit_test(what_is_the_same_is_not_read),
		cmocka_unit_test(a_missing_node_is_told_with_its_side),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
