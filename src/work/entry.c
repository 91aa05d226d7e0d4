#include "work/entry.h"

#include <string.h>

void entry_shown(const struct tree_entry *e, const char *path,
		 struct dv_entry *out)
{
	*out = (struct dv_entry){
		.path = path,
		.executable = e->executable,
		.size = e->content.size,
		.id = e->content.id,
		.chunked = e->content.list,
	};
	switch (e->type) {
	case ENTRY_FILE:
		out->type = DV_ENTRY_FILE;
		break;
	case ENTRY_DIR:
		out->type = DV_ENTRY_DIR;
		out->files = e->files;
		break;
	case ENTRY_SYMLINK:
		out->type = DV_ENTRY_SYMLINK;
		out->target = e->target;
		out->size = strlen(e->target);
		memset(&out->id, 0, sizeof(out->id));
		break;
	}
}
