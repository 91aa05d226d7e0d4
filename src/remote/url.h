#ifndef REMOTE_URL_H
#define REMOTE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Addresses of remotes, taken apart.  What a person typed is hostile: a part
 * that does not fit its kind is refused, never mended.
 *
 *	/some/path, path, file:///path	a folder
 *	http[s]://[user[:password]@]host[:port][/path]
 *	s3://bucket[/prefix]
 */
enum url_kind {
	URL_DIR,
	URL_HTTP,
	URL_S3,
};

struct url {
	enum url_kind kind;
	bool tls;
	char *user, *password;	/* decoded; owned; NULL when not given */
	char *host;		/* owned; IPv6 in brackets; S3: the bucket */
	unsigned port;		/* 0: the usual one */
	char *path;		/* owned; no '/' at its end.  A folder: of the
				   file system.  HTTP: escaped, "" or begins
				   with '/'.  S3: the prefix, as it is */
};

#define URL_INIT	{ URL_DIR, false, NULL, NULL, NULL, 0, NULL }
#define DV_AUTO_URL	__attribute__((cleanup(url_release)))

/*
 * Takes text apart.  Returns 0, or DV_E_INVALID with a text that holds no
 * secret.  Give back with url_release() in either case.
 */
int url_parse(const char *text, struct url *out);
/* Wipes and frees. */
void url_release(struct url *u);

/* Appends the URL without user and password, from its parts. */
void url_show(const struct url *u, struct buf *out);
/*
 * Appends text, which need not be a URL, with what may be a user, a password
 * or a query left out.
 */
void url_redact(const char *text, struct buf *out);

/*
 * Appends text percent-encoded as RFC 3986 and SigV4 want it: all but
 * A-Z a-z 0-9 - . _ ~ (and '/' with keep_slash), in upper-case hex.
 */
void url_escape(const char *text, bool keep_slash, struct buf *out);
/* The text with %xx undone, owned; NULL: a bad escape or a 0 byte. */
char *url_decode(const char *text, size_t len);
/* The same; NULL also for a control byte. */
char *url_unescape(const char *text, size_t len);
/*
 * Appends where the folder `path` of a URL lies: below base_dir when it is
 * relative, "." and ".." resolved as text then.
 */
int url_dir_path(const char *path, const char *base_dir, struct buf *out);
/* Appends host[:port]; the usual port is left out. */
void url_authority(const struct url *u, struct buf *out);

/* True for [a-z0-9./-]+ in non-empty parts other than "." and "..". */
bool remote_object_name_ok(const char *name);

#endif
