#ifndef __linux__

#include "base/clone.h"
#include "base/error.h"
#include "base/file.h"

int clone_fd(int from, int to)
{
	(void)from;
	(void)to;
	return dv_fail(DV_E_UNSUPPORTED,
		       "this system cannot share blocks between files");
}

int clone_copy(int from, int to, uint64_t len, const char *name)
{
	return file_copy_range(from, to, 0, len, name);
}

#endif
