#include "migrate/dvc_config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#define CONFIG_MOST	((size_t)1 << 20)	/* bytes */
#define REMOTE_HOPS	8

/* --- reading ----------------------------------------------------------- */

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

/* Takes quotes off, or else the comment behind the value. */
static char *unquote(char *text)
{
	size_t len = strlen(text);
	char *end;

	if (*text == '"' || *text == '\'') {
		end = strchr(text + 1, *text);
		if (end) {
			*end = '\0';
			return text + 1;
		}
	}
	for (size_t i = 1; i < len; i++) {
		if (text[i] == '#' && isspace((unsigned char)text[i - 1])) {
			text[i] = '\0';
			return trim(text);
		}
	}
	return text;
}

/* "[core]", "['remote "x"']"; NULL: no section. */
static char *section_of(char *line)
{
	char *end = strrchr(line, ']');

	if (*line != '[' || !end)
		return NULL;
	*end = '\0';
	line = trim(line + 1);
	if (*line == '\'' || (*line == '"' && line[1]))
		return unquote(line);
	return line;
}

static void add(struct dvc_config *c, const char *section, char *key,
		const char *value, const char *path)
{
	struct dvc_setting *s;

	ARRAY_GROW(c->items, c->count + 1, c->room);
	s = &c->items[c->count++];
	s->section = xstrdup(section);
	s->key = xstrdup(key);
	for (char *p = s->key; *p; p++)
		*p = tolower((unsigned char)*p);
	s->value = xstrdup(value);
	s->dir = xstrdup(path);
	s->dir[path_parent_len(path)] = '\0';
}

static int read_line(struct dvc_config *c, char *line, struct buf *section,
		     const char *path)
{
	char *name, *equals;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	name = section_of(line);
	if (name) {
		buf_clear(section);
		buf_addstr(section, name);
		return 0;
	}
	equals = strchr(line, '=');
	if (!equals)
		return dv_fail(DV_E_INVALID, "%s: not a setting of DVC: %s",
			       path, line);
	*equals = '\0';
	add(c, section->data, unquote(trim(line)),
	    unquote(trim(equals + 1)), path);
	return 0;
}

int dvc_config_read(struct dvc_config *c, const char *path,
		    enum dv_config_level level)
{
	size_t before = c->count;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf section = BUF_INIT;
	int err = file_read(path, CONFIG_MOST, &text);
	char *line = text.data, *next;

	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	for (; line && !err; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		err = read_line(c, line, &section, path);
	}
	for (size_t i = before; i < c->count; i++)
		c->items[i].level = level;
	return err;
}

void dvc_config_release(struct dvc_config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->items[i].section);
		free(c->items[i].key);
		free(c->items[i].value);
		free(c->items[i].dir);
	}
	free(c->items);
	*c = (struct dvc_config)DVC_CONFIG_INIT;
}

/* --- asking ------------------------------------------------------------ */

const struct dvc_setting *dvc_config_find(const struct dvc_config *c,
					  const char *section,
					  const char *key)
{
	for (size_t i = c->count; i-- > 0;)
		if (!strcmp(c->items[i].section, section) &&
		    !strcmp(c->items[i].key, key))
			return &c->items[i];
	return NULL;
}

const char *dvc_config_get(const struct dvc_config *c, const char *section,
			   const char *key)
{
	const struct dvc_setting *s = dvc_config_find(c, section, key);

	return s ? s->value : NULL;
}

bool dvc_config_path(const struct dvc_config *c, const char *section,
		     const char *key, struct buf *out)
{
	const struct dvc_setting *s = dvc_config_find(c, section, key);
	const char *home = getenv("HOME");

	buf_clear(out);
	if (!s || !*s->value)
		return false;
	if (!strncmp(s->value, "~/", 2) && home)
		buf_addf(out, "%s%s", home, s->value + 1);
	else if (*s->value == '/' || strstr(s->value, "://"))
		buf_addstr(out, s->value);
	else
		buf_addf(out, "%s/%s", s->dir, s->value);
	return true;
}

/* The name in a section `remote "name"`; its length, 0: it is another. */
static size_t remote_name(const char *section, const char **name)
{
	static const char lead[] = "remote \"";
	size_t len = strlen(section);

	if (strncmp(section, lead, sizeof(lead) - 1) ||
	    len < sizeof(lead) + 1 || section[len - 1] != '"')
		return 0;
	*name = section + sizeof(lead) - 1;
	return len - sizeof(lead);
}

static bool met_before(const struct dvc_config *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(c->items[k].section, c->items[i].section))
			return true;
	return false;
}

char *dvc_config_remote(const struct dvc_config *c, size_t n)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *name;
		size_t len = remote_name(c->items[i].section, &name);
		DV_AUTO_BUF struct buf out = BUF_INIT;

		if (!len || met_before(c, i) || n--)
			continue;
		buf_add(&out, name, len);
		return buf_detach(&out);
	}
	return NULL;
}

void dvc_remote_section(const char *name, struct buf *out)
{
	buf_clear(out);
	buf_addf(out, "remote \"%s\"", name);
}

bool dvc_remote_url(const struct dvc_config *c, const char *name,
		    struct buf *out, struct buf *from)
{
	static const char scheme[] = "remote://";
	DV_AUTO_BUF struct buf section = BUF_INIT;
	DV_AUTO_BUF struct buf rest = BUF_INIT;
	DV_AUTO_BUF struct buf url = BUF_INIT;

	buf_clear(out);
	buf_clear(from);
	dvc_remote_section(name, &section);
	for (int hops = 0; hops < REMOTE_HOPS; hops++) {
		DV_AUTO_BUF struct buf behind = BUF_INIT;
		const char *at, *slash;

		if (!dvc_config_path(c, section.data, "url", &url))
			return false;
		if (strncmp(url.data, scheme, sizeof(scheme) - 1)) {
			buf_addf(out, "%s%s", url.data, rest.data);
			return true;
		}
		at = url.data + sizeof(scheme) - 1;
		slash = strchr(at, '/');
		buf_addf(&behind, "%s%s", slash ? slash : "", rest.data);
		buf_clear(&rest);
		buf_addstr(&rest, behind.data);
		buf_clear(from);
		buf_add(from, at, slash ? (size_t)(slash - at) : strlen(at));
		dvc_remote_section(from->data, &section);
	}
	return false;
}
