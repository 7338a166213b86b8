/* Candidates by pairs of words, then comparison in order.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_match.h"

#include <stdio.h>
#include <string.h>

#include "base/core/digest.h"
#include "base/core/mem.h"
#include "govern/licence/licence_align.h"
#include "govern/licence/licence_risk.h"

#define CANDIDATES          8
#define NEAR_DICE           0.40 /* below both, a text is not near to a known one */
#define NEAR_CONTAINED      0.60
#define NEAR_PAIRS_MIN      20 /* shorter texts are found in anything */
#define LINE_WORDS_MAX      40 /* a longer one is a paragraph that was joined */
#define SLOT_WORDS_MAX      20
#define LEFT_OVER_WORDS_MIN 60 /* shorter runs of words are no licence */
#define BROKEN_PIECES_MAX   3
#define PARAGRAPH_WORDS     8  /* a shorter run that is missing is no paragraph that was cut off */
#define TITLE_WORDS         16 /* a text's title is among its first */
#define LEFT_OVER_RUNS      8

struct candidate {
    uint32_t print;
    double dice, contained, rank;
};

struct matcher {
    const struct licence_prints *prints;
    const struct licence_words *words;
    uint16_t *ids;   /* [words->count] numbers of the dictionary */
    uint32_t *pairs; /* open addressing; 0: empty */
    uint32_t pair_mask, pair_count;
    struct candidate best[CANDIDATES];
    int best_count;
};

const char *licence_match_name(enum match_kind kind)
{
    static const char *const names[] = { "none", "near", "normalised", "exact" };
    return names[kind];
}

static uint32_t pair_of(uint16_t a, uint16_t b)
{
    return ((uint32_t)(a & 0x3FFF) << 14 | (b & 0x3FFF)) + 1;
}

static uint32_t pair_slot(const struct matcher *m, uint32_t pair)
{
    uint32_t at = (pair * 2654435761u) & m->pair_mask;
    while (m->pairs[at] && m->pairs[at] != pair)
        at = (at + 1) & m->pair_mask;
    return at;
}

static bool fill_pairs(struct matcher *m)
{
    uint32_t n = m->words->count, size = 64;
    while (size < 3 * (uint64_t)n)
        size *= 2;
    m->ids = mem_array(n + 1, sizeof *m->ids);
    m->pairs = mem_array(size, sizeof *m->pairs);
    if (!m->ids || !m->pairs) return false;
    m->pair_mask = size - 1;
    for (uint32_t i = 0; i < n; i++)
        m->ids[i] = licence_print_word(m->prints, m->words->words[i].hash);
    for (uint32_t i = 0; i + 1 < n; i++) {
        uint32_t pair = pair_of(m->ids[i], m->ids[i + 1]), at = pair_slot(m, pair);
        if (!m->pairs[at]) m->pair_count++;
        m->pairs[at] = pair;
    }
    return true;
}

static void consider(struct matcher *m, struct candidate c)
{
    if (c.dice < NEAR_DICE && c.contained < NEAR_CONTAINED) return;
    int at = m->best_count;
    while (at > 0 && m->best[at - 1].rank < c.rank) {
        if (at < CANDIDATES) m->best[at] = m->best[at - 1];
        at--;
    }
    if (at == CANDIDATES) return;
    m->best[at] = c;
    if (m->best_count < CANDIDATES) m->best_count++;
}

/* How many different pairs of the known text are also in this one. Pairs within a text repeat seldom;
 * counting repeats once too often moves a rank, not a verdict. */
static void rank_print(struct matcher *m, uint32_t index)
{
    struct licence_print p = licence_print_at(m->prints, index);
    uint32_t hits = 0;
    if (!p.sequence || p.words < NEAR_PAIRS_MIN) return;
    for (uint32_t i = 0; i + 1 < p.words; i++) {
        uint32_t pair = pair_of(licence_print_entry(&p, i), licence_print_entry(&p, i + 1));
        hits += m->pairs[pair_slot(m, pair)] == pair;
    }
    struct candidate c = { .print = index };
    c.dice = 2.0 * hits / ((double)p.words + m->words->count);
    c.contained = (double)hits / p.words;
    if (c.dice > 1) c.dice = 1;
    /* A short text inside another tells less than a long one that is nearly all of it. */
    c.rank = c.dice > c.contained * 0.75 ? c.dice : c.contained * 0.75;
    consider(m, c);
}

/* The copyright holder's name where BSD licences write it into their sentences. */
static bool is_name_slot(const struct matcher *m, const struct align_hunk *h)
{
    static const char *const before[] = { "neither the name of", "provided by", NULL };
    for (int i = 0; before[i]; i++) {
        uint32_t words = i == 0 ? 4 : 2;
        if (h->a_begin >= words && licence_phrase_at(m->words, h->a_begin - words, before[i]))
            return h->a_end > h->a_begin && h->a_end - h->a_begin <= 8 &&
                   h->b_end - h->b_begin <= 6;
    }
    return false;
}

static bool all_have(const struct licence_print *p, uint32_t begin, uint32_t end, uint16_t bits)
{
    for (uint32_t i = begin; i < end; i++)
        if (!(licence_print_entry(p, i) & bits)) return false;
    return true;
}

static bool all_markers(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        if (!(w->words[i].flags & WORD_MARKER)) return false;
    return true;
}

/* Whole copyright lines. */
static bool all_copyright(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    while (begin < end) {
        uint32_t line = licence_copyright_line(w, begin);
        if (!line || begin + line > end) return false;
        begin += line;
    }
    return true;
}

/* Words that a narrow line broke in two: "ChatG" "LM3" for one known word. */
static bool are_broken_words(const struct matcher *m, const struct licence_print *p,
                             const struct align_hunk *h)
{
    uint32_t at = h->a_begin;
    if (h->b_begin == h->b_end) /* "http" "s", where only the s is left over */
        return h->a_end == at + 1 && at > 0 && licence_word_is(m->words, at, "s") &&
               licence_word_is(m->words, at - 1, "http");
    for (uint32_t k = h->b_begin; k < h->b_end; k++) {
        char joined[LICENCE_WORD_BYTES_MAX];
        size_t len = 0;
        bool found = false;
        for (uint32_t pieces = 0; pieces < BROKEN_PIECES_MAX && at < h->a_end && !found; pieces++) {
            struct span piece = licence_word_text(m->words, at++);
            if (len + piece.len > sizeof joined) return false;
            memcpy(joined + len, piece.data, piece.len);
            len += piece.len;
            char word[LICENCE_WORD_BYTES_MAX];
            memcpy(word, joined, len);
            uint64_t hash = licence_word_hash(word, licence_word_spelling(word, (uint32_t)len));
            found = licence_print_word(m->prints, hash) == PRINT_WORD(licence_print_entry(p, k));
        }
        if (!found) return false;
    }
    return at == h->a_end;
}

/* One of the words with which the known text begins: its title is among them. */
static bool begins_known_text(const struct matcher *m, const struct licence_print *p, uint32_t i)
{
    for (uint32_t k = 0; k < TITLE_WORDS && k < p->words; k++)
        if (m->ids[i] == PRINT_WORD(licence_print_entry(p, k)) && m->ids[i] != PRINT_UNKNOWN)
            return !licence_word_is_risky(m->words, i);
    return false;
}

/* A line that is only a title, before or between paragraphs or at the head of a page: words of titles, or
 * those of this very text's. */
static bool is_title_line(const struct matcher *m, const struct licence_print *p, uint32_t begin,
                          uint32_t end)
{
    const struct licence_words *w = m->words;
    if (end - begin > 10 || !(w->words[begin].flags & WORD_LINE_START)) return false;
    if (end < w->count && !(w->words[end].flags & WORD_LINE_START)) return false;
    for (uint32_t i = begin; i < end; i++)
        if (!licence_words_are_title(w, i, i + 1) && !begins_known_text(m, p, i)) return false;
    return true;
}

/* "3", "Page 3 of 7" as a paragraph of its own: what a printed page ends or begins with. */
static bool is_page_number(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    uint32_t at = begin;
    if (!(w->words[begin].flags & WORD_PARAGRAPH)) return false;
    if (end < w->count && !(w->words[end].flags & WORD_PARAGRAPH)) return false;
    if (licence_word_is(w, at, "page")) at++;
    if (at == end || !(w->words[at].flags & WORD_NUMBER) || licence_word_text(w, at).len > 3)
        return false;
    at++;
    if (at + 2 == end && (licence_word_is(w, at, "of") || licence_word_is(w, at, "from"))) at++;
    else if (at + 1 != end && at != end) return false;
    return at == end ||
           (at + 1 == end && w->words[at].flags & WORD_NUMBER && licence_word_text(w, at).len <= 3);
}

/* Another's copyright line in one piece: no paragraph begins among the words but a copyright line, and
 * where their own line begins like one, it is one. */
static bool is_one_line(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    uint32_t line = begin, next = begin + 1;
    for (uint32_t i = begin; i < end; i++)
        if (w->words[i].flags & WORD_PARAGRAPH && !licence_copyright_line(w, i)) return false;
    if (begin >= w->count) return true;
    while (line > 0 && !(w->words[line].flags & WORD_LINE_START))
        line--;
    while (next < w->count && !(w->words[next].flags & WORD_LINE_START))
        next++;
    bool begins_like_one = licence_word_is(w, line, "copyright") && next - line <= LINE_WORDS_MAX;
    return !begins_like_one || licence_copyright_line(w, line) > 0;
}

static bool is_near_slot(const struct licence_print *p, const struct align_hunk *h)
{
    return (h->b_begin > 0 && licence_print_entry(p, h->b_begin - 1) & PRINT_WORD_SLOT) ||
           (h->b_end < p->words && licence_print_entry(p, h->b_end) & PRINT_WORD_SLOT) ||
           (h->b_end > h->b_begin && licence_print_entry(p, h->b_begin) & PRINT_WORD_SLOT);
}

/* A holder's name in the known text's copyright line; a year is none. */
static bool is_name(const struct matcher *m, const struct licence_print *p,
                    const struct align_hunk *h)
{
    const struct licence_words *w = m->words;
    if (!is_near_slot(p, h)) return false;
    for (uint32_t i = h->a_begin; i < h->a_end; i++)
        if (!(w->words[i].flags & WORD_NUMBER) && !licence_words_are_title(w, i, i + 1))
            return true;
    return false;
}

/* May the text have these words where the known one has those? */
static bool is_harmless(const struct matcher *m, const struct licence_print *p,
                        const struct align_hunk *h)
{
    const struct licence_words *w = m->words;
    uint32_t added = h->a_end - h->a_begin;
    bool slot_near = is_near_slot(p, h);
    bool is_slot = (h->b_end > h->b_begin || slot_near) && added <= SLOT_WORDS_MAX &&
                   is_one_line(w, h->a_begin, h->a_end) &&
                   licence_words_are_names(w, h->a_begin, h->a_end);
    if (h->b_end > h->b_begin && all_have(p, h->b_begin, h->b_end, PRINT_WORD_SLOT) && is_slot)
        return true;
    if (are_broken_words(m, p, h)) return true;
    bool left_out = all_have(p, h->b_begin, h->b_end, PRINT_WORD_SLOT | PRINT_WORD_OMITTABLE);
    if (!left_out) return is_name_slot(m, h) && licence_words_are_names(w, h->a_begin, h->a_end);
    if (!added || all_markers(w, h->a_begin, h->a_end) || all_copyright(w, h->a_begin, h->a_end))
        return true;
    if (is_title_line(m, p, h->a_begin, h->a_end) || is_page_number(w, h->a_begin, h->a_end))
        return true;
    return h->b_begin == h->b_end && slot_near && is_slot;
}

static enum status keep_differences(struct licence_match *ret, const struct matcher *m,
                                    const struct licence_print *p, const struct align_result *r,
                                    struct error *err)
{
    bool all_harmless = true;
    ret->count = r->count < MATCH_DIFFERENCES_MAX ? r->count : MATCH_DIFFERENCES_MAX;
    ret->differences = mem_array(ret->count + 1, sizeof *ret->differences);
    if (!ret->differences)
        return error_set(err, STATUS_NO_MEMORY, "no memory for %u differences", ret->count);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct align_hunk *h = &r->hunks[i];
        bool harmless = is_harmless(m, p, h);
        all_harmless &= harmless;
        if (i >= ret->count) continue;
        struct match_difference *d = &ret->differences[i];
        d->words = h->a_end - h->a_begin;
        d->missing = h->b_end - h->b_begin;
        d->harmless = harmless;
        d->name = is_name(m, p, h);
        uint32_t at = h->a_begin < m->words->count ? h->a_begin : m->words->count - 1;
        d->begin = m->words->words[at].begin;
        d->end = d->words ? m->words->words[h->a_end - 1].end : d->begin;
    }
    ret->kind = all_harmless ? MATCH_NORMALISED : MATCH_NEAR;
    return STATUS_OK;
}

static enum status compare(struct licence_match *ret, const struct matcher *m, uint32_t index,
                           struct error *err)
{
    struct licence_print p = licence_print_at(m->prints, index);
    struct align_result r = { 0 };
    uint16_t *known = mem_array(p.words + 1, sizeof *known);
    if (!known) return error_set(err, STATUS_NO_MEMORY, "no memory for %u words", p.words);
    for (uint32_t i = 0; i < p.words; i++)
        known[i] = PRINT_WORD(licence_print_entry(&p, i));
    enum status st = licence_align(&r, m->ids, m->words->count, known, p.words, err);
    mem_free(known);
    if (!st) st = keep_differences(ret, m, &p, &r, err);
    if (!st) {
        snprintf(ret->id, sizeof ret->id, "%s", p.id);
        ret->flags = p.flags;
        ret->same = 2.0 * r.equal / ((double)p.words + m->words->count);
        ret->contained = p.words ? (double)r.equal / p.words : 0;
    }
    align_result_release(&r);
    return st;
}

static uint32_t words_added(const struct licence_match *m)
{
    uint32_t added = 0;
    for (uint32_t i = 0; i < m->count; i++)
        added += m->differences[i].words;
    return added;
}

static bool has_name(const struct licence_match *m)
{
    bool found = false;
    for (uint32_t i = 0; i < m->count; i++)
        found |= m->differences[i].name;
    return found;
}

/* The longest run of words that the known text has and this one has not. */
static uint32_t words_cut(const struct licence_match *m)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->differences[i].missing > most) most = m->differences[i].missing;
    return most;
}

static double score(const struct licence_match *m)
{
    return m->same > 0.75 * m->contained ? m->same : 0.75 * m->contained;
}

/* Whether `a` describes the text better than `b`. A text that is all of one licence but for the name in
 * its copyright line, and a part of another one with that very name, is more likely the other one with a
 * paragraph cut off: what MiniMax M2's licence becomes without its last one. */
static bool is_better(const struct licence_match *a, const struct licence_match *b)
{
    if (!b->kind) return true;
    /* The same words under several names: the plainest one. */
    if (a->kind == b->kind && score(a) == score(b)) return strlen(a->id) < strlen(b->id);
    if (a->kind == b->kind) return score(a) > score(b);
    const struct licence_match *form = a->kind > b->kind ? a : b, *near = form == a ? b : a;
    bool cut_off = has_name(form) && !words_added(near) && words_cut(near) >= PARAGRAPH_WORDS;
    return cut_off ? near == a : form == a;
}

/* The candidate whose differences are all harmless, or the one that agrees in most words. */
static enum status compare_candidates(struct licence_match *ret, struct matcher *m,
                                      struct error *err)
{
    enum status st = STATUS_OK;
    struct licence_match best = { 0 };
    for (int i = 0; i < m->best_count && !st; i++) {
        struct licence_match one = { 0 };
        st = compare(&one, m, m->best[i].print, err);
        bool better = !st && is_better(&one, &best);
        struct licence_match worse = better ? best : one;
        if (better) best = one;
        licence_match_release(&worse);
    }
    if (st) licence_match_release(&best);
    else *ret = best;
    return st;
}

static void match_whole(struct licence_match *ret, const struct licence_print *p,
                        enum match_kind kind)
{
    *ret = (struct licence_match){ .kind = kind, .flags = p->flags, .same = 1, .contained = 1 };
    snprintf(ret->id, sizeof ret->id, "%s", p->id);
}

static enum status match_digests(struct licence_match *ret, const struct licence_prints *prints,
                                 struct span text, const struct licence_words *words,
                                 struct error *err)
{
    uint8_t file[32], folded[32];
    enum status st = sha256_of(text.data ? text.data : "", text.len, file, err);
    if (!st) st = licence_words_digest(words, folded, err);
    if (st) return st;
    for (uint32_t i = 0; i < prints->count && ret->kind != MATCH_EXACT; i++) {
        struct licence_print p = licence_print_at(prints, i);
        if (memcmp(p.words_digest, folded, PRINT_DIGEST_BYTES) != 0) continue;
        bool same_bytes = memcmp(p.file_digest, file, PRINT_DIGEST_BYTES) == 0;
        match_whole(ret, &p, same_bytes ? MATCH_EXACT : MATCH_NORMALISED);
    }
    return STATUS_OK;
}

/* Ranks all texts against the words and compares with the best. */
static enum status match_words(struct licence_match *ret, const struct licence_prints *prints,
                               const struct licence_words *words, struct error *err)
{
    struct matcher m = { .prints = prints, .words = words };
    enum status st = STATUS_OK;
    if (!fill_pairs(&m)) st = error_set(err, STATUS_NO_MEMORY, "no memory to compare licences");
    for (uint32_t i = 0; i < prints->count && !st; i++)
        rank_print(&m, i);
    if (!st) st = compare_candidates(ret, &m, err);
    mem_free(m.ids);
    mem_free(m.pairs);
    return st;
}

/* The words that lie in the text's bytes [begin, end), as a text of its own. */
static struct licence_words part_of(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    uint32_t first = 0, last;
    while (first < w->count && w->words[first].begin < begin)
        first++;
    last = first;
    while (last < w->count && w->words[last].end <= end)
        last++;
    struct licence_words part = *w;
    part.words += first;
    part.at += first;
    part.count = last - first;
    if (last < w->count) part.folded_bytes = w->at[last] - 1;
    return part;
}

/* Long runs of words beside the nearest text may be another licence. */
static enum status match_left_over(struct licence_match *m, const struct licence_prints *prints,
                                   const struct licence_words *words, struct error *err)
{
    int found = 0, looked = 0;
    enum status st = STATUS_OK;
    for (uint32_t i = 0; i < m->count && found < MATCH_ALSO_MAX && looked < LEFT_OVER_RUNS && !st;
         i++) {
        const struct match_difference *d = &m->differences[i];
        if (d->harmless || d->words < LEFT_OVER_WORDS_MIN) continue;
        struct licence_words part = part_of(words, d->begin, d->end);
        struct licence_match also = { 0 };
        looked++;
        st = match_words(&also, prints, &part, err);
        if (!st && also.kind && strcmp(also.id, m->id) != 0)
            memcpy(m->also[found++], also.id, sizeof also.id);
        licence_match_release(&also);
    }
    return st;
}

enum status licence_match(struct licence_match *ret, const struct licence_prints *prints,
                          struct span text, const struct licence_words *words, struct error *err)
{
    struct licence_match found = { 0 };
    enum status st = words->count ? match_digests(&found, prints, text, words, err) : STATUS_OK;
    if (!st && !found.kind && words->count && words->count <= ALIGN_WORDS_MAX)
        st = match_words(&found, prints, words, err);
    if (!st && found.kind == MATCH_NEAR) st = match_left_over(&found, prints, words, err);
    if (st) licence_match_release(&found);
    else *ret = found;
    return st;
}

void licence_match_release(struct licence_match *m)
{
    mem_free(m->differences);
    *m = (struct licence_match){ 0 };
}
