/* User names and passwords, by way of `git credential`. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/process.h"
#include "git/private.h"

/* The parts of a URL that git asks about.  Texts are owned. */
struct question {
	char *protocol, *host, *path, *user;
};

#define DV_AUTO_QUESTION	__attribute__((cleanup(question_release)))

static void question_release(struct question *q)
{
	free(q->protocol);
	free(q->host);
	free(q->path);
	free(q->user);
}

static void buf_wipe(struct buf *b)
{
	if (b->room)
		explicit_bzero(b->data, b->room);
	buf_release(b);
}

#define DV_AUTO_SECRET	__attribute__((cleanup(buf_wipe)))

/* --- the question ------------------------------------------------------ */

static char *copy(const char *text, size_t len)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	buf_add(&b, text, len);
	return buf_detach(&b);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *decode(const char *text, size_t len)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		int high = i + 2 < len && text[i] == '%' ?
			hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		if (low >= 0) {
			buf_addch(&b, high << 4 | low);
			i += 2;
		} else {
			buf_addch(&b, text[i]);
		}
	}
	return buf_detach(&b);
}

/* A line end in a value would be another answer to git. */
static bool plain(const char *text)
{
	if (!text)
		return true;
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static int read_url(const char *url, struct question *q)
{
	const char *host = strstr(url, "://"), *at, *path;
	size_t len;

	if (!host || host == url)
		return dv_fail(DV_E_INVALID, "not a URL to ask credentials "
			       "for");
	q->protocol = copy(url, host - url);
	host += 3;
	len = strcspn(host, "/?#");
	path = host + len;
	at = memrchr(host, '@', len);
	if (at) {
		const char *colon = memchr(host, ':', at - host);

		q->user = decode(host, (colon ? colon : at) - host);
		len -= at + 1 - host;
		host = at + 1;
	}
	q->host = copy(host, len);
	path += *path == '/';
	q->path = copy(path, strcspn(path, "?#"));
	if (!plain(q->protocol) || !plain(q->host) || !plain(q->path) ||
	    !plain(q->user))
		return dv_fail(DV_E_INVALID, "control byte in a URL");
	return 0;
}

static void format_question(const struct question *q, const char *user,
			    const char *password, struct buf *out)
{
	buf_addf(out, "protocol=%s\nhost=%s\n", q->protocol, q->host);
	if (*q->path)
		buf_addf(out, "path=%s\n", q->path);
	if (user)
		buf_addf(out, "username=%s\n", user);
	if (password)
		buf_addf(out, "password=%s\n", password);
	buf_addch(out, '\n');
}

/* --- the answer -------------------------------------------------------- */

static char *value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > n && !strncmp(text, key, n) && text[n] == '=')
			return copy(text + n + 1, len - n - 1);
		text += len;
		text += *text == '\n';
	}
	return NULL;
}

static int ask_git(struct dv_repo *repo, const char *action,
		   const struct buf *input, struct buf *out)
{
	bool person = isatty(0) && isatty(2);
	const char *argv[] = {
		"env", "GIT_TERMINAL_PROMPT=0", "git", "-C",
		repo->place.worktree, "credential", action, NULL
	};

	return process_run(person ? argv + 2 : argv, input->data, input->len,
			   out);
}

static int fill(struct dv_repo *repo, const struct question *q,
		char **user, char **password)
{
	DV_AUTO_SECRET struct buf input = BUF_INIT;
	DV_AUTO_SECRET struct buf answer = BUF_INIT;
	int err;

	format_question(q, q->user, NULL, &input);
	err = ask_git(repo, "fill", &input, &answer);
	if (err == DV_E_INTERRUPTED || err == DV_E_NOTFOUND)
		return err;
	if (!err) {
		*user = value_of(answer.data, "username");
		*password = value_of(answer.data, "password");
	}
	if (!err && *user && *password)
		return 0;
	secret_free(*user);
	secret_free(*password);
	*user = *password = NULL;
	return dv_hint(dv_fail(DV_E_AUTH, "no user name and password for "
			       "%s://%s", q->protocol, q->host),
		       "set up a credential helper: see gitcredentials(7)");
}

int repo_credential(void *data, const char *action, const char *url,
		    char **user, char **password)
{
	DV_AUTO_QUESTION struct question q = { 0 };
	DV_AUTO_SECRET struct buf input = BUF_INIT;
	DV_AUTO_SECRET struct buf answer = BUF_INIT;
	struct dv_repo *repo = data;
	int err = read_url(url, &q);

	if (err)
		return err;
	if (!strcmp(action, "fill")) {
		*user = *password = NULL;
		return fill(repo, &q, user, password);
	}
	if (strcmp(action, "approve") && strcmp(action, "reject"))
		return dv_fail(DV_E_INVALID, "git credential: no action %s",
			       action);
	if (!plain(*user) || !plain(*password))
		return dv_fail(DV_E_INVALID, "control byte in a user name or "
			       "password for %s", q.host);
	format_question(&q, *user, *password, &input);
	return ask_git(repo, action, &input, &answer);
}
