/* Reading the declared use.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/declared_use.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "base/core/yaml.h"
#include "govern/gate/policy.h"

static enum status read_policy(struct licence_use *ret, char ret_from[4096], struct error *err)
{
    struct gate_policy *p = mem_zero(sizeof *p);
    if (!p) return error_set(err, STATUS_NO_MEMORY, "no memory for the policy");
    enum status st = policy_read(p, NULL, err);
    if (!st) *ret = p->use;
    if (!st && ret_from) snprintf(ret_from, 4096, "%s", p->path);
    mem_free(p);
    return st;
}

static bool has_key(const struct yaml_node *root, const char *key)
{
    for (const struct yaml_node *n = root->type == YAML_MAPPING ? root->child : NULL; n;
         n = n->next)
        if (strcmp(n->key, key) == 0) return true;
    return false;
}

enum status declared_use_parse(struct licence_use *ret, struct span text, const char *what,
                               struct error *err)
{
    struct yaml_doc *doc;
    struct gate_policy *p;
    enum status st = yaml_parse(&doc, text.data ? text.data : "", text.len, what, err);
    if (st) return st;
    bool whole = has_key(yaml_root(doc), "use");
    if (!whole) st = licence_use_read(ret, yaml_root(doc), what, err);
    yaml_free(doc);
    if (!whole) return st;
    p = mem_zero(sizeof *p);
    if (!p) return error_set(err, STATUS_NO_MEMORY, "no memory for the policy");
    st = policy_parse(p, text, what, err);
    if (!st) *ret = p->use;
    mem_free(p);
    return st;
}

enum status declared_use_read(struct licence_use *ret, const char *path, char ret_from[4096],
                              struct error *err)
{
    struct buf text = BUF_INIT(USE_BYTES_MAX);
    if (!path) return read_policy(ret, ret_from, err);
    enum status st = file_read(&text, path, err);
    if (!st) st = declared_use_parse(ret, (struct span){ text.data, text.len }, path, err);
    if (!st && ret_from) snprintf(ret_from, 4096, "%s", path);
    buf_release(&text);
    return st;
}
