#include <string.h>

#include "builtin/broken.h"
#include "cli/report.h"

static int report_one(const char *path, int err, void *data)
{
	struct broken *b = data;
	size_t before = b->paths.count;

	names_add(&b->paths, path, strlen(path));
	if (b->paths.count == before)
		return 0;
	progress_clear(b->view);
	report(err);
	return 0;
}

void broken_pass(struct broken *b, struct progress_view *view,
		 struct dv_selection *what)
{
	b->view = view;
	what->broken = report_one;
	what->broken_data = b;
}

int broken_code(const struct broken *b, int code)
{
	return code || !b->paths.count ? code : 1;
}

void broken_release(struct broken *b)
{
	names_release(&b->paths);
}
