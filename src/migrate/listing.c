#include "base/path_order.h"
#include "migrate/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/json.h"
#include "base/path.h"

void listing_release(struct listing *l)
{
	arena_release(&l->arena);
	free(l->items);
	*l = (struct listing)LISTING_INIT;
}

static const char *keep(struct listing *l, const char *text)
{
	return text ? arena_copy(&l->arena, text, strlen(text)) : NULL;
}

void listing_add(struct listing *l, const struct listing_entry *entry)
{
	struct listing_entry *e;

	ARRAY_GROW(l->items, l->count + 1, l->room);
	e = &l->items[l->count++];
	*e = *entry;
	e->path = keep(l, entry->path);
	e->version = keep(l, entry->version);
	e->remote = keep(l, entry->remote);
}

/* --- the object -------------------------------------------------------- */

struct reading {
	struct listing *listing;
	const char *name;
	bool old;
};

static int read_entry(const struct json_reader *object, void *data)
{
	struct reading *r = data;
	const char *path = json_get_string(object, "relpath");
	const char *md5 = json_get_string(object, "md5");
	struct listing_entry e = { .path = path };

	if (!path || !md5 || !object_name_md5(md5, r->old, &e.name) ||
	    e.name.directory)
		return dv_fail(DV_E_INVALID, "%s: entry %zu is not one of a "
			       "DVC listing", r->name, r->listing->count);
	listing_add(r->listing, &e);
	return 0;
}

int listing_read(const char *json, size_t len, const char *name, bool old,
		 struct listing *out)
{
	struct reading r = { out, name, old };

	return json_each(json, len, name, read_entry, &r);
}

/* --- what it may hold -------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	const struct listing_entry *x = a, *y = b;

	return path_order(x->path, y->path);
}

static int refuse(const char *name, const char *path, const char *why)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;

	path_quote(path, &shown);
	return dv_fail(DV_E_INVALID, "%s: %s: %s", name, shown.data, why);
}

static bool names_fit(const char *path)
{
	for (const char *at = path; *at; at += *at == '/') {
		size_t len = strcspn(at, "/");

		if (len > ENTRY_NAME_MAX)
			return false;
		at += len;
	}
	return true;
}

int listing_check(struct listing *l, const char *name)
{
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_path);
	for (size_t i = 0; i < l->count; i++) {
		const char *path = l->items[i].path;
		const char *before = i ? l->items[i - 1].path : NULL;
		const char *below = before ? path_below(path, before) : NULL;

		if (!*path || !path_relative_ok(path) || !names_fit(path))
			return refuse(name, path, "not a path inside the "
				      "directory");
		if (below)
			return refuse(name, path, *below ? "it is inside of "
				      "what is a file" : "it is there twice");
	}
	return 0;
}

/* --- trees ------------------------------------------------------------- */

struct building {
	node_put_fn *put;
	void *data;
};

/* How many items lie in the same folder as the first: dir[0..len). */
static size_t same_folder(const struct listing_entry *items, size_t count,
			  size_t skip, size_t len)
{
	size_t n = 1;

	while (n < count &&
	       !strncmp(items[n].path + skip, items[0].path + skip, len + 1))
		n++;
	return n;
}

/* The folder that is items[..].path[0..skip) from its sorted items. */
static int build(const struct building *b, const struct listing_entry *items,
		 size_t count, size_t skip, unsigned depth,
		 struct tree_entry *out)
{
	struct tree_entry *entries = NULL;
	size_t made = 0, room = 0;
	int err = 0;

	if (depth > TREE_DEPTH_MAX)
		return dv_fail(DV_E_INVALID, "%s: more than %d folders deep",
			       items[0].path, TREE_DEPTH_MAX);
	for (size_t i = 0; i < count && !err;) {
		const char *name = items[i].path + skip;
		size_t len = strcspn(name, "/"), n = 1;
		struct tree_entry e = {
			.type = ENTRY_FILE,
			.executable = items[i].executable,
			.content = items[i].content,
		};

		if (name[len]) {
			n = same_folder(items + i, count - i, skip, len);
			err = build(b, items + i, n, skip + len + 1,
				    depth + 1, &e);
		}
		e.name = strndup(name, len);
		e.name_len = len;
		ARRAY_GROW(entries, made + 1, room);
		entries[made++] = e;
		i += n;
	}
	memset(out, 0, sizeof(*out));
	if (!err)
		err = tree_build(entries, made, b->put, b->data, out);
	while (made)
		free((char *)entries[--made].name);
	free(entries);
	return err;
}

int listing_build(const struct listing *l, node_put_fn *put, void *data,
		  struct tree_entry *out)
{
	const struct building b = { put, data };

	return build(&b, l->items, l->count, 0, 0, out);
}
