#include "builtin/diff_hunks.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

struct lines {
	const char *at, *end;	/* what is left of the text */
	unsigned lines;		/* that were told */
	size_t bytes;
	bool open;		/* a hunk is being told */
};

/* "@@ -1,2 +3,4 @@"; a number of lines that is not there is 1. */
static bool head_numbers(const char *line, unsigned numbers[4])
{
	char head[64];		/* sscanf() looks for the end of a text first */
	const char *plus;

	snprintf(head, sizeof(head), "%.*s", (int)sizeof(head) - 1, line);
	plus = strchr(head, '+');
	numbers[1] = numbers[3] = 1;
	return plus && sscanf(head, "@@ -%u,%u", &numbers[0], &numbers[1]) >= 1
		&& sscanf(plus, "+%u,%u", &numbers[2], &numbers[3]) >= 1;
}

static void end_hunk(struct buf *out, struct lines *l)
{
	if (!l->open)
		return;
	json_array_end(out);
	json_object_end(out);
	l->open = false;
}

static void begin_hunk(struct buf *out, struct lines *l, const char *line)
{
	static const char *const names[4] = {
		"before_line", "before_lines", "after_line", "after_lines",
	};
	unsigned numbers[4];

	end_hunk(out, l);
	if (!head_numbers(line, numbers))
		return;
	json_object_begin(out);
	for (int i = 0; i < 4; i++)
		json_add_number(out, names[i], numbers[i]);
	json_array_begin(out, "lines");
	l->open = true;
}

/* False: there is no room for the next line. */
static bool take_line(struct buf *out, struct lines *l)
{
	const char *end = memchr(l->at, '\n', (size_t)(l->end - l->at));
	size_t len = (size_t)((end ? end : l->end) - l->at);

	if (l->lines == HUNKS_LINES_MOST || len > HUNKS_BYTES_MOST - l->bytes)
		return false;
	if (*l->at == '@') {
		begin_hunk(out, l, l->at);
	} else if (l->open) {
		json_add_bytes(out, NULL, l->at, len);
		l->lines++;
		l->bytes += len;
	}
	l->at += len + (end != NULL);
	return true;
}

void diff_hunks_add_json(struct buf *out, const struct dv_diff_hunks *h)
{
	struct lines l = { .at = h->text, .end = h->text + h->len };

	if (h->binary)
		json_add_bool(out, "binary", true);
	if (h->too_long)
		json_add_bool(out, "too_long", true);
	if (!h->text)
		return;
	json_array_begin(out, "hunks");
	while (l.at < l.end && take_line(out, &l))
		;
	end_hunk(out, &l);
	json_array_end(out);
	if (l.at < l.end)
		json_add_bool(out, "truncated", true);
}
