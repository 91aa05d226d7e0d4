#include "base/crash.h"

#ifdef DV_TEST_CRASH

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *point;
static size_t point_len;
static int signal_number = SIGKILL;
static _Atomic long passes_left;
static int log_fd = -1;

static void read_environment(void)
{
	const char *log = getenv("DV_TEST_CRASH_LOG");
	const char *how = getenv("DV_TEST_CRASH_HOW");
	const char *colon;

	if (how && !strcmp(how, "stop"))
		signal_number = SIGSTOP;
	if (log)
		log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			      0666);
	point = getenv("DV_TEST_CRASH_AT");
	if (!point)
		return;
	colon = strrchr(point, ':');
	point_len = colon ? (size_t)(colon - point) : strlen(point);
	passes_left = colon ? atol(colon + 1) : 1;
}

void crash_point(const char *name)
{
	size_t len = strlen(name);

	pthread_once(&once, read_environment);
	if (log_fd >= 0) {
		char line[128];

		if (len < sizeof(line)) {
			memcpy(line, name, len);
			line[len] = '\n';
			if (write(log_fd, line, len + 1) < 0)
				abort();
		}
	}
	if (point && len == point_len && !memcmp(name, point, len) &&
	    atomic_fetch_sub(&passes_left, 1) == 1)
		kill(getpid(), signal_number);
}

#endif
