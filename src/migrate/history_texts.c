#include "migrate/history_texts.h"

#include <stdlib.h>

#include "base/array.h"
#include "migrate/blobs.h"

struct history_text *history_texts_add(struct history_texts *t, size_t commit,
				       const char *path)
{
	ARRAY_GROW(t->items, t->count + 1, t->room);
	t->items[t->count] = (struct history_text){
		.commit = commit, .path = path,
	};
	return &t->items[t->count++];
}

static int take_text(void *data, size_t n, const char *text, size_t len)
{
	struct history_texts *t = data;

	t->items[n].stays |= !text;
	if (!text)
		return 0;
	t->items[n].text = arena_copy(&t->arena, text, len);
	t->items[n].len = len;
	return 0;
}

int history_texts_read(struct history_texts *t, struct dv_repo *repo,
		       size_t most)
{
	const char **names = xcalloc(t->count + 1, sizeof(*names));
	int err;

	/* one that is not there has no name either */
	for (size_t i = 0; i < t->count; i++)
		names[i] = t->items[i].name ? t->items[i].name : "-";
	err = blobs_read(repo, names, t->count, most, take_text, t);
	free(names);
	return err;
}

const struct history_text *history_texts_next(struct history_texts *t,
					      size_t number)
{
	if (t->next == t->count || t->items[t->next].commit != number)
		return NULL;
	return &t->items[t->next++];
}

void history_texts_release(struct history_texts *t)
{
	arena_release(&t->arena);
	free(t->items);
}
