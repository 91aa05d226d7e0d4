#ifndef CHUNK_PLANES_H
#define CHUNK_PLANES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The byte-plane filters of compress.h: numbers of 2, 4 or 8 bytes have their
 * first bytes put together, their second ones, and so on, because the bytes
 * of sign and exponent shrink and those of the fraction do not.
 */

/* n is 2, 4 or 8; out has room for len bytes and does not overlap data. */
void planes_split(unsigned n, const uint8_t *data, size_t len, uint8_t *out);
void planes_join(unsigned n, const uint8_t *planes, size_t len, uint8_t *out);

#endif
