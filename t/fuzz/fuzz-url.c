#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "remote/http_head.h"
#include "remote/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is shown of an HTTP or S3 URL is such a URL, and shows the same. */
static void check_shown(const struct url *u)
{
	DV_AUTO_BUF struct buf once = BUF_INIT;
	DV_AUTO_BUF struct buf twice = BUF_INIT;
	DV_AUTO_URL struct url again = URL_INIT;

	url_show(u, &once);
	if (u->kind == URL_DIR)
		return;
	if (url_parse(once.data, &again) && once.len < 4000)
		abort();
	if (once.len >= 4000)
		return;
	url_show(&again, &twice);
	if (strcmp(once.data, twice.data) || again.user || again.password)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DV_AUTO_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	DV_AUTO_BUF struct buf shown = BUF_INIT;
	DV_AUTO_URL struct url u = URL_INIT;

	buf_add(&text, data, size);
	if (!url_parse(text.data, &u))
		check_shown(&u);
	url_redact(text.data, &shown);
	remote_object_name_ok(text.data);
	http_head_line(&a, (const char *)data, size);
	return 0;
}
