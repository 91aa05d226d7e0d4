/* The forms of dv diff. */

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/diff_hunks.h"
#include "builtin/diff_rows.h"
#include "builtin/diff_show.h"
#include "builtin/open.h"
#include "cli/human.h"

#define WORD_WIDTH	13

typedef unsigned long long ull;

const char *diff_word(enum dv_change_kind kind)
{
	switch (kind) {
	case DV_CHANGE_ADDED:
		return "added";
	case DV_CHANGE_DELETED:
		return "deleted";
	case DV_CHANGE_MODIFIED:
		return "modified";
	case DV_CHANGE_RENAMED:
		return "renamed";
	case DV_CHANGE_TYPE:
		return "type changed";
	}
	return "";
}

static const struct dv_entry *shown(const struct dv_change *c)
{
	return c->after ? c->after : c->before;
}

static const char *slash(const struct dv_entry *e)
{
	return e->type == DV_ENTRY_DIR ? "/" : "";
}

static uint64_t files_of(const struct dv_entry *e)
{
	return e->type == DV_ENTRY_DIR ? e->files : 1;
}

/* A symbolic link's size is that of its target: no data. */
static uint64_t bytes_of(const struct dv_entry *e)
{
	return e && e->type != DV_ENTRY_SYMLINK ? e->size : 0;
}

/* --- sums ------------------------------------------------------------ */

void diff_sums_add(struct diff_sums *s, const struct dv_change *c)
{
	uint64_t files = files_of(shown(c));

	s->changes++;
	switch (c->kind) {
	case DV_CHANGE_ADDED:
		s->added += files;
		break;
	case DV_CHANGE_DELETED:
		s->deleted += files;
		break;
	case DV_CHANGE_RENAMED:
		s->renamed += files;
		return;
	default:
		s->modified += shown(c)->type == DV_ENTRY_DIR ? 1 : files;
	}
	s->bytes_added += bytes_of(c->after);
	s->bytes_deleted += bytes_of(c->before);
}

static void add_count(struct buf *out, uint64_t n, const char *word)
{
	if (n)
		buf_addf(out, "%s%llu %s", out->len ? ", " : "", (ull)n, word);
}

static void show_summary(const struct diff_sums *s)
{
	DV_AUTO_BUF struct buf counts = BUF_INIT;
	char more[HUMAN_SIZE], less[HUMAN_SIZE];

	if (!s->changes)
		return;
	add_count(&counts, s->added, "added");
	add_count(&counts, s->modified, "modified");
	add_count(&counts, s->deleted, "deleted");
	add_count(&counts, s->renamed, "renamed");
	printf("files: %s; +%s -%s\n", counts.len ? counts.data : "none",
	       human_bytes(s->bytes_added, more),
	       human_bytes(s->bytes_deleted, less));
}

/* --- for people ------------------------------------------------------ */

static void add_size(struct buf *out, const struct dv_entry *e)
{
	char size[HUMAN_SIZE];

	if (e->type == DV_ENTRY_SYMLINK) {
		buf_addstr(out, "link to ");
		path_quote(e->target, out);
		return;
	}
	if (e->type == DV_ENTRY_DIR)
		buf_addf(out, "%llu %s, ", (ull)e->files,
			 human_plural(e->files, "file", "files"));
	buf_addstr(out, human_bytes(e->size, size));
}

static bool same_sizes(const struct dv_change *c)
{
	return c->before->type == c->after->type &&
		c->before->type != DV_ENTRY_SYMLINK &&
		c->before->size == c->after->size &&
		c->before->files == c->after->files;
}

static void add_sizes(struct buf *out, const struct dv_change *c)
{
	if (c->before && c->after && !same_sizes(c) &&
	    c->kind != DV_CHANGE_RENAMED) {
		add_size(out, c->before);
		buf_addstr(out, " -> ");
	}
	add_size(out, shown(c));
	if (c->before && c->after &&
	    c->before->type == c->after->type &&
	    c->before->executable != c->after->executable)
		buf_addf(out, ", %cx", c->after->executable ? '+' : '-');
	if (c->unlisted)
		buf_addstr(out, ", list not in the store");
}

static void add_paths(const struct dv_repo *repo, const struct dv_change *c,
		      struct buf *out)
{
	if (c->kind == DV_CHANGE_RENAMED) {
		shown_path(repo, c->before->path, out);
		buf_addf(out, "%s -> ", slash(c->before));
	}
	shown_path(repo, shown(c)->path, out);
	buf_addstr(out, slash(shown(c)));
}

static void show_listing(const struct dv_repo *repo,
			 const struct dv_change *c)
{
	DV_AUTO_BUF struct buf line = BUF_INIT;

	buf_addf(&line, "%s:", diff_word(c->kind));
	while (line.len < WORD_WIDTH)
		buf_addch(&line, ' ');
	buf_addch(&line, ' ');
	add_paths(repo, c, &line);
	buf_addstr(&line, " (");
	add_sizes(&line, c);
	buf_addstr(&line, ")");
	puts(line.data);
}

static void show_stat(const struct dv_repo *repo, const struct dv_change *c)
{
	DV_AUTO_BUF struct buf line = BUF_INIT;
	uint64_t before = bytes_of(c->before), after = bytes_of(c->after);

	add_paths(repo, c, &line);
	printf(" %s | ", line.data);
	if (c->kind == DV_CHANGE_RENAMED)
		printf("%llu bytes\n", (ull)after);
	else
		printf("%llu -> %llu bytes\n", (ull)before, (ull)after);
}

/* A table cell: what Markdown would take as its own is made harmless. */
static void add_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_{}[]<>#|~&", *text))
			buf_addch(out, '\\');
		buf_addch(out, *text);
	}
}

static void show_markdown(const struct dv_repo *repo,
			  const struct dv_change *c)
{
	DV_AUTO_BUF struct buf paths = BUF_INIT;
	DV_AUTO_BUF struct buf sizes = BUF_INIT;
	DV_AUTO_BUF struct buf line = BUF_INIT;

	add_paths(repo, c, &paths);
	add_sizes(&sizes, c);
	buf_addf(&line, "| %s | ", diff_word(c->kind));
	add_cell(&line, paths.data);
	buf_addstr(&line, " | ");
	add_cell(&line, sizes.data);
	buf_addstr(&line, " |");
	puts(line.data);
}

/* --- for programs ---------------------------------------------------- */

static void put_path(const struct dv_entry *e, int nul)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (nul)
		buf_addstr(&path, e->path);
	else
		path_quote(e->path, &path);
	printf("%s%s", path.data, slash(e));
}

static void show_name_status(const struct dv_change *c, int nul)
{
	char between = nul ? 0 : '\t';

	putchar(c->kind);
	if (c->kind == DV_CHANGE_RENAMED) {
		printf("100%c", between);
		put_path(c->before, nul);
	}
	putchar(between);
	put_path(shown(c), nul);
	putchar(nul ? 0 : '\n');
}

static void add_side(struct buf *out, const char *key,
		     const struct dv_entry *e)
{
	static const char *const types[] = { "", "file", "symlink",
					     "directory" };
	const struct dv_id none = { { 0 } };
	char hex[DV_ID_HEX + 1];

	json_member_begin(out, key);
	json_add_string(out, "type", types[e->type]);
	json_add_number(out, "size", e->size);
	if (e->type == DV_ENTRY_DIR)
		json_add_number(out, "files", e->files);
	if (e->type == DV_ENTRY_FILE)
		json_add_bool(out, "executable", e->executable);
	if (e->target)
		json_add_string(out, "target", e->target);
	if (!dv_id_equal(&e->id, &none)) {
		dv_id_to_hex(&e->id, hex);
		json_add_string(out, "id", hex);
	}
	json_object_end(out);
}

static void show_json(const struct dv_change *c,
		      const struct diff_content *content)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "change", diff_word(c->kind));
	json_add_string(&out, "path", shown(c)->path);
	if (c->kind == DV_CHANGE_RENAMED)
		json_add_string(&out, "from", c->before->path);
	json_add_bool(&out, "tracked", c->tracked);
	if (c->unlisted)
		json_add_bool(&out, "unlisted", true);
	if (c->before)
		add_side(&out, "before", c->before);
	if (c->after)
		add_side(&out, "after", c->after);
	if (content) {
		diff_rows_add_json(&out, &content->rows);
		diff_hunks_add_json(&out, &content->hunks);
	}
	json_object_end(&out);
	puts(out.data);
}

void diff_show(const struct dv_repo *repo, enum diff_form form, int nul,
	       const struct dv_change *c, const struct diff_content *content)
{
	switch (form) {
	case DIFF_LISTING:
		show_listing(repo, c);
		if (content)
			diff_rows_print(repo, c, &content->rows);
		break;
	case DIFF_STAT:
		show_stat(repo, c);
		break;
	case DIFF_NAME_STATUS:
		show_name_status(c, nul);
		break;
	case DIFF_JSON:
		show_json(c, content);
		break;
	case DIFF_MARKDOWN:
		show_markdown(repo, c);
		break;
	case DIFF_NOTHING:
		break;
	}
}

void diff_show_head(enum diff_form form)
{
	if (form == DIFF_MARKDOWN)
		printf("| change | path | size |\n| --- | --- | --- |\n");
}

void diff_show_sums(enum diff_form form, const struct diff_sums *s)
{
	if (form == DIFF_MARKDOWN && s->changes)
		putchar('\n');
	if (form == DIFF_LISTING || form == DIFF_STAT || form == DIFF_MARKDOWN)
		show_summary(s);
}
