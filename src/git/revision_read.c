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
	git_object_t type;
	git_blob *blob;
	git_odb *odb;
	size_t size;
	int code, err = revision_start(r);

	if (err)
		return err;
	revision_name(p, &name);
	code = lib.repository_odb(&odb, r->git);
	if (code < 0)
		return lib_fail(code, "cannot open the objects");
	code = lib.odb_read_header(&size, &type, odb, p->blob);
	if (code == GIT_ENOTFOUND) {
		err = repo_git_obtain(r->repo, p->blob);
		code = err ? err :
			lib.odb_read_header(&size, &type, odb, p->blob);
		if (err) {
			lib.odb_free(odb);
			return err;
		}
	}
	lib.odb_free(odb);
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read %s", name.data);
	if (size > DV_POINTER_MAX || type != GIT_OBJECT_BLOB)
		return dv_fail(DV_E_INVALID, "%s is too long for a pointer",
			       name.data);
	code = lib.blob_lookup(&blob, r->git, p->blob);
	if (code < 0)
		return lib_fail(GIT_ERROR, "cannot read %s", name.data);
	buf_add(out, lib.blob_rawcontent(blob), lib.blob_rawsize(blob));
	lib.blob_free(blob);
	return 0;
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
