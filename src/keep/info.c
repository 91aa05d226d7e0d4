/* Where the space of a store goes. */

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "keep/live.h"
#include "source/kept.h"

#include "dv/keep.h"

static int add_parts(const char *store, struct dv_store_info *out)
{
	const struct {
		const char *name;
		struct dv_store_part *part;
	} parts[] = {
		{ "data", &out->data }, { "meta", &out->meta },
		{ "loose", &out->loose }, { "index", &out->index },
		{ "have", &out->have }, { "tmp", &out->tmp },
		{ "quarantine", &out->quarantine },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && !err; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		buf_addf(&path, "%s/%s", store, parts[i].name);
		err = dir_sum(path.data, &parts[i].part->files,
			      &parts[i].part->bytes);
	}
	return err ? err : kept_sum(store, &out->sources.files,
				    &out->sources.bytes);
}

static int count_objects(struct pack *pack, void *data)
{
	*(uint64_t *)data += pack->objects;
	return 0;
}

/* What of a pack is marked, as a share of its bytes. */
static int add_reachable(struct pack *pack, void *data)
{
	const struct live *l = ((void **)data)[0];
	struct dv_store_info *out = ((void **)data)[1];
	const uint64_t *n = id_map_get(&l->marks.by_id, &pack->id);
	uint64_t raw = pack_raw_bytes(pack), live;
	uint64_t bytes = pack->layout == PACK_LOOSE ? raw : pack->size;

	live = n && raw ? (double)bytes * ((double)l->marks.items[*n].raw /
					   (double)raw) : 0;
	out->reachable += live;
	out->unreachable += bytes - live;
	return 0;
}

static int find_reachable(struct live *l, const struct dv_progress *progress,
			  struct dv_store_info *out)
{
	void *both[] = { l, out };
	int err = live_gather(l, true);

	if (!err)
		err = live_walk(l, progress);
	for (size_t i = 0; i < l->count && !err; i++)
		out->roots += l->roots[i].kind != 0;
	for (int class = 0; class < OBJECT_CLASSES && !err; class++)
		err = store_each_pack(l->store, class, add_reachable, both);
	out->reachable_known = !err;
	return err;
}

int dv_store_info(struct dv_repo *repo, bool reachable,
		  const struct dv_progress *progress,
		  struct dv_store_info *out)
{
	DV_AUTO_LIVE struct live l = { .repo = repo };
	int err = live_open(&l, repo);
	struct stat st;

	memset(out, 0, sizeof(*out));
	out->path = dv_repo_store_path(repo);
	if (!err && !stat(out->path, &st))
		out->shared = dir_is_shared(&st);
	if (!err)
		err = add_parts(out->path, out);
	if (!err)
		err = store_each_pack(l.store, OBJECT_DATA, count_objects,
				      &out->chunks);
	if (!err)
		err = store_each_pack(l.store, OBJECT_META, count_objects,
				      &out->nodes);
	return err || !reachable ? err : find_reachable(&l, progress, out);
}

bool dv_store_is_used(const char *path)
{
	DV_AUTO_BUF struct buf nodes = BUF_INIT;
	uint64_t files = 0, bytes = 0;

	buf_addf(&nodes, "%s/meta", path);
	return !dir_sum(nodes.data, &files, &bytes) && files;
}
