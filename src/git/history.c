#include "git/history.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "git/obtain.h"
#include "git/private.h"

/*
 * The words of "git log --raw -z", each ended by a NUL byte: \1 and those of
 * the format, then for each file "\n:modes blobs status", its path, and the
 * new one after a rename.
 */
static const char format[] =
	"--format=tformat:%x01%H%x00%an%x00%aI%x00%s";

struct words {
	const char *at, *end;
};

/* NULL at the end. */
static const char *next_word(struct words *w)
{
	const char *word = w->at;

	if (word >= w->end)
		return NULL;
	w->at += strlen(word) + 1;
	return word;
}

static int unexpected(void)
{
	return dv_fail(DV_E_IO, "cannot read what git log says");
}

static int read_head(struct words *w, const char *first,
		     struct history_commit *c)
{
	*c = (struct history_commit){ .commit = first + 1 };
	c->author = next_word(w);
	c->date = next_word(w);
	c->subject = next_word(w);
	return c->subject ? 0 : unexpected();
}

/* ":100644 100644 <blob> <blob> R100"; both blobs are cut out in place. */
static int read_change(struct words *w, char *raw, struct history_commit *c)
{
	char *fields[5], *save = NULL;
	const char *path = next_word(w), *to = NULL;

	for (int i = 0; i < 5; i++)
		fields[i] = strtok_r(i ? NULL : raw, " ", &save);
	if (!fields[4] || !path)
		return unexpected();
	if (*fields[4] == 'R' || *fields[4] == 'C')
		to = next_word(w);
	if (strspn(fields[2], "0") != strlen(fields[2])) {
		c->before = path;
		c->before_blob = fields[2];
	}
	if (strspn(fields[3], "0") != strlen(fields[3])) {
		c->after = to ? to : path;
		c->after_blob = fields[3];
	}
	/* a copy leaves the other one as it is */
	if (*fields[4] == 'C')
		c->before = c->before_blob = NULL;
	return 0;
}

static int read_commit(struct words *w, const char *first,
		       struct history_commit *c)
{
	int err = *first == 1 ? read_head(w, first, c) : unexpected();

	while (!err && w->at < w->end && *w->at != 1) {
		char *raw = (char *)next_word(w);

		raw += *raw == '\n';
		if (*raw == ':')
			err = read_change(w, raw, c);
	}
	return err;
}

/*
 * What the pointers said in all of these commits: ":<mode> <mode> <blob>
 * <blob> <letter>".  Those that a partial clone lacks come at once.
 */
static int obtain_blobs(struct dv_repo *repo, const struct buf *out)
{
	DV_AUTO_BUF struct buf ids = BUF_INIT;
	struct words w = { out->data, out->data + out->len };
	const char *word;

	if (!repo_is_partial(repo))
		return 0;
	while ((word = next_word(&w)) != NULL) {
		char blobs[2][41];

		word += *word == '\n';
		if (sscanf(word, ":%*6s %*6s %40s %40s ", blobs[0],
			   blobs[1]) != 2)
			continue;
		for (int i = 0; i < 2; i++)
			if (strspn(blobs[i], "0") != strlen(blobs[i]))
				buf_addf(&ids, "%s\n", blobs[i]);
	}
	return repo_obtain(repo, &ids);
}

int history_each(struct dv_repo *repo, const struct history_options *options,
		 history_cb *fn, void *data)
{
	const char *args[RUN_ARGS] = {
		"log", "--follow", "--raw", "--no-abbrev", "-z", "--no-color",
		"--diff-merges=first-parent", format
	};
	const char *const range[] = {
		options->range ? options->range : "HEAD", NULL
	};
	DV_AUTO_BUF struct buf pathspec = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	struct history_commit c;
	struct words w;
	const char *word;
	char most[32];
	size_t n = 8;
	int err;

	snprintf(most, sizeof(most), "--max-count=%u", options->most);
	if (options->most)
		args[n++] = most;
	args[n++] = *range;
	args[n++] = "--";
	buf_addf(&pathspec, ":(top,literal)%s", options->pointer);
	args[n++] = pathspec.data;
	/* a few commits need few trees, which git gets by itself */
	err = options->most ? 0 : repo_obtain_trees(repo, range);
	if (!err)
		err = run_git(repo, args, NULL, 0, &out);
	if (!err)
		err = obtain_blobs(repo, &out);
	w = (struct words){ out.data, out.data + out.len };
	while (!err && (word = next_word(&w)) != NULL) {
		err = read_commit(&w, word, &c);
		if (!err)
			err = fn(&c, data);
	}
	return err;
}
