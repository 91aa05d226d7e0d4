#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * JSON (RFC 8259): a writer onto a buffer, and a reader of small objects that
 * came from elsewhere (credentials, mostly).
 *
 * The writer puts everything on one line and sets the commas by itself, by
 * looking at the last byte of the buffer:
 *
 *	json_object_begin(&out);
 *	json_add_string(&out, "path", path);
 *	json_add_number(&out, "size", 12);
 *	json_object_end(&out);
 *
 * Text is UTF-8 and is written as it is, but for '"', '\\' and control bytes.
 * A file name may be no UTF-8: each byte that is not part of a character is
 * written as \u00XX with its value (80 to ff).  Nothing else is ever
 * written so, hence the name can be had back from the JSON text exactly.
 */

/* An object, on its own or as the next item of an array. */
void json_object_begin(struct buf *b);
/* An object as a member of another one; json_object_end() ends it too. */
void json_member_begin(struct buf *b, const char *key);
void json_object_end(struct buf *b);
/* An array; key NULL: not as a member of an object. */
void json_array_begin(struct buf *b, const char *key);
void json_array_end(struct buf *b);

/* A member of an object, or with key NULL an item of an array. */
void json_add_string(struct buf *b, const char *key, const char *value);
/* The same for text that may have NUL bytes in it. */
void json_add_bytes(struct buf *b, const char *key, const char *value,
		    size_t len);
void json_add_number(struct buf *b, const char *key, uint64_t value);
void json_add_bool(struct buf *b, const char *key, bool value);
void json_add_null(struct buf *b, const char *key);
/* A number of any kind, as it is written in JSON. */
void json_add_literal(struct buf *b, const char *key, const char *number);
/* The name of a member whose value, an object, comes next. */
void json_add_key(struct buf *b, const char *key);

/* An object that was read. */
struct json_reader {
	struct json_t *root;	/* owned; NULL: none */
};

#define JSON_READER_INIT	{ NULL }
#define DV_AUTO_JSON		__attribute__((cleanup(json_reader_release)))
#define JSON_READ_MOST		((size_t)1 << 20)	/* bytes of text */

/*
 * Reads text[0..len), which must be one object of at most JSON_READ_MOST
 * bytes without duplicate keys.  `name` is for messages, which never quote
 * the text: it may be a secret.  Returns 0 or DV_E_INVALID.
 */
int json_read(struct json_reader *r, const char *text, size_t len,
	      const char *name);

/*
 * The string at key, borrowed from the reader; NULL when there is none or it
 * is something else.  Never has a 0 byte inside.
 */
const char *json_get_string(const struct json_reader *r, const char *key);

/* False when there is no whole number from 0 up at key. */
bool json_get_number(const struct json_reader *r, const char *key,
		     uint64_t *out);

void json_reader_release(struct json_reader *r);

/*
 * Reads text[0..len), which must be an array of objects and may be long:
 * only one of them is held at a time, each under the limits of json_read().
 * Calls fn for each; a non-zero return stops and is returned.
 */
int json_each(const char *text, size_t len, const char *name,
	      int (*fn)(const struct json_reader *object, void *data),
	      void *data);
/*
 * Calls fn for each object in the array at key of a small document, as
 * json_each() does.  No array there: DV_E_INVALID.
 */
int json_each_member(const struct json_reader *r, const char *key,
		     const char *name,
		     int (*fn)(const struct json_reader *object, void *data),
		     void *data);
/* The object at key, borrowed: not to be released; false when none. */
bool json_get_object(const struct json_reader *r, const char *key,
		     struct json_reader *out);
/* Calls fn for each member of an object that is a string. */
int json_each_string(const struct json_reader *r,
		     int (*fn)(const char *key, const char *value, void *data),
		     void *data);

#endif
