/* dv doctor: the system, the store and git. */

#include "keep/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "dv/error.h"
#include "dv/hooks.h"
#include "dv/keep.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/trace.h"
#include "chunk/libraries.h"
#include "git/repo.h"
#include "git/run.h"
#include "remote/remote.h"

#define LITTLE_SPACE	((uint64_t)1 << 30)	/* bytes */

int doctor_tell(const struct doctor *d, const char *subject,
		enum dv_check_state state, const char *hint,
		const char *fmt, ...)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct dv_check check = {
		.subject = subject, .state = state, .hint = hint ? hint : "",
	};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	check.text = text.data;
	return d->fn(&check, d->data);
}

int doctor_tell_failure(const struct doctor *d, const char *subject,
			enum dv_check_state state, const char *what)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf hint = BUF_INIT;

	buf_addstr(&text, dv_error_text());
	buf_addstr(&hint, dv_error_hint());
	return doctor_tell(d, subject, state, hint.data, "%s: %s", what,
			   text.data);
}

/* --- the system -------------------------------------------------------- */

static int look_at_system(struct doctor *d)
{
	static const char *const argv[] = { "git", "--version", NULL };
	DV_AUTO_BUF struct buf version = BUF_INIT;
	struct utsname system;
	int err = uname(&system) ? 0 :
		doctor_tell(d, "system", DV_CHECK_OK, NULL, "%s %s %s",
			    system.sysname, system.release, system.machine);

	if (err)
		return err;
	if (process_run(argv, NULL, 0, &version))
		return doctor_tell(d, "git", DV_CHECK_FAIL, "install git",
				   "git cannot be run");
	buf_setlen(&version, strcspn(version.data, "\n"));
	return doctor_tell(d, "git", DV_CHECK_OK, NULL, "%s", version.data);
}

/* One of those that are loaded only when something needs them. */
static int look_at_library(struct doctor *d, int (*load)(struct buf *out))
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	if (load(&text))
		return doctor_tell_failure(d, "libraries", DV_CHECK_FAIL,
					   "not here");
	return doctor_tell(d, "libraries", DV_CHECK_OK, NULL, "%s",
			   text.data);
}

/* libcurl is not asked when no remote is: loading it takes the longest. */
static int look_at_libraries(struct doctor *d)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	chunk_libraries(&text);
	err = doctor_tell(d, "libraries", DV_CHECK_OK, NULL, "%s", text.data);
	if (!err)
		err = look_at_library(d, git_library);
	return err || d->o->offline ? err :
		look_at_library(d, remote_library);
}

/* --- the store --------------------------------------------------------- */

/* What statfs(2) and linux/magic.h call file systems. */
static const struct {
	unsigned long type;
	const char *name;
	bool network;
} file_systems[] = {
	{ 0xef53, "ext4", false }, { 0x58465342, "xfs", false },
	{ 0x9123683e, "btrfs", false }, { 0x2fc12fc1, "zfs", false },
	{ 0xca451a4e, "bcachefs", false }, { 0xf2f52010, "f2fs", false },
	{ 0x01021994, "tmpfs", false }, { 0x794c7630, "overlayfs", false },
	{ 0x6969, "nfs", true }, { 0xff534d42, "cifs", true },
	{ 0xfe534d42, "smb2", true }, { 0x01021997, "9p", true },
	{ 0x65735546, "fuse", true }, { 0x00c36400, "ceph", true },
	{ 0x0bd00bd0, "lustre", true }, { 0x47504653, "gpfs", true },
	{ 0x4d44, "vfat", false }, { 0x2011bab0, "exfat", false },
	{ 0x7366746e, "ntfs", false }, { 0x5346414f, "afs", true },
};

static int look_at_file_system(struct doctor *d, const char *subject,
			       const char *path)
{
	struct statfs fs;
	const char *name = "an unknown file system";
	bool network = false;
	uint64_t space;

	if (statfs(path, &fs))
		return doctor_tell(d, subject, DV_CHECK_FAIL, NULL,
				   "%s cannot be looked at", path);
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(*file_systems);
	     i++)
		if (file_systems[i].type == ((unsigned long)fs.f_type &
					     0xffffffff)) {
			name = file_systems[i].name;
			network = file_systems[i].network;
		}
	space = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	return doctor_tell(d, subject, space < LITTLE_SPACE ? DV_CHECK_WARN :
			   network ? DV_CHECK_NOTE : DV_CHECK_OK,
			   space < LITTLE_SPACE ? "dv gc frees what nothing "
			   "refers to" : NULL, "%s, on %s, %.1f GiB free",
			   path, name, (double)space / (1 << 30));
}

static int look_at_fallbacks(struct doctor *d)
{
	DV_AUTO_PATH_LIST struct path_list paths = PATH_LIST_INIT;
	int err = repo_fallbacks(d->repo, &paths);

	for (size_t i = 0; i < paths.count && !err; i++) {
		struct store *s;

		if (store_open(paths.items[i], STORE_READ_ONLY, &s)) {
			err = doctor_tell_failure(d, "fallback store",
						  DV_CHECK_WARN,
						  "cannot be used");
			continue;
		}
		store_close(s);
		err = doctor_tell(d, "fallback store", DV_CHECK_OK, NULL,
				  "%s", paths.items[i]);
	}
	return err;
}

/* One that was filled before store.path was set is not found any more. */
static int look_at_left_store(struct doctor *d)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf hint = BUF_INIT;
	DV_AUTO_PATH_LIST struct path_list read = PATH_LIST_INIT;
	int err = repo_fallbacks(d->repo, &read);

	buf_addf(&path, "%s/dv", repo_common_dir(d->repo));
	path_list_sort(&read);
	if (err || path_list_has(&read, path.data) ||
	    !strcmp(path.data, dv_repo_store_path(d->repo)) ||
	    !dv_store_is_used(path.data))
		return err;
	buf_addstr(&hint, "git config --add dv.store.fallback ");
	path_word(path.data, &hint);
	return doctor_tell(d, "store", DV_CHECK_WARN, hint.data,
			   "what is in %s is not read since store.path is set",
			   path.data);
}

static int look_at_store(struct doctor *d)
{
	struct store *store;
	int err;

	if (repo_store(d->repo, &store))
		return doctor_tell_failure(d, "store", DV_CHECK_FAIL,
					   "cannot be opened");
	err = look_at_file_system(d, "store", store_path(store));
	if (!err)
		err = look_at_left_store(d);
	return err ? err : look_at_fallbacks(d);
}

/* --- git --------------------------------------------------------------- */

struct hook_sum {
	struct buf ours, others;
};

static int add_hook(const struct dv_hook *hook, void *data)
{
	struct hook_sum *sum = data;

	if (dv_hook_runs(hook))
		buf_addf(&sum->ours, " %s", hook->name);
	else
		buf_addf(&sum->others, " %s", hook->name);
	return 0;
}

static int look_at_hooks(struct doctor *d)
{
	struct hook_sum sum = { BUF_INIT, BUF_INIT };
	int err;

	if (dv_hooks_each(d->repo, add_hook, &sum))
		err = doctor_tell_failure(d, "hooks", DV_CHECK_WARN,
					  "cannot be looked at");
	else if (sum.ours.len && sum.others.len)
		err = doctor_tell(d, "hooks", DV_CHECK_WARN,
				  "dv hooks install", "installed:%s; not:%s",
				  sum.ours.data, sum.others.data);
	else if (sum.ours.len)
		err = doctor_tell(d, "hooks", DV_CHECK_OK, NULL,
				  "installed:%s", sum.ours.data);
	else
		err = doctor_tell(d, "hooks", DV_CHECK_NOTE,
				  "dv hooks install lets git check out, check "
				  "and push the data", "not installed");
	buf_release(&sum.ours);
	buf_release(&sum.others);
	return err;
}

static int look_at_drivers(struct doctor *d)
{
	static const char *const config[] = {
		"config", "--get", "merge.dv.driver", NULL
	};
	static const char *const attribute[] = {
		"check-attr", "merge", "--", "x.dv", NULL
	};
	static const char *const ignores[] = {
		"check-attr", "merge", "--", ".gitignore", NULL
	};
	DV_AUTO_BUF struct buf driver = BUF_INIT;
	DV_AUTO_BUF struct buf named = BUF_INIT;
	bool have = !run_git(d->repo, config, NULL, 0, &driver) && driver.len;

	if (run_git(d->repo, attribute, NULL, 0, &named) ||
	    !strstr(named.data, "merge: dv"))
		return doctor_tell(d, "merges", DV_CHECK_WARN, "dv init",
				   ".gitattributes does not name dv's merge "
				   "driver: two changes of one directory will "
				   "conflict");
	if (!have)
		return doctor_tell(d, "merges", DV_CHECK_WARN, "dv init",
				   "the merge driver is not set up in this "
				   "clone");
	if (run_git(d->repo, ignores, NULL, 0, &named) ||
	    strstr(named.data, "merge: unspecified"))
		return doctor_tell(d, "merges", DV_CHECK_WARN, "dv init",
				   ".gitattributes does not name dv's merge "
				   "driver for .gitignore: two dv add beside "
				   "each other will conflict there");
	return doctor_tell(d, "merges", DV_CHECK_OK, NULL,
			   "git merges what pointers record");
}

/* What a bare repository has not. */
static int look_at_work_tree(struct doctor *d)
{
	int err = look_at_file_system(d, "work tree",
				      dv_repo_worktree(d->repo));

	if (!err)
		err = doctor_links(d);
	if (!err)
		err = look_at_hooks(d);
	return err ? err : look_at_drivers(d);
}

int dv_doctor(struct dv_repo *repo, const struct dv_doctor_options *options,
	      dv_check_cb *fn, void *data)
{
	TRACE_REGION("doctor");
	struct doctor d = {
		.repo = repo, .o = options, .fn = fn, .data = data,
	};
	int err = look_at_system(&d);

	if (!err)
		err = look_at_libraries(&d);
	if (!err)
		err = look_at_store(&d);
	if (!err && !dv_repo_is_bare(repo))
		err = look_at_work_tree(&d);
	if (!err)
		err = doctor_settings(&d);
	if (!err)
		err = doctor_contradictions(&d);
	if (!err && !options->offline)
		err = doctor_remotes(&d);
	return err;
}
