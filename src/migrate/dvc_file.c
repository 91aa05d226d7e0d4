#include "migrate/dvc_file.h"

#include <stdlib.h>
#include <string.h>

#include "dv/pointer.h"

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "migrate/yaml_file.h"
#include "store/pointer_line.h"

#define VALUE_MOST	((size_t)8 << 10)	/* bytes of one pointer line */
#define STAGE_MOST	256

/* One file while it is read. */
struct reading {
	struct dvc_file *file;
	struct yaml_file *yaml;
	const char *path;
	const char *top;
};

void dvc_file_release(struct dvc_file *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->outs[i].files)
			listing_release(f->outs[i].files);
		free(f->outs[i].files);
	}
	free(f->outs);
	arena_release(&f->arena);
	*f = (struct dvc_file)DVC_FILE_INIT;
}

static const char *keep(struct reading *r, const char *text)
{
	return text ? arena_copy(&r->file->arena, text, strlen(text)) : NULL;
}

static bool number_of(const yaml_node_t *node, uint64_t *out)
{
	const char *text = yaml_text(node);

	if (!text || !*text || strlen(text) > 18 ||
	    strspn(text, "0123456789") != strlen(text))
		return false;
	*out = strtoull(text, NULL, 10);
	return true;
}

/* --- lines for the pointer --------------------------------------------- */

static void add_line(struct reading *r, const char *key, const char *value,
		     struct buf *out)
{
	if (!value)
		return;
	if (pointer_value_ok(value) && strlen(value) <= VALUE_MOST)
		buf_addf(out, "%s: %s\n", key, value);
	else
		r->file->lossy = true;
}

static void add_node(struct reading *r, const char *key,
		     const yaml_node_t *node, struct buf *out)
{
	DV_AUTO_BUF struct buf json = BUF_INIT;

	if (!node)
		return;
	if (node->type == YAML_SCALAR_NODE)
		add_line(r, key, yaml_text(node), out);
	else if (yaml_to_json(r->yaml, node, VALUE_MOST, &json))
		add_line(r, key, json.data, out);
	else
		r->file->lossy = true;
}

/*
 * A path is seen from the folder that the file is about; in a pointer, which
 * may be moved, from the top.
 */
static void add_place(struct reading *r, const yaml_node_t *top,
		      const char *path, struct buf *out)
{
	const char *wdir = yaml_member_text(r->yaml, top, "wdir");
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	DV_AUTO_BUF struct buf place = BUF_INIT;

	if (!path || !*path || *path == '/' || strstr(path, "://")) {
		add_line(r, POINTER_URL, path, out);
		return;
	}
	buf_add(&typed, r->path, path_parent_len(r->path));
	if (wdir)
		path_append(&typed, wdir);
	path_append(&typed, path);
	path_plain(typed.data, &place);
	add_line(r, POINTER_URL, place.len ? place.data : ".", out);
}

/*
 * Where it came from.  An import from a repository of DVC is not one from a
 * repository of dv: its lines have names of their own, so that nothing is
 * taken from there and all of it is pushed.
 */
static void add_source(struct reading *r, const yaml_node_t *top,
		       const yaml_node_t *dep, struct buf *out)
{
	const yaml_node_t *repo = yaml_member(r->yaml, dep, "repo");
	const char *path = yaml_member_text(r->yaml, dep, "path");

	if (repo) {
		add_line(r, "dvc.url",
			 yaml_member_text(r->yaml, repo, "url"), out);
		add_line(r, "dvc.path", path, out);
		add_line(r, "dvc.rev",
			 yaml_member_text(r->yaml, repo, "rev_lock"), out);
		add_line(r, "dvc.ref",
			 yaml_member_text(r->yaml, repo, "rev"), out);
		return;
	}
	add_place(r, top, path, out);
	add_line(r, POINTER_ETAG, yaml_member_text(r->yaml, dep, "etag"),
		 out);
}

static const char *rest_of(struct reading *r, const yaml_node_t *top,
			   const yaml_node_t *node)
{
	static const char *const keys[] = { "desc", "type", "labels", "meta" };
	const yaml_node_t *deps = yaml_member(r->yaml, top, "deps");
	DV_AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const yaml_node_t *of_out = yaml_member(r->yaml, node, keys[i]);

		add_node(r, keys[i], of_out ? of_out :
			 yaml_member(r->yaml, top, keys[i]), &out);
	}
	if (yaml_count(deps) == 1)
		add_source(r, top, yaml_item(r->yaml, deps, 0, NULL), &out);
	return keep(r, out.data);
}

/* --- where the data is ------------------------------------------------- */

static void place(struct reading *r, struct dvc_out *o, const char *wdir)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_add(&from, r->path, path_parent_len(r->path));
	o->path = o->as_written;
	if (strstr(o->as_written, "://")) {
		o->refused = "it lies outside of the repository";
		return;
	}
	if (path_inside(r->top, from.data, wdir ? wdir : ".", &folder) ||
	    path_inside(r->top, folder.data, o->as_written, &path)) {
		o->refused = "it lies outside of the repository";
		return;
	}
	o->path = keep(r, path.data);
	if (!path.len || !path_relative_ok(path.data))
		o->refused = "this cannot be a tracked path";
}

/* cloud: {<remote>: {version_id: ...}}, or version_id beside it. */
static void read_cloud(struct reading *r, const yaml_node_t *node,
		       bool *in_bucket, const char **remote,
		       const char **version)
{
	const yaml_node_t *cloud = yaml_member(r->yaml, node, "cloud");
	const yaml_node_t *name = NULL;

	*version = keep(r, yaml_member_text(r->yaml, node, "version_id"));
	*in_bucket = *version != NULL;
	if (!yaml_count(cloud) || cloud->type != YAML_MAPPING_NODE)
		return;
	*version = keep(r, yaml_member_text(r->yaml, yaml_item(r->yaml, cloud,
						0, &name), "version_id"));
	*remote = keep(r, yaml_text(name));
	*in_bucket = true;
}

static void read_members(struct reading *r, const yaml_node_t *files,
			 bool old, struct dvc_out *o)
{
	o->files = xcalloc(1, sizeof(*o->files));
	*o->files = (struct listing)LISTING_INIT;
	for (size_t i = 0; i < yaml_count(files); i++) {
		const yaml_node_t *n = yaml_item(r->yaml, files, i, NULL);
		const char *md5 = yaml_member_text(r->yaml, n, "md5");
		struct listing_entry e = {
			.path = yaml_member_text(r->yaml, n, "relpath"),
			.executable = yaml_is_true(yaml_member(r->yaml, n,
							       "isexec")),
		};
		bool in_bucket;

		read_cloud(r, n, &in_bucket, &e.remote, &e.version);
		o->in_bucket |= in_bucket;
		if (!e.path || (md5 && !object_name_md5(md5, old, &e.name))) {
			o->refused = "its list of files is damaged";
			return;
		}
		listing_add(o->files, &e);
	}
}

static void read_hash(struct reading *r, const yaml_node_t *node,
		      struct dvc_out *o)
{
	const yaml_node_t *files = yaml_member(r->yaml, node, "files");
	const char *md5 = yaml_member_text(r->yaml, node, "md5");
	/* no hash: written by DVC 2 */
	bool old = !yaml_member(r->yaml, node, "hash") && !files;

	if (md5 && *md5 && !object_name_md5(md5, old, &o->name))
		o->refused = "its hash is not one that DVC writes";
	if (files)
		read_members(r, files, old, o);
	else
		read_cloud(r, node, &o->in_bucket, &o->remote, &o->version);
	if (!o->name.kind && !o->in_bucket && !files)
		o->refused = "no content of it is recorded";
}

static void read_out(struct reading *r, const yaml_node_t *top,
		     const yaml_node_t *node, const char *wdir)
{
	const char *path = yaml_member_text(r->yaml, node, "path");
	const char *cached = yaml_member_text(r->yaml, node, "cache");
	struct dvc_out *o;

	ARRAY_GROW(r->file->outs, r->file->count + 1, r->file->room);
	o = &r->file->outs[r->file->count++];
	memset(o, 0, sizeof(*o));
	o->as_written = keep(r, path ? path : "");
	o->path = o->as_written;
	if (!path) {
		o->refused = "it has no path";
		return;
	}
	o->remote = keep(r, yaml_member_text(r->yaml, node, "remote"));
	o->executable = yaml_is_true(yaml_member(r->yaml, node, "isexec"));
	o->has_size = number_of(yaml_member(r->yaml, node, "size"), &o->size);
	read_hash(r, node, o);
	o->rest = rest_of(r, top, node);
	place(r, o, wdir);
	o->uncached = cached && !strcmp(cached, "false");
}

int dvc_file_read(const char *text, size_t len, const char *path,
		  const char *top, struct dvc_file *out)
{
	DV_AUTO_YAML struct yaml_file yaml = { .open = false };
	struct reading r = { out, &yaml, path, top };
	const yaml_node_t *root, *outs;
	int err = yaml_file_read(&yaml, text, len, path);

	*out = (struct dvc_file)DVC_FILE_INIT;
	if (err)
		return err;
	root = yaml_root(&yaml);
	outs = yaml_member(&yaml, root, "outs");
	if (!outs || outs->type != YAML_SEQUENCE_NODE)
		return dv_fail(DV_E_INVALID, "%s has no outs: no .dvc file",
			       path);
	out->pipeline = yaml_member(&yaml, root, "cmd");
	for (size_t i = 0; i < yaml_count(outs); i++)
		read_out(&r, root, yaml_item(&yaml, outs, i, NULL),
			 yaml_member_text(&yaml, root, "wdir"));
	return 0;
}

/* --- dvc.lock ---------------------------------------------------------- */

/* The stage in dvc.yaml that made "name" or "name@item". */
static const yaml_node_t *stage_of(struct yaml_file *y, const char *name)
{
	const yaml_node_t *stages = yaml_member(y, yaml_root(y), "stages");
	const yaml_node_t *stage = yaml_member(y, stages, name), *each;
	char plain[STAGE_MOST];
	size_t len = strcspn(name, "@");

	if (!stage && len < sizeof(plain)) {
		memcpy(plain, name, len);
		plain[len] = '\0';
		stage = yaml_member(y, stages, plain);
	}
	each = yaml_member(y, stage, "do");
	return each ? each : stage;
}

/* "- path: {cache: false}" among outs, metrics or plots. */
static bool is_uncached(struct yaml_file *y, const yaml_node_t *stage,
			const char *path)
{
	static const char *const lists[] = { "outs", "metrics", "plots" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const yaml_node_t *list = yaml_member(y, stage, lists[i]);

		for (size_t k = 0; k < yaml_count(list); k++) {
			const yaml_node_t *item = yaml_item(y, list, k, NULL);
			const char *cache = yaml_member_text(y,
					yaml_member(y, item, path), "cache");

			if (cache && !strcmp(cache, "false"))
				return true;
		}
	}
	return false;
}

static void read_stage(struct reading *r, struct yaml_file *pipeline,
		       const char *name, const yaml_node_t *lock)
{
	const yaml_node_t *outs = yaml_member(r->yaml, lock, "outs");
	const yaml_node_t *stage = name ? stage_of(pipeline, name) : NULL;
	const char *wdir = yaml_member_text(pipeline, stage, "wdir");

	for (size_t i = 0; i < yaml_count(outs); i++) {
		struct dvc_out *o;

		read_out(r, NULL, yaml_item(r->yaml, outs, i, NULL), wdir);
		o = &r->file->outs[r->file->count - 1];
		o->uncached |= is_uncached(pipeline, stage, o->as_written);
		if (wdir && strstr(wdir, "${"))
			o->refused = "the folder its stage runs in is a "
				"template";
	}
}

int dvc_lock_read(const char *text, size_t len, const char *pipeline,
		  const char *path, const char *top, struct dvc_file *out)
{
	DV_AUTO_YAML struct yaml_file yaml = { .open = false };
	DV_AUTO_YAML struct yaml_file stages = { .open = false };
	struct reading r = { out, &yaml, path, top };
	const yaml_node_t *all;
	int err = yaml_file_read(&yaml, text, len, path);

	*out = (struct dvc_file)DVC_FILE_INIT;
	if (!err && *pipeline)
		err = yaml_file_read(&stages, pipeline, strlen(pipeline),
				     "dvc.yaml");
	if (err)
		return err;
	out->pipeline = true;
	all = yaml_member(&yaml, yaml_root(&yaml), "stages");
	/* those of DVC 1 and the first of DVC 2 are nothing but stages */
	if (!all && !yaml_member(&yaml, yaml_root(&yaml), "schema"))
		all = yaml_root(&yaml);
	if (all && all->type != YAML_MAPPING_NODE)
		return dv_fail(DV_E_INVALID, "%s: its stages are none", path);
	for (size_t i = 0; i < yaml_count(all); i++) {
		const yaml_node_t *name = NULL;
		const yaml_node_t *lock = yaml_item(&yaml, all, i, &name);

		read_stage(&r, &stages, yaml_text(name), lock);
	}
	return 0;
}
