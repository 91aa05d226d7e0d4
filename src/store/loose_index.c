/* Writing the index parts of loose files. */

#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"
#include "base/file.h"
#include "store/pack_index.h"
#include "store/pack_write.h"

/* Frames are only there to keep offsets short: as long as they may be. */
static int cut_frames(const struct loose_chunk *chunks, size_t count,
		      uint64_t size, struct frame_info *frames,
		      struct pack_entry *entries, uint32_t *frame_count)
{
	struct frame_info *f = NULL;
	uint64_t at = count ? chunks[0].offset : 0;

	*frame_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct loose_chunk *c = &chunks[i];

		if (c->offset != at || c->len > OBJECT_MAX || at > size ||
		    c->len > size - at)
			return dv_fail(DV_E_INVALID,
				       "these are not the chunks of a file");
		if (!f || f->raw + c->len > FRAME_LOOSE_MAX) {
			f = &frames[(*frame_count)++];
			*f = (struct frame_info){
				.offset = at, .first = i, .codec = CODEC_RAW,
			};
		}
		entries[i] = (struct pack_entry){
			.id = c->id, .frame = *frame_count - 1,
			.offset = f->raw, .len = c->len, .check = c->check,
		};
		f->raw += c->len;
		f->stored = f->raw;
		f->count++;
		at += c->len;
	}
	return 0;
}

static int encode_part(const struct file_stamp *stamp,
		       const struct loose_chunk *chunks, size_t count,
		       struct buf *out)
{
	/* a frame is at least as long as the longest less one object */
	size_t most = count / (FRAME_LOOSE_MAX / OBJECT_MAX - 1) + 1;
	struct frame_info *frames = xcalloc(most, sizeof(*frames));
	struct pack_entry *entries = xcalloc(count + 1, sizeof(*entries));
	struct pack_index x = {
		.class = OBJECT_DATA, .layout = PACK_LOOSE,
		.objects = count, .stamp = *stamp,
	};
	struct dv_id id;
	int err = cut_frames(chunks, count, stamp->size, frames, entries,
			     &x.frames);

	if (!err)
		pack_index_encode(&x, frames, entries, stamp->size, out, &id);
	free(frames);
	free(entries);
	return err;
}

int pack_write_loose_index(const char *path, const char *temp_dir,
			   const struct file_stamp *stamp,
			   const struct loose_chunk *chunks, size_t count)
{
	DV_AUTO_NEWFILE struct newfile f = NEWFILE_INIT;
	DV_AUTO_BUF struct buf bytes = BUF_INIT;
	int err = encode_part(stamp, chunks, count, &bytes);

	if (!err)
		err = newfile_open(&f, path, temp_dir);
	if (!err)
		err = newfile_write(&f, bytes.data, bytes.len);
	return err ? err : newfile_commit(&f, NEWFILE_SHARED);
}
