/* .dvignore. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/private.h"
#include "git/rules.h"

#define FILE_NAME	".dvignore"
#define FILE_MOST	(1u << 20)	/* bytes */

struct ignore {
	int top;		/* borrowed from the repository */
	atomic_bool any;	/* there are rules */
	pthread_rwlock_t lock;	/* of: */
	struct rules rules;
};

/*
 * The bytes of <dir>/.dvignore; none when it is not there or not a plain
 * file: what a symlink leads to is no business of a stranger's.
 */
static int read_file(const struct ignore *i, const char *dir,
		     struct buf *text)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;
	int err;

	buf_addstr(&path, dir);
	path_append(&path, FILE_NAME);
	fd = openat(i->top, path.data,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return dv_fail_errno("cannot open %s", path.data);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_size > FILE_MOST)
		return dv_fail(DV_E_INVALID, "%s is longer than %u bytes",
			       path.data, FILE_MOST);
	buf_reserve(text, st.st_size);
	err = file_pread_all(fd, text->data, st.st_size, 0, path.data);
	if (!err)
		buf_setlen(text, st.st_size);
	return err;
}

int ignore_new(struct dv_repo *repo, struct ignore **out)
{
	struct ignore *i = xcalloc(1, sizeof(*i));
	int err = repo_worktree_fd(repo, &i->top);

	pthread_rwlock_init(&i->lock, NULL);
	if (!err)
		err = ignore_load(i, "");
	*out = i;
	if (err) {
		ignore_free(i);
		*out = NULL;
	}
	return err;
}

void ignore_free(struct ignore *i)
{
	if (!i)
		return;
	rules_release(&i->rules);
	pthread_rwlock_destroy(&i->lock);
	free(i);
}

int ignore_load(struct ignore *i, const char *dir)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	bool known;
	int err;

	pthread_rwlock_rdlock(&i->lock);
	known = rules_have(&i->rules, dir);
	pthread_rwlock_unlock(&i->lock);
	if (known)
		return 0;
	err = read_file(i, dir, &text);
	if (err)
		return err;
	pthread_rwlock_wrlock(&i->lock);
	rules_add(&i->rules, dir, text.data, text.len);
	if (i->rules.rule_count)
		atomic_store(&i->any, true);
	pthread_rwlock_unlock(&i->lock);
	return 0;
}

static bool names_git(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 4 && !strncasecmp(path, ".git", 4))
			return true;
		if (!path[n])
			return false;
		path += n + 1;
	}
}

bool ignore_match(struct ignore *i, const char *path, bool directory)
{
	bool out;

	if (names_git(path))
		return true;
	if (!atomic_load_explicit(&i->any, memory_order_relaxed))
		return false;
	pthread_rwlock_rdlock(&i->lock);
	out = rules_match(&i->rules, path, directory);
	pthread_rwlock_unlock(&i->lock);
	return out;
}

bool ignore_find(struct ignore *i, const char *path, bool directory,
		 struct rule_found *out)
{
	bool found;

	if (names_git(path)) {
		*out = (struct rule_found){ .text = ".git" };
		return true;
	}
	pthread_rwlock_rdlock(&i->lock);
	found = rules_find(&i->rules, path, directory, out);
	pthread_rwlock_unlock(&i->lock);
	return found;
}
