#ifndef MIGRATE_EXPORT_H
#define MIGRATE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Reading the stream of `git fast-export --no-data`, command by command.
 */
enum export_kind {
	EXPORT_OTHER,		/* a line to be passed on as it is */
	EXPORT_COMMIT,		/* commit <ref> */
	EXPORT_RESET,		/* reset <ref> */
	EXPORT_TAG,		/* tag <name> */
	EXPORT_MARK,		/* mark :<n> */
	EXPORT_ID,		/* original-oid <id> */
	EXPORT_DATA,		/* data <n> and the bytes */
	EXPORT_FROM,		/* from or merge */
	EXPORT_MODIFY,		/* M <mode> <blob> <path> */
	EXPORT_DELETE,		/* D <path> */
	EXPORT_END,		/* an empty line */
};

struct export {
	const char *at, *end;
	/* the command last read: */
	enum export_kind kind;
	const char *text;	/* all of it, with its line end */
	size_t len;
	struct buf blob;	/* EXPORT_ID, EXPORT_MODIFY: an object id */
	struct buf path;	/* EXPORT_MODIFY, EXPORT_DELETE: unquoted */
	bool plain;		/* EXPORT_MODIFY: a file, no link or module, */
	bool executable;	/* and this one */
	bool module;		/* EXPORT_MODIFY: a commit of a submodule */
};

#define EXPORT_INIT(data, len) \
	{ .at = (data), .end = (data) + (len), .blob = BUF_INIT, \
	  .path = BUF_INIT }
#define DV_AUTO_EXPORT	__attribute__((cleanup(export_release)))

/* 1: there is a command, 0: the end, or DV_E_CORRUPT. */
int export_next(struct export *e);
void export_release(struct export *e);

/* Appends path as git fast-import reads it. */
void import_path(const char *path, struct buf *out);
/* Appends commands: a file of these bytes; no file. */
void import_file(const char *path, const char *bytes, size_t len,
		 struct buf *out);
void import_delete(const char *path, struct buf *out);

#endif
