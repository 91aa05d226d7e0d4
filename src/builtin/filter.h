#ifndef BUILTIN_FILTER_H
#define BUILTIN_FILTER_H

#include "dv/repo.h"

#include "base/arena.h"
#include "cli/options.h"

/*
 * Taking only a part: globs among the paths, --exclude, --profile and
 * --max-size, as a dv_filter.
 */
struct filter_args {
	struct option_list exclude;
	const char *profile, *max_size;
	struct dv_filter filter;
	struct option_list paths, includes, excludes;
	struct arena arena;	/* of the texts */
	bool must_match;	/* some of the arguments are globs, or it is the
				   profile that says what is wanted */
};

#define DV_AUTO_FILTER __attribute__((cleanup(filter_release)))

#define FILTER_OPTIONS(f) \
	OPT_LIST(0, "exclude", &(f)->exclude, "<glob>", \
		 "leave out what matches"), \
	OPT_STRING(0, "profile", &(f)->profile, "<name>", \
		   "take what this profile in the settings says"), \
	OPT_CHECKED(0, "max-size", &(f)->max_size, "<size>", \
		    "leave out larger files (with k, m, g)", check_max_size)

const char *check_max_size(const char *text);

/*
 * Puts the arguments and the filter into *what, which is good until
 * filter_release().  `repo` NULL: paths are relative to the top of another one.
 */
int filter_apply(struct filter_args *f, struct dv_repo *repo, char **argv,
		 int count, struct dv_selection *what);
/*
 * A failure when globs match nothing that is recorded, most likely mistyped,
 * unless a part is left out as well.  The trees of *what have to be here.
 */
int filter_check_matched(const struct filter_args *f, struct dv_repo *repo,
			 const struct dv_selection *what);
void filter_release(struct filter_args *f);

#endif
