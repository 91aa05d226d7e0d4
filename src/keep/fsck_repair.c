/*
 * Mending a store: whole frames of packs whose index is damaged, good objects
 * of damaged packs, chunks out of the work tree, and the rest from remotes or
 * from where it was imported.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dv/source.h"
#include "dv/transfer.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/path_list.h"
#include "base/trace.h"
#include "chunk/sha256.h"
#include "keep/fsck.h"
#include "store/list.h"
#include "store/pack_index.h"
#include "store/pack_write.h"
#include "store/tree.h"
#include "store/unfold.h"
#include "transfer/repack.h"

/* Rather than to name more paths all of a root is fetched. */
#define PATHS_MOST	256

struct mend {
	struct fsck *fsck;
	struct store *store;
	struct session *session;	/* owned */
	struct session_hand *hand;	/* owned */
	struct id_map made;		/* packs that were made */
	struct path_list paths;		/* what is still missing of a root */
	const char *worktree;		/* to look into, or NULL */
	struct buf path;		/* where the walk is */
	struct unfold unfold;
};

static void mend_release(struct mend *m)
{
	if (m->hand)
		session_hand_free(m->hand);
	if (m->session)
		session_free(m->session);
	id_map_release(&m->made);
	path_list_release(&m->paths);
	buf_release(&m->path);
	unfold_release(&m->unfold);
}

#define DV_AUTO_MEND	__attribute__((cleanup(mend_release)))

static void notice(const struct fsck *f, const char *text)
{
	if (f->options->notice)
		f->options->notice(text, f->options->notice_data);
}

static int put(struct mend *m, enum object_class class,
	       const struct object *o)
{
	if (!session_claim(m->session, class, &o->id))
		return 0;
	return session_put(m->hand, class, o, 1);
}

/* --- what damaged packs have ------------------------------------------- */

struct salvage {
	struct mend *mend;
	enum object_class class;
	uint64_t end;		/* of the frame before */
	bool gap;		/* between frames: one of them was not whole */
};

static int take_frame(void *data, const struct frame_info *info,
		      const struct object *objects)
{
	struct salvage *s = data;
	int err = 0;

	s->gap |= info->offset - frame_head_size(info->count) != s->end;
	s->end = info->offset + info->stored;
	for (uint32_t i = 0; i < info->count && !err; i++)
		err = put(s->mend, s->class, &objects[i]);
	return err;
}

/* As far as can be told without an index: no frame, whole or not, is left. */
static bool has_all(const struct salvage *s, const char *path)
{
	DV_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t head[FRAME_HEADER_SIZE];
	struct frame_header h;

	return !s->gap && fd >= 0 &&
	       !file_pread_all(fd, head, sizeof(head), s->end, path) &&
	       !frame_header_decode(head, &h);
}

static int salvage_pack(struct mend *m, struct fsck_file *d)
{
	struct salvage s = { m, d->class, PACK_HEADER_SIZE, false };
	uint32_t frames;
	int err = 0;

	if (strstr(fsck_name(m->fsck, d->path), "loose/"))
		return 0;	/* that file is of use only with its index */
	err = pack_scan(d->path, take_frame, &s, &frames);
	if (err == DV_E_CORRUPT || err == DV_E_NOTFOUND)
		err = 0;
	d->mended = !err;
	d->known = !err && has_all(&s, d->path);
	return err;
}

static int take_made(void *data, struct pack *pack)
{
	struct mend *m = data;
	struct dv_id id;
	int err = repack_adopt(m->store, pack, &id);

	pthread_mutex_lock(&m->fsck->mutex);
	id_map_put(&m->made, &id, 0, NULL);
	pthread_mutex_unlock(&m->fsck->mutex);
	return err;
}

/* Copies what is good in a pack and nowhere else. */
static int copy_good(struct mend *m, struct repack *r, struct fsck_file *d)
{
	struct pack *pack = d->pack;
	DV_AUTO_FREE uint32_t *order = xcalloc(pack->objects + 1,
					       sizeof(*order));
	int err = 0;

	pack_order(pack, order);
	for (uint32_t i = 0; i < pack->objects && !err; i++) {
		const struct dv_id *id = pack_id_at(pack, order[i]);
		struct place place;

		if (!store_find(m->store, pack->class, id, &place) ||
		    place.pack != pack)
			continue;
		err = repack_object(r, pack->class, id);
		/* it turns out to be bad as well */
		if (err == DV_E_CORRUPT || err == DV_E_NOTFOUND)
			err = 0;
	}
	d->mended = !err;
	return err;
}

static int copy_class(struct mend *m, enum object_class class)
{
	struct repack_options o = {
		.class = class, .finished = take_made, .data = m,
	};
	struct fsck *f = m->fsck;
	struct repack *r;
	int err = repack_open(m->store, f->live.reader, &o, &r);

	for (size_t i = 0; i < f->damaged_count && !err; i++) {
		struct fsck_file *d = &f->damaged[i];

		if (d->pack && d->class == class)
			err = copy_good(m, r, d);
	}
	if (!err)
		err = repack_finish(r);
	repack_free(r);
	return err;
}

/* --- what the work tree has -------------------------------------------- */

static void still_missing(struct mend *m)
{
	path_list_add(&m->paths, m->path.data, m->path.len);
}

/* One chunk out of the user's file; 1 when that is not what it was. */
static int chunk_from(struct mend *m, int fd, const struct dv_id *id,
		      uint64_t offset, uint32_t len)
{
	DV_AUTO_FREE uint8_t *bytes = xmalloc(len + 1);
	struct object o = { .data = bytes, .len = len };

	if (fd < 0 || file_pread_all(fd, bytes, len, offset, m->path.data))
		return 1;
	sha256(bytes, len, &o.id);
	if (!dv_id_equal(&o.id, id))
		return 1;
	return put(m, OBJECT_DATA, &o);
}

static int open_user_file(const struct mend *m)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	struct stat st;
	int fd;

	if (!m->worktree)
		return -1;
	buf_addf(&full, "%s/%s", m->worktree, m->path.data);
	fd = open(full.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int mend_list(struct mend *m, const struct content *c, int fd)
{
	struct store_reader *r = store_reader_new(m->store);
	struct list_walk *walk;
	struct place place;
	struct stat st;
	struct dv_id id;
	uint64_t offset;
	uint32_t len;
	bool failed = false;
	int err = list_walk_open(r, c, 0, &walk);

	/* a file of another size is no reason to go as far as the list says */
	if (!err && (fd < 0 || fstat(fd, &st) ||
		     (uint64_t)st.st_size != c->size))
		list_walk_once(walk);
	while (!err && (err = list_walk_next(walk, &id, &offset, &len)) == 1) {
		err = store_find(m->store, OBJECT_DATA, &id, &place) ? 0 :
		      chunk_from(m, fd, &id, offset, len);
		failed |= err == 1;
		if (err > 0)
			err = 0;
	}
	if (walk)
		list_walk_close(walk);
	store_reader_free(r);
	if (failed || err == DV_E_NOTFOUND || err == DV_E_CORRUPT) {
		still_missing(m);
		err = 0;
	}
	return err;
}

static int mend_content(struct mend *m, const struct content *c)
{
	DV_AUTO_CLOSE int fd = -1;
	struct place place;
	int err;

	if (!c->size || (!c->list && store_find(m->store, OBJECT_DATA, &c->id,
						&place)))
		return 0;
	fd = open_user_file(m);
	if (c->list)
		return mend_list(m, c, fd);
	err = chunk_from(m, fd, &c->id, 0, c->size);
	if (err > 0)
		still_missing(m);
	return err < 0 ? err : 0;
}

static int mend_tree(struct mend *m, const struct dv_id *id, int depth);

static int mend_entries(struct mend *m, const struct tree_entry *entries,
			size_t count, int depth)
{
	size_t len = m->path.len;
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		path_append(&m->path, entries[i].name);
		if (entries[i].type == ENTRY_DIR)
			err = mend_tree(m, &entries[i].content.id, depth + 1);
		else if (entries[i].type == ENTRY_FILE)
			err = mend_content(m, &entries[i].content);
		buf_setlen(&m->path, len);
	}
	return err;
}

static int mend_tree(struct mend *m, const struct dv_id *id, int depth)
{
	DV_AUTO_TREE_CURSOR struct tree_cursor c;
	const struct tree_entry *entries;
	size_t count;
	int err = cancel_check(), got;

	tree_cursor_open(&c, m->fsck->live.reader, id);
	if (!err && depth > TREE_DEPTH_MAX)
		return dv_fail(DV_E_CORRUPT, "directories nested too deep");
	while (!err && (got = tree_cursor_node(&c, &entries, &count)) != 0) {
		if (got == DV_E_NOTFOUND || got == DV_E_CORRUPT) {
			still_missing(m);
			return 0;
		}
		err = got < 0 ? got : unfold_dir(&m->unfold, m->path.data,
						 &c.node, entries, count);
		if (!err)
			err = mend_entries(m, entries, count, depth);
	}
	return err;
}

static int mend_file(struct mend *m, const struct dv_id *id)
{
	const uint8_t *bytes;
	struct content c;
	bool executable;
	uint32_t len;
	int err = store_read(m->fsck->live.reader, OBJECT_META, id, &bytes,
			     &len);

	if (!err)
		err = file_node_decode(bytes, len, &c, &executable);
	if (err != DV_E_NOTFOUND && err != DV_E_CORRUPT)
		return err ? err : mend_content(m, &c);
	still_missing(m);
	return 0;
}

/* --- what remotes have ------------------------------------------------- */

static int fetch_root(struct mend *m, const struct live_root *root)
{
	struct fsck *f = m->fsck;
	struct dv_transfer_options o = {
		.progress = f->options->progress,
		.notice = f->options->notice,
		.notice_data = f->options->notice_data,
		.supply = dv_source_supply,
	};
	DV_AUTO_PATH_LIST struct path_list typed = PATH_LIST_INIT;
	const char *prefix = dv_repo_prefix(f->repo);
	struct dv_transfer_result result;
	bool all = m->paths.count > PATHS_MOST;
	int err;

	for (size_t i = 0; i < (all ? 1 : m->paths.count); i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		path_typed(prefix, all ? root->path : m->paths.items[i],
			   &path);
		path_list_add(&typed, path.data, path.len);
	}
	o.what.paths = typed.items;
	o.what.count = typed.count;
	o.what.rev = root->commit;
	err = dv_fetch(f->repo, &o, &result);
	if (!err || err == DV_E_INTERRUPTED)
		return err;
	notice(f, dv_error_text());
	return 0;
}

static int mend_root(struct mend *m, const struct live_root *root, bool fetch)
{
	bool own = !strcmp(root->worktree, dv_repo_worktree(m->fsck->repo));
	int err;

	path_list_release(&m->paths);
	m->paths = (struct path_list)PATH_LIST_INIT;
	unfold_release(&m->unfold);
	m->unfold = (struct unfold){ .entries = 0 };
	buf_clear(&m->path);
	buf_addstr(&m->path, root->path);
	m->worktree = root->commit ? NULL : root->worktree;
	err = root->kind == DV_KIND_TREE ? mend_tree(m, &root->id, 0) :
	      mend_file(m, &root->id);
	if (err || !m->paths.count || !fetch || !own)
		return err;
	return fetch_root(m, root);
}

static int mend_roots(struct mend *m, bool fetch)
{
	struct fsck *f = m->fsck;
	int err = 0;

	for (size_t i = 0; i < f->live.count && !err; i++) {
		const struct live_root *r = &f->live.roots[i];
		const uint64_t *lost = id_map_get(&f->lost, &r->id);

		if (lost && *lost && r->kind)
			err = mend_root(m, r, fetch);
	}
	return err;
}

/* --- all of it --------------------------------------------------------- */

static int finish_session(struct mend *m)
{
	int err = session_hand_flush(m->hand);

	session_hand_free(m->hand);
	m->hand = NULL;
	return err ? err : session_finish(m->session);
}

/* A whole pack of the same name has taken its place. */
static bool is_replaced(const struct mend *m, const struct fsck_file *d)
{
	struct dv_id id;

	if (d->pack)
		return id_map_get(&m->made, &d->pack->id);
	return !dv_id_from_hex(path_name(d->path), &id) &&
	       store_pack(m->store, d->class, &id);
}

int fsck_put_away(struct fsck *f)
{
	struct store *s = f->live.store;
	int err = 0;

	for (size_t i = 0; i < f->damaged_count && !err; i++) {
		struct fsck_file *d = &f->damaged[i];

		if (!d->mended || d->replaced)
			continue;
		crash_point("fsck-before-quarantine");
		err = d->pack ? store_quarantine(s, d->pack) :
		      store_quarantine_file(s, d->path);
	}
	return err;
}

int fsck_repair(struct fsck *f)
{
	TRACE_REGION("fsck: repair");
	DV_AUTO_MEND struct mend m = {
		.fsck = f, .store = f->live.store, .path = BUF_INIT,
		.paths = PATH_LIST_INIT,
	};
	int err = session_open(m.store, &m.session);

	if (!err)
		m.hand = session_hand_new(m.session);
	for (size_t i = 0; i < f->damaged_count && !err; i++)
		if (!f->damaged[i].pack)
			err = salvage_pack(&m, &f->damaged[i]);
	for (int class = 0; class < OBJECT_CLASSES && !err; class++)
		err = copy_class(&m, class);
	if (!err)
		err = mend_roots(&m, false);
	if (!err)
		err = finish_session(&m);
	if (!err)
		err = store_sync(m.store);
	crash_point("fsck-repaired");
	if (!err) {
		session_free(m.session);
		m.session = NULL;
		err = session_open(m.store, &m.session);
	}
	if (!err)
		m.hand = session_hand_new(m.session);
	if (!err)
		err = mend_roots(&m, true);
	if (err)
		return err;
	/* derived: made again when they are needed */
	store_remove_merged(m.store);
	for (size_t i = 0; i < f->damaged_count; i++)
		f->damaged[i].replaced = is_replaced(&m, &f->damaged[i]);
	return 0;
}
