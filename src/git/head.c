#include "git/head.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "git/lib.h"
#include "git/private.h"

#define REF_DEPTH	5
#define REF_FILE_MOST	65536
#define KEPT_MOST	(64u << 20)	/* bytes of the kept answers */
#define HEX		(2 * SHA1_SIZE)

static const char magic[] = "dv-head 1 ";

/* Which blobs a commit has. */
struct answers {
	struct names paths;
	struct answer {
		char hex[HEX + 1];	/* zeros: not there */
	} *items;		/* owned; by number in paths */
	size_t count, room;
};

struct head {
	char commit[HEX + 1];	/* "": no commit yet */
	struct answers now;
	struct answers before;	/* kept of another commit */
	bool learnt;		/* something the file does not have */
	git_tree *tree;		/* of the commit, once needed */
};

/* --- which commit ------------------------------------------------------ */

static bool is_hex(const char *text)
{
	return strspn(text, "0123456789abcdef") >= HEX;
}

/* The line "<hex> <ref>" of packed-refs. */
static int find_packed(const struct dv_repo *repo, const char *ref,
		       char commit[HEX + 1])
{
	DV_AUTO_FILEMAP struct filemap map = FILEMAP_INIT;
	DV_AUTO_BUF struct buf path = BUF_INIT;
	size_t len = strlen(ref);
	const char *at, *end;
	int err;

	buf_addf(&path, "%s/packed-refs", repo->place.common_dir);
	err = filemap_open(&map, path.data);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	end = (const char *)map.data + map.len;
	for (at = (const char *)map.data; at < end; ) {
		const char *line_end = memchr(at, '\n', end - at);

		if (!line_end)
			break;
		if ((size_t)(line_end - at) == HEX + 1 + len &&
		    at[HEX] == ' ' && !memcmp(at + HEX + 1, ref, len)) {
			memcpy(commit, at, HEX);
			commit[HEX] = 0;
			if (!is_hex(commit))
				commit[0] = 0;
			return 0;
		}
		at = line_end + 1;
	}
	return 0;
}

/* A name that cannot lead out of the git folder. */
static bool ref_ok(const char *ref)
{
	return !strncmp(ref, "refs/", 5) && !strstr(ref, "..") &&
	       !strstr(ref, "//");
}

/* Where refs are not files, HEAD is one that leads nowhere. */
static int ask_git_for_head(const struct dv_repo *repo, char commit[HEX + 1])
{
	const char *const args[] = {
		"rev-parse", "--verify", "-q", "HEAD", NULL
	};
	DV_AUTO_BUF struct buf out = BUF_INIT;
	int err = run_git(repo, args, NULL, 0, &out);

	if (err == DV_E_NOTFOUND || err == DV_E_INTERRUPTED)
		return err;
	if (!err && is_hex(out.data)) {
		memcpy(commit, out.data, HEX);
		commit[HEX] = 0;
	}
	return 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* HEAD, through symbolic refs; "" when there is no commit yet. */
static int resolve_head(const struct dv_repo *repo, char commit[HEX + 1])
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf ref = BUF_INIT;

	commit[0] = 0;
	buf_addf(&path, "%s/HEAD", repo->place.git_dir);
	for (int depth = 0; depth < REF_DEPTH; depth++) {
		int err;

		buf_clear(&text);
		err = file_read(path.data, REF_FILE_MOST, &text);
		/* an empty folder may be left of refs below that name */
		if (ref.len && (err == DV_E_NOTFOUND || is_folder(path.data)))
			return find_packed(repo, ref.data, commit);
		if (err)
			return err;
		if (is_hex(text.data)) {
			memcpy(commit, text.data, HEX);
			commit[HEX] = 0;
			return 0;
		}
		buf_setlen(&text, strcspn(text.data, "\r\n"));
		if (strncmp(text.data, "ref:", 4))
			break;
		buf_clear(&ref);
		buf_addstr(&ref, text.data + 4 + strspn(text.data + 4, " \t"));
		if (!strcmp(ref.data, "refs/heads/.invalid"))
			return ask_git_for_head(repo, commit);
		if (!ref_ok(ref.data))
			break;
		buf_clear(&path);
		buf_addf(&path, "%s/%s", repo->place.common_dir, ref.data);
	}
	return dv_fail(DV_E_CORRUPT, "cannot make sense of %s", path.data);
}

/* --- answers kept from before ------------------------------------------ */

static void kept_path(const struct dv_repo *repo, struct buf *out)
{
	buf_addf(out, "%s/head", repo->state_dir);
}

static void learn(struct answers *a, const char *path, size_t len,
		  const char *hex)
{
	uint32_t at = names_add(&a->paths, path, len);

	if (at < a->count)
		return;
	ARRAY_GROW(a->items, a->count + 1, a->room);
	memcpy(a->items[a->count].hex, hex, HEX);
	a->items[a->count++].hex[HEX] = 0;
}

static const struct answer *answer_of(const struct answers *a,
				      const char *path)
{
	uint32_t at = names_find(&a->paths, path, strlen(path));

	return at == NAMES_NONE ? NULL : &a->items[at];
}

/* What is not as it should be is passed over: it can be found again. */
static void read_kept(const struct dv_repo *repo, struct head *h)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	size_t at = sizeof(magic) - 1;
	struct answers *to;

	kept_path(repo, &path);
	if (file_read(path.data, KEPT_MOST, &text))
		return;
	if (strncmp(text.data, magic, at) || !is_hex(text.data + at) ||
	    text.data[at + HEX] != '\n')
		return;
	to = strncmp(text.data + at, h->commit, HEX) ? &h->before : &h->now;
	for (at += HEX + 1; at < text.len; ) {
		const char *line = text.data + at;
		size_t len = strlen(line);

		if (at + len >= text.len || len < HEX + 2 || !is_hex(line) ||
		    line[HEX] != ' ')
			return;
		learn(to, line + HEX + 1, len - HEX - 1, line);
		at += len + 1;
	}
}

static void write_kept(struct dv_repo *repo, const struct head *h)
{
	DV_AUTO_BUF struct buf path = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	const char *dir;

	kept_path(repo, &path);
	buf_addf(&text, "%s%s\n", magic, h->commit);
	for (size_t i = 0; i < h->now.count; i++) {
		buf_addf(&text, "%s %s", h->now.items[i].hex,
			 h->now.paths.items[i].text);
		buf_addch(&text, 0);
	}
	/* on a read-only file system there is just nothing kept */
	if (!repo_state_dir(repo, &dir))
		file_replace(path.data, text.data, text.len, NEWFILE_NOSYNC);
}

/* --- asking the commit ------------------------------------------------- */

static int open_tree(struct dv_repo *repo, struct head *h)
{
	git_repository *git;
	git_commit *commit;
	git_oid id;
	int code, err = repo_git(repo, &git);

	if (err)
		return err;
	lib.oid_fromstr(&id, h->commit);
	code = lib.commit_lookup(&commit, git, &id);
	if (code < 0)
		return lib_fail(code, "cannot read HEAD's commit");
	id = *lib.commit_tree_id(commit);
	lib.commit_free(commit);
	return repo_git_tree(repo, &id, &h->tree);
}

static int ask(struct dv_repo *repo, struct head *h, const char *path)
{
	char hex[HEX + 1] = "0000000000000000000000000000000000000000";
	git_tree_entry *entry;
	int code, err = h->tree ? 0 : open_tree(repo, h);

	if (err)
		return err;
	code = repo_git_entry(repo, h->tree, path, &entry);
	if (code && code != DV_E_NOTFOUND)
		return code;
	if (!code) {
		if ((lib.tree_entry_filemode(entry) & 0170000) == 0100000)
			lib.oid_tostr(hex, sizeof(hex),
				      lib.tree_entry_id(entry));
		lib.tree_entry_free(entry);
	}
	learn(&h->now, path, strlen(path), hex);
	h->learnt = true;
	return 0;
}

static int head_open(struct dv_repo *repo)
{
	struct head *h = xcalloc(1, sizeof(*h));
	int err;

	repo->head = h;
	err = resolve_head(repo, h->commit);
	if (!err && h->commit[0])
		read_kept(repo, h);
	if (err)
		head_close(repo);
	return err;
}

int head_commit(struct dv_repo *repo, struct buf *out)
{
	int err = repo->head ? 0 : head_open(repo);

	if (!err)
		buf_addstr(out, repo->head->commit);
	return err;
}

int head_lookup(struct dv_repo *repo, const char *path, bool *there,
		uint8_t id[SHA1_SIZE])
{
	const struct answer *found;
	struct head *h;
	int err = repo->head ? 0 : head_open(repo);

	*there = false;
	h = repo->head;
	if (err || !h->commit[0])
		return err;
	found = answer_of(&h->now, path);
	if (!found) {
		err = ask(repo, h, path);
		if (err)
			return err;
		found = answer_of(&h->now, path);
	}
	*there = strspn(found->hex, "0") != HEX;
	sha1_from_hex(found->hex, id);
	return 0;
}

int head_read(struct dv_repo *repo, const char *path, size_t most, bool *there,
	      struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	git_tree_entry *entry;
	int err = repo->head ? 0 : head_open(repo);

	*there = false;
	if (err || !repo->head->commit[0])
		return err;
	if (!repo->head->tree)
		err = open_tree(repo, repo->head);
	if (!err)
		err = repo_git_entry(repo, repo->head->tree, path, &entry);
	if (err)
		return err == DV_E_NOTFOUND ? 0 : err;
	*there = true;
	buf_addf(&name, "HEAD:%s", path);
	if ((lib.tree_entry_filemode(entry) & 0170000) != 0100000)
		err = dv_fail(DV_E_INVALID, "%s: not a regular file",
			      name.data);
	else
		err = repo_git_blob(repo, lib.tree_entry_id(entry), name.data,
				    most, out);
	lib.tree_entry_free(entry);
	return err;
}

bool head_had(struct dv_repo *repo, const char *path,
	      const uint8_t id[SHA1_SIZE])
{
	const struct answer *found;
	uint8_t had[SHA1_SIZE];

	if (!repo->head && head_open(repo))
		return false;
	found = answer_of(&repo->head->now, path);
	if (!found)
		found = answer_of(&repo->head->before, path);
	if (!found)
		return false;
	sha1_from_hex(found->hex, had);
	return !memcmp(had, id, SHA1_SIZE);
}

void head_close(struct dv_repo *repo)
{
	struct head *h = repo->head;

	if (!h)
		return;
	if (h->learnt)
		write_kept(repo, h);
	if (h->tree)
		lib.tree_free(h->tree);
	names_release(&h->now.paths);
	free(h->now.items);
	names_release(&h->before.paths);
	free(h->before.items);
	free(h);
	repo->head = NULL;
}
