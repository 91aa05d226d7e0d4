#include "migrate/history_attributes.h"

#include <string.h>

#include "base/path.h"
#include "git/repo.h"
#include "migrate/lfs_patterns.h"

#define NAME		".gitattributes"
#define TEXT_MOST	((size_t)1 << 20)	/* bytes of one that is read */

void history_attributes_release(struct history_attributes *h)
{
	history_texts_release(&h->texts);
}

/* --- which there are --------------------------------------------------- */

/* The one of the commit at hand. */
static struct history_text *find(struct history_attributes *h,
				 const char *path)
{
	struct history_text *t = h->texts.items + h->texts.count;

	while (t > h->texts.items && (--t)->commit == h->commit)
		if (!strcmp(t->path, path))
			return t;
	return NULL;
}

static struct history_text *touch(struct history_attributes *h,
				  const char *path)
{
	struct history_text *t = find(h, path);

	return t ? t : history_texts_add(&h->texts, h->commit,
					 arena_copy(&h->texts.arena, path,
						    strlen(path)));
}

static void change(struct history_attributes *h, const struct export *e)
{
	const char *path = e->path.data;
	struct history_text *t;

	if (strcmp(h->lfs ? path_name(path) : path, NAME))
		return;
	t = touch(h, path);
	t->stays = e->kind == EXPORT_MODIFY && !e->plain;
	t->name = e->kind == EXPORT_MODIFY ?
		arena_copy(&h->texts.arena, e->blob.data, e->blob.len) : NULL;
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
			h->texts.count--;
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

int history_attributes_read(struct history_attributes *h,
			    struct dv_repo *repo)
{
	return history_texts_read(&h->texts, repo, TEXT_MOST);
}

static void write_one(const struct history_attributes *h,
		      const struct history_text *t, struct buf *out)
{
	bool top = !strcmp(t->path, NAME);
	DV_AUTO_BUF struct buf text = BUF_INIT;

	if (t->stays || (t->name ? !t->text : !top))
		return;
	if (t->text)
		buf_add(&text, t->text, t->len);
	if (h->lfs)
		lfs_except(top, &text);
	if (top)
		drivers_lines(&text);
	if (text.len > t->len)
		import_file(t->path, text.data, text.len, out);
}

void history_attributes_write(struct history_attributes *h, size_t number,
			      struct buf *out)
{
	const struct history_text *t;

	while ((t = history_texts_next(&h->texts, number)))
		write_one(h, t, out);
}
