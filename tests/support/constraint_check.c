/* Feeding texts to constraints in tests.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/constraint_check.h"

#include <string.h>

#include "base/core/mem.h"

#include "support/fixture.h"

void constraint_check_open(struct constraint_check *k, const char *folder)
{
    struct source *source;
    struct error err = { .text = "" };
    if (source_open(&source, folder, &err)) fail_msg("%s", err.text);
    if (tokenizer_open(&k->tokenizer, source, NULL, &err)) fail_msg("%s", err.text);
    source_close(source);
    if (vocab_trie_new(&k->vocab, k->tokenizer, &err)) fail_msg("%s", err.text);
    k->end = tokenizer_eos(k->tokenizer);
}

void constraint_check_close(struct constraint_check *k)
{
    vocab_trie_free(k->vocab);
    tokenizer_free(k->tokenizer);
}

struct constraint *constraint_check_compile(const struct constraint_check *k,
                                            const struct json *spec, const char *name)
{
    struct constraint *c = NULL;
    struct error err = { .text = "" };
    if (constraint_compile(&c, spec, k->vocab, &k->end, k->end >= 0, &err))
        fail_msg("%s: %s", name, err.text);
    return c;
}

/* A tokenizer may normalise: its tokens then spell another text. */
static bool spelled_as(const struct constraint_check *k, const char *text, size_t len)
{
    struct token_list ids = { 0 };
    struct error err = { .text = "" };
    size_t at = 0;
    bool same = true;
    if (tokenizer_encode(k->tokenizer, text, len, true, &ids, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < ids.count && same; i++) {
        struct span p = tokenizer_piece(k->tokenizer, ids.ids[i]);
        same = p.len <= len - at && memcmp(p.data, text + at, p.len) == 0;
        at += p.len;
    }
    token_list_release(&ids);
    return same && at == len;
}

static bool by_tokens(const struct constraint_check *k, struct constraint_state *s,
                      const char *text, size_t len, const char *name)
{
    struct token_list ids = { 0 };
    struct error err = { .text = "" };
    uint64_t *mask = mem_array(k->vocab->word_count, sizeof *mask);
    assert_non_null(mask);
    if (tokenizer_encode(k->tokenizer, text, len, true, &ids, &err)) fail_msg("%s", err.text);
    bool ok = true;
    for (size_t i = 0; ok && i < ids.count; i++) {
        uint32_t id = (uint32_t)ids.ids[i];
        if (constraint_fill(s, mask, &err))
            fail_msg("%s: %.*s: %s", name, (int)len, text, err.text);
        bool in_mask = mask[id / 64] >> (id % 64) & 1;
        ok = constraint_accept(s, (int32_t)id, &err) == STATUS_OK;
        if (ok != in_mask)
            fail_msg("%s: %.*s: token %zu is %s the mask and %s", name, (int)len, text, i,
                     in_mask ? "in" : "not in", ok ? "accepted" : "refused");
    }
    if (ok && constraint_fill(s, mask, &err))
        fail_msg("%s: %.*s: nothing can follow: %s", name, (int)len, text, err.text);
    ok = ok && constraint_may_end(s);
    token_list_release(&ids);
    mem_free(mask);
    return ok;
}

bool constraint_check_text(const struct constraint_check *k, struct constraint *c, const char *text,
                           size_t len, const char *name)
{
    struct constraint_state *s;
    struct error err = { .text = "" };
    if (constraint_state_new(&s, c, &err)) fail_msg("%s", err.text);
    bool bytes = constraint_accept_text(s, text, len) == len && constraint_may_end(s);
    constraint_state_reset(s);
    bool tokens = spelled_as(k, text, len) ? by_tokens(k, s, text, len, name) : bytes;
    constraint_state_free(s);
    if (bytes != tokens)
        fail_msg("%s: %.*s: %s by bytes, %s by tokens", name, (int)len, text,
                 bytes ? "accepted" : "rejected", tokens ? "accepted" : "rejected");
    return bytes;
}
