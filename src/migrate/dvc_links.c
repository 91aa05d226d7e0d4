#include "migrate/dvc_links.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"

#define DEPTH_MOST	64
#define HEX		"0123456789abcdef"

/* ".../<2 digits>/<30 digits>" */
static bool in_cache(const char *link)
{
	char target[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len < 34 || *target != '/')
		return false;
	target[len] = '\0';
	return target[len - 34] == '/' && target[len - 31] == '/' &&
		strspn(target + len - 30, HEX) == 30 &&
		strspn(target + len - 33, HEX) == 2;
}

/* 1 and 0: the first file below is such a link, or not; -1: there is none. */
static int look(const char *path, int depth)
{
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *e;
	struct stat st;
	int found = -1;

	if (lstat(path, &st) < 0 || depth > DEPTH_MOST)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return S_ISLNK(st.st_mode) && in_cache(path);
	dir = opendir(path);
	while (dir && found < 0 && (e = readdir(dir))) {
		DV_AUTO_BUF struct buf below = BUF_INIT;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		buf_addf(&below, "%s/%s", path, e->d_name);
		found = look(below.data, depth + 1);
	}
	return found;
}

bool dvc_is_linked(const char *path)
{
	return look(path, 0) == 1;
}
