#ifndef REMOTE_HTTP_HEAD_H
#define REMOTE_HTTP_HEAD_H

#include <stddef.h>

#include "remote/http.h"

/*
 * Takes in one line of an answer's head, as it came (line end included, not
 * 0-ended).  A status line forgets what an earlier head said.  What cannot
 * be understood is as if it were not there.
 */
void http_head_line(struct http_answer *a, const char *line, size_t len);

#endif
