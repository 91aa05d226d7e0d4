#include "chunk/libraries.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#include "chunk/openssl_load.h"

static void add_openssl(struct buf *out)
{
	void *library = dlopen(OPENSSL_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
	void *found = library ? dlsym(library, "OpenSSL_version") : NULL;
	const char *(*version)(int);

	if (!found) {
		buf_addf(out, ", no %s", OPENSSL_LIBRARY);
		return;
	}
	memcpy(&version, &found, sizeof(found));
	buf_addf(out, ", %s", version(OPENSSL_VERSION));
}

void chunk_libraries(struct buf *out)
{
	unsigned xxhash = XXH_versionNumber();

	buf_addf(out, "zstd %s, xxHash %u.%u.%u", ZSTD_versionString(),
		 xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
	add_openssl(out);
}
