/* The safetensors files of a Hugging Face folder as one list of tensors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Either model.safetensors, or the files that model.safetensors.index.json
 * names. The index is checked in both directions: each tensor lies in the file
 * that it names, and each tensor of those files is in the index. */
#ifndef LM_FORMAT_SHARDS_H
#define LM_FORMAT_SHARDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"
#include "lm/format/file_set.h"
#include "lm/format/name_index.h"
#include "lm/format/safetensors.h"

#define SHARDS_SINGLE "model.safetensors"
#define SHARDS_INDEX  "model.safetensors.index.json"

struct shards {
    struct safetensors **files; /* [count]; owned */
    char **names;               /* [count], base names; owned */
    size_t count;
    const struct safetensors_tensor **tensors; /* [tensor_count], file by file; owned */
    size_t tensor_count;
    struct name_index index;
};

/* STATUS_NOT_FOUND when the set has neither file. On failure nothing is left to release. */
enum status shards_open(struct shards *ret, const struct file_set *files, struct error *err);
void shards_release(struct shards *s);
const struct safetensors_tensor *shards_find(const struct shards *s, const char *name);

#endif
