#ifndef TRANSFER_PUSH_H
#define TRANSFER_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dv/transfer.h"

#include "base/meter.h"
#include "store/store.h"
#include "transfer/condemned.h"
#include "transfer/locator.h"
#include "transfer/marks.h"
#include "transfer/numbers.h"
#include "transfer/open.h"
#include "transfer/roots.h"
#include "transfer/seen.h"

/*
 * One push: first the plan (push_plan.c, push_roots.c, push_learn.c,
 * prove.c), which settles for each root what the remote has and what is to be
 * sent; then the sending (push.c, repack.c).
 */

struct push_root {
	const struct root *root;
	struct locator old;	/* what the remote has for it */
	bool found;		/* old was there and could be read */
	bool walk;		/* a locator is to be written */
	unsigned learned;	/* steps of learning that were taken */
	bool asked_before;	/* what came before it is in `others` */
	struct numbers needs;	/* packs of `have` it relies on */
	struct numbers sends;	/* marks of `wanted` it relies on */
};

/* A root that came before one of these, and what the remote has for it. */
struct push_before {
	struct dv_id id;
	struct locator locator;
	enum dv_kind kind;
	const struct push_root *of;	/* the one it came before */
	bool found;	/* the remote has a locator for it */
	bool hides;	/* push_plan.c: not all of its nodes are here */
};

/* With less than this to send, nobody asks for indexes to save it. */
#define PUSH_MUCH	((uint64_t)1 << 20)

/* Of more roots than that it is remembered what locators they have. */
#define PUSH_MANY	32

/* How the objects marked in one local pack get to the remote. */
enum fate {
	FATE_WHOLE = 1,		/* the pack goes as it is */
	FATE_COPY,		/* they are copied into a new pack */
	FATE_DAMAGED,		/* as FATE_COPY, after FATE_WHOLE has failed:
				   the pack is damaged elsewhere */
};

/* A pack on its way. */
struct upload {
	struct pack_ref ref;
	char *path;		/* owned */
	struct pack *pack;	/* of the store, or NULL: made for this push */
};

struct push {
	struct dv_repo *repo;
	const struct dv_transfer_options *options;
	struct dv_transfer_result *result;
	struct store *store;
	struct store_reader *reader;	/* owned */
	struct endpoint *to;		/* owned */
	struct have *have;		/* to->have */
	struct roots gathered;
	struct push_root *roots;	/* owned; gathered.items, in order */
	size_t count;
	struct roots *before;	/* owned; for each root what came before it;
				   NULL until asked for */
	struct push_before *others;	/* owned */
	size_t other_count, other_room;
	bool had_nothing;	/* `have` was empty to begin with */
	bool not_asked;		/* indexes were not, for so little */
	bool much;		/* of all roots together it is much */
	uint32_t stamp;		/* of the walk under way */
	struct marks wanted;	/* what is to be sent, by local pack */
	enum fate *fates;	/* owned; one per mark of wanted */
	struct locator made;	/* packs made for this push and sent */
	struct condemned condemned;	/* packs that may go any time */
	struct seen seen;	/* locators, when there are many roots */
	bool again;		/* somebody was collecting meanwhile */
	struct locator lost;	/* packs found missing at the remote */
};

/* Tells the user of something that was worked around. */
__attribute__((format(printf, 2, 3)))
void push_notice(struct push *p, const char *fmt, ...);

/* prove.c: see to it that packs are at the remote with the right size. */
/*
 * Proves those of the packs that are not proved yet; the ones that are not
 * there become `gone`, and *gone (may be NULL) counts them.
 */
int prove_packs(struct push *p, const uint32_t *numbers, size_t count,
		size_t *gone);

/* push_roots.c: what locators the remote has. */
/* Reads those of the roots, with few requests where it can be listed. */
int push_read_locators(struct push *p);
/* Remembers a locator that was just written. */
void push_wrote_locator(struct push *p, const struct buf *bytes);

/* push_plan.c */
/* Fills roots[].needs/sends and wanted; nothing is written at the remote. */
int push_plan(struct push *p);
/*
 * Walks a root again, once everything is sent, so that it names no more
 * packs than it needs.  False: that could not be said.
 */
bool push_settle(struct push *p, struct push_root *r);

/* push_learn.c */
/* Takes the packs that a locator names into `have`. */
int push_know_packs(struct push *p, const struct locator *l);
/*
 * Takes the next step that may show more of what the remote has for a root of
 * which objects are missing on both sides, or `bytes` are to be sent; *more is
 * false when there is none left.
 */
int push_learn(struct push *p, struct push_root *r, bool missing,
	       uint64_t bytes, bool *more);

/* push_fate.c */
/* Decides how each local pack's objects go: fills fates. */
void push_decide(struct push *p);
/* What would be sent. */
void push_estimate(struct push *p);

/* push_send.c */
/* Sends all packs of a class; each is in `have` afterwards. */
int push_send_class(struct push *p, enum object_class class,
		    struct meter *meter);

#endif
