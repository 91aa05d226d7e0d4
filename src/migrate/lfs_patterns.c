#include "migrate/lfs_patterns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/run.h"

#define ATTRIBUTES	".gitattributes"

int lfs_ask(struct dv_repo *repo, const struct buf *paths, struct buf *said)
{
	static const char *const args[] = {
		"check-attr", "-z", "--stdin", "filter", NULL
	};

	return paths->len ? run_git(repo, args, paths->data, paths->len,
				    said) : 0;
}

/* "<path> filter <value>", 0 behind each. */
bool lfs_next(const struct buf *said, size_t *at)
{
	const char *value = "";

	for (int i = 0; i < 3 && *at < said->len; i++) {
		value = said->data + *at;
		*at += strlen(value) + 1;
	}
	return !strcmp(value, "lfs");
}

/* --- what it gets besides ---------------------------------------------- */

/* The first is for what has none of the other names. */
static const struct {
	const char *name, *line;
} kinds[] = {
	{ "", "*" DV_POINTER_SUFFIX " merge=dv diff=dv !filter !text" },
	{ ".gitignore", ".gitignore merge=dv !filter !diff !text" },
	{ ".dvconfig", ".dvconfig !filter !diff !merge !text" },
	{ ".dvignore", ".dvignore !filter !diff !merge !text" },
};

#define KINDS	(sizeof(kinds) / sizeof(*kinds))

static unsigned kind_of(const char *path)
{
	for (size_t i = 1; i < KINDS; i++)
		if (!strcmp(path_name(path), kinds[i].name))
			return 1u << i;
	return 1;
}

/* The one whose last line has the last word: the deepest there is. */
static void attributes_for(struct dv_repo *repo, const char *path,
			   struct buf *out)
{
	size_t len = strlen(path);

	do {
		DV_AUTO_BUF struct buf full = BUF_INIT;
		struct stat st;

		buf_clear(out);
		buf_add(out, path, len);
		buf_setlen(out, path_parent_len(out->data));
		len = out->len;
		path_append(out, ATTRIBUTES);
		buf_addf(&full, "%s/%s", dv_repo_worktree(repo), out->data);
		if (!lstat(full.data, &st) && S_ISREG(st.st_mode))
			return;
	} while (len);
}

/* All files of dv's, once each. */
static void list_files(const struct present *p, struct names *out)
{
	for (size_t i = 0; i < p->count; i++) {
		const char *path = p->outs[i].path;
		DV_AUTO_BUF struct buf file = BUF_INIT;

		buf_addf(&file, "%s%s", path, DV_POINTER_SUFFIX);
		names_add(out, file.data, file.len);
		buf_clear(&file);
		buf_add(&file, path, path_parent_len(path));
		path_append(&file, ".gitignore");
		names_add(out, file.data, file.len);
	}
	if (!p->count)
		return;
	names_add(out, ".dvconfig", strlen(".dvconfig"));
	names_add(out, ".dvignore", strlen(".dvignore"));
}

static void take(struct present *p, const char *path, struct lfs_taken *out)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;
	size_t before = out->files.count;
	uint32_t n;

	attributes_for(p->repo, path, &file);
	n = names_add(&out->files, file.data, file.len);
	if (out->files.count > before) {
		ARRAY_GROW(out->kinds, out->files.count, out->room);
		out->kinds[n] = 0;
	}
	out->kinds[n] |= kind_of(path);
}

int lfs_taken_find(struct present *p, struct lfs_taken *out)
{
	DV_AUTO_BUF struct buf paths = BUF_INIT;
	DV_AUTO_BUF struct buf said = BUF_INIT;
	struct names files = { 0 };
	size_t at = 0;
	int err;

	list_files(p, &files);
	for (size_t i = 0; i < files.count; i++)
		buf_add(&paths, files.items[i].text, files.items[i].len + 1);
	err = lfs_ask(p->repo, &paths, &said);
	for (size_t i = 0; i < files.count && !err; i++)
		if (lfs_next(&said, &at))
			take(p, files.items[i].text, out);
	names_release(&files);
	return err;
}

int lfs_taken_note(struct present *p, const struct lfs_taken *t)
{
	int err = 0;

	for (size_t i = 0; i < t->files.count && !err; i++) {
		const char *file = t->files.items[i].text;
		DV_AUTO_BUF struct buf hint = BUF_INIT;
		DV_AUTO_BUF struct buf typed = BUF_INIT;

		buf_addstr(&hint, "printf '%s\\n'");
		for (size_t k = 0; k < KINDS; k++)
			if (t->kinds[i] & 1u << k)
				buf_addf(&hint, " '%s'", kinds[k].line);
		buf_addstr(&hint, " >>");
		path_typed(dv_repo_prefix(p->repo), file, &typed);
		path_word(typed.data, &hint);
		err = present_note(p, file, "its patterns give files of dv to "
				   "git-lfs too; mend that before git add",
				   hint.data);
	}
	return err;
}

/* --- the same from the text alone -------------------------------------- */

/* What begins at the last pattern for git-lfs; NULL: there is none. */
static const char *last_pattern(const char *text)
{
	const char *last = NULL;

	while ((text = strstr(text, "filter=lfs")))
		last = text++;
	return last;
}

/* "*.bin" and "dir/a" name none of dv's files; "dir/a*" may, "*" too. */
static bool takes_others(const char *line, size_t len)
{
	size_t word, name;

	for (; len && strchr(" \t", *line); len--)
		line++;
	word = strcspn(line, " \t\r\n");
	if (word > len || !word || *line == '#')
		return false;
	for (name = word; name && line[name - 1] != '/'; name--)
		;
	if (word - name > 2 && !strncmp(line + name, "*.", 2))
		name += 2;
	return *line == '"' || strcspn(line + name, "*?[\\") < word - name ||
		(word - name == 2 && !strncmp(line + name, "dv", 2));
}

static bool may_take(const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		DV_AUTO_BUF struct buf line = BUF_INIT;

		len = strcspn(text, "\n");
		buf_add(&line, text, len);
		if (strstr(line.data, "filter=lfs") &&
		    takes_others(line.data, line.len))
			return true;
	}
	return false;
}

void lfs_except(bool top, struct buf *text)
{
	DV_AUTO_BUF struct buf lines = BUF_INIT;
	const char *last = last_pattern(text->data);

	if (!last || !may_take(text->data))
		return;
	/* .dvconfig and .dvignore are at the top only */
	for (size_t i = 0; i < (top ? KINDS : 2); i++)
		if (!strstr(last, kinds[i].line))
			buf_addf(&lines, "%s\n", kinds[i].line);
	if (lines.len && text->data[text->len - 1] != '\n')
		buf_addch(text, '\n');
	buf_add(text, lines.data, lines.len);
}

void lfs_taken_release(struct lfs_taken *t)
{
	names_release(&t->files);
	free(t->kinds);
}
