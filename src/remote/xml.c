#include "remote/xml.h"

#include <string.h>

#include <expat.h>

#define TEXT_MAX	((size_t)4096)	/* bytes in one element */

static void stop(struct xml *x)
{
	x->bad = true;
	XML_StopParser(x->parser, XML_FALSE);
}

/* The parser puts the namespace and a blank before it. */
static const char *local_name(const struct xml *x, const char *name)
{
	size_t len = x->space ? strlen(x->space) : 0;

	if (!x->space)
		return name;
	return !strncmp(name, x->space, len) && name[len] == ' ' ?
		name + len + 1 : "?";
}

static void XMLCALL on_start(void *data, const XML_Char *name,
			     const XML_Char **attributes)
{
	struct xml *x = data;

	(void)attributes;
	if (x->depth >= XML_DEPTH_MAX) {
		stop(x);
		return;
	}
	buf_clear(&x->text);
	name = local_name(x, name);
	/* a name that does not fit is none that is looked for */
	if (strlen(name) >= sizeof(x->path[0]))
		name = "?";
	strcpy(x->path[x->depth++], name);
}

static void XMLCALL on_text(void *data, const XML_Char *text, int len)
{
	struct xml *x = data;

	if (x->text.len + len > TEXT_MAX) {
		stop(x);
		return;
	}
	buf_add(&x->text, text, len);
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
	struct xml *x = data;

	(void)name;
	if (x->bad || !x->depth)
		return;
	x->end(x);
	x->depth--;
	buf_clear(&x->text);
}

static void XMLCALL on_doctype(void *data, const XML_Char *name,
			       const XML_Char *system_id,
			       const XML_Char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(data);
}

bool xml_at(const struct xml *x, const char *path)
{
	for (int i = 0; i < x->depth; i++) {
		size_t len = strcspn(path, "/");

		if (strlen(x->path[i]) != len ||
		    memcmp(x->path[i], path, len))
			return false;
		path += len;
		if (*path)
			path++;
		else
			return i == x->depth - 1;
	}
	return false;
}

bool xml_read(struct xml *x, const char *text, size_t len)
{
	enum XML_Status status;

	if (len > (x->most ? x->most : XML_MAX))
		return false;
	x->parser = x->space ? XML_ParserCreateNS(NULL, ' ') :
		    XML_ParserCreate(NULL);
	if (!x->parser)
		return false;
	x->text = (struct buf)BUF_INIT;
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	status = XML_Parse(x->parser, text, (int)len, 1);
	XML_ParserFree(x->parser);
	buf_release(&x->text);
	return status == XML_STATUS_OK && !x->bad;
}
