#ifndef REMOTE_S3_XML_H
#define REMOTE_S3_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The XML that S3 servers answer with: see xml.h. */

struct s3_key {
	const char *name;	/* in the page's arena */
	uint64_t size;
	int64_t modified;	/* nanoseconds since 1970; 0: not said */
	const char *version;	/* the ETag, likewise in the arena; printable,
				   at most S3_VERSION_MAX bytes; or NULL */
};

#define S3_VERSION_MAX	159

/* One page of a listing. */
struct s3_page {
	struct s3_key *keys;	/* owned */
	size_t count, room;
	bool truncated;		/* there is more */
	const char *token;	/* to ask for more with, or NULL */
	struct arena arena;
};

#define S3_PAGE_INIT	{ NULL, 0, 0, false, NULL, ARENA_INIT }
#define DV_AUTO_S3_PAGE	__attribute__((cleanup(s3_page_release)))

/*
 * Reads the answer to ListObjectsV2.  Returns 0 or DV_E_CORRUPT; then the
 * page is not to be used.
 */
int s3_xml_list(const char *text, size_t len, struct s3_page *out);
void s3_page_release(struct s3_page *p);

/* What a refusal says; texts are printable and cut to fit, "" when unsaid. */
struct s3_error {
	char code[64];
	char message[200];
	char region[40];	/* [a-z0-9-] only */
};

/* Reads it.  False when the text is no S3 error; *out is cleared then. */
bool s3_xml_error(const char *text, size_t len, struct s3_error *out);

#endif
