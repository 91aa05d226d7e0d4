#include "source/stranger.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"
#include "git/foreign.h"

bool source_is_local(const char *url)
{
	return *url == '/' || !strncasecmp(url, "file://", 7);
}

/* Who commits .dvconfig does not decide it. */
static bool is_allowed(struct dv_repo *repo)
{
	static const enum dv_config_level levels[] = {
		DV_CONFIG_LOCAL, DV_CONFIG_GLOBAL, DV_CONFIG_SYSTEM,
		DV_CONFIG_ENVIRONMENT,
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (dv_config_get_at(repo, levels[i], "source.local"))
			return dv_config_bool(repo, "source.local", false) == 1;
	return false;
}

int stranger_check(struct dv_repo *repo, const char *url, const char *dir)
{
	struct stat st;
	int err;

	repo = repo_user(repo);
	if (!source_is_local(url) || (repo && is_allowed(repo)) ||
	    !stat(dir, &st))
		return 0;
	err = dv_fail(DV_E_INVALID, "a pointer names %s on this machine, "
		      "which no command has used here yet", url);
	return repo ? dv_hint(err, "git config dv.source.local true allows it")
		: err;
}
