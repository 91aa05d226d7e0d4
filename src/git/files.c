#include "git/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "git/index_file.h"
#include "git/lib.h"
#include "git/private.h"

#define TARGET_MOST	4096	/* bytes of a symbolic link's target */

struct git_files {
	struct dv_repo *repo;
	bool commit;
	git_oid tree;			/* of the commit */
	const struct index_names *index;	/* borrowed; when there is no
						   commit */
};

static int nothing_at(const char *path)
{
	return dv_fail(DV_E_NOTFOUND, "git has nothing at %s",
		       *path ? path : "the top");
}

/* --- a commit --------------------------------------------------------- */

/* Nothing is fetched: what a partial clone lacks has no size here. */
static void look_at_blob(git_repository *git, const git_oid *id,
			 struct arena *arena, struct git_file *out)
{
	git_object_t type;
	git_blob *blob;
	git_odb *odb;
	size_t size;

	if (lib.repository_odb(&odb, git) < 0)
		return;
	out->sized = lib.odb_read_header(&size, &type, odb, id) >= 0;
	out->size = out->sized ? size : 0;
	lib.odb_free(odb);
	if (out->type != GIT_FILE_SYMLINK || !out->sized ||
	    size > TARGET_MOST || lib.blob_lookup(&blob, git, id) < 0)
		return;
	out->target = arena_copy(arena, lib.blob_rawcontent(blob), size);
	lib.blob_free(blob);
}

/* False for what has no place in a work tree of ours. */
static bool take_entry(struct git_files *f, const git_tree_entry *entry,
		       struct arena *arena, struct git_file *out)
{
	const char *name = lib.tree_entry_name(entry);
	size_t len = strlen(name);

	if (!path_name_ok(name, len))
		return false;
	*out = (struct git_file){ .name = arena_copy(arena, name, len) };
	switch (lib.tree_entry_filemode(entry)) {
	case GIT_FILEMODE_TREE:
		out->type = GIT_FILE_FOLDER;
		return true;
	case GIT_FILEMODE_COMMIT:
		out->type = GIT_FILE_SUBMODULE;
		return true;
	case GIT_FILEMODE_LINK:
		out->type = GIT_FILE_SYMLINK;
		break;
	case GIT_FILEMODE_BLOB_EXECUTABLE:
		out->executable = true;
		/* fall through */
	default:
		out->type = GIT_FILE_PLAIN;
		break;
	}
	look_at_blob(f->repo->git, lib.tree_entry_id(entry), arena, out);
	return true;
}

static int open_commit(struct git_files *f, const char *rev)
{
	char hex[DV_COMMIT_HEX + 1];
	git_commit *commit;
	git_repository *git;
	git_oid id;
	int err = dv_repo_commit(f->repo, rev, hex);

	if (!err)
		err = repo_git(f->repo, &git);
	if (err)
		return err;
	if (lib.oid_fromstr(&id, hex) ||
	    lib.commit_lookup(&commit, git, &id) < 0)
		return lib_fail(GIT_ERROR, "cannot read commit %s", hex);
	f->tree = *lib.commit_tree_id(commit);
	f->commit = true;
	lib.commit_free(commit);
	return 0;
}

/* The entry at a path, of which the caller frees both on success. */
static int find_entry(struct git_files *f, const char *path, git_tree **top,
		      git_tree_entry **entry)
{
	int err = repo_git_tree(f->repo, &f->tree, top);

	if (err)
		return err;
	err = repo_git_entry(f->repo, *top, path, entry);
	if (err)
		lib.tree_free(*top);
	return err == DV_E_NOTFOUND ? nothing_at(path) : err;
}

static int folder_tree(struct git_files *f, const char *path, git_tree **out)
{
	git_tree_entry *entry;
	git_tree *top;
	int err;

	if (!*path)
		return repo_git_tree(f->repo, &f->tree, out);
	err = find_entry(f, path, &top, &entry);
	if (err)
		return err;
	if (lib.tree_entry_filemode(entry) == GIT_FILEMODE_TREE)
		err = repo_git_tree(f->repo, lib.tree_entry_id(entry), out);
	else
		err = nothing_at(path);
	lib.tree_entry_free(entry);
	lib.tree_free(top);
	return err;
}

static int commit_folder(struct git_files *f, const char *path,
			 struct arena *arena, struct git_file **items,
			 size_t *count)
{
	git_tree *tree;
	size_t n;
	int err = folder_tree(f, path, &tree);

	if (err)
		return err;
	n = lib.tree_entrycount(tree);
	*items = arena_alloc(arena, (n + 1) * sizeof(**items));
	for (size_t i = 0; i < n; i++)
		if (take_entry(f, lib.tree_entry_byindex(tree, i), arena,
			       &(*items)[*count]))
			++*count;
	lib.tree_free(tree);
	return 0;
}

static int commit_find(struct git_files *f, const char *path,
		       struct arena *arena, struct git_file *out)
{
	git_tree_entry *entry;
	git_tree *top;
	int err = find_entry(f, path, &top, &entry);

	if (err)
		return err;
	if (!take_entry(f, entry, arena, out))
		err = nothing_at(path);
	lib.tree_entry_free(entry);
	lib.tree_free(top);
	return err;
}

/* --- the index and the work tree -------------------------------------- */

/* A path of the index as it lies here; false when it does not. */
static bool look_at_disk(struct git_files *f, const char *path,
			 struct arena *arena, struct git_file *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	char target[TARGET_MOST];
	struct stat st;
	ssize_t n;

	repo_path(f->repo, path, &full);
	if (lstat(full.data, &st))
		return false;
	*out = (struct git_file){
		.name = arena_copy(arena, path_name(path),
				   strlen(path_name(path))),
		.type = S_ISDIR(st.st_mode) ? GIT_FILE_SUBMODULE :
			S_ISLNK(st.st_mode) ? GIT_FILE_SYMLINK :
			GIT_FILE_PLAIN,
		.executable = S_ISREG(st.st_mode) && st.st_mode & 0100,
		.sized = !S_ISDIR(st.st_mode),
		.size = S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size,
	};
	n = S_ISLNK(st.st_mode) ? readlink(full.data, target,
					   sizeof(target)) : -1;
	if (n >= 0)
		out->target = arena_copy(arena, target, n);
	return true;
}

/* Past all that lies in the folder that is the first `len` bytes of path. */
static size_t past_folder(const struct git_files *f, const char *path,
			  size_t len)
{
	DV_AUTO_BUF struct buf next = BUF_INIT;

	buf_add(&next, path, len);
	buf_addch(&next, '/' + 1);
	return index_names_lower(f->index, next.data);
}

static int index_folder(struct git_files *f, const char *path,
			struct arena *arena, struct git_file **items,
			size_t *count)
{
	DV_AUTO_BUF struct buf below = BUF_INIT;
	struct git_file *found = NULL, file;
	size_t room = 0, n = 0, at;
	bool here;

	if (*path)
		buf_addf(&below, "%s/", path);
	here = !repo_check_parents(f->repo, below.data);
	at = index_names_lower(f->index, below.data);
	if (*path && (at == f->index->path_count ||
		      strncmp(f->index->paths[at], below.data, below.len)))
		return nothing_at(path);
	while (at < f->index->path_count) {
		const char *full = f->index->paths[at];
		const char *name = full + below.len;
		size_t len = strcspn(name, "/");

		if (strncmp(full, below.data, below.len))
			break;
		if (name[len]) {
			file = (struct git_file){
				.name = arena_copy(arena, name, len),
				.type = GIT_FILE_FOLDER,
			};
			at = past_folder(f, full, below.len + len);
		} else {
			/* in a conflict it is there up to three times */
			while (at < f->index->path_count &&
			       !strcmp(f->index->paths[at], full))
				at++;
			if (!here || !look_at_disk(f, full, arena, &file))
				continue;
		}
		ARRAY_GROW(found, n + 1, room);
		found[n++] = file;
	}
	*items = arena_alloc(arena, (n + 1) * sizeof(**items));
	if (n)
		memcpy(*items, found, n * sizeof(*found));
	*count = n;
	free(found);
	return 0;
}

static int index_find(struct git_files *f, const char *path,
		      struct arena *arena, struct git_file *out)
{
	DV_AUTO_BUF struct buf below = BUF_INIT;
	size_t at = index_names_lower(f->index, path);

	if (at < f->index->path_count && !strcmp(f->index->paths[at], path))
		return !repo_check_parents(f->repo, path) &&
			look_at_disk(f, path, arena, out) ? 0 :
			nothing_at(path);
	buf_addf(&below, "%s/", path);
	at = index_names_lower(f->index, below.data);
	if (at == f->index->path_count ||
	    strncmp(f->index->paths[at], below.data, below.len))
		return nothing_at(path);
	*out = (struct git_file){
		.name = arena_copy(arena, path_name(path),
				   strlen(path_name(path))),
		.type = GIT_FILE_FOLDER,
	};
	return 0;
}

/* --- either ----------------------------------------------------------- */

int git_files_open(struct dv_repo *repo, const char *rev,
		   struct git_files **out)
{
	struct git_files *f = xcalloc(1, sizeof(*f));
	int err;

	f->repo = repo;
	rev = repo_revision(repo, rev);
	err = rev ? open_commit(f, rev) :
		index_names_get(repo, true, &f->index);
	if (err) {
		git_files_close(f);
		f = NULL;
	}
	*out = f;
	return err;
}

void git_files_close(struct git_files *f)
{
	free(f);
}

int git_files_folder(struct git_files *f, const char *path,
		     struct arena *arena, struct git_file **items,
		     size_t *count)
{
	*items = NULL;
	*count = 0;
	return f->commit ? commit_folder(f, path, arena, items, count) :
		index_folder(f, path, arena, items, count);
}

int git_files_find(struct git_files *f, const char *path,
		   struct arena *arena, struct git_file *out)
{
	return f->commit ? commit_find(f, path, arena, out) :
		index_find(f, path, arena, out);
}
