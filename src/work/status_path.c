/* One tracked path: what is there, and which walk compares it. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "work/below.h"
#include "work/linked.h"
#include "work/resolve.h"
#include "work/status.h"
#include "work/stored.h"

/* What lies at a path. */
struct spot {
	int fd;			/* of the folder it is in, or -1; borrowed
				   until the next one is looked for */
	bool there;
	struct stat st;
	int64_t read_ns;
};

/* Opens the folder that path is in, unless the last path was in it too. */
static int open_parent(struct status *s, const char *path)
{
	size_t len = path_parent_len(path);
	struct buf *at = &s->folder_path;

	if (s->folder >= 0 && at->len == len && !memcmp(at->data, path, len))
		return 0;
	auto_close(&s->folder);
	buf_clear(at);
	buf_add(at, path, len);
	s->folder = open_below(s->top, at->data);
	if (s->folder < 0 && errno != ENOENT && errno != ENOTDIR &&
	    errno != ELOOP)
		return dv_fail_errno("cannot open %s", at->data);
	return 0;
}

static int spot_find(struct status *s, const char *path, struct spot *out)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	int err;

	status_full_path(s, path, &full);
	err = open_parent(s, full.data);
	out->fd = s->folder;
	out->there = false;
	out->read_ns = clock_real_ns();
	if (err || out->fd < 0)
		return err;
	if (!linked_stat(s->store, out->fd, path_name(full.data), &out->st,
			 NULL))
		out->there = true;
	else if (errno != ENOENT)
		return dv_fail_errno("cannot stat %s", full.data);
	return 0;
}

int status_readers(struct status *s)
{
	struct store *store;
	int err = repo_store(s->repo, &store);

	for (unsigned i = 0; i < s->threads && !err; i++)
		if (!s->finders[i].reader)
			s->finders[i].reader = store_reader_new(store);
	return err;
}

/* True when content with this executable bit is what a file pointer names. */
static int is_pointer(const struct status *s, const struct content *c,
		      bool executable, bool *yes)
{
	DV_AUTO_BUF struct buf node = BUF_INIT;
	struct dv_id id;
	int err = file_node_encode(c, executable, &node, &id);

	*yes = !err && dv_id_equal(&id, &s->pointer->id);
	return err;
}

/* The comparison that was put off until the bytes were read. */
static void reread_done(void *data, const struct reread_file *file,
			const struct content *content)
{
	struct finder *f = data;
	struct status *s = f->status;
	bool same = content_equal(content, &file->want);
	struct dv_status_entry *e;

	if (s->pointer->kind == DV_KIND_FILE &&
	    is_pointer(s, content, file->st.st_mode & S_IXUSR, &same))
		same = false;
	if (same)
		return;
	e = status_found(s, f, DV_STATE_MODIFIED, file->below);
	e->size = content->size;
}

/* --- a single file -------------------------------------------------------- */

static void found_file(struct status *s, enum dv_state state,
		       const struct spot *spot)
{
	struct dv_status_entry *e = status_found(s, &s->finders[0], state, "");

	e->files = 1;
	e->size = s->pointer->size;
	if (!spot->there)
		return;
	e->directory = S_ISDIR(spot->st.st_mode);
	e->size = S_ISREG(spot->st.st_mode) ?
		(uint64_t)spot->st.st_size : 0;
}

/*
 * The pointer names a file node, which can be made from content and
 * executable bit: nothing has to be read from the store.
 */
static int compare_single(struct status *s)
{
	struct spot spot;
	struct reread_file file = { .row = -1, .path = s->path };
	struct stat_row row;
	struct dv_id id;
	bool known = false, same = true;
	int err = spot_find(s, "", &spot);

	if (err)
		return err;
	if (!spot.there) {
		found_file(s, s->index.dirs ? DV_STATE_DELETED :
			   DV_STATE_ABSENT, &spot);
		return 0;
	}
	if (S_ISLNK(spot.st.st_mode) &&
	    linked_name(spot.fd, path_name(s->path), &id) &&
	    dv_id_equal(&id, &s->pointer->id)) {
		found_file(s, DV_STATE_UNLINKED, &spot);
		return 0;
	}
	if (!S_ISREG(spot.st.st_mode) ||
	    (uint64_t)spot.st.st_size != s->pointer->size) {
		found_file(s, DV_STATE_MODIFIED, &spot);
		return 0;
	}
	if (s->index.dirs == 1 && s->index.rows == 1) {
		stat_index_row(&s->index, 0, &row);
		known = stat_row_matches(&row, &spot.st);
		if (!known && row.type == ENTRY_FILE && row.executable ==
		    !!(spot.st.st_mode & S_IXUSR))
			file.row = 0;
		file.old = row.content;
	}
	if (known && !s->options->rehash) {
		err = is_pointer(s, &row.content, row.executable, &same);
		if (!same)
			found_file(s, DV_STATE_MODIFIED, &spot);
		return err;
	}
	file.below = s->path + strlen(s->path);
	file.st = spot.st;
	file.read_ns = spot.read_ns;
	return reread_add(&s->finders[0].reread, spot.fd, &file);
}

/* --- a directory ---------------------------------------------------------- */

/* What is recorded at the path asked for, from the tree or from the rows. */
struct record {
	bool tree;		/* it is from the tree */
	bool there;
	struct tree_entry entry;
	int64_t row;		/* or -1 */
	int64_t index_dir;	/* or -1 */
	struct stat_row stat;	/* when row is not -1 */
};

static void row_of(struct status *s, const char *inside, struct record *r)
{
	r->index_dir = stat_index_find_dir(&s->index, inside);
	r->row = *inside ? stat_index_find_path(&s->index, inside) : -1;
	if (r->row >= 0)
		stat_index_row(&s->index, (uint32_t)r->row, &r->stat);
}

static int find_record(struct status *s, const char *inside,
		       struct record *r)
{
	struct finder *f = &s->finders[0];
	struct tree_entry root;
	int err;

	row_of(s, inside, r);
	resolve_root(s->pointer, &root);
	r->entry = root;
	r->there = true;
	r->tree = !s->same || !s->index.complete;
	if (!*inside)
		return 0;
	if (r->tree) {
		err = resolve_inside(f->reader, s->path, &root, inside,
				     &f->tasks, &r->entry);
		if (!err)
			return 0;
		if (err == DV_E_INCOMPLETE)
			r->tree = false;
		else if (err != DV_E_NOTFOUND)
			return err;
	}
	r->there = !r->tree && r->row >= 0;
	if (!r->there)
		return 0;
	r->entry = (struct tree_entry){
		.name = r->stat.name, .type = r->stat.type,
		.executable = r->stat.executable, .content = r->stat.content,
		.files = 1,
	};
	if (r->index_dir >= 0) {
		r->entry.files = r->entry.content.size = 0;
		status_index_sum(&s->index, (uint32_t)r->index_dir,
				 &r->entry.files, &r->entry.content.size);
	}
	return 0;
}

static int nothing_recorded(struct status *s, const char *inside,
			    const struct spot *spot)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct disk_entry e;
	bool ignored;
	int err;

	status_full_path(s, inside, &full);
	if (!spot->there)
		return dv_fail(DV_E_NOTFOUND, "no such path: %s", full.data);
	err = status_ignored(s, inside, S_ISDIR(spot->st.st_mode), &ignored);
	if (err || ignored)
		return err;
	e = (struct disk_entry){
		.mode = spot->st.st_mode, .size = (uint64_t)spot->st.st_size,
	};
	return status_new(s, &s->finders[0], inside, &e);
}

static void found_gone(struct status *s, const char *inside,
		       const struct record *r)
{
	bool was_here = r->row >= 0 || r->index_dir >= 0;
	struct dv_status_entry *e;

	e = status_found(s, &s->finders[0], was_here ? DV_STATE_DELETED :
			 DV_STATE_ABSENT, inside);
	e->directory = r->entry.type == ENTRY_DIR;
	e->files = e->directory ? r->entry.files : 1;
	e->size = r->entry.type == ENTRY_SYMLINK ? 0 : r->entry.content.size;
}

static int compare_folder(struct status *s, const char *inside,
			  const struct record *r)
{
	struct status_dir root = {
		.path = inside, .tree = r->tree, .id = r->entry.content.id,
		.files = r->entry.files, .size = r->entry.content.size,
		.index_dir = r->index_dir,
	};

	if (!*inside && !r->tree)
		return status_stream(s);
	return status_tree(s, &root);
}

static int compare_directory(struct status *s, const char *inside)
{
	struct spot spot;
	struct status_want want;
	struct record r;
	int err = spot_find(s, inside, &spot);

	/* A tracked path that is not there at all needs no store. */
	if (!err && (!s->same || !s->index.complete) &&
	    (spot.there || *inside))
		err = status_readers(s);
	if (!err)
		err = find_record(s, inside, &r);
	if (err)
		return err;
	if (!r.there)
		return nothing_recorded(s, inside, &spot);
	if (!spot.there) {
		found_gone(s, inside, &r);
		return 0;
	}
	if (r.entry.type == ENTRY_DIR && S_ISDIR(spot.st.st_mode))
		return compare_folder(s, inside, &r);
	want = (struct status_want){
		.name = path_name(inside), .type = r.entry.type,
		.executable = r.entry.executable, .content = r.entry.content,
		.target = r.entry.target,
	};
	return status_entry(s, &s->finders[0], spot.fd, inside, &want,
			    r.row >= 0 ? &r.stat : NULL, r.row, &spot.st,
			    spot.read_ns);
}

/* --- is it stored? -------------------------------------------------------- */

static int packs_fingerprint(struct status *s)
{
	int err;

	if (s->have_packs)
		return 0;
	err = stored_fingerprint(s->repo, &s->packs);
	s->have_packs = !err;
	return err;
}

/* What the pointer records at `inside`. */
static int stored_entry(struct status *s, const char *inside,
			struct tree_entry *out)
{
	struct finder *f = &s->finders[0];
	struct tree_entry root;

	if (s->pointer->kind == DV_KIND_FILE)
		return resolve_file(f->reader, s->path, s->pointer, out);
	resolve_root(s->pointer, &root);
	return resolve_inside(f->reader, s->path, &root, inside, &f->tasks,
			      out);
}

int status_stored(struct status *s, const char *inside, struct dv_id *now)
{
	struct stored_missing m = { s->pointer->files, s->pointer->size };
	struct tree_entry entry = { .type = ENTRY_DIR };
	struct dv_status_entry *e;
	struct store *store;
	int err;

	if (s->options->data_only) {
		*now = s->same ? s->index.stored : (struct dv_id){ { 0 } };
		return 0;
	}
	err = packs_fingerprint(s);
	if (err)
		return err;
	*now = s->packs;
	if (s->same && dv_id_equal(&s->packs, &s->index.stored))
		return 0;
	err = repo_store(s->repo, &store);
	if (!err)
		err = status_readers(s);
	if (err)
		return err;
	err = stored_entry(s, inside, &entry);
	if (err == DV_E_NOTFOUND)
		return 0;	/* not recorded: nothing to be stored */
	if (!err)
		err = stored_check(store, s->path, &entry, s->threads, &m);
	else if (err == DV_E_INCOMPLETE || err == DV_E_CORRUPT)
		err = 0, inside = "";	/* then all of it counts */
	if (err || !m.files)
		return err;
	memset(now, 0, sizeof(*now));
	e = status_found(s, &s->finders[0], DV_STATE_NOT_STORED, inside);
	e->directory = s->pointer->kind == DV_KIND_TREE &&
		(!*inside || entry.type == ENTRY_DIR);
	e->files = m.files;
	e->size = m.size;
	return 0;
}

/* --- all of it ------------------------------------------------------------ */

/* `stored` is for status_keep(). */
static int compare_part(struct status *s, const char *part,
			struct dv_id *stored)
{
	int err;

	if (s->pointer->kind == DV_KIND_FILE)
		err = compare_single(s);
	else
		err = compare_directory(s, part);
	for (unsigned i = 0; i < s->threads && !err; i++)
		err = reread_flush(&s->finders[i].reread);
	for (unsigned i = 0; i < s->threads && !err; i++)
		err = reread_big(&s->finders[i].reread, s->top, s->threads);
	return err ? err : status_stored(s, part, stored);
}

static int compare(struct status *s, const char *const *parts, size_t count)
{
	struct dv_id stored;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		err = cancel_check();
		if (!err)
			err = compare_part(s, parts[i], &stored);
	}
	if (err || !s->index.dirs)
		return err;
	/* Only all of this very pointer vouches for the store. */
	if (!s->same || **parts)
		stored = s->index.stored;
	status_keep(s, &stored);
	return 0;
}

/* The rows are those of the pointer, whose sums are theirs. */
static bool is_same(const struct status *s)
{
	const struct stat_index *x = &s->index;
	const struct dv_pointer *p = s->pointer;

	if (!x->dirs || !dv_id_equal(&x->pointer, &p->id))
		return false;
	return !x->complete || (x->size == p->size && x->files == p->files);
}

/*
 * Whether looking at its directories is enough, see files_most.  *yes: it was,
 * and they are as they were.
 */
static int glance(struct status *s, bool *yes)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	uint64_t most = s->options->files_most;
	int err;

	*yes = false;
	if (!most || s->looked + s->index.rows <= most) {
		s->looked += s->index.rows;
		return 0;
	}
	if (!s->same || s->pointer->kind != DV_KIND_TREE)
		return 0;
	buf_addf(&pointer, "%s%s", s->path, DV_POINTER_SUFFIX);
	err = repo_pointer_was_committed(s->repo, pointer.data, yes);
	*yes = *yes && status_dirs_same(s);
	return err;
}

static int compare_opened(struct status *s, const char *const *parts,
			  size_t count)
{
	int err;

	for (unsigned i = 0; i < s->threads; i++)
		reread_init(&s->finders[i].reread, s->store, reread_done,
			    &s->finders[i]);
	err = compare(s, parts, count);
	for (unsigned i = 0; i < s->threads; i++) {
		reread_release(&s->finders[i].reread);
		arena_release(&s->finders[i].tasks);
	}
	return err;
}

int status_path(struct status *s, const struct dv_tracked *tracked,
		const char *const *parts, size_t count)
{
	bool enough;
	int err = stat_index_open(s->repo, tracked->path, &s->index);

	s->path = tracked->path;
	s->pointer = &tracked->pointer;
	if (err)
		return err;
	s->same = is_same(s);
	err = glance(s, &enough);
	if (!err && !enough)
		err = compare_opened(s, parts, count);
	stat_index_close(&s->index);
	return err;
}
