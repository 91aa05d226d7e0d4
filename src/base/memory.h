#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

/*
 * Bytes of memory that this process and what it writes to the page cache may
 * take: those of the machine, or of its control group (version 2) if that
 * allows less.  0: not known.
 */
uint64_t memory_limit(void);

/*
 * From now on large pieces go back to the system when they are freed: before
 * threads are begun that take and free many.
 */
void memory_give_back(void);

/*
 * Gives back to the system what was freed: after much was, before something
 * else begins that takes much.
 */
void memory_trim(void);

/* Wipes and frees a secret text, which may be NULL. */
void secret_free(char *text);

/*
 * The smallest memory.max of the group that `groups` (as /proc/self/cgroup)
 * names and of those above it, below `root` (as /sys/fs/cgroup).  UINT64_MAX:
 * there is no limit, or none that can be read.
 */
uint64_t memory_group_limit(const char *groups, const char *root);

#endif
