/*
 * meter <out> <command>...: runs the command and writes one line to <out>:
 * wall, user and system seconds, largest resident KiB, exit code.
 *
 * The largest resident size of a process begins with that of the one that
 * forked it, so that a small program has to do this.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage used;
	int status;
	pid_t pid;
	FILE *out;

	if (argc < 3)
		return 129;
	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	out = fopen(argv[1], "w");
	if (!out)
		return 1;
	fprintf(out, "%.6f %.6f %.6f %ld %d\n",
		(double)(to.tv_sec - from.tv_sec) +
		(double)(to.tv_nsec - from.tv_nsec) / 1e9,
		seconds(&used.ru_utime), seconds(&used.ru_stime),
		used.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return fclose(out) ? 1 : 0;
}
