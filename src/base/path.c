#include "base/path.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/utf8.h"

void path_append(struct buf *path, const char *name)
{
	if (path->len)
		buf_addch(path, '/');
	buf_addstr(path, name);
}

void path_join(struct buf *out, const char *path, const char *inside)
{
	buf_clear(out);
	buf_addstr(out, path);
	if (*inside)
		path_append(out, inside);
}

/*
 * Walks `more` from *path, which has no leading '/'.  A ".." that leads out of
 * it is passed over, as at the top of all; with `out` it stays in front.
 */
static void walk(struct buf *path, const char *more, bool out)
{
	size_t floor = 0;	/* what leads out is not taken back */

	while (*more) {
		size_t n = strcspn(more, "/");
		bool up = n == 2 && !memcmp(more, "..", 2);

		if (up && path->len > floor) {
			buf_setlen(path, path_parent_len(path->data));
		} else if (up ? out : n && !(n == 1 && *more == '.')) {
			if (path->len)
				buf_addch(path, '/');
			buf_add(path, more, n);
			floor = up ? path->len : floor;
		}
		more += n;
		more += *more == '/';
	}
}

/* What is below top in a path that leads to it through symbolic links. */
static const char *below_real(const char *full, const char *top)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;
	struct stat wanted, st;
	size_t n = 0;

	if (stat(top, &wanted))
		return NULL;
	while (full[n]) {
		n += strcspn(full + n, "/");
		buf_clear(&part);
		buf_addf(&part, "/%.*s", (int)n, full);
		if (stat(part.data, &st))
			return NULL;
		n += full[n] == '/';
		if (st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino)
			return full + n;
	}
	return NULL;
}

int path_inside(const char *top, const char *prefix, const char *arg,
		struct buf *out)
{
	DV_AUTO_BUF struct buf inside_of = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	const char *below;

	if (!*arg)
		return dv_fail(DV_E_INVALID, "an empty path");
	walk(&inside_of, top, false);
	if (*arg != '/') {
		walk(&full, top, false);
		walk(&full, prefix, false);
	}
	walk(&full, arg, false);
	below = path_below(full.data, inside_of.data);
	if (!below && *arg == '/')
		below = below_real(full.data, top);
	if (!below)
		return dv_fail(DV_E_INVALID, "outside of %s: %s", top, arg);
	buf_clear(out);
	buf_addstr(out, below);
	return 0;
}

void path_plain(const char *path, struct buf *out)
{
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	bool absolute = *path == '/';

	walk(&plain, path, !absolute);
	buf_addf(out, "%s%s", absolute ? "/" : "", plain.data);
}

bool path_name_ok(const char *name, size_t len)
{
	if (!len || memchr(name, '/', len) || memchr(name, '\0', len))
		return false;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return false;
	return !(len == 4 && !strncasecmp(name, ".git", 4));
}

bool path_relative_ok(const char *path)
{
	if (!*path)
		return true;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (!path_name_ok(path, n))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (!n)
		return path;
	if (strncmp(path, dir, n))
		return NULL;
	if (!path[n])
		return path + n;
	return path[n] == '/' ? path + n + 1 : NULL;
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

size_t path_parent_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* Bytes of the character at p that can be shown as they are, or 0. */
static size_t plain_length(const char *p, size_t left)
{
	return *p == '"' || *p == '\\' ? 0 : utf8_shown(p, left);
}

static void add_escaped(struct buf *out, unsigned char c)
{
	static const char letters[] = "\"\\\a\b\t\n\v\f\r";
	static const char names[] = "\"\\abtnvfr";
	const char *at = c ? strchr(letters, c) : NULL;

	if (at)
		buf_addf(out, "\\%c", names[at - letters]);
	else
		buf_addf(out, "\\%03o", c);
}

void path_quote(const char *path, struct buf *out)
{
	size_t len = strlen(path), start = out->len, n;
	bool escaped = false;

	buf_addch(out, '"');
	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = plain_length(path + i, len - i);
		if (n) {
			buf_add(out, path + i, n);
		} else {
			add_escaped(out, path[i]);
			escaped = true;
		}
	}
	buf_addch(out, '"');
	if (!escaped) {
		buf_setlen(out, start);
		buf_addstr(out, path);
	}
}

void path_typed(const char *prefix, const char *path, struct buf *out)
{
	size_t start = out->len, same = 0;

	/* one outside of the repository: the same from anywhere */
	if (*path == '/') {
		buf_addstr(out, path);
		return;
	}
	/* whole components that both have */
	for (size_t i = 0; prefix[i] && prefix[i] == path[i]; i++)
		if (prefix[i + 1] == '/' || !prefix[i + 1])
			if (path[i + 1] == '/' || !path[i + 1])
				same = i + 1;
	prefix += same;
	path += same;
	prefix += *prefix == '/';
	path += *path == '/';
	for (; *prefix; prefix += *prefix == '/') {
		buf_addstr(out, *path || strchr(prefix, '/') ? "../" : "..");
		prefix += strcspn(prefix, "/");
	}
	buf_addstr(out, path);
	if (out->len == start)
		buf_addch(out, '.');
}

static bool is_safe_in_shell(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		(c >= 'a' && c <= 'z') || (c && strchr("%+,-./:=@_", c));
}

void path_word(const char *path, struct buf *out)
{
	const char *before = *path == '-' || *path == ':' ? "./" : "";
	size_t len = strlen(path), n;
	bool safe = len, plain = true;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = plain_length(path + i, len - i);
		plain &= n || path[i] == '"' || path[i] == '\\';
		safe &= n && is_safe_in_shell(path[i]);
	}
	if (safe) {
		buf_addf(out, "%s%s", before, path);
		return;
	}
	/* $'' is for bytes that cannot be shown; '' has no escapes at all */
	buf_addf(out, "%s%s", plain ? "'" : "$'", before);
	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = plain_length(path + i, len - i);
		if (path[i] == '\'')
			buf_addstr(out, plain ? "'\\''" : "\\'");
		else if (n || plain)
			buf_add(out, path + i, n ? n : 1);
		else
			add_escaped(out, path[i]);
	}
	buf_addch(out, '\'');
}
