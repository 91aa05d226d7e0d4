#ifndef BASE_LOCK_H
#define BASE_LOCK_H

/*
 * A lock file held with flock(2), so that it is let go of when the process
 * ends, however it ends.  The file says who holds it: "<pid> <host>
 * <command>"; it is never removed.
 */
struct lock {
	int fd;		/* -1: not held */
};

#define LOCK_INIT	{ -1 }
#define DV_AUTO_LOCK	__attribute__((cleanup(lock_release)))

/*
 * Called once before waiting, with the text of the holder.  NULL: wait
 * without a word.
 */
typedef void lock_wait_cb(const char *holder, void *data);

/*
 * Takes the lock; waits up to `seconds` (-1: for ever, 0: not at all).
 * Returns 0, DV_E_LOCKED with the holder in the text, DV_E_INTERRUPTED
 * or DV_E_IO.
 */
int lock_take(struct lock *l, const char *path, const char *command,
	      int seconds, lock_wait_cb *waiting, void *data);
/*
 * For a lock that more than one may hold: shared, or alone (which leaves the
 * file as it is).  Does not wait: DV_E_LOCKED.
 */
int lock_share(struct lock *l, const char *path);
int lock_alone(struct lock *l, const char *path);
void lock_release(struct lock *l);

#endif
