/* Reading a golden model's expected values.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lm/engine/engine_open.h"
#include "lm/format/safetensors.h"

/* expected.safetensors of a fixture; release with golden_release. */
struct golden {
    struct safetensors *file;
    int32_t ids[512]; /* input_ids */
    size_t id_count;
    int32_t long_ids[512]; /* long_input_ids; none: long_count 0 */
    size_t long_count;
    const float *logits, *long_logits; /* [id_count, vocab], [4, vocab] */
    size_t vocab;
};

/* Fails the test when the file cannot be read. */
void golden_open(struct golden *ret, const char *path);
void golden_release(struct golden *g);

/* Opens a model or fails the test with the error's words. */
struct engine *golden_engine(const char *path, const struct engine_options *options);

/* max |got - want| / max |want| over n values; NaN counts as infinite. */
double golden_distance(const float *got, const float *want, size_t n);

#endif
