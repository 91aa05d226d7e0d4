#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "chunk/check.h"
#include "transfer/locator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What decodes encodes to the same bytes again.  The check at the end is made
 * right first, so that what it guards is reached.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	DV_AUTO_BUF struct buf in = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	struct dv_id root;

	if (size >= 1)
		remote_marker_check((const char *)data, size, "fuzz");
	if (size < 56)
		return 0;
	buf_add(&in, data, size);
	memcpy(root.bytes, data + 8, DV_ID_SIZE);
	store_u64(in.data + size - 8, check64(in.data, size - 8));
	if (locator_decode((const uint8_t *)in.data, in.len, &root, &l))
		return 0;
	if (locator_encode(&l, &out) || out.len != in.len ||
	    memcmp(out.data, in.data, in.len))
		abort();
	return 0;
}
