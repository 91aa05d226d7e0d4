#ifndef SOURCE_URL_SOURCE_H
#define SOURCE_URL_SOURCE_H

#include "dv/source.h"

#include "migrate/listing.h"
#include "remote/remote.h"
#include "source/import.h"

/*
 * A file or folder at a URL: a path or file://, http(s)://, s3://.  Of the
 * user's settings none is used for it; credentials come from git credential,
 * and for S3 from the AWS_* environment and files.  A folder is one on this
 * machine, or a URL that ends in a slash.
 */
struct url_source {
	char *url;		/* owned; as it goes into a pointer */
	char *dir;		/* owned; of what is kept of it meanwhile */
	bool folder;
	bool whole;		/* remote_options.whole */
	char *name;		/* owned; what to call it here, or "" */
	char *file;		/* owned; the path below the remote; "" where
				   that is the folder or file itself */
	struct remote *remote;	/* owned */
};

#define DV_AUTO_URL_SOURCE __attribute__((cleanup(url_source_release)))

/*
 * `stranger`: a pointer names the URL (see clone.h), and a relative path starts
 * at the top of the work tree; else the user has typed it.  DV_E_INVALID for
 * what would put a secret into a pointer.
 */
int url_source_open(struct dv_repo *repo, const char *url, unsigned jobs,
		    bool stranger, struct url_source *out);
void url_source_release(struct url_source *u);

/* What is there now. */
struct url_state {
	uint64_t files, size;
	/*
	 * Names the version; "" when the server names none.  Of a folder:
	 * "sha256:<hex>" over all that was listed, see dvformat-pointer(5).
	 */
	char version[160];
	struct listing listing;	/* a folder's; sorted and checked */
};

#define URL_STATE_INIT	{ 0, 0, "", LISTING_INIT }
#define DV_AUTO_URL_STATE __attribute__((cleanup(url_state_release)))

static inline void url_state_release(struct url_state *s)
{
	listing_release(&s->listing);
}

/* Downloads nothing. */
int url_source_look(struct url_source *u, struct url_state *out);
/* True when it is what was recorded, as far as it has a name. */
bool url_state_is(const struct url_state *s, const struct dv_pointer *p);

/*
 * Takes what was seen into the store, going on where a killed run has
 * stopped.  DV_E_CHANGED when it is no longer that.  `checksum`: NULL, or
 * "sha256:<hex>", which a file must have.
 */
int url_source_take(struct dv_repo *repo, struct url_source *u,
		    struct url_state *state, const char *checksum,
		    const struct dv_source_options *o, struct import *out);

/* A pointer to what is still to be taken. */
void url_source_await(const struct url_source *u,
		      const struct url_state *state, const char *checksum,
		      struct dv_pointer *out);

/* DV_E_INVALID unless it is NULL or "sha256:<hex>". */
int url_checksum_check(const char *checksum);

/* --- between the files of url_source_take() ------------------------------ */

int url_changed(const struct url_source *u);
/* file.c and folder.c; the caller holds a lock on u->dir. */
int file_take(struct dv_repo *repo, struct url_source *u,
	      const struct url_state *state, const char *checksum,
	      const struct dv_source_options *o, struct import *out);
int folder_take(struct dv_repo *repo, struct url_source *u,
		struct url_state *state, const struct dv_source_options *o,
		struct import *out);
/* Lists it. */
int folder_look(struct url_source *u, struct url_state *out);

#endif
