/* One GGUF file, parsed: private to lm/format/gguf*.c, and to govern/scan, which looks at one by itself.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LM_FORMAT_GGUF_PART_H
#define LM_FORMAT_GGUF_PART_H

#include "lm/format/gguf.h"
#include "lm/format/name_index.h"

#define GGUF_PART_NAME_BYTES 256

struct gguf_pair {
    struct span key;
    struct gguf_value value;
};

struct gguf_part {
    char name[GGUF_PART_NAME_BYTES]; /* base name, for messages; cut when longer */
    struct file_map map;             /* fd -1 and data NULL when the bytes are borrowed */
    uint64_t file_bytes;
    uint32_t version;
    struct gguf_pair *pairs; /* [pair_count]; owned */
    size_t pair_count;
    struct name_index keys;
    struct gguf_tensor *tensors; /* [tensor_count], in file order; owned */
    size_t tensor_count;
};

/* Parses bytes that outlive the part. On failure nothing is left to release. The names of
 * tensors are checked for duplicates by whoever joins the parts. */
enum status gguf_part_read(struct gguf_part *ret, const uint8_t *bytes, size_t len,
                           const char *name, struct error *err);
/* Does not touch the map's ownership when the part never took it. */
void gguf_part_release(struct gguf_part *part);
bool gguf_part_find(const struct gguf_part *part, const char *key, struct gguf_value *ret);

/* Bytes of a scalar of this type; 0 for strings and arrays. */
size_t gguf_type_bytes(enum gguf_type type);
const char *gguf_type_name(enum gguf_type type);

#endif
