/* What lies in the folders of a WebDAV server: a PROPFIND for each. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "remote/webdav.h"
#include "remote/webdav_xml.h"
#include "remote/xml.h"

/* Folders below each other, and on one level: of ours, of anybody's. */
#define DEPTH_MAX		8
#define FOLDERS_MAX		((size_t)1 << 14)
#define ANY_DEPTH_MAX		512
#define ANY_FOLDERS_MAX		((size_t)1 << 16)

/* The folders of one level are asked for at once, then those below them. */
struct listing {
	struct remote *remote;
	pthread_mutex_t mutex;	/* guards below, and is held in fn */
	remote_list_cb *fn;	/* dav_list() */
	remote_file_cb *file;	/* dav_list_files() */
	void *data;
	size_t folders_max;
	char **level, **below;	/* owned; names with '/' at their ends */
	size_t count, below_count, below_room;
};

#define NO_LISTING "a folder is listed by PROPFIND, which servers with " \
	"WebDAV do; of this one take the files one by one, by their URLs"

struct list_call {
	struct dav_call d;
	struct call_text answer;
	bool files;		/* of anybody's, with their versions */
};

#define REQUEST(more) { \
	.bytes = (const uint8_t *)DAV_LIST_REQUEST(more), .fd = -1, \
	.len = sizeof(DAV_LIST_REQUEST(more)) - 1, \
}

static const struct remote_source request = REQUEST("");
static const struct remote_source files_request = REQUEST("<getetag/>");

static int list_prepare(struct call *c, struct http_request *q)
{
	struct list_call *l = (struct list_call *)c;

	dav_prepare(&l->d, q);
	http_header(q, "Depth: 1");
	http_header(q, "Content-Type: application/xml");
	q->body = l->files ? &files_request : &request;
	call_text_prepare(&l->answer, c, q);
	return 0;
}

/* What servers without WebDAV say. */
static bool knows_no_propfind(const struct http_answer *a)
{
	return http_good(a) || a->status == 400 || a->status == 405 ||
	       a->status == 501;
}

/* The next step where somebody else's folder was to be listed. */
static int hint_files(int verdict, const struct http_answer *a)
{
	if (verdict == DV_E_UNSUPPORTED)
		return dv_hint(verdict, "is that where the folder is now?  "
			       "then take that URL");
	return a->status == 403 ? dv_hint(verdict, NO_LISTING) : verdict;
}

static int list_judge(struct call *c, struct http_answer *a)
{
	struct list_call *l = (struct list_call *)c;
	int verdict;

	if (call_judge_transport(c, a, &verdict))
		return verdict;
	if (a->status == 207) {
		dav_worked(&l->d);
		return CALL_DONE;
	}
	if (!knows_no_propfind(a)) {
		verdict = dav_judge_refusal(&l->d, a);
		return l->files ? hint_files(verdict, a) : verdict;
	}
	call_fail(c, DV_E_UNSUPPORTED, "the server cannot say what it has: "
		  "PROPFIND is answered with %s", http_status_text(a->status));
	return dv_hint(c->code, l->files ? NO_LISTING : "it needs WebDAV with "
		       "PROPFIND; or use its folder where that is at hand");
}

static int fail_foreign(const struct listing *l, const char *folder)
{
	return remote_fail(l->remote, DV_E_CORRUPT, folder,
			   "the server lists what was not asked for");
}

/*
 * The part of an href below the folder whose path is `path`: owned, "" for
 * the folder itself, NULL when it is not below it.
 */
static char *name_below(const struct listing *l, const char *href,
			const char *path)
{
	const struct webdav *w = l->remote->state;
	const char *host = strstr(w->root, "://") + 3;
	size_t len = strlen(path);
	char *name;

	if (!strncasecmp(href, "http://", 7) ||
	    !strncasecmp(href, "https://", 8)) {
		href = strstr(href, "//") + 2;
		if (strncasecmp(href, host, strlen(host)))
			return NULL;
		href += strlen(host);
	}
	name = url_decode(href, strlen(href));
	if (name && strlen(name) == len - 1 && !strncmp(name, path, len - 1))
		name[0] = '\0';		/* without the '/' at its end */
	else if (name && !strncmp(name, path, len))
		memmove(name, name + len, strlen(name + len) + 1);
	else if (name) {
		free(name);
		return NULL;
	}
	return name;
}

static int give_file(const struct listing *l, const char *path,
		     const struct dav_entry *e)
{
	struct remote_facts facts = { .size = e->size };

	if (e->version)
		snprintf(facts.version, sizeof(facts.version), "%s",
			 e->version);
	return l->file(l->data, path, &facts);
}

/* Takes one name of `folder`; the mutex is held. */
static int take_name(struct listing *l, const char *folder, const char *name,
		     const struct dav_entry *e)
{
	DV_AUTO_BUF struct buf full = BUF_INIT;
	size_t len = strlen(name);

	if (len && name[len - 1] == '/')
		len--;
	if (memchr(name, '/', len))
		return fail_foreign(l, folder);
	buf_addf(&full, "%s%.*s", folder, (int)len, name);
	/* others may keep things below our folder */
	if (!len || (l->fn && !remote_object_name_ok(full.data)))
		return cancel_check();
	if (l->file && !path_name_ok(name, len))
		return fail_foreign(l, folder);
	if (!e->folder)
		return l->fn ? l->fn(l->data, full.data, e->size,
				     e->modified) :
			give_file(l, full.data, e);
	if (l->below_count >= l->folders_max)
		return remote_fail(l->remote, DV_E_CORRUPT, folder,
				   "too many folders");
	buf_addch(&full, '/');
	ARRAY_GROW(l->below, l->below_count + 1, l->below_room);
	l->below[l->below_count++] = buf_detach(&full);
	return 0;
}

static int take_page(struct listing *l, const char *folder, const char *path,
		     const struct dav_page *page)
{
	DV_AUTO_FREE char *plain = url_decode(path, strlen(path));
	int err = 0;

	pthread_mutex_lock(&l->mutex);
	for (size_t i = 0; i < page->count && !err; i++) {
		const struct dav_entry *e = &page->entries[i];
		DV_AUTO_FREE char *name = plain ?
			name_below(l, e->href, plain) : NULL;

		err = name ? take_name(l, folder, name, e) :
		      fail_foreign(l, folder);
	}
	pthread_mutex_unlock(&l->mutex);
	return err;
}

static int list_folder(struct listing *l, const char *folder)
{
	DV_AUTO_DAV_PAGE struct dav_page page = DAV_PAGE_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct list_call q = {
		.d = {
			.call = CALL_INIT(folder, list_prepare, list_judge),
			.method = "PROPFIND",
		},
		.answer = {
			.bytes = BUF_INIT,
			.most = l->file ? DAV_LIST_MAX : XML_MAX,
		},
		.files = l->file,
	};
	int err;

	dav_path(l->remote, folder, &path);
	q.d.path = path.data;
	err = dav_run(l->remote, &q.d);
	/* nothing was put there, or it went meanwhile */
	if (err == DV_E_NOTFOUND && l->file && *folder)
		err = dv_hint(remote_fail(l->remote, DV_E_CHANGED, folder,
					  "listed, and not there"),
			      "it may have gone meanwhile: try again");
	else if (err == DV_E_NOTFOUND)
		err = 0;
	else if (!err && dav_xml_list(q.answer.bytes.data,
				      q.answer.bytes.len, &page))
		err = remote_fail(l->remote, DV_E_CORRUPT, folder,
				  "what came is no listing of WebDAV's");
	buf_release(&q.answer.bytes);
	return err ? err : take_page(l, folder, path.data, &page);
}

static int list_one(void *data, unsigned worker, size_t i)
{
	struct listing *l = data;

	(void)worker;
	return list_folder(l, l->level[i]);
}

static void free_level(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->level[i]);
	free(l->level);
}

/* Goes on to the folders that were found. */
static void descend(struct listing *l)
{
	free_level(l);
	l->level = l->below;
	l->count = l->below_count;
	l->below = NULL;
	l->below_count = l->below_room = 0;
}

static int list_all(struct listing *l, const char *prefix, int depth_max)
{
	struct remote *r = l->remote;
	int err = 0;

	pthread_mutex_init(&l->mutex, NULL);
	l->level = xcalloc(1, sizeof(*l->level));
	l->level[l->count++] = xstrdup(prefix);
	for (int depth = 0; l->count && !err; depth++) {
		if (depth > depth_max)
			err = remote_fail(r, DV_E_CORRUPT, prefix,
					  "folders nested too deep");
		else
			err = crew_each(r->settings.jobs, l->count, list_one,
					l);
		descend(l);
	}
	free_level(l);
	pthread_mutex_destroy(&l->mutex);
	return err;
}

int dav_list(struct remote *r, const char *prefix, remote_list_cb *fn,
	     void *data)
{
	struct listing l = {
		.remote = r, .fn = fn, .data = data,
		.folders_max = FOLDERS_MAX,
	};

	return list_all(&l, prefix, DEPTH_MAX);
}

int dav_list_files(struct remote *r, remote_file_cb *fn, void *data)
{
	struct listing l = {
		.remote = r, .file = fn, .data = data,
		.folders_max = ANY_FOLDERS_MAX,
	};

	return list_all(&l, "", ANY_DEPTH_MAX);
}
