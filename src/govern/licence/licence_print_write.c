/* Writing a table of fingerprints.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/licence/licence_print.h"

struct writer {
    uint64_t *dictionary;
    uint32_t dictionary_count;
    struct buf texts, sequences, names;
    uint32_t count;
};

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void put(struct buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_byte(b, (char)(v >> 8 * i));
}

/* All words of texts whose order is kept, each once. */
static enum status make_dictionary(struct writer *w, const struct print_text *texts, uint32_t count,
                                   struct error *err)
{
    size_t total = 1, n = 0, kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (texts[i].flags & PRINT_SEQUENCE) total += texts[i].words.count;
    w->dictionary = mem_array(total, sizeof *w->dictionary);
    if (!w->dictionary) return error_set(err, STATUS_NO_MEMORY, "no memory for a dictionary");
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < texts[i].words.count && texts[i].flags & PRINT_SEQUENCE; k++)
            w->dictionary[n++] = texts[i].words.words[k].hash;
    qsort(w->dictionary, n, sizeof *w->dictionary, by_hash);
    for (size_t i = 0; i < n; i++)
        if (!i || w->dictionary[i] != w->dictionary[kept - 1])
            w->dictionary[kept++] = w->dictionary[i];
    if (kept > PRINT_DICTIONARY_MAX)
        return error_set(
            err, STATUS_LIMIT,
            "the texts have %zu different words; the table holds %d: keep the order of "
            "fewer texts",
            kept, PRINT_DICTIONARY_MAX);
    w->dictionary_count = (uint32_t)kept;
    return STATUS_OK;
}

static uint16_t number_of(const struct writer *w, uint64_t hash)
{
    const uint64_t *found =
        bsearch(&hash, w->dictionary, w->dictionary_count, sizeof *w->dictionary, by_hash);
    return found ? (uint16_t)(found - w->dictionary) : PRINT_UNKNOWN;
}

static enum status put_sequence(struct writer *w, const struct print_text *t, struct error *err)
{
    uint16_t *marks = mem_array(t->words.count + 1, sizeof *marks);
    if (!marks) return error_set(err, STATUS_NO_MEMORY, "no memory for %u marks", t->words.count);
    licence_print_marks(&t->words, t->has_appendix, marks);
    for (uint32_t i = 0; i < t->words.count; i++)
        put(&w->sequences, number_of(w, t->words.words[i].hash) | marks[i], 2);
    mem_free(marks);
    return STATUS_OK;
}

enum repetition { REPEATS_NOTHING, REPEATS_WORDS, REPEATS_BYTES };

static enum repetition repetition(const struct print_text *texts, uint32_t i)
{
    enum repetition r = REPEATS_NOTHING;
    for (uint32_t k = 0; k < i; k++) {
        if (memcmp(texts[k].words_digest, texts[i].words_digest, 32) != 0) continue;
        if (memcmp(texts[k].file_digest, texts[i].file_digest, 32) == 0) return REPEATS_BYTES;
        /* Another name for the same words: the first one is the name. */
        r = strcmp(texts[k].id, texts[i].id) == 0 ? REPEATS_WORDS : REPEATS_BYTES;
    }
    return r;
}

static enum status put_text(struct writer *w, const struct print_text *t, bool only_digests,
                            struct error *err)
{
    uint32_t flags = only_digests ? t->flags & ~(uint32_t)PRINT_SEQUENCE : t->flags;
    put(&w->texts, w->names.len, 4);
    put(&w->texts, flags, 4);
    put(&w->texts, t->words.count, 4);
    put(&w->texts, w->sequences.len / 2, 4);
    buf_append(&w->texts, t->file_digest, PRINT_DIGEST_BYTES);
    buf_append(&w->texts, t->words_digest, PRINT_DIGEST_BYTES);
    buf_append(&w->names, t->id, strlen(t->id) + 1);
    w->count++;
    return flags & PRINT_SEQUENCE ? put_sequence(w, t, err) : STATUS_OK;
}

static void put_all(struct buf *out, const struct writer *w)
{
    buf_append(out, "HLPRINT1", 8);
    put(out, w->dictionary_count, 4);
    put(out, w->count, 4);
    put(out, w->names.len, 4);
    for (uint32_t i = 0; i < w->dictionary_count; i++)
        put(out, w->dictionary[i], 8);
    if (w->texts.len) buf_append(out, w->texts.data, w->texts.len);
    if (w->sequences.len) buf_append(out, w->sequences.data, w->sequences.len);
    if (w->names.len) buf_append(out, w->names.data, w->names.len);
}

enum status licence_prints_write(struct buf *out, const struct print_text *texts, uint32_t count,
                                 struct error *err)
{
    struct writer w = { .texts = BUF_INIT(1u << 24),
                        .sequences = BUF_INIT(1u << 26),
                        .names = BUF_INIT(1u << 24) };
    enum status st = make_dictionary(&w, texts, count, err);
    for (uint32_t i = 0; i < count && !st; i++) {
        enum repetition r = repetition(texts, i);
        if (r != REPEATS_BYTES) st = put_text(&w, &texts[i], r == REPEATS_WORDS, err);
    }
    if (!st) put_all(out, &w);
    if (!st) st = buf_check(&w.texts, "the table of texts", err);
    if (!st) st = buf_check(&w.sequences, "the sequences of words", err);
    if (!st) st = buf_check(&w.names, "the names of texts", err);
    if (!st) st = buf_check(out, "the table of fingerprints", err);
    buf_release(&w.texts);
    buf_release(&w.sequences);
    buf_release(&w.names);
    mem_free(w.dictionary);
    return st;
}
