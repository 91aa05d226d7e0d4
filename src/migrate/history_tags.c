#include "migrate/history_tags.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "git/repo.h"
#include "git/revision.h"
#include "git/run.h"

/* Tags that git fast-import would not move, for being no children. */
#define MOVED	"refs/dv/migrate-tags/"
#define WRITTEN_MOST	((size_t)64 << 20)	/* bytes */

void history_tags_release(struct history_tags *t)
{
	names_release(&t->theirs);
	names_release(&t->ours);
	names_release(&t->ours_at);
	names_release(&t->written);
	names_release(&t->kept);
	names_release(&t->made);
}

/* --- before ------------------------------------------------------------ */

/* Beside what all work trees share. */
static void written_path(const struct history_tags *t, struct buf *out)
{
	buf_addf(out, "%s/dv/migrated-tags", repo_common_dir(t->repo));
}

static void add_lines(const struct buf *text, struct names *out)
{
	for (size_t at = 0, len; at < text->len; at += len + 1) {
		len = strcspn(text->data + at, "\n");
		names_add(out, text->data + at, len);
	}
}

int history_tags_read(struct history_tags *t)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	written_path(t, &path);
	err = file_read(path.data, WRITTEN_MOST, &text);
	add_lines(&text, &t->written);
	return err == DV_E_NOTFOUND ? 0 : err;
}

const char *history_tags_ref(const char *line)
{
	const char *blank = strchr(line, ' ');

	return blank ? blank + 1 : "";
}

static bool has_name(const struct names *n, const char *text)
{
	return names_find(n, text, strlen(text)) != NAMES_NONE;
}

void history_tags_add(struct history_tags *t, const char *line)
{
	const char *ref = history_tags_ref(line);

	if (!has_name(&t->written, line)) {
		names_add(&t->theirs, ref, strlen(ref));
		return;
	}
	names_add(&t->ours, ref, strlen(ref));
	names_add(&t->ours_at, line, strlen(line));
}

/* --- the stream -------------------------------------------------------- */

bool history_tags_may_write(struct history_tags *t, const char *ref)
{
	bool theirs = has_name(&t->theirs, ref);

	if (!strncmp(ref, REFS_TAGS, strlen(REFS_TAGS)))
		names_add(theirs ? &t->kept : &t->made, ref, strlen(ref));
	return !theirs;
}

void history_tags_reset(const struct history_tags *t, const char *ref,
			struct buf *out)
{
	if (has_name(&t->ours, ref))
		buf_addf(out, "reset " MOVED "%s\n", ref + strlen(REFS_TAGS));
	else
		buf_addf(out, "reset %s\n", ref);
}

/* --- afterwards -------------------------------------------------------- */

static int list_tags(const struct history_tags *t, const char *below,
		     struct names *out)
{
	const char *const args[] = {
		"for-each-ref", REVISION_REFS, below, NULL
	};
	DV_AUTO_BUF struct buf said = BUF_INIT;
	int err = run_git(t->repo, args, NULL, 0, &said);

	add_lines(&said, out);
	return err;
}

int history_tags_drop_moved(const struct history_tags *t)
{
	static const char *const args[] = { "update-ref", "--stdin", NULL };
	DV_AUTO_BUF struct buf in = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	struct names left = { 0 };
	int err = list_tags(t, MOVED, &left);

	for (size_t i = 0; i < left.count; i++)
		buf_addf(&in, "delete %s\n",
			 history_tags_ref(left.items[i].text));
	names_release(&left);
	return err || !in.len ? err :
		run_git(t->repo, args, in.data, in.len, &out);
}

/* Those that git fast-import has put elsewhere, if they are ours still. */
static int move_tags(const struct history_tags *t, const struct names *moved)
{
	static const char *const args[] = { "update-ref", "--stdin", NULL };
	DV_AUTO_BUF struct buf in = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < moved->count; i++) {
		const char *line = moved->items[i].text;
		const char *at = history_tags_ref(line), *old;
		DV_AUTO_BUF struct buf ref = BUF_INIT;
		uint32_t n;

		buf_addf(&ref, REFS_TAGS "%s", at + strlen(MOVED));
		n = names_find(&t->ours, ref.data, ref.len);
		if (n == NAMES_NONE)
			continue;
		old = t->ours_at.items[n].text;
		buf_addf(&in, "update %s %.*s %.*s\n", ref.data,
			 (int)strcspn(line, " "), line,
			 (int)strcspn(old, " "), old);
		buf_addf(&in, "delete %s\n", at);
	}
	return in.len ? run_git(t->repo, args, in.data, in.len, &out) : 0;
}

/* Those that this run writes, or the others. */
static void add_noted(const struct history_tags *t, const struct names *from,
		      bool made, struct buf *out)
{
	for (size_t i = 0; i < from->count; i++) {
		const char *line = from->items[i].text;

		if (has_name(&t->made, history_tags_ref(line)) == made)
			buf_addf(out, "%s\n", line);
	}
}

/* What was noted of tags that this run did not write stays. */
static int note_written(const struct history_tags *t)
{
	DV_AUTO_BUF struct buf below = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct names now = { 0 };
	int err;

	buf_addf(&below, REFS_TAGS "%s/", t->name);
	err = list_tags(t, below.data, &now);
	add_noted(t, &now, true, &text);
	add_noted(t, &t->written, false, &text);
	names_release(&now);
	written_path(t, &path);
	if (!err)
		err = dir_make_parents(path.data);
	return err ? err : file_replace(path.data, text.data, text.len, 0);
}

int history_tags_finish(const struct history_tags *t)
{
	struct names moved = { 0 };
	int err = list_tags(t, MOVED, &moved);

	if (!err)
		err = move_tags(t, &moved);
	names_release(&moved);
	return err || !(t->made.count || t->written.count) ? err :
		note_written(t);
}
