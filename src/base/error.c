#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define ESCAPED		4	/* bytes of "\377" */

static __thread char last_text[1024];
static __thread char last_hint[512];

/*
 * Names in a text may be a stranger's: no control byte of theirs reaches a
 * terminal, and a text stays one line.  They are written as git does, "\377".
 */
static void make_plain(const char *text, char *out, size_t room)
{
	size_t left = strlen(text), used = 0, n;

	for (; left; text += n, left -= n) {
		size_t shown = utf8_shown(text, left);

		n = shown ? shown : 1;
		if (used + (shown ? n : ESCAPED) >= room)
			break;
		if (shown)
			memcpy(out + used, text, n);
		else
			snprintf(out + used, room - used, "\\%03o",
				 (unsigned char)*text);
		used += shown ? n : ESCAPED;
	}
	out[used] = '\0';
}

/* By way of a copy, because an argument may be the text of before. */
__attribute__((format(printf, 3, 0)))
static void set_text(char *out, size_t room, const char *fmt, va_list ap)
{
	char text[sizeof(last_text)];

	if (vsnprintf(text, room, fmt, ap) < 0)
		text[0] = '\0';
	make_plain(text, out, room);
}

int dv_fail(enum dv_error code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(last_text, sizeof(last_text), fmt, ap);
	va_end(ap);
	last_hint[0] = '\0';
	return code;
}

int dv_fail_errno(const char *fmt, ...)
{
	int saved = errno;
	char reason[128];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	set_text(last_text, sizeof(last_text), fmt, ap);
	va_end(ap);
	len = strlen(last_text);
	snprintf(last_text + len, sizeof(last_text) - len, ": %s",
		 strerror_r(saved, reason, sizeof(reason)));
	last_hint[0] = '\0';
	errno = saved;
	if (saved == ENOSPC || saved == EDQUOT)
		return DV_E_NOSPACE;
	return saved == ENOENT ? DV_E_NOTFOUND : DV_E_IO;
}

int dv_hint(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(last_hint, sizeof(last_hint), fmt, ap);
	va_end(ap);
	return code;
}

void error_save(int code, struct error_state *out)
{
	out->code = code;
	memcpy(out->text, last_text, sizeof(out->text));
	memcpy(out->hint, last_hint, sizeof(out->hint));
}

int error_restore(const struct error_state *saved)
{
	memcpy(last_text, saved->text, sizeof(last_text));
	memcpy(last_hint, saved->hint, sizeof(last_hint));
	return saved->code;
}

const char *dv_error_text(void)
{
	return last_text;
}

const char *dv_error_hint(void)
{
	return last_hint;
}
