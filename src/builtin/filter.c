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
		f->must_match = true;
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

static int take_profile(struct filter_args *f, struct dv_repo *repo,
			bool paths)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *include, *exclude;

	if (!repo)
		return dv_fail(DV_E_INVALID, "--profile is for this "
			       "repository");
	buf_addf(&name, "profile.%s.include", f->profile);
	include = dv_config_get(repo, name.data);
	buf_clear(&name);
	buf_addf(&name, "profile.%s.exclude", f->profile);
	exclude = dv_config_get(repo, name.data);
	if (!include && !exclude)
		return dv_hint(dv_fail(DV_E_NOTFOUND, "no profile '%s' is set "
				       "up", f->profile),
			       "dv config --project profile.<name>.include "
			       "'<glob>...'");
	if (include && !f->includes.count) {
		take_words(f, &f->includes, include);
		f->must_match = !paths;
	}
	if (exclude)
		take_words(f, &f->excludes, exclude);
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
	for (size_t i = 0; i < f->exclude.count && !err; i++)
		err = take_exclude(f, repo, f->exclude.items[i]);
	if (!err && f->profile)
		err = take_profile(f, repo, count);
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
	if (f->includes.count || f->excludes.count || f->filter.max_size)
		what->filter = &f->filter;
	return 0;
}

static int count_entry(const struct dv_entry *e, void *data)
{
	size_t *count = data;

	(void)e;
	++*count;
	return 0;
}

int filter_check_matched(const struct filter_args *f, struct dv_repo *repo,
			 const struct dv_selection *what)
{
	size_t count = 0;
	int err;

	if (!f->must_match || f->filter.exclude_count || f->filter.max_size ||
	    what->all_branches || what->all_tags || what->all_commits)
		return 0;
	err = dv_list(repo, what, DV_LIST_RECURSIVE, count_entry, &count);
	if (err || count)
		return err;
	return dv_hint(dv_fail(DV_E_NOTFOUND, "nothing that is recorded "
			       "matches"),
		       "* stays in one folder, ** is any number of them: "
		       "'**/*.png'");
}

void filter_release(struct filter_args *f)
{
	free(f->exclude.items);
	free(f->paths.items);
	free(f->includes.items);
	free(f->excludes.items);
	arena_release(&f->arena);
}
