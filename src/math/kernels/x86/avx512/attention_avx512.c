/* Attention over the paged cache in float: tiles of up to 6 query rows x 64 keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row is one query of one head; all heads of the group share the keys, so that one pass over a
 * block serves them all. Rows are taken in batches; a batch walks the blocks once, and when it has
 * more than one tile each f16 block is widened once for all tiles. A vector holds one d of 16 keys
 * (scores) or 16 d of one key (values); the other operand is a broadcast, so nothing is transposed. */
#include "math/kernels/x86/avx512/avx512.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "math/kernels/x86/avx512/vec512.h"

#define INLINE       static inline __attribute__((always_inline))
#define TILE_ROWS    6
#define BATCH_ROWS   96
#define STRIP        64          /* d of the values per pass, and keys per block */
#define WIDE_FLOATS  (64 * 1024) /* most of both widened halves of a block */
#define STATE_FLOATS (60 * 1024) /* queries and sums of a batch */

struct row_state {
    float max, total; /* running maximum and sum of weights */
    int64_t position;
    float *out;
};

struct batch {
    const struct attention_args *args;
    enum kv_type type;
    int rows;
    float *q;       /* per tile: [head_dim_k][rows of the tile], scaled */
    float *sums;    /* per row: [head_dim_v] */
    float *wide;    /* NULL: blocks are read as they lie */
    float *weights; /* [TILE_ROWS][64] */
    struct row_state *state;
};

static_assert((WIDE_FLOATS + STATE_FLOATS + TILE_ROWS * STRIP) * sizeof(float) +
                      BATCH_ROWS * sizeof(struct row_state) <=
                  LINEAR_SCRATCH_BYTES,
              "all of it fits the scratch");
static_assert(TILE_ROWS * 2 * ATTENTION_DIM_MAX <= STATE_FLOATS, "a tile fits at any size");

INLINE size_t item_bytes(enum kv_type type)
{
    return type == KV_F16 ? 2 : 4;
}

INLINE __m512 load_item(enum kv_type type, const uint8_t *p)
{
    return type == KV_F16 ? load_f16(p) : _mm512_loadu_ps(p);
}

INLINE __m512 load_items(enum kv_type type, const uint8_t *p, __mmask16 m)
{
    return type == KV_F16 ? load_f16_mask(p, m) : _mm512_maskz_loadu_ps(m, p);
}

/* out[R][N vectors] = a . b: b holds `depth` lines of N vectors, `pitch` bytes apart; a(r, k) stands at
 * a[r * a_row + k * a_step]. `m` masks the last vector where it is not `full`. */
INLINE void multiply(enum kv_type type, int R, int N, const float *a, int a_row, int a_step,
                     const uint8_t *b, size_t pitch, int64_t depth, bool full, __mmask16 m,
                     __m512 (*acc)[4])
{
    for (int64_t k = 0; k < depth; k++, b += pitch, a += a_step) {
        __m512 w[4];
        for (int i = 0; i < N; i++) {
            const uint8_t *at = b + (size_t)i * 16 * item_bytes(type);
            w[i] = full || i + 1 < N ? load_item(type, at) : load_items(type, at, m);
        }
        for (int r = 0; r < R; r++) {
            __m512 v = _mm512_set1_ps(a[r * a_row]);
            for (int i = 0; i < N; i++)
                acc[r][i] = _mm512_fmadd_ps(w[i], v, acc[r][i]);
        }
    }
}

/* The weights e^(score - max) of one row; keys [first, last] of the block count. Returns what
 * earlier sums are multiplied with. */
INLINE float soften(struct row_state *s, const __m512 *scores, int64_t first, int64_t last,
                    float *weights)
{
    const __m512 none = _mm512_set1_ps(-INFINITY);
    __m512 v[4], top = none, total = _mm512_setzero_ps();
    uint64_t keep = last < first ? 0 : (~(uint64_t)0 >> (63 - last + first)) << first;
    for (int i = 0; i < 4; i++) {
        v[i] = _mm512_mask_mov_ps(none, (__mmask16)(keep >> 16 * i), scores[i]);
        top = _mm512_max_ps(v[i], top);
    }
    float max = _mm512_reduce_max_ps(top), factor = 1;
    if (max > s->max) {
        factor = s->max == -INFINITY ? 0 : _mm512_cvtss_f32(exp512(_mm512_set1_ps(s->max - max)));
        s->max = max;
    }
    for (int i = 0; i < 4; i++) {
        __m512 e = _mm512_maskz_mov_ps((__mmask16)(keep >> 16 * i),
                                       exp512(_mm512_sub_ps(v[i], _mm512_set1_ps(s->max))));
        _mm512_store_ps(weights + 16 * i, e);
        total = _mm512_add_ps(total, e);
    }
    s->total = s->total * factor + _mm512_reduce_add_ps(total);
    return factor;
}

/* sums[R][N vectors] = sums * factor + weights . values, one strip of the values. */
INLINE void add_values(enum kv_type type, int R, int N, float *sums, int64_t sums_pitch,
                       const float *factor, const float *weights, const uint8_t *v, size_t pitch,
                       int64_t keys, bool full, __mmask16 m)
{
    __m512 acc[TILE_ROWS][4];
    for (int r = 0; r < R; r++) {
        for (int i = 0; i < N; i++) {
            __m512 old = _mm512_maskz_loadu_ps(!full && i + 1 == N ? m : (__mmask16)0xffff,
                                               sums + r * sums_pitch + 16 * i);
            acc[r][i] = _mm512_mul_ps(old, _mm512_set1_ps(factor[r]));
        }
    }
    multiply(type, R, N, weights, STRIP, 1, v, pitch, keys, full, m, acc);
    for (int r = 0; r < R; r++) {
        for (int i = 0; i < N; i++) {
            _mm512_mask_storeu_ps(sums + r * sums_pitch + 16 * i,
                                  !full && i + 1 == N ? m : (__mmask16)0xffff, acc[r][i]);
        }
    }
}

/* One tile against one block whose key 0 stands at `base`. */
INLINE void tile_block(const struct batch *b, enum kv_type type, int R, int row, const uint8_t *k,
                       const uint8_t *v, int64_t base)
{
    const struct attention_args *a = b->args;
    const int64_t dk = a->head_dim_k, dv = a->head_dim_v;
    float factor[TILE_ROWS] = { 0 };
    int64_t first_key = KV_BLOCK_TOKENS, last_key = -1;
    __m512 acc[TILE_ROWS][4];
    for (int r = 0; r < R; r++) {
        for (int i = 0; i < 4; i++)
            acc[r][i] = _mm512_setzero_ps();
    }
    multiply(type, R, 4, b->q + row * dk, 1, R, k, KV_BLOCK_TOKENS * item_bytes(type), dk, true, 0,
             acc);
    for (int r = 0; r < R; r++) {
        struct row_state *s = &b->state[row + r];
        int64_t last = s->position - base, first = a->window > 0 ? last - a->window + 1 : 0;
        if (last > KV_BLOCK_TOKENS - 1) last = KV_BLOCK_TOKENS - 1;
        if (first < 0) first = 0;
        if (last > last_key) last_key = last;
        if (first < first_key) first_key = first;
        factor[r] = soften(s, acc[r], first, last, b->weights + r * STRIP);
    }
    if (last_key < first_key) return;
    v += (size_t)(first_key * dv) * item_bytes(type);
    for (int64_t d = 0; d < dv; d += STRIP) {
        float *sums = b->sums + row * dv + d;
        const uint8_t *from = v + (size_t)d * item_bytes(type);
        const float *weights = b->weights + first_key;
        size_t pitch = (size_t)dv * item_bytes(type);
        int64_t keys = last_key + 1 - first_key, left = dv - d;
        __mmask16 m = left >= STRIP ? (__mmask16)0xffff : lanes16(left - (left - 1) / 16 * 16);
        switch (left >= STRIP ? 5 : (left + 15) / 16) {
        case 1:
            add_values(type, R, 1, sums, dv, factor, weights, from, pitch, keys, false, m);
            break;
        case 2:
            add_values(type, R, 2, sums, dv, factor, weights, from, pitch, keys, false, m);
            break;
        case 3:
            add_values(type, R, 3, sums, dv, factor, weights, from, pitch, keys, false, m);
            break;
        case 4:
            add_values(type, R, 4, sums, dv, factor, weights, from, pitch, keys, false, m);
            break;
        default:
            add_values(type, R, 4, sums, dv, factor, weights, from, pitch, keys, true, m);
            break;
        }
    }
}

static void run_tile(const struct batch *b, enum kv_type type, int row, int rows, const uint8_t *k,
                     const uint8_t *v, int64_t base)
{
    switch (rows * 2 + (type == KV_F16)) {
    case 2: tile_block(b, KV_F32, 1, row, k, v, base); break;
    case 3: tile_block(b, KV_F16, 1, row, k, v, base); break;
    case 4: tile_block(b, KV_F32, 2, row, k, v, base); break;
    case 5: tile_block(b, KV_F16, 2, row, k, v, base); break;
    case 6: tile_block(b, KV_F32, 3, row, k, v, base); break;
    case 7: tile_block(b, KV_F16, 3, row, k, v, base); break;
    case 8: tile_block(b, KV_F32, 4, row, k, v, base); break;
    case 9: tile_block(b, KV_F16, 4, row, k, v, base); break;
    case 10: tile_block(b, KV_F32, 5, row, k, v, base); break;
    case 11: tile_block(b, KV_F16, 5, row, k, v, base); break;
    case 12: tile_block(b, KV_F32, 6, row, k, v, base); break;
    default: tile_block(b, KV_F16, 6, row, k, v, base); break;
    }
}

/* --- batches of rows --- */

INLINE int tile_begin(int rows, int tile)
{
    int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    return rows * tile / tiles;
}

static void take_rows(struct batch *b, int64_t first)
{
    const struct attention_args *a = b->args;
    int tiles = (b->rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int t = 0; t < tiles; t++) {
        int begin = tile_begin(b->rows, t), n = tile_begin(b->rows, t + 1) - begin;
        for (int r = 0; r < n; r++) {
            int64_t query = (first + begin + r) / a->head_count,
                    head = (first + begin + r) % a->head_count;
            const float *q = a->q + (size_t)query * a->q_stride + head * a->head_dim_k;
            for (int64_t d = 0; d < a->head_dim_k; d++)
                b->q[begin * a->head_dim_k + d * n + r] = q[d] * a->scale;
            b->state[begin + r] = (struct row_state){
                .max = -INFINITY,
                .position = a->position + query,
                .out = a->out + (size_t)query * a->out_stride + head * a->head_dim_v,
            };
        }
    }
    for (int64_t i = 0; i < b->rows * a->head_dim_v; i++)
        b->sums[i] = 0;
}

static void give_rows(const struct batch *b)
{
    int64_t dv = b->args->head_dim_v;
    for (int r = 0; r < b->rows; r++) {
        __m512 total = _mm512_set1_ps(b->state[r].total);
        for (int64_t d = 0; d < dv; d += 16) {
            __mmask16 m = lanes16(dv - d);
            __m512 v = _mm512_maskz_loadu_ps(m, b->sums + r * dv + d);
            _mm512_mask_storeu_ps(b->state[r].out + d, m, _mm512_div_ps(v, total));
        }
    }
}

static void run_batch(struct batch *b, int64_t first)
{
    const struct attention_args *a = b->args;
    take_rows(b, first);
    int64_t oldest = b->state[0].position, newest = b->state[b->rows - 1].position;
    int64_t begin =
        a->window > 0 && oldest >= a->window ? (oldest - a->window + 1) / KV_BLOCK_TOKENS : 0;
    int tiles = (b->rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int64_t n = begin; n <= newest / KV_BLOCK_TOKENS; n++) {
        const uint8_t *k = a->k_blocks[n], *v = a->v_blocks[n];
        enum kv_type type = b->type;
        if (b->wide) {
            float *wide_v = b->wide + a->head_dim_k * KV_BLOCK_TOKENS;
            f16_to_f32_avx512(b->wide, (const uint16_t *)(const void *)k,
                              a->head_dim_k * KV_BLOCK_TOKENS);
            f16_to_f32_avx512(wide_v, (const uint16_t *)(const void *)v,
                              a->head_dim_v * KV_BLOCK_TOKENS);
            k = (const uint8_t *)b->wide;
            v = (const uint8_t *)wide_v;
            type = KV_F32;
        }
        for (int t = 0; t < tiles; t++) {
            int row = tile_begin(b->rows, t), end = tile_begin(b->rows, t + 1);
            int64_t base = n * KV_BLOCK_TOKENS, from = b->state[row].position,
                    to = b->state[end - 1].position;
            if (to < base || (a->window > 0 && from - a->window >= base + KV_BLOCK_TOKENS - 1))
                continue;
            run_tile(b, type, row, end - row, k, v, base);
        }
    }
    give_rows(b);
}

static void attend(const struct attention_args *a, enum kv_type type, void *scratch)
{
    int64_t rows = a->query_count * a->head_count, dims = a->head_dim_k + a->head_dim_v;
    int64_t most = STATE_FLOATS / dims / TILE_ROWS * TILE_ROWS;
    struct batch b = { .args = a, .type = type };
    float *at = scratch;
    float *wide = at;
    b.weights = at + WIDE_FLOATS;
    b.q = b.weights + TILE_ROWS * STRIP;
    b.state = (struct row_state *)(void *)(b.q + STATE_FLOATS);
    if (most > BATCH_ROWS) most = BATCH_ROWS;
    for (int64_t first = 0; first < rows; first += b.rows) {
        b.rows = (int)(rows - first < most ? rows - first : most);
        b.sums = b.q + b.rows * a->head_dim_k;
        b.wide = type == KV_F16 && b.rows > TILE_ROWS && dims * KV_BLOCK_TOKENS <= WIDE_FLOATS
                     ? wide
                     : NULL;
        run_batch(&b, first);
    }
}

void attention_f16_avx512(const struct attention_args *args, void *scratch)
{
    attend(args, KV_F16, scratch);
}

void attention_f32_avx512(const struct attention_args *args, void *scratch)
{
    attend(args, KV_F32, scratch);
}
