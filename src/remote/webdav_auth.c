#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/memory.h"
#include "remote/webdav.h"

void auth_init(struct auth *a, const struct remote *r)
{
	const struct remote_settings *s = &r->settings;
	const char *user = s->user ? s->user : r->url.user;
	const char *password = s->password ? s->password : r->url.password;

	pthread_mutex_init(&a->mutex, NULL);
	if (s->anonymous)
		return;
	if (s->token) {
		a->kind = AUTH_TOKEN;
	} else if (user && password) {
		a->kind = AUTH_GIVEN;
		a->user = xstrdup(user);
		a->password = xstrdup(password);
	}
}

void auth_release(struct auth *a)
{
	free(a->user);
	secret_free(a->password);
	pthread_mutex_destroy(&a->mutex);
}

void auth_apply(struct auth *a, const struct remote *r,
		struct http_request *q, char **user, char **password,
		unsigned *version)
{
	pthread_mutex_lock(&a->mutex);
	*version = a->version;
	if (a->kind == AUTH_TOKEN)
		http_header(q, "Authorization: Bearer %s", r->settings.token);
	if (a->user) {
		*user = xstrdup(a->user);
		*password = xstrdup(a->password);
	}
	q->user = *user;
	q->password = *password;
	q->netrc = a->kind == AUTH_NONE && !r->settings.anonymous;
	pthread_mutex_unlock(&a->mutex);
}

const char *auth_source(struct auth *a, const struct remote *r)
{
	enum auth_kind kind;

	pthread_mutex_lock(&a->mutex);
	kind = a->kind;
	pthread_mutex_unlock(&a->mutex);
	switch (kind) {
	case AUTH_TOKEN:
		return "from the remote's token";
	case AUTH_GIVEN:
		return r->settings.password ? "from the remote's password" :
			"from the URL";
	case AUTH_ASKED:
		return "from git credential";
	case AUTH_NONE:
		break;
	}
	return r->settings.anonymous ? "none, as its setting anonymous says" :
		"none in the settings (~/.netrc may have some)";
}

/* The URL as git credential wants it: with the user when that is known. */
static void ask_url(const struct remote *r, struct buf *out)
{
	const char *user = r->settings.user ? r->settings.user : r->url.user;

	buf_addstr(out, r->url.tls ? "https://" : "http://");
	if (user) {
		url_escape(user, false, out);
		buf_addch(out, '@');
	}
	url_authority(&r->url, out);
	buf_addstr(out, r->url.path);
}

static int tell(struct auth *a, const struct remote *r, const char *action)
{
	DV_AUTO_BUF struct buf url = BUF_INIT;

	ask_url(r, &url);
	return r->credential(r->credential_data, action, url.data, &a->user,
			     &a->password);
}

void auth_worked(struct auth *a, const struct remote *r, unsigned version)
{
	pthread_mutex_lock(&a->mutex);
	if (a->kind == AUTH_ASKED && !a->approved && a->version == version) {
		struct error_state before;

		/* that a helper cannot store it is no failure of the push */
		error_save(0, &before);
		tell(a, r, "approve");
		error_restore(&before);
		a->approved = true;
	}
	pthread_mutex_unlock(&a->mutex);
}

static int fail_unasked(struct auth *a, struct call *c)
{
	const char *name = c->remote->name;

	if (a->kind == AUTH_TOKEN) {
		call_fail(c, DV_E_AUTH, "the token was refused (401)");
		return dv_hint(c->code, "dv config --local remote.%s.token "
			       "<token>", name);
	}
	if (a->kind == AUTH_GIVEN) {
		call_fail(c, DV_E_AUTH, "the password of user %s was refused "
			  "(401)", a->user);
		return dv_hint(c->code, "dv config --local remote.%s.password "
			       "<password>, or unset it and let git "
			       "credential ask", name);
	}
	call_fail(c, DV_E_AUTH, "the server wants a user and a password "
		  "(401)");
	if (c->remote->apart)
		return dv_hint(c->code, "set up a git credential helper");
	return dv_hint(c->code, "set up a git credential helper, or: dv "
		       "config --local remote.%s.user <user>, and .password",
		       name);
}

static void forget(struct auth *a)
{
	free(a->user);
	secret_free(a->password);
	a->user = a->password = NULL;
	a->kind = AUTH_NONE;
	a->version++;
}

static bool usable(const struct auth *a)
{
	const char *texts[] = { a->user, a->password };

	for (int i = 0; i < 2; i++) {
		if (!texts[i])
			return false;
		for (const char *p = texts[i]; *p; p++) {
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				return false;
		}
	}
	return !strchr(a->user, ':');
}

static int ask(struct auth *a, struct call *c)
{
	int err;

	if (a->kind == AUTH_ASKED) {
		char user[100] = "";

		if (a->user)
			strncat(user, a->user, sizeof(user) - 1);
		tell(a, c->remote, "reject");
		forget(a);
		a->given_up = true;
		call_fail(c, DV_E_AUTH, "the password that git credential has "
			  "for user %s was refused (401)", user);
		return dv_hint(c->code, "it has been told to forget it; try "
			       "again with the right one");
	}
	err = tell(a, c->remote, "fill");
	if (err == DV_E_INTERRUPTED)
		return c->code = err;
	if (err || !usable(a)) {
		forget(a);
		a->given_up = true;
		return fail_unasked(a, c);
	}
	a->kind = AUTH_ASKED;
	a->version++;
	return CALL_AGAIN;
}

int auth_refused(struct auth *a, struct call *c, unsigned version)
{
	int verdict;

	pthread_mutex_lock(&a->mutex);
	if (a->version != version && !a->given_up)
		verdict = CALL_AGAIN;	/* another thread has asked */
	else if (a->kind == AUTH_TOKEN || a->kind == AUTH_GIVEN ||
		 a->given_up || !c->remote->credential ||
		 c->remote->settings.anonymous)
		verdict = fail_unasked(a, c);
	else
		verdict = ask(a, c);
	pthread_mutex_unlock(&a->mutex);
	return verdict;
}
