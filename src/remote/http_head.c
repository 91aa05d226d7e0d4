#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "remote/curl_load.h"
#include "remote/http_head.h"
#include "remote/number.h"

/* A pause longer than this is as long; sums of some stay small. */
#define RETRY_AFTER_MOST_S	(366u * 24 * 3600)

/* The value of header `name` (lower case), trimmed, or NULL. */
static const char *value_of(const char *line, size_t len, const char *name,
			    size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n))
		return NULL;
	line += n + 1;
	len -= n + 1;
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && strchr(" \t\r\n", line[len - 1]))
		len--;
	*value_len = len;
	return line;
}

/* bytes <first>-<last>/<total or *>, bytes * / <total> */
static void read_range(struct http_answer *a, const char *v, size_t len)
{
	const char *slash, *dash;
	uint64_t total;

	if (len < 6 || strncasecmp(v, "bytes ", 6))
		return;
	v += 6;
	len -= 6;
	slash = memchr(v, '/', len);
	if (!slash)
		return;
	dash = memchr(v, '-', slash - v);
	if (dash && !number_parse(v, dash - v, &a->range_first) &&
	    !number_parse(dash + 1, slash - dash - 1, &a->range_last) &&
	    a->range_first <= a->range_last)
		a->has_range = true;
	if (!number_parse(slash + 1, v + len - slash - 1, &total)) {
		a->has_total = true;
		a->range_total = total;
		if (a->has_range && a->range_last >= total)
			a->has_range = false;
	}
}

static void read_status(struct http_answer *a, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	uint64_t status;

	/* of this head only: 100 Continue comes before another one */
	a->status = 0;
	a->has_length = a->has_range = a->has_total = a->encoded = false;
	a->retry_after_s = 0;
	a->retry_at = a->date = 0;
	a->region[0] = a->location[0] = '\0';
	a->etag[0] = a->modified[0] = '\0';
	if (space && line + len - space >= 4 &&
	    !number_parse(space + 1, 3, &status))
		a->status = status;
}

static time_t parse_date(const char *text, size_t len)
{
	const struct curl_table *curl;
	char date[64];

	if (len >= sizeof(date) || curl_load(&curl))
		return 0;
	memcpy(date, text, len);
	date[len] = '\0';
	return curl->getdate(date, NULL) > 0 ? curl->getdate(date, NULL) : 0;
}

static void set_pause(struct http_answer *a, uint64_t seconds)
{
	a->retry_after_s = seconds < RETRY_AFTER_MOST_S ? seconds :
							  RETRY_AFTER_MOST_S;
}

/* Until a date, by the server's clock: ours may be minutes off. */
static void reckon_pause(struct http_answer *a)
{
	time_t now = a->date ? a->date : time(NULL);

	set_pause(a, a->retry_at > now ? a->retry_at - now : 0);
}

/* Seconds, or a date. */
static void read_retry_after(struct http_answer *a, const char *v, size_t len)
{
	uint64_t seconds;

	a->retry_at = 0;
	if (!number_parse(v, len, &seconds)) {
		set_pause(a, seconds);
		return;
	}
	a->retry_at = parse_date(v, len);
	reckon_pause(a);
}

static void read_date(struct http_answer *a, const char *v, size_t len)
{
	a->date = parse_date(v, len);
	if (a->retry_at)
		reckon_pause(a);
}

static void keep_plain(const char *v, size_t len, const char *allowed,
		       char *out, size_t room)
{
	if (len >= room)
		return;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = v[i];

		if (allowed ? !strchr(allowed, c) : c <= 0x20 || c >= 0x7f)
			return;
	}
	memcpy(out, v, len);
	out[len] = '\0';
}

void http_head_line(struct http_answer *a, const char *line, size_t len)
{
	const char *v;
	size_t n;

	if (memchr(line, '\0', len))
		return;
	if (len >= 5 && !strncmp(line, "HTTP/", 5)) {
		read_status(a, line, len);
	} else if ((v = value_of(line, len, "content-length", &n))) {
		a->has_length = !number_parse(v, n, &a->length);
	} else if ((v = value_of(line, len, "content-range", &n))) {
		read_range(a, v, n);
	} else if ((v = value_of(line, len, "content-encoding", &n))) {
		a->encoded = n && !(n == 8 && !strncasecmp(v, "identity", 8));
	} else if ((v = value_of(line, len, "retry-after", &n))) {
		read_retry_after(a, v, n);
	} else if ((v = value_of(line, len, "date", &n))) {
		read_date(a, v, n);
	} else if ((v = value_of(line, len, "x-amz-bucket-region", &n))) {
		keep_plain(v, n, "abcdefghijklmnopqrstuvwxyz0123456789-",
			   a->region, sizeof(a->region));
	} else if ((v = value_of(line, len, "location", &n))) {
		keep_plain(v, n, NULL, a->location, sizeof(a->location));
	} else if ((v = value_of(line, len, "etag", &n))) {
		keep_plain(v, n, NULL, a->etag, sizeof(a->etag));
	} else if ((v = value_of(line, len, "last-modified", &n))) {
		keep_plain(v, n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz0123456789 ,:+-",
			   a->modified, sizeof(a->modified));
	}
}

void http_version(const struct http_answer *a, char out[160])
{
	snprintf(out, 160, "%s", *a->etag ? a->etag : a->modified);
}
