#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "chunk/check.h"
#include "store/pack_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Everything that was let through must be inside of what it is in. */
static void use(const struct pack_index *x, uint64_t data_end)
{
	struct pack p = {
		.frames = x->frames, .objects = x->objects,
		.fanout = x->fanout, .frame_table = x->frame_table,
		.ids = x->ids, .places = x->places,
	};
	uint32_t *order = xmalloc(((size_t)x->objects + 1) * sizeof(*order));
	uint32_t frame = 0, at = 0;
	struct frame_info f;

	pack_order(&p, order);
	for (uint32_t i = 0; i < x->objects; i++) {
		struct place place, found;

		/* in file order they lie one behind the other */
		pack_place_at(&p, order[i], &place);
		if (place.frame != frame) {
			frame++;
			at = 0;
		}
		pack_frame_at(&p, frame, &f);
		if (place.frame != frame || i < f.first ||
		    i >= f.first + f.count || place.offset > f.raw ||
		    place.len > f.raw - place.offset ||
		    f.offset > data_end || f.stored > data_end - f.offset)
			abort();
		if (place.len && place.offset != at)
			abort();
		at += place.len;
		if (i + 1 == f.first + f.count && at != f.raw)
			abort();
		if (!pack_find(&p, pack_id_at(&p, i), &found) ||
		    !dv_id_equal(pack_id_at(&p, found.slot),
				 pack_id_at(&p, i)))
			abort();
	}
	free(order);
}

static void decode(const uint8_t *data, size_t len)
{
	struct pack_tail tail;
	struct pack_index x;

	if (pack_tail_decode(data + len - PACK_TAIL_SIZE, "fuzz", &tail) ||
	    tail.index_len != len - PACK_TAIL_SIZE)
		return;
	if (!pack_index_decode(data, &tail, "fuzz", &x))
		use(&x, tail.index_offset);
}

/* As it is, and with length and check made right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	DV_AUTO_BUF struct buf in = BUF_INIT;
	uint8_t *tail;

	pack_index_check(data, len, NULL);
	if (len < PACK_TAIL_SIZE)
		return 0;
	decode(data, len);
	buf_add(&in, data, len);
	len -= PACK_TAIL_SIZE;
	tail = (uint8_t *)in.data + len;
	store_u64(tail, check64(in.data, len));
	store_u64(tail + 16, len);
	store_u64(tail + 56, 0);
	memcpy(tail + 64, "DVPKend1", 8);
	decode((const uint8_t *)in.data, in.len);
	return 0;
}
