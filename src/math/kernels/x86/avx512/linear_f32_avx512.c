/* Linear layers on float activations: weights of any kind are expanded to float, exactly.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One to eight rows read float panels as they lie. Everything else goes through tiles of 8 rows x
 * 32 columns: a pair of panels expanded to float [k][32], rows packed to [k][R]. */
#include "math/kernels/x86/avx512/avx512.h"

#include <assert.h>
#include <string.h>

#include "math/kernels/x86/avx512/panel_read.h"
#include "math/quants/quant.h"

#define STREAM_ROWS   8
#define STREAM_PANELS 4 /* read side by side where rows are few */
#define TILE_ROWS     8
#define TILE_COLS     32
#define CHUNK_COLS    256
#define CHUNK_ROWS    448
static_assert((CHUNK_ROWS + TILE_COLS) * CHUNK_COLS * sizeof(float) <= LINEAR_SCRATCH_BYTES,
              "a chunk fits");

/* --- one to eight rows: panels as they lie --- */

/* Two consecutive k of 16 rows. */
INLINE void load_pair(enum panel_kind kind, const uint8_t *p, __m512 *w0, __m512 *w1)
{
    __m512i v = _mm512_loadu_si512(p);
    if (kind == PANEL_F32) {
        *w0 = _mm512_castsi512_ps(v);
        *w1 = _mm512_loadu_ps(p + 64);
    } else if (kind == PANEL_F16) {
        *w0 = f16_low(v);
        *w1 = f16_high(v);
    } else {
        *w0 = bf16_low(v);
        *w1 = bf16_high(v);
    }
}

/* One chain of sums per row and panel, in the order of k, as the tiles below have it: a row's result does
 * not depend on how many rows stand beside it. P panels at once hide the latency of the additions. */
INLINE void stream_panels(enum panel_kind kind, int R, int P, const uint8_t *p, size_t panel_bytes,
                          int64_t cols, const float *x, size_t stride,
                          __m512 (*sums)[STREAM_PANELS])
{
    const int bytes = kind == PANEL_F32 ? 128 : 64;
    __m512 w0[STREAM_PANELS], w1[STREAM_PANELS];
    for (int r = 0; r < R; r++) {
        for (int i = 0; i < P; i++)
            sums[r][i] = _mm512_setzero_ps();
    }
#pragma GCC unroll 2
    for (int64_t k = 0; k + 2 <= cols; k += 2, p += bytes) {
        for (int i = 0; i < P; i++) {
            const uint8_t *at = p + (size_t)i * panel_bytes;
            load_pair(kind, at, &w0[i], &w1[i]);
            _mm_prefetch((const char *)at + PREFETCH_BYTES, _MM_HINT_T0);
            if (kind == PANEL_F32)
                _mm_prefetch((const char *)at + PREFETCH_BYTES + 64, _MM_HINT_T0);
        }
        for (int r = 0; r < R; r++) {
            const float *a = x + (size_t)r * stride + (size_t)k;
            for (int i = 0; i < P; i++) {
                sums[r][i] = _mm512_fmadd_ps(w0[i], _mm512_set1_ps(a[0]), sums[r][i]);
                sums[r][i] = _mm512_fmadd_ps(w1[i], _mm512_set1_ps(a[1]), sums[r][i]);
            }
        }
    }
    if (cols % 2 == 0) return;
    for (int i = 0; i < P; i++) {
        const uint8_t *at = p + (size_t)i * panel_bytes;
        if (kind == PANEL_F32) w0[i] = _mm512_loadu_ps(at);
        else load_pair(kind, at, &w0[i], &w1[i]);
        for (int r = 0; r < R; r++) {
            __m512 a = _mm512_set1_ps(x[(size_t)r * stride + (size_t)cols - 1]);
            sums[r][i] = _mm512_fmadd_ps(w0[i], a, sums[r][i]);
        }
    }
}

INLINE void stream_some(enum panel_kind kind, int R, int P, float *y, size_t y_stride,
                        const struct panel_weights *w, int64_t panel, const struct activations *x)
{
    __m512 sums[STREAM_ROWS][STREAM_PANELS];
    stream_panels(kind, R, P, w->data + (size_t)panel * w->panel_bytes, w->panel_bytes, w->cols,
                  x->f32, x->stride, sums);
    for (int i = 0; i < P; i++) {
        __mmask16 m = lanes16(w->rows - PANEL_ROWS * (panel + i));
        for (int r = 0; r < R; r++)
            _mm512_mask_storeu_ps(y + (size_t)r * y_stride + PANEL_ROWS * i, m, sums[r][i]);
    }
}

INLINE void stream_rows(enum panel_kind kind, int R, float *y, size_t y_stride,
                        const struct panel_weights *w, int64_t panel_begin, int64_t panel_end,
                        const struct activations *x)
{
    const int P = R <= 2 ? STREAM_PANELS : R <= 4 ? 2 : 1;
    int64_t p = panel_begin;
    for (; p + P <= panel_end; p += P, y += P * PANEL_ROWS)
        stream_some(kind, R, P, y, y_stride, w, p, x);
    for (; p < panel_end; p++, y += PANEL_ROWS)
        stream_some(kind, R, 1, y, y_stride, w, p, x);
}

INLINE void stream(enum panel_kind kind, float *y, size_t y_stride, const struct panel_weights *w,
                   int64_t panel_begin, int64_t panel_end, const struct activations *x)
{
    switch (x->rows) {
    case 1: stream_rows(kind, 1, y, y_stride, w, panel_begin, panel_end, x); break;
    case 2: stream_rows(kind, 2, y, y_stride, w, panel_begin, panel_end, x); break;
    case 3: stream_rows(kind, 3, y, y_stride, w, panel_begin, panel_end, x); break;
    case 4: stream_rows(kind, 4, y, y_stride, w, panel_begin, panel_end, x); break;
    case 5: stream_rows(kind, 5, y, y_stride, w, panel_begin, panel_end, x); break;
    case 6: stream_rows(kind, 6, y, y_stride, w, panel_begin, panel_end, x); break;
    case 7: stream_rows(kind, 7, y, y_stride, w, panel_begin, panel_end, x); break;
    default: stream_rows(kind, 8, y, y_stride, w, panel_begin, panel_end, x); break;
    }
}

/* --- panels to float [cols][32] --- */

INLINE void expand_floats(enum panel_kind kind, float *b, const uint8_t *panel, int64_t k0,
                          int64_t cols)
{
    const uint8_t *p = panel + k0 * (kind == PANEL_F32 ? 64 : 32);
    for (int64_t k = 0; k < cols; k += 2, p += kind == PANEL_F32 ? 128 : 64, b += 2 * TILE_COLS) {
        __m512 w0, w1;
        if (kind == PANEL_F32 && k + 1 == cols) {
            _mm512_store_ps(b, _mm512_loadu_ps(p));
            return;
        }
        load_pair(kind, p, &w0, &w1);
        _mm512_store_ps(b, w0);
        if (k + 1 < cols) _mm512_store_ps(b + TILE_COLS, w1);
    }
}

INLINE void expand_ints(struct form f, float *b, const uint8_t *panel, int64_t k0, int64_t cols)
{
    const uint8_t *p = panel + (size_t)(k0 / block_cols(f.kind)) * (size_t)block_bytes(f.kind);
    for (int64_t k = 0; k < cols; k += block_cols(f.kind), p += block_bytes(f.kind)) {
#pragma GCC unroll 1
        for (int g = 0; g < block_cols(f.kind) / 32; g++) {
            for (int i = 0; i < 8; i++) {
                int at = f.group == 16 ? 2 * g + i / 4 : g;
                __m512i v = weights_of(f.kind, group_at(f.kind, p, g), i);
                __m512 scale = scale_of(f.kind, p, at),
                       min = f.mins ? min_of(p, at) : _mm512_setzero_ps();
                for (int j = 0; j < 4; j++, b += TILE_COLS) {
                    __m512i u = _mm512_and_si512(_mm512_srli_epi32(v, (unsigned)(8 * j)),
                                                 _mm512_set1_epi32(255));
                    __m512 q = _mm512_cvtepi32_ps(_mm512_sub_epi32(u, _mm512_set1_epi32(f.offset)));
                    _mm512_store_ps(b, _mm512_fmadd_ps(q, scale, min));
                }
            }
        }
    }
}

static void expand_blocks(float *b, const struct panel_weights *w, int64_t panel, int64_t k0,
                          int64_t cols)
{
    const struct quant *q = quant_of(w->type);
    size_t row_bytes = w->panel_bytes / PANEL_ROWS;
    float row[CHUNK_COLS];
    for (int n = 0; n < PANEL_ROWS; n++) {
        int64_t from = panel * PANEL_ROWS + n;
        memset(row, 0, sizeof row);
        if (from < w->rows) {
            q->decode(row,
                      w->data + (size_t)from * row_bytes +
                          (size_t)(k0 / q->block_values * q->block_bytes),
                      (size_t)cols);
        }
        for (int64_t k = 0; k < cols; k++)
            b[k * TILE_COLS + n] = row[k];
    }
}

static void expand_panel(float *b, const struct panel_weights *w, int64_t panel, int64_t k0,
                         int64_t cols)
{
    const uint8_t *data = w->data + (size_t)panel * w->panel_bytes;
    switch (w->kind) {
    case PANEL_F32: expand_floats(PANEL_F32, b, data, k0, cols); break;
    case PANEL_F16: expand_floats(PANEL_F16, b, data, k0, cols); break;
    case PANEL_BF16: expand_floats(PANEL_BF16, b, data, k0, cols); break;
    case PANEL_Q8_0: expand_ints(FORM_Q8_0, b, data, k0, cols); break;
    case PANEL_Q4_0: expand_ints(FORM_Q4_0, b, data, k0, cols); break;
    case PANEL_Q4_K: expand_ints(FORM_Q4_K, b, data, k0, cols); break;
    case PANEL_Q6_K: expand_ints(FORM_Q6_K, b, data, k0, cols); break;
    default: expand_blocks(b, w, panel, k0, cols); break;
    }
}

static void expand_pair(float *b, const struct panel_weights *w, int64_t panel, int64_t panel_end,
                        int64_t k0, int64_t cols)
{
    expand_panel(b, w, panel, k0, cols);
    if (panel + 1 < panel_end) {
        expand_panel(b + 16, w, panel + 1, k0, cols);
        return;
    }
    for (int64_t k = 0; k < cols; k++)
        _mm512_store_ps(b + k * TILE_COLS + 16, _mm512_setzero_ps());
}

/* --- tiles --- */

/* Rows [row, row + R) as [cols][R]. */
static void pack_rows(float *a, const struct activations *x, int64_t row, int R, int64_t k0,
                      int64_t cols)
{
    for (int r = 0; r < R; r++) {
        const float *from = x->f32 + (size_t)(row + r) * x->stride + k0;
        for (int64_t k = 0; k < cols; k++)
            a[k * R + r] = from[k];
    }
}

INLINE void tile(int R, const float *a, const float *b, int64_t cols, float *out, size_t stride,
                 const __mmask16 *m, bool add)
{
    __m512 sums[TILE_ROWS][2];
    for (int r = 0; r < R; r++) {
        for (int c = 0; c < 2; c++) {
            const float *from = out + (size_t)r * stride + 16 * c;
            sums[r][c] = add ? _mm512_maskz_loadu_ps(m[c], from) : _mm512_setzero_ps();
        }
    }
#pragma GCC unroll 2
    for (int64_t k = 0; k < cols; k++, a += R, b += TILE_COLS) {
        __m512 w0 = _mm512_load_ps(b), w1 = _mm512_load_ps(b + 16);
        for (int r = 0; r < R; r++) {
            __m512 v = _mm512_set1_ps(a[r]);
            sums[r][0] = _mm512_fmadd_ps(w0, v, sums[r][0]);
            sums[r][1] = _mm512_fmadd_ps(w1, v, sums[r][1]);
        }
    }
    for (int r = 0; r < R; r++) {
        for (int c = 0; c < 2; c++)
            _mm512_mask_storeu_ps(out + (size_t)r * stride + 16 * c, m[c], sums[r][c]);
    }
}

static void run_tile(int64_t R, const float *a, const float *b, int64_t cols, float *out,
                     size_t stride, const __mmask16 *m, bool add)
{
    switch (R) {
    case 1: tile(1, a, b, cols, out, stride, m, add); break;
    case 2: tile(2, a, b, cols, out, stride, m, add); break;
    case 3: tile(3, a, b, cols, out, stride, m, add); break;
    case 4: tile(4, a, b, cols, out, stride, m, add); break;
    case 5: tile(5, a, b, cols, out, stride, m, add); break;
    case 6: tile(6, a, b, cols, out, stride, m, add); break;
    case 7: tile(7, a, b, cols, out, stride, m, add); break;
    default: tile(8, a, b, cols, out, stride, m, add); break;
    }
}

static void gemm(float *y, size_t y_stride, const struct panel_weights *w, int64_t panel_begin,
                 int64_t panel_end, const struct activations *x, int64_t row, int64_t rows,
                 float *b)
{
    float *a = b + TILE_COLS * CHUNK_COLS;
    int64_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int64_t k0 = 0; k0 < w->cols; k0 += CHUNK_COLS) {
        int64_t cols = w->cols - k0 < CHUNK_COLS ? w->cols - k0 : CHUNK_COLS;
        for (int64_t t = 0; t < tiles; t++) {
            int64_t from = rows * t / tiles, to = rows * (t + 1) / tiles;
            pack_rows(a + from * cols, x, row + from, (int)(to - from), k0, cols);
        }
        for (int64_t p = panel_begin; p < panel_end; p += 2) {
            int64_t column = p * PANEL_ROWS,
                    end = panel_end * PANEL_ROWS < w->rows ? panel_end * PANEL_ROWS : w->rows;
            const __mmask16 m[2] = { lanes16(end - column), lanes16(end - column - PANEL_ROWS) };
            expand_pair(b, w, p, panel_end, k0, cols);
            for (int64_t t = 0; t < tiles; t++) {
                int64_t from = rows * t / tiles, to = rows * (t + 1) / tiles;
                run_tile(to - from, a + from * cols, b, cols,
                         y + (size_t)from * y_stride + (p - panel_begin) * PANEL_ROWS, y_stride, m,
                         k0 > 0);
            }
        }
    }
}

void linear_f32_avx512(float *y, size_t y_stride, const struct panel_weights *w,
                       int64_t panel_begin, int64_t panel_end, const struct activations *x,
                       void *scratch)
{
    if (x->rows <= STREAM_ROWS && w->kind <= PANEL_BF16) {
        if (x->rows <= 0) return;
        if (w->kind == PANEL_F32) stream(PANEL_F32, y, y_stride, w, panel_begin, panel_end, x);
        else if (w->kind == PANEL_F16) stream(PANEL_F16, y, y_stride, w, panel_begin, panel_end, x);
        else stream(PANEL_BF16, y, y_stride, w, panel_begin, panel_end, x);
        return;
    }
    int64_t passes = (x->rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
    for (int64_t i = 0; i < passes; i++) {
        int64_t row = x->rows * i / passes, end = x->rows * (i + 1) / passes;
        gemm(y + (size_t)row * y_stride, y_stride, w, panel_begin, panel_end, x, row, end - row,
             scratch);
    }
}
