#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/foreign.h"
#include "git/repo.h"
#include "transfer/open.h"
#include "transfer/remote_place.h"

#define JOBS_DEFAULT	8
#define WINDOW_DEFAULT	32	/* small requests take round trips only */
#define JOBS_MAX	64	/* each may take a MiB */
#define LARGE_MAX	24	/* and of these FETCH_REQUEST_MAX */
/* Times the window: what indexes may take. */
#define INDEX_IN_MEMORY	((uint64_t)1 << 20)

bool remote_configured(struct dv_repo *repo, const char *name)
{
	DV_AUTO_BUF struct buf key = BUF_INIT;
	const char *url;

	buf_addf(&key, "remote.%s.url", name);
	url = dv_config_get(repo, key.data);
	return url && *url;
}

/* --- what remote/ asks of us ------------------------------------------- */

static const char *setting(void *data, const char *key)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct endpoint *e = data;
	const char *value;

	if (!e->named)
		return NULL;
	buf_addf(&name, "remote.%s.%s", e->name, key);
	pthread_mutex_lock(&e->mutex);
	value = dv_config_get(e->repo, name.data);
	pthread_mutex_unlock(&e->mutex);
	return value;
}

static int credential(void *data, const char *action, const char *url,
		      char **user, char **password)
{
	struct endpoint *e = data;
	int err;

	pthread_mutex_lock(&e->mutex);
	err = repo_credential(e->repo, action, url, user, password);
	pthread_mutex_unlock(&e->mutex);
	return err;
}

/* --- opening ----------------------------------------------------------- */

static bool looks_like_url(const char *name)
{
	return strchr(name, '/') || strchr(name, ':') ||
	       !strcmp(name, ".") || !strcmp(name, "..");
}

static int pick_jobs(struct endpoint *e, unsigned jobs)
{
	DV_AUTO_BUF struct buf key = BUF_INIT;
	uint64_t value = jobs;
	int err = 0;

	if (!jobs && e->named) {
		buf_addf(&key, "remote.%s.jobs", e->name);
		err = dv_config_size(e->repo, key.data, 0, &value);
	}
	if (value > JOBS_MAX)
		value = JOBS_MAX;
	e->jobs = value ? value : JOBS_DEFAULT;
	if (e->jobs > LARGE_MAX)
		e->jobs = LARGE_MAX;
	/* who has said how many means all of them */
	e->window = value ? value : WINDOW_DEFAULT;
	return err;
}

static int open_remote(struct endpoint *e, unsigned jobs)
{
	DV_AUTO_BUF struct buf key = BUF_INIT;
	DV_AUTO_BUF struct buf url = BUF_INIT;
	struct remote_options o = {
		.name = e->name,
		.base_dir = repo_base_dir(e->repo),
		.setting = setting,
		.credential = credential,
		.data = e,
	};
	struct store *store;
	struct dv_id id;
	int err = pick_jobs(e, jobs);

	if (err)
		return err;
	if (e->named) {
		buf_addf(&key, "remote.%s.url", e->name);
		buf_addstr(&url, dv_config_get(e->repo, key.data));
	} else {
		buf_addstr(&url, e->name);
	}
	o.url = url.data;
	o.jobs = e->window;
	/* a stranger's .dvconfig has not been through dv remote add; of his
	 * own repository there is nothing of ours to be harmed */
	if (!repo_origin(e->repo))
		err = remote_place_check(e->repo, o.url);
	if (!err)
		err = remote_open(&o, &e->remote);
	if (err)
		return err;
	remote_key(e->remote, &id);
	err = repo_store(e->repo, &store);
	return err ? err : have_open(store_path(store), &id, &e->have);
}

/* Those of another repository are not for us to set up. */
static int no_such_remote(const struct dv_repo *repo, const char *name)
{
	const char *url = repo_origin(repo);
	DV_AUTO_BUF struct buf word = BUF_INIT;

	if (url)
		return dv_fail(DV_E_NOTFOUND, "no remote named '%s' in %s",
			       name, url);
	path_word(name, &word);
	return dv_hint(dv_fail(DV_E_NOTFOUND, "no remote named '%s'", name),
		       "dv remote add %s <url>", word.data);
}

int endpoint_open(struct dv_repo *repo, const char *name, unsigned jobs,
		  struct endpoint **out)
{
	DV_AUTO_BUF struct buf chosen = BUF_INIT;
	struct endpoint *e;
	bool named = true;
	int err;

	*out = NULL;
	if (!name) {
		err = remote_default(repo, &chosen);
		if (err)
			return err;
	} else {
		buf_addstr(&chosen, name);
		named = remote_configured(repo, name);
	}
	if (!named && !looks_like_url(chosen.data))
		return no_such_remote(repo, chosen.data);

	e = xcalloc(1, sizeof(*e));
	e->repo = repo;
	e->named = named;
	e->name = buf_detach(&chosen);
	pthread_mutex_init(&e->mutex, NULL);
	err = open_remote(e, jobs);
	if (err) {
		endpoint_close(e);
		return err;
	}
	*out = e;
	return 0;
}

void endpoint_close(struct endpoint *e)
{
	if (!e)
		return;
	have_close(e->have);
	if (e->remote)
		remote_close(e->remote);
	pthread_mutex_destroy(&e->mutex);
	free(e->name);
	free(e);
}

/* --- small requests ---------------------------------------------------- */

static int write_marker(struct endpoint *e)
{
	struct remote_source source = {
		.bytes = (const uint8_t *)REMOTE_MARKER_TEXT,
		.fd = -1,
		.len = strlen(REMOTE_MARKER_TEXT),
	};
	int err = remote_put(e->remote, REMOTE_MARKER, &source, NULL, NULL);

	if (err)
		return err;
	e->fresh = true;
	return have_set_marker(e->have);
}

int endpoint_check_marker(struct endpoint *e, bool write)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	if (e->have->marker)
		return 0;
	err = remote_get_buf(e->remote, REMOTE_MARKER, 0, UINT64_MAX,
			     REMOTE_MARKER_MAX, &text);
	if (err == DV_E_NOTFOUND)
		return write ? write_marker(e) : 0;
	if (err)
		return err;
	err = remote_marker_check(text.data, text.len, remote_url(e->remote));
	return err ? err : have_set_marker(e->have);
}

int endpoint_locator(struct endpoint *e, const struct dv_id *root,
		     struct locator *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	int err;

	*out = (struct locator)LOCATOR_INIT;
	remote_root_name(root, &name);
	err = remote_get_buf(e->remote, name.data, 0, UINT64_MAX, LOCATOR_MAX,
			     &bytes);
	return err ? err : locator_decode((const uint8_t *)bytes.data,
					  bytes.len, root, out);
}

/* An index too large for memory goes through a file. */
struct index_file {
	struct newfile out;
};

static int write_index(void *data, const uint8_t *bytes, size_t len)
{
	struct index_file *f = data;

	return newfile_write(&f->out, bytes, len);
}

static int restart_index(void *data)
{
	struct index_file *f = data;

	if (ftruncate(f->out.fd, 0) || lseek(f->out.fd, 0, SEEK_SET))
		return dv_fail_errno("cannot write %s", f->out.temp);
	return 0;
}

static int get_large_index(struct endpoint *e, uint32_t number,
			   const char *name, uint64_t offset, uint64_t len)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_FILEMAP struct filemap map = FILEMAP_INIT;
	struct pack_ref ref = have_ref(e->have, number);
	struct index_file f = { .out = NEWFILE_INIT };
	struct remote_sink sink = {
		.write = write_index, .restart = restart_index, .data = &f,
	};
	int err;

	have_index_path(e->have, &ref.id, &path);
	err = newfile_open(&f.out, path.data, NULL);
	if (!err)
		err = remote_get(e->remote, name, offset, len, &sink);
	if (!err)
		err = filemap_open(&map, f.out.temp);
	if (!err)
		err = have_index_keep(e->have, number, map.data, map.len);
	newfile_release(&f.out);
	return err;
}

static int get_index(struct endpoint *e, uint32_t number, const char *name,
		     uint64_t offset, uint64_t len)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	int err;

	if (len > INDEX_IN_MEMORY)
		return get_large_index(e, number, name, offset, len);
	err = remote_get_buf(e->remote, name, offset, len, len, &bytes);
	return err ? err : have_index_keep(e->have, number,
					   (const uint8_t *)bytes.data,
					   bytes.len);
}

int endpoint_bad_index(const struct dv_id *pack)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(pack, hex);
	return dv_fail(DV_E_CORRUPT, "pack %.12s: its index is not the one "
		       "that its name says", hex);
}

int endpoint_fetch_index(struct endpoint *e, uint32_t number)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct pack_ref ref = have_ref(e->have, number);
	uint64_t len = ref.index_len + PACK_TAIL_SIZE;
	int err;

	remote_pack_name(&ref.id, &name);
	err = get_index(e, number, name.data, ref.size - len, len);
	return err == DV_E_CORRUPT ? endpoint_bad_index(&ref.id) : err;
}

struct index_job {
	struct endpoint *endpoint;
	const uint32_t *numbers;
	pthread_mutex_t mutex;
	struct error_state bad;	/* the first that is wrong or not there */
};

static int fetch_one_index(void *data, unsigned worker, size_t i)
{
	struct index_job *job = data;
	int err = endpoint_fetch_index(job->endpoint, job->numbers[i]);

	(void)worker;
	if (err != DV_E_CORRUPT && err != DV_E_NOTFOUND)
		return err;
	pthread_mutex_lock(&job->mutex);
	if (!job->bad.code)
		error_save(err, &job->bad);
	pthread_mutex_unlock(&job->mutex);
	return 0;
}

int endpoint_fetch_indexes(struct endpoint *e, const uint32_t *numbers,
			   size_t count)
{
	struct index_job job = { .endpoint = e, .numbers = numbers };
	int err;

	if (!count)
		return 0;
	pthread_mutex_init(&job.mutex, NULL);
	err = crew_each(e->window, count, fetch_one_index, &job);
	pthread_mutex_destroy(&job.mutex);
	if (!err && job.bad.code)
		return error_restore(&job.bad);
	return err;
}
