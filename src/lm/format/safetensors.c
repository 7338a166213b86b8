/* safetensors: one file's header, checked, and views of its tensors.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   | u64 N | N bytes of JSON, may be padded with spaces | data, tiled by the tensors |
 *
 * The header is parsed once; names are copied into an arena and the JSON is
 * let go, because a large model has a hundred thousand of them. */
#include "lm/format/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/core/checked.h"
#include "base/core/json.h"
#include "base/core/mem.h"
#include "lm/format/name_index.h"
#include "lm/format/view.h"
#include "math/quants/quant.h"

#define LENGTH_BYTES     8
#define HEADER_BYTES_MAX 100000000 /* that of the reference reader */
#define TENSORS_MAX      1000000
#define NAME_BYTES_MAX   512
#define ARENA_BYTES_MAX  ((size_t)1 << 30)

/* Every dtype of the format; those of math/quants get a view. */
static const struct dtype {
    const char *name;
    int bits;
} dtypes[] = {
    { "BOOL", 8 },        { "U8", 8 },          { "I8", 8 },   { "F8_E4M3", 8 }, { "F8_E5M2", 8 },
    { "F8_E8M0", 8 },     { "I16", 16 },        { "U16", 16 }, { "F16", 16 },    { "BF16", 16 },
    { "I32", 32 },        { "U32", 32 },        { "F32", 32 }, { "I64", 64 },    { "U64", 64 },
    { "F64", 64 },        { "C64", 64 },        { "F4", 4 },   { "F6_E2M3", 6 }, { "F6_E3M2", 6 },
    { "F8_E4M3FNUZ", 8 }, { "F8_E5M2FNUZ", 8 },
};

struct fact {
    struct span key, value;
};

struct safetensors {
    struct file_map map; /* fd -1 and data NULL when the bytes are borrowed */
    const uint8_t *data; /* behind the header */
    size_t data_bytes;
    struct safetensors_tensor *tensors; /* [count], by offset */
    size_t count;
    struct name_index index;
    struct fact *facts; /* [fact_count], __metadata__ */
    size_t fact_count;
    struct arena arena; /* names and metadata */
};

/* One parse: what messages and offsets refer to. */
struct parse {
    struct safetensors *s;
    const char *file;
    struct error *err;
};

static struct span keep(struct safetensors *s, struct span text)
{
    char *copy = arena_copy_text(&s->arena, text.data, text.len);
    return (struct span){ copy, copy ? text.len : 0 };
}

static enum status no_memory(struct parse *p)
{
    return error_set(p->err, STATUS_NO_MEMORY, "%s: out of memory for the header", p->file);
}

static const struct dtype *dtype_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtypes[i].name, name) == 0) return &dtypes[i];
    }
    return NULL;
}

/* A non-negative JSON integer; reals, even whole ones, are not accepted here. */
static bool whole(const struct json *v, int64_t *ret)
{
    if (json_type(v) != JSON_INT || json_int(v, -1) < 0) return false;
    *ret = json_int(v, -1);
    return true;
}

static enum status read_metadata(struct parse *p, const struct json *object)
{
    struct safetensors *s = p->s;
    if (json_type(object) != JSON_OBJECT)
        return error_set(p->err, STATUS_BAD_INPUT, "%s: __metadata__ is not an object", p->file);
    s->facts = mem_array(json_length(object) + 1, sizeof *s->facts);
    if (!s->facts) return no_memory(p);
    for (struct json_member m = json_first(object); m.value; m = json_next(object, m)) {
        if (json_type(m.value) != JSON_STRING)
            return error_set(p->err, STATUS_BAD_INPUT, "%s: __metadata__ \"%.*s\" is not a string",
                             p->file, NAME_SHOWN(m.key));
        struct fact fact = { keep(s, m.key), keep(s, json_string(m.value)) };
        if (!fact.key.data || !fact.value.data) return no_memory(p);
        s->facts[s->fact_count++] = fact;
    }
    return STATUS_OK;
}

static enum status read_shape(struct parse *p, struct span name, const struct json *list,
                              int64_t shape[TENSOR_DIMS_MAX], int *ret_dims)
{
    size_t dims = json_length(list);
    if (json_type(list) != JSON_ARRAY)
        return error_set(p->err, STATUS_BAD_INPUT, "%s: tensor %.*s has no shape list", p->file,
                         NAME_SHOWN(name));
    if (dims > TENSOR_DIMS_MAX)
        return error_set(p->err, STATUS_LIMIT,
                         "%s: tensor %.*s has %zu dimensions, at most %d are read", p->file,
                         NAME_SHOWN(name), dims, TENSOR_DIMS_MAX);
    for (size_t i = 0; i < dims; i++) {
        if (!whole(json_at(list, i), &shape[i]))
            return error_set(p->err, STATUS_BAD_INPUT,
                             "%s: tensor %.*s: dimension %zu is not a whole number >= 0", p->file,
                             NAME_SHOWN(name), i);
    }
    *ret_dims = (int)dims;
    return STATUS_OK;
}

static enum status read_offsets(struct parse *p, struct span name, const struct json *list,
                                int64_t *ret_begin, int64_t *ret_end)
{
    int64_t begin, end;
    if (json_type(list) != JSON_ARRAY || json_length(list) != 2 ||
        !whole(json_at(list, 0), &begin) || !whole(json_at(list, 1), &end))
        return error_set(p->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s: data_offsets is not a pair of whole numbers", p->file,
                         NAME_SHOWN(name));
    if (end < begin || (uint64_t)end > p->s->data_bytes)
        return error_set(p->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s lies at [%" PRId64 ", %" PRId64
                         "), the file holds %zu data "
                         "bytes: it is damaged or was not downloaded completely",
                         p->file, NAME_SHOWN(name), begin, end, p->s->data_bytes);
    *ret_begin = begin;
    *ret_end = end;
    return STATUS_OK;
}

/* Bytes that dtype and shape ask for; false when that overflows or ends inside a byte. */
static bool shape_bytes(const struct dtype *dtype, const int64_t *shape, int dims, uint64_t *ret)
{
    uint64_t bits = (uint64_t)dtype->bits;
    for (int i = 0; i < dims; i++) {
        if (__builtin_mul_overflow(bits, (uint64_t)shape[i], &bits)) return false;
    }
    if (bits % 8) return false;
    *ret = bits / 8;
    return true;
}

/* Anything but the three known members would be a meaning that is not understood here. */
static enum status check_members(struct parse *p, struct span name, const struct json *info)
{
    if (json_type(info) != JSON_OBJECT)
        return error_set(p->err, STATUS_BAD_INPUT, "%s: tensor %.*s is not described by an object",
                         p->file, NAME_SHOWN(name));
    for (struct json_member m = json_first(info); m.value; m = json_next(info, m)) {
        if (!span_equals(m.key, "dtype") && !span_equals(m.key, "shape") &&
            !span_equals(m.key, "data_offsets"))
            return error_set(p->err, STATUS_BAD_INPUT,
                             "%s: tensor %.*s has an unknown field \"%.*s\"", p->file,
                             NAME_SHOWN(name), NAME_SHOWN(m.key));
    }
    return STATUS_OK;
}

static enum status check_name(struct parse *p, struct span name)
{
    if (name.len == 0)
        return error_set(p->err, STATUS_BAD_INPUT, "%s: a tensor has an empty name", p->file);
    if (name.len > NAME_BYTES_MAX)
        return error_set(p->err, STATUS_LIMIT,
                         "%s: tensor name %.*s... has %zu bytes, at most %d are read", p->file,
                         NAME_SHOWN(name), name.len, NAME_BYTES_MAX);
    if (memchr(name.data, 0, name.len))
        return error_set(p->err, STATUS_BAD_INPUT, "%s: tensor name %.*s holds a zero byte",
                         p->file, NAME_SHOWN(name));
    return STATUS_OK;
}

static enum status read_tensor(struct parse *p, struct span name, const struct json *info)
{
    int64_t shape[TENSOR_DIMS_MAX], begin = 0, end = 0;
    int dims = 0;
    uint64_t bytes;
    enum status st;
    if ((st = check_name(p, name)) || (st = check_members(p, name, info))) return st;
    const char *type_name = json_text(json_get(info, "dtype"));
    const struct dtype *dtype = dtype_find(type_name);
    if (!dtype)
        return error_set(p->err, type_name ? STATUS_UNSUPPORTED : STATUS_BAD_INPUT,
                         "%s: tensor %.*s has %s dtype %s", p->file, NAME_SHOWN(name),
                         type_name ? "the unknown" : "no", type_name ? type_name : "");
    if ((st = read_shape(p, name, json_get(info, "shape"), shape, &dims)) ||
        (st = read_offsets(p, name, json_get(info, "data_offsets"), &begin, &end)))
        return st;
    if (!shape_bytes(dtype, shape, dims, &bytes))
        return error_set(p->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s: its shape in %s overflows or ends inside a byte",
                         p->file, NAME_SHOWN(name), dtype->name);
    if (bytes != (uint64_t)(end - begin))
        return error_set(p->err, STATUS_BAD_INPUT,
                         "%s: tensor %.*s: shape and dtype %s need %" PRIu64 " bytes, data_offsets "
                         "say %" PRId64,
                         p->file, NAME_SHOWN(name), dtype->name, bytes, end - begin);

    struct safetensors_tensor t = { .name = keep(p->s, name),
                                    .dtype = dtype->name,
                                    .data = p->s->data + begin,
                                    .bytes = (size_t)bytes };
    enum quant_type type;
    size_t view_bytes;
    if (!t.name.data) return no_memory(p);
    /* view_of() would count the same bytes: it fails only for shapes that are refused above, or
     * sides beyond int64, which an empty tensor may have; those stay without a view. */
    t.has_view = quant_from_safetensors(dtype->name, &type) &&
                 view_of(type, shape, dims, &t.view, &view_bytes) == VIEW_OK && view_bytes == bytes;
    t.view.data = t.data;
    p->s->tensors[p->s->count++] = t;
    return STATUS_OK;
}

static int offset_compare(const void *a, const void *b)
{
    const struct safetensors_tensor *x = a, *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1; /* empty ones first */
    return strcmp(x->name.data, y->name.data);
}

static enum status check_tiling(struct parse *p)
{
    struct safetensors *s = p->s;
    qsort(s->tensors, s->count, sizeof *s->tensors, offset_compare);
    const uint8_t *at = s->data;
    for (size_t i = 0; i < s->count; i++) {
        const struct safetensors_tensor *t = &s->tensors[i];
        if (t->data != at)
            return error_set(
                p->err, STATUS_BAD_INPUT, "%s: tensor %.*s begins at data byte %td, but %s at %td",
                p->file, NAME_SHOWN(t->name), t->data - s->data,
                t->data < at ? "the one before it ends later," : "there is a hole from",
                at - s->data);
        at += t->bytes;
    }
    if ((size_t)(at - s->data) != s->data_bytes)
        return error_set(
            p->err, STATUS_BAD_INPUT,
            "%s: tensors end at data byte %td, the file has %zu: bytes were appended, or "
            "the header is not the one of this file",
            p->file, at - s->data, s->data_bytes);
    return STATUS_OK;
}

static enum status build_index(struct parse *p)
{
    struct safetensors *s = p->s;
    if (!name_index_init(&s->index, s->count)) return no_memory(p);
    for (size_t i = 0; i < s->count; i++)
        s->index.sorted[i] = (struct name_entry){ s->tensors[i].name, i };
    struct span twice = name_index_sort(&s->index);
    if (twice.data)
        return error_set(p->err, STATUS_BAD_INPUT, "%s: tensor %.*s is there twice", p->file,
                         NAME_SHOWN(twice));
    return STATUS_OK;
}

static enum status read_tensors(struct parse *p, const struct json *root)
{
    enum status st;
    if (json_type(root) != JSON_OBJECT)
        return error_set(p->err, STATUS_BAD_INPUT, "%s: the header is not an object", p->file);
    if (json_length(root) > TENSORS_MAX)
        return error_set(p->err, STATUS_LIMIT, "%s: %zu tensors, at most %d are read", p->file,
                         json_length(root), TENSORS_MAX);
    p->s->tensors = mem_array(json_length(root) + 1, sizeof *p->s->tensors);
    if (!p->s->tensors) return no_memory(p);
    for (struct json_member m = json_first(root); m.value; m = json_next(root, m)) {
        if (span_equals(m.key, "__metadata__")) st = read_metadata(p, m.value);
        else st = read_tensor(p, m.key, m.value);
        if (st) return st;
    }
    if ((st = check_tiling(p))) return st;
    return build_index(p);
}

/* Length field and braces: what can be said before any JSON is parsed. */
static enum status check_frame(struct parse *p, const uint8_t *bytes, size_t len,
                               size_t *ret_header)
{
    uint64_t header = 0;
    if (len <= LENGTH_BYTES)
        return error_set(
            p->err, STATUS_BAD_INPUT,
            "%s: %zu bytes are no safetensors file: it is damaged or was not downloaded "
            "completely",
            p->file, len);
    if (is_lfs_pointer(bytes, len))
        return error_set(p->err, STATUS_BAD_INPUT,
                         "%s: a Git LFS pointer stands in place of the file: fetch the file itself "
                         "(git lfs pull)",
                         p->file);
    for (int i = 0; i < LENGTH_BYTES; i++)
        header |= (uint64_t)bytes[i] << (8 * i);
    if (header > HEADER_BYTES_MAX)
        return error_set(p->err, STATUS_LIMIT,
                         "%s: a header of %" PRIu64
                         " bytes, at most %d are read: is this a safetensors "
                         "file?",
                         p->file, header, HEADER_BYTES_MAX);
    if (header > len - LENGTH_BYTES)
        return error_set(p->err, STATUS_BAD_INPUT,
                         "%s: the header has %" PRIu64
                         " bytes, the file only %zu: it was not downloaded "
                         "completely, or is no safetensors file",
                         p->file, header, len - LENGTH_BYTES);
    if (header == 0 || bytes[LENGTH_BYTES] != '{')
        return error_set(p->err, STATUS_BAD_INPUT, "%s: the header does not begin with {", p->file);
    *ret_header = (size_t)header;
    return STATUS_OK;
}

static enum status read_header(struct parse *p, const uint8_t *bytes, size_t len)
{
    size_t header = 0;
    enum status st = check_frame(p, bytes, len, &header);
    if (st) return st;
    p->s->data = bytes + LENGTH_BYTES + header;
    p->s->data_bytes = len - LENGTH_BYTES - header;
    struct json_doc *doc;
    st = json_parse(&doc, (const char *)bytes + LENGTH_BYTES, header, HEADER_BYTES_MAX, "header",
                    p->err);
    if (st) return error_wrap(p->err, st, "%s", p->file);
    st = read_tensors(p, json_root(doc));
    json_doc_free(doc);
    return st;
}

enum status safetensors_open_bytes(struct safetensors **ret, const void *bytes, size_t len,
                                   const char *name, struct error *err)
{
    struct safetensors *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "%s: out of memory", name);
    s->map.fd = -1;
    arena_init(&s->arena, ARENA_BYTES_MAX);
    struct parse p = { s, name, err };
    enum status st = read_header(&p, bytes, len);
    if (st) {
        safetensors_close(s);
        return st;
    }
    *ret = s;
    return STATUS_OK;
}

enum status safetensors_open_map(struct safetensors **ret, struct file_map *map, const char *name,
                                 struct error *err)
{
    enum status st = safetensors_open_bytes(ret, map->data, map->len, name, err);
    if (st) return st;
    (*ret)->map = *map;
    *map = (struct file_map){ .fd = -1 };
    return STATUS_OK;
}

enum status safetensors_open(struct safetensors **ret, const char *path, struct error *err)
{
    struct file_map map;
    const char *slash = strrchr(path, '/');
    enum status st = file_map_path(&map, path, err);
    if (st) return st;
    st = safetensors_open_map(ret, &map, slash ? slash + 1 : path, err);
    if (st) file_unmap(&map);
    return st;
}

void safetensors_close(struct safetensors *s)
{
    if (!s) return;
    name_index_release(&s->index);
    mem_free(s->tensors);
    mem_free(s->facts);
    arena_release(&s->arena);
    file_unmap(&s->map);
    mem_free(s);
}

const struct file_map *safetensors_map(const struct safetensors *s)
{
    return &s->map;
}

size_t safetensors_count(const struct safetensors *s)
{
    return s->count;
}

const struct safetensors_tensor *safetensors_at(const struct safetensors *s, size_t i)
{
    return &s->tensors[i];
}

const struct safetensors_tensor *safetensors_find_span(const struct safetensors *s,
                                                       struct span name)
{
    size_t i;
    return name_index_find(&s->index, name, &i) ? &s->tensors[i] : NULL;
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *s, const char *name)
{
    return safetensors_find_span(s, span_of(name));
}

struct span safetensors_metadata(const struct safetensors *s, const char *key)
{
    for (size_t i = 0; i < s->fact_count; i++) {
        if (span_equals(s->facts[i].key, key)) return s->facts[i].value;
    }
    return (struct span){ 0 };
}
