/* From a tracked path and what is inside it to the entry that is recorded. */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "work/resolve.h"

void resolve_root(const struct dv_pointer *p, struct tree_entry *out)
{
	memset(out, 0, sizeof(*out));
	out->name = "";
	out->type = ENTRY_DIR;
	out->content.id = p->id;
	out->content.size = p->size;
	out->files = p->files;
}

int resolve_lacks(const char *name)
{
	return dv_fail(DV_E_INCOMPLETE, "%s: the store lacks what is recorded "
		       "there", name);
}

static int step(struct store_reader *r, const char *path,
		const struct dv_id *id, const char *name,
		struct arena *arena, struct tree_entry *out)
{
	int found = tree_find(r, id, name, arena, out);

	if (found == DV_E_NOTFOUND)
		return resolve_lacks(path);
	if (!found)
		return dv_fail(DV_E_NOTFOUND, "%s is not recorded", path);
	return found < 0 ? found : 0;
}

int resolve_inside(struct store_reader *r, const char *name,
		   const struct tree_entry *root, const char *inside,
		   struct arena *arena, struct tree_entry *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf part = BUF_INIT;
	int err = 0;

	*out = *root;
	buf_addf(&path, "%s%s%s", name, *inside ? "/" : "", inside);
	while (*inside && !err) {
		size_t len = strcspn(inside, "/");
		struct dv_id id = out->content.id;

		if (out->type != ENTRY_DIR)
			return dv_fail(DV_E_NOTFOUND, "%s is not recorded",
				       path.data);
		buf_clear(&part);
		buf_add(&part, inside, len);
		err = step(r, path.data, &id, part.data, arena, out);
		inside += len + (inside[len] == '/');
	}
	return err;
}

int resolve_file(struct store_reader *r, const char *name,
		 const struct dv_pointer *p, struct tree_entry *out)
{
	const uint8_t *data;
	uint32_t len;
	int err = store_read(r, OBJECT_META, &p->id, &data, &len);

	memset(out, 0, sizeof(*out));
	out->name = "";
	out->type = ENTRY_FILE;
	out->files = 1;
	if (err == DV_E_NOTFOUND)
		return resolve_lacks(name);
	if (err)
		return err;
	/* the bytes are those of the id: it is the pointer that is wrong */
	if (file_node_decode(data, len, &out->content, &out->executable))
		return dv_fail(DV_E_INVALID, "%s%s: its id is not that of a "
			       "file", name, DV_POINTER_SUFFIX);
	return resolve_check_file(name, p, &out->content);
}

static int check_sums(const char *name, const struct dv_pointer *p,
		      uint64_t size, uint64_t files)
{
	if (size != p->size)
		return dv_fail(DV_E_INVALID, "%s%s: its size is not that of "
			       "its id", name, DV_POINTER_SUFFIX);
	if (files != p->files)
		return dv_fail(DV_E_INVALID, "%s%s: its number of files is "
			       "not that of its id", name, DV_POINTER_SUFFIX);
	return 0;
}

void resolve_add(struct resolve_sums *s, const struct tree_entry *entries,
		 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct tree_entry *e = &entries[i];

		s->size += e->type == ENTRY_SYMLINK ? 0 : e->content.size;
		s->files += e->type == ENTRY_DIR ? e->files : 1;
	}
}

int resolve_check_root(const char *name, const struct dv_pointer *p,
		       const struct resolve_sums *sums)
{
	return check_sums(name, p, sums->size, sums->files);
}

int resolve_check_file(const char *name, const struct dv_pointer *p,
		       const struct content *content)
{
	return check_sums(name, p, content->size, 1);
}
