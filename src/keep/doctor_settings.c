/* Settings that are misspelt, of the wrong kind, or in the wrong place. */

#include <stdio.h>
#include <string.h>

#include "dv/error.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/run.h"
#include "git/settings_names.h"
#include "keep/doctor.h"

struct settings {
	struct doctor *d;
	const char *where;	/* they are written */
	bool project;		/* that is .dvconfig */
	size_t known, wrong;
};

static int unknown(const struct settings *s, const char *name)
{
	DV_AUTO_BUF struct buf hint = BUF_INIT;

	setting_hint(name, &hint);
	return doctor_tell(s->d, "settings", DV_CHECK_WARN, hint.data,
			   "%s: dv knows no setting %s", s->where, name);
}

static int not_taken(const struct settings *s, const char *name,
		     const char *value)
{
	DV_AUTO_BUF struct buf hint = BUF_INIT;

	buf_addf(&hint, "dv config --project --unset %s, then dv config "
		 "--local %s ", name, name);
	path_word(value, &hint);
	return doctor_tell(s->d, "settings", DV_CHECK_WARN, hint.data,
			   "%s: %s is not taken from there", s->where, name);
}

static int look_at_one(struct settings *s, const char *name,
		       const char *value)
{
	DV_AUTO_BUF struct buf canonical = BUF_INIT;
	const struct setting *known = setting_canonical(name, &canonical) ?
		setting_find(canonical.data) : NULL;
	bool taken = !known || !s->project || !(known->flags & SETTING_OWN);

	s->known++;
	if (known && taken && !setting_check(known, canonical.data, value))
		return 0;
	s->wrong++;
	if (!known)
		return unknown(s, name);
	if (!taken)
		return not_taken(s, canonical.data, value);
	return doctor_tell_failure(s->d, "settings", DV_CHECK_FAIL, s->where);
}

/* The output of git config -z: "name\nvalue\0" or "name\0". */
static int look_at_list(struct settings *s, const char *prefix,
			struct buf *list)
{
	int err = 0;

	for (size_t at = 0; at < list->len && !err;) {
		char *name = list->data + at, *value = strchr(name, '\n');
		size_t len = strlen(name);

		if (value)
			*value++ = '\0';
		if (!strncmp(name, prefix, strlen(prefix)))
			err = look_at_one(s, name + strlen(prefix),
					  value ? value : "true");
		at += len + 1;
	}
	return err;
}

int doctor_settings(struct doctor *d)
{
	static const char *const own[] = { "config", "-z", "-l", NULL };
	static const char *const file[] = {
		"config", "-z", "-l", "-f", ".dvconfig", NULL
	};
	static const char *const committed[] = {
		"config", "-z", "-l", "--blob", "HEAD:.dvconfig", NULL
	};
	const char *const *project = dv_repo_is_bare(d->repo) ? committed :
		file;
	struct settings s = { .d = d, .where = "git config" };
	DV_AUTO_BUF struct buf list = BUF_INIT;
	int err;

	if (repo_check_secrets(d->repo)) {
		err = doctor_tell_failure(d, "settings", DV_CHECK_FAIL,
					  ".dvconfig");
		if (err)
			return err;
	}
	if (run_git(d->repo, own, NULL, 0, &list))
		return doctor_tell_failure(d, "settings", DV_CHECK_FAIL,
					   "git config");
	err = look_at_list(&s, "dv.", &list);
	buf_clear(&list);
	if (err)
		return err;
	if (run_git(d->repo, project, NULL, 0, &list))
		return doctor_tell_failure(d, "settings", DV_CHECK_FAIL,
					   ".dvconfig");
	s.where = ".dvconfig";
	s.project = true;
	err = look_at_list(&s, "", &list);
	if (err || s.wrong)
		return err;
	return doctor_tell(d, "settings", DV_CHECK_OK, NULL,
			   "%zu set, all of them known", s.known);
}
