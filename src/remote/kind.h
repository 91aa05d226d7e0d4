#ifndef REMOTE_KIND_H
#define REMOTE_KIND_H

#include "dv/id.h"

#include "remote/remote.h"
#include "remote/settings.h"
#include "remote/url.h"

/*
 * What remotes of all kinds have, and the operations each kind fills in.
 * remote.c has checked names and lengths before it calls one.
 */
struct remote {
	char *name;		/* owned */
	char *shown;		/* owned; the URL without secrets */
	char *place;		/* owned; what remote_key() is made of */
	char *query;		/* owned; or NULL */
	bool apart, whole;	/* of remote_options */
	struct url url;
	struct remote_settings settings;
	remote_credential_cb *credential;	/* may be NULL */
	void *credential_data;
	const struct remote_kind *kind;
	void *state;		/* the kind's; owned */
	_Atomic uint64_t requests;
	_Atomic bool clock_known;
	_Atomic int64_t skew_s;	/* by the date of the last answer */
};

struct remote_kind {
	/* Sets r->state and, when the URL does not say all, r->place. */
	int (*open)(struct remote *r, const struct remote_options *o);
	void (*close)(struct remote *r);
	int (*stat)(struct remote *r, const char *name,
		    struct remote_facts *out);
	int (*get)(struct remote *r, const char *name, uint64_t offset,
		   uint64_t len, const struct remote_sink *sink);
	/* One version of all of it; NULL when there are none. */
	int (*get_version)(struct remote *r, const char *name,
			   const char *version,
			   const struct remote_sink *sink);
	/* NULL where there is no HTTP to ask by. */
	int (*post)(struct remote *r, const char *name, const char *type,
		    const struct buf *body, const struct remote_sink *sink);
	int (*get_url)(struct remote *r, const char *url,
		       const struct buf *headers,
		       const struct remote_sink *sink);
	int (*put)(struct remote *r, const char *name,
		   const struct remote_source *source,
		   void (*sent)(void *data, int64_t bytes), void *data);
	int (*list)(struct remote *r, const char *prefix,
		    remote_list_cb *fn,
		    void *data);
	int (*list_files)(struct remote *r, remote_file_cb *fn, void *data);
	int (*remove)(struct remote *r, const char *name);
	/* NULL where there are no folders. */
	int (*remove_folder)(struct remote *r, const char *name);
	/* See struct remote_terms; NULL where nobody asks who we are. */
	const char *(*credentials)(struct remote *r);
	unsigned page;		/* see remote_list_page() */
};

extern const struct remote_kind remote_kind_dir;
extern const struct remote_kind remote_kind_webdav;
extern const struct remote_kind remote_kind_s3;

/*
 * dv_fail() with "remote <name>: <url>/<object>: " before the text.
 * `object` may be "" for the remote as a whole.
 */
__attribute__((format(printf, 4, 5)))
int remote_fail(const struct remote *r, int code, const char *object,
		const char *fmt, ...);
/* The same with errno, as dv_fail_errno() has it. */
int remote_fail_errno(const struct remote *r, const char *object,
		      const char *what);

#endif
