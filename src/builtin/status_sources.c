#include <stdio.h>

#include "dv/error.h"
#include "dv/source.h"

#include "base/error.h"
#include "base/json.h"
#include "base/path.h"
#include "builtin/open.h"
#include "builtin/status.h"

struct sources {
	const struct status_form *form;
	uint64_t looked, differ, unknown;
};

static const char *word(enum dv_source_state state)
{
	switch (state) {
	case DV_SOURCE_CHANGED:
		return "source changed";
	case DV_SOURCE_GONE:
		return "source gone";
	case DV_SOURCE_UNKNOWN:
		return "source unknown";
	default:
		return "source same";
	}
}

static void print_json(const struct dv_source_entry *e)
{
	DV_AUTO_BUF struct buf out = BUF_INIT;

	json_object_begin(&out);
	json_add_string(&out, "state", word(e->state));
	json_add_string(&out, "path", e->path);
	json_add_string(&out, "url", e->url);
	json_add_string(&out, "recorded", e->recorded);
	json_add_string(&out, "now", e->now);
	if (*e->why)
		json_add_string(&out, "why", e->why);
	json_object_end(&out);
	puts(out.data);
}

static void print_long(struct sources *s, const struct dv_source_entry *e)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf url = BUF_INIT;

	if (s->differ + s->unknown == 1)
		printf("Sources that are not as recorded:\n  (\"dv update "
		       "<path>\" takes what is there now)\n");
	shown_path(s->form->repo, e->path, &path);
	path_quote(e->url, &url);
	printf("\t%-16s%s (%s)\n", word(e->state), path.data,
	       *e->why ? e->why : url.data);
}

static int take(const struct dv_source_entry *e, void *data)
{
	struct sources *s = data;
	const struct status_form *f = s->form;
	const char letters[2] = { (char)e->state, '^' };

	s->looked++;
	s->unknown += e->state == DV_SOURCE_UNKNOWN;
	s->differ += e->state == DV_SOURCE_CHANGED ||
		e->state == DV_SOURCE_GONE;
	if (f->quiet || e->state == DV_SOURCE_SAME)
		return 0;
	if (f->json)
		print_json(e);
	else if (f->brief || f->porcelain)
		status_brief(f, letters, e->path, "");
	else
		print_long(s, e);
	return 0;
}

int status_sources(const struct status_form *f,
		   const struct dv_selection *what, uint64_t *differences)
{
	struct sources s = { .form = f };
	const struct dv_source_options o = { .no_download = true };
	int err = dv_source_compare(f->repo, what, &o, take, &s);

	*differences += s.differ;
	if (err)
		return err;
	if (s.unknown)
		return dv_fail(DV_E_NETWORK, "%llu of %llu sources could not "
			       "be looked at", (unsigned long long)s.unknown,
			       (unsigned long long)s.looked);
	if (!s.differ && !broken_code(f->broken, 0) && !f->quiet && !f->json &&
	    !f->brief && !f->porcelain)
		printf("sources are as recorded\n");
	return 0;
}
