/* safetensors: one file's header, checked, and views of its tensors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rules are those of the reference reader (huggingface/safetensors tensor.rs):
 * header at most 100 MB, no duplicate names, offsets tile the buffer without
 * hole or overlap, sizes agree with dtype and shape. Immutable after opening. */
#ifndef LM_FORMAT_SAFETENSORS_H
#define LM_FORMAT_SAFETENSORS_H

#include <stddef.h>

#include "base/core/file.h"
#include "base/core/span.h"
#include "base/core/status.h"
#include "math/tensor/tensor.h"

struct safetensors;

struct safetensors_tensor {
    struct span name;
    const char *dtype; /* as in the file: "F8_E4M3" */
    bool has_view; /* false for dtypes that math/quants does not know; then only bytes are set */
    struct tensor_view view;
    const uint8_t *data;
    size_t bytes;
};

enum status safetensors_open(struct safetensors **ret, const char *path, struct error *err);
/* Takes the map over on success. */
enum status safetensors_open_map(struct safetensors **ret, struct file_map *map, const char *name,
                                 struct error *err);
enum status safetensors_open_bytes(struct safetensors **ret, const void *bytes, size_t len,
                                   const char *name, struct error *err);
void safetensors_close(struct safetensors *s);

/* The mapping behind the views, for read-ahead; data is NULL when the bytes are the caller's. */
const struct file_map *safetensors_map(const struct safetensors *s);
size_t safetensors_count(const struct safetensors *s);
const struct safetensors_tensor *safetensors_at(const struct safetensors *s,
                                                size_t i); /* in order of their data */
const struct safetensors_tensor *safetensors_find(const struct safetensors *s, const char *name);
const struct safetensors_tensor *safetensors_find_span(const struct safetensors *s,
                                                       struct span name);
/* Value of a __metadata__ key; {NULL,0} when absent. */
struct span safetensors_metadata(const struct safetensors *s, const char *key);

#endif
