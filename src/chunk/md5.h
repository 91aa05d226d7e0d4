#ifndef CHUNK_MD5_H
#define CHUNK_MD5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * MD5, for telling whether bytes from a DVC repository are those that its
 * files name.  Nothing of dv's own is named by it.
 *
 * DVC up to 2.x hashes text with CRLF read as LF, MiB by MiB: a block is
 * text when its first 512 bytes hold no 0 and at most 30 % of them are
 * other than printable ASCII, LF, CR, TAB, FF and BS.  A CR at the end of a
 * block stays.
 */
#define MD5_SIZE	16	/* bytes */

struct md5_digests {
	uint8_t plain[MD5_SIZE];
	uint8_t text[MD5_SIZE];	/* by the rule above; = plain unless `text` */
};

struct md5_stream;

/*
 * `text`: makes both digests.  NULL when this machine's libcrypto has no
 * MD5.  Give back with md5_end().
 */
struct md5_stream *md5_begin(bool text);
void md5_update(struct md5_stream *s, const uint8_t *data, size_t len);
/* Frees the stream; out may be NULL. */
void md5_end(struct md5_stream *s, struct md5_digests *out);

#endif
