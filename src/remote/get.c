#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "remote/get.h"

#define PROGRESS_FROM	4096	/* bytes that make a try worth its while */
#define BULK_FROM	((uint64_t)128 << 10)

static bool asks_all(const struct get *g)
{
	return !g->offset && g->len == UINT64_MAX && !g->done;
}

/* One past the last byte wanted, UINT64_MAX when that is not known. */
static uint64_t wanted_end(const struct get *g)
{
	if (g->len != UINT64_MAX)
		return g->offset + g->len;
	return g->has_size ? g->size : UINT64_MAX;
}

/*
 * The object has another size than a try before saw.  Objects never change;
 * but a remote may have been replaced.
 */
static int begin_again(struct get *g, struct call *c)
{
	if (g->done && (!g->sink->restart || g->restarted))
		return call_fail(c, DV_E_CORRUPT,
				 "the object changed while it was read");
	if (g->done)
		g->err = g->sink->restart(g->sink->data);
	g->restarted |= g->done > 0;
	g->done = g->before = 0;
	return g->err;
}

static int learn_size(struct get *g, struct call *c, uint64_t size)
{
	int err = 0;

	if (g->has_size && g->size != size)
		err = begin_again(g, c);
	g->has_size = true;
	g->size = size;
	if (!err && (size < g->offset ||
		     (g->len != UINT64_MAX && size - g->offset < g->len)))
		err = call_fail(c, DV_E_CORRUPT, "it has %" PRIu64
				" bytes, too few for what was asked", size);
	return err;
}

/* Looks at the head of an answer before its first byte is used. */
static int begin(struct get *g, struct call *c, const struct http_answer *a)
{
	int err = 0;

	g->begun = true;
	if (a->encoded)
		return call_fail(c, DV_E_UNSUPPORTED, "the server encodes "
				 "(compresses) what it was asked for as it is");
	if (a->status == 200 || a->status == 203) {
		/* the whole object: what is not wanted is passed over */
		g->at = 0;
		return a->has_length ? learn_size(g, c, a->length) : 0;
	}
	if (a->status != 206)
		return call_fail(c, DV_E_NETWORK, "unexpected answer: %s",
				 http_status_text(a->status));
	if (!a->has_range)
		return call_fail(c, DV_E_NETWORK, "the server's "
				 "Content-Range makes no sense");
	if (a->has_total)
		err = learn_size(g, c, a->range_total);
	if (err)
		return err;
	if (a->range_first != g->first)
		return call_fail(c, DV_E_NETWORK, "the server sends bytes "
				 "from %" PRIu64 " on, not %" PRIu64
				 " as it was asked", a->range_first, g->first);
	if (g->len != UINT64_MAX && a->range_last >= wanted_end(g))
		return call_fail(c, DV_E_CORRUPT, "the server sends more "
				 "bytes than it was asked for");
	g->at = a->range_first;
	return 0;
}

static int take(void *data, const struct http_answer *a,
		const uint8_t *bytes, size_t len)
{
	struct get *g = data;
	struct call *c = g->call;
	uint64_t next, end;

	if (!g->begun) {
		g->err = begin(g, c, a);
		if (g->err)
			return g->err;
	}
	next = g->offset + g->done;
	/* all has to come again, and this answer begins in the middle */
	if (g->at > next)
		return HTTP_ENOUGH;
	if (g->at < next) {
		uint64_t skip = next - g->at;

		if (skip > len)
			skip = len;
		g->at += skip;
		bytes += skip;
		len -= skip;
	}
	end = wanted_end(g);
	if (a->status == 206 && len > a->range_last + 1 - g->at)
		return g->err = call_fail(c, DV_E_CORRUPT, "the server sends "
					  "more bytes than it was asked for");
	if (len > end - g->at)
		len = end - g->at;
	if (len) {
		g->err = g->sink->write(g->sink->data, bytes, len);
		if (g->err)
			return g->err;
		g->done += len;
		g->at += len;
		c->progress = g->done - g->before >= PROGRESS_FROM;
	}
	if (g->len == UINT64_MAX || g->done < g->len)
		return 0;
	g->complete = true;
	return a->status == 206 ? 0 : HTTP_ENOUGH;
}

void get_prepare(struct get *g, struct call *c, struct http_request *q)
{
	g->call = c;
	g->before = g->done;
	g->begun = false;
	g->first = g->offset + g->done;
	q->write = take;
	q->data = g;
	q->bulk = g->len >= BULK_FROM;
	if (asks_all(g))
		return;
	if (g->len != UINT64_MAX) {
		http_header(q, "Range: bytes=%" PRIu64 "-%" PRIu64, g->first,
			    g->offset + g->len - 1);
		return;
	}
	/*
	 * One byte too many: there may be none after those we have, and not
	 * all servers can say that.
	 */
	g->first -= g->first > 0;
	http_header(q, "Range: bytes=%" PRIu64 "-", g->first);
}

static int judge_no_range(struct call *c, const struct http_answer *a)
{
	if (a->has_total)
		return call_fail(c, DV_E_CORRUPT, "it has %" PRIu64
				 " bytes, too few for what was asked",
				 a->range_total);
	return call_fail(c, DV_E_CORRUPT, "it has fewer bytes than were "
			 "asked for");
}

bool get_judge(struct get *g, struct call *c, const struct http_answer *a,
	       int *verdict)
{
	if (a->status == 416 && !a->failure) {
		*verdict = judge_no_range(c, a);
		return true;
	}
	if (g->complete) {
		*verdict = CALL_DONE;
		return true;
	}
	if (a->failure || a->status < 200 || a->status > 299)
		return false;
	if (!g->begun) {
		*verdict = begin(g, c, a);	/* an empty body */
		if (*verdict)
			return true;
	}
	if (g->len == UINT64_MAX &&
	    (!g->has_size || g->offset + g->done == g->size)) {
		*verdict = CALL_DONE;
		return true;
	}
	if (g->has_size || a->status == 206)
		*verdict = call_later(c, DV_E_NETWORK, "the answer is %s",
				      "shorter than it should be");
	else
		*verdict = call_fail(c, DV_E_CORRUPT, "it has fewer bytes "
				     "than were asked for");
	return true;
}

static int drop(void *data, const uint8_t *bytes, size_t len)
{
	(void)data;
	(void)bytes;
	(void)len;
	return 0;
}

const struct remote_sink get_nowhere = { .write = drop };

int get_size(const struct get *g, const struct remote *r, const char *name,
	     int err, uint64_t *size)
{
	if (g->has_size || err == DV_E_CORRUPT) {
		/* nothing lies in the first byte of what has no size */
		*size = g->has_size ? g->size : 0;
		return 0;
	}
	if (err)
		return err;
	err = remote_fail(r, DV_E_UNSUPPORTED, name, "the server does not say "
			  "how long it is");
	return r->apart ? dv_hint(err, "download it by another program, then "
				  "dv add") : err;
}
