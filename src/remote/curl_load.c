#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "remote/curl_load.h"
#include "remote/remote.h"

static struct curl_table table;
static char problem[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define FUNCTION(name, field) \
	{ name, offsetof(struct curl_table, field) }
	FUNCTION("curl_global_init", global_init),
	FUNCTION("curl_easy_init", easy_init),
	FUNCTION("curl_easy_cleanup", easy_cleanup),
	FUNCTION("curl_easy_reset", easy_reset),
	FUNCTION("curl_easy_setopt", easy_set),
	FUNCTION("curl_easy_getinfo", easy_get),
	FUNCTION("curl_easy_strerror", easy_strerror),
	FUNCTION("curl_slist_append", slist_append),
	FUNCTION("curl_slist_free_all", slist_free_all),
	FUNCTION("curl_multi_init", multi_init),
	FUNCTION("curl_multi_cleanup", multi_cleanup),
	FUNCTION("curl_multi_add_handle", multi_add_handle),
	FUNCTION("curl_multi_remove_handle", multi_remove_handle),
	FUNCTION("curl_multi_perform", multi_perform),
	FUNCTION("curl_multi_poll", multi_poll),
	FUNCTION("curl_multi_info_read", multi_info_read),
	FUNCTION("curl_multi_strerror", multi_strerror),
	FUNCTION("curl_share_init", share_init),
	FUNCTION("curl_share_setopt", share_set),
	FUNCTION("curl_share_cleanup", share_cleanup),
	FUNCTION("curl_getdate", getdate),
	FUNCTION("curl_version", version),
#undef FUNCTION
};

static void load(void)
{
	static const char *const names[] = {
		"libcurl.so.4", "libcurl-gnutls.so.4",
	};
	void *library = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
		if (library)
			break;
		if (!i)
			snprintf(problem, sizeof(problem), "%s", dlerror());
	}
	if (!library)
		return;
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void *found = dlsym(library, functions[i].name);

		if (!found) {
			snprintf(problem, sizeof(problem),
				 "libcurl is too old: it has no %s",
				 functions[i].name);
			return;
		}
		memcpy((char *)&table + functions[i].at, &found,
		       sizeof(found));
	}
	if (table.global_init(CURL_GLOBAL_DEFAULT)) {
		snprintf(problem, sizeof(problem),
			 "libcurl cannot be started");
		return;
	}
	problem[0] = '\0';
}

int curl_load(const struct curl_table **out)
{
	pthread_once(&once, load);
	if (problem[0])
		return dv_hint(dv_fail(DV_E_UNSUPPORTED, "cannot load "
				       "libcurl.so.4: %s", problem),
			       "install it: apt install libcurl4");
	*out = &table;
	return 0;
}

int remote_library(struct buf *out)
{
	const struct curl_table *curl;
	int err = curl_load(&curl);

	if (!err)
		buf_addstr(out, curl->version());
	return err;
}
