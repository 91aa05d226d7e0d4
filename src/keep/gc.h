#ifndef KEEP_GC_H
#define KEEP_GC_H

#include "dv/keep.h"

#include "base/arena.h"
#include "keep/live.h"

/* What the two kinds of gc share. */
struct gc {
	struct dv_repo *repo;
	const struct dv_gc_options *options;
	struct dv_gc_result *result;
	dv_gc_cb *fn;
	void *data;
	int64_t grace_ns;
	uint64_t max_repack;
	struct live live;
};

__attribute__((format(printf, 2, 3)))
void gc_notice(struct gc *g, const char *fmt, ...);

/* Tells of one file, and counts it. */
int gc_tell(struct gc *g, enum dv_gc_action action, const char *name,
	    uint64_t bytes);
int gc_tell_entry(struct gc *g, const struct dv_gc_entry *entry);
/* One that was told of stays. */
void gc_keep(struct gc *g, enum dv_gc_action action, uint64_t bytes);

/*
 * gc_elsewhere.c: roots that are unseen and at no remote, as far as was
 * asked; *first is set when there are any.
 */
uint64_t gc_count_unseen(const struct gc *g, const struct live_root **first);
/* Asks the remotes for them; makes no request when there are none. */
int gc_ask_remotes(struct gc *g);

/*
 * gc_sources.c: what is kept of other repositories, and was not used since
 * cutoff_ns.
 */
struct gc_source {
	const char *dir;	/* the arena's */
	uint64_t bytes;
};

struct gc_sources {
	struct arena arena;
	struct gc_source *items;	/* owned */
	size_t count, room;
	int64_t cutoff_ns;
};

int gc_sources_plan(struct gc *g, struct gc_sources *s);
int gc_sources_remove(struct gc *g, const struct gc_sources *s);
void gc_sources_release(struct gc_sources *s);

/* A whole file of the store. */
struct gc_whole {
	struct dv_id name;
	uint64_t size, inode;
	bool linked;
};
/*
 * gc_links.c: sets `linked` where a work tree of any repository that uses the
 * store may have a symbolic link to it.  Sorts the files.
 */
int gc_find_linked(struct gc *g, struct gc_whole *files, size_t count);

/* gc_stray.c: files that belong to nothing, older than the cutoff. */
struct gc_stray {
	char *path;		/* owned */
	uint64_t bytes;
};

struct gc_strays {
	int64_t cutoff_ns;
	struct gc_stray *items;	/* owned; by path */
	size_t count, room;
	uint64_t young;
};

/* Finds them, and tells of each as one to be removed. */
int gc_strays_plan(struct gc *g, struct gc_strays *l);
/* Removes those that still are, while nobody writes. */
int gc_strays_remove(struct gc *g, const struct gc_strays *planned);
void gc_strays_release(struct gc_strays *l);

/* gc_store.c */
int gc_store(struct gc *g);
/* gc_remote.c */
int gc_remote(struct gc *g);

#endif
