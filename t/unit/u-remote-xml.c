#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dv/error.h"

#include "base/buf.h"
#include "remote/s3_xml.h"
#include "remote/webdav_xml.h"
#include "remote/xml.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define LIST HEAD "<ListBucketResult " \
	"xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define LIST_END "</ListBucketResult>"

static int read_list(const char *text, struct s3_page *page)
{
	return s3_xml_list(text, strlen(text), page);
}

static void a_page(void **state)
{
	DV_AUTO_S3_PAGE struct s3_page p = S3_PAGE_INIT;

	(void)state;
	assert_int_equal(read_list(LIST
		"<Name>bucket</Name><Prefix>a/</Prefix><KeyCount>2</KeyCount>"
		"<IsTruncated>true</IsTruncated>"
		"<NextContinuationToken>1/x+y=&amp;z</NextContinuationToken>"
		"<Contents><Key>a/b &amp; \xc3\xbc &#x3c;</Key>"
		"<LastModified>2020-01-01T00:00:00.000Z</LastModified>"
		"<ETag>&quot;x&quot;</ETag><Size>0</Size>"
		"<Owner><ID>i</ID><Key>no</Key></Owner></Contents>\n"
		"<Contents><Size>9223372036854775807</Size><Key>a/c</Key>"
		"</Contents><CommonPrefixes><Prefix>q</Prefix>"
		"</CommonPrefixes>" LIST_END, &p), 0);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.keys[0].name, "a/b & \xc3\xbc <");
	assert_true(p.keys[0].size == 0);
	assert_string_equal(p.keys[1].name, "a/c");
	assert_true(p.keys[1].size == INT64_MAX);
	assert_true(p.truncated);
	assert_string_equal(p.token, "1/x+y=&z");
}

static void the_last_page(void **state)
{
	DV_AUTO_S3_PAGE struct s3_page p = S3_PAGE_INIT;

	(void)state;
	assert_int_equal(read_list(LIST "<IsTruncated>false</IsTruncated>"
				   "<NextContinuationToken/>" LIST_END, &p),
			 0);
	assert_int_equal(p.count, 0);
	assert_false(p.truncated);
	assert_null(p.token);
}

static void lists_that_are_none(void **state)
{
	static const char *const bad[] = {
		"", " ", "x", "<", HEAD, "<a/>", "<ListBucketResult>",
		"<Error><Code>x</Code></Error>",
		"<x><ListBucketResult></ListBucketResult></x>",
		LIST "<Contents><Key>a</Key></Contents>" LIST_END,
		LIST "<Contents><Size>1</Size></Contents>" LIST_END,
		LIST "<Contents><Key>a</Key><Size>-1</Size></Contents>" LIST_END,
		LIST "<Contents><Key>a</Key><Size>+1</Size></Contents>" LIST_END,
		LIST "<Contents><Key>a</Key><Size>1 </Size></Contents>" LIST_END,
		LIST "<Contents><Key>a</Key><Size>0x1</Size></Contents>"
			LIST_END,
		LIST "<Contents><Key>a</Key><Size></Size></Contents>" LIST_END,
		LIST "<Contents><Key>a</Key><Size>9223372036854775808</Size>"
			"</Contents>" LIST_END,
		LIST "<Contents><Key>a</Key><Size>1</Size></Contents>",
		LIST LIST_END "x",
		LIST "<Contents><Key>\x01</Key><Size>1</Size></Contents>"
			LIST_END,
		LIST "<Contents><Key>&none;</Key><Size>1</Size></Contents>"
			LIST_END,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		DV_AUTO_S3_PAGE struct s3_page p = S3_PAGE_INIT;

		if (read_list(bad[i], &p) != DV_E_CORRUPT)
			fail_msg("taken for a listing: %s", bad[i]);
	}
}

static void no_document_types(void **state)
{
	static const char *const bad[] = {
		"<!DOCTYPE ListBucketResult>",
		"<!DOCTYPE x [<!ENTITY a \"b\">]>",
		"<!DOCTYPE x SYSTEM \"file:///etc/passwd\">",
		"<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;\">"
			"<!ENTITY c \"&b;&b;&b;&b;\">]>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		DV_AUTO_S3_PAGE struct s3_page p = S3_PAGE_INIT;
		DV_AUTO_BUF struct buf text = BUF_INIT;

		buf_addf(&text, "<?xml version=\"1.0\"?>%s<ListBucketResult>"
			 "</ListBucketResult>", bad[i]);
		assert_int_equal(read_list(text.data, &p), DV_E_CORRUPT);
	}
}

static void depth_and_lengths_are_bounded(void **state)
{
	DV_AUTO_S3_PAGE struct s3_page p = S3_PAGE_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;

	(void)state;
	buf_addstr(&text, "<ListBucketResult>");
	for (int i = 0; i < 100000; i++)
		buf_addstr(&text, "<a>");
	assert_int_equal(read_list(text.data, &p), DV_E_CORRUPT);

	buf_clear(&text);
	buf_addstr(&text, "<ListBucketResult><Contents><Key>");
	for (int i = 0; i < 10000; i++)
		buf_addch(&text, 'a');
	buf_addstr(&text, "</Key><Size>1</Size></Contents></ListBucketResult>");
	assert_int_equal(read_list(text.data, &p), DV_E_CORRUPT);

	buf_clear(&text);
	buf_addstr(&text, "<ListBucketResult><!--");
	while (text.len <= XML_MAX)
		buf_addstr(&text, "........................................");
	buf_addstr(&text, "--></ListBucketResult>");
	assert_int_equal(read_list(text.data, &p), DV_E_CORRUPT);

	/* an element's name as long as it likes is just not ours */
	buf_clear(&text);
	buf_addstr(&text, "<ListBucketResult><");
	for (int i = 0; i < 5000; i++)
		buf_addch(&text, 'a');
	buf_addstr(&text, "/></ListBucketResult>");
	assert_int_equal(read_list(text.data, &p), 0);
}

#define MULTI HEAD "<D:multistatus xmlns:D=\"DAV:\" xmlns:x=\"other:\">"
#define MULTI_END "</D:multistatus>"
#define OK "<D:status>HTTP/1.1 200 OK</D:status>"

static int read_dav(const char *text, struct dav_page *page)
{
	return dav_xml_list(text, strlen(text), page);
}

static void a_multistatus(void **state)
{
	DV_AUTO_DAV_PAGE struct dav_page p = DAV_PAGE_INIT;

	(void)state;
	assert_int_equal(read_dav(MULTI
		"<D:response><D:href>/a%20b/</D:href><D:propstat><D:prop>"
		"<D:resourcetype><D:collection/></D:resourcetype></D:prop>" OK
		"</D:propstat><D:propstat><D:prop><D:getcontentlength/>"
		"</D:prop><D:status>HTTP/1.1 404 Not Found</D:status>"
		"</D:propstat></D:response>"
		"<response xmlns=\"DAV:\"><href>/f</href><propstat><prop>"
		"<x:getcontentlength>9</x:getcontentlength>"
		"<getcontentlength>7</getcontentlength><resourcetype/>"
		"<getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT"
		"</getlastmodified><getetag>W/\"1-2\"</getetag></prop>"
		"<status>HTTP/1.1 200 OK</status></propstat></response>"
		"<D:response><D:href>/g</D:href>"
		"<D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
		"<D:response><D:href>/h</D:href><D:propstat><D:prop>"
		"<D:getcontentlength>0</D:getcontentlength><D:getlastmodified>"
		"today</D:getlastmodified><D:getetag>a\nb</D:getetag></D:prop>"
		OK "</D:propstat></D:response>"
		MULTI_END, &p), 0);
	assert_int_equal(p.count, 3);
	assert_null(p.entries[0].version);
	assert_string_equal(p.entries[1].version, "\"1-2\"");
	assert_string_equal(p.entries[2].version, "today");
	assert_string_equal(p.entries[0].href, "/a%20b/");
	assert_true(p.entries[0].folder && !p.entries[0].modified);
	assert_true(!p.entries[1].folder && p.entries[1].size == 7);
	assert_true(p.entries[1].modified == 784111777000000000);
}

static void no_multistatus(void **state)
{
	static const char *const bad[] = {
		"", "<multistatus/>", HEAD "<a xmlns=\"DAV:\"/>",
		MULTI "<D:response/>" MULTI_END,
		MULTI "<D:response><D:href>/a</D:href></D:response>" MULTI_END,
		MULTI "<D:response><D:href>/a</D:href><D:href>/b</D:href>"
			"<D:status>HTTP/1.1 404 x</D:status></D:response>"
			MULTI_END,
		MULTI "<D:response><D:href>/a</D:href>"
			"<D:status>HTTP/1.1 507 Full</D:status></D:response>"
			MULTI_END,
		MULTI "<D:response><D:href>/a</D:href>"
			"<D:status>fine</D:status></D:response>" MULTI_END,
		"<!DOCTYPE a [<!ENTITY b \"c\">]>" MULTI MULTI_END,
		MULTI,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		DV_AUTO_DAV_PAGE struct dav_page p = DAV_PAGE_INIT;

		assert_int_equal(read_dav(bad[i], &p), DV_E_CORRUPT);
	}
}

static void an_error(void **state)
{
	static const char text[] = HEAD "<Error><Code>NoSuchKey</Code>"
		"<Message>The key\ndoes not exist.</Message>"
		"<Region>eu-west-1</Region></Error>";
	static const char sts[] = "<ErrorResponse><Error><Code>Expired</Code>"
		"<Message>m</Message></Error></ErrorResponse>";
	struct s3_error e;

	(void)state;
	assert_true(s3_xml_error(text, strlen(text), &e));
	assert_string_equal(e.code, "NoSuchKey");
	assert_string_equal(e.message, "The key does not exist");
	assert_string_equal(e.region, "eu-west-1");
	assert_true(s3_xml_error(sts, strlen(sts), &e));
	assert_string_equal(e.code, "Expired");
}

static void errors_of_malice(void **state)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	static const char evil[] = "<Error><Code>a\xc2\x9b\xe2\x80\xae</Code>"
		"<Region>evil.example/x</Region></Error>";
	static const char *const none[] = {
		"", "<html>no</html>", "<Error></Error>", "<Error><Code></Code>"
		"</Error>", "<Error><Code>x</Code>", "{\"Code\": \"x\"}",
	};
	struct s3_error e;

	(void)state;
	assert_true(s3_xml_error(evil, strlen(evil), &e));
	for (const char *p = e.code; *p; p++)
		assert_true(*p >= 0x20 && *p < 0x7f);
	assert_string_equal(e.region, "");
	buf_addstr(&text, "<Error><Code>");
	for (int i = 0; i < 3000; i++)
		buf_addch(&text, 'c');
	buf_addstr(&text, "</Code></Error>");
	assert_true(s3_xml_error(text.data, text.len, &e));
	assert_int_equal(strlen(e.code), sizeof(e.code) - 1);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		assert_false(s3_xml_error(none[i], strlen(none[i]), &e));
		assert_string_equal(e.code, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page),
		cmocka_unit_test(the_last_page),
		cmocka_unit_test(lists_that_are_none),
		cmocka_unit_test(no_document_types),
		cmocka_unit_test(depth_and_lengths_are_bounded),
		cmocka_unit_test(a_multistatus),
		cmocka_unit_test(no_multistatus),
		cmocka_unit_test(an_error),
		cmocka_unit_test(errors_of_malice),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
