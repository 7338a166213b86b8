/* Any bytes as a GGUF file: open, and then read everything that it offers.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fuzz/read_bytes.h"
#include "lm/format/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_value(const struct gguf_value *v)
{
    struct gguf_strings walk = { .array = *v };
    struct span text;
    int64_t n;
    double x;
    bool flag;
    gguf_int(v, &n);
    gguf_number(v, &x);
    gguf_bool(v, &flag);
    if (gguf_string(v, &text)) read_bytes(text.data, text.len);
    while (gguf_strings_next(&walk, &text))
        read_bytes(text.data, text.len);
    for (uint64_t i = 0; v->type == GGUF_ARRAY && v->item_type != GGUF_STRING && i <= v->count;
         i++) {
        gguf_int_at(v, i, &n);
        gguf_number_at(v, i, &x);
    }
    read_bytes(v->data, v->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gguf *g;
    struct error err;
    if (gguf_open_bytes(&g, data, size, "fuzz", &err)) {
        if (err.text[0] == 0) abort(); /* a refusal says why */
        return 0;
    }
    for (size_t i = 0; i < gguf_key_count(g); i++) {
        struct gguf_value v;
        struct span key = gguf_key(g, i, &v);
        read_bytes(key.data, key.len);
        read_value(&v);
    }
    for (size_t i = 0; i < gguf_tensor_count(g); i++) {
        const struct gguf_tensor *t = gguf_tensor(g, i);
        read_bytes(t->name.data, t->name.len);
        read_bytes(t->view.data, (size_t)t->view.rows * t->view.row_bytes);
    }
    gguf_close(g);
    return 0;
}
