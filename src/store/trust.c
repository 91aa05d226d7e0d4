/*
 * A shared store has files of several users.  Whoever writes a file can give
 * it any XXH3, so what is another user's is held against its SHA-256 ids
 * before it is used.  What passed is noted in index/<uid>.seen, which only
 * its owner can write to: records of 32 bytes, SHA-256 of the names, the
 * sizes, the inodes and the ctimes, which the other user cannot choose.
 */

#include "store/store_inside.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/trace.h"
#include "chunk/sha256.h"

#define SEEN_MAX	((size_t)8 << 20)	/* bytes; then it begins anew */

/* --- whose it is ------------------------------------------------------- */

static bool is_strange(const struct stat *st)
{
	return st->st_uid && st->st_uid != geteuid();
}

static void add_file(struct trust *t, const char *path, const struct stat *st,
		     struct buf *out)
{
	if (is_strange(st)) {
		t->strange = true;
		t->owner = st->st_uid;
	}
	buf_addf(out, "%s %lld %llu %llu %lld %lld\n", path_name(path),
		 (long long)st->st_size, (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino,
		 (long long)timespec_ns(&st->st_mtim),
		 (long long)timespec_ns(&st->st_ctim));
}

void trust_look_at(struct trust *t, const char *index, const char *data,
		   const struct stat *data_st)
{
	DV_AUTO_BUF struct buf text = BUF_INIT;
	struct stat st;

	*t = (struct trust){ .index = index, .data = data };
	/* what is not there cannot be opened either */
	if (!stat(index, &st))
		add_file(t, index, &st, &text);
	if (data_st)
		add_file(t, data, data_st, &text);
	if (t->strange)
		sha256(text.data, text.len, &t->stamp);
}

void trust_look(struct trust *t, const char *index, const char *data)
{
	struct stat st;

	trust_look_at(t, index, data, data && !stat(data, &st) ? &st : NULL);
}

/* --- what was seen ----------------------------------------------------- */

static void seen_path(const struct store *s, struct buf *out)
{
	buf_addf(out, "%s/index/%lu.seen", s->path, (unsigned long)geteuid());
}

/* The mutex is held.  A file that others could have written says nothing. */
static void seen_load(struct store *s)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;

	s->seen.loaded = true;
	seen_path(s, &path);
	fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) ||
	    st.st_size % DV_ID_SIZE || (size_t)st.st_size > SEEN_MAX) {
		unlink(path.data);
		return;
	}
	buf_reserve(&text, st.st_size);
	if (file_pread_all(fd, text.data, st.st_size, 0, path.data))
		return;
	for (off_t at = 0; at < st.st_size; at += DV_ID_SIZE)
		id_map_put(&s->seen.known,
			   (const struct dv_id *)(text.data + at), 0, NULL);
}

static bool is_seen(struct store *s, const struct dv_id *stamp)
{
	bool seen;

	pthread_mutex_lock(&s->seen.mutex);
	if (!s->seen.loaded)
		seen_load(s);
	seen = id_map_get(&s->seen.known, stamp);
	pthread_mutex_unlock(&s->seen.mutex);
	return seen;
}

/* One write, so that those of several processes do not mix. */
static void note_seen(struct store *s, const struct dv_id *stamp)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_CLOSE int fd = -1;
	struct stat st;

	pthread_mutex_lock(&s->seen.mutex);
	id_map_put(&s->seen.known, stamp, 0, NULL);
	pthread_mutex_unlock(&s->seen.mutex);
	if (s->flags & STORE_READ_ONLY)
		return;
	seen_path(s, &path);
	fd = open(path.data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
		  O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
			write(fd, stamp->bytes, DV_ID_SIZE) < 0))
		return;	/* it is read once more the next time */
}

/* --- verifying --------------------------------------------------------- */

static int check_objects(struct store *s, struct pack *pack)
{
	struct store_reader *r = store_reader_new(s);
	struct place at;
	int err = pack->layout == PACK_PACKED ? pack_check_id(pack) : 0;

	if (!err)
		err = store_check_objects(r, pack, &at);
	store_reader_free(r);
	return err;
}

/* Whose file it is belongs into the text. */
static int refuse(const struct trust *t, int err)
{
	char owner[USER_NAME_SIZE];
	struct error_state why;

	error_save(err, &why);
	user_name(t->owner, owner);
	return dv_fail(err, "%s is not used, %s has written it: %s", t->index,
		       owner, why.text);
}

int trust_check(struct store *s, struct trust *t, struct pack *pack)
{
	TRACE_REGION("store: verify another user's pack");
	/* nothing is written to a fallback */
	struct store *notes = s->seen.noted_in ? s->seen.noted_in : s;
	struct trust after;
	int err;

	if (!t->strange)
		return 0;
	pack->verified = t->stamp;
	if (is_seen(notes, &t->stamp))
		return 0;
	err = check_objects(s, pack);
	trust_look(&after, t->index, t->data);
	if (!err && (!after.strange ||
		     !dv_id_equal(&after.stamp, &t->stamp)))
		err = dv_fail(DV_E_CHANGED, "it changed meanwhile");
	if (err == DV_E_INTERRUPTED)
		return err;
	if (err)
		return refuse(t, err);
	note_seen(notes, &t->stamp);
	return 0;
}
