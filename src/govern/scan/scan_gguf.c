/* GGUF files: their templates, their texts, and their special tokens.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One part of a split is looked at by itself: all keys stand in the first. */
#include <stdio.h>
#include <string.h>

#include "govern/scan/scan_inner.h"
#include "lm/format/gguf_part.h"

#define TOKEN_TYPE_CONTROL 3 /* tokenizer.ggml.token_type, ggml's docs/gguf.md */
#define NAME_BYTES         64

static struct scan_part part_of(const struct scan_part *p, const char *name, struct span text)
{
    const uint8_t *data = (const uint8_t *)text.data;
    return (struct scan_part){ .file = p->file,
                               .name = name,
                               .data = data,
                               .len = text.len,
                               .at = p->at + (p->elsewhere ? 0 : (uint64_t)(data - p->data)),
                               .elsewhere = p->elsewhere,
                               .depth = p->depth + 1 };
}

static void look_at_key(struct scan *s, const struct scan_part *p, const struct gguf_pair *pair)
{
    struct span text;
    char name[NAME_BYTES];
    if (!gguf_string(&pair->value, &text) || !text.len) return;
    scan_quote(name, sizeof name, pair->key);
    const struct scan_part part = part_of(p, name, text);
    bool is_template = scan_begins(pair->key, "tokenizer.chat_template");
    if (is_template) scan_template(s, &part);
    scan_text(s, &part, is_template ? PLACE_CODE : PLACE_PROSE, false);
}

static void look_at_tokens(struct scan *s, const struct scan_part *p, const struct gguf_part *g)
{
    struct gguf_value types;
    struct gguf_strings walk = { 0 };
    struct span text;
    if (!gguf_part_find(g, "tokenizer.ggml.tokens", &walk.array) ||
        !gguf_part_find(g, "tokenizer.ggml.token_type", &types))
        return;
    for (uint64_t i = 0; gguf_strings_next(&walk, &text); i++) {
        int64_t type;
        if (!text.len || !gguf_int_at(&types, i, &type) || type != TOKEN_TYPE_CONTROL) continue;
        const struct scan_part part = part_of(p, "a special token", text);
        scan_text(s, &part, PLACE_CODE, false);
    }
}

void scan_gguf(struct scan *s, const struct scan_part *p)
{
    struct gguf_part g;
    struct error why;
    enum status st = gguf_part_read(&g, p->data, p->len, scan_part_name(p), &why);
    if (st == STATUS_NO_MEMORY) s->failed = true;
    else if (st)
        scan_add(s, p, SCAN_RULE_UNREADABLE, SCAN_ASK, 0, (struct span){ 0 },
                 "the GGUF file cannot be read: %s", why.text);
    if (st) return;
    for (size_t i = 0; i < g.pair_count; i++)
        look_at_key(s, p, &g.pairs[i]);
    look_at_tokens(s, p, &g);
    gguf_part_release(&g);
}
