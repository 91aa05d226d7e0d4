#include "keep/gc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/trace.h"
#include "git/settings_names.h"

#define GRACE_DEFAULT	"14d"
#define MAX_REPACK_DEFAULT	((uint64_t)4 << 30)
#define SECOND_NS	((int64_t)1000000000)
#define AGE_MOST	((unsigned long long)100 * 366 * 86400)	/* seconds */

void gc_notice(struct gc *g, const char *fmt, ...)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	va_list ap;

	if (!g->options->notice)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	g->options->notice(text.data, g->options->notice_data);
}

int gc_tell_entry(struct gc *g, const struct dv_gc_entry *entry)
{
	struct dv_gc_result *r = g->result;

	if (entry->action != DV_GC_CONDEMN)
		r->bytes += entry->bytes;
	r->removed += entry->action == DV_GC_REMOVE;
	r->repacked += entry->action == DV_GC_REPACK;
	r->condemned += entry->action == DV_GC_CONDEMN;
	return g->fn ? g->fn(entry, g->data) : 0;
}

int gc_tell(struct gc *g, enum dv_gc_action action, const char *name,
	    uint64_t bytes)
{
	const struct dv_gc_entry entry = {
		.action = action, .name = name, .bytes = bytes,
	};

	return gc_tell_entry(g, &entry);
}

void gc_keep(struct gc *g, enum dv_gc_action action, uint64_t bytes)
{
	struct dv_gc_result *r = g->result;

	r->removed -= action == DV_GC_REMOVE;
	r->repacked -= action == DV_GC_REPACK;
	r->bytes -= bytes;
	r->kept++;
}

int age_parse(const char *text, const char *name, int64_t *ns)
{
	static const struct {
		const char *unit;
		unsigned seconds;
	} units[] = {
		{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
		{ "w", 7 * 86400 },
	};
	unsigned long long number;
	char *end;

	*ns = 0;
	if (!strcmp(text, "now") || !strcmp(text, "0"))
		return 0;
	number = strtoull(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (*text < '0' || *text > '9' || strcmp(end, units[i].unit))
			continue;
		if (number > AGE_MOST / units[i].seconds)
			break;
		*ns = (int64_t)number * units[i].seconds * SECOND_NS;
		return 0;
	}
	return dv_fail(DV_E_INVALID, "%s: not an age such as 14d, 12h or now: "
		       "%s", name, text);
}

static int read_options(struct gc *g)
{
	const struct dv_gc_options *o = g->options;
	const char *grace = o->grace;
	unsigned long long number;
	int err;

	if (!grace)
		grace = dv_config_get(g->repo, "gc.grace");
	err = age_parse(grace ? grace : GRACE_DEFAULT,
			o->grace ? "--grace" : "gc.grace", &g->grace_ns);
	g->max_repack = MAX_REPACK_DEFAULT;
	if (err || !o->max_repack)
		return err;
	if (!setting_number(o->max_repack, &number))
		return dv_fail(DV_E_INVALID, "--max-repack: not a number of "
			       "bytes: %s", o->max_repack);
	g->max_repack = number;
	return 0;
}

int dv_gc(struct dv_repo *repo, const struct dv_gc_options *options,
	  dv_gc_cb *fn, void *data, struct dv_gc_result *result)
{
	TRACE_REGION("gc");
	struct gc g = {
		.repo = repo, .options = options, .result = result,
		.fn = fn, .data = data,
		.live = {
			.lenient = options->force,
			.others = options->repos,
			.other_count = options->repo_count,
		},
	};
	int err;

	memset(result, 0, sizeof(*result));
	err = read_options(&g);
	if (!err)
		err = live_open(&g.live, repo);
	if (!err)
		err = options->remote ? gc_remote(&g) : gc_store(&g);
	live_release(&g.live);
	return err;
}
