#ifndef MIGRATE_PRESENT_H
#define MIGRATE_PRESENT_H

#include "dv/migrate.h"

#include "migrate/convert.h"

/*
 * Converting the work tree: gathered are its outs, converted in batches, and
 * written.  What reads DVC's or git-lfs' files fills the list.
 */
struct present_out {
	char *path;		/* owned; of the data */
	char *source;		/* owned */
	char *rest;		/* owned; lines for the pointer */
	struct convert_item item;	/* texts of wanted owned by the arena */
	bool has_pointer;	/* dv has one: */
	struct dv_pointer pointer;	/* owned */
	bool carried;		/* in the end */
};

struct present {
	struct dv_repo *repo;
	const struct dv_migrate_options *o;
	dv_migrate_cb *fn;
	void *data;
	struct dv_migrate_result *result;
	struct converter converter;
	struct arena arena;
	struct present_out *outs;	/* owned */
	size_t count, room;
	const char **staged;	/* owned: what core.autostage is for */
	size_t staged_count, staged_room;
	bool unstaged;		/* core.autostage waits this time */
};

int present_open(struct present *p, struct dv_repo *repo,
		 const struct dv_migrate_options *o);
/* A new out, to be filled in; valid until the next one. */
struct present_out *present_add(struct present *p, const char *path,
				const char *source, const char *rest);
/* Why no path of this name can be tracked, or NULL. */
const char *present_bad_name(const char *path);
/* Reports what cannot be carried over. */
int present_left(struct present *p, const char *path, const char *source,
		 const char *why);
int present_note(struct present *p, const char *about, const char *why,
		 const char *hint);
/*
 * Sorts out what dv has already or cannot track, and converts the others.
 * `in_git`: git may track the path, as it does with git-lfs.
 */
int present_run(struct present *p, bool in_git);
/* Converts all outs, and writes nothing but content; a dry run looks for it. */
int present_convert(struct present *p);
void present_close(struct present *p);

#endif
