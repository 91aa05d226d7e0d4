/* What git knows of pointer files, and git add. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "git/head.h"
#include "git/index_file.h"
#include "git/private.h"

#define STAGE_NAMED	6	/* paths in a hint */

/* As git would store it, which has no line ends of another system. */
static bool is_blob(const struct buf *text, const uint8_t want[SHA1_SIZE])
{
	DV_AUTO_BUF struct buf plain = BUF_INIT;
	uint8_t id[SHA1_SIZE];

	sha1_blob(text->data, text->len, id);
	if (!memcmp(id, want, SHA1_SIZE))
		return true;
	if (!memchr(text->data, '\r', text->len))
		return false;
	/* core.autocrlf, or eol=crlf in .gitattributes */
	buf_add(&plain, text->data, text->len);
	pointer_drop_returns(&plain);
	sha1_blob(plain.data, plain.len, id);
	return !memcmp(id, want, SHA1_SIZE);
}

static int read_text(const struct dv_repo *repo, const char *pointer_path,
		     struct buf *out)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;

	repo_path(repo, pointer_path, &path);
	return file_read(path.data, DV_POINTER_MAX, out);
}

/*
 * *id: of the blob that the index has, where it has the same bytes.  text: what
 * the file has; NULL: it is to be read.
 */
static int compare_index(struct dv_repo *repo, const char *pointer_path,
			 const struct buf *text, uint8_t id[SHA1_SIZE],
			 enum pointer_index_state *out)
{
	DV_AUTO_BUF struct buf own = BUF_INIT;
	const struct index_pointer *entry;
	const struct index_names *index;
	size_t n;
	int err = index_names_get(repo, false, &index);

	if (err)
		return err;
	n = index_pointers_of(index, pointer_path, &entry);
	*out = POINTER_INDEX_NONE;
	if (!n)
		return 0;
	*out = POINTER_INDEX_OTHER;
	if (n > 1 || entry->stage)	/* a conflict */
		return 0;
	err = text ? 0 : read_text(repo, pointer_path, &own);
	if (err == DV_E_NOTFOUND || err == DV_E_INVALID)
		return 0;
	if (err)
		return err;
	if (!is_blob(text ? text : &own, entry->id))
		return 0;
	*out = POINTER_INDEX_SAME;
	memcpy(id, entry->id, SHA1_SIZE);
	return 0;
}

int repo_pointer_staged(struct dv_repo *repo, const char *pointer_path,
			const struct buf *text, enum pointer_index_state *out)
{
	uint8_t id[SHA1_SIZE];

	return compare_index(repo, pointer_path, text, id, out);
}

int repo_pointer_state(struct dv_repo *repo, const char *pointer_path,
		       const struct buf *text, enum pointer_state *out)
{
	uint8_t index_id[SHA1_SIZE], id[SHA1_SIZE];
	enum pointer_index_state index;
	bool there;
	int err = compare_index(repo, pointer_path, text, index_id, &index);

	if (err)
		return err;
	*out = index == POINTER_INDEX_NONE ? POINTER_UNTRACKED :
		POINTER_UNSTAGED;
	if (index != POINTER_INDEX_SAME)
		return 0;
	err = head_lookup(repo, pointer_path, &there, id);
	if (err)
		return err;
	*out = there && !memcmp(id, index_id, SHA1_SIZE) ?
		POINTER_COMMITTED : POINTER_STAGED;
	return 0;
}

int repo_pointer_was_committed(struct dv_repo *repo, const char *pointer_path,
			       bool *yes)
{
	uint8_t id[SHA1_SIZE];
	enum pointer_index_state index;
	enum pointer_state state;
	int err = compare_index(repo, pointer_path, NULL, id, &index);

	*yes = !err && index == POINTER_INDEX_SAME &&
		head_had(repo, pointer_path, id);
	if (err || *yes)
		return err;
	err = repo_pointer_state(repo, pointer_path, NULL, &state);
	*yes = !err && state == POINTER_COMMITTED;
	return err;
}

/*
 * Names in the index are in byte order, so what is below "a/b" comes from
 * "a/b/" on.
 */
static const char *first_from(const struct index_names *index,
			      const char *name)
{
	size_t at = index_names_lower(index, name);

	return at < index->path_count ? index->paths[at] : NULL;
}

int repo_git_tracks(struct dv_repo *repo, const char *path, struct buf *out)
{
	DV_AUTO_BUF struct buf below = BUF_INIT;
	const struct index_names *index;
	const char *found;
	int err = index_names_get(repo, true, &index);

	if (err)
		return err;
	buf_clear(out);
	found = first_from(index, path);
	if (found && strcmp(found, path) && *path) {
		buf_addf(&below, "%s/", path);
		found = first_from(index, below.data);
		if (found && !path_below(found, path))
			found = NULL;
	}
	if (!found)
		return dv_fail(DV_E_NOTFOUND, "git tracks nothing at %s",
			       *path ? path : "the top");
	buf_addstr(out, found);
	return 0;
}

bool repo_can_stage(struct dv_repo *repo, const char *path)
{
	DV_AUTO_BUF struct buf found = BUF_INIT;
	int top;

	return (!repo_worktree_fd(repo, &top) &&
		!faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW)) ||
		!repo_git_tracks(repo, path, &found);
}

/* All else is done by then; git has said why. */
static int stage_failed(struct dv_repo *repo, const char *const *paths,
			size_t count)
{
	DV_AUTO_BUF struct buf words = BUF_INIT;
	bool ignored = false;
	int err;

	for (size_t i = 0; i < count && count <= STAGE_NAMED; i++) {
		DV_AUTO_BUF struct buf word = BUF_INIT;
		enum dv_stage way;

		ignored |= !dv_repo_stage_way(repo, paths[i], &way) &&
			way == DV_STAGE_FORCED;
		buf_addf(&words, " %s", repo_word(repo, paths[i], &word));
	}
	err = dv_fail(DV_E_IO, "git add has failed: what was written is not in "
		      "git's index yet");
	if (count > STAGE_NAMED)
		return dv_hint(err, "git add what git status lists");
	return dv_hint(err, "git add%s%s", ignored ? " -f" : "", words.data);
}

int repo_stage(struct dv_repo *repo, const char *const *paths, size_t count)
{
	const char *const args[] = {
		"--literal-pathspecs", "add", "--pathspec-from-file=-",
		"--pathspec-file-nul", NULL
	};
	DV_AUTO_BUF struct buf list = BUF_INIT;
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err;

	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++)
		buf_add(&list, paths[i], strlen(paths[i]) + 1);
	index_names_forget(repo);
	err = run_git(repo, args, list.data, list.len, &out);
	return err == DV_E_IO ? stage_failed(repo, paths, count) : err;
}
