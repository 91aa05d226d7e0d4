#include "migrate/lfs_pointer.h"

#include <stdlib.h>
#include <string.h>

/* The rest of a line that begins with `key` and a space; NULL: another. */
static const char *value_of(const char *line, size_t len, const char *key,
			    size_t *value_len)
{
	size_t n = strlen(key);

	if (len <= n || memcmp(line, key, n) || line[n] != ' ')
		return NULL;
	*value_len = len - n - 1;
	return line + n + 1;
}

static bool known_version(const char *text, size_t len)
{
	static const char *const known[] = {
		"https://git-lfs.github.com/spec/v1",
		"https://hawser.github.com/spec/v1",
		"http://git-media.io/v/2",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (len == strlen(known[i]) && !memcmp(text, known[i], len))
			return true;
	return false;
}

static bool read_oid(const char *text, size_t len, struct object_name *out)
{
	struct dv_id id;

	if (len != 7 + DV_ID_HEX || memcmp(text, "sha256:", 7) ||
	    dv_id_from_hex(text + 7, &id))
		return false;
	*out = (struct object_name){ .kind = HASH_SHA256 };
	memcpy(out->bytes, id.bytes, sizeof(id.bytes));
	return true;
}

static bool read_size(const char *text, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (text[i] - '0');
	}
	return len && len < 19;
}

bool lfs_pointer_read(const char *text, size_t len, struct lfs_pointer *out)
{
	bool version = false, oid = false, size = false;

	memset(out, 0, sizeof(*out));
	if (len > LFS_POINTER_MOST)
		return false;
	for (size_t at = 0, n; at < len; at += n + 1) {
		const char *line = text + at, *value;
		const char *end = memchr(line, '\n', len - at);
		size_t k;

		n = end ? (size_t)(end - line) : len - at;
		if (n && line[n - 1] == '\r')
			return false;
		value = value_of(line, n, "version", &k);
		if (!at && !value)
			return false;
		if (value)
			version = !at && known_version(value, k);
		value = value_of(line, n, "oid", &k);
		if (value)
			oid = read_oid(value, k, &out->name);
		value = value_of(line, n, "size", &k);
		if (value)
			size = read_size(value, k, &out->size);
		out->extended |= n > 4 && !memcmp(line, "ext-", 4);
	}
	return version && oid && size;
}
