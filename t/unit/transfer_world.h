#ifndef TRANSFER_WORLD_H
#define TRANSFER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "dv/chunk.h"
#include "dv/error.h"
#include "dv/transfer.h"

#include "base/arena.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "chunk/sha256.h"
#include "chunk/stream.h"
#include "git/repo.h"
#include "store/list.h"
#include "store/tree.h"

/*
 * Repositories, stores and folder remotes below one temporary folder, for
 * the tests of transfer/.  Content is made from seeds, so that a test can
 * say what must come out.
 */
#define HELPER	__attribute__((unused)) static

static char top[64];

HELPER char *in_top(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, 512, "%s/%s", top, name);
	return path;
}

__attribute__((format(printf, 1, 2)))
HELPER void shell(const char *fmt, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

HELPER int set_up(void **state)
{
	(void)state;
	strcpy(top, "/tmp/dv-u-transfer-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	setenv("HOME", top, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_AUTHOR_NAME", "A", 1);
	setenv("GIT_AUTHOR_EMAIL", "a@example.com", 1);
	setenv("GIT_COMMITTER_NAME", "A", 1);
	setenv("GIT_COMMITTER_EMAIL", "a@example.com", 1);
	mkdir(in_top("one"), 0777);
	mkdir(in_top("two"), 0777);
	return 0;
}

HELPER int tear_down(void **state)
{
	(void)state;
	return dir_remove(top);
}

/* --- repositories ------------------------------------------------------ */

HELPER struct dv_repo *open_repo(const char *name)
{
	struct dv_repo *repo;

	assert_int_equal(dv_repo_open(in_top(name), &repo), 0);
	return repo;
}

/* A new repository with the folder "one" as its remote origin. */
HELPER struct dv_repo *make_repo(const char *name)
{
	struct dv_repo *repo;
	enum dv_init was;

	shell("git init -q -b main %s", in_top(name));
	assert_int_equal(dv_repo_init(in_top(name), &was), 0);
	repo = open_repo(name);
	assert_int_equal(dv_remote_add(repo, DV_CONFIG_PROJECT, "origin",
				       in_top("one"), false), 0);
	return repo;
}

HELPER struct store *store_of(struct dv_repo *repo)
{
	struct store *s;

	assert_int_equal(repo_store(repo, &s), 0);
	return s;
}

/* --- content ----------------------------------------------------------- */

/* What lies at "<dir>/<name>" of a tracked directory. */
struct file {
	const char *dir;
	char name[24];
	uint32_t seed;
	uint32_t size;
};

struct files {
	struct file items[4096];
	size_t count;
};

/* Even seeds do not compress, odd ones do. */
HELPER uint8_t *content_of(const struct file *f)
{
	uint8_t *bytes = xmalloc(f->size + 16);
	uint64_t x = f->seed * 0x9e3779b97f4a7c15u + 1;

	for (uint32_t i = 0; i < f->size; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (f->seed % 2)
			snprintf((char *)bytes + i, 9, "%6u, ",
				 (unsigned)(x % 1000));
		else
			memcpy(bytes + i, &x, 8);
	}
	return bytes;
}

HELPER void add_file(struct files *all, const char *dir, uint32_t seed,
		     uint32_t size)
{
	struct file *f = &all->items[all->count++];

	f->dir = dir;
	f->seed = seed;
	f->size = size;
	snprintf(f->name, sizeof(f->name), "f%06u", seed);
}

/* Names sort by seed within a folder. */
HELPER void add_files(struct files *all, const char *dir, uint32_t from,
		      uint32_t to, uint32_t size)
{
	for (uint32_t seed = from; seed < to; seed++)
		add_file(all, dir, seed, size + seed % 13);
}

struct put {
	struct session *session;
	struct session_hand *hand;
};

HELPER int put_node(void *data, const struct object *node)
{
	struct put *p = data;

	if (!session_claim(p->session, OBJECT_META, &node->id))
		return 0;
	return session_put(p->hand, OBJECT_META, node, 1);
}

HELPER void put_file(struct put *p, const struct file *f,
		     struct content *out)
{
	size_t room = f->size / DV_CHUNK_MIN + 1, count;
	struct chunk *chunks = xcalloc(room, sizeof(*chunks));
	struct list_builder *b = list_builder_new(put_node, p);
	uint8_t *bytes = content_of(f);

	count = chunk_memory(bytes, f->size, chunks, room, 1);
	for (size_t i = 0; i < count; i++) {
		struct object o = { chunks[i].id, chunks[i].data,
				    chunks[i].len };

		if (session_claim(p->session, OBJECT_DATA, &o.id))
			assert_int_equal(session_put(p->hand, OBJECT_DATA, &o,
						     1), 0);
		assert_int_equal(list_builder_add(b, &o.id, o.len), 0);
	}
	assert_int_equal(list_builder_finish(b, out), 0);
	free(chunks);
	free(bytes);
}

HELPER void write_pointer(struct dv_repo *repo, const char *path,
			  const struct tree_entry *root)
{
	struct dv_pointer pointer = {
		.kind = DV_KIND_TREE, .id = root->content.id,
		.size = root->content.size, .files = root->files,
		.rest = xstrdup(""),
	};
	bool changed;

	assert_int_equal(tracked_write(repo, path, &pointer, &changed), 0);
	dv_pointer_release(&pointer);
}

/* Records these files (sorted by folder) as the tracked directory `path`. */
HELPER void record(struct dv_repo *repo, const char *path,
		   const struct files *all)
{
	struct tree_entry *dirs = xcalloc(64, sizeof(*dirs)), root;
	struct tree_entry *entries = xcalloc(all->count + 1,
					     sizeof(*entries));
	struct put p;
	size_t dir_count = 0;

	assert_int_equal(session_open(store_of(repo), &p.session), 0);
	p.hand = session_hand_new(p.session);
	for (size_t i = 0, k; i < all->count; i = k) {
		struct tree_entry *d = &dirs[dir_count++];

		for (k = i; k < all->count &&
		     !strcmp(all->items[k].dir, all->items[i].dir); k++) {
			struct tree_entry *e = &entries[k];

			e->name = all->items[k].name;
			e->name_len = strlen(e->name);
			e->type = ENTRY_FILE;
			put_file(&p, &all->items[k], &e->content);
		}
		assert_int_equal(tree_build(entries + i, k - i, put_node, &p,
					    d), 0);
		d->name = all->items[i].dir;
		d->name_len = strlen(d->name);
	}
	assert_int_equal(tree_build(dirs, dir_count, put_node, &p, &root), 0);
	assert_int_equal(session_hand_flush(p.hand), 0);
	session_hand_free(p.hand);
	assert_int_equal(session_finish(p.session), 0);
	session_free(p.session);
	write_pointer(repo, path, &root);
	free(dirs);
	free(entries);
}

/* Copies a pointer from one repository to another. */
HELPER void copy_pointer(struct dv_repo *from, struct dv_repo *to,
			 const char *path)
{
	struct dv_pointer pointer;
	bool changed;

	assert_int_equal(tracked_read(from, path, &pointer), 0);
	assert_int_equal(tracked_write(to, path, &pointer, &changed), 0);
	dv_pointer_release(&pointer);
}

/* --- looking ----------------------------------------------------------- */

HELPER bool same_content(struct store_reader *r, const struct content *c,
			 const struct file *f)
{
	uint8_t *want = content_of(f);
	struct list_walk *w;
	struct dv_id id;
	uint64_t at, sum = 0;
	uint32_t len, got;
	const uint8_t *data;
	bool same = c->size == f->size;
	int more;

	if (list_walk_open(r, c, 0, &w)) {
		free(want);
		return false;
	}
	while (same && (more = list_walk_next(w, &id, &at, &len)) > 0) {
		same = !store_read(r, OBJECT_DATA, &id, &data, &got) &&
		       got == len && at + len <= f->size &&
		       !memcmp(data, want + at, len);
		sum += len;
	}
	list_walk_close(w);
	free(want);
	return same && sum == f->size;
}

/* How many of these files are whole in the repository's store. */
HELPER size_t count_whole(struct dv_repo *repo, const char *path,
			  const struct files *all)
{
	DV_AUTO_ARENA struct arena arena = ARENA_INIT;
	struct store_reader *r = store_reader_new(store_of(repo));
	struct tree_entry root = { .type = ENTRY_DIR }, e;
	struct dv_pointer pointer;
	size_t whole = 0;

	assert_int_equal(tracked_read(repo, path, &pointer), 0);
	root.content.id = pointer.id;
	root.content.size = pointer.size;
	root.files = pointer.files;
	for (size_t i = 0; i < all->count; i++) {
		const struct file *f = &all->items[i];
		char inside[64];

		snprintf(inside, sizeof(inside), "%s/%s", f->dir, f->name);
		whole += !tree_resolve(r, &root, inside, &arena, &e) &&
			 same_content(r, &e.content, f);
	}
	store_reader_free(r);
	dv_pointer_release(&pointer);
	return whole;
}

/* --- commands ---------------------------------------------------------- */

static char noticed[4096];

HELPER void take_notice(const char *text, void *data)
{
	(void)data;
	snprintf(noticed + strlen(noticed),
		 sizeof(noticed) - strlen(noticed), "%s\n", text);
}

HELPER struct dv_transfer_options options(void)
{
	noticed[0] = 0;
	return (struct dv_transfer_options){ .notice = take_notice };
}

HELPER struct dv_transfer_result push_ok(struct dv_repo *repo)
{
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;
	int err = dv_push(repo, &o, &r);

	if (err)
		print_error("push: %s\n", dv_error_text());
	assert_int_equal(err, 0);
	return r;
}

HELPER struct dv_transfer_result fetch_ok(struct dv_repo *repo)
{
	struct dv_transfer_options o = options();
	struct dv_transfer_result r;
	int err = dv_fetch(repo, &o, &r);

	if (err)
		print_error("fetch: %s\n", dv_error_text());
	assert_int_equal(err, 0);
	return r;
}

/* The largest pack of a remote, whatever its class. */
HELPER char *largest_pack(const char *remote)
{
	static char path[1024];
	char command[1024];
	FILE *f;

	snprintf(command, sizeof(command), "find %s/packs -type f -printf "
		 "'%%s %%p\\n' | sort -n | tail -n 1 | cut -d' ' -f2",
		 in_top(remote));
	f = popen(command, "r");
	assert_non_null(fgets(path, sizeof(path), f));
	pclose(f);
	path[strcspn(path, "\n")] = 0;
	return path;
}

HELPER int count_packs(const char *remote)
{
	char command[1024], text[64];
	FILE *f;

	snprintf(command, sizeof(command), "find %s/packs -type f | wc -l",
		 in_top(remote));
	f = popen(command, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	pclose(f);
	return atoi(text);
}

HELPER void flip_byte(const char *path, long at)
{
	FILE *f;
	int c;

	chmod(path, 0644);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	c = fgetc(f);
	fseek(f, at, SEEK_SET);
	fputc(c ^ 1, f);
	fclose(f);
}

#endif
