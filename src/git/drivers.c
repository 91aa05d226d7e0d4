/*
 * Merges of pointers work by default: .gitattributes, which is committed,
 * names a merge and a diff driver, and the local configuration, which is
 * not, says what command that is.  With that goes what else git is told once
 * in each clone.
 */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "git/private.h"

#define ATTRIBUTES	".gitattributes"
#define ATTRIBUTES_MOST	(1u << 20)	/* bytes */

static const char attributes_line[] = "*.dv merge=dv diff=dv\n";

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

/* Does a line give this attribute?  Lines, words and '#' as in git. */
static bool names_driver(const char *text)
{
	static const char wanted[] = "merge=dv";

	while (*text) {
		size_t line = strcspn(text, "\n"), word;

		if (*text != '#') {
			for (const char *at = text; at < text + line;
			     at += word + strspn(at + word, " \t\r")) {
				word = strcspn(at, " \t\r\n");
				if (word == sizeof(wanted) - 1 &&
				    !memcmp(at, wanted, word))
					return true;
			}
		}
		text += line + (text[line] == '\n');
	}
	return false;
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

void drivers_line(struct buf *text)
{
	if (names_driver(text->data))
		return;
	if (text->len && text->data[text->len - 1] != '\n')
		buf_addch(text, '\n');
	buf_addstr(text, attributes_line);
}

int drivers_attributes(struct dv_repo *repo, bool *changed,
		       struct buf *before)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = read_attributes(repo, &path, before);

	*changed = false;
	if (err || names_driver(before->data))
		return err;
	buf_add(&text, before->data, before->len);
	drivers_line(&text);
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
	if (err || !names_driver(text.data))
		return err;
	exclude_leftovers(repo);
	return known ? 0 : configure(repo);
}
