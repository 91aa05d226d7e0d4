#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "chunk/cut.h"

#define LEN	((size_t)80 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, repeated until vectors are full: all kernels see the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cut_list fast = CUT_LIST_INIT, plain = CUT_LIST_INIT;
	DV_AUTO_FREE uint8_t *bytes = NULL;
	size_t len, before;

	if (size < 2)
		return 0;
	len = LEN + data[0] * 37;
	before = data[1] % 41;
	bytes = xmalloc(len);
	for (size_t i = 0; i < len; i++)
		bytes[i] = data[i % size];
	cut_scan(bytes + before, len - before, before, before, &fast);
	cut_scan_reference(bytes + before, len - before, before, before,
			   &plain);
	if (fast.count != plain.count ||
	    (fast.count && memcmp(fast.items, plain.items,
				  fast.count * sizeof(*fast.items))))
		abort();
	cut_list_release(&fast);
	cut_list_release(&plain);
	for (size_t at = 0, n; at < len; at += n) {
		n = dv_chunk_next(bytes + at, len - at);
		if (!n || n > DV_CHUNK_MAX ||
		    (n <= DV_CHUNK_MIN && at + n != len))
			abort();
	}
	return 0;
}
