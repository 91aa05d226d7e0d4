#ifndef UNIT_MEMORY_H
#define UNIT_MEMORY_H

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes of this process that are in memory. */
struct resident {
	size_t all;
	size_t in_files;	/* of these, what lies in files */
};

static inline struct resident resident(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long all = 0, in_files = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*u %lu %lu", &all, &in_files), 2);
	fclose(f);
	return (struct resident){ all * page, in_files * page };
}

#endif
