/*
 * Which paths are tracked, and their pointer files.
 *
 * Git's index says which pointers there are.  One that git does not know yet
 * is in <state dir>/tracked, in byte order: the path of the data and a 0
 * byte each.  An entry there whose pointer file is gone means nothing.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/index_file.h"
#include "git/private.h"

#define SUFFIX_LEN	(sizeof(DV_POINTER_SUFFIX) - 1)
#define REGISTRY_MOST	(256u << 20)	/* bytes */

void repo_path(const struct dv_repo *repo, const char *path, struct buf *out)
{
	buf_addstr(out, repo->place.worktree);
	if (out->data[out->len - 1] != '/')
		buf_addch(out, '/');
	buf_addstr(out, path);
}

bool pointer_name(const char *path, size_t len)
{
	return len > SUFFIX_LEN && path[len - SUFFIX_LEN - 1] != '/' &&
	       !memcmp(path + len - SUFFIX_LEN, DV_POINTER_SUFFIX,
		       SUFFIX_LEN);
}

bool is_pointer_of(const char *asked, const char *path)
{
	size_t len = strlen(path);

	return !strncmp(asked, path, len) &&
	       !strcmp(asked + len, DV_POINTER_SUFFIX);
}

int repo_check_parents(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_CLOSE int owned = -1;
	int dir, err = repo_worktree_fd(repo, &dir);
	const char *at = path;

	for (size_t n; !err && at[n = strcspn(at, "/")]; at += n + 1) {
		int next;

		buf_clear(&name);
		buf_add(&name, at, n);
		next = openat(dir, name.data, O_PATH | O_DIRECTORY |
			      O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && (errno == ENOTDIR || errno == ELOOP))
			return dv_fail(DV_E_INVALID, "%s is beyond a symbolic "
				       "link or a file", path);
		if (next < 0)
			return dv_fail_errno("cannot open the folder of %s",
					     path);
		if (owned >= 0)
			close(owned);
		dir = owned = next;
	}
	return err;
}

/* --- the registry ------------------------------------------------------ */

static void registry_path(const struct dv_repo *repo, struct buf *out)
{
	buf_addf(out, "%s/tracked", repo->state_dir);
}

static int registry_read(struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	if (repo->registry_read)
		return 0;
	registry_path(repo, &path);
	err = file_read(path.data, REGISTRY_MOST, &text);
	if (err && err != DV_E_NOTFOUND)
		return err;
	for (size_t at = 0; at < text.len; ) {
		size_t len = strlen(text.data + at);

		if (len)
			names_add(&repo->registry, text.data + at, len);
		at += len + 1;
	}
	repo->registry_read = true;
	return 0;
}

/* A plain file of the size a pointer may have. */
static bool pointer_there(int top, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct stat st;

	buf_addf(&name, "%s%s", path, DV_POINTER_SUFFIX);
	return !fstatat(top, name.data, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISREG(st.st_mode) && st.st_size <= DV_POINTER_MAX;
}

/* Writes all of it, sorted. */
static int registry_write(struct dv_repo *repo)
{
	DV_AUTO_PATH_LIST struct path_list list = PATH_LIST_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	const char *dir;
	int err = repo_state_dir(repo, &dir);

	if (err)
		return err;
	for (size_t i = 0; i < repo->registry.count; i++)
		path_list_add(&list, repo->registry.items[i].text,
			      repo->registry.items[i].len);
	path_list_sort(&list);
	for (size_t i = 0; i < list.count; i++)
		buf_add(&text, list.items[i], strlen(list.items[i]) + 1);
	registry_path(repo, &path);
	return file_replace(path.data, text.data, text.len, NEWFILE_NOSYNC);
}

/* Drops what is no longer there, before something is added. */
static int registry_prune(struct dv_repo *repo)
{
	struct names kept = { 0 };
	int top, err = repo_worktree_fd(repo, &top);

	if (err)
		return err;
	for (size_t i = 0; i < repo->registry.count; i++) {
		const struct name *n = &repo->registry.items[i];

		if (path_relative_ok(n->text) && pointer_there(top, n->text))
			names_add(&kept, n->text, n->len);
	}
	names_release(&repo->registry);
	repo->registry = kept;
	return 0;
}

/* True when git's index has the pointer of path, or the registry path. */
static bool is_known(const struct dv_repo *repo,
		     const struct index_names *index, const char *path)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	const struct index_pointer *found;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	return index_pointers_of(index, pointer.data, &found) ||
	       names_find(&repo->registry, path, strlen(path)) != NAMES_NONE;
}

int tracked_expect(struct dv_repo *repo, const char *const *paths,
		   size_t count)
{
	const struct index_names *index;
	bool first = !repo->registry_read, any = false;
	int err = index_names_get(repo, false, &index);

	if (!err)
		err = registry_read(repo);
	for (size_t i = 0; i < count && !err; i++) {
		if (is_known(repo, index, paths[i]))
			continue;
		if (first)
			err = registry_prune(repo);
		first = false;
		if (err)
			break;
		names_add(&repo->registry, paths[i], strlen(paths[i]));
		any = true;
	}
	return err || !any ? err : registry_write(repo);
}

/* --- all of them ------------------------------------------------------- */

static int refuse_nested(const struct dv_repo *repo, const char *path,
			 const char *above)
{
	DV_AUTO_BUF struct buf inner = BUF_INIT;
	DV_AUTO_BUF struct buf outer = BUF_INIT;
	int err = dv_fail(DV_E_INVALID, "%s.dv is inside of %s, which is "
			  "tracked too", path, above);

	repo_word(repo, path, &inner);
	repo_word(repo, above, &outer);
	return dv_hint(err, "keep one of them: rm %s" DV_POINTER_SUFFIX
		       ", or rm %s" DV_POINTER_SUFFIX, inner.data,
		       outer.data);
}

static int check_nested(const struct dv_repo *repo,
			const struct path_list *l)
{
	DV_AUTO_BUF struct buf above = BUF_INIT;

	for (size_t i = 0; i < l->count; i++) {
		buf_clear(&above);
		buf_addstr(&above, l->items[i]);
		for (;;) {
			buf_setlen(&above, path_parent_len(above.data));
			if (!above.len)
				break;
			if (path_list_has(l, above.data))
				return refuse_nested(repo, l->items[i],
						     above.data);
		}
	}
	return 0;
}

/* The folder that was looked at last: paths come in order. */
struct folder {
	struct buf path;
	bool asked, plain;
};

#define FOLDER_INIT	{ .path = BUF_INIT }

/* True when no symbolic link is on the way: beyond one nothing is ours. */
static bool is_plain(struct dv_repo *repo, const char *path,
		     struct folder *last)
{
	size_t len = path_parent_len(path);

	if (last->asked && len == last->path.len &&
	    !memcmp(path, last->path.data, len))
		return last->plain;
	buf_clear(&last->path);
	buf_add(&last->path, path, len);
	last->asked = true;
	last->plain = !repo_check_parents(repo, path);
	return last->plain;
}

static void take(struct path_list *l, struct dv_repo *repo, const char *path,
		 size_t len, struct folder *last)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;

	buf_add(&name, path, len);
	if (path_relative_ok(name.data) && is_plain(repo, name.data, last) &&
	    pointer_there(repo->fd, name.data))
		path_list_add(l, name.data, len);
}

/*
 * True for the top of another repository, a submodule or a linked work tree for
 * one, and for a symbolic link: what is beyond is not ours.
 */
static bool leads_away(int top, const char *folder)
{
	DV_AUTO_BUF struct buf git = BUF_INIT;
	struct stat st;

	if (fstatat(top, folder, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	buf_addf(&git, "%s/.git", folder);
	return S_ISLNK(st.st_mode) ||
	       !fstatat(top, git.data, &st, AT_SYMLINK_NOFOLLOW);
}

/* The first folder above path that leads away, in *out; false: none does. */
static bool find_border(int top, const char *path, struct buf *out)
{
	for (size_t n = strcspn(path, "/"); path[n];
	     n += 1 + strcspn(path + n + 1, "/")) {
		buf_clear(out);
		buf_add(out, path, n);
		if (leads_away(top, out->data))
			return true;
	}
	return false;
}

bool repo_is_away(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;

	return repo->fd >= 0 && find_border(repo->fd, path, &folder);
}

int repo_hint_away(struct dv_repo *repo, int err, const char *path)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (repo->fd < 0 || !find_border(repo->fd, path, &folder))
		return err;
	return dv_hint(err, "%s leads elsewhere: cd %s", folder.data,
		       repo_word(repo, folder.data, &word));
}

/* Git does not know it, and where it was a submodule may be by now. */
static bool is_only_ours(struct dv_repo *repo, const struct index_names *index,
			 const char *path)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	const struct index_pointer *found;

	buf_addf(&pointer, "%s%s", path, DV_POINTER_SUFFIX);
	return !index_pointers_of(index, pointer.data, &found) &&
		!repo_is_away(repo, path);
}

int tracked_list(struct dv_repo *repo, struct path_list *out)
{
	const struct index_names *index;
	struct folder last = FOLDER_INIT;
	int top, err = repo_worktree_fd(repo, &top);

	if (!err)
		err = index_names_get(repo, false, &index);
	if (!err)
		err = registry_read(repo);
	if (err)
		return err;
	for (size_t i = 0; i < index->count; i++) {
		const char *path = index->pointers[i].path;

		if (!i || strcmp(index->pointers[i - 1].path, path))
			take(out, repo, path, strlen(path) - SUFFIX_LEN,
			     &last);
	}
	for (size_t i = 0; i < repo->registry.count; i++) {
		const struct name *n = &repo->registry.items[i];

		if (is_only_ours(repo, index, n->text))
			take(out, repo, n->text, n->len, &last);
	}
	buf_release(&last.path);
	path_list_sort(out);
	return check_nested(repo, out);
}

int tracked_missing(struct dv_repo *repo, const struct path_list *here,
		    struct path_list *deleted, struct path_list *replaced)
{
	const struct index_names *index;
	struct folder last = FOLDER_INIT;
	int top, err = repo_worktree_fd(repo, &top);

	if (!err)
		err = index_names_get(repo, false, &index);
	for (size_t i = 0; !err && i < index->count; i++) {
		const struct index_pointer *p = &index->pointers[i];
		DV_AUTO_BUF struct buf path = BUF_INIT;
		struct stat st;

		buf_add(&path, p->path, strlen(p->path) - SUFFIX_LEN);
		if (!p->here || p->stage || !path_relative_ok(path.data) ||
		    path_list_has(here, path.data))
			continue;
		path_list_add(is_plain(repo, path.data, &last) &&
			      !fstatat(top, p->path, &st, AT_SYMLINK_NOFOLLOW) ?
			      replaced : deleted, path.data, path.len);
	}
	buf_release(&last.path);
	return err;
}

/* --- one of them ------------------------------------------------------- */

/* A pointer that cannot be read may still be that of a directory. */
static bool may_hold(struct dv_repo *repo, const char *path)
{
	struct dv_pointer p;
	bool tree;

	if (tracked_read(repo, path, &p))
		return true;
	tree = p.kind == DV_KIND_TREE;
	dv_pointer_release(&p);
	return tree;
}

int tracked_find(struct dv_repo *repo, const char *path, struct buf *out,
		 struct buf *inside)
{
	size_t n = repo->place.bare ? strlen(path) : 0;
	int top, err = path[n] ? repo_worktree_fd(repo, &top) : 0;

	if (err)
		return err;
	while (path[n]) {
		n += strcspn(path + n, "/");
		buf_clear(out);
		buf_add(out, path, n);
		if (pointer_there(top, out->data) &&
		    (!path[n] || may_hold(repo, out->data))) {
			buf_clear(inside);
			if (path[n])
				buf_addstr(inside, path + n + 1);
			return 0;
		}
		if (path[n] && leads_away(top, out->data))
			break;
		n += path[n] == '/';
	}
	buf_clear(out);
	buf_clear(inside);
	return dv_fail(DV_E_NOTFOUND, "%s is not tracked",
		       *path ? path : "the top of the work tree");
}

int pointer_text(struct dv_repo *repo, const char *path, struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;
	int top, err = repo_worktree_fd(repo, &top);

	if (err)
		return err;
	buf_addf(&name, "%s%s", path, DV_POINTER_SUFFIX);
	fd = openat(top, name.data,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return dv_fail(DV_E_NOTFOUND, "%s is not tracked", path);
	if (fd < 0 && errno == ELOOP)
		return dv_fail(DV_E_INVALID, "%s is a symbolic link, not a "
			       "pointer", name.data);
	if (fd < 0 || fstat(fd, &st) < 0)
		return dv_fail_errno("cannot open %s", name.data);
	if (!S_ISREG(st.st_mode))
		return dv_fail(DV_E_INVALID, "%s is not a file", name.data);
	if (st.st_size > DV_POINTER_MAX)
		return dv_fail(DV_E_INVALID, "%s is too long for a pointer",
			       name.data);
	buf_reserve(out, st.st_size);
	err = file_pread_all(fd, out->data + out->len, st.st_size, 0,
			     name.data);
	if (!err)
		buf_setlen(out, out->len + st.st_size);
	return err;
}

void pointer_drop_returns(struct buf *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] != '\r' || text->data[i + 1] != '\n')
			text->data[kept++] = text->data[i];
	buf_setlen(text, kept);
}

int tracked_read_text(struct dv_repo *repo, const char *path, struct buf *text,
		      struct dv_pointer *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int err = pointer_text(repo, path, text);

	if (err)
		return err;
	buf_addf(&name, "%s%s", path, DV_POINTER_SUFFIX);
	err = dv_pointer_parse(text->data, text->len, name.data, out);
	if (err == DV_E_INVALID && !*dv_error_hint())
		dv_hint(err, "git checkout -- %s takes back what was changed "
			"in it", repo_word(repo, name.data, &word));
	return err;
}

int tracked_read(struct dv_repo *repo, const char *path,
		 struct dv_pointer *out)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	return tracked_read_text(repo, path, &text, out);
}

int tracked_pass_broken(const char *path, int err, void *data)
{
	(void)path;
	(void)err;
	(void)data;
	return 0;
}
