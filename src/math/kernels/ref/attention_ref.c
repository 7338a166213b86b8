/* Reference attention over the paged cache: two passes over the keys, summed in double.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "math/kernels/ref/ref.h"
#include "math/quants/quant.h"

void kv_append_ref(uint16_t *k_block, uint16_t *v_block, int slot, const float *k, const float *v,
                   int64_t head_dim_k, int64_t head_dim_v)
{
    for (int64_t d = 0; d < head_dim_k; d++)
        k_block[d * KV_BLOCK_TOKENS + slot] = f32_to_fp16(k[d]);
    for (int64_t d = 0; d < head_dim_v; d++)
        v_block[slot * head_dim_v + d] = f32_to_fp16(v[d]);
}

static double score(const struct attention_args *a, const float *q, int64_t j)
{
    const uint16_t *k = a->k_blocks[j / KV_BLOCK_TOKENS] + j % KV_BLOCK_TOKENS;
    double sum = 0;
    for (int64_t d = 0; d < a->head_dim_k; d++)
        sum += (double)q[d] * (double)fp16_to_f32(k[d * KV_BLOCK_TOKENS]);
    return sum * (double)a->scale;
}

/* One head of the query at `position`. */
static void attend(const struct attention_args *a, float *out, const float *q, int64_t position)
{
    int64_t begin = a->window > 0 && position >= a->window ? position - a->window + 1 : 0;
    double largest = -INFINITY, total = 0, sum[ATTENTION_DIM_MAX];
    for (int64_t j = begin; j <= position; j++)
        largest = fmax(largest, score(a, q, j));
    for (int64_t d = 0; d < a->head_dim_v; d++)
        sum[d] = 0;
    for (int64_t j = begin; j <= position; j++) {
        const uint16_t *v = a->v_blocks[j / KV_BLOCK_TOKENS] + j % KV_BLOCK_TOKENS * a->head_dim_v;
        double p = exp(score(a, q, j) - largest);
        total += p;
        for (int64_t d = 0; d < a->head_dim_v; d++)
            sum[d] += p * (double)fp16_to_f32(v[d]);
    }
    for (int64_t d = 0; d < a->head_dim_v; d++)
        out[d] = (float)(sum[d] / total);
}

void attention_ref(const struct attention_args *a, void *scratch)
{
    for (int64_t i = 0; i < a->query_count; i++) {
        for (int64_t h = 0; h < a->head_count; h++)
            attend(a, a->out + (size_t)i * a->out_stride + h * a->head_dim_v,
                   a->q + (size_t)i * a->q_stride + h * a->head_dim_k, a->position + i);
    }
}
