#include "migrate/blobs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "git/obtain.h"
#include "git/run.h"

#define BATCH		2048			/* asked of git at once */
#define BATCH_MOST	((size_t)64 << 20)	/* bytes, likewise */
#define NOT_READ	SIZE_MAX

/* Those of one batch that are there. */
struct wanted_blobs {
	size_t *numbers, *sizes;	/* owned */
	size_t count;
	size_t end;		/* names that were looked at */
	struct buf ask;
};

static int stopped(void)
{
	return dv_fail(DV_E_CORRUPT, "git cat-file stopped too early");
}

static bool is_missing(const char *line, const char *end)
{
	static const char missing[] = " missing";
	size_t len = strlen(missing);

	return (size_t)(end - line) >= len &&
		!memcmp(end - len, missing, len);
}

/*
 * Lines "blob <size>", or "<name> missing".  Ends before the blob that is too
 * much for this batch: the first one never is.
 */
static int choose(const struct dv_repo *repo, const char *const *names,
		  size_t count, size_t most, struct wanted_blobs *w)
{
	static const char *const args[] = {
		"cat-file", "--batch-check=%(objecttype) %(objectsize)", NULL
	};
	DV_AUTO_BUF struct buf ask = BUF_INIT;
	DV_AUTO_BUF struct buf said = BUF_INIT;
	const char *at;
	size_t all = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		buf_addf(&ask, "%s\n", names[i]);
	err = run_git(repo, args, ask.data, ask.len, &said);
	at = said.data;
	for (w->end = 0; w->end < count && !err; w->end++) {
		const char *line = at, *end = strchr(at, '\n');
		size_t size;

		if (!end)
			return stopped();
		at = end + 1;
		if (is_missing(line, end))
			continue;
		size = strncmp(line, "blob ", 5) ? NOT_READ :
			strtoull(line + 5, NULL, 10);
		if (size > most)
			size = NOT_READ;
		else if (all && all + size > BATCH_MOST)
			break;
		w->numbers[w->count] = w->end;
		w->sizes[w->count++] = size;
		if (size == NOT_READ)
			continue;
		all += size;
		buf_addf(&w->ask, "%s\n", names[w->end]);
	}
	return err;
}

/* "<id> blob <size>\n<bytes>\n" one after the other, as asked for. */
static int read_chosen(const struct dv_repo *repo, const struct wanted_blobs *w,
		       size_t first, blob_fn *fn, void *data)
{
	static const char *const args[] = { "cat-file", "--batch", NULL };
	DV_AUTO_BUF struct buf said = BUF_INIT;
	size_t at = 0;
	int err = w->ask.len ? run_git(repo, args, w->ask.data, w->ask.len,
				     &said) : 0;

	for (size_t i = 0; i < w->count && !err; i++) {
		const char *end;
		size_t begin;

		if (w->sizes[i] == NOT_READ) {
			err = fn(data, first + w->numbers[i], NULL, 0);
			continue;
		}
		end = memchr(said.data + at, '\n', said.len - at);
		begin = end ? (size_t)(end + 1 - said.data) : 0;
		if (!end || said.len - begin < w->sizes[i] + 1)
			return stopped();
		err = fn(data, first + w->numbers[i], said.data + begin,
			 w->sizes[i]);
		at = begin + w->sizes[i] + 1;
	}
	return err;
}

/* Names that are no ids are left to git, which gets them one by one. */
static int obtain(struct dv_repo *repo, const char *const *names, size_t count)
{
	DV_AUTO_BUF struct buf ids = BUF_INIT;

	if (!repo_is_partial(repo))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (strspn(names[i], "0123456789abcdef") == strlen(names[i]))
			buf_addf(&ids, "%s\n", names[i]);
	return repo_obtain(repo, &ids);
}

int blobs_read(struct dv_repo *repo, const char *const *names, size_t count,
	       size_t most, blob_fn *fn, void *data)
{
	struct wanted_blobs w = { .ask = BUF_INIT };
	int err = 0;

	w.numbers = xcalloc(BATCH, sizeof(*w.numbers));
	w.sizes = xcalloc(BATCH, sizeof(*w.sizes));
	for (size_t i = 0; i < count && !err; i += w.end) {
		size_t n = count - i < BATCH ? count - i : BATCH;

		w.count = 0;
		buf_clear(&w.ask);
		err = obtain(repo, names + i, n);
		if (!err)
			err = choose(repo, names + i, n, most, &w);
		if (!err)
			err = read_chosen(repo, &w, i, fn, data);
	}
	free(w.numbers);
	free(w.sizes);
	buf_release(&w.ask);
	return err;
}
