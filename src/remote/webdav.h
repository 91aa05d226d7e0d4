#ifndef REMOTE_WEBDAV_H
#define REMOTE_WEBDAV_H

#include <pthread.h>

#include "remote/call.h"

/*
 * The state of an http(s):// remote, shared by webdav.c (the operations) and
 * webdav_auth.c (who we are).
 */

enum auth_kind {
	AUTH_NONE,		/* or what .netrc says */
	AUTH_TOKEN,		/* setting token */
	AUTH_GIVEN,		/* user and password of settings or URL */
	AUTH_ASKED,		/* of git credential */
};

struct auth {
	pthread_mutex_t mutex;
	enum auth_kind kind;
	char *user, *password;	/* owned */
	unsigned version;	/* counts changes */
	bool approved;		/* git credential knows that they work */
	bool given_up;		/* git credential had none, or bad ones */
};

struct webdav {
	struct line line;
	struct auth auth;
	char *root;		/* owned; scheme://host[:port] */
	pthread_mutex_t mutex;	/* for: */
	bool makes_no_folders;	/* MKCOL is needed before PUT */
	char **made;		/* owned; folders known to be there */
	size_t made_count, made_room;
};

/* Takes what settings and URL say. */
void auth_init(struct auth *a, const struct remote *r);
void auth_release(struct auth *a);

/*
 * Puts the credentials into a request; *version says which.  user and
 * password are copied to *keep, to be wiped with secret_free().
 */
void auth_apply(struct auth *a, const struct remote *r,
		struct http_request *q, char **user, char **password,
		unsigned *version);
/* An answer that was not 401: what was asked for is worth keeping. */
void auth_worked(struct auth *a, const struct remote *r, unsigned version);
/*
 * After a 401 to a request made with `version`: CALL_AGAIN when there is
 * something else to try now, else a failure.
 */
int auth_refused(struct auth *a, struct call *c, unsigned version);

#endif
