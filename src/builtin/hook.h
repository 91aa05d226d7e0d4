#ifndef BUILTIN_HOOK_H
#define BUILTIN_HOOK_H

struct dv_repo;

/* hook_after.c.  With git's arguments; what fails is told, and 0 returned. */
int hook_post_checkout(struct dv_repo *repo, int argc, char **argv);
int hook_post_merge(struct dv_repo *repo, int argc, char **argv);
int hook_post_rewrite(struct dv_repo *repo, int argc, char **argv);

#endif
