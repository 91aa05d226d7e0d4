#ifndef GIT_REVISION_H
#define GIT_REVISION_H

#include "dv/repo.h"

#include "base/buf.h"

/*
 * Pointers in commits.  Names come first, and what a pointer says is read
 * only once it is wanted: most trees of a long history are the same ones.
 */
struct revision;

/*
 * fn is called for each place at which a commit has a pointer; `pointer` is
 * read on demand by revision_read().
 */
struct revision_pointer {
	const char *path;	/* of the data; lives as long as the revision
				   does */
	const char *commit;	/* hex; likewise */
	const void *blob;	/* git_oid */
};

typedef int revision_cb(const struct revision_pointer *p, void *data);

struct revision *revision_new(struct dv_repo *repo);
void revision_free(struct revision *r);

/* The pointers of one commit.  DV_E_NOTFOUND when rev is none. */
int revision_one(struct revision *r, const char *rev, revision_cb *fn,
		 void *data);

/*
 * Those of more commits, and of trees and blobs that the same refs are of; what
 * was reported before at the same path is not reported again.
 */
int revision_all(struct revision *r, const struct dv_selection *what,
		 revision_cb *fn, void *data);

/* The pointers of what->range that what it leaves out has not. */
int revision_range(struct revision *r, const struct dv_selection *what,
		   revision_cb *fn, void *data);

/*
 * Those of all commits that can be reached from the ones named in `lines`: an
 * id in hex, or what git for-each-ref says with the format REVISION_REFS.
 * The ids of tags, trees and, with a ref, blobs may be among them; the
 * `commit` of what is in those is the tree's id, or the blob's.
 */
#define REVISION_REFS	"--format=%(objectname) %(refname)"
int revision_history(struct revision *r, const char *lines, revision_cb *fn,
		     void *data);

/*
 * Appends what the file says, pointer or not.  DV_E_INVALID when it is too
 * long for one.
 */
int revision_text(struct revision *r, const struct revision_pointer *p,
		  struct buf *out);
/*
 * The pointer of `path` in the blob of this name in hex; `commit` is for
 * messages.
 */
int revision_blob(struct revision *r, const char *path, const char *commit,
		  const char *hex, struct dv_pointer *out);

/* DV_E_INVALID: none.  Give back with dv_pointer_release(). */
int revision_read(struct revision *r, const struct revision_pointer *p,
		  struct dv_pointer *out);

#endif
