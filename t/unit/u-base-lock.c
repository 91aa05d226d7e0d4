#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dv/progress.h"

#include "base/clock.h"
#include "base/crew.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"

static char scratch[] = "/tmp/dv-unit.XXXXXX";

static int enter_scratch(void **state)
{
	(void)state;
	return mkdtemp(scratch) && !chdir(scratch) ? 0 : -1;
}

static int leave_scratch(void **state)
{
	(void)state;
	return chdir("/") || dir_remove(scratch) ? -1 : 0;
}

/* A process that holds "lock" until it is killed or its stdin pipe ends. */
struct other {
	pid_t pid;
	int to;		/* closed: it lets go */
};

static struct other other_start(void)
{
	int ready[2], go[2];
	struct other o;
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	o.pid = fork();
	assert_true(o.pid >= 0);
	if (!o.pid) {
		struct lock l = LOCK_INIT;

		close(go[1]);
		if (lock_take(&l, "lock", "dv sleep\nwell", 0, NULL, NULL) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		while (read(go[0], &c, 1) > 0)
			;
		/* so that who waits comes more than once in vain */
		clock_sleep_ms(100);
		lock_release(&l);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	o.to = go[1];
	return o;
}

static void other_wait(struct other *o)
{
	if (o->to >= 0)
		close(o->to);
	assert_int_equal(waitpid(o->pid, NULL, 0), o->pid);
}

static void held_by_another_process_it_is_refused(void **state)
{
	DV_AUTO_LOCK struct lock l = LOCK_INIT;
	struct other o = other_start();
	char expect[64];

	(void)state;
	assert_int_equal(lock_take(&l, "lock", "dv add", 0, NULL, NULL),
			 DV_E_LOCKED);
	assert_int_equal(l.fd, -1);
	snprintf(expect, sizeof(expect), "lock: held by %ld ", (long)o.pid);
	assert_memory_equal(dv_error_text(), expect, strlen(expect));
	assert_non_null(strstr(dv_error_text(), " dv sleep"));
	other_wait(&o);
	assert_int_equal(lock_take(&l, "lock", "dv add", 0, NULL, NULL), 0);
}

static void waiting_has_its_limit(void **state)
{
	DV_AUTO_LOCK struct lock l = LOCK_INIT;
	struct other o = other_start();
	int64_t start = clock_monotonic_ns();

	(void)state;
	assert_int_equal(lock_take(&l, "lock", "dv add", 1, NULL, NULL),
			 DV_E_LOCKED);
	assert_true(clock_monotonic_ns() - start >= 1000000000);
	other_wait(&o);
}

struct waited {
	struct other *other;
	unsigned calls;
};

static void let_go(const char *holder, void *data)
{
	struct waited *w = data;
	char pid[16];

	snprintf(pid, sizeof(pid), "%ld ", (long)w->other->pid);
	assert_memory_equal(holder, pid, strlen(pid));
	close(w->other->to);
	w->other->to = -1;
	w->calls++;
}

static void a_waiting_process_is_told_once_and_gets_it(void **state)
{
	DV_AUTO_LOCK struct lock l = LOCK_INIT;
	struct other o = other_start();
	struct waited w = { &o, 0 };
	DV_AUTO_BUF struct buf text = BUF_INIT;
	char expect[32];

	(void)state;
	assert_int_equal(lock_take(&l, "lock", "dv add", -1, let_go, &w), 0);
	assert_int_equal(w.calls, 1);
	other_wait(&o);
	assert_int_equal(file_read("lock", 1000, &text), 0);
	snprintf(expect, sizeof(expect), "%ld ", (long)getpid());
	assert_memory_equal(text.data, expect, strlen(expect));
	assert_string_equal(text.data + text.len - 8, " dv add\n");
}

static void a_killed_process_leaves_no_lock(void **state)
{
	DV_AUTO_LOCK struct lock l = LOCK_INIT;
	struct other o = other_start();

	(void)state;
	kill(o.pid, SIGKILL);
	assert_int_equal(waitpid(o.pid, NULL, 0), o.pid);
	close(o.to);
	assert_int_equal(lock_take(&l, "lock", "dv add", 0, NULL, NULL), 0);
}

static void cancel(const char *holder, void *data)
{
	(void)holder;
	(void)data;
	dv_cancel();
}

static void waiting_can_be_cancelled(void **state)
{
	DV_AUTO_LOCK struct lock l = LOCK_INIT;
	struct other o = other_start();

	(void)state;
	assert_int_equal(lock_take(&l, "lock", "dv add", -1, cancel, NULL),
			 DV_E_INTERRUPTED);
	cancel_reset();
	other_wait(&o);
}

static void one_process_excludes_itself_too(void **state)
{
	DV_AUTO_LOCK struct lock a = LOCK_INIT;
	DV_AUTO_LOCK struct lock b = LOCK_INIT;

	(void)state;
	assert_int_equal(lock_take(&a, "lock", "one", 0, NULL, NULL), 0);
	assert_int_equal(lock_take(&b, "lock", "two", 0, NULL, NULL),
			 DV_E_LOCKED);
	lock_release(&a);
	assert_int_equal(lock_take(&b, "lock", "two", 0, NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_by_another_process_it_is_refused),
		cmocka_unit_test(waiting_has_its_limit),
		cmocka_unit_test(a_waiting_process_is_told_once_and_gets_it),
		cmocka_unit_test(a_killed_process_leaves_no_lock),
		cmocka_unit_test(waiting_can_be_cancelled),
		cmocka_unit_test(one_process_excludes_itself_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
