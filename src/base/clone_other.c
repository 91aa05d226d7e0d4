#ifndef __linux__

#include "base/clone.h"
#include "base/error.h"
#include "base/file.h"

static int cannot(void)
{
	return dv_fail(DV_E_UNSUPPORTED,
		       "this system cannot share blocks between files");
}

int clone_fd(int from, int to)
{
	(void)from;
	(void)to;
	return cannot();
}

int clone_range(int from, uint64_t from_at, uint64_t len, int to,
		uint64_t to_at)
{
	(void)from;
	(void)from_at;
	(void)len;
	(void)to;
	(void)to_at;
	return cannot();
}

int clone_copy(int from, int to, uint64_t len, const char *name)
{
	return file_copy_range(from, to, 0, len, name);
}

#endif
