#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "dv/error.h"

#include "base/buf.h"
#include "base/file.h"
#include "remote/aws_profile.h"
#include "remote/credentials.h"

static char folder[] = "/tmp/dv-u-profile.XXXXXX";

static void write_file(const char *name, const char *text)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", folder, name);
	assert_int_equal(file_replace(path.data, text, strlen(text),
				      NEWFILE_NOSYNC), 0);
}

static void files(const char *credentials, const char *config)
{
	write_file("credentials", credentials);
	write_file("config", config);
}

/* --- the syntax --------------------------------------------------------- */

static int record(void *data, const char *section, const char *key,
		  const char *value)
{
	buf_addf(data, "[%s] %s=%s\n", section, key, value);
	return 0;
}

static void assert_ini(const char *text, const char *want)
{
	DV_AUTO_BUF struct buf got = BUF_INIT;

	assert_int_equal(aws_ini_read(text, strlen(text), record, &got), 0);
	assert_string_equal(got.data, want);
}

static void the_syntax(void **state)
{
	(void)state;
	assert_ini("\xef\xbb\xbf[default]\r\nKey = a b = c \r\n# no\r\n; no\r\n"
		   "x=1\n\n[ profile   \"a  b\" ] # more\n  y = 2\nz=3",
		   "[default] key=a b = c\n[default] x=1\n"
		   "[profile a b] y=2\n[profile a b] z=3\n");
	assert_ini("[p]\ns3 =\n  endpoint_url = u\n  a.b = c\nregion = r\n"
		   "  d = e\n[q]\n x = y\n",
		   "[p] s3.endpoint_url=u\n[p] s3.a.b=c\n[p] region=r\n"
		   "[p] d=e\n[q] x=y\n");
	assert_ini("a = b\nno section yet\n[x\n= y\n[]\nz = 1\n[s]\nempty =\n"
		   "just words\n", "");
	assert_ini("", "");
}

static int stop(void *data, const char *section, const char *key,
		const char *value)
{
	(void)section;
	(void)key;
	(void)value;
	++*(int *)data;
	return 7;
}

static void a_callback_can_stop(void **state)
{
	static const char text[] = "[a]\nb=1\nc=2\n";
	int count = 0;

	(void)state;
	assert_int_equal(aws_ini_read(text, strlen(text), stop, &count), 7);
	assert_int_equal(count, 1);
}

/* --- profiles ----------------------------------------------------------- */

static void keys_of_one_file_stay_together(void **state)
{
	DV_AUTO_AWS_PROFILE struct aws_profile p;

	(void)state;
	files("[default]\naws_access_key_id = A\naws_secret_access_key = S#1\n",
	      "[default]\naws_access_key_id = B\naws_secret_access_key = T\n"
	      "aws_session_token = U\nregion = eu-west-1\n"
	      "endpoint_url = https://e\n");
	assert_int_equal(aws_profile_read("default", &p), 0);
	assert_true(p.found);
	assert_string_equal(p.access_key, "A");
	assert_string_equal(p.secret_key, "S#1");
	assert_null(p.session_token);
	assert_string_equal(p.region, "eu-west-1");
	assert_string_equal(p.endpoint_url, "https://e");
}

static void names_of_sections(void **state)
{
	struct aws_profile p;

	(void)state;
	files("[x]\naws_access_key_id = A\n[profile y]\nregion = bad\n",
	      "[y]\nregion = bad\n[profile y]\nregion = good\n[profile default]"
	      "\nregion = d\n[profile two words]\nregion = w\n");
	assert_int_equal(aws_profile_read("y", &p), 0);
	assert_string_equal(p.region, "good");
	aws_profile_release(&p);
	assert_int_equal(aws_profile_read("x", &p), 0);
	assert_string_equal(p.access_key, "A");
	aws_profile_release(&p);
	assert_int_equal(aws_profile_read("default", &p), 0);
	assert_string_equal(p.region, "d");
	aws_profile_release(&p);
	assert_int_equal(aws_profile_read("two words", &p), 0);
	assert_string_equal(p.region, "w");
	aws_profile_release(&p);
	assert_int_equal(aws_profile_read("none", &p), 0);
	assert_false(p.found);
	aws_profile_release(&p);
}

static void endpoints_of_s3_come_first(void **state)
{
	struct aws_profile p;

	(void)state;
	files("", "[profile a]\nendpoint_url = all\ns3 =\n  endpoint_url = s3\n"
	      "  addressing_style = path\n[profile b]\nservices = mine\n"
	      "endpoint_url = all\n[services mine]\ns3 =\n  endpoint_url = svc\n"
	      "dynamodb =\n  endpoint_url = other\n[profile c]\n"
	      "credential_process = /bin/x --y\nrole_arn = r\nsso_session = s\n");
	assert_int_equal(aws_profile_read("a", &p), 0);
	assert_string_equal(p.endpoint_url, "s3");
	assert_string_equal(p.addressing_style, "path");
	aws_profile_release(&p);
	assert_int_equal(aws_profile_read("b", &p), 0);
	assert_string_equal(p.endpoint_url, "svc");
	aws_profile_release(&p);
	assert_int_equal(aws_profile_read("c", &p), 0);
	assert_string_equal(p.credential_process, "/bin/x --y");
	assert_string_equal(p.role_arn, "r");
	assert_true(p.sso);
	aws_profile_release(&p);
}

static void files_that_are_not_there(void **state)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct aws_profile p;

	(void)state;
	setenv("AWS_CONFIG_FILE", "/none/at/all", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/none/at/all", 1);
	assert_int_equal(aws_profile_read("default", &p), 0);
	assert_false(p.found);
	aws_profile_release(&p);
	/* a folder cannot be read: that is no empty file */
	setenv("AWS_CONFIG_FILE", folder, 1);
	assert_int_not_equal(aws_profile_read("default", &p), 0);
	aws_profile_release(&p);
	buf_addf(&path, "%s/config", folder);
	setenv("AWS_CONFIG_FILE", path.data, 1);
	buf_clear(&path);
	buf_addf(&path, "%s/credentials", folder);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path.data, 1);
}

/* --- commands ----------------------------------------------------------- */

static void assert_split(const char *command, int count, const char *words,
			 size_t len)
{
	DV_AUTO_BUF struct buf got = BUF_INIT;

	assert_int_equal(credentials_split(command, &got), count);
	if (count < 0)
		return;
	assert_int_equal(got.len, len);
	assert_memory_equal(got.data, words, len);
}

static void commands_are_split_not_run(void **state)
{
	(void)state;
	assert_split("", 0, "", 0);
	assert_split("  a  b ", 2, "a\0b", 4);
	assert_split("a \"b c\" 'd \"e' f\\ g", 4, "a\0b c\0d \"e\0f g", 15);
	assert_split("a\"b\"'c'd \"\" e", 3, "abcd\0\0e", 8);
	assert_split("$(x) `y` ; *", 4, "$(x)\0`y`\0;\0*", 13);
	assert_split("'a\\b' \"a\\\"b\"", 2, "a\\b\0a\"b", 8);
	assert_split("a 'b", -1, NULL, 0);
	assert_split("a \"b", -1, NULL, 0);
	assert_split("a\\", 1, "a\\", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_syntax),
		cmocka_unit_test(a_callback_can_stop),
		cmocka_unit_test(keys_of_one_file_stay_together),
		cmocka_unit_test(names_of_sections),
		cmocka_unit_test(endpoints_of_s3_come_first),
		cmocka_unit_test(files_that_are_not_there),
		cmocka_unit_test(commands_are_split_not_run),
	};
	char path[100];
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/config", folder);
	setenv("AWS_CONFIG_FILE", path, 1);
	snprintf(path, sizeof(path), "%s/credentials", folder);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	dir_remove(folder);
	return failed;
}
