#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/error.h"
#include "base/trace.h"
#include "remote/http_head.h"
#include "remote/http_slot.h"

#define ERROR_BODY_MAX	((size_t)64 << 10)
#define IDLE_BODY_MAX	((uint64_t)1 << 20)	/* that nobody asked for */
#define BULK_BUFFER	(512L << 10)	/* libcurl's most for receiving */
#define UPLOAD_BUFFER	(2L << 20)	/* libcurl's most for sending */
#define EXPECT_FROM	((uint64_t)1 << 20)
#define POLL_MS		100		/* how soon Ctrl-C is noticed */

/* One request under way. */
struct transfer {
	const struct http_request *request;
	struct http_answer *answer;
	uint64_t body_at;
	uint64_t idle;		/* bytes of a body that were of no use */
	bool enough;
	int err;
};

/* --- libcurl calls us -------------------------------------------------- */

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
	struct transfer *t = data;

	http_head_line(t->answer, line, size * count);
	return size * count;
}

static size_t on_write(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	struct http_answer *a = t->answer;
	size_t len = size * count;
	int rc;

	a->moved = true;
	if (a->status < 200 || a->status > 299) {
		size_t room = ERROR_BODY_MAX - a->body.len;

		buf_add(&a->body, bytes, len < room ? len : room);
		/* the refusal is known; its words may have no end */
		t->idle += len;
		t->enough = t->idle > IDLE_BODY_MAX;
		return t->enough ? 0 : len;
	}
	if (!t->request->write) {
		t->idle += len;
		return t->idle > IDLE_BODY_MAX ? 0 : len;
	}
	rc = t->request->write(t->request->data, a, (uint8_t *)bytes, len);
	if (rc == HTTP_ENOUGH)
		t->enough = true;
	else if (rc)
		t->err = rc;
	return rc ? 0 : len;
}

static void tell_sent(struct transfer *t, int64_t bytes)
{
	if (t->request->sent && bytes)
		t->request->sent(t->request->sent_data, bytes);
}

static size_t on_read(char *out, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	const struct remote_source *body = t->request->body;
	uint64_t left = body->len - t->body_at;
	size_t len = size * count < left ? size * count : (size_t)left;

	if (body->bytes) {
		memcpy(out, body->bytes + t->body_at, len);
	} else if (len) {
		ssize_t n;

		do {
			n = pread(body->fd, out, len,
				  body->offset + t->body_at);
		} while (n < 0 && errno == EINTR);
		if (n <= 0) {
			t->err = n ? dv_fail_errno("cannot read what is to "
						   "be sent") :
				 dv_fail(DV_E_CHANGED, "a file became shorter "
					 "while it was sent");
			return CURL_READFUNC_ABORT;
		}
		len = n;
	}
	t->body_at += len;
	t->answer->moved |= len > 0;
	tell_sent(t, len);
	return len;
}

static int on_seek(void *data, curl_off_t offset, int origin)
{
	struct transfer *t = data;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > t->request->body->len)
		return CURL_SEEKFUNC_FAIL;
	tell_sent(t, offset - (int64_t)t->body_at);
	t->body_at = offset;
	return CURL_SEEKFUNC_OK;
}

/* --- a request --------------------------------------------------------- */

static int make_headers(const struct curl_table *curl,
			const struct http_request *q,
			struct curl_slist **out)
{
	const char *p = q->headers.data, *end = p + q->headers.len;
	struct curl_slist *list = NULL, *more;

	while (p <= end) {
		/* after the last line: what depends on the body */
		const char *line = p < end ? p : !q->body ? NULL :
				   q->body->len < EXPECT_FROM ? "Expect:" :
				   "Expect: 100-continue";

		if (!line)
			break;
		for (const char *c = line; *c; c++) {
			if ((unsigned char)*c < 0x20 || *c == 0x7f) {
				curl->slist_free_all(list);
				return dv_fail(DV_E_INVALID, "control "
					       "character in a header");
			}
		}
		more = curl->slist_append(list, line);
		if (!more) {
			curl->slist_free_all(list);
			return dv_fail(DV_E_NOMEM, "libcurl: out of memory");
		}
		list = more;
		p = p < end ? p + strlen(p) + 1 : end + 1;
	}
	*out = list;
	return 0;
}

static void set_method(const struct curl_table *curl, CURL *easy,
		       const struct http_request *q, struct transfer *t)
{
	if (!strcmp(q->method, "HEAD"))
		curl->easy_set(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(q->method, "GET"))
		curl->easy_set(easy, CURLOPT_CUSTOMREQUEST, q->method);
	if (q->bulk)
		curl->easy_set(easy, CURLOPT_BUFFERSIZE, BULK_BUFFER);
	if (!q->body)
		return;
	curl->easy_set(easy, CURLOPT_UPLOAD, 1L);
	curl->easy_set(easy, CURLOPT_INFILESIZE_LARGE,
		       (curl_off_t)q->body->len);
	curl->easy_set(easy, CURLOPT_READFUNCTION, on_read);
	curl->easy_set(easy, CURLOPT_READDATA, t);
	curl->easy_set(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl->easy_set(easy, CURLOPT_SEEKDATA, t);
	if (q->body->len >= EXPECT_FROM)
		curl->easy_set(easy, CURLOPT_UPLOAD_BUFFERSIZE,
			       UPLOAD_BUFFER);
}

static void set_user(const struct curl_table *curl, CURL *easy,
		     const struct http_request *q)
{
	if (q->user) {
		curl->easy_set(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl->easy_set(easy, CURLOPT_USERNAME, q->user);
		curl->easy_set(easy, CURLOPT_PASSWORD,
			       q->password ? q->password : "");
	} else if (q->netrc) {
		curl->easy_set(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl->easy_set(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	}
	if (q->total_timeout_s)
		curl->easy_set(easy, CURLOPT_TIMEOUT,
			       (long)q->total_timeout_s);
}

/* Runs the transfer to its end.  Returns a CURLcode; t->err for our own. */
static CURLcode run(const struct curl_table *curl, struct slot *s,
		    struct transfer *t)
{
	CURLMcode bad = curl->multi_add_handle(s->multi, s->easy);
	CURLcode result = CURLE_FAILED_INIT;
	CURLMsg *message;
	int running = 1, left;

	while (!bad && running) {
		bad = curl->multi_perform(s->multi, &running);
		if (bad || !running)
			break;
		t->err = cancel_check();
		if (t->err)
			break;
		bad = curl->multi_poll(s->multi, NULL, 0, POLL_MS, NULL);
	}
	while ((message = curl->multi_info_read(s->multi, &left))) {
		if (message->msg == CURLMSG_DONE)
			result = message->data.result;
	}
#if LIBCURL_VERSION_NUM >= 0x075700
	/* or it would wait for a name that is being looked up */
	if (t->err)
		curl->easy_set(s->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl->multi_remove_handle(s->multi, s->easy);
	return bad ? CURLE_OUT_OF_MEMORY : result;
}

/*
 * Runs with SIGPIPE held back: some TLS libraries write without asking for
 * EPIPE alone, and a library must not change the process's signals.
 */
static CURLcode run_quietly(const struct curl_table *curl, struct slot *s,
			    struct transfer *t)
{
	const struct timespec now = { 0, 0 };
	sigset_t pipe_only, before, pending;
	bool was_pending;
	CURLcode result;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	result = run(curl, s, t);
	sigpending(&pending);
	if (!was_pending && sigismember(&pending, SIGPIPE) == 1)
		sigtimedwait(&pipe_only, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

static void keep_failure(const struct curl_table *curl, CURLcode code,
			 const char *text, struct http_answer *a)
{
	size_t len;

	if (!*text)
		text = curl->easy_strerror(code);
	len = strcspn(text, "\r\n");
	if (len >= sizeof(a->failure_text))
		len = sizeof(a->failure_text) - 1;
	memcpy(a->failure_text, text, len);
	a->failure_text[len] = '\0';
	a->failure = code;
}

int http_perform(struct http *h, const struct http_request *q,
		 struct http_answer *a)
{
	struct transfer t = { .request = q, .answer = a };
	char errors[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	const struct curl_table *curl;
	struct slot *s = NULL;
	CURLcode code;
	int err;

	TRACE_REGION("http");
	http_answer_clear(a);
	err = curl_load(&curl);
	if (!err)
		err = make_headers(curl, q, &headers);
	if (!err)
		err = http_slot_take(curl, h, &s);
	if (err)
		return err;
	set_method(curl, s->easy, q, &t);
	set_user(curl, s->easy, q);
	curl->easy_set(s->easy, CURLOPT_URL, q->url.data);
	curl->easy_set(s->easy, CURLOPT_HTTPHEADER, headers);
	curl->easy_set(s->easy, CURLOPT_ERRORBUFFER, errors);
	curl->easy_set(s->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl->easy_set(s->easy, CURLOPT_HEADERDATA, &t);
	curl->easy_set(s->easy, CURLOPT_WRITEFUNCTION, on_write);
	curl->easy_set(s->easy, CURLOPT_WRITEDATA, &t);
	http_count(h);
	code = run_quietly(curl, s, &t);
	if (code && !t.enough)
		keep_failure(curl, code, errors, a);
	http_slot_give(curl, h, s);
	curl->slist_free_all(headers);
	/* where we are sent by a redirect, a query may be a key */
	if (trace_on)
		trace_note("%s %.*s: %d", q->method,
			   (int)strcspn(q->url.data, "?"), q->url.data,
			   a->failure ? -a->failure : a->status);
	if ((t.err || a->failure) && t.body_at)
		tell_sent(&t, -(int64_t)t.body_at);
	else if (t.body_at && (a->status < 200 || a->status > 299))
		tell_sent(&t, -(int64_t)t.body_at);
	return t.err;
}

void http_header(struct http_request *q, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&q->headers, fmt, ap);
	va_end(ap);
	buf_add(&q->headers, "", 1);
}

void http_request_release(struct http_request *q)
{
	explicit_bzero(q->headers.data, q->headers.len);
	buf_release(&q->headers);
	buf_release(&q->url);
}

void http_answer_clear(struct http_answer *a)
{
	struct buf body = a->body;

	buf_clear(&body);
	*a = (struct http_answer){ .body = body };
}

void http_answer_release(struct http_answer *a)
{
	buf_release(&a->body);
}
