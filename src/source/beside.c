#include "source/beside.h"

#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "chunk/sha256.h"
#include "git/foreign.h"
#include "git/repo.h"
#include "store/store.h"
#include "transfer/marks.h"
#include "transfer/want.h"

struct copy {
	struct store *from;	/* owned */
	struct store_reader *walker, *reader;	/* owned; of from */
	struct session *session;		/* owned */
	struct session_hand *hand;		/* owned */
	struct marks visited;	/* nodes: a tree may unfold without end */
	bool nodes_only;
};

#define DV_AUTO_COPY	__attribute__((cleanup(copy_release)))

static void copy_release(struct copy *c)
{
	if (c->hand)
		session_hand_free(c->hand);
	if (c->session)
		session_free(c->session);
	store_reader_free(c->walker);
	store_reader_free(c->reader);
	marks_release(&c->visited);
	if (c->from)
		store_close(c->from);
}

static int copy_open(struct copy *copy, const struct clone *c)
{
	const char *base = c->repo ? repo_base_dir(c->repo) : NULL;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct store *to;
	int err;

	if (base)
		buf_addf(&path, "%s/.git/dv", base);
	if (!base || store_open(path.data, STORE_READ_ONLY, &copy->from))
		return dv_fail(DV_E_NOTFOUND, "%s has no store on this "
			       "machine", c->url);
	err = repo_store(c->repo, &to);
	if (!err)
		err = session_open(to, &copy->session);
	if (err)
		return err;
	copy->hand = session_hand_new(copy->session);
	copy->walker = store_reader_new(copy->from);
	copy->reader = store_reader_new(copy->from);
	return 0;
}

static int put(struct copy *c, enum object_class class, const struct dv_id *id)
{
	struct object o = { .id = *id };
	struct dv_id found;
	int err = store_read(c->reader, class, id, &o.data, &o.len);

	if (err)
		return err;
	sha256(o.data, o.len, &found);
	if (!dv_id_equal(&found, id))
		return dv_fail(DV_E_CORRUPT, "%s has an object that is not "
			       "what its name says", store_path(c->from));
	return session_put(c->hand, class, &o, 1);
}

static int take_object(void *data, enum object_class class,
		       const struct dv_id *id)
{
	struct copy *c = data;
	int err = cancel_check();

	if (!err && (class == OBJECT_META || !c->nodes_only) &&
	    session_claim(c->session, class, id))
		err = put(c, class, id);
	return err ? err : 1;
}

static int visit(void *data, enum object_class class, const struct dv_id *id)
{
	struct copy *c = data;
	struct place place;
	size_t mark;

	if (class == OBJECT_META && store_find(c->from, class, id, &place) &&
	    !marks_set(&c->visited, &place, &mark))
		return 0;
	return take_object(data, class, id);
}

static int take_root(const struct dv_tracked *t, void *data)
{
	struct copy *c = data;
	struct want start = want_root(t->pointer.kind, &t->pointer.id);
	int err = 1;

	/* on the way to a path every node is read, seen before or not */
	if (*t->inside)
		err = want_resolve(c->walker, &start, t->path, t->inside,
				   take_object, c, &start);
	return err <= 0 ? err : want_walk(c->walker, &start, visit, c);
}

int beside_take(const struct clone *c, const struct dv_selection *what,
		bool nodes_only)
{
	DV_AUTO_COPY struct copy copy = { .visited = MARKS_INIT,
					  .nodes_only = nodes_only };
	int err = copy_open(&copy, c);

	if (!err)
		err = dv_tracked_each(c->repo, what, take_root, &copy);
	if (!err)
		err = session_hand_flush(copy.hand);
	if (err)
		return err;
	session_hand_free(copy.hand);
	copy.hand = NULL;
	return session_finish(copy.session);
}
