/* What DVC, git-lfs and git fast-export write; each input as all of them. */
#include <stdlib.h>

#include "migrate/dvc_file.h"
#include "migrate/export.h"
#include "migrate/lfs_pointer.h"
#include "migrate/listing.h"

static void read_dvc(const char *text, size_t len, bool lock)
{
	struct dvc_file f = DVC_FILE_INIT;

	if (lock)
		dvc_lock_read(text, len, "", "a/dvc.lock", "/top", &f);
	else
		dvc_file_read(text, len, "a/x.dvc", "/top", &f);
	dvc_file_release(&f);
}

static int count_node(void *data, const struct object *node)
{
	(void)node;
	++*(size_t *)data;
	return 0;
}

static void read_listing(const char *text, size_t len)
{
	struct listing l = LISTING_INIT;
	struct tree_entry tree;
	size_t nodes = 0;

	if (!listing_read(text, len, "x", false, &l) &&
	    !listing_check(&l, "x"))
		listing_build(&l, count_node, &nodes, &tree);
	listing_release(&l);
}

static void read_export(const char *text, size_t len)
{
	DV_AUTO_EXPORT struct export e = EXPORT_INIT(text, len);

	while (export_next(&e) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct lfs_pointer lfs;

	read_dvc(text, len, false);
	read_dvc(text, len, true);
	read_listing(text, len);
	read_export(text, len);
	lfs_pointer_read(text, len, &lfs);
	return 0;
}
