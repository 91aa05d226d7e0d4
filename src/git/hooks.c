/* The scripts that git calls. */

#include "dv/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/private.h"

#define BEFORE		".before-dv"
#define LEGACY		".legacy"	/* pre-commit calls it */
#define SCRIPT_MOST	(1u << 20)	/* bytes that are compared */

static const struct {
	const char *name;
	bool input;		/* git writes to its standard input */
} hooks[] = {
	{ "pre-commit", false },
	{ "pre-push", true },
	{ "post-checkout", false },
	{ "post-merge", false },
	{ "post-rewrite", true },
};

#define HOOKS	(sizeof(hooks) / sizeof(*hooks))

/* By these two lines a script is known as ours. */
static const char head[] =
	"#!/bin/sh\n"
	"# dv hook 1: made by \"dv hooks install\", taken away by "
	"\"dv hooks uninstall\".\n";

static const char missing_text[] =
	"else\n"
	"	said=$(git rev-parse --git-path dv-hooks-said)\n"
	"	test -e \"$said\" || {\n"
	"		echo 'dv is not on the PATH: its hooks do nothing' "
	">&2\n"
	"		: >\"$said\"\n"
	"	}\n"
	"fi\n";

/*
 * The hook that was there.  Husky's are of sh, lie beside a file `h`, and know
 * by $0 what they are for: they have to see the name they had.
 */
static const char before_text[] =
	"before () {\n"
	"	if test -f \"${0%/*}/h\" && test ! -L \"$before\"\n"
	"	then\n"
	"		sh -c '. \"$0" BEFORE "\"' \"$0\" \"$@\"\n"
	"	else\n"
	"		\"$before\" \"$@\"\n"
	"	fi\n"
	"}\n";

/*
 * What git says on standard input is for both, the hook that was there too,
 * and can be read only once.
 */
static void script(const char *name, bool input, struct buf *out)
{
	buf_addstr(out, head);
	buf_addf(out, "before=${0%%/*}/%s" BEFORE "\n", name);
	buf_addstr(out, before_text);
	if (input)
		buf_addstr(out, "input=$(cat)\n"
			   "give () {\n"
			   "	test -z \"$input\" || "
			   "printf '%s\\n' \"$input\"\n"
			   "}\n");
	buf_addf(out, "if command -v dv >/dev/null 2>&1\n"
		 "then\n"
		 "	%sdv hook %s \"$@\" || exit\n", input ? "give | " : "",
		 name);
	buf_addstr(out, missing_text);
	buf_addf(out, "test ! -x \"$before\" || %sbefore \"$@\"\n",
		 input ? "give | " : "");
}

/* --- one hook ----------------------------------------------------------- */

struct hook_file {
	const char *name;
	bool input;
	struct buf file, before, legacy;
};

#define DV_AUTO_HOOK_FILE	__attribute__((cleanup(hook_file_release)))

static void hook_file_release(struct hook_file *p)
{
	buf_release(&p->file);
	buf_release(&p->before);
	buf_release(&p->legacy);
}

static bool there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* Ours, of any version: what a link leads to is not. */
static bool is_ours(const char *path)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) &&
		!file_read(path, SCRIPT_MOST, &text) &&
		!strncmp(text.data, head, strcspn(head, ":"));
}

/*
 * The framework of pre-commit.com, when it is put there after dv, calls our
 * script by another name.  In front of it ours would call itself.
 */
static bool calls_ours(const struct hook_file *p, const char *path)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	return is_ours(p->legacy.data) &&
		!file_read(path, SCRIPT_MOST, &text) &&
		strstr(text.data, "pre-commit.com");
}

static enum dv_hook_state state_of(const struct hook_file *p)
{
	if (calls_ours(p, p->file.data))
		return DV_HOOK_CALLED;
	if (is_ours(p->file.data))
		return there(p->before.data) ? DV_HOOK_CHAINED : DV_HOOK_OURS;
	return there(p->file.data) ? DV_HOOK_OTHER : DV_HOOK_NONE;
}

bool dv_hook_runs(const struct dv_hook *hook)
{
	return hook->state != DV_HOOK_NONE && hook->state != DV_HOOK_OTHER;
}

static int write_script(const char *path, const struct buf *text)
{
	DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;
	int err = newfile_open(&f, path, NULL);
	struct stat st;

	if (!err)
		err = newfile_write(&f, text->data, text->len);
	/* executable for whoever may read it */
	if (!err && (fstat(f.fd, &st) < 0 ||
		     fchmod(f.fd, st.st_mode | (st.st_mode & 0444) >> 2) < 0))
		err = dv_fail_errno("cannot set the mode of %s", path);
	return err ? err : newfile_commit(&f, 0);
}

/* What an older dv has put in front of the framework that calls it. */
static int undo_circle(const struct hook_file *p, bool *changed)
{
	if (!is_ours(p->file.data) || !calls_ours(p, p->before.data))
		return 0;
	*changed = true;
	if (rename(p->before.data, p->file.data) < 0)
		return dv_fail_errno("cannot rename %s", p->before.data);
	return 0;
}

static int install(const struct hook_file *p, bool *changed)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf old = BUF_INIT;
	int err = undo_circle(p, changed);
	bool called = calls_ours(p, p->file.data);
	const char *path = called ? p->legacy.data : p->file.data;

	if (err)
		return err;
	script(p->name, p->input, &text);
	if (is_ours(path)) {
		if (!file_read(path, SCRIPT_MOST, &old) &&
		    !strcmp(old.data, text.data))
			return 0;
	} else if (there(p->file.data)) {
		if (there(p->before.data))
			return dv_hint(dv_fail(DV_E_EXISTS, "%s is in the "
					       "way: %s cannot be kept there",
					       p->before.data, p->name),
				       "remove the one of the two that is "
				       "not needed");
		if (rename(p->file.data, p->before.data) < 0)
			return dv_fail_errno("cannot rename %s",
					     p->file.data);
	}
	*changed = true;
	return write_script(path, &text);
}

static int uninstall(const struct hook_file *p, bool *changed)
{
	int err = undo_circle(p, changed);
	const char *path = calls_ours(p, p->file.data) ? p->legacy.data :
		p->file.data;

	if (err || !is_ours(path))
		return err;
	*changed = true;
	if (rename(p->before.data, path) == 0)
		return 0;
	if (errno != ENOENT)
		return dv_fail_errno("cannot rename %s", p->before.data);
	if (unlink(path) < 0)
		return dv_fail_errno("cannot remove %s", path);
	return 0;
}

/* --- all of them -------------------------------------------------------- */

/* Git's word for it: core.hooksPath, GIT_COMMON_DIR and all. */
static int hooks_dir(struct dv_repo *repo, struct buf *out)
{
	const char *const args[] = {
		"rev-parse", "--git-path", "hooks", NULL
	};
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = run_git(repo, args, NULL, 0, &text);

	if (err)
		return err;
	while (text.len && strchr("\n/", text.data[text.len - 1]))
		buf_setlen(&text, text.len - 1);
	if (*text.data == '/')
		buf_addstr(out, text.data);
	else
		repo_path(repo, text.data, out);
	return 0;
}

typedef int hook_file_fn(const struct hook_file *p, bool *changed);

static int each(struct dv_repo *repo, hook_file_fn *act, dv_hook_cb *fn,
		void *data)
{
	DV_AUTO_BUF struct buf dir = BUF_INIT;
	int err = hooks_dir(repo, &dir);

	if (!err && act == install) {
		err = dir_make(dir.data);
		if (err && settings_git(repo, "core.hookspath"))
			dv_hint(err, "git takes its hooks from there: git "
				"config --show-origin core.hooksPath says "
				"why");
	}
	for (size_t i = 0; i < HOOKS && !err; i++) {
		DV_AUTO_HOOK_FILE struct hook_file p = {
			hooks[i].name, hooks[i].input, BUF_INIT, BUF_INIT,
			BUF_INIT,
		};
		struct dv_hook hook = { .name = p.name };

		buf_addf(&p.file, "%s/%s", dir.data, p.name);
		buf_addf(&p.before, "%s" BEFORE, p.file.data);
		buf_addf(&p.legacy, "%s" LEGACY, p.file.data);
		if (act)
			err = act(&p, &hook.changed);
		hook.file = p.file.data;
		hook.state = state_of(&p);
		if (!err && fn)
			err = fn(&hook, data);
	}
	return err;
}

int dv_hooks_install(struct dv_repo *repo, dv_hook_cb *fn, void *data)
{
	return each(repo, install, fn, data);
}

int dv_hooks_uninstall(struct dv_repo *repo, dv_hook_cb *fn, void *data)
{
	return each(repo, uninstall, fn, data);
}

int dv_hooks_each(struct dv_repo *repo, dv_hook_cb *fn, void *data)
{
	return each(repo, NULL, fn, data);
}
