/*
 * Foreign content into the store.  All files of a batch, those inside of
 * directories too, are one list that the threads work through; then the
 * trees are made.
 */

#include "migrate/convert.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/path.h"
#include "base/trace.h"
#include "migrate/ingest.h"
#include "work/record.h"
#include "work/stored.h"

/* One file of the batch. */
struct job {
	struct convert_item *item;
	struct listing_entry *entry;	/* NULL: the item itself */
	struct content content;
	bool found;
	int code;
	char *why;			/* owned */
};

struct batch {
	struct converter *c;
	struct recorder r;
	struct convert_item *items;
	size_t count;
	struct listing *listings;	/* owned, one per item; empty: a file */
	struct job *jobs;		/* owned */
	size_t job_count, job_room;
	_Atomic size_t next;
};

#define DV_AUTO_BATCH __attribute__((cleanup(batch_release)))

static void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->job_count; i++)
		free(b->jobs[i].why);
	free(b->jobs);
	for (size_t i = 0; b->listings && i < b->count; i++)
		listing_release(&b->listings[i]);
	free(b->listings);
	recorder_release(&b->r);
}

int converter_open(struct converter *c, struct dv_repo *repo,
		   unsigned threads, const struct dv_progress *progress)
{
	memset(c, 0, sizeof(*c));
	c->repo = repo;
	c->threads = threads;
	c->batch = 1;
	pthread_mutex_init(&c->mutex, NULL);
	meter_start(&c->meter, progress, "converting", "files");
	return known_load(&c->known, repo);
}

void converter_close(struct converter *c)
{
	meter_finish(&c->meter);
	known_release(&c->known);
	pthread_mutex_destroy(&c->mutex);
}

void convert_item_release(struct convert_item *item)
{
	free(item->why);
	dv_pointer_release(&item->pointer);
}

/* The text of why: free() it. */
static char *lost(const struct object_name *name)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;

	if (name->kind)
		object_name_show(name, &text);
	else
		buf_addstr(&text, "the data");
	buf_addstr(&text, " is neither here nor at a remote");
	return buf_detach(&text);
}

void convert_item_lost(struct convert_item *item)
{
	item->code = DV_E_NOTFOUND;
	item->why = lost(&item->wanted.name);
}

static bool ends_all(int err)
{
	return err == DV_E_INTERRUPTED || err == DV_E_NOSPACE ||
		err == DV_E_NOMEM;
}

/* --- what is known already ------------------------------------------------ */

static bool known_copy(struct converter *c, const struct object_name *name,
		       struct known_entry *out)
{
	const struct known_entry *e;

	pthread_mutex_lock(&c->mutex);
	e = known_find(&c->known, name);
	if (e)
		*out = *e;
	pthread_mutex_unlock(&c->mutex);
	return e;
}

static bool known_content(struct batch *b, struct store_reader *reader,
			  const struct object_name *name, struct content *out)
{
	struct known_entry e;

	if (!name->kind || !known_copy(b->c, name, &e))
		return false;
	*out = (struct content){ e.id, e.size, e.list };
	return e.batch == b->c->batch ||
		content_here(b->r.store, reader, out) == 1;
}

static bool known_tree(struct batch *b, const struct convert_item *item,
		       struct tree_entry *out)
{
	struct stored_missing missing;
	struct known_entry e;

	if (item->listing || !known_copy(b->c, &item->wanted.name, &e))
		return false;
	*out = (struct tree_entry){
		.type = ENTRY_DIR, .content = { e.id, e.size, false },
		.files = e.files,
	};
	return e.batch == b->c->batch ||
		(!stored_check(b->r.store, "", out, b->c->threads, &missing) &&
		 !missing.files && !missing.size);
}

static void learn(struct batch *b, const struct object_name *name,
		  const struct content *content, uint64_t files)
{
	const struct known_entry e = {
		.name = *name, .id = content->id, .list = content->list,
		.size = content->size, .files = files, .batch = b->c->batch,
	};

	if (!name->kind)
		return;
	pthread_mutex_lock(&b->c->mutex);
	known_add(&b->c->known, &e);
	pthread_mutex_unlock(&b->c->mutex);
}

/* --- one file ------------------------------------------------------------- */

static void job_wanted(const struct job *j, struct buf *path, struct buf *key,
		       struct wanted *out)
{
	const struct wanted *of = &j->item->wanted;
	const struct listing_entry *e = j->entry;

	*out = *of;
	if (!e)
		return;
	*out = (struct wanted){
		.name = e->name, .version = e->version,
		.remote = e->remote ? e->remote : of->remote,
	};
	if (of->path) {
		buf_addstr(path, of->path);
		path_append(path, e->path);
		out->path = path->data;
	}
	if (of->key) {
		buf_addstr(key, of->key);
		path_append(key, e->path);
		out->key = key->data;
	}
}

static void not_found(struct job *j, const struct wanted *w, const char *bad)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;

	j->code = bad ? DV_E_CORRUPT : DV_E_NOTFOUND;
	if (!bad) {
		j->why = lost(&w->name);
		return;
	}
	object_name_show(&w->name, &name);
	buf_addf(&text, "%s is not what its name says: %s", bad,
		 w->name.kind ? name.data : "it");
	j->why = buf_detach(&text);
}

static int find_file(struct batch *b, unsigned worker, struct job *j,
		     const struct wanted *w)
{
	DV_AUTO_HELD struct held held = HELD_INIT;
	DV_AUTO_BUF struct buf bad = BUF_INIT;
	struct origin *o = j->item->origin;
	int err = 0;

	for (unsigned n = 0; err != 1; n++) {
		bool right = false, trouble = false;

		held_release(&held);
		err = o->take(o, w, n, &held);
		if (ends_all(err))
			return err;
		if (err)
			continue;
		err = ingest(&b->r, &b->r.workers[worker], &held,
			     w->name.kind ? &w->name : NULL, &right, &trouble,
			     &j->content);
		if (err && !trouble)
			return err;
		j->found = !err && right;
		if (j->found) {
			learn(b, &w->name, &j->content, 1);
			return 0;
		}
		buf_clear(&bad);
		buf_addstr(&bad, held.where ? held.where : "what came");
		err = 0;
	}
	not_found(j, w, bad.len ? bad.data : NULL);
	return 0;
}

static int do_job(struct batch *b, unsigned worker,
		  struct store_reader *reader, struct job *j)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf key = BUF_INIT;
	struct wanted w;
	int err = 0;

	job_wanted(j, &path, &key, &w);
	j->found = known_content(b, reader, &w.name, &j->content);
	if (!j->found)
		err = find_file(b, worker, j, &w);
	if (j->entry) {
		j->entry->found = j->found;
		j->entry->content = j->content;
	}
	meter_add(&b->c->meter, 0, 1);
	return err;
}

static int work(struct crew *crew, unsigned worker, void *data)
{
	struct batch *b = data;
	struct store_reader *reader = store_reader_new(b->r.store);
	int err = 0;

	while (!err && !crew_failed(crew)) {
		size_t i = atomic_fetch_add(&b->next, 1);

		if (i >= b->job_count)
			break;
		err = do_job(b, worker, reader, &b->jobs[i]);
	}
	store_reader_free(reader);
	return err ? err : cancel_check();
}

/* --- directories ---------------------------------------------------------- */

static void fail_item(struct convert_item *item, int code)
{
	free(item->why);
	item->code = code;
	item->why = xstrdup(dv_error_text());
}

/* The bytes of a listing object, held against its name. */
static int take_listing(struct convert_item *item, struct buf *out, bool *old)
{
	const struct object_name *name = &item->wanted.name;
	DV_AUTO_HELD struct held held = HELD_INIT;
	struct origin *o = item->origin;
	struct wanted w = item->wanted;
	struct digest digest;
	int err = 0;

	w.path = NULL;
	for (unsigned n = 0; err != 1; n++) {
		held_release(&held);
		err = o->take(o, &w, n, &held);
		if (ends_all(err))
			return err;
		buf_clear(out);
		if (err || held_read(&held, LISTING_MOST, out))
			continue;
		*old = held.old || name->kind == HASH_MD5_TEXT;
		err = digest_begin(&digest, name, *old);
		if (err)
			return err;
		digest_update(&digest, (uint8_t *)out->data, out->len);
		if (digest_end(&digest))
			return 0;
	}
	return dv_fail(DV_E_NOTFOUND, "the listing of the directory is neither "
		       "here nor at a remote, or is damaged");
}

static void add_job(struct batch *b, struct convert_item *item,
		    struct listing_entry *entry)
{
	ARRAY_GROW(b->jobs, b->job_count + 1, b->job_room);
	b->jobs[b->job_count++] = (struct job){ .item = item, .entry = entry };
}

static void set_tree(struct convert_item *item, const struct tree_entry *tree)
{
	item->pointer = (struct dv_pointer){
		.kind = DV_KIND_TREE, .id = tree->content.id,
		.size = tree->content.size, .files = tree->files,
	};
}

static int plan_directory(struct batch *b, struct convert_item *item,
			  struct listing *listing)
{
	DV_AUTO_BUF struct buf json = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	struct tree_entry tree;
	bool old = false;
	int err = 0;

	if (known_tree(b, item, &tree)) {
		set_tree(item, &tree);
		return 0;
	}
	object_name_show(&item->wanted.name, &name);
	if (item->listing) {
		*listing = *item->listing;
		*item->listing = (struct listing)LISTING_INIT;
	} else {
		err = take_listing(item, &json, &old);
		if (!err)
			err = listing_read(json.data, json.len, name.data, old,
					   listing);
	}
	if (!err)
		err = listing_check(listing, item->listing ? "its files" :
				    name.data);
	if (ends_all(err))
		return err;
	if (err)
		fail_item(item, err);
	for (size_t i = 0; i < listing->count && !err; i++)
		add_job(b, item, &listing->items[i]);
	return 0;
}

static int lacks(const struct listing *l, size_t lost, const char *first)
{
	DV_AUTO_BUF struct buf shown = BUF_INIT;

	path_quote(first, &shown);
	return dv_fail(DV_E_NOTFOUND, "%zu of its %zu files %s neither here "
		       "nor at a remote or damaged, the first: %s", lost,
		       l->count, lost == 1 ? "is" : "are", shown.data);
}

static int finish_directory(struct batch *b, struct convert_item *item,
			    struct listing *listing)
{
	const char *first = NULL;
	struct tree_entry tree;
	size_t lost = 0;
	int err;

	for (size_t i = 0; i < listing->count; i++) {
		if (listing->items[i].found)
			continue;
		first = first ? first : listing->items[i].path;
		lost++;
	}
	if (lost) {
		fail_item(item, lacks(listing, lost, first));
		return 0;
	}
	err = listing_build(listing, record_node, &b->r, &tree);
	if (err)
		return err;
	set_tree(item, &tree);
	learn(b, &item->wanted.name, &tree.content, tree.files);
	return 0;
}

static int finish_file(struct batch *b, struct job *j)
{
	struct convert_item *item = j->item;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	struct object node;
	int err;

	if (!j->found) {
		item->code = j->code;
		item->why = j->why;
		j->why = NULL;
		return 0;
	}
	item->pointer = (struct dv_pointer){
		.kind = DV_KIND_FILE, .size = j->content.size, .files = 1,
	};
	err = file_node_encode(&j->content, item->executable, &bytes,
			       &item->pointer.id);
	node = (struct object){
		.id = item->pointer.id, .len = bytes.len,
		.data = (const uint8_t *)bytes.data,
	};
	return err ? err : record_node(&b->r, &node);
}

/* --- the batch ------------------------------------------------------------ */

static bool is_directory(const struct convert_item *item)
{
	return item->listing || item->wanted.name.directory;
}

static int plan(struct batch *b)
{
	int err = 0;

	for (size_t i = 0; i < b->count && !err; i++) {
		b->listings[i] = (struct listing)LISTING_INIT;
		if (is_directory(&b->items[i]))
			err = plan_directory(b, &b->items[i], &b->listings[i]);
		else
			add_job(b, &b->items[i], NULL);
	}
	return err;
}

static int finish(struct batch *b)
{
	uint64_t stored;
	int err = 0;

	for (size_t i = 0; i < b->job_count && !err; i++)
		if (!b->jobs[i].entry)
			err = finish_file(b, &b->jobs[i]);
	for (size_t i = 0; i < b->count && !err; i++) {
		struct convert_item *item = &b->items[i];

		if (is_directory(item) && !item->why && !item->pointer.kind)
			err = finish_directory(b, item, &b->listings[i]);
	}
	if (!err)
		err = recorder_finish(&b->r, &stored);
	b->c->read_bytes += atomic_load(&b->r.read_bytes);
	b->c->new_bytes += atomic_load(&b->r.new_bytes);
	return err ? err : known_keep(&b->c->known, b->c->repo);
}

int convert(struct converter *c, struct convert_item *items, size_t count)
{
	TRACE_REGION("migrate: convert");
	DV_AUTO_BATCH struct batch b = {
		.c = c, .items = items, .count = count,
	};
	int err = recorder_open(&b.r, c->repo, RECORD_PUT, c->threads,
				&c->meter);

	if (!err)
		err = record_session(&b.r);
	if (err)
		return err;
	c->batch++;
	b.listings = xcalloc(count + 1, sizeof(*b.listings));
	err = plan(&b);
	if (!err)
		err = crew_run(c->threads < b.job_count ? c->threads :
			       b.job_count ? b.job_count : 1, work, &b);
	return err ? err : finish(&b);
}
