#ifndef BUILTIN_FILTER_H
#define BUILTIN_FILTER_H

#include "dv/repo.h"

#include "base/arena.h"
#include "cli/options.h"

/*
 * Taking only a part: globs among the paths, --exclude, --profile and
 * --max-size, as a dv_filter.
 */
struct filter_need {
	const char *shown;	/* what was typed, or the name of a setting */
	size_t first, count;	/* of the includes */
};

struct filter_args {
	struct option_list exclude, profile;
	const char *max_size;
	struct dv_filter filter;
	struct option_list paths, includes, excludes, named;
	struct filter_need *needs;	/* owned; each of them has to match */
	size_t need_count, need_room;
	struct arena arena;	/* of the texts */
};

#define DV_AUTO_FILTER __attribute__((cleanup(filter_release)))

#define FILTER_OPTIONS(f) \
	OPT_LIST(0, "exclude", &(f)->exclude, "<glob>", \
		 "leave out what matches"), \
	OPT_LIST(0, "profile", &(f)->profile, "<name>", \
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
 * A failure when one of the globs, or all of a profile, matches nothing that is
 * recorded: most likely it is mistyped.  `some`: something was taken, so that a
 * single one has matched.  The trees of *what have to be here.
 */
int filter_check_matched(const struct filter_args *f, struct dv_repo *repo,
			 const struct dv_selection *what, bool some);
void filter_release(struct filter_args *f);

#endif
