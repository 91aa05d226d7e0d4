#include "keep/gc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/error.h"
#include "base/trace.h"

#define GRACE_DEFAULT	"14d"
#define MAX_REPACK_DEFAULT	((uint64_t)4 << 30)

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

static int read_options(struct gc *g)
{
	const struct dv_gc_options *o = g->options;
	const char *grace = o->grace;

	if (!grace)
		grace = dv_config_get(g->repo, "gc.grace");
	if (!age_parse(grace ? grace : GRACE_DEFAULT, &g->grace_ns))
		return dv_fail(DV_E_INVALID, "gc.grace: not an age such as "
			       "14d, 12h or now: %s", grace);
	g->max_repack = MAX_REPACK_DEFAULT;
	if (o->max_repack && !size_parse(o->max_repack, &g->max_repack))
		return dv_fail(DV_E_INVALID, "not a number of bytes: %s",
			       o->max_repack);
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
