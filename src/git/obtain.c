#include "git/obtain.h"

#include <stdlib.h>
#include <string.h>

#include "base/crew.h"
#include "base/error.h"
#include "base/map.h"
#include "base/trace.h"
#include "git/lib.h"
#include "git/private.h"

/* --- where from --------------------------------------------------------- */

static void add_promisor(struct path_list *l, const char *name, size_t len)
{
	if (len && *name != '-')
		path_list_add(l, name, len);
}

/* remote.<name>.promisor = true, or a filter, which says the same. */
static void take_entry(struct path_list *l, const struct config_entry *e)
{
	const char *name = e->name + strlen("remote.");
	const char *dot = strrchr(e->name, '.');

	if (!strcmp(e->name, "extensions.partialclone") && e->value)
		add_promisor(l, e->value, strlen(e->value));
	if (strncmp(e->name, "remote.", strlen("remote.")) || dot < name)
		return;
	if ((!strcmp(dot, ".promisor") && config_truth(e->value) == 1) ||
	    !strcmp(dot, ".partialclonefilter"))
		add_promisor(l, name, dot - name);
}

/*
 * git writes them into this file.  What is configured elsewhere, or broken,
 * only makes it slower.
 */
static const struct path_list *promisors(struct dv_repo *repo)
{
	struct config c = { 0 };
	DV_AUTO_BUF struct buf file = BUF_INIT;

	if (repo->promisors_read)
		return &repo->promisors;
	repo->promisors_read = true;
	buf_addf(&file, "%s/config", repo->place.common_dir);
	if (!config_read(&c, DV_CONFIG_LOCAL, file.data, 0, NULL))
		for (size_t i = 0; i < c.count; i++)
			take_entry(&repo->promisors, &c.entries[i]);
	path_list_sort(&repo->promisors);
	config_release(&c);
	return &repo->promisors;
}

bool repo_is_partial(struct dv_repo *repo)
{
	return promisors(repo)->count;
}

/* --- many --------------------------------------------------------------- */

void obtain_add(struct buf *ids, const void *oid)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = oid;

	for (int i = 0; i < GIT_OID_RAWSZ; i++) {
		buf_addch(ids, digits[bytes[i] >> 4]);
		buf_addch(ids, digits[bytes[i] & 15]);
	}
	buf_addch(ids, '\n');
}

/* Those lines of `ids` that are no objects here, each once. */
static void find_missing(git_odb *odb, const struct buf *ids, struct buf *out)
{
	struct id_map known = { 0 };

	lib.odb_refresh(odb);
	for (const char *at = ids->data, *next; *at; at = next) {
		size_t n = strcspn(at, "\n");
		struct dv_id key = { { 0 } };
		git_oid id;
		bool added;

		next = at + n + (at[n] == '\n');
		if (n != GIT_OID_HEXSZ || lib.oid_fromstr(&id, at))
			continue;
		memcpy(key.bytes, id.id, sizeof(id.id));
		id_map_put(&known, &key, 0, &added);
		if (added && !lib.odb_exists_ext(odb, &id,
						 GIT_ODB_LOOKUP_NO_REFRESH))
			buf_addf(out, "%.*s\n", GIT_OID_HEXSZ, at);
	}
	id_map_release(&known);
}

/* As git itself does it, but for all of them at once. */
static int fetch_from(struct dv_repo *repo, const char *name,
		      const struct buf *ids)
{
	const char *const args[] = {
		"-c", "fetch.negotiationAlgorithm=noop", "fetch", "-q", name,
		"--no-tags", "--no-write-fetch-head",
		"--recurse-submodules=no", "--no-auto-maintenance",
		"--filter=blob:none", "--stdin", NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;
	TRACE_REGION("git: fetch objects");

	run_git(repo, args, ids->data, ids->len, &out);
	return cancel_check();
}

int repo_obtain(struct dv_repo *repo, const struct buf *ids)
{
	const struct path_list *from = promisors(repo);
	const char *never = getenv("GIT_NO_LAZY_FETCH");
	DV_AUTO_BUF struct buf missing = BUF_INIT;
	git_repository *git;
	git_odb *odb;
	int code, err = from->count && ids->len ? repo_git(repo, &git) : 0;

	if (err || !from->count || !ids->len || repo->promisors_lost ||
	    (never && config_truth(never) != 0))
		return err;
	code = lib.repository_odb(&odb, git);
	if (code < 0)
		return lib_fail(code, "cannot open the objects");
	find_missing(odb, ids, &missing);
	for (size_t i = 0; i < from->count && missing.len && !err; i++) {
		DV_AUTO_BUF struct buf left = BUF_INIT;

		err = fetch_from(repo, from->items[i], &missing);
		find_missing(odb, &missing, &left);
		buf_clear(&missing);
		buf_add(&missing, left.data, left.len);
	}
	lib.odb_free(odb);
	return err;
}

int repo_obtain_trees(struct dv_repo *repo, const char *const revs[])
{
	const char *args[RUN_ARGS] = { "log", "--no-color", "--format=%T" };
	DV_AUTO_BUF struct buf ids = BUF_INIT;
	size_t count = 0;
	int err;

	if (!repo_is_partial(repo))
		return 0;
	while (revs[count]) {
		args[3 + count] = revs[count];
		count++;
	}
	args[3 + count] = "--";
	err = run_git(repo, args, NULL, 0, &ids);
	return err ? err : repo_obtain(repo, &ids);
}

/* --- one ---------------------------------------------------------------- */

static int not_here(struct dv_repo *repo, const char *hex)
{
	if (!repo_is_partial(repo))
		return dv_hint(dv_fail(DV_E_CORRUPT, "object %s is missing "
				       "from the git repository", hex),
			       "git fsck finds out more");
	return dv_hint(dv_fail(DV_E_NETWORK, "object %s is not in this partial "
			       "clone, and git cannot fetch it", hex),
		       "git cat-file -e %s finds out more", hex);
}

/*
 * What cannot be had alone once is not asked again: each try may take as long
 * as the network takes to give up.
 */
int repo_git_obtain(struct dv_repo *repo, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ + 1];
	const char *const args[] = { "cat-file", "-e", hex, NULL };
	DV_AUTO_BUF struct buf out = BUF_INIT;
	git_repository *git;
	git_odb *odb;
	int code, err = repo_git(repo, &git);

	if (err)
		return err;
	lib.oid_tostr(hex, sizeof(hex), id);
	if (repo->promisors_lost || run_git(repo, args, NULL, 0, &out)) {
		repo->promisors_lost = repo_is_partial(repo);
		err = cancel_check();
		return err ? err : not_here(repo, hex);
	}
	code = lib.repository_odb(&odb, git);
	if (code < 0)
		return lib_fail(code, "cannot open the objects");
	lib.odb_refresh(odb);
	code = lib.odb_exists(odb, id);
	lib.odb_free(odb);
	return code == 1 ? 0 :
		dv_fail(DV_E_CORRUPT, "object %s cannot be read", hex);
}
