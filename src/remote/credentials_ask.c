#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "remote/credentials.h"
#include "remote/http.h"
#include "remote/url.h"

#define ANSWER_MAX	((size_t)64 << 10)
#define TIMEOUT_S	1	/* where there is no such place, this is lost */

/* --- what they answer -------------------------------------------------- */

/* "2030-01-02T03:04:05Z", with a fraction or +00:00 perhaps. 0: unreadable */
static time_t parse_time(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t when;
	int hours, minutes;

	if (!rest)
		return 0;
	when = timegm(&tm);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if ((*rest == '+' || *rest == '-') &&
	    sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
		when -= (*rest == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
	return when > 0 ? when : 0;
}

static bool plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text <= 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

/* `who` answered; its token is called token_key. */
static int read_answer(const struct buf *text, const char *who,
		       const char *token_key, struct credentials *out)
{
	DV_AUTO_JSON struct json_reader json = JSON_READER_INIT;
	const char *id, *secret, *token, *expires;

	if (json_read(&json, text->data, text->len, who))
		return dv_fail(DV_E_AUTH, "%s gave no JSON with credentials",
			       who);
	id = json_get_string(&json, "AccessKeyId");
	secret = json_get_string(&json, "SecretAccessKey");
	token = json_get_string(&json, token_key);
	expires = json_get_string(&json, "Expiration");
	if (!id || !secret || !*id || !*secret)
		return dv_fail(DV_E_AUTH, "%s gave no AccessKeyId and "
			       "SecretAccessKey", who);
	if (!plain(id) || !plain(secret) || (token && !plain(token)))
		return dv_fail(DV_E_AUTH, "%s gave keys with blanks in them",
			       who);
	*out = (struct credentials){
		xstrdup(id), xstrdup(secret),
		token && *token ? xstrdup(token) : NULL,
		expires ? parse_time(expires) : 0,
	};
	return 0;
}

/* --- a program --------------------------------------------------------- */

int credentials_split(const char *command, struct buf *words)
{
	bool in_word = false;
	char quote = '\0';
	int count = 0;

	for (const char *p = command; *p; p++) {
		if (!quote && (*p == ' ' || *p == '\t')) {
			if (in_word)
				buf_add(words, "", 1);
			in_word = false;
			continue;
		}
		if (!in_word) {
			in_word = true;
			count++;
		}
		if (quote ? *p == quote : (*p == '"' || *p == '\'')) {
			quote = quote ? '\0' : *p;
		} else if (*p == '\\' && p[1] && quote != '\'') {
			buf_addch(words, *++p);
		} else {
			buf_addch(words, *p);
		}
	}
	if (in_word)
		buf_add(words, "", 1);
	return quote ? -1 : count;
}

int credentials_ask_process(const char *command, struct credentials *out)
{
	DV_AUTO_BUF struct buf words = BUF_INIT;
	DV_AUTO_BUF struct buf answer = BUF_INIT;
	const char **argv = NULL;
	size_t room = 0;
	const char *p;
	int count, err;

	count = credentials_split(command, &words);
	if (count <= 0)
		return dv_fail(DV_E_AUTH, "credential_process: %s", count ?
			       "a quote is not closed" : "no command");
	ARRAY_GROW(argv, (size_t)count + 1, room);
	p = words.data;
	for (int i = 0; i < count; i++) {
		argv[i] = p;
		p += strlen(p) + 1;
	}
	argv[count] = NULL;
	err = process_run(argv, NULL, 0, &answer);
	free(argv);
	if (err == DV_E_INTERRUPTED)
		return err;
	if (err) {
		struct error_state why;

		error_save(DV_E_AUTH, &why);
		return dv_hint(dv_fail(DV_E_AUTH, "credential_process: %s",
				       why.text),
			       "run the command by itself to see what it "
			       "wants, perhaps: aws sso login");
	}
	err = answer.len > ANSWER_MAX ?
	      dv_fail(DV_E_AUTH, "credential_process: too much output") :
	      read_answer(&answer, "credential_process", "SessionToken", out);
	explicit_bzero(answer.data, answer.len);
	return err;
}

/* --- endpoints --------------------------------------------------------- */

static int take(void *data, const struct http_answer *a,
		const uint8_t *bytes, size_t len)
{
	struct buf *out = data;

	(void)a;
	if (len > ANSWER_MAX - out->len)
		return dv_fail(DV_E_AUTH, "too long an answer from where "
			       "credentials come from");
	buf_add(out, bytes, len);
	return 0;
}

/*
 * One request, no proxy, short patience.  DV_E_NOTFOUND when there is no
 * answer or a refusal.
 */
static int ask(const char *method, const char *url, const char *header,
	       const char *value, unsigned seconds, struct buf *out)
{
	static const struct remote_source nothing = {
		.bytes = (const uint8_t *)"",
	};
	const struct http_options o = {
		.connect_timeout_s = seconds,
		.stall_timeout_s = seconds,
		.no_proxy = true,
	};
	DV_AUTO_HTTP_REQUEST struct http_request q = HTTP_REQUEST_INIT;
	DV_AUTO_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_INIT;
	struct http *http;
	int err = http_new(&o, &http);

	q.method = method;
	q.write = take;
	q.data = out;
	q.total_timeout_s = seconds;
	if (!strcmp(method, "PUT"))
		q.body = &nothing;
	buf_addstr(&q.url, url);
	if (header)
		http_header(&q, "%s: %s", header, value);
	if (!err)
		err = http_perform(http, &q, &a);
	http_free(http);
	if (err)
		return err;
	if (a.failure)
		return dv_fail(DV_E_NOTFOUND, "%s: %s", url, a.failure_text);
	if (a.status != 200)
		return dv_fail(DV_E_NOTFOUND, "%s: HTTP status %d", url,
			       a.status);
	return 0;
}

/*
 * Where a full URI may point without TLS: this machine and the addresses
 * that the services are known to have.
 */
static bool near(const struct url *u)
{
	static const char *const hosts[] = {
		"localhost", "127.0.0.1", "[::1]", "169.254.170.2",
		"169.254.170.23", "[fd00:ec2::23]",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		if (!strcmp(u->host, hosts[i]))
			return true;
	}
	return false;
}

static int container_url(struct buf *out)
{
	const char *relative = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	DV_AUTO_BUF struct buf bare = BUF_INIT;
	DV_AUTO_URL struct url u = URL_INIT;

	if (relative && relative[0] == '/') {
		buf_addf(out, "http://169.254.170.2%s", relative);
		return 0;
	}
	if (!full || !*full)
		return DV_E_NOTFOUND;
	buf_add(&bare, full, strcspn(full, "?#"));
	if (url_parse(bare.data, &u) || u.kind != URL_HTTP ||
	    (!u.tls && !near(&u)))
		return dv_fail(DV_E_AUTH, "AWS_CONTAINER_CREDENTIALS_FULL_URI "
			       "is neither https:// nor of this machine");
	buf_addstr(out, full);
	return 0;
}

/* What to show at the container's endpoint; empty when nothing. */
static int container_token(struct buf *out)
{
	const char *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	const char *file = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");

	if (file && *file) {
		int err = file_read(file, ANSWER_MAX, out);

		while (!err && out->len &&
		       strchr("\r\n", out->data[out->len - 1]))
			buf_setlen(out, out->len - 1);
		return err ? DV_E_AUTH : 0;
	}
	if (token)
		buf_addstr(out, token);
	return 0;
}

int credentials_ask_container(struct credentials *out)
{
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf token = BUF_INIT;
	DV_AUTO_BUF struct buf answer = BUF_INIT;
	int err = container_url(&url);

	if (!err)
		err = container_token(&token);
	if (err)
		return err;
	err = ask("GET", url.data, token.len ? "Authorization" : NULL,
		  token.data, 5 * TIMEOUT_S, &answer);
	if (err == DV_E_NOTFOUND)
		return dv_fail(DV_E_AUTH, "the container's credentials "
			       "endpoint does not answer as it should");
	if (!err)
		err = read_answer(&answer, "the container's endpoint",
				  "Token", out);
	explicit_bzero(token.data, token.len);
	explicit_bzero(answer.data, answer.len);
	return err;
}

#define ROLES "/latest/meta-data/iam/security-credentials/"

static int ask_role(const char *base, const char *token, struct buf *answer)
{
	static const char header[] = "X-aws-ec2-metadata-token";
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf role = BUF_INIT;
	int err;

	buf_addf(&url, "%s" ROLES, base);
	err = ask("GET", url.data, header, token, 2 * TIMEOUT_S, &role);
	if (err)
		return err;
	buf_setlen(&role, strcspn(role.data, "\r\n"));
	if (!role.len || role.len > 256)
		return DV_E_NOTFOUND;
	url_escape(role.data, false, &url);
	return ask("GET", url.data, header, token, 2 * TIMEOUT_S, answer);
}

int credentials_ask_machine(struct credentials *out)
{
	const char *off = getenv("AWS_EC2_METADATA_DISABLED");
	const char *base = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf token = BUF_INIT;
	DV_AUTO_BUF struct buf answer = BUF_INIT;
	int err;

	if (off && !strcasecmp(off, "true"))
		return DV_E_NOTFOUND;
	if (!base || !*base)
		base = "http://169.254.169.254";
	buf_addf(&url, "%s/latest/api/token", base);
	err = ask("PUT", url.data, "X-aws-ec2-metadata-token-ttl-seconds",
		  "21600", TIMEOUT_S, &token);
	if (!err && (!token.len || !plain(token.data)))
		err = DV_E_NOTFOUND;
	if (!err)
		err = ask_role(base, token.data, &answer);
	if (!err)
		err = read_answer(&answer, "the machine's metadata service",
				  "Token", out);
	explicit_bzero(token.data, token.len);
	explicit_bzero(answer.data, answer.len);
	return err;
}
