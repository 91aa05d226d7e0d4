/* What git has noted down of a merge, rebase, pick, revert or bisection. */

#include <dirent.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/file.h"
#include "git/private.h"

#define NOTE_MOST	((size_t)64 << 20)	/* bytes of FETCH_HEAD */
#define SHORTEST	4	/* digits that git may shorten an id to */
#define LONGEST		40
#define WORDS		3	/* "fixup -C <id> ..." */

/* The first words of a line, up to one that may be an id. */
static void take_line(const char *at, struct buf *out)
{
	for (int i = 0; i < WORDS && *at != '#'; i++) {
		size_t len = strcspn(at, " \t\n");

		if (len >= SHORTEST && len <= LONGEST &&
		    strspn(at, "0123456789abcdef") == len) {
			buf_add(out, at, len);
			buf_addch(out, '\n');
			return;
		}
		at += len;
		at += strspn(at, " \t");
	}
}

/* What may count is not passed over because it cannot be read. */
static int take_file(const char *dir, const char *name, struct buf *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err;

	buf_addf(&path, "%s/%s", dir, name);
	err = file_read(path.data, NOTE_MOST, &text);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	for (const char *at = text.data; *at; at += *at == '\n') {
		take_line(at, out);
		at += strcspn(at, "\n");
	}
	return 0;
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && !strcmp(name + len - n, end);
}

/* FETCH_HEAD, MERGE_HEAD, CHERRY_PICK_HEAD, MERGE_AUTOSTASH and the like. */
static int take_heads(const char *dir, struct buf *out)
{
	DV_AUTO_DIR DIR *list = opendir(dir);
	const struct dirent *entry;
	int err = 0;

	if (!list)
		return dv_fail_errno("cannot list %s", dir);
	while (!err && (entry = readdir(list)))
		if (entry->d_type != DT_DIR &&
		    (ends_in(entry->d_name, "_HEAD") ||
		     ends_in(entry->d_name, "_AUTOSTASH")))
			err = take_file(dir, entry->d_name, out);
	return err;
}

int reach_notes(const char *dir, struct buf *out)
{
	static const char *const names[] = {
		"rebase-merge/orig-head", "rebase-merge/onto",
		"rebase-merge/autostash", "rebase-merge/stopped-sha",
		"rebase-merge/amend", "rebase-merge/squash-onto",
		"rebase-merge/git-rebase-todo", "rebase-merge/done",
		"rebase-merge/current-fixups", "rebase-merge/update-refs",
		"rebase-apply/orig-head", "rebase-apply/onto",
		"rebase-apply/autostash", "rebase-apply/original-commit",
		"rebase-apply/abort-safety", "sequencer/head",
		"sequencer/todo", "sequencer/abort-safety", "BISECT_START",
	};
	int err = take_heads(dir, out);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !err; i++)
		err = take_file(dir, names[i], out);
	return err;
}
