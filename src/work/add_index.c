/* The stat index of what was recorded. */

#include <stdlib.h>

#include "base/array.h"
#include "store/tree.h"
#include "work/add_job.h"
#include "work/index_patch.h"

struct index_source {
	const struct stat_index *old;
	const struct add_part *part;
};

static void write_entry(struct stat_writer *w, uint32_t dir,
			const struct index_source *src,
			const struct scan_entry *e,
			const struct record_item *item)
{
	struct stat_row row;
	struct stat st;

	if (e->type == ENTRY_DIR) {
		stat_writer_row(w, dir, e->name, ENTRY_DIR, NULL, NULL, 0);
	} else if (item) {
		scan_entry_stat(e, &st);
		stat_writer_row(w, dir, e->name, e->type, &st, &e->content,
				item->read_ns);
	} else {
		stat_index_row(src->old, (uint32_t)e->row, &row);
		stat_writer_copy(w, dir, &row);
	}
}

/* An index_part.write(): all that was scanned, or its one entry. */
static void write_scan(struct stat_writer *w, uint32_t dir,
		       const struct index_part *part)
{
	const struct index_source *src = part->data;
	const struct scan *scan = &src->part->scan;
	const struct record_item *item = src->part->items;
	const struct record_item *end = item + src->part->count;
	struct scan_pass pass = { scan, 0 };

	for (uint32_t n = 0; n < scan->count; n++) {
		const struct scan_dir *d = &scan->dirs[n];
		struct stat st;

		if (!scan->single) {
			scan_dir_stat(d, &st);
			dir = stat_writer_dir(w, d->path, &st, d->read_ns);
		}
		for (uint32_t i = 0; i < d->count; i++) {
			const struct scan_entry *e = &d->entries[i];
			bool read = item < end && item->entry == e;

			write_entry(w, dir, src, e, read ? item : NULL);
			item += read;
			if (scan_passed(&pass, 1))
				stat_index_rest(src->old);
		}
	}
}

static uint8_t part_type(const struct add_part *part)
{
	if (part->gone)
		return 0;
	return part->scan.single ? part->scan.dirs[0].entries[0].type :
		ENTRY_DIR;
}

void add_make_index(struct job *j)
{
	struct outcome *out = j->out;
	bool whole = !*j->parts[0].inside, mixed;
	struct index_source *sources = xcalloc(j->count, sizeof(*sources));
	struct index_part *parts = xcalloc(j->count, sizeof(*parts));

	out->writer = stat_writer_new_in(&j->a->rows);
	for (size_t i = 0; i < j->count; i++) {
		sources[i] = (struct index_source){ &j->index, &j->parts[i] };
		parts[i] = (struct index_part){
			.path = j->parts[i].inside,
			.type = part_type(&j->parts[i]),
			.write = write_scan, .data = &sources[i],
		};
	}
	if (whole && j->parts[0].scan.single)
		write_scan(out->writer,
			   stat_writer_dir(out->writer, "", NULL, 0), parts);
	else
		index_patch(&j->index, parts, j->count, out->writer);
	free(sources);
	free(parts);
	/* rows of several versions are those of no pointer */
	mixed = !whole && add_pointer_moved(j);
	out->index_pointer = mixed ? (struct dv_id){ { 0 } } : out->pointer.id;
	out->complete = !mixed && !out->result.absent &&
		(whole || (j->index.dirs && j->index.complete));
}
