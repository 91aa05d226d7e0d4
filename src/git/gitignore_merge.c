/*
 * Merging .gitignore files.  Git says where both sides have changed something
 * in one place; what dv wrote there is a set of lines, whose order means
 * nothing, and what the user wrote is a text.
 */

#include <string.h>

#include "dv/merge.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/process.h"
#include "git/gitignore.h"

#define TEXT_MOST	((size_t)4 << 20)	/* bytes of each */
#define MARKER_SIZE	"67"	/* of markers that no line of a text is */
#define MARKER_LEN	67
#define CONFLICTS_MOST	127	/* that git merge-file counts */

enum side {
	OURS,			/* in the order in which git shows them */
	BASE,
	THEIRS,
	SIDES,
};

/* What one side has in a place where both have changed something. */
struct part {
	struct buf text;
	struct buf own;		/* the user's lines of it, without returns */
	struct names lines;	/* dv's */
};

struct merging {
	const char *files[SIDES];
	struct names lines[SIDES];	/* dv's, in all of it */
	struct part place[SIDES];	/* the one at hand */
	struct buf merged[SIDES];	/* each with what is settled */
	bool conflicts;			/* they differ */
};

#define DV_AUTO_MERGING	__attribute__((cleanup(merging_release)))

static void part_release(struct part *p)
{
	buf_release(&p->text);
	buf_release(&p->own);
	names_release(&p->lines);
}

static void part_clear(struct part *p)
{
	part_release(p);
	*p = (struct part){ BUF_INIT, BUF_INIT, { .count = 0 } };
}

static void merging_release(struct merging *m)
{
	for (int i = 0; i < SIDES; i++) {
		names_release(&m->lines[i]);
		part_release(&m->place[i]);
		buf_release(&m->merged[i]);
	}
}

static void part_add(struct part *p, const struct buf *text,
		     const struct text_line *l)
{
	const char *line = text->data + l->begin;

	buf_add(&p->text, line, l->next - l->begin);
	if (gitignore_is_line(line, l->len)) {
		names_add(&p->lines, line, l->len);
		return;
	}
	buf_add(&p->own, line, l->len);
	buf_addch(&p->own, '\n');
}

/* --- one place --------------------------------------------------------- */

static bool same_own(const struct part *a, const struct part *b)
{
	return a->own.len == b->own.len &&
		!memcmp(a->own.data, b->own.data, a->own.len);
}

static bool has(const struct names *lines, const char *line, size_t len)
{
	return names_find(lines, line, len) != NAMES_NONE;
}

/* All lines but those of dv's that the other side took out. */
static void take_kept(const struct part *from, const struct part *base,
		      const struct part *other, struct buf *out)
{
	struct text_line l;

	for (size_t at = 0; text_line_next(&from->text, at, &l); at = l.next) {
		const char *line = from->text.data + l.begin;

		if (!has(&base->lines, line, l.len) ||
		    has(&other->lines, line, l.len))
			buf_add(out, line, l.next - l.begin);
	}
}

/* The lines of dv's that only this side has brought. */
static void take_new(const struct part *from, const struct part *base,
		     const struct part *other, struct buf *out)
{
	struct text_line l;

	for (size_t at = 0; text_line_next(&from->text, at, &l); at = l.next) {
		const char *line = from->text.data + l.begin;

		if (has(&from->lines, line, l.len) &&
		    !has(&base->lines, line, l.len) &&
		    !has(&other->lines, line, l.len))
			buf_add(out, line, l.next - l.begin);
	}
}

/*
 * Where one side at most has changed lines of the user's, these are as that
 * side has them.  What the other one brings of dv's comes after, as dv add
 * would have put it.
 */
static bool merge_place(const struct part place[SIDES], struct buf *out)
{
	const struct part *base = &place[BASE];
	const struct part *one = &place[OURS], *other = &place[THEIRS];

	if (!same_own(base, other) && !same_own(one, other)) {
		if (!same_own(base, one))
			return false;
		one = &place[THEIRS];
		other = &place[OURS];
	}
	take_kept(one, base, other, out);
	take_new(other, base, one, out);
	return true;
}

/* --- all places -------------------------------------------------------- */

/* Which of the markers it is: 0 to 3; -1: a line of the text. */
static int marker(const struct buf *text, const struct text_line *l)
{
	static const char marks[] = "<|=>";
	const char *line = text->data + l->begin;
	const char *mark = l->len < MARKER_LEN || !*line ? NULL :
		strchr(marks, *line);

	if (!mark || strspn(line, (const char[]){ *line, 0 }) < MARKER_LEN)
		return -1;
	return (int)(mark - marks);
}

/* Less the lines of dv's that one side has moved and the other taken out. */
static void add_line(struct merging *m, const struct buf *text,
		     const struct text_line *l)
{
	const char *line = text->data + l->begin;

	if (has(&m->lines[BASE], line, l->len) &&
	    (!has(&m->lines[OURS], line, l->len) ||
	     !has(&m->lines[THEIRS], line, l->len)))
		return;
	for (int i = 0; i < SIDES; i++)
		buf_add(&m->merged[i], line, l->next - l->begin);
}

static void end_place(struct merging *m)
{
	DV_AUTO_BUF struct buf merged = BUF_INIT;
	bool done = merge_place(m->place, &merged);
	struct text_line l;

	for (size_t at = 0; text_line_next(&merged, at, &l); at = l.next)
		add_line(m, &merged, &l);
	for (int i = 0; i < SIDES && !done; i++)
		buf_add(&m->merged[i], m->place[i].text.data,
			m->place[i].text.len);
	for (int i = 0; i < SIDES; i++)
		part_clear(&m->place[i]);
	m->conflicts |= !done;
}

/* `text` is what git has merged.  False: it cannot be made out. */
static bool merge_places(struct merging *m, const struct buf *text)
{
	int side = -1;		/* of the place at hand; -1: in none */
	struct text_line l;

	for (size_t at = 0; text_line_next(text, at, &l); at = l.next) {
		int mark = marker(text, &l);

		if (mark < 0 && side < 0) {
			add_line(m, text, &l);
		} else if (mark < 0) {
			part_add(&m->place[side], text, &l);
		} else if (mark != side + 1) {
			return false;
		} else if (mark < SIDES) {
			side = mark;
		} else {
			end_place(m);
			side = -1;
		}
	}
	return side < 0;
}

/* --- by git ------------------------------------------------------------ */

bool dv_merge_text(const char *const files[3])
{
	const char *const argv[] = {
		"git", "merge-file", "-q", "-L", "ours", "-L", "base", "-L",
		"theirs", "--", files[1], files[0], files[2], NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;

	return !process_run(argv, NULL, 0, &out);
}

/*
 * The exit code is the number of conflicts, up to CONFLICTS_MOST.  Of a git
 * that failed, or was ended, the text may not be whole.
 */
static bool ask_git(const struct merging *m, struct buf *out)
{
	const char *const argv[] = {
		"git", "merge-file", "-q", "-p", "--diff3",
		"--marker-size=" MARKER_SIZE, "--", m->files[OURS],
		m->files[BASE], m->files[THEIRS], NULL
	};
	int code;

	return !process_run_code(argv, NULL, 0, out, &code) &&
		code <= CONFLICTS_MOST;
}

/* False: no text to make lines of. */
static bool read_side(struct merging *m, enum side side)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct text_line l;

	if (file_read(m->files[side], TEXT_MOST, &text))
		return false;
	for (size_t at = 0; text_line_next(&text, at, &l); at = l.next) {
		const char *line = text.data + l.begin;

		if (marker(&text, &l) >= 0)
			return false;
		if (gitignore_is_line(line, l.len))
			names_add(&m->lines[side], line, l.len);
	}
	return true;
}

static int write_side(const struct merging *m, enum side side)
{
	return file_replace(m->files[side], m->merged[side].data,
			    m->merged[side].len, NEWFILE_NOSYNC);
}

int dv_merge_gitignore(const char *const files[3], bool *merged)
{
	DV_AUTO_MERGING struct merging m = {
		.files = { files[1], files[0], files[2] },
	};
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = 0;

	for (int i = 0; i < SIDES; i++) {
		m.merged[i] = (struct buf)BUF_INIT;
		part_clear(&m.place[i]);
	}
	if (!read_side(&m, OURS) || !read_side(&m, BASE) ||
	    !read_side(&m, THEIRS) || !ask_git(&m, &text) ||
	    !merge_places(&m, &text)) {
		*merged = dv_merge_text(files);
		return 0;
	}
	err = write_side(&m, OURS);
	/* git is to show what is left, in the style the user has set */
	if (!err && m.conflicts)
		err = write_side(&m, BASE);
	if (!err && m.conflicts)
		err = write_side(&m, THEIRS);
	*merged = !err && (!m.conflicts || dv_merge_text(files));
	return err;
}
