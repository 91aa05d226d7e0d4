#ifndef MIGRATE_YAML_FILE_H
#define MIGRATE_YAML_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <yaml.h>

#include "base/buf.h"

/*
 * The YAML files of DVC, read by libyaml, which is loaded when the first one
 * is met.  All scalars are text here: a hash of digits alone stays one.
 */
struct yaml_file {
	yaml_document_t document;
	bool open;
};

#define YAML_FILE_MOST	((size_t)256 << 20)	/* bytes of text */
#define DV_AUTO_YAML	__attribute__((cleanup(yaml_file_release)))

/* `name` is for messages.  Returns 0, DV_E_INVALID or DV_E_UNSUPPORTED. */
int yaml_file_read(struct yaml_file *f, const char *text, size_t len,
		   const char *name);
void yaml_file_release(struct yaml_file *f);

/* NULL when there is none. */
const yaml_node_t *yaml_root(struct yaml_file *f);
/* The value at key of a mapping; NULL: none, or `map` is no mapping. */
const yaml_node_t *yaml_member(struct yaml_file *f, const yaml_node_t *map,
			       const char *key);
/* How many items a sequence or a mapping has, 0 for all else. */
size_t yaml_count(const yaml_node_t *node);
/* Item i of a sequence, or of a mapping its value, with the key in *key. */
const yaml_node_t *yaml_item(struct yaml_file *f, const yaml_node_t *node,
			     size_t i, const yaml_node_t **key);
/* A scalar's text; NULL for none, other nodes, null and text with a 0. */
const char *yaml_text(const yaml_node_t *node);
/* The same of a member. */
const char *yaml_member_text(struct yaml_file *f, const yaml_node_t *map,
			     const char *key);
/* True for true, whatever its case. */
bool yaml_is_true(const yaml_node_t *node);

/*
 * Appends the node as JSON on one line.  False when that gets longer than
 * `limit` bytes.
 */
bool yaml_to_json(struct yaml_file *f, const yaml_node_t *node, size_t limit,
		  struct buf *out);

#endif
