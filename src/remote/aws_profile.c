#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "remote/aws_profile.h"

#define FILE_MAX	((size_t)1 << 20)

/* --- the syntax -------------------------------------------------------- */

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* line[0..*len) without blanks at its ends */
static const char *trim(const char *line, size_t *len)
{
	while (*len && blank(*line)) {
		line++;
		(*len)--;
	}
	while (*len && (blank(line[*len - 1]) || line[*len - 1] == '\r'))
		(*len)--;
	return line;
}

/* "[profile x]" -> "profile x"; false when it is no section's line */
static bool read_section(const char *line, size_t len, struct buf *out)
{
	const char *end = memchr(line, ']', len);

	if (len < 2 || line[0] != '[' || !end)
		return false;
	buf_clear(out);
	for (const char *p = line + 1; p < end; p++) {
		if (*p == '"' || *p == '\'')
			continue;
		if (!blank(*p))
			buf_addch(out, *p);
		else if (out->len && out->data[out->len - 1] != ' ')
			buf_addch(out, ' ');
	}
	if (out->len && out->data[out->len - 1] == ' ')
		buf_setlen(out, out->len - 1);
	return true;
}

struct ini {
	struct buf section, parent, key, value;
	aws_ini_cb *fn;
	void *data;
};

static int read_setting(struct ini *ini, const char *line, size_t len,
			bool indented)
{
	const char *equals = memchr(line, '=', len);
	const char *name = line, *value;
	size_t name_len, value_len;

	if (!equals)
		return 0;
	name_len = equals - line;
	value = equals + 1;
	value_len = len - name_len - 1;
	name = trim(name, &name_len);
	value = trim(value, &value_len);
	if (!name_len)
		return 0;
	buf_clear(&ini->key);
	if (indented && ini->parent.len)
		buf_addf(&ini->key, "%s.", ini->parent.data);
	for (size_t i = 0; i < name_len; i++)
		buf_addch(&ini->key, tolower((unsigned char)name[i]));
	if (!indented) {
		buf_clear(&ini->parent);
		if (!value_len)
			buf_add(&ini->parent, ini->key.data, ini->key.len);
	}
	if (!value_len)
		return 0;
	explicit_bzero(ini->value.data, ini->value.len);
	buf_clear(&ini->value);
	buf_add(&ini->value, value, value_len);
	return ini->fn(ini->data, ini->section.data, ini->key.data,
		       ini->value.data);
}

int aws_ini_read(const char *text, size_t len, aws_ini_cb *fn, void *data)
{
	struct ini ini = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, fn, data };
	const char *end = text + len;
	int err = 0;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (text < end && !err) {
		const char *stop = memchr(text, '\n', end - text);
		size_t n = (stop ? stop : end) - text;
		bool indented = n && blank(*text);
		const char *line = trim(text, &n);

		text = stop ? stop + 1 : end;
		if (!n || *line == '#' || *line == ';' ||
		    memchr(line, '\0', n))
			continue;
		if (read_section(line, n, &ini.section))
			buf_clear(&ini.parent);
		else if (ini.section.len)
			err = read_setting(&ini, line, n, indented);
	}
	explicit_bzero(ini.value.data, ini.value.len);
	buf_release(&ini.section);
	buf_release(&ini.parent);
	buf_release(&ini.key);
	buf_release(&ini.value);
	return err;
}

/* --- profiles ---------------------------------------------------------- */

struct profile_reader {
	struct aws_profile *profile;
	const char *name;
	bool is_config;		/* sections are "profile <name>" there */
	bool has_keys;		/* id, secret and token belong together: those
				   of the config are not for these */
};

static bool is_profile(const struct profile_reader *p, const char *section)
{
	if (p->is_config && !strncmp(section, "profile ", 8))
		return !strcmp(section + 8, p->name);
	/* "default" may go without the word */
	return !strcmp(section, p->name) &&
	       (!p->is_config || !strcmp(section, "default"));
}

/* The first one wins: the credentials file is read before the config. */
static void set_text(char **to, const char *value)
{
	if (!*to)
		*to = xstrdup(value);
}

static int take_setting(void *data, const char *section, const char *key,
			const char *value)
{
	struct profile_reader *r = data;
	struct aws_profile *p = r->profile;
	const struct {
		const char *key;
		char **to;
	} texts[] = {
		{ "aws_access_key_id", &p->access_key },
		{ "aws_secret_access_key", &p->secret_key },
		{ "aws_session_token", &p->session_token },
		{ "region", &p->region },
		{ "s3.endpoint_url", &p->endpoint_url },
		{ "ca_bundle", &p->ca_bundle },
		{ "credential_process", &p->credential_process },
		{ "role_arn", &p->role_arn },
		{ "s3.addressing_style", &p->addressing_style },
		{ "services", &p->services },
	};

	if (!is_profile(r, section))
		return 0;
	p->found = true;
	if (!strncmp(key, "sso_", 4))
		p->sso = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!strcmp(key, texts[i].key) && !(r->has_keys && i < 3))
			set_text(texts[i].to, value);
	}
	return 0;
}

/* endpoint_url counts less than s3's own, wherever that is. */
static int take_endpoint(void *data, const char *section, const char *key,
			 const char *value)
{
	struct profile_reader *r = data;

	if (is_profile(r, section) && !strcmp(key, "endpoint_url"))
		set_text(&r->profile->endpoint_url, value);
	return 0;
}

static int take_service(void *data, const char *section, const char *key,
			const char *value)
{
	struct profile_reader *r = data;

	if (!strncmp(section, "services ", 9) &&
	    !strcmp(section + 9, r->profile->services) &&
	    !strcmp(key, "s3.endpoint_url"))
		set_text(&r->profile->endpoint_url, value);
	return 0;
}

/* The file's text; empty when there is no such file. */
static int read_file(const char *variable, const char *usual,
		     struct buf *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const char *set = getenv(variable);
	const char *home = getenv("HOME");
	int err;

	if (set && set[0] == '~' && set[1] == '/' && home)
		buf_addf(&path, "%s%s", home, set + 1);
	else if (set && *set)
		buf_addstr(&path, set);
	else if (home && *home)
		buf_addf(&path, "%s/.aws/%s", home, usual);
	else
		return 0;
	err = file_read(path.data, FILE_MAX, out);
	return err == DV_E_NOTFOUND ? 0 : err;
}

int aws_profile_read(const char *name, struct aws_profile *out)
{
	DV_AUTO_BUF struct buf credentials = BUF_INIT;
	DV_AUTO_BUF struct buf config = BUF_INIT;
	struct profile_reader r = { .profile = out, .name = name };
	int err;

	*out = (struct aws_profile){ .found = false };
	err = read_file("AWS_SHARED_CREDENTIALS_FILE", "credentials",
			&credentials);
	if (!err)
		err = read_file("AWS_CONFIG_FILE", "config", &config);
	if (!err) {
		aws_ini_read(credentials.data, credentials.len, take_setting,
			     &r);
		r.is_config = true;
		r.has_keys = out->access_key;
		aws_ini_read(config.data, config.len, take_setting, &r);
		if (out->services)
			aws_ini_read(config.data, config.len, take_service,
				     &r);
		aws_ini_read(config.data, config.len, take_endpoint, &r);
	}
	explicit_bzero(credentials.data, credentials.len);
	explicit_bzero(config.data, config.len);
	return err;
}

void aws_profile_release(struct aws_profile *p)
{
	free(p->access_key);
	secret_free(p->secret_key);
	secret_free(p->session_token);
	free(p->region);
	free(p->endpoint_url);
	free(p->ca_bundle);
	free(p->credential_process);
	free(p->role_arn);
	free(p->addressing_style);
	free(p->services);
	*p = (struct aws_profile){ .found = false };
}
