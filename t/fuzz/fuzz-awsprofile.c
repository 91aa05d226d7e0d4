#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "remote/aws_profile.h"
#include "remote/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check(void *data, const char *section, const char *key,
		 const char *value)
{
	size_t *left = data;

	if (!*section || !*key || !*value || strchr(value, '\n') ||
	    strchr(key, '=') || strlen(value) > *left)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf words = BUF_INIT;
	size_t zeros = 0;
	int count;

	aws_ini_read((const char *)data, size, check, &size);
	buf_add(&text, data, size);
	count = credentials_split(text.data, &words);
	for (size_t i = 0; i < words.len; i++)
		zeros += !words.data[i];
	if (count >= 0 && zeros != (size_t)count)
		abort();
	return 0;
}
