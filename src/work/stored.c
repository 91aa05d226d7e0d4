/* Does the store have what is recorded? */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/path_list.h"
#include "base/trace.h"
#include "chunk/sha256.h"
#include "git/repo.h"
#include "store/list.h"
#include "store/unfold.h"
#include "work/queue.h"
#include "work/stored.h"

/* --- fingerprint ---------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && !strcmp(name + len - n, end);
}

/*
 * Adds the names in <store>/<folder> that end so, with `deep` those in its
 * folders.  None there is fine.
 */
static int add_names(struct path_list *n, const char *store, const char *folder,
		     const char *end, bool deep)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const struct dirent *d;
	size_t at;
	int err = 0;

	buf_addf(&path, "%s/%s", store, folder);
	at = strlen(store) + 1;
	DV_AUTO_DIR DIR *dir = opendir(path.data);
	if (!dir && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!dir)
		return dv_fail_errno("cannot open %s", path.data);
	while (!err && (errno = 0, d = readdir(dir)) != NULL) {
		size_t len = path.len;

		if (d->d_name[0] == '.')
			continue;
		path_append(&path, d->d_name);
		if (deep)
			err = add_names(n, store, path.data + at, end, false);
		else if (ends_with(d->d_name, end))
			path_list_add(n, path.data + at, path.len - at);
		buf_setlen(&path, len);
	}
	if (!err && errno)
		return dv_fail_errno("cannot read %s", path.data);
	return err;
}

/* What is known to be bad; such a file grows, so its length is added. */
static int add_marks(struct path_list *n, const char *store)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	size_t first = n->count, at = strlen(store) + 1;
	int err = add_names(n, store, "index", ".bad", false);

	for (size_t i = first; i < n->count && !err; i++) {
		struct stat st;

		buf_clear(&path);
		buf_addf(&path, "%s/%s", store, n->items[i]);
		buf_addf(&path, " %lld", stat(path.data, &st) ? 0 :
			 (long long)st.st_size);
		n->items[i] = arena_copy(&n->arena, path.data + at,
					 path.len - at);
	}
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_store(struct path_list *n, const char *path)
{
	int err = add_names(n, path, "data", "", false);

	if (!err)
		err = add_names(n, path, "meta", "", false);
	return err ? err : add_names(n, path, "loose", "", true);
}

int stored_fingerprint(struct dv_repo *repo, struct dv_id *out)
{
	DV_AUTO_PATH_LIST struct path_list fallbacks = PATH_LIST_INIT;
	DV_AUTO_PATH_LIST struct path_list n = PATH_LIST_INIT;
	DV_AUTO_BUF struct buf all = BUF_INIT;
	const char *own = dv_repo_store_path(repo);
	int err = add_store(&n, own);

	if (!err)
		err = add_marks(&n, own);
	if (!err)
		err = repo_fallbacks(repo, &fallbacks);
	for (size_t i = 0; i < fallbacks.count && !err; i++)
		err = add_store(&n, fallbacks.items[i]);
	/* what two stores have counts twice: path_list_sort() drops one */
	if (n.count > 1)
		qsort(n.items, n.count, sizeof(*n.items), by_name);
	for (size_t i = 0; i < n.count; i++)
		buf_add(&all, n.items[i], strlen(n.items[i]) + 1);
	sha256(all.data, all.len, out);
	return err;
}

/* --- looking everything up ------------------------------------------------ */

/* A directory still to be looked at. */
struct folder {
	struct dv_id id;
	uint64_t files, size;
};

struct check {
	struct store *store;
	struct work_queue queue;
	const char *name;	/* of root, for messages */
	const struct tree_entry *root;
	pthread_mutex_t mutex;
	struct unfold unfold;	/* guarded by it */
	_Atomic uint64_t files, size;	/* missing */
};

static bool bad(int err)
{
	return err == DV_E_NOTFOUND || err == DV_E_CORRUPT;
}

int content_here(struct store *s, struct store_reader *r,
		 const struct content *c)
{
	struct list_walk *walk;
	struct place place;
	struct dv_id id;
	uint64_t offset;
	uint32_t len;
	int err;

	if (!c->size)
		return 1;
	if (!c->list)
		return store_find(s, OBJECT_DATA, &c->id, &place);
	err = list_walk_open(r, c, 0, &walk);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	list_walk_once(walk);
	while ((err = list_walk_next(walk, &id, &offset, &len)) == 1)
		if (!store_find(s, OBJECT_DATA, &id, &place))
			break;
	list_walk_close(walk);
	if (err == 1 || err == DV_E_NOTFOUND)
		return 0;
	return err ? err : 1;
}

static void missing(struct check *c, uint64_t files, uint64_t size)
{
	atomic_fetch_add(&c->files, files);
	atomic_fetch_add(&c->size, size);
}

static int check_file(struct check *c, struct store_reader *r,
		      const struct tree_entry *e)
{
	int got = content_here(c->store, r, &e->content);

	if (!got || bad(got))
		missing(c, 1, e->content.size);
	return got < 0 && !bad(got) ? got : 0;
}

static void put_folder(struct check *c, const struct tree_entry *e)
{
	struct folder *f = xmalloc(sizeof(*f));

	*f = (struct folder){ e->content.id, e->files, e->content.size };
	work_queue_put(&c->queue, f);
}

/* A directory on its way, and what was looked at of it. */
struct looking {
	struct check *c;
	struct store_reader *r;
	struct tree_cursor tree;
	const struct tree_entry *entries;	/* of its node at hand */
	size_t count;
	uint64_t files, size;
};

static int check_node(struct looking *l)
{
	struct check *c = l->c;
	int err;

	pthread_mutex_lock(&c->mutex);
	err = unfold_dir(&c->unfold, c->name, &l->tree.node, l->entries,
			 l->count);
	pthread_mutex_unlock(&c->mutex);
	for (size_t i = 0; i < l->count && !err; i++) {
		const struct tree_entry *e = &l->entries[i];

		l->files += e->type == ENTRY_DIR ? e->files : 1;
		l->size += e->type == ENTRY_SYMLINK ? 0 : e->content.size;
		if (e->type == ENTRY_DIR)
			put_folder(c, e);
		else if (e->type == ENTRY_FILE)
			err = check_file(c, l->r, e);
	}
	return err;
}

static int check_folder(struct check *c, struct store_reader *r,
			const struct folder *f)
{
	struct looking l = { .c = c, .r = r };
	int err;

	tree_cursor_open(&l.tree, r, &f->id);
	while ((err = tree_cursor_node(&l.tree, &l.entries, &l.count)) == 1) {
		err = check_node(&l);
		if (err)
			break;
	}
	tree_cursor_close(&l.tree);
	if (!bad(err))
		return err;
	/* An empty directory is missing too, though it has no file. */
	missing(c, f->files > l.files ? f->files - l.files : 1,
		f->size > l.size ? f->size - l.size : 0);
	return 0;
}

static int work(struct crew *crew, unsigned worker, void *data)
{
	struct check *c = data;
	struct store_reader *r = store_reader_new(c->store);
	struct folder *f;
	int err = 0;

	(void)worker;
	while (!err && (f = work_queue_take(&c->queue)) != NULL) {
		err = crew_failed(crew) ? cancel_check() :
			check_folder(c, r, f);
		free(f);
		work_queue_done(&c->queue);
		if (err || crew_failed(crew))
			work_queue_stop(&c->queue);
	}
	store_reader_free(r);
	return err;
}

static int check_tree(struct check *c, unsigned threads)
{
	int err;

	pthread_mutex_init(&c->mutex, NULL);
	work_queue_init(&c->queue);
	put_folder(c, c->root);
	err = crew_run(threads, work, c);
	while (c->queue.count)
		free(c->queue.items[--c->queue.count]);
	work_queue_release(&c->queue);
	unfold_release(&c->unfold);
	pthread_mutex_destroy(&c->mutex);
	return err;
}

int stored_check(struct store *s, const char *name,
		 const struct tree_entry *entry, unsigned threads,
		 struct stored_missing *out)
{
	TRACE_REGION("status: look contents up");
	struct check c = { .store = s, .name = name, .root = entry };
	int err = 0;

	if (entry->type == ENTRY_DIR) {
		err = check_tree(&c, threads);
	} else if (entry->type == ENTRY_FILE) {
		struct store_reader *r = store_reader_new(s);

		err = check_file(&c, r, entry);
		store_reader_free(r);
	}
	out->files = atomic_load(&c.files);
	out->size = atomic_load(&c.size);
	return err;
}
