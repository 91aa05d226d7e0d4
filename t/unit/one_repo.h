#ifndef ONE_REPO_H
#define ONE_REPO_H

#include "git_world.h"

/*
 * Tests that each have one repository, "r" in the scratch folder, opened.
 */
static struct dv_repo *repo;

__attribute__((unused))
static int open_it(void **state)
{
	(void)state;
	make_repo("r");
	repo = must_open("r");
	return 0;
}

__attribute__((unused))
static int close_it(void **state)
{
	(void)state;
	dv_repo_close(repo);
	sh("rm -rf r");
	return 0;
}

/* As the next command would: what was read once is read again. */
__attribute__((unused))
static void reopen(const char *path)
{
	dv_repo_close(repo);
	repo = must_open(path);
}

static inline int add_selected(const struct dv_tracked *t, void *data)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(&t->pointer.id, hex);
	buf_addf(data, "%s[%s]%c%s ", t->path, t->inside, hex[0],
		 t->commit ? "c" : "");
	if (t->commit)
		assert_int_equal(strlen(t->commit), 40);
	return 0;
}

/*
 * "path[inside]digit " of each path selected, with a c where it is of a
 * commit; or the error.  Good until the next call.
 */
__attribute__((unused))
static const char *selected(const struct dv_selection *what)
{
	static char text[4096];
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = dv_tracked_each(repo, what, add_selected, &out);

	if (err)
		snprintf(text, sizeof(text), "%d %s", err, dv_error_text());
	else
		snprintf(text, sizeof(text), "%s", out.data);
	return text;
}

#endif
