#ifndef BUILTIN_SOURCE_H
#define BUILTIN_SOURCE_H

#include "dv/source.h"

#include "base/names.h"
#include "cli/options.h"
#include "cli/progress.h"

/*
 * What get, import, import-url and update have in common: options, how they
 * are run and what is printed.
 */
struct source {
	struct dv_repo *repo;		/* get: may be NULL */
	struct dv_source_options options;
	struct progress_view view;
	const char *out;
	enum { SOURCE_UNTRACKED = 0, SOURCE_NEW, SOURCE_KNOWN } tracks;
	struct names to_stage;		/* what a hint tells to git add */
	int quiet, json, force, no_download, to_remote;
};

/* Rows for the option table of a command that takes from elsewhere: */

/* all of them */
#define SOURCE_OPTIONS(s) \
	OPT_COUNT('j', "jobs", &(s)->options.jobs, "<n>", \
		  "have so many transfers in flight"), \
	OPT_FLAG('f', "force", &(s)->force, "replace what is in the way"), \
	OPT_FLAG('q', "quiet", &(s)->quiet, "print nothing but errors"), \
	OPT_FLAG(0, "json", &(s)->json, "print a JSON object per path")
#define SOURCE_USAGE	"[-j <n>] [-f] [-q] [--json]"

/* that make something new here */
#define SOURCE_OUT(s) \
	OPT_STRING('o', "out", &(s)->out, "<out>", "call it this path")

/* from another repository */
#define SOURCE_REV(s) \
	OPT_STRING(0, "rev", &(s)->options.rev, "<rev>", \
		   "the branch, tag or commit there")
#define SOURCE_REMOTE(s) \
	OPT_STRING('r', "remote", &(s)->options.remote, "<remote>", \
		   "use this remote of that repository")

/* that track it */
#define SOURCE_NO_DOWNLOAD(s) \
	OPT_FLAG(0, "no-download", &(s)->no_download, \
		 "write only the pointer")

/* from a URL */
#define SOURCE_TO_REMOTE(s) \
	OPT_FLAG(0, "to-remote", &(s)->to_remote, \
		 "push it, and leave the work tree without it"), \
	OPT_STRING('r', "remote", &(s)->options.remote, "<remote>", \
		   "with --to-remote: one of ours; else one of that " \
		   "repository")
#define SOURCE_EITHER	"either --no-download or --to-remote"

/*
 * Completes s->options after parsing and opens the repository; with
 * `optional`, none is fine.  Returns 0 or an error for source_finish().
 */
int source_prepare(struct source *s, bool optional);
/* "data: 12 files, 3.4 MiB (at 0123456789ab)", or JSON. */
void source_print(struct source *s, const struct dv_source_result *r);
/* Prints what came of it (NULL: nothing), closes and returns the exit code. */
int source_finish(struct source *s, int err, struct dv_source_result *result);

#endif
