#ifndef REMOTE_CREDENTIALS_H
#define REMOTE_CREDENTIALS_H

#include <stdbool.h>
#include <time.h>

#include "remote/aws_profile.h"
#include "remote/kind.h"

/*
 * Keys for S3, from the first place that has some:
 *
 *	remote.<name>.accesskeyid, .secretaccesskey, .sessiontoken
 *	(remote.<name>.profile: that profile and nothing else)
 *	AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *	the profile AWS_PROFILE names, or "default": keys, credential_process
 *	the container's endpoint (AWS_CONTAINER_CREDENTIALS_*)
 *	the machine's role (IMDSv2), unless AWS_EC2_METADATA_DISABLED
 *
 * Those that end are asked for anew before they do.  Safe for many threads.
 */
struct credentials {
	char *access_key;	/* owned; NULL: anonymous */
	char *secret_key;	/* owned */
	char *session_token;	/* owned, or NULL */
	time_t expires;		/* 0: never */
};

#define CREDENTIALS_INIT	{ NULL, NULL, NULL, 0 }
#define DV_AUTO_CREDENTIALS	__attribute__((cleanup(credentials_release)))

struct credential_chain;

/* Looks nowhere yet.  r and profile must live as long as it. */
struct credential_chain *credential_chain_new(const struct remote *r,
					      const struct aws_profile *p,
					      const char *profile_name);
void credential_chain_free(struct credential_chain *c);

/*
 * A copy of the keys to use now.  Returns 0, or DV_E_AUTH when there are
 * none, saying where they were looked for.  Give back with
 * credentials_release().
 */
int credential_chain_get(struct credential_chain *c, struct credentials *out);

/*
 * The server says that `used` have ended.  True when there are other ones
 * now, so that another try makes sense.
 */
bool credential_chain_renew(struct credential_chain *c,
			    const struct credentials *used);

/* Where the keys came from, as in "from AWS_ACCESS_KEY_ID"; a constant. */
const char *credential_chain_source(struct credential_chain *c);

/* Wipes and frees. */
void credentials_release(struct credentials *c);

/* --- the places over HTTP and by a program (credentials_ask.c) ---------- */

/*
 * Each returns 0 with *out filled in, DV_E_NOTFOUND when the place is not
 * set up here, or a failure.
 */
int credentials_ask_process(const char *command, struct credentials *out);
int credentials_ask_container(struct credentials *out);
int credentials_ask_machine(struct credentials *out);

/*
 * Splits a command as a shell does with quotes and backslashes, but runs
 * nothing and expands nothing.  Appends the words to *words, each with a 0
 * after it.  Returns their number, or -1 when a quote is not closed.
 */
int credentials_split(const char *command, struct buf *words);

#endif
