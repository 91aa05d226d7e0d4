#include "git/filter.h"

#include <string.h>

#include "base/buf.h"
#include "base/path.h"
#include "git/pattern.h"

/* With a slash in it a pattern is about the whole path, else about a name. */
static bool is_anchored(const char *pattern)
{
	return strchr(pattern, '/');
}

static bool matches(const char *pattern, const char *path)
{
	if (!is_anchored(pattern))
		return pattern_match(pattern, path_name(path), false);
	return pattern_match(pattern + (*pattern == '/'), path, false);
}

/* The path or a folder above it. */
static bool covers(const char *pattern, const char *path)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;

	buf_addstr(&part, path);
	while (part.len) {
		if (matches(pattern, part.data))
			return true;
		buf_setlen(&part, path_parent_len(part.data));
	}
	return false;
}

static bool any_covers(const char *const *patterns, size_t count,
		       const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (covers(patterns[i], path))
			return true;
	return false;
}

/* Whether something below the folder could be matched. */
static bool reaches_below(const char *pattern, const char *path)
{
	DV_AUTO_BUF struct buf part = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;

	if (!is_anchored(pattern))
		return true;
	pattern += *pattern == '/';
	while (*path) {
		size_t len = strcspn(pattern, "/"), n = strcspn(path, "/");

		buf_clear(&part);
		buf_add(&part, pattern, len);
		if (!strcmp(part.data, "**"))
			return true;
		buf_clear(&name);
		buf_add(&name, path, n);
		if (!pattern[len] || !pattern_match(part.data, name.data,
						    false))
			return false;
		pattern += len + 1;
		path += n + (path[n] == '/');
	}
	return true;
}

enum filter_verdict filter_folder(const struct dv_filter *f, const char *path)
{
	if (!f)
		return FILTER_PASS_ALL;
	if (any_covers(f->exclude, f->exclude_count, path))
		return FILTER_PASS_NONE;
	if (!f->include_count ||
	    any_covers(f->include, f->include_count, path))
		return f->exclude_count || f->max_size ? FILTER_PASS_MOST :
			FILTER_PASS_ALL;
	for (size_t i = 0; i < f->include_count; i++)
		if (reaches_below(f->include[i], path))
			return FILTER_PASS_SOME;
	return FILTER_PASS_NONE;
}

/* Whatever its size it is wanted, as somebody has typed it. */
static bool is_named(const struct dv_filter *f, const char *path)
{
	for (size_t i = 0; i < f->named_count; i++)
		if (!strcmp(f->named[i], path))
			return true;
	return false;
}

bool filter_file(const struct dv_filter *f, const char *path, uint64_t size)
{
	if (!f)
		return true;
	if (f->max_size && size > f->max_size && !is_named(f, path))
		return false;
	if (f->include_count &&
	    !any_covers(f->include, f->include_count, path))
		return false;
	return !any_covers(f->exclude, f->exclude_count, path);
}
