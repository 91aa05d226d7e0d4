#include <stdlib.h>
#include <string.h>

#include "remote/s3_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_S3_PAGE struct s3_page page = S3_PAGE_INIT;
	const char *text = (const char *)data;
	struct s3_error e;

	if (!s3_xml_list(text, size, &page)) {
		for (size_t i = 0; i < page.count; i++) {
			if (page.keys[i].size > INT64_MAX ||
			    strlen(page.keys[i].name) > size)
				abort();
		}
	}
	s3_xml_error(text, size, &e);
	if (strlen(e.code) >= sizeof(e.code) ||
	    strlen(e.message) >= sizeof(e.message) ||
	    strspn(e.region, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
	    strlen(e.region))
		abort();
	return 0;
}
