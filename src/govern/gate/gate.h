/* The one door to an engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whoever wants a model to run asks here; nothing else above lm may open an engine or start a worker. The
 * gate finds out what the model is (verdict.h): is it pinned in hearth.lock and in the registry, are its bytes
 * those that were pinned, what says its licence of the declared use, is there code among its files, who
 * approved what. In the mode enforce it refuses (STATUS_REFUSED) with rule, reason and next step; in the mode
 * audit it records what it would have refused, and goes on. Allowed, it hands the very descriptors that were
 * verified to a sandboxed process that can open nothing.
 *
 * What runs are the stored bytes: a path that leads to a pinned model is hashed and compared, and then the
 * store's files are opened. A file is hashed again when its identity (device, inode, size, times of change)
 * is not the one that it had when it was hashed last; of a stored file nothing but the kernel can set them.
 *
 * Calls block. Any thread may call: a gate does one thing at a time. */
#ifndef GOVERN_GATE_GATE_H
#define GOVERN_GATE_GATE_H

#include "base/core/status.h"
#include "govern/gate/policy.h"
#include "govern/gate/verdict.h"
#include "govern/registry/registry.h"
#include "lm/engine/engine.h"
#include "lm/engine/engine_options.h"
#include "lm/worker/client.h"

struct gate;

struct gate_setup {
    const struct gate_policy *policy; /* copied */
    struct registry *registry;        /* borrowed; NULL: there is no store, nothing is pinned */
    struct audit *audit;              /* borrowed; NULL: nothing is recorded, no approval counts */
    const char *audit_folder;         /* where the log's entries are read; NULL: as above */
    struct log log;                   /* hears what the mode audit lets through */
};
enum status gate_new(struct gate **ret, const struct gate_setup *setup, struct error *err);
void gate_free(struct gate *g); /* NULL is fine */
/* From now on; what runs goes on running. */
void gate_set_policy(struct gate *g, const struct gate_policy *policy);
const struct gate_policy *gate_policy_of(const struct gate *g);

/* `model`: the alias of a stored model, or the path of a Hugging Face folder or a GGUF file; "./name" is always a
 * path. *ret is freed with mem_free. Nothing is opened for good and nothing recorded. A model that may not
 * run is STATUS_OK here: the verdict says so. STATUS_NOT_FOUND where nothing has that name. */
enum status gate_judge(struct gate_verdict **ret, struct gate *g, const char *model,
                       struct error *err);
/* The same, and of a pinned model it is kept, in the pin ("judgement") and in the audit log, unless they say so
 * already. Without that a model is "unjudged" and refused. `ret` may be NULL. */
enum status gate_record(struct gate_verdict **ret, struct gate *g, const char *alias,
                        struct error *err);

struct gate_approve {
    const char *by, *reason;  /* who answers for it, and why; UTF-8, one line */
    int64_t until_ms;         /* unix time: when it ends */
    const char *const *rules; /* [rule_count] identifiers; none: all that are asked about now */
    size_t rule_count;
};
/* Appends to the audit log, then to the pin ("approvals"). What is denied must be named. The log holds keyed
 * hashes of name and reason. STATUS_USAGE where there is nothing to approve or a rule cannot be approved. */
enum status gate_approve(struct gate *g, const char *alias, const struct gate_approve *what,
                         struct error *err);

/* The caller stops the worker (worker_stop). Files that a model does not need (pickles among them) are named to
 * the worker, never opened. `cache_folder` of the options keeps compiled tokenizers, `store_folder` cached
 * pages; the worker itself sees no folder. STATUS_REFUSED says the first rule, why, and what to do. `ret_verdict`
 * may be NULL; else it is set in both cases (NULL where it did not come to a verdict), free with mem_free. */
enum status gate_open_worker(struct worker **ret, struct gate *g, const char *model,
                             const struct engine_options *options,
                             struct gate_verdict **ret_verdict, struct error *err);
/* In this process, for `hearth debug`. The caller closes the engine. */
enum status gate_open_engine(struct engine **ret, struct gate *g, const char *model,
                             const struct engine_options *options, struct error *err);

/* What unknown files hold, parsed in the sandbox: appends the JSON object that worker_ready() describes. Has
 * the form of registry_inspect_fn; ctx is a struct progress, or NULL. */
enum status gate_inspect(void *ctx, const char *label, const char *main_file,
                         const struct registry_inspected *files, size_t count, struct buf *out,
                         struct error *err);
/* A worker without a model, to look at its sandbox. */
enum status gate_open_sandbox(struct worker **ret, struct error *err);
/* What an engine would reserve; reads no weight, and is free for all: one plans before one adds. */
enum status gate_plan_engine(struct engine_plan *ret, const char *path,
                             const struct engine_options *options, struct error *err);

#endif
