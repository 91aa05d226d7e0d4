#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"

#define NAP_FIRST_MS	5
#define NAP_MOST_MS	400

struct holder {
	char text[256];
};

static struct holder read_holder(int fd)
{
	struct holder h;
	ssize_t n = pread(fd, h.text, sizeof(h.text) - 1, 0);

	h.text[n > 0 ? n : 0] = '\0';
	h.text[strcspn(h.text, "\n")] = '\0';
	for (char *p = h.text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	if (!h.text[0])
		strcpy(h.text, "another process");
	return h;
}

/* For people only, so it does not matter when it cannot be written. */
static void write_holder(int fd, const char *command)
{
	char host[128] = "", text[256];
	int len;

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	len = snprintf(text, sizeof(text), "%ld %s %s\n", (long)getpid(),
		       host[0] ? host : "?", command);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, len, 0) < 0)
		return;
}

/* 0, 1 when somebody else has it, or an error. */
static int try_lock(int fd, int how, const char *path)
{
	while (flock(fd, how | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return 1;
		if (errno != EINTR)
			return dv_fail_errno("cannot lock %s", path);
	}
	return 0;
}

int lock_take(struct lock *l, const char *path, const char *command,
	      int seconds, lock_wait_cb *waiting, void *data)
{
	DV_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	int64_t end = clock_monotonic_ns() + (int64_t)seconds * 1000000000;
	unsigned nap_ms = NAP_FIRST_MS;
	int err;

	if (fd < 0)
		return dv_fail_errno("cannot open lock file %s", path);
	while ((err = try_lock(fd, LOCK_EX, path)) > 0) {
		if (seconds >= 0 && clock_monotonic_ns() >= end)
			return dv_fail(DV_E_LOCKED, "%s: held by %s", path,
				       read_holder(fd).text);
		if (waiting)
			waiting(read_holder(fd).text, data);
		waiting = NULL;
		err = clock_sleep_ms(nap_ms);
		if (err)
			return err;
		nap_ms = nap_ms * 2 < NAP_MOST_MS ? nap_ms * 2 : NAP_MOST_MS;
	}
	if (err)
		return err;
	write_holder(fd, command);
	l->fd = fd;
	fd = -1;
	return 0;
}

static int take_at_once(struct lock *l, const char *path, int how)
{
	DV_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	int err;

	if (fd < 0)
		return dv_fail_errno("cannot open lock file %s", path);
	err = try_lock(fd, how, path);
	if (err > 0)
		return dv_fail(DV_E_LOCKED, "%s is in use", path);
	if (err)
		return err;
	l->fd = fd;
	fd = -1;
	return 0;
}

int lock_share(struct lock *l, const char *path)
{
	return take_at_once(l, path, LOCK_SH);
}

int lock_alone(struct lock *l, const char *path)
{
	return take_at_once(l, path, LOCK_EX);
}

void lock_release(struct lock *l)
{
	/* A child that still has the fd would keep the lock otherwise. */
	if (l->fd >= 0) {
		flock(l->fd, LOCK_UN);
		close(l->fd);
	}
	l->fd = -1;
}
