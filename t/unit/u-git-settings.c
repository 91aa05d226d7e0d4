/* dv_config_*: levels, names, secrets. */

#include <sys/stat.h>

#include "one_repo.h"

#include "git/repo.h"
#include "git/settings_names.h"

static int forget(void **state)
{
	(void)state;
	dv_repo_close(repo);
	sh("rm -rf r && git config --global --remove-section dv.core || :");
	return 0;
}

static void assert_set(const char *name, const char *value)
{
	const char *found = dv_config_get(repo, name);

	if (!value)
		assert_null(found);
	else if (!found)
		fail_msg("%s is not set", name);
	else
		assert_string_equal(found, value);
}

static void the_nearest_level_wins(void **state)
{
	(void)state;
	assert_set("core.remote", NULL);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_ANY, "core.remote",
				       "project"), 0);
	assert_holds("r/.dvconfig",
		     "# Settings of dv that everybody who works here shares; "
		     "dvconfig(5)\n# lists them.  No secrets: git keeps this "
		     "file for all to read.\n[core]\n\tremote = project\n");
	assert_set("core.remote", "project");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_GLOBAL, "core.remote",
				       "global"), 0);
	assert_set("Core.Remote", "global");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.remote",
				       "local"), 0);
	assert_set("core.remote", "local");
	sh("test $(git -C r config --local dv.core.remote) = local && "
	   "test $(git config --global dv.core.remote) = global");
	setenv("DV_CORE_REMOTE", "environment", 1);
	assert_set("core.remote", "environment");
	assert_string_equal(dv_config_get_at(repo, DV_CONFIG_PROJECT,
					     "core.remote"), "project");
	assert_string_equal(dv_config_get_at(repo, DV_CONFIG_GLOBAL,
					     "core.remote"), "global");
	assert_string_equal(dv_config_get_at(repo, DV_CONFIG_LOCAL,
					     "core.remote"), "local");
	assert_null(dv_config_get_at(repo, DV_CONFIG_SYSTEM, "core.remote"));
	setenv("DV_CORE_REMOTE", "", 1);
	assert_set("core.remote", "local");
	unsetenv("DV_CORE_REMOTE");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.remote",
				       NULL), 0);
	assert_set("core.remote", "global");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.remote",
				       NULL), DV_E_NOTFOUND);
	sh("git config --global --unset dv.core.remote");
}

static void every_source_of_git_counts(void **state)
{
	(void)state;
	put("system", "[dv \"core\"]\n\tjobs = 1\n");
	unsetenv("GIT_CONFIG_NOSYSTEM");
	sh("cp system sys.conf");
	setenv("GIT_CONFIG_SYSTEM", "", 1);
	{
		DV_AUTO_BUF struct buf path = BUF_INIT;

		buf_addf(&path, "%s/sys.conf", world);
		setenv("GIT_CONFIG_SYSTEM", path.data, 1);
	}
	reopen("r");
	assert_set("core.jobs", "1");
	assert_string_equal(dv_config_get_at(repo, DV_CONFIG_SYSTEM,
					     "core.jobs"), "1");
	put("home/.config/git/config", "[dv \"core\"]\n\tjobs = 2\n");
	reopen("r");
	assert_set("core.jobs", "2");
	sh("git config --file home/.gitconfig dv.core.jobs 3");
	reopen("r");
	assert_set("core.jobs", "3");
	sh("cd r && git config dv.core.jobs 4");
	reopen("r");
	assert_set("core.jobs", "4");
	sh("cd r && git config extensions.worktreeConfig true && "
	   "git config --worktree dv.core.jobs 5");
	reopen("r");
	assert_set("core.jobs", "5");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.jobs",
				       "6"), 0);
	sh("test $(git -C r config --local dv.core.jobs) = 6");
	sh("git -C r config --worktree --unset dv.core.jobs");
	sh("git -C r config --local --unset dv.core.jobs");
	sh("git -C r config --worktree dv.core.jobs 5");
	reopen("r");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.jobs",
				       NULL), 0);
	assert_set("core.jobs", "3");
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "DV.core.Jobs", 1);
	setenv("GIT_CONFIG_VALUE_0", "7", 1);
	reopen("r");
	assert_set("core.jobs", "7");
	unsetenv("GIT_CONFIG_COUNT");
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	reopen("r");
	assert_set("core.jobs", "1");
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	reopen("r");
	assert_set("core.jobs", NULL);
	unsetenv("GIT_CONFIG_GLOBAL");
	unsetenv("GIT_CONFIG_SYSTEM");
	sh("rm home/.config/git/config; git config --global --unset "
	   "dv.core.jobs");
}

static void a_remotes_name_keeps_its_case(void **state)
{
	(void)state;
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT,
				       "remote.Big.URL", "s3://b/p"), 0);
	assert_set("remote.Big.url", "s3://b/p");
	assert_set("remote.big.url", NULL);
	sh("test $(git config -f r/.dvconfig remote.Big.url) = s3://b/p");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.Big.url", "/x y/#z"), 0);
	assert_set("remote.Big.url", "/x y/#z");
	sh("test \"$(git -C r config dv.remote.Big.url)\" = '/x y/#z'");
}

static void mistyped_names_are_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_error(DV_E_INVALID, dv_config_set(repo, DV_CONFIG_LOCAL,
						 "core.remtoe", "x"),
		     "dv knows no setting 'core.remtoe'");
	assert_hint("did you mean core.remote?");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.o.endpoint", "x"),
			 DV_E_INVALID);
	assert_hint("remote.o.endpointurl");
	dv_config_set(repo, DV_CONFIG_LOCAL, "autostage", "x");
	assert_hint("core.autostage");
	dv_config_set(repo, DV_CONFIG_LOCAL, "remote.o.pasword", "x");
	assert_hint("remote.o.password");
	dv_config_set(repo, DV_CONFIG_LOCAL, "completely.different", "x");
	assert_hint("dvconfig(5)");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.a b.url", "x"), DV_E_INVALID);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.-x.url", "x"), DV_E_INVALID);
	assert_hint("begins with neither '.' nor '-'");
	assert_int_equal(dv_config_check("core.jobs"), 0);
	assert_int_equal(dv_config_check("Remote._o.URL"), 0);
	assert_error(DV_E_INVALID, dv_config_check("core.jobbs"),
		     "dv knows no setting 'core.jobbs'");
	assert_hint("did you mean core.jobs?");
	assert_error(DV_E_INVALID, dv_config_check("jobs"), "'jobs'");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.a\nb.url", "x"), DV_E_INVALID);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_ENVIRONMENT,
				       "core.jobs", "1"), DV_E_INVALID);
}

static void values_must_suit_their_setting(void **state)
{
	uint64_t n;

	(void)state;
	assert_error(DV_E_INVALID, dv_config_set(repo, DV_CONFIG_LOCAL,
						 "core.jobs", "many"),
		     "core.jobs: not a number: many");
	assert_error(DV_E_INVALID, dv_config_set(repo, DV_CONFIG_LOCAL,
						 "core.hints", "perhaps"),
		     "not true or false");
	assert_error(DV_E_INVALID, dv_config_set(repo, DV_CONFIG_LOCAL,
						 "gc.grace", "foo"),
		     "gc.grace: not an age such as 14d, 12h or now: foo");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "gc.grace",
				       "12h"), 0);
	assert_error(DV_E_INVALID, dv_config_set(repo, DV_CONFIG_PROJECT,
						 "store.fallback", "/x"),
		     "store.fallback is not taken from .dvconfig");
	assert_hint("dv config --local store.fallback /x");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT,
				       "source.local", "true"), DV_E_INVALID);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "store.link",
				       "softlink"), DV_E_INVALID);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "store.link",
				       "hardlink,reflink"), 0);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.remote",
				       "a\nb"), DV_E_INVALID);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.remote",
				       ""), DV_E_INVALID);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "store.link",
				       "reflink,copy"), 0);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "core.remote",
				       "-x"), 0);
	assert_set("core.remote", "-x");
	assert_int_equal(dv_config_size(repo, "core.jobs", 9, &n), 0);
	assert_int_equal(n, 9);
	put("r/.git/extra", "[dv \"core\"]\n jobs = 2K\n autostage\n"
	    " hints = perhaps\n");
	sh("git -C r config include.path extra");
	reopen("r");
	assert_int_equal(dv_config_size(repo, "core.jobs", 9, &n), 0);
	assert_int_equal(n, 2048);
	assert_int_equal(dv_config_bool(repo, "core.autostage", false), 1);
	assert_error(DV_E_INVALID, dv_config_bool(repo, "core.hints", true),
		     "core.hints: not true or false: perhaps");
	put("r/.git/extra", "[dv \"core\"]\n jobs = 18446744073709551616\n");
	reopen("r");
	assert_int_equal(dv_config_size(repo, "core.jobs", 9, &n),
			 DV_E_INVALID);
	put("r/.git/extra", "[dv \"core\"]\n jobs = 99999999999g\n");
	reopen("r");
	assert_int_equal(dv_config_size(repo, "core.jobs", 9, &n),
			 DV_E_INVALID);
}

static void secrets_stay_out_of_the_committed_file(void **state)
{
	struct store *store;

	(void)state;
	assert_error(DV_E_INVALID,
		     dv_config_set(repo, DV_CONFIG_PROJECT,
				   "remote.o.secretAccessKey", "hush"),
		     "remote.o.secretaccesskey is a secret");
	assert_hint("dv config --local remote.o.secretaccesskey <value>");
	assert_error(DV_E_INVALID,
		     dv_config_set(repo, DV_CONFIG_PROJECT, "remote.o.url",
				   "https://me:hush@host/x"), "password");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT,
				       "remote.o.url", "https://me@host/x"),
			 0);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.o.password", "mine"), 0);
	assert_set("remote.o.password", "mine");
	assert_int_equal(repo_store(repo, &store), 0);

	sh("git config -f r/.dvconfig remote.o.password theirs && "
	   "git config -f r/.dvconfig remote.p.token theirs");
	reopen("r");
	assert_set("remote.o.password", "mine");
	assert_set("remote.p.token", NULL);
	assert_null(dv_config_get_at(repo, DV_CONFIG_PROJECT,
				     "remote.p.token"));
	assert_error(DV_E_INVALID, repo_store(repo, &store),
		     "remote.o.password is a secret");
	assert_hint("dv config --local remote.o.password <value>");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT,
				       "remote.o.password", NULL), 0);
	assert_error(DV_E_INVALID, repo_check_secrets(repo),
		     "remote.p.token");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT,
				       "remote.p.token", NULL), 0);
	assert_int_equal(repo_store(repo, &store), 0);
}

static void a_hostile_project_file_does_no_harm(void **state)
{
	struct dv_repo *other;

	(void)state;
	put("evil", "[core]\n\tremote = evil\n");
	put("r/.dvconfig", "[include]\n\tpath = ../evil\n"
	    "[includeIf \"gitdir:**\"]\n\tpath = ../evil\n"
	    "[core]\n\tpager = touch owned\n\tfsmonitor = x\n\tjobs = 2\n"
	    "[dv \"core\"]\n\tremote = evil\n"
	    "[remote \"a\\nb\"]\n\turl = x\n[remote \"a b\"]\n\turl = x\n");
	reopen("r");
	assert_set("core.remote", NULL);
	assert_set("core.pager", NULL);
	assert_set("core.jobs", "2");
	sh("printf '[a]\\nb = \\0\\n' >r/.dvconfig");
	assert_int_equal(try_open("r", &other), DV_E_INVALID);
	sh("mv r/.dvconfig r/x && ln -s x r/.dvconfig");
	assert_error(DV_E_INVALID, try_open("r", &other),
		     "not a regular file");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT, "core.jobs",
				       "3"), DV_E_INVALID);
	sh("rm r/.dvconfig && mkfifo r/.dvconfig");
	assert_int_equal(try_open("r", &other), DV_E_INVALID);
	sh("rm r/.dvconfig && truncate -s 2M r/.dvconfig");
	assert_error(DV_E_INVALID, try_open("r", &other), "longer than");
	put("r/.dvconfig", "[core]\n<<<<<<< HEAD\n");
	assert_error(DV_E_INVALID, try_open("r", &other), "bad line 2 in");
	sh("rm r/.dvconfig && touch r/.dvconfig");
}

static void where_the_store_is_cannot_be_committed_freely(void **state)
{
	static const char *const bad[] = {
		"/tmp/x", "../x", "a/../../x", ".git/hooks", ".GIT/x", "~/x",
		"link/x", "file/x",
	};
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_repo *other;

	(void)state;
	sh("mkdir r/real && ln -s /tmp r/link && touch r/file");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_error(DV_E_INVALID,
			     dv_config_set(repo, DV_CONFIG_PROJECT,
					   "store.path", bad[i]),
			     "not a plain path inside the work tree");
		sh("git config -f r/.dvconfig store.path '%s'", bad[i]);
		assert_error(DV_E_INVALID, try_open("r", &other), bad[i]);
		assert_hint("dv config --local store.path");
		sh("git config -f r/.dvconfig --unset store.path");
	}
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT, "store.path",
				       "real/store"), 0);
	reopen("r");
	buf_addf(&path, "%s/r/real/store", world);
	assert_string_equal(dv_repo_store_path(repo), path.data);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL, "store.path",
				       "~/shared"), 0);
	reopen("r");
	buf_clear(&path);
	buf_addf(&path, "%s/home/shared", world);
	assert_string_equal(dv_repo_store_path(repo), path.data);
}

static int take(enum dv_config_level level, const char *name,
		const char *value, void *data)
{
	buf_addf(data, "%d %s=%s\n", level, name, value);
	return 0;
}

static void all_are_listed_weakest_first(void **state)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	(void)state;
	dv_config_set(repo, DV_CONFIG_PROJECT, "core.jobs", "1");
	dv_config_set(repo, DV_CONFIG_PROJECT, "remote.o.url", "/x");
	dv_config_set(repo, DV_CONFIG_GLOBAL, "core.jobs", "2");
	dv_config_set(repo, DV_CONFIG_LOCAL, "remote.o.token", "t");
	setenv("DV_CORE_JOBS", "3", 1);
	assert_int_equal(dv_config_each(repo, take, &out), 0);
	unsetenv("DV_CORE_JOBS");
	assert_string_equal(out.data,
			    "1 core.jobs=1\n1 remote.o.url=/x\n"
			    "3 core.jobs=2\n2 remote.o.token=t\n"
			    "5 core.jobs=3\n");
	sh("git config --global --unset dv.core.jobs");
}

static void the_modes_of_gits_files_are_kept(void **state)
{
	struct stat st;

	(void)state;
	sh("chmod 600 r/.git/config");
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.o.token", "t"), 0);
	assert_int_equal(stat("r/.git/config", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

#define WITH_REPO(name) \
	cmocka_unit_test_setup_teardown(name, open_it, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REPO(the_nearest_level_wins),
		WITH_REPO(every_source_of_git_counts),
		WITH_REPO(a_remotes_name_keeps_its_case),
		WITH_REPO(mistyped_names_are_refused_with_the_nearest),
		WITH_REPO(values_must_suit_their_setting),
		WITH_REPO(secrets_stay_out_of_the_committed_file),
		WITH_REPO(a_hostile_project_file_does_no_harm),
		WITH_REPO(where_the_store_is_cannot_be_committed_freely),
		WITH_REPO(all_are_listed_weakest_first),
		WITH_REPO(the_modes_of_gits_files_are_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
