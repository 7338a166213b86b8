/* Reading a golden model's expected values.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/golden.h"

#include <math.h>
#include <string.h>

#include "support/fixture.h"

static size_t read_ids(const struct safetensors *file, const char *name, int32_t *out, size_t max)
{
    const struct safetensors_tensor *t = safetensors_find(file, name);
    if (!t) return 0;
    size_t count = t->bytes / sizeof(int64_t);
    assert_true(count <= max);
    for (size_t i = 0; i < count; i++) {
        int64_t id;
        memcpy(&id, t->data + i * sizeof id, sizeof id);
        out[i] = (int32_t)id;
    }
    return count;
}

static const float *read_floats(const struct safetensors *file, const char *name)
{
    const struct safetensors_tensor *t = safetensors_find(file, name);
    return t ? (const float *)(const void *)t->data : NULL;
}

void golden_open(struct golden *ret, const char *path)
{
    struct error err;
    memset(ret, 0, sizeof *ret);
    if (safetensors_open(&ret->file, path, &err)) fail_msg("%s: %s", path, err.text);
    ret->id_count = read_ids(ret->file, "input_ids", ret->ids, 512);
    ret->long_count = read_ids(ret->file, "long_input_ids", ret->long_ids, 512);
    ret->logits = read_floats(ret->file, "logits");
    ret->long_logits = read_floats(ret->file, "long_logits");
    ret->vocab = (size_t)safetensors_find(ret->file, "logits")->view.cols;
}

void golden_release(struct golden *g)
{
    safetensors_close(g->file);
}

struct engine *golden_engine(const char *path, const struct engine_options *options)
{
    struct source *source;
    struct engine *engine;
    struct error err;
    if (source_open(&source, path, &err)) fail_msg("%s: %s", path, err.text);
    if (engine_open(&engine, source, options, &err)) {
        source_close(source);
        fail_msg("%s: %s", path, err.text);
    }
    return engine;
}

double golden_distance(const float *got, const float *want, size_t n)
{
    double far = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - want[i]);
        if (!(d <= far)) far = isnan(d) ? INFINITY : d;
        if (fabs((double)want[i]) > scale) scale = fabs((double)want[i]);
    }
    return far / scale;
}
