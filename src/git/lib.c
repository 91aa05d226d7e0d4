#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/trace.h"
#include "git/lib.h"
#include "git/private.h"

struct lib lib;

/* --- loading ----------------------------------------------------------- */

static struct error_state load_error;
static int load_code;

static int find_functions(void *handle)
{
	static const char *const names[] = {
#define LIB_NAME(name) "git_" #name,
		LIB_FUNCTIONS(LIB_NAME)
	};
	void *found[sizeof(names) / sizeof(*names)];

	_Static_assert(sizeof(found) == sizeof(lib), "one pointer each");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		found[i] = dlsym(handle, names[i]);
		if (!found[i])
			return dv_fail(DV_E_UNSUPPORTED, "libgit2 has no %s",
				       names[i]);
	}
	memcpy(&lib, found, sizeof(lib));
	return 0;
}

static int load(void)
{
	void *handle = dlopen("libgit2.so." LIBGIT2_SOVERSION,
			      RTLD_NOW | RTLD_LOCAL);
	TRACE_REGION("git: load libgit2");
	int err;

	if (!handle)
		return dv_fail(DV_E_UNSUPPORTED, "cannot load libgit2: %s",
			       dlerror());
	err = find_functions(handle);
	if (!err && lib.libgit2_init() < 0)
		err = lib_fail(GIT_ERROR, "cannot start libgit2");
	return err;
}

static void load_once(void)
{
	load_code = load();
	if (load_code)
		error_save(load_code, &load_error);
}

int lib_load(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load_once);
	return load_code ? error_restore(&load_error) : 0;
}

int git_library(struct buf *out)
{
	int major, minor, revision;
	int err = lib_load();

	if (err)
		return err;
	lib.libgit2_version(&major, &minor, &revision);
	buf_addf(out, "libgit2 %d.%d.%d", major, minor, revision);
	return 0;
}

int lib_fail(int code, const char *fmt, ...)
{
	const git_error *last = lib.error_last ? lib.error_last() : NULL;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	return dv_fail(code == GIT_ENOTFOUND ? DV_E_NOTFOUND : DV_E_IO,
		       "%s: %s", text.data,
		       last && last->message ? last->message : "failed");
}

/* --- a repository ------------------------------------------------------ */

/* Where git looks for objects besides the repository, in hooks for one. */
static int add_alternates(git_odb *odb)
{
	const char *more = getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES");
	int code = 0;

	while (code >= 0 && more && *more) {
		DV_AUTO_BUF struct buf one = BUF_INIT;
		size_t n = strcspn(more, ":");

		buf_add(&one, more, n);
		if (n)
			code = lib.odb_add_disk_alternate(odb, one.data);
		more += n;
		more += *more == ':';
	}
	return code;
}

static int open_git(struct dv_repo *repo)
{
	const char *set = repo->foreign ? NULL :
		getenv("GIT_OBJECT_DIRECTORY");
	DV_AUTO_BUF struct buf objects = BUF_INIT;
	git_odb *odb;
	int code, err = lib_load();

	if (err)
		return err;
	if (set && *set)
		buf_addstr(&objects, set);
	else
		buf_addf(&objects, "%s/objects", repo->place.common_dir);
	code = lib.odb_open(&odb, objects.data);
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot open %s", objects.data);
	code = repo->foreign ? 0 : add_alternates(odb);
	if (code >= 0)
		code = lib.repository_wrap_odb(&repo->git, odb);
	lib.odb_free(odb);
	if (code >= 0)
		return 0;
	repo->git = NULL;
	return lib_fail(GIT_ERROR, "cannot open %s", objects.data);
}

int repo_git(struct dv_repo *repo, git_repository **out)
{
	int err = repo->git ? 0 : open_git(repo);

	*out = repo->git;
	return err;
}

void repo_git_close(struct dv_repo *repo)
{
	if (repo->git)
		lib.repository_free(repo->git);
	repo->git = NULL;
}

int repo_git_tree(struct dv_repo *repo, const git_oid *id, git_tree **out)
{
	git_repository *git;
	int code, err = repo_git(repo, &git);

	if (err)
		return err;
	code = lib.tree_lookup(out, git, id);
	if (code == GIT_ENOTFOUND) {
		err = repo_git_obtain(repo, id);
		if (err)
			return err;
		code = lib.tree_lookup(out, git, id);
	}
	return code < 0 ? lib_fail(GIT_ERROR, "cannot read a tree") : 0;
}

/*
 * Folder by folder: libgit2 does not say whether it was the entry that it
 * did not find or a tree on the way, which may have to be fetched.
 */
int repo_git_entry(struct dv_repo *repo, git_tree *tree, const char *path,
		   git_tree_entry **out)
{
	size_t n = strcspn(path, "/");
	DV_AUTO_BUF struct buf name = BUF_INIT;
	git_tree_entry *entry;
	git_tree *below;
	int code, err;

	buf_add(&name, path, n);
	code = lib.tree_entry_bypath(&entry, tree, name.data);
	if (code < 0)
		return lib_fail(code, "cannot find %s", path);
	if (!path[n]) {
		*out = entry;
		return 0;
	}
	if (lib.tree_entry_filemode(entry) != GIT_FILEMODE_TREE) {
		lib.tree_entry_free(entry);
		return dv_fail(DV_E_NOTFOUND, "cannot find %s", path);
	}
	err = repo_git_tree(repo, lib.tree_entry_id(entry), &below);
	lib.tree_entry_free(entry);
	if (err)
		return err;
	err = repo_git_entry(repo, below, path + n + 1, out);
	lib.tree_free(below);
	return err;
}

/* The size of a blob, without its bytes. */
static int blob_size(struct dv_repo *repo, const git_oid *id,
		     const char *name, size_t *size)
{
	git_object_t type;
	git_odb *odb;
	int err = 0, code = lib.repository_odb(&odb, repo->git);

	if (code < 0)
		return lib_fail(code, "cannot open the objects");
	code = lib.odb_read_header(size, &type, odb, id);
	if (code == GIT_ENOTFOUND) {
		err = repo_git_obtain(repo, id);
		code = err ? err : lib.odb_read_header(size, &type, odb, id);
	}
	lib.odb_free(odb);
	if (err)
		return err;
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read %s", name);
	return type == GIT_OBJECT_BLOB ? 0 :
		dv_fail(DV_E_INVALID, "%s is not a file", name);
}

int repo_git_blob(struct dv_repo *repo, const git_oid *id, const char *name,
		  size_t most, struct buf *out)
{
	git_repository *git;
	git_blob *blob;
	size_t size;
	int err = repo_git(repo, &git);

	if (!err)
		err = blob_size(repo, id, name, &size);
	if (err)
		return err;
	if (size > most)
		return dv_fail(DV_E_INVALID, "%s: longer than %zu bytes", name,
			       most);
	if (lib.blob_lookup(&blob, git, id) < 0)
		return lib_fail(GIT_ERROR, "cannot read %s", name);
	buf_add(out, lib.blob_rawcontent(blob), lib.blob_rawsize(blob));
	lib.blob_free(blob);
	return 0;
}
