#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "remote/s3.h"
#include "remote/s3_sign.h"
#include "remote/xml.h"

/* What is in a bucket, page by page. */
#define EMPTY_PAGES_MAX	100

/* --- one page ----------------------------------------------------------- */

struct page_call {
	struct s3_call q;
	struct call_text answer;
};

static int list_prepare(struct call *c, struct http_request *out)
{
	struct page_call *l = (struct page_call *)c;

	call_text_prepare(&l->answer, c, out);
	return s3_prepare(&l->q, out);
}

/* From `token` or after the key `after` or from the start. */
static int list_page(struct remote *r, const char *prefix, const char *token,
		     const char *after, struct s3_page *page)
{
	struct sign_pair pairs[3] = {
		{ "list-type", "2" },
		{ "prefix", prefix },
		{ token ? "continuation-token" : "start-after",
		  token ? token : after },
	};
	DV_AUTO_BUF struct buf query = BUF_INIT;
	struct page_call l = {
		.q = {
			.call = CALL_INIT("", list_prepare, s3_judge_plain),
			.method = "GET", .action = "s3:ListBucket",
		},
		.answer = { .bytes = BUF_INIT, .most = XML_MAX },
	};
	int err;

	sign_query(pairs, token || after ? 3 : 2, &query);
	l.q.query = query.data;
	err = s3_run(r, &l.q);
	if (!err && s3_xml_list(l.answer.bytes.data, l.answer.bytes.len,
				page))
		err = remote_fail(r, DV_E_CORRUPT, "", "what came is no "
				  "listing of S3's");
	buf_release(&l.answer.bytes);
	return err;
}

/* --- all pages ---------------------------------------------------------- */

/* Who wants to know, and what of it. */
struct listing {
	struct remote *remote;
	struct buf prefix;	/* of the keys asked for */
	size_t skip;		/* that of the remote, at their front */
	int (*take)(const struct listing *l, const char *name,
		    const struct s3_key *key);
	remote_list_cb *fn;	/* s3_list() */
	remote_file_cb *file;	/* s3_list_files() */
	void *data;
};

static void begin(struct listing *l, const char *prefix)
{
	const struct s3 *s = l->remote->state;

	if (*s->prefix)
		buf_addf(&l->prefix, "%s/", s->prefix);
	l->skip = l->prefix.len;
	buf_addstr(&l->prefix, prefix);
}

/* Hands out the keys of one page; all must lie where we asked. */
static int give_page(const struct listing *l, const struct s3_page *page)
{
	int err = 0;

	for (size_t i = 0; i < page->count && !err; i++) {
		const char *key = page->keys[i].name;

		if (strncmp(key, l->prefix.data, l->prefix.len))
			return remote_fail(l->remote, DV_E_CORRUPT, "", "the "
					   "server lists what was not asked "
					   "for");
		err = l->take(l, key + l->skip, &page->keys[i]);
	}
	return err;
}

static int give_all(const struct listing *l)
{
	DV_AUTO_FREE char *token = NULL;
	DV_AUTO_FREE char *after = NULL;
	bool more = true;
	unsigned empty = 0;
	int err = 0;

	while (more && !err) {
		DV_AUTO_S3_PAGE struct s3_page page = S3_PAGE_INIT;
		const char *last = NULL;

		err = list_page(l->remote, l->prefix.data, token, after,
				&page);
		if (!err)
			err = give_page(l, &page);
		more = page.truncated;
		if (err || !more)
			break;
		if (page.count)
			last = page.keys[page.count - 1].name;
		empty = last ? 0 : empty + 1;
		if (empty > EMPTY_PAGES_MAX ||
		    (page.token ? token && !strcmp(token, page.token) :
		     !last || (after && strcmp(last, after) <= 0)))
			return remote_fail(l->remote, DV_E_CORRUPT, "", "the "
					   "server's listing does not get on");
		free(token);
		free(after);
		token = page.token ? xstrdup(page.token) : NULL;
		after = last ? xstrdup(last) : NULL;
	}
	return err;
}

/* Others may keep things below our prefix. */
static int take_object(const struct listing *l, const char *name,
		       const struct s3_key *key)
{
	return remote_object_name_ok(name) ?
		l->fn(l->data, name, key->size, key->modified) : 0;
}

int s3_list(struct remote *r, const char *prefix, remote_list_cb *fn,
	    void *data)
{
	struct listing l = {
		.remote = r, .prefix = BUF_INIT, .take = take_object,
		.fn = fn, .data = data,
	};
	int err;

	begin(&l, prefix);
	err = give_all(&l);
	buf_release(&l.prefix);
	return err;
}

/* Consoles make folders by empty objects whose keys end in a slash. */
static bool is_folder(const char *name, const struct s3_key *key)
{
	size_t len = strlen(name);

	return !key->size && (!len || name[len - 1] == '/');
}

static int take_file(const struct listing *l, const char *name,
		     const struct s3_key *key)
{
	struct remote_facts facts = { .size = key->size };

	if (is_folder(name, key))
		return 0;
	if (key->version)
		snprintf(facts.version, sizeof(facts.version), "%s",
			 key->version);
	return l->file(l->data, name, &facts);
}

int s3_list_files(struct remote *r, remote_file_cb *fn, void *data)
{
	struct listing l = {
		.remote = r, .prefix = BUF_INIT, .take = take_file,
		.file = fn, .data = data,
	};
	int err;

	begin(&l, "");
	err = give_all(&l);
	buf_release(&l.prefix);
	return err;
}
