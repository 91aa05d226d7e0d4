#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "chunk/sha256.h"
#include "remote/kind.h"

static const struct remote_kind *const kinds[] = {
	[URL_DIR] = &remote_kind_dir,
	[URL_HTTP] = &remote_kind_webdav,
	[URL_S3] = &remote_kind_s3,
};

int remote_fail(const struct remote *r, int code, const char *object,
		const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return dv_fail(code, "%s%s%s%s%s%s: %s", r->apart ? "" : "remote ",
		       r->apart ? "" : r->name, r->apart ? "" : ": ", r->shown,
		       *object ? "/" : "", object, text);
}

int remote_fail_errno(const struct remote *r, const char *object,
		      const char *what)
{
	errno = errno ? errno : EIO;
	return dv_fail_errno("%s%s%s%s%s%s: %s", r->apart ? "" : "remote ",
			     r->apart ? "" : r->name, r->apart ? "" : ": ",
			     r->shown, *object ? "/" : "", object, what);
}

int remote_url_check(const char *url, bool allow_secret)
{
	DV_AUTO_URL struct url u = URL_INIT;
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	int err = url_parse(url, &u);

	if (err || allow_secret || !u.password)
		return err;
	url_show(&u, &shown);
	return dv_hint(dv_fail(DV_E_INVALID, "the URL %s comes with a "
			       "password, which would be committed",
			       shown.data),
		       "leave it out and let git credential keep it, or: dv "
		       "config --local remote.<name>.password");
}

int remote_open(const struct remote_options *o, struct remote **out)
{
	struct remote *r = xcalloc(1, sizeof(*r));
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	int err;

	*out = NULL;
	r->name = xstrdup(o->name && *o->name ? o->name : "(url)");
	r->credential = o->credential;
	r->credential_data = o->data;
	r->apart = o->apart;
	r->whole = o->whole;
	r->query = o->query ? xstrdup(o->query) : NULL;
	err = url_parse(o->url, &r->url);
	if (!err)
		err = remote_settings_read(o, &r->settings);
	if (!err) {
		url_show(&r->url, &shown);
		r->shown = buf_detach(&shown);
		r->place = xstrdup(r->shown);
		r->kind = kinds[r->url.kind];
		err = r->kind->open(r, o);
	}
	if (err) {
		struct error_state why;

		error_save(err, &why);
		remote_close(r);
		return error_restore(&why);
	}
	*out = r;
	return 0;
}

void remote_close(struct remote *r)
{
	if (!r)
		return;
	if (r->kind)
		r->kind->close(r);
	remote_settings_release(&r->settings);
	url_release(&r->url);
	free(r->name);
	free(r->shown);
	free(r->place);
	free(r->query);
	free(r);
}

const char *remote_name(const struct remote *r)
{
	return r->name;
}

const char *remote_url(const struct remote *r)
{
	return r->shown;
}

void remote_key(const struct remote *r, struct dv_id *out)
{
	sha256(r->place, strlen(r->place), out);
}

uint64_t remote_requests(const struct remote *r)
{
	return r->requests;
}

static int check_name(const struct remote *r, const char *name)
{
	if (remote_object_name_ok(name))
		return 0;
	return remote_fail(r, DV_E_INVALID, "", "not a name for an object");
}

int remote_stat(struct remote *r, const char *name, uint64_t *size)
{
	struct remote_facts facts = { 0 };
	int err = check_name(r, name);

	TRACE_REGION("remote: stat");
	if (!err)
		err = r->kind->stat(r, name, &facts);
	if (!err)
		*size = facts.size;
	return err;
}

int remote_get(struct remote *r, const char *name, uint64_t offset,
	       uint64_t len, const struct remote_sink *sink)
{
	int err = check_name(r, name);

	TRACE_REGION("remote: get");
	if (err || !len)
		return err;
	if (offset > INT64_MAX ||
	    (len != UINT64_MAX && len > INT64_MAX - offset))
		return remote_fail(r, DV_E_INVALID, name, "a range beyond "
				   "all sizes");
	return r->kind->get(r, name, offset, len, sink);
}

static int check_path(const struct remote *r, const char *path)
{
	if ((*path || r->query || r->whole) && path_relative_ok(path))
		return 0;
	return remote_fail(r, DV_E_INVALID, "", "not a path below it");
}

int remote_look(struct remote *r, const char *path, struct remote_facts *out)
{
	int err = check_path(r, path);

	TRACE_REGION("remote: stat");
	memset(out, 0, sizeof(*out));
	return err ? err : r->kind->stat(r, path, out);
}

int remote_get_rest(struct remote *r, const char *path, uint64_t offset,
		    const struct remote_sink *sink)
{
	int err = check_path(r, path);

	TRACE_REGION("remote: get");
	return err ? err : r->kind->get(r, path, offset, UINT64_MAX, sink);
}

int remote_list_files(struct remote *r, remote_file_cb *fn, void *data)
{
	TRACE_REGION("remote: list");
	return r->kind->list_files(r, fn, data);
}

int remote_get_file(struct remote *r, const char *path, const char *version,
		    const struct remote_sink *sink)
{
	int err = check_path(r, path);

	TRACE_REGION("remote: get");
	if (err)
		return err;
	if (!version)
		return r->kind->get(r, path, 0, UINT64_MAX, sink);
	if (!r->kind->get_version)
		return remote_fail(r, DV_E_UNSUPPORTED, path, "only buckets "
				   "have versions");
	return r->kind->get_version(r, path, version, sink);
}

struct buf_sink {
	const struct remote *r;
	const char *name;
	struct buf *out;
	size_t start;
	uint64_t limit;
};

static int add_to_buf(void *data, const uint8_t *bytes, size_t len)
{
	struct buf_sink *s = data;

	if (len > s->limit - (s->out->len - s->start))
		return remote_fail(s->r, DV_E_CORRUPT, s->name,
				   "longer than the %llu bytes it may have",
				   (unsigned long long)s->limit);
	buf_add(s->out, bytes, len);
	return 0;
}

static int restart_buf(void *data)
{
	struct buf_sink *s = data;

	buf_setlen(s->out, s->start);
	return 0;
}

int remote_get_buf(struct remote *r, const char *name, uint64_t offset,
		   uint64_t len, uint64_t limit, struct buf *out)
{
	struct buf_sink s = { r, name, out, out->len, limit };
	const struct remote_sink sink = {
		.write = add_to_buf, .restart = restart_buf, .data = &s,
	};
	int err;

	if (len != UINT64_MAX)
		s.limit = len;
	err = remote_get(r, name, offset, len, &sink);
	if (err)
		buf_setlen(out, s.start);
	return err;
}

int remote_post(struct remote *r, const char *name, const char *type,
		const struct buf *body, uint64_t limit, struct buf *out)
{
	TRACE_REGION("remote: post");
	struct buf_sink s = { r, name, out, out->len, limit };
	const struct remote_sink sink = {
		.write = add_to_buf, .restart = restart_buf, .data = &s,
	};
	int err = check_name(r, name);

	if (!err && !r->kind->post)
		err = remote_fail(r, DV_E_UNSUPPORTED, name, "it does not "
				  "speak HTTP");
	if (!err)
		err = r->kind->post(r, name, type, body, &sink);
	if (err)
		buf_setlen(out, s.start);
	return err;
}

int remote_get_url(struct remote *r, const char *url,
		   const struct buf *headers, const struct remote_sink *sink)
{
	TRACE_REGION("remote: get");
	if (!r->kind->get_url)
		return remote_fail(r, DV_E_UNSUPPORTED, "", "it does not "
				   "speak HTTP");
	return r->kind->get_url(r, url, headers, sink);
}

int remote_put(struct remote *r, const char *name,
	       const struct remote_source *source,
	       void (*sent)(void *data, int64_t bytes), void *data)
{
	int err = check_name(r, name);

	TRACE_REGION("remote: put");
	return err ? err : r->kind->put(r, name, source, sent, data);
}

int remote_list(struct remote *r, const char *prefix,
		remote_list_cb *fn,
		void *data)
{
	size_t len = strlen(prefix);

	TRACE_REGION("remote: list");
	if (len) {
		char *folder = xstrdup(prefix);
		bool ok = prefix[len - 1] == '/';

		folder[len - 1] = '\0';
		ok = ok && remote_object_name_ok(folder);
		free(folder);
		if (!ok)
			return remote_fail(r, DV_E_INVALID, "",
					   "not a name for a folder");
	}
	return r->kind->list(r, prefix, fn, data);
}

unsigned remote_list_page(const struct remote *r)
{
	return r->kind->page;
}

int remote_remove(struct remote *r, const char *name)
{
	int err = check_name(r, name);

	TRACE_REGION("remote: remove");
	return err ? err : r->kind->remove(r, name);
}

int remote_remove_folder(struct remote *r, const char *name)
{
	int err = check_name(r, name);

	if (err || !r->kind->remove_folder)
		return err;
	return r->kind->remove_folder(r, name);
}

void remote_terms(struct remote *r, struct remote_terms *out)
{
	*out = (struct remote_terms){
		.credentials = r->kind->credentials ?
			r->kind->credentials(r) : NULL,
		.clock_known = r->clock_known,
		.skew_s = r->skew_s,
	};
}
