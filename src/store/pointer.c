#include "dv/pointer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/node_code.h"
#include "store/pointer_line.h"

#define ID_PREFIX	"sha256:"

/* A pointer file being read, line by line. */
struct text {
	const char *at, *end;
	const char *name;	/* of the file, for messages */
	unsigned line;		/* number of the one read last */
};

/* "key: value" without its end. */
struct line {
	const char *key, *value;
	size_t key_len, value_len;
};

__attribute__((format(printf, 2, 3)))
static int not_a_pointer(const struct text *t, const char *fmt, ...)
{
	DV_AUTO_BUF struct buf why = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&why, fmt, ap);
	va_end(ap);
	return dv_fail(DV_E_INVALID, "%s: not a pointer file: line %u %s",
		       t->name, t->line, why.data);
}

static bool begins(const char *text, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(text, with, n);
}

static bool is(const char *text, size_t len, const char *what)
{
	return len == strlen(what) && !memcmp(text, what, len);
}

/* Seven of these at the start of a line are what git merge leaves behind. */
static bool has_conflict(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', end - text);
		size_t n = (eol ? eol : end) - text;

		if (begins(text, n, "<<<<<<< ") || begins(text, n, ">>>>>>> "))
			return true;
		text += n + 1;
	}
	return false;
}

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* The first letter may be a capital, which says something of its own. */
static bool is_key(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_key_char(key[i]) &&
		    !(!i && key[i] >= 'A' && key[i] <= 'Z'))
			return false;
	return len;
}

/* The next line; 1, 0 at the end, or an error. */
static int next_line(struct text *t, struct line *out)
{
	const char *begin = t->at, *eol, *colon;
	size_t len;

	if (begin == t->end)
		return 0;
	t->line++;
	eol = memchr(begin, '\n', t->end - begin);
	len = (eol ? eol : t->end) - begin;
	t->at = eol ? eol + 1 : t->end;
	/* git may have been told to make line ends of CR LF */
	if (len && begin[len - 1] == '\r')
		len--;
	colon = memchr(begin, ':', len);
	if (!colon || !begins(colon, begin + len - colon, ": ") ||
	    !is_key(begin, colon - begin))
		return not_a_pointer(t, "is not 'key: value'");
	if (!pointer_text_ok(colon, begin + len - colon))
		return not_a_pointer(t, "has other bytes than text");
	*out = (struct line){
		.key = begin, .key_len = colon - begin,
		.value = colon + 2, .value_len = begin + len - colon - 2,
	};
	return 1;
}

/* The line that must come next. */
static int need(struct text *t, const char *key, struct line *out)
{
	int found = next_line(t, out);

	if (found < 0)
		return found;
	if (!found) {
		t->line++;
		return not_a_pointer(t, "is missing: '%s: ...'", key);
	}
	if (!is(out->key, out->key_len, key))
		return not_a_pointer(t, "should be '%s: ...'", key);
	return 0;
}

static int need_number(struct text *t, const char *key, uint64_t *out)
{
	struct line l;
	int err = need(t, key, &l);
	uint64_t n = 0;

	if (err)
		return err;
	if (!l.value_len || (l.value[0] == '0' && l.value_len > 1))
		return not_a_pointer(t, "should be a number");
	for (size_t i = 0; i < l.value_len; i++) {
		unsigned digit = (uint8_t)l.value[i] - '0';

		if (digit > 9)
			return not_a_pointer(t, "should be a number");
		if (n > (SIZE_MOST - digit) / 10)
			return not_a_pointer(t, "has too large a number");
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

static int needs_newer(const struct text *t, const char *what, size_t len)
{
	int err = dv_fail(DV_E_UNSUPPORTED,
			  "%s: needs a newer dv, one that knows '%.*s'",
			  t->name, len < 64 ? (int)len : 64, what);

	return dv_hint(err, "install the dv that the writer of %s has",
		       t->name);
}

static int need_version(struct text *t)
{
	struct line l;
	int err = need(t, "dv", &l);

	if (err)
		return err;
	if (is(l.value, l.value_len, "1"))
		return 0;
	for (size_t i = 0; i < l.value_len; i++)
		if (l.value[i] < '0' || l.value[i] > '9')
			return not_a_pointer(t, "should be 'dv: 1'");
	if (!l.value_len || l.value[0] == '0')
		return not_a_pointer(t, "should be 'dv: 1'");
	return needs_newer(t, l.key, l.value + l.value_len - l.key);
}

static int need_kind(struct text *t, enum dv_kind *out)
{
	struct line l;
	int err = need(t, "kind", &l);

	if (err)
		return err;
	if (is(l.value, l.value_len, "file"))
		*out = DV_KIND_FILE;
	else if (is(l.value, l.value_len, "tree"))
		*out = DV_KIND_TREE;
	else
		return not_a_pointer(t, "should be 'kind: file' or "
				     "'kind: tree'");
	return 0;
}

static int need_id(struct text *t, struct dv_id *out)
{
	const size_t prefix = strlen(ID_PREFIX);
	struct line l;
	int err = need(t, "id", &l);

	if (err)
		return err;
	if (l.value_len != prefix + DV_ID_HEX ||
	    !begins(l.value, l.value_len, ID_PREFIX) ||
	    dv_id_from_hex(l.value + prefix, out))
		return not_a_pointer(t, "should be 'id: " ID_PREFIX "' and %d "
				     "lower-case hex digits", DV_ID_HEX);
	return 0;
}

static bool is_own_key(const struct line *l)
{
	static const char *const keys[] = { "dv", "kind", "id", "size",
					    "files" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (is(l->key, l->key_len, keys[i]))
			return true;
	return false;
}

/* Lines of others: kept as they are, but for their line ends. */
static int read_rest(struct text *t, char **out)
{
	DV_AUTO_BUF struct buf rest = BUF_INIT;
	struct line l;
	int found;

	while ((found = next_line(t, &l)) > 0) {
		if (l.key[0] >= 'A' && l.key[0] <= 'Z')
			return needs_newer(t, l.key, l.key_len);
		if (is_own_key(&l))
			return not_a_pointer(t, "should not be here: '%.*s'",
					     (int)l.key_len, l.key);
		buf_add(&rest, l.key, l.value + l.value_len - l.key);
		buf_addch(&rest, '\n');
	}
	if (!found)
		*out = buf_detach(&rest);
	return found;
}

static int read_all(struct text *t, struct dv_pointer *out)
{
	int err = need_version(t);

	if (!err)
		err = need_kind(t, &out->kind);
	if (!err)
		err = need_id(t, &out->id);
	if (!err)
		err = need_number(t, "size", &out->size);
	out->files = 1;
	if (!err && out->kind == DV_KIND_TREE) {
		err = need_number(t, "files", &out->files);
		if (!err && !out->files && out->size)
			err = not_a_pointer(t, "does not go with the size");
	}
	return err ? err : read_rest(t, &out->rest);
}

int dv_pointer_parse(const char *text, size_t len, const char *name,
		     struct dv_pointer *out)
{
	struct text t = { text, text + len, name, 0 };
	int err;

	memset(out, 0, sizeof(*out));
	if (len > DV_POINTER_MAX)
		return dv_fail(DV_E_INVALID,
			       "%s: not a pointer file: longer than %d bytes",
			       name, DV_POINTER_MAX);
	if (has_conflict(text, len)) {
		err = dv_fail(DV_E_INVALID, "%s: has git's conflict markers",
			      name);
		return dv_hint(err, "git checkout --merge -- %s merges it "
			       "(in a new clone dv init sets that up), with "
			       "--ours or --theirs one side is taken", name);
	}
	err = read_all(&t, out);
	if (err)
		memset(out, 0, sizeof(*out));
	return err;
}

char *dv_pointer_format(const struct dv_pointer *p, size_t *len)
{
	bool tree = p->kind == DV_KIND_TREE;
	struct buf out = BUF_INIT;
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&p->id, hex);
	buf_addf(&out, "dv: 1\nkind: %s\nid: " ID_PREFIX "%s\n"
		 "size: %" PRIu64 "\n", tree ? "tree" : "file", hex, p->size);
	if (tree)
		buf_addf(&out, "files: %" PRIu64 "\n", p->files);
	if (p->rest)
		buf_addstr(&out, p->rest);
	*len = out.len;
	return buf_detach(&out);
}

void dv_pointer_release(struct dv_pointer *p)
{
	free(p->rest);
	p->rest = NULL;
}
