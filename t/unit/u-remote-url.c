#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dv/error.h"

#include "base/buf.h"
#include "remote/remote.h"
#include "remote/url.h"

static void assert_shown(const char *text, const char *want)
{
	DV_AUTO_URL struct url u = URL_INIT;
	DV_AUTO_BUF struct buf got = BUF_INIT;

	assert_int_equal(url_parse(text, &u), 0);
	url_show(&u, &got);
	assert_string_equal(got.data, want);
}

static void assert_refused(const char *text, const char *why)
{
	DV_AUTO_URL struct url u = URL_INIT;

	assert_int_equal(url_parse(text, &u), DV_E_INVALID);
	if (!strstr(dv_error_text(), why))
		fail_msg("%s: \"%s\" is not about \"%s\"", text,
			 dv_error_text(), why);
}

static void folders(void **state)
{
	DV_AUTO_URL struct url u = URL_INIT;

	(void)state;
	assert_int_equal(url_parse("/srv/data//", &u), 0);
	assert_int_equal(u.kind, URL_DIR);
	assert_string_equal(u.path, "/srv/data");
	assert_shown("../there", "../there");
	assert_shown("./a:b", "./a:b");
	assert_shown("file:///srv/a%20b%25", "/srv/a b%");
	assert_shown("FILE://localhost/x/", "/x");
	assert_refused("", "empty");
	assert_refused("/", "root folder");
	assert_refused("///", "root folder");
	assert_refused("file:///", "root folder");
	assert_refused("file://host/x", "absolute path");
	assert_refused("file:///a%2", "escape");
	assert_refused("file:///a%00b", "escape");
	assert_refused("file:///a%zz", "escape");
}

static void http(void **state)
{
	DV_AUTO_URL struct url u = URL_INIT;

	(void)state;
	assert_int_equal(url_parse("https://Me:p%40ss%3A@Example.COM:8443/a b/"
				   "%41\xc3\xbc//", &u), 0);
	assert_int_equal(u.kind, URL_HTTP);
	assert_true(u.tls);
	assert_string_equal(u.user, "Me");
	assert_string_equal(u.password, "p@ss:");
	assert_string_equal(u.host, "example.com");
	assert_int_equal(u.port, 8443);
	assert_string_equal(u.path, "/a%20b/%41%C3%BC");
	assert_shown("https://u:p@host:443/x", "https://host/x");
	assert_shown("http://host:443", "http://host:443");
	assert_shown("http://host:80/", "http://host");
	assert_shown("http://[::1]:81/x", "http://[::1]:81/x");
	assert_shown("http://host/me@x/y", "http://host/me@x/y");
	assert_shown("http://host/a'b(c)!$&,;=:+", "http://host/a'b(c)!$&,;=:+");
}

static void http_that_is_refused(void **state)
{
	(void)state;
	assert_refused("http://", "host name");
	assert_refused("http:///x", "host name");
	assert_refused("http://ho st/x", "host name");
	assert_refused("http://h\xc3\xbc/x", "host name");
	assert_refused("http://[::1/x", "host name");
	assert_refused("http://host:0/x", "port");
	assert_refused("http://host:/x", "port");
	assert_refused("http://host:65536/x", "port");
	assert_refused("http://host:123456789012/x", "port");
	assert_refused("http://host:80a/x", "host name");
	assert_refused("http://host/a?sig=s", "query");
	assert_refused("http://host#x", "query");
	assert_refused("http://host/a/../b", "\"..\"");
	assert_refused("http://host/a//b", "parts");
	assert_refused("http://host/a%g0", "escape");
	assert_refused("http://host/a\nb", "control");
	assert_refused("http://u%0a:p@host/", "escape");
	assert_refused("http://:p@host/", "no user");
}

static void s3(void **state)
{
	DV_AUTO_URL struct url u = URL_INIT;

	(void)state;
	assert_int_equal(url_parse("s3://my.bucket-1//a b/c@d?e//", &u), 0);
	assert_int_equal(u.kind, URL_S3);
	assert_string_equal(u.host, "my.bucket-1");
	assert_string_equal(u.path, "a b/c@d?e");
	assert_shown("S3://bucket", "s3://bucket");
	assert_shown("s3://bucket/", "s3://bucket");
	assert_refused("s3://", "bucket");
	assert_refused("s3:///x", "bucket");
	assert_refused("s3://-x/y", "bucket");
	assert_refused("s3://a..b/y", "bucket");
	assert_refused("s3://a_b:c/y", "bucket");
	assert_refused("s3://KEY:SECRET@bucket/x", "no user");
	assert_refused("s3://b/a/../c", "\"..\"");
	assert_refused("s3://b/a//c", "parts");
	assert_refused("s3://b/a\x01", "control");
}

static void other_kinds(void **state)
{
	(void)state;
	assert_refused("gs://bucket/x", "gs://");
	assert_non_null(strstr(dv_error_hint(), "storage.googleapis.com"));
	assert_refused("ssh://host/x", "ssh://");
	assert_non_null(strstr(dv_error_hint(), "s3://"));
	assert_refused("host:path", "SSH");
	assert_refused("user@host:path/x", "SSH");
}

static void no_secret_is_ever_in_a_message(void **state)
{
	static const char *const texts[] = {
		"https://user:hunter2@host:bad/x", "https://user:hunter2@host/a?b",
		"https://user:hunt@hunter2@host/a#", "s3://KEY:hunter2@b/x",
		"ssh://user:hunter2@host/x", "https://user:hunt/hunter2@host/x?y",
		"https://host/x?sig=hunter2", "user:hunter2@host/x",
		"https://user:hunter2%zz@host/x", "ftp://user:hunter2@host",
		"https://user:hunter2@host/\x01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(remote_url_check(texts[i], true),
				 DV_E_INVALID);
		if (strstr(dv_error_text(), "hunter2") ||
		    strstr(dv_error_hint(), "hunter2"))
			fail_msg("%s: %s", texts[i], dv_error_text());
	}
}

static void a_password_is_not_for_a_committed_file(void **state)
{
	(void)state;
	assert_int_equal(remote_url_check("https://u:p@h/x", true), 0);
	assert_int_equal(remote_url_check("https://u@h/x", false), 0);
	assert_int_equal(remote_url_check("https://u:hunter2@h/x", false),
			 DV_E_INVALID);
	assert_null(strstr(dv_error_text(), "hunter2"));
	assert_non_null(strstr(dv_error_hint(), "git credential"));
}

static void escapes(void **state)
{
	DV_AUTO_BUF struct buf got = BUF_INIT;

	(void)state;
	url_escape("aZ09-._~/ +\xff", true, &got);
	assert_string_equal(got.data, "aZ09-._~/%20%2B%FF");
	buf_clear(&got);
	url_escape("a/b", false, &got);
	assert_string_equal(got.data, "a%2Fb");
}

static void names_of_objects(void **state)
{
	static const char *const bad[] = {
		"", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "A", "a b",
		"a_b", "a%20", "\xc3\xbc",
	};
	char longest[600];

	(void)state;
	assert_true(remote_object_name_ok("dv-remote"));
	assert_true(remote_object_name_ok("packs/0a/0a.idx"));
	assert_true(remote_object_name_ok("..a/b.."));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(remote_object_name_ok(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[599] = '\0';
	assert_false(remote_object_name_ok(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders),
		cmocka_unit_test(http),
		cmocka_unit_test(http_that_is_refused),
		cmocka_unit_test(s3),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(no_secret_is_ever_in_a_message),
		cmocka_unit_test(a_password_is_not_for_a_committed_file),
		cmocka_unit_test(escapes),
		cmocka_unit_test(names_of_objects),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
