/* Starting a worker: the door that only govern/gate may use from above lm.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_WORKER_WORKER_START_H
#define LM_WORKER_WORKER_START_H

#include "base/core/digest.h"
#include "lm/engine/engine_options.h"
#include "lm/worker/client.h"

#define WORKER_FILES_MAX 4096 /* descriptors handed to one worker */

struct worker_file {
    const char *name; /* base name: "model.safetensors" */
    int fd;           /* open for reading, stays the caller's; -1: only the name is told */
    uint64_t bytes;   /* of the file, where only the name is told */
};
/* Where cached pages outlive the worker (lm/kv/kv_store.h): the only file that it may write. */
struct worker_store {
    int fd;         /* open for reading and writing, the only such; stays the caller's */
    uint64_t bytes; /* its size, which does not change */
    uint8_t identity[SHA256_BYTES]; /* of the model's files */
};
struct worker_options {
    const char *program; /* path of the hearth executable; NULL: /proc/self/exe */
    const char *label;   /* the model in messages, as the user named it: its path */
    const char
        *main_file; /* the one of the files that is the model (GGUF); NULL: a folder's files */
    const struct worker_file *files;
    size_t file_count;
    const struct worker_file *form; /* compiled tokenizer that is kept of this model; NULL: none */
    const char *keep_path; /* where the form that the worker makes is written; NULL: nowhere */
    void (*kept)(void *ctx, struct span form); /* is told of what was written there; may be NULL */
    void *kept_ctx;
    const struct worker_store *store; /* NULL: none */
    bool inspect;        /* load nothing: worker_ready() is then what the files hold (client.h) */
    uint64_t memory_max; /* bytes of memory that is not a mapped file; 0: no limit */
    struct engine_options
        engine; /* its log and progress hear the loading; its folders are not used */
};

/* Starts the process, sends the load, and waits until the model is ready (progress meanwhile; the
 * callback can cancel). On failure nothing is left running. */
enum status worker_start(struct worker **ret, const struct worker_options *options,
                         struct error *err);
/* A locked process without a model, which only answers worker_probe and worker_stats. */
enum status worker_start_empty(struct worker **ret, const char *program, struct error *err);

#endif
