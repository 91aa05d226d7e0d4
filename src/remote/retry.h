#ifndef REMOTE_RETRY_H
#define REMOTE_RETRY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What is tried again, when, and how much at once.
 */

#define RETRY_TRIES	6	/* of one request, the first included */
#define RETRY_TRIES_BUSY 12	/* when the server has too much to do */
/*
 * Pauses that the server asks for are kept, but not for longer than this in
 * all without getting anywhere.
 */
#define RETRY_ASKED_MOST_S 90

enum retry_class {
	RETRY_NO,		/* will not get better by itself */
	RETRY_NAME,		/* the host's name did not resolve */
	RETRY_CONNECT,		/* no connection */
	RETRY_TIMEOUT,		/* silence */
	RETRY_BROKEN,		/* the connection ended too early */
	RETRY_STATUS,		/* the server says: later */
};

/* For a CURLcode other than CURLE_OK, and for an HTTP status. */
enum retry_class retry_class_of_curl(int code);
enum retry_class retry_class_of_status(int status);

/*
 * How many tries a request gets that ended so.  `reached`: this remote has
 * answered before, so its address is right.
 */
unsigned retry_tries(enum retry_class class, bool reached);

/*
 * Milliseconds to wait before try number `next` (1: the first repetition):
 * evenly in [0, min(20 s, 0.1 s * 2^next)], and no less than what the server
 * asked for (at most RETRY_ASKED_MOST_S).
 */
unsigned retry_delay_ms(unsigned next, unsigned retry_after_s);

/*
 * Tokens that repetitions of all requests draw from, so that a server in
 * trouble is not met with six times the load.
 */
struct retry_budget {
	pthread_mutex_t mutex;
	unsigned tokens;
};

void retry_budget_init(struct retry_budget *b);
void retry_budget_release(struct retry_budget *b);
/* False when there is none left. */
bool retry_budget_take(struct retry_budget *b);
/* After a request that went well, or moved on before it broke. */
void retry_budget_give(struct retry_budget *b);

/*
 * Lets at most `max` requests run at once; fewer after the server said that
 * it is too much, and slowly more again as requests go well.
 */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t free;
	unsigned max;
	unsigned active;
	double limit;		/* 1 .. max */
	unsigned lowered;	/* how often */
	unsigned refused;	/* calls, however often each was */
};

enum gate_sign {
	GATE_FINE,
	GATE_BUSY,		/* 429 or 503 */
	GATE_OTHER,
};

void gate_init(struct gate *g, unsigned max);
void gate_release(struct gate *g);
/*
 * Waits for a place.  0 or DV_E_INTERRUPTED.  *ticket is for gate_leave(): of
 * requests that were under way together one refusal counts.
 */
int gate_enter(struct gate *g, unsigned *ticket);
void gate_leave(struct gate *g, unsigned ticket, enum gate_sign sign);
/* What one call has met so far. */
struct refusals {
	unsigned count;
	unsigned others;	/* gate->refused at the last of these */
};
/*
 * One more refusal of this call.  When it has met some, and no other call has
 * since, that says something of what it asks for and nothing of how much the
 * server can do: GATE_OTHER.  Else GATE_BUSY.
 */
enum gate_sign gate_refusal(struct gate *g, struct refusals *r);
/* Requests that may run at once now. */
unsigned gate_limit(struct gate *g);

#endif
