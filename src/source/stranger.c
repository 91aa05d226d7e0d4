#include "source/stranger.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "chunk/sha256.h"

char *source_dir(const char *store_path, const char *url)
{
	struct buf dir = BUF_INIT;
	char hex[DV_ID_HEX + 1];
	struct dv_id id;
	struct stat st;

	sha256(url, strlen(url), &id);
	dv_id_to_hex(&id, hex);
	buf_addf(&dir, "%s/sources", store_path);
	/* git runs what a clone's config says: another user's is not used */
	if (!lstat(dir.data, &st) && st.st_uid != geteuid())
		buf_addf(&dir, "-%lu", (unsigned long)geteuid());
	buf_addf(&dir, "/%s", hex);
	return buf_detach(&dir);
}

bool source_is_local(const char *url)
{
	return *url == '/' || !strncmp(url, "file://", 7);
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

	if (!source_is_local(url) || is_allowed(repo) || !stat(dir, &st))
		return 0;
	return dv_hint(dv_fail(DV_E_INVALID, "a pointer names %s on this "
			       "machine, which no command has used here yet",
			       url),
		       "git config dv.source.local true allows it");
}
