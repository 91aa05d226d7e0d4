/* What to type so that dv is set up as DVC is, remotes apart. */

#include "base/path.h"
#include "git/repo.h"
#include "migrate/from_dvc.h"

struct counterpart {
	const char *section, *key, *ours;
	bool own;		/* .dvconfig cannot have it */
	bool path;		/* DVC's own: dv takes a place beside it */
};

static const struct counterpart counterparts[] = {
	{ "core", "autostage", "core.autostage", false, false },
	{ "cache", "type", "store.link", false, false },
	{ "cache", "shared", "store.shared", true, false },
	{ "cache", "dir", "store.path", true, true },
};

/* A list without the blanks that DVC allows. */
static void add_value(const struct dvc_config *config,
		      const struct counterpart *c,
		      const struct dvc_setting *s, struct buf *out)
{
	DV_AUTO_BUF struct buf value = BUF_INIT;
	DV_AUTO_BUF struct buf plain = BUF_INIT;

	if (c->path && dvc_config_path(config, c->section, c->key, &value) &&
	    !path_inside("/", "", value.data, &plain)) {
		buf_clear(&value);
		buf_addf(&value, "/%s-dv", plain.data);
	} else {
		for (const char *at = s->value; *at; at++)
			if (*at != ' ')
				buf_addch(&value, *at);
	}
	path_word(value.data, out);
}

static int note_setting(struct present *p, const struct dvc_project *d,
			const struct counterpart *c)
{
	const struct dvc_setting *s = dvc_config_find(&d->config, c->section,
						      c->key);
	DV_AUTO_BUF struct buf why = BUF_INIT;
	DV_AUTO_BUF struct buf hint = BUF_INIT;

	if (!s || dv_config_get(p->repo, c->ours))
		return 0;
	buf_addf(&why, "%s.%s is not carried over", c->section, c->key);
	buf_addf(&hint, "dv config %s%s ",
		 c->own || s->level != DV_CONFIG_PROJECT ? "--local " : "",
		 c->ours);
	add_value(&d->config, c, s, &hint);
	return present_note(p, "settings of DVC", why.data, hint.data);
}

int dvc_note_settings(struct present *p, const struct dvc_projects *projects)
{
	int err = 0;

	for (size_t i = 0; i < projects->count && !err; i++)
		for (size_t k = 0; !err && k < sizeof(counterparts) /
				sizeof(*counterparts); k++)
			err = note_setting(p, projects->items[i],
					   &counterparts[k]);
	return err;
}
