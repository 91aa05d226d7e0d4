#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * A file that appears whole or not at all.  It is written under a temporary
 * name in the directory of `path` (or in `tempdir`, on the same file
 * system), and newfile_commit() gives it its name.  Leaving scope without a
 * commit removes it; a killed process leaves a file whose name begins with
 * NEWFILE_TEMP behind.
 */
struct newfile {
	int fd;		/* -1: none */
	char *path;	/* final name, owned */
	char *temp;	/* temporary name, owned; NULL once committed */
};

#define NEWFILE_TEMP	".dv-tmp-"
#define NEWFILE_INIT	{ -1, NULL, NULL }
#define DV_AUTO_NEWFILE	__attribute__((cleanup(newfile_release)))

enum newfile_flags {
	NEWFILE_NOSYNC = 1,	/* may be lost in a crash; it is derived */
	NEWFILE_NOREPLACE = 2,	/* a file already there wins: still 0 */
	NEWFILE_SHARED = 4,	/* file_share() before it gets its name */
	NEWFILE_SHARED_WRITE = 8,	/* SHARE_WRITE; else SHARE_READ */
};

/* Opens a temporary file for path, mode 0666 & ~umask. */
int newfile_open(struct newfile *f, const char *path, const char *tempdir);
/* Writes all len bytes. */
int newfile_write(struct newfile *f, const void *data, size_t len);
/* Syncs the file, gives it its final name and closes it. */
int newfile_commit(struct newfile *f, enum newfile_flags flags);
/* Removes the temporary file unless it was committed. */
void newfile_release(struct newfile *f);

/*
 * Many such files that are made durable together, which waits for the disk once
 * or twice instead of for each of them.  None gets its name before all of them
 * are on the disk; names are given in the order in which files were put.
 * Leaving scope without a commit removes them.
 */
struct newfile_batch {
	struct batched *items;	/* owned */
	size_t count, room;
	int fd;			/* of the first one; -1: none */
	dev_t device;		/* that it is on */
	bool mixed;		/* another one is elsewhere */
};

#define NEWFILE_BATCH_INIT	{ .fd = -1 }
#define DV_AUTO_NEWFILE_BATCH \
	__attribute__((cleanup(newfile_batch_release)))

/* Takes over a file that is written; on failure it stays the caller's. */
int newfile_batch_put(struct newfile_batch *b, struct newfile *f);
/*
 * Gives all of them their names, and syncs their folders, dv_cancel() or not.
 * When it fails, those that have none yet are removed on release.
 */
int newfile_batch_commit(struct newfile_batch *b);
void newfile_batch_release(struct newfile_batch *b);

/*
 * Removes what killed processes have left in the folder: temporary files
 * that nobody has written to for an hour.  Fails silently.
 */
void newfile_clean(const char *dir);

/* A file mapped for reading; only for immutable files of our own. */
struct filemap {
	const uint8_t *data;	/* len bytes; not NULL even when len is 0 */
	size_t len;
	bool copied;		/* in memory of our own */
};

#define FILEMAP_INIT	{ (const uint8_t *)"", 0, false }
#define DV_AUTO_FILEMAP	__attribute__((cleanup(filemap_release)))

/* Maps path.  Returns 0, DV_E_NOTFOUND or DV_E_IO. */
int filemap_open(struct filemap *map, const char *path);
/*
 * The same, for many files one after the other: a small one is read, as a map
 * and its end take the kernel longer.  *st: the file that was opened.
 */
int filemap_load(struct filemap *map, const char *path, struct stat *st);
/*
 * Nothing of it will be looked at in the next moment: it need not count as
 * memory of this process until then.
 */
void filemap_rest(const struct filemap *map);
void filemap_release(struct filemap *map);

/* Exactly len bytes at offset, or DV_E_IO / DV_E_CORRUPT at the end. */
int file_pread_all(int fd, void *out, size_t len, uint64_t offset,
		   const char *name);
/* All len bytes at the fd's position. */
int file_write_all(int fd, const void *data, size_t len, const char *name);
int file_pwrite_all(int fd, const void *data, size_t len, uint64_t offset,
		    const char *name);
/*
 * The same in pieces: for more at once the kernel takes pages as large as that,
 * and once memory is full it moves others about to get one, which costs several
 * times what the copy does.
 */
int file_pwrite_pieces(int fd, const void *data, size_t len, uint64_t offset,
		       const char *name);
/*
 * NFS, FUSE and quotas tell of bytes that were written and cannot be kept when
 * the file is closed.  file_close() closes it and says so (*fd is -1 then in
 * any case); file_flush() asks the same of one that stays open, to be called
 * before what was written is believed or gets its name.
 */
int file_close(int *fd, const char *name);
int file_flush(int fd, const char *name);
/*
 * Copies from[offset .. offset+len) to the same place in `to`, through
 * memory.  DV_E_CORRUPT when `from` ends before that.
 */
int file_copy_range(int from, int to, uint64_t offset, uint64_t len,
		    const char *name);

/*
 * Appends the whole file to *out.  Returns 0, DV_E_NOTFOUND, DV_E_IO, or
 * DV_E_INVALID when it is longer than `limit` bytes.
 */
int file_read(const char *path, size_t limit, struct buf *out);
/* newfile_* in one call. */
int file_replace(const char *path, const void *data, size_t len,
		 enum newfile_flags flags);

/*
 * Sets a file's mtime to now, in nanoseconds.  The kernel's own times tick
 * every few milliseconds: a write just after ours could leave them as they
 * are; a time between two ticks makes any later write show.
 */
void file_set_mtime(int fd);

/*
 * A shared folder has the setgid bit and group-write.  What is made in it by
 * these gets its group bits from it, whatever the umask, and may be read by
 * all where the folder may.  The calls for the work tree do not do so.
 */
bool dir_is_shared(const struct stat *st);
enum file_sharing {
	SHARE_READ,	/* others cannot write to it, whatever the umask */
	SHARE_WRITE,	/* the group writes to it too: locks, what is appended
			   to */
};
/* open(2) with O_CREAT | O_CLOEXEC besides `flags`; -1 and errno. */
int file_create(const char *path, int flags, enum file_sharing how);
/* Gives a file of ours, to be named path, these bits. */
int file_share(int fd, const char *path, enum file_sharing how);
/* mkdir(2); -1 and errno. */
int dir_create(const char *path);
/* The same; one that is there already is fine.  0 or an error. */
int dir_make_in(const char *path);
/*
 * Makes a folder and what is ours below it shared; others: all may read it.
 * The folder itself comes last.
 */
int dir_share(const char *path, bool others);
/*
 * dv_fail_errno("<what> <path>"); where permission is missing the text names
 * the owner, and the hint says what he can do.
 */
int fail_access(const char *what, const char *path);
#define USER_NAME_SIZE	64
/* For people: the name of a user, or "user <uid>". */
void user_name(uid_t uid, char out[USER_NAME_SIZE]);

/* Syncs the directory, so that names given in it survive a crash. */
int dir_sync(const char *path);
/* Makes path and its parents, mode 0777 & ~umask; there already is fine. */
int dir_make(const char *path);
/* Makes the directories above the last component of path. */
int dir_make_parents(const char *path);
/*
 * Removes path and all below it; never follows a symlink.  Uses two fds
 * however deep it goes.  Nothing there is fine.
 */
int dir_remove(const char *path);
/*
 * Adds the number and bytes of the plain files in path and below to *files and
 * *bytes; never follows a symlink.  Nothing there is fine.
 */
int dir_sum(const char *path, uint64_t *files, uint64_t *bytes);
/* As dir_remove() for `name` in the directory open at `fd`. */
int dir_remove_at(int fd, const char *name);

#endif
