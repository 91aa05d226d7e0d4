#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dv/id.h"

#include "base/buf.h"
#include "chunk/sha256.h"
#include "remote/s3_sign.h"
#include "remote/url.h"

#define EMPTY \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* The signature at the end of an Authorization header. */
static void assert_signed(const struct sign_request *q,
			  const struct sign_key *key, const char *date,
			  const char *names, const char *signature)
{
	DV_AUTO_BUF struct buf got = BUF_INIT;
	DV_AUTO_BUF struct buf want = BUF_INIT;

	sign_authorization(q, key, date, &got);
	buf_addf(&want, "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/"
		 "aws4_request, SignedHeaders=%s, Signature=%s", key->id, date,
		 key->region, key->service, names, signature);
	assert_string_equal(got.data, want.data);
}

/* --- the examples of the S3 API reference ------------------------------- */

static const struct sign_key s3_key = {
	"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	"us-east-1", "s3",
};

#define S3_DATE "20130524T000000Z"
#define S3_HOST "examplebucket.s3.amazonaws.com"

static void s3_get_object(void **state)
{
	const struct sign_pair headers[] = {
		{ "Host", S3_HOST },
		{ "Range", "bytes=0-9" },
		{ "x-amz-content-sha256", EMPTY },
		{ "x-amz-date", S3_DATE },
	};
	const struct sign_request q = {
		"GET", "/test.txt", "", headers, 4, EMPTY,
	};
	DV_AUTO_BUF struct buf text = BUF_INIT;

	(void)state;
	sign_canonical(&q, &text);
	assert_string_equal(text.data,
		"GET\n/test.txt\n\nhost:" S3_HOST "\nrange:bytes=0-9\n"
		"x-amz-content-sha256:" EMPTY "\nx-amz-date:" S3_DATE "\n\n"
		"host;range;x-amz-content-sha256;x-amz-date\n" EMPTY);
	buf_clear(&text);
	sign_string(&q, &s3_key, S3_DATE, &text);
	assert_string_equal(text.data, "AWS4-HMAC-SHA256\n" S3_DATE "\n"
		"20130524/us-east-1/s3/aws4_request\n"
		"7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
	assert_signed(&q, &s3_key, S3_DATE,
		"host;range;x-amz-content-sha256;x-amz-date",
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void s3_put_object(void **state)
{
	static const char body[] = "Welcome to Amazon S3.";
	char hash[DV_ID_HEX + 1];
	const struct sign_pair headers[] = {
		{ "x-amz-storage-class", "REDUCED_REDUNDANCY" },
		{ "x-amz-date", S3_DATE },
		{ "x-amz-content-sha256", hash },
		{ "Date", "Fri, 24 May 2013 00:00:00 GMT" },
		{ "Host", S3_HOST },
	};
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct sign_request q = { "PUT", NULL, "", headers, 5, hash };
	struct dv_id id;

	(void)state;
	sha256(body, strlen(body), &id);
	dv_id_to_hex(&id, hash);
	url_escape("/test$file.text", true, &path);
	q.path = path.data;
	assert_signed(&q, &s3_key, S3_DATE,
		"date;host;x-amz-content-sha256;x-amz-date;"
		"x-amz-storage-class",
		"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void s3_get_with_query(const struct sign_pair *pairs, size_t count,
			      const char *signature)
{
	const struct sign_pair headers[] = {
		{ "Host", S3_HOST },
		{ "x-amz-content-sha256", EMPTY },
		{ "x-amz-date", S3_DATE },
	};
	DV_AUTO_BUF struct buf query = BUF_INIT;
	struct sign_request q = { "GET", "/", NULL, headers, 3, EMPTY };

	sign_query(pairs, count, &query);
	q.query = query.data;
	assert_signed(&q, &s3_key, S3_DATE,
		      "host;x-amz-content-sha256;x-amz-date", signature);
}

static void s3_get_lifecycle_and_list(void **state)
{
	const struct sign_pair lifecycle[] = { { "lifecycle", "" } };
	const struct sign_pair list[] = {
		{ "prefix", "J" },
		{ "max-keys", "2" },
	};

	(void)state;
	s3_get_with_query(lifecycle, 1,
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	s3_get_with_query(list, 2,
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* --- facts of the Signature Version 4 test suite ------------------------ */

static const struct sign_key suite_key = {
	"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	"us-east-1", "service",
};

#define SUITE_DATE "20150830T123600Z"

static void suite(const char *method, const char *path,
		  const struct sign_pair *query, size_t query_count,
		  const struct sign_pair *more, size_t more_count,
		  const char *names, const char *signature)
{
	struct sign_pair headers[8] = {
		{ "Host", "example.amazonaws.com" },
		{ "X-Amz-Date", SUITE_DATE },
	};
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf escaped = BUF_INIT;
	struct sign_request q = {
		method, NULL, NULL, headers, 2 + more_count, EMPTY,
	};

	for (size_t i = 0; i < more_count; i++)
		headers[2 + i] = more[i];
	sign_query(query, query_count, &text);
	url_escape(path, true, &escaped);
	q.query = text.data;
	q.path = escaped.data;
	assert_signed(&q, &suite_key, SUITE_DATE, names, signature);
}

static void suite_vanilla(void **state)
{
	(void)state;
	suite("GET", "/", NULL, 0, NULL, 0, "host;x-amz-date",
	      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
	suite("POST", "/", NULL, 0, NULL, 0, "host;x-amz-date",
	      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

static void suite_paths(void **state)
{
	(void)state;
	suite("GET", "/\u1234", NULL, 0, NULL, 0, "host;x-amz-date",
	      "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
	suite("GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	      "abcdefghijklmnopqrstuvwxyz", NULL, 0, NULL, 0,
	      "host;x-amz-date",
	      "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
}

static void suite_queries(void **state)
{
	const struct sign_pair one[] = { { "Param1", "value1" } };
	const struct sign_pair two[] = {
		{ "Param2", "value2" },
		{ "Param1", "value1" },
	};

	(void)state;
	suite("GET", "/", one, 1, NULL, 0, "host;x-amz-date",
	      "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb");
	suite("GET", "/", two, 2, NULL, 0, "host;x-amz-date",
	      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

static void suite_headers(void **state)
{
	const struct sign_pair twice[] = {
		{ "My-Header1", "value2" },
		{ "My-Header1", "value2" },
		{ "My-Header1", "value1" },
	};
	const struct sign_pair order[] = {
		{ "My-Header1", "value4" },
		{ "My-Header1", "value1" },
		{ "My-Header1", "value3" },
		{ "My-Header1", "value2" },
	};
	const struct sign_pair trim[] = {
		{ "My-Header1", " value1" },
		{ "My-Header2", " \"a   b   c\"" },
	};

	(void)state;
	suite("GET", "/", NULL, 0, twice, 3, "host;my-header1;x-amz-date",
	      "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
	suite("GET", "/", NULL, 0, order, 4, "host;my-header1;x-amz-date",
	      "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01");
	suite("GET", "/", NULL, 0, trim, 2,
	      "host;my-header1;my-header2;x-amz-date",
	      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

/* --- parts -------------------------------------------------------------- */

static void queries_are_sorted_after_encoding(void **state)
{
	const struct sign_pair pairs[] = {
		{ "prefix", "a b/+=&%\xc3\xbc" },
		{ "list-type", "2" },
		{ "a", "~" },
		{ "a", "!" },
		{ "A", "" },
	};
	DV_AUTO_BUF struct buf query = BUF_INIT;

	(void)state;
	sign_query(pairs, 5, &query);
	assert_string_equal(query.data, "A=&a=%21&a=~&list-type=2&"
			    "prefix=a%20b%2F%2B%3D%26%25%C3%BC");
}

static void dates_are_of_utc(void **state)
{
	char date[SIGN_DATE_SIZE];

	(void)state;
	sign_date(1369353600, date);
	assert_string_equal(date, S3_DATE);
	sign_date(1440938160, date);
	assert_string_equal(date, SUITE_DATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s3_get_object),
		cmocka_unit_test(s3_put_object),
		cmocka_unit_test(s3_get_lifecycle_and_list),
		cmocka_unit_test(suite_vanilla),
		cmocka_unit_test(suite_paths),
		cmocka_unit_test(suite_queries),
		cmocka_unit_test(suite_headers),
		cmocka_unit_test(queries_are_sorted_after_encoding),
		cmocka_unit_test(dates_are_of_utc),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
