#ifndef REMOTE_HTTP_H
#define REMOTE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "remote/remote.h"

/*
 * HTTP/1.1 requests by libcurl, one at a time per calling thread, over
 * connections that are kept.  No retries here, no following of redirects, no
 * meaning given to a status; what comes back is bounded.
 */
struct http;

struct http_options {
	const char *cafile;	/* NULL: the system's certificates */
	unsigned connect_timeout_s;
	unsigned stall_timeout_s;	/* no byte for so long */
	bool no_proxy;
	_Atomic uint64_t *requests;	/* counted here; may be NULL */
};

struct http_answer;

#define HTTP_ENOUGH	1

/*
 * Bytes of the body of an answer with a status of 200 to 299, in order; the
 * head is in *a by then.  0, HTTP_ENOUGH to have no more, or an error.
 */
typedef int http_write_cb(void *data, const struct http_answer *a,
			  const uint8_t *bytes, size_t len);

struct http_request {
	const char *method;	/* GET, PUT ...; a constant */
	struct buf url;
	struct buf headers;	/* "Name: value\0" one after the other */
	const char *user, *password;	/* Basic; borrowed; or NULL */
	bool netrc;		/* look there when there is no user */
	unsigned total_timeout_s;	/* 0: none */

	const struct remote_source *body;	/* or NULL */
	void (*sent)(void *data, int64_t bytes);	/* may be NULL */
	void *sent_data;

	bool bulk;		/* much is expected: big buffers */
	http_write_cb *write;	/* NULL: a good answer's body is dropped */
	void *data;
};

#define HTTP_REQUEST_INIT \
	{ .method = "GET", .url = BUF_INIT, .headers = BUF_INIT }
#define DV_AUTO_HTTP_REQUEST __attribute__((cleanup(http_request_release)))

struct http_answer {
	int failure;		/* a CURLcode; 0: an answer came, whole */
	char failure_text[256];
	int status;		/* 0: none came */
	bool has_length;
	uint64_t length;	/* Content-Length */
	bool has_range;
	uint64_t range_first, range_last;
	bool has_total;
	uint64_t range_total;	/* the object's size, from Content-Range */
	unsigned retry_after_s;
	time_t retry_at;	/* where that was a date; 0: it was none */
	time_t date;		/* 0: none */
	bool encoded;		/* Content-Encoding: not the bytes asked for */
	bool moved;		/* bytes of a body went out or came in */
	char region[40];	/* x-amz-bucket-region, checked, or "" */
	char location[1024];	/* or "" */
	char etag[160];		/* or "" */
	char modified[64];	/* Last-Modified, or "" */
	struct buf body;	/* of other statuses: the first 64 KiB */
};

#define HTTP_ANSWER_INIT	{ .body = BUF_INIT }
#define DV_AUTO_HTTP_ANSWER __attribute__((cleanup(http_answer_release)))

/* Loads nothing and makes no request; copies what options point to. */
int http_new(const struct http_options *o, struct http **out);
void http_free(struct http *h);

/* Adds a header line. */
__attribute__((format(printf, 2, 3)))
void http_header(struct http_request *q, const char *fmt, ...);

/*
 * Makes the request.  Returns 0 when there is something to judge (see
 * a->failure and a->status), or what failed here: a callback, reading the
 * body, DV_E_INTERRUPTED, no libcurl.  *a is cleared first.
 */
int http_perform(struct http *h, const struct http_request *q,
		 struct http_answer *a);

static inline bool http_good(const struct http_answer *a)
{
	return a->status >= 200 && a->status <= 299;
}

/* What names the version of what was answered: see struct remote_facts. */
void http_version(const struct http_answer *a, char out[160]);

/* Wipe and free. */
void http_request_release(struct http_request *q);
void http_answer_release(struct http_answer *a);
void http_answer_clear(struct http_answer *a);

#endif
