/* The door: from a path to an open engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Verification and judgement come to stand between source_open and engine_open. */
#include "govern/gate/gate.h"

#include "lm/engine/engine_open.h"
#include "lm/format/source.h"

enum status gate_open_engine(struct engine **ret, const char *path,
                             const struct engine_options *options, struct error *err)
{
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    st = engine_open(ret, source, options, err);
    if (st) source_close(source);
    return st;
}

enum status gate_plan_engine(struct engine_plan *ret, const char *path,
                             const struct engine_options *options, struct error *err)
{
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    st = engine_plan(ret, source, options, err);
    source_close(source);
    return st;
}
