/* Which ways there are to have a file twice without its bytes twice. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clone.h"
#include "base/error.h"
#include "base/file.h"
#include "git/repo.h"
#include "keep/doctor.h"

/* A word of store.link, what it makes, and why it cannot be had here. */
struct way {
	const char *word, *made;
	int code;		/* errno, 0: it works */
};

enum { CLONE, HARD, SYMBOLIC, WAYS };

static int try_clone(int from, const char *to)
{
	DV_AUTO_CLOSE int fd = open(to, O_WRONLY | O_CREAT | O_EXCL |
				    O_CLOEXEC, 0600);
	int code = fd < 0 ? errno : clone_fd(from, fd) ? EOPNOTSUPP : 0;

	if (fd >= 0)
		unlink(to);
	return code;
}

static int try_link(int (*make)(const char *from, const char *to),
		    const char *from, const char *to)
{
	if (make(from, to))
		return errno;
	unlink(to);
	return 0;
}

static const struct way *way_of(const struct way *ways, const char *word,
				size_t len)
{
	for (int i = 0; i < WAYS; i++)
		if (strlen(ways[i].word) == len &&
		    !memcmp(ways[i].word, word, len))
			return &ways[i];
	return NULL;
}

/* What store.link comes to, and why not what it names first. */
static void add_use(struct dv_repo *repo, const struct way *ways,
		    struct buf *out)
{
	const char *set = dv_config_get(repo, "store.link");
	const char *list = set ? set : "reflink,copy";
	DV_AUTO_BUF struct buf why = BUF_INIT;
	const struct way *way = NULL;

	buf_addf(out, "store.link is %s: ", list);
	for (; *list; list += *list == ',') {
		size_t len = strcspn(list, ",");

		way = way_of(ways, list, len);
		if (!way || !way->code)
			break;
		buf_addf(&why, "; no %s: %s", way->word, way->code == EXDEV ?
			 "the store is on another file system" :
			 way->code == EOPNOTSUPP ? "this file system cannot" :
			 strerror(way->code));
		list += len;
	}
	buf_addf(out, "large files are %s%s", way && !way->code ? way->made :
		 "copies", why.data ? why.data : "");
}

/* Between the store and the work tree, by trying. */
int doctor_links(struct doctor *d)
{
	static const char bytes[] = "dv doctor\n";
	struct way ways[WAYS] = {
		[CLONE] = { "reflink", "clones", 0 },
		[HARD] = { "hardlink", "hard links to the store", 0 },
		[SYMBOLIC] = { "symlink", "symbolic links to the store", 0 },
	};
	DV_AUTO_BUF struct buf from = BUF_INIT;
	DV_AUTO_BUF struct buf to = BUF_INIT;
	DV_AUTO_BUF struct buf use = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct store *store;
	const char *temp;

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
	ways[CLONE].code = try_clone(fd, to.data);
	ways[HARD].code = try_link(link, from.data, to.data);
	ways[SYMBOLIC].code = try_link(symlink, from.data, to.data);
	unlink(from.data);
	add_use(d->repo, ways, &use);
	return doctor_tell(d, "links", ways[CLONE].code ? DV_CHECK_NOTE :
			   DV_CHECK_OK, NULL, "from the store to the work "
			   "tree: reflink %s, hard link %s, symbolic link %s; "
			   "%s", ways[CLONE].code ? "no" : "yes",
			   ways[HARD].code ? "no" : "yes",
			   ways[SYMBOLIC].code ? "no" : "yes", use.data);
}
