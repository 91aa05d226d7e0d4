#ifndef REMOTE_SETTINGS_H
#define REMOTE_SETTINGS_H

#include <stdbool.h>

#include "remote/remote.h"

/*
 * The settings of one remote, read once and checked.  All texts are owned
 * and NULL when unset; empty ones count as unset.
 */
struct remote_settings {
	char *region, *endpoint, *profile;
	char *user, *password, *token;
	char *cafile;
	char *access_key, *secret_key, *session_token;
	int path_style;			/* 1, 0, or -1: not said */
	bool anonymous;
	unsigned connect_timeout_s;
	unsigned stall_timeout_s;
	unsigned jobs;
};

#define REMOTE_SETTINGS_INIT	{ .path_style = -1 }

/* Returns 0 or DV_E_INVALID, naming the setting. */
int remote_settings_read(const struct remote_options *o,
			 struct remote_settings *out);
/* Wipes the secrets and frees. */
void remote_settings_release(struct remote_settings *s);

#endif
