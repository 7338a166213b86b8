/* AVX2: attention over the paged cache, block by block with a running softmax.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Up to three query rows (heads of the group, positions) share each block: their scores of 32 keys
 * at a time fill twelve accumulators. After each block the largest score so far may rise; the sums
 * are then rescaled. Keys that a row must not see get the score -Inf, and so the weight 0. */
#include "math/kernels/x86/avx2/avx2.h"
#include "math/kernels/x86/avx2/avx2_math.h"

#define TILE 3

struct row {
    const float *q;
    float *out, *sums;  /* sums: [head_dim_v] of weight * v, in the scratch */
    int64_t begin, end; /* keys that it sees */
    float largest, total;
    float weights[KV_BLOCK_TOKENS];
};
_Static_assert(TILE *ATTENTION_DIM_MAX * sizeof(float) <= LINEAR_SCRATCH_BYTES,
               "sums fit the scratch");

/* Eight stored values from value i of a block. */
static ALWAYS_INLINE __m256 eight(enum kv_type type, const void *block, int64_t i)
{
    if (type == KV_F16) return f16x8((const uint16_t *)block + i);
    return _mm256_loadu_ps((const float *)block + i);
}

static ALWAYS_INLINE float one(enum kv_type type, const void *block, int64_t i)
{
    return type == KV_F16 ? _cvtsh_ss(((const uint16_t *)block)[i]) : ((const float *)block)[i];
}

/* weights = scale * q . k for the 64 keys of a block. */
static ALWAYS_INLINE void scores(enum kv_type type, int rows, struct row *r, const void *k,
                                 int64_t dim, float scale)
{
    for (int first = 0; first < KV_BLOCK_TOKENS; first += 32) {
        __m256 acc[TILE][4];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 4; j++)
                acc[i][j] = _mm256_setzero_ps();
        for (int64_t d = 0; d < dim; d++) {
#pragma GCC unroll 4
            for (int j = 0; j < 4; j++) {
                __m256 keys = eight(type, k, d * KV_BLOCK_TOKENS + first + 8 * j);
#pragma GCC unroll 3
                for (int i = 0; i < rows; i++)
                    acc[i][j] = _mm256_fmadd_ps(keys, _mm256_broadcast_ss(r[i].q + d), acc[i][j]);
            }
        }
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 4; j++)
                _mm256_storeu_ps(r[i].weights + first + 8 * j,
                                 _mm256_mul_ps(acc[i][j], _mm256_set1_ps(scale)));
    }
}

/* Scores to weights, for the block whose first key is `first`; rescales what was summed before.
 * A row that begins after the block has seen nothing yet: its weights are zeros. */
static ALWAYS_INLINE void softmax(struct row *r, int64_t first, int64_t dim)
{
    for (int64_t j = 0; j < KV_BLOCK_TOKENS; j++)
        if (first + j < r->begin || first + j >= r->end) r->weights[j] = -INFINITY;
    __m256 top = _mm256_set1_ps(r->largest);
    for (int j = 0; j < KV_BLOCK_TOKENS; j += 8) /* a NaN is passed over here and met below */
        top = _mm256_max_ps(_mm256_loadu_ps(r->weights + j), top);
    float largest = max_ps(top);
    if (largest == -INFINITY && first + KV_BLOCK_TOKENS <= r->begin) {
        memset(r->weights, 0, sizeof r->weights);
        return;
    }
    if (largest > r->largest) {
        float keep = r->largest == -INFINITY ? 0 : expf(r->largest - largest);
        __m256 k = _mm256_set1_ps(keep);
        int64_t d = 0;
        for (; d + 8 <= dim; d += 8)
            _mm256_storeu_ps(r->sums + d, _mm256_mul_ps(_mm256_loadu_ps(r->sums + d), k));
        for (; d < dim; d++)
            r->sums[d] *= keep;
        r->total *= keep;
        r->largest = largest;
    }
    __m256 total = _mm256_setzero_ps();
    for (int j = 0; j < KV_BLOCK_TOKENS; j += 8) {
        __m256 s = _mm256_sub_ps(_mm256_loadu_ps(r->weights + j), _mm256_set1_ps(largest));
        __m256 w = exp_ps(s);
        total = _mm256_add_ps(total, w);
        _mm256_storeu_ps(r->weights + j, w);
    }
    r->total += sum_ps(total);
}

/* sums += weights * V of one block. */
static ALWAYS_INLINE void gather(enum kv_type type, int rows, struct row *r, const void *v,
                                 int64_t dim)
{
    int64_t d = 0;
    for (; d + 16 <= dim; d += 16) {
        __m256 acc[TILE][2];
        for (int i = 0; i < rows; i++) {
            acc[i][0] = _mm256_loadu_ps(r[i].sums + d);
            acc[i][1] = _mm256_loadu_ps(r[i].sums + d + 8);
        }
        for (int64_t j = 0; j < KV_BLOCK_TOKENS; j++) {
            __m256 a = eight(type, v, j * dim + d), b = eight(type, v, j * dim + d + 8);
#pragma GCC unroll 3
            for (int i = 0; i < rows; i++) {
                __m256 w = _mm256_broadcast_ss(r[i].weights + j);
                acc[i][0] = _mm256_fmadd_ps(a, w, acc[i][0]);
                acc[i][1] = _mm256_fmadd_ps(b, w, acc[i][1]);
            }
        }
        for (int i = 0; i < rows; i++) {
            _mm256_storeu_ps(r[i].sums + d, acc[i][0]);
            _mm256_storeu_ps(r[i].sums + d + 8, acc[i][1]);
        }
    }
    for (; d < dim; d++)
        for (int64_t j = 0; j < KV_BLOCK_TOKENS; j++)
            for (int i = 0; i < rows; i++)
                r[i].sums[d] += r[i].weights[j] * one(type, v, j * dim + d);
}

/* type and rows are constants. */
static ALWAYS_INLINE void attend(enum kv_type type, int rows, struct row *r,
                                 const struct attention_args *a)
{
    int64_t begin = r[0].begin, end = r[0].end;
    for (int i = 0; i < rows; i++) {
        if (r[i].begin < begin) begin = r[i].begin;
        if (r[i].end > end) end = r[i].end;
        memset(r[i].sums, 0, (size_t)a->head_dim_v * sizeof(float));
    }
    for (int64_t b = begin / KV_BLOCK_TOKENS; b * KV_BLOCK_TOKENS < end; b++) {
        scores(type, rows, r, a->k_blocks[b], a->head_dim_k, a->scale);
        for (int i = 0; i < rows; i++)
            softmax(&r[i], b * KV_BLOCK_TOKENS, a->head_dim_v);
        gather(type, rows, r, a->v_blocks[b], a->head_dim_v);
    }
    for (int i = 0; i < rows; i++)
        for (int64_t d = 0; d < a->head_dim_v; d++)
            r[i].out[d] = r[i].sums[d] / r[i].total;
}

static struct row row_of(const struct attention_args *a, int64_t idx, float *sums)
{
    int64_t query = idx / a->head_count, head = idx % a->head_count, position = a->position + query;
    struct row r = { .q = a->q + (size_t)query * a->q_stride + head * a->head_dim_k,
                     .out = a->out + (size_t)query * a->out_stride + head * a->head_dim_v,
                     .sums = sums,
                     .end = position + 1,
                     .largest = -INFINITY };
    if (a->window > 0 && position >= a->window) r.begin = position - a->window + 1;
    return r;
}

static ALWAYS_INLINE void attention(enum kv_type type, const struct attention_args *a,
                                    float *scratch)
{
    int64_t count = a->query_count * a->head_count;
    for (int64_t first = 0; first < count; first += TILE) {
        struct row rows[TILE];
        int64_t n = count - first < TILE ? count - first : TILE;
        for (int64_t i = 0; i < n; i++)
            rows[i] = row_of(a, first + i, scratch + i * ATTENTION_DIM_MAX);
        if (n == 3) attend(type, 3, rows, a);
        else if (n == 2) attend(type, 2, rows, a);
        else attend(type, 1, rows, a);
    }
}

void attention_f16_avx2(const struct attention_args *args, void *scratch)
{
    attention(KV_F16, args, scratch);
}

void attention_f32_avx2(const struct attention_args *args, void *scratch)
{
    attention(KV_F32, args, scratch);
}
