/* What the fuzz targets of constraints share: a tiny vocabulary, and steps over its masks.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_CONSTRAINT_FUZZ_H
#define TESTS_FUZZ_CONSTRAINT_FUZZ_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lm/sample/constraint.h"

/* The model in the box beside the source tree, opened once: fuzzers run in one process. */
static inline const struct vocab_trie *fuzz_vocab(void)
{
    static struct vocab_trie *vocab;
    struct tokenizer *t;
    struct source *source;
    struct error err = { .text = "" };
    const char *root = getenv("HEARTH_SOURCE");
    char path[4096] = ".";
    if (vocab) return vocab;
    if (root && strlen(root) < sizeof path) memcpy(path, root, strlen(root) + 1);
    struct buf folder = BUF_INIT(8192);
    buf_format(&folder, "%s/models/ember", path);
    if (source_open(&source, folder.data, &err) || tokenizer_open(&t, source, NULL, &err) ||
        vocab_trie_new(&vocab, t, &err))
        abort(); /* run from the source tree, or set HEARTH_SOURCE */
    source_close(source);
    buf_release(&folder);
    return vocab;
}

/* Compiles the spec; what compiles is walked along its masks, chosen by `seed`: each token offered
 * is accepted. */
static inline void fuzz_spec(const struct json *spec, uint64_t seed)
{
    const struct vocab_trie *v = fuzz_vocab();
    struct constraint *c = NULL;
    struct constraint_state *s;
    struct error err = { .text = "" };
    enum status st = constraint_compile(&c, spec, v, NULL, 0, &err);
    if (st) {
        assert(!c && err.text[0]);
        return;
    }
    uint64_t *mask = calloc(v->word_count, sizeof *mask);
    if (!mask || constraint_state_new(&s, c, &err)) abort();
    for (int step = 0; step < 40; step++) {
        st = constraint_fill(s, mask, &err);
        if (st) break;
        uint32_t id = 0, at = (uint32_t)(seed % v->token_count);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        for (uint32_t i = 0; i < v->token_count; i++) {
            id = (at + i) % v->token_count;
            if (mask[id / 64] >> (id % 64) & 1) break;
        }
        st = constraint_accept(s, (int32_t)id, &err);
        assert(st == STATUS_OK || st == STATUS_LIMIT);
        if (st) break;
    }
    free(mask);
    constraint_state_free(s);
    constraint_free(c);
}

#endif
