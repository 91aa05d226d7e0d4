#ifndef GIT_LIB_H
#define GIT_LIB_H

#include <git2.h>

/*
 * libgit2, loaded when the first thing needs it: commits, trees and blobs.
 * Loading and starting it takes longer than all the rest of `dv status` in a
 * small repository, and most commands do without.
 */
#define LIB_FUNCTIONS(X) \
	X(blob_free) \
	X(blob_lookup) \
	X(blob_rawcontent) \
	X(blob_rawsize) \
	X(commit_free) \
	X(commit_lookup) \
	X(commit_parent_id) \
	X(commit_parentcount) \
	X(commit_tree_id) \
	X(error_last) \
	X(libgit2_init) \
	X(libgit2_version) \
	X(object_free) \
	X(object_id) \
	X(object_lookup) \
	X(object_peel) \
	X(object_type) \
	X(odb_add_disk_alternate) \
	X(odb_exists) \
	X(odb_exists_ext) \
	X(odb_free) \
	X(odb_open) \
	X(odb_read_header) \
	X(odb_refresh) \
	X(oid_fromstr) \
	X(oid_tostr) \
	X(repository_free) \
	X(repository_odb) \
	X(repository_wrap_odb) \
	X(tree_entry_byindex) \
	X(tree_entry_bypath) \
	X(tree_entry_filemode) \
	X(tree_entry_free) \
	X(tree_entry_id) \
	X(tree_entry_name) \
	X(tree_entrycount) \
	X(tree_free) \
	X(tree_lookup)

#define LIB_MEMBER(name) __typeof__(git_##name) *name;

struct lib {
	LIB_FUNCTIONS(LIB_MEMBER)
};

/* Valid once lib_load() has returned 0. */
extern struct lib lib;

/* Loads and starts it, once for the process.  DV_E_UNSUPPORTED. */
int lib_load(void);

/*
 * Turns libgit2's last failure, `code`, into ours, with its text after what
 * fmt says.  DV_E_NOTFOUND for what is not there, else DV_E_IO.
 */
__attribute__((format(printf, 2, 3)))
int lib_fail(int code, const char *fmt, ...);

struct buf;
struct dv_repo;
/*
 * The objects of the repository in libgit2's hands, from the first call on.
 * Borrowed.  It is the objects alone: libgit2 reads no configuration and no
 * refs, so that nothing in them can stop it.
 */
int repo_git(struct dv_repo *repo, git_repository **out);
void repo_git_close(struct dv_repo *repo);

/*
 * Makes sure that an object which libgit2 did not find is there, by the
 * user's git, which fetches it in a partial clone; many: obtain.h.
 * DV_E_CORRUPT, or in a partial clone DV_E_NETWORK.
 */
int repo_git_obtain(struct dv_repo *repo, const git_oid *id);

/* The tree of this id, or an entry in it; obtained first where missing. */
int repo_git_tree(struct dv_repo *repo, const git_oid *id, git_tree **out);
/*
 * The entry at path below it; give back with tree_entry_free.  DV_E_NOTFOUND
 * when there is none.
 */
int repo_git_entry(struct dv_repo *repo, git_tree *tree, const char *path,
		   git_tree_entry **out);
/*
 * Appends the bytes of a blob, obtained first where it is missing; `name` is
 * for messages.  DV_E_INVALID when it has more than `most`, or is none.
 */
int repo_git_blob(struct dv_repo *repo, const git_oid *id, const char *name,
		  size_t most, struct buf *out);

#endif
