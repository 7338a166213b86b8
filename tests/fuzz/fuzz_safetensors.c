/* Any bytes as a safetensors file: open, and then read everything that it offers.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fuzz/read_bytes.h"
#include "lm/format/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct safetensors *s;
    struct error err;
    if (safetensors_open_bytes(&s, data, size, "fuzz", &err)) {
        if (err.text[0] == 0) abort(); /* a refusal says why */
        return 0;
    }
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct safetensors_tensor *t = safetensors_at(s, i);
        if (safetensors_find(s, t->name.data) != t) abort();
        read_bytes(t->data, t->bytes);
        if (t->has_view) read_bytes(t->view.data, (size_t)t->view.rows * t->view.row_bytes);
    }
    safetensors_metadata(s, "format");
    safetensors_close(s);
    return 0;
}
