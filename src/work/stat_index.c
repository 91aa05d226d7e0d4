/*
 * Reading the stat index: everything in it is checked once, when it is
 * opened, so that what follows cannot leave the map.
 */

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/path.h"
#include "chunk/check.h"
#include "chunk/sha256.h"
#include "git/repo.h"
#include "store/tree.h"
#include "work/stat_format.h"
#include "work/stat_index.h"

/* Bytes and rows that are passed over in one go while it is checked. */
#define CHECK_REST_BYTES	((size_t)8 << 20)
#define CHECK_REST_ROWS	((uint32_t)64 << 10)
/* Times that may still be those of a later write. */
#define RACY_NS		INT64_C(20000000)
#define RACY_COARSE_NS	INT64_C(2000000000)	/* times in whole seconds */
#define STAT_NAME_HEX	16	/* digits of the path's hash in a file's name */
#define DAY_NS		(INT64_C(86400) * 1000000000)

/* What the file is called that the index of `path` is kept in. */
static void file_name(const char *path, char hex[DV_ID_HEX + 1])
{
	struct dv_id id;

	sha256(path, strlen(path), &id);
	dv_id_to_hex(&id, hex);
	hex[STAT_NAME_HEX] = '\0';
}

int stat_index_name(struct dv_repo *repo, const char *path, struct buf *out)
{
	char hex[DV_ID_HEX + 1];
	const char *dir;
	int err = repo_state_dir(repo, &dir);

	if (err)
		return err;
	file_name(path, hex);
	buf_addf(out, "%s/stat/%s", dir, hex);
	return 0;
}

static const uint8_t *dir_at(const struct stat_index *x, uint32_t n)
{
	return x->dir_table + (size_t)n * STAT_DIR;
}

static const uint8_t *row_at(const struct stat_index *x, uint32_t n)
{
	return x->row_table + (size_t)n * STAT_ROW;
}

void stat_index_dir(const struct stat_index *x, uint32_t n,
		    struct stat_dir *out)
{
	const uint8_t *p = dir_at(x, n);

	out->mtime_ns = (int64_t)load_u64(p);
	out->ctime_ns = (int64_t)load_u64(p + 8);
	out->inode = load_u64(p + 16);
	out->path = (const char *)x->names + load_u64(p + 24);
	out->parent = load_u32(p + 36);
	out->first = load_u32(p + 40);
	out->count = load_u32(p + 44);
}

void stat_index_row(const struct stat_index *x, uint32_t n,
		    struct stat_row *out)
{
	const uint8_t *p = row_at(x, n);

	memset(out, 0, sizeof(*out));
	out->mtime_ns = (int64_t)load_u64(p);
	out->ctime_ns = (int64_t)load_u64(p + 8);
	out->inode = load_u64(p + 16);
	out->name = (const char *)x->names + load_u32(p + 32);
	out->type = p[38];
	if (out->type == ENTRY_DIR) {
		out->dir = (uint32_t)load_u64(p + 24);
		return;
	}
	out->executable = p[39] & STAT_EXECUTABLE;
	out->racy = p[39] & STAT_RACY;
	out->size = load_u64(p + 24);
	memcpy(out->content.id.bytes, x->id_table + (size_t)n * DV_ID_SIZE,
	       DV_ID_SIZE);
	out->content.size = out->size;
	out->content.list = p[39] & STAT_LIST;
}

int64_t stat_index_find(const struct stat_index *x, uint32_t dir,
			const char *name)
{
	uint32_t low, high;

	if (dir >= x->dirs)
		return -1;
	low = load_u32(dir_at(x, dir) + 40);
	high = low + load_u32(dir_at(x, dir) + 44);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const uint8_t *p = row_at(x, middle);
		int order = strcmp(name, (const char *)x->names +
				   load_u32(p + 32));

		if (!order)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

int64_t stat_index_find_dir(const struct stat_index *x, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int64_t dir = x->dirs ? 0 : -1;

	while (*path && dir >= 0) {
		size_t len = strcspn(path, "/");
		struct stat_row row;
		int64_t n;

		buf_clear(&name);
		buf_add(&name, path, len);
		n = stat_index_find(x, (uint32_t)dir, name.data);
		if (n < 0)
			return -1;
		stat_index_row(x, (uint32_t)n, &row);
		dir = row.type == ENTRY_DIR ? (int64_t)row.dir : -1;
		path += len + (path[len] == '/');
	}
	return dir;
}

int64_t stat_index_find_path(const struct stat_index *x, const char *path)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	int64_t dir;

	buf_add(&parent, path, path_parent_len(path));
	dir = stat_index_find_dir(x, parent.data);
	return dir < 0 ? -1 :
		stat_index_find(x, (uint32_t)dir, path_name(path));
}

bool stat_row_matches(const struct stat_row *row, const struct stat *st)
{
	bool type;

	if (row->type == ENTRY_FILE)
		type = S_ISREG(st->st_mode) &&
			!(st->st_mode & S_IXUSR) == !row->executable;
	else
		type = row->type == ENTRY_SYMLINK && S_ISLNK(st->st_mode);
	return type && !row->racy && row->size == (uint64_t)st->st_size &&
		row->mtime_ns == timespec_ns(&st->st_mtim) &&
		row->ctime_ns == timespec_ns(&st->st_ctim) &&
		row->inode == (uint64_t)st->st_ino;
}

bool stat_dir_matches(const struct stat_dir *dir, const struct stat *st)
{
	return dir->mtime_ns && dir->ctime_ns && S_ISDIR(st->st_mode) &&
		dir->mtime_ns == timespec_ns(&st->st_mtim) &&
		dir->ctime_ns == timespec_ns(&st->st_ctim) &&
		dir->inode == (uint64_t)st->st_ino;
}

bool stat_is_racy(const struct stat *st, int64_t read_ns)
{
	int64_t mtime = timespec_ns(&st->st_mtim);
	int64_t ctime = timespec_ns(&st->st_ctim);
	int64_t window = st->st_mtim.tv_nsec || st->st_ctim.tv_nsec ?
		RACY_NS : RACY_COARSE_NS;
	int64_t limit = read_ns - window;

	if (ctime >= limit)
		return true;
	return mtime >= limit && mtime < read_ns + DAY_NS;
}

/* --- checking ----------------------------------------------------------- */

/* True when names[at .. at+len] is text of that length and its 0. */
static bool text_ok(const struct stat_index *x, uint64_t names_len,
		    uint64_t at, uint64_t len)
{
	const char *text;

	if (at >= names_len || len >= names_len - at)
		return false;
	text = (const char *)x->names + at;
	return !text[len] && !memchr(text, 0, len);
}

static bool name_ok(const char *name, size_t len)
{
	if (!len || memchr(name, '/', len))
		return false;
	return strcmp(name, ".") && strcmp(name, "..");
}

/* A row of type dir and the directory it names agree. */
static bool link_ok(const struct stat_index *x, uint32_t dir, const uint8_t *p)
{
	const char *name = (const char *)x->names + load_u32(p + 32);
	struct stat_dir parent, child;
	uint64_t n = load_u64(p + 24);
	size_t len;

	if (n <= dir || n >= x->dirs)
		return false;
	stat_index_dir(x, dir, &parent);
	stat_index_dir(x, (uint32_t)n, &child);
	if (child.parent != dir)
		return false;
	len = strlen(parent.path);
	if (!len)
		return !strcmp(child.path, name);
	return !strncmp(child.path, parent.path, len) &&
		child.path[len] == '/' && !strcmp(child.path + len + 1, name);
}

static bool rows_ok(const struct stat_index *x, uint32_t dir,
		    uint64_t names_len, uint32_t *links, uint64_t *files,
		    uint64_t *size)
{
	struct stat_dir d;
	const char *before = NULL;

	stat_index_dir(x, dir, &d);
	for (uint32_t i = 0; i < d.count; i++) {
		const uint8_t *p = row_at(x, d.first + i);
		uint32_t at = load_u32(p + 32), len = p[36] | p[37] << 8;
		const char *name = (const char *)x->names + at;
		uint8_t type = p[38];

		if (i % CHECK_REST_ROWS == CHECK_REST_ROWS - 1)
			stat_index_rest(x);
		if (!text_ok(x, names_len, at, len) || !name_ok(name, len) ||
		    (before && strcmp(before, name) >= 0))
			return false;
		before = name;
		if (type == ENTRY_DIR) {
			if (!link_ok(x, dir, p))
				return false;
			(*links)++;
			continue;
		}
		if (type != ENTRY_FILE && type != ENTRY_SYMLINK)
			return false;
		(*files)++;
		if (type == ENTRY_FILE)
			*size += load_u64(p + 24);
	}
	return true;
}

/*
 * Runs of rows lie in the order of their directories, every directory but
 * the first has its row, and the sums are right.
 */
static bool tables_ok(const struct stat_index *x, uint64_t names_len)
{
	uint64_t next = 0, files = 0, size = 0;
	uint32_t links = 0;

	for (uint32_t i = 0; i < x->dirs; i++) {
		const uint8_t *p = dir_at(x, i);

		if (!text_ok(x, names_len, load_u64(p + 24),
			     load_u32(p + 32)) ||
		    load_u32(p + 40) != next)
			return false;
		next += load_u32(p + 44);
		if (next > x->rows || (i ? load_u32(p + 36) >= i :
				       load_u32(p + 36) || load_u32(p + 32)))
			return false;
	}
	if (next != x->rows)
		return false;
	next = 0;
	for (uint32_t i = 0; i < x->dirs; i++) {
		if (!rows_ok(x, i, names_len, &links, &files, &size))
			return false;
		next += load_u32(dir_at(x, i) + 44);
		if (next >= CHECK_REST_ROWS) {
			stat_index_rest(x);
			next = 0;
		}
	}
	return links == x->dirs - 1 && files == x->files && size == x->size;
}

/* Of all between the header and the check itself. */
static uint64_t check_blocks(const struct stat_index *x)
{
	DV_AUTO_BUF struct buf sums = BUF_INIT;
	const uint8_t *data = x->map.data + STAT_HEADER;
	size_t len = x->map.len - STAT_HEADER - 8;

	for (size_t at = 0; at < len; at += STAT_BLOCK) {
		buf_add_u64(&sums, check64(data + at, len - at < STAT_BLOCK ?
					   len - at : STAT_BLOCK));
		if (at % CHECK_REST_BYTES == CHECK_REST_BYTES - STAT_BLOCK)
			stat_index_rest(x);
	}
	return check64(sums.data, sums.len);
}

/* Places the tables; false when they do not fill the file exactly. */
static bool layout(struct stat_index *x, uint64_t names_len)
{
	uint64_t fixed = STAT_HEADER + 8 + (uint64_t)x->dirs * STAT_DIR +
		(uint64_t)x->rows * (STAT_ROW + DV_ID_SIZE);

	if (fixed > x->map.len || names_len != x->map.len - fixed || !x->dirs)
		return false;
	x->dir_table = x->map.data + STAT_HEADER;
	x->row_table = x->dir_table + (size_t)x->dirs * STAT_DIR;
	x->id_table = x->row_table + (size_t)x->rows * STAT_ROW;
	x->names = x->id_table + (size_t)x->rows * DV_ID_SIZE;
	return true;
}

/* Sound, whatever path it is of: that is the first of the names. */
static bool check(struct stat_index *x)
{
	const uint8_t *h = x->map.data;
	uint64_t names_len;
	uint32_t path_len;

	if (x->map.len < STAT_HEADER + 8 || memcmp(h, STAT_MAGIC, 8) ||
	    check64(h, STAT_HEADER - 8) != load_u64(h + STAT_HEADER - 8) ||
	    check_blocks(x) != load_u64(h + x->map.len - 8))
		return false;
	memcpy(x->pointer.bytes, h + 8, DV_ID_SIZE);
	memcpy(x->stored.bytes, h + 40, DV_ID_SIZE);
	x->complete = load_u32(h + 72) & STAT_COMPLETE;
	x->dirs = load_u32(h + 76);
	x->rows = load_u32(h + 80);
	path_len = load_u32(h + 84);
	x->files = load_u64(h + 88);
	x->size = load_u64(h + 96);
	names_len = load_u64(h + 104);
	return layout(x, names_len) && text_ok(x, names_len, 0, path_len) &&
		tables_ok(x, names_len);
}

const char *stat_index_path(const struct stat_index *x)
{
	return (const char *)x->names;
}

bool stat_index_check(struct stat_index *x, const char *path)
{
	return check(x) && !strcmp(stat_index_path(x), path);
}

int stat_index_open(struct dv_repo *repo, const char *path,
		    struct stat_index *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err;

	*out = (struct stat_index)STAT_INDEX_INIT;
	err = stat_index_name(repo, path, &name);
	if (err)
		return err;
	if (filemap_load(&out->map, name.data, &out->file)) {
		*out = (struct stat_index)STAT_INDEX_INIT;
		return 0;
	}
	if (!stat_index_check(out, path))
		stat_index_close(out);
	return 0;
}

bool stat_index_is_there(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;

	return !stat_index_name(repo, path, &name) && !access(name.data, F_OK);
}

int stat_index_each(const char *git_dir,
		    int (*fn)(void *data, const struct stat_index *x),
		    void *data)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	size_t len;
	int err = 0;

	buf_addf(&file, "%s/dv/stat", git_dir);
	len = file.len;
	dir = opendir(file.data);
	while (!err && dir && (entry = readdir(dir))) {
		DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;

		if (entry->d_name[0] == '.')
			continue;
		buf_setlen(&file, len);
		path_append(&file, entry->d_name);
		if (!filemap_load(&x.map, file.data, &x.file) && check(&x))
			err = fn(data, &x);
	}
	return err;
}

static void name_all(const struct path_list *paths, struct path_list *out)
{
	char hex[DV_ID_HEX + 1];

	for (size_t i = 0; i < paths->count; i++) {
		file_name(paths->items[i], hex);
		path_list_add(out, hex, STAT_NAME_HEX);
	}
	path_list_sort(out);
}

static bool is_name_of(const char *name, const char *path)
{
	char hex[DV_ID_HEX + 1];

	file_name(path, hex);
	return !strcmp(hex, name);
}

int stat_index_others(struct dv_repo *repo, const struct path_list *paths,
		      struct path_list *out)
{
	DV_AUTO_BUF struct buf file = BUF_INIT;
	DV_AUTO_PATH_LIST struct path_list names = PATH_LIST_INIT;
	DV_AUTO_DIR DIR *dir = NULL;
	const struct dirent *entry;
	const char *state;
	size_t len;
	int err = repo_state_dir(repo, &state);

	if (err)
		return err;
	name_all(paths, &names);
	buf_addf(&file, "%s/stat", state);
	len = file.len;
	dir = opendir(file.data);
	while (dir && (entry = readdir(dir))) {
		DV_AUTO_STAT_INDEX struct stat_index x = STAT_INDEX_INIT;
		const char *path;

		if (entry->d_name[0] == '.' ||
		    path_list_has(&names, entry->d_name))
			continue;
		buf_setlen(&file, len);
		path_append(&file, entry->d_name);
		if (filemap_load(&x.map, file.data, &x.file) || !check(&x))
			continue;
		path = stat_index_path(&x);
		if (*path && path_relative_ok(path) &&
		    is_name_of(entry->d_name, path))
			path_list_add(out, path, strlen(path));
	}
	path_list_sort(out);
	return 0;
}

void stat_index_close(struct stat_index *x)
{
	filemap_release(&x->map);
	*x = (struct stat_index)STAT_INDEX_INIT;
}

void stat_index_rest(const struct stat_index *x)
{
	filemap_rest(&x->map);
}
