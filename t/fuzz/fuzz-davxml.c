#include <stdlib.h>
#include <string.h>

#include "remote/webdav_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_DAV_PAGE struct dav_page page = DAV_PAGE_INIT;

	if (dav_xml_list((const char *)data, size, &page))
		return 0;
	for (size_t i = 0; i < page.count; i++)
		if (page.entries[i].size > INT64_MAX ||
		    strlen(page.entries[i].href) > size)
			abort();
	return 0;
}
