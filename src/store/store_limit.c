/* A store that may not grow beyond a limit. */

#include "base/file.h"
#include "store/store_inside.h"

#define MIB	(1024.0 * 1024.0)

void store_set_limit(struct store *s, uint64_t bytes)
{
	s->limit = bytes;
}

/* s->limit_mutex is held. */
static int sum_up(struct store *s)
{
	static const char *const folders[] = { "data", "meta", "loose" };
	uint64_t files = 0;
	int err = 0;

	s->used = 0;
	for (int i = 0; i < 3 && !err; i++) {
		DV_AUTO_BUF struct buf path = BUF_INIT;

		buf_addf(&path, "%s/%s", s->path, folders[i]);
		err = dir_sum(path.data, &files, &s->used);
	}
	s->summed = !err;
	return err;
}

static int refuse(const struct store *s, uint64_t bytes)
{
	int err = dv_fail(DV_E_NOSPACE, "%s has %.1f MiB and would grow by "
			  "%.1f MiB beyond its limit of %.1f MiB", s->path,
			  (double)s->used / MIB, (double)bytes / MIB,
			  (double)s->limit / MIB);

	return dv_hint(err, "dv gc frees what nothing refers to; "
		       "store.limit is the setting");
}

int store_take_room(struct store *s, uint64_t bytes)
{
	int err = 0;

	if (!s->limit)
		return 0;
	pthread_mutex_lock(&s->limit_mutex);
	if (!s->summed)
		err = sum_up(s);
	if (!err && s->used + bytes > s->limit)
		err = refuse(s, bytes);
	if (!err)
		s->used += bytes;
	pthread_mutex_unlock(&s->limit_mutex);
	return err;
}
