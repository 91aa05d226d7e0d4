#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "git/config.h"
#include "git/settings_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* .dvconfig is foreign: what is read of it is never more than there was. */
static int check(const char *name, const char *value, void *data)
{
	size_t *size = data;
	DV_AUTO_BUF struct buf canonical = BUF_INIT;
	DV_AUTO_BUF struct buf hint = BUF_INIT;
	uint64_t number;
	bool known = setting_canonical(name, &canonical);

	if (strlen(name) > *size + 1 || (value && strlen(value) > *size))
		abort();
	if (known && !setting_find(canonical.data))
		setting_hint(canonical.data, &hint);
	if (value) {
		config_truth(value);
		size_parse(value, &number);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	config_parse((const char *)data, size, "fuzz", check, &size);
	return 0;
}
