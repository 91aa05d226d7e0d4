/* The pointers in the trees of commits, each tree looked at once. */

#include <string.h>

#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "git/revision_inside.h"

#define DEPTH_MOST	512
#define FOUND_MOST	(4u << 20)	/* pointers: no honest history */

/* What is known of a tree by its id alone. */
enum tree_state {
	TREE_BARREN = 1,	/* no pointer in it or below */
	TREE_FERTILE = 2,
};

struct dv_id revision_key(const git_oid *id, uint32_t number)
{
	struct dv_id key = { { 0 } };

	memcpy(key.bytes, id->id, sizeof(id->id));
	memcpy(key.bytes + sizeof(id->id), &number, sizeof(number));
	return key;
}

static int walk(struct revision *r, const git_oid *id, int depth,
		bool *fertile);

int revision_report(struct revision *r, const git_oid *blob)
{
	struct revision_pointer p;
	struct dv_id key;
	uint32_t number;
	bool added;

	number = names_add(&r->paths, r->path.data,
			   r->path.len - (sizeof(DV_POINTER_SUFFIX) - 1));
	key = revision_key(blob, number);
	id_map_put(&r->found, &key, 0, &added);
	if (!added)
		return 0;
	if (++r->count > FOUND_MOST)
		return dv_fail(DV_E_INVALID, "too many pointers in %s",
			       r->commit);
	p.path = r->paths.items[number].text;
	p.commit = r->commit;
	p.blob = arena_copy(&r->arena, blob, sizeof(*blob));
	return r->fn(&p, r->data);
}

static int walk_entry(struct revision *r, const git_tree_entry *entry,
		      int depth, bool *fertile)
{
	const char *name = lib.tree_entry_name(entry);
	git_filemode_t mode = lib.tree_entry_filemode(entry);
	size_t before = r->path.len, len = strlen(name);
	int err = 0;

	if (mode != GIT_FILEMODE_TREE &&
	    (!pointer_name(name, len) || (mode & 0170000) != 0100000))
		return 0;
	/* a tree can hold any name; those that lead astray are not ours */
	if (!path_name_ok(name, len) || before + len + 1 > PATH_MOST)
		return 0;
	path_append(&r->path, name);
	if (mode == GIT_FILEMODE_TREE) {
		err = walk(r, lib.tree_entry_id(entry), depth + 1, fertile);
	} else {
		*fertile = true;
		err = revision_report(r, lib.tree_entry_id(entry));
	}
	buf_setlen(&r->path, before);
	return err;
}

static int walk_entries(struct revision *r, const git_oid *id, int depth,
			bool *fertile)
{
	git_tree *tree;
	int err = repo_git_tree(r->repo, id, &tree);

	if (err)
		return err;
	for (size_t i = 0; i < lib.tree_entrycount(tree) && !err; i++)
		err = walk_entry(r, lib.tree_entry_byindex(tree, i), depth,
				 fertile);
	lib.tree_free(tree);
	return err;
}

/*
 * A tree without pointers is looked at once, wherever it is; one with them
 * once for each folder it is found as.
 */
static int walk(struct revision *r, const git_oid *id, int depth,
		bool *fertile)
{
	struct dv_id key = revision_key(id, 0);
	uint64_t *known = id_map_get(&r->trees, &key);
	struct dv_id place;
	bool any = false, added;
	int err;

	if (depth > DEPTH_MOST)
		return dv_fail(DV_E_INVALID, "%s has more than %d levels of "
			       "folders", r->commit, DEPTH_MOST);
	if (known && *known == TREE_BARREN)
		return 0;
	place = revision_key(id, names_add(&r->folders, r->path.data,
					   r->path.len));
	id_map_put(&r->places, &place, 0, &added);
	if (!added) {
		*fertile = true;
		return 0;
	}
	err = cancel_check();
	if (!err)
		err = walk_entries(r, id, depth, &any);
	if (err)
		return err;
	*id_map_put(&r->trees, &key, 0, NULL) = any ? TREE_FERTILE :
		TREE_BARREN;
	*fertile |= any;
	return 0;
}

int revision_walk(struct revision *r, const git_oid *tree,
		  const git_oid *commit)
{
	char hex[GIT_OID_HEXSZ + 1];
	bool fertile = false;

	lib.oid_tostr(hex, sizeof(hex), commit);
	r->commit = arena_copy(&r->arena, hex, GIT_OID_HEXSZ);
	buf_clear(&r->path);
	return walk(r, tree, 0, &fertile);
}
