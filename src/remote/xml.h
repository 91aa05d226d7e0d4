#ifndef REMOTE_XML_H
#define REMOTE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * XML that comes from outside: no document types (so no entities), bounded
 * depth, bounded texts.
 */
#define XML_MAX		((size_t)8 << 20)	/* bytes of most answers */
#define XML_DEPTH_MAX	16

struct xml {
	/*
	 * Elements of another namespace than this one are all called "?";
	 * NULL: prefixes and namespaces are not looked at.
	 */
	const char *space;
	/* Called at the end of each element, with its text in x->text. */
	void (*end)(struct xml *x);
	void *data;
	size_t most;		/* bytes; 0: XML_MAX */

	/* xml_read()'s own */
	struct XML_ParserStruct *parser;
	char path[XML_DEPTH_MAX][40];	/* elements, outermost first */
	int depth;
	struct buf text;	/* of the innermost element */
	bool bad;
};

/* False when it is not well-formed or breaks a bound. */
bool xml_read(struct xml *x, const char *text, size_t len);

/* In end(): true when the element is the one that `path` (a/b/c) names. */
bool xml_at(const struct xml *x, const char *path);

#endif
