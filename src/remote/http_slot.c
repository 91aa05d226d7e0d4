#include <pthread.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"
#include "remote/http_slot.h"

/* Handles of libcurl and what they share. */

struct http {
	char *cafile;
	unsigned connect_timeout_s;
	unsigned stall_timeout_s;
	bool no_proxy;
	_Atomic uint64_t *requests;
	pthread_mutex_t mutex;
	struct slot *idle;		/* owned */
	CURLSH *share;			/* names and TLS sessions */
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
};

int http_new(const struct http_options *o, struct http **out)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->cafile = o->cafile ? xstrdup(o->cafile) : NULL;
	h->connect_timeout_s = o->connect_timeout_s;
	h->stall_timeout_s = o->stall_timeout_s;
	h->no_proxy = o->no_proxy;
	h->requests = o->requests;
	pthread_mutex_init(&h->mutex, NULL);
	for (int i = 0; i < CURL_LOCK_DATA_LAST; i++)
		pthread_mutex_init(&h->share_locks[i], NULL);
	*out = h;
	return 0;
}

static void slot_free(const struct curl_table *curl, struct slot *s)
{
	curl->easy_cleanup(s->easy);
	curl->multi_cleanup(s->multi);
	free(s);
}

void http_free(struct http *h)
{
	const struct curl_table *curl;

	if (!h)
		return;
	while (h->idle && !curl_load(&curl)) {
		struct slot *s = h->idle;

		h->idle = s->next;
		slot_free(curl, s);
	}
	if (h->share && !curl_load(&curl))
		curl->share_cleanup(h->share);
	for (int i = 0; i < CURL_LOCK_DATA_LAST; i++)
		pthread_mutex_destroy(&h->share_locks[i]);
	pthread_mutex_destroy(&h->mutex);
	free(h->cafile);
	free(h);
}

static void share_lock(CURL *easy, curl_lock_data data,
		       curl_lock_access access_wanted, void *user)
{
	struct http *h = user;

	(void)easy;
	(void)access_wanted;
	pthread_mutex_lock(&h->share_locks[data]);
}

static void share_unlock(CURL *easy, curl_lock_data data, void *user)
{
	struct http *h = user;

	(void)easy;
	pthread_mutex_unlock(&h->share_locks[data]);
}

static void make_share(const struct curl_table *curl, struct http *h)
{
	if (h->share)
		return;
	h->share = curl->share_init();
	if (!h->share)
		return;
	curl->share_set(h->share, CURLSHOPT_LOCKFUNC, share_lock);
	curl->share_set(h->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
	curl->share_set(h->share, CURLSHOPT_USERDATA, h);
	curl->share_set(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl->share_set(h->share, CURLSHOPT_SHARE,
			CURL_LOCK_DATA_SSL_SESSION);
}

static void set_connection(const struct curl_table *curl,
			   const struct http *h, CURL *easy)
{
	curl->easy_set(easy, CURLOPT_SHARE, h->share);
	curl->easy_set(easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_set(easy, CURLOPT_HTTP_VERSION,
		       (long)CURL_HTTP_VERSION_1_1);
	curl->easy_set(easy, CURLOPT_PATH_AS_IS, 1L);
	curl->easy_set(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl->easy_set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
	curl->easy_set(easy, CURLOPT_TCP_NODELAY, 1L);
	curl->easy_set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl->easy_set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl->easy_set(easy, CURLOPT_USERAGENT, "dv");
	curl->easy_set(easy, CURLOPT_CONNECTTIMEOUT,
		       (long)h->connect_timeout_s);
	curl->easy_set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl->easy_set(easy, CURLOPT_LOW_SPEED_TIME,
		       (long)h->stall_timeout_s);
	if (h->cafile)
		curl->easy_set(easy, CURLOPT_CAINFO, h->cafile);
	if (h->no_proxy)
		curl->easy_set(easy, CURLOPT_PROXY, "");
}

int http_slot_take(const struct curl_table *curl, struct http *h,
		   struct slot **out)
{
	struct slot *s;

	pthread_mutex_lock(&h->mutex);
	make_share(curl, h);
	s = h->idle;
	if (s)
		h->idle = s->next;
	pthread_mutex_unlock(&h->mutex);
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->easy = curl->easy_init();
		s->multi = curl->multi_init();
		if (!s->easy || !s->multi) {
			slot_free(curl, s);
			return dv_fail(DV_E_NOMEM, "libcurl: out of memory");
		}
	}
	set_connection(curl, h, s->easy);
	*out = s;
	return 0;
}

void http_slot_give(const struct curl_table *curl, struct http *h,
		    struct slot *s)
{
	curl->easy_reset(s->easy);
	pthread_mutex_lock(&h->mutex);
	s->next = h->idle;
	h->idle = s;
	pthread_mutex_unlock(&h->mutex);
}

void http_count(struct http *h)
{
	if (h->requests)
		(*h->requests)++;
}
