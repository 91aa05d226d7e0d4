/* The grammar of git's configuration files. */

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "git/config.h"

struct parser {
	const char *begin, *at, *end;
	const char *file;
	size_t line;
	struct buf section;	/* "core." or "remote.origin." */
	struct buf name;
	struct buf value;
};

#define END	(-1)

/* The next byte; the end of a line is '\n' however it is written. */
static int look(const struct parser *p)
{
	if (p->at == p->end)
		return END;
	if (*p->at == '\r' && p->end - p->at > 1 && p->at[1] == '\n')
		return '\n';
	return (unsigned char)*p->at;
}

static int take(struct parser *p)
{
	int c = look(p);

	if (c == END)
		return END;
	if (c == '\n') {
		p->line++;
		p->at += *p->at == '\r';
	}
	p->at++;
	return c;
}

static int bad(const struct parser *p)
{
	bool passed = p->at > p->begin && p->at[-1] == '\n';

	return dv_fail(DV_E_INVALID, "bad line %zu in %s", p->line - passed,
		       p->file);
}

static bool name_byte(int c)
{
	return c >= 0 && c < 128 && (isalnum(c) || c == '-');
}

static bool blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_line(struct parser *p)
{
	int c;

	while ((c = look(p)) != END && c != '\n')
		take(p);
}

/* The part in quotes of [section "part"]; its case is kept. */
static int parse_subsection(struct parser *p)
{
	int c;

	while (blank(look(p)))
		take(p);
	if (take(p) != '"')
		return bad(p);
	buf_addch(&p->section, '.');
	while ((c = take(p)) != '"') {
		if (c == '\\')
			c = take(p);
		if (c == END || c == '\n' || !c)
			return bad(p);
		buf_addch(&p->section, c);
	}
	return take(p) == ']' ? 0 : bad(p);
}

/* After '['. */
static int parse_section(struct parser *p)
{
	int c, err = 0;

	buf_clear(&p->section);
	for (;;) {
		c = take(p);
		if (c == ']')
			break;
		if (c == ' ' || c == '\t') {
			err = parse_subsection(p);
			break;
		}
		if (!name_byte(c) && c != '.')
			return bad(p);
		buf_addch(&p->section, tolower(c));
	}
	if (err || !p->section.len)
		return err ? err : bad(p);
	buf_addch(&p->section, '.');
	return 0;
}

static int parse_escape(struct parser *p)
{
	int c = take(p);

	switch (c) {
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case 'b':
		return '\b';
	case '"':
	case '\\':
		return c;
	default:
		return END;
	}
}

/* After '=', up to the end of the line. */
static int parse_value(struct parser *p)
{
	bool quoted = false;
	size_t keep = 0;	/* bytes that are not blanks at the end */
	int c;

	buf_clear(&p->value);
	while ((c = take(p)) != END && c != '\n') {
		if (!quoted && (c == '#' || c == ';')) {
			skip_line(p);
			continue;
		}
		if (!quoted && blank(c)) {
			if (p->value.len)
				buf_addch(&p->value, c);
			continue;
		}
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '\\') {
			if (look(p) == '\n') {
				take(p);
				continue;
			}
			c = parse_escape(p);
			if (c == END)
				return bad(p);
		}
		if (!c)
			return bad(p);
		buf_addch(&p->value, c);
		keep = p->value.len;
	}
	if (quoted)
		return bad(p);
	buf_setlen(&p->value, keep);
	return 0;
}

static int parse_entry(struct parser *p, config_parse_cb *fn, void *data)
{
	int c, err;

	buf_clear(&p->name);
	buf_add(&p->name, p->section.data, p->section.len);
	while (name_byte(c = look(p))) {
		buf_addch(&p->name, tolower(c));
		take(p);
	}
	while (look(p) == ' ' || look(p) == '\t')
		take(p);
	c = look(p);
	if (c == END || c == '\n')
		return fn(p->name.data, NULL, data);
	if (c != '=')
		return bad(p);
	take(p);
	err = parse_value(p);
	return err ? err : fn(p->name.data, p->value.data, data);
}

static int parse_all(struct parser *p, config_parse_cb *fn, void *data)
{
	int c, err = 0;

	if (p->end - p->at >= 3 && !memcmp(p->at, "\xef\xbb\xbf", 3))
		p->at += 3;
	while (!err && (c = look(p)) != END) {
		if (c == '\n' || blank(c)) {
			take(p);
		} else if (c == '#' || c == ';') {
			skip_line(p);
		} else if (c == '[') {
			take(p);
			err = parse_section(p);
		} else if (c < 128 && isalpha(c)) {
			err = parse_entry(p, fn, data);
		} else {
			take(p);
			err = bad(p);
		}
	}
	return err;
}

int config_parse(const char *text, size_t len, const char *file,
		 config_parse_cb *fn, void *data)
{
	struct parser p = {
		.begin = text, .at = text, .end = text + len,
		.file = file, .line = 1, .section = BUF_INIT,
		.name = BUF_INIT, .value = BUF_INIT,
	};
	int err = parse_all(&p, fn, data);

	buf_release(&p.section);
	buf_release(&p.name);
	buf_release(&p.value);
	return err;
}
