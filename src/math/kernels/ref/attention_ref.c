/* Reference attention over the paged cache: two passes over the keys, summed in double.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "math/kernels/ref/ref.h"
#include "math/quants/quant.h"

void kv_append_f16_ref(void *k_block, void *v_block, int slot, const float *k, const float *v,
                       int64_t head_dim_k, int64_t head_dim_v)
{
    uint16_t *k_out = k_block, *v_out = v_block;
    for (int64_t d = 0; d < head_dim_k; d++)
        k_out[d * KV_BLOCK_TOKENS + slot] = f32_to_fp16(k[d]);
    for (int64_t d = 0; d < head_dim_v; d++)
        v_out[slot * head_dim_v + d] = f32_to_fp16(v[d]);
}

void kv_append_f32_ref(void *k_block, void *v_block, int slot, const float *k, const float *v,
                       int64_t head_dim_k, int64_t head_dim_v)
{
    float *k_out = k_block, *v_out = v_block;
    for (int64_t d = 0; d < head_dim_k; d++)
        k_out[d * KV_BLOCK_TOKENS + slot] = k[d];
    for (int64_t d = 0; d < head_dim_v; d++)
        v_out[slot * head_dim_v + d] = v[d];
}

/* Value i of a block. */
typedef float read_fn(const void *block, int64_t i);

static float read_f16(const void *block, int64_t i)
{
    return fp16_to_f32(((const uint16_t *)block)[i]);
}

static float read_f32(const void *block, int64_t i)
{
    return ((const float *)block)[i];
}

static double score(const struct attention_args *a, read_fn *read, const float *q, int64_t j)
{
    const void *k = a->k_blocks[j / KV_BLOCK_TOKENS];
    int64_t slot = j % KV_BLOCK_TOKENS;
    double sum = 0;
    for (int64_t d = 0; d < a->head_dim_k; d++)
        sum += (double)q[d] * (double)read(k, d * KV_BLOCK_TOKENS + slot);
    return sum * (double)a->scale;
}

/* One head of the query at `position`. */
static void attend(const struct attention_args *a, read_fn *read, float *out, const float *q,
                   int64_t position)
{
    int64_t begin = a->window > 0 && position >= a->window ? position - a->window + 1 : 0;
    double largest = -INFINITY, total = 0, sum[ATTENTION_DIM_MAX];
    for (int64_t j = begin; j <= position; j++)
        largest = fmax(largest, score(a, read, q, j));
    for (int64_t d = 0; d < a->head_dim_v; d++)
        sum[d] = 0;
    for (int64_t j = begin; j <= position; j++) {
        const void *v = a->v_blocks[j / KV_BLOCK_TOKENS];
        double p = exp(score(a, read, q, j) - largest);
        total += p;
        for (int64_t d = 0; d < a->head_dim_v; d++)
            sum[d] += p * (double)read(v, j % KV_BLOCK_TOKENS * a->head_dim_v + d);
    }
    for (int64_t d = 0; d < a->head_dim_v; d++)
        out[d] = (float)(sum[d] / total);
}

static void attend_all(const struct attention_args *a, read_fn *read)
{
    for (int64_t i = 0; i < a->query_count; i++) {
        for (int64_t h = 0; h < a->head_count; h++)
            attend(a, read, a->out + (size_t)i * a->out_stride + h * a->head_dim_v,
                   a->q + (size_t)i * a->q_stride + h * a->head_dim_k, a->position + i);
    }
}

void attention_f16_ref(const struct attention_args *a, void *scratch)
{
    attend_all(a, read_f16);
}

void attention_f32_ref(const struct attention_args *a, void *scratch)
{
    attend_all(a, read_f32);
}
