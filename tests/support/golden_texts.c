/* Golden models for retrieval.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/golden_texts.h"

#include <stdio.h>
#include <string.h>

#include "support/fixture.h"

static const struct safetensors_tensor *tensor(const struct golden_texts *g, const char *name)
{
    const struct safetensors_tensor *t = safetensors_find(g->file, name);
    if (!t || !t->has_view) fail_msg("no tensor %s", name);
    return t;
}

size_t golden_texts_cols(const struct golden_texts *g, const char *name)
{
    return (size_t)tensor(g, name)->view.cols;
}

float golden_texts_float(const struct golden_texts *g, const char *name, size_t i)
{
    float x;
    const struct safetensors_tensor *t = tensor(g, name);
    assert_true((i + 1) * sizeof x <= t->bytes);
    memcpy(&x, t->data + i * sizeof x, sizeof x);
    return x;
}

int64_t golden_texts_int(const struct golden_texts *g, const char *name, size_t i)
{
    int64_t n;
    const struct safetensors_tensor *t = tensor(g, name);
    assert_true((i + 1) * sizeof n <= t->bytes);
    memcpy(&n, t->data + i * sizeof n, sizeof n);
    return n;
}

void golden_texts_open(struct golden_texts *ret, const char *folder)
{
    char path[4096];
    struct error err;
    memset(ret, 0, sizeof *ret);
    snprintf(path, sizeof path, "%s/expected.safetensors", folder);
    if (safetensors_open(&ret->file, path, &err)) fail_msg("%s", err.text);
    size_t cols = golden_texts_cols(ret, "input_ids");
    ret->count = (size_t)tensor(ret, "input_ids")->view.rows;
    assert_true(ret->count <= GOLDEN_TEXTS_MAX && cols <= 64);
    for (size_t r = 0; r < ret->count; r++)
        for (size_t i = 0; i < cols; i++)
            if (golden_texts_int(ret, "attention_mask", r * cols + i))
                ret->ids[r][ret->counts[r]++] =
                    (int32_t)golden_texts_int(ret, "input_ids", r * cols + i);
}

void golden_texts_release(struct golden_texts *g)
{
    safetensors_close(g->file);
}
