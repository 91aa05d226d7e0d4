#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "chunk/sha256.h"
#include "remote/get.h"
#include "remote/s3.h"
#include "remote/s3_sign.h"

/*
 * Buckets of S3 and of servers that speak as it does.  Single PUTs: a pack
 * is far below the 5 GiB that one may have.
 */
#define PUT_MAX		((uint64_t)5 << 30)
#define HASH_BLOCK	((size_t)1 << 20)
#define EMPTY_HASH \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *ca_file(const struct remote *r, const struct s3 *s)
{
	static const char *const variables[] = {
		"AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
	};

	if (r->settings.cafile)
		return r->settings.cafile;
	for (int i = 0; i < 3; i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return value;
		if (!i && s->profile.ca_bundle)
			return s->profile.ca_bundle;
	}
	return NULL;
}

static int s3_open(struct remote *r, const struct remote_options *o)
{
	struct s3 *s = xcalloc(1, sizeof(*s));
	const char *profile = r->settings.profile;
	int err;

	(void)o;
	r->state = s;
	s->bucket = r->url.host;
	s->prefix = r->url.path;
	pthread_mutex_init(&s->mutex, NULL);
	if (!profile)
		profile = getenv("AWS_PROFILE");
	s->profile_name = xstrdup(profile && *profile ? profile : "default");
	err = aws_profile_read(s->profile_name, &s->profile);
	if (!err)
		err = s3_place_init(r, s);
	if (err)
		return err;
	s->chain = credential_chain_new(r, &s->profile, s->profile_name);
	return line_init(&s->line, r, ca_file(r, s));
}

static void s3_close(struct remote *r)
{
	struct s3 *s = r->state;

	if (!s)
		return;
	if (s->chain)
		line_release(&s->line);
	credential_chain_free(s->chain);
	aws_profile_release(&s->profile);
	pthread_mutex_destroy(&s->mutex);
	free(s->profile_name);
	free(s->endpoint);
	free(s->endpoint_path);
	free(s);
}

/* --- requests ---------------------------------------------------------- */

static void add_signed_headers(struct s3_call *q, const char *host,
			       const char *path, struct http_request *out)
{
	DV_AUTO_BUF struct buf authorization = BUF_INIT;
	char date[SIGN_DATE_SIZE];
	struct sign_pair headers[] = {
		{ "host", host },
		{ "x-amz-content-sha256", q->payload_hash },
		{ "x-amz-date", date },
		{ "x-amz-security-token", q->used.session_token },
	};
	size_t count = q->used.session_token ? 4 : 3;
	const struct sign_key key = {
		q->used.access_key, q->used.secret_key, q->used_region, "s3",
	};
	const struct sign_request what = {
		q->method, path, q->query, headers, count, q->payload_hash,
	};

	sign_date(time(NULL) + q->s3->skew_s, date);
	sign_authorization(&what, &key, date, &authorization);
	for (size_t i = 1; i < count; i++)
		http_header(out, "%s: %s", headers[i].name, headers[i].value);
	http_header(out, "Authorization: %s", authorization.data);
}

int s3_prepare(struct s3_call *q, struct http_request *out)
{
	struct s3 *s = q->s3;
	DV_AUTO_BUF struct buf host = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	credentials_release(&q->used);
	err = credential_chain_get(s->chain, &q->used);
	if (err)
		return err;
	s3_region(s, q->used_region);
	s3_host(s, &host);
	s3_path(s, q->key, &path);
	out->method = q->method;
	buf_addf(&out->url, "%s://%s%s%s%s", s->tls ? "https" : "http",
		 host.data, path.data, *q->query ? "?" : "", q->query);
	if (q->used.access_key)
		add_signed_headers(q, host.data, path.data, out);
	return 0;
}

int s3_run(struct remote *r, struct s3_call *q)
{
	struct s3 *s = r->state;
	int err;

	q->call.remote = r;
	q->call.line = &s->line;
	q->s3 = s;
	if (!q->query)
		q->query = "";
	if (!q->payload_hash)
		q->payload_hash = EMPTY_HASH;
	err = call_run(&q->call);
	credentials_release(&q->used);
	return err;
}

/* --- get --------------------------------------------------------------- */

struct s3_get {
	struct s3_call q;
	struct get get;
};

static int get_prepare_call(struct call *c, struct http_request *out)
{
	struct s3_get *g = (struct s3_get *)c;
	int err = s3_prepare(&g->q, out);

	if (!err)
		get_prepare(&g->get, c, out);
	return err;
}

static int get_judge_call(struct call *c, struct http_answer *a)
{
	struct s3_get *g = (struct s3_get *)c;
	int verdict;

	if (http_good(a))
		g->q.s3->bucket_known = true;
	if (get_judge(&g->get, c, a, &verdict) ||
	    call_judge_transport(c, a, &verdict))
		return verdict;
	return s3_judge_refusal(&g->q, a);
}

/* *g says what of it, and by which action if not s3:GetObject. */
static int run_get(struct remote *r, const char *name, struct s3_get *g)
{
	g->q.call = (struct call)CALL_INIT(name, get_prepare_call,
					   get_judge_call);
	g->q.key = name;
	g->q.method = "GET";
	if (!g->q.action)
		g->q.action = "s3:GetObject";
	return s3_run(r, &g->q);
}

static int s3_get(struct remote *r, const char *name, uint64_t offset,
		  uint64_t len, const struct remote_sink *sink)
{
	struct s3_get g = {
		.get = { .offset = offset, .len = len, .sink = sink },
	};

	return run_get(r, name, &g);
}

static int s3_get_version(struct remote *r, const char *name,
			  const char *version, const struct remote_sink *sink)
{
	const struct sign_pair pair = { "versionId", version };
	DV_AUTO_BUF struct buf query = BUF_INIT;
	struct s3_get g = {
		.q = { .action = "s3:GetObjectVersion" },
		.get = { .len = UINT64_MAX, .sink = sink },
	};

	sign_query(&pair, 1, &query);
	g.q.query = query.data;
	return run_get(r, name, &g);
}

/* --- stat -------------------------------------------------------------- */

struct s3_stat {
	struct s3_call q;
	struct remote_facts facts;
	bool unclear;		/* HEAD says no, and cannot say why */
};

static int stat_prepare(struct call *c, struct http_request *out)
{
	return s3_prepare(&((struct s3_stat *)c)->q, out);
}

static int stat_judge(struct call *c, struct http_answer *a)
{
	struct s3_stat *s = (struct s3_stat *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (http_good(a) && a->has_length) {
		s->q.s3->bucket_known = true;
		s->facts.size = a->length;
		http_version(a, s->facts.version);
		return CALL_DONE;
	}
	if (a->status == 404 && s->q.s3->bucket_known)
		return call_fail(c, DV_E_NOTFOUND, "not there");
	if (*a->region && (a->status == 301 || a->status == 400))
		return s3_judge_refusal(&s->q, a);
	if (http_good(a) || (a->status >= 300 && a->status < 500)) {
		s->unclear = true;
		return CALL_DONE;
	}
	return s3_judge_refusal(&s->q, a);
}

/* A GET of one byte, for its words of refusal or its Content-Range. */
static int stat_by_get(struct remote *r, const char *name,
		       struct remote_facts *out)
{
	struct s3_get g = { .get = { .len = 1, .sink = &get_nowhere } };
	int err = run_get(r, name, &g);

	return get_size(&g.get, r, name, err, &out->size);
}

static int s3_stat(struct remote *r, const char *name,
		   struct remote_facts *out)
{
	struct s3_stat s = {
		.q = {
			.call = CALL_INIT(name, stat_prepare,
					  stat_judge),
			.key = name,
			.method = "HEAD",
			.action = "s3:GetObject",
		},
	};
	int err = s3_run(r, &s.q);

	if (!err && s.unclear)
		return stat_by_get(r, name, out);
	if (!err)
		*out = s.facts;
	return err;
}

/* --- put --------------------------------------------------------------- */

struct s3_put {
	struct s3_call q;
	const struct remote_source *source;
	void (*sent)(void *data, int64_t bytes);
	void *sent_data;
};

static int put_prepare(struct call *c, struct http_request *out)
{
	struct s3_put *p = (struct s3_put *)c;

	out->body = p->source;
	out->sent = p->sent;
	out->sent_data = p->sent_data;
	http_header(out, "Content-Type: application/octet-stream");
	return s3_prepare(&p->q, out);
}

int s3_judge_plain(struct call *c, struct http_answer *a)
{
	struct s3_call *q = (struct s3_call *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (!http_good(a))
		return s3_judge_refusal(q, a);
	q->s3->bucket_known = true;
	return CALL_DONE;
}

/* So that the server can tell when it received something else. */
static int hash_source(const struct remote_source *source, char *hex)
{
	DV_AUTO_BUF struct buf block = BUF_INIT;
	struct sha256_stream *stream;
	struct dv_id hash;
	uint64_t done = 0;
	int err = 0;

	if (source->bytes) {
		sha256(source->bytes, source->len, &hash);
		dv_id_to_hex(&hash, hex);
		return 0;
	}
	buf_reserve(&block, HASH_BLOCK);
	stream = sha256_begin();
	while (done < source->len && !err) {
		uint64_t left = source->len - done;
		ssize_t n = pread(source->fd, block.data,
				  left < HASH_BLOCK ? left : HASH_BLOCK,
				  source->offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n ? dv_fail_errno("cannot read what is to be "
						"sent") :
			      dv_fail(DV_E_CHANGED, "a file became shorter "
				      "while it was sent");
			break;
		}
		sha256_update(stream, block.data, n);
		done += n;
		err = cancel_check();
	}
	sha256_end(stream, &hash);
	dv_id_to_hex(&hash, hex);
	return err;
}

static int s3_put(struct remote *r, const char *name,
		  const struct remote_source *source,
		  void (*sent)(void *data, int64_t bytes), void *data)
{
	char hash[DV_ID_HEX + 1];
	struct s3_put p = {
		.q = {
			.call = CALL_INIT(name, put_prepare,
					  s3_judge_plain),
			.key = name,
			.method = "PUT",
			.action = "s3:PutObject",
			.payload_hash = hash,
		},
		.source = source,
		.sent = sent,
		.sent_data = data,
	};
	int err;

	if (source->len > PUT_MAX)
		return remote_fail(r, DV_E_UNSUPPORTED, name, "more than the "
				   "5 GiB that S3 takes at once");
	err = hash_source(source, hash);
	return err ? err : s3_run(r, &p.q);
}

/* --- remove ------------------------------------------------------------ */

static int plain_prepare(struct call *c, struct http_request *out)
{
	return s3_prepare((struct s3_call *)c, out);
}

/* S3 does not say whether there was something to remove. */
static int s3_remove(struct remote *r, const char *name)
{
	struct s3_call q = {
		.call = CALL_INIT(name, plain_prepare, s3_judge_plain),
		.key = name,
		.method = "DELETE",
		.action = "s3:DeleteObject",
	};

	return s3_run(r, &q);
}

static const char *s3_credentials(struct remote *r)
{
	struct s3 *s = r->state;
	const char *source = credential_chain_source(s->chain);

	if (*source)
		return source;
	return r->settings.anonymous ? "none, as its setting anonymous says" :
		"none found";
}

const struct remote_kind remote_kind_s3 = {
	.open = s3_open,
	.close = s3_close,
	.stat = s3_stat,
	.get = s3_get,
	.get_version = s3_get_version,
	.put = s3_put,
	.list = s3_list,
	.list_files = s3_list_files,
	.remove = s3_remove,
	.credentials = s3_credentials,
	.page = 1000,
};
