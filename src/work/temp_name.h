#ifndef WORK_TEMP_NAME_H
#define WORK_TEMP_NAME_H

#include <stdbool.h>

/*
 * Names under which checkout writes a file beside the one it becomes:
 * ".<16 hex digits>.dv-tmp".  What still has such a name while the lock of the
 * work tree is held was left by a run that died.
 */
#define TEMP_NAME_SIZE	25	/* with the final 0 */

void temp_name_make(char name[TEMP_NAME_SIZE]);
bool temp_name_is(const char *name);

#endif
