#include "migrate/history_ignore.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "git/repo.h"
#include "migrate/blobs.h"
#include "migrate/export.h"

#define NAME		".gitignore"
#define TEXT_MOST	((size_t)64 << 20)	/* bytes of one that is kept */

void history_ignore_release(struct history_ignore *h)
{
	for (size_t i = 0; i < h->dir_names.count; i++)
		buf_release(&h->dirs[i].lines);
	free(h->dirs);
	free(h->touches);
	names_release(&h->names);
	names_release(&h->dir_names);
	arena_release(&h->arena);
}

static void touch(struct history_ignore *h, size_t number, const char *id,
		  uint32_t n)
{
	struct ignore_dir *dir = &h->dirs[n];

	if (!dir->last || h->touches[dir->last - 1].commit != number) {
		ARRAY_GROW(h->touches, h->count + 1, h->room);
		h->touches[h->count++] = (struct ignore_touch){
			.commit = number, .id = id, .dir = n,
		};
		dir->last = h->count;
	}
	h->touches[dir->last - 1].len = dir->lines.len;
}

void history_ignore_data(struct history_ignore *h, size_t number,
			 const char *id, const char *path)
{
	size_t before = h->names.count, dirs = h->dir_names.count;
	uint32_t n = names_add(&h->dir_names, path, path_parent_len(path));

	if (h->dir_names.count > dirs) {
		ARRAY_GROW(h->dirs, h->dir_names.count, h->dir_room);
		h->dirs[n] = (struct ignore_dir){ BUF_INIT, 0 };
	}
	names_add(&h->names, path, strlen(path));
	if (h->names.count > before) {
		gitignore_line(path_name(path), &h->dirs[n].lines);
		buf_addch(&h->dirs[n].lines, '\n');
	}
	touch(h, number, id, n);
}

void history_ignore_change(struct history_ignore *h, size_t number,
			   const char *id, const char *path)
{
	uint32_t n;

	if (strcmp(path_name(path), NAME))
		return;
	n = names_find(&h->dir_names, path, path_parent_len(path));
	if (n != NAMES_NONE)
		touch(h, number, id, n);
}

static void path_of(const struct history_ignore *h,
		    const struct ignore_touch *t, struct buf *out)
{
	buf_addstr(out, h->dir_names.items[t->dir].text);
	path_append(out, NAME);
}

static int take_text(void *data, size_t n, const char *text, size_t len)
{
	struct history_ignore *h = data;

	h->touches[n].stays = !text;
	if (!text)
		return 0;
	h->touches[n].text = arena_copy(&h->arena, text, len);
	h->touches[n].text_len = len;
	return 0;
}

int history_ignore_read(struct history_ignore *h, struct dv_repo *repo)
{
	const char **names = xcalloc(h->count + 1, sizeof(*names));
	int err;

	for (size_t i = 0; i < h->count; i++) {
		DV_AUTO_BUF struct buf name = BUF_INIT;

		buf_addf(&name, "%s:", h->touches[i].id);
		buf_addstr(&name, h->dir_names.items[h->touches[i].dir].text);
		if (name.data[name.len - 1] != ':')
			buf_addch(&name, '/');
		buf_addstr(&name, NAME);
		/* git takes one name a line; such a folder has no file here */
		names[i] = strchr(name.data, '\n') ? "-" :
			arena_copy(&h->arena, name.data, name.len);
	}
	err = blobs_read(repo, names, h->count, TEXT_MOST, take_text, h);
	free(names);
	return err;
}

void history_ignore_write(struct history_ignore *h, size_t number,
			  struct buf *out)
{
	for (; h->next < h->count && h->touches[h->next].commit == number;
	     h->next++) {
		const struct ignore_touch *t = &h->touches[h->next];
		DV_AUTO_BUF struct buf path = BUF_INIT;
		DV_AUTO_BUF struct buf text = BUF_INIT;

		if (t->stays)
			continue;
		path_of(h, t, &path);
		if (t->text)
			buf_add(&text, t->text, t->text_len);
		if (text.len && text.data[text.len - 1] != '\n')
			buf_addch(&text, '\n');
		buf_add(&text, h->dirs[t->dir].lines.data, t->len);
		import_file(path.data, text.data, text.len, out);
	}
}
