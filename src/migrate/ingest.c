#include "migrate/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/chunk.h"

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/trace.h"
#include "store/list.h"

struct ingesting {
	struct recorder *r;
	struct record_worker *w;
	const struct held *held;
	struct digest *digest;		/* NULL: not asked for */
	uint64_t digested;		/* bytes; blocks overlap a little */
	struct list_builder *list;
	bool trouble;
};

static int put_node(void *data, const struct object *node)
{
	struct ingesting *g = data;
	bool here;

	if (!record_claim(g->r, OBJECT_META, &node->id, node->len, &here))
		return 0;
	return session_put(record_hand(g->r, g->w), OBJECT_META, node, 1);
}

static int put_chunks(void *data, unsigned worker, const struct chunk *chunks,
		      size_t count)
{
	struct ingesting *g = data;
	bool here;

	(void)worker;
	for (size_t i = 0; i < count; i++)
		if (record_claim(g->r, OBJECT_DATA, &chunks[i].id,
				 chunks[i].len, &here))
			record_gather(g->w, &chunks[i]);
	return record_put(g->r, g->w);
}

static int emit_chunks(void *data, const struct chunk *chunks, size_t count)
{
	struct ingesting *g = data;
	uint64_t bytes = 0;
	int err = cancel_check();

	for (size_t i = 0; i < count && !err; i++) {
		err = list_builder_add(g->list, &chunks[i].id, chunks[i].len);
		bytes += chunks[i].len;
	}
	meter_add(g->r->meter, bytes, 0);
	return err;
}

/* One thread reads, so offsets only grow. */
static int read_part(void *data, uint8_t *out, size_t len, uint64_t offset,
		     size_t *got)
{
	struct ingesting *g = data;

	for (*got = 0; *got < len;) {
		ssize_t n = pread(g->held->fd, out + *got, len - *got,
				  offset + *got);

		if (n < 0 && errno == EINTR)
			continue;
		g->trouble |= n < 0;
		if (n < 0)
			return dv_fail_errno("cannot read %s", g->held->where);
		if (!n)
			break;
		*got += n;
	}
	if (g->digest && offset + *got > g->digested) {
		size_t skip = g->digested - offset;

		digest_update(g->digest, out + skip, *got - skip);
		g->digested = offset + *got;
	}
	return 0;
}

static int from_memory(struct ingesting *g)
{
	const uint8_t *data = (const uint8_t *)g->held->memory.data;
	size_t len = g->held->memory.len, room = len / DV_CHUNK_MIN + 1;
	struct chunk *chunks;
	size_t count;
	int err = 0;

	if (!len)
		return 0;
	chunks = xcalloc(room, sizeof(*chunks));
	count = chunk_memory(data, len, chunks, room, true);
	err = put_chunks(g, 0, chunks, count);
	if (!err)
		err = emit_chunks(g, chunks, count);
	free(chunks);
	return err;
}

static int from_file(struct ingesting *g)
{
	const struct chunk_sink sink = {
		.read = read_part, .put = put_chunks, .emit = emit_chunks,
		.data = g,
	};

	return chunk_stream(&sink, 1, NULL);
}

static int run(struct ingesting *g, struct content *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	g->list = list_builder_new(put_node, g);
	err = g->held->fd < 0 ? from_memory(g) : from_file(g);
	if (err || (g->held->fd < 0 && !g->held->memory.len))
		list_builder_free(g->list);
	else
		err = list_builder_finish(g->list, out);
	return err;
}

int ingest(struct recorder *r, struct record_worker *w,
	   const struct held *held, const struct object_name *name,
	   bool *right, bool *trouble, struct content *out)
{
	TRACE_REGION("migrate: ingest");
	struct digest digest;
	struct ingesting g = { .r = r, .w = w, .held = held };
	int err;

	*right = true;
	*trouble = false;
	if (name) {
		err = digest_begin(&digest, name, held->old ||
				   name->kind == HASH_MD5_TEXT);
		if (err)
			return err;
		g.digest = &digest;
	}
	if (name && held->fd < 0) {
		digest_update(&digest, (uint8_t *)held->memory.data,
			      held->memory.len);
		g.digest = NULL;
		*right = digest_end(&digest);
		if (!*right)
			return 0;
	}
	err = run(&g, out);
	if (g.digest)
		*right = digest_end(&digest);
	*trouble = g.trouble;
	return err;
}
