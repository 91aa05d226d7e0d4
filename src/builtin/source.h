#ifndef BUILTIN_SOURCE_H
#define BUILTIN_SOURCE_H

#include "dv/source.h"

#include "cli/options.h"
#include "cli/progress.h"

/*
 * What get, import and update have in common: options and what is printed.
 */
struct source {
	struct dv_repo *repo;		/* get: may be NULL */
	struct dv_source_options options;
	struct progress_view view;
	int quiet, json, force, no_download;
};

/* Rows for the option table of a command that takes from elsewhere. */
#define SOURCE_OPTIONS(s) \
	OPT_STRING(0, "rev", &(s)->options.rev, "<rev>", \
		   "the branch, tag or commit there"), \
	OPT_STRING('r', "remote", &(s)->options.remote, "<remote>", \
		   "use this remote of that repository"), \
	OPT_COUNT('j', "jobs", &(s)->options.jobs, "<n>", \
		  "have so many transfers in flight"), \
	OPT_FLAG('f', "force", &(s)->force, "replace what is in the way"), \
	OPT_FLAG('q', "quiet", &(s)->quiet, "print nothing but errors"), \
	OPT_FLAG(0, "json", &(s)->json, "print a JSON object per path")

/* Completes s->options after parsing. */
void source_prepare(struct source *s);
/* "data: 12 files, 3.4 MiB (at 0123456789ab)", or JSON. */
void source_print(struct source *s, const struct dv_source_result *r);

#endif
