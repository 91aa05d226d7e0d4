#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "chunk/compress.h"

#define HEAD	5	/* codec, filter, three bytes of raw length */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_FREE uint8_t *raw = NULL;
	struct compressor *c;
	size_t raw_len;

	if (size < HEAD)
		return 0;
	/* readers have checked it against FRAME_MAX by then */
	raw_len = (data[2] | data[3] << 8 | data[4] << 16) % (1 << 21);
	raw = xmalloc(raw_len);
	c = compressor_new();
	decompress(c, data[0], data[1], data + HEAD, size - HEAD, raw,
		   raw_len);
	compressor_free(c);
	return 0;
}
