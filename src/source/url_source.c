#include "source/url_source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/repo.h"
#include "remote/url.h"
#include "source/kept.h"
#include "source/stranger.h"
#include "source/url_name.h"
#include "store/pointer_line.h"

/* --- opening ------------------------------------------------------------- */

static const char *no_setting(void *data, const char *key)
{
	(void)data;
	(void)key;
	return NULL;
}

static int no_url(const struct url_source *u)
{
	return dv_fail(DV_E_INVALID, "%s is no URL of a file or folder",
		       u->url);
}

/* A folder of this machine, or what ends in a slash. */
static int see_kind(struct url_source *u, bool *here)
{
	const char *query = url_name_query(u->url);
	DV_AUTO_URL struct url parts = URL_INIT;
	struct stat st;
	int err = 0;

	*here = source_is_local(u->url);
	u->folder = !*query && query > u->url && query[-1] == '/';
	if (!*here)
		return 0;
	err = url_parse(u->url, &parts);
	if (err || stat(parts.path, &st))
		return err;
	u->folder = S_ISDIR(st.st_mode);
	if (u->folder || S_ISREG(st.st_mode))
		return 0;
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "%s is no plain file",
			       u->url), "copy it here and dv add it");
}

/* Bytes of the URL without slashes at its end. */
static size_t trimmed(const char *url, size_t len)
{
	while (len && url[len - 1] == '/')
		len--;
	return len;
}

/*
 * A folder is the remote itself.  Of a file the folder it is in is, and its
 * last part the path in there, which the remote escapes by itself; where it is
 * escaped already it is asked for as it is, as a%2Fb is not a/b.
 */
static int split(struct url_source *u, struct buf *parent)
{
	size_t len = url_name_query(u->url) - u->url;
	size_t end = u->folder ? trimmed(u->url, len) : len, at = end;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	bool escaped = strncasecmp(u->url, "s3:", 3) && *u->url != '/', top;

	while (at && u->url[at - 1] != '/')
		at--;
	/* that last part is a host or a bucket */
	top = at > 1 && u->url[at - 2] == '/';
	if (!at || (top && !u->folder))
		return no_url(u);
	if (top)
		at = end;
	if (escaped)
		url_name_decode(u->url + at, end - at, &name);
	else
		buf_add(&name, u->url + at, end - at);
	if (!u->folder && !name.len && !u->url[len])
		return no_url(u);
	u->whole = !u->folder && !strncasecmp(u->url, "http", 4) &&
		url_name_is_escaped(u->url + at, end - at);
	buf_add(parent, u->url, u->folder || u->whole ? end :
		at > 1 ? at - 1 : 1);
	u->file = xstrdup(u->folder || u->whole ? "" : name.data);
	u->name = xstrdup(path_name(name.data));
	return 0;
}

static int open_remote(struct dv_repo *repo, unsigned jobs,
		       struct url_source *u)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	const char *query = url_name_query(u->url);
	struct remote_options o = {
		.name = "source", .apart = true, .setting = no_setting,
		.credential = repo_credential, .data = repo, .jobs = jobs,
		.base_dir = "/", .query = *query ? query + 1 : NULL,
	};
	int err = split(u, &parent);

	o.url = parent.data;
	o.whole = u->whole;
	return err ? err : remote_open(&o, &u->remote);
}

/* What DVC has recorded may be a path as seen from the top. */
static void add_place(struct dv_repo *repo, const char *url, bool stranger,
		      struct buf *out)
{
	if (stranger && *url && *url != '/' && !strstr(url, "://"))
		buf_addf(out, "%s/", dv_repo_worktree(repo));
	buf_addstr(out, url);
}

int url_source_open(struct dv_repo *repo, const char *url, unsigned jobs,
		    bool stranger, struct url_source *out)
{
	DV_AUTO_BUF struct buf placed = BUF_INIT;
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	bool here;
	int err;

	memset(out, 0, sizeof(*out));
	add_place(repo, url, stranger, &placed);
	err = url_name_check(placed.data, &plain);
	if (err)
		return err;
	out->url = buf_detach(&plain);
	out->dir = kept_dir(dv_repo_store_path(repo), out->url);
	err = see_kind(out, &here);
	if (!err && stranger && here)
		err = stranger_check(repo, out->url, out->dir);
	return err ? err : open_remote(repo, jobs, out);
}

void url_source_release(struct url_source *u)
{
	if (u->remote)
		remote_close(u->remote);
	free(u->url);
	free(u->dir);
	free(u->name);
	free(u->file);
	memset(u, 0, sizeof(*u));
}

/* --- looking ------------------------------------------------------------- */

static int file_look(struct url_source *u, struct url_state *out)
{
	struct remote_facts facts;
	int err = remote_look(u->remote, u->file, &facts);

	if (err == DV_E_NOTFOUND && !strncasecmp(u->url, "s3:", 3))
		return dv_hint(err, "if it is a prefix with files below: %s/",
			       u->url);
	out->files = 1;
	out->size = facts.size;
	memcpy(out->version, facts.version, sizeof(out->version));
	return err;
}

int url_source_look(struct url_source *u, struct url_state *out)
{
	return u->folder ? folder_look(u, out) : file_look(u, out);
}

bool url_state_is(const struct url_state *s, const struct dv_pointer *p)
{
	DV_AUTO_BUF struct buf etag = BUF_INIT;

	return pointer_line_get(p, POINTER_ETAG, &etag) &&
	       !strcmp(etag.data, s->version) &&
	       (s->size == p->size || pointer_is_changed(p));
}

int url_changed(const struct url_source *u)
{
	return dv_hint(dv_fail(DV_E_CHANGED, "%s changed while it was read",
			       u->url), "try again");
}

/* --- taking -------------------------------------------------------------- */

static void set_lines(const struct url_source *u,
		      const struct url_state *state, const char *checksum,
		      struct dv_pointer *p)
{
	pointer_line_set(p, POINTER_URL, u->url);
	pointer_line_set(p, POINTER_ETAG,
			 *state->version ? state->version : NULL);
	pointer_line_set(p, POINTER_CHECKSUM, checksum);
}

static int take(struct dv_repo *repo, struct url_source *u,
		struct url_state *state, const char *checksum,
		const struct dv_source_options *o, struct import *out)
{
	DV_AUTO_LOCK struct lock use = LOCK_INIT;
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	buf_addf(&path, "%s.lock", u->dir);
	err = dir_make_parents(path.data);
	if (!err)
		err = lock_take(&lock, path.data, "import-url", -1, NULL,
				NULL);
	if (!err)
		err = kept_use(u->dir, u->url, &use);
	if (!err)
		err = dir_make(u->dir);
	if (err)
		return err;
	return u->folder ? folder_take(repo, u, state, o, out) :
		file_take(repo, u, state, checksum, o, out);
}

int url_source_take(struct dv_repo *repo, struct url_source *u,
		    struct url_state *state, const char *checksum,
		    const struct dv_source_options *o, struct import *out)
{
	int err = url_checksum_check(checksum);

	if (!err && checksum && u->folder)
		err = dv_fail(DV_E_UNSUPPORTED, "%s is a folder: a checksum "
			      "is that of a file", u->url);
	if (!err)
		err = take(repo, u, state, checksum, o, out);
	if (err)
		return err;
	set_lines(u, state, checksum, &out->pointer);
	pointer_set_taken(&out->pointer, &out->pointer.id);
	return import_refresh(repo);
}

void url_source_await(const struct url_source *u,
		      const struct url_state *state, const char *checksum,
		      struct dv_pointer *out)
{
	*out = (struct dv_pointer){
		.kind = u->folder ? DV_KIND_TREE : DV_KIND_FILE,
		.size = state->size, .files = state->files,
	};
	set_lines(u, state, checksum, out);
}
