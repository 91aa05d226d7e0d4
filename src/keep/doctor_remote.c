/* What may be done at a remote, by doing it with a tiny object. */

#include <stdio.h>
#include <string.h>

#include "dv/error.h"
#include "dv/transfer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/random.h"
#include "keep/doctor.h"
#include "transfer/locator.h"
#include "transfer/open.h"

#define SKEW_FINE	2	/* seconds: Date has whole ones */
#define SKEW_MOST	60

struct probing {
	struct doctor *d;
	struct endpoint *e;
	struct buf subject;	/* "remote origin" */
	struct buf name;	/* of the object, in a folder of its own */
	uint8_t bytes[16];
	bool clock_told;
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

static int tell_clock(struct probing *p, int64_t skew)
{
	unsigned long long off = (unsigned long long)(skew < 0 ? -skew : skew);

	p->clock_told = true;
	if (off <= SKEW_FINE)
		return tell(p, DV_CHECK_OK, "its clock and ours agree");
	return doctor_tell(p->d, p->subject.data, off > SKEW_MOST ?
			   DV_CHECK_WARN : DV_CHECK_NOTE, off > SKEW_MOST ?
			   "set this machine's clock: timedatectl" : NULL,
			   "its clock is %llu s %s ours", off,
			   skew < 0 ? "behind" : "ahead of");
}

/* What the first requests have shown. */
static int tell_terms(struct probing *p)
{
	struct remote_terms terms;
	int err = 0;

	remote_terms(p->e->remote, &terms);
	if (terms.credentials)
		err = doctor_tell(p->d, p->subject.data, DV_CHECK_OK, NULL,
				  "credentials: %s", terms.credentials);
	if (!err && terms.clock_known)
		err = tell_clock(p, terms.skew_s);
	return err;
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
		err = tell_failure(p, DV_CHECK_FAIL, "cannot be read");
	else
		err = doctor_tell(p->d, p->subject.data,
				  err ? DV_CHECK_NOTE : DV_CHECK_OK, NULL,
				  "%s answers in %lld ms%s",
				  remote_url(p->e->remote), (long long)ms,
				  err ? "; nothing was pushed there yet" : "");
	return err ? err : tell_terms(p);
}

/* The object in a listing. */
struct sight {
	const struct probing *p;
	bool seen;
	int64_t modified;
};

static int see(void *data, const char *name, uint64_t size, int64_t modified)
{
	struct sight *s = data;

	if (!strcmp(name, s->p->name.data) && size == sizeof(s->p->bytes)) {
		s->seen = true;
		s->modified = modified;
	}
	return 0;
}

static int probe_listing(struct probing *p)
{
	DV_AUTO_BUF struct buf folder = BUF_INIT;
	struct sight s = { .p = p };
	int64_t now = clock_real_ns();
	int err;

	buf_add(&folder, p->name.data, path_parent_len(p->name.data));
	buf_addch(&folder, '/');
	err = remote_list(p->e->remote, folder.data, see, &s);
	if (err == DV_E_UNSUPPORTED)
		return tell(p, DV_CHECK_NOTE, "cannot list: gc has to be run "
			    "where the files are");
	if (err)
		return tell_failure(p, DV_CHECK_WARN, "may not list");
	if (!s.seen)
		return tell(p, DV_CHECK_WARN, "a listing does not show what "
			    "was just written");
	err = tell(p, DV_CHECK_OK, "may list");
	/* a file server has a clock too */
	if (!err && !p->clock_told)
		err = tell_clock(p, (s.modified - now) / 1000000000);
	return err;
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

static int put(struct probing *p, const char *name, const void *bytes,
	       size_t len)
{
	const struct remote_source source = { .bytes = bytes, .len = len };

	return remote_put(p->e->remote, name, &source, NULL, NULL);
}

static int tell_unwritable(struct probing *p)
{
	return tell_failure(p, DV_CHECK_WARN, "may not be written to (pull "
			    "works, push does not)");
}

static int probe_writing(struct probing *p)
{
	int err;

	if (put(p, p->name.data, p->bytes, sizeof(p->bytes))) {
		err = tell_unwritable(p);
		remote_remove_folder(p->e->remote, p->name.data);
		return err;
	}
	err = probe_content(p);
	if (!err)
		err = probe_listing(p);
	if (remote_remove(p->e->remote, p->name.data))
		return doctor_tell(p->d, p->subject.data, DV_CHECK_WARN,
				   NULL, "may not remove: %s; %s is left "
				   "there", dv_error_text(), p->name.data);
	remote_remove_folder(p->e->remote, p->name.data);
	return err ? err : tell(p, DV_CHECK_OK, "may remove");
}

/*
 * Nothing new is put where it would stay.  The marker may be put again as it
 * is, if it is there.
 */
static int probe_lasting(struct probing *p, int removing)
{
	DV_AUTO_BUF struct buf marker = BUF_INIT;
	int err = doctor_tell(p->d, p->subject.data,
			      removing == DV_E_UNSUPPORTED ? DV_CHECK_NOTE :
			      DV_CHECK_WARN, NULL, "may not remove, which only "
			      "gc does: %s", dv_error_text());

	if (err)
		return err;
	if (remote_get_buf(p->e->remote, REMOTE_MARKER, 0, UINT64_MAX, 1024,
			   &marker))
		return tell(p, DV_CHECK_NOTE, "whether it may be written to "
			    "was not tried: it would leave something there");
	if (put(p, REMOTE_MARKER, marker.data, marker.len))
		return tell_unwritable(p);
	return tell(p, DV_CHECK_OK, "may read and write");
}

/* Removing is tried first, on what is not there. */
static int probe_rights(struct probing *p)
{
	int err = remote_remove(p->e->remote, p->name.data);

	return err && err != DV_E_NOTFOUND ? probe_lasting(p, err) :
		probe_writing(p);
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
	buf_addf(&p.name, "probe-%s/object", hex);
	err = probe_reading(&p, &ok);
	if (!err && ok)
		err = probe_rights(&p);
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
