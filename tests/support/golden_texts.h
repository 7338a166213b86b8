/* Golden models for retrieval: several texts as ids, and what the reference made of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * golden/README.md: rows of input_ids are padded on the right, attention_mask says where they end. */
#ifndef TESTS_SUPPORT_GOLDEN_TEXTS_H
#define TESTS_SUPPORT_GOLDEN_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "lm/format/safetensors.h"

#define GOLDEN_TEXTS_MAX 8

struct golden_texts {
    struct safetensors *file;
    int32_t ids[GOLDEN_TEXTS_MAX][64];
    size_t counts[GOLDEN_TEXTS_MAX], count;
};

/* expected.safetensors of a model's folder; fails the test when it cannot be read. */
void golden_texts_open(struct golden_texts *ret, const char *folder);
void golden_texts_release(struct golden_texts *g);
/* Item i of a tensor F32 [rows, cols], flat; and of I64. `cols` may be asked for. */
float golden_texts_float(const struct golden_texts *g, const char *name, size_t i);
int64_t golden_texts_int(const struct golden_texts *g, const char *name, size_t i);
size_t golden_texts_cols(const struct golden_texts *g, const char *name);

#endif
