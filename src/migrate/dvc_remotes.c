/* What to type so that dv has remotes where DVC has its own. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dv/transfer.h"

#include "base/auto.h"
#include "base/names.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/settings_names.h"
#include "migrate/from_dvc.h"
#include "remote/remote.h"

#define NAME_MOST	60	/* bytes; "-2" may follow */

struct notes {
	struct present *p;
	struct names names;	/* that were given to remotes */
	struct names told;	/* "<name of DVC's> <URL>" */
	bool ours;		/* dv has remotes already */
};

/* --- one command ------------------------------------------------------- */

static const char *level_option(enum dv_config_level level)
{
	return level == DV_CONFIG_LOCAL ? "--local " :
		level == DV_CONFIG_PROJECT ? "" : "--global ";
}

/*
 * A name that dv takes and no other one has: DVC's may have dots, and those of
 * two projects may be the same.
 */
static const char *choose_name(struct notes *n, const char *name)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;
	uint32_t number;
	size_t len;

	if (!isalnum((unsigned char)*name))
		buf_addstr(&out, "dvc");
	for (; *name && out.len < NAME_MOST; name++)
		buf_addch(&out, isalnum((unsigned char)*name) || *name == '_' ?
			  *name : '-');
	len = out.len;
	for (int i = 2; names_find(&n->names, out.data, out.len) != NAMES_NONE;
	     i++) {
		buf_setlen(&out, len);
		buf_addf(&out, "-%d", i);
	}
	number = names_add(&n->names, out.data, out.len);
	return n->names.items[number].text;
}

/* Between "://" and '@', of which the password is left out. */
static bool without_password(const char *url, struct buf *out)
{
	const char *host = strstr(url, "://"), *at = NULL, *colon = NULL;

	if (host) {
		host += 3;
		at = memrchr(host, '@', strcspn(host, "/?#"));
		colon = at ? memchr(host, ':', at - host) : NULL;
	}
	buf_add(out, url, colon ? (size_t)(colon - url) : strlen(url));
	if (colon)
		buf_addstr(out, at);
	return colon;
}

/*
 * A sibling of DVC's folder or prefix, so that neither is in the other's way;
 * where that has all of a bucket or server, a prefix in it.
 */
static void add_sibling(const char *url, struct buf *out)
{
	const char *host;

	buf_addstr(out, url);
	while (out->len > 1 && out->data[out->len - 1] == '/')
		buf_setlen(out, out->len - 1);
	host = strstr(out->data, "://");
	buf_addstr(out, host && !strchr(host + 3, '/') ? "/dv" : "-dv");
}

/* As dv remote add takes it where the user stands: relative stays so. */
static void typed_url(struct dv_repo *repo, const char *url, struct buf *out)
{
	const char *below = path_below(url, dv_repo_worktree(repo));
	DV_AUTO_FREE char *real = NULL;
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	DV_AUTO_BUF struct buf typed = BUF_INIT;

	if (*url == '/' && below) {
		path_plain(below, &plain);
		path_typed(dv_repo_prefix(repo), plain.data, &typed);
	} else if (*url == '/') {
		/* ".." behind a symbolic link leads elsewhere than as text */
		real = strstr(url, "/..") ? realpath(url, NULL) : NULL;
		path_plain(real ? real : url, &typed);
	} else {
		buf_addstr(&typed, url);
	}
	add_sibling(typed.data, out);
}

/* --- its settings ------------------------------------------------------ */

/* " && dv config remote.<name>.<key> <value>" for what DVC's have of it. */
static void add_settings(const struct dvc_remote *r, const char *name,
			 struct buf *hint, struct buf *secrets)
{
	for (size_t i = 0; dvc_remote_keys[i].ours; i++) {
		const char *key = dvc_remote_keys[i].ours;
		const struct dvc_setting *s = dvc_remote_setting(r, key);
		DV_AUTO_BUF struct buf full = BUF_INIT;
		DV_AUTO_BUF struct buf open = BUF_INIT;
		const struct setting *known;

		if (!s)
			continue;
		buf_addf(&full, "remote.%s.%s", name, key);
		known = setting_find(full.data);
		if (known->flags & SETTING_SECRET ||
		    without_password(s->value, &open)) {
			buf_addf(secrets, "%s%s", secrets->len ? ", " : "",
				 key);
			continue;
		}
		buf_addf(hint, " && dv config %s%s ",
			 level_option(s->level == DV_CONFIG_PROJECT ?
				      r->level : s->level), full.data);
		path_word(s->value, hint);
	}
}

/* What would change how it is reached, and dv has no setting for. */
static void add_unknown(const struct dvc_remote *r, struct buf *out)
{
	static const char *const of_no_use[] = {
		"url", "version_aware", "worktree", "read_only", "verify",
		"auth", "ask_password", "no_traverse", "listobjects",
		"checksum_jobs", "use_ssl",
	};
	const struct dvc_config *c = &r->project->config;
	DV_AUTO_BUF struct buf section = BUF_INIT;

	dvc_remote_section(r->name, &section);
	for (size_t i = 0; i < c->count; i++) {
		const char *key = c->items[i].key;
		bool known = strcmp(c->items[i].section, section.data);

		for (size_t k = 0; dvc_remote_keys[k].ours; k++)
			known |= !strcmp(dvc_remote_keys[k].theirs, key);
		for (size_t k = 0; k < sizeof(of_no_use) / sizeof(*of_no_use);
		     k++)
			known |= !strcmp(of_no_use[k], key);
		if (!known)
			buf_addf(out, "%s%s", out->len ? ", " : "", key);
	}
}

/* --- one remote -------------------------------------------------------- */

static void name_remote(const struct dvc_remote *r, struct buf *out)
{
	buf_addf(out, "remote %s", r->name);
	if (*r->project->root)
		buf_addf(out, " of %s", r->project->root);
}

static int note_secrets(struct notes *n, const char *about, const char *name,
			const char *secrets)
{
	DV_AUTO_BUF struct buf why = BUF_INIT;
	DV_AUTO_BUF struct buf hint = BUF_INIT;

	if (!*secrets)
		return 0;
	buf_addf(&why, "secrets are not carried over (%s): git's credential "
		 "helpers are asked, for S3 the environment and ~/.aws",
		 secrets);
	buf_addf(&hint, "dv config --local remote.%s.<key> <value> keeps one "
		 "in .git/config", name);
	return present_note(n->p, about, why.data, hint.data);
}

static int note_usable(struct notes *n, const struct dvc_remote *r,
		       const char *about, const char *url, bool password)
{
	const char *name = choose_name(n, r->name);
	DV_AUTO_BUF struct buf why = BUF_INIT;
	DV_AUTO_BUF struct buf hint = BUF_INIT;
	DV_AUTO_BUF struct buf place = BUF_INIT;
	DV_AUTO_BUF struct buf secrets = BUF_INIT;
	DV_AUTO_BUF struct buf unknown = BUF_INIT;
	int err;

	typed_url(n->p->repo, url, &place);
	buf_addf(&hint, "dv remote add %s%s ", level_option(r->level), name);
	path_word(place.data, &hint);
	if (password)
		buf_addstr(&secrets, "password");
	add_settings(r, name, &hint, &secrets);
	add_unknown(r, &unknown);
	buf_addstr(&why, "dv keeps its data in a folder or prefix of its own, "
		   "not in DVC's");
	if (unknown.len)
		buf_addf(&why, "; dv has no setting for: %s", unknown.data);
	err = present_note(n->p, about, why.data, hint.data);
	return err ? err : note_secrets(n, about, name, secrets.data);
}

static int note_remote(struct notes *n, const struct dvc_remote *r)
{
	DV_AUTO_BUF struct buf about = BUF_INIT;
	DV_AUTO_BUF struct buf url = BUF_INIT;
	DV_AUTO_BUF struct buf key = BUF_INIT;
	bool password;
	size_t before = n->told.count;

	if (n->ours && !r->down)
		return 0;
	name_remote(r, &about);
	if (r->down)
		return present_note(n->p, about.data, r->trouble.text,
				    *r->trouble.hint ? r->trouble.hint : NULL);
	if (!r->url)
		return present_note(n->p, about.data, "DVC's settings give no "
				    "URL for it", NULL);
	buf_addf(&key, "%s %s", r->name, r->url);
	names_add(&n->told, key.data, key.len);
	if (n->told.count == before)	/* of another project */
		return 0;
	password = without_password(r->url, &url);
	if (remote_url_check(url.data, false))
		return present_note(n->p, about.data, dv_error_text(),
				    "dv takes folders, http://, https:// and "
				    "s3:// for remotes; dvc fetch gets what "
				    "is there");
	return note_usable(n, r, about.data, url.data, password);
}

static int count_remote(const struct dv_remote_info *info, void *data)
{
	(void)info;
	*(bool *)data = true;
	return 0;
}

int dvc_note_remotes(struct present *p, const struct dvc_projects *projects)
{
	struct notes n = { .p = p };
	int err = dv_remote_each(p->repo, count_remote, &n.ours);

	for (size_t i = 0; i < projects->count && !err; i++) {
		const struct dvc_project *project = projects->items[i];

		for (size_t k = 0; k < project->remote_count && !err; k++)
			err = note_remote(&n, &project->remotes[k]);
	}
	names_release(&n.names);
	names_release(&n.told);
	return err;
}
