#ifndef BUILTIN_DIFF_SHOW_H
#define BUILTIN_DIFF_SHOW_H

#include <stdint.h>

#include "dv/diff.h"

/* The forms in which changes are shown. */
enum diff_form {
	DIFF_LISTING,		/* for people, with a summary */
	DIFF_STAT,
	DIFF_NAME_STATUS,
	DIFF_JSON,
	DIFF_MARKDOWN,
	DIFF_NOTHING,
};

/* What all changes come to: files, and bytes that came and went. */
struct diff_sums {
	uint64_t changes;
	uint64_t added, deleted, modified, renamed;
	uint64_t bytes_added, bytes_deleted;
};

/* "added", "modified" ... */
const char *diff_word(enum dv_change_kind kind);

void diff_sums_add(struct diff_sums *s, const struct dv_change *c);

/* What DIFF_JSON and DIFF_LISTING tell of the content. */
struct diff_content {
	struct dv_diff_rows rows;
	struct dv_diff_hunks hunks;	/* DIFF_JSON only */
};

/*
 * One change; `nul`: paths as they are, ended by NUL (DIFF_NAME_STATUS).
 * content: may be NULL.
 */
void diff_show(const struct dv_repo *repo, enum diff_form form, int nul,
	       const struct dv_change *c, const struct diff_content *content);
/* What comes before the first change and after the last one. */
void diff_show_head(enum diff_form form);
void diff_show_sums(enum diff_form form, const struct diff_sums *s);

#endif
