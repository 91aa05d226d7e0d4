#include "chunk/sha256.h"

#include <pthread.h>
#include <string.h>

#include "chunk/kernel.h"
#include "chunk/openssl_load.h"
#include "chunk/sha256_lanes.h"

/* Messages that are put in order before they are hashed, at most. */
#define SORT_MOST	64

static const struct sha256_kernel *lanes;
static const char *kernel_name;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose_kernel(void)
{
	enum kernel_wish wish = kernel_wish();

	kernel_name = "openssl";
	if (wish == KERNEL_SCALAR || wish == KERNEL_OPENSSL)
		return;
	if (cpu_has_sha_ni() && cpu_has_avx512() && wish != KERNEL_AVX2) {
		lanes = sha256_kernel_avx512();
		kernel_name = "avx512";
	} else if (cpu_has_sha_ni() && wish != KERNEL_AVX2) {
		lanes = sha256_kernel_ni();
		kernel_name = "sha-ni";
	} else if (cpu_has_avx2()) {
		lanes = sha256_kernel_avx2();
		kernel_name = "avx2";
	}
}

const char *sha256_kernel(void)
{
	pthread_once(&once, choose_kernel);
	return kernel_name;
}

/*
 * Longest first: short ones are left for the end, so that all lanes are done
 * at about the same time.  Of more messages that matters little.
 */
static void run_lanes(const struct sha256_job *jobs, size_t count)
{
	struct sha256_job sorted[SORT_MOST];

	if (count > SORT_MOST) {
		sha256_lanes(lanes, jobs, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = i;

		for (; at && sorted[at - 1].len < jobs[i].len; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = jobs[i];
	}
	sha256_lanes(lanes, sorted, count);
}

void sha256_many(const struct sha256_job *jobs, size_t count)
{
	const struct openssl *ssl;

	pthread_once(&once, choose_kernel);
	if (lanes && count >= lanes->least) {
		run_lanes(jobs, count);
		return;
	}
	if (!count)
		return;
	ssl = openssl_load();
	for (size_t i = 0; i < count; i++)
		if (!ssl->digest(jobs[i].data, jobs[i].len,
				 jobs[i].out->bytes, NULL, ssl->sha256, NULL))
			openssl_failed("EVP_Digest");
}

void sha256(const void *data, size_t len, struct dv_id *out)
{
	const struct sha256_job job = { data, len, out };

	sha256_many(&job, 1);
}

/*
 * The functions below know a stream as the pointer OpenSSL gave; the struct is
 * never defined.
 */
struct sha256_stream *sha256_begin(void)
{
	const struct openssl *ssl = openssl_load();
	EVP_MD_CTX *context = ssl->context_new();

	if (!context || !ssl->init(context, ssl->sha256, NULL))
		openssl_failed("EVP_DigestInit_ex2");
	return (struct sha256_stream *)context;
}

void sha256_update(struct sha256_stream *s, const void *data, size_t len)
{
	if (!openssl_load()->update((EVP_MD_CTX *)s, data, len))
		openssl_failed("EVP_DigestUpdate");
}

void sha256_end(struct sha256_stream *s, struct dv_id *out)
{
	EVP_MD_CTX *context = (EVP_MD_CTX *)s;

	if (!s)
		return;
	if (out && !openssl_load()->final(context, out->bytes, NULL))
		openssl_failed("EVP_DigestFinal_ex");
	openssl_load()->context_free(context);
}

void hmac_sha256(const void *key, size_t key_len, const void *data,
		 size_t len, uint8_t out[32])
{
	uint8_t pad[SHA256_BLOCK] = { 0 };
	struct sha256_stream *s;
	struct dv_id digest;

	if (key_len > sizeof(pad)) {
		sha256(key, key_len, &digest);
		memcpy(pad, digest.bytes, sizeof(digest.bytes));
	} else if (key_len) {
		memcpy(pad, key, key_len);
	}
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	s = sha256_begin();
	sha256_update(s, pad, sizeof(pad));
	sha256_update(s, data, len);
	sha256_end(s, &digest);

	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	s = sha256_begin();
	sha256_update(s, pad, sizeof(pad));
	sha256_update(s, digest.bytes, sizeof(digest.bytes));
	sha256_end(s, &digest);
	memcpy(out, digest.bytes, sizeof(digest.bytes));
	/* the pad is the key; a compiler may not leave this out */
	explicit_bzero(pad, sizeof(pad));
}
