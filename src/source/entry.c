#include "source/entry.h"

#include <stdlib.h>
#include <string.h>

#include "dv/transfer.h"

#include "base/array.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "source/beside.h"
#include "store/pointer_line.h"
#include "store/store.h"
#include "store/tree.h"
#include "work/resolve.h"

void source_release(struct source_entry *p)
{
	free(p->path);
	free(p->inside);
	dv_pointer_release(&p->pointer);
	memset(p, 0, sizeof(*p));
}

/* --- finding ------------------------------------------------------------- */

static int refuse_pointer(const struct source_entry *p,
			  const struct dv_tracked *t)
{
	return dv_hint(dv_fail(DV_E_INVALID, "%s is a pointer file", p->path),
		       "the data is %s", t->path);
}

static int take_tracked(const struct dv_tracked *t, void *data)
{
	struct source_entry *p = data;

	if (is_pointer_of(p->path, t->path))
		return refuse_pointer(p, t);
	if (!path_below(p->path, t->path))
		return 0;	/* in a folder that was asked for */
	p->kind = SOURCE_TRACKED;
	p->inside = xstrdup(t->inside);
	p->pointer = t->pointer;
	p->pointer.rest = xstrdup("");
	return 0;
}

static int find_tracked(const struct clone *c, struct source_entry *p)
{
	const char *paths[] = { p->path };
	struct dv_selection what = { .paths = paths, .count = 1,
				     .rev = c->commit };
	int err = dv_tracked_each(c->repo, &what, take_tracked, p);

	return err == DV_E_NOTFOUND ? 0 : err;
}

static int not_there(const struct clone *c, const struct source_entry *p)
{
	DV_AUTO_BUF struct buf url = BUF_INIT;
	int err = dv_fail(DV_E_NOTFOUND, "%s has no %s in %.12s", c->url,
			  p->path, c->commit);

	if (c->dvc)
		return dv_hint(err, "DVC looks after that repository, and dv "
			       "does not read its data: dvc get");
	path_word(c->url, &url);
	return dv_hint(err, "dv ls --repo %s", url.data);
}

int source_plain_path(const char *typed, struct buf *out)
{
	int err = path_inside("/", "", typed, out);

	if (!err && out->len && path_relative_ok(out->data))
		return 0;
	err = dv_fail(DV_E_INVALID, "'%s' is no file or folder inside of "
		      "another repository", typed);
	return dv_hint(err, "dv ls --repo <url> lists what there is; git clone "
		       "takes all of it");
}

int source_find(const struct clone *c, const char *path,
		struct source_entry *out)
{
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	enum clone_entry kind;
	int err = source_plain_path(path, &plain);

	memset(out, 0, sizeof(*out));
	if (err)
		return err;
	out->path = buf_detach(&plain);
	if (c->repo)
		err = find_tracked(c, out);
	if (err || out->kind)
		return err;
	err = clone_look(c, out->path, &kind);
	if (!err && kind == CLONE_OTHER)
		err = dv_fail(DV_E_UNSUPPORTED, "%s of %s is a symbolic link "
			      "or a submodule", out->path, c->url);
	if (!err && kind == CLONE_NOTHING)
		err = not_there(c, out);
	out->kind = SOURCE_GIT;
	return err;
}

/* --- its content --------------------------------------------------------- */

static int is_import(const struct dv_tracked *t, void *data)
{
	*(bool *)data |= pointer_has_source(&t->pointer);
	return 0;
}

bool source_has_imports(const struct clone *c, const struct dv_selection *what)
{
	bool any = false;

	return !dv_tracked_each(c->repo, what, is_import, &any) && any;
}

int source_fetch(const struct clone *c, const struct source_entry *p,
		const struct dv_source_options *o, bool nodes_only,
		uint64_t *bytes)
{
	const char *paths[] = { p->path };
	struct dv_transfer_options t = {
		.what = { .paths = paths, .count = 1, .rev = c->commit },
		.remote = o->remote, .jobs = o->jobs,
		.metadata_only = nodes_only, .progress = o->progress,
		.notice = o->notice, .notice_data = o->notice_data,
	};
	struct dv_transfer_result result = { 0 };
	struct error_state why;
	int err;

	if (!c->repo)
		return 0;
	err = dv_fetch(c->repo, &t, &result);
	*bytes += result.bytes;
	/* a folder of git's without anything tracked below */
	if (err == DV_E_NOTFOUND && p->kind == SOURCE_GIT && !result.roots)
		return 0;
	if (!err || err == DV_E_INTERRUPTED || err == DV_E_NOSPACE ||
	    o->remote)
		return err;
	error_save(err, &why);
	err = beside_take(c, &t);
	/* what it has imported itself is where that came from */
	t.supply = dv_source_supply_look;
	if (err == DV_E_NOTFOUND && source_has_imports(c, &t.what))
		return dv_fetch(c->repo, &t, &result);
	/* why the remotes have not got it says more than that */
	return err == DV_E_NOTFOUND ? error_restore(&why) : err;
}

static int put_node(struct store *s, const struct object *node)
{
	struct session_hand *hand;
	struct session *w;
	int err = session_open(s, &w);

	if (err)
		return err;
	if (session_claim(w, OBJECT_META, &node->id)) {
		hand = session_hand_new(w);
		err = session_put(hand, OBJECT_META, node, 1);
		if (!err)
			err = session_hand_flush(hand);
		session_hand_free(hand);
	}
	if (!err)
		err = session_finish(w);
	session_free(w);
	return err;
}

static int entry_pointer(struct store *s, const char *path,
			 const struct tree_entry *e, struct dv_pointer *out)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct object node;
	int err;

	*out = (struct dv_pointer){
		.kind = e->type == ENTRY_DIR ? DV_KIND_TREE : DV_KIND_FILE,
		.id = e->content.id, .size = e->content.size,
		.files = e->type == ENTRY_DIR ? e->files : 1,
	};
	if (e->type == ENTRY_SYMLINK)
		return dv_fail(DV_E_UNSUPPORTED, "%s is a symbolic link",
			       path);
	if (e->type == ENTRY_DIR)
		return 0;
	err = file_node_encode(&e->content, e->executable, &bytes, &out->id);
	if (err)
		return err;
	node = (struct object){ .id = out->id, .len = (uint32_t)bytes.len,
				.data = (const uint8_t *)bytes.data };
	return put_node(s, &node);
}

int source_pointer(const struct clone *c, const struct source_entry *p,
		  const struct dv_source_options *o, struct dv_pointer *out)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct tree_entry root, entry;
	struct store_reader *reader;
	struct store *store;
	uint64_t bytes = 0;
	int err;

	*out = p->pointer;
	out->rest = NULL;
	if (!*p->inside)
		return 0;
	err = source_fetch(c, p, o, true, &bytes);
	if (!err)
		err = repo_store(c->repo, &store);
	if (err)
		return err;
	reader = store_reader_new(store);
	resolve_root(&p->pointer, &root);
	err = resolve_inside(reader, p->path, &root, p->inside, &arena,
			     &entry);
	if (!err)
		err = entry_pointer(store, p->path, &entry, out);
	store_reader_free(reader);
	return err;
}
