#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/error.h"
#include "remote/call.h"

#define REPAIRS_MAX	8
/* A call waits no longer than at this try, while others are served. */
#define REFUSALS_COUNT	4

int line_init(struct line *l, struct remote *r, const char *cafile)
{
	const struct http_options o = {
		.cafile = cafile,
		.connect_timeout_s = r->settings.connect_timeout_s,
		.stall_timeout_s = r->settings.stall_timeout_s,
		.requests = &r->requests,
	};

	gate_init(&l->gate, r->settings.jobs);
	retry_budget_init(&l->budget);
	l->reached = false;
	l->served = 0;
	return http_new(&o, &l->http);
}

void line_release(struct line *l)
{
	http_free(l->http);
	gate_release(&l->gate);
	retry_budget_release(&l->budget);
}

__attribute__((format(printf, 3, 0)))
static void set_failure(struct call *c, int code, const char *fmt, va_list ap)
{
	char text[600];

	vsnprintf(text, sizeof(text), fmt, ap);
	c->code = remote_fail(c->remote, code, c->object, "%s", text);
}

int call_fail(struct call *c, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_failure(c, code, fmt, ap);
	va_end(ap);
	return c->code;
}

int call_later(struct call *c, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_failure(c, code, fmt, ap);
	va_end(ap);
	return CALL_LATER;
}

const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} known[] = {
		{ 301, "301 Moved Permanently" },
		{ 302, "302 Found" },
		{ 307, "307 Temporary Redirect" },
		{ 308, "308 Permanent Redirect" },
		{ 400, "400 Bad Request" },
		{ 401, "401 Unauthorized" },
		{ 403, "403 Forbidden" },
		{ 404, "404 Not Found" },
		{ 405, "405 Method Not Allowed" },
		{ 407, "407 Proxy Authentication Required" },
		{ 408, "408 Request Timeout" },
		{ 409, "409 Conflict" },
		{ 411, "411 Length Required" },
		{ 413, "413 Content Too Large" },
		{ 416, "416 Range Not Satisfiable" },
		{ 423, "423 Locked" },
		{ 429, "429 Too Many Requests" },
		{ 500, "500 Internal Server Error" },
		{ 501, "501 Not Implemented" },
		{ 502, "502 Bad Gateway" },
		{ 503, "503 Service Unavailable" },
		{ 504, "504 Gateway Timeout" },
		{ 507, "507 Insufficient Storage" },
	};
	static _Thread_local char other[24];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].status == status)
			return known[i].text;
	}
	snprintf(other, sizeof(other), "HTTP status %d", status);
	return other;
}

static int take_text(void *data, const struct http_answer *a,
		     const uint8_t *bytes, size_t len)
{
	struct call_text *t = data;

	(void)a;
	if (len > t->most - t->bytes.len)
		return call_fail(t->call, DV_E_CORRUPT, "the server's "
				 "listing is too long");
	buf_add(&t->bytes, bytes, len);
	return 0;
}

void call_text_prepare(struct call_text *t, struct call *c,
		       struct http_request *q)
{
	buf_clear(&t->bytes);
	t->call = c;
	q->write = take_text;
	q->data = t;
}

/* --- failures below HTTP ----------------------------------------------- */

static void hint_tls(const struct remote *r, int code)
{
	if (r->apart)
		dv_hint(code, "the system has to trust it: SSL_CERT_FILE may "
			"name the certificate (PEM)");
	else if (r->settings.cafile)
		dv_hint(code, "is remote.%s.cafile the certificate (PEM) of "
			"the authority that signed the server's?", r->name);
	else
		dv_hint(code, "if the server's certificate is your own: "
			"dv config --local remote.%s.cafile <file.pem>",
			r->name);
}

static bool is_tls_failure(int failure)
{
	switch (failure) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return true;
	default:
		return false;
	}
}

/* The text and hint of a try that got no whole answer. */
static void explain_transport(struct call *c, const struct http_answer *a)
{
	const char *name = c->remote->name;
	const char *where = c->remote->apart ? "" : " (dv remote -v)";
	int code = DV_E_NETWORK;

	if (is_tls_failure(a->failure)) {
		call_fail(c, code, "the server's TLS certificate is not "
			  "accepted: %s", a->failure_text);
		hint_tls(c->remote, code);
		return;
	}
	switch (a->failure) {
	case CURLE_COULDNT_RESOLVE_HOST:
		call_fail(c, code, "%s (DNS)", a->failure_text);
		dv_hint(code, "check the host in the URL%s and the network",
			where);
		return;
	case CURLE_COULDNT_RESOLVE_PROXY:
		call_fail(c, code, "%s", a->failure_text);
		dv_hint(code, "check http_proxy, https_proxy and no_proxy in "
			"the environment");
		return;
	case CURLE_COULDNT_CONNECT:
		call_fail(c, code, "%s", a->failure_text);
		dv_hint(code, "is the server up, and are host and port in the "
			"URL%s right?", where);
		return;
	case CURLE_SSL_CONNECT_ERROR:
		call_fail(c, code, "TLS does not begin: %s", a->failure_text);
		if (c->remote->apart)
			dv_hint(code, "does this port speak https?");
		else
			dv_hint(code, "does this port speak https?  if not: "
				"dv remote set-url %s http://...", name);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		call_fail(c, code, "no answer: %s", a->failure_text);
		if (c->remote->apart)
			dv_hint(code, "try again later");
		else
			dv_hint(code, "try again later, or wait longer: dv "
				"config remote.%s.%s <seconds>", name,
				c->line->reached ? "stalltimeout" :
				"connecttimeout");
		return;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		call_fail(c, code, "this is not an HTTP server: %s",
			  a->failure_text);
		dv_hint(code, "check scheme and port in the URL%s", where);
		return;
	default:
		call_fail(c, code, "the connection broke: %s",
			  a->failure_text);
		dv_hint(code, "try again: what has arrived is not sent "
			"twice");
	}
}

bool call_judge_transport(struct call *c, const struct http_answer *a,
			  int *verdict)
{
	enum retry_class class;

	if (a->status)
		c->line->reached = true;
	if (!a->failure)
		return false;
	class = retry_class_of_curl(a->failure);
	explain_transport(c, a);
	*verdict = c->code;
	if (class != RETRY_NO &&
	    (c->progress ||
	     c->tries + 1 < retry_tries(class, c->line->reached)))
		*verdict = CALL_LATER;
	return true;
}

/* --- the loop ---------------------------------------------------------- */

/* There were too many requests for the server. */
static bool is_busy(const struct http_answer *a)
{
	return a->status == 503 || a->status == 429;
}

static int try_once(struct call *c, struct http_answer *a)
{
	DV_AUTO_HTTP_REQUEST struct http_request q = HTTP_REQUEST_INIT;
	enum gate_sign sign = GATE_OTHER;
	unsigned ticket;
	int err = gate_enter(&c->line->gate, &ticket);

	if (err)
		return err;
	err = c->prepare(c, &q);
	if (!err)
		err = http_perform(c->line->http, &q, a);
	if (!err && a->date) {
		c->remote->skew_s = a->date - time(NULL);
		c->remote->clock_known = true;
	}
	if (!err && is_busy(a))
		sign = gate_refusal(&c->line->gate, &c->refusals);
	else if (!err && !a->failure && a->status < 500)
		sign = GATE_FINE;
	if (sign == GATE_FINE)
		c->line->served++;
	gate_leave(&c->line->gate, ticket, sign);
	return err;
}

/* The number of the next try, for how long to wait before it. */
static unsigned next_try(const struct call *c)
{
	unsigned refusals = c->refusals.count;

	if (refusals > REFUSALS_COUNT)
		refusals = REFUSALS_COUNT;
	return c->tries > refusals ? c->tries : refusals;
}

/* To come again sooner than it said would be refused, and add to its load. */
static bool asks_too_much(const struct call *c)
{
	return c->asked_s > RETRY_ASKED_MOST_S;
}

/*
 * A server that has served this run and is too busy now (a bucket that is being
 * split, say) is waited for, some 50 seconds, and asked seldom by few.
 */
static bool may_try_again(struct call *c, const struct http_answer *a)
{
	if (c->progress)
		return true;
	if (asks_too_much(c))
		return false;
	if (is_busy(a) && c->line->served)
		return c->tries < RETRY_TRIES_BUSY;
	return c->tries < RETRY_TRIES && retry_budget_take(&c->line->budget);
}

/* Adds how often it was tried to the text. */
static int give_up(const struct call *c, const struct error_state *last)
{
	int code = last->code;

	if (asks_too_much(c))
		code = dv_fail(code, "%s (tried %u %s; it asks for pauses "
			       "of %u seconds)", last->text, c->tries,
			       c->tries > 1 ? "times" : "time", c->asked_s);
	else if (c->tries > 1)
		code = dv_fail(code, "%s (tried %u times)", last->text,
			       c->tries);
	else
		code = dv_fail(code, "%s", last->text);
	return *last->hint ? dv_hint(code, "%s", last->hint) : code;
}

int call_run(struct call *c)
{
	DV_AUTO_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_INIT;
	struct error_state last;
	uint64_t served = c->line->served;
	int verdict;

	for (;;) {
		c->progress = false;
		verdict = try_once(c, &a);
		if (verdict)
			return verdict;
		verdict = c->judge(c, &a);
		if (verdict == CALL_DONE) {
			retry_budget_give(&c->line->budget);
			return 0;
		}
		if (verdict == CALL_AGAIN && c->repairs++ < REPAIRS_MAX)
			continue;
		if (verdict == CALL_AGAIN)
			return call_fail(c, DV_E_NETWORK, "the server sends "
					 "us in circles");
		/* while others are served, its turn will come */
		if (is_busy(&a) && c->line->served != served)
			c->progress = true;
		served = c->line->served;
		if (c->progress)
			c->tries = c->asked_s = 0;
		c->tries++;
		/* nothing is counted as long as there is progress */
		if (verdict == CALL_LATER && !c->progress)
			c->asked_s += a.retry_after_s;
		error_save(c->code, &last);
		if (verdict != CALL_LATER || !may_try_again(c, &a))
			return give_up(c, &last);
		verdict = clock_sleep_ms(retry_delay_ms(next_try(c),
							a.retry_after_s));
		if (verdict)
			return verdict;
	}
}
