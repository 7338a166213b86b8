/* Words that could be terms, and words that could not.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_risk.h"

#include <string.h>

/* Folded words, and beginnings of words (with *). A name of a person or a company seldom looks so; if it
 * does, a person looks at one text more. */
static const char *const risky[] = {
    "not",         "never",
    "none",        "nor",
    "neither",     "nothing",
    "no",          "non",
    "only",        "unless",
    "except*",     "exclu*",
    "must",        "shall",
    "may",         "can",
    "cannot",      "prohib*",
    "forbid*",     "restrict*",
    "limit*",      "commerc*",
    "use",         "used",
    "uses",        "using",
    "usage",       "user*",
    "licens*",     "permi*",
    "term",        "terms",
    "agree*",      "require*",
    "without",     "revenue*",
    "territor*",   "europe*",
    "militar*",    "purpose*",
    "condition*",  "subject",
    "train*",      "output*",
    "distribut*",  "modif*",
    "derivat*",    "grant*",
    "if",          "provided",
    "person*",     "regist*",
    "appl*",       "contact",
    "free",        "fee*",
    "pay*",        "paid",
    "sell*",       "sale*",
    "month*",      "annual*",
    "million*",    "billion*",
    "outside",     "within",
    "obtain*",     "written",
    "consent*",    "prior",
    "evaluat*",    "noncomm*",
    "you",         "your",
    "any",         "illegal*",
    "lawful*",     "unlawful*",
    "access*",     "deploy*",
    "run",         "runs",
    "host*",       "service*",
    "product*",    "display*",
    "unauthor*",   "approv*",
    "revo*",       "terminat*",
    "void",        "apart",
    "instead",     "supersed*",
    "govern*",     "expire*",
    "until",       "academic",
    "internal",    "private*",
    "addition*",   "amend*",
    "authoriz*",   "<hidden>",
    "eu",          "countr*",
    "embargo*",    "nation*",
    "citizen*",    "trial*",
    "delet*",      "omit*",
    "withdraw*",   "withdrawn",
    "remov*",      "section*",
    "clause*",     "confidential",
    "proprietary", "secret*",
    "demo",        "demonstration*",
    "nc",          "commons clause",
    "busl",        "mau",
    "dau",         "compan*",
    "business*",   "individual*",
    "educat*",     "student*",
};
/* The same in other languages: what denies, limits, forbids, researches, sells. */
static const char *const risky_abroad[] = {
    /* German */
    "nur",
    "nicht",
    "kein*",
    "ohne",
    "ausschlie*",
    "ausgenommen",
    "verboten",
    "untersagt",
    "forschung*",
    "kommerzi*",
    "gewerb*",
    "genehmig*",
    "zustimmung",
    "lizenz*",
    "nutzung*",
    "privat",
    "intern",
    /* French */
    "uniquement",
    "seulement",
    "sauf",
    "interdi*",
    "recherche",
    "sans",
    "hors",
    "payant*",
    "pas",
    /* Spanish, Portuguese, Italian */
    "solo",
    "sólo",
    "sin",
    "sem",
    "senza",
    "comerci*",
    "investigaci*",
    "pesquisa",
    "ricerca",
    "uso",
    "apenas",
    "somente",
    "proibid*",
    "vietat*",
    "soltanto",
    "esclus*",
    "não",
    /* Danish, Norwegian, Swedish */
    "kun",
    "ikke",
    "inte",
    "endast",
    "bara",
    "kommersi*",
    "kommerc*",
    /* Dutch, Polish, Turkish, Vietnamese */
    "alleen",
    "niet",
    "geen",
    "onderzoek",
    "tylko",
    "zakaz*",
    "niekomerc*",
    "yasak*",
    "ticari",
    "không",
    "cấm",
    /* Russian, Ukrainian */
    "не",
    "только",
    "запрещ*",
    "исслед*",
    "коммерч*",
    "некоммерч*",
    "кроме",
    "без",
    "лиценз*",
    "лише",
};
/* Where a beginning is too short to tell. */
static const char *const harmless[] = { "apple", "applied", "apples", "payne", "hostinger" };

/* What negates, forbids, limits or sells, in Chinese. */
static const char risky_cjk[] = "不禁仅非商限得许勿须应经未除止授权用费專専許禁";

/* Hiragana joins the words of a sentence, and a word of Hangul is several syllables here: both are seldom in
 * a name that stands in a text in English. */
static bool is_sentence_script(struct span word)
{
    const unsigned char *p = (const unsigned char *)word.data;
    if (word.len < 3) return false;
    bool hiragana = p[0] == 0xE3 && (p[1] == 0x81 || (p[1] == 0x82 && p[2] < 0xA0));
    return hiragana || (p[0] >= 0xEA && p[0] <= 0xED);
}

/* Words written as one: "notforcommercialuse". */
static bool holds_a_term(struct span word)
{
    static const char *const parts[] = { "commerc", "licens",   "prohib",   "forbid",
                                         "restric", "evaluati", "grantedt", "permitte" };
    if (word.len < 12) return false;
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        for (size_t at = 0; at + strlen(parts[k]) <= word.len; at++)
            if (memcmp(word.data + at, parts[k], strlen(parts[k])) == 0) return true;
    return false;
}

bool licence_word_is_risky(const struct licence_words *w, uint32_t i)
{
    struct span word = licence_word_text(w, i);
    if (holds_a_term(word)) return true;
    if (is_sentence_script(word)) return true;
    if (word.len && (unsigned char)word.data[0] >= 0xE0 && (unsigned char)word.data[0] < 0xF0) {
        for (size_t k = 0; k + 3 <= sizeof risky_cjk - 1; k += 3)
            if (word.len >= 3 && memcmp(word.data, risky_cjk + k, 3) == 0) return true;
    }
    for (size_t k = 0; k < sizeof harmless / sizeof *harmless; k++)
        if (span_equals(word, harmless[k])) return false;
    for (size_t k = 0; k < sizeof risky / sizeof *risky; k++)
        if (licence_phrase_at(w, i, risky[k])) return true;
    for (size_t k = 0; k < sizeof risky_abroad / sizeof *risky_abroad; k++)
        if (licence_phrase_at(w, i, risky_abroad[k])) return true;
    return false;
}

/* An initial ends no sentence, nor "Inc." before the last word of a line: 'Internet Systems Consortium, Inc.
 * ("ISC")'. */
static bool ends_a_name(const struct licence_words *w, uint32_t i)
{
    static const char *const short_words[] = { "inc", "ltd", "co", "corp" };
    bool last = i + 1 == w->count || w->words[i + 1].flags & WORD_LINE_START;
    if (i > 0 && licence_word_text(w, i - 1).len == 1) return true;
    for (size_t k = 0; last && i > 0 && k < sizeof short_words / sizeof *short_words; k++)
        if (licence_word_is(w, i - 1, short_words[k])) return true;
    return false;
}

/* After a full stop only what copyright lines go on with: "Inc. and others. All rights reserved." */
static bool begins_a_sentence(const struct licence_words *w, uint32_t i)
{
    static const char *const goes_on[] = { "all", "and",      "or",  "inc", "ltd",
                                           "co",  "corp",     "llc", "c",   "copyright",
                                           "a",   "portions", "et" };
    if (!(w->words[i].flags & WORD_SENTENCE) || w->words[i].flags & WORD_NUMBER) return false;
    if (ends_a_name(w, i)) return false;
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

/* What stands between names and around them. */
static const char *const between[] = {
    "a",
    "an",
    "company",
    "c",
    "copyright",
    "portions",
    "parts",
    "the",
    "of",
    "and",
    "or",
    "by",
    "de",
    "der",
    "den",
    "van",
    "von",
    "la",
    "le",
    "et",
    "al",
    "inc",
    "ltd",
    "llc",
    "co",
    "corp",
    "gmbh",
    "ag",
    "sa",
    "bv",
    "all",
    "rights",
    "reserved",
    "author",
    "authors",
    "contributors",
    "contributor",
    "project",
    "team",
    "group",
    "developers",
    "foundation",
    "others",
    "other",
    "its",
    "their",
    "affiliates",
    "holder",
    "holders",
    "owner",
    "year",
    "years",
    "present",
    "regents",
    "university",
    "institute",
    "organization",
    "organisation",
    "http",
    "www",
    "nor",
    "names",
};

/* A word that names somebody: written with a capital, a number, part of an address, of a script without
 * capitals, or what stands between names. */
static bool is_name_word(const struct licence_words *w, uint32_t i)
{
    const struct licence_word *word = &w->words[i];
    if (word->flags & (WORD_CAPITAL | WORD_NUMBER | WORD_GLUED | WORD_MARKER)) return true;
    if (i + 1 < w->count && w->words[i + 1].flags & WORD_GLUED) return true;
    unsigned char first = (unsigned char)licence_word_text(w, i).data[0];
    if (first >= 0xE0 || (first >= '0' && first <= '9')) return true;
    for (size_t k = 0; k < sizeof between / sizeof *between; k++)
        if (licence_word_is(w, i, between[k])) return true;
    return false;
}

/* A word without a capital is somebody's login where it is the only name, or somebody's friends behind "and";
 * elsewhere it may be a term in a language that is not known here. */
bool licence_words_are_names(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    int other = 0, capitals = 0;
    for (uint32_t i = begin; i < end; i++) {
        bool joined = i > 0 && licence_word_is(w, i - 1, "and");
        if (!is_name_word(w, i)) other += joined ? 1 : 2;
        capitals += w->words[i].flags & WORD_CAPITAL && !licence_word_is(w, i, "copyright") &&
                    !licence_word_is(w, i, "c");
    }
    return other <= (capitals ? 1 : 2) && !licence_words_are_risky(w, begin, end);
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
    if (!names_a_year(w, i, end) || !licence_words_are_names(w, i, end)) return 0;
    return end - i;
}

bool licence_words_are_title(const struct licence_words *w, uint32_t begin, uint32_t end)
{
    static const char *const title[] = { "the",   "license", "agreement", "version", "mit",
                                         "expat", "apache",  "bsd",       "clause",  "isc",
                                         "gnu",   "openmdw", "txt",       "md" };
    for (uint32_t i = begin; i < end; i++) {
        bool known = (w->words[i].flags & WORD_NUMBER) &&
                     w->at[i + 1 < w->count ? i + 1 : i] - w->at[i] <= 2;
        for (size_t k = 0; k < sizeof title / sizeof *title && !known; k++)
            known = licence_word_is(w, i, title[k]);
        if (!known) return false;
    }
    return true;
}
