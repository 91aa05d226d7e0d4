/* dv hook: what git's hooks call. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dv/error.h"
#include "dv/hooks.h"
#include "dv/transfer.h"

#include "base/array.h"
#include "base/auto.h"
#include "builtin/builtin.h"
#include "builtin/hook.h"
#include "builtin/open.h"
#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"

static const char *const usage[] = {
	"dv hook pre-commit|pre-push|post-checkout|post-merge|post-rewrite "
	"[--] [<argument>...]", NULL
};

static const char *setting(struct dv_repo *repo, const char *name,
			   const char *otherwise)
{
	const char *value = dv_config_get(repo, name);

	return value ? value : otherwise;
}

/* --- pre-commit ---------------------------------------------------------- */

/* Looked at within 10 ms or so. */
#define PRECOMMIT_FILES	5000

struct precommit {
	struct dv_repo *repo;
	unsigned refused;	/* problems that keep the commit back */
};

static void tell_problem(const struct precommit *p,
			 enum dv_precommit_problem problem, const char *path)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	DV_AUTO_BUF struct buf word = BUF_INIT;

	shown_path(p->repo, path, &shown);
	typed_word(p->repo, path, &word);
	switch (problem) {
	case DV_PRECOMMIT_CHANGED:
		report_note("%s is not as it is recorded", shown.data);
		report_hint("dv add %s && git add %s%s", word.data, word.data,
			    DV_POINTER_SUFFIX);
		break;
	case DV_PRECOMMIT_UNSTAGED:
		report_note("%s was recorded after it was added to git",
			    shown.data);
		report_hint("git add %s", word.data);
		break;
	case DV_PRECOMMIT_UNTRACKED:
		report_note("%s is not added to git", shown.data);
		report_hint("git add %s", word.data);
		break;
	case DV_PRECOMMIT_BROKEN:
		report_note("%s cannot be read as a pointer", shown.data);
		report_hint("dv status says more");
		break;
	case DV_PRECOMMIT_NOT_STORED:
		report_note("%s names content that is not in the store",
			    shown.data);
		report_hint("dv add where the content is, or dv fetch");
		break;
	case DV_PRECOMMIT_IN_GIT:
		report_note("%s is tracked by dv, and git is about to keep it "
			    "as well", shown.data);
		report_hint("git rm -r --cached %s", word.data);
		break;
	}
}

static int take_problem(enum dv_precommit_problem problem, const char *path,
			void *data)
{
	struct precommit *p = data;

	tell_problem(p, problem, path);
	/* a pointer may be meant for a later commit */
	if (problem != DV_PRECOMMIT_UNTRACKED)
		p->refused++;
	return 0;
}

static int pre_commit(struct dv_repo *repo, int argc, char **argv)
{
	const char *mode = setting(repo, "hooks.precommit", "refuse");
	struct precommit p = { .repo = repo };
	struct dv_precommit_options o = { 0 };
	int err;

	(void)argc;
	(void)argv;
	if (!strcmp(mode, "off"))
		return 0;
	err = open_threads(repo, &o.threads);
	if (!err)
		err = dv_config_size(repo, "hooks.precommitfiles",
				     PRECOMMIT_FILES, &o.files_most);
	if (!err)
		err = dv_precommit(repo, &o, take_problem, &p);
	if (err)
		return report(err);
	if (!p.refused || !strcmp(mode, "warn"))
		return 0;
	report_hint("git commit --no-verify commits as it is; dv config "
		    "--local hooks.precommit warn only tells");
	return 1;
}

/* --- pre-push ------------------------------------------------------------ */

/* What git says is pushed, as a range of commits. */
struct range {
	char **items;		/* owned, as its texts */
	size_t count, room;
};

static void add_commit(struct range *r, const char *id, bool out)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	/* zeros: made or removed by this push */
	if (!id || strspn(id, "0") == strlen(id) || strchr("-^", *id))
		return;
	buf_addf(&text, "%s%s", out ? "^" : "", id);
	ARRAY_GROW(r->items, r->count + 1, r->room);
	r->items[r->count++] = buf_detach(&text);
}

/*
 * "<local ref> <local id> <remote ref> <remote id>"; true: one is pushed.
 * The pre-commit framework has read that, and says it its own way.
 */
static bool read_range(struct range *r)
{
	const char *to = getenv("PRE_COMMIT_TO_REF");
	const char *branch = getenv("PRE_COMMIT_LOCAL_BRANCH");
	DV_AUTO_FREE char *line = NULL;
	size_t room = 0, before = 0;
	bool any = false;

	if (to || branch) {
		add_commit(r, to ? to : branch, false);
		any = r->count;
		add_commit(r, getenv("PRE_COMMIT_FROM_REF"), true);
		return any;
	}
	while (getline(&line, &room, stdin) > 0) {
		char *save, *local, *remote;

		strtok_r(line, " \n", &save);
		local = strtok_r(NULL, " \n", &save);
		strtok_r(NULL, " \n", &save);
		remote = strtok_r(NULL, " \n", &save);
		add_commit(r, local, false);
		any |= r->count > before;
		add_commit(r, remote, true);
		before = r->count;
	}
	return any;
}

static void free_range(struct range *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->items[i]);
	free(r->items);
}

static int count_pointer(const struct dv_tracked *t, void *data)
{
	size_t *count = data;

	(void)t;
	++*count;
	return 0;
}

static int count_remote(const struct dv_remote_info *info, void *data)
{
	size_t *count = data;

	(void)info;
	++*count;
	return 0;
}

static void tell_pushed(const struct dv_transfer_result *r)
{
	char size[HUMAN_SIZE];

	if (r->packs)
		report_note("dv: pushed %llu %s, %s",
			    (unsigned long long)r->packs,
			    human_plural(r->packs, "pack", "packs"),
			    human_bytes(r->bytes, size));
}

static int push_range(struct dv_repo *repo, const struct dv_selection *what,
		      bool check)
{
	struct progress_view view = { 0 };
	struct dv_transfer_options o = { .what = *what };
	struct dv_transfer_result result = { 0 };
	int err;

	o.progress = progress_show(&view, false);
	err = check ? dv_compare(repo, &o, &result) :
		      dv_push(repo, &o, &result);
	progress_clear(&view);
	if (err) {
		int code = report(err);

		report_hint("git push --no-verify pushes without the data");
		return code;
	}
	if (!check)
		tell_pushed(&result);
	if (!check || (!result.roots_done && !result.packs))
		return 0;
	report_note("data of these commits is not pushed");
	report_hint("dv push, or git push --no-verify");
	return 1;
}

/* The hook looks at these commits now, and never again. */
static void tell_no_remote(void)
{
	report_warning("no remote is set up for data: git pushes pointers "
		       "alone");
	report_hint("dv remote add origin <url>, then dv push for what went "
		    "without its data");
}

static int pre_push(struct dv_repo *repo, int argc, char **argv)
{
	const char *mode = setting(repo, "hooks.prepush", "push");
	struct dv_selection what = {
		.range_remote = argc ? argv[0] :
			getenv("PRE_COMMIT_REMOTE_NAME"),
	};
	struct range range = { 0 };
	size_t count = 0, remotes = 0;
	int code = 0, err;

	if (!strcmp(mode, "off") || !read_range(&range)) {
		free_range(&range);
		return 0;
	}
	what.range = (const char *const *)range.items;
	what.range_count = range.count;
	err = dv_tracked_each(repo, &what, count_pointer, &count);
	if (!err && count)
		err = dv_remote_each(repo, count_remote, &remotes);
	if (err)
		code = report(err);
	else if (count && !remotes)
		tell_no_remote();
	else if (count)
		code = push_range(repo, &what, !strcmp(mode, "check"));
	free_range(&range);
	return code;
}

static const struct hook {
	const char *name;
	int (*run)(struct dv_repo *repo, int argc, char **argv);
	bool after;		/* git is done: nothing here may fail it */
} hooks[] = {
	{ "pre-commit", pre_commit, false },
	{ "pre-push", pre_push, false },
	{ "post-checkout", hook_post_checkout, true },
	{ "post-merge", hook_post_merge, true },
	{ "post-rewrite", hook_post_rewrite, true },
};

static const struct hook *hook_find(const char *name)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++)
		if (!strcmp(hooks[i].name, name))
			return &hooks[i];
	return NULL;
}

int cmd_hook(int argc, char **argv)
{
	DV_AUTO_REPO struct dv_repo *repo = NULL;
	const struct option options[] = { OPT_END() };
	int code, err, n = parse_options(argc, argv, options, usage, &code);
	const struct hook *hook = n > 0 ? hook_find(argv[0]) : NULL;

	if (n < 0)
		return code;
	if (!hook)
		return usage_error(usage, "the name of a hook is needed");
	err = open_repo(&repo);
	/* hooks may be shared by repositories that know nothing of dv */
	if (err == DV_E_NOTFOUND)
		return 0;
	code = err ? report(err) : hook->run(repo, n - 1, argv + 1);
	return hook->after ? 0 : code;
}
