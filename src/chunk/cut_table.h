#ifndef CHUNK_CUT_TABLE_H
#define CHUNK_CUT_TABLE_H

#include <stdint.h>

/*
 * The gear table of scheme "g32.1" as two nibble tables:
 * G[b] = A[b & 15] ^ B[b >> 4].  It is part of the format and never changes.
 *
 * Where it comes from (t/unit/u-chunk-table.c makes it again): splitmix64
 * started with CUT_TABLE_SEED gives A[0], B[0], A[1], B[1] ..., each the upper
 * half of one output.  The seed is the smallest for which data that repeats
 * itself is no endless run of candidates: no byte repeated and no two bytes
 * in turn, of all there are; nor any pattern of 3 or 4 bytes taken from those
 * common in files, nor one byte apart from a run of 00 or ff every 3 to 8
 * bytes (dvformat-chunk(5) lists them).
 */
#define CUT_TABLE_SEED	1856

/* clang-format off */
static const uint32_t cut_table_a[16] = {
	0xd271a40b, 0xb92c7db9, 0xb943ac86, 0x894894b0,
	0x9d119b62, 0x3a2a5661, 0x7990566a, 0x0dabd3de,
	0x84b1a7e5, 0xe0a7bb61, 0xb3112dfb, 0x11690744,
	0x0e425ffb, 0xf4d102c7, 0x7224b922, 0x0717b328,
};

static const uint32_t cut_table_b[16] = {
	0x6602e81c, 0x876c68af, 0x48e9ffa3, 0xf8d8a2f9,
	0xc1cf1f24, 0xfc55a6b7, 0x48eb2061, 0x13357e63,
	0x36c041e1, 0x3c90791a, 0x785bbda6, 0xd508e0ed,
	0xb7cf8d61, 0x0244a31f, 0x3e89a166, 0x9ade27a3,
};
/* clang-format on */

#endif
