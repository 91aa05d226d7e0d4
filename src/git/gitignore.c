/* The lines that keep tracked data out of git's sight. */

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
#include "git/gitignore.h"
#include "git/private.h"
#include "git/rules.h"

#define FILE_NAME	".gitignore"
#define FILE_MOST	(16u << 20)	/* bytes */

#define LINE_END	"[[:cntrl:]]"	/* in a name */

#define DV_AUTO_RULES	__attribute__((cleanup(rules_release)))

/* --- a line ------------------------------------------------------------ */

/*
 * The '/' comes first, so '#' and '!' are plain.  A line cannot hold a line
 * end, nor end in a carriage return: the class of control bytes stands for
 * both, which is as near as a pattern can get.
 */
void gitignore_line(const char *name, struct buf *out)
{
	size_t len = strlen(name), spaces = len;

	while (spaces && name[spaces - 1] == ' ')
		spaces--;
	buf_addch(out, '/');
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c == '\n' || c == '\r') {
			buf_addstr(out, LINE_END);
			continue;
		}
		if (strchr("*?[\\", c) || i >= spaces)
			buf_addch(out, '\\');
		buf_addch(out, c);
	}
}

/* How many bytes of the line stand for the next one of a name; 0: none. */
static size_t part_of_name(const char *text, size_t len)
{
	if (*text == '[')
		return len >= strlen(LINE_END) &&
			!memcmp(text, LINE_END, strlen(LINE_END)) ?
			strlen(LINE_END) : 0;
	if (*text == '\\')
		return len > 1 && strchr("*?[\\ ", text[1]) ? 2 : 0;
	return !strchr("/*?", *text);
}

bool gitignore_is_line(const char *text, size_t len)
{
	size_t at = 1, part;

	if (len < 2 || *text != '/' || memchr(text, 0, len))
		return false;
	for (; at < len; at += part) {
		part = part_of_name(text + at, len - at);
		/* a space at the end that means nothing */
		if (!part || (at + 1 == len && text[at] == ' '))
			return false;
	}
	return true;
}

/* --- lines ------------------------------------------------------------- */

bool text_line_next(const struct buf *text, size_t at, struct text_line *out)
{
	const char *end;

	if (at >= text->len)
		return false;
	end = memchr(text->data + at, '\n', text->len - at);
	out->begin = at;
	out->next = end ? (size_t)(end - text->data) + 1 : text->len;
	out->len = out->next - at - (end != NULL);
	if (end && out->len && text->data[at + out->len - 1] == '\r')
		out->len--;
	return true;
}

static bool find_line(const struct buf *text, size_t from,
		      const struct buf *wanted, struct text_line *out)
{
	for (; text_line_next(text, from, out); from = out->next)
		if (out->len == wanted->len &&
		    !memcmp(text->data + out->begin, wanted->data, out->len))
			return true;
	return false;
}

/* --- the file ---------------------------------------------------------- */

struct file {
	struct buf path;	/* relative */
	struct buf full;
	struct buf text;
	mode_t mode;
	bool there;
};

#define FILE_INIT	{ BUF_INIT, BUF_INIT, BUF_INIT, 0, false }
#define DV_AUTO_FILE	__attribute__((cleanup(file_release)))

static void file_release(struct file *f)
{
	buf_release(&f->path);
	buf_release(&f->full);
	buf_release(&f->text);
}

/* Finds the .gitignore beside path.  One that is a symlink is not ours. */
static int file_find(struct dv_repo *repo, const char *path, struct file *f)
{
	struct stat st;
	int err = repo_check_parents(repo, path);

	if (err)
		return err;
	buf_add(&f->path, path, path_parent_len(path));
	path_append(&f->path, FILE_NAME);
	repo_path(repo, f->path.data, &f->full);
	if (lstat(f->full.data, &st) < 0)
		return errno == ENOENT ? 0 :
			dv_fail_errno("cannot look at %s", f->path.data);
	if (S_ISLNK(st.st_mode))
		return dv_hint(dv_fail(DV_E_INVALID, "%s is a symbolic link: "
				       "it is not written through",
				       f->path.data),
			       "git does not follow it either: make it a file");
	if (!S_ISREG(st.st_mode))
		return dv_fail(DV_E_INVALID, "%s is not a file", f->path.data);
	f->there = true;
	f->mode = st.st_mode & 07777;
	return 0;
}

static int file_load(struct dv_repo *repo, const char *path, struct file *f)
{
	int err = file_find(repo, path, f);

	return err || !f->there ? err :
		file_read(f->full.data, FILE_MOST, &f->text);
}

/* With a batch it appears when that is committed. */
static int file_save(const struct file *f, struct newfile_batch *batch)
{
	DV_AUTO_NEWFILE struct newfile new = NEWFILE_INIT;
	int err;

	if (f->there && !f->text.len) {
		if (unlink(f->full.data) < 0)
			return dv_fail_errno("cannot remove %s",
					     f->path.data);
		return 0;
	}
	err = newfile_open(&new, f->full.data, NULL);
	if (!err)
		err = newfile_write(&new, f->text.data, f->text.len);
	if (!err && f->there && fchmod(new.fd, f->mode) < 0)
		err = dv_fail_errno("cannot set the mode of %s",
				    f->path.data);
	if (err)
		return err;
	return batch ? newfile_batch_put(batch, &new) :
		newfile_commit(&new, 0);
}

/* --- what git ignores already ------------------------------------------ */

/* Rules of a file that need not be there; dir NULL: of the whole tree. */
static int add_rules(struct rules *rules, const char *file, const char *dir)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	if (access(file, R_OK) < 0)
		return 0;
	err = file_read(file, FILE_MOST, &text);
	if (err)
		return err;
	if (dir)
		rules_add(rules, dir, text.data, text.len);
	else
		rules_add_base(rules, text.data, text.len);
	return 0;
}

/* core.excludesFile, or git's own place for it. */
static int add_user_rules(struct dv_repo *repo, struct rules *rules)
{
	const char *set = settings_git(repo, "core.excludesfile");
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (set && !config_expand_home(set, &path))
		return 0;
	if (!set && xdg && *xdg)
		buf_addf(&path, "%s/git/ignore", xdg);
	else if (!set && home)
		buf_addf(&path, "%s/.config/git/ignore", home);
	if (path.len && *path.data != '/') {
		DV_AUTO_BUF struct buf full = BUF_INIT;

		repo_path(repo, path.data, &full);
		return add_rules(rules, full.data, NULL);
	}
	return path.len ? add_rules(rules, path.data, NULL) : 0;
}

static int read_rules(struct dv_repo *repo, const char *path,
		      struct rules *rules)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	int err = add_user_rules(repo, rules);
	struct stat st;

	buf_addf(&file, "%s/info/exclude", repo->place.common_dir);
	if (!err)
		err = add_rules(rules, file.data, NULL);
	for (size_t n = 0; !err; n += strcspn(path + n, "/") + 1) {
		/* path[0..n) is "" or a folder and its '/' */
		buf_clear(&dir);
		buf_add(&dir, path, n ? n - 1 : 0);
		buf_clear(&file);
		repo_path(repo, "", &file);
		buf_add(&file, path, n);
		buf_addstr(&file, FILE_NAME);
		/* git does not follow a link here */
		if (!lstat(file.data, &st) && S_ISREG(st.st_mode))
			err = add_rules(rules, file.data, dir.data);
		if (!strchr(path + n, '/'))
			break;
	}
	return err;
}

static bool is_ignored(struct dv_repo *repo, const struct rules *rules,
		       const char *path)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct stat st;
	bool directory;

	repo_path(repo, path, &full);
	directory = !lstat(full.data, &st) && S_ISDIR(st.st_mode);
	return rules_match(rules, path, directory);
}

int dv_repo_stage_way(struct dv_repo *repo, const char *path,
		      enum dv_stage *out)
{
	DV_AUTO_RULES struct rules rules = { 0 };
	DV_AUTO_BUF struct buf found = BUF_INIT;
	int top, err = repo_worktree_fd(repo, &top);

	if (!err)
		err = read_rules(repo, path, &rules);
	if (err)
		return err;
	*out = faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW) ?
		DV_STAGE_NONE : is_ignored(repo, &rules, path) ?
		DV_STAGE_FORCED : DV_STAGE_PLAIN;
	if (*out == DV_STAGE_PLAIN)
		return 0;
	err = repo_git_tracks(repo, path, &found);
	if (!err)
		*out = DV_STAGE_PLAIN;
	return err == DV_E_NOTFOUND ? 0 : err;
}

/* --- adding and removing ----------------------------------------------- */

/*
 * Puts a line at the end, with the line ends the file has; a file without
 * one at its end stays so.
 */
static void append_line(struct buf *text, const struct buf *line)
{
	const char *first = memchr(text->data, '\n', text->len);
	bool dos = first && first > text->data && first[-1] == '\r';
	bool open = text->len && text->data[text->len - 1] != '\n';
	const char *end = dos ? "\r\n" : "\n";

	if (open)
		buf_addstr(text, end);
	buf_add(text, line->data, line->len);
	if (!open)
		buf_addstr(text, end);
}

/* A file that is given lines. */
struct appending {
	struct file file;
	int failed;		/* why it could not be read */
	struct names lines;	/* without their ends */
	bool any;		/* one was appended */
};

#define DV_AUTO_APPENDING __attribute__((cleanup(appending_release)))

static void appending_release(struct appending *a)
{
	file_release(&a->file);
	names_release(&a->lines);
}

static void collect_lines(const struct buf *text, struct names *out)
{
	struct text_line line;

	for (size_t at = 0; text_line_next(text, at, &line); at = line.next)
		names_add(out, text->data + line.begin, line.len);
}

/*
 * Appends the line of item's path, where neither it is there (with a later one
 * that takes it back, it is as its writer wants it) nor another rule has the
 * path.  That the file cannot be read matters only here.
 */
static int append_item(struct dv_repo *repo, const struct rules *rules,
		       struct appending *a, struct gitignore_item *item)
{
	DV_AUTO_BUF struct buf line = BUF_INIT;

	gitignore_line(path_name(item->path), &line);
	if (names_find(&a->lines, line.data, line.len) != NAMES_NONE ||
	    is_ignored(repo, rules, item->path))
		return 0;
	if (a->failed)
		return a->failed;
	names_add(&a->lines, line.data, line.len);
	append_line(&a->file.text, &line);
	buf_addstr(item->changed, a->file.path.data);
	a->any = true;
	return 0;
}

static int check_items(const struct gitignore_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_clear(items[i].changed);
		if (!*items[i].path || !path_relative_ok(items[i].path))
			return dv_fail(DV_E_INVALID, "cannot ignore '%s'",
				       items[i].path);
	}
	return 0;
}

int repo_gitignore_add_all(struct dv_repo *repo,
			   struct gitignore_item *items, size_t count,
			   struct newfile_batch *batch)
{
	DV_AUTO_APPENDING struct appending a = { .file = FILE_INIT };
	DV_AUTO_RULES struct rules rules = { 0 };
	int err = check_items(items, count);

	if (err || !count)
		return err;
	err = read_rules(repo, items[0].path, &rules);
	if (err)
		return err;
	a.failed = file_load(repo, items[0].path, &a.file);
	if (!a.failed)
		collect_lines(&a.file.text, &a.lines);
	for (size_t i = 0; i < count && !err; i++)
		err = append_item(repo, &rules, &a, &items[i]);
	if (!err && a.any)
		err = file_save(&a.file, batch);
	for (size_t i = 0; i < count && err; i++)
		buf_clear(items[i].changed);
	return err;
}

int repo_gitignore_add(struct dv_repo *repo, const char *path,
		       struct buf *changed)
{
	struct gitignore_item item = { path, changed };

	return repo_gitignore_add_all(repo, &item, 1, NULL);
}

int repo_gitignore_check(struct dv_repo *repo, const char *path)
{
	DV_AUTO_RULES struct rules rules = { 0 };
	DV_AUTO_FILE struct file f = FILE_INIT;
	struct error_state why;
	int err = file_find(repo, path, &f);

	if (!err)
		return 0;
	error_save(err, &why);
	if (!read_rules(repo, path, &rules) && is_ignored(repo, &rules, path))
		return 0;
	return error_restore(&why);
}

/* Takes the line at `l` out; the last one takes its line end before it. */
static void cut_line(struct buf *text, const struct text_line *l)
{
	size_t begin = l->begin, next = l->next;

	if (next == text->len && begin && text->data[next - 1] != '\n') {
		begin--;
		begin -= begin && text->data[begin - 1] == '\r';
	}
	memmove(text->data + begin, text->data + next, text->len - next);
	buf_setlen(text, text->len - (next - begin));
}

int repo_gitignore_remove(struct dv_repo *repo, const char *path,
			  struct buf *changed)
{
	DV_AUTO_FILE struct file f = FILE_INIT;
	DV_AUTO_BUF struct buf line = BUF_INIT;
	struct text_line found;
	bool any = false;
	int err;

	buf_clear(changed);
	if (!*path || !path_relative_ok(path))
		return dv_fail(DV_E_INVALID, "cannot ignore '%s'", path);
	err = file_load(repo, path, &f);
	if (err || !f.there)
		return err;
	gitignore_line(path_name(path), &line);
	while (find_line(&f.text, 0, &line, &found)) {
		cut_line(&f.text, &found);
		any = true;
	}
	if (!any)
		return 0;
	err = file_save(&f, NULL);
	if (!err)
		buf_addstr(changed, f.path.data);
	return err;
}
