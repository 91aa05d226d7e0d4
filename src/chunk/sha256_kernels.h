#ifndef CHUNK_SHA256_KERNELS_H
#define CHUNK_SHA256_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "chunk/sha256.h"

#ifdef __x86_64__
/* True when this CPU has the SHA extensions. */
bool sha256_ni_here(void);
/* As sha256_many(), four messages at a time. */
void sha256_ni(const struct sha256_job *jobs, size_t count);
#endif

#endif
