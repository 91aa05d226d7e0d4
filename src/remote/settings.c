#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "remote/number.h"
#include "remote/settings.h"

#define JOBS_DEFAULT		8
#define JOBS_MAX		256
#define CONNECT_TIMEOUT_S	10
#define STALL_TIMEOUT_S		30
#define TIMEOUT_MAX_S		86400

static const char *lookup(const struct remote_options *o, const char *key)
{
	const char *value = o->setting ? o->setting(o->data, key) : NULL;

	return value && *value ? value : NULL;
}

static int bad(const struct remote_options *o, const char *key,
	       const char *wanted)
{
	return dv_fail(DV_E_INVALID, "remote.%s.%s: %s", o->name, key, wanted);
}

/* Control bytes would end up in headers, where a line end means a lot. */
static int read_text(const struct remote_options *o, const char *key,
		     char **out)
{
	const char *value = lookup(o, key);

	if (!value)
		return 0;
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return bad(o, key, "it holds a control character");
	}
	*out = xstrdup(value);
	return 0;
}

static int read_bool(const struct remote_options *o, const char *key,
		     int *out)
{
	static const char *const words[2][4] = {
		{ "false", "no", "off", "0" },
		{ "true", "yes", "on", "1" },
	};
	const char *value = lookup(o, key);

	if (!value)
		return 0;
	for (int truth = 0; truth < 2; truth++) {
		for (int i = 0; i < 4; i++) {
			if (!strcasecmp(value, words[truth][i])) {
				*out = truth;
				return 0;
			}
		}
	}
	return bad(o, key, "it must be true or false");
}

static int read_number(const struct remote_options *o, const char *key,
		       unsigned most, unsigned *out)
{
	const char *value = lookup(o, key);
	uint64_t number;

	if (!value)
		return 0;
	if (number_parse(value, strlen(value), &number) || !number ||
	    number > most)
		return bad(o, key, "it must be a whole number above 0, and "
			   "not a huge one");
	*out = number;
	return 0;
}

/* As any path of the settings: ~/ is the home, and all starts at the top. */
static int place_cafile(const struct remote_options *o,
			struct remote_settings *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const char *home = getenv("HOME");

	if (!s->cafile || *s->cafile == '/')
		return 0;
	if (!strncmp(s->cafile, "~/", 2) && home)
		buf_addf(&path, "%s%s", home, s->cafile + 1);
	else if (!o->base_dir)
		return dv_fail(DV_E_UNSUPPORTED, "remote %s: its cafile %s is "
			       "in that repository, which is not on this "
			       "machine", o->name, s->cafile);
	else
		buf_addf(&path, "%s/%s", o->base_dir, s->cafile);
	free(s->cafile);
	s->cafile = buf_detach(&path);
	return 0;
}

int remote_settings_read(const struct remote_options *o,
			 struct remote_settings *out)
{
	const struct {
		const char *key;
		char **to;
	} texts[] = {
		{ "region", &out->region },
		{ "endpointurl", &out->endpoint },
		{ "profile", &out->profile },
		{ "user", &out->user },
		{ "password", &out->password },
		{ "token", &out->token },
		{ "cafile", &out->cafile },
		{ "accesskeyid", &out->access_key },
		{ "secretaccesskey", &out->secret_key },
		{ "sessiontoken", &out->session_token },
	};
	int anonymous = 0, err = 0;

	*out = (struct remote_settings)REMOTE_SETTINGS_INIT;
	out->connect_timeout_s = CONNECT_TIMEOUT_S;
	out->stall_timeout_s = STALL_TIMEOUT_S;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts) && !err; i++)
		err = read_text(o, texts[i].key, texts[i].to);
	if (!err)
		err = read_bool(o, "pathstyle", &out->path_style);
	if (!err)
		err = read_bool(o, "anonymous", &anonymous);
	if (!err)
		err = read_number(o, "connecttimeout", TIMEOUT_MAX_S,
				  &out->connect_timeout_s);
	if (!err)
		err = read_number(o, "stalltimeout", TIMEOUT_MAX_S,
				  &out->stall_timeout_s);
	if (!err)
		err = place_cafile(o, out);
	out->anonymous = anonymous;
	out->jobs = o->jobs ? o->jobs : JOBS_DEFAULT;
	if (out->jobs > JOBS_MAX)
		out->jobs = JOBS_MAX;
	return err;
}

void remote_settings_release(struct remote_settings *s)
{
	free(s->region);
	free(s->endpoint);
	free(s->profile);
	free(s->user);
	secret_free(s->password);
	secret_free(s->token);
	free(s->cafile);
	free(s->access_key);
	secret_free(s->secret_key);
	secret_free(s->session_token);
	*s = (struct remote_settings)REMOTE_SETTINGS_INIT;
}
