#include "transfer_world.h"

struct seen {
	char text[2048];
};

static int take_remote(const struct dv_remote_info *info, void *data)
{
	struct seen *s = data;

	snprintf(s->text + strlen(s->text),
		 sizeof(s->text) - strlen(s->text), "%s%s %s;",
		 info->is_default ? "*" : "", info->name, info->url);
	return 0;
}

static struct seen remotes(struct dv_repo *repo)
{
	struct seen s = { "" };

	assert_int_equal(dv_remote_each(repo, take_remote, &s), 0);
	return s;
}

static struct dv_repo *bare_repo(void)
{
	enum dv_init was;

	shell("git init -q -b main %s", in_top("r"));
	assert_int_equal(dv_repo_init(in_top("r"), &was), 0);
	return open_repo("r");
}

static int add(struct dv_repo *repo, const char *name, const char *url)
{
	return dv_remote_add(repo, DV_CONFIG_PROJECT, name, url, false);
}

static void the_first_remote_becomes_the_default(void **state)
{
	struct dv_repo *repo = bare_repo();

	(void)state;
	assert_int_equal(add(repo, "lab", "/srv/lab"), 0);
	assert_int_equal(add(repo, "origin", "s3://bucket/team"), 0);
	assert_string_equal(remotes(repo).text,
			    "*lab /srv/lab;origin s3://bucket/team;");
	assert_int_equal(dv_remote_set_default(repo, "origin"), 0);
	assert_string_equal(remotes(repo).text,
			    "lab /srv/lab;*origin s3://bucket/team;");
	assert_int_equal(dv_remote_set_default(repo, "nobody"),
			 DV_E_NOTFOUND);
	assert_int_equal(dv_remote_add(repo, DV_CONFIG_LOCAL, "mine", "/m",
				       true), 0);
	assert_non_null(strstr(remotes(repo).text, "*mine /m;"));
	dv_repo_close(repo);
}

static void names_and_urls_are_checked(void **state)
{
	static const char *const bad[] = {
		"", "-x", "a.b", "a b", "a/b", "\xc3\xa9", "a\n",
	};
	struct dv_repo *repo = bare_repo();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(add(repo, bad[i], "/x"), DV_E_INVALID);
	assert_int_equal(add(repo, "a", "ftp://x/y"), DV_E_INVALID);
	assert_int_equal(add(repo, "a", "https://me:secret@host/x"),
			 DV_E_INVALID);
	assert_string_equal(remotes(repo).text, "");
	assert_int_equal(dv_remote_add(repo, DV_CONFIG_LOCAL, "a",
				       "https://me:secret@host/x", false), 0);
	assert_string_equal(remotes(repo).text, "*a https://host/x;");
	assert_int_equal(add(repo, "a", "/x"), DV_E_EXISTS);
	assert_non_null(strstr(dv_error_hint(), "set-url"));
	dv_repo_close(repo);
}

static void a_remote_can_be_changed_renamed_and_removed(void **state)
{
	struct dv_repo *repo = bare_repo();

	(void)state;
	assert_int_equal(add(repo, "lab", "/srv/lab"), 0);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_LOCAL,
				       "remote.lab.password", "s"), 0);
	assert_int_equal(dv_remote_set_url(repo, DV_CONFIG_ANY, "lab",
					   "/srv/new"), 0);
	assert_int_equal(dv_remote_rename(repo, "lab", "store"), 0);
	assert_string_equal(remotes(repo).text, "*store /srv/new;");
	assert_string_equal(dv_config_get(repo, "remote.store.password"),
			    "s");
	assert_null(dv_config_get(repo, "remote.lab.password"));
	assert_null(dv_config_get(repo, "remote.lab.url"));
	assert_int_equal(add(repo, "other", "/o"), 0);
	assert_int_equal(dv_remote_rename(repo, "store", "other"),
			 DV_E_EXISTS);
	assert_int_equal(dv_remote_remove(repo, "store"), 0);
	assert_string_equal(remotes(repo).text, "*other /o;");
	assert_null(dv_config_get(repo, "core.remote"));
	assert_null(dv_config_get(repo, "remote.store.password"));
	assert_int_equal(dv_remote_remove(repo, "store"), DV_E_NOTFOUND);
	assert_int_equal(dv_remote_rename(repo, "store", "x"),
			 DV_E_NOTFOUND);
	assert_int_equal(dv_remote_set_url(repo, DV_CONFIG_ANY, "store",
					   "/x"), DV_E_NOTFOUND);
	dv_repo_close(repo);
}

static void without_a_default_the_hint_says_what_to_do(void **state)
{
	struct dv_repo *repo = bare_repo();
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;
	struct files *all = xcalloc(1, sizeof(*all));

	(void)state;
	add_files(all, "a", 0, 3, 100);
	record(repo, "data", all);
	assert_int_equal(dv_push(repo, &o, &r), DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_hint(), "dv remote add"));
	assert_int_equal(add(repo, "lab", in_top("one")), 0);
	assert_int_equal(add(repo, "two", in_top("two")), 0);
	assert_int_equal(dv_config_set(repo, DV_CONFIG_PROJECT,
				       "core.remote", NULL), 0);
	assert_int_equal(dv_push(repo, &o, &r), DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_hint(), "dv remote default"));
	o.remote = "nowhere";
	assert_int_equal(dv_push(repo, &o, &r), DV_E_NOTFOUND);
	assert_non_null(strstr(dv_error_text(), "nowhere"));
	o.remote = "lab";
	assert_int_equal(dv_push(repo, &o, &r), 0);
	assert_int_equal(r.roots_done, 1);
	free(all);
	dv_repo_close(repo);
}

static void a_relative_folder_is_relative_to_the_top(void **state)
{
	struct dv_repo *repo;
	struct files *all = xcalloc(1, sizeof(*all));

	(void)state;
	dv_repo_close(bare_repo());
	mkdir(in_top("r/sub"), 0777);
	repo = open_repo("r/sub");
	add_files(all, "a", 0, 3, 100);
	record(repo, "data", all);
	assert_int_equal(add(repo, "origin", "../../one"), 0);
	push_ok(repo);
	assert_int_equal(access(in_top("one/dv-remote"), F_OK), 0);
	dv_repo_close(repo);
	repo = open_repo("r");
	assert_int_equal(push_ok(repo).packs, 0);
	free(all);
	dv_repo_close(repo);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_remote_becomes_the_default),
		TEST(names_and_urls_are_checked),
		TEST(a_remote_can_be_changed_renamed_and_removed),
		TEST(without_a_default_the_hint_says_what_to_do),
		TEST(a_relative_folder_is_relative_to_the_top),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
