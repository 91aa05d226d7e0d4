#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "remote/get.h"
#include "remote/webdav.h"

/* HTTP servers: any for reading, those with WebDAV for the rest. */

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

/* --- get --------------------------------------------------------------- */

struct dav_get {
	struct dav_call d;
	struct get get;
};

static int get_prepare_call(struct call *c, struct http_request *q)
{
	struct dav_get *g = (struct dav_get *)c;

	dav_prepare(&g->d, q);
	get_prepare(&g->get, c, q);
	return 0;
}

static int get_judge_call(struct call *c, struct http_answer *a)
{
	struct dav_get *g = (struct dav_get *)c;
	int verdict;

	if (http_good(a))
		dav_worked(&g->d);
	if (get_judge(&g->get, c, a, &verdict) ||
	    call_judge_transport(c, a, &verdict))
		return verdict;
	return dav_judge_refusal(&g->d, a);
}

static int dav_get_range(struct remote *r, const char *name, struct get *get)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dav_get g = {
		.d = {
			.call = CALL_INIT(name, get_prepare_call,
					  get_judge_call),
			.method = "GET",
		},
		.get = *get,
	};
	int err;

	dav_path(r, name, &path);
	g.d.path = path.data;
	err = dav_run(r, &g.d);
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
		.d = {
			.call = CALL_INIT("", get_prepare_call,
					  get_judge_call),
			.method = "GET",
			.headers = headers,
		},
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
	g.d.call.object = shown.data;
	g.d.elsewhere = xstrdup(url);
	return dav_run(r, &g.d);
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

	dav_prepare(&p->d, q);
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
	if (!http_good(a))
		return dav_judge_refusal(&p->d, a);
	dav_worked(&p->d);
	return CALL_DONE;
}

static int dav_post(struct remote *r, const char *name, const char *type,
		    const struct buf *body, const struct remote_sink *sink)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf headers = BUF_INIT;
	struct dav_post p = {
		.d = {
			.call = CALL_INIT(name, post_prepare, post_judge),
			.method = "POST",
			.headers = &headers,
		},
		.source = {
			.bytes = (const uint8_t *)body->data, .fd = -1,
			.len = body->len,
		},
		.sink = sink,
	};

	dav_path(r, name, &path);
	p.d.path = path.data;
	buf_addf(&headers, "Accept: %s", type);
	buf_addch(&headers, 0);
	buf_addf(&headers, "Content-Type: %s", type);
	buf_addch(&headers, 0);
	return dav_run(r, &p.d);
}

/* --- stat -------------------------------------------------------------- */

struct dav_stat {
	struct dav_call d;
	bool has_size;
	struct remote_facts facts;
};

static int stat_judge(struct call *c, struct http_answer *a)
{
	struct dav_stat *s = (struct dav_stat *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (a->status == 405 || a->status == 501)
		return CALL_DONE;	/* no HEAD: ask otherwise */
	if (!http_good(a))
		return dav_judge_refusal(&s->d, a);
	dav_worked(&s->d);
	s->has_size = a->has_length && !a->encoded;
	s->facts.size = a->length;
	http_version(a, s->facts.version);
	return CALL_DONE;
}

/* For servers whose HEAD does not say the length: a GET of one byte. */
static int stat_by_get(struct remote *r, const char *name,
		       struct remote_facts *out)
{
	struct get get = { .offset = 0, .len = 1, .sink = &get_nowhere };
	int err = dav_get_range(r, name, &get);

	return get_size(&get, r, name, err, &out->size);
}

static int dav_stat(struct remote *r, const char *name,
		    struct remote_facts *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dav_stat s = {
		.d = {
			.call = CALL_INIT(name, dav_plain_prepare, stat_judge),
			.method = "HEAD",
		},
	};
	int err;

	dav_path(r, name, &path);
	s.d.path = path.data;
	err = dav_run(r, &s.d);
	if (err)
		return err;
	*out = s.facts;
	return s.has_size ? 0 : stat_by_get(r, name, out);
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
	dav_prepare(&p->d, q);
	http_header(q, "Content-Type: application/octet-stream");
	return 0;
}

static int put_judge(struct call *c, struct http_answer *a)
{
	struct dav_put *p = (struct dav_put *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (http_good(a)) {
		dav_worked(&p->d);
		return CALL_DONE;
	}
	if (a->status == 409 || a->status == 404) {
		p->needs_parent = true;
		return CALL_DONE;
	}
	return dav_judge_refusal(&p->d, a);
}

static int dav_put(struct remote *r, const char *name,
		   const struct remote_source *source,
		   void (*sent)(void *data, int64_t bytes), void *data)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct webdav *w = r->state;
	bool first;
	int err = 0;

	dav_path(r, name, &path);
	pthread_mutex_lock(&w->mutex);
	first = !w->makes_no_folders;
	pthread_mutex_unlock(&w->mutex);
	if (!first)
		err = dav_make_parents(r, name, path.data);
	for (int i = 0; i < 2 && !err; i++) {
		struct dav_put p = {
			.d = {
				.call = CALL_INIT(name, put_prepare, put_judge),
				.method = "PUT",
				.path = path.data,
			},
			.source = source,
			.sent = sent,
			.sent_data = data,
		};

		err = dav_run(r, &p.d);
		if (err || !p.needs_parent)
			return err;
		if (!first || i)
			break;
		pthread_mutex_lock(&w->mutex);
		w->makes_no_folders = true;
		pthread_mutex_unlock(&w->mutex);
		err = dav_make_parents(r, name, path.data);
	}
	return err ? err : remote_fail(r, DV_E_IO, name, "the server takes no "
				       "file here (409)");
}

/* --- remove ------------------------------------------------------------ */

static int remove_judge(struct call *c, struct http_answer *a)
{
	struct dav_call *d = (struct dav_call *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	/* gone after a try whose answer was lost: that was us */
	if (http_good(a) || (a->status == 404 && c->tries)) {
		dav_worked(d);
		return CALL_DONE;
	}
	return dav_judge_refusal(d, a);
}

static int dav_remove(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dav_call d = {
		.call = CALL_INIT(name, dav_plain_prepare, remove_judge),
		.method = "DELETE",
	};

	dav_path(r, name, &path);
	d.path = path.data;
	return dav_run(r, &d);
}

static int dav_remove_folder(struct remote *r, const char *name)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	int err;

	buf_add(&folder, name, path_parent_len(name));
	buf_addch(&folder, '/');
	err = dav_remove(r, folder.data);
	return err == DV_E_NOTFOUND ? 0 : err;
}

static const char *dav_credentials(struct remote *r)
{
	struct webdav *w = r->state;

	return auth_source(&w->auth, r);
}

const struct remote_kind remote_kind_webdav = {
	.open = webdav_open,
	.close = webdav_close,
	.stat = dav_stat,
	.get = dav_get,
	.post = dav_post,
	.get_url = dav_get_url,
	.put = dav_put,
	.list = dav_list,
	.list_files = dav_list_files,
	.remove = dav_remove,
	.remove_folder = dav_remove_folder,
	.credentials = dav_credentials,
};
