#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "remote/number.h"
#include "remote/s3_xml.h"
#include "remote/xml.h"

/* --- listings ---------------------------------------------------------- */

struct list_reader {
	struct s3_page *page;
	const char *key;	/* of the Contents being read, or NULL */
	const char *version;	/* likewise */
	uint64_t size;
	int64_t modified;
	bool has_size;
	bool is_list;		/* the outermost element is the right one */
	bool bad;
};

/* "2026-11-25T19:08:44.000Z"; 0 when it is something else. */
static int64_t read_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!end || (*end != 'Z' && *end != '.'))
		return 0;
	return (int64_t)timegm(&tm) * 1000000000;
}

/* As http_head_line() takes it from an answer. */
static const char *keep_version(struct arena *arena, const struct buf *text)
{
	if (!text->len || text->len > S3_VERSION_MAX)
		return NULL;
	for (size_t i = 0; i < text->len; i++)
		if ((uint8_t)text->data[i] <= 0x20 ||
		    (uint8_t)text->data[i] >= 0x7f)
			return NULL;
	return arena_copy(arena, text->data, text->len);
}

static void add_key(struct list_reader *l)
{
	struct s3_page *p = l->page;

	if (!l->key || !l->has_size) {
		l->bad = true;
		return;
	}
	ARRAY_GROW(p->keys, p->count + 1, p->room);
	p->keys[p->count++] = (struct s3_key){
		l->key, l->size, l->modified, l->version
	};
	l->key = l->version = NULL;
	l->modified = 0;
	l->has_size = false;
}

static void list_end(struct xml *x)
{
	struct list_reader *l = x->data;
	struct s3_page *p = l->page;

	if (xml_at(x, "ListBucketResult/Contents/Key")) {
		l->key = arena_copy(&p->arena, x->text.data, x->text.len);
	} else if (xml_at(x, "ListBucketResult/Contents/Size")) {
		l->has_size = !number_parse(x->text.data, x->text.len,
					    &l->size);
		l->bad |= !l->has_size;
	} else if (xml_at(x, "ListBucketResult/Contents/LastModified")) {
		l->modified = read_time(x->text.data);
	} else if (xml_at(x, "ListBucketResult/Contents/ETag")) {
		l->version = keep_version(&p->arena, &x->text);
	} else if (xml_at(x, "ListBucketResult/Contents")) {
		add_key(l);
	} else if (xml_at(x, "ListBucketResult/IsTruncated")) {
		p->truncated = !strcmp(x->text.data, "true");
	} else if (xml_at(x, "ListBucketResult/NextContinuationToken")) {
		if (x->text.len)
			p->token = arena_copy(&p->arena, x->text.data,
					      x->text.len);
	} else if (xml_at(x, "ListBucketResult")) {
		l->is_list = true;
	}
}

int s3_xml_list(const char *text, size_t len, struct s3_page *out)
{
	struct list_reader l = { .page = out };
	struct xml x = { .end = list_end, .data = &l };

	if (!xml_read(&x, text, len) || l.bad || !l.is_list)
		return dv_fail(DV_E_CORRUPT, "the listing is no XML of S3's");
	return 0;
}

void s3_page_release(struct s3_page *p)
{
	free(p->keys);
	arena_release(&p->arena);
	*p = (struct s3_page)S3_PAGE_INIT;
}

/* --- errors ------------------------------------------------------------ */

static void keep(const struct buf *text, char *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len && n + 1 < room; i++) {
		unsigned char c = text->data[i];

		if (c == '\n' || c == '\t')
			c = ' ';
		if (c < 0x20 || c >= 0x7f)
			c = '?';
		out[n++] = c;
	}
	while (n && (out[n - 1] == ' ' || out[n - 1] == '.'))
		n--;
	out[n] = '\0';
}

static void keep_region(const struct buf *text, char *out, size_t room)
{
	if (text->len < room &&
	    strspn(text->data, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
	    text->len)
		memcpy(out, text->data, text->len + 1);
}

static void error_end(struct xml *x)
{
	struct s3_error *e = x->data;

	if (xml_at(x, "Error/Code") || xml_at(x, "ErrorResponse/Error/Code"))
		keep(&x->text, e->code, sizeof(e->code));
	else if (xml_at(x, "Error/Message") ||
		 xml_at(x, "ErrorResponse/Error/Message"))
		keep(&x->text, e->message, sizeof(e->message));
	else if (xml_at(x, "Error/Region"))
		keep_region(&x->text, e->region, sizeof(e->region));
}

bool s3_xml_error(const char *text, size_t len, struct s3_error *out)
{
	struct xml x = { .end = error_end, .data = out };

	*out = (struct s3_error){ .code = "" };
	if (len && xml_read(&x, text, len) && *out->code)
		return true;
	*out = (struct s3_error){ .code = "" };
	return false;
}
