#include <stdlib.h>
#include <string.h>

#include "store/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rebuild {
	struct list_builder *builder;
	const uint8_t *data;
	size_t size, puts;
	uint64_t count, bytes;
};

static int compare_first(void *data, const struct object *node)
{
	struct rebuild *r = data;

	/* there is one way to write a node */
	if (!r->puts++ && (node->len != r->size ||
			   memcmp(node->data, r->data, r->size)))
		abort();
	return 0;
}

static int take(void *data, const struct dv_id *id, uint64_t bytes,
		uint64_t chunks)
{
	struct rebuild *r = data;

	if (!bytes || !chunks || bytes > INT64_MAX)
		abort();
	r->count++;
	r->bytes += bytes;
	if (chunks == 1 && bytes <= UINT32_MAX)
		list_builder_add(r->builder, id, bytes);
	return 0;
}

/* What the decoder takes, the builder makes again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rebuild r = { .data = data, .size = size };
	struct content c;
	unsigned level;

	if (list_node_decode(data, size, &level, NULL, NULL))
		return 0;
	r.builder = list_builder_new(compare_first, &r);
	if (list_node_decode(data, size, &level, take, &r))
		abort();
	if (level) {
		list_builder_free(r.builder);
		return 0;
	}
	if (list_builder_finish(r.builder, &c) || c.size != r.bytes ||
	    r.puts != (r.count > 1))
		abort();
	return 0;
}
