#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "git/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is the path, the rest a .dvignore. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct rules r = { 0 };
	size_t len = end ? (size_t)(end - data) : 0;

	/* as the caller has it: relative, and no longer than a path is */
	if (!end || !len || len > 4096 || size > 1 << 16)
		return 0;
	buf_add(&path, data, len);
	rules_add(&r, "", (const char *)end + 1, size - len - 1);
	rules_add(&r, "a", (const char *)end + 1, size - len - 1);
	rules_add_base(&r, (const char *)end + 1, size - len - 1);
	rules_match(&r, path.data, false);
	rules_match(&r, path.data, true);
	rules_release(&r);
	return 0;
}
