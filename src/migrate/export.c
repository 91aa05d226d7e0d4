#include "migrate/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void export_release(struct export *e)
{
	buf_release(&e->blob);
	buf_release(&e->path);
}

static int damaged(void)
{
	return dv_fail(DV_E_CORRUPT, "git fast-export says what cannot be "
		       "understood");
}

/* One escape of a quoted path behind its backslash; returns its length. */
static size_t unescape(const char *at, size_t len, struct buf *out)
{
	static const char letters[] = "abfnrtv\\\"";
	static const char bytes[] = "\a\b\f\n\r\t\v\\\"";
	const char *found = len && *at ? strchr(letters, *at) : NULL;
	unsigned value = 0;

	if (found) {
		buf_addch(out, bytes[found - letters]);
		return 1;
	}
	if (len < 3)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (at[i] < '0' || at[i] > '7')
			return 0;
		value = value * 8 + (at[i] - '0');
	}
	buf_addch(out, (char)value);
	return 3;
}

static int read_path(const char *text, size_t len, struct buf *out)
{
	buf_clear(out);
	if (!len || *text != '"') {
		buf_add(out, text, len);
		return len ? 0 : damaged();
	}
	if (len < 2 || text[len - 1] != '"')
		return damaged();
	for (size_t i = 1; i < len - 1; i++) {
		size_t n;

		if (text[i] != '\\') {
			buf_addch(out, text[i]);
			continue;
		}
		n = unescape(text + i + 1, len - i - 2, out);
		if (!n)
			return damaged();
		i += n;
	}
	return 0;
}

static bool begins(const struct export *e, const char *word)
{
	return e->len >= strlen(word) && !memcmp(e->text, word, strlen(word));
}

static int read_data(struct export *e)
{
	size_t count = strtoull(e->text + 5, NULL, 10);

	if (count > (size_t)(e->end - e->at))
		return damaged();
	e->at += count;
	e->len = e->at - e->text;
	e->kind = EXPORT_DATA;
	return 1;
}

/* M <mode> <blob> <path>, without its line end. */
static int read_modify(struct export *e, const char *line, size_t len)
{
	const char *blob = memchr(line + 2, ' ', len - 2);
	const char *path = blob ? memchr(blob + 1, ' ',
					 line + len - blob - 1) : NULL;
	int err;

	if (!path)
		return damaged();
	e->plain = !strncmp(line + 2, "100", 3);
	e->module = !strncmp(line + 2, "160", 3);
	e->executable = !strncmp(line + 2, "100755", 6);
	buf_add(&e->blob, blob + 1, path - blob - 1);
	err = read_path(path + 1, line + len - path - 1, &e->path);
	e->kind = EXPORT_MODIFY;
	return err ? err : 1;
}

int export_next(struct export *e)
{
	const char *end;
	size_t len;
	int err;

	if (e->at >= e->end)
		return 0;
	end = memchr(e->at, '\n', e->end - e->at);
	if (!end)
		return damaged();
	e->text = e->at;
	len = end - e->at;
	e->len = len + 1;
	e->at = end + 1;
	e->kind = len ? EXPORT_OTHER : EXPORT_END;
	buf_clear(&e->blob);
	if (begins(e, "data "))
		return read_data(e);
	if (begins(e, "M "))
		return read_modify(e, e->text, len);
	if (begins(e, "D ")) {
		err = read_path(e->text + 2, len - 2, &e->path);
		e->kind = EXPORT_DELETE;
		return err ? err : 1;
	}
	if (begins(e, "commit "))
		e->kind = EXPORT_COMMIT;
	else if (begins(e, "reset "))
		e->kind = EXPORT_RESET;
	else if (begins(e, "tag "))
		e->kind = EXPORT_TAG;
	else if (begins(e, "mark "))
		e->kind = EXPORT_MARK;
	else if (begins(e, "from ") || begins(e, "merge "))
		e->kind = EXPORT_FROM;
	if (begins(e, "original-oid ")) {
		buf_add(&e->blob, e->text + 13, len - 13);
		e->kind = EXPORT_ID;
	}
	return 1;
}

void import_path(const char *path, struct buf *out)
{
	buf_addch(out, '"');
	for (; *path; path++) {
		unsigned char c = *path;

		if (c < 0x20 || c == '"' || c == '\\' || c >= 0x7f)
			buf_addf(out, "\\%03o", c);
		else
			buf_addch(out, c);
	}
	buf_addch(out, '"');
}

void import_file(const char *path, const char *bytes, size_t len,
		 struct buf *out)
{
	buf_addstr(out, "M 100644 inline ");
	import_path(path, out);
	buf_addf(out, "\ndata %zu\n", len);
	buf_add(out, bytes, len);
	buf_addch(out, '\n');
}

void import_delete(const char *path, struct buf *out)
{
	buf_addstr(out, "D ");
	import_path(path, out);
	buf_addch(out, '\n');
}
