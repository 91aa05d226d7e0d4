#ifndef BUILTIN_BROKEN_H
#define BUILTIN_BROKEN_H

#include "dv/repo.h"

#include "base/names.h"
#include "cli/progress.h"

/*
 * Pointers that cannot be read, for commands that do all else and leave with
 * 1: each is reported once, as the error it is, however often the selection
 * is looked at.
 */
struct broken {
	struct names paths;
	struct progress_view *view;	/* to be cleared before; borrowed */
};

#define DV_AUTO_BROKEN	__attribute__((cleanup(broken_release)))

/* Has the selection go on without them.  b has to last as long as it. */
void broken_pass(struct broken *b, struct progress_view *view,
		 struct dv_selection *what);
/* The exit code: `code`, or 1 where that is 0 and there was one. */
int broken_code(const struct broken *b, int code);
void broken_release(struct broken *b);

#endif
