#ifndef WORK_ADD_H
#define WORK_ADD_H

#include "dv/work.h"

#include "work/add_args.h"

/*
 * dv_add() for other commands, which hold the lock of the work tree and have
 * made the plans, which stay theirs.
 */
enum add_locked_flags {
	ADD_DRY_RUN = 1,
	/*
	 * The parts, none of which is a whole tracked path, leave the record,
	 * whether or not they are or ever were in the work tree.  One that is
	 * not recorded: DV_E_NOTFOUND.
	 */
	ADD_DROP = 2,
};

int add_locked(struct dv_repo *repo, const struct add_plans *plans,
	       enum add_locked_flags flags, dv_add_cb *fn, void *data);

#endif
