#ifndef MIGRATE_DVC_PROJECT_H
#define MIGRATE_DVC_PROJECT_H

#include <pthread.h>

#include "dv/repo.h"

#include "base/error.h"
#include "migrate/convert.h"
#include "migrate/dvc_config.h"

/*
 * One project of DVC: a folder with .dvc in it, the top of the work tree or
 * below it.  As an origin it looks in the cache, in the work tree and at the
 * remotes, in the layouts of DVC 2 and 3.  It only ever reads.
 */
struct dvc_project;

struct dvc_remote {
	struct dvc_project *project;
	char *name;		/* owned */
	char *url;		/* owned; NULL: none that can be used */
	char *settings_from;	/* owned: of another remote besides; or "" */
	enum dv_config_level level;	/* of its URL */
	bool tried;		/* to open it */
	struct remote *remote;	/* owned; NULL: not opened */
	bool down;		/* no more is asked of it: */
	struct error_state trouble;
};

struct dvc_project {
	struct origin origin;
	struct dv_repo *repo;
	char *root;		/* owned; relative, "" is the top */
	struct dvc_config config;
	char *cache;		/* owned; absolute */
	struct dvc_remote *remotes;	/* owned; the default one first */
	size_t remote_count;
	char *temp_dir;		/* owned; of the store */
	pthread_mutex_t mutex;
};

/* The keys of remotes that mean the same, a row of NULLs at the end. */
struct dvc_remote_key {
	const char *ours, *theirs;
};
extern const struct dvc_remote_key dvc_remote_keys[];

/* What DVC has for this key of ours; NULL: nothing that dv takes. */
const struct dvc_setting *dvc_remote_setting(const struct dvc_remote *r,
					     const char *key);

/* True when there is a project at `root`, relative to the work tree. */
bool dvc_project_at(struct dv_repo *repo, const char *root);
/*
 * Reads the settings of the project at `root`, and those of the user and of
 * the machine.  Nothing is written, no request is made.
 */
int dvc_project_open(struct dv_repo *repo, const char *root,
		     struct dvc_project **out);
void dvc_project_close(struct dvc_project *p);

#endif
