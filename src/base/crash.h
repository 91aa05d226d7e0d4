#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * Named points just before and after each step that makes something durable
 * or visible.  With DV_TEST_CRASH_AT=<point>[:n] in the environment the
 * n-th pass ends the process at once (as kill -9 would), or stops it when
 * DV_TEST_CRASH_HOW=stop, until somebody sends SIGCONT.  With
 * DV_TEST_CRASH_LOG=<file> each pass appends the point's name to that file;
 * t/t8* walks through all of them that way.  Names have no ':'.  Compiled to
 * nothing unless DV_TEST_CRASH is defined.
 */
#ifdef DV_TEST_CRASH
void crash_point(const char *name);
#else
static inline void crash_point(const char *name) { (void)name; }
#endif

#endif
