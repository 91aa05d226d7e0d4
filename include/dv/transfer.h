#ifndef DV_TRANSFER_H
#define DV_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/progress.h"
#include "dv/repo.h"
#include "dv/work.h"

/*
 * Moving data between the store and remotes.
 *
 * A remote is a folder (path or file://), an HTTP or WebDAV server
 * (http://, https://) or a bucket (s3://bucket/prefix).  Its settings are
 * remote.<name>.*, see dvconfig(5).  dvprotocol-remote(7) says what lies
 * there.
 */

struct dv_transfer_options;

/*
 * Called for an imported path that no remote has, to bring what is asked of it
 * into the store from where it came from: dv_source_supply() does.
 */
typedef int dv_supply_cb(struct dv_repo *repo, const struct dv_tracked *missing,
			 const struct dv_transfer_options *options);

struct dv_transfer_options {
	struct dv_selection what;
	const char *remote;	/* name or URL; NULL: the default remote */
	unsigned jobs;		/* in flight; 0: remote.<name>.jobs or 8 */
	bool dry_run;		/* plan only */
	bool force;		/* push: send even what seems to be there */
	bool metadata_only;	/* fetch: trees and lists, no content */
	bool imports;		/* push: also what was imported */
	dv_supply_cb *supply;	/* fetch; may be NULL */
	struct dv_progress progress;
	/*
	 * Called for what could not be done and was worked around: another
	 * remote used, something repaired.  May be NULL.
	 */
	void (*notice)(const char *text, void *data);
	void *notice_data;
};

struct dv_transfer_result {
	uint64_t roots;		/* pointers looked at */
	uint64_t roots_done;	/* of these, not at the other side before */
	uint64_t packs;		/* sent or received, in whole or part */
	uint64_t bytes;		/* sent or received */
	uint64_t objects;	/* chunks and nodes, likewise */
	uint64_t requests;	/* made to the remote */
	uint64_t repaired;	/* push: packs that were missing there */
};

/*
 * Sends what the remote lacks.  All that the new roots rely on is proved to
 * be at the remote (a pack of the right name and size) or sent again before
 * a root is written.  Resumes after a kill.  DV_E_NOTFOUND when content is
 * neither here nor there.
 */
int dv_push(struct dv_repo *repo, const struct dv_transfer_options *options,
	    struct dv_transfer_result *result);

/*
 * Receives what the store lacks.  Every object is checked by SHA-256 before
 * it is kept.  What one remote has wrong or not at all is asked of the
 * others that are configured.
 */
int dv_fetch(struct dv_repo *repo, const struct dv_transfer_options *options,
	     struct dv_transfer_result *result);

/* What a fetch would have to bring, for one tracked path. */
struct dv_fetch_plan {
	const char *path;
	uint64_t files, size;		/* wanted */
	uint64_t missing_files;		/* of these: not whole in the store */
	uint64_t missing_size;		/* bytes of them, raw */
};

typedef int dv_fetch_plan_cb(const struct dv_fetch_plan *plan, void *data);

/*
 * Fetches the trees that are needed to know, and calls fn for each tracked
 * path selected.
 */
int dv_fetch_plan(struct dv_repo *repo,
		  const struct dv_transfer_options *options,
		  dv_fetch_plan_cb *fn, void *data);

/*
 * dv_list(), for which the trees that the store lacks are fetched first; supply
 * as in dv_transfer_options.
 */
int dv_list_fetching(struct dv_repo *repo, const struct dv_selection *what,
		     enum dv_list_flags flags, dv_supply_cb *supply,
		     dv_entry_cb *fn, void *data);

/* dv status --remote: how much push would send. */
int dv_compare(struct dv_repo *repo, const struct dv_transfer_options *options,
	       struct dv_transfer_result *result);

/* --- remotes ----------------------------------------------------------- */

struct dv_remote_info {
	const char *name;
	const char *url;	/* without user and password */
	bool is_default;
};

typedef int dv_remote_cb(const struct dv_remote_info *info, void *data);
int dv_remote_each(struct dv_repo *repo, dv_remote_cb *fn, void *data);

/*
 * Adds remote.<name>.url to .dvconfig (or `level`); the first one becomes
 * the default, as does one with make_default.  Refuses names that are not
 * plain, URLs it cannot use, and secrets in a committed file.
 */
int dv_remote_add(struct dv_repo *repo, enum dv_config_level level,
		  const char *name, const char *url, bool make_default);
int dv_remote_set_url(struct dv_repo *repo, enum dv_config_level level,
		      const char *name, const char *url);
int dv_remote_remove(struct dv_repo *repo, const char *name);
int dv_remote_rename(struct dv_repo *repo, const char *name,
		     const char *new_name);
int dv_remote_set_default(struct dv_repo *repo, const char *name);

#endif
