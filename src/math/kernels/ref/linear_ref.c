/* Reference linear layers: every panel kind, expanded 256 columns at a time, summed in double.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "math/kernels/ref/ref.h"
#include "math/quants/quant.h"
#include "math/quants/quant_block.h"

#define CHUNK  QUANT_UNPACK_VALUES
#define TOKENS 64 /* rows of activations that share one expansion of the weights */

/* Up to CHUNK columns of one row of weights. */
struct chunk {
    struct quant_unpacked u; /* the integer form; not with floats only */
    float f32[CHUNK];
    bool floats_only;
};

static const uint8_t *panel_of(const struct panel_weights *w, int64_t row)
{
    return w->data + (size_t)(row / PANEL_ROWS) * w->panel_bytes;
}

/* 32 nibbles of row r of a panel, less `offset`; the inverse of panel.c's pack_nibbles(). */
static void nibbles(int8_t *q, const uint8_t *src, int r, int offset)
{
    for (int k = 0; k < 32; k++) {
        int byte = src[k / 8 * 64 + r * 4 + k % 4];
        q[k] = (int8_t)((k % 8 < 4 ? byte & 15 : byte >> 4) - offset);
    }
}

static void expand_q8_0(struct quant_unpacked *u, const uint8_t *panel, int r, int count)
{
    for (int g = 0; g < count / 32; g++, panel += PANEL_Q8_0_BYTES) {
        for (int k = 0; k < 32; k++)
            u->q[32 * g + k] = (int8_t)panel[32 + k / 4 * 64 + r * 4 + k % 4];
        u->scale[2 * g] = u->scale[2 * g + 1] = block_f16(panel + 2 * r);
    }
}

static void expand_q4_0(struct quant_unpacked *u, const uint8_t *panel, int r, int count)
{
    for (int g = 0; g < count / 32; g++, panel += PANEL_Q4_0_BYTES) {
        nibbles(u->q + 32 * g, panel + 32, r, 8);
        u->scale[2 * g] = u->scale[2 * g + 1] = block_f16(panel + 2 * r);
    }
}

static void expand_q4_k(struct quant_unpacked *u, const uint8_t *panel, int r)
{
    float d = block_f16(panel + 2 * r), dmin = block_f16(panel + 32 + 2 * r);
    for (int g = 0; g < 8; g++) {
        nibbles(u->q + 32 * g, panel + 320 + 256 * g, r, 0);
        u->scale[2 * g] = u->scale[2 * g + 1] = d * (float)panel[64 + 16 * g + r];
        u->min[2 * g] = u->min[2 * g + 1] = -(dmin * (float)panel[192 + 16 * g + r]);
    }
}

static void expand_q6_k(struct quant_unpacked *u, const uint8_t *panel, int r)
{
    float d = block_f16(panel + 2 * r);
    for (int s = 0; s < 16; s++)
        u->scale[s] = d * (float)(int8_t)panel[32 + 16 * s + r];
    for (int g = 0; g < 8; g++) {
        const uint8_t *group = panel + 288 + 384 * g;
        nibbles(u->q + 32 * g, group, r, 32);
        for (int k = 0; k < 32; k++) {
            int high = group[256 + k / 16 * 64 + r * 4 + k % 4] >> k % 16 / 4 * 2 & 3;
            u->q[32 * g + k] = (int8_t)(u->q[32 * g + k] + high * 16);
        }
    }
}

/* Columns k .. k+count-1 of a row whose weights are floats in the file. */
static void expand_floats(float *out, const struct panel_weights *w, int64_t row, int64_t k,
                          int count)
{
    const uint8_t *panel = panel_of(w, row);
    int64_t r = row % PANEL_ROWS;
    for (int i = 0; i < count; i++) {
        const uint8_t *pair = panel + ((k + i) / 2 * PANEL_ROWS + r) * 4 + (k + i) % 2 * 2;
        if (w->kind == PANEL_F32) memcpy(&out[i], panel + ((k + i) * PANEL_ROWS + r) * 4, 4);
        else if (w->kind == PANEL_F16) out[i] = block_f16(pair);
        else out[i] = bf16_to_f32(block_u16(pair));
    }
}

static void expand_blocks(struct chunk *c, const struct panel_weights *w, int64_t row, int64_t k,
                          int count)
{
    const struct quant *q = quant_of(w->type);
    size_t row_bytes = w->panel_bytes / PANEL_ROWS;
    const uint8_t *at =
        w->data + (size_t)row * row_bytes + (size_t)(k / q->block_values) * (size_t)q->block_bytes;
    c->floats_only = !q->unpack;
    if (q->unpack) q->unpack(&c->u, at, (size_t)count);
    q->decode(c->f32, at, (size_t)count);
}

/* `k` is a multiple of CHUNK, `count` at most CHUNK. */
static void expand(struct chunk *c, const struct panel_weights *w, int64_t row, int64_t k,
                   int count)
{
    const uint8_t *panel = panel_of(w, row);
    int r = (int)(row % PANEL_ROWS);
    c->floats_only = false;
    memset(&c->u, 0, sizeof c->u);
    switch (w->kind) {
    case PANEL_Q8_0: expand_q8_0(&c->u, panel + k / 32 * PANEL_Q8_0_BYTES, r, count); break;
    case PANEL_Q4_0: expand_q4_0(&c->u, panel + k / 32 * PANEL_Q4_0_BYTES, r, count); break;
    case PANEL_Q4_K: expand_q4_k(&c->u, panel + k / 256 * PANEL_Q4_K_BYTES, r); break;
    case PANEL_Q6_K: expand_q6_k(&c->u, panel + k / 256 * PANEL_Q6_K_BYTES, r); break;
    case PANEL_BLOCKS: expand_blocks(c, w, row, k, count); return;
    default:
        expand_floats(c->f32, w, row, k, count);
        c->floats_only = true;
        return;
    }
    for (int i = 0; i < count; i++)
        c->f32[i] = c->u.scale[i / 16] * (float)c->u.q[i] + c->u.min[i / 16];
}

static double dot_f32(const struct chunk *c, const struct activations *x, int64_t token, int64_t k,
                      int count)
{
    const float *a = x->f32 + (size_t)token * x->stride + k;
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (double)c->f32[i] * (double)a[i];
    return sum;
}

/* Per half group of 16: scale * act_scale * sum(q a) + min * act_scale * sum(a). */
static double dot_q8(const struct chunk *c, const struct activations *x, int64_t token, int64_t k,
                     int count)
{
    if (c->floats_only) return dot_f32(c, x, token, k, count);
    int64_t group = token * x->groups + k / ACT_GROUP;
    const int8_t *a = x->q8 + group * ACT_GROUP;
    double sum = 0;
    for (int half = 0; half < (count + 15) / 16; half++) {
        int32_t products = 0;
        for (int i = 16 * half; i < 16 * half + 16; i++)
            products += c->u.q[i] * a[i];
        double scale = (double)x->scale[group + half / 2];
        sum += (double)c->u.scale[half] * scale * products;
        sum += (double)c->u.min[half] * scale * x->sum[(group + half / 2) * 2 + half % 2];
    }
    return sum;
}

typedef double dot_fn(const struct chunk *c, const struct activations *x, int64_t token, int64_t k,
                      int count);

static void row_times(float *y, size_t y_stride, const struct panel_weights *w, int64_t row,
                      const struct activations *x, dot_fn *dot)
{
    struct chunk c;
    for (int64_t first = 0; first < x->rows; first += TOKENS) {
        int tokens = (int)(x->rows - first < TOKENS ? x->rows - first : TOKENS);
        double sum[TOKENS] = { 0 };
        for (int64_t k = 0; k < w->cols; k += CHUNK) {
            int count = (int)(w->cols - k < CHUNK ? w->cols - k : CHUNK);
            expand(&c, w, row, k, count);
            for (int t = 0; t < tokens; t++)
                sum[t] += dot(&c, x, first + t, k, count);
        }
        for (int t = 0; t < tokens; t++)
            y[(size_t)(first + t) * y_stride] = (float)sum[t];
    }
}

static void linear(float *y, size_t y_stride, const struct panel_weights *w, int64_t panel_begin,
                   int64_t panel_end, const struct activations *x, dot_fn *dot)
{
    int64_t begin = panel_begin * PANEL_ROWS, end = panel_end * PANEL_ROWS;
    if (end > w->rows) end = w->rows;
    for (int64_t row = begin; row < end; row++)
        row_times(y + (row - begin), y_stride, w, row, x, dot);
}

void linear_q8_ref(float *y, size_t y_stride, const struct panel_weights *w, int64_t panel_begin,
                   int64_t panel_end, const struct activations *x, void *scratch)
{
    linear(y, y_stride, w, panel_begin, panel_end, x, dot_q8);
}

void linear_f32_ref(float *y, size_t y_stride, const struct panel_weights *w, int64_t panel_begin,
                    int64_t panel_end, const struct activations *x, void *scratch)
{
    linear(y, y_stride, w, panel_begin, panel_end, x, dot_f32);
}
