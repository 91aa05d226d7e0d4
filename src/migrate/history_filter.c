#include "migrate/history_filter.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/crew.h"
#include "base/path.h"
#include "git/repo.h"
#include "git/run.h"
#include "store/store.h"

#define NAME	".gitattributes"

/* The commit at hand. */
struct reading {
	struct history_filter *filter;
	struct buf out;		/* the new stream */
	struct buf paths;	/* candidates, a 0 behind each */
	struct buf id;
	struct buf mark;
	uint32_t set;		/* of its first parent */
	bool open, changed;
};

void history_filter_release(struct history_filter *f)
{
	for (size_t i = 0; i < f->sets.count; i++)
		buf_release(&f->asked[i]);
	free(f->asked);
	free(f->commits);
	free(f->mark_sets);
	names_release(&f->sets);
	names_release(&f->marks);
	names_release(&f->filtered);
}

/* --- sets -------------------------------------------------------------- */

static uint32_t set_of(struct history_filter *f, const struct buf *files)
{
	size_t before = f->sets.count;
	uint32_t n = names_add(&f->sets, files->data, files->len);

	if (f->sets.count > before) {
		ARRAY_GROW(f->asked, f->sets.count, f->asked_room);
		f->asked[n] = (struct buf)BUF_INIT;
	}
	return n;
}

/* One "<mode> <type> <id>\t<path>" of git ls-tree. */
static void take_entry(struct reading *r, const char *line, struct buf *files,
		       struct buf *lines)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT("", 0);
	const char *tab = strchr(line, '\t');
	const char *id;

	if (!tab || strncmp(line, "100", 3) || tab - line < 13)
		return;
	id = line + strlen("100644 blob ");
	buf_addstr(&e.path, tab + 1);
	if (!strcmp(path_name(e.path.data), NAME))
		buf_add(files, line, strlen(line) + 1);
	e.kind = EXPORT_MODIFY;
	e.plain = true;
	e.executable = !strncmp(line, "100755", 6);
	buf_add(&e.blob, id, tab - id);
	if (!r->filter->candidate(&e, r->filter->data))
		return;
	buf_addf(lines, "M %.6s %s ", line, e.blob.data);
	import_path(e.path.data, lines);
	buf_addch(lines, '\n');
	buf_add(&r->paths, e.path.data, e.path.len + 1);
}

/* The set of a commit that changes .gitattributes, and its candidates. */
static int read_tree(struct reading *r)
{
	const char *const args[] = {
		"ls-tree", "-r", "-z", "--full-tree", r->id.data, NULL
	};
	DV_AUTO_BUF struct buf said = BUF_INIT;
	DV_AUTO_BUF struct buf files = BUF_INIT;
	DV_AUTO_BUF struct buf lines = BUF_INIT;
	uint32_t before = r->set;
	int err = run_git(r->filter->repo, args, NULL, 0, &said);

	buf_clear(&r->paths);
	for (size_t at = 0; at < said.len && !err;
	     at += strlen(said.data + at) + 1)
		take_entry(r, said.data + at, &files, &lines);
	r->set = set_of(r->filter, &files);
	if (r->set != before)
		buf_add(&r->out, lines.data, lines.len);
	return err;
}

/* --- the stream -------------------------------------------------------- */

static int end_commit(struct reading *r)
{
	struct history_filter *f = r->filter;
	int err = r->changed ? read_tree(r) : 0;
	uint32_t mark = names_add(&f->marks, r->mark.data, r->mark.len);

	ARRAY_GROW(f->mark_sets, f->marks.count, f->mark_room);
	f->mark_sets[mark] = r->set;
	ARRAY_GROW(f->commits, f->count + 1, f->room);
	f->commits[f->count++] = r->set;
	buf_add(&f->asked[r->set], r->paths.data, r->paths.len);
	r->open = false;
	return err;
}

static void begin_commit(struct reading *r)
{
	r->open = true;
	r->changed = false;
	r->set = 0;
	buf_clear(&r->paths);
	buf_clear(&r->id);
	buf_clear(&r->mark);
}

/* "from <mark>": files are as they were there; of "merge" none are. */
static void take_from(struct reading *r, const struct export *e)
{
	const size_t word = strlen("from ");
	uint32_t mark;

	if (strncmp(e->text, "from ", word))
		return;
	mark = names_find(&r->filter->marks, e->text + word, e->len - word);
	if (mark != NAMES_NONE)
		r->set = r->filter->mark_sets[mark];
}

static int take_command(struct reading *r, const struct export *e)
{
	int err = 0;

	switch (e->kind) {
	case EXPORT_COMMIT:
		begin_commit(r);
		break;
	case EXPORT_MARK:
		buf_clear(&r->mark);
		buf_add(&r->mark, e->text + 5, e->len - 5);
		break;
	case EXPORT_ID:
		buf_clear(&r->id);
		buf_add(&r->id, e->blob.data, e->blob.len);
		break;
	case EXPORT_FROM:
		take_from(r, e);
		break;
	case EXPORT_MODIFY:
	case EXPORT_DELETE:
		if (!strcmp(path_name(e->path.data), NAME))
			r->changed = true;
		if (r->filter->candidate(e, r->filter->data))
			buf_add(&r->paths, e->path.data, e->path.len + 1);
		break;
	case EXPORT_END:
		if (r->open)
			err = end_commit(r);
		break;
	default:
		break;
	}
	buf_add(&r->out, e->text, e->len);
	return err;
}

static int read_stream(struct reading *r, const struct buf *stream)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(stream->data,
						     stream->len);
	int err;

	while ((err = export_next(&e)) > 0) {
		err = take_command(r, &e);
		if (err)
			break;
	}
	return err;
}

/* --- asking git -------------------------------------------------------- */

static void set_key(uint32_t set, const char *path, struct buf *key)
{
	buf_clear(key);
	buf_addf(key, "%u %s", (unsigned)set, path);
}

/* "<path> filter <value>", 0 behind each. */
static void take_answer(struct history_filter *f, uint32_t set,
			const struct buf *said)
{
	DV_AUTO_BUF struct buf key = BUF_INIT;
	const char *parts[3] = { "", "", "" };
	size_t at = 0;

	while (at < said->len) {
		for (int i = 0; i < 3 && at < said->len; i++) {
			parts[i] = said->data + at;
			at += strlen(parts[i]) + 1;
		}
		if (strcmp(parts[2], f->name))
			continue;
		set_key(set, parts[0], &key);
		names_add(&f->filtered, key.data, key.len);
	}
}

/* In an index that has the .gitattributes files of the set, and no more. */
static int ask_set(struct history_filter *f, uint32_t set, const char *index)
{
	static const char *const fill[] = {
		"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
		"-c", "core.splitIndex=false", "update-index", "-z",
		"--index-info", NULL
	};
	static const char *const ask[] = {
		"check-attr", "--cached", "-z", "--stdin", "filter", NULL
	};
	const struct name *files = &f->sets.items[set];
	DV_AUTO_BUF struct buf lines = BUF_INIT;
	DV_AUTO_BUF struct buf said = BUF_INIT;
	int err = 0;

	if (!f->asked[set].len)
		return 0;
	buf_add(&lines, files->text, files->len);
	if (lines.len)
		err = run_git_index(f->repo, index, fill, &lines, &said);
	if (!err)
		err = run_git_index(f->repo, index, ask, &f->asked[set],
				    &said);
	unlink(index);
	if (!err)
		take_answer(f, set, &said);
	return err;
}

static int ask_all(struct history_filter *f)
{
	DV_AUTO_BUF struct buf index = BUF_INIT;
	struct store *store;
	const char *dir;
	int err = repo_store(f->repo, &store);

	if (!err)
		err = store_temp_dir(store, &dir);
	if (err)
		return err;
	buf_addf(&index, "%s/attributes-index", dir);
	for (uint32_t i = 0; i < f->sets.count && !err; i++) {
		err = cancel_check();
		if (!err)
			err = ask_set(f, i, index.data);
	}
	return err;
}

int history_filter_read(struct history_filter *f, struct buf *stream)
{
	struct reading r = {
		.filter = f, .out = BUF_INIT, .paths = BUF_INIT,
		.id = BUF_INIT, .mark = BUF_INIT,
	};
	int err;

	set_of(f, &r.out);	/* 0: there are none */
	err = read_stream(&r, stream);
	if (!err) {
		buf_release(stream);
		*stream = r.out;
		r.out = (struct buf)BUF_INIT;
		err = ask_all(f);
	}
	buf_release(&r.out);
	buf_release(&r.paths);
	buf_release(&r.id);
	buf_release(&r.mark);
	return err;
}

bool history_filter_has(const struct history_filter *f, size_t commit,
			const char *path)
{
	DV_AUTO_BUF struct buf key = BUF_INIT;

	if (!commit || commit > f->count)
		return false;
	set_key(f->commits[commit - 1], path, &key);
	return names_find(&f->filtered, key.data, key.len) != NAMES_NONE;
}
