#ifndef REMOTE_WEBDAV_H
#define REMOTE_WEBDAV_H

#include <pthread.h>

#include "remote/call.h"

/*
 * The state of an http(s):// remote, shared by webdav.c (the operations),
 * webdav_folder.c and webdav_list.c (those that take more than a request),
 * webdav_call.c (what all requests have in common) and webdav_auth.c (who we
 * are).
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
/* Where they come from, if there are any; a constant. */
const char *auth_source(struct auth *a, const struct remote *r);
/* An answer that was not 401: what was asked for is worth keeping. */
void auth_worked(struct auth *a, const struct remote *r, unsigned version);
/*
 * After a 401 to a request made with `version`: CALL_AGAIN when there is
 * something else to try now, else a failure.
 */
int auth_refused(struct auth *a, struct call *c, unsigned version);

/* --- webdav_call.c ----------------------------------------------------- */

struct dav_call {
	struct call call;
	struct webdav *dav;
	const char *method;
	const char *path;	/* escaped, below the root; begins with '/' */
	char *elsewhere;	/* owned; where we were sent, a whole URL */
	unsigned redirects;
	unsigned version;	/* of the credentials in the try judged */
	char *user, *password;	/* owned; in use by the try */
	const struct buf *headers;	/* more of them, for the first place
					   asked; or NULL */
};

/* Where an object lies on its server, escaped. */
void dav_path(const struct remote *r, const char *name, struct buf *out);
/* Fills in URL, headers and credentials. */
void dav_prepare(struct dav_call *d, struct http_request *q);
/* That as a call's prepare(), where it is all there is to do. */
int dav_plain_prepare(struct call *c, struct http_request *q);
/* Statuses that mean the same for all methods: what judge() returns. */
int dav_judge_refusal(struct dav_call *d, const struct http_answer *a);
/* A good answer came. */
void dav_worked(struct dav_call *d);
/* Returns 0 or the failure; the call is its caller's again. */
int dav_run(struct remote *r, struct dav_call *d);

/* --- webdav_folder.c --------------------------------------------------- */

/* Makes the folders above `path`; `name` is for messages. */
int dav_make_parents(struct remote *r, const char *name, const char *path);

/* --- webdav_list.c ----------------------------------------------------- */

/* See remote_list(). */
int dav_list(struct remote *r, const char *prefix, remote_list_cb *fn,
	     void *data);
/* See remote_list_files(). */
int dav_list_files(struct remote *r, remote_file_cb *fn, void *data);

#endif
