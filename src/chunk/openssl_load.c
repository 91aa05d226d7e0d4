#include "chunk/openssl_load.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct openssl openssl;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct {
	const char *name;
	size_t at;
} functions[] = {
	{ "EVP_MD_fetch", offsetof(struct openssl, fetch) },
	{ "EVP_Digest", offsetof(struct openssl, digest) },
	{ "EVP_MD_CTX_new", offsetof(struct openssl, context_new) },
	{ "EVP_MD_CTX_free", offsetof(struct openssl, context_free) },
	{ "EVP_DigestInit_ex2", offsetof(struct openssl, init) },
	{ "EVP_DigestUpdate", offsetof(struct openssl, update) },
	{ "EVP_DigestFinal_ex", offsetof(struct openssl, final) },
};

void openssl_failed(const char *why)
{
	/* a wrong id would be worse */
	fprintf(stderr, "error: OpenSSL cannot hash: %s\n", why);
	abort();
}

static void load(void)
{
	void *library = dlopen(OPENSSL_LIBRARY, RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		openssl_failed(dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void *found = dlsym(library, functions[i].name);

		if (!found)
			openssl_failed(dlerror());
		memcpy((char *)&openssl + functions[i].at, &found,
		       sizeof(found));
	}
	openssl.sha256 = openssl.fetch(NULL, "SHA2-256", NULL);
	if (!openssl.sha256)
		openssl_failed("it has no SHA2-256");
}

const struct openssl *openssl_load(void)
{
	pthread_once(&once, load);
	return &openssl;
}
