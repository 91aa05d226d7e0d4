#ifndef REMOTE_WEBDAV_XML_H
#define REMOTE_WEBDAV_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* What WebDAV servers answer to PROPFIND: see xml.h. */
struct dav_entry {
	const char *href;	/* in the page's arena; as it came, escaped */
	const char *version;	/* likewise: its ETag, else Last-Modified; NULL
				   when neither is said */
	bool folder;
	uint64_t size;		/* of what is no folder */
	int64_t modified;	/* nanoseconds since 1970; 0: not said */
};

struct dav_page {
	struct dav_entry *entries;	/* owned */
	size_t count, room;
	struct arena arena;
};

#define DAV_PAGE_INIT	{ NULL, 0, 0, ARENA_INIT }
#define DV_AUTO_DAV_PAGE __attribute__((cleanup(dav_page_release)))

/* What dav_xml_list() understands; `more` is "", or "<getetag/>". */
#define DAV_LIST_REQUEST(more) \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" \
	"<propfind xmlns=\"DAV:\"><prop><resourcetype/>" \
	"<getcontentlength/><getlastmodified/>" more "</prop></propfind>\n"
/* Bytes of the listing of one folder, which has no pages: 100,000 names. */
#define DAV_LIST_MAX	((size_t)64 << 20)

/*
 * Reads a listing.  Names that went while it was made are left out.  Returns
 * 0 or DV_E_CORRUPT, also when the server does not tell of all: then the page
 * is not to be used.
 */
int dav_xml_list(const char *text, size_t len, struct dav_page *out);
void dav_page_release(struct dav_page *p);

#endif
