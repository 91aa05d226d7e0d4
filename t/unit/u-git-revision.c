/* Pointers of commits, branches, tags and the whole history. */

#include "one_repo.h"

static int open_history(void **state)
{
	(void)state;
	make_repo("r");
	put_pointer("r/data.dv", DV_KIND_TREE, '1');
	put_pointer("r/sub/x.dv", DV_KIND_FILE, '2');
	put("r/sub/text", "no pointer\n");
	sh("cd r && git add . && git commit -qm one && git tag -am t v1");
	put_pointer("r/data.dv", DV_KIND_TREE, '3');
	sh("cd r && git commit -qam two && git checkout -qb side HEAD^");
	put_pointer("r/side.dv", DV_KIND_FILE, '4');
	sh("cd r && git add . && git commit -qm side && git checkout -q main");
	repo = must_open("r");
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	dv_repo_close(repo);
	sh("rm -rf r clone origin.git");
	return 0;
}

#define CHOSEN(...) selected(&(struct dv_selection){ __VA_ARGS__ })

static void a_revision_stands_in_for_the_work_tree(void **state)
{
	(void)state;
	assert_string_equal(CHOSEN(.rev = "HEAD"), "data[]3c sub/x[]2c ");
	assert_string_equal(CHOSEN(.rev = "v1"), "data[]1c sub/x[]2c ");
	assert_string_equal(CHOSEN(.rev = "HEAD~"), "data[]1c sub/x[]2c ");
	assert_string_equal(CHOSEN(.rev = "side"),
			    "data[]1c side[]4c sub/x[]2c ");
	assert_string_equal(CHOSEN(.rev = "nosuch"),
			    "-2 no such commit: nosuch");
	assert_string_equal(CHOSEN(.rev = "--all"),
			    "-2 no such commit: --all");
	assert_string_equal(CHOSEN(.rev = ""), "-2 no such commit: ");
	assert_string_equal(CHOSEN(.rev = "@"), "data[]3c sub/x[]2c ");
	assert_string_equal(CHOSEN(.rev = ":/side"),
			    "data[]1c side[]4c sub/x[]2c ");
	assert_string_equal(CHOSEN(.rev = "HEAD^{tree}"),
			    "-2 no such commit: HEAD^{tree}");
	assert_string_equal(CHOSEN(.rev = "HEAD:data.dv"),
			    "-2 no such commit: HEAD:data.dv");
}

static void paths_select_in_commits_too(void **state)
{
	const char *inside[] = { "data/a/b", "sub" };
	const char *side[] = { "side.dv" };

	(void)state;
	assert_string_equal(CHOSEN(.paths = inside, .count = 2, .rev = "v1"),
			    "data[a/b]1c sub/x[]2c ");
	assert_string_equal(CHOSEN(.paths = side, .count = 1, .rev = "v1"),
			    "-2 nothing is tracked at side.dv");
	assert_string_equal(CHOSEN(.paths = side, .count = 1,
				   .all_branches = true), "side[]4c ");
	assert_string_equal(CHOSEN(.paths = inside, .count = 1,
				   .all_branches = true),
			    "data[a/b]3 data[a/b]1c ");
}

static void refs_come_besides_the_work_tree(void **state)
{
	(void)state;
	assert_string_equal(CHOSEN(.all_tags = true),
			    "data[]3 data[]1c sub/x[]2 ");
	assert_string_equal(CHOSEN(.all_branches = true),
			    "data[]3 data[]1c side[]4c sub/x[]2 ");
	put_pointer("r/data.dv", DV_KIND_TREE, '5');
	sh("cd r && git commit -qam three");
	assert_string_equal(CHOSEN(.all_branches = true),
			    "data[]5 data[]1c side[]4c sub/x[]2 ");
	assert_string_equal(CHOSEN(.all_commits = true),
			    "data[]5 data[]3c data[]1c side[]4c sub/x[]2 ");
	assert_string_equal(CHOSEN(.rev = "HEAD", .all_commits = true),
			    "data[]5c data[]3c data[]1c side[]4c sub/x[]2c ");
}

static void a_detached_head_and_stray_tags_are_no_trouble(void **state)
{
	(void)state;
	sh("cd r && git checkout -q --detach");
	put_pointer("r/loose.dv", DV_KIND_FILE, '6');
	sh("cd r && git add . && git commit -qm detached && "
	   "git tag blob HEAD:sub/text && git tag tree HEAD: && "
	   "git symbolic-ref refs/heads/dangling refs/heads/nowhere && "
	   "git rm -q loose.dv");
	assert_string_equal(CHOSEN(.all_commits = true),
			    "data[]3 data[]1c loose[]6c side[]4c sub/x[]2 ");
	/* a tag of a tree is one too; what is no pointer is passed over */
	assert_string_equal(CHOSEN(.all_tags = true, .all_branches = true),
			    "data[]3 data[]1c loose[]6c side[]4c sub/x[]2 ");
	sh("cd r && git tag -am p pointer side:side.dv && git branch -D side "
	   "&& git tag -d tree");
	assert_string_equal(CHOSEN(.all_tags = true),
			    "data[]3 data[]1c refs/tags/pointer[]4c sub/x[]2 ");
}

static void without_a_commit_there_is_nothing(void **state)
{
	(void)state;
	dv_repo_close(repo);
	sh("rm -rf r && git init -q r && touch r/.dvconfig");
	repo = must_open("r");
	assert_string_equal(CHOSEN(.all_commits = true), "");
	assert_string_equal(CHOSEN(.rev = "HEAD"),
			    "-2 there is no commit yet");
}

static void what_is_no_pointer_fails_only_where_it_was_asked_for(void **state)
{
	(void)state;
	put("r/data.dv", "<<<<<<< HEAD\n");
	sh("cd r && truncate -s 70000 big.dv && ln -s data.dv link.dv && "
	   "mkdir dir.dv && touch dir.dv/f && git add . && "
	   "git commit -qm broken && git checkout -q HEAD~");
	assert_string_equal(CHOSEN(.all_commits = true),
			    "data[]3 data[]1c side[]4c sub/x[]2 ");
	assert_true(!strncmp(CHOSEN(.rev = "main"), "-4 ", 3));
	{
		const char *paths[] = { "sub" };

		assert_string_equal(CHOSEN(.paths = paths, .count = 1,
					   .rev = "main"), "sub/x[]2c ");
	}
	put("r/new.dv", "dv: 2\n");
	sh("cd r && git add -f . && git commit -qm newer && "
	   "git rm -q new.dv");
	dv_repo_close(repo);
	repo = must_open("r");
	assert_true(!strncmp(CHOSEN(.all_commits = true), "-12 ", 4));
}

static void a_shallow_clone_has_the_history_it_has(void **state)
{
	(void)state;
	dv_repo_close(repo);
	sh("git clone -q --depth 1 file://$PWD/r clone");
	repo = must_open("clone");
	assert_string_equal(CHOSEN(.all_commits = true), "data[]3 sub/x[]2 ");
}

static void a_partial_clone_fetches_what_is_needed(void **state)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	(void)state;
	dv_repo_close(repo);
	sh("git clone -q --bare r origin.git && "
	   "git -C origin.git config uploadpack.allowFilter true && "
	   "git -C origin.git config uploadpack.allowAnySHA1InWant true && "
	   "git clone -q --filter=tree:0 file://$PWD/origin.git clone && "
	   "git -C clone config extensions.worktreeConfig true");
	output_of(&out, "cd clone && git config core.repositoryformatversion "
		  "&& git rev-list --objects --all --missing=print | "
		  "grep -c '^?'");
	assert_int_equal(out.data[0], '1');
	assert_int_not_equal(out.data[2], '0');
	repo = must_open("clone");
	assert_string_equal(CHOSEN(.all_commits = true),
			    "data[]3 data[]1c side[]4c sub/x[]2 ");
	dv_repo_close(repo);
	sh("rm -rf clone && git clone -q --filter=blob:none "
	   "file://$PWD/origin.git clone && rm -rf origin.git");
	repo = must_open("clone");
	assert_string_equal(CHOSEN(.rev = "HEAD"), "data[]3c sub/x[]2c ");
	assert_int_equal(dv_tracked_each(repo, &(struct dv_selection){
				.all_commits = true }, add_selected, &out),
			 DV_E_NETWORK);
	assert_non_null(strstr(dv_error_text(), "is not in this partial clone"));
}

static void objects_of_alternates_are_found(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	(void)state;
	dv_repo_close(repo);
	sh("git clone -q --shared r clone");
	repo = must_open("clone");
	assert_string_equal(CHOSEN(.rev = "v1"), "data[]1c sub/x[]2c ");
	dv_repo_close(repo);
	sh("rm clone/.git/objects/info/alternates");
	buf_addf(&path, "/nowhere:%s/r/.git/objects", world);
	setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", path.data, 1);
	repo = must_open("clone");
	assert_string_equal(CHOSEN(.rev = "v1"), "data[]1c sub/x[]2c ");
	unsetenv("GIT_ALTERNATE_OBJECT_DIRECTORIES");
}

/* Names no honest git would write, in a tree made by hand. */
static void names_that_lead_astray_are_passed_over(void **state)
{
	(void)state;
	sh("cd r && git config core.protectHFS false && "
	   "b=$(git rev-parse HEAD:data.dv) && "
	   "t=$(printf '100644 blob %%s\\tx.dv\\n' $b | git mktree) && "
	   "u=$(printf '040000 tree %%s\\t..\\n040000 tree %%s\\t.git\\n"
	   "100644 blob %%s\\t.dv\\n100644 blob %%s\\tok.dv\\n' "
	   "$t $t $b $b | git mktree --missing) && "
	   "git branch evil $(git commit-tree -m evil $u)");
	assert_string_equal(CHOSEN(.rev = "evil"), "ok[]3c ");
}

static void a_long_history_costs_its_changes(void **state)
{
	DV_AUTO_BUF struct buf script = BUF_INIT;

	(void)state;
	for (int i = 0; i < 2000; i++)
		buf_addf(&script, "commit refs/heads/long\n"
			 "committer A <a@b> %d +0000\ndata 1\nx%s"
			 "M 644 inline other/f%d\ndata 1\nx\n", i + 1,
			 i ? "\n" : "\nfrom refs/heads/main\n", i % 100);
	put("script", script.data);
	sh("cd r && git fast-import --quiet --force <../script");
	assert_string_equal(CHOSEN(.all_commits = true),
			    "data[]3 data[]1c side[]4c sub/x[]2 ");
}

#define WITH_REPO(name) \
	cmocka_unit_test_setup_teardown(name, open_history, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REPO(a_revision_stands_in_for_the_work_tree),
		WITH_REPO(paths_select_in_commits_too),
		WITH_REPO(refs_come_besides_the_work_tree),
		WITH_REPO(a_detached_head_and_stray_tags_are_no_trouble),
		WITH_REPO(without_a_commit_there_is_nothing),
		WITH_REPO(
			what_is_no_pointer_fails_only_where_it_was_asked_for),
		WITH_REPO(a_shallow_clone_has_the_history_it_has),
		WITH_REPO(a_partial_clone_fetches_what_is_needed),
		WITH_REPO(objects_of_alternates_are_found),
		WITH_REPO(names_that_lead_astray_are_passed_over),
		WITH_REPO(a_long_history_costs_its_changes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
