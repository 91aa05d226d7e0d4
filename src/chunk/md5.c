#include "chunk/md5.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "chunk/openssl_load.h"

#define BLOCK	((size_t)1 << 20)	/* bytes looked at as one by DVC */
#define HEAD	512			/* bytes that tell what they are */

struct md5_stream {
	EVP_MD_CTX *plain;
	EVP_MD_CTX *text;	/* NULL: not asked for */
	size_t at;		/* in the block */
	uint8_t head[HEAD];
	bool is_text;		/* known once at >= HEAD */
	bool cr;		/* a CR is held back */
};

static EVP_MD *method;		/* NULL: there is none */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_method(void)
{
	method = openssl_load()->fetch(NULL, "MD5", NULL);
}

static EVP_MD_CTX *context_new(const struct openssl *lib)
{
	EVP_MD_CTX *c = lib->context_new();

	if (!c || !lib->init(c, method, NULL))
		openssl_failed("no MD5 context");
	return c;
}

static void digest(EVP_MD_CTX *context, const void *data, size_t len)
{
	if (!openssl_load()->update(context, data, len))
		openssl_failed("MD5");
}

struct md5_stream *md5_begin(bool text)
{
	const struct openssl *lib = openssl_load();
	struct md5_stream *s;

	pthread_once(&once, find_method);
	if (!method)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->plain = context_new(lib);
	s->text = text ? context_new(lib) : NULL;
	return s;
}

static bool looks_like_text(const uint8_t *head, size_t len)
{
	size_t other = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = head[i];

		if (!c)
			return false;
		other += !((c >= 0x20 && c < 0x7f) || c == '\n' ||
			   c == '\r' || c == '\t' || c == '\f' || c == '\b');
	}
	return other * 10 <= len * 3;
}

/* Text: what lies between CRs goes out in runs. */
static void put_text(struct md5_stream *s, const uint8_t *data, size_t len)
{
	const uint8_t *end = data + len;

	while (data < end) {
		const uint8_t *cr = memchr(data, '\r', end - data);
		const uint8_t *stop = cr ? cr : end;

		if (s->cr && *data != '\n')
			digest(s->text, "\r", 1);
		s->cr = cr;
		digest(s->text, data, stop - data);
		data = stop + (cr != NULL);
	}
}

static void put(struct md5_stream *s, const uint8_t *data, size_t len)
{
	if (s->is_text)
		put_text(s, data, len);
	else
		digest(s->text, data, len);
}

static void judge_head(struct md5_stream *s, size_t len)
{
	s->is_text = looks_like_text(s->head, len);
	put(s, s->head, len);
}

static void end_block(struct md5_stream *s)
{
	if (s->at < HEAD)
		judge_head(s, s->at);
	if (s->cr)
		digest(s->text, "\r", 1);
	s->cr = false;
	s->at = 0;
}

static void update_text(struct md5_stream *s, const uint8_t *data, size_t len)
{
	while (len) {
		size_t n = s->at < HEAD ? HEAD - s->at : BLOCK - s->at;

		n = n < len ? n : len;
		if (s->at < HEAD) {
			memcpy(s->head + s->at, data, n);
			if (s->at + n == HEAD)
				judge_head(s, HEAD);
		} else {
			put(s, data, n);
		}
		s->at += n;
		data += n;
		len -= n;
		if (s->at == BLOCK)
			end_block(s);
	}
}

void md5_update(struct md5_stream *s, const uint8_t *data, size_t len)
{
	digest(s->plain, data, len);
	if (s->text)
		update_text(s, data, len);
}

void md5_end(struct md5_stream *s, struct md5_digests *out)
{
	const struct openssl *lib = openssl_load();

	if (!s)
		return;
	if (out) {
		if (!lib->final(s->plain, out->plain, NULL))
			openssl_failed("MD5");
		memcpy(out->text, out->plain, MD5_SIZE);
	}
	if (out && s->text) {
		end_block(s);
		if (!lib->final(s->text, out->text, NULL))
			openssl_failed("MD5");
	}
	lib->context_free(s->plain);
	lib->context_free(s->text);
	free(s);
}
