/* Runs a program: the seam between what a model computes and the machine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * open() lowers a program: packs weights, reserves the arena and the page pool; after it
 * nothing allocates. One owner thread per backend. The program and the mappings behind its
 * weights must outlive the backend. The kinds stand in backend_list.h. */
#ifndef MATH_BACKEND_BACKEND_H
#define MATH_BACKEND_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/log.h"
#include "base/core/status.h"
#include "math/backend/program.h"
#include "math/backend/step.h"
#include "math/kernels/cpu.h"

#define CACHE_PAGE_TOKENS 64

struct backend_options {
    cpu_set cpu;        /* levels to use */
    int thread_count;   /* at least 1 */
    bool precise;       /* never quantize activations */
    int64_t page_count; /* of the cache */
    bool cache_f32; /* keys and values in float32; else float16 where the backend has the choice */
    struct progress progress;
    /* Called from the opening thread when a weight's file bytes are no longer needed; may be NULL. */
    void (*weight_done)(void *ctx, const struct tensor_view *view);
    void *weight_done_ctx;
};

struct backend_sizes {
    uint64_t weight_bytes;      /* packed copies */
    uint64_t mapped_bytes;      /* weights used where they lie */
    uint64_t step_weight_bytes; /* weight bytes that a step of one row reads */
    uint64_t page_bytes;        /* of one page, all layers */
    uint64_t work_bytes;        /* arena, quantized activations, scratch of all threads */
};

/* First member of every backend's own struct. */
struct backend {
    const struct backend_type *type;
    const struct program *program;
    struct backend_sizes sizes;
    char words[128]; /* for people: "cpu avx512vnni, 2 threads" */
};

struct backend_type {
    const char *name;
    const char *about;
    /* What open would reserve. */
    enum status (*sizes)(struct backend_sizes *ret, const struct program *program,
                         const struct backend_options *options, struct error *err);
    enum status (*open)(struct backend **ret, const struct program *program,
                        const struct backend_options *options, struct error *err);
    void (*close)(struct backend *b);
    void (*run)(struct backend *b, const struct step *step);
    const float *(*logits)(const struct backend *b); /* [logit_row_count, vocab] of the last run */
    const float *(*hidden)(const struct backend *b); /* [logit_row_count, hidden]; NULL: not kept */
    void (*copy_page)(struct backend *b, int32_t to, int32_t from);
    /* The bytes of a page [sizes.page_bytes], for saving and restoring between runs. */
    void *(*page_data)(struct backend *b, int32_t page);
};

/* By name; NULL when there is none. */
const struct backend_type *backend_find(const char *name);
const struct backend_type *backend_at(int i); /* NULL past the end */

#endif
