/* What an engine is opened with, and what it would need: data only, for callers of the gate.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_ENGINE_ENGINE_OPTIONS_H
#define LM_ENGINE_ENGINE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/log.h"
#include "lm/kv/kv_store.h"
#include "base/core/span.h"

/* Where cached pages outlive the process. */
struct engine_store {
    struct kv_store_io io;
    uint64_t bytes_max;
    /* Digest of the model's files: the engine adds what else a page depends on. */
    uint8_t identity[SHA256_BYTES];
};

struct engine_options {
    const char *backend;   /* "cpu" (NULL: same) or "ref" */
    const char *cpu_level; /* mask: "avx2"; NULL: the best of the machine */
    bool precise;          /* activations are not quantized */
    int thread_count;      /* 0: one per physical core */
    int64_t
        context_max; /* tokens per session; 0: the smaller of the model's and ENGINE_CONTEXT_DEFAULT */
    int64_t cache_tokens; /* positions in the page pool; 0: context_max */
    const char *
        cache_type; /* "f16", "f32"; NULL: f32 with `precise` or where no matrix is quantized, else f16 */
    int64_t batch_max;        /* rows per step; 0: 512 */
    int64_t streams_max;      /* sessions that one step may give logits of; 0: 16 or more */
    const char *cache_folder; /* for compiled tokenizers; NULL: none */
    /* A worker opens no files: the compiled tokenizer as its parent found it, and who keeps one
     * (lm/tokenizer/tokenizer.h). */
    struct span tokenizer_form;
    void (*keep_form)(void *ctx, struct span form);
    void *keep_ctx;
    const struct engine_store
        *store; /* NULL: none; a store that cannot be used is said in the log */
    /* For the gate, which opens the file of such a store in this folder; 0 bytes: none. */
    const char *store_folder;
    uint64_t store_bytes;
    /* Of a worker: a seed that nobody gave is made from the prompt, so that the same request is answered
     * by the same bytes, always. */
    bool deterministic;
    uint64_t memory_max; /* for the gate: bytes of a worker that are no mapped file; 0: no limit */
    struct log log;
    struct progress progress; /* stages "read", "pack" */
};
#define ENGINE_CONTEXT_DEFAULT 8192

/* What engine_open would reserve, without loading a weight. */
struct engine_plan {
    uint64_t weight_bytes; /* packed copies */
    uint64_t mapped_bytes; /* used where they lie in the file */
    uint64_t cache_bytes;  /* pages for cache_tokens positions */
    uint64_t cache_bytes_per_token;
    uint64_t work_bytes; /* activations, logits, scratch of all threads */
    int64_t context_max, model_context;
    const char *family;
    uint64_t parameter_count;
};

#endif
