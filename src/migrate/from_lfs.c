/*
 * Files of git-lfs: those that .gitattributes gives to it and whose blob in
 * git is a pointer.
 */

#include "migrate/from_lfs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/index_file.h"
#include "git/run.h"
#include "migrate/blobs.h"
#include "migrate/history.h"
#include "migrate/lfs_origin.h"
#include "migrate/lfs_patterns.h"
#include "migrate/lfs_pointer.h"

struct lfs_file {
	const char *path;	/* in the listing */
	const char *blob;	/* in the arena */
	bool executable;
	bool pointer;		/* its blob is one */
	bool empty;		/* git-lfs leaves such to git */
};

struct walk {
	struct present *p;
	struct lfs_origin *origin;	/* owned */
	struct buf listing;		/* of git ls-files */
	struct lfs_file *files;		/* owned */
	size_t count, room;
};

#define DV_AUTO_WALK __attribute__((cleanup(walk_release)))

static void walk_release(struct walk *w)
{
	lfs_origin_close(w->origin);
	buf_release(&w->listing);
	free(w->files);
}

/* --- which files ------------------------------------------------------- */

/* "<mode> <blob> <stage>\t<path>" with a 0 behind each. */
static int list_files(struct walk *w)
{
	static const char *const args[] = {
		"ls-files", "-s", "-z", NULL
	};
	int err = run_git(w->p->repo, args, NULL, 0, &w->listing);

	for (size_t at = 0; at < w->listing.len && !err;) {
		const char *line = w->listing.data + at;
		const char *blob = strchr(line, ' ');
		const char *tab = strchr(line, '\t');

		at += strlen(line) + 1;
		/* in a conflict: nothing to be sure of */
		if (!blob || !tab || tab[-1] != '0' ||
		    strncmp(line, "100", 3))
			continue;
		ARRAY_GROW(w->files, w->count + 1, w->room);
		w->files[w->count++] = (struct lfs_file){
			.path = tab + 1, .executable = line[3] == '7',
			.blob = arena_copy(&w->p->arena, blob + 1,
					   strcspn(blob + 1, " ")),
		};
	}
	return err;
}

static int keep_filtered(struct walk *w)
{
	DV_AUTO_BUF struct buf paths = BUF_INIT;
	DV_AUTO_BUF struct buf said = BUF_INIT;
	size_t kept = 0, at = 0;
	int err;

	for (size_t i = 0; i < w->count; i++)
		buf_add(&paths, w->files[i].path,
			strlen(w->files[i].path) + 1);
	err = lfs_ask(w->p->repo, &paths, &said);
	for (size_t i = 0; i < w->count && !err; i++)
		if (lfs_next(&said, &at))
			w->files[kept++] = w->files[i];
	w->count = kept;
	return err;
}

/* --- what they are ----------------------------------------------------- */

static int add_pointer(struct present *p, struct lfs_origin *origin,
		       const struct lfs_file *f, const struct lfs_pointer *lfs)
{
	struct present_out *out;

	if (lfs->extended)
		return dv_fail(DV_E_UNSUPPORTED, "an extension of git-lfs has "
			       "changed what is stored");
	lfs_origin_expect(origin, &lfs->name, lfs->size);
	out = present_add(p, f->path, f->path, "");
	out->item.origin = &origin->origin;
	out->item.executable = f->executable;
	out->item.wanted = (struct wanted){
		.name = lfs->name, .has_size = true, .size = lfs->size,
		.path = arena_copy(&p->arena, f->path, strlen(f->path)),
	};
	return 0;
}

static int take_blob(void *data, size_t n, const char *text, size_t len)
{
	struct walk *w = data;
	struct lfs_file *f = &w->files[n];
	struct lfs_pointer lfs;
	int err;

	if (!text)
		return 0;
	f->empty = !len;
	f->pointer = lfs_pointer_read(text, len, &lfs);
	err = f->pointer ? add_pointer(w->p, w->origin, f, &lfs) : 0;
	return err ? present_left(w->p, f->path, f->path, dv_error_text()) :
		0;
}

static int read_blobs(struct walk *w)
{
	const char **names = xcalloc(w->count + 1, sizeof(*names));
	int err;

	for (size_t i = 0; i < w->count; i++)
		names[i] = w->files[i].blob;
	err = blobs_read(w->p->repo, names, w->count, LFS_POINTER_MOST,
			 take_blob, w);
	free(names);
	for (size_t i = 0; i < w->count && !err; i++)
		if (!w->files[i].pointer && !w->files[i].empty)
			err = present_left(w->p, w->files[i].path,
					   w->files[i].path, "git has its "
					   "content, not a pointer of "
					   "git-lfs");
	return err;
}

/* --- afterwards -------------------------------------------------------- */

/* git forgets the files, so that they are only dv's. */
static int untrack(struct walk *w)
{
	static const char *const args[] = {
		"--literal-pathspecs", "rm", "-q", "--cached",
		"--ignore-unmatch", "--pathspec-from-file=-",
		"--pathspec-file-nul", NULL
	};
	DV_AUTO_BUF struct buf list = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < w->p->count; i++)
		if (w->p->outs[i].carried)
			buf_add(&list, w->p->outs[i].path,
				strlen(w->p->outs[i].path) + 1);
	if (!list.len)
		return 0;
	index_names_forget(w->p->repo);
	return run_git(w->p->repo, args, list.data, list.len, &out);
}

/*
 * Where git-lfs had not fetched the content, its pointer lies in the work
 * tree.  Git has that text in its history; nothing is lost with it.
 */
static int drop_texts(struct walk *w, struct buf *checkout)
{
	for (size_t i = 0; i < w->p->count; i++) {
		const struct present_out *out = &w->p->outs[i];
		DV_AUTO_BUF struct buf path = BUF_INIT;
		DV_AUTO_BUF struct buf text = BUF_INIT;
		struct lfs_pointer lfs;

		buf_addf(&path, "%s/%s", dv_repo_worktree(w->p->repo),
			 out->path);
		if (!out->carried ||
		    file_read(path.data, LFS_POINTER_MOST, &text) ||
		    !lfs_pointer_read(text.data, text.len, &lfs) ||
		    memcmp(lfs.name.bytes, out->item.wanted.name.bytes,
			   sizeof(lfs.name.bytes)))
			continue;
		if (unlink(path.data) < 0)
			return dv_fail_errno("cannot replace %s", out->path);
		buf_add(checkout, path.data, path.len + 1);
	}
	return 0;
}

static int note_patterns(struct present *p, const struct lfs_taken *taken)
{
	if (taken->files.count)
		return lfs_taken_note(p, taken);
	return !p->count ? 0 :
		present_note(p, ".gitattributes", "its patterns for git-lfs "
			     "are still there", "git lfs untrack <pattern>, "
			     "once nobody needs it");
}

static int note_server(struct present *p, const struct lfs_origin *o)
{
	return o->down ? present_note(p, "git-lfs server", o->trouble.text,
				      *o->trouble.hint ? o->trouble.hint :
				      NULL) : 0;
}

int migrate_lfs(struct present *p, struct buf *checkout)
{
	DV_AUTO_WALK struct walk w = { .p = p, .listing = BUF_INIT };
	DV_AUTO_LFS_TAKEN struct lfs_taken taken = { .kinds = NULL };
	int err = lfs_origin_open(p->repo, &w.origin);

	if (!err)
		err = list_files(&w);
	if (!err)
		err = keep_filtered(&w);
	if (!err)
		err = read_blobs(&w);
	if (!err)
		err = lfs_taken_find(p, &taken);
	/* git add would give them to git-lfs */
	p->unstaged = taken.files.count;
	if (!err)
		err = present_run(p, true);
	if (!err && !p->o->dry_run)
		err = untrack(&w);
	if (!err && !p->o->dry_run)
		err = drop_texts(&w, checkout);
	if (!err)
		err = note_patterns(p, &taken);
	return err ? err : note_server(p, w.origin);
}

/* --- history ----------------------------------------------------------- */

struct lfs_reader {
	struct history_reader reader;
	struct lfs_origin *origin;
};

static bool any(struct history_reader *r, const char *path)
{
	(void)r;
	(void)path;
	return true;
}

static bool looks(const char *text, size_t len)
{
	struct lfs_pointer lfs;

	return lfs_pointer_read(text, len, &lfs);
}

static int read_past(struct history_reader *r, struct present *p,
		     const struct history_file *f)
{
	struct lfs_reader *l = (struct lfs_reader *)r;
	const struct lfs_file file = {
		.path = f->path, .executable = f->executable,
	};
	struct lfs_pointer lfs;

	if (!lfs_pointer_read(f->text, f->len, &lfs))
		return 1;
	return add_pointer(p, l->origin, &file, &lfs);
}

int migrate_lfs_history(struct present *p)
{
	struct lfs_reader r = {
		.reader = { .may = any, .most = LFS_POINTER_MOST,
			    .read = read_past, .filter = "lfs",
			    .looks = looks, .ignore = true },
	};
	int err = lfs_origin_open(p->repo, &r.origin);

	if (!err)
		err = history_run(p, &r.reader);
	if (!err)
		err = note_server(p, r.origin);
	lfs_origin_close(r.origin);
	return err;
}
