#ifndef SOURCE_KEPT_H
#define SOURCE_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"

/*
 * What the store keeps of other repositories and files, so that the next
 * command does not get it again: clones, and downloads that were stopped.
 * All of it is derived.
 *
 *	<store>/sources/<SHA-256 of the URL>/
 *	<store>/sources/<SHA-256>.lock	held by who changes it
 *	<store>/sources/<SHA-256>.use	the URL; its mtime is that of the last
 *					use; held shared by who uses it
 *
 * Who wants to use it takes .use while holding .lock; who removes it takes
 * both alone, without waiting.
 */

/* Where it is for a URL; free() it. */
char *kept_dir(const char *store_path, const char *url);

/* To be called with `<dir>.lock` held; `use` may be held longer. */
int kept_use(const char *dir, const char *url, struct lock *use);

struct kept {
	const char *dir;
	const char *url;	/* "" when it is not known */
	uint64_t files, bytes;
};

/*
 * Calls fn for each one of this user's that was last used before cutoff_ns
 * and that nobody uses at the moment, in the order of their names.  Empty
 * ones are passed over.
 */
typedef int kept_cb(const struct kept *kept, void *data);
int kept_each_unused(const char *store_path, int64_t cutoff_ns, kept_cb *fn,
		     void *data);
/*
 * Removes what is kept in dir by way of the folder `temp`, which is on the
 * same file system, unless it was used meanwhile: then *removed is false.
 * An empty folder stays: it says that the user has named this URL once
 * (stranger.h).
 */
int kept_remove(const char *dir, int64_t cutoff_ns, const char *temp,
		bool *removed);

/* Adds up what is kept for all users. */
int kept_sum(const char *store_path, uint64_t *files, uint64_t *bytes);

#endif
