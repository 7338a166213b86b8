/* Every weight decoded and looked at.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/weight_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "math/quants/quant.h"

#define CHUNK_VALUES 4096 /* a multiple of every format's block */

static void count_faults(const float *values, size_t count, struct weight_faults *f)
{
    for (size_t i = 0; i < count; i++) {
        f->nan_count += isnan(values[i]) != 0;
        f->infinite_count += isinf(values[i]) != 0;
    }
    f->checked += count;
}

static void check_row(const struct tensor_view *t, int64_t row, struct weight_faults *f)
{
    const struct quant *q = quant_of(t->type);
    const uint8_t *at = tensor_row(t, row);
    float values[CHUNK_VALUES];
    for (int64_t done = 0; done < t->cols; done += CHUNK_VALUES) {
        int64_t left = t->cols - done;
        size_t n = (size_t)(left < CHUNK_VALUES ? left : CHUNK_VALUES);
        q->decode(values, at, n);
        count_faults(values, n, f);
        at += n / (size_t)q->block_values * (size_t)q->block_bytes;
    }
}

enum status weight_check(struct weight_faults *ret, const struct source *source,
                         const struct progress *progress, struct error *err)
{
    uint64_t total = source_tensor_bytes(source), done = 0;
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < source_tensor_count(source); i++) {
        struct span name;
        struct tensor_view t;
        const char *type_name;
        if (!source_tensor_at(source, i, &name, &t, &type_name) || !quant_of(t.type)->decode)
            continue;
        uint64_t before = ret->nan_count + ret->infinite_count;
        for (int64_t row = 0; row < t.rows; row++) {
            if (row % 64 == 0 && !progress_report(progress, "check", done, total))
                return error_set(err, STATUS_CANCELLED, "the check was interrupted");
            check_row(&t, row, ret);
            done += t.row_bytes;
        }
        source_dont_need(source, &t);
        if (ret->nan_count + ret->infinite_count == before) continue;
        if (ret->tensors++ == 0)
            snprintf(ret->first, sizeof ret->first, "%.*s", (int)name.len, name.data);
    }
    return STATUS_OK;
}
