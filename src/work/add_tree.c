/*
 * Trees bottom-up.  Entries of the old tree that are not in the work tree and
 * have no row in the stat index were never put here: they stay.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "base/path_order.h"
#include "base/trace.h"
#include "work/add_tree.h"
#include "work/below.h"

/* The old directory; what is not in the store has to be fetched first. */
static int next_old(struct tree_source *s, struct tree_cursor *c,
		    const struct tree_entry **out)
{
	int got = tree_cursor_next(c, out);

	if (got != DV_E_NOTFOUND)
		return got;
	return dv_fail(DV_E_INCOMPLETE, "%s: directories that are recorded are "
		       "not in the store", s->path);
}

/* *old becomes the next entry, NULL at the end. */
static int step_old(struct tree_source *s, struct tree_cursor *c,
		    const struct tree_entry **old)
{
	int got = next_old(s, c, old);

	return got < 0 ? got : 0;
}

static uint64_t files_of(const struct tree_entry *e)
{
	return e->type == ENTRY_DIR ? e->files : 1;
}

/* --- what was never here -------------------------------------------------- */

static int keep_below(struct tree_source *s, const struct dv_id *id,
		      uint32_t dir, unsigned depth, struct tree_entry *out,
		      bool *any);

/* What of an entry of such a directory is kept. */
static int keep_in(struct tree_source *s, const struct tree_entry *old,
		   uint32_t dir, unsigned depth, struct tree_entry *out,
		   bool *any)
{
	int64_t n = stat_index_find(s->index, dir, old->name);
	struct stat_row row;
	int err;

	*any = n < 0;
	*out = *old;
	if (n < 0) {
		s->absent += files_of(old);
		return 0;
	}
	stat_index_row(s->index, (uint32_t)n, &row);
	if (old->type != ENTRY_DIR || row.type != ENTRY_DIR)
		return 0;
	err = keep_below(s, &old->content.id, row.dir, depth + 1, out, any);
	out->name = old->name;
	out->name_len = old->name_len;
	return err;
}

/*
 * Of an old directory that is gone from the work tree and is `dir` in the
 * stat index: the entries that were never here.  *any: there are some.
 */
static int keep_below(struct tree_source *s, const struct dv_id *id,
		      uint32_t dir, unsigned depth, struct tree_entry *out,
		      bool *any)
{
	DV_AUTO_TREE_BUILDER struct tree_builder *b = NULL;
	DV_AUTO_TREE_CURSOR struct tree_cursor c;
	const struct tree_entry *old;
	struct tree_entry kept;
	bool some;
	int err = 0, got;

	tree_cursor_open(&c, s->reader, id);
	*any = false;
	if (depth > TREE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: more than %d folders deep",
			       s->path, TREE_DEPTH_MAX);
	while (!err && (got = next_old(s, &c, &old)) != 0) {
		if (got < 0)
			return got;
		err = keep_in(s, old, dir, depth, &kept, &some);
		if (err || !some)
			continue;
		if (!b)
			b = tree_builder_new(record_node, s->r);
		err = tree_builder_add(b, &kept);
	}
	*any = !err && b;
	return *any ? tree_builder_finish(b, out) : err;
}

/* An old entry that is not in the work tree: all, some or nothing of it. */
static int keep_entry(struct tree_source *s, const struct tree_entry *old,
		      int64_t n, struct tree_entry *out, bool *any)
{
	struct stat_row row;
	int err;

	*any = false;
	if (n < 0) {
		s->absent += files_of(old);
		*any = true;
		*out = *old;
		return 0;
	}
	if (!s->keep)
		return 0;
	stat_index_row(s->index, (uint32_t)n, &row);
	if (old->type != ENTRY_DIR || row.type != ENTRY_DIR)
		return 0;
	err = keep_below(s, &old->content.id, row.dir, 1, out, any);
	out->name = old->name;
	out->name_len = old->name_len;
	return err;
}

/* --- a part that was scanned ---------------------------------------------- */

/* An entry of an old directory; it rests with the scan. */
struct kept {
	struct tree_entry entry;
	struct kept *next;
};

/* What is known of one directory of the scan while its tree is made. */
struct making {
	bool has_old;
	struct dv_id old;
	struct kept *kept;	/* in order */
	struct tree_entry made;
};

struct maker {
	struct tree_source *s;
	const struct add_part *part;
	struct scan_pass pass;
	struct making *dirs;	/* owned, one per directory of the scan */
};

/* One more entry was passed. */
static void pass(struct maker *m)
{
	if (scan_passed(&m->pass, 1))
		stat_index_rest(m->s->index);
}

static struct kept *keep(struct maker *m, const struct tree_entry *entry)
{
	struct arena *arena = scan_arena(&m->part->scan);
	struct kept *k = arena_alloc(arena, sizeof(*k));

	k->next = NULL;
	tree_entry_copy(arena, entry, &k->entry);
	return k;
}

/* An old entry that is not in directory n of the scan. */
static int compare_missing(struct maker *m, uint32_t n,
			   const struct tree_entry *old, struct kept ***end)
{
	const struct scan_dir *d = &m->part->scan.dirs[n];
	struct tree_entry kept;
	int64_t row = -1;
	bool any;
	int err;

	if (d->index_dir >= 0)
		row = stat_index_find(m->s->index, (uint32_t)d->index_dir,
				      old->name);
	err = keep_entry(m->s, old, row, &kept, &any);
	if (err || !any)
		return err;
	**end = keep(m, &kept);
	*end = &(**end)->next;
	return 0;
}

/*
 * Compares the old directory with the one in the work tree: what is to be
 * kept, and what the directories below were.
 */
static int compare_dir(struct maker *m, uint32_t n)
{
	const struct scan_dir *d = &m->part->scan.dirs[n];
	DV_AUTO_TREE_CURSOR struct tree_cursor c;
	struct kept **end = &m->dirs[n].kept;
	const struct tree_entry *old;
	uint32_t at = 0;
	int err = 0, got;

	tree_cursor_open(&c, m->s->reader, &m->dirs[n].old);
	while (!err && (got = next_old(m->s, &c, &old)) != 0) {
		const struct scan_entry *e = &d->entries[at];
		int order = 1;

		if (got < 0)
			return got;
		pass(m);
		for (; at < d->count; e = &d->entries[++at]) {
			order = strcmp(e->name, old->name);
			if (order >= 0)
				break;
		}
		if (at == d->count || order) {
			err = compare_missing(m, n, old, &end);
		} else if (e->type == ENTRY_DIR && old->type == ENTRY_DIR) {
			m->dirs[e->dir].has_old = true;
			m->dirs[e->dir].old = old->content.id;
		}
	}
	return err;
}

static void scanned_entry(const struct maker *m, const struct scan_entry *e,
			  const struct record_item *item,
			  struct tree_entry *out)
{
	memset(out, 0, sizeof(*out));
	if (e->type == ENTRY_DIR)
		*out = m->dirs[e->dir].made;
	else if (e->type == ENTRY_SYMLINK)
		out->target = item->target;
	else
		out->content = e->content;
	out->name = e->name;
	out->name_len = strlen(e->name);
	out->type = e->type;
	out->executable = e->executable;
}

/* Adds what is kept and comes before `name`, or all of it. */
static int add_kept(struct tree_builder *b, const struct kept **kept,
		    const char *name)
{
	int err = 0;

	while (!err && *kept &&
	       (!name || strcmp((*kept)->entry.name, name) < 0)) {
		err = tree_builder_add(b, &(*kept)->entry);
		*kept = (*kept)->next;
	}
	return err;
}

/*
 * Makes directory n; items[*end] is the first item behind it, and becomes its
 * own first.
 */
static int make_dir(struct maker *m, uint32_t n, size_t *end)
{
	DV_AUTO_TREE_BUILDER struct tree_builder *b =
		tree_builder_new(record_node, m->s->r);
	const struct scan_dir *d = &m->part->scan.dirs[n];
	const struct record_item *items = m->part->items;
	const struct kept *kept = m->dirs[n].kept;
	size_t first = *end, next;
	int err = 0;

	for (; first && items[first - 1].dir == n; first--)
		pass(m);
	next = first;
	for (uint32_t i = 0; i < d->count && !err; i++) {
		const struct scan_entry *e = &d->entries[i];
		const struct record_item *item = NULL;
		struct tree_entry entry;

		pass(m);
		if (next < *end && items[next].entry == e)
			item = &items[next++];
		scanned_entry(m, e, item, &entry);
		err = add_kept(b, &kept, e->name);
		if (!err)
			err = tree_builder_add(b, &entry);
	}
	if (!err)
		err = add_kept(b, &kept, NULL);
	*end = first;
	return err ? err : tree_builder_finish(b, &m->dirs[n].made);
}

static int make_part(struct tree_source *s, const struct add_part *part,
		     const struct tree_entry *old, struct tree_entry *out)
{
	const struct scan *scan = &part->scan;
	DV_AUTO_FREE struct making *dirs = xcalloc(scan->count, sizeof(*dirs));
	struct maker m = { s, part, { scan, 0 }, dirs };
	size_t end = part->count;
	int err = 0;

	if (scan->single) {
		scanned_entry(&m, &scan->dirs[0].entries[0], part->items, out);
		return 0;
	}
	if (old && old->type == ENTRY_DIR && s->keep) {
		m.dirs[0].has_old = true;
		m.dirs[0].old = old->content.id;
	}
	for (uint32_t i = 0; i < scan->count && !err; i++)
		if (m.dirs[i].has_old)
			err = compare_dir(&m, i);
	for (uint32_t i = scan->count; i-- > 0 && !err;)
		err = make_dir(&m, i, &end);
	if (!err && scan->files >= RECORD_MANY)
		err = recorder_rest(s->r);
	*out = m.dirs[0].made;
	out->type = ENTRY_DIR;
	return err;
}

/* --- parts inside --------------------------------------------------------- */

static int gone_part(struct tree_source *s, const struct add_part *part,
		     const struct tree_entry *old, struct tree_entry *out,
		     bool *any)
{
	int64_t row = stat_index_find_path(s->index, part->inside);
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;
	int err;

	*any = false;
	if (old && s->drop)
		return 0;
	if (old && (row >= 0 || s->lenient))
		return keep_entry(s, old, row, out, any);
	if (s->lenient && (row >= 0 || !*part->inside))
		return 0;
	buf_addf(&path, "%s/%s", s->path, part->inside);
	err = dv_fail(DV_E_NOTFOUND, s->drop ? "%s is not recorded" :
		      "no such file: %s", path.data);
	if (!old)
		return err;
	return dv_hint(err, "it is recorded but was never put here; "
		       "dv checkout %s does that",
		       repo_word(s->repo, path.data, &word));
}

/* The new entry for one part, if there is any. */
static int one_part(struct tree_source *s, const struct add_part *part,
		    const struct tree_entry *old, struct tree_entry *out,
		    bool *any)
{
	if (part->gone)
		return gone_part(s, part, old, out, any);
	*any = true;
	return make_part(s, part, old, out);
}

static bool is_dir_here(const struct tree_source *s, const char *inside)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addstr(&full, s->path);
	path_append(&full, inside);
	DV_AUTO_CLOSE int fd = open_below(s->r->top, full.data);
	return fd >= 0;
}

static int edit_dir(struct tree_source *s, const struct dv_id *id,
		    const char *path, const struct add_part *parts,
		    size_t count, struct tree_entry *out, bool *any);

/*
 * The new entry `name` of directory `path` (with it: `below`), which
 * parts[0..count) are or are inside of.
 */
static int edit_entry(struct tree_source *s, const struct tree_entry *old,
		      const char *below, const struct add_part *parts,
		      size_t count, struct tree_entry *out, bool *any)
{
	const struct dv_id *id = NULL;
	int err;

	if (!strcmp(parts[0].inside, below))
		return one_part(s, &parts[0], old, out, any);
	if (old && old->type == ENTRY_DIR)
		id = &old->content.id;
	err = edit_dir(s, id, below, parts, count, out, any);
	if (!err && !*any)
		*any = is_dir_here(s, below);
	return err;
}

/* How many parts are `below` or inside of it. */
static size_t parts_below(const struct add_part *parts, size_t count,
			  const char *below)
{
	size_t n = 1;

	while (n < count && path_below(parts[n].inside, below))
		n++;
	return n;
}

/* Passes on what comes before `name`, or all; *old becomes what follows. */
static int pass_old(struct tree_source *s, struct tree_cursor *c,
		    const struct tree_entry **old, const char *name,
		    struct tree_builder *b, bool *any)
{
	int err = 0;

	while (!err && *old && (!name || strcmp((*old)->name, name) < 0)) {
		*any = true;
		err = tree_builder_add(b, *old);
		if (!err)
			err = step_old(s, c, old);
	}
	return err;
}

/* Makes directory `path` again with its parts; *any: it is not empty. */
static int edit_dir(struct tree_source *s, const struct dv_id *id,
		    const char *path, const struct add_part *parts,
		    size_t count, struct tree_entry *out, bool *any)
{
	DV_AUTO_TREE_BUILDER struct tree_builder *b =
		tree_builder_new(record_node, s->r);
	DV_AUTO_TREE_CURSOR struct tree_cursor c;
	const struct tree_entry *old = NULL;
	int err;

	tree_cursor_open(&c, s->reader, id ? id : &tree_empty);
	*any = false;
	err = step_old(s, &c, &old);
	while (count && !err) {
		DV_AUTO_BUF struct buf below = BUF_INIT;
		DV_AUTO_BUF struct buf name = BUF_INIT;
		const struct tree_entry *was = NULL;
		struct tree_entry now;
		unsigned len;
		const char *step = path_step(parts[0].inside, path, &len);
		size_t n;
		bool some = false;

		buf_add(&name, step, len);
		buf_addstr(&below, path);
		path_append(&below, name.data);
		n = parts_below(parts, count, below.data);
		err = pass_old(s, &c, &old, name.data, b, any);
		if (old && !strcmp(old->name, name.data))
			was = old;
		if (!err)
			err = edit_entry(s, was, below.data, parts, n, &now,
					 &some);
		now.name = name.data;
		now.name_len = len;
		if (!err && some)
			err = tree_builder_add(b, &now);
		*any |= some;
		if (!err && was)
			err = step_old(s, &c, &old);
		parts += n;
		count -= n;
	}
	if (!err)
		err = pass_old(s, &c, &old, NULL, b, any);
	return err ? err : tree_builder_finish(b, out);
}

int tree_record(struct tree_source *s, const struct tree_entry *old,
		const struct add_part *parts, size_t count,
		struct tree_entry *out)
{
	TRACE_REGION("add: trees");
	bool any;

	s->absent = 0;
	if (!*parts[0].inside)
		return make_part(s, &parts[0], old, out);
	return edit_dir(s, old ? &old->content.id : NULL, "", parts, count,
			out, &any);
}
