#ifndef REMOTE_CALL_H
#define REMOTE_CALL_H

#include "remote/http.h"
#include "remote/kind.h"
#include "remote/retry.h"

/*
 * One operation on a remote that speaks HTTP: requests, made again until one
 * is good, none can be, or there were enough.
 */

/* What all calls of one remote share. */
struct line {
	struct http *http;
	struct gate gate;
	struct retry_budget budget;
	_Atomic bool reached;	/* an answer has come from there */
	_Atomic uint64_t served;	/* answers but for refusals */
};

int line_init(struct line *l, struct remote *r, const char *cafile);
void line_release(struct line *l);

struct call;

/* What judge() says of an answer; a negative number is a failure. */
enum call_verdict {
	CALL_DONE = 0,
	CALL_AGAIN = 1,		/* at once: something was put right */
	CALL_LATER = 2,		/* dv_fail() was called, in case it stays so */
};

struct call {
	struct remote *remote;
	struct line *line;
	const char *object;	/* for messages */
	/* Fills in a request for the next try: URL, headers, callbacks. */
	int (*prepare)(struct call *c, struct http_request *q);
	/*
	 * Looks at an answer.  With CALL_LATER and failures c->code is that
	 * of the text set.
	 */
	int (*judge)(struct call *c, struct http_answer *a);
	void *data;

	/* the call's own */
	int code;
	unsigned tries;		/* that failed for the moment */
	unsigned asked_s;	/* pauses that the server has asked for since
				   something was got */
	unsigned repairs;	/* CALL_AGAINs */
	struct refusals refusals;
	bool progress;		/* this try got further than the last */
};

#define CALL_INIT(what, prepare_fn, judge_fn) { \
	.object = (what), .prepare = (prepare_fn), .judge = (judge_fn) }

/* A good answer's body, kept in memory. */
struct call_text {
	struct buf bytes;	/* owned by who has it */
	size_t most;		/* more is a failure */
	struct call *call;	/* call_text_prepare()'s */
};

/* For prepare(): begins anew, and has the request fill it. */
void call_text_prepare(struct call_text *t, struct call *c,
		       struct http_request *q);

/* Returns 0 or the failure. */
int call_run(struct call *c);

/* Sets text and c->code; for use in a return of judge(). */
__attribute__((format(printf, 3, 4)))
int call_fail(struct call *c, int code, const char *fmt, ...);
/* Likewise, but worth another try. */
__attribute__((format(printf, 3, 4)))
int call_later(struct call *c, int code, const char *fmt, ...);

/*
 * A judge()'s beginning: what is the same for all servers.  True when it
 * decided; then *verdict is what judge() returns.
 */
bool call_judge_transport(struct call *c, const struct http_answer *a,
			  int *verdict);

/* "503 Service Unavailable"; a text of our own, not the server's. */
const char *http_status_text(int status);

#endif
