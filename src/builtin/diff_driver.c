/* dv diff-driver: what git calls to show how a pointer has changed. */

#include <stdio.h>
#include <string.h>

#include "dv/diff.h"
#include "dv/error.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "builtin/builtin.h"
#include "builtin/diff_show.h"
#include "builtin/open.h"
#include "cli/options.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv diff-driver [--] <path> [<old-file> <old-id> <old-mode> "
	"<new-file> <new-id> <new-mode> [<new-path> <what>]]", NULL
};

struct driver {
	struct dv_repo *repo;
	const char *paths[2];	/* of the pointers, old and new */
	const char *files[2];
	struct buf data[2];	/* the paths of the data */
	struct dv_tracked tracked[2];
	bool there[2];
	struct diff_sums sums;
};

static int take_change(const struct dv_change *c, void *data)
{
	struct driver *d = data;

	diff_sums_add(&d->sums, c);
	diff_show(d->repo, DIFF_LISTING, 0, c, NULL);
	return 0;
}

/* The null device stands for a side without one. */
static int read_side(struct driver *d, int i)
{
	const size_t suffix = strlen(DV_POINTER_SUFFIX);
	DV_AUTO_BUF struct buf text = BUF_INIT;
	size_t len = strlen(d->paths[i]);
	int err;

	if (!strcmp(d->files[i], "/dev/null"))
		return 0;
	err = file_read(d->files[i], DV_POINTER_MAX, &text);
	if (!err)
		err = dv_pointer_parse(text.data, text.len, d->paths[i],
				       &d->tracked[i].pointer);
	if (err)
		return err;
	if (len > suffix &&
	    !strcmp(d->paths[i] + len - suffix, DV_POINTER_SUFFIX))
		len -= suffix;
	buf_add(&d->data[i], d->paths[i], len);
	d->tracked[i].path = d->data[i].data;
	d->tracked[i].inside = "";
	d->there[i] = true;
	return 0;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == len && !memcmp(text, line, len))
			return true;
	return false;
}

/* Further lines of a pointer that the other one has not. */
static void show_lines(const char *of, const char *other, char sign)
{
	DV_AUTO_BUF struct buf line = BUF_INIT;
	DV_AUTO_BUF struct buf shown = BUF_INIT;

	for (; *of; of += *of == '\n') {
		size_t len = strcspn(of, "\n");

		buf_clear(&line);
		buf_add(&line, of, len);
		buf_clear(&shown);
		path_quote(line.data, &shown);
		if (!has_line(other, of, len))
			printf("%c%s\n", sign, shown.data);
		of += len;
	}
}

/* Such as where the data came from, which is no part of it. */
static void show_rest(const struct driver *d)
{
	const char *old = d->tracked[0].pointer.rest;
	const char *new = d->tracked[1].pointer.rest;

	if (!d->there[0] || !d->there[1])
		return;
	show_lines(old ? old : "", new ? new : "", '-');
	show_lines(new ? new : "", old ? old : "", '+');
}

static int show(struct driver *d)
{
	const struct dv_tracked *pair[2] = {
		d->there[0] ? &d->tracked[0] : NULL,
		d->there[1] ? &d->tracked[1] : NULL,
	};
	const struct dv_diff_options o = { .pair = pair };
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf new = BUF_INIT;
	int err;

	path_quote(d->paths[0], &old);
	path_quote(d->paths[1], &new);
	printf("diff --dv %s%s%s\n", old.data,
	       strcmp(old.data, new.data) ? " " : "",
	       strcmp(old.data, new.data) ? new.data : "");
	show_rest(d);
	err = dv_diff(d->repo, &o, take_change, d, NULL);
	if (!err || err == DV_E_INCOMPLETE)
		diff_show_sums(DIFF_LISTING, &d->sums);
	return err;
}

/* What is no pointer is shown as git does. */
static int leave_to_git(const struct driver *d)
{
	const char *const argv[] = {
		"git", "diff", "--no-index", "--no-ext-diff", "--",
		d->files[0], d->files[1], NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;

	/* exit code 1: they differ */
	process_run(argv, NULL, 0, &out);
	fputs(out.data, stdout);
	return 0;
}

/* Git gives up altogether when this fails, so it does not. */
static int run(struct driver *d)
{
	int err = read_side(d, 0);

	if (!err)
		err = read_side(d, 1);
	if (err)
		return leave_to_git(d);
	err = open_repo(&d->repo);
	if (!err)
		err = show(d);
	if (err)
		report(err);
	return 0;
}

int cmd_diff_driver(int argc, char **argv)
{
	struct driver d = { .data = { BUF_INIT, BUF_INIT } };
	int code, n = parse_words(argc, argv, usage, &code);

	if (n < 0)
		return code;
	if (n == 1) {
		printf("* Unmerged path %s\n", argv[0]);
		return 0;
	}
	if (n != 7 && n != 9)
		return usage_error(usage, "seven or nine arguments are "
				   "needed");
	d.paths[0] = argv[0];
	d.paths[1] = n == 9 ? argv[7] : argv[0];
	d.files[0] = argv[1];
	d.files[1] = argv[4];
	code = run(&d);
	for (int i = 0; i < 2; i++) {
		dv_pointer_release(&d.tracked[i].pointer);
		buf_release(&d.data[i]);
	}
	close_repo(&d.repo);
	return code;
}
