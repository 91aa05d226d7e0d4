/* dv_diff_hunks(), dv_diff_lines(): a unified diff, by the user's git. */

#include <stdlib.h>
#include <string.h>

#include "dv/diff.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "git/repo.h"
#include "work/diff_side.h"

/* --- the two files --------------------------------------------------- */

struct side {
	const char *path;
	struct buf bytes;
};

static int append(void *data, const uint8_t *bytes, size_t len)
{
	struct side *side = data;

	if (len > DV_DIFF_LINES_MOST - side->bytes.len)
		return dv_fail(DV_E_CHANGED, "%s: changed while it was looked "
			       "at", side->path);
	buf_add(&side->bytes, bytes, len);
	return 0;
}

/* Writes a side into the folder; *name: what git is to be given for it. */
static int put_side(struct dv_repo *repo, const struct dv_entry *e, bool disk,
		    const char *dir, const char **name)
{
	struct side side = { .bytes = BUF_INIT };
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	if (!e) {
		*name = "/dev/null";
		return 0;
	}
	side.path = e->path;
	err = diff_side_write(repo, e, disk, append, &side);
	buf_addf(&path, "%s/%s", dir, *name);
	if (!err)
		err = file_replace(path.data, side.bytes.data, side.bytes.len,
				   NEWFILE_NOSYNC);
	buf_release(&side.bytes);
	return err;
}

/* --- what git makes of them ------------------------------------------ */

/* Past the escapes that colour a line. */
static const char *plain(const char *line)
{
	while (line[0] == '\033' && line[1] == '[')
		line += 2 + strcspn(line + 2, "m\n") + 1;
	return line;
}

/* The first hunk; what is before it names files that nobody knows. */
static const char *first_hunk(const char *text)
{
	while (text && strncmp(plain(text), "@@", 2)) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return text;
}

/*
 * The bytes as they are, whatever attributes say of line ends and filters: git
 * is to find no repository around the two files, as there is no other way to
 * have it pass over info/attributes.  So settings of this one are included.
 */
static int run_git(struct dv_repo *repo, const char *dir,
		   const char *sides[2], bool colour, struct buf *out)
{
	DV_AUTO_BUF struct buf above = BUF_INIT;
	DV_AUTO_BUF struct buf shared = BUF_INIT;
	DV_AUTO_BUF struct buf own = BUF_INIT;
	int err;

	buf_addf(&above, "GIT_CEILING_DIRECTORIES=%.*s",
		 (int)path_parent_len(dir), dir);
	buf_addf(&shared, "include.path=%s/config", repo_common_dir(repo));
	buf_addf(&own, "include.path=%s/config.worktree", repo_git_dir(repo));
	const char *const argv[] = {
		"env", "-u", "GIT_DIR", "-u", "GIT_WORK_TREE", "-u",
		"GIT_ATTR_SOURCE", "GIT_ATTR_NOSYSTEM=1", above.data,
		"git", "-C", dir, "--no-pager", "-c", shared.data, "-c",
		own.data, "-c", "core.attributesFile=/dev/null", "-c",
		"core.autocrlf=false", "-c", "diff.suppressBlankEmpty=false",
		"diff", "--no-index", "--no-ext-diff", "--no-textconv",
		"--no-color-moved",
		colour ? "--color=always" : "--color=never", "--",
		sides[0], sides[1], NULL
	};

	err = process_run(argv, NULL, 0, out);
	/* exit code 1: they differ */
	return err == DV_E_IO && out->len ? 0 : err;
}

static int compare(struct dv_repo *repo, const struct dv_change *c,
		   bool colour, struct dv_diff_hunks *out)
{
	DV_AUTO_BUF struct buf diff = BUF_INIT;
	const char *sides[2] = { "before", "after" }, *dir, *hunk;
	struct store *store;
	int err = repo_store(repo, &store);

	if (!err)
		err = store_scratch_dir(store, &dir);
	if (!err)
		err = put_side(repo, c->before, false, dir, &sides[0]);
	if (!err)
		err = put_side(repo, c->after, c->worktree, dir, &sides[1]);
	if (!err)
		err = run_git(repo, dir, sides, colour, &diff);
	if (err || !diff.len)
		return err;
	hunk = first_hunk(diff.data);
	if (hunk) {
		out->len = diff.len - (size_t)(hunk - diff.data);
		memmove(diff.data, hunk, out->len + 1);
		out->text = buf_detach(&diff);
	}
	out->binary = !hunk;
	return 0;
}

void dv_diff_hunks_release(struct dv_diff_hunks *h)
{
	free(h->text);
	memset(h, 0, sizeof(*h));
}

int dv_diff_hunks(struct dv_repo *repo, const struct dv_change *change,
		  bool colour, struct dv_diff_hunks *out)
{
	const struct dv_entry *a = change->before, *b = change->after;

	memset(out, 0, sizeof(*out));
	if (!diff_side_differ(change))
		return 0;
	out->too_long = (a && a->size > DV_DIFF_LINES_MOST) ||
		(b && b->size > DV_DIFF_LINES_MOST);
	return out->too_long ? 0 : compare(repo, change, colour, out);
}

/* --- for people ------------------------------------------------------ */

static void add_header(struct buf *out, const char *mark, const char *letter,
		       const struct dv_entry *e, bool colour)
{
	buf_addf(out, "%s%s ", colour ? "\033[1m" : "", mark);
	if (e) {
		DV_AUTO_BUF struct buf name = BUF_INIT;

		buf_addf(&name, "%s/%s", letter, e->path);
		path_quote(name.data, out);
	} else {
		buf_addstr(out, "/dev/null");
	}
	buf_addf(out, "%s\n", colour ? "\033[m" : "");
}

int dv_diff_lines(struct dv_repo *repo, const struct dv_change *change,
		  bool colour,
		  int (*write)(void *data, const uint8_t *bytes, size_t len),
		  void *data)
{
	const struct dv_entry *a = change->before, *b = change->after;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	struct dv_diff_hunks hunks;
	int err = dv_diff_hunks(repo, change, colour, &hunks);

	if (err)
		return err;
	if (hunks.text) {
		add_header(&out, "---", "a", a, colour);
		add_header(&out, "+++", "b", b, colour);
		buf_add(&out, hunks.text, hunks.len);
	} else if (hunks.binary || hunks.too_long) {
		path_quote((b ? b : a)->path, &out);
		if (hunks.binary)
			buf_addstr(&out, ": binary\n");
		else
			buf_addf(&out, ": more than %u MiB, not compared by "
				 "lines\n",
				 (unsigned)(DV_DIFF_LINES_MOST >> 20));
	}
	dv_diff_hunks_release(&hunks);
	return out.len ? write(data, (const uint8_t *)out.data, out.len) : 0;
}
