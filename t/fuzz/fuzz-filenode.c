#include <stdlib.h>
#include <string.h>

#include "store/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_BUF struct buf again = BUF_INIT;
	struct content c;
	struct dv_id id;
	bool executable;

	if (file_node_decode(data, size, &c, &executable))
		return 0;
	if (file_node_encode(&c, executable, &again, &id) ||
	    again.len != size || memcmp(again.data, data, size))
		abort();
	return 0;
}
