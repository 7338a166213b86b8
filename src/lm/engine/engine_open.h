/* Opening an engine: the door that only govern/gate may use from above lm.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_ENGINE_ENGINE_OPEN_H
#define LM_ENGINE_ENGINE_OPEN_H

#include "lm/engine/engine.h"
#include "lm/engine/engine_options.h"
#include "lm/format/source.h"

/* The engine owns `source` on success; on failure the caller still does. */
enum status engine_open(struct engine **ret, struct source *source,
                        const struct engine_options *options, struct error *err);

/* The files it was opened from; the engine's own. Not for concurrent use with itself. */
struct source *engine_source(struct engine *e);

/* What engine_open would reserve, without loading a weight. */
enum status engine_plan(struct engine_plan *ret, struct source *source,
                        const struct engine_options *options, struct error *err);

#endif
