/* Reading YAML that people write: a facade over libyaml, with limits.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Mappings, sequences and scalars, one document; no aliases, anchors or tags, so that what stands in the
 * file is what it says. Duplicate keys are refused. Every node knows its line. Scalars are texts;
 * what they mean is the reader's business, who knows whether they were quoted. */
#ifndef BASE_CORE_YAML_H
#define BASE_CORE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/core/status.h"

#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 100000

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
    enum yaml_type type;
    int line;         /* from 1 */
    const char *key;  /* in a mapping; else NULL */
    const char *text; /* of a scalar; terminated, valid UTF-8, without \0 inside */
    bool quoted;
    struct yaml_node *child; /* the first, of sequences and mappings */
    struct yaml_node *next;  /* sibling */
};

struct yaml_doc;
/* `what` names the text in messages. An empty document is an empty mapping. */
enum status yaml_parse(struct yaml_doc **ret, const char *text, size_t len, const char *what,
                       struct error *err);
void yaml_free(struct yaml_doc *doc); /* NULL is fine */
const struct yaml_node *yaml_root(const struct yaml_doc *doc);

#endif
