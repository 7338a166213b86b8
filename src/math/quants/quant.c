/* Tables over all number formats, half-precision conversions, decode and dot from the integer form.
 * SPDX-License-Identifier: Apache-2.0 */
#include "math/quants/quant.h"

#include "base/core/checked.h"
#include "math/quants/quant_block.h"

static const struct quant *const all[QUANT_COUNT] = {
#define QUANT(name, symbol) [QUANT_##name] = &symbol,
#include "math/tensor/quant_list.h"
#undef QUANT
};

const struct quant *quant_of(enum quant_type type)
{
    assert((unsigned)type < QUANT_COUNT);
    return all[type];
}

const char *quant_name(enum quant_type type)
{
    return (unsigned)type < QUANT_COUNT ? all[type]->name : "?";
}

bool quant_from_gguf(uint32_t gguf_id, enum quant_type *ret)
{
    for (int i = 0; i < QUANT_COUNT; i++) {
        if (all[i]->gguf_id < 0 || (uint32_t)all[i]->gguf_id != gguf_id) continue;
        *ret = (enum quant_type)i;
        return true;
    }
    return false;
}

bool quant_from_safetensors(const char *name, enum quant_type *ret)
{
    for (int i = 0; i < QUANT_COUNT; i++) {
        if (!all[i]->safetensors_name || strcmp(all[i]->safetensors_name, name) != 0) continue;
        *ret = (enum quant_type)i;
        return true;
    }
    return false;
}

bool quant_row_bytes(enum quant_type type, int64_t cols, size_t *ret)
{
    const struct quant *q = quant_of(type);
    if (cols < 0 || cols % q->block_values != 0) return false;
    return size_mul((size_t)(cols / q->block_values), (size_t)q->block_bytes, ret);
}

union bits {
    uint32_t u;
    float f;
};

float fp16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exponent = h >> 10 & 31, mantissa = h & 0x3ff;
    union bits v;
    if (exponent == 31) {
        v.u = sign | 0x7f800000u | mantissa << 13;
    } else if (exponent > 0) {
        v.u = sign | (exponent + 112) << 23 | mantissa << 13;
    } else {
        v.f = (float)mantissa * 0x1p-24f; /* zero or denormal: exact in float */
        v.u |= sign;
    }
    return v.f;
}

/* `m` without its lowest `shift` bits (1..31), rounded to nearest even. */
static uint32_t shift_round(uint32_t m, int shift)
{
    uint32_t kept = m >> shift, rest = m & ((1u << shift) - 1), half = 1u << (shift - 1);
    return kept + (rest > half || (rest == half && (kept & 1)));
}

uint16_t f32_to_fp16(float f)
{
    union bits v = { .f = f };
    uint32_t sign = v.u >> 16 & 0x8000, magnitude = v.u & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    int exponent = (int)(magnitude >> 23) - 112; /* of the result */
    uint32_t r;
    if (exponent >= 31) {
        r = 0x7c00;
    } else if (exponent > 0) {
        r = shift_round(magnitude - (112u << 23), 13); /* may carry into the exponent, up to Inf */
    } else if (exponent >= -10) {
        r = shift_round((magnitude & 0x7fffff) | 0x800000, 14 - exponent);
    } else {
        r = 0;
    }
    return (uint16_t)(sign | r);
}

uint16_t f32_to_bf16(float f)
{
    union bits v = { .f = f };
    if ((v.u & 0x7fffffff) > 0x7f800000) return (uint16_t)(v.u >> 16 | 64);
    return (uint16_t)((v.u + 0x7fff + (v.u >> 16 & 1)) >> 16);
}

void quant_decode_unpacked(float *out, const void *blocks, size_t values, quant_unpack_fn *unpack,
                           size_t block_values, size_t block_bytes, bool with_min)
{
    const uint8_t *at = blocks;
    struct quant_unpacked u;
    for (size_t done = 0; done < values; done += QUANT_UNPACK_VALUES) {
        size_t n = values - done < QUANT_UNPACK_VALUES ? values - done : QUANT_UNPACK_VALUES;
        unpack(&u, at, n);
        for (size_t i = 0; i < n; i++) {
            float product = u.scale[i / QUANT_UNPACK_GROUP] * (float)u.q[i];
            out[done + i] = with_min ? product + u.min[i / QUANT_UNPACK_GROUP] : product;
        }
        at += n / block_values * block_bytes;
    }
}

float quant_dot_decoded(const void *blocks, const float *x, size_t values, quant_decode_fn *decode,
                        size_t block_values, size_t block_bytes)
{
    const uint8_t *at = blocks;
    float w[QUANT_UNPACK_VALUES];
    double sum = 0;
    for (size_t done = 0; done < values; done += QUANT_UNPACK_VALUES) {
        size_t n = values - done < QUANT_UNPACK_VALUES ? values - done : QUANT_UNPACK_VALUES;
        decode(w, at, n);
        for (size_t i = 0; i < n; i++)
            sum += (double)w[i] * x[done + i];
        at += n / block_values * block_bytes;
    }
    return (float)sum;
}
