#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "remote/http_head.h"
#include "remote/number.h"
#include "remote/retry.h"

static void what_is_tried_again(void **state)
{
	static const int again[] = {
		CURLE_COULDNT_CONNECT, CURLE_PARTIAL_FILE,
		CURLE_OPERATION_TIMEDOUT, CURLE_SSL_CONNECT_ERROR,
		CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
		CURLE_COULDNT_RESOLVE_HOST,
	};
	static const int never[] = {
		CURLE_PEER_FAILED_VERIFICATION, CURLE_WRITE_ERROR,
		CURLE_ABORTED_BY_CALLBACK, CURLE_UNSUPPORTED_PROTOCOL,
		CURLE_OUT_OF_MEMORY,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(*again); i++)
		assert_int_not_equal(retry_class_of_curl(again[i]), RETRY_NO);
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		assert_int_equal(retry_class_of_curl(never[i]), RETRY_NO);
	for (int status = 100; status < 600; status++) {
		int good = status == 408 || status == 429 || status == 500 ||
			   (status >= 502 && status <= 504);

		assert_int_equal(retry_class_of_status(status) == RETRY_STATUS,
				 good);
	}
	assert_int_equal(retry_tries(RETRY_NO, true), 1);
	assert_int_equal(retry_tries(RETRY_BROKEN, false), RETRY_TRIES);
	assert_true(retry_tries(RETRY_TIMEOUT, false) <
		    retry_tries(RETRY_TIMEOUT, true));
}

static void delays(void **state)
{
	unsigned longest = 0, delay;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_in_range(retry_delay_ms(1, 0), 0, 200);
		assert_in_range(retry_delay_ms(5, 0), 0, 3200);
		assert_in_range(retry_delay_ms(4000000000u, 0), 0, 20000);
		assert_in_range(retry_delay_ms(1, 3), 3000, 3000);
		assert_in_range(retry_delay_ms(1, 30), 30000, 30000);
		assert_in_range(retry_delay_ms(8, 60), 60000, 60000);
		assert_in_range(retry_delay_ms(1, 4000000000u), 90000, 90000);
		delay = retry_delay_ms(5, 0);
		if (delay > longest)
			longest = delay;
	}
	assert_true(longest > 1600);
}

static void the_budget_ends(void **state)
{
	struct retry_budget b;
	int taken = 0;

	(void)state;
	retry_budget_init(&b);
	while (retry_budget_take(&b))
		taken++;
	assert_in_range(taken, 30, 100);
	for (int i = 0; i < 4; i++)
		retry_budget_give(&b);
	assert_true(retry_budget_take(&b));
	assert_false(retry_budget_take(&b));
	retry_budget_release(&b);
}

static void the_gate_narrows_and_widens(void **state)
{
	unsigned tickets[8], ticket, later;
	struct gate g;
	int passed = 0;

	(void)state;
	gate_init(&g, 8);
	assert_int_equal(gate_limit(&g), 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(gate_enter(&g, &tickets[i]), 0);
	/* a burst of refusals counts once */
	for (int i = 0; i < 8; i++)
		gate_leave(&g, tickets[i], GATE_BUSY);
	assert_int_equal(gate_limit(&g), 4);
	/* one of a later request counts again */
	assert_int_equal(gate_enter(&g, &ticket), 0);
	assert_int_equal(gate_enter(&g, &later), 0);
	gate_leave(&g, ticket, GATE_BUSY);
	gate_leave(&g, later, GATE_BUSY);
	assert_int_equal(gate_limit(&g), 2);
	while (gate_limit(&g) < 8) {
		assert_int_equal(gate_enter(&g, &ticket), 0);
		gate_leave(&g, ticket, GATE_FINE);
		assert_true(++passed < 1000);
	}
	assert_true(passed > 20);
	/* never closed */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(gate_enter(&g, &ticket), 0);
		gate_leave(&g, ticket, GATE_BUSY);
	}
	assert_int_equal(gate_limit(&g), 1);
	gate_release(&g);
}

static void pass(struct gate *g, struct refusals *refused)
{
	unsigned ticket;

	assert_int_equal(gate_enter(g, &ticket), 0);
	gate_leave(g, ticket, refused ? gate_refusal(g, refused) : GATE_FINE);
}

static void one_that_is_always_refused_is_no_load(void **state)
{
	struct refusals one = { 0 }, others[4] = { { 0 } };
	struct gate g;

	(void)state;
	gate_init(&g, 8);
	for (int i = 0; i < 30; i++) {
		pass(&g, &one);
		assert_in_range(gate_limit(&g), 4, 8);
		for (int k = 0; k < 5; k++)
			pass(&g, NULL);
	}
	assert_int_equal(one.count, 30);
	assert_int_equal(gate_limit(&g), 8);
	/* but if others are, so it is one of many */
	for (int i = 0; i < 4; i++) {
		pass(&g, &others[i]);
		pass(&g, &one);
	}
	assert_int_equal(gate_limit(&g), 1);
	gate_release(&g);
}

/* --- heads of answers ---------------------------------------------------- */

static void feed(struct http_answer *a, const char *line)
{
	http_head_line(a, line, strlen(line));
}

static void heads(void **state)
{
	DV_AUTO_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_INIT;

	(void)state;
	feed(&a, "HTTP/1.1 206 Partial Content\r\n");
	feed(&a, "Content-Length:  10 \r\n");
	feed(&a, "content-RANGE: bytes 5-14/100\r\n");
	feed(&a, "Retry-After: 7\r\n");
	feed(&a, "Date: Fri, 24 May 2013 00:00:00 GMT\r\n");
	feed(&a, "x-amz-bucket-region: eu-west-1\r\n");
	assert_int_equal(a.status, 206);
	assert_true(a.has_length && a.length == 10);
	assert_true(a.has_range && a.range_first == 5 && a.range_last == 14);
	assert_true(a.has_total && a.range_total == 100);
	assert_int_equal(a.retry_after_s, 7);
	assert_true(a.date == 1369353600);
	assert_string_equal(a.region, "eu-west-1");
	/* the next head forgets all that */
	feed(&a, "HTTP/1.1 416\r\n");
	assert_int_equal(a.status, 416);
	assert_false(a.has_length || a.has_range || a.has_total);
	feed(&a, "Content-Range: bytes */77\r\n");
	assert_false(a.has_range);
	assert_true(a.has_total && a.range_total == 77);
}

static void heads_of_nonsense(void **state)
{
	static const char *const ranges[] = {
		"bytes 5-4/10", "bytes 0-10/10", "bytes -1-4/10",
		"bytes 1-/10", "bytes 99999999999999999999-1/2", "5-6/7",
		"bytes 5", "", "bytes a-b/c", "bytes 1-2", "bytes",
	};
	DV_AUTO_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_INIT;
	DV_AUTO_BUF struct buf line = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		feed(&a, "HTTP/1.1 206 x\r\n");
		buf_clear(&line);
		buf_addf(&line, "Content-Range: %s\r\n", ranges[i]);
		feed(&a, line.data);
		assert_false(a.has_range);
	}
	feed(&a, "HTTP/1.1 2000000\r\n");
	feed(&a, "HTTP/1.1 -20 x\r\n");
	assert_int_equal(a.status, 0);
	feed(&a, "Content-Length: -5\r\n");
	assert_false(a.has_length);
	feed(&a, "Content-Length: 5, 5\r\n");
	assert_false(a.has_length);
	feed(&a, "x-amz-bucket-region: a.evil/\r\n");
	assert_string_equal(a.region, "");
	feed(&a, "Retry-After: 999999999999\r\n");
	assert_int_equal(a.retry_after_s, 366 * 24 * 3600);
	feed(&a, "Retry-After: Fri, 24 May 2013 00:00:00 GMT\r\n");
	assert_int_equal(a.retry_after_s, 0);
	feed(&a, "Retry-After: soon\r\n");
	assert_int_equal(a.retry_after_s, 0);
	feed(&a, "Retry-After: Fri, 24 May 2999 00:00:00 GMT\r\n");
	assert_int_equal(a.retry_after_s, 366 * 24 * 3600);
	feed(&a, "Content-Encoding: identity\r\n");
	assert_false(a.encoded);
	feed(&a, "Content-Encoding: gzip\r\n");
	assert_true(a.encoded);
	http_head_line(&a, "", 0);
	http_head_line(&a, ":", 1);
}

/* Until a date of the server's clock, whichever comes first in the head. */
static void a_pause_is_reckoned_by_the_servers_clock(void **state)
{
	static const char date[] = "Date: Fri, 24 May 2013 00:00:00 GMT\r\n",
		after[] = "Retry-After: Fri, 24 May 2013 00:00:30 GMT\r\n";
	DV_AUTO_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_INIT;

	(void)state;
	feed(&a, "HTTP/1.1 503 x\r\n");
	feed(&a, date);
	feed(&a, after);
	assert_int_equal(a.retry_after_s, 30);
	feed(&a, "HTTP/1.1 503 x\r\n");
	assert_int_equal(a.retry_after_s, 0);
	feed(&a, after);
	feed(&a, date);
	assert_int_equal(a.retry_after_s, 30);
	/* seconds have nothing to do with it */
	feed(&a, "Retry-After: 7\r\n");
	feed(&a, date);
	assert_int_equal(a.retry_after_s, 7);
}

static void numbers(void **state)
{
	uint64_t n = 5;

	(void)state;
	assert_int_equal(number_parse("0", 1, &n), 0);
	assert_true(n == 0);
	assert_int_equal(number_parse("9223372036854775807", 19, &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(number_parse("9223372036854775808", 19, &n), -1);
	assert_int_equal(number_parse("99999999999999999999", 20, &n), -1);
	assert_int_equal(number_parse("", 0, &n), -1);
	assert_int_equal(number_parse(" 1", 2, &n), -1);
	assert_int_equal(number_parse("-1", 2, &n), -1);
	assert_true(n == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_tried_again),
		cmocka_unit_test(delays),
		cmocka_unit_test(the_budget_ends),
		cmocka_unit_test(the_gate_narrows_and_widens),
		cmocka_unit_test(one_that_is_always_refused_is_no_load),
		cmocka_unit_test(heads),
		cmocka_unit_test(heads_of_nonsense),
		cmocka_unit_test(a_pause_is_reckoned_by_the_servers_clock),
		cmocka_unit_test(numbers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
