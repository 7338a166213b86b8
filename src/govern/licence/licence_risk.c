/* Words that could be terms, and words that could not.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_risk.h"

#include <string.h>

/* Folded words, and beginnings of words (with *). A name of a person or a company seldom looks so; if it
 * does, a person looks at one text more. */
static const char *const risky[] = {
    "not",       "never",     "none",       "nor",      "neither",   "nothing",    "no",
    "non",       "only",      "unless",     "except*",  "exclu*",    "must",       "shall",
    "may",       "can",       "cannot",     "prohib*",  "forbid*",   "restrict*",  "limit*",
    "commerc*",  "use",       "used",       "uses",     "using",     "usage",      "user*",
    "licens*",   "permi*",    "term",       "terms",    "agree*",    "require*",   "without",
    "revenue*",  "territor*", "europe*",    "militar*", "purpose*",  "condition*", "subject",
    "train*",    "output*",   "distribut*", "modif*",   "derivat*",  "grant*",     "if",
    "provided",  "person*",   "regist*",    "appl*",    "contact",   "free",       "fee*",
    "pay*",      "paid",      "sell*",      "sale*",    "month*",    "annual*",    "million*",
    "billion*",  "outside",   "within",     "obtain*",  "written",   "consent*",   "prior",
    "evaluat*",  "noncomm*",  "you",        "your",     "any",       "illegal*",   "lawful*",
    "unlawful*", "access*",   "deploy*",    "run",      "runs",      "host*",      "service*",
    "product*",  "display*",  "unauthor*",  "approv*",  "revo*",     "terminat*",  "void",
    "apart",     "instead",   "supersed*",  "govern*",  "expire*",   "until",      "academic",
    "internal",  "private*",  "addition*",  "amend*",   "authoriz*", "<hidden>",   "eu",
    "countr*",   "embargo*",  "nation*",    "citizen*",
};
/* Where a beginning is too short to tell. */
static const char *const harmless[] = { "apple", "applied", "apples", "payne", "hostinger" };

/* What negates, forbids, limits or sells, in Chinese. */
static const char risky_cjk[] = "不禁仅非商限得许勿须应经未除止授权用费";

bool licence_word_is_risky(const struct licence_words *w, uint32_t i)
{
    struct span word = licence_word_text(w, i);
    if (word.len && (unsigned char)word.data[0] >= 0xE0) {
        for (size_t k = 0; k + 3 <= sizeof risky_cjk - 1; k += 3)
            if (word.len >= 3 && memcmp(word.data, risky_cjk + k, 3) == 0) return true;
        return false;
    }
    for (size_t k = 0; k < sizeof harmless / sizeof *harmless; k++)
        if (span_equals(word, harmless[k])) return false;
    for (size_t k = 0; k < sizeof risky / sizeof *risky; k++)
        if (licence_phrase_at(w, i, risky[k])) return true;
    return false;
}

/* After a full stop only what copyright lines go on with: "Inc. and others. All rights reserved." */
static bool begins_a_sentence(const struct licence_words *w, uint32_t i)
{
    static const char *const goes_on[] = { "all", "and",      "or",  "inc", "ltd",
                                           "co",  "corp",     "llc", "c",   "copyright",
                                           "a",   "portions", "et" };
    if (!(w->words[i].flags & WORD_SENTENCE) || w->words[i].flags & WORD_NUMBER) return false;
    for (size_t k = 0; k < sizeof goes_on / sizeof *goes_on; k++)
        if (licence_word_is(w, i, goes_on[k])) return false;
    return true;
}

bool licence_words_are_risky(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        if (licence_word_is_risky(w, i) || (i > begin && begins_a_sentence(w, i))) return true;
    return false;
}

/* A year or what stands for one among the first words: "copyright notice" begins no copyright line. */
static bool names_a_year(const struct licence_words *w, uint32_t i, uint32_t end)
{
    static const char *const stands_for[] = { "c",  "year", "years", "yyyy",
                                              "yy", "xxxx", "19xx",  "20xx" };
    for (uint32_t k = i + 1; k < end && k < i + 5; k++) {
        uint32_t len = (uint32_t)licence_word_text(w, k).len;
        if (w->words[k].flags & WORD_NUMBER && len == 4) return true;
        for (size_t n = 0; n < sizeof stands_for / sizeof *stands_for; n++)
            if (licence_word_is(w, k, stands_for[n])) return true;
    }
    return false;
}

uint32_t licence_copyright_line(const struct licence_words *w, uint32_t i)
{
    uint32_t end = i + 1;
    if (!(w->words[i].flags & WORD_LINE_START)) return 0;
    if (!licence_word_is(w, i, "copyright") && !licence_word_is(w, i, "c") &&
        !licence_word_is(w, i, "portions"))
        return 0;
    while (end < w->count && !(w->words[end].flags & WORD_LINE_START))
        end++;
    if (end - i > COPYRIGHT_LINE_WORDS_MAX || end - i < 2) return 0;
    if (!names_a_year(w, i, end) || licence_words_are_risky(w, i, end)) return 0;
    return end - i;
}

bool licence_words_are_title(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    static const char *const title[] = { "the",    "license", "agreement", "version",
                                         "mit",    "expat",   "apache",    "bsd",
                                         "clause", "isc",     "gnu",       "openmdw" };
    for (uint32_t i = begin; i < end; i++) {
        bool known = (w->words[i].flags & WORD_NUMBER) &&
                     w->at[i + 1 < w->count ? i + 1 : i] - w->at[i] <= 2;
        for (size_t k = 0; k < sizeof title / sizeof *title && !known; k++)
            known = licence_word_is(w, i, title[k]);
        if (!known) return false;
    }
    return true;
}
