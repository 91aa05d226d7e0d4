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
#include "base/trace.h"
#include "work/add_tree.h"
#include "work/below.h"
#include "work/parts.h"

/* A growing list of entries; names are borrowed. */
struct entries {
	struct tree_entry *items;	/* owned */
	size_t count, room;
};

#define DV_AUTO_ENTRIES __attribute__((cleanup(entries_release)))

static void entries_release(struct entries *e)
{
	free(e->items);
}

static void entries_add(struct entries *e, const struct tree_entry *entry)
{
	ARRAY_GROW(e->items, e->count + 1, e->room);
	e->items[e->count++] = *entry;
}

/* A copy whose texts live in the arena. */
static void entries_keep(struct entries *e, const struct tree_entry *entry,
			 struct arena *arena)
{
	struct tree_entry copy = *entry;

	copy.name = arena_copy(arena, entry->name, entry->name_len);
	if (entry->target)
		copy.target = arena_copy(arena, entry->target,
					 strlen(entry->target));
	entries_add(e, &copy);
}

static int build(struct tree_source *s, const struct entries *e,
		 struct tree_entry *out)
{
	memset(out, 0, sizeof(*out));
	return tree_build(e->items, e->count, record_node, s->r, out);
}

/* The old directory; what is not in the store has to be fetched first. */
static int read_old(struct tree_source *s, const struct dv_id *id,
		    struct arena *arena, struct tree_entry **entries,
		    size_t *count)
{
	int err = tree_read(s->reader, id, arena, entries, count);

	if (err != DV_E_NOTFOUND)
		return err;
	return dv_fail(DV_E_INCOMPLETE, "%s: directories that are recorded are "
		       "not in the store", s->path);
}

static uint64_t files_of(const struct tree_entry *e)
{
	return e->type == ENTRY_DIR ? e->files : 1;
}

/* --- what was never here -------------------------------------------------- */

/*
 * Of an old directory that is gone from the work tree and is `dir` in the
 * stat index: the entries that were never here.  *any: there are some.
 */
static int keep_below(struct tree_source *s, const struct dv_id *id,
		      uint32_t dir, unsigned depth, struct tree_entry *out,
		      bool *any)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_ENTRIES struct entries kept = { NULL, 0, 0 };
	struct tree_entry *old;
	size_t count;
	int err;

	if (depth > TREE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "%s: more than %d folders deep",
			       s->path, TREE_DEPTH_MAX);
	err = read_old(s, id, &arena, &old, &count);
	for (size_t i = 0; i < count && !err; i++) {
		int64_t n = stat_index_find(s->index, dir, old[i].name);
		struct tree_entry rest;
		struct stat_row row;
		bool some = false;

		if (n < 0) {
			s->absent += files_of(&old[i]);
			entries_add(&kept, &old[i]);
			continue;
		}
		stat_index_row(s->index, (uint32_t)n, &row);
		if (old[i].type != ENTRY_DIR || row.type != ENTRY_DIR)
			continue;
		err = keep_below(s, &old[i].content.id, row.dir, depth + 1,
				 &rest, &some);
		rest.name = old[i].name;
		rest.name_len = old[i].name_len;
		if (!err && some)
			entries_add(&kept, &rest);
	}
	*any = !err && kept.count;
	return *any ? build(s, &kept, out) : err;
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

/* What is known of one directory of the scan while its tree is made. */
struct making {
	bool has_old;
	struct dv_id old;
	struct entries kept;	/* owned; of the old tree */
	struct tree_entry made;
};

struct maker {
	struct tree_source *s;
	const struct add_part *part;
	struct making *dirs;	/* owned, one per directory of the scan */
	struct arena names;	/* of what is kept */
};

#define DV_AUTO_MAKER __attribute__((cleanup(maker_release)))

static void maker_release(struct maker *m)
{
	for (uint32_t i = 0; m->dirs && i < m->part->scan.count; i++)
		entries_release(&m->dirs[i].kept);
	free(m->dirs);
	arena_release(&m->names);
}

/*
 * Compares the old directory with the one in the work tree: what is to be
 * kept, and what the directories below were.
 */
static int compare_dir(struct maker *m, uint32_t n)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	const struct scan_dir *d = &m->part->scan.dirs[n];
	struct tree_entry *old;
	size_t count;
	uint32_t at = 0;
	int err = read_old(m->s, &m->dirs[n].old, &arena, &old, &count);

	for (size_t i = 0; i < count && !err; i++) {
		const struct scan_entry *e = NULL;
		struct tree_entry kept;
		int64_t row = -1;
		bool any;

		while (at < d->count &&
		       strcmp(d->entries[at].name, old[i].name) < 0)
			at++;
		if (at < d->count && !strcmp(d->entries[at].name, old[i].name))
			e = &d->entries[at];
		if (e) {
			if (e->type == ENTRY_DIR && old[i].type == ENTRY_DIR) {
				m->dirs[e->dir].has_old = true;
				m->dirs[e->dir].old = old[i].content.id;
			}
			continue;
		}
		if (d->index_dir >= 0)
			row = stat_index_find(m->s->index,
					      (uint32_t)d->index_dir,
					      old[i].name);
		err = keep_entry(m->s, &old[i], row, &kept, &any);
		if (!err && any)
			entries_keep(&m->dirs[n].kept, &kept, &m->names);
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

/*
 * Makes directory n; items[*end] is the first item behind it, and becomes its
 * own first.
 */
static int make_dir(struct maker *m, uint32_t n, size_t *end)
{
	DV_AUTO_ENTRIES struct entries all = { NULL, 0, 0 };
	const struct scan_dir *d = &m->part->scan.dirs[n];
	const struct entries *kept = &m->dirs[n].kept;
	const struct record_item *items = m->part->items;
	size_t first = *end, next, k = 0;

	while (first && items[first - 1].dir == n)
		first--;
	next = first;
	for (uint32_t i = 0; i < d->count; i++) {
		const struct scan_entry *e = &d->entries[i];
		const struct record_item *item = NULL;
		struct tree_entry entry;

		while (k < kept->count &&
		       strcmp(kept->items[k].name, e->name) < 0)
			entries_add(&all, &kept->items[k++]);
		if (next < *end && items[next].entry == e)
			item = &items[next++];
		scanned_entry(m, e, item, &entry);
		entries_add(&all, &entry);
	}
	while (k < kept->count)
		entries_add(&all, &kept->items[k++]);
	*end = first;
	return build(m->s, &all, &m->dirs[n].made);
}

static int make_part(struct tree_source *s, const struct add_part *part,
		     const struct tree_entry *old, struct tree_entry *out)
{
	DV_AUTO_MAKER struct maker m = { .s = s, .part = part };
	const struct scan *scan = &part->scan;
	struct scan_pass pass = { scan, 0 };
	size_t end = part->count;
	int err = 0;

	m.dirs = xcalloc(scan->count, sizeof(*m.dirs));
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
	for (uint32_t i = scan->count; i-- > 0 && !err;) {
		err = make_dir(&m, i, &end);
		scan_passed(&pass, scan->dirs[i].count);
	}
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

/* Makes directory `path` again with its parts; *any: it is not empty. */
static int edit_dir(struct tree_source *s, const struct dv_id *id,
		    const char *path, const struct add_part *parts,
		    size_t count, struct tree_entry *out, bool *any)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	DV_AUTO_ENTRIES struct entries all = { NULL, 0, 0 };
	struct tree_entry *old = NULL;
	size_t old_count = 0, k = 0;
	int err = id ? read_old(s, id, &arena, &old, &old_count) : 0;

	while (count && !err) {
		DV_AUTO_BUF struct buf below = BUF_INIT;
		const struct tree_entry *was = NULL;
		struct tree_entry now;
		unsigned len;
		const char *name = path_step(parts[0].inside, path, &len);
		size_t n;
		bool some = false;

		name = arena_copy(&arena, name, len);
		buf_addstr(&below, path);
		path_append(&below, name);
		n = parts_below(parts, count, below.data);
		while (k < old_count && strcmp(old[k].name, name) < 0)
			entries_add(&all, &old[k++]);
		if (k < old_count && !strcmp(old[k].name, name))
			was = &old[k++];
		err = edit_entry(s, was, below.data, parts, n, &now, &some);
		now.name = name;
		now.name_len = len;
		if (!err && some)
			entries_keep(&all, &now, &arena);
		parts += n;
		count -= n;
	}
	while (k < old_count)
		entries_add(&all, &old[k++]);
	*any = all.count;
	return err ? err : build(s, &all, out);
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
