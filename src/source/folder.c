/* Taking a folder at a URL: what it holds is listed, then its files are got. */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/crash.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/meter.h"
#include "chunk/sha256.h"
#include "git/repo.h"
#include "migrate/held.h"
#include "migrate/ingest.h"
#include "source/taken.h"
#include "source/url_source.h"
#include "work/record.h"

#define BATCH_BYTES	((uint64_t)1 << 30)	/* made durable together */
#define BATCH_FILES	((size_t)50000)
#define JOBS		8

/* --- what is there ------------------------------------------------------- */

struct looking {
	struct url_source *source;
	struct url_state *state;
	uint64_t bytes;		/* of the listing in memory */
	bool nameless;		/* the version of some file has no name */
};

static int take_listed(void *data, const char *path,
		       const struct remote_facts *facts)
{
	struct looking *l = data;
	const struct listing_entry e = {
		.path = path, .size = facts->size,
		.version = *facts->version ? facts->version : NULL,
	};

	l->bytes += sizeof(e) + strlen(path) + strlen(facts->version);
	if (l->bytes > LISTING_MOST ||
	    l->state->size + facts->size < facts->size)
		return dv_fail(DV_E_UNSUPPORTED, "%s has more files than can "
			       "be taken at once", l->source->url);
	l->state->files++;
	l->state->size += facts->size;
	l->nameless |= !e.version;
	listing_add(&l->state->listing, &e);
	return cancel_check();
}

/* For each file in order: "<size> <version>", 0, "<path>", 0. */
static void name_version(struct url_state *s)
{
	struct sha256_stream *stream = sha256_begin();
	char hex[DV_ID_HEX + 1];
	struct dv_id id;

	for (size_t i = 0; i < s->listing.count; i++) {
		const struct listing_entry *e = &s->listing.items[i];
		char head[32 + sizeof(s->version)];
		int len = snprintf(head, sizeof(head), "%llu %s",
				   (unsigned long long)e->size, e->version);

		sha256_update(stream, head, len + 1);
		sha256_update(stream, e->path, strlen(e->path) + 1);
	}
	sha256_end(stream, &id);
	dv_id_to_hex(&id, hex);
	snprintf(s->version, sizeof(s->version), "sha256:%s", hex);
}

int folder_look(struct url_source *u, struct url_state *out)
{
	struct looking l = { .source = u, .state = out };
	int err;

	url_state_release(out);
	*out = (struct url_state)URL_STATE_INIT;
	err = remote_list_files(u->remote, take_listed, &l);
	if (!err && !out->files)
		err = dv_fail(DV_E_NOTFOUND, "there are no files at %s",
			      u->url);
	if (!err)
		err = listing_check(&out->listing, u->url);
	if (!err && !l.nameless)
		name_version(out);
	return err;
}

/* --- its files ----------------------------------------------------------- */

struct taking {
	struct url_source *source;
	struct recorder r;
	struct meter *meter;
	const char *temp_dir;
	struct listing_entry *items;	/* of the batch */
	size_t count;
	_Atomic uint64_t bytes;
};

struct one {
	struct remote *remote;
	const char *path;
};

static int get_one(void *data, const struct remote_sink *sink)
{
	const struct one *f = data;

	return remote_get_rest(f->remote, f->path, 0, sink);
}

static int take_file(struct taking *t, unsigned worker,
		     struct listing_entry *e)
{
	DV_AUTO_HELD struct held held = HELD_INIT;
	struct one one = { t->source->remote, e->path };
	bool right, trouble;
	int err = held_receive(&held, t->temp_dir, get_one, &one);

	if (err == DV_E_NOTFOUND || (!err && held.size != e->size))
		err = url_changed(t->source);
	if (!err)
		err = ingest(&t->r, &t->r.workers[worker], &held, NULL,
			     &right, &trouble, &e->content);
	if (err)
		return err;
	e->found = true;
	atomic_fetch_add(&t->bytes, held.size);
	meter_add(t->meter, 0, 1);
	return 0;
}

static int take_one(void *data, unsigned worker, size_t i)
{
	struct taking *t = data;

	return t->items[i].found ? 0 : take_file(t, worker, &t->items[i]);
}

/* How many items come next: few enough not to be missed after a kill. */
static size_t batch_size(const struct listing_entry *items, size_t count)
{
	uint64_t bytes = 0;
	size_t n = 0, missing = 0;

	for (; n < count && missing < BATCH_FILES; n++) {
		if (items[n].found)
			continue;
		if (missing++ && bytes + items[n].size > BATCH_BYTES)
			break;
		bytes += items[n].size;
	}
	return n;
}

/* One batch: got, made durable, noted. */
static int take_batch(struct dv_repo *repo, struct taking *t, unsigned jobs,
		      const char *taken)
{
	uint64_t stored;
	int err = recorder_open(&t->r, repo, RECORD_PUT, jobs, t->meter);

	if (!err)
		err = record_session(&t->r);
	if (!err)
		err = crew_each(t->r.threads, t->count, take_one, t);
	if (!err)
		err = recorder_finish(&t->r, &stored);
	recorder_release(&t->r);
	if (!err)
		err = taken_append(taken, t->items, t->count);
	crash_point("source-after-batch");
	return err;
}

static int take_all(struct dv_repo *repo, struct taking *t,
		    struct listing *l, unsigned jobs, const char *taken)
{
	int err = 0;

	for (size_t at = 0; at < l->count && !err; at += t->count) {
		t->items = l->items + at;
		t->count = batch_size(t->items, l->count - at);
		err = take_batch(repo, t, jobs, taken);
	}
	return err;
}

/* --- the tree ------------------------------------------------------------ */

static int build(struct dv_repo *repo, const struct listing *l,
		 struct meter *meter, struct dv_pointer *out)
{
	struct recorder r;
	struct tree_entry tree;
	uint64_t stored;
	int err = recorder_open(&r, repo, RECORD_PUT, 1, meter);

	if (!err)
		err = record_session(&r);
	if (!err)
		err = listing_build(l, record_node, &r, &tree);
	if (!err)
		err = recorder_finish(&r, &stored);
	recorder_release(&r);
	if (err)
		return err;
	*out = (struct dv_pointer){
		.kind = DV_KIND_TREE, .id = tree.content.id,
		.size = tree.content.size, .files = tree.files,
	};
	return 0;
}

/* What was got piece by piece must have been there all at once. */
static int check_again(struct url_source *u, const struct url_state *before)
{
	DV_AUTO_URL_STATE struct url_state now = URL_STATE_INIT;
	int err = folder_look(u, &now);

	if (err == DV_E_NOTFOUND ||
	    (!err && (strcmp(now.version, before->version) ||
		      now.size != before->size || now.files != before->files)))
		return url_changed(u);
	return err;
}

static uint64_t missing_bytes(const struct listing *l, uint64_t *files)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < l->count; i++) {
		bytes += l->items[i].found ? 0 : l->items[i].size;
		*files += !l->items[i].found;
	}
	return bytes;
}

int folder_take(struct dv_repo *repo, struct url_source *u,
		struct url_state *state, const struct dv_source_options *o,
		struct import *out)
{
	struct taking t = { .source = u };
	DV_AUTO_BUF struct buf taken = BUF_INIT;
	struct store *store;
	struct meter meter;
	uint64_t bytes, files = 0;
	int err = repo_store(repo, &store);

	buf_addf(&taken, "%s/listing", u->dir);
	if (!err)
		err = store_temp_dir(store, &t.temp_dir);
	if (!err)
		err = taken_apply(taken.data, store, &state->listing);
	if (err)
		return err;
	t.meter = &meter;
	meter_start(&meter, &o->progress, "downloading", "files");
	bytes = missing_bytes(&state->listing, &files);
	meter_total(&meter, bytes, files);
	if (files)
		err = take_all(repo, &t, &state->listing, o->jobs ? o->jobs :
			       JOBS, taken.data);
	if (!err && files)
		err = check_again(u, state);
	if (!err)
		err = build(repo, &state->listing, &meter, &out->pointer);
	meter_finish(&meter);
	out->bytes = atomic_load(&t.bytes);
	return err ? err : taken_write(taken.data, &state->listing);
}
