#ifndef REMOTE_S3_H
#define REMOTE_S3_H

#include <pthread.h>

#include "remote/aws_profile.h"
#include "remote/call.h"
#include "remote/credentials.h"
#include "remote/s3_xml.h"

/*
 * The state of an s3:// remote, shared by s3.c (the operations), s3_list.c
 * (what is in the bucket), s3_place.c (where the bucket is) and s3_error.c
 * (what refusals mean).
 */
struct s3 {
	struct line line;
	struct credential_chain *chain;
	struct aws_profile profile;
	char *profile_name;	/* owned */
	const char *bucket;	/* of the remote's URL */
	const char *prefix;	/* likewise, "" or without '/' at its end */

	bool tls;
	char *endpoint;		/* owned; host[:port], NULL: AWS by region */
	char *endpoint_path;	/* owned; escaped, "" or begins with '/' */
	bool path_style;

	pthread_mutex_t mutex;	/* for: */
	char region[40];

	_Atomic int64_t skew_s;	/* the server's clock minus ours */
	_Atomic bool bucket_known;	/* an answer has shown that it exists */
};

/* --- s3_place.c -------------------------------------------------------- */

/* Endpoint, style and first guess at the region.  Sets r->place. */
int s3_place_init(struct remote *r, struct s3 *s);
/* The region to sign for now. */
void s3_region(struct s3 *s, char out[40]);
/* True when `region` is another one than before; it is used from now on. */
bool s3_region_set(struct s3 *s, const char *region);
/* Appends host[:port] of requests about the bucket. */
void s3_host(struct s3 *s, struct buf *out);
/* Appends the encoded path of a key; NULL: of the bucket. */
void s3_path(const struct s3 *s, const char *key, struct buf *out);

/* --- s3_error.c -------------------------------------------------------- */

struct s3_call {
	struct call call;
	struct s3 *s3;
	const char *key;	/* NULL: the bucket */
	const char *query;
	const char *method;
	const char *action;	/* "s3:GetObject", for hints */
	const char *payload_hash;
	struct credentials used;	/* in the try that is judged */
	char used_region[40];
	bool clock_set;
	bool renewed;
};

/* Judges an answer that is not a good one; see call.h. */
int s3_judge_refusal(struct s3_call *q, struct http_answer *a);

/* --- s3.c, for s3_list.c ------------------------------------------------- */

/* URL and signature; the operation adds the rest. */
int s3_prepare(struct s3_call *q, struct http_request *out);
int s3_run(struct remote *r, struct s3_call *q);
/* Where any good answer will do. */
int s3_judge_plain(struct call *c, struct http_answer *a);

/* --- s3_list.c --------------------------------------------------------- */

int s3_list(struct remote *r, const char *prefix, remote_list_cb *fn,
	    void *data);
int s3_list_files(struct remote *r, remote_file_cb *fn, void *data);

#endif
