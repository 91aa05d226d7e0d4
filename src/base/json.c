#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/utf8.h"

static void add_text(struct buf *b, const char *text)
{
	size_t len = strlen(text), n;

	buf_addch(b, '"');
	for (size_t i = 0; i < len; i += n ? n : 1) {
		unsigned char c = text[i];

		n = utf8_length(text + i, len - i);
		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (!n || c < 0x20 || c == 0x7f)
			buf_addf(b, "\\u%04x", c);
		else
			buf_add(b, text + i, n);
	}
	buf_addch(b, '"');
}

/* What has to stand before the next value. */
static void lead_in(struct buf *b, const char *key)
{
	if (b->len && !strchr("{[\n", b->data[b->len - 1]))
		buf_addch(b, ',');
	if (key) {
		add_text(b, key);
		buf_addch(b, ':');
	}
}

void json_object_begin(struct buf *b)
{
	lead_in(b, NULL);
	buf_addch(b, '{');
}

void json_object_end(struct buf *b)
{
	buf_addch(b, '}');
}

void json_array_begin(struct buf *b, const char *key)
{
	lead_in(b, key);
	buf_addch(b, '[');
}

void json_array_end(struct buf *b)
{
	buf_addch(b, ']');
}

void json_add_string(struct buf *b, const char *key, const char *value)
{
	lead_in(b, key);
	add_text(b, value);
}

void json_add_number(struct buf *b, const char *key, uint64_t value)
{
	lead_in(b, key);
	buf_addf(b, "%" PRIu64, value);
}

void json_add_bool(struct buf *b, const char *key, bool value)
{
	lead_in(b, key);
	buf_addstr(b, value ? "true" : "false");
}

void json_add_null(struct buf *b, const char *key)
{
	lead_in(b, key);
	buf_addstr(b, "null");
}

int json_read(struct json_reader *r, const char *text, size_t len,
	      const char *name)
{
	json_error_t error;
	json_t *root;

	r->root = NULL;
	if (len > JSON_READ_MOST)
		return dv_fail(DV_E_INVALID, "%s: too long", name);
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return dv_fail(DV_E_INVALID,
			       "%s: not usable JSON at line %d, column %d",
			       name, error.line, error.column);
	if (!json_is_object(root)) {
		json_decref(root);
		return dv_fail(DV_E_INVALID, "%s: not a JSON object", name);
	}
	r->root = root;
	return 0;
}

const char *json_get_string(const struct json_reader *r, const char *key)
{
	/* json_loadb() takes no \u0000, so there is no 0 byte to look for */
	return json_string_value(json_object_get(r->root, key));
}

bool json_get_number(const struct json_reader *r, const char *key,
		     uint64_t *out)
{
	const json_t *value = json_object_get(r->root, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = json_integer_value(value);
	return true;
}

void json_reader_release(struct json_reader *r)
{
	json_decref(r->root);
	r->root = NULL;
}
