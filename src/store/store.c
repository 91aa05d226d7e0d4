/* Opening a store, and the packs in it. */

#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/crash.h"
#include "base/path.h"
#include "base/trace.h"
#include "chunk/sha256.h"
#include "store/pack_write.h"
#include "store/store_inside.h"

static const char format_text[] = "dv-store 1\n";

/* --- names ------------------------------------------------------------- */

void store_class_dir(const struct store *s, enum object_class class,
		     struct buf *out)
{
	buf_addf(out, "%s/%s", s->path,
		 class == OBJECT_META ? "meta" : "data");
}

void loose_path(const struct store *s, const struct dv_id *id,
		struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	dv_id_to_hex(id, hex);
	buf_addf(out, "%s/loose/%.2s/%s", s->path, hex, hex);
}

void slot_path(const struct store *s, enum object_class class,
	       const struct slot *slot, struct buf *out)
{
	char hex[DV_ID_HEX + 1];

	if (slot->part != MIDX_PACK) {
		loose_path(s, &slot->id, out);
		buf_addf(out, ".%u.idx", slot->part);
		return;
	}
	dv_id_to_hex(&slot->id, hex);
	store_class_dir(s, class, out);
	buf_addf(out, "/%s.pack", hex);
}

/* --- opening ----------------------------------------------------------- */

static const char *const dir_names[] = {
	"data", "meta", "loose", "index", "have", "quarantine", "tmp", "users",
};

#define DIR_NAMES	(sizeof(dir_names) / sizeof(*dir_names))

static int make_dirs(const char *path)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err = 0;

	for (size_t i = 0; i < DIR_NAMES && !err; i++) {
		buf_clear(&name);
		buf_addf(&name, "%s/%s", path, dir_names[i]);
		err = dir_make_in(name.data);
	}
	return err;
}

/* The format file comes last: a store without one is not complete yet. */
static int create(const char *path, const char *format)
{
	int err = dir_make(path);

	if (!err)
		err = make_dirs(path);

	if (!err)
		err = file_replace(format, format_text,
				   sizeof(format_text) - 1, NEWFILE_SHARED);
	crash_point("store-made");
	return err ? err : dir_sync(path);
}

static int check_format(const char *path, enum store_open_flags flags)
{
	DV_AUTO_BUF struct buf format = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	buf_addf(&format, "%s/format", path);
	err = file_read(format.data, 4096, &text);
	if (err == DV_E_IO)
		return fail_access("cannot read", format.data);
	if (err == DV_E_NOTFOUND && (flags & STORE_CREATE))
		return create(path, format.data);
	if (err == DV_E_NOTFOUND)
		return dv_fail(DV_E_NOTFOUND, "no store at %s", path);
	if (err)
		return err;
	/* some programs that copy folders leave empty ones out */
	if (!strcmp(text.data, format_text))
		return flags & STORE_CREATE ? make_dirs(path) : 0;
	if (!strncmp(text.data, "dv-store ", 9))
		return dv_hint(dv_fail(DV_E_UNSUPPORTED,
			"%s: a store of a later format", path),
			"use a newer dv");
	return dv_fail(DV_E_CORRUPT, "%s: not the format file of a store",
		       format.data);
}

static struct store *store_new(const char *path, enum store_open_flags flags)
{
	struct store *s = xcalloc(1, sizeof(*s));
	pthread_rwlockattr_t attr;

	s->path = xstrdup(path);
	s->flags = flags;
	s->temp_lock = -1;
	/* readers come all the time: writers would wait for ever */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr,
		PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&s->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	for (int i = 0; i < OPEN_MUTEXES; i++)
		pthread_mutex_init(&s->open_mutex[i], NULL);
	pthread_mutex_init(&s->merge_mutex, NULL);
	pthread_mutex_init(&s->temp_mutex, NULL);
	pthread_mutex_init(&s->error_mutex, NULL);
	pthread_mutex_init(&s->hold_mutex, NULL);
	pthread_mutex_init(&s->limit_mutex, NULL);
	s->hold_fd = -1;
	pthread_mutex_init(&s->seen.mutex, NULL);
	bad_init(&s->bad);
	return s;
}

int store_open(const char *path, enum store_open_flags flags,
	       struct store **out)
{
	TRACE_REGION("store: open");
	int err = check_format(path, flags);

	*out = NULL;
	if (err)
		return err;
	*out = store_new(path, flags);
	err = store_refresh(*out);
	if (err) {
		store_close(*out);
		*out = NULL;
	}
	return err;
}

int store_share(struct store *s, enum store_sharing how)
{
	struct stat st;

	if (how == STORE_PRIVATE || (s->flags & STORE_READ_ONLY))
		return 0;
	if (stat(s->path, &st) < 0)
		return dv_fail_errno("cannot look at %s", s->path);
	if (st.st_uid != geteuid() ||
	    (dir_is_shared(&st) && (how == STORE_GROUP ||
				    (st.st_mode & S_IXOTH))))
		return 0;
	return dir_share(s->path, how == STORE_ALL);
}

static void table_release(struct class_table *t)
{
	for (size_t i = 0; i < t->merged_count; i++) {
		midx_close(t->merged[i].midx);
		free(t->merged[i].slots);
	}
	for (size_t i = 0; i < t->count; i++) {
		pack_close(atomic_load(&t->slots[i]->pack));
		free(t->slots[i]);
	}
	free(t->merged);
	free(t->slots);
	free(t->fresh);
	id_map_release(&t->numbers);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_temp_release(s);
	for (size_t i = 0; i < s->fallback_count; i++)
		store_close(s->fallbacks[i]);
	free(s->fallbacks);
	for (int i = 0; i < OBJECT_CLASSES; i++)
		table_release(&s->classes[i]);
	for (size_t i = 0; i < s->retired_count; i++)
		pack_close(s->retired[i]);
	free(s->retired);
	pthread_mutex_destroy(&s->seen.mutex);
	id_map_release(&s->seen.known);
	bad_release(&s->bad);
	pthread_rwlock_destroy(&s->lock);
	for (int i = 0; i < OPEN_MUTEXES; i++)
		pthread_mutex_destroy(&s->open_mutex[i]);
	pthread_mutex_destroy(&s->merge_mutex);
	pthread_mutex_destroy(&s->temp_mutex);
	pthread_mutex_destroy(&s->error_mutex);
	pthread_mutex_destroy(&s->hold_mutex);
	pthread_mutex_destroy(&s->limit_mutex);
	if (s->hold_fd >= 0)
		close(s->hold_fd);
	free(s->path);
	free(s);
}

int store_add_fallback(struct store *s, const char *path)
{
	struct store *fallback;
	int err = store_open(path, STORE_READ_ONLY, &fallback);

	if (err)
		return err;
	ARRAY_GROW(s->fallbacks, s->fallback_count + 1, s->fallback_room);
	s->fallbacks[s->fallback_count++] = fallback;
	fallback->seen.noted_in = s;
	return 0;
}

const char *store_path(const struct store *s)
{
	return s->path;
}

uint64_t store_generation(const struct store *s)
{
	uint64_t sum = atomic_load(&s->generation);

	for (size_t i = 0; i < s->fallback_count; i++)
		sum += store_generation(s->fallbacks[i]);
	return sum;
}

/* --- slots ------------------------------------------------------------- */

/* Packs are named by their id, parts of loose files by id and number. */
static void slot_key(const struct dv_id *id, uint32_t part,
		     struct dv_id *out)
{
	*out = *id;
	for (int i = 0; i < 4; i++)
		out->bytes[DV_ID_SIZE - 1 - i] ^= ~part >> (8 * i);
}

struct slot *table_slot(struct class_table *t, const struct dv_id *id,
			uint32_t part)
{
	struct dv_id key;
	uint64_t *at;

	slot_key(id, part, &key);
	at = id_map_get(&t->numbers, &key);
	return at ? t->slots[*at] : NULL;
}

struct slot *table_add(struct class_table *t, const struct dv_id *id,
		       uint32_t part)
{
	struct slot *slot;
	struct dv_id key;
	uint64_t at;
	bool added;

	slot_key(id, part, &key);
	at = *id_map_put(&t->numbers, &key, t->count, &added);
	if (!added)
		return t->slots[at];
	slot = xcalloc(1, sizeof(*slot));
	slot->id = *id;
	slot->part = part;
	ARRAY_GROW(t->slots, t->count + 1, t->room);
	t->slots[t->count++] = slot;
	ARRAY_GROW(t->fresh, t->fresh_count + 1, t->fresh_room);
	t->fresh[t->fresh_count++] = slot;
	atomic_store(&t->waiting, t->fresh_count);
	return slot;
}

void table_rebuild(struct class_table *t)
{
	t->fresh_count = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct slot *slot = t->slots[i];
		int state = atomic_load(&slot->state);

		if (slot->merged || state == SLOT_BAD || state == SLOT_GONE)
			continue;
		ARRAY_GROW(t->fresh, t->fresh_count + 1, t->fresh_room);
		t->fresh[t->fresh_count++] = slot;
	}
	atomic_store(&t->waiting, t->fresh_count);
}

/* What goes wrong here is told by whoever misses an object. */
static void open_failed(struct store *s, struct slot *slot, int err)
{
	if (err == DV_E_NOTFOUND) {
		atomic_store(&slot->state, SLOT_GONE);
		return;
	}
	if (err == DV_E_CORRUPT)
		atomic_store(&slot->state, SLOT_BAD);
	pthread_mutex_lock(&s->error_mutex);
	if (!s->open_error.code)
		error_save(err, &s->open_error);
	pthread_mutex_unlock(&s->error_mutex);
}

static pthread_mutex_t *open_mutex_of(struct store *s, const struct dv_id *id)
{
	return &s->open_mutex[id->bytes[0] % OPEN_MUTEXES];
}

struct pack *slot_open(struct store *s, enum object_class class,
		       struct slot *slot)
{
	pthread_mutex_t *mutex = open_mutex_of(s, &slot->id);
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf data = BUF_INIT;
	struct pack *pack = NULL;
	int err = 0;

	if (atomic_load(&slot->state) == SLOT_OPEN)
		return atomic_load(&slot->pack);
	pthread_mutex_lock(mutex);
	if (atomic_load(&slot->state) == SLOT_CLOSED) {
		struct trust trust;

		slot_path(s, class, slot, &path);
		if (slot->part != MIDX_PACK)
			loose_path(s, &slot->id, &data);
		trust_look(&trust, path.data, data.len ? data.data : NULL);
		if (slot->part == MIDX_PACK) {
			err = pack_open(path.data, &slot->id, &pack);
		} else {
			err = pack_open_index(path.data, NULL, data.data, 0,
					      &pack);
		}
		if (!err && pack->class != class)
			err = dv_fail(DV_E_CORRUPT, "%s: in the wrong folder",
				      path.data);
		if (!err)
			err = trust_check(s, &trust, pack);
		if (err) {
			pack_close(pack);
			open_failed(s, slot, err);
		} else {
			atomic_store(&slot->pack, pack);
			atomic_store(&slot->state, SLOT_OPEN);
		}
	}
	pack = NULL;
	if (atomic_load(&slot->state) == SLOT_OPEN)
		pack = atomic_load(&slot->pack);
	pthread_mutex_unlock(mutex);
	return pack;
}

/* Places may still name it.  s->lock is held for writing. */
static void retire(struct store *s, struct pack *pack)
{
	if (!pack)
		return;
	ARRAY_GROW(s->retired, s->retired_count + 1, s->retired_room);
	s->retired[s->retired_count++] = pack;
}

void slot_reset(struct store *s, struct slot *slot)
{
	pthread_mutex_t *mutex = open_mutex_of(s, &slot->id);

	pthread_mutex_lock(mutex);
	retire(s, atomic_exchange(&slot->pack, NULL));
	atomic_store(&slot->state, SLOT_CLOSED);
	pthread_mutex_unlock(mutex);
}

void store_add_pack(struct store *s, struct pack *pack,
		    const struct dv_id *name, uint32_t part)
{
	struct class_table *t = &s->classes[pack->class];
	pthread_mutex_t *mutex = open_mutex_of(s, name);
	struct slot *slot;
	int state;

	store_forget_bad(s, pack);
	pthread_rwlock_wrlock(&s->lock);
	slot = table_add(t, name, part);
	pthread_mutex_lock(mutex);
	retire(s, atomic_exchange(&slot->pack, pack));
	state = atomic_exchange(&slot->state, SLOT_OPEN);
	pthread_mutex_unlock(mutex);
	if (state == SLOT_BAD || state == SLOT_GONE)
		table_rebuild(t);
	atomic_fetch_add(&s->generation, 1);
	pthread_rwlock_unlock(&s->lock);
}
