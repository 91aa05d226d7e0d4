#include "store/pointer_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define ID_PREFIX	"sha256:"
#define VALUE_MOST	8192	/* bytes; a pointer has 65536 */

/* The line of this key; NULL when there is none.  *next is what follows. */
static const char *find_line(const char *text, const char *key,
			     const char **next)
{
	size_t len = strlen(key);

	while (*text) {
		const char *eol = strchr(text, '\n');

		*next = eol ? eol + 1 : text + strlen(text);
		if (!strncmp(text, key, len) && text[len] == ':')
			return text;
		text = *next;
	}
	return NULL;
}

bool pointer_line_get(const struct dv_pointer *p, const char *key,
		      struct buf *out)
{
	const char *next, *line = p->rest ? find_line(p->rest, key, &next) :
		NULL;

	buf_clear(out);
	if (!line)
		return false;
	line += strlen(key) + 2;
	buf_add(out, line, strcspn(line, "\n"));
	return true;
}

void pointer_line_set(struct dv_pointer *p, const char *key,
		      const char *value)
{
	const char *rest = p->rest ? p->rest : "", *next = rest;
	const char *line = find_line(rest, key, &next);
	struct buf out = BUF_INIT;

	buf_add(&out, rest, line ? (size_t)(line - rest) : strlen(rest));
	if (value)
		buf_addf(&out, "%s: %s\n", key, value);
	if (line)
		buf_addstr(&out, next);
	free(p->rest);
	p->rest = buf_detach(&out);
}

bool pointer_text_ok(const char *text, size_t len)
{
	while (len) {
		size_t n = utf8_length(text, len);
		uint8_t c = *text;

		if (!n || c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (uint8_t)text[1] < 0xa0))
			return false;
		text += n;
		len -= n;
	}
	return true;
}

bool pointer_value_ok(const char *value)
{
	size_t len = strlen(value);

	return len <= VALUE_MOST && pointer_text_ok(value, len);
}

bool pointer_has_source(const struct dv_pointer *p)
{
	DV_AUTO_BUF struct buf value = BUF_INIT;

	return pointer_line_get(p, POINTER_URL, &value);
}

bool pointer_is_import(const struct dv_pointer *p)
{
	DV_AUTO_BUF struct buf value = BUF_INIT;

	return pointer_line_get(p, POINTER_URL, &value) &&
	       pointer_line_get(p, POINTER_REV, &value);
}

void pointer_taken_id(const struct dv_pointer *p, struct dv_id *out)
{
	const size_t prefix = strlen(ID_PREFIX);
	DV_AUTO_BUF struct buf value = BUF_INIT;

	*out = p->id;
	if (!pointer_line_get(p, POINTER_ID, &value))
		return;
	if (value.len != prefix + DV_ID_HEX ||
	    strncmp(value.data, ID_PREFIX, prefix) ||
	    dv_id_from_hex(value.data + prefix, out))
		*out = (struct dv_id){ 0 };
}

void pointer_set_taken(struct dv_pointer *p, const struct dv_id *id)
{
	char text[sizeof(ID_PREFIX) + DV_ID_HEX] = ID_PREFIX;

	dv_id_to_hex(id, text + strlen(ID_PREFIX));
	pointer_line_set(p, POINTER_ID, text);
}

bool pointer_is_changed(const struct dv_pointer *p)
{
	struct dv_id taken;

	pointer_taken_id(p, &taken);
	return pointer_has_source(p) && !dv_id_equal(&taken, &p->id);
}

bool pointer_is_awaited(const struct dv_pointer *p)
{
	static const struct dv_id zeros;

	return dv_id_equal(&p->id, &zeros) && pointer_has_source(p);
}
