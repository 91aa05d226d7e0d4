#ifndef SOURCE_FILE_H
#define SOURCE_FILE_H

#include "dv/source.h"

#include "remote/remote.h"
#include "source/import.h"

/*
 * A single file at a URL: a path or file://, http(s)://, s3://.  Of the user's
 * settings none is used for it; credentials come from git credential, and for
 * S3 from the AWS_* environment and files.
 */
struct file_source {
	char *url;		/* owned; as it goes into a pointer */
	char *dir;		/* owned; of what is kept of it meanwhile */
	char *name;		/* owned; below the remote */
	struct remote *remote;	/* owned */
};

#define DV_AUTO_FILE_SOURCE __attribute__((cleanup(file_source_release)))

/* `stranger`: the URL is from a pointer; see clone.h. */
int file_source_open(struct dv_repo *repo, const char *url, bool stranger,
		     struct file_source *out);
void file_source_release(struct file_source *f);

/*
 * Downloads it (going on where a killed run has stopped, if it is the same
 * version) and records it in the store.  `checksum`: NULL, or
 * "sha256:<hex>", which it must have.
 */
int file_source_pointer(struct dv_repo *repo, struct file_source *f,
			const char *checksum,
			const struct dv_source_options *o,
			struct import *out);

#endif
