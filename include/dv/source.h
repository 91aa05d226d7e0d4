#ifndef DV_SOURCE_H
#define DV_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/progress.h"
#include "dv/repo.h"
#include "dv/transfer.h"
#include "dv/work.h"

/*
 * Taking from elsewhere: from another git repository, through the user's own
 * git (its transports, credentials and rules), with the remotes that this
 * repository commits in its .dvconfig.  Of the user's settings none is used
 * for it.
 *
 * A url here is what `git clone` takes; a path on this machine is made
 * absolute.
 */

struct dv_source_options {
	const char *rev;	/* branch, tag or commit there; NULL: HEAD */
	const char *remote;	/* of that repository; NULL: its default */
	unsigned jobs;		/* as in dv_transfer_options */
	bool force;		/* replace what is in the way */
	bool no_download;	/* import, import_url, update: only the
				   pointer */
	bool to_remote;		/* import_url, update of what came from a URL:
				   push it to `remote`, which is one of ours
				   then, instead of a checkout */
	struct dv_progress progress;
	void (*notice)(const char *text, void *data);	/* may be NULL */
	void *notice_data;
};

struct dv_source_result {
	char *path;		/* owned: what was written, as it was asked
				   for (get) or relative to the work tree */
	char commit[41];	/* of the other repository, in hex */
	uint64_t files, size;
	uint64_t bytes;		/* received by dv, not counting git's */
	bool changed;		/* update: the pointer was written */
	int error;		/* update: why this path could not be, as
				   dv_error_text() and dv_error_hint() say
				   then; 0: it was, or need not be */
};

void dv_source_result_release(struct dv_source_result *r);

/*
 * Writes a file or directory of another repository to `out` (NULL: the last
 * part of path; a folder that is there: into it), tracked or not there.  It
 * appears whole or not at all.  `repo` may be NULL: then nothing is kept.
 * DV_E_EXISTS when out is there, unless `force`.
 */
int dv_get(struct dv_repo *repo, const char *url, const char *path,
	   const char *out, const struct dv_source_options *options,
	   struct dv_source_result *result);

/*
 * The same, tracked here, with where it came from in the pointer.
 */
int dv_import(struct dv_repo *repo, const char *url, const char *path,
	      const char *out, const struct dv_source_options *options,
	      struct dv_source_result *result);

/*
 * Tracks the file or folder at a URL (a path or file://, http(s)://, s3://) as
 * `out` (NULL: its name there).  What the server calls this version is noted.
 * checksum: NULL or "sha256:<hex>", of a file, noted too.  A download that was
 * stopped goes on where it was.  DV_E_INVALID for a URL with a secret;
 * DV_E_CHANGED when it changes while it is read; DV_E_UNSUPPORTED for a folder
 * that cannot be listed.  With no_download the pointer's id is zeros
 * (dvformat-pointer(5)): dv_source_supply() and dv_update() write it anew.
 */
int dv_import_url(struct dv_repo *repo, const char *url, const char *out,
		  const char *checksum,
		  const struct dv_source_options *options,
		  struct dv_source_result *result);

/* Called for each path that update looked at. */
typedef int dv_source_cb(const struct dv_source_result *result, void *data);

/*
 * Looks again where selected paths came from, and takes what is new.  Paths
 * that came from nowhere are passed over; one that was named is DV_E_INVALID.
 * One that cannot be had stays as it is, and the others follow: the first such
 * failure is returned at the end, fn is told of each further one (`error`).
 */
int dv_update(struct dv_repo *repo, const struct dv_selection *what,
	      const struct dv_source_options *options, dv_source_cb *fn,
	      void *data);

/* How the place that a tracked path came from is now. */
enum dv_source_state {
	DV_SOURCE_SAME = '=',		/* what is recorded */
	DV_SOURCE_CHANGED = 'C',
	DV_SOURCE_GONE = 'G',		/* nothing is there any more */
	DV_SOURCE_UNKNOWN = 'U',	/* it cannot be said, see why */
};

struct dv_source_entry {
	enum dv_source_state state;
	const char *path;	/* relative to the work tree */
	const char *url;	/* of the repository, file or folder */
	const char *recorded;	/* commit, or version as the server calls it;
				   "" when none was noted */
	const char *now;	/* likewise; "" when it is not known */
	const char *why;	/* UNKNOWN: what failed; else "" */
};

typedef int dv_source_state_cb(const struct dv_source_entry *entry,
			       void *data);

/*
 * Looks whether the sources of selected paths are as recorded; no content is
 * received, and nothing is written but what is kept of other repositories.
 * Paths that came from nowhere are passed over.
 */
int dv_source_compare(struct dv_repo *repo, const struct dv_selection *what,
		      const struct dv_source_options *options,
		      dv_source_state_cb *fn, void *data);

/*
 * A dv_transfer_options.supply: gets what no remote has of an imported path
 * from where it came from, as of the commit or version in its pointer.
 * DV_E_CHANGED when that is no longer to be had.
 */
int dv_source_supply(struct dv_repo *repo, const struct dv_tracked *missing,
		     const struct dv_transfer_options *options);

/*
 * The same for who only looks: what nobody has taken yet is not taken, so that
 * no pointer is written, nor content where only lists are asked for.
 */
int dv_source_supply_look(struct dv_repo *repo,
			  const struct dv_tracked *missing,
			  const struct dv_transfer_options *options);

/* --- looking into another repository ------------------------------------ */

/* One commit of it. */
struct dv_source;

/*
 * repo may be NULL: then nothing is kept.  rev NULL: its HEAD.  Give back with
 * dv_source_close(), before `repo` is closed.
 */
int dv_source_open(struct dv_repo *repo, const char *url, const char *rev,
		   struct dv_source **out);
void dv_source_close(struct dv_source *s);

/*
 * For dv_list(), dv_tracked_each() and their like, with the commit as rev;
 * paths are relative to its top.  Borrowed.
 */
struct dv_repo *dv_source_repo(const struct dv_source *s);
const char *dv_source_commit(const struct dv_source *s);	/* hex */
/* 0, or DV_E_NOTFOUND when dv is not set up in that commit. */
int dv_source_set_up(const struct dv_source *s);

/*
 * As dv_list_fetching() of dv_source_repo(), with its commit as what->rev; also
 * where no remote has the lists but the store of a repository on this machine.
 */
int dv_source_list(struct dv_source *from, const struct dv_selection *what,
		   enum dv_list_flags flags, dv_entry_cb *fn, void *data);

/* As dv_cat(); also files of git's own. */
int dv_source_cat(struct dv_source *s, const char *path,
		  int (*write)(void *data, const uint8_t *bytes, size_t len),
		  void *data);

#endif
