#include "git/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "git/pattern.h"

enum rule_shape {
	RULE_NAME,		/* a name without special bytes */
	RULE_ENDING,		/* '*' and such a name */
	RULE_GLOB,		/* of a name */
	RULE_PATH,		/* of a path from the folder of the rule on */
};

struct rule {
	const char *pattern;
	size_t len;
	const char *text;	/* as it was written */
	unsigned line;
	enum rule_shape shape;
	bool negated;
	bool directory;		/* for directories only */
};

struct rule_group {
	struct rule *rules;	/* owned */
	size_t count, room;
	unsigned lines;		/* that were read */
};

/* --- reading ----------------------------------------------------------- */

/* Length without spaces at the end, unless a backslash keeps them. */
static size_t trimmed(const char *line, size_t len)
{
	size_t keep = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\\' && i + 1 < len)
			i++;
		else if (line[i] == ' ')
			continue;
		keep = i + 1;
	}
	return keep;
}

static void add_line(struct rules *r, struct rule_group *g, const char *line,
		     size_t len)
{
	struct rule rule = { .shape = RULE_GLOB, .line = g->lines };

	if (len && line[len - 1] == '\r')
		len--;
	if (!len || *line == '#' || memchr(line, 0, len))
		return;
	len = trimmed(line, len);
	rule.text = arena_copy(&r->arena, line, len);
	if (len && *line == '!') {
		rule.negated = true;
		line++;
		len--;
	} else if (len > 1 && *line == '\\' &&
		   (line[1] == '#' || line[1] == '!')) {
		line++;
		len--;
	}
	if (len && line[len - 1] == '/') {
		rule.directory = true;
		len--;
	}
	if (!len)
		return;
	if (memchr(line, '/', len)) {
		rule.shape = RULE_PATH;
		if (*line == '/') {
			line++;
			len--;
		}
	}
	rule.pattern = arena_copy(&r->arena, line, len);
	if (rule.shape == RULE_GLOB) {
		if (!pattern_is_glob(rule.pattern))
			rule.shape = RULE_NAME;
		else if (*line == '*' && !pattern_is_glob(rule.pattern + 1))
			rule.shape = RULE_ENDING;
		rule.pattern += rule.shape == RULE_ENDING;
	}
	rule.len = strlen(rule.pattern);
	ARRAY_GROW(g->rules, g->count + 1, g->room);
	g->rules[g->count++] = rule;
	r->rule_count++;
}

static void add_text(struct rules *r, struct rule_group *g, const char *text,
		     size_t len)
{
	const char *end = text + len;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (text < end) {
		const char *line_end = memchr(text, '\n', end - text);

		if (!line_end)
			line_end = end;
		g->lines++;
		add_line(r, g, text, line_end - text);
		text = line_end + 1;
	}
}

bool rules_have(const struct rules *r, const char *dir)
{
	return names_find(&r->folders, dir, strlen(dir)) != NAMES_NONE;
}

void rules_add(struct rules *r, const char *dir, const char *text, size_t len)
{
	uint32_t number = names_add(&r->folders, dir, strlen(dir));

	if (number < r->count)
		return;
	ARRAY_GROW(r->groups, r->count + 1, r->room);
	r->groups[r->count] = (struct rule_group){ 0 };
	add_text(r, &r->groups[r->count++], text, len);
}

void rules_add_base(struct rules *r, const char *text, size_t len)
{
	if (!r->base)
		r->base = xcalloc(1, sizeof(*r->base));
	add_text(r, r->base, text, len);
}

/* --- matching ---------------------------------------------------------- */

static bool rule_fits(const struct rule *rule, const char *below,
		      const char *name, size_t name_len, bool directory)
{
	if (rule->directory && !directory)
		return false;
	switch (rule->shape) {
	case RULE_NAME:
		return rule->len == name_len &&
		       !memcmp(rule->pattern, name, name_len);
	case RULE_ENDING:
		return rule->len <= name_len &&
		       !memcmp(rule->pattern, name + name_len - rule->len,
			       rule->len);
	case RULE_GLOB:
		return pattern_match(rule->pattern, name, false);
	case RULE_PATH:
		return pattern_match(rule->pattern, below, false);
	}
	return false;
}

/* The rule that decides, or NULL. */
static const struct rule *group_rule(const struct rule_group *g,
				     const char *below, bool directory)
{
	const char *name = path_name(below);
	size_t name_len = strlen(name);

	for (size_t i = g->count; i-- > 0; )
		if (rule_fits(&g->rules[i], below, name, name_len, directory))
			return &g->rules[i];
	return NULL;
}

/*
 * The rule about just this path: those of the nearest folder first.  *folder
 * becomes its folder's number, or NAMES_NONE.
 */
static const struct rule *rule_about(const struct rules *r, const char *path,
				     bool directory, uint32_t *folder)
{
	const struct rule *rule;
	size_t len = strlen(path);

	do {
		while (len && path[len - 1] != '/')
			len--;
		/* the folder is path[0..len - 1), without its '/' */
		*folder = names_find(&r->folders, path, len ? len - 1 : 0);
		if (*folder != NAMES_NONE && r->groups[*folder].count) {
			rule = group_rule(&r->groups[*folder], path + len,
					  directory);
			if (rule)
				return rule;
		}
		len -= len > 0;
	} while (len);
	*folder = NAMES_NONE;
	return r->base ? group_rule(r->base, path, directory) : NULL;
}

/* The one that decides about path, or rules out a folder above it. */
static const struct rule *deciding(const struct rules *r, const char *path,
				   bool directory, uint32_t *folder)
{
	DV_AUTO_BUF struct buf above = BUF_INIT;
	const struct rule *rule;

	if (!r->rule_count)
		return NULL;
	/* nothing can be taken back in below a folder that is out */
	for (size_t n = strcspn(path, "/"); path[n];
	     n += 1 + strcspn(path + n + 1, "/")) {
		buf_clear(&above);
		buf_add(&above, path, n);
		rule = rule_about(r, above.data, true, folder);
		if (rule && !rule->negated)
			return rule;
	}
	return rule_about(r, path, directory, folder);
}

bool rules_match(const struct rules *r, const char *path, bool directory)
{
	uint32_t folder;
	const struct rule *rule = deciding(r, path, directory, &folder);

	return rule && !rule->negated;
}

bool rules_find(const struct rules *r, const char *path, bool directory,
		struct rule_found *out)
{
	uint32_t folder;
	const struct rule *rule = deciding(r, path, directory, &folder);

	if (!rule)
		return false;
	*out = (struct rule_found){
		.folder = folder == NAMES_NONE ? NULL :
			r->folders.items[folder].text,
		.line = rule->line,
		.text = rule->text,
		.negated = rule->negated,
	};
	return true;
}

void rules_release(struct rules *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->groups[i].rules);
	if (r->base)
		free(r->base->rules);
	free(r->base);
	free(r->groups);
	names_release(&r->folders);
	arena_release(&r->arena);
	memset(r, 0, sizeof(*r));
}
