#include "migrate/history_attributes.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "git/repo.h"
#include "migrate/blobs.h"
#include "migrate/lfs_patterns.h"

#define NAME		".gitattributes"
#define TEXT_MOST	((size_t)1 << 20)	/* bytes of one that is read */

void history_attributes_release(struct history_attributes *h)
{
	free(h->touches);
	arena_release(&h->arena);
}

/* --- which there are --------------------------------------------------- */

/* The one of the commit at hand. */
static struct attributes_touch *find(struct history_attributes *h,
				     const char *path)
{
	for (size_t i = h->count; i && h->touches[i - 1].commit == h->commit;
	     i--)
		if (!strcmp(h->touches[i - 1].path, path))
			return &h->touches[i - 1];
	return NULL;
}

static struct attributes_touch *touch(struct history_attributes *h,
				      const char *path)
{
	struct attributes_touch *t = find(h, path);

	if (t)
		return t;
	ARRAY_GROW(h->touches, h->count + 1, h->room);
	t = &h->touches[h->count++];
	*t = (struct attributes_touch){
		.commit = h->commit,
		.path = arena_copy(&h->arena, path, strlen(path)),
	};
	return t;
}

static void change(struct history_attributes *h, const struct export *e)
{
	const char *path = e->path.data;
	struct attributes_touch *t;

	if (strcmp(h->lfs ? path_name(path) : path, NAME))
		return;
	t = touch(h, path);
	t->foreign = e->kind == EXPORT_MODIFY && !e->plain;
	t->blob = e->kind == EXPORT_MODIFY ?
		arena_copy(&h->arena, e->blob.data, e->blob.len) : NULL;
}

void history_attributes_take(struct history_attributes *h,
			     const struct export *e)
{
	switch (e->kind) {
	case EXPORT_COMMIT:
		h->commit++;
		h->open = true;
		touch(h, NAME);
		break;
	case EXPORT_FROM:
		/* what its parent has, it has */
		if (h->open && find(h, NAME))
			h->count--;
		break;
	case EXPORT_MODIFY:
	case EXPORT_DELETE:
		change(h, e);
		break;
	case EXPORT_RESET:
	case EXPORT_TAG:
	case EXPORT_END:
		h->open = false;
		break;
	default:
		break;
	}
}

/* --- what they say ----------------------------------------------------- */

static int take_text(void *data, size_t n, const char *text, size_t len)
{
	struct history_attributes *h = data;

	if (!text)
		return 0;
	h->touches[n].text = arena_copy(&h->arena, text, len);
	h->touches[n].len = len;
	return 0;
}

int history_attributes_read(struct history_attributes *h,
			    struct dv_repo *repo)
{
	const char **names = xcalloc(h->count + 1, sizeof(*names));
	int err;

	/* one that is not there has no name either */
	for (size_t i = 0; i < h->count; i++)
		names[i] = h->touches[i].blob ? h->touches[i].blob : "-";
	err = blobs_read(repo, names, h->count, TEXT_MOST, take_text, h);
	free(names);
	return err;
}

static void write_one(const struct history_attributes *h,
		      const struct attributes_touch *t, struct buf *out)
{
	bool top = !strcmp(t->path, NAME);
	DV_AUTO_BUF struct buf text = BUF_INIT;

	if (t->foreign || (t->blob && !t->text) || (!t->blob && !top))
		return;
	if (t->text)
		buf_add(&text, t->text, t->len);
	if (h->lfs)
		lfs_except(top, &text);
	if (top)
		drivers_line(&text);
	if (text.len > t->len)
		import_file(t->path, text.data, text.len, out);
}

void history_attributes_write(struct history_attributes *h, size_t number,
			      struct buf *out)
{
	for (; h->next < h->count && h->touches[h->next].commit == number;
	     h->next++)
		write_one(h, &h->touches[h->next], out);
}
