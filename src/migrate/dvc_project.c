#include "migrate/dvc_project.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/settings_names.h"
#include "migrate/here.h"
#include "migrate/object_name.h"
#include "store/store.h"

#define REMOTE_JOBS	16

static void absolute(struct dv_repo *repo, const char *root, struct buf *out)
{
	path_join(out, dv_repo_worktree(repo), root);
}

bool dvc_project_at(struct dv_repo *repo, const char *root)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct stat st;

	absolute(repo, root, &path);
	path_append(&path, ".dvc");
	return !lstat(path.data, &st) && S_ISDIR(st.st_mode);
}

/* --- settings ---------------------------------------------------------- */

static int read_settings(struct dvc_project *p)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = dvc_config_read(&p->config, "/etc/xdg/dvc/config",
				  DV_CONFIG_SYSTEM);

	if (base && *base)
		buf_addf(&path, "%s/dvc/config", base);
	else if (home)
		buf_addf(&path, "%s/.config/dvc/config", home);
	if (!err && path.len)
		err = dvc_config_read(&p->config, path.data,
				      DV_CONFIG_GLOBAL);
	absolute(p->repo, p->root, &path);
	path_append(&path, ".dvc/config");
	if (!err)
		err = dvc_config_read(&p->config, path.data,
				      DV_CONFIG_PROJECT);
	buf_addstr(&path, ".local");
	return err ? err : dvc_config_read(&p->config, path.data,
					   DV_CONFIG_LOCAL);
}

static void find_cache(struct dvc_project *p)
{
	const char *set = getenv("DVC_CACHE_DIR");
	DV_AUTO_BUF struct buf path = BUF_INIT;

	if (set && *set == '/') {
		buf_addstr(&path, set);
	} else if (!dvc_config_path(&p->config, "cache", "dir", &path)) {
		absolute(p->repo, p->root, &path);
		path_append(&path, ".dvc/cache");
	}
	p->cache = buf_detach(&path);
}

/* DVC's names for what dv speaks: webdavs is https. */
static char *usable_url(const char *url)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	if (!strncmp(url, "webdavs://", 10))
		buf_addf(&out, "https%s", url + 7);
	else if (!strncmp(url, "webdav://", 9))
		buf_addf(&out, "http%s", url + 6);
	else
		buf_addstr(&out, url);
	return buf_detach(&out);
}

static void add_remote(struct dvc_project *p, char *name)
{
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf section = BUF_INIT;
	struct dvc_remote *r = &p->remotes[p->remote_count++];
	const struct dvc_setting *s;

	r->project = p;
	r->name = name;
	dvc_remote_section(name, &section);
	s = dvc_config_find(&p->config, section.data, "url");
	r->level = s ? s->level : DV_CONFIG_PROJECT;
	if (dvc_remote_url(&p->config, name, &url, &from))
		r->url = usable_url(url.data);
	r->settings_from = buf_detach(&from);
}

static void find_remotes(struct dvc_project *p)
{
	const char *first = dvc_config_get(&p->config, "core", "remote");
	char *name;

	p->remotes = xcalloc(p->config.count + 1, sizeof(*p->remotes));
	for (size_t i = 0; (name = dvc_config_remote(&p->config, i)); i++)
		add_remote(p, name);
	for (size_t i = 1; first && i < p->remote_count; i++) {
		struct dvc_remote swap = p->remotes[i];

		if (strcmp(swap.name, first))
			continue;
		p->remotes[i] = p->remotes[0];
		p->remotes[0] = swap;
	}
}

/* --- remotes ----------------------------------------------------------- */

const struct dvc_remote_key dvc_remote_keys[] = {
	{ "region", "region" }, { "endpointurl", "endpointurl" },
	{ "profile", "profile" }, { "user", "user" },
	{ "password", "password" }, { "token", "token" },
	{ "cafile", "ssl_verify" },
	{ "accesskeyid", "access_key_id" },
	{ "secretaccesskey", "secret_access_key" },
	{ "sessiontoken", "session_token" },
	{ "anonymous", "allow_anonymous_login" },
	{ "jobs", "jobs" }, { "connecttimeout", "connect_timeout" },
	{ "stalltimeout", "read_timeout" },
	{ NULL, NULL }
};

const struct dvc_setting *dvc_remote_setting(const struct dvc_remote *r,
					     const char *key)
{
	const struct dvc_config *c = &r->project->config;
	const struct dvc_remote_key *k = dvc_remote_keys;
	DV_AUTO_BUF struct buf section = BUF_INIT;
	DV_AUTO_BUF struct buf full = BUF_INIT;
	const struct dvc_setting *s;

	while (k->ours && strcmp(k->ours, key))
		k++;
	if (!k->ours)
		return NULL;
	dvc_remote_section(r->name, &section);
	s = dvc_config_find(c, section.data, k->theirs);
	if (!s && *r->settings_from) {
		dvc_remote_section(r->settings_from, &section);
		s = dvc_config_find(c, section.data, k->theirs);
	}
	/* of ssl_verify only the name of a file means something here */
	if (!s || (!strcmp(key, "cafile") && !strchr(s->value, '/')))
		return NULL;
	buf_addf(&full, "remote.%s.%s", r->name, key);
	return setting_check(setting_find(full.data), full.data, s->value) ?
		NULL : s;
}

static const char *setting(void *data, const char *key)
{
	const struct dvc_setting *s = dvc_remote_setting(data, key);

	return s ? s->value : NULL;
}

static int credential(void *data, const char *action, const char *url,
		      char **user, char **password)
{
	struct dvc_project *p = ((struct dvc_remote *)data)->project;
	int err;

	pthread_mutex_lock(&p->mutex);
	err = repo_credential(p->repo, action, url, user, password);
	pthread_mutex_unlock(&p->mutex);
	return err;
}

static int open_remote(struct dvc_remote *r)
{
	const struct remote_options o = {
		.name = r->name, .url = r->url,
		.base_dir = dv_repo_worktree(r->project->repo),
		.setting = setting, .credential = credential, .data = r,
		.jobs = REMOTE_JOBS,
	};

	if (!r->url)
		return dv_fail(DV_E_INVALID, "remote %s: DVC's settings give "
			       "no URL for it", r->name);
	return remote_open(&o, &r->remote);
}

static void mark_down(struct dvc_remote *r, int code)
{
	if (!r->down)
		error_save(code, &r->trouble);
	r->down = true;
}

/* NULL: it cannot be used. */
static struct remote *remote_of(struct dvc_remote *r)
{
	struct remote *remote;

	pthread_mutex_lock(&r->project->mutex);
	if (!r->tried) {
		int err;

		r->tried = true;
		err = open_remote(r);
		if (err)
			mark_down(r, err);
	}
	remote = r->down ? NULL : r->remote;
	pthread_mutex_unlock(&r->project->mutex);
	return remote;
}

/* What is said of an object is for later; of the remote, the end of it. */
static int judge(struct dvc_remote *r, int err)
{
	if (err == DV_E_AUTH || err == DV_E_NETWORK || err == DV_E_IO) {
		pthread_mutex_lock(&r->project->mutex);
		mark_down(r, err);
		pthread_mutex_unlock(&r->project->mutex);
	}
	return err;
}

/* --- looking ----------------------------------------------------------- */

/* files/md5/ab/cdef, or ab/cdef as DVC 2 had it. */
static void layout_path(const struct object_name *name, bool old,
			struct buf *out)
{
	DV_AUTO_BUF struct buf hex = BUF_INIT;

	object_name_show(name, &hex);
	buf_addf(out, "%s%.2s/%s", old ? "" : "files/md5/", hex.data,
		 hex.data + 2);
}

static int take_cached(struct dvc_project *p, const struct wanted *w, bool old,
		       struct held *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;

	layout_path(&w->name, old, &name);
	buf_addf(&path, "%s/%s", p->cache, name.data);
	return held_path(out, path.data);
}

struct request {
	struct remote *remote;
	const char *name;
	const char *version;
};

static int get(void *data, const struct remote_sink *sink)
{
	struct request *q = data;

	return remote_get_file(q->remote, q->name, q->version, sink);
}

static int take_remote(struct dvc_remote *r, const struct wanted *w, bool old,
		       struct held *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct request q = { .remote = remote_of(r) };
	int err;

	if (!q.remote)
		return dv_fail(DV_E_NOTFOUND, "remote %s is not asked",
			       r->name);
	if (w->key) {
		buf_addstr(&name, w->key);
		q.version = w->version;
	} else {
		layout_path(&w->name, old, &name);
	}
	q.name = name.data;
	err = held_receive(out, r->project->temp_dir, get, &q);
	buf_addf(&name, " at remote %s", r->name);
	if (!err)
		out->where = buf_detach(&name);
	return judge(r, err);
}

static int none(void)
{
	return dv_fail(DV_E_NOTFOUND, "not there");
}

/*
 * The cache in both layouts, the work tree, each remote in both layouts.
 * What the pointer says of its age goes first where a request is saved.
 */
static int take(struct origin *o, const struct wanted *w, unsigned n,
		struct held *out)
{
	struct dvc_project *p = (struct dvc_project *)o;
	bool old = w->name.kind == HASH_MD5_TEXT;
	struct dvc_remote *r;
	int err;

	if (n == 2)
		return w->path && w->name.kind ? held_here(p->repo, w, out) :
			none();
	if (n > 2 && (n - 3) / 2 >= p->remote_count)
		return 1;
	old ^= n < 2 ? n : (n - 3) % 2;
	if (n < 2 && w->name.kind)
		err = take_cached(p, w, old, out);
	else if (n < 2 || (w->key ? (n - 3) % 2 : !w->name.kind))
		return none();
	else {
		r = &p->remotes[(n - 3) / 2];
		if (w->key && w->remote && strcmp(w->remote, r->name))
			return none();
		err = take_remote(r, w, old, out);
	}
	out->old = !err && old && !w->key;
	return err;
}

/* --- opening ----------------------------------------------------------- */

int dvc_project_open(struct dv_repo *repo, const char *root,
		     struct dvc_project **out)
{
	struct dvc_project *p = xcalloc(1, sizeof(*p));
	struct store *store;
	const char *temp;
	int err;

	*out = NULL;
	p->origin.take = take;
	p->repo = repo;
	p->root = xstrdup(root);
	pthread_mutex_init(&p->mutex, NULL);
	err = read_settings(p);
	if (!err)
		err = repo_store(repo, &store);
	if (!err)
		err = store_temp_dir(store, &temp);
	if (err) {
		dvc_project_close(p);
		return err;
	}
	p->temp_dir = xstrdup(temp);
	find_cache(p);
	find_remotes(p);
	*out = p;
	return 0;
}

void dvc_project_close(struct dvc_project *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->remote_count; i++) {
		remote_close(p->remotes[i].remote);
		free(p->remotes[i].name);
		free(p->remotes[i].url);
		free(p->remotes[i].settings_from);
	}
	free(p->remotes);
	dvc_config_release(&p->config);
	pthread_mutex_destroy(&p->mutex);
	free(p->root);
	free(p->cache);
	free(p->temp_dir);
	free(p);
}
