#include "migrate/object_name.h"

#include <string.h>

#include "base/error.h"
#include "chunk/md5.h"
#include "chunk/sha256.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool object_name_md5(const char *text, bool old, struct object_name *out)
{
	*out = (struct object_name){
		.kind = old ? HASH_MD5_TEXT : HASH_MD5,
	};
	for (size_t i = 0; i < MD5_SIZE; i++) {
		int high = hex_digit(text[2 * i]);
		int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		out->bytes[i] = high << 4 | low;
	}
	out->directory = !strcmp(text + 2 * MD5_SIZE, ".dir");
	return out->directory || !text[2 * MD5_SIZE];
}

void object_name_show(const struct object_name *n, struct buf *out)
{
	size_t size = n->kind == HASH_SHA256 ? DV_ID_SIZE : MD5_SIZE;

	for (size_t i = 0; i < size; i++)
		buf_addf(out, "%02x", n->bytes[i]);
	if (n->directory)
		buf_addstr(out, ".dir");
}

int digest_begin(struct digest *d, const struct object_name *name, bool text)
{
	*d = (struct digest){ .name = name, .text = text };
	if (name->kind == HASH_SHA256)
		d->sha256 = sha256_begin();
	else
		d->md5 = md5_begin(text);
	if (d->sha256 || d->md5)
		return 0;
	return dv_fail(DV_E_UNSUPPORTED, "this machine's libcrypto has no "
		       "MD5, which DVC names content by");
}

void digest_update(struct digest *d, const uint8_t *data, size_t len)
{
	if (d->md5)
		md5_update(d->md5, data, len);
	else if (d->sha256)
		sha256_update(d->sha256, data, len);
}

bool digest_end(struct digest *d)
{
	struct md5_digests md5;
	struct dv_id sha256_id;
	bool right;

	if (d->sha256) {
		sha256_end(d->sha256, &sha256_id);
		right = !memcmp(sha256_id.bytes, d->name->bytes, DV_ID_SIZE);
	} else {
		md5_end(d->md5, &md5);
		right = !memcmp(md5.plain, d->name->bytes, MD5_SIZE) ||
			(d->text &&
			 !memcmp(md5.text, d->name->bytes, MD5_SIZE));
	}
	d->sha256 = NULL;
	d->md5 = NULL;
	return right;
}
