#include "migrate/lfs_origin.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/json.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/run.h"
#include "migrate/here.h"
#include "store/store.h"

#define BATCH		100			/* objects asked for at once */
#define ANSWER_MOST	((uint64_t)1 << 20)	/* bytes */
#define TYPE		"application/vnd.git-lfs+json"
#define SERVER_JOBS	16

/* --- the server's address ---------------------------------------------- */

/* One value of git's settings or of .lfsconfig; false: unset. */
static bool setting(struct dv_repo *repo, const char *file, const char *name,
		    struct buf *out)
{
	const char *const args[] = {
		"config", file ? "-f" : "--get", file ? file : name,
		file ? "--get" : NULL, name, NULL
	};
	DV_AUTO_BUF struct buf top = BUF_INIT;

	buf_clear(out);
	if (file) {
		buf_addf(&top, "%s/%s", dv_repo_worktree(repo), file);
		if (access(top.data, R_OK))
			return false;
	}
	if (run_git(repo, args, NULL, 0, out))
		return false;
	while (out->len && out->data[out->len - 1] == '\n')
		buf_setlen(out, out->len - 1);
	return out->len;
}

/* git's own settings win over the committed file. */
static bool lfs_setting(struct dv_repo *repo, const char *name,
			struct buf *out)
{
	return setting(repo, NULL, name, out) ||
		setting(repo, ".lfsconfig", name, out);
}

/* The remote of git whose server is asked: origin, or else the first. */
static void git_remote(struct dv_repo *repo, struct buf *name)
{
	static const char *const args[] = { "remote", NULL };
	DV_AUTO_BUF struct buf all = BUF_INIT;

	if (run_git(repo, args, NULL, 0, &all))
		return;
	for (const char *at = all.data; *at; at += *at == '\n') {
		size_t len = strcspn(at, "\n");

		if (!name->len || (len == 6 && !strncmp(at, "origin", 6))) {
			buf_clear(name);
			buf_add(name, at, len);
		}
		at += len;
	}
}

/*
 * <url>/info/lfs, with .git behind the name of the repository.  git@host:path
 * and ssh:// are asked by https, as git-lfs does where it cannot ask by ssh.
 */
static void url_from_git(const char *url, struct buf *out)
{
	const char *colon = strchr(url, ':');
	const char *at = strchr(url, '@');
	size_t len;

	if (!strncmp(url, "https://", 8) || !strncmp(url, "http://", 7)) {
		buf_addstr(out, url);
	} else if (!strncmp(url, "ssh://", 6)) {
		at = strchr(url + 6, '@');
		buf_addf(out, "https://%s", at ? at + 1 : url + 6);
	} else if (colon && !strchr(url, '/')) {
		buf_addf(out, "https://%.*s/%s", (int)(colon - url), url,
			 colon + 1);
	} else if (colon && colon < strchr(url, '/')) {
		at = at && at < colon ? at + 1 : url;
		buf_addf(out, "https://%.*s/%s", (int)(colon - at), at,
			 colon + 1);
	} else {
		return;
	}
	len = out->len;
	while (len && out->data[len - 1] == '/')
		buf_setlen(out, --len);
	if (len < 4 || strcmp(out->data + len - 4, ".git"))
		buf_addstr(out, ".git");
	buf_addstr(out, "/info/lfs");
}

/* A repository on this machine: its objects can be read in place. */
static char *folder_of(const char *url)
{
	static const char *const inside[] = { ".git/lfs/objects",
					      "lfs/objects" };

	if (!strncmp(url, "file://", 7))
		url += 7;
	for (size_t i = 0; *url == '/' && i < 2; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		buf_addf(&path, "%s/%s", url, inside[i]);
		if (!access(path.data, R_OK | X_OK))
			return buf_detach(&path);
	}
	return NULL;
}

static void find_server(struct lfs_origin *o)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf key = BUF_INIT;
	DV_AUTO_BUF struct buf value = BUF_INIT;
	DV_AUTO_BUF struct buf url = BUF_INIT;

	git_remote(o->repo, &name);
	buf_addf(&key, "remote.%s.lfsurl", name.data);
	if (lfs_setting(o->repo, "lfs.url", &value) ||
	    (name.len && lfs_setting(o->repo, key.data, &value))) {
		o->url = xstrdup(value.data);
		return;
	}
	buf_clear(&key);
	buf_addf(&key, "remote.%s.url", name.data);
	if (!name.len || !setting(o->repo, NULL, key.data, &value))
		return;
	o->folder = folder_of(value.data);
	url_from_git(value.data, &url);
	if (url.len)
		o->url = buf_detach(&url);
}

static void find_objects(struct lfs_origin *o)
{
	DV_AUTO_BUF struct buf set = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (!setting(o->repo, NULL, "lfs.storage", &set))
		buf_addstr(&set, "lfs");
	if (*set.data == '/')
		buf_addstr(&path, set.data);
	else
		buf_addf(&path, "%s/%s", repo_common_dir(o->repo), set.data);
	buf_addstr(&path, "/objects");
	o->objects = buf_detach(&path);
}

/* --- the batch API ----------------------------------------------------- */

static int credential(void *data, const char *action, const char *url,
		      char **user, char **password)
{
	struct lfs_origin *o = data;
	int err;

	pthread_mutex_lock(&o->credential);
	err = repo_credential(o->repo, action, url, user, password);
	pthread_mutex_unlock(&o->credential);
	return err;
}

static int add_header(const char *name, const char *value, void *data)
{
	struct buf *out = data;

	if (strpbrk(name, "\r\n:") || strpbrk(value, "\r\n"))
		return dv_fail(DV_E_INVALID, "git-lfs server: a header it "
			       "asks for is none");
	buf_addf(out, "%s: %s", name, value);
	buf_addch(out, 0);
	return 0;
}

static int take_action(const struct json_reader *object, void *data)
{
	struct lfs_origin *o = data;
	struct json_reader actions, download, header;
	const char *oid = json_get_string(object, "oid");
	DV_AUTO_BUF struct buf headers = BUF_INIT;
	const char *href;
	uint64_t *n;
	struct dv_id id;

	if (!oid || strlen(oid) != DV_ID_HEX || dv_id_from_hex(oid, &id) ||
	    !json_get_object(object, "actions", &actions) ||
	    !json_get_object(&actions, "download", &download))
		return 0;	/* the server has it not, or will not give it */
	href = json_get_string(&download, "href");
	n = id_map_get(&o->places, &id);
	if (!href || !n)
		return 0;
	if (json_get_object(&download, "header", &header)) {
		int err = json_each_string(&header, add_header, &headers);

		if (err)
			return err;
	}
	o->actions[*n].url = arena_copy(&o->arena, href, strlen(href));
	o->actions[*n].headers = arena_copy(&o->arena, headers.data,
					    headers.len);
	o->actions[*n].headers_len = headers.len;
	return 0;
}

static void write_request(const struct lfs_origin *o, size_t first,
			  struct buf *out)
{
	json_object_begin(out);
	json_add_string(out, "operation", "download");
	json_array_begin(out, "transfers");
	json_add_string(out, NULL, "basic");
	json_array_end(out);
	json_array_begin(out, "objects");
	for (size_t i = first; i < o->count && i < first + BATCH; i++) {
		char hex[DV_ID_HEX + 1];

		dv_id_to_hex(&o->actions[i].id, hex);
		json_object_begin(out);
		json_add_string(out, "oid", hex);
		json_add_number(out, "size", o->actions[i].size);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

static int ask_server(struct lfs_origin *o, size_t first)
{
	DV_AUTO_BUF struct buf request = BUF_INIT;
	DV_AUTO_BUF struct buf answer = BUF_INIT;
	DV_AUTO_JSON struct json_reader json = JSON_READER_INIT;
	int err;

	for (size_t i = first; i < o->count && i < first + BATCH; i++)
		o->actions[i].asked = true;
	write_request(o, first, &request);
	err = remote_post(o->server, "objects/batch", TYPE, &request,
			  ANSWER_MOST, &answer);
	if (!err)
		err = json_read(&json, answer.data, answer.len,
				"the git-lfs server's answer");
	return err ? err : json_each_member(&json, "objects", "the git-lfs "
					    "server's answer", take_action,
					    o);
}

static int open_server(struct lfs_origin *o)
{
	const struct remote_options options = {
		.name = "git-lfs", .url = o->url,
		.base_dir = dv_repo_worktree(o->repo),
		.credential = credential, .data = o, .jobs = SERVER_JOBS,
	};

	return o->server ? 0 : remote_open(&options, &o->server);
}

/* How the object is had; with `again` what is known of it does not count. */
static int find_action(struct lfs_origin *o, const struct dv_id *id,
		       bool again, struct lfs_action *out)
{
	const uint64_t *n;
	int err = DV_E_NOTFOUND;

	pthread_mutex_lock(&o->mutex);
	n = id_map_get(&o->places, id);
	if (n && !o->down) {
		err = open_server(o);
		if (again)
			o->actions[*n].url = NULL;
		if (!err && (again || !o->actions[*n].asked))
			err = ask_server(o, *n);
		if (err) {
			o->down = true;
			error_save(err, &o->trouble);
		} else {
			*out = o->actions[*n];
			err = out->url ? 0 : DV_E_NOTFOUND;
		}
	}
	pthread_mutex_unlock(&o->mutex);
	if (err != DV_E_NOTFOUND)
		return err;
	return dv_fail(err, "the git-lfs server does not have it");
}

struct request {
	struct remote *server;
	const char *url;
	const struct buf *headers;
};

static int get(void *data, const struct remote_sink *sink)
{
	const struct request *q = data;

	return remote_get_url(q->server, q->url, q->headers, sink);
}

/* What the server allowed may have run out: it is asked once more. */
static int take_served(struct lfs_origin *o, const struct wanted *w,
		       struct held *out)
{
	struct dv_id id;
	int err = DV_E_AUTH;

	memcpy(id.bytes, w->name.bytes, sizeof(id.bytes));
	for (int i = 0; i < 2 && err == DV_E_AUTH; i++) {
		DV_AUTO_BUF struct buf headers = BUF_INIT;
		struct lfs_action action = { .url = NULL };
		struct request q = { NULL, NULL, &headers };

		err = find_action(o, &id, i, &action);
		if (err)
			return err;
		buf_add(&headers, action.headers, action.headers_len);
		q.server = o->server;
		q.url = action.url;
		err = held_receive(out, o->temp_dir, get, &q);
	}
	if (!err)
		out->where = xstrdup("what the git-lfs server sent");
	return err;
}

/* --- looking ----------------------------------------------------------- */

static void stored_path(const char *objects, const struct wanted *w,
			struct buf *path)
{
	DV_AUTO_BUF struct buf hex = BUF_INIT;

	object_name_show(&w->name, &hex);
	buf_addf(path, "%s/%.2s/%.2s/%s", objects, hex.data, hex.data + 2,
		 hex.data);
}

static int take_stored(const char *objects, const struct wanted *w,
		       struct held *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	stored_path(objects, w, &path);
	return held_path(out, path.data);
}

static int take(struct origin *origin, const struct wanted *w, unsigned n,
		struct held *out)
{
	struct lfs_origin *o = (struct lfs_origin *)origin;

	switch (n) {
	case 0:
		return take_stored(o->objects, w, out);
	case 1:
		return held_here(o->repo, w, out);
	case 2:
		return o->folder ? take_stored(o->folder, w, out) :
			DV_E_NOTFOUND;
	case 3:
		return o->url ? take_served(o, w, out) : DV_E_NOTFOUND;
	default:
		return 1;
	}
}

static bool is_stored(const char *objects, const struct wanted *w)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;

	if (!objects)
		return false;
	stored_path(objects, w, &path);
	return !stat(path.data, &st) && S_ISREG(st.st_mode) &&
		(uint64_t)st.st_size == w->size;
}

/* What lies at its path, with the size, is taken for it unread. */
static int has(struct origin *origin, const struct wanted *w)
{
	struct lfs_origin *o = (struct lfs_origin *)origin;
	struct lfs_action action;
	struct dv_id id;
	int err;

	if (is_stored(o->objects, w) || is_stored(o->folder, w) ||
	    is_here(o->repo, w))
		return 1;
	if (!o->url)
		return 0;
	memcpy(id.bytes, w->name.bytes, sizeof(id.bytes));
	err = find_action(o, &id, false, &action);
	if (err == DV_E_INTERRUPTED)
		return err;
	/* of one that cannot be asked the note about the server tells */
	return !err || o->down;
}

void lfs_origin_expect(struct lfs_origin *o, const struct object_name *name,
		       uint64_t size)
{
	struct lfs_action action = { .size = size };
	bool added;

	memcpy(action.id.bytes, name->bytes, sizeof(action.id.bytes));
	id_map_put(&o->places, &action.id, o->count, &added);
	if (!added)
		return;
	ARRAY_GROW(o->actions, o->count + 1, o->room);
	o->actions[o->count++] = action;
}

int lfs_origin_open(struct dv_repo *repo, struct lfs_origin **out)
{
	struct lfs_origin *o = xcalloc(1, sizeof(*o));
	struct store *store;
	const char *temp;
	int err = repo_store(repo, &store);

	*out = NULL;
	o->origin.take = take;
	o->origin.has = has;
	o->repo = repo;
	pthread_mutex_init(&o->mutex, NULL);
	pthread_mutex_init(&o->credential, NULL);
	if (!err)
		err = store_temp_dir(store, &temp);
	if (err) {
		lfs_origin_close(o);
		return err;
	}
	o->temp_dir = xstrdup(temp);
	find_objects(o);
	find_server(o);
	*out = o;
	return 0;
}

void lfs_origin_close(struct lfs_origin *o)
{
	if (!o)
		return;
	remote_close(o->server);
	id_map_release(&o->places);
	arena_release(&o->arena);
	pthread_mutex_destroy(&o->mutex);
	pthread_mutex_destroy(&o->credential);
	free(o->actions);
	free(o->objects);
	free(o->folder);
	free(o->url);
	free(o->temp_dir);
	free(o);
}
