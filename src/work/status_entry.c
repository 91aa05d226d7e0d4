/* Comparing one file or symbolic link with what is recorded. */

#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "chunk/sha256.h"
#include "store/loose.h"
#include "work/linked.h"
#include "work/status.h"

static int modified(struct status *s, struct finder *f, const char *path,
		    const struct stat *st)
{
	struct dv_status_entry *e = status_found(s, f, DV_STATE_MODIFIED,
						 path);

	e->directory = S_ISDIR(st->st_mode);
	e->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	return 0;
}

static int read_link(int fd, const char *path, const struct stat *st,
		     struct buf *out)
{
	size_t room = (size_t)st->st_size < ENTRY_TARGET_MAX ?
		(size_t)st->st_size + 2 : ENTRY_TARGET_MAX + 2;
	ssize_t n;

	buf_clear(out);
	buf_reserve(out, room);
	n = readlinkat(fd, path_name(path), out->data, room);
	if (n < 0)
		return dv_fail_errno("cannot read symbolic link %s", path);
	buf_setlen(out, (size_t)n);
	return 0;
}

static void refresh_row(struct finder *f, int64_t number,
			const struct stat *st, int64_t read_ns)
{
	struct reread *r = &f->reread;

	if (number < 0 || stat_is_racy(st, read_ns))
		return;
	ARRAY_GROW(r->rows, r->row_count + 1, r->row_room);
	stat_change_set(&r->rows[r->row_count++], (uint32_t)number, st,
			read_ns);
}

static int compare_link(struct status *s, struct finder *f, int fd,
			const char *path, const struct status_want *want,
			const struct stat_row *row, int64_t number,
			const struct stat *st, int64_t read_ns)
{
	DV_AUTO_BUF struct buf target = BUF_INIT;
	struct dv_id id;
	int err;

	if (row && !want->target && stat_row_matches(row, st) &&
	    !s->options->rehash)
		return 0;
	err = read_link(fd, path, st, &target);
	if (err)
		return err;
	sha256(target.data, target.len, &id);
	if (row && row->type == ENTRY_SYMLINK &&
	    dv_id_equal(&id, &row->content.id) &&
	    (uint64_t)st->st_size == row->size && !stat_row_matches(row, st))
		refresh_row(f, number, st, read_ns);
	if (want->target ? strlen(want->target) == target.len &&
			   !strcmp(want->target, target.data) :
			   dv_id_equal(&id, &want->content.id))
		return 0;
	return modified(s, f, path, st);
}

static int compare_file(struct status *s, struct finder *f, int fd,
			const char *path, const struct status_want *want,
			const struct stat_row *row, int64_t number,
			const struct stat *st, int64_t read_ns)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct reread_file file = {
		.st = *st, .read_ns = read_ns, .row = -1,
		.want = want->content,
	};

	if (want->executable != !!(st->st_mode & S_IXUSR) ||
	    want->content.size != (uint64_t)st->st_size)
		return modified(s, f, path, st);
	if (row && row->type == ENTRY_FILE) {
		if (stat_row_matches(row, st) && !s->options->rehash)
			return content_equal(&row->content, &want->content) ?
				0 : modified(s, f, path, st);
		/* Only what it is now may be refreshed in its row. */
		if (row->executable == want->executable &&
		    !stat_row_matches(row, st))
			file.row = number;
		file.old = row->content;
	}
	status_full_path(s, path, &full);
	file.path = full.data;
	file.below = full.data + full.len - strlen(path);
	return reread_add(&f->reread, fd, &file);
}

/* A link of ours to what is recorded, which leads there no more. */
static bool is_unlinked(int fd, const char *name,
			const struct status_want *want)
{
	struct dv_id id, link;

	return want->type == ENTRY_FILE && linked_name(fd, name, &link) &&
		want->content.size && !loose_name(&want->content, &id) &&
		dv_id_equal(&id, &link);
}

int status_entry(struct status *s, struct finder *f, int fd, const char *path,
		 const struct status_want *want, const struct stat_row *row,
		 int64_t number, const struct stat *st, int64_t read_ns)
{
	struct dv_status_entry *e;

	if (want->type == ENTRY_FILE && S_ISREG(st->st_mode))
		return compare_file(s, f, fd, path, want, row, number, st,
				    read_ns);
	if (want->type == ENTRY_SYMLINK && S_ISLNK(st->st_mode))
		return compare_link(s, f, fd, path, want, row, number, st,
				    read_ns);
	if (S_ISLNK(st->st_mode) && is_unlinked(fd, path_name(path), want)) {
		e = status_found(s, f, DV_STATE_UNLINKED, path);
		e->size = want->content.size;
		return 0;
	}
	return modified(s, f, path, st);
}
