#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "store/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size, puts;
};

static int compare_first(void *data, const struct object *node)
{
	struct input *in = data;

	/* there is one way to write a node */
	if (!in->puts++ && (node->len != in->size ||
			    memcmp(node->data, in->data, in->size)))
		abort();
	return 0;
}

/* What the decoder takes is fit for use, and the builder makes it again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct input in = { data, size, 0 };
	struct tree_entry dir;
	struct tree_node n;

	if (tree_node_decode(data, size, &arena, &n))
		return 0;
	if (n.level) {
		for (size_t i = 0; i < n.count; i++)
			if (!path_name_ok(n.children[i].last_name,
					  strlen(n.children[i].last_name)) ||
			    !n.children[i].entries)
				abort();
		return 0;
	}
	for (size_t i = 0; i < n.count; i++)
		if (strlen(n.entries[i].name) != n.entries[i].name_len ||
		    !path_name_ok(n.entries[i].name, n.entries[i].name_len))
			abort();
	if (tree_build(n.entries, n.count, compare_first, &in, &dir) ||
	    in.puts != 1 || dir.files > INT64_MAX)
		abort();
	return 0;
}
