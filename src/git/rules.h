#ifndef GIT_RULES_H
#define GIT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/names.h"

/*
 * Rules in gitignore's language, of many folders.  The last rule that fits
 * decides; those of a folder further down come after those above it.
 */
struct rules {
	struct arena arena;
	struct names folders;	/* by path */
	struct rule_group *groups;	/* owned; by number of the folder */
	size_t count, room;
	size_t rule_count;	/* in all groups */
	struct rule_group *base;	/* owned: before all others */
};

/*
 * Adds the rules of text[0..len), which lies in the folder `dir` (relative,
 * "" for the top).  A folder has rules once; more are not taken.
 */
void rules_add(struct rules *r, const char *dir, const char *text,
	       size_t len);
/* As rules_add() for the top, but weaker than any file's; may be repeated. */
void rules_add_base(struct rules *r, const char *text, size_t len);
/* True when rules_add() was called for dir. */
bool rules_have(const struct rules *r, const char *dir);

/*
 * True when path, or a folder above it, is ruled out.  `directory`: path is
 * one.  Does not change *r.
 */
bool rules_match(const struct rules *r, const char *path, bool directory);

/* Where the rule that decides was written. */
struct rule_found {
	const char *folder;	/* NULL: rules_add_base() */
	unsigned line;		/* from 1 */
	const char *text;	/* the line, less what means nothing */
	bool negated;		/* it takes the path back in */
};

/*
 * The rule by which path, or a folder above it, is ruled out or taken back
 * in; false: none is about it.  *out lasts as long as the rules do.
 */
bool rules_find(const struct rules *r, const char *path, bool directory,
		struct rule_found *out);
void rules_release(struct rules *r);

#endif
