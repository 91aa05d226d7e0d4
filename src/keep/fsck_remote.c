/* Checking a remote: the locators of all roots, and the packs they name. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/transfer.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "keep/fsck.h"
#include "transfer/locator.h"
#include "transfer/open.h"
#include "transfer/verify.h"

/* One look at everything. */
struct look {
	struct fsck *fsck;
	struct endpoint *to;
	struct pack_ref *packs;		/* owned */
	size_t count, room;
	struct id_map numbers;		/* pack: its number */
	struct id_map bad;		/* pack: enum dv_fsck_problem */
	struct id_map bad_roots;	/* root: likewise, or 0: by its packs */
	struct id_map *needs;		/* owned; of each root: packs */
	pthread_mutex_t mutex;
	struct meter meter;
};

static void look_release(struct look *k)
{
	for (size_t i = 0; k->needs && i < k->fsck->live.count; i++)
		id_map_release(&k->needs[i]);
	free(k->needs);
	free(k->packs);
	id_map_release(&k->numbers);
	id_map_release(&k->bad);
	id_map_release(&k->bad_roots);
	pthread_mutex_destroy(&k->mutex);
}

#define DV_AUTO_LOOK	__attribute__((cleanup(look_release)))

/* --- locators ---------------------------------------------------------- */

static int read_root(void *data, unsigned worker, size_t i)
{
	struct look *k = data;
	const struct live_root *root = &k->fsck->live.roots[i];
	DV_AUTO_LOCATOR struct locator l = LOCATOR_INIT;
	int err = root->kind ? endpoint_locator(k->to, &root->id, &l) : 0;
	bool added;

	(void)worker;
	/* its own repository keeps it */
	if (err == DV_E_NOTFOUND && root->import)
		err = 0;
	if (err && err != DV_E_NOTFOUND && err != DV_E_CORRUPT)
		return err;
	pthread_mutex_lock(&k->mutex);
	if (err)
		id_map_put(&k->bad_roots, &root->id, err == DV_E_NOTFOUND ?
			   DV_FSCK_MISSING : DV_FSCK_DAMAGED, NULL);
	for (size_t n = 0; n < l.count; n++) {
		id_map_put(&k->needs[i], &l.packs[n].id, 0, NULL);
		id_map_put(&k->numbers, &l.packs[n].id, k->count, &added);
		if (!added)
			continue;
		ARRAY_GROW(k->packs, k->count + 1, k->room);
		k->packs[k->count++] = l.packs[n];
	}
	pthread_mutex_unlock(&k->mutex);
	return 0;
}

/* --- packs ------------------------------------------------------------- */

static int write_bytes(void *data, const uint8_t *bytes, size_t len)
{
	return file_write_all(*(int *)data, bytes, len, "a temporary file");
}

static int restart(void *data)
{
	int fd = *(int *)data;

	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		return dv_fail_errno("cannot write a temporary file");
	return 0;
}

static int check_file(const struct pack_ref *ref, const char *path, int fd)
{
	struct verifier *v;
	struct pack *pack;
	int err = pack_open(path, &ref->id, &pack);

	if (err)
		return err;
	v = verifier_new();
	err = pack_check_id(pack);
	if (!err && pack->class != ref->class)
		err = dv_fail(DV_E_CORRUPT, "a pack of the other class");
	if (!err)
		err = verify_pack(v, pack, fd, 0, NULL, NULL);
	verifier_free(v);
	pack_close(pack);
	return err;
}

/* All of it, through a file: memory stays small. */
static int check_bytes(struct look *k, const struct pack_ref *ref,
		       const char *name)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct remote_sink sink = {
		.write = write_bytes, .restart = restart, .data = &fd,
	};
	const char *dir;
	int err = store_temp_dir(k->fsck->live.store, &dir);

	if (err)
		return err;
	buf_addf(&path, "%s/%s", dir, path_name(name));
	fd = file_create(path.data, O_RDWR | O_TRUNC, SHARE_READ);
	if (fd < 0)
		return dv_fail_errno("cannot make %s", path.data);
	err = remote_get(k->to->remote, name, 0, ref->size, &sink);
	if (!err)
		err = file_flush(fd, path.data);
	if (!err)
		err = check_file(ref, path.data, fd);
	unlink(path.data);
	return err;
}

static int check_one(struct look *k, const struct pack_ref *ref)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	enum dv_fsck_problem problem = 0;
	uint64_t size;
	int err;

	remote_pack_name(&ref->id, &name);
	err = remote_stat(k->to->remote, name.data, &size);
	if (err == DV_E_NOTFOUND)
		problem = DV_FSCK_MISSING;
	else if (!err && size != ref->size)
		problem = DV_FSCK_DAMAGED;
	else if (!err && !k->fsck->options->quick)
		err = check_bytes(k, ref, name.data);
	if (err == DV_E_CORRUPT)
		problem = DV_FSCK_DAMAGED;
	if (problem) {
		err = 0;
		pthread_mutex_lock(&k->mutex);
		id_map_put(&k->bad, &ref->id, problem, NULL);
		pthread_mutex_unlock(&k->mutex);
	}
	meter_add(&k->meter, ref->size, 1);
	return err;
}

static int check_pack(void *data, unsigned worker, size_t i)
{
	struct look *k = data;

	(void)worker;
	return check_one(k, &k->packs[i]);
}

static int look(struct look *k)
{
	uint64_t bytes = 0;
	int err;

	k->needs = xcalloc(k->fsck->live.count + 1, sizeof(*k->needs));
	err = crew_each(k->to->window, k->fsck->live.count, read_root, k);
	for (size_t i = 0; i < k->count; i++)
		bytes += k->packs[i].size;
	meter_start(&k->meter, &k->fsck->options->progress, "checking",
		    "packs");
	meter_total(&k->meter, bytes, k->count);
	if (!err)
		err = crew_each(k->to->jobs, k->count, check_pack, k);
	meter_finish(&k->meter);
	k->fsck->result->files = k->count;
	k->fsck->result->bytes = bytes;
	return err;
}

/* --- mending ----------------------------------------------------------- */

static bool is_bad_root(const struct look *k, size_t i)
{
	bool bad = id_map_get(&k->bad_roots, &k->fsck->live.roots[i].id);

	for (size_t n = 0; n < k->count && !bad; n++)
		bad = id_map_get(&k->bad, &k->packs[n].id) &&
		      id_map_get(&k->needs[i], &k->packs[n].id);
	return bad;
}

/* What this clone cannot send stays as it is. */
static int push_root(struct fsck *f, const struct live_root *root)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	const char *paths[1];
	struct dv_transfer_options o = {
		.remote = f->options->remote, .jobs = f->options->jobs,
		.force = true, .progress = f->options->progress,
	};
	struct dv_transfer_result result;
	int err;

	path_typed(dv_repo_prefix(f->repo), root->path, &path);
	paths[0] = path.data;
	o.what.paths = paths;
	o.what.count = 1;
	o.what.rev = root->commit;
	err = dv_push(f->repo, &o, &result);
	if (err && err != DV_E_INTERRUPTED) {
		if (f->options->notice)
			f->options->notice(dv_error_text(),
					   f->options->notice_data);
		err = 0;
	}
	return err;
}

static int mend(const struct look *k)
{
	struct fsck *f = k->fsck;
	int err = 0;

	for (size_t i = 0; i < f->live.count && !err; i++) {
		const struct live_root *root = &f->live.roots[i];

		if (root->kind && is_bad_root(k, i) &&
		    !strcmp(root->worktree, dv_repo_worktree(f->repo)))
			err = push_root(f, root);
	}
	return err;
}

/* --- telling ----------------------------------------------------------- */

/* `now`: how it is after mending; else `before` itself. */
static int tell(const struct look *before, const struct look *now)
{
	struct fsck *f = before->fsck;
	int err = 0;

	for (size_t i = 0; i < before->count && !err; i++) {
		const struct dv_id *id = &before->packs[i].id;
		const uint64_t *was = id_map_get(&before->bad, id);
		DV_AUTO_BUF struct buf name = BUF_INIT;

		if (!was)
			continue;
		remote_pack_name(id, &name);
		err = fsck_tell(f, &(struct dv_fsck_entry){
			.problem = id_map_get(&now->bad, id) ?
				   (enum dv_fsck_problem)*was :
				   DV_FSCK_REPAIRED,
			.name = name.data,
		});
	}
	for (size_t i = 0; i < f->live.count && !err; i++) {
		const struct live_root *r = &f->live.roots[i];
		const uint64_t *was = id_map_get(&before->bad_roots, &r->id);

		f->result->roots += r->kind != 0;
		if (was)
			err = fsck_tell_root(f, id_map_get(&now->bad_roots,
							   &r->id) ?
					     (enum dv_fsck_problem)*was :
					     DV_FSCK_REPAIRED, r, 0);
	}
	return err ? err : fsck_tell_unread(f);
}

static int look_and_mend(struct fsck *f, struct endpoint *to)
{
	DV_AUTO_LOOK struct look first = { .fsck = f, .to = to };
	DV_AUTO_LOOK struct look second = { .fsck = f, .to = to };
	int err;

	pthread_mutex_init(&first.mutex, NULL);
	pthread_mutex_init(&second.mutex, NULL);
	err = look(&first);
	if (err || !f->options->repair ||
	    !(first.bad.count + first.bad_roots.count))
		return err ? err : tell(&first, &first);
	err = mend(&first);
	if (!err)
		err = look(&second);
	return err ? err : tell(&first, &second);
}

int fsck_remote(struct fsck *f)
{
	struct endpoint *to;
	int err = live_open(&f->live, f->repo);

	f->live.lenient = true;
	if (!err)
		err = live_gather(&f->live, false);
	if (!err)
		err = endpoint_open(f->repo, f->options->remote,
				    f->options->jobs, &to);
	if (err)
		return err;
	err = endpoint_check_marker(to, false);
	if (!err)
		err = look_and_mend(f, to);
	endpoint_close(to);
	return err;
}
