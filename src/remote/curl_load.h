#ifndef REMOTE_CURL_LOAD_H
#define REMOTE_CURL_LOAD_H

#include <curl/curl.h>

/*
 * libcurl, loaded when the first request is made: with all it draws in it
 * costs more time to load than most commands take, and few need it.
 */
struct curl_table {
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_cleanup) easy_cleanup;
	__typeof__(&curl_easy_reset) easy_reset;
	CURLcode (*easy_set)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_get)(CURL *easy, CURLINFO info, ...);
	__typeof__(&curl_easy_strerror) easy_strerror;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	__typeof__(&curl_multi_init) multi_init;
	__typeof__(&curl_multi_cleanup) multi_cleanup;
	__typeof__(&curl_multi_add_handle) multi_add_handle;
	__typeof__(&curl_multi_remove_handle) multi_remove_handle;
	__typeof__(&curl_multi_perform) multi_perform;
	__typeof__(&curl_multi_poll) multi_poll;
	__typeof__(&curl_multi_info_read) multi_info_read;
	__typeof__(&curl_multi_strerror) multi_strerror;
	__typeof__(&curl_share_init) share_init;
	CURLSHcode (*share_set)(CURLSH *share, CURLSHoption option, ...);
	__typeof__(&curl_share_cleanup) share_cleanup;
	__typeof__(&curl_getdate) getdate;
	__typeof__(&curl_version) version;
};

/*
 * The functions, loaded once per process; never given back.  Returns 0 or
 * DV_E_UNSUPPORTED (hint: what to install).
 */
int curl_load(const struct curl_table **out);

#endif
