#ifndef CHUNK_OPENSSL_LOAD_H
#define CHUNK_OPENSSL_LOAD_H

#include <openssl/evp.h>

#define OPENSSL_TEXT_OF(x)	#x
#define OPENSSL_TEXT(x)		OPENSSL_TEXT_OF(x)
#define OPENSSL_LIBRARY		\
	"libcrypto.so." OPENSSL_TEXT(OPENSSL_SHLIB_VERSION)

/*
 * The functions of libcrypto that hash, and SHA-256.  Linking it would cost
 * each start of dv more than a small `dv status` takes, and where the CPU
 * has SHA-NI it is hardly ever needed.
 */
struct openssl {
	EVP_MD *(*fetch)(OSSL_LIB_CTX *, const char *, const char *);
	int (*digest)(const void *, size_t, unsigned char *, unsigned *,
		      const EVP_MD *, ENGINE *);
	EVP_MD_CTX *(*context_new)(void);
	void (*context_free)(EVP_MD_CTX *);
	int (*init)(EVP_MD_CTX *, const EVP_MD *, const OSSL_PARAM *);
	int (*update)(EVP_MD_CTX *, const void *, size_t);
	int (*final)(EVP_MD_CTX *, unsigned char *, unsigned *);
	EVP_MD *sha256;		/* never freed: valid as long as OpenSSL is */
};

/* Loaded at the first call.  Without it there is no way to go on: aborts. */
const struct openssl *openssl_load(void);
__attribute__((noreturn)) void openssl_failed(const char *why);

#endif
