/* Reading the declared use.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/declared_use.h"

#include <stdio.h>

#include "base/core/file.h"
#include "base/core/mem.h"
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

enum status declared_use_read(struct licence_use *ret, const char *path, char ret_from[4096],
                              struct error *err)
{
    struct buf text = BUF_INIT(USE_BYTES_MAX);
    if (!path) return read_policy(ret, ret_from, err);
    enum status st = file_read(&text, path, err);
    if (!st) st = licence_use_parse(ret, (struct span){ text.data, text.len }, path, err);
    if (!st && ret_from) snprintf(ret_from, 4096, "%s", path);
    buf_release(&text);
    return st;
}
