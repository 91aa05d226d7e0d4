/* dv_tracked_each(): from what the user typed to pointers. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/path.h"
#include "base/path_order.h"
#include "base/trace.h"
#include "git/obtain.h"
#include "git/private.h"
#include "git/revision.h"

#define SUFFIX_LEN	(sizeof(DV_POINTER_SUFFIX) - 1)

/* A path that was typed. */
struct wish {
	const char *typed;
	const char *path;	/* relative to the work tree */
	bool met;
};

/* A tracked path that a wish is about. */
struct match {
	const char *path, *inside;
	struct wish *wish;	/* NULL: everything was meant */
};

/* What is handed out in the end. */
struct item {
	struct dv_tracked tracked;
	size_t order;
	bool dropped;
};

/* A pointer in a commit, as revision.h reports it. */
struct sighting {
	struct revision_pointer pointer;
	bool strict;		/* of the commit that was asked for: it has to
				   be one */
};

struct selection {
	struct dv_repo *repo;
	const struct dv_selection *what;
	struct arena arena;
	struct wish *wishes;	/* owned */
	size_t wish_count;
	struct match *matches;	/* owned; sorted by path */
	size_t match_count, match_room;
	struct item *items;	/* owned, with their pointers */
	size_t item_count, item_room;
	struct sighting *sightings;	/* owned */
	size_t sighting_count, sighting_room;
	bool strict;
};

#define DV_AUTO_SELECTION	__attribute__((cleanup(selection_release)))

static void selection_release(struct selection *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		dv_pointer_release(&s->items[i].tracked.pointer);
	arena_release(&s->arena);
	free(s->wishes);
	free(s->matches);
	free(s->items);
	free(s->sightings);
}

static const char *keep(struct selection *s, const char *text)
{
	return arena_copy(&s->arena, text, strlen(text));
}

static int read_wishes(struct selection *s, const struct dv_selection *what)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = 0;

	s->wishes = xcalloc(what->count + 1, sizeof(*s->wishes));
	for (size_t i = 0; i < what->count && !err; i++) {
		err = path_inside(s->repo->place.worktree, s->repo->prefix,
				  what->paths[i], &path);
		if (err)
			break;
		s->wishes[s->wish_count++] = (struct wish){
			.typed = what->paths[i], .path = keep(s, path.data),
		};
	}
	return err;
}

/* --- matching ---------------------------------------------------------- */

static void add_match(struct selection *s, const char *path,
		      const char *inside, struct wish *wish)
{
	ARRAY_GROW(s->matches, s->match_count + 1, s->match_room);
	s->matches[s->match_count++] = (struct match){ path, inside, wish };
}

/* Tracked paths above w, and w itself. */
static void match_above(struct selection *s, const struct path_list *list,
			struct wish *w)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;
	size_t n = 0;

	while (w->path[n]) {
		size_t at;

		n += strcspn(w->path + n, "/");
		buf_clear(&part);
		buf_add(&part, w->path, n);
		at = path_list_lower(list, part.data);
		n += w->path[n] == '/';
		if (at < list->count && !strcmp(list->items[at], part.data))
			add_match(s, list->items[at], w->path + n, w);
	}
}

/* The tracked path whose pointer file w is. */
static void match_pointer(struct selection *s, const struct path_list *list,
			  struct wish *w)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	size_t at, len = strlen(w->path);

	if (!pointer_name(w->path, len))
		return;
	buf_add(&path, w->path, len - SUFFIX_LEN);
	at = path_list_lower(list, path.data);
	if (at < list->count && !strcmp(list->items[at], path.data))
		add_match(s, list->items[at], "", w);
}

static void match_below(struct selection *s, const struct path_list *list,
			struct wish *w)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;

	if (*w->path)
		buf_addf(&folder, "%s/", w->path);
	for (size_t i = path_list_lower(list, folder.data); i < list->count &&
	     !strncmp(list->items[i], folder.data, folder.len); i++)
		add_match(s, list->items[i], "", w);
}

static int by_match_path(const void *a, const void *b)
{
	const struct match *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	/* what was asked for of one path comes as it was asked for */
	return order ? order : (x->wish > y->wish) - (x->wish < y->wish);
}

static void match_all(struct selection *s, const struct path_list *list)
{
	s->match_count = 0;
	if (!s->wish_count) {
		for (size_t i = 0; i < list->count; i++)
			add_match(s, list->items[i], "", NULL);
		return;
	}
	for (size_t i = 0; i < s->wish_count; i++) {
		match_above(s, list, &s->wishes[i]);
		match_pointer(s, list, &s->wishes[i]);
		match_below(s, list, &s->wishes[i]);
	}
	if (s->match_count)
		qsort(s->matches, s->match_count, sizeof(*s->matches),
		      by_match_path);
}

/* --- items ------------------------------------------------------------- */

/* Takes *pointer over.  There is nothing inside of a file. */
static void add_item(struct selection *s, const struct match *m,
		     const char *commit, struct dv_pointer *pointer)
{
	struct item *item;

	if (*m->inside && pointer->kind == DV_KIND_FILE) {
		dv_pointer_release(pointer);
		return;
	}
	if (m->wish)
		m->wish->met = true;
	ARRAY_GROW(s->items, s->item_count + 1, s->item_room);
	item = &s->items[s->item_count];
	*item = (struct item){
		.tracked = { m->path, *pointer, m->inside, commit },
		.order = s->item_count++,
	};
}

/* What cannot be read of this one alone does not have to end it. */
static int pass_broken(const struct selection *s, const struct match *m,
		       int err)
{
	if (!s->what->broken ||
	    (err != DV_E_INVALID && err != DV_E_UNSUPPORTED))
		return err;
	if (m->wish)
		m->wish->met = true;
	return s->what->broken(m->path, err, s->what->broken_data);
}

/* A pointer file that nobody has listed is known by being named. */
static int add_unlisted(struct selection *s, struct wish *w)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	DV_AUTO_BUF struct buf asked = BUF_INIT;
	struct dv_pointer pointer;
	struct match m = { .wish = w };
	int err;

	buf_addstr(&asked, w->path);
	err = tracked_find(s->repo, asked.data, &path, &inside);
	if (err == DV_E_NOTFOUND && pointer_name(asked.data, asked.len)) {
		buf_setlen(&asked, asked.len - SUFFIX_LEN);
		err = tracked_find(s->repo, asked.data, &path, &inside);
		if (!err && inside.len)
			return 0;
	}
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	m.path = keep(s, path.data);
	m.inside = keep(s, inside.data);
	err = tracked_read(s->repo, path.data, &pointer);
	if (err)
		return pass_broken(s, &m, err);
	add_item(s, &m, NULL, &pointer);
	return 0;
}

static int take_worktree(struct selection *s)
{
	DV_AUTO_PATH_LIST struct path_list list = PATH_LIST_INIT;
	int err = tracked_list(s->repo, &list);

	match_all(s, &list);
	for (size_t i = 0; i < s->match_count && !err; i++) {
		struct match m = s->matches[i];
		struct dv_pointer pointer;

		err = tracked_read(s->repo, m.path, &pointer);
		if (err == DV_E_NOTFOUND) {	/* removed this moment */
			err = 0;
			continue;
		}
		if (err) {
			err = pass_broken(s, &m, err);
			continue;
		}
		m.path = keep(s, m.path);
		add_item(s, &m, NULL, &pointer);
	}
	for (size_t i = 0; i < s->wish_count && !err; i++)
		if (!s->wishes[i].met && *s->wishes[i].path)
			err = add_unlisted(s, &s->wishes[i]);
	return err;
}

/* --- commits ----------------------------------------------------------- */

static int take_sighting(const struct revision_pointer *p, void *data)
{
	struct selection *s = data;

	ARRAY_GROW(s->sightings, s->sighting_count + 1, s->sighting_room);
	s->sightings[s->sighting_count++] = (struct sighting){ *p, s->strict };
	return 0;
}

/*
 * Of all the history, what is no pointer (a merge gone wrong, once) is
 * passed over; a newer dv's is not.
 */
static int read_sighting(struct selection *s, struct revision *r,
		      const struct sighting *sighting, const struct match *m)
{
	struct dv_pointer pointer;
	int err = revision_read(r, &sighting->pointer, &pointer);

	if (err == DV_E_INVALID && !sighting->strict)
		return 0;
	if (err)
		return pass_broken(s, m, err);
	add_item(s, m, sighting->pointer.commit, &pointer);
	return 0;
}

static int order_match(const void *path, const void *item)
{
	return strcmp(path, ((const struct match *)item)->path);
}

static size_t first_match(const struct selection *s, const char *path)
{
	return array_lower(path, s->matches, s->match_count,
			   sizeof(*s->matches), order_match);
}

/* What a partial clone lacks of them comes all at once. */
static int obtain_sightings(struct selection *s)
{
	DV_AUTO_BUF struct buf ids = BUF_INIT;

	if (!s->sighting_count || !repo_is_partial(s->repo))
		return 0;
	for (size_t i = 0; i < s->sighting_count; i++) {
		const struct revision_pointer *p = &s->sightings[i].pointer;
		size_t k = first_match(s, p->path);

		if (k < s->match_count && !strcmp(s->matches[k].path, p->path))
			obtain_add(&ids, p->blob);
	}
	return repo_obtain(s->repo, &ids);
}

/* rev: that of what, or the one it stands for. */
static int take_commits(struct selection *s, struct revision *r,
			const struct dv_selection *what, const char *rev)
{
	DV_AUTO_PATH_LIST struct path_list list = PATH_LIST_INIT;
	int err = 0;

	s->strict = true;
	if (rev)
		err = revision_one(r, rev, take_sighting, s);
	s->strict = false;
	if (!err &&
	    (what->all_branches || what->all_tags || what->all_commits))
		err = revision_all(r, what, take_sighting, s);
	if (!err && what->range)
		err = revision_range(r, what, take_sighting, s);
	if (err)
		return err;
	for (size_t i = 0; i < s->sighting_count; i++)
		path_list_add(&list, s->sightings[i].pointer.path,
			      strlen(s->sightings[i].pointer.path));
	path_list_sort(&list);
	match_all(s, &list);
	err = obtain_sightings(s);
	for (size_t i = 0; i < s->sighting_count && !err; i++) {
		const char *path = s->sightings[i].pointer.path;

		for (size_t k = first_match(s, path); k < s->match_count &&
		     !strcmp(s->matches[k].path, path) && !err; k++) {
			struct match m = s->matches[k];

			m.path = path;
			err = read_sighting(s, r, &s->sightings[i], &m);
		}
	}
	return err;
}

/* --- handing out ------------------------------------------------------- */

/* What says the same comes together, the wider part first. */
static int by_content(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->tracked.path, y->tracked.path);

	if (!order)
		order = dv_id_compare(&x->tracked.pointer.id,
				      &y->tracked.pointer.id);
	if (!order)
		order = (int)x->tracked.pointer.kind -
			(int)y->tracked.pointer.kind;
	if (!order)
		order = path_order(x->tracked.inside, y->tracked.inside);
	return order ? order : x->order < y->order ? -1 : 1;
}

static int by_path(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->tracked.path, y->tracked.path);

	return order ? order : x->order < y->order ? -1 : 1;
}

static bool same_content(const struct item *a, const struct item *b)
{
	return !strcmp(a->tracked.path, b->tracked.path) &&
	       a->tracked.pointer.kind == b->tracked.pointer.kind &&
	       dv_id_equal(&a->tracked.pointer.id, &b->tracked.pointer.id);
}

/*
 * Drops what an item before it has already: the same pointer at the same
 * path, in whole or around this part.  What is inside of a part follows it.
 */
static void drop_covered(struct selection *s)
{
	const struct item *kept = s->items;

	for (size_t i = 1; i < s->item_count; i++) {
		struct item *item = &s->items[i];

		item->dropped = same_content(kept, item) &&
			path_below(item->tracked.inside, kept->tracked.inside);
		if (!item->dropped)
			kept = item;
	}
}

static int hand_out(struct selection *s, dv_tracked_cb *fn, void *data)
{
	int err = 0;

	if (s->item_count)
		qsort(s->items, s->item_count, sizeof(*s->items), by_content);
	drop_covered(s);
	if (s->item_count)
		qsort(s->items, s->item_count, sizeof(*s->items), by_path);
	for (size_t i = 0; i < s->item_count && !err; i++)
		if (!s->items[i].dropped)
			err = fn(&s->items[i].tracked, data);
	return err;
}

static int hand_on(const struct dv_selection *what, dv_tracked_cb *fn,
		   void *data)
{
	int err = 0;

	for (size_t i = 0; i < what->given_count && !err; i++)
		err = fn(&what->given[i], data);
	return err;
}

/* Who is used to `git show HEAD:data` types a commit. */
static int hint_commit(struct dv_repo *repo, const char *typed, int err)
{
	DV_AUTO_BUF struct buf rev = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	size_t len = strcspn(typed, ":");
	struct error_state why;
	char commit[DV_COMMIT_HEX + 1];

	buf_add(&rev, typed, len);
	error_save(err, &why);
	if (!len || *typed == '-' || dv_repo_commit(repo, rev.data, commit))
		return error_restore(&why);
	error_restore(&why);
	path_word(rev.data, &word);
	if (typed[len] && typed[len + 1])
		path_word(typed + len + 1, &path);
	return dv_hint(err, "dv ls, cat, push and fetch name a commit so: "
		       "--rev %s%s%s", word.data, path.len ? " " : "",
		       path.data ? path.data : "");
}

/* Who is used to `git push origin` types the name of a remote. */
static int fail_unmet(struct dv_repo *repo, const struct wish *w)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *typed = w->typed;
	int err = dv_fail(DV_E_NOTFOUND, "nothing is tracked at %s", typed);

	if (strlen(typed) > 4 && !strcmp(typed + strlen(typed) - 4, ".dvc"))
		return dv_hint(err, "DVC tracks it: dv migrate --from-dvc");
	buf_addf(&name, "remote.%s.url", typed);
	if (dv_config_get(repo, name.data))
		return dv_hint(err, "a remote is named by -r %s", typed);
	if (settings_git(repo, name.data))
		return dv_hint(err, "that is a remote of git: dv remote list "
			       "shows those of dv, which are named by -r");
	return hint_commit(repo, typed, repo_hint_away(repo, err, w->path));
}

int dv_tracked_each(struct dv_repo *repo, const struct dv_selection *what,
		    dv_tracked_cb *fn, void *data)
{
	TRACE_REGION("git: tracked paths");
	DV_AUTO_SELECTION struct selection s = { .repo = repo, .what = what };
	const char *rev = what->range ? what->rev :
		repo_revision(repo, what->rev);
	struct revision *r = NULL;
	int err;

	if (what->given)
		return hand_on(what, fn, data);
	err = read_wishes(&s, what);
	if (!err && !rev && !what->range)
		err = take_worktree(&s);
	if (!err && (rev || what->range || what->all_branches ||
		     what->all_tags || what->all_commits)) {
		r = revision_new(repo);
		err = take_commits(&s, r, what, rev);
	}
	for (size_t i = 0; i < s.wish_count && !err; i++)
		if (!s.wishes[i].met && *s.wishes[i].path)
			err = fail_unmet(repo, &s.wishes[i]);
	if (!err)
		err = hand_out(&s, fn, data);
	revision_free(r);
	return err;
}
