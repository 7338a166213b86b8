/* GGUF v2 and v3: keys and tensors of a model file, checked and mapped.
 * SPDX-License-Identifier: Apache-2.0
 *
 * gguf_open() believes nothing: every count, length, offset and product is checked against the
 * file's size before it is used, duplicates and unknown types are refused, and tensor data must
 * tile the data section in order, up to the end of the file. Views point into the mapping, which
 * lives as long as the gguf. A split model (NAME-00001-of-0000N.gguf) is opened by any of its
 * parts: the others are found beside it, and one gguf presents all tensors. Source of the rules:
 * ggml docs/gguf.md and gguf.cpp. Immutable after opening: any thread may read. */
#ifndef LM_FORMAT_GGUF_H
#define LM_FORMAT_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/file.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "math/tensor/tensor.h"

struct gguf;

enum gguf_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPE_COUNT
};

/* One key's value; borrowed from the mapping. Arrays of strings are walked with gguf_strings. */
struct gguf_value {
    enum gguf_type type;      /* GGUF_ARRAY for arrays */
    enum gguf_type item_type; /* of an array; else equal to type */
    uint64_t count;           /* items of an array; 1 otherwise */
    const uint8_t *data;      /* first item, unaligned; of strings: the length field of the first */
    size_t bytes;             /* extent of data */
};

struct gguf_tensor {
    struct span name;
    struct tensor_view view; /* shape slowest first: the reverse of the file's order */
};

struct file_set;
enum status gguf_open(struct gguf **ret, const char *path, struct error *err);
/* The file `name` of a set, with the other parts of its split. */
enum status gguf_open_in(struct gguf **ret, const struct file_set *files, const char *name,
                         struct error *err);
/* From mappings already made, in part order; takes them over on success. `name` is for messages. */
enum status gguf_open_maps(struct gguf **ret, struct file_map *maps, size_t map_count,
                           const char *name, struct error *err);
/* From bytes that the caller keeps alive: for fuzzing and tests. */
enum status gguf_open_bytes(struct gguf **ret, const void *bytes, size_t len, const char *name,
                            struct error *err);
/* Whether `path` ends like a part of a split ("-00002-of-00003.gguf"): how much stands before
 * that, which part (from 1) and of how many. */
bool gguf_split_name(const char *path, size_t *ret_stem, int64_t *ret_part, int64_t *ret_count);
void gguf_close(struct gguf *g);

uint32_t gguf_version(const struct gguf *g);
size_t gguf_part_count(const struct gguf *g);
uint64_t gguf_file_bytes(const struct gguf *g);             /* all parts */
const char *gguf_part_name(const struct gguf *g, size_t i); /* base name of its file */
/* The mapping of part i, for read-ahead; its data is NULL when the bytes are the caller's. */
const struct file_map *gguf_part_map(const struct gguf *g, size_t i);

size_t gguf_key_count(const struct gguf *g);
struct span gguf_key(const struct gguf *g, size_t i, struct gguf_value *ret_value);
bool gguf_find(const struct gguf *g, const char *key, struct gguf_value *ret);

/* Scalars converted; false when the value is of another kind or does not fit. */
bool gguf_int(const struct gguf_value *v, int64_t *ret);
bool gguf_number(const struct gguf_value *v, double *ret);
bool gguf_bool(const struct gguf_value *v, bool *ret);
bool gguf_string(const struct gguf_value *v, struct span *ret);
/* Item i of an array of numbers or bools. */
bool gguf_int_at(const struct gguf_value *array, uint64_t i, int64_t *ret);
bool gguf_number_at(const struct gguf_value *array, uint64_t i, double *ret);

/* Walk over an array of strings: start zeroed but for `array`, each call gives the next. */
struct gguf_strings {
    struct gguf_value array;
    uint64_t next;
    size_t offset;
};
bool gguf_strings_next(struct gguf_strings *walk,
                       struct span *ret); /* false at the end or for other types */

size_t gguf_tensor_count(const struct gguf *g);
const struct gguf_tensor *gguf_tensor(const struct gguf *g, size_t i);
const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name);

#endif
