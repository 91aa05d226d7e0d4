#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/config.h"
#include "git/discover.h"
#include "git/format.h"

#define GITFILE_MOST	65536	/* bytes of a .git file or commondir */

/* What is known while looking. */
struct search {
	bool apart;		/* the environment is about another one */
	char *found;		/* owned: the folder that has .git, or NULL */
	char *git_file;		/* owned: a .git that is a file, or NULL */
	char *git_dir;		/* owned */
};

#define DV_AUTO_SEARCH	__attribute__((cleanup(search_release)))

static void search_release(struct search *s)
{
	free(s->found);
	free(s->git_file);
	free(s->git_dir);
}

static void join(struct buf *out, const char *dir, const char *name)
{
	buf_clear(out);
	buf_addstr(out, dir);
	if (!out->len || out->data[out->len - 1] != '/')
		buf_addch(out, '/');
	buf_addstr(out, name);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* path, or <dir>/path when it is relative, without symlinks; NULL. */
static char *resolve(const char *dir, const char *path)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	if (*path == '/')
		return realpath(path, NULL);
	join(&full, dir, path);
	return realpath(full.data, NULL);
}

/* --- one candidate ----------------------------------------------------- */

/* The text of a small file that names a path, without its line end. */
static int read_path_file(const char *file, struct buf *out)
{
	int err = file_read(file, GITFILE_MOST, out);

	if (err)
		return err;
	while (out->len && strchr("\r\n", out->data[out->len - 1]))
		buf_setlen(out, out->len - 1);
	if (!out->len || strlen(out->data) != out->len)
		return dv_fail(DV_E_INVALID, "bad git file: %s", file);
	return 0;
}

static const char *variable(const struct search *s, const char *name)
{
	return s->apart ? NULL : getenv(name);
}

/* The common folder of a git folder: itself, or what `commondir` says. */
static char *common_dir_of(const struct search *s, const char *git_dir)
{
	const char *set = variable(s, "GIT_COMMON_DIR");
	DV_AUTO_BUF struct buf file = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;

	if (set && *set)
		return resolve(".", set);
	join(&file, git_dir, "commondir");
	if (access(file.data, F_OK) < 0)
		return xstrdup(git_dir);
	if (read_path_file(file.data, &text))
		return NULL;
	return resolve(git_dir, text.data);
}

static bool head_ok(const char *git_dir)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	char text[64];
	struct stat st;
	ssize_t n;
	int fd;

	join(&path, git_dir, "HEAD");
	if (lstat(path.data, &st) < 0)
		return false;
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path.data, text, sizeof(text));
		return n >= 5 && !memcmp(text, "refs/", 5);
	}
	if (!S_ISREG(st.st_mode))
		return false;
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	return (n >= 4 && !memcmp(text, "ref:", 4)) ||
	       (n >= 40 && strspn(text, "0123456789abcdef") >= 40);
}

/* By git's measure: HEAD, objects and refs. */
static bool is_git_dir(const struct search *s, const char *path)
{
	const char *objects = variable(s, "GIT_OBJECT_DIRECTORY");
	DV_AUTO_BUF struct buf sub = BUF_INIT;
	DV_AUTO_FREE char *common = NULL;

	if (!head_ok(path))
		return false;
	common = common_dir_of(s, path);
	if (!common)
		return false;
	join(&sub, common, "objects");
	if (objects ? !is_dir(objects) : !is_dir(sub.data))
		return false;
	join(&sub, common, "refs");
	return is_dir(sub.data);
}

/* "gitdir: <path>" in the file `path`: that folder, without symlinks. */
static int read_git_file(struct search *s, const char *path)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	int err = read_path_file(path, &text);

	if (err)
		return err;
	if (strncmp(text.data, "gitdir: ", 8))
		return dv_fail(DV_E_INVALID, "bad git file: %s", path);
	buf_add(&dir, path, path_parent_len(path));
	s->git_dir = resolve(dir.len ? dir.data : "/", text.data + 8);
	if (!s->git_dir || !is_git_dir(s, s->git_dir)) {
		free(s->git_dir);
		s->git_dir = NULL;
		return dv_fail(DV_E_NOTFOUND, "not a git repository: %s "
			       "(from %s)", text.data + 8, path);
	}
	return 0;
}

/* Looks at <dir>/.git.  0 with s->git_dir set when it is one. */
static int look_at(struct search *s, const char *dir)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;
	int err;

	join(&path, dir, ".git");
	if (stat(path.data, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode)) {
		if (is_git_dir(s, path.data))
			s->git_dir = realpath(path.data, NULL);
	} else if (S_ISREG(st.st_mode)) {
		err = read_git_file(s, path.data);
		if (err)
			return err;
		s->git_file = xstrdup(path.data);
	}
	if (s->git_dir)
		s->found = xstrdup(dir);
	return 0;
}

/* --- going up ---------------------------------------------------------- */

/*
 * Length of the longest folder of GIT_CEILING_DIRECTORIES that is above
 * dir: it is not looked at, nor what is above it.
 */
static size_t ceiling_of(const char *dir)
{
	const char *text = getenv("GIT_CEILING_DIRECTORIES");
	bool literal = false;
	size_t longest = 0;

	while (text && *text) {
		size_t n = strcspn(text, ":"), len;
		DV_AUTO_BUF struct buf one = BUF_INIT;
		DV_AUTO_FREE char *real = NULL;
		const char *use;

		buf_add(&one, text, n);
		literal |= !n;
		text += n;
		text += *text == ':';
		if (one.data[0] != '/')
			continue;
		real = literal ? NULL : realpath(one.data, NULL);
		use = real ? real : one.data;
		len = strlen(use);
		while (len > 1 && use[len - 1] == '/')
			len--;
		if (len == 1)
			len = 0;	/* "/" is above everything */
		if (!strncmp(dir, use, len) && dir[len] == '/' && dir[len + 1])
			longest = len > longest ? len : longest;
	}
	return longest;
}

static bool may_cross(void)
{
	const char *set = getenv("GIT_DISCOVERY_ACROSS_FILESYSTEM");

	return set && config_truth(set) == 1;
}

/* Who stands in another git folder is told where its work tree is. */
static int not_bare(const struct git_place *place)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int err = dv_fail(DV_E_UNSUPPORTED, "%s is a git folder: dv needs a "
			  "work tree", place->git_dir);

	if (!strcmp(place->worktree, place->git_dir))
		return dv_hint(err, "git worktree list");
	path_word(place->worktree, &word);
	return dv_hint(err, "cd %s", word.data);
}

/* In a git folder: only that of a bare repository is a place to work. */
static int take_git_dir(struct search *s, const char *dir)
{
	struct git_place place;
	int err = git_discover_at(dir, &place);

	if (!err)
		err = place.bare ? git_bare_check(place.git_dir) :
			not_bare(&place);
	if (!err)
		s->git_dir = xstrdup(place.git_dir);
	git_place_release(&place);
	return err;
}

static int not_found(void)
{
	return dv_hint(dv_fail(DV_E_NOTFOUND, "not inside a git work tree"),
		       "git init makes one here");
}

static int search_up(const char *start, struct search *s)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	size_t ceiling = ceiling_of(start);
	struct stat first, st;
	int err;

	buf_addstr(&dir, start);
	if (stat(start, &first) < 0)
		return dv_fail_errno("cannot look at %s", start);
	for (;;) {
		err = look_at(s, dir.data);
		if (err || s->git_dir)
			return err;
		if (is_git_dir(s, dir.data))
			return take_git_dir(s, dir.data);
		if (dir.len <= 1)
			return not_found();
		buf_setlen(&dir, path_parent_len(dir.data));
		if (ceiling && dir.len <= ceiling)
			return not_found();
		if (!dir.len)
			buf_addch(&dir, '/');
		if (stat(dir.data, &st) < 0 ||
		    (st.st_dev != first.st_dev && !may_cross()))
			return not_found();
	}
}

/* GIT_DIR says where. */
static int search_explicit(const char *set, struct search *s)
{
	DV_AUTO_FREE char *real = realpath(set, NULL);
	struct stat st;

	if (real && !stat(real, &st) && S_ISREG(st.st_mode))
		return read_git_file(s, real);
	if (!real || !is_git_dir(s, real))
		return dv_fail(DV_E_NOTFOUND,
			       "not a git repository (from GIT_DIR): %s", set);
	s->git_dir = real;
	real = NULL;
	return 0;
}

/* --- putting it together ----------------------------------------------- */

/*
 * The work tree: GIT_WORK_TREE, core.worktree, or the folder .git was found
 * in (with GIT_DIR: the current one).  A bare repository has none.
 */
static int find_worktree(const struct search *s, const char *start,
			 struct git_place *p)
{
	const char *set = getenv("GIT_WORK_TREE");
	struct git_format f = { 0 };
	int err = git_format_read(p->git_dir, p->common_dir, &f);

	if (!err && set && *set) {
		p->explicit = true;
		p->worktree = realpath(set, NULL);
	} else if (!err && f.worktree) {
		p->worktree = resolve(p->git_dir, f.worktree);
	} else if (!err && f.bare) {
		p->bare = true;
		p->worktree = xstrdup(p->git_dir);
	} else if (!err) {
		p->worktree = xstrdup(s->found ? s->found : start);
	}
	if (!err && (!p->worktree || !is_dir(p->worktree)))
		err = dv_fail(DV_E_NOTFOUND, "there is no work tree %s",
			      set && *set ? set :
			      f.worktree ? f.worktree : start);
	git_format_release(&f);
	return err;
}

int git_discover(const char *start, struct git_place *out)
{
	const char *set = getenv("GIT_DIR");
	DV_AUTO_SEARCH struct search s = { 0 };
	DV_AUTO_FREE char *real = realpath(start, NULL);
	int err;

	memset(out, 0, sizeof(*out));
	if (!real)
		return dv_fail_errno("cannot look at %s", start);
	out->explicit = set && *set;
	err = out->explicit ? search_explicit(set, &s) : search_up(real, &s);
	if (err)
		return err;
	out->git_dir = xstrdup(s.git_dir);
	out->common_dir = common_dir_of(&s, s.git_dir);
	if (!out->common_dir)
		err = dv_fail(DV_E_INVALID, "bad commondir in %s", s.git_dir);
	if (!err)
		err = find_worktree(&s, real, out);
	if (!err && !(set && *set))
		err = git_owner_check(out->worktree, s.git_file, s.git_dir);
	if (err)
		git_place_release(out);
	return err;
}

/* --- another one on this machine ---------------------------------------- */

/* Of a git folder alone: what it says, or the folder that it is `.git` of. */
static char *worktree_of(const char *git_dir, const struct git_format *f)
{
	DV_AUTO_BUF struct buf above = BUF_INIT;

	if (f->worktree)
		return resolve(git_dir, f->worktree);
	if (!f->bare && !strcmp(path_name(git_dir), ".git")) {
		buf_add(&above, git_dir, path_parent_len(git_dir));
		return xstrdup(above.len ? above.data : "/");
	}
	return xstrdup(git_dir);
}

/* The owner is looked at before anything is read from its configuration. */
static int place_at(struct search *s, const char *folder, struct git_place *out)
{
	struct git_format f = { 0 };
	int err = git_owner_check(folder, s->git_file, s->git_dir);

	if (err)
		return err;
	out->git_dir = xstrdup(s->git_dir);
	out->common_dir = common_dir_of(s, s->git_dir);
	if (!out->common_dir)
		return dv_fail(DV_E_INVALID, "bad commondir in %s",
			       s->git_dir);
	err = git_format_read(out->git_dir, out->common_dir, &f);
	if (!err)
		out->worktree = s->found ? xstrdup(s->found) :
			worktree_of(out->git_dir, &f);
	out->bare = !s->found && f.bare && !f.worktree;
	git_format_release(&f);
	return err || out->worktree ? err :
		dv_fail(DV_E_NOTFOUND, "there is no work tree of %s", folder);
}

int git_discover_at(const char *folder, struct git_place *out)
{
	DV_AUTO_SEARCH struct search s = { .apart = true };
	DV_AUTO_FREE char *real = realpath(folder, NULL);
	int err;

	memset(out, 0, sizeof(*out));
	if (!real)
		return dv_fail_errno("cannot look at %s", folder);
	err = look_at(&s, real);
	if (!err && !s.git_dir && is_git_dir(&s, real))
		s.git_dir = xstrdup(real);
	if (!err && !s.git_dir)
		err = dv_fail(DV_E_NOTFOUND, "not a git repository: %s",
			      folder);
	if (!err)
		err = place_at(&s, real, out);
	if (err)
		git_place_release(out);
	return err;
}

void git_place_release(struct git_place *p)
{
	free(p->worktree);
	free(p->git_dir);
	free(p->common_dir);
	memset(p, 0, sizeof(*p));
}
