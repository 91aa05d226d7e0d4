#include "migrate/yaml_file.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/json.h"

#define JSON_DEPTH	32

#define FUNCTIONS(X) \
	X(parser_initialize) \
	X(parser_set_input_string) \
	X(parser_load) \
	X(parser_delete) \
	X(document_delete) \
	X(document_get_root_node) \
	X(document_get_node)

static struct {
#define MEMBER(name) __typeof__(yaml_##name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
} yaml;
static char problem[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	void *library = dlopen("libyaml-0.so.2", RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		snprintf(problem, sizeof(problem), "%s", dlerror());
		return;
	}
#define FIND(name) \
	yaml.name = (__typeof__(yaml.name))dlsym(library, "yaml_" #name); \
	if (!yaml.name) { \
		snprintf(problem, sizeof(problem), "it has no yaml_" #name); \
		return; \
	}
	FUNCTIONS(FIND)
#undef FIND
}

static int load_once(void)
{
	pthread_once(&once, load);
	if (!problem[0])
		return 0;
	return dv_hint(dv_fail(DV_E_UNSUPPORTED, "cannot load "
			       "libyaml-0.so.2: %s", problem),
		       "install it: apt install libyaml-0-2");
}

int yaml_file_read(struct yaml_file *f, const char *text, size_t len,
		   const char *name)
{
	yaml_parser_t parser;
	int err = load_once();

	f->open = false;
	if (err)
		return err;
	if (len > YAML_FILE_MOST)
		return dv_fail(DV_E_INVALID, "%s: too long", name);
	if (!yaml.parser_initialize(&parser))
		return dv_fail(DV_E_NOMEM, "%s: out of memory", name);
	yaml.parser_set_input_string(&parser, (const unsigned char *)text,
				     len);
	f->open = yaml.parser_load(&parser, &f->document);
	if (!f->open)
		err = dv_fail(DV_E_INVALID, "%s: line %zu is not YAML: %s",
			      name, parser.problem_mark.line + 1,
			      parser.problem ? parser.problem : "unreadable");
	yaml.parser_delete(&parser);
	return err;
}

void yaml_file_release(struct yaml_file *f)
{
	if (f->open)
		yaml.document_delete(&f->document);
	f->open = false;
}

const yaml_node_t *yaml_root(struct yaml_file *f)
{
	return f->open ? yaml.document_get_root_node(&f->document) : NULL;
}

size_t yaml_count(const yaml_node_t *node)
{
	if (!node)
		return 0;
	if (node->type == YAML_SEQUENCE_NODE)
		return node->data.sequence.items.top -
			node->data.sequence.items.start;
	if (node->type == YAML_MAPPING_NODE)
		return node->data.mapping.pairs.top -
			node->data.mapping.pairs.start;
	return 0;
}

const yaml_node_t *yaml_item(struct yaml_file *f, const yaml_node_t *node,
			     size_t i, const yaml_node_t **key)
{
	const yaml_node_pair_t *pair;

	if (node->type == YAML_SEQUENCE_NODE)
		return yaml.document_get_node(&f->document,
				node->data.sequence.items.start[i]);
	pair = &node->data.mapping.pairs.start[i];
	if (key)
		*key = yaml.document_get_node(&f->document, pair->key);
	return yaml.document_get_node(&f->document, pair->value);
}

const yaml_node_t *yaml_member(struct yaml_file *f, const yaml_node_t *map,
			       const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (size_t i = 0; i < yaml_count(map); i++) {
		const yaml_node_t *name;
		const yaml_node_t *value = yaml_item(f, map, i, &name);
		const char *text = yaml_text(name);

		if (text && !strcmp(text, key))
			return value;
	}
	return NULL;
}

const char *yaml_text(const yaml_node_t *node)
{
	const char *text;

	if (!node || node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length)
		return NULL;
	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (!*text || !strcmp(text, "~") || !strcmp(text, "null")))
		return NULL;
	return text;
}

const char *yaml_member_text(struct yaml_file *f, const yaml_node_t *map,
			     const char *key)
{
	return yaml_text(yaml_member(f, map, key));
}

bool yaml_is_true(const yaml_node_t *node)
{
	const char *text = yaml_text(node);

	return text && !strcasecmp(text, "true");
}

/* --- as JSON ----------------------------------------------------------- */

/* As JSON has them; octal, infinity and the like stay text. */
static bool is_number(const char *at)
{
	static const char digits[] = "0123456789";
	size_t n;

	at += *at == '-';
	n = strspn(at, digits);
	if (!n || (n > 1 && *at == '0'))
		return false;
	at += n;
	if (*at == '.') {
		n = strspn(++at, digits);
		if (!n)
			return false;
		at += n;
	}
	if (*at != 'e' && *at != 'E')
		return !*at;
	at++;
	at += *at == '+' || *at == '-';
	n = strspn(at, digits);
	return n && !at[n];
}

static void scalar_to_json(const yaml_node_t *node, const char *key,
			   struct buf *out)
{
	const char *text = yaml_text(node);
	bool plain = node->type == YAML_SCALAR_NODE &&
		node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (!text)
		json_add_null(out, key);
	else if (plain && (!strcmp(text, "true") || !strcmp(text, "false")))
		json_add_bool(out, key, *text == 't');
	else if (plain && is_number(text))
		json_add_literal(out, key, text);
	else
		json_add_string(out, key, text);
}

static bool to_json(struct yaml_file *f, const yaml_node_t *node,
		    const char *key, size_t limit, unsigned depth,
		    struct buf *out)
{
	bool map = node->type == YAML_MAPPING_NODE;

	if (depth > JSON_DEPTH || out->len > limit)
		return false;
	if (node->type == YAML_SCALAR_NODE) {
		scalar_to_json(node, key, out);
		return out->len <= limit;
	}
	if (key)
		json_add_key(out, key);
	if (map)
		json_object_begin(out);
	else
		json_array_begin(out, NULL);
	for (size_t i = 0; i < yaml_count(node); i++) {
		const yaml_node_t *name = NULL;
		const yaml_node_t *value = yaml_item(f, node, i, &name);
		const char *text = map ? yaml_text(name) : NULL;

		if ((map && !text) || !value ||
		    !to_json(f, value, text, limit, depth + 1, out))
			return false;
	}
	if (map)
		json_object_end(out);
	else
		json_array_end(out);
	return out->len <= limit;
}

bool yaml_to_json(struct yaml_file *f, const yaml_node_t *node, size_t limit,
		  struct buf *out)
{
	return to_json(f, node, NULL, limit, 0, out);
}
