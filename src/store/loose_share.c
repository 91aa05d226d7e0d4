/* Sharing the blocks of loose files with files that are not the same. */

#include "store/loose.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/clone.h"
#include "base/crash.h"
#include "base/path.h"
#include "store/store_inside.h"

struct loose_source {
	struct store *store;
	struct pack *part;	/* looked into first; NULL: none */
	bool named;
	struct dv_id name;	/* of the loose file, if named */
	int fd;			/* of that, -1: it is not to be used */
	struct file_stamp stamp;
};

struct loose_source *loose_source_new(struct store *s)
{
	struct loose_source *l = xcalloc(1, sizeof(*l));

	l->store = s;
	l->fd = -1;
	return l;
}

void loose_source_free(struct loose_source *l)
{
	if (!l)
		return;
	auto_close(&l->fd);
	free(l);
}

static bool is_at(const struct place *place, uint32_t len, uint64_t *offset)
{
	struct frame_info info;

	pack_frame_at(place->pack, place->frame, &info);
	*offset = info.offset + place->offset;
	return place->len == len;
}

bool loose_source_here(struct loose_source *l, const struct dv_id *id,
		       uint32_t len, uint64_t *offset)
{
	struct place place;

	return l->part && pack_find(l->part, id, &place) &&
		is_at(&place, len, offset);
}

/* Opens the file that `part` is a part of, unless it is open. */
static bool turn_to(struct loose_source *l, struct pack *part)
{
	const char *hex = path_name(part->path);
	struct dv_id name;

	if (dv_id_from_hex(hex, &name))
		return false;
	if (!l->named || !dv_id_equal(&name, &l->name)) {
		auto_close(&l->fd);
		l->fd = -1;
		l->name = name;
		l->named = true;
		loose_open_name(l->store, &name, &l->fd, &l->stamp);
	}
	l->part = l->fd < 0 ? NULL : part;
	return l->part;
}

bool loose_source_turn(struct loose_source *l, const struct dv_id *id,
		       uint32_t len, uint64_t *offset)
{
	struct place place;

	return loose_source_here(l, id, len, offset) ||
		(store_find_own(l->store, OBJECT_DATA, id, &place) &&
		 place.pack->layout == PACK_LOOSE &&
		 turn_to(l, place.pack) && is_at(&place, len, offset));
}

/* What was cloned has no checks: was anything written until then? */
static int check_after(int fd, const struct file_stamp *stamp)
{
	struct file_stamp is;
	struct stat st;

	if (fstat(fd, &st))
		return dv_fail_errno("cannot look at a loose file");
	loose_stamp(&is, &st);
	/* a link made meanwhile changes ctime too; that is rare */
	if (memcmp(&is, stamp, sizeof(is)))
		return dv_fail(DV_E_CHANGED, "a loose file was changed");
	return 0;
}

int loose_source_clone(struct loose_source *l, uint64_t from, uint64_t len,
		       int to, uint64_t to_at)
{
	int err = clone_range(l->fd, from, len, to, to_at);

	return err ? err : check_after(l->fd, &l->stamp);
}

int loose_clone(struct store *s, const struct content *content, int to)
{
	DV_AUTO_CLOSE int from = -1;
	struct file_stamp stamp;
	int err = loose_open_stamped(s, content, &from, &stamp);

	if (!err) {
		crash_point("loose-before-clone");
		err = clone_fd(from, to);
	}
	return err ? err : check_after(from, &stamp);
}
