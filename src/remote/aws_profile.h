#ifndef REMOTE_AWS_PROFILE_H
#define REMOTE_AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The files of the AWS tools: ~/.aws/credentials and ~/.aws/config, or those
 * that AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name.
 */

/*
 * Called for each setting, in order: the section as written between the
 * brackets (blanks squeezed), the key in lower case ("s3.endpoint_url" for one
 * that is indented below "s3 =") and the value.  Non-zero stops.
 */
typedef int aws_ini_cb(void *data, const char *section, const char *key,
		       const char *value);

/*
 * Reads text[0..len).  Lines that make no sense are passed over, as other
 * tools do.  Returns 0 or what fn returned.
 */
int aws_ini_read(const char *text, size_t len, aws_ini_cb *fn, void *data);

/* One profile, both files together.  Texts are owned, NULL when unset. */
struct aws_profile {
	bool found;
	char *access_key, *secret_key, *session_token;
	char *region, *endpoint_url, *ca_bundle;
	char *credential_process;
	char *role_arn;
	char *addressing_style;
	bool sso;		/* it signs in by a browser */
	char *services;		/* name of a [services] section */
};

#define DV_AUTO_AWS_PROFILE __attribute__((cleanup(aws_profile_release)))

/*
 * Reads profile `name`.  Files that are not there are as if empty; one that
 * cannot be read is DV_E_IO.
 */
int aws_profile_read(const char *name, struct aws_profile *out);
/* Wipes and frees. */
void aws_profile_release(struct aws_profile *p);

#endif
