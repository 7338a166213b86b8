/* Parsing one GGUF file: header, keys, tensor list, and where the data must lie.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   | "GGUF" | u32 version | u64 tensors | u64 keys | keys | tensor list | pad | data |
 *
 * GGUF v3 (ggml docs/gguf.md), little-endian. Every length is compared with
 * the bytes that are left before it is added to anything. */
#include "lm/format/gguf_part.h"

#include <inttypes.h>
#include <string.h>

#include "base/core/checked.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/format/view.h"
#include "math/quants/quant.h"

#define TENSORS_MAX           1000000
#define KEYS_MAX              100000
#define KEY_BYTES_MAX         65535 /* that of the format */
#define STRING_BYTES_MAX      ((uint64_t)64 << 20)
#define TENSOR_NAME_BYTES_MAX 63
#define TENSOR_DIMS_FILE_MAX  4
#define ALIGNMENT_DEFAULT     32
#define ALIGNMENT_MIN         8
#define ALIGNMENT_MAX         65536

/* The least that one key and one tensor can occupy. */
#define KEY_RECORD_BYTES    (8 + 1 + 4 + 1)
#define TENSOR_RECORD_BYTES (8 + 1 + 4 + 8 + 4 + 8)

struct reader {
    struct gguf_part *part;
    const uint8_t *data;
    size_t len, at; /* at <= len */
    size_t alignment;
    struct error *err;
};

static const char *file_of(const struct reader *r)
{
    return r->part->name;
}

static bool take(struct reader *r, uint64_t bytes, const uint8_t **ret)
{
    if (bytes > r->len - r->at) return false;
    *ret = r->data + r->at;
    r->at += (size_t)bytes;
    return true;
}

static bool take_u32(struct reader *r, uint32_t *ret)
{
    const uint8_t *p;
    if (!take(r, 4, &p)) return false;
    *ret = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return true;
}

static bool take_u64(struct reader *r, uint64_t *ret)
{
    uint32_t low, high;
    if (r->len - r->at < 8 || !take_u32(r, &low) || !take_u32(r, &high)) return false;
    *ret = (uint64_t)high << 32 | low;
    return true;
}

static enum status file_ends(const struct reader *r, const char *inside)
{
    return error_set(r->err, STATUS_BAD_INPUT,
                     "%s: the file ends inside %s (at byte %zu of %zu): it is damaged or was not "
                     "downloaded completely",
                     file_of(r), inside, r->at, r->len);
}

static enum status no_memory(const struct reader *r)
{
    return error_set(r->err, STATUS_NO_MEMORY, "%s: out of memory for the header", file_of(r));
}

/* Keys and tensor names: text that a message can show and a C string can ask for. */
static bool is_plain_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.data[i] < 0x20) return false;
    }
    return utf8_valid(s.data, s.len);
}

/* ---- header ---- */

static enum status check_version(const struct reader *r, uint32_t version)
{
    if (version == 1)
        return error_set(r->err, STATUS_UNSUPPORTED,
                         "%s: GGUF version 1, which has 32-bit counts; versions 2 and 3 are read: "
                         "convert the model again with a current converter",
                         file_of(r));
    if (version != 0 && (version & 0xFFFF) == 0)
        return error_set(
            r->err, STATUS_UNSUPPORTED,
            "%s: a big-endian GGUF file; little-endian ones are read: download or convert "
            "the little-endian form",
            file_of(r));
    if (version != 2 && version != 3)
        return error_set(r->err, STATUS_UNSUPPORTED,
                         "%s: GGUF version %" PRIu32 "; versions 2 and 3 are read", file_of(r),
                         version);
    return STATUS_OK;
}

static enum status check_count(const struct reader *r, const char *what, uint64_t count,
                               uint64_t max, size_t record_bytes)
{
    if (count > (r->len - r->at) / record_bytes)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: the header says %" PRIu64
                         " %s, which do not fit into the file's %zu bytes",
                         file_of(r), count, what, r->len);
    if (count > max)
        return error_set(r->err, STATUS_LIMIT, "%s: %" PRIu64 " %s, at most %" PRIu64 " are read",
                         file_of(r), count, what, max);
    return STATUS_OK;
}

static enum status read_frame(struct reader *r, uint64_t *ret_tensors, uint64_t *ret_keys)
{
    const uint8_t *magic;
    enum status st;
    if (r->len == 0)
        return error_set(r->err, STATUS_BAD_INPUT, "%s: the file is empty", file_of(r));
    if (!take(r, 4, &magic)) return file_ends(r, "the magic bytes of GGUF");
    if (is_lfs_pointer(r->data, r->len))
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: a Git LFS pointer stands in place of the file: fetch the file itself "
                         "(git lfs pull)",
                         file_of(r));
    if (memcmp(magic, "GGUF", 4) != 0)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: no GGUF file: it begins with bytes %02x %02x %02x %02x, not \"GGUF\"",
                         file_of(r), magic[0], magic[1], magic[2], magic[3]);
    if (!take_u32(r, &r->part->version)) return file_ends(r, "the header");
    if ((st = check_version(r, r->part->version))) return st;
    if (!take_u64(r, ret_tensors) || !take_u64(r, ret_keys)) return file_ends(r, "the header");
    if ((st = check_count(r, "keys", *ret_keys, KEYS_MAX, KEY_RECORD_BYTES))) return st;
    return check_count(r, "tensors", *ret_tensors, TENSORS_MAX, TENSOR_RECORD_BYTES);
}

/* ---- keys ---- */

static enum status read_key_name(struct reader *r, size_t i, struct span *ret)
{
    uint64_t len;
    const uint8_t *text;
    if (!take_u64(r, &len)) return file_ends(r, "the keys");
    if (len == 0)
        return error_set(r->err, STATUS_BAD_INPUT, "%s: key %zu has an empty name", file_of(r), i);
    if (len > KEY_BYTES_MAX)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: the name of key %zu would have %" PRIu64
                         " bytes, at most %d are allowed",
                         file_of(r), i, len, KEY_BYTES_MAX);
    if (!take(r, len, &text)) return file_ends(r, "the keys");
    *ret = (struct span){ (const char *)text, (size_t)len };
    if (!is_plain_name(*ret))
        return error_set(r->err, STATUS_BAD_INPUT, "%s: the name of key %zu is not plain text",
                         file_of(r), i);
    return STATUS_OK;
}

static enum status skip_string(struct reader *r, struct span key)
{
    uint64_t len;
    const uint8_t *text;
    if (!take_u64(r, &len)) return file_ends(r, "a string");
    if (len > r->len - r->at)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: key %.*s: a string of %" PRIu64
                         " bytes, but %zu are left in the file",
                         file_of(r), NAME_SHOWN(key), len, r->len - r->at);
    if (len > STRING_BYTES_MAX)
        return error_set(r->err, STATUS_LIMIT,
                         "%s: key %.*s: a string of %" PRIu64 " bytes, at most %" PRIu64
                         " are read",
                         file_of(r), NAME_SHOWN(key), len, STRING_BYTES_MAX);
    take(r, len, &text);
    return STATUS_OK;
}

static enum status check_bools(const struct reader *r, struct span key, const struct gguf_value *v)
{
    for (uint64_t i = 0; v->item_type == GGUF_BOOL && i < v->count; i++) {
        if (v->data[i] > 1)
            return error_set(r->err, STATUS_BAD_INPUT,
                             "%s: key %.*s: a bool has the value %d, not 0 or 1", file_of(r),
                             NAME_SHOWN(key), v->data[i]);
    }
    return STATUS_OK;
}

/* `v` has item_type and count; sets data and bytes. */
static enum status read_items(struct reader *r, struct span key, struct gguf_value *v)
{
    size_t item_bytes = gguf_type_bytes(v->item_type);
    size_t least = item_bytes ? item_bytes : 8;
    enum status st;
    if (v->count > (r->len - r->at) / least)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: key %.*s: %" PRIu64
                         " items of type %s do not fit into the %zu bytes that are left",
                         file_of(r), NAME_SHOWN(key), v->count, gguf_type_name(v->item_type),
                         r->len - r->at);
    size_t begin = r->at;
    v->data = r->data + begin;
    if (item_bytes) r->at += (size_t)v->count * item_bytes;
    for (uint64_t i = 0; item_bytes == 0 && i < v->count; i++) {
        if ((st = skip_string(r, key))) return st;
    }
    v->bytes = r->at - begin;
    return check_bools(r, key, v);
}

static enum status check_value_type(const struct reader *r, struct span key, uint32_t type,
                                    bool is_item)
{
    if (type >= GGUF_TYPE_COUNT)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: key %.*s has the unknown value type %" PRIu32, file_of(r),
                         NAME_SHOWN(key), type);
    if (is_item && type == GGUF_ARRAY)
        return error_set(r->err, STATUS_UNSUPPORTED,
                         "%s: key %.*s is an array of arrays, which GGUF readers "
                         "do not accept",
                         file_of(r), NAME_SHOWN(key));
    return STATUS_OK;
}

static enum status read_value(struct reader *r, struct span key, struct gguf_value *ret)
{
    struct gguf_value v = { .count = 1 };
    uint32_t type, item_type;
    enum status st;
    if (!take_u32(r, &type)) return file_ends(r, "the keys");
    if ((st = check_value_type(r, key, type, false))) return st;
    item_type = type;
    if (type == GGUF_ARRAY) {
        if (!take_u32(r, &item_type) || !take_u64(r, &v.count)) return file_ends(r, "the keys");
        if ((st = check_value_type(r, key, item_type, true))) return st;
    }
    v.type = (enum gguf_type)type;
    v.item_type = (enum gguf_type)item_type;
    if ((st = read_items(r, key, &v))) return st;
    *ret = v;
    return STATUS_OK;
}

static enum status index_keys(struct reader *r)
{
    struct gguf_part *part = r->part;
    if (!name_index_init(&part->keys, part->pair_count)) return no_memory(r);
    for (size_t i = 0; i < part->pair_count; i++)
        part->keys.sorted[i] = (struct name_entry){ part->pairs[i].key, i };
    struct span twice = name_index_sort(&part->keys);
    if (twice.data)
        return error_set(r->err, STATUS_BAD_INPUT, "%s: key %.*s is there twice", file_of(r),
                         NAME_SHOWN(twice));
    return STATUS_OK;
}

static enum status read_pairs(struct reader *r, size_t count)
{
    struct gguf_part *part = r->part;
    part->pairs = mem_array(count + 1, sizeof *part->pairs);
    if (!part->pairs) return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        struct gguf_pair *pair = &part->pairs[i];
        enum status st;
        if ((st = read_key_name(r, i, &pair->key)) || (st = read_value(r, pair->key, &pair->value)))
            return st;
        part->pair_count++;
    }
    return index_keys(r);
}

static enum status read_alignment(struct reader *r)
{
    struct gguf_value v;
    int64_t n = 0;
    r->alignment = ALIGNMENT_DEFAULT;
    if (!gguf_part_find(r->part, "general.alignment", &v)) return STATUS_OK;
    if (v.type != GGUF_U32)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: general.alignment is of type %s, it must be u32", file_of(r),
                         gguf_type_name(v.type));
    gguf_int(&v, &n);
    if (n < ALIGNMENT_MIN || n > ALIGNMENT_MAX || (n & (n - 1)))
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: general.alignment is %" PRId64
                         "; it must be a power of two from %d to %d",
                         file_of(r), n, ALIGNMENT_MIN, ALIGNMENT_MAX);
    r->alignment = (size_t)n;
    return STATUS_OK;
}

/* ---- tensors ---- */

/* Types that this file may ask for and that no table of formats knows: first the exact ids,
 * then the ranges of a fork. */
static const struct {
    uint32_t first, last;
    const char *words;
} foreign_types[] = {
    { 4, 4, "Q4_2, which was removed from ggml" },
    { 5, 5, "Q4_3, which was removed from ggml" },
    { 31, 31, "Q4_0_4_4, which was removed from ggml: use the Q4_0 file" },
    { 32, 32, "Q4_0_4_8, which was removed from ggml: use the Q4_0 file" },
    { 33, 33, "Q4_0_8_8, which was removed from ggml: use the Q4_0 file" },
    { 36, 36, "IQ4_NL_4_4, which was removed from ggml, or I2_S of the ik_llama.cpp fork" },
    { 37, 37, "IQ4_NL_4_8, which was removed from ggml: use the IQ4_NL file" },
    { 38, 38, "IQ4_NL_8_8, which was removed from ggml: use the IQ4_NL file" },
    { 97, 99, "one of the ik_llama.cpp fork, which ggml does not know" },
    { 133, 158, "one of the ik_llama.cpp fork, which ggml does not know" },
    { 202, 399, "one of the ik_llama.cpp fork, which ggml does not know" },
};

static enum status tensor_type(const struct reader *r, struct span name, uint32_t id,
                               enum quant_type *ret)
{
    const char *words = "unknown to this build: it is newer, or the file is damaged";
    if (quant_from_gguf(id, ret)) {
        if (quant_of(*ret)->in_files) return STATUS_OK;
        return error_set(r->err, STATUS_UNSUPPORTED,
                         "%s: tensor %.*s has type %s, which is for activations, not for files",
                         file_of(r), NAME_SHOWN(name), quant_name(*ret));
    }
    for (size_t i = 0; i < sizeof foreign_types / sizeof *foreign_types; i++) {
        if (id >= foreign_types[i].first && id <= foreign_types[i].last)
            words = foreign_types[i].words;
    }
    return error_set(r->err, STATUS_UNSUPPORTED, "%s: tensor %.*s has type %" PRIu32 ", %s",
                     file_of(r), NAME_SHOWN(name), id, words);
}

static enum status read_tensor_name(struct reader *r, size_t i, uint64_t count, struct span *ret)
{
    uint64_t len;
    const uint8_t *text;
    if (!take_u64(r, &len)) return file_ends(r, "the tensor list");
    if (len == 0)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: tensor %zu of %" PRIu64 " has an empty name", file_of(r), i, count);
    if (len > TENSOR_NAME_BYTES_MAX)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: the name of tensor %zu of %" PRIu64 " would have %" PRIu64
                         " bytes, at most %d are "
                         "allowed (or the header's counts are wrong)",
                         file_of(r), i, count, len, TENSOR_NAME_BYTES_MAX);
    if (!take(r, len, &text)) return file_ends(r, "the tensor list");
    *ret = (struct span){ (const char *)text, (size_t)len };
    if (!is_plain_name(*ret))
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: the name of tensor %zu of %" PRIu64
                         " is not plain text (or the header's counts "
                         "are wrong)",
                         file_of(r), i, count);
    return STATUS_OK;
}

/* The file has the fastest side first; shape[] has it last. */
static enum status read_shape(struct reader *r, struct span name, int64_t shape[TENSOR_DIMS_MAX],
                              int *ret_dims)
{
    uint32_t dims;
    if (!take_u32(r, &dims)) return file_ends(r, "the tensor list");
    if (dims < 1 || dims > TENSOR_DIMS_FILE_MAX)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s has %" PRIu32 " dimensions, GGUF allows 1 to %d",
                         file_of(r), NAME_SHOWN(name), dims, TENSOR_DIMS_FILE_MAX);
    for (uint32_t i = 0; i < dims; i++) {
        uint64_t side;
        if (!take_u64(r, &side)) return file_ends(r, "the tensor list");
        if (side < 1 || side > INT64_MAX)
            return error_set(r->err, STATUS_BAD_INPUT,
                             "%s: tensor %.*s: dimension %" PRIu32 " is %" PRIu64
                             ", it must be from 1 to 2^63-1",
                             file_of(r), NAME_SHOWN(name), i, side);
        shape[dims - 1 - i] = (int64_t)side;
    }
    *ret_dims = (int)dims;
    return STATUS_OK;
}

static enum status make_view(const struct reader *r, struct gguf_tensor *t, enum quant_type type,
                             const int64_t *shape, int dims, size_t *ret_bytes)
{
    switch (view_of(type, shape, dims, &t->view, ret_bytes)) {
    case VIEW_OVERFLOW:
        return error_set(r->err, STATUS_BAD_INPUT, "%s: the size of tensor %.*s overflows",
                         file_of(r), NAME_SHOWN(t->name));
    case VIEW_PART_BLOCK:
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s: rows of %" PRId64
                         " values are not whole blocks of %s, which has %d",
                         file_of(r), NAME_SHOWN(t->name), shape[dims - 1], quant_name(type),
                         quant_of(type)->block_values);
    default: return STATUS_OK;
    }
}

/* Tensors tile the data section in the order of the list: each begins where the one before it
 * ended, padded. *data_at is that place; view.data is set by place_tensors(). */
static enum status read_tensor(struct reader *r, struct gguf_tensor *t, size_t *data_at)
{
    int64_t shape[TENSOR_DIMS_MAX];
    int dims = 0;
    uint32_t type_id;
    uint64_t offset;
    enum quant_type type;
    size_t bytes;
    enum status st;
    if ((st = read_shape(r, t->name, shape, &dims))) return st;
    if (!take_u32(r, &type_id) || !take_u64(r, &offset)) return file_ends(r, "the tensor list");
    if ((st = tensor_type(r, t->name, type_id, &type)) ||
        (st = make_view(r, t, type, shape, dims, &bytes)))
        return st;
    if (offset != *data_at)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s has offset %" PRIu64
                         ", it must be %zu: tensors follow each other, "
                         "aligned to %zu",
                         file_of(r), NAME_SHOWN(t->name), offset, *data_at, r->alignment);
    if (*data_at > r->len || bytes > r->len - *data_at ||
        !size_align(*data_at + bytes, r->alignment, data_at))
        return error_set(r->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s needs %zu bytes, the file has %zu: it is damaged or was "
                         "not downloaded completely",
                         file_of(r), NAME_SHOWN(t->name), bytes, r->len);
    return STATUS_OK;
}

static enum status read_tensor_list(struct reader *r, size_t count, size_t *ret_data_bytes)
{
    struct gguf_part *part = r->part;
    size_t data_at = 0;
    part->tensors = mem_array(count + 1, sizeof *part->tensors);
    if (!part->tensors) return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        struct gguf_tensor *t = &part->tensors[i];
        enum status st;
        if ((st = read_tensor_name(r, i, count, &t->name)) || (st = read_tensor(r, t, &data_at)))
            return st;
        part->tensor_count++;
    }
    *ret_data_bytes = data_at;
    return STATUS_OK;
}

static size_t view_bytes(const struct tensor_view *v)
{
    return (size_t)v->rows * v->row_bytes;
}

/* The padding after the last tensor may be missing; anything else must fit exactly, because a
 * header with a wrong count would shift every tensor without breaking a rule. */
static enum status place_tensors(struct reader *r, size_t data_bytes)
{
    struct gguf_part *part = r->part;
    size_t begin, end, at = 0;
    if (part->tensor_count == 0) return STATUS_OK;
    size_t last = view_bytes(&part->tensors[part->tensor_count - 1].view);
    size_t pad = (r->alignment - last % r->alignment) % r->alignment;
    if (!size_align(r->at, r->alignment, &begin) || !size_add(begin, data_bytes, &end))
        return error_set(r->err, STATUS_BAD_INPUT, "%s: the tensors' sizes overflow", file_of(r));
    if (end - pad > r->len)
        return error_set(
            r->err, STATUS_BAD_INPUT,
            "%s: the tensors need %zu bytes, the file has %zu: it is damaged or was not downloaded "
            "completely",
            file_of(r), end - pad, r->len);
    if (end < r->len)
        return error_set(
            r->err, STATUS_BAD_INPUT,
            "%s: %zu bytes follow the last tensor: the header names too few tensors, or bytes "
            "were appended",
            file_of(r), r->len - end);
    for (size_t i = 0; i < part->tensor_count; i++) {
        struct tensor_view *v = &part->tensors[i].view;
        v->data = r->data + begin + at;
        size_align(at + view_bytes(v), r->alignment, &at);
    }
    return STATUS_OK;
}

static enum status read_all(struct reader *r)
{
    uint64_t tensor_count, key_count;
    size_t data_bytes = 0;
    enum status st;
    if ((st = read_frame(r, &tensor_count, &key_count)) ||
        (st = read_pairs(r, (size_t)key_count)) || (st = read_alignment(r)) ||
        (st = read_tensor_list(r, (size_t)tensor_count, &data_bytes)))
        return st;
    return place_tensors(r, data_bytes);
}

static void set_name(struct gguf_part *part, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    size_t len = strlen(base);
    if (len >= sizeof part->name) len = sizeof part->name - 1;
    memcpy(part->name, base, len);
    part->name[len] = 0;
}

enum status gguf_part_read(struct gguf_part *ret, const uint8_t *bytes, size_t len,
                           const char *name, struct error *err)
{
    struct gguf_part part = { .map.fd = -1, .file_bytes = len };
    struct reader r = { .part = &part, .data = bytes, .len = len, .err = err };
    set_name(&part, name);
    enum status st = read_all(&r);
    if (st) {
        gguf_part_release(&part);
        return st;
    }
    *ret = part;
    return STATUS_OK;
}

void gguf_part_release(struct gguf_part *part)
{
    name_index_release(&part->keys);
    mem_free(part->pairs);
    mem_free(part->tensors);
    file_unmap(&part->map);
    *part = (struct gguf_part){ .map.fd = -1 };
}

bool gguf_part_find(const struct gguf_part *part, const char *key, struct gguf_value *ret)
{
    size_t i;
    if (!name_index_find(&part->keys, span_of(key), &i)) return false;
    *ret = part->pairs[i].value;
    return true;
}
