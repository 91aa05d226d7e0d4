/* What readers of files share: the way into the store. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/clone.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "git/repo.h"
#include "store/loose.h"
#include "store/tree.h"
#include "work/below.h"
#include "work/linked.h"
#include "work/record.h"

/* Less is never more than half the memory: nobody need be asked. */
#define HUGE_FROM	((uint64_t)64 << 20)

/* --- links ------------------------------------------------------------- */

/* The store and the work tree can share blocks. */
static bool can_clone(struct recorder *r)
{
	DV_AUTO_CLOSE int to = openat(r->top, ".", O_TMPFILE | O_WRONLY |
				      O_CLOEXEC, 0600);
	struct loose *from = NULL;
	bool yes = to >= 0 && !loose_new(r->store, &from) &&
		!clone_fd(loose_fd(from), to);

	loose_free(from);
	return yes;
}

static bool same_file_system(struct recorder *r)
{
	struct stat here, there;

	return !fstat(r->top, &here) && !stat(store_path(r->store), &there) &&
		here.st_dev == there.st_dev;
}

static enum link_kind link_word(const char *word, size_t len)
{
	if (len == strlen("reflink") && *word == 'r')
		return LINK_CLONE;
	if (len == strlen("hardlink") && *word == 'h')
		return LINK_HARD;
	return len == strlen("symlink") ? LINK_SYMBOLIC : LINK_COPY;
}

/* What cannot be done here is passed over for what is named after it. */
static bool is_possible(struct recorder *r, enum link_kind kind)
{
	if (kind == LINK_CLONE)
		return can_clone(r);
	return kind != LINK_HARD || same_file_system(r);
}

/* The words of store.link in their order; "copy" ends them. */
static void choose_links(struct recorder *r, const char *list)
{
	size_t count = 0;

	for (; list && count < LINK_KINDS; list += *list == ',') {
		size_t len = strcspn(list, ",");
		enum link_kind kind = link_word(list, len);

		if (kind == LINK_COPY)
			break;
		list += len;
		r->clone |= kind == LINK_CLONE;
		/* the first is tried, and said to have failed */
		if (count && !is_possible(r, r->kinds[count - 1]))
			count--;
		r->kinds[count++] = kind;
	}
	r->kinds[count] = LINK_COPY;
}

static int set_links(struct recorder *r, struct dv_repo *repo)
{
	const char *list = dv_config_get(repo, "store.link");

	r->store_real = repo_store_real(repo);
	choose_links(r, list ? list : "reflink");
	return dv_config_size(repo, "store.linkfrom", RECORD_CLONED,
			      &r->link_from);
}

int recorder_open(struct recorder *r, struct dv_repo *repo,
		  enum record_mode mode, unsigned threads,
		  struct meter *meter)
{
	uint64_t damaged;
	int err;

	*r = (struct recorder){ .mode = mode, .meter = meter };
	r->threads = crew_size(threads);
	r->workers = xcalloc(r->threads, sizeof(*r->workers));
	for (unsigned i = 0; i < r->threads; i++) {
		r->workers[i].bytes = (struct buf)BUF_INIT;
		r->workers[i].dir_fd = -1;
	}
	pthread_mutex_init(&r->mutex, NULL);
	err = repo_store(repo, &r->store);
	if (!err)
		err = repo_worktree_fd(repo, &r->top);
	if (!err)
		err = set_links(r, repo);
	/* what need not be put must still be here when it is pointed to */
	if (!err && (mode == RECORD_PUT || record_link(r))) {
		err = store_hold(r->store);
		r->held = !err;
	}
	return err ? err : loose_recheck(r->store, &damaged);
}

void record_leave(struct record_worker *w)
{
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	w->dir_fd = -1;
}

static void free_worker(struct record_worker *w)
{
	if (w->hand)
		session_hand_free(w->hand);
	record_leave(w);
	arena_release(&w->targets);
	buf_release(&w->bytes);
	free(w->chunks);
	free(w->hashes);
	free(w->objects);
}

void recorder_release(struct recorder *r)
{
	if (!r->workers)
		return;
	for (unsigned i = 0; i < r->threads; i++)
		free_worker(&r->workers[i]);
	free(r->workers);
	r->workers = NULL;
	if (r->nodes)
		session_hand_free(r->nodes);
	if (r->session)
		session_free(r->session);
	if (r->held)
		store_let_go(r->store);
	for (int i = 0; i < OBJECT_CLASSES; i++)
		id_map_release(&r->seen[i]);
	pthread_mutex_destroy(&r->mutex);
}

bool record_is_huge(uint64_t size)
{
	uint64_t memory = size < HUGE_FROM ? 0 : memory_limit();

	return memory && size > memory / 2;
}

int record_session(struct recorder *r)
{
	int err = 0;

	if (r->mode != RECORD_PUT)
		return 0;
	if (!r->session) {
		err = session_open(r->store, &r->session);
		/* else a push that follows finds its packs in memory */
		if (!err && record_is_huge(r->expected))
			session_direct(r->session);
	}
	if (!err && !r->nodes)
		r->nodes = session_hand_new(r->session);
	return err;
}

static int flush_hand(struct session_hand **hand)
{
	int err = 0;

	if (*hand) {
		err = session_hand_flush(*hand);
		session_hand_free(*hand);
	}
	*hand = NULL;
	return err;
}

static int flush_hands(struct recorder *r)
{
	int err = 0;

	for (unsigned i = 0; i < r->threads && !err; i++)
		err = flush_hand(&r->workers[i].hand);
	return err ? err : flush_hand(&r->nodes);
}

int recorder_rest(struct recorder *r)
{
	int err;

	if (!r->session)
		return 0;
	err = flush_hands(r);
	session_rest(r->session);
	return err;
}

int recorder_finish(struct recorder *r, uint64_t *stored)
{
	uint64_t raw;
	int err;

	*stored = 0;
	if (!r->session)
		return 0;
	err = flush_hands(r);
	if (!err)
		err = session_finish(r->session);
	if (!err)
		session_cost(r->session, &raw, stored);
	return err;
}

/* True once per id. */
static bool claim_dry(struct recorder *r, enum object_class class,
		      const struct dv_id *id)
{
	bool added;

	pthread_mutex_lock(&r->mutex);
	id_map_put(&r->seen[class], id, 0, &added);
	pthread_mutex_unlock(&r->mutex);
	return added;
}

bool record_claim(struct recorder *r, enum object_class class,
		  const struct dv_id *id, uint32_t len, bool *here)
{
	struct place place;
	bool claimed;

	if (r->mode == RECORD_PUT) {
		claimed = session_claim(r->session, class, id);
	} else {
		claimed = !store_find(r->store, class, id, &place);
		if (claimed && r->mode == RECORD_CHECK)
			*here = false;
		else if (claimed)
			claimed = claim_dry(r, class, id);
	}
	if (!claimed)
		return false;
	*here = false;
	if (class == OBJECT_DATA)
		atomic_fetch_add_explicit(&r->new_bytes, len,
					  memory_order_relaxed);
	return r->mode == RECORD_PUT;
}

struct session_hand *record_hand(struct recorder *r, struct record_worker *w)
{
	if (!w->hand && r->session)
		w->hand = session_hand_new(r->session);
	return w->hand;
}

void record_gather(struct record_worker *w, const struct chunk *chunk)
{
	ARRAY_GROW(w->objects, w->object_count + 1, w->object_room);
	w->objects[w->object_count++] = (struct object){
		.id = chunk->id, .data = chunk->data, .len = chunk->len,
	};
}

int record_put(struct recorder *r, struct record_worker *w)
{
	size_t count = w->object_count;

	w->object_count = 0;
	if (!count)
		return 0;
	return session_put(record_hand(r, w), OBJECT_DATA, w->objects, count);
}

int record_node(void *recorder, const struct object *node)
{
	struct recorder *r = recorder;
	bool here = true;
	int err = record_session(r);

	if (err || !record_claim(r, OBJECT_META, &node->id, node->len, &here))
		return err;
	return session_put(r->nodes, OBJECT_META, node, 1);
}

void record_path(const struct record_run *run, const struct record_item *item,
		 struct buf *out)
{
	path_join(out, run->base, run->scan->dirs[item->dir].path);
	path_append(out, item->entry->name);
}

static int open_failed(const struct record_run *run,
		       const struct record_item *item)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int code = errno;

	record_path(run, item, &path);
	errno = code;
	if (code == ENOENT || code == ENOTDIR || code == ELOOP ||
	    code == ENXIO)
		return dv_fail(DV_E_CHANGED,
			       "%s went away while it was looked at",
			       path.data);
	return dv_fail_errno("cannot read %s", path.data);
}

int record_enter(const struct record_run *run, struct record_worker *w,
		 const struct record_item *item)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (w->dir_fd >= 0 && w->dir == item->dir)
		return 0;
	record_leave(w);
	path_join(&path, run->base, run->scan->dirs[item->dir].path);
	w->dir_fd = open_below(run->r->top, path.data);
	w->dir = item->dir;
	return w->dir_fd < 0 ? open_failed(run, item) : 0;
}

int record_open(const struct record_run *run, struct record_worker *w,
		const struct record_item *item, int *fd)
{
	int err = record_enter(run, w, item);

	if (err)
		return err;
	*fd = linked_open(run->r->store_real, w->dir_fd, item->entry->name);
	return *fd < 0 ? open_failed(run, item) : 0;
}

bool record_same(const struct scan_entry *e, const struct stat *st)
{
	return S_ISREG(st->st_mode) && e->size == (uint64_t)st->st_size &&
		e->mtime_ns == timespec_ns(&st->st_mtim) &&
		e->ctime_ns == timespec_ns(&st->st_ctim) &&
		e->inode == (uint64_t)st->st_ino;
}
