/* What is tracked outside of the part that a sparse work tree shows. */

#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "git/index_file.h"
#include "git/obtain.h"
#include "git/private.h"
#include "git/revision.h"

#define SUFFIX_LEN	(sizeof(DV_POINTER_SUFFIX) - 1)

static bool is_hidden(const struct index_pointer *x)
{
	return !x->here && !x->stage;
}

/* What a partial clone lacks of them comes at once; *any: there are some. */
static int obtain_hidden(struct dv_repo *repo, const struct index_names *index,
			 bool *any)
{
	DV_AUTO_BUF struct buf ids = BUF_INIT;

	for (size_t i = 0; i < index->count; i++)
		if (is_hidden(&index->pointers[i]))
			obtain_add(&ids, index->pointers[i].id);
	*any = ids.len;
	return *any && repo_is_partial(repo) ? repo_obtain(repo, &ids) : 0;
}

/* What is no pointer is passed over. */
static int hand_out(struct revision *r, const struct index_pointer *x,
		    const char *path, dv_tracked_cb *fn, void *data)
{
	const struct revision_pointer p = {
		.path = path, .commit = "", .blob = x->id,
	};
	struct dv_tracked t = { .path = path, .inside = "" };
	int err = revision_read(r, &p, &t.pointer);

	if (err)
		return err == DV_E_INVALID ? 0 : err;
	err = fn(&t, data);
	dv_pointer_release(&t.pointer);
	return err;
}

int tracked_hidden(struct dv_repo *repo, dv_tracked_cb *fn, void *data)
{
	DV_AUTO_PATH_LIST struct path_list here = PATH_LIST_INIT;
	const struct index_names *index;
	struct revision *r;
	bool any = false;
	int err = index_names_get(repo, false, &index);

	if (!err)
		err = obtain_hidden(repo, index, &any);
	if (!err && any)
		err = tracked_list(repo, &here);
	if (err || !any)
		return err;
	r = revision_new(repo);
	for (size_t i = 0; !err && i < index->count; i++) {
		const struct index_pointer *x = &index->pointers[i];
		DV_AUTO_BUF struct buf path = BUF_INIT;

		buf_add(&path, x->path, strlen(x->path) - SUFFIX_LEN);
		if (is_hidden(x) && path_relative_ok(path.data) &&
		    !path_list_has(&here, path.data))
			err = hand_out(r, x, path.data, fn, data);
	}
	revision_free(r);
	return err;
}
