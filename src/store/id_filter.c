/* A Bloom filter, with all bits of an id in one line of the CPU's cache. */

#include "store/id_filter.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/bytes.h"

#define LINE_BITS	512u
#define IDS_A_LINE	32u
#define ID_BITS		8	/* that an id sets */

struct line {
	uint64_t words[LINE_BITS / 64];
};

struct id_filter {
	size_t count;
	struct line lines[];
};

/* Ids are hashes: parts of them are as good as other hashes. */
static size_t line_of(const struct id_filter *f, const uint8_t *id)
{
	return (size_t)(((unsigned __int128)load_u64(id + 8) * f->count) >>
			64);
}

static unsigned bit_of(const uint8_t *id, unsigned n)
{
	return (id[16 + 2 * n] | id[17 + 2 * n] << 8) % LINE_BITS;
}

struct id_filter *id_filter_new(const uint8_t *ids, size_t count)
{
	size_t lines = count / IDS_A_LINE + 1;
	struct id_filter *f = xcalloc(1, sizeof(*f) +
				      lines * sizeof(f->lines[0]));

	f->count = lines;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *id = ids + i * DV_ID_SIZE;
		struct line *line = &f->lines[line_of(f, id)];

		for (unsigned n = 0; n < ID_BITS; n++) {
			unsigned bit = bit_of(id, n);

			line->words[bit / 64] |= UINT64_C(1) << bit % 64;
		}
	}
	return f;
}

void id_filter_free(struct id_filter *f)
{
	free(f);
}

bool id_filter_may_have(const struct id_filter *f, const struct dv_id *id)
{
	const struct line *line = &f->lines[line_of(f, id->bytes)];

	for (unsigned n = 0; n < ID_BITS; n++) {
		unsigned bit = bit_of(id->bytes, n);

		if (!(line->words[bit / 64] >> bit % 64 & 1))
			return false;
	}
	return true;
}
