/* Sorting the vocabulary and laying it out as trees.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/vocab_trie.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "base/core/utf8.h"

struct entry {
    struct span text;
    int32_t id;
    bool plain;
    int characters;
};

static int compare_entries(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    size_t n = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order = memcmp(a->text.data, b->text.data, n);
    if (order) return order;
    if (a->text.len != b->text.len) return a->text.len < b->text.len ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool is_plain(struct span text, int *ret_characters)
{
    int n = 0;
    for (size_t i = 0; i < text.len; n++) {
        uint32_t c;
        int bytes = utf8_decode(text.data + i, text.len - i, &c);
        if (!bytes || c < 0x20 || c == '"' || c == '\\' || c == 0x2028 || c == 0x2029) return false;
        i += (size_t)bytes;
    }
    *ret_characters = n;
    return n > 0 && n <= VOCAB_PLAIN_MAX;
}

/* Entries are sorted; `hard`: without the plain ones. */
static enum status lay_out(struct trie *t, const struct entry *entries, size_t count, bool hard,
                           int32_t *same, struct error *err)
{
    uint32_t path[VOCAB_TOKEN_BYTES_MAX];
    size_t depth = 0, bytes = 0;
    const struct entry *last = NULL;
    for (size_t i = 0; i < count; i++)
        bytes += entries[i].text.len;
    if (bytes >= UINT32_MAX)
        return error_set(err, STATUS_LIMIT, "the vocabulary's texts are longer than 4 GiB");
    t->nodes = mem_array(bytes ? bytes : 1, sizeof *t->nodes);
    if (!t->nodes) return error_set(err, STATUS_NO_MEMORY, "no memory for the vocabulary's tree");
    for (size_t i = 0; i < count; i++) {
        const struct entry *e = entries + i;
        if (hard && e->plain) continue;
        size_t common = 0;
        while (last && common < depth && common < e->text.len &&
               last->text.data[common] == e->text.data[common])
            common++;
        if (last && common == depth && e->text.len == depth) { /* the same text again */
            int32_t *at = &t->nodes[path[depth - 1]].token;
            while (*at >= 0)
                at = &same[*at];
            if (!hard) *at = e->id;
            continue;
        }
        while (depth > common)
            t->nodes[path[--depth]].end = t->count;
        for (; depth < e->text.len; depth++) {
            path[depth] = t->count;
            t->nodes[t->count++] =
                (struct trie_node){ (uint8_t)e->text.data[depth], (uint16_t)(depth + 1), -1, 0 };
        }
        t->nodes[path[depth - 1]].token = e->id;
        last = e;
    }
    while (depth > 0)
        t->nodes[path[--depth]].end = t->count;
    struct trie_node *fit = mem_resize(t->nodes, t->count ? t->count : 1, sizeof *fit);
    if (fit) t->nodes = fit;
    return STATUS_OK;
}

static enum status collect(struct vocab_trie *v, struct entry *entries, size_t *ret_count)
{
    size_t n = 0;
    for (uint32_t id = 0; id < v->token_count; id++) {
        struct entry e = { .text = tokenizer_piece(v->tokenizer, (int32_t)id), .id = (int32_t)id };
        v->same[id] = -1;
        if (!e.text.len || e.text.len > VOCAB_TOKEN_BYTES_MAX) continue;
        if (tokenizer_is_special(v->tokenizer, (int32_t)id)) continue;
        e.plain = is_plain(e.text, &e.characters);
        for (int c = e.characters; e.plain && c <= VOCAB_PLAIN_MAX; c++)
            v->plain[(size_t)c * v->word_count + id / 64] |= (uint64_t)1 << (id % 64);
        entries[n++] = e;
    }
    *ret_count = n;
    return STATUS_OK;
}

enum status vocab_trie_new(struct vocab_trie **ret, const struct tokenizer *t, struct error *err)
{
    int64_t size = tokenizer_vocab_size(t);
    size_t count = 0;
    if (size <= 0 || size > INT32_MAX)
        return error_set(err, STATUS_BAD_INPUT, "the tokenizer has no vocabulary");
    struct vocab_trie *v = mem_zero(sizeof *v);
    struct entry *entries = mem_array((size_t)size, sizeof *entries);
    enum status st = STATUS_NO_MEMORY;
    if (!v || !entries) goto fail;
    v->tokenizer = t;
    v->token_count = (uint32_t)size;
    v->word_count = (v->token_count + 63) / 64;
    v->same = mem_array(v->token_count, sizeof *v->same);
    v->plain = mem_array((VOCAB_PLAIN_MAX + 1) * (size_t)v->word_count, sizeof *v->plain);
    if (!v->same || !v->plain) goto fail;
    st = collect(v, entries, &count);
    if (count) qsort(entries, count, sizeof *entries, compare_entries);
    if (!st) st = lay_out(&v->all, entries, count, false, v->same, err);
    if (!st) st = lay_out(&v->hard, entries, count, true, v->same, err);
    if (st) goto fail;
    mem_free(entries);
    *ret = v;
    return STATUS_OK;
fail:
    if (st == STATUS_NO_MEMORY) error_set(err, st, "no memory for the vocabulary's tree");
    mem_free(entries);
    vocab_trie_free(v);
    return st;
}

void vocab_trie_free(struct vocab_trie *v)
{
    if (!v) return;
    mem_free(v->all.nodes);
    mem_free(v->hard.nodes);
    mem_free(v->same);
    mem_free(v->plain);
    mem_free(v);
}
