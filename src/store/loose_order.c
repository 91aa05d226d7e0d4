/*
 * Whole files of other users.  That the chunks which an index names are in them
 * is verified when it is opened (trust.c); a whole file is used as a whole, so
 * that they are those of its content, in that order, has to be as well.  Its
 * name is made of the list of them.
 */

#include "store/store_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/auto.h"
#include "store/list.h"
#include "store/loose.h"

static int drop_node(void *data, const struct object *node)
{
	(void)data;
	(void)node;
	return 0;
}

/* Adds the chunks of a part, which begins at *at. */
static int add_part(struct list_builder *b, struct pack *part,
		    uint64_t *at)
{
	DV_AUTO_FREE uint32_t *order = xcalloc((size_t)part->objects + 1,
					       sizeof(*order));
	int err = 0;

	pack_order(part, order);
	for (uint32_t i = 0; i < part->objects && !err; i++) {
		struct frame_info frame;
		struct place place;

		pack_place_at(part, order[i], &place);
		pack_frame_at(part, place.frame, &frame);
		if (frame.offset + place.offset != *at)
			return dv_fail(DV_E_CORRUPT, "there is a gap");
		err = list_builder_add(b, pack_id_at(part, order[i]),
				       place.len);
		*at += place.len;
	}
	return err;
}

static bool is_as_verified(struct store *s, const struct dv_id *name,
			   uint32_t n, const struct pack *part,
			   const struct stat *st)
{
	DV_AUTO_BUF struct buf index = BUF_INIT;
	struct trust trust;

	loose_part_path(s, name, n, &index);
	trust_look_at(&trust, index.data, part->path, st);
	return trust.strange && dv_id_equal(&trust.stamp, &part->verified);
}

bool loose_is_verified(struct store *s, const struct dv_id *name, int fd)
{
	struct list_builder *b = list_builder_new(drop_node, NULL);
	struct content content;
	struct pack *part;
	struct dv_id is;
	struct stat st;
	uint64_t at = 0;
	int err = fstat(fd, &st) ? DV_E_IO : 0;

	for (uint32_t n = 0; !err && loose_part(s, name, n, &part); n++)
		err = is_as_verified(s, name, n, part, &st) ?
			add_part(b, part, &at) : DV_E_CHANGED;
	if (err) {
		list_builder_free(b);
		return false;
	}
	return !list_builder_finish(b, &content) && content.size &&
		content.size == (uint64_t)st.st_size &&
		!loose_name(&content, &is) && dv_id_equal(&is, name);
}
