#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "remote/url.h"

#define URL_MAX		4096	/* bytes of a URL that is looked at */

static bool unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || strchr("-._~", c);
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *copy(const char *text, size_t len)
{
	char *out = xmalloc(len + 1);

	memcpy(out, text, len);
	out[len] = '\0';
	return out;
}

char *url_decode(const char *text, size_t len)
{
	char *out = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c == '%') {
			int high = len - i > 2 ? hex_value(text[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_value(text[i + 2]);

			c = low < 0 ? 0 : high << 4 | low;
			i += 2;
		}
		if (!c) {
			free(out);
			return NULL;
		}
		out[n++] = c;
	}
	out[n] = '\0';
	return out;
}

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

char *url_unescape(const char *text, size_t len)
{
	char *out = url_decode(text, len);

	if (!out || !has_control(out))
		return out;
	free(out);
	return NULL;
}

static void add_escaped(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	buf_addch(out, '%');
	buf_addch(out, digits[c >> 4]);
	buf_addch(out, digits[c & 15]);
}

void url_escape(const char *text, bool keep_slash, struct buf *out)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (unreserved(c) || (keep_slash && c == '/'))
			buf_addch(out, c);
		else
			add_escaped(out, c);
	}
}

/* --- refusing ---------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static int refuse(const char *text, const char *fmt, ...)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	DV_AUTO_BUF struct buf why = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&why, fmt, ap);
	va_end(ap);
	url_redact(text, &shown);
	return dv_fail(DV_E_INVALID, "bad remote URL %s: %s", shown.data,
		       why.data);
}

/* The parts between slashes: none empty, "." or "..". */
static bool parts_ok(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (!len || (path[0] == '.' &&
			     (len == 1 || (len == 2 && path[1] == '.'))))
			return false;
		path += len;
		if (*path && !*++path)
			return false;
	}
	return true;
}

bool remote_object_name_ok(const char *name)
{
	if (!*name || name[0] == '/' || !parts_ok(name) || strlen(name) > 512)
		return false;
	for (; *name; name++) {
		if (!(*name >= 'a' && *name <= 'z') &&
		    !(*name >= '0' && *name <= '9') && !strchr("./-", *name))
			return false;
	}
	return true;
}

/* --- the kinds --------------------------------------------------------- */

static size_t trimmed_len(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

static int parse_dir(const char *text, const char *path, struct url *out)
{
	out->kind = URL_DIR;
	if (!*path)
		return refuse(text, "it is empty");
	if (has_control(path))
		return refuse(text, "control characters");
	if (path[0] == '/' && path[trimmed_len(path) - 1] == '/')
		return refuse(text, "the root folder cannot be a remote");
	out->path = copy(path, trimmed_len(path));
	return 0;
}

static int parse_file(const char *text, struct url *out)
{
	const char *path = text + strlen("file://");
	char *decoded;
	int err;

	if (!strncmp(path, "localhost/", strlen("localhost/")))
		path += strlen("localhost");
	if (path[0] != '/')
		return refuse(text, "file:// takes an absolute path, "
			      "as in file:///srv/data");
	decoded = url_unescape(path, strlen(path));
	if (!decoded)
		return refuse(text, "bad %% escape");
	err = parse_dir(text, decoded, out);
	free(decoded);
	return err;
}

static bool bucket_ok(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > 255 || !isalnum((unsigned char)name[0]) ||
	    strstr(name, ".."))
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("-._", *name))
			return false;
	}
	return true;
}

static int parse_s3(const char *text, struct url *out)
{
	const char *bucket = text + strlen("s3://");
	size_t len = strcspn(bucket, "/");
	const char *prefix = bucket + len;

	out->kind = URL_S3;
	out->tls = true;
	if (memchr(bucket, '@', len))
		return dv_hint(refuse(text, "an s3:// URL takes no user or "
				      "key"),
			       "keys go to AWS_ACCESS_KEY_ID, a profile, or "
			       "dv config --local remote.<name>.accesskeyid");
	out->host = copy(bucket, len);
	if (!bucket_ok(out->host))
		return refuse(text, "not a bucket's name");
	while (*prefix == '/')
		prefix++;
	len = strlen(prefix);
	while (len && prefix[len - 1] == '/')
		len--;
	out->path = copy(prefix, len);
	if (has_control(out->path))
		return refuse(text, "control characters");
	if (!parts_ok(out->path))
		return refuse(text, "empty, \".\" and \"..\" parts do not "
			      "work everywhere");
	return 0;
}

static bool host_ok(const char *host)
{
	size_t len = strlen(host);

	if (host[0] == '[')
		return len > 3 && host[len - 1] == ']' &&
		       strspn(host + 1, "0123456789abcdefABCDEF:.") == len - 2;
	if (!len || len > 253)
		return false;
	for (; *host; host++) {
		if (!isalnum((unsigned char)*host) && !strchr("-._", *host))
			return false;
	}
	return true;
}

/* host[:port], the len bytes at `at` */
static int parse_authority(const char *text, const char *at, size_t len,
			   struct url *out)
{
	size_t host = len;
	unsigned port = 0;

	while (host && at[host - 1] >= '0' && at[host - 1] <= '9')
		host--;
	if (host && at[host - 1] == ':') {
		if (host == len || len - host > 5)
			return refuse(text, "bad port");
		for (size_t i = host; i < len; i++)
			port = port * 10 + (at[i] - '0');
		if (!port || port > 65535)
			return refuse(text, "bad port");
		len = host - 1;
	}
	out->host = copy(at, len);
	out->port = port == (out->tls ? 443 : 80) ? 0 : port;
	for (char *p = out->host; *p; p++)
		*p = tolower((unsigned char)*p);
	if (!host_ok(out->host))
		return refuse(text, "bad host name");
	return 0;
}

static int parse_user(const char *text, const char *at, size_t len,
		      struct url *out)
{
	const char *colon = memchr(at, ':', len);
	size_t user = colon ? (size_t)(colon - at) : len;

	out->user = url_unescape(at, user);
	if (colon)
		out->password = url_unescape(colon + 1, len - user - 1);
	if (!out->user || (colon && !out->password))
		return refuse(text, "bad %% escape before the '@'");
	if (!*out->user)
		return refuse(text, "no user before the '@'");
	return 0;
}

/* Escapes what may not stand in a path and keeps escapes as they are. */
static int parse_http_path(const char *text, const char *path,
			   struct url *out)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	for (const char *p = path; *p; p++) {
		unsigned char c = *p;

		if (c == '%' && (hex_value(p[1]) < 0 || hex_value(p[2]) < 0))
			return refuse(text, "bad %% escape");
		if (c < 0x20 || c == 0x7f)
			return refuse(text, "control characters");
		if (unreserved(c) || strchr("/%!$&'()*+,;=:@", c))
			buf_addch(&b, c);
		else
			add_escaped(&b, c);
	}
	while (b.len && b.data[b.len - 1] == '/')
		buf_setlen(&b, b.len - 1);
	if (b.len && !parts_ok(b.data + 1))
		return refuse(text, "empty, \".\" and \"..\" parts do not "
			      "work everywhere");
	out->path = buf_detach(&b);
	return 0;
}

static int parse_http(const char *text, struct url *out)
{
	const char *at = strstr(text, "://") + 3;
	size_t len = strcspn(at, "/?#");
	const char *end = at + len;
	const char *sign = memrchr(at, '@', len);
	int err = 0;

	out->kind = URL_HTTP;
	out->tls = text[4] == 's' || text[4] == 'S';
	if (end[strcspn(end, "?#")])
		return refuse(text, "a query or fragment cannot be used");
	if (sign) {
		err = parse_user(text, at, sign - at, out);
		at = sign + 1;
	}
	if (!err)
		err = parse_authority(text, at, end - at, out);
	return err ? err : parse_http_path(text, end, out);
}

/* A scheme dv does not know; says so, with the way that is likely meant. */
static int refuse_scheme(const char *text, size_t len)
{
	int err = refuse(text, "dv has no remotes of the kind %.*s://",
			 (int)(len > 20 ? 20 : len), text);

	if (!strncasecmp(text, "gs:", 3) || !strncasecmp(text, "gcs:", 4))
		return dv_hint(err, "Google Cloud Storage also speaks S3: use "
			       "s3://<bucket> with endpointurl "
			       "https://storage.googleapis.com");
	return dv_hint(err, "use a path, file://, http://, https:// or s3://");
}

int url_parse(const char *text, struct url *out)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	*out = (struct url)URL_INIT;
	if (strlen(text) > URL_MAX)
		return refuse("", "it is longer than %d bytes", URL_MAX);
	if (len && !strncmp(text + len, "://", 3)) {
		if (len == 4 && !strncasecmp(text, "file", 4))
			return parse_file(text, out);
		if ((len == 4 && !strncasecmp(text, "http", 4)) ||
		    (len == 5 && !strncasecmp(text, "https", 5)))
			return parse_http(text, out);
		if (len == 2 && !strncasecmp(text, "s3", 2))
			return parse_s3(text, out);
		return refuse_scheme(text, len);
	}
	if (text[strcspn(text, ":/")] == ':')
		return dv_hint(refuse(text, "host:path (SSH) is not a kind of "
				      "remote"),
			       "a folder whose name has a ':' is written ./%s",
			       "<name>");
	return parse_dir(text, text, out);
}

void url_release(struct url *u)
{
	secret_free(u->user);
	secret_free(u->password);
	free(u->host);
	free(u->path);
	*u = (struct url)URL_INIT;
}

int url_dir_path(const char *path, const char *base_dir, struct buf *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_BUF struct buf clean = BUF_INIT;

	if (*path == '/') {
		buf_addstr(out, path);
		return 0;
	}
	buf_addf(&full, "%s/%s", base_dir, path);
	if (path_inside("", "", full.data, &clean))
		return refuse(path, "it leads out of the file system");
	if (!clean.len)
		return refuse(path, "the root folder cannot be a remote");
	buf_addf(out, "/%s", clean.data);
	return 0;
}

/* --- showing ----------------------------------------------------------- */

void url_authority(const struct url *u, struct buf *out)
{
	buf_addstr(out, u->host);
	if (u->port)
		buf_addf(out, ":%u", u->port);
}

void url_show(const struct url *u, struct buf *out)
{
	switch (u->kind) {
	case URL_DIR:
		path_quote(u->path, out);
		return;
	case URL_S3:
		buf_addf(out, "s3://%s%s%s", u->host, *u->path ? "/" : "",
			 u->path);
		return;
	case URL_HTTP:
		buf_addstr(out, u->tls ? "https://" : "http://");
		url_authority(u, out);
		buf_addstr(out, u->path);
		return;
	}
}

/* True when at[0..len) can be host[:port] and nothing else. */
static bool plain_authority(const char *at, size_t len)
{
	size_t host = 0;

	if (len && at[0] == '[')
		host = strcspn(at, "]") + 1;
	while (host < len && (isalnum((unsigned char)at[host]) ||
			      strchr("-._", at[host])))
		host++;
	if (host < len && at[host] == ':')
		host++;
	while (host < len && isdigit((unsigned char)at[host]))
		host++;
	return host >= len;
}

void url_redact(const char *text, struct buf *out)
{
	const char *at = strstr(text, "://");
	const char *end, *sign;

	if (at) {
		at += 3;
		buf_add(out, text, at - text);
		end = at + strcspn(at, "/?#");
		sign = strrchr(at, '@');
		if (sign && (sign < end || !plain_authority(at, end - at)))
			at = sign + 1;
	} else {
		sign = strrchr(text, '@');
		at = sign && memchr(text, ':', sign - text) ? sign + 1 : text;
	}
	for (size_t n = 0; *at && n < 256; at++, n++) {
		unsigned char c = *at;

		if ((c == '?' || c == '#') && at != text &&
		    strstr(text, "://")) {
			buf_addstr(out, "?...");
			return;
		}
		buf_addch(out, c < 0x20 || c == 0x7f ? '?' : c);
	}
}
