/* Any bytes as a tokenizer.json: load, and if it loads, encode and decode with it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What follows a byte 0x1E is text to encode; without one a fixed text is used. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/tokenizer_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = "Hello  w\xC3\xB6rld\n<s>a\xE2\x96\x81 123 \xE4\xBD\xA0\xE5\xA5\xBD's\xFF",
               *mark = memchr(data, 0x1E, size);
    size_t len = strlen(text), json = mark ? (size_t)(mark - (const char *)data) : size;
    if (mark) {
        text = mark + 1;
        len = size - json - 1;
    }
    struct tokenizer *t = tokenizer_new(NULL);
    if (!t) return 0;
    if (!load_tokenizer_json(t, (struct span){ (const char *)data, json }, NULL) &&
        !tokenizer_finish(t, NULL) && !tokenizer_mark_whole(t, NULL)) {
        tokenizer_use(t, text, len, false);
        tokenizer_use(t, text, len, true);
    }
    tokenizer_free(t);
    return 0;
}
