/* How much memory there is, and what is not to stay in it. */

#include "base/memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"

#define GROUPS_MOST	(64u << 10)	/* bytes */

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void memory_give_back(void)
{
#ifdef __GLIBC__
	/* freeing large pieces would make malloc() keep such ones to itself */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

void memory_trim(void)
{
	memory_give_back();
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static uint64_t limit_of(const char *root, const char *group)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	uint64_t limit = UINT64_MAX;
	FILE *f;

	buf_addf(&path, "%s%s/memory.max", root, group);
	f = fopen(path.data, "re");
	if (!f)
		return limit;
	if (fscanf(f, "%" SCNu64, &limit) != 1)	/* "max" */
		limit = UINT64_MAX;
	fclose(f);
	return limit;
}

uint64_t memory_group_limit(const char *groups, const char *root)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	uint64_t least = UINT64_MAX;
	char *group, *end;

	if (access(groups, R_OK) < 0 ||
	    file_read(groups, GROUPS_MOST, &text))
		return least;
	group = strncmp(text.data, "0::/", 4) ? strstr(text.data, "\n0::/") :
		text.data;
	if (!group)
		return least;
	group = strchr(group, '/');
	end = group + strcspn(group, "\n");
	for (;;) {
		uint64_t limit;

		while (end > group && end[-1] == '/')
			end--;
		*end = 0;
		limit = limit_of(root, group);
		least = limit < least ? limit : least;
		if (end == group)
			return least;
		end = strrchr(group, '/');
	}
}

uint64_t memory_limit(void)
{
	uint64_t group = memory_group_limit("/proc/self/cgroup",
					    "/sys/fs/cgroup");
	long pages = sysconf(_SC_PHYS_PAGES);
	long bytes = sysconf(_SC_PAGESIZE);
	uint64_t all = pages > 0 && bytes > 0 ?
		(uint64_t)pages * (uint64_t)bytes : 0;

	return all && all < group ? all : group == UINT64_MAX ? all : group;
}
