/* Any bytes as a tokenizer.model, SentencePiece or ranks: load, and if it loads, encode and decode with it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/tokenizer_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
        tokenizer_use(t, text, sizeof(text) - 1, false);
        tokenizer_use(t, text, sizeof(text) - 1, true);
    }
    tokenizer_free(t);
    return 0;
}
