#include "work/linked.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "store/loose.h"

/* Of a longer text no system call would find the file. */
#define TEXT_MAX	PATH_MAX

struct link_text {
	char data[TEXT_MAX + 1];
	size_t store_len;	/* of the store's path in it */
	struct dv_id name;
};

/* Is it a symbolic link whose text is such as ours are? */
static bool read_text(int dir_fd, const char *name, struct link_text *out)
{
	ssize_t n = readlinkat(dir_fd, name, out->data, TEXT_MAX);

	if (n < 0 || n >= TEXT_MAX)
		return false;
	out->data[n] = 0;
	return loose_link_parse(out->data, (size_t)n, &out->name,
				&out->store_len);
}

static bool in_store(const struct link_text *t, const char *store)
{
	return store && t->store_len == strlen(store) &&
		!memcmp(t->data, store, t->store_len);
}

int linked_stat(const char *store, int dir_fd, const char *name,
		struct stat *st, bool *link)
{
	struct link_text text;
	struct stat there;

	if (link)
		*link = false;
	if (fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW))
		return -1;
	if (!S_ISLNK(st->st_mode) || !read_text(dir_fd, name, &text) ||
	    !in_store(&text, store) || lstat(text.data, &there) ||
	    !S_ISREG(there.st_mode))
		return 0;
	*st = there;
	if (link)
		*link = true;
	return 0;
}

int linked_open(const char *store, int dir_fd, const char *name)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
		O_CLOEXEC;
	struct link_text text;
	int fd = openat(dir_fd, name, flags);

	if (fd >= 0 || errno != ELOOP)
		return fd;
	if (read_text(dir_fd, name, &text) && in_store(&text, store))
		return open(text.data, flags);
	errno = ELOOP;
	return -1;
}

bool linked_name(int dir_fd, const char *name, struct dv_id *id)
{
	struct link_text text;
	bool yes = read_text(dir_fd, name, &text);

	if (yes)
		*id = text.name;
	return yes;
}

int linked_refuse(const char *store, int dir_fd, const char *path)
{
	const char *name = path_name(path);
	DV_AUTO_BUF struct buf ours = BUF_INIT;
	struct link_text text;
	int err;

	if (!read_text(dir_fd, name, &text))
		return 0;
	loose_link_text(store, &text.name, &ours);
	if (!in_store(&text, store) && access(ours.data, F_OK) &&
	    !faccessat(dir_fd, name, F_OK, 0))
		return 0;
	err = dv_fail(DV_E_CORRUPT, "%s is a link to a file of a store that is "
		      "not there: %s", path, text.data);
	return dv_hint(err, "dv checkout makes it anew where it is recorded; "
		       "else put a file in its place");
}
