#include <stdlib.h>
#include <string.h>

#include "dv/pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read once can be written, and reads as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dv_pointer first, second;
	size_t len, again_len;
	char *text, *again;

	if (dv_pointer_parse((const char *)data, size, "x.dv", &first))
		return 0;
	text = dv_pointer_format(&first, &len);
	/* a line end that was missing may make it one too long */
	if (len <= DV_POINTER_MAX) {
		if (dv_pointer_parse(text, len, "x.dv", &second))
			abort();
		again = dv_pointer_format(&second, &again_len);
		if (again_len != len || memcmp(text, again, len) ||
		    !dv_id_equal(&first.id, &second.id) ||
		    first.size != second.size || first.files != second.files)
			abort();
		free(again);
		dv_pointer_release(&second);
	}
	free(text);
	dv_pointer_release(&first);
	return 0;
}
