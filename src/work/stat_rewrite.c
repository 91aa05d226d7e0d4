/*
 * A stat index that is there already: written again with other times, given to
 * another path, removed.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/repo.h"
#include "work/stat_format.h"
#include "work/stat_index.h"
#include "work/stat_output.h"

void stat_change_set(struct stat_change *c, uint32_t number,
		     const struct stat *st, int64_t read_ns)
{
	c->number = number;
	c->racy = stat_is_racy(st, read_ns);
	c->mtime_ns = timespec_ns(&st->st_mtim);
	c->ctime_ns = timespec_ns(&st->st_ctim);
	c->inode = st->st_ino;
}

/* Copies a table of `count` items of `size` bytes, some of them changed. */
static void put_changed(struct stat_output *o, const uint8_t *table,
			uint32_t count, size_t size,
			const struct stat_change *changes, size_t change_count)
{
	size_t next = 0;

	for (uint32_t i = 0; i < count; i++, table += size) {
		const struct stat_change *c = changes + next;
		bool hide = size == STAT_DIR;	/* times of racy ones */
		uint8_t p[STAT_DIR];

		if (next == change_count || c->number != i) {
			stat_output_add(o, table, size);
			continue;
		}
		next++;
		memcpy(p, table, size);
		hide &= c->racy;
		store_u64(p, hide ? 0 : (uint64_t)c->mtime_ns);
		store_u64(p + 8, hide ? 0 : (uint64_t)c->ctime_ns);
		store_u64(p + 16, c->inode);
		if (size == STAT_ROW) {
			p[39] &= ~STAT_RACY;
			p[39] |= c->racy ? STAT_RACY : 0;
		}
		stat_output_add(o, p, size);
	}
}

int stat_index_rewrite(const struct stat_index *x, struct dv_repo *repo,
		       const char *path, const struct stat_change *rows,
		       size_t row_count, const struct stat_change *dirs,
		       size_t dir_count, const struct dv_id *stored)
{
	DV_AUTO_STAT_OUTPUT struct stat_output out = STAT_OUTPUT_INIT;
	const uint8_t *end = x->map.data + x->map.len - 8;
	uint8_t h[STAT_HEADER];
	int err;

	if (!x->dirs)
		return 0;
	err = stat_output_open(&out, repo, path);
	if (err)
		return err;
	memcpy(h, x->map.data, sizeof(h));
	memcpy(h + 40, stored->bytes, DV_ID_SIZE);
	stat_seal_header(h);
	out.err = newfile_write(&out.file, h, sizeof(h));
	put_changed(&out, x->dir_table, x->dirs, STAT_DIR, dirs, dir_count);
	put_changed(&out, x->row_table, x->rows, STAT_ROW, rows, row_count);
	stat_output_add(&out, x->id_table, (size_t)(end - x->id_table));
	return stat_output_finish(&out);
}

int stat_index_move(struct dv_repo *repo, const char *from, const char *to,
		    bool single)
{
	DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
	struct stat_writer *w;
	int err = stat_index_open(repo, from, &x);

	if (err || !x.dirs)
		return err;
	w = stat_writer_new(repo);
	for (uint32_t n = 0; n < x.dirs; n++) {
		struct stat_dir d;

		stat_index_dir(&x, n, &d);
		/* its times have changed with its name */
		stat_writer_dir(w, d.path, NULL, 0);
		for (uint32_t i = 0; i < d.count; i++) {
			struct stat_row row;

			stat_index_row(&x, d.first + i, &row);
			if (single)
				row.name = path_name(to);
			stat_writer_copy(w, n, &row);
		}
	}
	err = stat_writer_finish(w, repo, to, &x.pointer, x.complete,
				 &x.stored);
	return err ? err : stat_index_remove(repo, from);
}

int stat_index_remove(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err = stat_index_name(repo, path, &name);

	if (!err && unlink(name.data) && errno != ENOENT)
		return dv_fail_errno("cannot remove %s", name.data);
	return err ? err : stat_index_withdraw(repo, path);
}
