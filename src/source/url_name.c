#include "source/url_name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "remote/url.h"
#include "store/pointer_line.h"

static bool is_web(const char *url)
{
	return !strncasecmp(url, "http://", 7) ||
	       !strncasecmp(url, "https://", 8);
}

const char *url_name_query(const char *url)
{
	return is_web(url) ? url + strcspn(url, "?") : url + strlen(url);
}

/* The byte that %XX stands for, or 0. */
static char decoded(const char *text, size_t len)
{
	char hex[3] = { 0 };

	if (*text != '%' || len < 3)
		return 0;
	memcpy(hex, text + 1, 2);
	if (strspn(hex, "0123456789abcdefABCDEF") != 2)
		return 0;
	return (char)strtol(hex, NULL, 16);
}

bool url_name_is_escaped(const char *text, size_t len)
{
	bool any = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%')
			continue;
		if (!decoded(text + i, len - i))
			return false;
		any = true;
	}
	return any;
}

void url_name_decode(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		char byte = decoded(text + i, len - i);

		buf_addch(out, byte ? byte : text[i]);
		i += byte ? 2 : 0;
	}
}

/* --- secrets ------------------------------------------------------------- */

/* What signed and private links call the part that must not be known. */
static bool is_secret(const char *name)
{
	static const char *const inside[] = {
		"signature", "token", "secret", "passw", "credential",
		"apikey", "api_key", "api-key", "accesskey", "access_key",
	};
	static const char *const whole[] = { "sig", "key", "auth", "pwd" };

	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (strcasestr(name, inside[i]))
			return true;
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (!strcasecmp(name, whole[i]))
			return true;
	return false;
}

static int refuse(const char *typed, const char *why)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;

	url_redact(typed, &shown);
	return dv_fail(DV_E_INVALID, "%s: %s", shown.data, why);
}

static int check_query(const char *typed, const char *query)
{
	while (*query) {
		size_t len = strcspn(query, "&;"), name = strcspn(query, "=");
		DV_AUTO_BUF struct buf text = BUF_INIT;

		url_name_decode(query, name < len ? name : len, &text);
		if (is_secret(text.data)) {
			DV_AUTO_BUF struct buf why = BUF_INIT;

			buf_addf(&why, "'%s' in its query looks like a secret, "
				 "which would be kept for all to see",
				 text.data);
			return dv_hint(refuse(typed, why.data),
				       "a link made for one person is no "
				       "source: download the file, then dv "
				       "add");
		}
		query += len + (query[len] != 0);
	}
	return 0;
}

static int check_web(const char *typed)
{
	const char *host = strstr(typed, "://") + 3;
	const char *query = url_name_query(typed);

	if (memchr(host, '@', strcspn(host, "/?#")))
		return dv_hint(refuse(typed, "a user or password in a URL "
				      "would be kept for all to see"),
			       "git credential keeps them");
	if (strchr(typed, '#'))
		return refuse(typed, "what follows a # is never asked for");
	return check_query(typed, query + (*query != 0));
}

/* --- paths --------------------------------------------------------------- */

int url_name_check(const char *typed, struct buf *out)
{
	DV_AUTO_FREE char *real = NULL;

	buf_clear(out);
	if (!*typed || *typed == '-' || !pointer_value_ok(typed))
		return dv_fail(DV_E_INVALID, "not the URL of a file or folder: "
			       "'%s'", *typed == '-' ? typed : "");
	if (strstr(typed, "://")) {
		buf_addstr(out, typed);
		return is_web(typed) ? check_web(typed) : 0;
	}
	real = realpath(typed, NULL);
	if (!real)
		return dv_fail_errno("there is nothing at %s", typed);
	if (!pointer_value_ok(real))
		return dv_fail(DV_E_INVALID, "%s: its path is no plain text",
			       typed);
	buf_addstr(out, real);
	return 0;
}
