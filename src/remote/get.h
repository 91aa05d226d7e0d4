#ifndef REMOTE_GET_H
#define REMOTE_GET_H

#include "remote/call.h"

/*
 * Receiving a part of an object over HTTP, whatever becomes of single
 * requests: what has arrived is not asked for again.
 */
struct get {
	uint64_t offset;
	uint64_t len;		/* UINT64_MAX: to the end */
	const struct remote_sink *sink;

	struct call *call;
	uint64_t done;		/* bytes the sink has */
	uint64_t at;		/* where in the object the answer is */
	uint64_t first;		/* where this try asks to begin */
	uint64_t before;	/* done, when this try began */
	bool begun;		/* the answer's head has been looked at */
	bool restarted;		/* once is enough */
	bool complete;		/* all that was asked for has come */
	bool has_size;
	uint64_t size;		/* of the whole object */
	int err;
};

/* Adds the Range header and the callback to a request. */
void get_prepare(struct get *g, struct call *c, struct http_request *q);

/*
 * For judge(), after the server's own refusals: takes in an answer of
 * status 200, 206 or 416 or a cut in one.  True when it decided.
 */
bool get_judge(struct get *g, struct call *c, const struct http_answer *a,
	       int *verdict);

/* For a GET of one byte, made to learn how long the object is. */
extern const struct remote_sink get_nowhere;
/*
 * What it says: 0 and *size, or a failure.  `err`: what came of it; its call is
 * over, so `name` is said once more.
 */
int get_size(const struct get *g, const struct remote *r, const char *name,
	     int err, uint64_t *size);

#endif
