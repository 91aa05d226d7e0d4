#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/crew.h"
#include "base/error.h"

#define READ_STEP	((size_t)64 << 10)
#define OUTPUT_MOST	((size_t)1 << 30)	/* bytes taken from a child */
#define LOOK_MS		100			/* between looks at cancel */

extern char **environ;

struct child {
	const char *name;
	pid_t pid;
	int to, from;		/* its stdin and stdout; -1: closed */
	const char *input;
	size_t len;		/* of input, still to be written */
};

/* A pipe that is not in the way of the child's fds 0 to 2. */
static int pipe_above(int fds[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
	close(low[0]);
	close(low[1]);
	return fds[0] < 0 || fds[1] < 0 ? -1 : 0;
}

static int spawn(const char *const argv[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t signals;
	int code;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attr, &signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &signals);
	code = posix_spawnp(pid, argv[0], &actions, &attr,
			    (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

static void close_end(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* A child that does not read all of its input is no failure by itself. */
static int feed(struct child *c)
{
	ssize_t n = write(c->to, c->input, c->len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != EPIPE)
		return dv_fail_errno("cannot write to %s", c->name);
	if (n < 0) {
		close_end(&c->to);
		return 0;
	}
	c->input += n;
	c->len -= n;
	if (!c->len)
		close_end(&c->to);
	return 0;
}

static int drain(struct child *c, struct buf *out, size_t start)
{
	ssize_t n;

	buf_reserve(out, READ_STEP);
	n = read(c->from, out->data + out->len, READ_STEP);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0)
		return dv_fail_errno("cannot read from %s", c->name);
	if (!n)
		close_end(&c->from);
	buf_setlen(out, out->len + n);
	if (out->len - start > OUTPUT_MOST)
		return dv_fail(DV_E_IO, "%s: too much output", c->name);
	return 0;
}

/* Both directions at once, so that neither side waits for the other. */
static int talk(struct child *c, struct buf *out)
{
	size_t start = out->len;
	int err = 0;

	if (!c->len)
		close_end(&c->to);
	while (c->from >= 0 && !err) {
		struct pollfd fds[2] = {
			{ .fd = c->from, .events = POLLIN },
			{ .fd = c->to, .events = POLLOUT },
		};

		err = cancel_check();
		if (err)
			return err;
		if (poll(fds, 2, LOOK_MS) < 0) {
			if (errno == EINTR)
				continue;
			return dv_fail_errno("cannot wait for %s", c->name);
		}
		if (fds[1].revents)
			err = feed(c);
		if (!err && fds[0].revents)
			err = drain(c, out, start);
	}
	return err;
}

static int wait_for(struct child *c, int err, int *code)
{
	int status;

	if (err)
		kill(c->pid, SIGTERM);
	while (waitpid(c->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err ? err : dv_fail_errno("cannot wait for %s",
							 c->name);
	}
	if (err)
		return err;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
		return dv_fail(DV_E_INTERRUPTED, "%s was interrupted",
			       c->name);
	if (WIFSIGNALED(status))
		return dv_fail(DV_E_IO, "%s was ended by signal %d", c->name,
			       WTERMSIG(status));
	*code = WEXITSTATUS(status);
	return 0;
}

/*
 * Keeps SIGPIPE from this thread while it writes to a child that may end,
 * and takes away the one that came of it.
 */
static void pipe_signal_block(sigset_t *before)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &signals, before);
}

static void pipe_signal_restore(const sigset_t *before)
{
	struct timespec now = { 0, 0 };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	if (!sigismember(before, SIGPIPE)) {
		while (sigtimedwait(&signals, NULL, &now) > 0)
			;
	}
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int process_run_code(const char *const argv[], const void *input, size_t len,
		     struct buf *out, int *exit_code)
{
	DV_AUTO_CLOSE int to_write = -1;
	DV_AUTO_CLOSE int from_read = -1;
	struct child c = { .name = argv[0], .input = input, .len = len };
	int in[2] = { -1, -1 }, output[2] = { -1, -1 };
	sigset_t before;
	int code = 0, err;

	if (pipe_above(in) < 0 || pipe_above(output) < 0)
		code = errno;
	else
		code = spawn(argv, in[0], output[1], &c.pid);
	if (in[0] >= 0)
		close(in[0]);
	if (output[1] >= 0)
		close(output[1]);
	to_write = in[1];
	from_read = output[0];
	if (code == ENOENT || code == EACCES)
		return dv_fail(DV_E_NOTFOUND, "cannot run %s: %s", argv[0],
			       strerror(code));
	if (code) {
		errno = code;
		return dv_fail_errno("cannot run %s", argv[0]);
	}
	c.to = to_write;
	c.from = from_read;
	to_write = from_read = -1;
	fcntl(c.to, F_SETFL, O_NONBLOCK);
	pipe_signal_block(&before);
	err = talk(&c, out);
	pipe_signal_restore(&before);
	if (c.to >= 0)
		close_end(&c.to);
	if (c.from >= 0)
		close_end(&c.from);
	return wait_for(&c, err, exit_code);
}

int process_run(const char *const argv[], const void *input, size_t len,
		struct buf *out)
{
	int code;
	int err = process_run_code(argv, input, len, out, &code);

	if (!err && code)
		err = dv_fail(DV_E_IO, "%s failed with exit code %d", argv[0],
			      code);
	return err;
}
