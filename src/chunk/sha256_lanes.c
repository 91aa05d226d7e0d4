#include "chunk/sha256_lanes.h"

#include <string.h>

#include "base/bytes.h"

/* clang-format off */
const uint32_t sha256_constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

const uint32_t sha256_start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
/* clang-format on */

/*
 * A message on its way: first its whole blocks where they lie, then its tail
 * with the padding.
 */
struct lane {
	const struct sha256_job *job;
	size_t left;		/* blocks at in[] of this lane */
	unsigned tail_blocks;	/* 0 once the tail is what is hashed */
	uint8_t tail[2 * SHA256_BLOCK];
};

struct lanes {
	uint32_t state[SHA256_LANES_MOST][8];
	const uint8_t *in[SHA256_LANES_MOST];
	struct lane lane[SHA256_LANES_MOST];
	unsigned used;
};

static void lane_start(struct lanes *l, unsigned i,
		       const struct sha256_job *job)
{
	struct lane *lane = &l->lane[i];
	size_t rest = job->len % SHA256_BLOCK;
	uint64_t bits = (uint64_t)job->len * 8;
	uint8_t *end;

	lane->job = job;
	lane->left = job->len / SHA256_BLOCK;
	lane->tail_blocks = rest + 9 > SHA256_BLOCK ? 2 : 1;
	memset(lane->tail, 0, sizeof(lane->tail));
	if (rest)
		memcpy(lane->tail, job->data + job->len - rest, rest);
	lane->tail[rest] = 0x80;
	end = lane->tail + lane->tail_blocks * SHA256_BLOCK;
	store_u32(end - 8, __builtin_bswap32(bits >> 32));
	store_u32(end - 4, __builtin_bswap32((uint32_t)bits));
	memcpy(l->state[i], sha256_start, sizeof(sha256_start));
	l->in[i] = job->data;
}

/* A lane at its end goes on to its tail; false when that was it. */
static bool lane_continue(struct lanes *l, unsigned i)
{
	struct lane *lane = &l->lane[i];

	if (lane->left)
		return true;
	if (!lane->tail_blocks)
		return false;
	lane->left = lane->tail_blocks;
	lane->tail_blocks = 0;
	l->in[i] = lane->tail;
	return true;
}

static void lane_finish(struct lanes *l, unsigned i)
{
	for (int j = 0; j < 8; j++)
		store_u32(l->lane[i].job->out->bytes + 4 * j,
			  __builtin_bswap32(l->state[i][j]));
}

/* The last lane in use takes the place of lane i. */
static void lane_move(struct lanes *l, unsigned i)
{
	unsigned last = --l->used;

	if (i == last)
		return;
	memcpy(l->state[i], l->state[last], sizeof(l->state[i]));
	l->in[i] = l->in[last];
	if (l->in[i] >= l->lane[last].tail &&
	    l->in[i] < l->lane[last].tail + sizeof(l->lane[last].tail))
		l->in[i] = l->lane[i].tail + (l->in[i] - l->lane[last].tail);
	l->lane[i] = l->lane[last];
}

/* Runs as many blocks as every lane has; lanes beyond the kernel's wait. */
static void run(const struct sha256_kernel *k, struct lanes *l)
{
	unsigned used = l->used < k->lanes ? l->used : k->lanes;
	size_t blocks = l->lane[0].left;

	for (unsigned i = 1; i < used; i++)
		if (l->lane[i].left < blocks)
			blocks = l->lane[i].left;
	/* a kernel may do more lanes than are in use; those go nowhere */
	for (unsigned i = l->used; i < k->lanes; i++)
		l->in[i] = l->in[0];
	k->run(l->state, l->in, used, blocks);
	for (unsigned i = 0; i < used; i++) {
		l->in[i] += blocks * SHA256_BLOCK;
		l->lane[i].left -= blocks;
	}
}

void sha256_lanes(const struct sha256_kernel *k,
		  const struct sha256_job *jobs, size_t count)
{
	struct lanes l;
	size_t next = 0;

	/* the idle lanes of a wide kernel compute with something, too */
	memset(l.state, 0, sizeof(l.state));
	l.used = 0;
	for (;;) {
		while (l.used < k->lanes && next < count)
			lane_start(&l, l.used++, &jobs[next++]);
		for (unsigned i = 0; i < l.used;) {
			if (lane_continue(&l, i)) {
				i++;
				continue;
			}
			lane_finish(&l, i);
			if (next < count)
				lane_start(&l, i, &jobs[next++]);
			else
				lane_move(&l, i);
		}
		if (!l.used)
			break;
		run(l.used > k->few ? k : k->narrow(), &l);
	}
}
