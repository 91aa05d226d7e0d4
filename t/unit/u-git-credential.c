/* Asking git for user names and passwords. */

#include "one_repo.h"

#include "git/repo.h"

/* Answers with what it is asked, and writes down every question. */
static const char helper[] =
	"#!/bin/sh\n"
	"{ echo \"== $1\"; cat; } >\"$HOME/asked\"\n"
	"test \"$1\" = get || exit 0\n"
	"host=$(sed -n s/^host=//p \"$HOME/asked\")\n"
	"case $host in unknown*) exit 0;; esac\n"
	"user=$(sed -n s/^username=//p \"$HOME/asked\")\n"
	"echo \"username=${user:-ann}\"\n"
	"echo 'password=s3 cr=t'\n";

static int set_up(void **state)
{
	if (world_enter(state))
		return -1;
	put("home/helper", helper);
	sh("chmod +x home/helper && "
	   "git config --global credential.helper \"$HOME/helper\"");
	make_repo("r");
	repo = must_open("r");
	return 0;
}

static int tear_down(void **state)
{
	dv_repo_close(repo);
	return world_leave(state);
}

static void a_helper_is_asked(void **state)
{
	char *user, *password;

	(void)state;
	assert_int_equal(repo_credential(repo, "fill",
					 "https://host:8443/a/b?q#f", &user,
					 &password), 0);
	assert_string_equal(user, "ann");
	assert_string_equal(password, "s3 cr=t");
	assert_holds("home/asked",
		     "== get\nprotocol=https\nhost=host:8443\n");
	free(user);
	free(password);
	sh("git -C r config credential.useHttpPath true");
	assert_int_equal(repo_credential(repo, "fill",
					 "https://b%6fb:x@host/a/b", &user,
					 &password), 0);
	assert_string_equal(user, "bob");
	assert_holds("home/asked", "== get\nprotocol=https\nhost=host\n"
		     "path=a/b\nusername=bob\n");
	free(user);
	free(password);
}

static void the_outcome_is_told(void **state)
{
	char user[] = "ann", password[] = "pw", *u = user, *p = password;

	(void)state;
	assert_int_equal(repo_credential(repo, "approve", "https://host/x",
					 &u, &p), 0);
	assert_holds("home/asked", "== store\nprotocol=https\nhost=host\n"
		     "path=x\nusername=ann\npassword=pw\n");
	assert_int_equal(repo_credential(repo, "reject", "https://host/x",
					 &u, &p), 0);
	assert_holds("home/asked", "== erase\nprotocol=https\nhost=host\n"
		     "path=x\nusername=ann\npassword=pw\n");
	assert_int_equal(repo_credential(repo, "erase-all", "https://host/x",
					 &u, &p), DV_E_INVALID);
}

static void without_an_answer_nothing_hangs(void **state)
{
	char *user = (char *)1, *password = (char *)1;

	(void)state;
	assert_error(DV_E_AUTH, repo_credential(repo, "fill",
						"https://unknown.host/x",
						&user, &password),
		     "no user name and password for https://unknown.host");
	assert_hint("credential helper");
	assert_null(user);
	assert_null(password);
}

static void line_ends_cannot_be_smuggled_in(void **state)
{
	static const char *const bad[] = {
		"https://host\nhost=other/", "https://a%0ab@host/",
		"https://host/x\ny", "htt\nps://host/", "https://h\rost/",
		"https://a%00b@host%0a/", "nonsense", "://host", "",
	};
	char user[] = "a\nhost=b", password[] = "x", *u = user, *p = password;

	(void)state;
	sh("rm -f home/asked");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *u2 = NULL, *p2 = NULL;
		int err = repo_credential(repo, "fill", bad[i], &u2, &p2);

		/* a 0 byte just ends the name */
		if (err != DV_E_INVALID && !strstr(bad[i], "%00"))
			fail_msg("%s: %d", bad[i], err);
		free(u2);
		free(p2);
	}
	assert_int_equal(repo_credential(repo, "approve", "https://host/",
					 &u, &p), DV_E_INVALID);
	u = p;
	p = user;
	assert_int_equal(repo_credential(repo, "approve", "https://host/",
					 &u, &p), DV_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_helper_is_asked),
		cmocka_unit_test(the_outcome_is_told),
		cmocka_unit_test(without_an_answer_nothing_hangs),
		cmocka_unit_test(line_ends_cannot_be_smuggled_in),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
