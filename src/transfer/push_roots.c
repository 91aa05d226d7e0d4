/*
 * What locators the remote has.  Of many roots a listing tells which are
 * there, and by length and time which are those that were seen before
 * (seen.h); only the others are read.
 */

#include <stdlib.h>

#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/trace.h"
#include "transfer/push.h"

#define SECOND_NS	((int64_t)1000000000)
/* Names that may be listed for each root, in place of a request for it. */
#define NAMES_EACH	31	/* of pages, which come one by one */
#define NAMES_EACH_FOLDER	8
/* What was written so shortly before may be written again in that second. */
#define SETTLED_NS	(3 * SECOND_NS)
#define FOLDERS		256

/* What a listing says of a locator. */
struct sight {
	uint64_t size;
	int64_t time;
	bool there;
};

struct look {
	struct push *push;
	struct id_map wanted;	/* root -> the first number with it */
	struct sight *sights;	/* owned; one per root; NULL: not listed */
	uint8_t *folders;	/* owned; those listed of the remote's */
	size_t folder_count;
	uint64_t listed, most;	/* names seen, and to be seen at most */
	pthread_mutex_t mutex;	/* guards sights and listed */
	int64_t begun;		/* by the clock of the remote */
};

/* The clock of the remote, a second off at most; 0: not known. */
static int64_t remote_clock(struct push *p)
{
	struct remote_terms terms;

	remote_terms(p->to->remote, &terms);
	return terms.clock_known ?
	       clock_real_ns() + terms.skew_s * SECOND_NS : 0;
}

void push_wrote_locator(struct push *p, const struct buf *bytes)
{
	int64_t now = p->count > PUSH_MANY ? remote_clock(p) : 0;

	if (now)
		seen_add(&p->seen, 0, now + SECOND_NS, bytes);
}

/* --- listing ----------------------------------------------------------- */

static int see_root(void *data, const char *name, uint64_t size,
		    int64_t modified)
{
	struct look *l = data;
	struct dv_id id;
	uint64_t *n;
	bool enough;

	pthread_mutex_lock(&l->mutex);
	n = remote_root_id(name, &id) ? id_map_get(&l->wanted, &id) : NULL;
	if (n)
		l->sights[*n] = (struct sight){ size, modified, true };
	enough = ++l->listed > l->most;
	pthread_mutex_unlock(&l->mutex);
	return enough ? 1 : cancel_check();
}

static int see_folder(void *data, unsigned worker, size_t i)
{
	struct look *l = data;
	DV_AUTO_BUF struct buf prefix = BUF_INIT;
	int err;

	(void)worker;
	buf_addf(&prefix, REMOTE_ROOTS "%02x/", l->folders[i]);
	err = remote_list(l->push->to->remote, prefix.data, see_root, l);
	return err == DV_E_NOTFOUND ? 0 : err;
}

static void pick_folders(struct look *l)
{
	bool picked[FOLDERS] = { false };

	l->folders = xcalloc(FOLDERS, sizeof(*l->folders));
	for (size_t i = 0; i < l->push->count; i++)
		picked[l->push->roots[i].root->id.bytes[0]] = true;
	for (int i = 0; i < FOLDERS; i++)
		if (picked[i])
			l->folders[l->folder_count++] = i;
}

/* 1: asking for each takes no more. */
static int list_roots(struct look *l)
{
	struct push *p = l->push;
	int err;

	if (remote_list_page(p->to->remote)) {
		l->most = (uint64_t)p->count * NAMES_EACH;
		err = remote_list(p->to->remote, REMOTE_ROOTS, see_root, l);
		return err == DV_E_NOTFOUND ? 0 : err;
	}
	pick_folders(l);
	if (l->folder_count > p->count / 2)
		return 1;
	l->most = (uint64_t)p->count * NAMES_EACH_FOLDER;
	return crew_each(p->to->window, l->folder_count, see_folder, l);
}

/* Where the remote cannot, must not or will not say, each is asked for. */
static int look_at_roots(struct look *l)
{
	struct push *p = l->push;
	int err;

	l->begun = remote_clock(p);
	/* a folder needs no requests; with force nothing is believed */
	if (p->count <= PUSH_MANY || !l->begun || p->options->force)
		return 0;
	l->sights = xcalloc(p->count, sizeof(*l->sights));
	for (size_t i = 0; i < p->count; i++)
		id_map_put(&l->wanted, &p->roots[i].root->id, i, NULL);
	err = list_roots(l);
	if (!err)
		return 0;
	free(l->sights);
	l->sights = NULL;
	return err == 1 || err == DV_E_UNSUPPORTED || err == DV_E_AUTH ||
	       err == DV_E_CORRUPT ? 0 : err;
}

/* --- reading ----------------------------------------------------------- */

/* What was read is remembered if it is what was listed before. */
static void remember(struct look *l, const struct sight *s,
		     struct locator *read)
{
	DV_AUTO_BUF struct buf bytes = BUF_INIT;

	if (s->time && s->time < l->begun - SETTLED_NS &&
	    !locator_encode(read, &bytes) && bytes.len == s->size)
		seen_add(&l->push->seen, s->time, 0, &bytes);
}

static int read_locator(void *data, unsigned worker, size_t i)
{
	struct look *l = data;
	struct push *p = l->push;
	struct push_root *r = &p->roots[i];
	const struct dv_id *id = &r->root->id;
	const struct sight *s = l->sights ?
		&l->sights[*id_map_get(&l->wanted, id)] : NULL;
	int err;

	(void)worker;
	/* one that was there is looked for, should the listing have gaps */
	if (s && !s->there && !seen_any(&p->seen, id))
		return 0;
	r->found = s && s->there &&
		   seen_find(&p->seen, id, s->size, s->time, &r->old);
	if (r->found)
		return 0;
	err = endpoint_locator(p->to, id, &r->old);
	r->found = !err;
	if (!err && s && s->there)
		remember(l, s, &r->old);
	return err == DV_E_NOTFOUND || err == DV_E_CORRUPT ? 0 : err;
}

int push_read_locators(struct push *p)
{
	TRACE_REGION("push: locators there");
	struct look l = { .push = p, .wanted = ID_MAP_INIT };
	int err;

	pthread_mutex_init(&l.mutex, NULL);
	err = look_at_roots(&l);
	if (!err)
		err = crew_each(p->to->window, p->count, read_locator, &l);
	pthread_mutex_destroy(&l.mutex);
	id_map_release(&l.wanted);
	free(l.sights);
	free(l.folders);
	return err;
}
