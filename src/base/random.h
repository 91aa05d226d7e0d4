#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Unpredictable bytes from the system, for unique names and jitter. */
void random_bytes(void *out, size_t len);
/* Evenly in [0, below); below must not be 0. */
uint64_t random_below(uint64_t below);

#endif
