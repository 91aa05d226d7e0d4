#ifndef UNIT_STORE_WORLD_H
#define UNIT_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "dv/error.h"

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "chunk/check.h"
#include "chunk/sha256.h"
#include "store/pack_write.h"
#include "store/store.h"

#include "data.h"

/* A folder that each test of the store room has for itself. */
static char world[64];

static inline int world_begin(void **state)
{
	(void)state;
	strcpy(world, "/tmp/u-store-XXXXXX");
	return mkdtemp(world) ? 0 : -1;
}

static inline int world_end(void **state)
{
	(void)state;
	return dir_remove(world);
}

#define WORLD_TEST(f)	cmocka_unit_test_setup_teardown(f, world_begin, \
							world_end)

#define ok(call) do { \
	int ok_err_ = (call); \
	if (ok_err_) \
		fail_msg("%s: %d: %s", #call, ok_err_, dv_error_text()); \
} while (0)

/* "<world>/<name>"; several may be in use at once. */
static inline const char *in_world(const char *name)
{
	static char paths[8][512];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", world, name);
	return path;
}

/* Object number n of a kind of data, of len bytes; free() the bytes. */
static inline uint8_t *object_make(struct object *o, uint64_t n, uint32_t len,
				   bool text)
{
	uint8_t *bytes = xmalloc(len + 8);

	if (text)
		text_fill(bytes, len, n);
	else
		random_fill(bytes, len, n);
	*o = (struct object){ .data = bytes, .len = len };
	sha256(bytes, len, &o->id);
	return bytes;
}

/* A pack of objects [from, to) of a kind of data, of len bytes each. */
static inline void pack_objects(const struct pack_writer_options *o,
				uint64_t from, uint64_t to, uint32_t len,
				bool text)
{
	struct pack_writer *w;
	struct packer *p;

	ok(pack_writer_open(o, &w));
	p = packer_new(w);
	for (uint64_t n = from; n < to; n++) {
		struct object object;
		uint8_t *bytes = object_make(&object, n, len, text);

		ok(packer_put(p, &object, 1));
		free(bytes);
	}
	ok(packer_flush(p));
	packer_free(p);
	ok(pack_writer_finish(w));
	pack_writer_free(w);
}

/* Claims and puts; the number of objects that were new. */
static inline size_t put_object(struct session *w, struct session_hand *h,
				enum object_class class,
				const struct object *o)
{
	if (!session_claim(w, class, &o->id))
		return 0;
	ok(session_put(h, class, o, 1));
	return 1;
}

/* A session that puts objects [from, to) of 1000 bytes of random data. */
static inline void put_some(struct store *s, enum object_class class,
			    uint64_t from, uint64_t to, bool text)
{
	struct session *w;
	struct session_hand *h;

	ok(session_open(s, &w));
	h = session_hand_new(w);
	for (uint64_t n = from; n < to; n++) {
		struct object o;
		uint8_t *bytes = object_make(&o, n, 1000, text);

		put_object(w, h, class, &o);
		free(bytes);
	}
	ok(session_hand_flush(h));
	session_hand_free(h);
	ok(session_finish(w));
	session_free(w);
}

/* 0 when object n of 1000 bytes can be read and is what it was. */
static inline int read_some(struct store_reader *r, enum object_class class,
			    uint64_t n, bool text)
{
	struct object o;
	uint8_t *bytes = object_make(&o, n, 1000, text);
	const uint8_t *data;
	uint32_t len;
	int err = store_read(r, class, &o.id, &data, &len);

	if (!err) {
		assert_int_equal(len, 1000);
		assert_memory_equal(data, bytes, len);
	}
	free(bytes);
	return err;
}

/* Changes one byte of a file. */
static inline void damage(const char *path, long offset)
{
	FILE *f;
	int c;

	chmod(path, 0644);
	f = fopen(path, "r+b");
	assert_non_null(f);
	fseek(f, offset, offset < 0 ? SEEK_END : SEEK_SET);
	c = fgetc(f);
	fseek(f, -1, SEEK_CUR);
	fputc(c ^ 0x55, f);
	assert_int_equal(fclose(f), 0);
}

/* How many names in a folder end so; the last one seen in *name. */
static inline size_t count_files(const char *dir, const char *end,
				 struct buf *name)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (e->d_name[0] == '.' || len < strlen(end) ||
		    strcmp(e->d_name + len - strlen(end), end))
			continue;
		n++;
		if (name) {
			buf_clear(name);
			buf_addf(name, "%s/%s", dir, e->d_name);
		}
	}
	if (d)
		closedir(d);
	return n;
}

#endif
