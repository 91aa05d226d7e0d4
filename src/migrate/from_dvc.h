#ifndef MIGRATE_FROM_DVC_H
#define MIGRATE_FROM_DVC_H

#include "migrate/dvc_file.h"
#include "migrate/dvc_project.h"
#include "migrate/present.h"

/* The projects of DVC in a work tree, opened when one is needed. */
struct dvc_projects {
	struct dv_repo *repo;
	struct dvc_project **items;	/* owned */
	size_t count, room;
};

#define DV_AUTO_PROJECTS __attribute__((cleanup(dvc_projects_close)))

/* The project that the file at `path` belongs to. */
int dvc_project_of(struct dvc_projects *all, const char *path,
		   struct dvc_project **out);
void dvc_projects_close(struct dvc_projects *all);

/*
 * What has to be found for an out.  Texts go to the arena; a listing of the
 * out itself is moved.
 */
void dvc_out_item(struct dvc_project *p, struct dvc_out *out,
		  struct arena *arena, struct convert_item *item);

/* Notes what to type to set dv as DVC is (cache.type ...), where it is not. */
int dvc_note_settings(struct present *p, const struct dvc_projects *projects);
/* Says, where dv has no remotes yet, what makes some beside DVC's. */
int dvc_note_remotes(struct present *p, const struct dvc_projects *projects);

/* True for the name of a .dvc file, or of a dvc.lock. */
bool dvc_file_name(const char *path);
bool dvc_lock_name(const char *path);

/* dv_migrate() of the work tree, and of history. */
int migrate_dvc(struct present *p);
int migrate_dvc_history(struct present *p);

#endif
