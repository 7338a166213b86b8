/* The one door to an engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whoever wants a model to run asks here; nothing else above lm may open an engine or start a worker.
 * The gate opens the model's files itself, for reading, and hands the descriptors to a sandboxed process
 * that can open nothing. Pins, digests of these very descriptors, and the licence's verdict for the
 * declared use come to stand before that, and callers will not change. Calls block; any thread may
 * call. */
#ifndef GOVERN_GATE_GATE_H
#define GOVERN_GATE_GATE_H

#include "base/core/status.h"
#include "govern/registry/registry.h"
#include "lm/engine/engine.h"
#include "lm/engine/engine_options.h"
#include "lm/worker/client.h"

/* `path`: a Hugging Face folder or a GGUF file. The caller stops the worker (worker_stop). Files that a
 * model does not need (pickles among them) are named to the worker, never opened. `cache_folder` of the
 * options keeps compiled tokenizers, `store_folder` cached pages; the worker itself sees no folder. */
enum status gate_open_worker(struct worker **ret, const char *path,
                             const struct engine_options *options, struct error *err);
/* What unknown files hold, parsed in the sandbox: appends the JSON object that worker_ready() describes. Has
 * the form of registry_inspect_fn; ctx is a struct progress, or NULL. */
enum status gate_inspect(void *ctx, const char *label, const char *main_file,
                         const struct registry_inspected *files, size_t count, struct buf *out,
                         struct error *err);
/* A worker without a model, to look at its sandbox. */
enum status gate_open_sandbox(struct worker **ret, struct error *err);

/* In this process, for `hearth debug`. The caller closes the engine. */
enum status gate_open_engine(struct engine **ret, const char *path,
                             const struct engine_options *options, struct error *err);
/* What an engine would reserve; reads no weight. */
enum status gate_plan_engine(struct engine_plan *ret, const char *path,
                             const struct engine_options *options, struct error *err);

#endif
