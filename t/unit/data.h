#ifndef UNIT_DATA_H
#define UNIT_DATA_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/*
 * Made-up data for unit tests, the same in every run.
 */

/* splitmix64: the stream of the test vectors in dvformat-chunk(5). */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The outputs of splitmix64 from `seed` on, each in little-endian order. */
static inline void random_fill(uint8_t *out, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i += 8) {
		uint8_t bytes[8];

		store_u64(bytes, random_next(&seed));
		memcpy(out + i, bytes, len - i < 8 ? len - i : 8);
	}
}

/* Lines as of a table: a number, words, more numbers. */
static inline void text_fill(uint8_t *out, size_t len, uint64_t seed)
{
	static const char *const words[] = {
		"alpha", "beta", "gamma", "delta", "open", "closed", "red",
	};
	size_t done = 0;

	for (unsigned line = 1; done < len; line++) {
		char text[128];
		uint64_t r = random_next(&seed);
		size_t n = snprintf(text, sizeof(text), "%u,%s,%s,%.3f\n",
				    line, words[r % 7], words[r / 7 % 7],
				    (double)(r >> 40) / 1000);

		if (n > len - done)
			n = len - done;
		memcpy(out + done, text, n);
		done += n;
	}
}

/*
 * When the environment has DV_CORPUS, keeps an input for the fuzz target of
 * that name in the folder DV_CORPUS names (t/fuzz/corpus, to renew it).
 */
static inline void corpus_add(const char *target, const char *name,
			      const void *data, size_t len)
{
	const char *folder = getenv("DV_CORPUS");
	char path[4096];
	FILE *f;

	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

#endif
