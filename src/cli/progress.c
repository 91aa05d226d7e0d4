#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/human.h"
#include "cli/progress.h"

#define FIRST_SECONDS	0.5
#define LINE_SECONDS	10.0
#define LINE_MAX_LEN	256

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static size_t columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_col)
		return 80;
	return w.ws_col;
}

static void describe(const struct dv_progress_event *e, double elapsed,
		     char *out, size_t size)
{
	char done[HUMAN_SIZE], total[HUMAN_SIZE], rate[HUMAN_SIZE];
	char left[HUMAN_SIZE];
	double per_second = elapsed > 0 ? e->done_bytes / elapsed : 0;
	int n = snprintf(out, size, "%s: ", e->phase);

	if (e->total_bytes)
		n += snprintf(out + n, size - n, "%3.0f%% ",
			      100.0 * e->done_bytes / e->total_bytes);
	if (e->total_items)
		n += snprintf(out + n, size - n, "%llu/%llu %s, ",
			      (unsigned long long)e->done_items,
			      (unsigned long long)e->total_items, e->unit);
	else if (e->done_items)
		n += snprintf(out + n, size - n, "%llu %s, ",
			      (unsigned long long)e->done_items, e->unit);
	n += snprintf(out + n, size - n, "%s",
		      human_bytes(e->done_bytes, done));
	if (e->total_bytes)
		n += snprintf(out + n, size - n, " of %s",
			      human_bytes(e->total_bytes, total));
	if (per_second >= 1)
		n += snprintf(out + n, size - n, ", %s/s",
			      human_bytes(per_second, rate));
	if (!e->finished && per_second >= 1 && e->total_bytes > e->done_bytes)
		snprintf(out + n, size - n, ", %s left",
			 human_time((e->total_bytes - e->done_bytes) /
				    per_second, left));
}

static void draw(struct progress_view *v, const char *line, bool finished)
{
	if (!v->terminal) {
		fprintf(stderr, "%s%s\n", line, finished ? ", done" : "");
		return;
	}
	fprintf(stderr, "\r%.*s\033[K", (int)columns() - 1, line);
	v->shown = true;
	if (finished) {
		fputc('\n', stderr);
		v->shown = false;
	}
	fflush(stderr);
}

static void show(const struct dv_progress_event *e, void *data)
{
	struct progress_view *v = data;
	double t = now(), wait = v->terminal ? FIRST_SECONDS : LINE_SECONDS;
	char line[LINE_MAX_LEN];

	if (!v->phase || strcmp(v->phase, e->phase)) {
		v->phase = e->phase;
		v->started = v->drawn = t;
	}
	if (e->finished ? v->drawn == v->started && t - v->started < wait :
			  t - v->drawn < (v->shown ? 0.1 : wait))
		return;
	v->drawn = t;
	describe(e, t - v->started, line, sizeof(line));
	draw(v, line, e->finished);
	if (e->finished)
		v->phase = NULL;
}

struct dv_progress progress_show(struct progress_view *v, bool quiet)
{
	*v = (struct progress_view){
		.quiet = quiet,
		.terminal = isatty(STDERR_FILENO),
	};
	return (struct dv_progress){ quiet ? NULL : show, v };
}

void progress_clear(struct progress_view *v)
{
	if (v->shown)
		fputs("\r\033[K", stderr);
	v->shown = false;
}
