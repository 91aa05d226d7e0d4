#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/memory.h"
#include "remote/credentials.h"

#define EARLY_S		300	/* renewed so long before they end */
#define AGAIN_S		30	/* between tries to renew them early */

struct credential_chain {
	const struct remote *r;
	const struct aws_profile *profile;
	const char *profile_name;
	pthread_mutex_t mutex;
	struct credentials now;
	bool known;		/* `now` is what the chain gave */
	bool renewable;
	const char *source;
	time_t asked;		/* when the places were asked last */
};

struct credential_chain *credential_chain_new(const struct remote *r,
					      const struct aws_profile *p,
					      const char *profile_name)
{
	struct credential_chain *c = xcalloc(1, sizeof(*c));

	c->r = r;
	c->profile = p;
	c->profile_name = profile_name;
	c->source = "";
	pthread_mutex_init(&c->mutex, NULL);
	return c;
}

void credential_chain_free(struct credential_chain *c)
{
	if (!c)
		return;
	credentials_release(&c->now);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}

void credentials_release(struct credentials *c)
{
	free(c->access_key);
	secret_free(c->secret_key);
	secret_free(c->session_token);
	*c = (struct credentials)CREDENTIALS_INIT;
}

static void copy(const struct credentials *from, struct credentials *out)
{
	*out = (struct credentials)CREDENTIALS_INIT;
	if (!from->access_key)
		return;
	out->access_key = xstrdup(from->access_key);
	out->secret_key = xstrdup(from->secret_key);
	if (from->session_token)
		out->session_token = xstrdup(from->session_token);
	out->expires = from->expires;
}

/* --- the places -------------------------------------------------------- */

/* The id goes into a header; the secret never leaves but must make sense. */
static int set_keys(struct credential_chain *c, const char *id,
		    const char *secret, const char *token, const char *source,
		    struct credentials *out)
{
	const char *texts[] = { id, secret, token };

	for (int i = 0; i < 3; i++) {
		for (const char *p = texts[i]; p && *p; p++) {
			if ((unsigned char)*p <= 0x20 || *p == 0x7f)
				return remote_fail(c->r, DV_E_AUTH, "", "the "
						   "keys %s hold a blank or "
						   "control character",
						   source);
		}
	}
	*out = (struct credentials){
		xstrdup(id), xstrdup(secret),
		token && *token ? xstrdup(token) : NULL, 0,
	};
	c->source = source;
	c->renewable = false;
	return 0;
}

static int half(struct credential_chain *c, const char *have,
		const char *lack)
{
	return dv_hint(remote_fail(c->r, DV_E_AUTH, "", "%s is set but %s is "
				   "not", have, lack), "set both or neither");
}

static int from_settings(struct credential_chain *c, struct credentials *out)
{
	const struct remote_settings *s = &c->r->settings;

	if (!s->access_key && !s->secret_key)
		return DV_E_NOTFOUND;
	if (!s->secret_key)
		return half(c, "accesskeyid", "secretaccesskey");
	if (!s->access_key)
		return half(c, "secretaccesskey", "accesskeyid");
	return set_keys(c, s->access_key, s->secret_key, s->session_token,
			"from the remote's accesskeyid", out);
}

static int from_environment(struct credential_chain *c,
			    struct credentials *out)
{
	const char *id = getenv("AWS_ACCESS_KEY_ID");
	const char *secret = getenv("AWS_SECRET_ACCESS_KEY");

	id = id && *id ? id : NULL;
	secret = secret && *secret ? secret : NULL;
	if (!id && !secret)
		return DV_E_NOTFOUND;
	if (!secret)
		return half(c, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
	if (!id)
		return half(c, "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
	return set_keys(c, id, secret, getenv("AWS_SESSION_TOKEN"),
			"from AWS_ACCESS_KEY_ID", out);
}

static int needs_export(struct credential_chain *c, const char *what)
{
	return dv_hint(remote_fail(c->r, DV_E_AUTH, "", "profile %s %s, which "
				   "dv does not do by itself",
				   c->profile_name, what),
		       "let the AWS CLI do it, in a profile of its own: "
		       "credential_process = aws configure export-credentials "
		       "--profile %s --format process", c->profile_name);
}

static int from_profile(struct credential_chain *c, struct credentials *out)
{
	const struct aws_profile *p = c->profile;
	const char *named = c->r->settings.profile;
	int err;

	if (!p->found) {
		if (!named)
			named = getenv("AWS_PROFILE");
		if (!named || !*named)
			return DV_E_NOTFOUND;
		return dv_hint(remote_fail(c->r, DV_E_AUTH, "", "there is no "
					   "profile %s in ~/.aws/config and "
					   "~/.aws/credentials", named),
			       "aws configure --profile %s", named);
	}
	if (p->role_arn)
		return needs_export(c, "takes on a role");
	if (p->access_key && p->secret_key)
		return set_keys(c, p->access_key, p->secret_key,
				p->session_token, "from the profile", out);
	if (p->credential_process) {
		err = credentials_ask_process(p->credential_process, out);
		c->source = "from the profile's credential_process";
		c->renewable = true;
		return err == DV_E_NOTFOUND ? DV_E_AUTH : err;
	}
	if (p->sso)
		return needs_export(c, "signs in by SSO");
	return DV_E_NOTFOUND;
}

static int from_web_identity(struct credential_chain *c,
			     struct credentials *out)
{
	const char *file = getenv("AWS_WEB_IDENTITY_TOKEN_FILE");

	(void)out;
	if (!file || !*file || !getenv("AWS_ROLE_ARN"))
		return DV_E_NOTFOUND;
	return dv_hint(remote_fail(c->r, DV_E_AUTH, "", "the credentials here "
				   "are a web identity, which dv does not use "
				   "by itself"),
		       "let the AWS CLI do it: export $(aws configure "
		       "export-credentials --format env-no-export)");
}

static int from_container(struct credential_chain *c, struct credentials *out)
{
	c->source = "from the container's endpoint";
	c->renewable = true;
	return credentials_ask_container(out);
}

static int from_machine(struct credential_chain *c, struct credentials *out)
{
	c->source = "from the machine's role";
	c->renewable = true;
	return credentials_ask_machine(out);
}

static int ask(struct credential_chain *c, struct credentials *out)
{
	static int (*const places[])(struct credential_chain *c,
				     struct credentials *out) = {
		from_settings, from_environment, from_profile,
		from_web_identity, from_container, from_machine,
	};
	static int (*const profile_only[])(struct credential_chain *c,
					   struct credentials *out) = {
		from_settings, from_profile,
	};
	bool named = c->r->settings.profile;
	size_t count = named ? 2 : sizeof(places) / sizeof(*places);

	if (c->r->settings.anonymous)
		return 0;
	for (size_t i = 0; i < count; i++) {
		int err = (named ? profile_only : places)[i](c, out);

		if (err != DV_E_NOTFOUND)
			return err;
	}
	if (named)
		return dv_hint(remote_fail(c->r, DV_E_AUTH, "", "profile %s "
					   "has no keys", c->profile_name),
			       "aws configure --profile %s", c->profile_name);
	/* no setting says that it is public: whoever has no keys may try */
	if (c->r->apart)
		return 0;
	return dv_hint(remote_fail(c->r, DV_E_AUTH, "", "no credentials: none "
				   "in the settings, AWS_ACCESS_KEY_ID, "
				   "profile %s, a container or this machine's "
				   "role", c->profile_name),
		       "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run "
		       "aws configure, or for public data: dv config "
		       "remote.%s.anonymous true", c->r->name);
}

/* --- the chain --------------------------------------------------------- */

/* A place may give out the same keys until the very end: ask now and then. */
static bool ends_soon(const struct credential_chain *c)
{
	time_t now = time(NULL);
	time_t left = c->now.expires - now;

	if (!c->now.expires || left >= EARLY_S)
		return false;
	return left <= 0 || now - c->asked >= AGAIN_S;
}

static int refresh(struct credential_chain *c)
{
	DV_AUTO_CREDENTIALS struct credentials fresh = CREDENTIALS_INIT;
	int err = ask(c, &fresh);

	c->asked = time(NULL);
	if (err && c->known && c->now.expires > c->asked)
		return 0;	/* those at hand will do for a while yet */
	if (err)
		return err;
	credentials_release(&c->now);
	copy(&fresh, &c->now);
	c->known = true;
	return 0;
}

int credential_chain_get(struct credential_chain *c, struct credentials *out)
{
	int err = 0;

	pthread_mutex_lock(&c->mutex);
	if (!c->known || ends_soon(c))
		err = refresh(c);
	if (!err)
		copy(&c->now, out);
	pthread_mutex_unlock(&c->mutex);
	return err;
}

bool credential_chain_renew(struct credential_chain *c,
			    const struct credentials *used)
{
	bool other;

	pthread_mutex_lock(&c->mutex);
	if (c->renewable && c->known && used->access_key &&
	    c->now.access_key &&
	    !strcmp(c->now.access_key, used->access_key)) {
		c->now.expires = 1;
		refresh(c);
	}
	other = used->access_key && c->now.access_key &&
		(strcmp(c->now.access_key, used->access_key) ||
		 strcmp(c->now.secret_key, used->secret_key));
	pthread_mutex_unlock(&c->mutex);
	return other;
}

const char *credential_chain_source(struct credential_chain *c)
{
	const char *source;

	pthread_mutex_lock(&c->mutex);
	source = c->source;
	pthread_mutex_unlock(&c->mutex);
	return source;
}
