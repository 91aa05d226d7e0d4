#ifndef MIGRATE_OBJECT_NAME_H
#define MIGRATE_OBJECT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/buf.h"

/*
 * How other programs name content: DVC by MD5 (and a mark for the listing of
 * a directory), git-lfs by SHA-256.
 */
enum hash_kind {
	HASH_MD5 = 1,		/* DVC 3 */
	HASH_MD5_TEXT = 2,	/* DVC 2 and older: see chunk/md5.h */
	HASH_SHA256 = 3,	/* git-lfs */
};

struct object_name {
	enum hash_kind kind;
	bool directory;		/* <md5>.dir: a listing */
	uint8_t bytes[DV_ID_SIZE];	/* MD5: 16 of them, then zeros */
};

/* False when text is not 32 hexadecimal digits and perhaps ".dir". */
bool object_name_md5(const char *text, bool old, struct object_name *out);
/* Appends it as DVC or git-lfs write it. */
void object_name_show(const struct object_name *n, struct buf *out);

/* One digest being made of bytes that come in order. */
struct digest {
	const struct object_name *name;
	bool text;			/* MD5 by the old rule counts too */
	struct md5_stream *md5;		/* owned */
	struct sha256_stream *sha256;	/* owned */
};

/* `text`: the bytes may be named by the old rule. */
int digest_begin(struct digest *d, const struct object_name *name, bool text);
void digest_update(struct digest *d, const uint8_t *data, size_t len);
/* True when the bytes are those that the name says.  Frees. */
bool digest_end(struct digest *d);

#endif
