#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/id.h"

#include "base/buf.h"

/*
 * A remote: named immutable byte strings somewhere else.  Names are made by
 * dv: [a-z0-9./-] only, parts separated by '/'.  All functions block, may be
 * called from many threads at once, retry what deserves it, and give
 * DV_E_NOTFOUND, DV_E_AUTH, DV_E_NETWORK, DV_E_INTERRUPTED, DV_E_IO,
 * DV_E_NOSPACE or DV_E_UNSUPPORTED; the text names the URL (never a
 * secret) and the cause.
 */
struct remote;

/* Answers remote.<name>.<key> from the configuration, NULL when unset. */
typedef const char *remote_setting_cb(void *data, const char *key);

/*
 * Asks for or settles a user name and password: action "fill" sets both
 * (owned by the caller), "approve" and "reject" report how they did.
 */
typedef int remote_credential_cb(void *data, const char *action,
				 const char *url, char **user,
				 char **password);

struct remote_options {
	const char *name;	/* for messages */
	const char *url;	/* path, file://, http(s)://, s3:// */
	const char *base_dir;	/* what a relative path is relative to; NULL:
				   there can be none */
	remote_setting_cb *setting;
	remote_credential_cb *credential;	/* may be NULL */
	void *data;
	unsigned jobs;		/* most requests in flight */
	bool apart;		/* nobody has set it up as a remote: messages
				   do not send to its settings */
	bool whole;		/* HTTP: the URL is that of one file, asked for
				   as it is; its path is "" */
	const char *query;	/* HTTP: asked for with each path, escaped; or
				   NULL.  With one, a path may be "" */
};

/* Checks the URL and prepares; makes no request. */
int remote_open(const struct remote_options *o, struct remote **out);
void remote_close(struct remote *r);
/* 0 or DV_E_INVALID when no kind takes this URL or it holds a secret. */
int remote_url_check(const char *url, bool allow_secret);

const char *remote_name(const struct remote *r);
/* The URL without user and password. */
const char *remote_url(const struct remote *r);
/* Names the place, whatever the credentials: for folders below have/. */
void remote_key(const struct remote *r, struct dv_id *out);
/* Requests made so far (for a folder: system calls that stand for one). */
uint64_t remote_requests(const struct remote *r);

/* What can be said of an object without reading it. */
struct remote_facts {
	uint64_t size;
	/*
	 * Names its version: the ETag, else Last-Modified, of a file size and
	 * mtime; "" when the server says neither.
	 */
	char version[160];
};

/* Bytes of the object there, or DV_E_NOTFOUND. */
int remote_stat(struct remote *r, const char *name, uint64_t *size);

/*
 * Where received bytes go, in order.  After a cut the rest is asked for
 * from where it stopped; `restart` (may be NULL: then it is an error) tells
 * the sink to begin again, for servers that cannot do ranges.
 */
struct remote_sink {
	int (*write)(void *data, const uint8_t *bytes, size_t len);
	int (*restart)(void *data);
	/*
	 * May be NULL, and may return NULL: where the next bytes are best put,
	 * up to *len of them, before write() is called with that place.
	 */
	uint8_t *(*room)(void *data, size_t *len);
	void *data;
};

/*
 * Bytes [offset, offset + len) of the object; len UINT64_MAX: to its end.
 * Fewer bytes than asked for are DV_E_CORRUPT.
 */
int remote_get(struct remote *r, const char *name, uint64_t offset,
	       uint64_t len, const struct remote_sink *sink);
/* The same, appended to *out; a whole object longer than limit fails. */
int remote_get_buf(struct remote *r, const char *name, uint64_t offset,
		   uint64_t len, uint64_t limit, struct buf *out);

/*
 * Receives a whole file that somebody else has put below the remote's URL,
 * under any relative path (path_relative_ok()).  `version` of it in a
 * bucket that keeps versions, else NULL: the newest.  DV_E_UNSUPPORTED when
 * this kind has no versions.
 */
int remote_get_file(struct remote *r, const char *path, const char *version,
		    const struct remote_sink *sink);

/*
 * For services that are asked by POST: sends JSON of `type` to `name` and
 * appends the answer, of at most `limit` bytes.  HTTP only.
 */
int remote_post(struct remote *r, const char *name, const char *type,
		const struct buf *body, uint64_t limit, struct buf *out);
/*
 * Receives what such a service has at any URL of its own, asked for with
 * `headers` ("Name: value" with a 0 behind each).  Who we are is said on the
 * remote's own server only, and where no header says so already.
 */
int remote_get_url(struct remote *r, const char *url,
		   const struct buf *headers, const struct remote_sink *sink);

/*
 * Files that dv has not put there, at a path below the remote: what is known
 * of one, and its bytes from an offset on.
 */
int remote_look(struct remote *r, const char *path, struct remote_facts *out);
int remote_get_rest(struct remote *r, const char *path, uint64_t offset,
		    const struct remote_sink *sink);

typedef int remote_file_cb(void *data, const char *path,
			   const struct remote_facts *facts);
/*
 * Calls fn for each file below the remote, in any order, one at a time but
 * perhaps in several threads.  Nothing has been checked of a path, which is
 * relative to the remote.  A folder with something else than files and folders
 * in it is DV_E_UNSUPPORTED, as is a web server without WebDAV.
 */
int remote_list_files(struct remote *r, remote_file_cb *fn, void *data);

/* What is sent: bytes in memory, or a part of a file. */
struct remote_source {
	const uint8_t *bytes;	/* or NULL and: */
	int fd;
	uint64_t offset;
	uint64_t len;
};

/*
 * Stores the object whole or not at all; a reader never sees a part.  One
 * already there is replaced.  `sent` (may be NULL) is told of bytes as they
 * go out (again from the start after a retry: negative numbers take back).
 */
int remote_put(struct remote *r, const char *name,
	       const struct remote_source *source,
	       void (*sent)(void *data, int64_t bytes), void *data);

/* `modified`: nanoseconds since 1970 by the clock of the remote. */
typedef int remote_list_cb(void *data, const char *name, uint64_t size,
			   int64_t modified);

/*
 * Calls fn for each object whose name begins with prefix (ends in '/'), one
 * at a time but perhaps in several threads.  DV_E_UNSUPPORTED when the server
 * cannot (HTTP without WebDAV).
 */
int remote_list(struct remote *r, const char *prefix,
		remote_list_cb *fn,
		void *data);
/*
 * So many names are listed per request; 0: a request for each folder, of
 * which there may be more than there are names.
 */
unsigned remote_list_page(const struct remote *r);

int remote_remove(struct remote *r, const char *name);
/*
 * Removes the folder of `name`, which nobody else uses and is empty, where
 * there are folders.
 */
int remote_remove_folder(struct remote *r, const char *name);

/* What shows in use, for who examines a remote. */
struct remote_terms {
	const char *credentials;	/* where they come from, a constant;
				   NULL: this kind needs none */
	bool clock_known;	/* an answer had a date */
	int64_t skew_s;		/* its clock minus ours */
};
void remote_terms(struct remote *r, struct remote_terms *out);

/* Loads what requests are made with and appends its versions. */
int remote_library(struct buf *out);

#endif
