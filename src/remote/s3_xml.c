#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <expat.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "remote/number.h"
#include "remote/s3_xml.h"

#define DEPTH_MAX	8
#define TEXT_MAX	((size_t)4096)	/* bytes in one element */

/* Elements by their depth, outermost first; only what leads to a text. */
struct reader {
	XML_Parser parser;
	char path[DEPTH_MAX][40];
	int depth;
	struct buf text;	/* of the innermost element */
	bool bad;
	/* called at the end of each element, with its text in r->text */
	void (*end)(struct reader *r);
	void *data;
};

static void stop(struct reader *r)
{
	r->bad = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *data, const XML_Char *name,
			     const XML_Char **attributes)
{
	struct reader *r = data;

	(void)attributes;
	if (r->depth >= DEPTH_MAX) {
		stop(r);
		return;
	}
	buf_clear(&r->text);
	/* a name that does not fit is none that is looked for */
	if (strlen(name) >= sizeof(r->path[0]))
		name = "?";
	strcpy(r->path[r->depth++], name);
}

static void XMLCALL on_text(void *data, const XML_Char *text, int len)
{
	struct reader *r = data;

	if (r->text.len + len > TEXT_MAX) {
		stop(r);
		return;
	}
	buf_add(&r->text, text, len);
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
	struct reader *r = data;

	(void)name;
	if (r->bad || !r->depth)
		return;
	r->end(r);
	r->depth--;
	buf_clear(&r->text);
}

static void XMLCALL on_doctype(void *data, const XML_Char *name,
			       const XML_Char *system_id,
			       const XML_Char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(data);
}

/* True when the innermost element is the one `path` (a/b/c) names. */
static bool at(const struct reader *r, const char *path)
{
	for (int i = 0; i < r->depth; i++) {
		size_t len = strcspn(path, "/");

		if (strlen(r->path[i]) != len ||
		    memcmp(r->path[i], path, len))
			return false;
		path += len;
		if (*path)
			path++;
		else
			return i == r->depth - 1;
	}
	return false;
}

static bool read_xml(struct reader *r, const char *text, size_t len)
{
	enum XML_Status status;

	if (len > S3_XML_MAX)
		return false;
	r->parser = XML_ParserCreate(NULL);
	if (!r->parser)
		return false;
	r->text = (struct buf)BUF_INIT;
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	status = XML_Parse(r->parser, text, (int)len, 1);
	XML_ParserFree(r->parser);
	buf_release(&r->text);
	return status == XML_STATUS_OK && !r->bad;
}

/* --- listings ---------------------------------------------------------- */

struct list_reader {
	struct s3_page *page;
	const char *key;	/* of the Contents being read, or NULL */
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

static void list_end(struct reader *r)
{
	struct list_reader *l = r->data;
	struct s3_page *p = l->page;

	if (at(r, "ListBucketResult/Contents/Key")) {
		l->key = arena_copy(&p->arena, r->text.data, r->text.len);
	} else if (at(r, "ListBucketResult/Contents/Size")) {
		l->has_size = !number_parse(r->text.data, r->text.len,
					    &l->size);
		l->bad |= !l->has_size;
	} else if (at(r, "ListBucketResult/Contents/LastModified")) {
		l->modified = read_time(r->text.data);
	} else if (at(r, "ListBucketResult/Contents")) {
		if (!l->key || !l->has_size) {
			l->bad = true;
			return;
		}
		ARRAY_GROW(p->keys, p->count + 1, p->room);
		p->keys[p->count++] = (struct s3_key){
			l->key, l->size, l->modified
		};
		l->key = NULL;
		l->modified = 0;
		l->has_size = false;
	} else if (at(r, "ListBucketResult/IsTruncated")) {
		p->truncated = !strcmp(r->text.data, "true");
	} else if (at(r, "ListBucketResult/NextContinuationToken")) {
		if (r->text.len)
			p->token = arena_copy(&p->arena, r->text.data,
					      r->text.len);
	} else if (at(r, "ListBucketResult")) {
		l->is_list = true;
	}
}

int s3_xml_list(const char *text, size_t len, struct s3_page *out)
{
	struct list_reader l = { .page = out };
	struct reader r = { .end = list_end, .data = &l };

	if (!read_xml(&r, text, len) || l.bad || !l.is_list)
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

static void error_end(struct reader *r)
{
	struct s3_error *e = r->data;

	if (at(r, "Error/Code") || at(r, "ErrorResponse/Error/Code"))
		keep(&r->text, e->code, sizeof(e->code));
	else if (at(r, "Error/Message") || at(r, "ErrorResponse/Error/Message"))
		keep(&r->text, e->message, sizeof(e->message));
	else if (at(r, "Error/Region"))
		keep_region(&r->text, e->region, sizeof(e->region));
}

bool s3_xml_error(const char *text, size_t len, struct s3_error *out)
{
	struct reader r = { .end = error_end, .data = out };

	*out = (struct s3_error){ .code = "" };
	if (len && read_xml(&r, text, len) && *out->code)
		return true;
	*out = (struct s3_error){ .code = "" };
	return false;
}
