#include "keep/lost.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define HEAD		"dv-lost 1\n"
#define LINE		(5 + DV_ID_HEX + 1)	/* "data <hex>\n" */
#define FILE_MOST	((size_t)64 << 20)

static const char *const names[OBJECT_CLASSES] = {
	[OBJECT_DATA] = "data ", [OBJECT_META] = "meta ",
};

void lost_release(struct lost *l)
{
	for (int class = 0; class < OBJECT_CLASSES; class++)
		id_map_release(&l->objects[class]);
}

void lost_add(struct lost *l, enum object_class class, const struct dv_id *id)
{
	bool added;

	id_map_put(&l->objects[class], id, 0, &added);
	l->changed |= added;
}

bool lost_has(const struct lost *l, enum object_class class,
	      const struct dv_id *id)
{
	return id_map_get(&l->objects[class], id);
}

static void lost_path(const struct store *s, struct buf *out)
{
	buf_addf(out, "%s/lost", store_path(s));
}

void lost_read(struct store *s, struct lost *l)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct dv_id id;

	lost_path(s, &path);
	if (file_read(path.data, FILE_MOST, &text) ||
	    strncmp(text.data, HEAD, strlen(HEAD)))
		return;
	for (size_t at = strlen(HEAD); at + LINE <= text.len; at += LINE)
		for (int class = 0; class < OBJECT_CLASSES; class++)
			if (!memcmp(text.data + at, names[class], 5) &&
			    !dv_id_from_hex(text.data + at + 5, &id))
				lost_add(l, class, &id);
	l->changed = false;
}

struct writing {
	struct store *store;
	struct buf *out;
	enum object_class class;
	bool dropped;
};

static int write_line(const struct dv_id *id, uint64_t value, void *data)
{
	struct writing *w = data;
	char hex[DV_ID_HEX + 1];
	struct place place;

	(void)value;
	if (store_find(w->store, w->class, id, &place)) {
		w->dropped = true;
	} else if (w->out->len + LINE <= FILE_MOST) {
		dv_id_to_hex(id, hex);
		buf_addf(w->out, "%s%s\n", names[w->class], hex);
	}
	return 0;
}

int lost_write(struct store *s, struct lost *l)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct writing w = { .store = s, .out = &text };
	int err = 0;

	buf_addstr(&text, HEAD);
	for (int class = 0; class < OBJECT_CLASSES; class++) {
		w.class = class;
		id_map_each(&l->objects[class], write_line, &w);
	}
	if (!l->changed && !w.dropped)
		return 0;
	lost_path(s, &path);
	if (text.len > strlen(HEAD))
		err = file_replace(path.data, text.data, text.len,
				   NEWFILE_SHARED | NEWFILE_SHARED_WRITE);
	else if (unlink(path.data) < 0 && errno != ENOENT)
		err = dv_fail_errno("cannot remove %s", path.data);
	/* who cannot write here leaves it to those who can */
	return access(store_path(s), W_OK) < 0 ? 0 : err;
}
