/* A work tree of DVC: its .dvc and dvc.lock files, and what to say of it. */

#include "migrate/from_dvc.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/run.h"
#include "migrate/dvc_links.h"
#include "migrate/history.h"
#include "migrate/yaml_file.h"
#include "store/pointer_line.h"

bool dvc_file_name(const char *path)
{
	const char *name = path_name(path);
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, ".dvc");
}

bool dvc_lock_name(const char *path)
{
	return !strcmp(path_name(path), "dvc.lock");
}

/* --- projects ---------------------------------------------------------- */

void dvc_projects_close(struct dvc_projects *all)
{
	for (size_t i = 0; i < all->count; i++)
		dvc_project_close(all->items[i]);
	free(all->items);
}

static int open_project(struct dvc_projects *all, const char *root,
			struct dvc_project **out)
{
	int err;

	for (size_t i = 0; i < all->count; i++) {
		*out = all->items[i];
		if (!strcmp((*out)->root, root))
			return 0;
	}
	err = dvc_project_open(all->repo, root, out);
	if (err)
		return err;
	ARRAY_GROW(all->items, all->count + 1, all->room);
	all->items[all->count++] = *out;
	return 0;
}

int dvc_project_of(struct dvc_projects *all, const char *path,
		   struct dvc_project **out)
{
	DV_AUTO_BUF struct buf root = BUF_INIT;

	buf_addstr(&root, path);
	do {
		buf_setlen(&root, path_parent_len(root.data));
		if (dvc_project_at(all->repo, root.data))
			break;
	} while (root.len);
	return open_project(all, root.data, out);
}

void dvc_out_item(struct dvc_project *p, struct dvc_out *out,
		  struct arena *arena, struct convert_item *item)
{
	const char *key = path_below(out->path, p->root);

	item->origin = &p->origin;
	item->executable = out->executable;
	item->listing = out->files;
	item->wanted = (struct wanted){
		.name = out->name, .size = out->size,
		.has_size = out->has_size && !out->name.directory,
		.path = arena_copy(arena, out->path, strlen(out->path)),
	};
	if (out->remote)
		item->wanted.remote = arena_copy(arena, out->remote,
						 strlen(out->remote));
	if (out->in_bucket && key)
		item->wanted.key = arena_copy(arena, key, strlen(key));
	if (out->version)
		item->wanted.version = arena_copy(arena, out->version,
						  strlen(out->version));
}

/* --- the files --------------------------------------------------------- */

struct walk {
	struct present *p;
	struct dvc_projects projects;
	struct dvc_file *files;		/* owned, one per name read */
	const char **names;		/* owned; in the list below */
	size_t count, room, name_room;
	struct buf list;
};

#define DV_AUTO_WALK __attribute__((cleanup(walk_release)))

static void walk_release(struct walk *w)
{
	for (size_t i = 0; i < w->count; i++)
		dvc_file_release(&w->files[i]);
	free(w->files);
	free(w->names);
	buf_release(&w->list);
	dvc_projects_close(&w->projects);
}

static int read_file(struct walk *w, const char *name, struct buf *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", dv_repo_worktree(w->p->repo), name);
	return file_read(path.data, YAML_FILE_MOST, out);
}

static int parse(struct walk *w, const char *name, struct dvc_file *out)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf yaml = BUF_INIT;
	DV_AUTO_BUF struct buf pipeline = BUF_INIT;
	const char *top = dv_repo_worktree(w->p->repo);
	int err = read_file(w, name, &text);

	if (err)
		return err;
	if (!dvc_lock_name(name))
		return dvc_file_read(text.data, text.len, name, top, out);
	buf_add(&pipeline, name, path_parent_len(name));
	path_append(&pipeline, "dvc.yaml");
	err = read_file(w, pipeline.data, &yaml);
	if (err && err != DV_E_NOTFOUND)
		return err;
	return dvc_lock_read(text.data, text.len, yaml.data, name, top, out);
}

/* What dvc import-url --no-download has made, dv can make as well. */
static int left_out(struct walk *w, const char *name,
		    const struct dvc_out *out)
{
	const struct dv_pointer p = { .rest = (char *)out->rest };
	DV_AUTO_BUF struct buf why = BUF_INIT;
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addstr(&why, out->refused);
	if (!out->name.kind && out->rest &&
	    pointer_line_get(&p, POINTER_URL, &url) &&
	    strstr(url.data, "://")) {
		path_typed(dv_repo_prefix(w->p->repo), out->path, &path);
		buf_addstr(&why, ": dv import-url --no-download ");
		path_word(url.data, &why);
		buf_addch(&why, ' ');
		path_word(path.data, &why);
	}
	return present_left(w->p, out->path, name, why.data);
}

static int add_outs(struct walk *w, const char *name, struct dvc_file *f)
{
	struct dvc_project *project;
	int err = dvc_project_of(&w->projects, name, &project);

	for (size_t i = 0; i < f->count && !err; i++) {
		struct dvc_out *out = &f->outs[i];
		struct present_out *added;

		if (out->uncached) {
			err = present_note(w->p, out->path, "DVC keeps no "
					   "content of it; it stays as it is",
					   NULL);
			continue;
		}
		if (out->refused) {
			err = left_out(w, name, out);
			continue;
		}
		added = present_add(w->p, out->path, name, out->rest);
		dvc_out_item(project, out, &w->p->arena, &added->item);
	}
	return err;
}

static int take_file(struct walk *w, const char *name)
{
	struct dvc_file file = DVC_FILE_INIT;
	int err = parse(w, name, &file);

	if (err == DV_E_UNSUPPORTED)
		return err;
	if (err) {
		dvc_file_release(&file);
		/* deleted in the work tree: nothing of the present */
		return err == DV_E_NOTFOUND ? 0 :
			present_left(w->p, name, name, dv_error_text());
	}
	ARRAY_GROW(w->files, w->count + 1, w->room);
	ARRAY_GROW(w->names, w->count + 1, w->name_room);
	w->files[w->count] = file;
	w->names[w->count] = name;
	w->count++;
	return add_outs(w, name, &w->files[w->count - 1]);
}

static int find_files(struct walk *w)
{
	static const char *const args[] = {
		"ls-files", "-z", "--cached", "--others",
		"--exclude-standard", "--deduplicate", "--",
		":(glob)**/*.dvc", ":(glob)**/dvc.lock", NULL
	};
	int err = run_git(w->p->repo, args, NULL, 0, &w->list);

	for (size_t at = 0; at < w->list.len && !err;) {
		const char *name = w->list.data + at;

		if (dvc_file_name(name) || dvc_lock_name(name))
			err = take_file(w, name);
		at += strlen(name) + 1;
	}
	return err;
}

/* --- git rm ------------------------------------------------------------ */

/* All that it tracks is dv's now, and it does nothing else. */
static bool may_go(const struct walk *w, size_t n)
{
	size_t carried = 0;

	if (w->files[n].pipeline || !w->files[n].count)
		return false;
	for (size_t i = 0; i < w->p->count; i++)
		carried += w->p->outs[i].carried &&
			!strcmp(w->p->outs[i].source, w->names[n]);
	return carried == w->files[n].count;
}

static int remove_files(struct walk *w)
{
	static const char *const args[] = {
		"--literal-pathspecs", "rm", "-q", "--ignore-unmatch",
		"--pathspec-from-file=-", "--pathspec-file-nul", NULL
	};
	DV_AUTO_BUF struct buf list = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < w->count; i++)
		if (may_go(w, i))
			buf_add(&list, w->names[i], strlen(w->names[i]) + 1);
	return list.len ? run_git(w->p->repo, args, list.data, list.len,
				  &out) : 0;
}

/* --- notes ------------------------------------------------------------- */

static int note_files(struct walk *w)
{
	int err = 0;

	for (size_t i = 0; i < w->count && !err; i++) {
		if (w->files[i].pipeline)
			err = present_note(w->p, w->names[i], "pipelines are "
					   "not read yet: what they made is "
					   "data now, they stay with DVC",
					   NULL);
		if (!err && w->files[i].lossy)
			err = present_note(w->p, w->names[i], "some of its "
					   "annotations do not fit into a "
					   "pointer", NULL);
	}
	return err;
}

static int note_ignore(struct walk *w)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	if (read_file(w, ".dvcignore", &text))
		return 0;
	for (const char *at = text.data; *at; at += *at == '\n') {
		size_t len = strcspn(at, "\n");

		if (len && *at != '#')
			return present_note(w->p, ".dvcignore", "dv reads "
					    ".dvignore, which has the same "
					    "syntax",
					    "cat .dvcignore >>.dvignore");
		at += len;
	}
	return 0;
}

/*
 * Links into DVC's cache are not what is recorded, and whoever adds such a
 * directory records the links.
 */
static int note_links(struct present *p)
{
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;
		DV_AUTO_BUF struct buf hint = BUF_INIT;

		buf_addf(&path, "%s/%s", dv_repo_worktree(p->repo),
			 p->outs[i].path);
		if (!p->outs[i].carried || !dvc_is_linked(path.data))
			continue;
		buf_clear(&path);
		path_typed(dv_repo_prefix(p->repo), p->outs[i].path, &path);
		buf_addstr(&hint, "dv checkout -f ");
		path_word(path.data, &hint);
		err = present_note(p, p->outs[i].path, "there are symbolic "
				   "links into DVC's cache, which dv takes for "
				   "changes", hint.data);
	}
	return err;
}

int migrate_dvc(struct present *p)
{
	DV_AUTO_WALK struct walk w = {
		.p = p, .projects = { .repo = p->repo }, .list = BUF_INIT,
	};
	int err = find_files(&w);

	if (!err)
		err = present_run(p, false);
	if (!err && p->o->remove && !p->o->dry_run)
		err = remove_files(&w);
	if (!err)
		err = note_links(p);
	if (!err)
		err = note_files(&w);
	if (!err)
		err = note_ignore(&w);
	if (!err)
		err = dvc_note_settings(p, &w.projects);
	return err ? err : dvc_note_remotes(p, &w.projects);
}

/* --- history ----------------------------------------------------------- */

struct dvc_reader {
	struct history_reader reader;
	struct walk *walk;
	bool pipelines;		/* there were some */
};

static bool may_track(struct history_reader *r, const char *path)
{
	struct dvc_reader *d = (struct dvc_reader *)r;

	d->pipelines |= dvc_lock_name(path);
	return dvc_file_name(path);
}

static int read_past(struct history_reader *r, struct present *p,
		     const struct history_file *f)
{
	struct walk *w = ((struct dvc_reader *)r)->walk;
	struct dvc_file file = DVC_FILE_INIT;
	struct dvc_project *project;
	int err = dvc_file_read(f->text, f->len, f->path,
				dv_repo_worktree(p->repo), &file);

	if (!err)
		err = dvc_project_of(&w->projects, f->path, &project);
	for (size_t i = 0; i < file.count && !err; i++)
		if (file.outs[i].refused || file.outs[i].uncached)
			err = dv_fail(DV_E_INVALID, "%s: %s",
				      file.outs[i].path, file.outs[i].refused ?
				      file.outs[i].refused :
				      "DVC keeps no content of it");
	for (size_t i = 0; i < file.count && !err; i++)
		dvc_out_item(project, &file.outs[i], &p->arena,
			     &present_add(p, file.outs[i].path, f->path,
					  file.outs[i].rest)->item);
	if (err) {
		dvc_file_release(&file);
		return err;
	}
	/* items have its listings */
	ARRAY_GROW(w->files, w->count + 1, w->room);
	w->files[w->count++] = file;
	return 0;
}

int migrate_dvc_history(struct present *p)
{
	DV_AUTO_WALK struct walk w = {
		.p = p, .projects = { .repo = p->repo }, .list = BUF_INIT,
	};
	struct dvc_reader r = {
		.reader = { .may = may_track, .read = read_past }, .walk = &w,
	};
	int err = history_run(p, &r.reader);

	if (!err && r.pipelines)
		err = present_note(p, "dvc.lock", "pipelines are not read yet: "
				   "in history what they made stays with DVC",
				   NULL);
	if (!err)
		err = dvc_note_settings(p, &w.projects);
	return err ? err : dvc_note_remotes(p, &w.projects);
}
