/* Taking a file at a URL. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/meter.h"
#include "base/path.h"
#include "chunk/sha256.h"
#include "git/repo.h"
#include "source/scratch.h"
#include "source/url_source.h"

#define VERSION_MOST	4096		/* bytes of a note */
#define READ_STEP	((size_t)1 << 20)
#define CHECKSUM_PREFIX	"sha256:"
#define RECORDED_NAME	"data"

/* --- downloading --------------------------------------------------------- */

struct download {
	struct url_source *source;
	struct buf path, note;	/* the part that is here, and its version */
	const struct url_state *state;
	struct meter meter;
	uint64_t done;
	int fd;
};

static int take_bytes(void *data, const uint8_t *bytes, size_t len)
{
	struct download *d = data;
	int err = file_pwrite_all(d->fd, bytes, len, d->done, d->path.data);

	if (!err) {
		d->done += len;
		meter_add(&d->meter, len, 0);
	}
	return err ? err : cancel_check();
}

static int start_again(void *data)
{
	struct download *d = data;

	d->done = 0;
	return ftruncate(d->fd, 0) ?
		dv_fail_errno("cannot write %s", d->path.data) : 0;
}

/* Bytes that are here from a run that was stopped. */
static int find_part(struct download *d)
{
	DV_AUTO_BUF struct buf note = BUF_INIT;
	struct stat st;

	d->fd = open(d->path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		     0600);
	if (d->fd < 0 || fstat(d->fd, &st))
		return dv_fail_errno("cannot write %s", d->path.data);
	if (*d->state->version &&
	    !file_read(d->note.data, VERSION_MOST, &note) &&
	    !strcmp(note.data, d->state->version) &&
	    (uint64_t)st.st_size <= d->state->size) {
		d->done = st.st_size;
		return 0;
	}
	return start_again(d);
}

static int get_rest(struct download *d)
{
	const struct remote_sink sink = {
		.write = take_bytes, .restart = start_again, .data = d,
	};
	struct remote_facts after;
	int err = 0;

	if (d->done < d->state->size)
		err = remote_get_rest(d->source->remote, d->source->file,
				      d->done, &sink);
	if (!err)
		err = remote_look(d->source->remote, d->source->file, &after);
	if (!err && (d->done != after.size ||
		     strcmp(after.version, d->state->version))) {
		start_again(d);
		err = url_changed(d->source);
	}
	return err;
}

static int download(struct download *d, const struct dv_progress *progress)
{
	const struct url_source *f = d->source;
	int err;

	buf_addf(&d->path, "%s/part", f->dir);
	buf_addf(&d->note, "%s/version", f->dir);
	err = find_part(d);
	if (!err)
		err = file_replace(d->note.data, d->state->version,
				   strlen(d->state->version), NEWFILE_NOSYNC);
	if (err)
		return err;
	meter_start(&d->meter, progress, "downloading", "files");
	meter_total(&d->meter, d->state->size - d->done, 0);
	err = get_rest(d);
	meter_finish(&d->meter);
	return err ? err : file_flush(d->fd, d->path.data);
}

/* --- checking ------------------------------------------------------------ */

static int checksum_read(const char *text, struct dv_id *out)
{
	size_t n = strlen(CHECKSUM_PREFIX);

	if (!strncmp(text, CHECKSUM_PREFIX, n) &&
	    strlen(text) == n + DV_ID_HEX && !dv_id_from_hex(text + n, out))
		return 0;
	return dv_fail(DV_E_INVALID, "a checksum is sha256: and 64 lower-case "
		       "hex digits, not %s", text);
}

int url_checksum_check(const char *checksum)
{
	struct dv_id id;

	return checksum ? checksum_read(checksum, &id) : 0;
}

static int check(const struct download *d, const struct dv_id *want)
{
	DV_AUTO_FREE uint8_t *bytes = xmalloc(READ_STEP);
	struct sha256_stream *s = sha256_begin();
	struct dv_id now;
	int err = 0;

	for (uint64_t at = 0; at < d->done && !err; at += READ_STEP) {
		size_t len = d->done - at < READ_STEP ? d->done - at :
			READ_STEP;

		err = file_pread_all(d->fd, bytes, len, at, d->path.data);
		if (!err)
			err = cancel_check();
		if (!err)
			sha256_update(s, bytes, len);
	}
	sha256_end(s, &now);
	if (err || dv_id_equal(&now, want))
		return err;
	return dv_fail(DV_E_CORRUPT, "%s does not have the checksum that was "
		       "given", d->source->url);
}

/* --- recording ----------------------------------------------------------- */

/* Out of sight, in a work tree on the store's file system. */
static int record(struct dv_repo *repo, const struct download *d,
		  const struct dv_progress *progress, struct dv_pointer *out)
{
	DV_AUTO_SCRATCH struct scratch s = SCRATCH_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	struct dv_add_options add = { .progress = *progress };
	const char *paths[] = { RECORDED_NAME };
	int err = scratch_make(&s, d->source->dir);

	if (!err)
		err = scratch_open(&s, dv_repo_store_path(repo));
	if (err)
		return err;
	buf_addf(&path, "%s/" RECORDED_NAME, s.dir);
	if (fchmod(d->fd, 0644) || rename(d->path.data, path.data))
		return dv_fail_errno("cannot rename %s", d->path.data);
	err = dv_add(s.repo, paths, 1, &add, NULL, NULL);
	return err ? err : tracked_read(s.repo, RECORDED_NAME, out);
}

static void download_release(struct download *d)
{
	if (d->fd >= 0)
		close(d->fd);
	buf_release(&d->path);
	buf_release(&d->note);
}

#define DV_AUTO_DOWNLOAD __attribute__((cleanup(download_release)))

int file_take(struct dv_repo *repo, struct url_source *u,
	      const struct url_state *state, const char *checksum,
	      const struct dv_source_options *o, struct import *out)
{
	DV_AUTO_DOWNLOAD struct download d = {
		.source = u, .path = BUF_INIT, .note = BUF_INIT, .fd = -1,
		.state = state,
	};
	struct dv_id want;
	int err = checksum ? checksum_read(checksum, &want) : 0;

	if (!err)
		err = download(&d, &o->progress);
	if (!err && checksum)
		err = check(&d, &want);
	if (!err)
		err = record(repo, &d, &o->progress, &out->pointer);
	out->bytes = err ? 0 : d.done;
	return err;
}
