#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dv/id.h"

#include "base/arena.h"
#include "chunk/sha256.h"
#include "remote/s3_sign.h"
#include "remote/url.h"

void sign_date(time_t when, char out[SIGN_DATE_SIZE])
{
	struct tm tm;

	gmtime_r(&when, &tm);
	if (!strftime(out, SIGN_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm))
		out[0] = '\0';
}

static int by_name(const void *left, const void *right)
{
	const struct sign_pair *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->value, b->value);
}

static const char *escaped(struct arena *a, const char *text)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	url_escape(text, false, &b);
	return arena_copy(a, b.data, b.len);
}

void sign_query(const struct sign_pair *pairs, size_t count, struct buf *out)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct sign_pair sorted[SIGN_PAIRS_MAX];

	assert(count <= SIGN_PAIRS_MAX);
	for (size_t i = 0; i < count; i++) {
		sorted[i].name = escaped(&arena, pairs[i].name);
		sorted[i].value = escaped(&arena, pairs[i].value);
	}
	if (count)
		qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%s=%s", i ? "&" : "", sorted[i].name,
			 sorted[i].value);
}

static const char *lower(struct arena *a, const char *text)
{
	char *out = arena_copy(a, text, strlen(text));

	for (char *p = out; *p; p++)
		*p = tolower((unsigned char)*p);
	return out;
}

/* Without blanks at the ends, and single ones inside. */
static const char *squeezed(struct arena *a, const char *text)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	for (; *text; text++) {
		if (*text != ' ' && *text != '\t')
			buf_addch(&b, *text);
		else if (b.len && b.data[b.len - 1] != ' ')
			buf_addch(&b, ' ');
	}
	if (b.len && b.data[b.len - 1] == ' ')
		buf_setlen(&b, b.len - 1);
	return arena_copy(a, b.data, b.len);
}

/* Sorted by name; those of one name stay in their order. */
static void sort_headers(struct arena *a, const struct sign_request *q,
			 struct sign_pair *out)
{
	assert(q->header_count <= SIGN_PAIRS_MAX);
	for (size_t i = 0; i < q->header_count; i++) {
		struct sign_pair p = { lower(a, q->headers[i].name),
				       squeezed(a, q->headers[i].value) };
		size_t at = i;

		while (at && strcmp(out[at - 1].name, p.name) > 0) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = p;
	}
}

static void add_names(const struct sign_pair *headers, size_t count,
		      struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(headers[i].name, headers[i - 1].name))
			continue;
		buf_addf(out, "%s%s", i ? ";" : "", headers[i].name);
	}
}

void sign_canonical(const struct sign_request *q, struct buf *out)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct sign_pair headers[SIGN_PAIRS_MAX];

	sort_headers(&arena, q, headers);
	buf_addf(out, "%s\n%s\n%s\n", q->method, q->path, q->query);
	for (size_t i = 0; i < q->header_count; i++) {
		if (i && !strcmp(headers[i].name, headers[i - 1].name)) {
			buf_setlen(out, out->len - 1);
			buf_addf(out, ",%s\n", headers[i].value);
			continue;
		}
		buf_addf(out, "%s:%s\n", headers[i].name, headers[i].value);
	}
	buf_addch(out, '\n');
	add_names(headers, q->header_count, out);
	buf_addf(out, "\n%s", q->payload_hash);
}

static void add_scope(const struct sign_key *key, const char *date,
		      struct buf *out)
{
	buf_addf(out, "%.8s/%s/%s/aws4_request", date, key->region,
		 key->service);
}

void sign_string(const struct sign_request *q, const struct sign_key *key,
		 const char *date, struct buf *out)
{
	DV_AUTO_BUF struct buf canonical = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	struct dv_id hash;

	sign_canonical(q, &canonical);
	sha256(canonical.data, canonical.len, &hash);
	dv_id_to_hex(&hash, hex);
	buf_addf(out, "AWS4-HMAC-SHA256\n%s\n", date);
	add_scope(key, date, out);
	buf_addf(out, "\n%s", hex);
}

static void chain(uint8_t mac[32], const char *text, size_t len)
{
	uint8_t next[32];

	hmac_sha256(mac, 32, text, len, next);
	memcpy(mac, next, sizeof(next));
	explicit_bzero(next, sizeof(next));
}

void sign_authorization(const struct sign_request *q,
			const struct sign_key *key, const char *date,
			struct buf *out)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf secret = BUF_INIT;
	struct sign_pair headers[SIGN_PAIRS_MAX];
	char hex[DV_ID_HEX + 1];
	struct dv_id signature;
	uint8_t mac[32];

	sign_string(q, key, date, &text);
	buf_addf(&secret, "AWS4%s", key->secret);
	hmac_sha256(secret.data, secret.len, date, strnlen(date, 8), mac);
	explicit_bzero(secret.data, secret.len);
	chain(mac, key->region, strlen(key->region));
	chain(mac, key->service, strlen(key->service));
	chain(mac, "aws4_request", strlen("aws4_request"));
	chain(mac, text.data, text.len);
	memcpy(signature.bytes, mac, sizeof(mac));
	explicit_bzero(mac, sizeof(mac));
	dv_id_to_hex(&signature, hex);

	sort_headers(&arena, q, headers);
	buf_addf(out, "AWS4-HMAC-SHA256 Credential=%s/", key->id);
	add_scope(key, date, out);
	buf_addstr(out, ", SignedHeaders=");
	add_names(headers, q->header_count, out);
	buf_addf(out, ", Signature=%s", hex);
}
