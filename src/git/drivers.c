/*
 * Merges of pointers, and of the .gitignore files beside them, work by default:
 * .gitattributes, which is committed, names a merge and a diff driver, and the
 * local configuration, which is not, says what command that is.  With that
 * goes what else git is told once in each clone.
 */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "git/pattern.h"
#include "git/private.h"

#define ATTRIBUTES	".gitattributes"
#define IGNORES		".gitignore"
#define ATTRIBUTES_MOST	(1u << 20)	/* bytes */

/* What the lines of a .gitattributes are about, as bits. */
enum about {
	ABOUT_POINTERS = 1,
	ABOUT_IGNORES = 2,
	ABOUT_ALL = 3,
};

static const struct {
	enum about about;
	const char *line;
} lines[] = {
	{ ABOUT_POINTERS, "*.dv merge=dv diff=dv\n" },
	{ ABOUT_IGNORES, IGNORES " merge=dv\n" },
};

/* The names of newfile_open() and of work/temp_name.h. */
static const char leftovers[] =
	"\n# left by a dv that was killed\n"
	NEWFILE_TEMP "*\n.????????????????.dv-tmp\n";

static const struct {
	const char *name, *value;
} drivers[] = {
	{ "merge.dv.name", "dv: three-way merge of recorded data" },
	{ "diff.dv.command", "dv diff-driver" },
	{ "merge.dv.driver", "dv merge-driver %O %A %B %P" },
};

/* The next word of a line, as git parts them; false: there is none. */
static bool next_word(const char **at, struct buf *out)
{
	size_t len;

	*at += strspn(*at, " \t\r");
	len = strcspn(*at, " \t\r\n");
	buf_clear(out);
	buf_add(out, *at, len);
	*at += len;
	return len > 0;
}

/* Is it the attribute `merge`, set to anything? */
static bool is_merge(const char *word)
{
	word += *word == '-' || *word == '!';
	return !strncmp(word, "merge", 5) && (!word[5] || word[5] == '=');
}

/*
 * One that gives a pattern dv's merge driver is about pointers; how git is to
 * merge a .gitignore the user may have said himself.
 */
static unsigned line_about(const char *line)
{
	DV_AUTO_BUF struct buf pattern = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;
	const char *name;
	unsigned about = 0;

	if (*line == '#' || !next_word(&line, &pattern))
		return 0;
	name = pattern.data;
	name += !strncmp(name, "**/", 3) ? 3 : *name == '/';
	while (next_word(&line, &word)) {
		if (!strcmp(word.data, "merge=dv") && strcmp(name, IGNORES))
			about |= ABOUT_POINTERS;
		if (is_merge(word.data) && pattern_match(name, IGNORES, false))
			about |= ABOUT_IGNORES;
	}
	return about;
}

static unsigned text_about(const char *text)
{
	unsigned about = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		about |= line_about(text);
	return about;
}

/* What is not a plain file git does not read either. */
static int read_attributes(const struct dv_repo *repo, struct buf *path,
			   struct buf *text)
{
	struct stat st;

	repo_path(repo, ATTRIBUTES, path);
	if (lstat(path->data, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return dv_hint(dv_fail(DV_E_INVALID, ATTRIBUTES " is not a "
				       "plain file"),
			       "git does not read it either: make it one");
	return file_read(path->data, ATTRIBUTES_MOST, text);
}

void drivers_lines(struct buf *text)
{
	unsigned about = text_about(text->data);

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (about & lines[i].about)
			continue;
		if (text->len && text->data[text->len - 1] != '\n')
			buf_addch(text, '\n');
		buf_addstr(text, lines[i].line);
	}
}

int drivers_attributes(struct dv_repo *repo, bool *changed,
		       struct buf *before)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = read_attributes(repo, &path, before);

	*changed = false;
	if (err || text_about(before->data) == ABOUT_ALL)
		return err;
	buf_add(&text, before->data, before->len);
	drivers_lines(&text);
	err = file_replace(path.data, text.data, text.len, 0);
	*changed = !err;
	return err;
}

/*
 * `git add -A` is not to take what a killed dv has left half-written, which
 * the next one removes: git's info/exclude says so.  A convenience.
 */
static void exclude_leftovers(const struct dv_repo *repo)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;

	buf_addf(&path, "%s/info", repo->place.common_dir);
	mkdir(path.data, 0777);
	buf_addstr(&path, "/exclude");
	fd = open(path.data, O_RDWR | O_CREAT | O_APPEND | O_NOCTTY |
		  O_NONBLOCK | O_CLOEXEC, 0666);
	if (fd >= 0 && !file_read(path.data, ATTRIBUTES_MOST, &text) &&
	    !strstr(text.data, leftovers))
		file_write_all(fd, leftovers, strlen(leftovers), path.data);
}

static int configure(struct dv_repo *repo)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		const char *const args[] = {
			"config", "--local", drivers[i].name,
			drivers[i].value, NULL
		};
		DV_AUTO_BUF struct buf out = BUF_INIT;

		if (!err && !settings_git(repo, drivers[i].name))
			err = run_git(repo, args, NULL, 0, &out);
	}
	return err ? err : settings_load(repo);
}

int drivers_configure(struct dv_repo *repo, bool again)
{
	bool known = settings_git(repo, "merge.dv.driver");
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	/* where git could not write it there is no need to hear so each time */
	if ((known && !again) || access(repo->place.common_dir, W_OK) < 0)
		return 0;
	err = read_attributes(repo, &path, &text);
	if (err || !(text_about(text.data) & ABOUT_POINTERS))
		return err;
	exclude_leftovers(repo);
	return known ? 0 : configure(repo);
}
