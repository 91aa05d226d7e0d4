#include "migrate/history_ignore.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "git/gitignore.h"
#include "migrate/export.h"

#define NAME		".gitignore"
#define TEXT_MOST	((size_t)64 << 20)	/* bytes of one that is kept */

void history_ignore_release(struct history_ignore *h)
{
	for (size_t i = 0; i < h->dir_names.count; i++)
		buf_release(&h->dirs[i].lines);
	free(h->dirs);
	free(h->lines);
	names_release(&h->names);
	names_release(&h->dir_names);
	history_texts_release(&h->texts);
}

static void add_text(struct history_ignore *h, size_t number, const char *id,
		     const char *dir)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *kept;

	buf_addstr(&path, dir);
	path_append(&path, NAME);
	buf_addf(&name, "%s:%s", id, path.data);
	kept = arena_copy(&h->texts.arena, name.data, name.len);
	/* git takes one name a line; such a folder has no file here */
	history_texts_add(&h->texts, number, kept + strlen(id) + 1)->name =
		strchr(kept, '\n') ? NULL : kept;
}

static void touch(struct history_ignore *h, size_t number, const char *id,
		  uint32_t n)
{
	struct ignore_dir *dir = &h->dirs[n];

	if (!dir->last || h->texts.items[dir->last - 1].commit != number) {
		add_text(h, number, id, h->dir_names.items[n].text);
		dir->last = h->texts.count;
		ARRAY_GROW(h->lines, dir->last, h->line_room);
		h->lines[dir->last - 1].dir = n;
	}
	h->lines[dir->last - 1].len = dir->lines.len;
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

int history_ignore_read(struct history_ignore *h, struct dv_repo *repo)
{
	return history_texts_read(&h->texts, repo, TEXT_MOST);
}

void history_ignore_write(struct history_ignore *h, size_t number,
			  struct buf *out)
{
	const struct history_text *t;

	while ((t = history_texts_next(&h->texts, number))) {
		const struct ignore_lines *own = &h->lines[t - h->texts.items];
		DV_AUTO_BUF struct buf text = BUF_INIT;

		if (t->stays)
			continue;
		if (t->text)
			buf_add(&text, t->text, t->len);
		if (text.len && text.data[text.len - 1] != '\n')
			buf_addch(&text, '\n');
		buf_add(&text, h->dirs[own->dir].lines.data, own->len);
		import_file(t->path, text.data, text.len, out);
	}
}
