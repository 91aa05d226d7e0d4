#ifndef MIGRATE_DVC_FILE_H
#define MIGRATE_DVC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "migrate/listing.h"

/*
 * What one .dvc file or one dvc.lock says is data.
 */
struct dvc_out {
	const char *path;	/* of the data, relative to the work tree; in
				   the arena, as all texts here */
	const char *as_written;	/* as the file has it */
	const char *refused;	/* why it cannot be carried over, or NULL */
	struct object_name name;	/* kind 0: none */
	bool executable;
	bool has_size;
	uint64_t size;
	const char *remote;	/* which one it is pushed to, or NULL */
	bool in_bucket;		/* under its own name, kept by the bucket: */
	const char *version;	/* of a file there, or NULL */
	struct listing *files;	/* owned; of a directory there, or NULL */
	const char *rest;	/* lines for the pointer */
	bool uncached;		/* DVC only knows its hash */
};

struct dvc_file {
	struct arena arena;
	struct dvc_out *outs;	/* owned */
	size_t count, room;
	bool lossy;		/* it has annotations that do not fit */
	bool pipeline;		/* it has a command, or is a dvc.lock */
};

#define DVC_FILE_INIT	{ ARENA_INIT, NULL, 0, 0, false, false }
#define DV_AUTO_DVC_FILE __attribute__((cleanup(dvc_file_release)))

/*
 * Reads a .dvc file.  `path` is where it lies, relative to the work tree at
 * `top` (for paths that are absolute).  DV_E_INVALID: it is none.
 */
int dvc_file_read(const char *text, size_t len, const char *path,
		  const char *top, struct dvc_file *out);
/*
 * Reads a dvc.lock; `pipeline` is the text of the dvc.yaml beside it, which
 * says in which folder stages run and what they do not cache ("" when there
 * is none).
 */
int dvc_lock_read(const char *text, size_t len, const char *pipeline,
		  const char *path, const char *top, struct dvc_file *out);
void dvc_file_release(struct dvc_file *f);

#endif
