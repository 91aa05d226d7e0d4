#include "migrate/history_refs.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "git/obtain.h"
#include "git/repo.h"
#include "git/revision.h"
#include "git/run.h"

#define HEADS	"refs/heads/"
#define SCRATCH	"refs/dv/migrate"

/* --- before ------------------------------------------------------------ */

static int check_name(const struct history_refs *r)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *const args[] = {
		"check-ref-format", "--branch", r->name, NULL
	};

	if (*r->name != '-' && !run_git(r->repo, args, NULL, 0, &out))
		return 0;
	return dv_fail(DV_E_INVALID, "%s cannot be the name of a branch",
		       r->name);
}

static int check_commit(const struct history_refs *r)
{
	static const char *const head[] = {
		"rev-parse", "--symbolic-full-name", "HEAD", NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;

	return !run_git(r->repo, head, NULL, 0, &out) ? 0 :
		dv_hint(dv_fail(DV_E_NOTFOUND, "there is no commit yet"),
			"git commit");
}

/* A branch of ours that the work tree at `path` is on. */
static int checked_out(const struct history_refs *r, const char *branch,
		       const char *path)
{
	if (!strcmp(path, dv_repo_worktree(r->repo)))
		return dv_hint(dv_fail(DV_E_EXISTS, "%s is the branch you are "
				       "on", branch),
			       r->all ? "git switch to another one, or name "
			       "another prefix with --branch" : "name another "
			       "one with --branch");
	return dv_hint(dv_fail(DV_E_EXISTS, "%s is already checked out at %s",
			       branch, path),
		       "git switch to another one there, or name another %s "
		       "with --branch", r->all ? "prefix" : "one");
}

/* What is checked out is not to be moved under any work tree. */
static int check_work_trees(const struct history_refs *r)
{
	static const char *const args[] = {
		"worktree", "list", "--porcelain", NULL
	};
	static const char tree[] = "worktree ", on[] = "branch " HEADS;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	DV_AUTO_BUF struct buf ours = BUF_INIT;
	const char *path = "";
	int err = run_git(r->repo, args, NULL, 0, &out);

	/* as the 0 of a whole name counts, or the '/' of a prefix */
	buf_addstr(&ours, r->name);
	if (r->all)
		buf_addch(&ours, '/');
	for (size_t at = 0; at < out.len && !err;) {
		char *line = out.data + at;
		size_t len = strcspn(line, "\n");

		at += len + 1;
		line[len] = 0;
		if (!strncmp(line, tree, strlen(tree)))
			path = line + strlen(tree);
		else if (!strncmp(line, on, strlen(on)) &&
			 !strncmp(line + strlen(on), ours.data,
				  ours.len + !r->all))
			err = checked_out(r, line + strlen(on), path);
	}
	return err;
}

/* A ref <name> leaves no room for <name>/<x>. */
static int in_the_way(const char *ref)
{
	bool tag = !strncmp(ref, REFS_TAGS, strlen(REFS_TAGS));

	return dv_hint(dv_fail(DV_E_EXISTS, "%s is a %s already",
			       ref + strlen(tag ? REFS_TAGS : HEADS),
			       tag ? "tag" : "branch"),
		       "name another prefix with --branch");
}

static int list_there(struct history_refs *r)
{
	DV_AUTO_BUF struct buf head = BUF_INIT;
	DV_AUTO_BUF struct buf tag = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *args[] = {
		"for-each-ref", REVISION_REFS, NULL, NULL, NULL
	};
	int err;

	buf_addf(&head, HEADS "%s", r->name);
	buf_addf(&tag, REFS_TAGS "%s", r->name);
	args[2] = head.data;
	args[3] = tag.data;
	err = run_git(r->repo, args, NULL, 0, &out);
	for (size_t at = 0; at < out.len && !err;) {
		char *line = out.data + at;
		size_t len = strcspn(line, "\n");
		const char *ref = history_tags_ref(line);

		at += len + 1;
		line[len] = 0;
		if (!strcmp(ref, head.data) || !strcmp(ref, tag.data))
			err = in_the_way(ref);
		else if (!strncmp(ref, REFS_TAGS, strlen(REFS_TAGS)))
			history_tags_add(&r->there, line);
	}
	return err;
}

int history_refs_open(struct history_refs *r)
{
	int err = check_name(r);

	r->tag = NAMES_NONE;
	r->there.repo = r->repo;
	r->there.name = r->name;
	if (!err)
		err = check_commit(r);
	if (!err)
		err = check_work_trees(r);
	if (!err && r->all)
		err = history_tags_read(&r->there);
	return err || !r->all ? err : list_there(r);
}

void history_refs_release(struct history_refs *r)
{
	for (size_t i = 0; i < r->tags.count; i++)
		buf_release(&r->marks[i]);
	free(r->marks);
	names_release(&r->tags);
	history_tags_release(&r->there);
}

/*
 * By date, so that what came since the last run is behind all that was there:
 * what a .gitignore has depends on the order.  Tags of what is no commit are
 * left out: nothing in them is tracked.
 */
int history_refs_export(const struct history_refs *r, struct buf *stream)
{
	DV_AUTO_BUF struct buf ours = BUF_INIT;
	const char *args[RUN_ARGS] = {
		"-c", "core.quotepath=true", "fast-export", "--no-data",
		"--show-original-ids", "--reencode=no", "--signed-tags=strip",
		"--date-order",
	};
	static const char *const head[] = { "HEAD", NULL };
	static const char *const every[] = { "--branches", "--tags", NULL };
	size_t n = 8;
	int err = repo_obtain_trees(r->repo, r->all ? every : head);

	if (err)
		return err;
	if (!r->all) {
		args[n] = "HEAD";
		return run_git(r->repo, args, NULL, 0, stream);
	}
	buf_addf(&ours, "--exclude=%s/*", r->name);
	args[n++] = "--mark-tags";
	args[n++] = "--tag-of-filtered-object=drop";
	args[n++] = ours.data;
	args[n++] = "--branches";
	args[n++] = ours.data;
	args[n++] = "--tags";
	return run_git(r->repo, args, NULL, 0, stream);
}

/* --- the stream -------------------------------------------------------- */

/* The name behind the first blank of the line, "" when it has none. */
static void name_of(const struct export *e, struct buf *out)
{
	const char *blank = memchr(e->text, ' ', e->len);

	if (blank)
		buf_add(out, blank + 1, e->text + e->len - blank - 2);
}

/* refs/heads/<x> becomes refs/heads/<name>/<x>, tags likewise. */
static void new_ref(const struct history_refs *r, const char *ref,
		    struct buf *out)
{
	bool tag = !strncmp(ref, REFS_TAGS, strlen(REFS_TAGS));

	if (!r->all)
		buf_addf(out, HEADS "%s", r->name);
	else
		buf_addf(out, "%s%s/%s", tag ? REFS_TAGS : HEADS, r->name,
			 ref + strlen(tag ? REFS_TAGS : HEADS));
}

/* "from" no commit, as for a tag of a tag, which comes again. */
static bool takes_back(const struct export *e)
{
	const char *id = e->at + strlen("from ");
	size_t len = 0;

	while (id + len < e->end && id[len] == '0')
		len++;
	return len >= 40 && (id + len == e->end || id[len] == '\n');
}

/* A commit, or what clears the way for a first one. */
static void take_commit(struct history_refs *r, const char *word,
			const char *ref, struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	size_t before = r->tags.count;

	if (!r->all || strncmp(ref, REFS_TAGS, strlen(REFS_TAGS))) {
		new_ref(r, ref, &name);
		buf_addf(out, "%s %s\n", word, name.data);
		return;
	}
	/* a tag is not moved along: it is made at the end */
	r->scratch = true;
	r->tag = names_add(&r->tags, ref, strlen(ref));
	if (r->tags.count > before) {
		ARRAY_GROW(r->marks, r->tags.count, r->mark_room);
		r->marks[r->tag] = (struct buf)BUF_INIT;
	}
	buf_addf(out, "%s " SCRATCH "\n", word);
}

static void take_reset(struct history_refs *r, const struct export *e,
		       const char *ref, struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;

	if (e->end - e->at < 5 || strncmp(e->at, "from ", 5)) {
		take_commit(r, "reset", ref, out);
		return;
	}
	new_ref(r, ref, &name);
	r->skip = !history_tags_may_write(&r->there, name.data);
	/* what takes back a tag has to name it */
	if (!r->skip && takes_back(e))
		buf_addf(out, "reset %s\n", name.data);
	else if (!r->skip)
		history_tags_reset(&r->there, name.data, out);
}

/* One with a message; it takes the place of what is known of its commits. */
static void take_tag(struct history_refs *r, const char *tag,
		     struct buf *out)
{
	DV_AUTO_BUF struct buf old = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	uint32_t n;

	buf_addf(&old, REFS_TAGS "%s", tag);
	n = names_find(&r->tags, old.data, old.len);
	if (n != NAMES_NONE)
		buf_clear(&r->marks[n]);
	new_ref(r, old.data, &name);
	r->skip = !history_tags_may_write(&r->there, name.data);
	if (!r->skip)
		buf_addf(out, "tag %s\n", name.data + strlen(REFS_TAGS));
}

bool history_refs_take(struct history_refs *r, const struct export *e,
		       struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;

	switch (e->kind) {
	case EXPORT_COMMIT:
	case EXPORT_RESET:
	case EXPORT_TAG:
		r->skip = false;
		r->tag = NAMES_NONE;
		name_of(e, &name);
		if (e->kind == EXPORT_COMMIT)
			take_commit(r, "commit", name.data, out);
		else if (e->kind == EXPORT_RESET)
			take_reset(r, e, name.data, out);
		else
			take_tag(r, name.data, out);
		return true;
	case EXPORT_MARK:
		if (r->tag != NAMES_NONE) {
			buf_clear(&r->marks[r->tag]);
			name_of(e, &r->marks[r->tag]);
		}
		return r->skip;
	default:
		return r->skip;
	}
}

void history_refs_end(struct history_refs *r, struct buf *out)
{
	for (size_t i = 0; i < r->tags.count; i++) {
		DV_AUTO_BUF struct buf name = BUF_INIT;

		new_ref(r, r->tags.items[i].text, &name);
		if (!r->marks[i].len ||
		    !history_tags_may_write(&r->there, name.data))
			continue;
		history_tags_reset(&r->there, name.data, out);
		buf_addf(out, "from %s\n\n", r->marks[i].data);
	}
	/* a ref of no commit is not written */
	if (r->scratch)
		buf_addstr(out, "reset " SCRATCH "\n\n");
}

/* --- afterwards -------------------------------------------------------- */

/* A branch that has commits of its own is not moved: git says so. */
int history_refs_import(const struct history_refs *r, const struct buf *in)
{
	static const char *const args[] = {
		"fast-import", "--quiet", "--date-format=raw", NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;
	struct error_state failed;
	int err = r->all ? history_tags_drop_moved(&r->there) : 0;

	if (!err)
		err = run_git(r->repo, args, in->data, in->len, &out);
	if (!err && r->all)
		err = history_tags_finish(&r->there);
	if (err && r->all) {
		error_save(err, &failed);
		history_tags_drop_moved(&r->there);
		err = error_restore(&failed);
	}
	if (err != DV_E_IO)
		return err;
	return dv_hint(dv_fail(DV_E_IO, "git fast-import did not write %s %s%s",
			       r->all ? "all of" : "the branch", r->name,
			       r->all ? "/" : ""),
		       "if it is there with commits of its own: name another "
		       "one with --branch");
}
