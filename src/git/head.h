#ifndef GIT_HEAD_H
#define GIT_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "git/sha1.h"

struct buf;
struct dv_repo;

/*
 * Which blobs HEAD's commit has at the paths of pointers.  Answers are kept
 * in <state dir>/head beside the id of the commit, so that the next command
 * finds them without loading libgit2:
 *
 *	"dv-head 1 <commit>\n", then for each path
 *	"<id, or zeros: not there> <path>" and a 0 byte
 *
 * The file is derived and may be deleted at any time.
 */

/* *there: false when HEAD has no such file, or there is no commit yet. */
int head_lookup(struct dv_repo *repo, const char *path, bool *there,
		uint8_t id[SHA1_SIZE]);
/*
 * True when HEAD has it, or a commit that was HEAD when dv last asked had it:
 * found without loading libgit2, which after each commit takes longer than all
 * else a hook does.
 */
bool head_had(struct dv_repo *repo, const char *path,
	      const uint8_t id[SHA1_SIZE]);
/*
 * Appends what HEAD's commit has in a file.  DV_E_INVALID when that is no
 * regular file or has more than `most` bytes.  Nothing is kept of it.
 */
int head_read(struct dv_repo *repo, const char *path, size_t most, bool *there,
	      struct buf *out);
/* The id of HEAD's commit in hex; empty when there is none yet. */
int head_commit(struct dv_repo *repo, struct buf *out);
/* Writes what was learnt and frees. */
void head_close(struct dv_repo *repo);

#endif
