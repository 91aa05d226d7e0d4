#ifndef UNIT_HAVE_WORLD_H
#define UNIT_HAVE_WORLD_H

/* A folder with a `have` in it, and packs to be known. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "dv/error.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "chunk/sha256.h"
#include "store/pack_write.h"
#include "transfer/have.h"

static char top[64];
static struct dv_id key;

static inline int set_up(void **state)
{
	(void)state;
	strcpy(top, "/tmp/dv-u-have-XXXXXX");
	memset(key.bytes, 3, sizeof(key.bytes));
	return mkdtemp(top) ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	return dir_remove(top);
}

static inline struct have *open_have(void)
{
	struct have *h;

	assert_int_equal(have_open(top, &key, &h), 0);
	return h;
}

struct made {
	struct pack_ref ref;
	char path[256];
};

static inline int take_pack(void *data, struct pack *pack)
{
	struct made *m = data;

	m->ref = (struct pack_ref){
		pack->id, pack->size, pack->index_len, pack->objects,
		pack->class,
	};
	snprintf(m->path, sizeof(m->path), "%s", pack->path);
	pack_close(pack);
	return 0;
}

/* A pack of `count` objects, the numbers from `first` on. */
static inline void make_pack(uint32_t first, uint32_t count, struct made *out)
{
	struct pack_writer_options o = {
		.class = OBJECT_DATA, .temp_dir = top, .dir = top,
		.nosync = 1, .finished = take_pack, .data = out,
	};
	struct pack_writer *w;
	struct packer *p;

	assert_int_equal(pack_writer_open(&o, &w), 0);
	p = packer_new(w);
	for (uint32_t i = first; i < first + count; i++) {
		struct object x = { .data = (uint8_t *)&i, .len = 4 };

		sha256(&i, 4, &x.id);
		assert_true(pack_writer_claim(w, &x.id));
		assert_int_equal(packer_put(p, &x, 1), 0);
	}
	assert_int_equal(packer_flush(p), 0);
	packer_free(p);
	assert_int_equal(pack_writer_finish(w), 0);
	pack_writer_free(w);
}

/* Index and tail of it. */
static inline void read_index(const struct made *m, struct buf *out)
{
	DV_AUTO_BUF struct buf all = BUF_INIT;
	size_t len = m->ref.index_len + PACK_TAIL_SIZE;

	assert_int_equal(file_read(m->path, 100000000, &all), 0);
	assert_int_equal(all.len, m->ref.size);
	buf_add(out, all.data + all.len - len, len);
}

static inline bool looked_up(struct have *h, uint32_t what, uint32_t *number)
{
	struct place place;
	struct dv_id id;

	sha256(&what, 4, &id);
	if (!have_lookup(h, OBJECT_DATA, &id, number, &place))
		return false;
	assert_int_equal(place.len, 4);
	assert_true(dv_id_equal(&place.pack->id,
				&h->packs[*number].ref.id));
	return true;
}

#endif
