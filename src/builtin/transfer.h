#ifndef BUILTIN_TRANSFER_H
#define BUILTIN_TRANSFER_H

#include "dv/transfer.h"
#include "dv/work.h"

#include "builtin/broken.h"
#include "builtin/filter.h"
#include "cli/options.h"
#include "cli/progress.h"

/*
 * What push, fetch and pull have in common: options and what is printed.
 */
struct transfer {
	struct dv_repo *repo;
	struct dv_transfer_options options;
	struct progress_view view;
	int quiet, json, dry_run, force, allow_missing, imports;
	int all_branches, all_tags, all_commits;
	bool work_tree;		/* pull: there has to be one */
	struct filter_args filter;	/* fetch and pull */
	struct broken broken;
};

/* Rows for the option table of a transferring command. */
#define TRANSFER_OPTIONS(t) \
	OPT_STRING('r', "remote", &(t)->options.remote, "<remote>", \
		   "use this remote instead of the default one"), \
	OPT_COUNT('j', "jobs", &(t)->options.jobs, "<n>", \
		  "have so many transfers in flight"), \
	OPT_FLAG('n', "dry-run", &(t)->dry_run, \
		 "say what would be moved, move nothing"), \
	OPT_FLAG('q', "quiet", &(t)->quiet, "print nothing but errors"), \
	OPT_FLAG(0, "json", &(t)->json, \
		 "print a JSON object for each thing done"), \
	OPT_FLAG('a', "all-branches", &(t)->all_branches, \
		 "also what all branches record"), \
	OPT_FLAG('T', "all-tags", &(t)->all_tags, \
		 "also what all tags record"), \
	OPT_FLAG('A', "all-commits", &(t)->all_commits, \
		 "also what any commit records")

#define TRANSFER_REV_OPTION(t) \
	OPT_STRING(0, "rev", &(t)->options.what.rev, "<rev>", \
		   "what this commit records, not the work tree")

/*
 * Opens the repository and completes t->options after parsing; argv are the
 * paths.  Returns 0 or an error for report().
 */
int transfer_prepare(struct transfer *t, char **argv, int count);

/*
 * The whole of a fetch but what it prints in the end: prepares, applies the
 * filter, and of a dry run says first what each tracked path would take.
 */
int transfer_fetch(struct transfer *t, char **argv, int count,
		   struct dv_transfer_result *result);

/* "pushed 1 of 2 tracked paths: 3 packs, 1.2 MiB to origin" or JSON. */
void transfer_print(struct transfer *t, const char *verb,
		    const struct dv_transfer_result *r);

/*
 * Gives the repository back.  Returns the exit code: not 0 also when a pointer
 * could not be read, which has been said.
 */
int transfer_end(struct transfer *t, int code);

/* True when nothing had to be moved. */
bool transfer_nothing(const struct dv_transfer_result *r);

/* dv checkout's run, for pull; prints its line and returns the exit code. */
struct checkout_view {
	struct dv_repo *repo;
	struct progress_view *view;
	int quiet, json;
	bool silent_if_nothing;	/* set by pull when it says it all itself */
	bool planned;		/* what is missing would have been fetched */
	const struct filter_args *filter;	/* may be NULL */
	const struct broken *broken;	/* that the options' selection has */
	unsigned named;		/* of what is missing; private */
	struct dv_checkout_result result;
};
/* Sets options->notice. */
int checkout_run(struct checkout_view *v, struct dv_checkout_options *options);
bool checkout_nothing(const struct dv_checkout_result *r);

#endif
