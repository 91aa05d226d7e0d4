#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "chunk/check.h"
#include "chunk/sha256.h"
#include "store/pack_index.h"
#include "store/pack_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int take(void *data, const struct frame_info *info,
		const struct object *objects)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < info->count; i++) {
		struct dv_id id;

		sum += objects[i].len;
		if (objects[i].len > OBJECT_MAX)
			abort();
		sha256(objects[i].data, objects[i].len, &id);
		if (!dv_id_equal(&id, &objects[i].id))
			abort();
	}
	if (sum != info->raw)
		abort();
	*(uint32_t *)data += info->count;
	return 0;
}

static void scan(const void *data, size_t len)
{
	DV_AUTO_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	uint32_t frames, objects = 0;
	char path[64];

	if (fd < 0 || file_write_all(fd, data, len, "memory"))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (pack_scan(path, take, &objects, &frames) || frames > objects)
		abort();
}

/* The check of a frame's header, made right by what is there. */
static void mend(uint8_t *frame, size_t len)
{
	DV_AUTO_BUF struct buf sums = BUF_INIT;
	uint32_t count = load_u32(frame + 8), stored = load_u32(frame + 12);
	const uint8_t *at;

	if (count > FRAME_COUNT_MAX || stored > len ||
	    frame_head_size(count) > len - stored)
		return;
	buf_add(&sums, frame, 24);
	buf_add(&sums, frame + FRAME_HEADER_SIZE, (size_t)count * 4);
	at = frame + frame_head_size(count);
	if (frame[4])
		buf_add_u64(&sums, check64(at, stored));
	for (uint32_t i = 0; !frame[4] && i < count; i++) {
		uint32_t n = load_u32(frame + FRAME_HEADER_SIZE +
				      (size_t)i * 4);

		if (n > stored)
			return;
		stored -= n;
		buf_add_u64(&sums, check64(at, n));
		at += n;
	}
	store_u64(frame + 24, check64(sums.data, sums.len));
}

/* As it is, and with the check of the first frame made right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	DV_AUTO_BUF struct buf in = BUF_INIT;

	scan(data, len);
	if (len < PACK_HEADER_SIZE + FRAME_HEADER_SIZE)
		return 0;
	buf_add(&in, data, len);
	mend((uint8_t *)in.data + PACK_HEADER_SIZE, len - PACK_HEADER_SIZE);
	scan(in.data, in.len);
	return 0;
}
