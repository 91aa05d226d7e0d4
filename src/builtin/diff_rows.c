#include "builtin/diff_rows.h"

#include <stdio.h>

#include "base/json.h"
#include "base/path.h"
#include "builtin/open.h"

typedef unsigned long long ull;

static void add_columns(struct buf *out, const char *what,
			char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_addstr(out, i ? ", " : what);
		path_quote(names[i], out);
	}
}

/* Whatever bytes a table has: nothing of it moves the cursor. */
static void add_rows(struct buf *out, const struct dv_diff_rows *r)
{
	buf_addf(out, "rows: %llu added, %llu removed", (ull)r->added,
		 (ull)r->removed);
	if (r->keyed)
		buf_addf(out, ", %llu changed", (ull)r->changed);
	buf_addf(out, " (%llu -> %llu)", (ull)r->before, (ull)r->after);
	if (r->key_missing)
		buf_addstr(out, "; no such key");
	if (!r->columns_added_count && !r->columns_removed_count)
		return;
	buf_addstr(out, "; columns:");
	add_columns(out, " added ", r->columns_added, r->columns_added_count);
	if (r->columns_added_count && r->columns_removed_count)
		buf_addch(out, ';');
	add_columns(out, " removed ", r->columns_removed,
		    r->columns_removed_count);
}

void diff_rows_print(const struct dv_repo *repo, const struct dv_change *c,
		     const struct dv_diff_rows *r)
{
	DV_AUTO_BUF struct buf line = BUF_INIT;

	if (!r->table && !r->problem)
		return;
	shown_path(repo, c->after->path, &line);
	buf_addstr(&line, ": ");
	if (r->problem)
		buf_addf(&line, "not compared by rows: %s", r->problem);
	else
		add_rows(&line, r);
	puts(line.data);
}

static void add_names(struct buf *out, const char *key, char *const *names,
		      size_t count)
{
	json_array_begin(out, key);
	for (size_t i = 0; i < count; i++)
		json_add_string(out, NULL, names[i]);
	json_array_end(out);
}

void diff_rows_add_json(struct buf *out, const struct dv_diff_rows *r)
{
	if (r->problem)
		json_add_string(out, "rows_unknown", r->problem);
	if (!r->table)
		return;
	json_member_begin(out, "rows");
	json_add_number(out, "before", r->before);
	json_add_number(out, "after", r->after);
	json_add_number(out, "added", r->added);
	json_add_number(out, "removed", r->removed);
	if (r->keyed)
		json_add_number(out, "changed", r->changed);
	if (r->key_missing)
		json_add_bool(out, "key_missing", true);
	json_object_end(out);
	json_member_begin(out, "columns");
	add_names(out, "added", r->columns_added, r->columns_added_count);
	add_names(out, "removed", r->columns_removed,
		  r->columns_removed_count);
	json_object_end(out);
}
