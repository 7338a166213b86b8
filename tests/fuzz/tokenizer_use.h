/* What every tokenizer fuzz target does with a tokenizer that loaded.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_TOKENIZER_USE_H
#define TESTS_FUZZ_TOKENIZER_USE_H

#include <stdlib.h>
#include <string.h>

#include "lm/tokenizer/tokenizer_parts.h"

/* Encodes and decodes; aborts where incremental and one-shot decoding differ, or where plain text gave a
 * special token. */
static inline void tokenizer_use(struct tokenizer *t, const char *text, size_t len, bool special)
{
    struct token_list ids = { .count_max = 1 << 20 };
    struct buf once = BUF_INIT(1 << 26), parts = BUF_INIT(1 << 26);
    struct detokenizer d;
    if (!tokenizer_encode(t, text, len, special, &ids, NULL) &&
        !tokenizer_decode(t, ids.ids, ids.count, &once, NULL)) {
        detokenizer_init(&d, t, false);
        for (size_t i = 0; i < ids.count; i++)
            if (detokenizer_feed(&d, ids.ids[i], &parts, NULL)) abort();
        detokenizer_finish(&d, &parts);
        if (parts.len != once.len || (once.len && memcmp(parts.data, once.data, once.len))) abort();
        for (size_t i = 0; i < ids.count; i++)
            if (!special && tokenizer_is_special(t, ids.ids[i]) && ids.ids[i] != t->unknown_id)
                abort();
    }
    buf_release(&once);
    buf_release(&parts);
    token_list_release(&ids);
}

#endif
