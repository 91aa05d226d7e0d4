#ifndef WORK_ADD_JOB_H
#define WORK_ADD_JOB_H

#include "dv/work.h"

#include "base/buf.h"
#include "base/meter.h"
#include "git/repo.h"
#include "work/add_args.h"
#include "work/add_tree.h"
#include "work/record.h"
#include "work/stat_index.h"

/*
 * What the files of add share: add.c has the whole of it, add_plan.c makes a
 * pointer of one tracked path, add_index.c its stat index.
 */

/* What came of one plan, until it is written. */
struct outcome {
	bool skip;		/* nothing to say of it */
	bool same;		/* the pointer stays as it is */
	bool announced;		/* there is an index of another version */
	struct dv_pointer pointer;	/* rest: owned */
	struct stat_writer *writer;	/* owned; NULL: leave the index */
	struct dv_id index_pointer;
	bool complete;
	struct dv_add_result result;
	struct buf pointer_path, ignore;
};

struct adding {
	struct dv_repo *repo;
	const struct dv_add_options *o;
	bool drop;			/* parts leave the record */
	struct recorder r;
	struct ignore *ignore;		/* owned */
	struct store_reader *reader;	/* owned */
	struct meter meter;
	struct add_plans plans;
	struct outcome *outcomes;	/* owned, one per plan */
	struct spill rows;		/* of all stat indexes to be written */
	uint64_t total_bytes, total_items;
};

/* One plan while it is worked on. */
struct job {
	struct adding *a;
	const struct add_plan *plan;
	struct outcome *out;
	struct stat_index index;
	struct add_part *parts;		/* owned */
	size_t count;
	char *base;			/* owned: what scans are relative to */
	size_t to_read;
	bool vouched;			/* the store has all the index has */
};

#define DV_AUTO_JOB __attribute__((cleanup(job_release)))
void job_release(struct job *j);

/* Records one tracked path, as far as the store and `out` go. */
int add_do_plan(struct adding *a, const struct add_plan *plan,
		struct outcome *out);

/*
 * Git has moved the pointer since the last checkout: the rows of the stat index
 * are of another version.
 */
bool add_pointer_moved(const struct job *j);

/* Makes out->writer, and what belongs to it. */
void add_make_index(struct job *j);

#endif
