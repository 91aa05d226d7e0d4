/* What a filter says of folders, before anybody looks into them, and of files. */

#include "git_world.h"

#include "git/filter.h"

static const struct {
	const char *include, *exclude;	/* NULL: none */
	const char *folder;
	enum filter_verdict verdict;
} folders[] = {
	{ NULL, NULL, "a", FILTER_PASS_ALL },
	{ NULL, "x", "a", FILTER_PASS_MOST },
	{ NULL, "x", "a/x", FILTER_PASS_NONE },
	{ NULL, "x", "a/x/b", FILTER_PASS_NONE },
	{ NULL, "/x", "a/x", FILTER_PASS_MOST },
	{ NULL, "/a/x", "a/x", FILTER_PASS_NONE },
	{ "/a", NULL, "a", FILTER_PASS_ALL },
	{ "/a", NULL, "a/b/c", FILTER_PASS_ALL },
	{ "/a", NULL, "b", FILTER_PASS_NONE },
	{ "/a", "x", "a/b", FILTER_PASS_MOST },
	{ "/a/*/c", NULL, "a", FILTER_PASS_SOME },
	{ "/a/*/c", NULL, "a/b", FILTER_PASS_SOME },
	{ "/a/*/c", NULL, "a/b/c", FILTER_PASS_ALL },
	{ "/a/*/c", NULL, "a/b/d", FILTER_PASS_NONE },
	{ "/a/**/*.png", NULL, "a/b/c", FILTER_PASS_SOME },
	{ "/a/**/*.png", NULL, "b", FILTER_PASS_NONE },
	{ "/a/b/*.png", NULL, "a/c", FILTER_PASS_NONE },
	{ "/a/b/*.png", NULL, "a/b/c", FILTER_PASS_NONE },
	{ "*.png", NULL, "b", FILTER_PASS_SOME },
};

static struct dv_filter make_filter(const char *const *include,
				    const char *const *exclude)
{
	return (struct dv_filter){
		.include = include, .include_count = *include != NULL,
		.exclude = exclude, .exclude_count = *exclude != NULL,
	};
}

static void folders_are_cut_off_or_entered(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		struct dv_filter f = make_filter(&folders[i].include,
						 &folders[i].exclude);

		if (filter_folder(&f, folders[i].folder) !=
		    folders[i].verdict)
			fail_msg("%zu: %s", i, folders[i].folder);
	}
	assert_int_equal(filter_folder(NULL, "a"), FILTER_PASS_ALL);
}

static void files_are_told_by_path_and_size(void **state)
{
	const char *include = "/a/**/*.png", *exclude = "raw";
	struct dv_filter f = make_filter(&include, &exclude);

	(void)state;
	f.max_size = 100;
	assert_true(filter_file(&f, "a/1.png", 100));
	assert_true(filter_file(&f, "a/b/c/1.png", 1));
	assert_false(filter_file(&f, "a/1.png", 101));
	assert_false(filter_file(&f, "a/raw/1.png", 1));
	assert_false(filter_file(&f, "a/1.txt", 1));
	assert_false(filter_file(&f, "1.png", 1));
	assert_true(filter_file(NULL, "x", UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_are_cut_off_or_entered),
		cmocka_unit_test(files_are_told_by_path_and_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
