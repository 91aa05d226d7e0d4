#include "builtin/filter.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dv/work.h"

#include "base/amount.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"

#define GLOB_BYTES "*?["

static void list_add(struct filter_args *f, struct option_list *l,
		     const char *text, size_t len)
{
	ARRAY_GROW(l->items, l->count + 1, l->room);
	l->items[l->count++] = arena_copy(&f->arena, text, len);
}

/* A path as the beginning of a pattern that means just it. */
static void add_literally(const char *path, struct buf *out)
{
	for (; *path; path++) {
		if (strchr(GLOB_BYTES "\\", *path))
			buf_addch(out, '\\');
		buf_addch(out, *path);
	}
}

/* A name that has such bytes in it is no glob when it is there. */
static bool is_glob(const char *arg)
{
	DV_AUTO_BUF struct buf pointer = BUF_INIT;

	if (!strpbrk(arg, GLOB_BYTES) || !access(arg, F_OK))
		return false;
	buf_addf(&pointer, "%s%s", arg, DV_POINTER_SUFFIX);
	return access(pointer.data, F_OK);
}

/* The folders before the first component with a glob. */
static size_t literal_len(const char *arg)
{
	size_t len = strcspn(arg, GLOB_BYTES);

	while (len && arg[len - 1] != '/')
		len--;
	return len;
}

/* Typed in the current folder: anchored at the top of the work tree. */
static int anchor(struct dv_repo *repo, const char *arg, size_t literal,
		  struct buf *out)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	DV_AUTO_BUF struct buf inside = BUF_INIT;
	int err;

	buf_add(&folder, arg, literal);
	err = path_inside(repo ? dv_repo_worktree(repo) : "/",
			  repo ? dv_repo_prefix(repo) : "",
			  folder.len ? folder.data : ".", &inside);
	buf_addch(out, '/');
	add_literally(inside.data, out);
	if (inside.len && arg[literal])
		buf_addch(out, '/');
	buf_addstr(out, arg + literal);
	return err;
}

/* One of the includes from `first` on has to match something. */
static void need_match(struct filter_args *f, const char *shown, size_t first)
{
	ARRAY_GROW(f->needs, f->need_count + 1, f->need_room);
	f->needs[f->need_count++] = (struct filter_need){
		shown, first, f->includes.count - first,
	};
}

/* A plain path beside globs is one more thing that is wanted. */
static int take_argument(struct filter_args *f, struct dv_repo *repo,
			 const char *arg)
{
	bool glob = is_glob(arg);
	size_t literal = glob ? literal_len(arg) : strlen(arg);
	DV_AUTO_BUF struct buf pattern = BUF_INIT;
	int err = anchor(repo, arg, literal, &pattern);

	list_add(f, &f->includes, pattern.data, pattern.len);
	if (glob && !err) {	/* as git does: it may be a name as well */
		buf_clear(&pattern);
		err = anchor(repo, arg, strlen(arg), &pattern);
		list_add(f, &f->includes, pattern.data, pattern.len);
		need_match(f, arg, f->includes.count - 2);
	}
	if (literal)
		list_add(f, &f->paths, arg, literal);
	else
		list_add(f, &f->paths, ".", 1);
	return err;
}

static int take_exclude(struct filter_args *f, struct dv_repo *repo,
			const char *arg)
{
	DV_AUTO_BUF struct buf pattern = BUF_INIT;
	size_t len = strlen(arg);
	int err;

	while (len > 1 && arg[len - 1] == '/')
		len--;
	if (!memchr(arg, '/', len)) {
		list_add(f, &f->excludes, arg, len);
		return 0;
	}
	arg += *arg == '/';
	err = anchor(repo, arg, literal_len(arg), &pattern);
	while (pattern.len > 1 && pattern.data[pattern.len - 1] == '/')
		buf_setlen(&pattern, pattern.len - 1);
	list_add(f, &f->excludes, pattern.data, pattern.len);
	return err;
}

/* Up to a blank without a backslash before it. */
static size_t word_len(const char *text)
{
	size_t len = 0;

	while (text[len] && !strchr(" \t", text[len]))
		len += text[len] == '\\' && text[len + 1] ? 2 : 1;
	return len;
}

/* Words of a setting; patterns in it are relative to the top. */
static void take_words(struct filter_args *f, struct option_list *l,
		       const char *text)
{
	while (*text) {
		size_t len;

		text += strspn(text, " \t");
		len = word_len(text);
		if (len)
			list_add(f, l, text, len - (text[len - 1] == '/'));
		text += len;
	}
}

/* *all: it has no include, so it says nothing of what is not wanted. */
static int take_profile(struct filter_args *f, struct dv_repo *repo,
			const char *profile, bool *all)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *include, *exclude;
	size_t first = f->includes.count;

	if (!repo)
		return dv_fail(DV_E_INVALID, "--profile is for this "
			       "repository");
	buf_addf(&name, "profile.%s.exclude", profile);
	exclude = dv_config_get(repo, name.data);
	buf_clear(&name);
	buf_addf(&name, "profile.%s.include", profile);
	include = dv_config_get(repo, name.data);
	if (!include && !exclude)
		return dv_hint(dv_fail(DV_E_NOTFOUND, "no profile '%s' is set "
				       "up", profile),
			       "dv config --project profile.<name>.include "
			       "'<glob>...'");
	if (exclude)
		take_words(f, &f->excludes, exclude);
	*all |= !include;
	if (!include)
		return 0;
	take_words(f, &f->includes, include);
	need_match(f, arena_copy(&f->arena, name.data, name.len), first);
	return 0;
}

/*
 * What any of the profiles includes is wanted, unless one excludes it.  Globs
 * among the arguments take the place of all they include, and where paths are
 * named the profile need not match in them.
 */
static int take_profiles(struct filter_args *f, struct dv_repo *repo,
			 bool paths)
{
	size_t includes = f->includes.count, needs = f->need_count;
	bool all = false;
	int err = 0;

	for (size_t i = 0; i < f->profile.count && !err; i++)
		err = take_profile(f, repo, f->profile.items[i], &all);
	if (includes || all)
		f->includes.count = includes;
	if (includes || all || paths)
		f->need_count = needs;
	return err;
}

/* What is typed itself may be larger than --max-size, also by its pointer. */
static int take_named(struct filter_args *f, struct dv_repo *repo,
		      const char *arg)
{
	static const size_t suffix = sizeof(DV_POINTER_SUFFIX) - 1;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err = path_inside(repo ? dv_repo_worktree(repo) : "/",
			      repo ? dv_repo_prefix(repo) : "", arg, &path);

	if (err)
		return err;
	list_add(f, &f->named, path.data, path.len);
	if (path.len > suffix && !strcmp(path.data + path.len - suffix,
					 DV_POINTER_SUFFIX))
		list_add(f, &f->named, path.data, path.len - suffix);
	return 0;
}

const char *check_max_size(const char *text)
{
	uint64_t n;

	return size_parse(text, &n) && n ? NULL : "a size such as 500k or 2g";
}

int filter_apply(struct filter_args *f, struct dv_repo *repo, char **argv,
		 int count, struct dv_selection *what)
{
	bool globs = false;
	int err = 0;

	what->paths = (const char *const *)argv;
	what->count = count;
	if (f->max_size)	/* checked by the parser */
		size_parse(f->max_size, &f->filter.max_size);
	for (int i = 0; i < count; i++)
		globs |= is_glob(argv[i]);
	for (int i = 0; i < count && globs && !err; i++)
		err = take_argument(f, repo, argv[i]);
	for (int i = 0; i < count && f->max_size && !err; i++)
		err = take_named(f, repo, argv[i]);
	for (size_t i = 0; i < f->exclude.count && !err; i++)
		err = take_exclude(f, repo, f->exclude.items[i]);
	if (!err)
		err = take_profiles(f, repo, count);
	if (err)
		return err;
	if (globs) {
		what->paths = f->paths.items;
		what->count = f->paths.count;
	}
	f->filter.include = f->includes.items;
	f->filter.include_count = f->includes.count;
	f->filter.exclude = f->excludes.items;
	f->filter.exclude_count = f->excludes.count;
	f->filter.named = f->named.items;
	f->filter.named_count = f->named.count;
	if (f->includes.count || f->excludes.count || f->filter.max_size)
		what->filter = &f->filter;
	return 0;
}

/* Neither an error nor DV_LIST_SKIP: the first one is enough. */
#define FOUND	2

static int found_entry(const struct dv_entry *e, void *data)
{
	(void)e;
	(void)data;
	return FOUND;
}

/* Is anything recorded that these patterns are about? */
static int check_need(struct dv_repo *repo, const struct dv_selection *what,
		      const char *const *includes,
		      const struct filter_need *need)
{
	const struct dv_filter filter = {
		.include = includes + need->first, .include_count = need->count,
	};
	struct dv_selection these = *what;
	int err;

	these.filter = &filter;
	err = dv_list(repo, &these, DV_LIST_RECURSIVE, found_entry, NULL);
	/* what is not here may be what it is about */
	if (err == FOUND || err == DV_E_INCOMPLETE)
		return 0;
	if (err)
		return err;
	return dv_hint(dv_fail(DV_E_NOTFOUND, "nothing that is recorded "
			       "matches %s", need->shown),
		       "* stays in one folder, ** is any number of them: "
		       "'**/*.png'");
}

int filter_check_matched(const struct filter_args *f, struct dv_repo *repo,
			 const struct dv_selection *what, bool some)
{
	int err = 0;

	if (what->all_branches || what->all_tags || what->all_commits ||
	    (some && what->count < 2 && f->need_count < 2))
		return 0;
	for (size_t i = 0; i < f->need_count && !err; i++)
		err = check_need(repo, what, f->includes.items, &f->needs[i]);
	return err;
}

void filter_release(struct filter_args *f)
{
	free(f->exclude.items);
	free(f->paths.items);
	free(f->named.items);
	free(f->needs);
	free(f->profile.items);
	free(f->includes.items);
	free(f->excludes.items);
	arena_release(&f->arena);
}
