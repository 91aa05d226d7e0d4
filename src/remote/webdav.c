#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/error.h"
#include "remote/get.h"
#include "remote/webdav.h"

/*
 * HTTP servers: any for reading, those with WebDAV for writing.  Nothing is
 * listed.
 */
#define REDIRECTS_MAX	5

static const char *ca_file(const struct remote *r)
{
	static const char *const variables[] = {
		"CURL_CA_BUNDLE", "SSL_CERT_FILE",
	};

	if (r->settings.cafile)
		return r->settings.cafile;
	for (int i = 0; i < 2; i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

static int webdav_open(struct remote *r, const struct remote_options *o)
{
	struct webdav *w = xcalloc(1, sizeof(*w));
	DV_AUTO_BUF struct buf root = BUF_INIT;

	(void)o;
	r->state = w;
	pthread_mutex_init(&w->mutex, NULL);
	auth_init(&w->auth, r);
	buf_addstr(&root, r->url.tls ? "https://" : "http://");
	url_authority(&r->url, &root);
	w->root = buf_detach(&root);
	return line_init(&w->line, r, ca_file(r));
}

static void webdav_close(struct remote *r)
{
	struct webdav *w = r->state;

	if (!w)
		return;
	line_release(&w->line);
	auth_release(&w->auth);
	pthread_mutex_destroy(&w->mutex);
	for (size_t i = 0; i < w->made_count; i++)
		free(w->made[i]);
	free(w->made);
	free(w->root);
	free(w);
}

/* --- requests ---------------------------------------------------------- */

struct dav_call {
	struct call call;
	struct webdav *dav;
	const char *method;
	const char *path;	/* escaped, below the root; begins with '/' */
	char *elsewhere;	/* owned; where we were sent, a whole URL */
	unsigned redirects;
	unsigned version;	/* of the credentials in the try judged */
	char *user, *password;	/* owned; in use by the try */
	const struct buf *headers;	/* more of them, for the first place
					   asked; or NULL */
};

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

static void prepare(struct dav_call *d, struct http_request *q)
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

static int run(struct remote *r, const char *object, struct dav_call *d,
	       int (*prepare_fn)(struct call *c, struct http_request *q),
	       int (*judge_fn)(struct call *c, struct http_answer *a))
{
	struct webdav *w = r->state;
	int err;

	d->call.remote = r;
	d->call.line = &w->line;
	d->call.object = object;
	d->call.prepare = prepare_fn;
	d->call.judge = judge_fn;
	d->dav = w;
	err = call_run(&d->call);
	wipe_user(d);
	free(d->elsewhere);
	d->elsewhere = NULL;
	return err;
}

static bool good(const struct http_answer *a)
{
	return a->status >= 200 && a->status <= 299;
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
	call_fail(c, DV_E_UNSUPPORTED, "the server sends %s elsewhere (%d), "
		  "to %s", d->method, a->status, shown.data);
	return dv_hint(c->code, "is that where the remote is now?  then: dv "
		       "remote set-url %s <url>", c->remote->name);
}

/* Statuses that mean the same for all methods. */
static int judge_refusal(struct dav_call *d, const struct http_answer *a)
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

static void worked(struct dav_call *d)
{
	if (!d->elsewhere)
		auth_worked(&d->dav->auth, d->call.remote, d->version);
}

static void object_path(const struct remote *r, const char *name,
			struct buf *out)
{
	buf_addf(out, "%s/", r->url.path);
	url_escape(name, true, out);
}

/* --- get --------------------------------------------------------------- */

struct dav_get {
	struct dav_call d;
	struct get get;
};

static int get_prepare_call(struct call *c, struct http_request *q)
{
	struct dav_get *g = (struct dav_get *)c;

	prepare(&g->d, q);
	get_prepare(&g->get, c, q);
	return 0;
}

static int get_judge_call(struct call *c, struct http_answer *a)
{
	struct dav_get *g = (struct dav_get *)c;
	int verdict;

	if (good(a))
		worked(&g->d);
	if (get_judge(&g->get, c, a, &verdict) ||
	    call_judge_transport(c, a, &verdict))
		return verdict;
	return judge_refusal(&g->d, a);
}

static int dav_get_range(struct remote *r, const char *name, struct get *get)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dav_get g = { .d = { .method = "GET" }, .get = *get };
	int err;

	object_path(r, name, &path);
	g.d.path = path.data;
	err = run(r, name, &g.d, get_prepare_call, get_judge_call);
	*get = g.get;
	return err;
}

static int dav_get(struct remote *r, const char *name, uint64_t offset,
		   uint64_t len, const struct remote_sink *sink)
{
	struct get get = { .offset = offset, .len = len, .sink = sink };

	return dav_get_range(r, name, &get);
}

static int dav_get_url(struct remote *r, const char *url,
		       const struct buf *headers,
		       const struct remote_sink *sink)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	struct dav_get g = {
		.d = { .method = "GET", .headers = headers },
		.get = { .len = UINT64_MAX, .sink = sink },
	};
	struct url u;
	bool usable;

	buf_add(&shown, url, strcspn(url, "?#"));
	usable = !url_parse(shown.data, &u) && u.kind == URL_HTTP && !u.user;
	url_release(&u);
	if (!usable || strpbrk(url, " \r\n\t"))
		return remote_fail(r, DV_E_INVALID, "", "the server names a "
				   "URL that is none");
	buf_clear(&shown);
	url_redact(url, &shown);
	g.d.elsewhere = xstrdup(url);
	return run(r, shown.data, &g.d, get_prepare_call, get_judge_call);
}

/* --- post -------------------------------------------------------------- */

struct dav_post {
	struct dav_call d;
	struct remote_source source;
	const struct remote_sink *sink;
	int err;
};

static int post_take(void *data, const struct http_answer *a,
		     const uint8_t *bytes, size_t len)
{
	struct dav_post *p = data;

	(void)a;
	p->err = p->sink->write(p->sink->data, bytes, len);
	return p->err;
}

static int post_prepare(struct call *c, struct http_request *q)
{
	struct dav_post *p = (struct dav_post *)c;

	prepare(&p->d, q);
	q->body = &p->source;
	q->write = post_take;
	q->data = p;
	return p->sink->restart(p->sink->data);
}

static int post_judge(struct call *c, struct http_answer *a)
{
	struct dav_post *p = (struct dav_post *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (!good(a))
		return judge_refusal(&p->d, a);
	worked(&p->d);
	return CALL_DONE;
}

static int dav_post(struct remote *r, const char *name, const char *type,
		    const struct buf *body, const struct remote_sink *sink)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf headers = BUF_INIT;
	struct dav_post p = {
		.d = { .method = "POST", .headers = &headers },
		.source = {
			.bytes = (const uint8_t *)body->data, .fd = -1,
			.len = body->len,
		},
		.sink = sink,
	};

	object_path(r, name, &path);
	p.d.path = path.data;
	buf_addf(&headers, "Accept: %s", type);
	buf_addch(&headers, 0);
	buf_addf(&headers, "Content-Type: %s", type);
	buf_addch(&headers, 0);
	return run(r, name, &p.d, post_prepare, post_judge);
}

/* --- stat -------------------------------------------------------------- */

struct dav_stat {
	struct dav_call d;
	bool has_size;
	struct remote_facts facts;
};

static int stat_prepare(struct call *c, struct http_request *q)
{
	prepare(&((struct dav_stat *)c)->d, q);
	return 0;
}

static int stat_judge(struct call *c, struct http_answer *a)
{
	struct dav_stat *s = (struct dav_stat *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (a->status == 405 || a->status == 501)
		return CALL_DONE;	/* no HEAD: ask otherwise */
	if (!good(a))
		return judge_refusal(&s->d, a);
	worked(&s->d);
	s->has_size = a->has_length && !a->encoded;
	s->facts.size = a->length;
	http_version(a, s->facts.version);
	return CALL_DONE;
}

static int drop(void *data, const uint8_t *bytes, size_t len)
{
	(void)data;
	(void)bytes;
	(void)len;
	return 0;
}

/* For servers whose HEAD does not say the length: a GET of one byte. */
static int stat_by_get(struct remote *r, const char *name,
		       struct remote_facts *out)
{
	static const struct remote_sink nowhere = { .write = drop };
	struct get get = { .offset = 0, .len = 1, .sink = &nowhere };
	int err = dav_get_range(r, name, &get);

	if (get.has_size) {
		out->size = get.size;
		return 0;
	}
	if (err == DV_E_CORRUPT) {
		out->size = 0;	/* nothing lies in its first byte */
		return 0;
	}
	return err ? err : remote_fail(r, DV_E_UNSUPPORTED, name, "the "
				       "server does not say how long it is");
}

static int dav_stat(struct remote *r, const char *name,
		    struct remote_facts *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dav_stat s = { .d = { .method = "HEAD" } };
	int err;

	object_path(r, name, &path);
	s.d.path = path.data;
	err = run(r, name, &s.d, stat_prepare, stat_judge);
	if (!err && !s.has_size)
		return stat_by_get(r, name, out);
	if (!err)
		*out = s.facts;
	return err;
}

/* --- folders ----------------------------------------------------------- */

struct dav_folder {
	struct dav_call d;
	bool needs_parent;
};

static int folder_prepare(struct call *c, struct http_request *q)
{
	prepare(&((struct dav_folder *)c)->d, q);
	return 0;
}

static int folder_judge(struct call *c, struct http_answer *a)
{
	struct dav_folder *f = (struct dav_folder *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	/* 405, 301: it is there already */
	if (good(a) || a->status == 405 || a->status == 301)
		return CALL_DONE;
	/* what Apache says when another one made it at the same moment */
	if (a->status == 403 && !c->repairs)
		return CALL_AGAIN;
	f->needs_parent = a->status == 409 || a->status == 404;
	return f->needs_parent ? CALL_DONE : judge_refusal(&f->d, a);
}

static bool is_made(struct webdav *w, const char *path)
{
	bool found = false;

	pthread_mutex_lock(&w->mutex);
	for (size_t i = 0; i < w->made_count && !found; i++)
		found = !strcmp(w->made[i], path);
	pthread_mutex_unlock(&w->mutex);
	return found;
}

static void note_made(struct webdav *w, const char *path)
{
	pthread_mutex_lock(&w->mutex);
	ARRAY_GROW(w->made, w->made_count + 1, w->made_room);
	w->made[w->made_count++] = xstrdup(path);
	pthread_mutex_unlock(&w->mutex);
}

/*
 * Makes the folder `path` ("/a/b/") and, from there upwards, as many above it
 * as it takes.  depth is how often it has gone up.
 */
static int make_folder(struct remote *r, const char *object,
		       const char *path, int depth)
{
	struct dav_folder f = { .d = { .method = "MKCOL", .path = path } };
	DV_AUTO_BUF struct buf above = BUF_INIT;
	struct webdav *w = r->state;
	size_t len = strlen(path);
	int err;

	if (is_made(w, path))
		return 0;
	for (int i = 0; i < 2; i++) {
		f.needs_parent = false;
		f.d.call = (struct call){ .remote = NULL };
		err = run(r, object, &f.d, folder_prepare, folder_judge);
		if (err)
			return err;
		if (!f.needs_parent) {
			note_made(w, path);
			return 0;
		}
		if (i || depth > 64 || len < 2)
			break;
		buf_add(&above, path, len - 1);
		while (above.len && above.data[above.len - 1] != '/')
			buf_setlen(&above, above.len - 1);
		if (above.len < 2)
			break;
		err = make_folder(r, object, above.data, depth + 1);
		if (err)
			return err;
	}
	return remote_fail(r, DV_E_IO, object, "the server does not make the "
			   "folder %s (409)", path);
}

static int make_parents(struct remote *r, const char *name, const char *path)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;

	buf_add(&folder, path, strrchr(path, '/') + 1 - path);
	return make_folder(r, name, folder.data, 0);
}

/* --- put --------------------------------------------------------------- */

struct dav_put {
	struct dav_call d;
	const struct remote_source *source;
	void (*sent)(void *data, int64_t bytes);
	void *sent_data;
	bool needs_parent;
};

static int put_prepare(struct call *c, struct http_request *q)
{
	struct dav_put *p = (struct dav_put *)c;

	q->body = p->source;
	q->sent = p->sent;
	q->sent_data = p->sent_data;
	prepare(&p->d, q);
	http_header(q, "Content-Type: application/octet-stream");
	return 0;
}

static int put_judge(struct call *c, struct http_answer *a)
{
	struct dav_put *p = (struct dav_put *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (good(a)) {
		worked(&p->d);
		return CALL_DONE;
	}
	if (a->status == 409 || a->status == 404) {
		p->needs_parent = true;
		return CALL_DONE;
	}
	return judge_refusal(&p->d, a);
}

static int dav_put(struct remote *r, const char *name,
		   const struct remote_source *source,
		   void (*sent)(void *data, int64_t bytes), void *data)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct webdav *w = r->state;
	bool first;
	int err = 0;

	object_path(r, name, &path);
	pthread_mutex_lock(&w->mutex);
	first = !w->makes_no_folders;
	pthread_mutex_unlock(&w->mutex);
	if (!first)
		err = make_parents(r, name, path.data);
	for (int i = 0; i < 2 && !err; i++) {
		struct dav_put p = {
			.d = { .method = "PUT", .path = path.data },
			.source = source,
			.sent = sent,
			.sent_data = data,
		};

		err = run(r, name, &p.d, put_prepare, put_judge);
		if (err || !p.needs_parent)
			return err;
		if (!first || i)
			break;
		pthread_mutex_lock(&w->mutex);
		w->makes_no_folders = true;
		pthread_mutex_unlock(&w->mutex);
		err = make_parents(r, name, path.data);
	}
	return err ? err : remote_fail(r, DV_E_IO, name, "the server takes no "
				       "file here (409)");
}

/* --- remove ------------------------------------------------------------ */

static int remove_prepare(struct call *c, struct http_request *q)
{
	prepare((struct dav_call *)c, q);
	return 0;
}

static int remove_judge(struct call *c, struct http_answer *a)
{
	struct dav_call *d = (struct dav_call *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	/* gone after a try whose answer was lost: that was us */
	if (good(a) || (a->status == 404 && c->tries)) {
		worked(d);
		return CALL_DONE;
	}
	return judge_refusal(d, a);
}

static int dav_remove(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dav_call d = { .method = "DELETE" };

	object_path(r, name, &path);
	d.path = path.data;
	return run(r, name, &d, remove_prepare, remove_judge);
}

const struct remote_kind remote_kind_webdav = {
	.open = webdav_open,
	.close = webdav_close,
	.stat = dav_stat,
	.get = dav_get,
	.post = dav_post,
	.get_url = dav_get_url,
	.put = dav_put,
	.remove = dav_remove,
	.page = 0,
};
