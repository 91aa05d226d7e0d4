#ifndef CHUNK_LIBRARIES_H
#define CHUNK_LIBRARIES_H

#include "base/buf.h"

/*
 * Appends "zstd 1.5.4, xxHash 0.8.1, OpenSSL ...": what this room runs with.
 * The last is looked for and may not be there.
 */
void chunk_libraries(struct buf *out);

#endif
