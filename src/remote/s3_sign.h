#ifndef REMOTE_S3_SIGN_H
#define REMOTE_S3_SIGN_H

#include <stddef.h>
#include <time.h>

#include "base/buf.h"

/*
 * AWS Signature Version 4, by headers.  Done here and not by libcurl, whose
 * signing differs from release to release, while dv runs with whichever is
 * installed.
 */
struct sign_pair {
	const char *name;
	const char *value;
};

#define SIGN_PAIRS_MAX	32

struct sign_request {
	const char *method;
	const char *path;	/* as in the request line: encoded once */
	const char *query;	/* of sign_query(), may be "" */
	const struct sign_pair *headers;	/* all that is to be signed,
				   host and x-amz-date among them; any order
				   and case */
	size_t header_count;	/* at most SIGN_PAIRS_MAX */
	const char *payload_hash;	/* hex */
};

struct sign_key {
	const char *id;
	const char *secret;
	const char *region;
	const char *service;
};

#define SIGN_DATE_SIZE	17

/* "20130524T000000Z", with the final 0. */
void sign_date(time_t when, char out[SIGN_DATE_SIZE]);
/* Appends name=value&..., encoded, then sorted. */
void sign_query(const struct sign_pair *pairs, size_t count, struct buf *out);

/* The two steps on the way, appended; for tests. */
void sign_canonical(const struct sign_request *q, struct buf *out);
void sign_string(const struct sign_request *q, const struct sign_key *key,
		 const char *date, struct buf *out);

/* Appends the value of the Authorization header. */
void sign_authorization(const struct sign_request *q,
			const struct sign_key *key, const char *date,
			struct buf *out);

#endif
