/* Reading the table of fingerprints, and marking what a text may lack.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_print.h"

#include <string.h>

#include "base/core/digest.h"
#include "govern/licence/licence_risk.h"

#define HEADER_BYTES 20
#define TEXT_BYTES   48

/* tools/embed_bytes writes it when the program is built. */
extern const unsigned char licence_prints_bytes[];
extern const size_t licence_prints_byte_count;

static uint32_t u32_at(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t u64_at(const uint8_t *p)
{
    return u32_at(p) | (uint64_t)u32_at(p + 4) << 32;
}

enum status licence_prints_builtin(struct licence_prints *ret, struct error *err)
{
    return licence_prints_open(
        ret, (struct span){ (const char *)licence_prints_bytes, licence_prints_byte_count }, err);
}

static bool text_is_sound(const struct licence_prints *p, uint32_t i)
{
    const uint8_t *t = p->data + p->texts_at + (size_t)i * TEXT_BYTES;
    size_t entries = (p->names_at - p->sequence_at) / 2;
    if (u32_at(t) >= p->len - p->names_at) return false;
    if (!(u32_at(t + 4) & PRINT_SEQUENCE)) return true;
    return u32_at(t + 12) <= entries && u32_at(t + 8) <= entries - u32_at(t + 12);
}

enum status licence_prints_open(struct licence_prints *ret, struct span bytes, struct error *err)
{
    struct licence_prints p = { .data = (const uint8_t *)bytes.data, .len = bytes.len };
    static const char *const broken = "the table of licence fingerprints is damaged";
    if (bytes.len < HEADER_BYTES || memcmp(p.data, "HLPRINT1", 8) != 0)
        return error_set(err, STATUS_BAD_INPUT, "%s: it has no head", broken);
    p.dictionary_count = u32_at(p.data + 8);
    p.count = u32_at(p.data + 12);
    uint32_t names = u32_at(p.data + 16);
    if (p.dictionary_count > PRINT_DICTIONARY_MAX || p.count > PRINT_TEXTS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "%s: %u words, %u texts", broken,
                         p.dictionary_count, p.count);
    p.texts_at = HEADER_BYTES + (size_t)p.dictionary_count * 8;
    p.sequence_at = p.texts_at + (size_t)p.count * TEXT_BYTES;
    if (p.sequence_at > p.len || names > p.len - p.sequence_at || (names && p.data[p.len - 1]))
        return error_set(err, STATUS_BAD_INPUT, "%s: it is cut short", broken);
    p.names_at = p.len - names;
    for (uint32_t i = 0; i < p.count; i++)
        if (!text_is_sound(&p, i))
            return error_set(err, STATUS_BAD_INPUT, "%s: text %u lies outside", broken, i);
    *ret = p;
    return STATUS_OK;
}

struct licence_print licence_print_at(const struct licence_prints *p, uint32_t i)
{
    const uint8_t *t = p->data + p->texts_at + (size_t)i * TEXT_BYTES;
    uint32_t flags = u32_at(t + 4);
    return (struct licence_print){
        .id = (const char *)p->data + p->names_at + u32_at(t),
        .flags = flags,
        .words = u32_at(t + 8),
        .sequence =
            flags & PRINT_SEQUENCE ? p->data + p->sequence_at + 2 * (size_t)u32_at(t + 12) : NULL,
        .file_digest = t + 16,
        .words_digest = t + 32,
    };
}

uint16_t licence_print_entry(const struct licence_print *p, uint32_t i)
{
    return (uint16_t)(p->sequence[2 * (size_t)i] | p->sequence[2 * (size_t)i + 1] << 8);
}

uint16_t licence_print_word(const struct licence_prints *p, uint64_t hash)
{
    uint32_t low = 0, high = p->dictionary_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t there = u64_at(p->data + HEADER_BYTES + 8 * (size_t)middle);
        if (there == hash) return (uint16_t)middle;
        if (there < hash) low = middle + 1;
        else high = middle;
    }
    return PRINT_UNKNOWN;
}

enum status licence_words_digest(const struct licence_words *w, uint8_t ret[32], struct error *err)
{
    return sha256_of(w->folded ? w->folded : "", w->folded_bytes, ret, err);
}

/* A short first line is the title of the text; a text may come without it. */
static void mark_title(const struct licence_words *w, uint16_t *ret)
{
    uint32_t end = 1;
    while (end < w->count && !(w->words[end].flags & WORD_PARAGRAPH))
        end++;
    if (end > 12 || end == w->count || licence_word_is(w, 0, "copyright")) return;
    for (uint32_t i = 0; i < end; i++)
        ret[i] |= PRINT_WORD_OMITTABLE;
}

void licence_print_marks(const struct licence_words *w, bool has_appendix, uint16_t *ret)
{
    memset(ret, 0, w->count * sizeof *ret);
    if (w->count) mark_title(w, ret);
    bool appendix = false;
    for (uint32_t i = 0; i < w->count; i++) {
        uint32_t line = licence_copyright_line(w, i);
        for (uint32_t k = i; k < i + line; k++)
            ret[k] |= PRINT_WORD_SLOT;
        if (w->words[i].flags & WORD_MARKER) ret[i] |= PRINT_WORD_OMITTABLE;
        if (appendix) ret[i] |= PRINT_WORD_OMITTABLE;
        uint32_t close = has_appendix ? licence_phrase_at(w, i, "end of terms and conditions") : 0;
        if (close) {
            i += close - 1;
            appendix = true;
        }
    }
}
