/* Which packs there are: listing the store's folders again when changed. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/trace.h"
#include "store/store_inside.h"

/* A folder changed so shortly ago may change again under the same time. */
#define RACY_NS		2000000000

/* Ids found in a folder. */
struct id_list {
	struct dv_id *ids;	/* owned */
	uint32_t *parts;	/* owned; only for loose files */
	size_t count, room, part_room;
};

static void list_free(struct id_list *list)
{
	free(list->ids);
	free(list->parts);
}

#define DV_AUTO_LIST	__attribute__((cleanup(list_free)))

static void list_add(struct id_list *list, const struct dv_id *id,
		     uint32_t part)
{
	ARRAY_GROW(list->ids, list->count + 1, list->room);
	ARRAY_GROW(list->parts, list->count + 1, list->part_room);
	list->ids[list->count] = *id;
	list->parts[list->count++] = part;
}

/*
 * 1 when the folder must be listed (again); the stamp is set by what it was
 * before that.  0: nothing new.
 */
static int dir_changed(const char *path, struct dir_stamp *stamp)
{
	int64_t now = clock_real_ns(), mtime;
	struct stat st;

	if (stat(path, &st) < 0) {
		stamp->sure = false;
		if (errno == ENOENT)
			return 0;
		return dv_fail_errno("cannot look at %s", path);
	}
	mtime = timespec_ns(&st.st_mtim);
	if (stamp->sure && stamp->mtime_ns == mtime)
		return 0;
	stamp->mtime_ns = mtime;
	stamp->sure = mtime < now - RACY_NS;
	return 1;
}

/* Calls fn for each name in the folder; a missing one has none. */
static int each_name(const char *path,
		     int (*fn)(const char *name, void *data), void *data)
{
	DV_AUTO_DIR DIR *dir = opendir(path);
	const struct dirent *entry;
	int err = 0;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return fail_access("cannot list", path);
	while (!err) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		err = fn(entry->d_name, data);
	}
	if (!err && errno)
		return dv_fail_errno("cannot list %s", path);
	return err;
}

/* "<hex>" followed by exactly `end`. */
static bool name_is(const char *name, const char *end, struct dv_id *id)
{
	size_t len = strlen(name);

	return len == DV_ID_HEX + strlen(end) &&
		!strcmp(name + DV_ID_HEX, end) && !dv_id_from_hex(name, id);
}

static int take_pack_name(const char *name, void *data)
{
	struct dv_id id;

	if (name_is(name, ".pack", &id))
		list_add(data, &id, MIDX_PACK);
	return 0;
}

/* "<hex>.<n>.idx" */
static int take_loose_name(const char *name, void *data)
{
	unsigned long part;
	struct dv_id id;
	char *end;

	if (strlen(name) <= DV_ID_HEX + 1 || name[DV_ID_HEX] != '.' ||
	    name[DV_ID_HEX + 1] < '0' || name[DV_ID_HEX + 1] > '9' ||
	    dv_id_from_hex(name, &id))
		return 0;
	errno = 0;
	part = strtoul(name + DV_ID_HEX + 1, &end, 10);
	if (!errno && part < MIDX_PACK && !strcmp(end, ".idx"))
		list_add(data, &id, part);
	return 0;
}

/* Part 0 is written last: without it the others do not count yet. */
static void drop_incomplete(const struct store *s, struct id_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;
		struct slot first = { .id = list->ids[i] };

		if (list->parts[i]) {
			slot_path(s, OBJECT_DATA, &first, &path);
			if (access(path.data, F_OK))
				continue;
		}
		list->ids[kept] = list->ids[i];
		list->parts[kept++] = list->parts[i];
	}
	list->count = kept;
}

/*
 * What is known of this folder and was not listed: it was removed, unless it
 * came while we listed.  s->lock is held for writing.
 */
static bool drop_unlisted(struct store *s, enum object_class class,
			  const struct id_list *list, int loose_dir)
{
	struct class_table *t = &s->classes[class];
	DV_AUTO_ID_MAP struct id_map listed = ID_MAP_INIT;
	bool gone = false;

	for (size_t i = 0; i < list->count; i++)
		id_map_put(&listed, &list->ids[i], 0, NULL);
	for (size_t i = 0; i < t->count; i++) {
		struct slot *slot = t->slots[i];
		int state = atomic_load(&slot->state);
		DV_AUTO_BUF struct buf path = BUF_INIT;

		if (loose_dir < 0 ? slot->part != MIDX_PACK :
		    slot->part == MIDX_PACK || slot->id.bytes[0] != loose_dir)
			continue;
		if ((state != SLOT_CLOSED && state != SLOT_OPEN) ||
		    id_map_get(&listed, &slot->id))
			continue;
		slot_path(s, class, slot, &path);
		if (!access(path.data, F_OK))
			continue;
		atomic_store(&slot->state, SLOT_GONE);
		gone = true;
	}
	return gone;
}

/* loose_dir: -1, or the number of the folder of loose files listed. */
static void take_listed(struct store *s, enum object_class class,
			const struct id_list *list, int loose_dir)
{
	struct class_table *t = &s->classes[class];
	bool more = false, back;

	pthread_rwlock_wrlock(&s->lock);
	back = drop_unlisted(s, class, list, loose_dir);
	for (size_t i = 0; i < list->count; i++) {
		size_t before = t->count;
		struct slot *slot = table_add(t, &list->ids[i],
					      list->parts[i]);

		more |= t->count > before;
		/* it was taken away and came back: look at it anew */
		if (t->count == before &&
		    atomic_load(&slot->state) == SLOT_GONE) {
			slot_reset(s, slot);
			back = true;
		}
	}
	if (back)
		table_rebuild(t);
	if (more || back)
		atomic_fetch_add(&s->generation, 1);
	pthread_rwlock_unlock(&s->lock);
}

static int refresh_class(struct store *s, enum object_class class)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_LIST struct id_list list = { NULL, NULL, 0, 0, 0 };
	int err;

	store_class_dir(s, class, &path);
	err = dir_changed(path.data, &s->classes[class].stamp);
	if (err <= 0)
		return err;
	err = each_name(path.data, take_pack_name, &list);
	if (err)
		s->classes[class].stamp.sure = false;
	else
		take_listed(s, class, &list, -1);
	return err;
}

static int refresh_loose_dir(struct store *s, unsigned n)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_LIST struct id_list list = { NULL, NULL, 0, 0, 0 };
	int err;

	buf_addf(&path, "%s/loose/%02x", s->path, n);
	err = dir_changed(path.data, &s->loose_dirs[n]);
	if (err <= 0)
		return err;
	err = each_name(path.data, take_loose_name, &list);
	if (err) {
		s->loose_dirs[n].sure = false;
		return err;
	}
	drop_incomplete(s, &list);
	take_listed(s, OBJECT_DATA, &list, n);
	return 0;
}

static int take_dir_name(const char *name, void *data)
{
	static const char digits[] = "0123456789abcdef";
	struct dir_stamp *stamps = data;
	const char *high, *low;

	if (strlen(name) != 2)
		return 0;
	high = strchr(digits, name[0]);
	low = strchr(digits, name[1]);
	if (high && low)
		stamps[(high - digits) * 16 + (low - digits)].there = true;
	return 0;
}

static int refresh_loose(struct store *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	int err;

	buf_addf(&path, "%s/loose", s->path);
	err = dir_changed(path.data, &s->loose_stamp);
	if (err > 0)
		err = each_name(path.data, take_dir_name, s->loose_dirs);
	if (err)
		s->loose_stamp.sure = false;
	for (unsigned n = 0; n < LOOSE_DIRS && !err; n++)
		if (s->loose_dirs[n].there)
			err = refresh_loose_dir(s, n);
	return err;
}

struct index_names {
	struct id_list merged, bad;
};

static int take_index_name(const char *name, void *data)
{
	struct index_names *names = data;
	struct dv_id id;

	if (name_is(name, ".midx", &id))
		list_add(&names->merged, &id, 0);
	else if (name_is(name, ".bad", &id))
		list_add(&names->bad, &id, 0);
	return 0;
}

/* What is in index/ helps; nothing there is needed. */
static void refresh_index(struct store *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct index_names names = { { 0 }, { 0 } };
	bool new = false;

	buf_addf(&path, "%s/index", s->path);
	if (dir_changed(path.data, &s->index_stamp) > 0 &&
	    !each_name(path.data, take_index_name, &names)) {
		for (size_t i = 0; i < names.bad.count; i++)
			store_load_bad(s, &names.bad.ids[i]);
		for (size_t i = 0; i < names.merged.count; i++)
			new |= store_load_midx(s, &names.merged.ids[i]);
		if (new) {
			store_settle_merged(s, OBJECT_DATA);
			store_settle_merged(s, OBJECT_META);
		}
	}
	list_free(&names.merged);
	list_free(&names.bad);
}

int store_refresh(struct store *s)
{
	TRACE_REGION("store: refresh");
	int err = 0;

	pthread_mutex_lock(&s->merge_mutex);
	for (int class = 0; class < OBJECT_CLASSES && !err; class++)
		err = refresh_class(s, class);
	if (!err)
		err = refresh_loose(s);
	if (!err)
		refresh_index(s);
	pthread_mutex_unlock(&s->merge_mutex);
	for (size_t i = 0; i < s->fallback_count && !err; i++)
		err = store_refresh(s->fallbacks[i]);
	return err;
}
