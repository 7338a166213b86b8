/* Amounts as licences write them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "govern/licence/licence_clause.h"

#define AMOUNT_MAX ((int64_t)1 << 60)

static int64_t times(int64_t a, int64_t b)
{
    return b && a > AMOUNT_MAX / b ? AMOUNT_MAX : a * b;
}

/* "20", and behind it "m" where letters are glued to the digits. False: no digits first. */
static bool digits_of(struct span word, int64_t *ret, struct span *ret_unit)
{
    size_t i = 0;
    int64_t v = 0;
    while (i < word.len && word.data[i] >= '0' && word.data[i] <= '9') {
        if (v < AMOUNT_MAX / 10) v = v * 10 + (word.data[i] - '0');
        i++;
    }
    *ret = v;
    *ret_unit = (struct span){ word.data + i, word.len - i };
    return i > 0;
}

/* No "b": 14B is how models are counted. */
static int64_t unit_of(struct span word)
{
    static const struct {
        const char *name;
        int64_t factor;
    } units[] = {
        { "thousand", 1000 },   { "k", 1000 },
        { "million", 1000000 }, { "millions", 1000000 },
        { "m", 1000000 },       { "mn", 1000000 },
        { "mm", 1000000 },      { "billion", 1000000000 },
        { "bn", 1000000000 },   { "hundred", 100 },
        { "crore", 10000000 },  { "lakh", 100000 },
        { "万", 10000 },        { "亿", 100000000 },
        { "千", 1000 },         { "百", 100 },
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (span_equals(word, units[i].name)) return units[i].factor;
    return 0;
}

static int64_t spelled(struct span word)
{
    static const char *const names[] = { "one", "two",   "three", "four", "five",
                                         "six", "seven", "eight", "nine", "ten" };
    static const char *const han[] = { "一", "二", "三", "四", "五", "六", "七", "八", "九", "十" };
    for (int i = 0; i < 10; i++)
        if (span_equals(word, names[i]) || span_equals(word, han[i])) return i + 1;
    return 0;
}

/* Groups of three digits after a comma: "100,000,000". */
static uint32_t add_groups(const struct licence_words *w, uint32_t i, uint32_t end, int64_t *v)
{
    uint32_t used = 0;
    while (i + used < end) {
        struct span word = licence_word_text(w, i + used), unit;
        int64_t group;
        uint32_t gap = w->words[i + used].begin - w->words[i + used - 1].end;
        if (word.len != 3 || gap > 2 || !digits_of(word, &group, &unit) || unit.len) break;
        *v = times(*v, 1000) + group;
        used++;
    }
    return used;
}

uint32_t licence_amount_at(const struct licence_words *w, uint32_t i, uint32_t end, int64_t *ret)
{
    struct span word = licence_word_text(w, i), unit;
    int64_t v, factor;
    uint32_t used = 1;
    bool has_unit = false;
    if (!digits_of(word, &v, &unit)) {
        v = spelled(word);
        if (!v && i + 1 < end && unit_of(word) >= 100 && unit_of(licence_word_text(w, i + 1)))
            v = 1, used = 0; /* "hundred million" */
        if (!v) return 0;
        if (used && (i + 1 == end || !unit_of(licence_word_text(w, i + 1)))) return 0;
    } else if (unit.len) {
        factor = unit_of(unit);
        if (!factor) return 0;
        v = times(v, factor);
        has_unit = true;
    } else {
        used += add_groups(w, i + 1, end, &v);
    }
    while (!has_unit && i + used < end && (factor = unit_of(licence_word_text(w, i + used)))) {
        v = times(v, factor);
        used++;
    }
    *ret = v;
    return used ? used : 1;
}
