#include "work/content.h"

#include "base/crew.h"
#include "base/error.h"
#include "chunk/sha256.h"
#include "store/list.h"
#include "work/resolve.h"

struct writing {
	const char *name;
	struct store_reader *nodes, *chunks;	/* owned */
	content_write_fn *write;
	void *data;
};

/* One chunk, checked against its own name before it is handed on. */
static int write_chunk(struct writing *w, const struct dv_id *id, uint64_t len)
{
	const uint8_t *bytes;
	struct dv_id now;
	uint32_t got;
	int err = store_read(w->chunks, OBJECT_DATA, id, &bytes, &got);

	if (err == DV_E_NOTFOUND)
		return resolve_lacks(w->name);
	if (err)
		return err;
	sha256(bytes, got, &now);
	if (got != len || !dv_id_equal(&now, id))
		return dv_fail(DV_E_CORRUPT, "%s: a chunk in the store is not "
			       "what it is named", w->name);
	return w->write(w->data, bytes, got);
}

static int write_list(struct writing *w, const struct content *c)
{
	struct list_walk *list;
	struct dv_id id;
	uint64_t offset;
	uint32_t len;
	int more = 0, err = list_walk_open(w->nodes, c, 0, &list);

	if (err == DV_E_NOTFOUND)
		return resolve_lacks(w->name);
	if (err)
		return err;
	while (!err && (more = list_walk_next(list, &id, &offset, &len)) == 1) {
		err = cancel_check();
		if (!err)
			err = write_chunk(w, &id, len);
	}
	list_walk_close(list);
	if (!err && more < 0)
		err = more == DV_E_NOTFOUND ? resolve_lacks(w->name) : more;
	return err;
}

int content_write(struct store *s, const char *name, const struct content *c,
		  content_write_fn *write, void *data)
{
	struct writing w = { .name = name, .write = write, .data = data };
	int err;

	if (!c->size)
		return 0;
	w.nodes = store_reader_new(s);
	w.chunks = store_reader_new(s);
	err = c->list ? write_list(&w, c) :
		write_chunk(&w, &c->id, c->size);
	store_reader_free(w.nodes);
	store_reader_free(w.chunks);
	return err;
}
