#include "source/file.h"

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
#include "source/kept.h"
#include "source/stranger.h"
#include "store/pointer_line.h"
#include "store/store.h"

#define VERSION_MOST	4096		/* bytes of a note */
#define READ_STEP	((size_t)1 << 20)
#define CHECKSUM_PREFIX	"sha256:"
#define RECORDED_NAME	"data"

/* --- opening ------------------------------------------------------------- */

static const char *no_setting(void *data, const char *key)
{
	(void)data;
	(void)key;
	return NULL;
}

/* The byte that %XX stands for, or 0. */
static char decoded(const char *text)
{
	char hex[3] = { text[1], text[1] ? text[2] : 0, 0 };

	if (*text != '%' || strspn(hex, "0123456789abcdefABCDEF") != 2)
		return 0;
	return (char)strtol(hex, NULL, 16);
}

/* The remote escapes names by itself. */
static void add_decoded(const char *text, struct buf *out)
{
	for (; *text; text++) {
		char byte = decoded(text);

		buf_addch(out, byte ? byte : *text);
		text += byte ? 2 : 0;
	}
}

/* The folder it is in becomes the remote, its last part the name. */
static int split(struct dv_repo *repo, struct file_source *f)
{
	DV_AUTO_BUF struct buf parent = BUF_INIT;
	DV_AUTO_BUF struct buf name = BUF_INIT;
	const char *slash = strrchr(f->url, '/');
	struct remote_options o = {
		.name = "source", .setting = no_setting,
		.credential = repo_credential, .data = repo, .jobs = 1,
	};

	if (!slash || !slash[1] || slash == f->url + 1 ||
	    (slash > f->url && slash[-1] == '/'))
		return dv_fail(DV_E_INVALID, "%s is no URL of a file", f->url);
	if (!strncmp(f->url, "http", 4))
		add_decoded(slash + 1, &name);
	else
		buf_addstr(&name, slash + 1);
	buf_add(&parent, f->url, slash == f->url ? 1 :
		(size_t)(slash - f->url));
	f->name = buf_detach(&name);
	o.url = parent.data;
	o.base_dir = "/";
	return remote_open(&o, &f->remote);
}

int file_source_open(struct dv_repo *repo, const char *url, bool stranger,
		     struct file_source *out)
{
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	struct stat st;
	int err = clone_url(url, &plain);

	memset(out, 0, sizeof(*out));
	if (err)
		return err;
	if (*plain.data == '/' && !stat(plain.data, &st) &&
	    !S_ISREG(st.st_mode))
		return dv_hint(dv_fail(DV_E_UNSUPPORTED, "%s is no plain file",
				       plain.data),
			       "copy it here and dv add it");
	out->url = buf_detach(&plain);
	out->dir = kept_dir(dv_repo_store_path(repo), out->url);
	if (stranger)
		err = stranger_check(repo, out->url, out->dir);
	return err ? err : split(repo, out);
}

void file_source_release(struct file_source *f)
{
	if (f->remote)
		remote_close(f->remote);
	free(f->url);
	free(f->dir);
	free(f->name);
	memset(f, 0, sizeof(*f));
}

/* --- downloading --------------------------------------------------------- */

struct download {
	struct file_source *source;
	struct buf path, note;	/* the part that is here, and its version */
	struct remote_facts facts;
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
	if (*d->facts.version &&
	    !file_read(d->note.data, VERSION_MOST, &note) &&
	    !strcmp(note.data, d->facts.version) &&
	    (uint64_t)st.st_size <= d->facts.size) {
		d->done = st.st_size;
		return 0;
	}
	return start_again(d);
}

static int changed(const struct download *d)
{
	return dv_hint(dv_fail(DV_E_CHANGED, "%s changed while it was read",
			       d->source->url), "try again");
}

static int get_rest(struct download *d)
{
	const struct remote_sink sink = { take_bytes, start_again, d };
	struct remote_facts after;
	int err = 0;

	if (d->done < d->facts.size)
		err = remote_get_rest(d->source->remote, d->source->name,
				      d->done, &sink);
	if (!err)
		err = remote_look(d->source->remote, d->source->name, &after);
	if (!err && (d->done != after.size ||
		     strcmp(after.version, d->facts.version))) {
		start_again(d);
		err = changed(d);
	}
	return err;
}

static int download(struct download *d, const struct dv_progress *progress)
{
	struct file_source *f = d->source;
	int err = dir_make(f->dir);

	buf_addf(&d->path, "%s/part", f->dir);
	buf_addf(&d->note, "%s/version", f->dir);
	if (!err)
		err = remote_look(f->remote, f->name, &d->facts);
	if (!err)
		err = find_part(d);
	if (!err)
		err = file_replace(d->note.data, d->facts.version,
				   strlen(d->facts.version), NEWFILE_NOSYNC);
	if (err)
		return err;
	meter_start(&d->meter, progress, "downloading", "files");
	meter_total(&d->meter, d->facts.size - d->done, 0);
	err = get_rest(d);
	meter_finish(&d->meter);
	return err;
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

int file_source_pointer(struct dv_repo *repo, struct file_source *f,
			const char *checksum,
			const struct dv_source_options *o, struct import *out)
{
	DV_AUTO_DOWNLOAD struct download d = {
		.source = f, .path = BUF_INIT, .note = BUF_INIT, .fd = -1,
	};
	DV_AUTO_LOCK struct lock lock = LOCK_INIT;
	DV_AUTO_LOCK struct lock use = LOCK_INIT;
	DV_AUTO_BUF struct buf lock_path = BUF_INIT;
	struct dv_id want;
	int err = checksum ? checksum_read(checksum, &want) : 0;

	buf_addf(&lock_path, "%s.lock", f->dir);
	if (!err)
		err = dir_make_parents(lock_path.data);
	if (!err)
		err = lock_take(&lock, lock_path.data, "import-url", -1, NULL,
				NULL);
	if (!err)
		err = kept_use(f->dir, f->url, &use);
	if (!err)
		err = download(&d, &o->progress);
	if (!err && checksum)
		err = check(&d, &want);
	if (!err)
		err = record(repo, &d, &o->progress, &out->pointer);
	if (err)
		return err;
	out->bytes = d.done;
	pointer_line_set(&out->pointer, POINTER_URL, f->url);
	pointer_line_set(&out->pointer, POINTER_ETAG,
			 *d.facts.version ? d.facts.version : NULL);
	pointer_line_set(&out->pointer, POINTER_CHECKSUM, checksum);
	return import_refresh(repo);
}
