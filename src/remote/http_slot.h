#ifndef REMOTE_HTTP_SLOT_H
#define REMOTE_HTTP_SLOT_H

#include "remote/curl_load.h"
#include "remote/http.h"

/*
 * A handle with the connections it has made.  Connections are not shared
 * between handles: libcurl does not support that across threads.  Slots
 * are taken last in, first out, so that few connections serve few threads.
 */
struct slot {
	CURL *easy;
	CURLM *multi;
	struct slot *next;
};

/* One that is idle or new, set to what is the same for all requests. */
int http_slot_take(const struct curl_table *curl, struct http *h,
		   struct slot **out);
void http_slot_give(const struct curl_table *curl, struct http *h,
		    struct slot *s);
/* Counts a request that is made. */
void http_count(struct http *h);

#endif
