/* dv_source_compare(): whether sources are as recorded. */

#include <string.h>

#include "base/crew.h"
#include "base/error.h"
#include "git/repo.h"
#include "source/entry.h"
#include "source/import.h"
#include "source/url_source.h"
#include "store/pointer_line.h"

struct compare {
	struct dv_repo *repo;
	const struct dv_source_options *o;
	dv_source_state_cb *fn;
	void *data;
};

/* One tracked path: what its pointer says, and what comes of looking. */
struct looked {
	struct buf url, path, recorded, now;
	enum dv_source_state state;
};

#define LOOKED_INIT	{ BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, \
			  DV_SOURCE_SAME }
#define DV_AUTO_LOOKED	__attribute__((cleanup(looked_release)))

static void looked_release(struct looked *l)
{
	buf_release(&l->url);
	buf_release(&l->path);
	buf_release(&l->recorded);
	buf_release(&l->now);
}

/* --- URLs ---------------------------------------------------------------- */

static int look_url(const struct compare *c, const struct dv_pointer *p,
		    struct looked *l)
{
	DV_AUTO_URL_SOURCE struct url_source u = { NULL };
	DV_AUTO_URL_STATE struct url_state now = URL_STATE_INIT;
	int err;

	pointer_line_get(p, POINTER_ETAG, &l->recorded);
	err = url_source_open(c->repo, l->url.data, c->o->jobs, true, &u);
	if (!err)
		err = url_source_look(&u, &now);
	if (err)
		return err;
	buf_addstr(&l->now, now.version);
	if ((now.size != p->size && !pointer_is_changed(p)) ||
	    (l->recorded.len && l->now.len &&
	     strcmp(l->recorded.data, now.version)))
		l->state = DV_SOURCE_CHANGED;
	else if (!l->recorded.len || !l->now.len)
		return dv_fail(DV_E_UNSUPPORTED, "the server names no version "
			       "of it");
	return 0;
}

/* --- repositories -------------------------------------------------------- */

/* git's own name for what it has there; it need not be fetched for that. */
static int object_name(const struct clone *c, const char *path,
		       struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *args[] = { "rev-parse", "-q", "--verify",
			       "--end-of-options", NULL, NULL };

	buf_addf(&name, "%s:%s", c->commit, path);
	args[4] = name.data;
	return clone_git(c, args, out);
}

static int compare_git(const struct compare *c, const struct clone *now,
		       struct looked *l)
{
	DV_AUTO_CLONE struct clone *then = NULL;
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf new = BUF_INIT;
	int err = import_clone(c->repo, l->url.data, l->recorded.data, true,
			       &then);

	if (!err)
		err = object_name(then, l->path.data, &old);
	if (!err)
		err = object_name(now, l->path.data, &new);
	if (!err && strcmp(old.data, new.data))
		l->state = DV_SOURCE_CHANGED;
	return err;
}

/*
 * Directories that say what is at a path inside of what dv tracks there.  When
 * no remote has them, the path may be there all the same.
 */
static int take_directories(const struct compare *c, const struct clone *now,
			    const struct source_entry *e)
{
	struct error_state why;
	uint64_t bytes = 0;
	int err = *e->inside ? source_fetch(now, e, c->o, true, &bytes) : 0;

	if (err != DV_E_NOTFOUND)
		return err;
	error_save(DV_E_INCOMPLETE, &why);
	return error_restore(&why);
}

static int compare_tracked(const struct compare *c, const struct clone *now,
			   const struct source_entry *e,
			   const struct dv_pointer *p, struct looked *l)
{
	struct dv_pointer there;
	struct dv_id taken;
	int err = take_directories(c, now, e);

	if (!err)
		err = source_pointer(now, e, c->o, &there);
	pointer_taken_id(p, &taken);
	if (!err && !dv_id_equal(&there.id, &taken))
		l->state = DV_SOURCE_CHANGED;
	return err;
}

static int look_repository(const struct compare *c,
			   const struct dv_pointer *p, struct looked *l)
{
	DV_AUTO_BUF struct buf ref = BUF_INIT;
	DV_AUTO_CLONE struct clone *now = NULL;
	DV_AUTO_SOURCE struct source_entry e = { 0 };
	bool follows = pointer_line_get(p, POINTER_REF, &ref);
	int err;

	pointer_line_get(p, POINTER_REV, &l->recorded);
	pointer_line_get(p, POINTER_PATH, &l->path);
	err = import_clone(c->repo, l->url.data, follows ? ref.data : NULL,
			   true, &now);
	if (err)
		return err;
	buf_addstr(&l->now, now->commit);
	if (!strcmp(l->now.data, l->recorded.data))
		return 0;
	err = source_find(now, l->path.data, &e);
	if (err)
		return err;
	return e.kind == SOURCE_GIT ? compare_git(c, now, l) :
		compare_tracked(c, now, &e, p, l);
}

/* --- all of them --------------------------------------------------------- */

static int tell(const struct compare *c, const struct dv_tracked *t, int err,
		struct looked *l)
{
	struct error_state why = { .code = 0 };
	struct dv_source_entry e;

	if (err) {
		error_save(err, &why);
		l->state = err == DV_E_NOTFOUND ? DV_SOURCE_GONE :
			DV_SOURCE_UNKNOWN;
	}
	e = (struct dv_source_entry){
		.state = l->state, .path = t->path, .url = l->url.data,
		.recorded = l->recorded.data, .now = l->now.data,
		.why = l->state == DV_SOURCE_UNKNOWN ? why.text : "",
	};
	return c->fn(&e, c->data);
}

static int take_one(const struct dv_tracked *t, void *data)
{
	const struct compare *c = data;
	DV_AUTO_LOOKED struct looked l = LOOKED_INIT;
	int err = cancel_check();

	if (err || !pointer_line_get(&t->pointer, POINTER_URL, &l.url))
		return err;
	err = pointer_is_import(&t->pointer) ?
		look_repository(c, &t->pointer, &l) :
		look_url(c, &t->pointer, &l);
	return err == DV_E_INTERRUPTED || err == DV_E_NOSPACE ? err :
		tell(c, t, err, &l);
}

int dv_source_compare(struct dv_repo *repo, const struct dv_selection *what,
		      const struct dv_source_options *options,
		      dv_source_state_cb *fn, void *data)
{
	struct compare c = { repo, options, fn, data };

	return dv_tracked_each(repo, what, take_one, &c);
}
