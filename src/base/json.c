#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/utf8.h"

static void add_text(struct buf *b, const char *text, size_t len)
{
	size_t n;

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
	if (b->len && !strchr("{[:\n", b->data[b->len - 1]))
		buf_addch(b, ',');
	if (key) {
		add_text(b, key, strlen(key));
		buf_addch(b, ':');
	}
}

void json_object_begin(struct buf *b)
{
	lead_in(b, NULL);
	buf_addch(b, '{');
}

void json_member_begin(struct buf *b, const char *key)
{
	lead_in(b, key);
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
	json_add_bytes(b, key, value, strlen(value));
}

void json_add_bytes(struct buf *b, const char *key, const char *value,
		    size_t len)
{
	lead_in(b, key);
	add_text(b, value, len);
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

void json_add_literal(struct buf *b, const char *key, const char *number)
{
	lead_in(b, key);
	buf_addstr(b, number);
}

void json_add_key(struct buf *b, const char *key)
{
	lead_in(b, key);
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

static size_t skip_blank(const char *text, size_t len, size_t at)
{
	while (at < len && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	return at;
}

static int not_array(const char *name, size_t at)
{
	return dv_fail(DV_E_INVALID, "%s: not usable JSON at byte %zu", name,
		       at);
}

/* One object at text[*at]; *at moves behind it. */
static int each_one(const char *text, size_t len, size_t *at,
		    const char *name,
		    int (*fn)(const struct json_reader *object, void *data),
		    void *data)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK;
	size_t left = len - *at;
	struct json_reader one;
	json_error_t error;
	int err;

	if (!left || text[*at] != '{')
		return not_array(name, *at);
	one.root = json_loadb(text + *at, left < JSON_READ_MOST ? left :
			      JSON_READ_MOST, flags, &error);
	if (!one.root)
		return not_array(name, *at + (error.position > 0 ?
					      error.position : 0));
	err = fn(&one, data);
	json_decref(one.root);
	*at += error.position;
	return err;
}

int json_each(const char *text, size_t len, const char *name,
	      int (*fn)(const struct json_reader *object, void *data),
	      void *data)
{
	size_t at = skip_blank(text, len, 0);
	int err = 0;

	if (at >= len || text[at] != '[')
		return not_array(name, at);
	at = skip_blank(text, len, at + 1);
	if (at < len && text[at] == ']')
		return 0;
	for (;;) {
		err = each_one(text, len, &at, name, fn, data);
		if (err)
			return err;
		at = skip_blank(text, len, at);
		if (at < len && text[at] == ']')
			break;
		if (at >= len || text[at] != ',')
			return not_array(name, at);
		at = skip_blank(text, len, at + 1);
	}
	at = skip_blank(text, len, at + 1);
	return at == len ? 0 : not_array(name, at);
}

int json_each_member(const struct json_reader *r, const char *key,
		     const char *name,
		     int (*fn)(const struct json_reader *object, void *data),
		     void *data)
{
	const json_t *array = json_object_get(r->root, key);
	int err = 0;

	if (!json_is_array(array))
		return dv_fail(DV_E_INVALID, "%s: no array '%s'", name, key);
	for (size_t i = 0; i < json_array_size(array) && !err; i++) {
		const struct json_reader one = { json_array_get(array, i) };

		if (!json_is_object(one.root))
			return dv_fail(DV_E_INVALID, "%s: '%s' holds what is "
				       "no object", name, key);
		err = fn(&one, data);
	}
	return err;
}

bool json_get_object(const struct json_reader *r, const char *key,
		     struct json_reader *out)
{
	out->root = json_object_get(r->root, key);
	return json_is_object(out->root);
}

int json_each_string(const struct json_reader *r,
		     int (*fn)(const char *key, const char *value, void *data),
		     void *data)
{
	const char *key;
	json_t *value;
	int err = 0;

	json_object_foreach(r->root, key, value) {
		if (!err && json_is_string(value))
			err = fn(key, json_string_value(value), data);
	}
	return err;
}

void json_reader_release(struct json_reader *r)
{
	json_decref(r->root);
	r->root = NULL;
}
