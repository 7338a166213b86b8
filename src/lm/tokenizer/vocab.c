/* The tokens of a vocabulary: storage, and an open-addressing index by bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/tokenizer/vocab.h"

#include <string.h>

#include "base/core/mem.h"

void vocab_init(struct vocab *v)
{
    *v = (struct vocab){ .bytes = BUF_INIT(VOCAB_BYTES_MAX) };
    for (int i = 0; i < 256; i++)
        v->byte_ids[i] = -1;
}

void vocab_release(struct vocab *v)
{
    mem_free(v->tokens);
    mem_free(v->slots);
    buf_release(&v->bytes);
    vocab_init(v);
}

static enum status grow(struct vocab *v, int32_t count, struct error *err)
{
    if (count > v->cap) {
        int64_t cap = v->cap ? v->cap : 1024;
        while (cap < count)
            cap *= 2;
        struct token *tokens = mem_resize(v->tokens, (size_t)cap, sizeof(*tokens));
        if (!tokens)
            return error_set(err, STATUS_NO_MEMORY, "no memory for %lld tokens", (long long)cap);
        v->tokens = tokens;
        v->cap = (int32_t)cap;
    }
    memset(v->tokens + v->count, 0, (size_t)(count - v->count) * sizeof(*v->tokens));
    v->count = count;
    return STATUS_OK;
}

enum status vocab_set(struct vocab *v, int64_t id, struct span bytes, enum token_kind kind,
                      int flags, float score, struct error *err)
{
    if (id < 0 || id >= VOCAB_TOKENS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "token id %lld is outside 0..%d", (long long)id,
                         VOCAB_TOKENS_MAX - 1);
    if (bytes.len > VOCAB_PIECE_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "token %lld has %zu bytes, more than %d", (long long)id,
                         bytes.len, VOCAB_PIECE_BYTES_MAX);
    if (id >= v->count) {
        enum status s = grow(v, (int32_t)id + 1, err);
        if (s) return s;
    }
    struct token *t = &v->tokens[id];
    if (t->kind != TOKEN_HOLE)
        return error_set(err, STATUS_BAD_INPUT, "token id %lld is given twice", (long long)id);
    size_t offset = v->bytes.len;
    if (!buf_append(&v->bytes, bytes.data, bytes.len))
        return buf_check(&v->bytes, "the vocabulary's text", err);
    *t = (struct token){ (uint32_t)offset, (uint32_t)bytes.len, score,
                         (uint8_t)kind,    (uint8_t)flags,      0 };
    return STATUS_OK;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 32);
}

static uint32_t hash_of(struct span s)
{
    uint64_t h = s.len * 0xD6E8FEB86659FD93u, x;
    const char *p = s.data;
    size_t n = s.len;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&x, p, 8);
        h = mix(h, x);
    }
    x = 0;
    if (n & 4) {
        uint32_t y;
        memcpy(&y, p, 4);
        x = y;
        p += 4;
    }
    for (size_t i = 0; i < (n & 3); i++)
        x = x << 8 | (uint8_t)p[i];
    return (uint32_t)mix(h, x);
}

enum status vocab_index(struct vocab *v, struct error *err)
{
    size_t slot_count = 16;
    while (slot_count < (size_t)v->count * 2)
        slot_count *= 2;
    struct vocab_slot *slots = mem_array(slot_count, sizeof(*slots));
    if (!slots)
        return error_set(err, STATUS_NO_MEMORY, "no memory for a vocabulary index of %zu slots",
                         slot_count);
    for (int32_t id = 0; id < v->count; id++) {
        if (v->tokens[id].kind == TOKEN_HOLE) continue;
        uint32_t hash = hash_of(vocab_bytes(v, id));
        size_t i = hash & (slot_count - 1);
        while (slots[i].id_plus_one)
            i = (i + 1) & (slot_count - 1);
        slots[i] = (struct vocab_slot){ hash, (uint32_t)id + 1 };
    }
    mem_free(v->slots);
    v->slots = slots;
    v->slot_mask = slot_count - 1;
    return STATUS_OK;
}

int32_t vocab_find(const struct vocab *v, struct span bytes, int flags)
{
    uint32_t hash = hash_of(bytes);
    for (size_t i = hash & v->slot_mask; v->slots[i].id_plus_one; i = (i + 1) & v->slot_mask) {
        if (v->slots[i].hash != hash) continue;
        int32_t id = (int32_t)v->slots[i].id_plus_one - 1;
        const struct token *t = &v->tokens[id];
        if (t->len == bytes.len && (!flags || (t->flags & flags)) &&
            !memcmp(v->bytes.data + t->offset, bytes.data, bytes.len))
            return id;
    }
    return -1;
}

bool vocab_has(const struct vocab *v, int64_t id)
{
    return id >= 0 && id < v->count && v->tokens[id].kind != TOKEN_HOLE;
}

struct span vocab_bytes(const struct vocab *v, int32_t id)
{
    if (!vocab_has(v, id)) return (struct span){ NULL, 0 };
    /* A vocabulary of empty tokens has no bytes at all, but its tokens are no holes. */
    const char *base = v->bytes.data ? v->bytes.data : "";
    return (struct span){ base + v->tokens[id].offset, v->tokens[id].len };
}
