/*
 * dv mv.  The new pointer is there before the old one goes, so that a crash
 * in between leaves the content with a name.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dv/arrange.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/trace.h"
#include "git/repo.h"
#include "work/add.h"
#include "work/add_check.h"
#include "work/below.h"
#include "work/stat_index.h"

struct moving {
	struct dv_repo *repo;
	int top;		/* fd of the work tree */
	bool dry_run;
	bool begun;		/* by a run that was killed */
	struct buf from, to;	/* relative to the work tree */
	struct buf tracked, inside;	/* what `from` is */
	struct path_list stage;
};

#define DV_AUTO_MOVING	__attribute__((cleanup(moving_release)))

static void moving_release(struct moving *m)
{
	buf_release(&m->from);
	buf_release(&m->to);
	buf_release(&m->tracked);
	buf_release(&m->inside);
	path_list_release(&m->stage);
}

/* --- what is meant ----------------------------------------------------- */

static int open_parent(const struct moving *m, const char *path)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;

	buf_add(&dir, path, path_parent_len(path));
	return open_below(m->top, dir.data);
}

/* lstat; false: nothing is there, or it is beyond a symbolic link. */
static bool look(const struct moving *m, const char *path, struct stat *st)
{
	DV_AUTO_CLOSE int dir = open_parent(m, path);

	return dir >= 0 && !fstatat(dir, path_name(path), st,
				    AT_SYMLINK_NOFOLLOW);
}

/* As git mv takes them: both, or the first one, by their pointers. */
static void drop_suffix(struct buf *path)
{
	size_t suffix = strlen(DV_POINTER_SUFFIX);

	if (path->len > suffix &&
	    !strcmp(path->data + path->len - suffix, DV_POINTER_SUFFIX))
		buf_setlen(path, path->len - suffix);
}

static int find_moved(struct moving *m)
{
	int err = tracked_find(m->repo, m->from.data, &m->tracked, &m->inside);
	DV_AUTO_BUF struct buf data = BUF_INIT;

	if (err != DV_E_NOTFOUND)
		return err;
	buf_addstr(&data, m->from.data);
	drop_suffix(&data);
	if (data.len == m->from.len)
		return err;
	err = tracked_find(m->repo, data.data, &m->tracked, &m->inside);
	if (err)
		return err;
	if (m->inside.len)
		return DV_E_NOTFOUND;
	drop_suffix(&m->from);
	drop_suffix(&m->to);
	return 0;
}

/* Two files that can be read and are the same. */
static bool same_text(const struct moving *m, const char *one,
		      const char *two)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf a = BUF_INIT;
	DV_AUTO_BUF struct buf b = BUF_INIT;

	buf_addf(&path, "%s/%s", dv_repo_worktree(m->repo), one);
	if (file_read(path.data, DV_POINTER_MAX, &a))
		return false;
	buf_clear(&path);
	buf_addf(&path, "%s/%s", dv_repo_worktree(m->repo), two);
	return !file_read(path.data, DV_POINTER_MAX, &b) &&
		a.len == b.len && !memcmp(a.data, b.data, a.len);
}

/*
 * A move that was killed has left the same pointer under both names, the new
 * one unknown to git, and the data under one of them.
 */
static int find_begun(struct moving *m)
{
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf new = BUF_INIT;
	enum pointer_index_state state;
	struct stat st;
	int err;

	m->begun = false;
	buf_addf(&old, "%s%s", m->from.data, DV_POINTER_SUFFIX);
	buf_addf(&new, "%s%s", m->to.data, DV_POINTER_SUFFIX);
	if (m->inside.len || !m->to.len || !look(m, new.data, &st) ||
	    !S_ISREG(st.st_mode) || !same_text(m, old.data, new.data) ||
	    (look(m, m->from.data, &st) && look(m, m->to.data, &st)))
		return 0;
	err = repo_pointer_staged(m->repo, new.data, NULL, &state);
	m->begun = !err && state == POINTER_INDEX_NONE;
	return err;
}

/* "x/" is a folder: one that is here, or the new name of one. */
static int check_slash(const struct moving *m, const char *to)
{
	size_t len = strlen(to);
	DV_AUTO_BUF struct buf typed = BUF_INIT;
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	struct dv_pointer p;
	struct stat st;
	bool folder;
	int err;

	if (!len || to[len - 1] != '/' ||
	    path_inside(dv_repo_worktree(m->repo), dv_repo_prefix(m->repo), to,
			&plain) || strcmp(plain.data, m->to.data))
		return 0;
	if (m->inside.len) {
		folder = look(m, m->from.data, &st) && S_ISDIR(st.st_mode);
	} else {
		err = tracked_read(m->repo, m->from.data, &p);
		if (err)
			return err;
		folder = p.kind == DV_KIND_TREE;
		dv_pointer_release(&p);
	}
	if (folder)
		return 0;
	return dv_hint(dv_fail(DV_E_NOTFOUND, "there is no folder %s",
			       m->to.data), "mkdir -p %s",
		       repo_word(m->repo, m->to.data, &typed));
}

static int read_names(struct moving *m, const char *from, const char *to)
{
	const char *top = dv_repo_worktree(m->repo);
	const char *prefix = dv_repo_prefix(m->repo);
	struct stat st;
	int err = path_inside(top, prefix, from, &m->from);

	if (!err)
		err = path_inside(top, prefix, to, &m->to);
	if (err)
		return err;
	err = find_moved(m);
	if (err == DV_E_NOTFOUND)
		return repo_hint_away(m->repo, dv_fail(err, "nothing is "
						       "tracked at %s", from),
				      m->from.data);
	if (!err)
		err = find_begun(m);
	if (!err && !m->begun &&
	    (!m->to.len || (look(m, m->to.data, &st) && S_ISDIR(st.st_mode)))) {
		path_append(&m->to, path_name(m->from.data));
		err = find_begun(m);
	}
	if (err)
		return err;
	if (path_below(m->to.data, m->from.data))
		return dv_fail(DV_E_INVALID, "%s cannot be moved into itself",
			       m->from.data);
	return check_slash(m, to);
}

static int check_free(const struct moving *m)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct stat st;

	buf_addf(&pointer, "%s%s", m->to.data, DV_POINTER_SUFFIX);
	if (m->begun)
		return 0;
	if (look(m, m->to.data, &st))
		return dv_fail(DV_E_EXISTS, "%s is there already",
			       m->to.data);
	if (!m->inside.len && look(m, pointer.data, &st))
		return dv_fail(DV_E_EXISTS, "%s is there already",
			       pointer.data);
	return 0;
}

/* What is tracked as a whole is gone then; of a directory it is a part. */
static int refuse_border(const struct moving *m)
{
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf to = BUF_INIT;
	int err = dv_fail(DV_E_UNSUPPORTED, "%s: what is inside a tracked "
			  "directory stays there, and nothing else moves in",
			  m->from.data);

	repo_word(m->repo, m->from.data, &from);
	repo_word(m->repo, m->to.data, &to);
	return dv_hint(err, "mv %s %s, then dv %s %s and dv add %s",
		       from.data, to.data, m->inside.len ? "add" : "rm",
		       from.data, to.data);
}

/* The part of `to` inside the directory that `from` is inside of, too. */
static int check_border(const struct moving *m, const char **to_inside)
{
	DV_AUTO_BUF struct buf tracked = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	int err = m->begun ? DV_E_NOTFOUND :
		  tracked_find(m->repo, m->to.data, &tracked, &inside);

	if (err && err != DV_E_NOTFOUND)
		return err;
	*to_inside = m->inside.len ?
		path_below(m->to.data, m->tracked.data) : NULL;
	if (!m->inside.len != (err == DV_E_NOTFOUND) ||
	    (m->inside.len && (!*to_inside ||
			       strcmp(tracked.data, m->tracked.data))))
		return refuse_border(m);
	return 0;
}

/* --- moving data ------------------------------------------------------- */

/* Renames; *here: there was something.  Never over anything. */
static int rename_data(const struct moving *m, const char *from,
		       const char *to, bool *here)
{
	DV_AUTO_CLOSE int source = open_parent(m, from);
	DV_AUTO_CLOSE int target = open_parent(m, to);
	int failed;

	*here = false;
	if (source < 0)
		return 0;
	failed = target < 0 ? errno : 0;
	if (!failed && renameat2(source, path_name(from), target,
				 path_name(to), RENAME_NOREPLACE))
		failed = errno;
	if (failed == ENOENT && target >= 0)
		return 0;
	*here = !failed;
	errno = failed;
	return failed ? dv_fail_errno("cannot rename %s to %s", from, to) : 0;
}

static void note(struct moving *m, const char *path)
{
	path_list_add(&m->stage, path, strlen(path));
}

/* --- a tracked path ---------------------------------------------------- */

static int remove_old_pointer(struct moving *m)
{
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	enum pointer_index_state state;
	int err;

	buf_addf(&old, "%s%s", m->from.data, DV_POINTER_SUFFIX);
	err = repo_pointer_staged(m->repo, old.data, NULL, &state);
	if (err)
		return err;
	if (state != POINTER_INDEX_NONE)
		note(m, old.data);
	if (unlinkat(m->top, old.data, 0))
		return dv_fail_errno("cannot remove %s", old.data);
	buf_addf(&dir, "%s/%s", dv_repo_worktree(m->repo), old.data);
	buf_setlen(&dir, path_parent_len(dir.data));
	return dir_sync(dir.data);
}

static int move_ignore(struct moving *m)
{
	DV_AUTO_BUF struct buf changed = BUF_INIT;
	int err = repo_gitignore_add(m->repo, m->to.data, &changed);

	if (!err && changed.len)
		note(m, changed.data);
	if (!err)
		err = repo_gitignore_remove(m->repo, m->from.data, &changed);
	if (!err && changed.len && repo_can_stage(m->repo, changed.data))
		note(m, changed.data);
	return err;
}

/* All is as it was, unless a run before has begun it. */
static int move_back(struct moving *m, const char *pointer, bool here, int err)
{
	DV_AUTO_BUF struct buf changed = BUF_INIT;
	struct error_state first;

	if (m->begun)
		return err;
	error_save(err, &first);
	/* data that has to stay there keeps its pointer: dv mv does the rest */
	if (here && rename_data(m, m->to.data, m->from.data, &here))
		return error_restore(&first);
	unlinkat(m->top, pointer, 0);
	repo_gitignore_remove(m->repo, m->to.data, &changed);
	repo_gitignore_add(m->repo, m->from.data, &changed);
	return error_restore(&first);
}

static int move_whole(struct moving *m)
{
	DV_AUTO_BUF struct buf new = BUF_INIT;
	struct dv_pointer p;
	bool changed, here, file;
	int err = tracked_read(m->repo, m->from.data, &p);

	if (err)
		return err;
	file = p.kind == DV_KIND_FILE;
	buf_addf(&new, "%s%s", m->to.data, DV_POINTER_SUFFIX);
	note(m, new.data);
	if (m->dry_run) {
		dv_pointer_release(&p);
		return 0;
	}
	err = make_below(m->top, m->to.data, path_parent_len(m->to.data));
	if (!err)
		err = tracked_write(m->repo, m->to.data, &p, &changed);
	dv_pointer_release(&p);
	if (err)
		return err;
	crash_point("mv: before data");
	err = rename_data(m, m->from.data, m->to.data, &here);
	if (err) {
		unlinkat(m->top, new.data, 0);
		return err;
	}
	err = move_ignore(m);
	if (!err)
		err = stat_index_move(m->repo, m->from.data, m->to.data,
				      file);
	if (err)
		return move_back(m, new.data, here, err);
	crash_point("mv: after data");
	return remove_old_pointer(m);
}

/* --- inside a tracked directory ---------------------------------------- */

static int record(struct moving *m, const char *to_inside)
{
	const char *parts[2] = { m->inside.data, to_inside };
	struct add_plans plans = { NULL, 0, 0 };
	int err = add_args_inside(m->repo, m->tracked.data, parts, 2, &plans);

	if (!err)
		err = add_locked(m->repo, &plans, 0, NULL, NULL);
	add_plans_release(&plans);
	return err;
}

static int recorded_id(const struct moving *m, struct dv_id *out)
{
	struct dv_pointer p;
	int err = tracked_read(m->repo, m->tracked.data, &p);

	if (err)
		return err;
	*out = p.id;
	dv_pointer_release(&p);
	return 0;
}

static int move_inside(struct moving *m, const char *to_inside)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;
	struct error_state first;
	struct dv_id before, after;
	struct stat st;
	bool here;
	int err = 0;

	buf_addf(&pointer, "%s%s", m->tracked.data, DV_POINTER_SUFFIX);
	note(m, pointer.data);
	if (!look(m, m->from.data, &st)) {
		DV_AUTO_BUF struct buf word = BUF_INIT;

		err = dv_fail(DV_E_NOTFOUND, "%s is not here", m->from.data);
		return dv_hint(err, "dv checkout %s puts it here",
			       repo_word(m->repo, m->from.data, &word));
	}
	if (m->dry_run)
		return 0;
	err = recorded_id(m, &before);
	if (!err)
		err = make_below(m->top, m->to.data,
				 path_parent_len(m->to.data));
	if (!err)
		err = rename_data(m, m->from.data, m->to.data, &here);
	if (err)
		return err;
	err = record(m, to_inside);
	if (!err)
		return 0;
	error_save(err, &first);
	/* once it is recorded it stays, though git add may have failed */
	if (!recorded_id(m, &after) && dv_id_equal(&before, &after))
		rename_data(m, m->to.data, m->from.data, &here);
	return error_restore(&first);
}

/* --- all of it --------------------------------------------------------- */

static int finish(struct moving *m, dv_move_cb *fn, void *data)
{
	struct dv_move_result result = {
		.from = m->from.data, .to = m->to.data,
	};
	int on = dv_config_bool(m->repo, "core.autostage", false);

	path_list_sort(&m->stage);
	result.stage = m->stage.items;
	result.stage_count = m->stage.count;
	if (on > 0 && !m->dry_run)
		on = repo_stage(m->repo, m->stage.items, m->stage.count);
	return on < 0 ? on : fn(&result, data);
}

int dv_move(struct dv_repo *repo, const char *from, const char *to,
	    bool dry_run, dv_move_cb *fn, void *data)
{
	TRACE_REGION("mv");
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_MOVING struct moving m = {
		.repo = repo, .dry_run = dry_run, .from = BUF_INIT,
		.to = BUF_INIT, .tracked = BUF_INIT, .inside = BUF_INIT,
		.stage = PATH_LIST_INIT,
	};
	const char *to_inside;
	int err = repo_worktree_fd(repo, &m.top);

	if (!err && !dry_run)
		err = repo_lock(repo, "mv", &lock);
	if (!err)
		err = read_names(&m, from, to);
	if (!err)
		err = check_free(&m);
	if (!err)
		err = check_border(&m, &to_inside);
	if (!err && !m.inside.len)
		err = add_check_path(repo, m.to.data);
	if (!err)
		err = m.inside.len ? move_inside(&m, to_inside) :
			move_whole(&m);
	return err ? err : finish(&m, fn, data);
}
