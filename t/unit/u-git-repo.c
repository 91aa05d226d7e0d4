/* Finding repositories, and setting dv up in one. */

#include <sys/stat.h>

#include "git_world.h"

#include "git/repo.h"

static void assert_below(const char *path, const char *expected)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;

	buf_addf(&full, "%s/%s", world, expected);
	assert_string_equal(path, full.data);
}

static void init_makes_and_stages_two_files(void **state)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *repo;
	enum dv_init was = DV_INIT_AGAIN;

	(void)state;
	sh("git init -q fresh && mkdir -p fresh/a/b && echo x >fresh/other");
	buf_addf(&path, "%s/fresh/a/b", world);
	assert_int_equal(try_open("fresh", &repo), DV_E_NOTFOUND);
	assert_null(repo);
	assert_hint("dv init");
	assert_int_equal(dv_repo_init(path.data, &was), 0);
	assert_int_equal(was, DV_INIT_NEW);
	output_of(&out, "git -C fresh status --porcelain");
	assert_string_equal(out.data,
			    "A  .dvconfig\nA  .dvignore\n"
			    "A  .gitattributes\n?? other\n");
	sh("test -d fresh/.git/dv/data && test ! -e fresh/a/b/.dvconfig");
	sh("git config -f fresh/.dvconfig --list");
	put("fresh/.dvignore", "mine\n");
	assert_int_equal(dv_repo_init(path.data, &was), 0);
	assert_int_equal(was, DV_INIT_AGAIN);
	assert_holds("fresh/.dvignore", "mine\n");
	output_of(&out, "git -C fresh status --porcelain");
	assert_string_equal(out.data,
			    "A  .dvconfig\nAM .dvignore\n"
			    "A  .gitattributes\n?? other\n");
}

/* An init that was killed before it staged looks so. */
static void init_stages_what_is_there_unstaged(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	enum dv_init was = DV_INIT_AGAIN;

	(void)state;
	sh("git -C fresh reset -q");
	buf_addf(&path, "%s/fresh", world);
	assert_int_equal(dv_repo_init(path.data, &was), 0);
	assert_int_equal(was, DV_INIT_NEW);
	assert_holds("fresh/.dvignore", "mine\n");
	output_of(&out, "git -C fresh status --porcelain");
	assert_string_equal(out.data,
			    "A  .dvconfig\nA  .dvignore\n"
			    "A  .gitattributes\n?? other\n");
}

static void init_that_cannot_stage_leaves_nothing(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	enum dv_init was;

	(void)state;
	sh("git init -q busy && touch busy/.git/index.lock");
	buf_addf(&path, "%s/busy", world);
	assert_int_not_equal(dv_repo_init(path.data, &was), 0);
	sh("test ! -e busy/.dvconfig && test ! -e busy/.dvignore && "
	   "test ! -e busy/.gitattributes");
	sh("rm busy/.git/index.lock");
	assert_int_equal(dv_repo_init(path.data, &was), 0);
	assert_int_equal(was, DV_INIT_NEW);
}

static void outside_of_git_the_next_step_is_named(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *repo;
	enum dv_init was;

	(void)state;
	sh("mkdir nothing");
	assert_error(DV_E_NOTFOUND, try_open("nothing", &repo),
		     "not inside a git work tree");
	assert_hint("git init");
	buf_addf(&path, "%s/nothing", world);
	assert_int_equal(dv_repo_init(path.data, &was), DV_E_NOTFOUND);
	assert_int_equal(try_open("no-such-folder", &repo), DV_E_NOTFOUND);
}

static void bare_repositories_are_refused(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *repo;
	enum dv_init was;

	(void)state;
	sh("git init -q --bare bare.git");
	assert_error(DV_E_UNSUPPORTED, try_open("bare.git", &repo),
		     "work tree");
	assert_int_equal(try_open("bare.git/refs", &repo), DV_E_UNSUPPORTED);
	buf_addf(&path, "%s/bare.git", world);
	assert_int_equal(dv_repo_init(path.data, &was), DV_E_UNSUPPORTED);
	make_repo("turned");
	sh("git -C turned config core.bare true");
	assert_error(DV_E_UNSUPPORTED, try_open("turned", &repo), "bare");
	make_repo("inner");
	assert_error(DV_E_UNSUPPORTED, try_open("inner/.git/objects", &repo),
		     "work tree");
}

static void a_bare_repository_is_opened_on_demand(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *repo;
	int top;

	(void)state;
	make_repo("full");
	sh("printf '[core]\n\tremote = x\n[store]\n\tpath = hooks\n' "
	   ">full/.dvconfig && git -C full commit -qam own && "
	   "git clone -q --bare full clone.git");
	buf_addf(&path, "%s/clone.git/refs", world);
	assert_int_equal(dv_repo_open_any(path.data, &repo), 0);
	assert_true(dv_repo_is_bare(repo));
	assert_below(dv_repo_worktree(repo), "clone.git");
	assert_string_equal(dv_repo_prefix(repo), "");
	assert_below(dv_repo_store_path(repo), "clone.git/dv");
	assert_string_equal(dv_config_get(repo, "core.remote"), "x");
	assert_string_equal(repo_revision(repo, NULL), "HEAD");
	assert_string_equal(repo_revision(repo, "x"), "x");
	assert_error(DV_E_UNSUPPORTED, repo_worktree_fd(repo, &top),
		     "must be run in a work tree");
	assert_error(DV_E_UNSUPPORTED, dv_config_set(repo, DV_CONFIG_PROJECT,
						     "core.remote", "y"),
		     "must be run in a work tree");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.remote",
				       "y"), 0);
	assert_string_equal(dv_config_get(repo, "core.remote"), "y");
	dv_repo_close(repo);
	sh("test ! -e clone.git/dv && test ! -e clone.git/.dvconfig");
	sh("git init -q --bare empty.git");
	buf_clear(&path);
	buf_addf(&path, "%s/empty.git", world);
	assert_error(DV_E_NOTFOUND, dv_repo_open_any(path.data, &repo),
		     "not set up");
	assert_null(repo);
	repo = must_open("full");
	assert_false(dv_repo_is_bare(repo));
	assert_null(repo_revision(repo, NULL));
	dv_repo_close(repo);
}

static void a_subfolder_gives_the_prefix(void **state)
{
	struct dv_repo *repo;

	(void)state;
	make_repo("sub");
	sh("mkdir -p sub/x/y && ln -s x/y sub/link && ln -s sub outer");
	repo = must_open("sub/x/y");
	assert_below(dv_repo_worktree(repo), "sub");
	assert_string_equal(dv_repo_prefix(repo), "x/y");
	assert_below(repo_git_dir(repo), "sub/.git");
	assert_below(repo_common_dir(repo), "sub/.git");
	assert_below(dv_repo_store_path(repo), "sub/.git/dv");
	dv_repo_close(repo);
	repo = must_open("outer/link");
	assert_below(dv_repo_worktree(repo), "sub");
	assert_string_equal(dv_repo_prefix(repo), "x/y");
	dv_repo_close(repo);
	repo = must_open("sub");
	assert_string_equal(dv_repo_prefix(repo), "");
	dv_repo_close(repo);
}

static void a_linked_work_tree_shares_the_store(void **state)
{
	struct dv_repo *repo;
	const char *dir;

	(void)state;
	make_repo("main");
	sh("git -C main worktree add -q -b other ../linked && "
	   "mkdir linked/d");
	repo = must_open("linked/d");
	assert_below(dv_repo_worktree(repo), "linked");
	assert_string_equal(dv_repo_prefix(repo), "d");
	assert_below(repo_git_dir(repo), "main/.git/worktrees/linked");
	assert_below(repo_common_dir(repo), "main/.git");
	assert_below(dv_repo_store_path(repo), "main/.git/dv");
	assert_int_equal(repo_state_dir(repo, &dir), 0);
	assert_below(dir, "main/.git/worktrees/linked/dv");
	dv_repo_close(repo);
	sh("git clone -q --bare main hub.git && "
	   "git -C hub.git worktree add -q ../from-bare main");
	repo = must_open("from-bare");
	assert_below(repo_common_dir(repo), "hub.git");
	dv_repo_close(repo);
}

static void a_submodule_is_a_repository_of_its_own(void **state)
{
	struct dv_repo *repo;

	(void)state;
	make_repo("module");
	make_repo("super");
	sh("cd super && git submodule --quiet add ../module mod && "
	   "git commit -qm mod");
	repo = must_open("super/mod");
	assert_below(dv_repo_worktree(repo), "super/mod");
	assert_below(repo_git_dir(repo), "super/.git/modules/mod");
	dv_repo_close(repo);
	sh("git init -q --separate-git-dir=apart.git apart && "
	   "cp module/.dvconfig apart");
	repo = must_open("apart");
	assert_below(repo_git_dir(repo), "apart.git");
	dv_repo_close(repo);
	put("stray/.git", "gitdir: ../nowhere\n");
	assert_error(DV_E_NOTFOUND, try_open("stray", &repo), "nowhere");
	put("stray/.git", "nonsense");
	assert_int_equal(try_open("stray", &repo), DV_E_INVALID);
}

static void the_environment_says_where(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *repo;

	(void)state;
	make_repo("env");
	sh("mkdir -p env/in elsewhere && cp env/.dvconfig elsewhere");
	buf_addf(&path, "%s/env/.git", world);
	setenv("GIT_DIR", path.data, 1);
	repo = must_open("elsewhere");
	assert_below(dv_repo_worktree(repo), "elsewhere");
	assert_below(repo_git_dir(repo), "env/.git");
	dv_repo_close(repo);
	buf_clear(&path);
	buf_addf(&path, "%s/env", world);
	setenv("GIT_WORK_TREE", path.data, 1);
	repo = must_open("env/in");
	assert_below(dv_repo_worktree(repo), "env");
	assert_string_equal(dv_repo_prefix(repo), "in");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.jobs",
				       "3"), 0);
	dv_repo_close(repo);
	assert_int_equal(try_open("elsewhere", &repo), DV_E_NOTFOUND);
	setenv("GIT_DIR", "/nowhere", 1);
	assert_error(DV_E_NOTFOUND, try_open("env", &repo), "GIT_DIR");
	unsetenv("GIT_DIR");
	unsetenv("GIT_WORK_TREE");
	assert_int_equal(chdir("env"), 0);
	setenv("GIT_DIR", ".git", 1);
	repo = must_open("env");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.jobs",
				       "4"), 0);
	dv_repo_close(repo);
	unsetenv("GIT_DIR");
	assert_int_equal(chdir(world), 0);
	sh("test $(git -C env config dv.core.jobs) = 4");
	sh("git -C env config core.worktree ../../elsewhere");
	repo = NULL;
	assert_error(DV_E_NOTFOUND, try_open("env", &repo),
		     "not inside the work tree");
}

static void the_common_folder_may_be_set(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *repo;

	(void)state;
	buf_addf(&path, "%s/main/.git", world);
	setenv("GIT_COMMON_DIR", path.data, 1);
	repo = must_open("linked");
	assert_below(repo_common_dir(repo), "main/.git");
	dv_repo_close(repo);
	unsetenv("GIT_COMMON_DIR");
}

static void ceilings_are_not_passed(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *repo;

	(void)state;
	make_repo("high");
	sh("mkdir -p high/mid/low");
	buf_addf(&path, "/x:%s/high/mid", world);
	setenv("GIT_CEILING_DIRECTORIES", path.data, 1);
	assert_int_equal(try_open("high/mid/low", &repo), DV_E_NOTFOUND);
	/* a ceiling above the repository, or the start itself, is no bar */
	dv_repo_close(must_open("high/mid"));
	setenv("GIT_CEILING_DIRECTORIES", world, 1);
	dv_repo_close(must_open("high/mid/low"));
	unsetenv("GIT_CEILING_DIRECTORIES");
}

static void formats_dv_cannot_read_are_named(void **state)
{
	struct dv_repo *repo;

	(void)state;
	make_repo("ext");
	sh("cd ext && git config core.repositoryformatversion 1 && "
	   "git config extensions.worktreeConfig true && "
	   "git config extensions.partialClone origin && "
	   "git config extensions.preciousObjects true");
	dv_repo_close(must_open("ext"));
	sh("git -C ext config extensions.objectFormat sha1");
	dv_repo_close(must_open("ext"));
	sh("git -C ext config extensions.newThing yes");
	assert_error(DV_E_UNSUPPORTED, try_open("ext", &repo),
		     "newthing = yes");
	sh("git init -q --object-format=sha256 long && "
	   "touch long/.dvconfig");
	assert_error(DV_E_UNSUPPORTED, try_open("long", &repo),
		     "dv reads repositories that use SHA-1");
	sh("git config -f ext/.git/config core.repositoryformatversion 7");
	assert_error(DV_E_UNSUPPORTED, try_open("ext", &repo), "format 7");
}

/* As root we can give a folder away; nobody else can try this. */
static void a_strangers_repository_is_refused(void **state)
{
	struct dv_repo *repo;

	(void)state;
	if (geteuid())
		skip();
	make_repo("theirs");
	sh("chown -R 12345 theirs && ! git -C theirs status");
	assert_error(DV_E_INVALID, try_open("theirs", &repo),
		     "belongs to somebody else");
	assert_hint("git config --global --add safe.directory ");
	sh("git config --global --add safe.directory $PWD/theirs");
	dv_repo_close(must_open("theirs"));
	sh("git config --global --add safe.directory '' && "
	   "! git -C theirs status");
	assert_int_equal(try_open("theirs", &repo), DV_E_INVALID);
	sh("git config --global --add safe.directory '*'");
	dv_repo_close(must_open("theirs"));
	sh("git config --global --unset-all safe.directory");
	setenv("SUDO_UID", "12345", 1);
	dv_repo_close(must_open("theirs"));
	unsetenv("SUDO_UID");
	sh("git -C sub config safe.directory '*' && chown 12345 sub");
	assert_int_equal(try_open("sub", &repo), DV_E_INVALID);
}

static void the_lock_is_held_once(void **state)
{
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	struct dv_repo *repo;

	(void)state;
	make_repo("locked");
	repo = must_open("locked");
	assert_int_equal(repo_lock(repo, "dv add", &lock), 0);
	sh("grep 'dv add' locked/.git/dv/lock && "
	   "! flock -n locked/.git/dv/lock true");
	lock_release(&lock);
	sh("flock -n locked/.git/dv/lock true");
	dv_repo_close(repo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_makes_and_stages_two_files),
		cmocka_unit_test(init_stages_what_is_there_unstaged),
		cmocka_unit_test(init_that_cannot_stage_leaves_nothing),
		cmocka_unit_test(outside_of_git_the_next_step_is_named),
		cmocka_unit_test(bare_repositories_are_refused),
		cmocka_unit_test(a_bare_repository_is_opened_on_demand),
		cmocka_unit_test(a_subfolder_gives_the_prefix),
		cmocka_unit_test(a_linked_work_tree_shares_the_store),
		cmocka_unit_test(a_submodule_is_a_repository_of_its_own),
		cmocka_unit_test(the_environment_says_where),
		cmocka_unit_test(the_common_folder_may_be_set),
		cmocka_unit_test(ceilings_are_not_passed),
		cmocka_unit_test(formats_dv_cannot_read_are_named),
		cmocka_unit_test(a_strangers_repository_is_refused),
		cmocka_unit_test(the_lock_is_held_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
