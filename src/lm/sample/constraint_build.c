/* Memory, budget and first error of a constraint's compilation; interned vectors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/constraint_build.h"

#include <string.h>

#include "base/core/checked.h"
#include "base/core/clock.h"

#define CLOCK_EVERY ((uint64_t)1 << 18) /* work between looks at the clock */

void build_init(struct build *b)
{
    *b = (struct build){ .deadline_ns = clock_monotonic_ns() + (int64_t)BUILD_TIME_MS * 1000000 };
    arena_init(&b->arena, BUILD_BYTES_MAX);
}

void build_release(struct build *b)
{
    arena_release(&b->arena);
}

bool build_fail(struct build *b, enum status s, const char *format, ...)
{
    if (b->status) return false;
    va_list args;
    va_start(args, format);
    b->status = error_set_v(&b->err, s, format, args);
    va_end(args);
    return false;
}

void *build_array(struct build *b, size_t count, size_t item_bytes)
{
    if (b->status) return NULL;
    void *p = arena_array(&b->arena, count ? count : 1, item_bytes);
    if (p) return p;
    size_t bytes;
    if (!size_mul(count, item_bytes, &bytes) || bytes > BUILD_BYTES_MAX - b->arena.used_bytes)
        build_fail(b, STATUS_LIMIT,
                   "the constraint takes more than %zu MiB to compile; make it simpler",
                   BUILD_BYTES_MAX >> 20);
    else build_fail(b, STATUS_NO_MEMORY, "no memory to compile the constraint");
    return NULL;
}

char *build_text(struct build *b, const char *text, size_t len)
{
    char *p = build_array(b, len + 1, 1);
    if (p && len) memcpy(p, text, len);
    return p;
}

bool build_spend(struct build *b, uint64_t work)
{
    if (b->status) return false;
    uint64_t before = b->work;
    b->work += work;
    if (b->work > BUILD_WORK_MAX)
        return build_fail(b, STATUS_LIMIT,
                          "the constraint takes too much work to compile; make it simpler");
    if (before / CLOCK_EVERY != b->work / CLOCK_EVERY && clock_monotonic_ns() > b->deadline_ns)
        return build_fail(b, STATUS_LIMIT,
                          "the constraint takes longer than %d ms to compile; make it simpler",
                          BUILD_TIME_MS);
    return true;
}

bool build_grow(struct build *b, void *items, size_t *cap, size_t count, size_t item_bytes)
{
    if (count < *cap) return true;
    size_t more = *cap ? *cap * 2 : 16;
    while (more <= count)
        more *= 2;
    void *old, *fresh = build_array(b, more, item_bytes);
    if (!fresh) return false;
    memcpy(&old, items, sizeof old);
    if (old) memcpy(fresh, old, *cap * item_bytes);
    memcpy(items, &fresh, sizeof fresh);
    *cap = more;
    return true;
}

static uint64_t words_hash(const uint32_t *words, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ n;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ words[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

static bool rehash(struct build *b, struct word_set *s)
{
    size_t count = s->slot_count ? s->slot_count * 2 : 64;
    uint32_t *slots = build_array(b, count, sizeof *slots);
    if (!slots) return false;
    for (uint32_t i = 0; i < s->count; i++) {
        size_t n;
        const uint32_t *words = word_set_at(s, i, &n);
        size_t at = words_hash(words, n) & (count - 1);
        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = i + 1;
    }
    s->slots = slots;
    s->slot_count = count;
    return true;
}

uint32_t word_set_add(struct build *b, struct word_set *s, const uint32_t *words, size_t n,
                      bool *ret_new)
{
    if (s->count * 2 >= s->slot_count && !rehash(b, s)) return UINT32_MAX;
    size_t at = words_hash(words, n) & (s->slot_count - 1);
    for (; s->slots[at]; at = (at + 1) & (s->slot_count - 1)) {
        size_t len;
        const uint32_t *w = word_set_at(s, s->slots[at] - 1, &len);
        if (len == n && (n == 0 || memcmp(w, words, n * sizeof *w) == 0)) {
            *ret_new = false;
            return s->slots[at] - 1;
        }
    }
    if (!build_grow(b, &s->offsets, &s->offsets_cap, s->count + 2, sizeof *s->offsets))
        return UINT32_MAX;
    size_t used = s->count ? s->offsets[s->count] : 0;
    if (!build_grow(b, &s->words, &s->words_cap, used + n, sizeof *s->words)) return UINT32_MAX;
    if (n) memcpy(s->words + used, words, n * sizeof *words);
    s->offsets[s->count + 1] = used + n;
    s->slots[at] = ++s->count;
    *ret_new = true;
    return s->count - 1;
}
