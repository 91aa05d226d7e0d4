#include "git/index_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/trace.h"
#include "git/private.h"

#define HEADER_SIZE	12
#define ENTRY_FIXED	62	/* up to and with the flags */
#define ENTRY_MODE	24
#define ENTRY_ID	40
#define ENTRY_FLAGS	60
#define FLAG_EXTENDED	0x4000
#define FLAG_SKIPPED	0x4000	/* extended flags: not in the work tree */
#define ASK_GIT		1	/* not an error: git can read it, we cannot */

struct reader {
	const uint8_t *at, *end;	/* end: of what the checksum covers */
	unsigned version;
	struct buf name;		/* version 4: of the last entry */
	struct index_names *out;
};

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint16_t u16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* --- entries ----------------------------------------------------------- */

static int damaged(void)
{
	return dv_hint(dv_fail(DV_E_CORRUPT, "git's index is damaged"),
		       "rm .git/index, then git reset makes it again");
}

/*
 * `path` stays where it is for as long as n does.  Entries have to come in
 * order: they are looked for by halves.
 */
static int keep_entry(struct index_names *n, const char *path, size_t len,
		      uint32_t mode, unsigned stage, const uint8_t *id)
{
	if (n->all) {
		if (n->path_count &&
		    strcmp(n->paths[n->path_count - 1], path) > 0)
			return damaged();
		ARRAY_GROW(n->paths, n->path_count + 1, n->path_room);
		n->paths[n->path_count++] = path;
	}
	if (!pointer_name(path, len) || (mode & 0170000) != 0100000)
		return 0;
	if (n->count && strcmp(n->pointers[n->count - 1].path, path) > 0)
		return damaged();
	ARRAY_GROW(n->pointers, n->count + 1, n->room);
	n->pointers[n->count] = (struct index_pointer){
		.path = path, .mode = mode, .stage = stage,
	};
	memcpy(n->pointers[n->count++].id, id, SHA1_SIZE);
	return 0;
}

/* Versions 2 and 3: the name is there whole, padded to 8 bytes. */
static const char *plain_name(struct reader *r, const uint8_t *entry,
			      const uint8_t *name, size_t *len)
{
	const uint8_t *zero = memchr(name, 0, r->end - name);
	size_t size;

	if (!zero || zero == name)
		return NULL;
	*len = zero - name;
	size = (zero - entry + 8) & ~(size_t)7;
	if (size > (size_t)(r->end - entry))
		return NULL;
	r->at = entry + size;
	return (const char *)name;
}

/* Version 4: so many bytes less of the last name, and these more. */
static const char *packed_name(struct reader *r, const uint8_t *name,
			       size_t *len)
{
	const uint8_t *zero;
	size_t drop = 0;
	bool wanted;

	for (;;) {
		if (name == r->end || drop > UINT32_MAX)
			return NULL;
		drop = drop << 7 | (*name & 127);
		if (!(*name++ & 128))
			break;
		drop++;
	}
	zero = memchr(name, 0, r->end - name);
	if (!zero || drop > r->name.len)
		return NULL;
	buf_setlen(&r->name, r->name.len - drop);
	buf_add(&r->name, name, zero - name);
	if (!r->name.len)
		return NULL;
	r->at = zero + 1;
	*len = r->name.len;
	wanted = r->out->all || pointer_name(r->name.data, *len);
	return wanted ? arena_copy(&r->out->arena, r->name.data, *len) :
		r->name.data;
}

static int read_entry(struct reader *r)
{
	const uint8_t *entry = r->at, *name = entry + ENTRY_FIXED;
	size_t had = r->out->count;
	bool skipped = false;
	const char *path;
	int err;
	uint16_t flags;
	uint32_t mode;
	size_t len;

	if ((size_t)(r->end - entry) < ENTRY_FIXED + 2)
		return ASK_GIT;
	flags = u16(entry + ENTRY_FLAGS);
	mode = u32(entry + ENTRY_MODE);
	if (flags & FLAG_EXTENDED) {
		if (r->version < 3)
			return ASK_GIT;
		skipped = u16(name) & FLAG_SKIPPED;
		name += 2;
	}
	path = r->version == 4 ? packed_name(r, name, &len) :
		plain_name(r, entry, name, &len);
	/* a folder stands for all below it in a sparse index */
	if (!path || (mode & 0170000) == 0040000)
		return ASK_GIT;
	err = keep_entry(r->out, path, len, mode, flags >> 12 & 3,
			 entry + ENTRY_ID);
	if (r->out->count > had)
		r->out->pointers[had].here = !skipped;
	return err;
}

/* One that must be understood begins with a small letter. */
static int check_extensions(const struct reader *r)
{
	const uint8_t *at = r->at;

	while (r->end - at >= 8) {
		uint32_t size = u32(at + 4);

		if (size > (size_t)(r->end - at - 8))
			return ASK_GIT;
		if (!isupper(at[0]))
			return ASK_GIT;
		at += 8 + size;
	}
	return at == r->end ? 0 : ASK_GIT;
}

static int read_map(struct index_names *n)
{
	struct reader r = { .at = n->map.data, .name = BUF_INIT, .out = n };
	uint32_t count;
	int err = 0;

	if (!n->map.len)
		return 0;
	if (n->map.len < HEADER_SIZE + SHA1_SIZE ||
	    memcmp(r.at, "DIRC", 4))
		return ASK_GIT;
	r.end = r.at + n->map.len - SHA1_SIZE;
	r.version = u32(r.at + 4);
	count = u32(r.at + 8);
	if (r.version < 2 || r.version > 4)
		return ASK_GIT;
	r.at += HEADER_SIZE;
	for (uint32_t i = 0; i < count && !err; i++)
		err = read_entry(&r);
	if (!err)
		err = check_extensions(&r);
	buf_release(&r.name);
	return err;
}

/* --- asking git -------------------------------------------------------- */

/* "<tag> <mode> <id> <stage>\t<path>"; tag S: not in the work tree. */
static int read_line(struct index_names *n, const char *line, size_t len)
{
	size_t had = n->count;
	uint8_t id[SHA1_SIZE];
	const char *path;
	unsigned long mode, stage;
	int err;

	if (len < 53 || line[1] != ' ' || line[8] != ' ' ||
	    !sha1_from_hex(line + 9, id) || line[49] != ' ' ||
	    line[51] != '\t')
		return dv_fail(DV_E_IO, "git ls-files: cannot read '%s'",
			       line);
	mode = strtoul(line + 2, NULL, 8);
	stage = strtoul(line + 50, NULL, 10);
	len -= 52;
	path = arena_copy(&n->arena, line + 52, len);
	/* git passes on what it finds in an index that was cut off */
	if (!mode || !*path || path[len - 1] == '/')
		return damaged();
	err = keep_entry(n, path, len, mode, stage & 3, id);
	if (n->count > had)
		n->pointers[had].here = *line != 'S';
	return err;
}

static int ask_git(struct dv_repo *repo, struct index_names *n)
{
	const char *some[] = { "ls-files", "-z", "-t", "-s", "--", "*.dv",
			       NULL };
	const char *all[] = { "ls-files", "-z", "-t", "-s", NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = run_git(repo, n->all ? all : some, NULL, 0, &out);

	for (size_t at = 0; at < out.len && !err; ) {
		size_t len = strlen(out.data + at);

		err = read_line(n, out.data + at, len);
		at += len + 1;
	}
	return err;
}

/* --- the whole --------------------------------------------------------- */

static void empty(struct index_names *n)
{
	arena_release(&n->arena);
	filemap_release(&n->map);
	n->count = 0;
	n->path_count = 0;
}

void index_names_free(struct index_names *n)
{
	if (!n)
		return;
	empty(n);
	free(n->pointers);
	free(n->paths);
	free(n);
}

void index_names_forget(struct dv_repo *repo)
{
	index_names_free(repo->index);
	repo->index = NULL;
}

/* As git takes it: relative to the top of the work tree. */
static void index_path(const struct dv_repo *repo, struct buf *out)
{
	const char *set = repo->foreign ? NULL : getenv("GIT_INDEX_FILE");

	if (!set || !*set)
		buf_addf(out, "%s/index", repo->place.git_dir);
	else if (*set == '/')
		buf_addstr(out, set);
	else
		repo_path(repo, set, out);
}

static int load(struct dv_repo *repo, struct index_names *n)
{
	TRACE_REGION("git: read index");
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	index_path(repo, &path);
	err = filemap_open(&n->map, path.data);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	err = read_map(n);
	if (err == ASK_GIT) {
		empty(n);
		err = ask_git(repo, n);
	}
	return err;
}

int index_names_get(struct dv_repo *repo, bool all,
		    const struct index_names **out)
{
	struct index_names *n;
	int err;

	if (repo->index && all && !repo->index->all)
		index_names_forget(repo);
	if (!repo->index) {
		n = xcalloc(1, sizeof(*n));
		n->map = (struct filemap)FILEMAP_INIT;
		n->all = all;
		err = load(repo, n);
		if (err) {
			index_names_free(n);
			return err;
		}
		repo->index = n;
	}
	*out = repo->index;
	return 0;
}

size_t index_names_lower(const struct index_names *n, const char *name)
{
	return array_lower(name, n->paths, n->path_count, sizeof(*n->paths),
			   array_order_text);
}

static int order_pointer(const void *path, const void *item)
{
	return strcmp(path, ((const struct index_pointer *)item)->path);
}

size_t index_pointers_of(const struct index_names *n, const char *path,
			 const struct index_pointer **out)
{
	size_t low = array_lower(path, n->pointers, n->count,
				 sizeof(*n->pointers), order_pointer), end;

	*out = n->pointers + low;
	for (end = low; end < n->count; end++)
		if (strcmp(n->pointers[end].path, path))
			break;
	return end - low;
}
