/* GGUF values: numbers of every width, strings and arrays, read from unaligned bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values were checked when the file was parsed: `data` holds `count` items. */
#include <string.h>

#include "lm/format/gguf_part.h"

static const struct {
    const char *name;
    size_t bytes;
    bool is_signed;
} types[GGUF_TYPE_COUNT] = {
    [GGUF_U8] = { "u8", 1, false },       [GGUF_I8] = { "i8", 1, true },
    [GGUF_U16] = { "u16", 2, false },     [GGUF_I16] = { "i16", 2, true },
    [GGUF_U32] = { "u32", 4, false },     [GGUF_I32] = { "i32", 4, true },
    [GGUF_U64] = { "u64", 8, false },     [GGUF_I64] = { "i64", 8, true },
    [GGUF_F32] = { "f32", 4, true },      [GGUF_F64] = { "f64", 8, true },
    [GGUF_BOOL] = { "bool", 1, false },   [GGUF_STRING] = { "string", 0, false },
    [GGUF_ARRAY] = { "array", 0, false },
};

size_t gguf_type_bytes(enum gguf_type type)
{
    return types[type].bytes;
}

const char *gguf_type_name(enum gguf_type type)
{
    return types[type].name;
}

static uint64_t load(const uint8_t *data, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)data[i] << (8 * i);
    return v;
}

static bool is_float(enum gguf_type type)
{
    return type == GGUF_F32 || type == GGUF_F64;
}

static bool load_int(enum gguf_type type, const uint8_t *data, int64_t *ret)
{
    size_t bytes = types[type].bytes;
    if (bytes == 0 || is_float(type) || type == GGUF_BOOL) return false;
    uint64_t v = load(data, bytes);
    if (types[type].is_signed) {
        uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
        *ret = (int64_t)((v ^ sign) - sign);
        return true;
    }
    if (v > INT64_MAX) return false;
    *ret = (int64_t)v;
    return true;
}

static bool load_number(enum gguf_type type, const uint8_t *data, double *ret)
{
    int64_t whole;
    if (type == GGUF_F32) {
        uint32_t bits = (uint32_t)load(data, 4);
        float f;
        memcpy(&f, &bits, sizeof f);
        *ret = (double)f;
        return true;
    }
    if (type == GGUF_F64) {
        uint64_t bits = load(data, 8);
        memcpy(ret, &bits, sizeof *ret);
        return true;
    }
    if (!load_int(type, data, &whole)) return false;
    *ret = (double)whole;
    return true;
}

bool gguf_int(const struct gguf_value *v, int64_t *ret)
{
    return load_int(v->type, v->data, ret);
}

bool gguf_number(const struct gguf_value *v, double *ret)
{
    return load_number(v->type, v->data, ret);
}

bool gguf_bool(const struct gguf_value *v, bool *ret)
{
    if (v->type != GGUF_BOOL) return false;
    *ret = v->data[0] != 0;
    return true;
}

bool gguf_string(const struct gguf_value *v, struct span *ret)
{
    if (v->type != GGUF_STRING) return false;
    *ret = (struct span){ (const char *)v->data + 8, (size_t)load(v->data, 8) };
    return true;
}

static const uint8_t *item(const struct gguf_value *array, uint64_t i)
{
    if (array->type != GGUF_ARRAY || i >= array->count) return NULL;
    return array->data + i * types[array->item_type].bytes;
}

bool gguf_int_at(const struct gguf_value *array, uint64_t i, int64_t *ret)
{
    const uint8_t *data = item(array, i);
    if (data && array->item_type == GGUF_BOOL) {
        *ret = data[0];
        return true;
    }
    return data && load_int(array->item_type, data, ret);
}

bool gguf_number_at(const struct gguf_value *array, uint64_t i, double *ret)
{
    const uint8_t *data = item(array, i);
    return data && load_number(array->item_type, data, ret);
}

bool gguf_strings_next(struct gguf_strings *walk, struct span *ret)
{
    const struct gguf_value *array = &walk->array;
    if (array->type != GGUF_ARRAY || array->item_type != GGUF_STRING || walk->next >= array->count)
        return false;
    const uint8_t *data = array->data + walk->offset;
    *ret = (struct span){ (const char *)data + 8, (size_t)load(data, 8) };
    walk->offset += 8 + ret->len;
    walk->next++;
    return true;
}
