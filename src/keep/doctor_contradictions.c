/* Settings that are fine one by one and make no sense together. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/transfer.h"

#include "base/buf.h"
#include "git/settings_names.h"
#include "keep/doctor.h"

extern char **environ;

/* --- remotes ------------------------------------------------------------ */

enum needs { ANY_KIND, HTTP_ONLY, S3_ONLY, NETWORK_ONLY };

static const struct {
	const char *key;
	enum needs needs;
} keys[] = {
	{ "region", S3_ONLY }, { "endpointurl", S3_ONLY },
	{ "profile", S3_ONLY }, { "pathstyle", S3_ONLY },
	{ "accesskeyid", S3_ONLY }, { "secretaccesskey", S3_ONLY },
	{ "sessiontoken", S3_ONLY },
	{ "user", HTTP_ONLY }, { "password", HTTP_ONLY },
	{ "token", HTTP_ONLY },
	{ "cafile", NETWORK_ONLY }, { "anonymous", NETWORK_ONLY },
	{ "connecttimeout", NETWORK_ONLY }, { "stalltimeout", NETWORK_ONLY },
};

/* Settings that rule each other out, or are of no use without the other. */
static const struct {
	const char *one, *other;
	bool together;
	const char *why;
} pairs[] = {
	{ "token", "password", false, "the password is not used" },
	{ "anonymous", "token", false, "the token is not used" },
	{ "anonymous", "password", false, "the password is not used" },
	{ "anonymous", "accesskeyid", false, "the keys are not used" },
	{ "anonymous", "profile", false, "the profile's keys are not used" },
	{ "profile", "accesskeyid", false, "the profile's keys are not used" },
	{ "accesskeyid", "secretaccesskey", true, "keys come in pairs" },
	{ "secretaccesskey", "accesskeyid", true, "keys come in pairs" },
	{ "password", "user", true, "a password is of no use without a user" },
	{ "sessiontoken", "accesskeyid", true, "it goes with keys" },
};

struct looking {
	struct doctor *d;
	const char *name;	/* of the remote */
	const char *url;
};

static const char *value_of(const struct looking *l, const char *key)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *value;

	buf_addf(&name, "remote.%s.%s", l->name, key);
	value = dv_config_get(l->d->repo, name.data);
	if (value && !strcmp(key, "anonymous") &&
	    dv_config_bool(l->d->repo, name.data, false) <= 0)
		return NULL;
	return value;
}

static bool suits(const char *url, enum needs needs)
{
	bool http = !strncmp(url, "http://", 7) ||
		!strncmp(url, "https://", 8);
	bool s3 = !strncmp(url, "s3://", 5);

	return needs == ANY_KIND || (needs == HTTP_ONLY && http) ||
		(needs == S3_ONLY && s3) ||
		(needs == NETWORK_ONLY && (http || s3));
}

static int look_at_keys(const struct looking *l)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !err; i++)
		if (value_of(l, keys[i].key) && !suits(l->url, keys[i].needs))
			err = doctor_tell(l->d, "settings", DV_CHECK_WARN,
					  NULL, "remote.%s.%s means nothing "
					  "for %s", l->name, keys[i].key,
					  l->url);
	return err;
}

/* The user may be in the URL, which is shown without. */
static int look_at_pairs(const struct looking *l)
{
	const char *url = value_of(l, "url");
	int err = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs) && !err; i++) {
		bool other = value_of(l, pairs[i].other) ||
			(!strcmp(pairs[i].other, "user") && url &&
			 strchr(url, '@'));

		if (!value_of(l, pairs[i].one) ||
		    other == pairs[i].together)
			continue;
		err = doctor_tell(l->d, "settings", DV_CHECK_WARN, NULL,
				  "remote.%s.%s %s %s: %s", l->name,
				  pairs[i].one, pairs[i].together ?
				  "without" : "beside", pairs[i].other,
				  pairs[i].why);
	}
	return err;
}

static int look_at_remote(const struct dv_remote_info *info, void *data)
{
	struct looking l = { .d = data, .name = info->name, .url = info->url };
	int err = look_at_keys(&l);

	return err ? err : look_at_pairs(&l);
}

/* --- the rest ------------------------------------------------------------- */

static int look_at_default(struct doctor *d)
{
	const char *name = dv_config_get(d->repo, "core.remote");
	struct looking l = { .d = d, .name = name };

	if (!name || value_of(&l, "url"))
		return 0;
	return doctor_tell(d, "settings", DV_CHECK_WARN, "dv remote list",
			   "core.remote names %s, which has no url", name);
}

/*
 * Like the variable of a setting, DV_CORE_..., but of none that there is: other
 * programs may have a DV_ of their own.
 */
static bool is_mistyped(const char *variable)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	bool like = false;

	for (size_t i = 0; i < settings_known_count; i++) {
		if (!setting_environment(&settings_known[i], &name))
			continue;
		if (!strcmp(name.data, variable))
			return false;
		buf_setlen(&name, 3 + strcspn(name.data + 3, "_") + 1);
		like |= !strncmp(name.data, variable, name.len);
	}
	return like;
}

static int look_at_environment(struct doctor *d)
{
	int err = 0;

	for (char **e = environ; *e && !err; e++) {
		DV_AUTO_BUF struct buf name = BUF_INIT;

		buf_add(&name, *e, strcspn(*e, "="));
		if (is_mistyped(name.data))
			err = doctor_tell(d, "settings", DV_CHECK_WARN, NULL,
					  "environment: dv reads no %s",
					  name.data);
	}
	return err;
}

int doctor_contradictions(struct doctor *d)
{
	int err = look_at_default(d);

	if (!err)
		err = look_at_environment(d);
	return err ? err : dv_remote_each(d->repo, look_at_remote, d);
}
