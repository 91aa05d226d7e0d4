/* What git knows of a pointer: work tree, index and HEAD. */

#include "one_repo.h"

#include "git/private.h"
#include "git/sha1.h"

static int open_both(void **state)
{
	(void)state;
	make_repo("r");
	put("r/a.dv", "one\n");
	put("r/sub/b.dv", "two\n");
	sh("cd r && git add . && git commit -qm both");
	repo = must_open("r");
	return 0;
}

static void assert_state(const char *path, enum pointer_state expected)
{
	enum pointer_state found;

	if (repo_pointer_state(repo, path, NULL, &found))
		fail_msg("%s: %s", path, dv_error_text());
	if (found != expected)
		fail_msg("%s: %d, not %d", path, found, expected);
}

static void blobs_get_the_ids_git_gives_them(void **state)
{
	DV_AUTO_BUF struct buf hex = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	uint8_t id[SHA1_SIZE], expected[SHA1_SIZE];

	(void)state;
	for (int len = 0; len < 140; len++) {
		buf_clear(&text);
		for (int i = 0; i < len; i++)
			buf_addch(&text, 'a' + (i * 7 + len) % 26);
		put("blob", text.data);
		output_of(&hex, "git hash-object --no-filters blob");
		assert_true(sha1_from_hex(hex.data, expected));
		sha1_blob(text.data, text.len, id);
		assert_memory_equal(id, expected, SHA1_SIZE);
	}
	assert_false(sha1_from_hex("zz", id));
}

static void a_pointer_goes_through_its_states(void **state)
{
	(void)state;
	assert_state("a.dv", POINTER_COMMITTED);
	assert_state("sub/b.dv", POINTER_COMMITTED);
	put("r/new.dv", "new\n");
	assert_state("new.dv", POINTER_UNTRACKED);
	sh("cd r && git add -N new.dv");
	reopen("r");
	assert_state("new.dv", POINTER_UNSTAGED);
	sh("cd r && git add new.dv");
	reopen("r");
	assert_state("new.dv", POINTER_STAGED);
	put("r/new.dv", "newer\n");
	assert_state("new.dv", POINTER_UNSTAGED);
	put("r/sub/b.dv", "three\n");
	assert_state("sub/b.dv", POINTER_UNSTAGED);
	assert_int_equal(repo_stage(repo, (const char *[]){ "sub/b.dv" }, 1),
			 0);
	assert_state("sub/b.dv", POINTER_STAGED);
	sh("cd r && git commit -qm b");
	reopen("r");
	assert_state("sub/b.dv", POINTER_COMMITTED);
	sh("rm r/a.dv");
	assert_state("a.dv", POINTER_UNSTAGED);
	sh("cd r && git rm -q --cached a.dv");
	reopen("r");
	assert_state("a.dv", POINTER_UNTRACKED);
}

static void before_the_first_commit_all_is_staged(void **state)
{
	struct dv_repo *young;
	enum pointer_state found;

	(void)state;
	sh("rm -rf young && git init -q young && cp r/.dvconfig young && "
	   "echo x >young/x.dv && git -C young add x.dv");
	young = must_open("young");
	assert_int_equal(repo_pointer_state(young, "x.dv", NULL, &found),
			 0);
	assert_int_equal(found, POINTER_STAGED);
	dv_repo_close(young);
}

static void a_conflict_is_not_staged(void **state)
{
	(void)state;
	sh("cd r && git checkout -qb side && echo s >a.dv && "
	   "git commit -qam side && git checkout -q main && echo m >a.dv && "
	   "git commit -qam main && ! git merge -q side");
	reopen("r");
	assert_state("a.dv", POINTER_UNSTAGED);
	sh("cd r && git reset -q --hard");
}

/* HEAD by every way it can be written down. */
static void head_is_found_however_it_is_kept(void **state)
{
	static const char *const forms[] = {
		"git pack-refs --all", "mkdir .git/refs/heads/main",
		"rmdir .git/refs/heads/main && git checkout -q --detach",
		"git checkout -q main && git symbolic-ref refs/heads/alias "
		"refs/heads/main && git symbolic-ref HEAD refs/heads/alias",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		sh("cd r && %s && rm -f .git/dv/head", forms[i]);
		reopen("r");
		assert_state("a.dv", POINTER_COMMITTED);
		assert_state("sub/b.dv", POINTER_COMMITTED);
	}
	sh("cd r && git worktree add -q --detach ../w");
	dv_repo_close(repo);
	repo = must_open("w");
	assert_state("a.dv", POINTER_COMMITTED);
	sh("cd r && git worktree remove --force ../w");
}

static void what_was_learnt_of_head_is_kept(void **state)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	(void)state;
	assert_state("a.dv", POINTER_COMMITTED);
	assert_state("sub/b.dv", POINTER_COMMITTED);
	assert_non_null(repo->git);
	put("r/new.dv", "new\n");
	assert_int_equal(repo_stage(repo, (const char *[]){ "new.dv" }, 1), 0);
	assert_state("new.dv", POINTER_STAGED);
	reopen("r");
	assert_state("a.dv", POINTER_COMMITTED);
	assert_state("sub/b.dv", POINTER_COMMITTED);
	assert_state("new.dv", POINTER_STAGED);
	assert_null(repo->git);
	/* another commit: what is kept is of no use */
	sh("cd r && git commit -qm new");
	reopen("r");
	assert_state("new.dv", POINTER_COMMITTED);
	assert_non_null(repo->git);
	/* nor is what was damaged */
	output_of(&out, "git -C r rev-parse HEAD");
	buf_setlen(&out, 40);
	{
		DV_AUTO_BUF struct buf text = BUF_INIT;

		buf_addf(&text, "dv-head 1 %s\nnonsense", out.data);
		dv_repo_close(repo);
		put("r/.git/dv/head", text.data);
	}
	repo = must_open("r");
	assert_state("a.dv", POINTER_COMMITTED);
	assert_state("new.dv", POINTER_COMMITTED);
}

static void only_the_paths_given_are_staged(void **state)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	const char *paths[] = { "*.dv", "sub/n w.dv", "-x.dv", ":y.dv" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		buf_addf(&path, "r/%s", paths[i]);
		put(path.data, "x\n");
	}
	put("r/other.dv", "x\n");
	assert_int_equal(repo_stage(repo, paths, 4), 0);
	output_of(&out, "git -C r diff --cached --name-only");
	assert_string_equal(out.data, "*.dv\n-x.dv\n:y.dv\nsub/n w.dv\n");
	assert_int_equal(repo_stage(repo, paths, 0), 0);
	assert_int_not_equal(repo_stage(repo, (const char *[]){ "no" }, 1), 0);
}

#define WITH_REPO(name) \
	cmocka_unit_test_setup_teardown(name, open_both, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REPO(blobs_get_the_ids_git_gives_them),
		WITH_REPO(a_pointer_goes_through_its_states),
		WITH_REPO(before_the_first_commit_all_is_staged),
		WITH_REPO(a_conflict_is_not_staged),
		WITH_REPO(head_is_found_however_it_is_kept),
		WITH_REPO(what_was_learnt_of_head_is_kept),
		WITH_REPO(only_the_paths_given_are_staged),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, world_enter, world_leave);
}
