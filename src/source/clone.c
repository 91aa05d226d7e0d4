#include "source/clone.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "git/foreign.h"
#include "source/kept.h"
#include "source/stranger.h"
#include "store/pointer_line.h"

#define REV_MOST	255	/* bytes of a name of a branch or tag */
#define SMALL_FILTER	"--filter=blob:limit=65537"	/* DV_POINTER_MAX + 1 */

/* --- names --------------------------------------------------------------- */

/* As git tells them apart: host:path has no slash before the colon. */
static bool is_path(const char *url)
{
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/');

	return !colon || (slash && slash < colon);
}

static bool has_password(const char *url)
{
	const char *host = strstr(url, "://"), *at, *colon;

	if (!host)
		return false;
	host += 3;
	at = memchr(host, '@', strcspn(host, "/?#"));
	colon = strchr(host, ':');
	return at && colon && colon < at;
}

int clone_url(const char *typed, struct buf *out)
{
	DV_AUTO_FREE char *real = NULL;

	buf_clear(out);
	if (!*typed || *typed == '-' || !pointer_value_ok(typed))
		return dv_fail(DV_E_INVALID, "not the URL of a repository: "
			       "'%s'", *typed == '-' ? typed : "");
	if (has_password(typed))
		return dv_hint(dv_fail(DV_E_INVALID, "a password in a URL "
				       "would be kept for all to see"),
			       "git credential keeps passwords");
	if (!is_path(typed)) {
		buf_addstr(out, typed);
		return 0;
	}
	real = realpath(typed, NULL);
	if (!real)
		return dv_fail_errno("no repository at %s", typed);
	if (!pointer_value_ok(real))
		return dv_fail(DV_E_INVALID, "%s: its path is no plain text",
			       typed);
	buf_addstr(out, real);
	return 0;
}

/* Nothing that has a meaning of its own in a refspec or on a command line. */
static int check_rev(const char *rev)
{
	size_t len = strlen(rev);

	for (size_t i = 0; i < len; i++)
		if ((uint8_t)rev[i] <= ' ' || rev[i] == 0x7f ||
		    strchr(":+^~?*[\\", rev[i]))
			len = 0;
	if (!len || len > REV_MOST || *rev == '-')
		return dv_fail(DV_E_INVALID, "'%s' is no branch, tag or commit "
			       "of another repository", rev);
	return 0;
}

static bool is_hex(const char *text, size_t least)
{
	size_t n = strspn(text, "0123456789abcdef");

	return !text[n] && n >= least && n < COMMIT_SIZE;
}

/* --- git ----------------------------------------------------------------- */

int clone_git(const struct clone *c, const char *const args[],
	      struct buf *out)
{
	return foreign_git(c->dir, NULL,
			   c->stranger ? FOREIGN_GIT_STRANGER : 0, args, out);
}

static int make_repository(struct clone *c)
{
	const char *const init[] = { "init", "-q", "--template=",
				     "--initial-branch=main", NULL };
	const char *const set_url[] = { "config", "remote.origin.url", c->url,
					NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;
	int err;

	buf_addf(&path, "%s/.git/config", c->dir);
	if (!stat(path.data, &st))
		return 0;
	err = dir_make(c->dir);
	if (!err)
		err = clone_git(c, init, &out);
	return err ? err : clone_git(c, set_url, &out);
}

/* The commit that `name` is here; empty when it is none. */
static int parse_commit(struct clone *c, const char *name)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *args[] = { "rev-parse", "-q", "--verify",
			       "--end-of-options", NULL, NULL };

	buf_addf(&full, "%s^{commit}", name);
	args[4] = full.data;
	*c->commit = 0;
	if (clone_git(c, args, &out))
		return DV_E_NOTFOUND;
	if (out.len != COMMIT_SIZE || out.data[COMMIT_SIZE - 1] != '\n')
		return DV_E_NOTFOUND;
	memcpy(c->commit, out.data, COMMIT_SIZE - 1);
	c->commit[COMMIT_SIZE - 1] = 0;
	return 0;
}

/* One commit, by the name that it has there. */
static int fetch_one(struct clone *c, const char *rev)
{
	/* a folder cannot leave files out, and need not */
	const char *const near[] = {
		"fetch", "-q", "--no-tags", "--no-recurse-submodules",
		"--depth=1", "origin", rev, NULL
	};
	const char *const far[] = {
		"fetch", "-q", "--no-tags", "--no-recurse-submodules",
		"--depth=1", SMALL_FILTER, "origin", rev, NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;

	return clone_git(c, source_is_local(c->url) ? near : far, &out);
}

/* The whole history, for a commit whose name is cut short. */
static int fetch_all(struct clone *c)
{
	const char *args[10] = { "fetch", "-q", "--tags",
				 "--no-recurse-submodules" };
	DV_AUTO_BUF struct buf shallow = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	struct stat st;
	size_t n = 4;

	buf_addf(&shallow, "%s/.git/shallow", c->dir);
	if (!stat(shallow.data, &st))
		args[n++] = "--unshallow";
	if (!source_is_local(c->url))
		args[n++] = SMALL_FILTER;
	args[n++] = "origin";
	args[n++] = "+refs/heads/*:refs/remotes/origin/*";
	args[n] = NULL;
	return clone_git(c, args, &out);
}

/* git has said why: it cannot be reached, or has nothing of that name. */
static int git_failed(const struct clone *c, const char *rev)
{
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (!strcmp(rev, "HEAD"))
		dv_fail(DV_E_NETWORK, "git cannot read %s", c->url);
	else
		dv_fail(DV_E_NETWORK, "git cannot get '%s' from %s", rev,
			c->url);
	path_word(c->url, &word);
	return dv_hint(DV_E_NETWORK, "git ls-remote %s says whether it can be "
		       "reached, and its branches and tags", word.data);
}

static int find_commit(struct clone *c, const char *rev)
{
	bool full = is_hex(rev, COMMIT_SIZE - 1);
	bool part = is_hex(rev, COMMIT_LEAST);
	int err;

	if (full) {
		DV_AUTO_BUF struct buf object = BUF_INIT;
		struct stat st;

		/* what was fetched once is here for good */
		buf_addf(&object, "%s/.git/dv-commits/%s", c->dir, rev);
		if (!stat(object.data, &st) && !parse_commit(c, rev))
			return 0;
	}
	if (!part || full) {
		err = fetch_one(c, rev);
		if (!err)
			err = parse_commit(c, "FETCH_HEAD");
		if (!err || !part)
			return err ? git_failed(c, rev) : 0;
	}
	if (fetch_all(c))
		return git_failed(c, rev);
	if (parse_commit(c, rev))
		return dv_fail(DV_E_NOTFOUND, "%s has no commit %s", c->url,
			       rev);
	return 0;
}

/* Notes that git has the commit, so that nobody is asked for it again. */
static int note_commit(const struct clone *c)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	buf_addf(&path, "%s/.git/dv-commits", c->dir);
	err = dir_make(path.data);
	if (err)
		return err;
	buf_addf(&path, "/%s", c->commit);
	return file_replace(path.data, "", 0, NEWFILE_NOSYNC);
}

int clone_look(const struct clone *c, const char *path,
	       enum clone_entry *out)
{
	const char *const args[] = { "ls-tree", "-z", "--full-tree",
				     c->commit, "--", path, NULL };
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = clone_git(c, args, &text);

	*out = CLONE_NOTHING;
	if (err || !text.len)
		return err;
	if (!strncmp(text.data, "100", 3))
		*out = CLONE_BLOB;
	else if (!strncmp(text.data, "040000", 6))
		*out = CLONE_FOLDER;
	else
		*out = CLONE_OTHER;
	return 0;
}

/* --- as a repository of dv ----------------------------------------------- */

static int write_settings(struct clone *c, bool *there)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	const char *args[] = { "cat-file", "blob", NULL, NULL };
	enum clone_entry kind;
	int err = clone_look(c, ".dvconfig", &kind);

	*there = kind == CLONE_BLOB;
	if (err || !*there)
		return err;
	buf_addf(&name, "%s:.dvconfig", c->commit);
	args[2] = name.data;
	err = clone_git(c, args, &text);
	buf_addf(&path, "%s/.dvconfig", c->dir);
	return err ? err : file_replace(path.data, text.data, text.len,
					NEWFILE_NOSYNC);
}

/* The folder that its relative remotes are relative to, if we have it. */
static const char *base_of(const struct clone *c)
{
	if (!source_is_local(c->url))
		return NULL;
	return *c->url == '/' ? c->url : c->url + strlen("file://");
}

static int open_settings(struct clone *c, const struct clone_options *o)
{
	struct foreign f = { c->dir, o->store_path, base_of(c), c->url,
			     repo_user(o->repo) };
	enum clone_entry kind;
	bool there;
	int err = write_settings(c, &there);

	if (err)
		return err;
	if (there)
		return repo_open_foreign(&f, &c->repo);
	err = clone_look(c, ".dvc/config", &kind);
	c->dvc = kind != CLONE_NOTHING;
	return err;
}

/* --- opening ------------------------------------------------------------- */

static int open_locked(struct clone *c, const struct clone_options *o)
{
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	buf_addf(&path, "%s.lock", c->dir);
	err = dir_make_parents(path.data);
	if (!err)
		err = lock_take(&lock, path.data, "import", -1, NULL, NULL);
	if (!err)
		err = kept_use(c->dir, c->url, &c->use);
	if (!err)
		err = make_repository(c);
	if (!err)
		err = find_commit(c, o->rev ? o->rev : "HEAD");
	if (!err)
		err = note_commit(c);
	return err ? err : open_settings(c, o);
}

int clone_open(const struct clone_options *o, struct clone **out)
{
	DV_AUTO_BUF struct buf url = BUF_INIT;
	struct clone *c;
	int err = clone_url(o->url, &url);

	*out = NULL;
	if (!err && o->rev)
		err = check_rev(o->rev);
	if (err)
		return err;
	c = xcalloc(1, sizeof(*c));
	c->use = (struct lock)LOCK_INIT;
	c->url = buf_detach(&url);
	c->dir = o->dir ? xstrdup(o->dir) : kept_dir(o->store_path, c->url);
	c->stranger = o->stranger && !source_is_local(c->url);
	if (o->stranger)
		err = stranger_check(o->repo, c->url, c->dir);
	if (!err)
		err = open_locked(c, o);
	if (err)
		clone_close(&c);
	*out = c;
	return err;
}

void clone_close(struct clone **c)
{
	if (!*c)
		return;
	dv_repo_close((*c)->repo);
	lock_release(&(*c)->use);
	free((*c)->url);
	free((*c)->dir);
	free(*c);
	*c = NULL;
}
