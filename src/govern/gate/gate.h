/* The one door to an engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whoever wants a model to run asks here; nothing else above lm may open an engine. Today the gate
 * finds the files and opens the engine in this process. Pins, digests of the very descriptors that
 * get mapped, the licence's verdict for the declared use, and the sandboxed worker come to stand
 * between those two steps, and callers will not change. Calls block; any thread may call. */
#ifndef GOVERN_GATE_GATE_H
#define GOVERN_GATE_GATE_H

#include "base/core/status.h"
#include "lm/engine/engine.h"
#include "lm/engine/engine_options.h"

/* `path`: a Hugging Face folder or a GGUF file. The caller closes the engine. */
enum status gate_open_engine(struct engine **ret, const char *path,
                             const struct engine_options *options, struct error *err);
/* What gate_open_engine would reserve; reads no weight. */
enum status gate_plan_engine(struct engine_plan *ret, const char *path,
                             const struct engine_options *options, struct error *err);

#endif
