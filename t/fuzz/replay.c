/*
 * Runs a fuzz target without a fuzzer: every input in
 * t/fuzz/corpus/<target>, and from each of them the same few thousand
 * neighbours every time (cut short, bits flipped, bytes set to extremes,
 * pieces repeated).  Prints TAP.  To be run at the top of the source.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#define INPUT_MOST	((size_t)1 << 20)	/* bytes */
#define NEIGHBOURS	2000			/* of one input */
#define WORK_MOST	((size_t)64 << 20)	/* bytes of neighbours */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t seed;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* In memory of exactly this size, for the sanitizer to see its end. */
static void run_one(const void *data, size_t len)
{
	DV_AUTO_FREE uint8_t *copy = xmalloc(len);

	if (len)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
}

static void change(struct buf *b)
{
	static const uint8_t extremes[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	size_t at = next_random() % b->len;

	switch (next_random() % 5) {
	case 0:
		buf_setlen(b, at);
		break;
	case 1:
		b->data[at] ^= 1 << next_random() % 8;
		break;
	case 2:
		b->data[at] = extremes[next_random() % sizeof(extremes)];
		break;
	case 3:
		memset(b->data + at, next_random() % 2 ? 0xff : 0,
		       b->len - at < 8 ? b->len - at : 8);
		break;
	default:
		buf_reserve(b, b->len - at);
		memcpy(b->data + b->len, b->data + at, b->len - at);
		buf_setlen(b, 2 * b->len - at);
	}
}

static void run_neighbours(const struct buf *input)
{
	DV_AUTO_BUF struct buf b = BUF_INIT;
	size_t work = 0;

	seed = 0x9e3779b97f4a7c15 ^ input->len;
	for (size_t i = 0; i < NEIGHBOURS && work < WORK_MOST; i++) {
		buf_clear(&b);
		buf_add(&b, input->data, input->len);
		for (size_t n = 1 + next_random() % 3; n && b.len; n--)
			change(&b);
		run_one(b.data, b.len);
		work += b.len + 1;
	}
}

static int replay(const char *folder, size_t *count)
{
	DV_AUTO_DIR DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir)
		return dv_fail_errno("cannot list %s", folder);
	while ((entry = readdir(dir))) {
		DV_AUTO_BUF struct buf path = BUF_INIT;
		DV_AUTO_BUF struct buf input = BUF_INIT;
		int err;

		if (entry->d_name[0] == '.')
			continue;
		buf_addf(&path, "%s/%s", folder, entry->d_name);
		err = file_read(path.data, INPUT_MOST, &input);
		if (err)
			return err;
		run_one(input.data, input.len);
		run_neighbours(&input);
		++*count;
	}
	return 0;
}

int main(int argc, char **argv)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	const char *name = path_name(argv[0]);
	size_t count = 0;
	int err;

	(void)argc;
	if (strncmp(name, "replay-", 7))
		return 129;
	name += 7;
	buf_addf(&folder, "t/fuzz/corpus/%s", name);
	printf("1..1\n");
	fflush(stdout);
	run_one("", 0);
	err = replay(folder.data, &count);
	if (!err && !count)
		err = dv_fail(DV_E_NOTFOUND, "no inputs in %s", folder.data);
	if (err)
		printf("# %s\n", dv_error_text());
	printf("%s 1 - %s: %zu inputs and their neighbours\n",
	       err ? "not ok" : "ok", name, count);
	return err ? 1 : 0;
}
