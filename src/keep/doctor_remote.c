/* What may be done at a remote, by doing it with a tiny object. */

#include <stdio.h>
#include <string.h>

#include "dv/error.h"
#include "dv/transfer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "keep/doctor.h"
#include "transfer/locator.h"
#include "transfer/open.h"

#define PROBE_FOLDER	"probe/"

struct probing {
	struct doctor *d;
	struct endpoint *e;
	struct buf subject;	/* "remote origin" */
	struct buf name;	/* of the object */
	uint8_t bytes[16];
};

static int tell_failure(const struct probing *p, enum dv_check_state state,
			const char *what)
{
	return doctor_tell_failure(p->d, p->subject.data, state, what);
}

static int tell(const struct probing *p, enum dv_check_state state,
		const char *text)
{
	return doctor_tell(p->d, p->subject.data, state, NULL, "%s", text);
}

/* Reaching it, and whether it is one of ours; *ok: there is more to try. */
static int probe_reading(struct probing *p, bool *ok)
{
	int64_t before = clock_monotonic_ns(), ms;
	uint64_t size;
	int err = remote_stat(p->e->remote, REMOTE_MARKER, &size);

	ms = (clock_monotonic_ns() - before) / 1000000;
	*ok = (!err || err == DV_E_NOTFOUND) &&
		!endpoint_check_marker(p->e, false);
	if (!*ok)
		return tell_failure(p, DV_CHECK_FAIL, "cannot be read");
	return doctor_tell(p->d, p->subject.data,
			   err ? DV_CHECK_NOTE : DV_CHECK_OK, NULL,
			   "%s answers in %lld ms%s",
			   remote_url(p->e->remote), (long long)ms,
			   err ? "; nothing was pushed there yet" : "");
}

static int seen(void *data, const char *name, uint64_t size,
		int64_t modified)
{
	struct probing *p = data;

	(void)modified;
	if (!strcmp(name, p->name.data) && size == sizeof(p->bytes))
		buf_clear(&p->name);
	return 0;
}

static int probe_listing(struct probing *p)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	bool found;
	int err;

	buf_addstr(&name, p->name.data);
	err = remote_list(p->e->remote, PROBE_FOLDER, seen, p);
	found = !p->name.len;
	buf_clear(&p->name);
	buf_addstr(&p->name, name.data);
	if (err == DV_E_UNSUPPORTED)
		return tell(p, DV_CHECK_NOTE, "cannot list: gc has to be run "
			    "where the files are");
	if (err)
		return tell_failure(p, DV_CHECK_WARN, "may not list");
	return found ? tell(p, DV_CHECK_OK, "may list") :
		tell(p, DV_CHECK_WARN, "a listing does not show what was "
		     "just written");
}

/* What was put is there, as it was. */
static int probe_content(struct probing *p)
{
	DV_AUTO_BUF struct buf back = BUF_INIT;

	if (remote_get_buf(p->e->remote, p->name.data, 0, UINT64_MAX, 1024,
			   &back))
		return tell_failure(p, DV_CHECK_FAIL, "what was just written "
				    "cannot be read");
	if (back.len != sizeof(p->bytes) ||
	    memcmp(back.data, p->bytes, sizeof(p->bytes)))
		return tell(p, DV_CHECK_FAIL, "what was just written comes "
			    "back as something else");
	return tell(p, DV_CHECK_OK, "may read and write");
}

static int probe_writing(struct probing *p)
{
	const struct remote_source source = {
		.bytes = p->bytes, .len = sizeof(p->bytes),
	};
	int err;

	if (remote_put(p->e->remote, p->name.data, &source, NULL, NULL))
		return tell_failure(p, DV_CHECK_WARN, "may not be written to "
				    "(pull works, push does not)");
	err = probe_content(p);
	if (!err)
		err = probe_listing(p);
	if (err)
		return err;
	err = remote_remove(p->e->remote, p->name.data);
	if (!err)
		return tell(p, DV_CHECK_OK, "may remove");
	return doctor_tell(p->d, p->subject.data, err == DV_E_UNSUPPORTED ?
			   DV_CHECK_NOTE : DV_CHECK_WARN, NULL,
			   "may not remove: %s; %s is left there",
			   dv_error_text(), p->name.data);
}

static int probe(struct doctor *d, const char *name)
{
	struct probing p = {
		.d = d, .subject = BUF_INIT, .name = BUF_INIT,
	};
	char hex[2 * sizeof(p.bytes) + 1];
	bool ok;
	int err;

	buf_addf(&p.subject, "remote %s", name);
	if (endpoint_open(d->repo, name, 1, &p.e)) {
		err = tell_failure(&p, DV_CHECK_FAIL, "cannot be used");
		buf_release(&p.subject);
		return err;
	}
	random_bytes(p.bytes, sizeof(p.bytes));
	for (size_t i = 0; i < sizeof(p.bytes); i++)
		snprintf(hex + 2 * i, 3, "%02x", p.bytes[i]);
	buf_addf(&p.name, PROBE_FOLDER "%s", hex);
	err = probe_reading(&p, &ok);
	if (!err && ok)
		err = probe_writing(&p);
	endpoint_close(p.e);
	buf_release(&p.subject);
	buf_release(&p.name);
	return err;
}

struct names {
	struct buf all;		/* each ended by a 0 */
};

static int take_name(const struct dv_remote_info *info, void *data)
{
	struct names *n = data;

	buf_add(&n->all, info->name, strlen(info->name) + 1);
	return 0;
}

int doctor_remotes(struct doctor *d)
{
	struct names n = { BUF_INIT };
	int err;

	if (d->o->remote)
		return probe(d, d->o->remote);
	err = dv_remote_each(d->repo, take_name, &n);
	if (!err && !n.all.len)
		err = doctor_tell(d, "remotes", DV_CHECK_NOTE,
				  "dv remote add origin <url>",
				  "none is set up");
	for (size_t at = 0; at < n.all.len && !err;
	     at += strlen(n.all.data + at) + 1)
		err = probe(d, n.all.data + at);
	buf_release(&n.all);
	return err;
}
