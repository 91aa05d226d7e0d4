/* The folders of a WebDAV server that does not make them by itself. */

#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "remote/webdav.h"

struct dav_folder {
	struct dav_call d;
	bool needs_parent;
};

static int folder_judge(struct call *c, struct http_answer *a)
{
	struct dav_folder *f = (struct dav_folder *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	/* 405, 301: it is there already */
	if (http_good(a) || a->status == 405 || a->status == 301)
		return CALL_DONE;
	/* what Apache says when another one made it at the same moment */
	if (a->status == 403 && !c->repairs)
		return CALL_AGAIN;
	f->needs_parent = a->status == 409 || a->status == 404;
	return f->needs_parent ? CALL_DONE : dav_judge_refusal(&f->d, a);
}

static bool is_made(struct webdav *w, const char *path)
{
	bool found = false;

	pthread_mutex_lock(&w->mutex);
	for (size_t i = 0; i < w->made_count && !found; i++)
		found = !strcmp(w->made[i], path);
	pthread_mutex_unlock(&w->mutex);
	return found;
}

static void note_made(struct webdav *w, const char *path)
{
	pthread_mutex_lock(&w->mutex);
	ARRAY_GROW(w->made, w->made_count + 1, w->made_room);
	w->made[w->made_count++] = xstrdup(path);
	pthread_mutex_unlock(&w->mutex);
}

/*
 * Makes the folder `path` ("/a/b/") and, from there upwards, as many above it
 * as it takes.  depth is how often it has gone up.
 */
static int make_folder(struct remote *r, const char *object,
		       const char *path, int depth)
{
	DV_AUTO_BUF struct buf above = BUF_INIT;
	struct webdav *w = r->state;
	size_t len = strlen(path);
	int err;

	if (is_made(w, path))
		return 0;
	for (int i = 0; i < 2; i++) {
		struct dav_folder f = {
			.d = {
				.call = CALL_INIT(object, dav_plain_prepare,
						  folder_judge),
				.method = "MKCOL",
				.path = path,
			},
		};

		err = dav_run(r, &f.d);
		if (err)
			return err;
		if (!f.needs_parent) {
			note_made(w, path);
			return 0;
		}
		if (i || depth > 64 || len < 2)
			break;
		buf_add(&above, path, len - 1);
		while (above.len && above.data[above.len - 1] != '/')
			buf_setlen(&above, above.len - 1);
		if (above.len < 2)
			break;
		err = make_folder(r, object, above.data, depth + 1);
		if (err)
			return err;
	}
	return remote_fail(r, DV_E_IO, object, "the server does not make the "
			   "folder %s (409)", path);
}

int dav_make_parents(struct remote *r, const char *name, const char *path)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;

	buf_add(&folder, path, strrchr(path, '/') + 1 - path);
	return make_folder(r, name, folder.data, 0);
}
