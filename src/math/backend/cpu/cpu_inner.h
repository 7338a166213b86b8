/* State of the CPU backend, shared by its files only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MATH_BACKEND_CPU_CPU_INNER_H
#define MATH_BACKEND_CPU_CPU_INNER_H

#include "base/core/pool.h"
#include "math/backend/backend.h"
#include "math/kernels/kernel_table.h"

/* Per operation, decided once when the program is lowered. */
struct cpu_op {
    bool quantize;   /* its input is turned into the int8 form first */
    bool no_barrier; /* the next operation reads only what the same thread wrote */
};

/* Where K and V of a layer begin within a page, in bytes; each head's block follows the last. */
struct cpu_layer {
    size_t k_at, v_at;
    size_t k_block, v_block; /* bytes per head */
};

struct cpu {
    struct backend base;
    struct kernel_table kernels;
    struct pool *pool;
    int thread_count;
    bool precise;

    struct panel_weights *matrices; /* per weight; kind BLOCKS may point into the file */
    const float **vectors;          /* per weight: float32, NULL for others */
    uint8_t *packed;                /* [packed_bytes]: all packed matrices and vectors */
    size_t packed_bytes;
    struct cpu_op *ops;

    uint8_t *arena;
    size_t arena_bytes;
    uint8_t *cache; /* [page_count][page_bytes] */
    enum kv_type kv_type;
    size_t page_bytes;
    struct cpu_layer *layers;
    int64_t page_count;

    /* The int8 form of the current operation's input, filled by all threads together. */
    int8_t *act_q8;
    float *act_scale;
    int32_t *act_sum;

    uint8_t *scratch;        /* [threads][scratch_bytes] */
    size_t scratch_bytes;    /* per thread: kernel scratch, then block pointers */
    const struct step *step; /* of the run in progress */
};

/* One thread's part of a run. */
struct cpu_thread {
    struct cpu *cpu;
    int idx, count;
    void *scratch;
    const void **k_blocks, **v_blocks; /* [page_count] each */
};

/* Walks the whole program on one thread; all threads of the pool call it together. */
void cpu_walk(void *ctx, int thread_idx, int thread_count);

bool cpu_uses_q8(const struct cpu *c, int weight);

#endif
