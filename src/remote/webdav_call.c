/* Requests to HTTP servers: where they go, who we are, what is refused. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/error.h"
#include "base/memory.h"
#include "remote/webdav.h"

#define REDIRECTS_MAX	5

static void wipe_user(struct dav_call *d)
{
	free(d->user);
	secret_free(d->password);
	d->user = d->password = NULL;
}

/* True when `url` has the scheme, host and port of the remote's. */
static bool same_root(const struct webdav *w, const char *url)
{
	size_t len = strlen(w->root);

	return !strncmp(url, w->root, len) && strchr("/?", url[len]);
}

static bool has_header(const struct buf *headers, const char *name)
{
	for (size_t at = 0; at < headers->len;
	     at += strlen(headers->data + at) + 1)
		if (!strncasecmp(headers->data + at, name, strlen(name)))
			return true;
	return false;
}

void dav_prepare(struct dav_call *d, struct http_request *q)
{
	const char *url = d->elsewhere;

	q->method = d->method;
	if (url)
		buf_addstr(&q->url, url);
	else
		buf_addf(&q->url, "%s%s", d->dav->root, d->path);
	/* who we are is nobody else's business */
	wipe_user(d);
	d->version = 0;
	if (d->headers && !d->redirects)
		buf_add(&q->headers, d->headers->data, d->headers->len);
	if (d->headers && has_header(d->headers, "Authorization:"))
		return;
	if (!url || same_root(d->dav, url))
		auth_apply(&d->dav->auth, d->call.remote, q, &d->user,
			   &d->password, &d->version);
}

int dav_plain_prepare(struct call *c, struct http_request *q)
{
	dav_prepare((struct dav_call *)c, q);
	return 0;
}

int dav_run(struct remote *r, struct dav_call *d)
{
	struct webdav *w = r->state;
	int err;

	d->call.remote = r;
	d->call.line = &w->line;
	d->dav = w;
	err = call_run(&d->call);
	wipe_user(d);
	free(d->elsewhere);
	d->elsewhere = NULL;
	return err;
}

/* The Location as a whole URL, or false when it leads to no HTTP server. */
static bool resolve(const struct dav_call *d, const char *location,
		    struct buf *out)
{
	const char *now = d->elsewhere ? d->elsewhere : d->dav->root;
	DV_AUTO_BUF struct buf bare = BUF_INIT;
	DV_AUTO_URL struct url u = URL_INIT;

	if (location[0] == '/' && location[1] != '/')
		buf_add(out, now, strcspn(strstr(now, "://") + 3, "/?#") +
			(strstr(now, "://") + 3 - now));
	buf_addstr(out, location);
	buf_add(&bare, out->data, strcspn(out->data, "?#"));
	if (url_parse(bare.data, &u) || u.kind != URL_HTTP || u.user)
		return false;
	/* from https to http: what was meant to be hidden no longer is */
	return u.tls || strncmp(now, "https:", 6) != 0;
}

static int judge_redirect(struct dav_call *d, const struct http_answer *a)
{
	struct call *c = &d->call;
	DV_AUTO_BUF struct buf to = BUF_INIT;
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	bool reads = !strcmp(d->method, "GET") || !strcmp(d->method, "HEAD");
	bool usable = *a->location && resolve(d, a->location, &to);

	if (usable && reads && d->redirects++ < REDIRECTS_MAX) {
		free(d->elsewhere);
		d->elsewhere = buf_detach(&to);
		return CALL_AGAIN;
	}
	url_redact(*a->location ? a->location : "nowhere", &shown);
	if (usable && reads)
		return call_fail(c, DV_E_UNSUPPORTED, "the server sends %s "
				 "elsewhere (%d) again and again, now to %s",
				 d->method, a->status, shown.data);
	call_fail(c, DV_E_UNSUPPORTED, "the server sends %s elsewhere (%d), "
		  "to %s", d->method, a->status, shown.data);
	if (c->remote->apart)
		return dv_hint(c->code, "take the URL where it is now");
	return dv_hint(c->code, "is that where the remote is now?  then: dv "
		       "remote set-url %s <url>", c->remote->name);
}

int dav_judge_refusal(struct dav_call *d, const struct http_answer *a)
{
	struct call *c = &d->call;
	const char *status = http_status_text(a->status);

	if (a->status == 401 && d->elsewhere &&
	    !same_root(d->dav, d->elsewhere))
		return call_fail(c, DV_E_AUTH, "the server sends us to one "
				 "that wants a password (401)");
	if (a->status == 401)
		return auth_refused(&d->dav->auth, c, d->version);
	if (retry_class_of_status(a->status) == RETRY_STATUS) {
		call_later(c, DV_E_NETWORK, "the server is in trouble: %s",
			   status);
		dv_hint(c->code, "try again later; what has arrived is not "
			"sent twice");
		return CALL_LATER;
	}
	switch (a->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return judge_redirect(d, a);
	case 403:
		call_fail(c, DV_E_AUTH, "access denied: %s", status);
		return dv_hint(c->code, "the server knows who you are and "
			       "does not allow %s here", d->method);
	case 404:
	case 410:
		return call_fail(c, DV_E_NOTFOUND, "not there");
	case 405:
	case 501:
		call_fail(c, DV_E_UNSUPPORTED, "the server does not do %s: "
			  "%s", d->method, status);
		return dv_hint(c->code, "it can be read from; for writing it "
			       "needs WebDAV");
	case 413:
		call_fail(c, DV_E_UNSUPPORTED, "too much for the server: %s",
			  status);
		return dv_hint(c->code, "raise its limit "
			       "(client_max_body_size, LimitRequestBody)");
	case 507:
		return call_fail(c, DV_E_NOSPACE, "the server has no room: "
				 "%s", status);
	default:
		return call_fail(c, DV_E_NETWORK, "unexpected answer: %s",
				 status);
	}
}

void dav_worked(struct dav_call *d)
{
	if (!d->elsewhere)
		auth_worked(&d->dav->auth, d->call.remote, d->version);
}

void dav_path(const struct remote *r, const char *name, struct buf *out)
{
	buf_addf(out, "%s%s", r->url.path, r->whole ? "" : "/");
	url_escape(name, true, out);
	if (r->query)
		buf_addf(out, "?%s", r->query);
}
