/* Which ways there are to have a file twice without its bytes twice. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clone.h"
#include "base/error.h"
#include "base/file.h"
#include "git/repo.h"
#include "keep/doctor.h"

static bool try_clone(int from, const char *to)
{
	DV_AUTO_CLOSE int fd = open(to, O_WRONLY | O_CREAT | O_EXCL |
				    O_CLOEXEC, 0600);
	bool yes = fd >= 0 && !clone_fd(from, fd);

	if (fd >= 0)
		unlink(to);
	return yes;
}

static bool try_hard(const char *from, const char *to)
{
	bool yes = !link(from, to);

	if (yes)
		unlink(to);
	return yes;
}

static bool try_symbolic(const char *from, const char *to)
{
	bool yes = !symlink(from, to);

	if (yes)
		unlink(to);
	return yes;
}

/* Between the store and the work tree, by trying. */
int doctor_links(struct doctor *d)
{
	static const char bytes[] = "dv doctor\n";
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf to = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct store *store;
	const char *temp;
	bool clone, hard, symbolic;

	if (repo_store(d->repo, &store) || store_temp_dir(store, &temp))
		return doctor_tell_failure(d, "store", DV_CHECK_FAIL,
					   "cannot be written to");
	buf_addf(&from, "%s/doctor", temp);
	fd = open(from.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes)) {
		dv_fail_errno("%s", from.data);
		return doctor_tell_failure(d, "store", DV_CHECK_FAIL,
					   "cannot be written to");
	}
	buf_addf(&to, "%s/%sdoctor-%ld", dv_repo_worktree(d->repo),
		 NEWFILE_TEMP, (long)getpid());
	clone = try_clone(fd, to.data);
	hard = try_hard(from.data, to.data);
	symbolic = try_symbolic(from.data, to.data);
	unlink(from.data);
	return doctor_tell(d, "links", clone ? DV_CHECK_OK : DV_CHECK_NOTE,
			   NULL, "from the store to the work tree: reflink %s, "
			   "hard link %s, symbolic link %s%s",
			   clone ? "yes" : "no", hard ? "yes" : "no",
			   symbolic ? "yes" : "no",
			   clone ? "" : "; checkout copies");
}
