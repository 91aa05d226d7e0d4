/* What the pointers of commits say. */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "git/revision_inside.h"

static void revision_name(const struct revision_pointer *p, struct buf *out)
{
	buf_addf(out, "%.10s:%s%s", p->commit, p->path, DV_POINTER_SUFFIX);
}

int revision_text(struct revision *r, const struct revision_pointer *p,
		  struct buf *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	int err = revision_start(r);

	revision_name(p, &name);
	return err ? err : repo_git_blob(r->repo, p->blob, name.data,
					 DV_POINTER_MAX, out);
}

int revision_read(struct revision *r, const struct revision_pointer *p,
		  struct dv_pointer *out)
{
	DV_AUTO_BUF struct buf name = BUF_INIT;
	DV_AUTO_BUF struct buf text = BUF_INIT;
	int err = revision_text(r, p, &text);

	revision_name(p, &name);
	return err ? err : dv_pointer_parse(text.data, text.len, name.data,
					    out);
}

int revision_blob(struct revision *r, const char *path, const char *commit,
		  const char *hex, struct dv_pointer *out)
{
	struct revision_pointer p = { .path = path, .commit = commit };
	git_oid id;
	int err = revision_start(r);

	if (err)
		return err;
	if (strlen(hex) != GIT_OID_HEXSZ || lib.oid_fromstr(&id, hex))
		return dv_fail(DV_E_INVALID, "'%s' is not the id of a blob",
			       hex);
	p.blob = &id;
	return revision_read(r, &p, out);
}
