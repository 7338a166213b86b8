/* Any bytes as a tokenizer.model, SentencePiece or ranks: load, and if it loads, encode and decode with it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lm/tokenizer/tokenizer_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct tokenizer *t, const char *text, size_t len, bool special)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] =
        "Hello  w\xC3\xB6rld\n<s>a\xE2\x96\x81 123 \xE4\xBD\xA0\xE5\xA5\xBD's\xFF  ";
    struct span file = { (const char *)data, size };
    struct tokenizer *t = tokenizer_new(NULL);
    if (!t) return 0;
    enum status status = sentencepiece_looks_like(file) ? load_sentencepiece(t, file, NULL)
                                                        : load_tiktoken(t, file, NULL);
    if (!status && !tokenizer_finish(t, NULL)) {
        use(t, text, sizeof(text) - 1, false);
        use(t, text, sizeof(text) - 1, true);
    }
    tokenizer_free(t);
    return 0;
}
