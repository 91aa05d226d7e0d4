#include "remote/webdav_xml.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/error.h"
#include "remote/number.h"
#include "remote/remote.h"
#include "remote/xml.h"

#define RESPONSE	"multistatus/response"
#define PROPSTAT	RESPONSE "/propstat"
#define VERSION_ROOM	sizeof(((struct remote_facts *)0)->version)

/* What a propstat says; it counts only when its status is a good one. */
struct props {
	bool folder, has_size;
	uint64_t size;
	int64_t modified;
	const char *etag, *modified_text;
	unsigned status;
};

struct list_reader {
	struct dav_page *page;
	const char *href;	/* of the response being read, or NULL */
	struct props said;	/* by the propstat being read */
	struct props known;	/* of the response being read */
	unsigned status;	/* of all of it; 0: it has propstats */
	bool is_list;		/* the outermost element is the right one */
	bool bad;
};

/* "Sun, 06 Nov 1994 08:49:37 GMT"; 0 when it is something else. */
static int64_t read_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	return end && !*end ? (int64_t)timegm(&tm) * 1000000000 : 0;
}

/* "HTTP/1.1 200 OK"; 0 when it is something else. */
static unsigned read_status(const char *text)
{
	const char *space = strchr(text, ' ');
	uint64_t status;

	if (strncmp(text, "HTTP/", 5) || !space || strlen(space) < 4 ||
	    number_parse(space + 1, 3, &status))
		return 0;
	return status;
}

static bool is_good(unsigned status)
{
	return status >= 200 && status <= 299;
}

static void end_propstat(struct list_reader *l)
{
	const struct props *said = &l->said;

	if (is_good(said->status)) {
		l->known.folder |= said->folder;
		if (said->has_size) {
			l->known.has_size = true;
			l->known.size = said->size;
		}
		if (said->modified)
			l->known.modified = said->modified;
		if (said->modified_text)
			l->known.modified_text = said->modified_text;
		if (said->etag)
			l->known.etag = said->etag;
		l->known.status = said->status;
	}
	l->said = (struct props){ 0 };
}

/* What cannot be told of may be anything: then all of it is of no use. */
static void end_response(struct list_reader *l)
{
	struct dav_page *p = l->page;
	const struct props *k = &l->known;

	if (!l->href || (!l->status && !is_good(k->status)) ||
	    (!l->status && !k->folder && !k->has_size) ||
	    (l->status && l->status != 404 && l->status != 410)) {
		l->bad = true;
	} else if (!l->status) {
		ARRAY_GROW(p->entries, p->count + 1, p->room);
		p->entries[p->count++] = (struct dav_entry){
			l->href, k->etag ? k->etag : k->modified_text,
			k->folder, k->size, k->modified,
		};
	}
	l->href = NULL;
	l->status = 0;
	l->known = (struct props){ 0 };
}

/*
 * Text that names a version, in the arena; NULL when it cannot.  A server that
 * calls a new file's ETag weak calls it strong a second later.
 */
static const char *keep_version(struct list_reader *l, const struct buf *text)
{
	const char *at = text->data;
	size_t len = text->len;

	if (len > 2 && !strncmp(at, "W/", 2)) {
		at += 2;
		len -= 2;
	}
	if (!len || len >= VERSION_ROOM)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)at[i] < 0x20 || at[i] == 0x7f)
			return NULL;
	return arena_copy(&l->page->arena, at, len);
}

static void list_end(struct xml *x)
{
	struct list_reader *l = x->data;

	if (xml_at(x, RESPONSE "/href")) {
		l->bad |= l->href != NULL;
		l->href = arena_copy(&l->page->arena, x->text.data,
				     x->text.len);
	} else if (xml_at(x, PROPSTAT "/prop/getcontentlength")) {
		l->said.has_size = !number_parse(x->text.data, x->text.len,
						 &l->said.size);
		l->bad |= x->text.len && !l->said.has_size;
	} else if (xml_at(x, PROPSTAT "/prop/getlastmodified")) {
		l->said.modified = read_time(x->text.data);
		l->said.modified_text = keep_version(l, &x->text);
	} else if (xml_at(x, PROPSTAT "/prop/getetag")) {
		l->said.etag = keep_version(l, &x->text);
	} else if (xml_at(x, PROPSTAT "/prop/resourcetype/collection")) {
		l->said.folder = true;
	} else if (xml_at(x, PROPSTAT "/status")) {
		l->said.status = read_status(x->text.data);
	} else if (xml_at(x, PROPSTAT)) {
		end_propstat(l);
	} else if (xml_at(x, RESPONSE "/status")) {
		l->status = read_status(x->text.data);
		l->bad |= !l->status;
	} else if (xml_at(x, RESPONSE)) {
		end_response(l);
	} else if (xml_at(x, "multistatus")) {
		l->is_list = true;
	}
}

int dav_xml_list(const char *text, size_t len, struct dav_page *out)
{
	struct list_reader l = { .page = out };
	struct xml x = {
		.space = "DAV:", .end = list_end, .data = &l,
		.most = DAV_LIST_MAX,
	};

	if (!xml_read(&x, text, len) || l.bad || !l.is_list)
		return dv_fail(DV_E_CORRUPT, "the listing is no XML of "
			       "WebDAV's");
	return 0;
}

void dav_page_release(struct dav_page *p)
{
	free(p->entries);
	arena_release(&p->arena);
	*p = (struct dav_page)DAV_PAGE_INIT;
}
