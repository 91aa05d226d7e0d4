#ifndef KEEP_DOCTOR_H
#define KEEP_DOCTOR_H

#include "dv/doctor.h"

/* What the parts of the examination share. */
struct doctor {
	struct dv_repo *repo;
	const struct dv_doctor_options *o;
	dv_check_cb *fn;
	void *data;
};

/* Tells of one thing; hint may be NULL. */
__attribute__((format(printf, 5, 6)))
int doctor_tell(const struct doctor *d, const char *subject,
		enum dv_check_state state, const char *hint,
		const char *fmt, ...);
/* Tells of the last failure, with its hint, and gives 0. */
int doctor_tell_failure(const struct doctor *d, const char *subject,
			enum dv_check_state state, const char *what);

int doctor_links(struct doctor *d);	/* doctor_links.c */
int doctor_contradictions(struct doctor *d);	/* doctor_contradictions.c */
int doctor_settings(struct doctor *d);	/* doctor_settings.c */
int doctor_remotes(struct doctor *d);	/* doctor_remote.c */

#endif
