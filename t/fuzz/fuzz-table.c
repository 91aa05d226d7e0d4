#include <stdlib.h>
#include <string.h>

#include "work/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fields one after the other, each with its length. */
static int take_row(const struct table_row *row, void *data)
{
	struct buf *all = data;

	if (!row->count)
		abort();
	for (size_t i = 0; i < row->count; i++) {
		size_t begin = i ? row->ends[i - 1] : 0;

		if (row->ends[i] < begin)
			abort();
		buf_addf(all, "%zu:", row->ends[i] - begin);
		buf_add(all, row->bytes + begin, row->ends[i] - begin);
	}
	buf_addch(all, '\n');
	return 0;
}

static int read_table(const uint8_t *data, size_t size, size_t cut,
		      struct buf *out)
{
	struct table_reader t = TABLE_READER(',', take_row, out);
	int err = table_feed(&t, data, cut);

	if (!err)
		err = table_feed(&t, data + cut, size - cut);
	if (!err)
		err = table_end(&t);
	table_release(&t);
	return err;
}

/* Wherever the bytes are cut in two, the rows are the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_BUF struct buf whole = BUF_INIT;
	DV_AUTO_BUF struct buf parts = BUF_INIT;
	int err = read_table(data, size, size, &whole);

	if (read_table(data, size, size ? data[0] % size : 0, &parts) != err ||
	    parts.len != whole.len ||
	    memcmp(parts.data, whole.data, whole.len))
		abort();
	return 0;
}
