/* Characters that nobody sees, in texts that people or models read.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is found, and what honest texts do with the same characters (Unicode 15, chapter 23; UTS #51 for emoji):
 *
 *   tags U+E0000..7F          spell hidden ASCII; honest after the black flag U+1F3F4 (England, Scotland, Wales)
 *   U+202A..2E, U+2066..69    change the order in which text is seen; honest on lines with Hebrew or Arabic
 *   zero width                joiners are honest beside Arabic and Indic letters and in emoji, spaces beside Thai,
 *                             Khmer, Chinese ...; four in a row, or one within a Latin word, are not
 *   variation selectors       one behind a character is honest; a run of them carries bytes
 *   ESC, BS, CSI              terminals obey them
 *   letters that look alike   a word with some of another alphabet is another word for programs
 *
 * In prose that is asked about; in what becomes part of prompts (templates, special tokens) and in settings
 * nothing invisible has a use at all. */
#include <stdio.h>
#include <string.h>

#include "base/core/utf8.h"
#include "govern/scan/scan_inner.h"
#include "govern/scan/scan_lookalike.h"

#define RUN_MAX       4   /* zero-width characters in a row that are too many */
#define SELECTORS_MAX 3   /* in a row */
#define SCATTERED_MAX 64  /* zero-width characters in a file's prose, each harmless */
#define SHOWN_BYTES   120 /* of the text around a finding */
#define DECODED_MAX   200
#define FINDINGS_MAX  32 /* in one text; a file has a limit of its own */

enum sort {
    SORT_VISIBLE,
    SORT_TAG,
    SORT_SELECTOR,
    SORT_ZERO_WIDTH,
    SORT_ORDER, /* embeddings, overrides, isolates */
    SORT_MARK,  /* LRM, RLM, ALM, soft hyphen: they only hint */
};

/* Invisible characters that follow each other. */
struct run {
    size_t begin, count;
    size_t counts[SORT_MARK + 1];
    uint32_t first, last;
    char decoded[DECODED_MAX + 4]; /* what tags or selectors spell */
    size_t decoded_len;
};

struct reader {
    struct scan *s;
    const struct scan_part *part;
    const char *text;
    size_t len, at;
    enum scan_place place;
    struct run run;
    struct lookalike word;
    uint32_t before; /* the run; 0 at the beginning */
    size_t order_at; /* of the line's first control of direction */
    bool line_has_rtl, line_has_order, line_has_override;
    size_t scattered, scattered_at, tagged_letters, bad_bytes, nuls, findings;
};

static enum sort sort_of(uint32_t c)
{
    if (c >= 0xE0000 && c <= 0xE007F) return SORT_TAG;
    if ((c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF)) return SORT_SELECTOR;
    if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069)) return SORT_ORDER;
    if (c == 0x200E || c == 0x200F || c == 0x061C || c == 0x00AD) return SORT_MARK;
    return scan_invisible(c) ? SORT_ZERO_WIDTH : SORT_VISIBLE;
}

static bool is_rtl(uint32_t c)
{
    return (c >= 0x0590 && c <= 0x08FF) || (c >= 0xFB1D && c <= 0xFDFF) ||
           (c >= 0xFE70 && c <= 0xFEFC) || (c >= 0x10800 && c <= 0x10FFF) ||
           (c >= 0x1E800 && c <= 0x1EEFF);
}

static bool is_ascii_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Scripts whose letters join or do not, and symbols that are joined to one emoji. */
static bool joins(uint32_t c)
{
    return (c >= 0x0590 && c <= 0x1FFF) || (c >= 0x2190 && c <= 0x2BFF) ||
           (c >= 0xA800 && c <= 0xABFF) || is_rtl(c) || (c >= 0x11000 && c <= 0x11FFF) ||
           (c >= 0x1F000 && c <= 0x1FBFF) || c == 0x00A9 || c == 0x00AE || c == 0x203C ||
           c == 0x2049 || c == 0x3030 || c == 0x303D || c == 0x3297 || c == 0x3299;
}

/* Scripts that are written without spaces, where a zero-width one says where a line may end; and Hangul, whose
 * fillers have no width. */
static bool needs_breaks(uint32_t c)
{
    return (c >= 0x0E00 && c <= 0x109F) || (c >= 0x1100 && c <= 0x11FF) ||
           (c >= 0x1780 && c <= 0x18AF) || (c >= 0x1950 && c <= 0x1AAF) ||
           (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7FF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF00 && c <= 0xFF9F) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/* ---- findings ---- */

static struct span around(const struct reader *r, size_t begin, size_t end)
{
    size_t from = begin > SHOWN_BYTES / 4 ? begin - SHOWN_BYTES / 4 : 0;
    size_t to = r->len - end > SHOWN_BYTES / 2 ? end + SHOWN_BYTES / 2 : r->len;
    while (from < begin && ((unsigned char)r->text[from] & 0xC0) == 0x80)
        from++;
    while (to > end && to < r->len && ((unsigned char)r->text[to] & 0xC0) == 0x80)
        to--;
    return (struct span){ r->text + from, to - from };
}

static void found(struct reader *r, enum scan_rule_id rule, enum scan_answer answer, size_t at,
                  struct span quote, const char *words)
{
    if (r->findings++ < FINDINGS_MAX) scan_add(r->s, r->part, rule, answer, at, quote, "%s", words);
}

static void found_run(struct reader *r, enum scan_rule_id rule, enum scan_answer answer,
                      const char *words)
{
    found(r, rule, answer, r->run.begin, around(r, r->run.begin, r->at), words);
}

/* What is hidden is shown, as far as it is text. */
static void found_decoded(struct reader *r, enum scan_rule_id rule, const char *what)
{
    struct run *n = &r->run;
    char words[200];
    snprintf(words, sizeof words, "%zu %s in a row, which nobody sees, spell what the quote shows",
             n->count, what);
    found(r, rule, r->place == PLACE_PROSE ? SCAN_ASK : SCAN_DENY, n->begin,
          (struct span){ n->decoded, n->decoded_len }, words);
}

/* ---- runs ---- */

static void decode(struct run *n, uint32_t c)
{
    char byte;
    if (c >= 0xE0000 && c <= 0xE007F) byte = (char)(c - 0xE0000);
    else if (c >= 0xFE00 && c <= 0xFE0F) byte = (char)(c - 0xFE00);
    else byte = (char)(c - 0xE0100 + 16);
    if (n->decoded_len < DECODED_MAX) n->decoded[n->decoded_len++] = byte;
}

static void extend_run(struct reader *r, uint32_t c, enum sort sort, size_t at)
{
    struct run *n = &r->run;
    if (n->count == 0) {
        n->begin = at;
        n->first = c;
        n->decoded_len = 0;
        memset(n->counts, 0, sizeof n->counts);
    }
    n->count++;
    n->counts[sort]++;
    n->last = c;
    if (sort == SORT_TAG || sort == SORT_SELECTOR) decode(n, c);
    if (sort == SORT_ORDER) {
        if (!r->line_has_order) r->order_at = at;
        r->line_has_order = true;
        r->line_has_override = r->line_has_override || c == 0x202D || c == 0x202E;
    }
}

static bool is_flag(const struct reader *r)
{
    const struct run *n = &r->run;
    return r->before == 0x1F3F4 && n->counts[SORT_TAG] == n->count && n->last == 0xE007F &&
           n->count >= 3 && n->count <= 8;
}

static bool zero_width_is_honest(const struct reader *r, uint32_t after)
{
    const struct run *n = &r->run;
    if (n->begin == 0 && n->first == 0xFEFF && n->count == 1) return true;
    /* A joiner, perhaps behind the selector of the emoji that it joins. */
    bool joiners = (n->last == 0x200C || n->last == 0x200D) && n->count <= 2 &&
                   n->counts[SORT_ZERO_WIDTH] + n->counts[SORT_SELECTOR] == n->count;
    if (joiners && (joins(r->before) || joins(after))) return true;
    return n->count <= 2 && (needs_breaks(r->before) || needs_breaks(after));
}

static void judge_zero_width(struct reader *r, uint32_t after)
{
    const struct run *n = &r->run;
    if (zero_width_is_honest(r, after)) return;
    if (r->place == PLACE_CODE)
        found_run(r, SCAN_RULE_HIDDEN_ZERO_WIDTH, SCAN_ASK,
                  "characters without width, where they have no use");
    else if (n->counts[SORT_ZERO_WIDTH] >= RUN_MAX)
        found_run(r, SCAN_RULE_HIDDEN_ZERO_WIDTH, SCAN_ASK,
                  "a row of characters without width, which can carry hidden bits");
    else if (is_ascii_letter(r->before) && is_ascii_letter(after))
        found_run(r, SCAN_RULE_HIDDEN_ZERO_WIDTH, SCAN_ASK,
                  "a word is cut by characters without width: programs read another word");
    else if (r->scattered++ == 0) r->scattered_at = n->begin;
}

static void judge_run(struct reader *r, uint32_t after)
{
    const struct run *n = &r->run;
    if (n->counts[SORT_TAG] && !is_flag(r))
        found_decoded(r, SCAN_RULE_HIDDEN_TAGS, "tag characters");
    if (n->counts[SORT_SELECTOR] >= SELECTORS_MAX)
        found_decoded(r, SCAN_RULE_HIDDEN_SELECTORS, "variation selectors");
    else if (n->counts[SORT_SELECTOR] && is_ascii_letter(r->before) && r->before > '9')
        r->tagged_letters++;
    if (n->counts[SORT_ZERO_WIDTH]) judge_zero_width(r, after);
    else if (n->counts[SORT_MARK] && r->place == PLACE_CODE)
        found_run(r, SCAN_RULE_HIDDEN_BIDI, SCAN_ASK,
                  "marks of direction or hyphenation, where they have no use");
    r->run.count = 0;
}

static void end_line(struct reader *r)
{
    bool honest = r->place == PLACE_PROSE && r->line_has_rtl && !r->line_has_override;
    if (r->line_has_order && !honest)
        found(r, SCAN_RULE_HIDDEN_BIDI, SCAN_ASK, r->order_at,
              around(r, r->order_at, r->order_at + 3),
              "controls of direction: the line is seen in another order than it is read");
    r->line_has_rtl = r->line_has_order = r->line_has_override = false;
}

/* ---- characters ---- */

static bool hex4(const char *p, uint32_t *ret)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        if (c >= '0' && c <= '9') v = v << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f') v = v << 4 | (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F') v = v << 4 | (uint32_t)(c - 'A' + 10);
        else return false;
    }
    *ret = v;
    return true;
}

/* An escape of JSON at `p`: how many bytes it takes; 0: there is none. "\\u" is a backslash and a letter. */
static size_t json_escape(const char *p, size_t len, uint32_t *ret)
{
    uint32_t low;
    if (len < 2 || p[0] != '\\') return 0;
    if (p[1] != 'u' || len < 6 || !hex4(p + 2, ret)) {
        *ret = '?'; /* something visible, or a line's end inside a string */
        return 2;
    }
    if (*ret >= 0xD800 && *ret < 0xDC00 && len >= 12 && p[6] == '\\' && p[7] == 'u' &&
        hex4(p + 8, &low) && low >= 0xDC00 && low < 0xE000) {
        *ret = 0x10000 + ((*ret - 0xD800) << 10) + (low - 0xDC00);
        return 12;
    }
    return 6;
}

static uint32_t next_point(struct reader *r, bool json)
{
    uint32_t c;
    const char *p = r->text + r->at;
    size_t left = r->len - r->at;
    size_t n = json ? json_escape(p, left, &c) : 0;
    if (!n) n = (size_t)utf8_decode(p, left, &c);
    if (!n) {
        r->bad_bytes++;
        n = 1;
        c = 0xFFFD;
    }
    r->at += n;
    return c;
}

static void judge_control(struct reader *r, uint32_t c, size_t at)
{
    if (r->text[at] == 0) r->nuls++; /* and not "\u0000" */
    else if (c == 0x1B || c == 0x9B || c == 0x08)
        found(r, SCAN_RULE_TEXT_CONTROL, SCAN_ASK, at, around(r, at, at + 1),
              "a control character that terminals obey: shown there, the text can hide itself");
}

static void judge_word(struct reader *r, uint32_t c, size_t at)
{
    size_t begin;
    if (lookalike_step(&r->word, c, at, &begin))
        found(r, SCAN_RULE_HIDDEN_LOOKALIKE, SCAN_ASK, begin,
              (struct span){ r->text + begin, at - begin },
              "a word with letters of another alphabet that look like Latin ones");
}

static void read_point(struct reader *r, bool json)
{
    size_t at = r->at;
    uint32_t c = next_point(r, json);
    enum sort sort = c < 0xAD ? SORT_VISIBLE : sort_of(c);
    if (sort != SORT_VISIBLE) {
        extend_run(r, c, sort, at);
        return;
    }
    if (r->run.count) judge_run(r, c);
    judge_word(r, c, at);
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) judge_control(r, c, at);
    if (is_rtl(c)) r->line_has_rtl = true;
    if (c == '\n') end_line(r);
    r->before = c;
}

static void judge_whole(struct reader *r)
{
    if (r->nuls)
        found(r, SCAN_RULE_UNREADABLE, SCAN_ASK, 0, (struct span){ 0 },
              "it is called like a text, but holds NUL bytes: what people read there is not known");
    else if (r->bad_bytes > r->len / 10)
        found(r, SCAN_RULE_UNREADABLE, SCAN_NOTE, 0, (struct span){ 0 },
              "it is called like a text, but is not UTF-8");
    if (r->scattered > SCATTERED_MAX)
        found(r, SCAN_RULE_HIDDEN_ZERO_WIDTH, SCAN_ASK, r->scattered_at, (struct span){ 0 },
              "many characters without width between words, which can carry hidden bits");
    else if (r->scattered)
        found(r, SCAN_RULE_HIDDEN_ZERO_WIDTH, SCAN_NOTE, r->scattered_at,
              around(r, r->scattered_at, r->scattered_at + 3),
              "characters without width, as copied pages leave them");
    if (r->tagged_letters > SELECTORS_MAX)
        found(r, SCAN_RULE_HIDDEN_SELECTORS, SCAN_ASK, 0, (struct span){ 0 },
              "variation selectors behind plain letters, which can carry hidden bits");
}

void scan_text(struct scan *s, const struct scan_part *p, enum scan_place place, bool json)
{
    struct reader r = { .s = s, .part = p, .text = (const char *)p->data, .len = p->len };
    r.place = place;
    if (r.len > SCAN_TEXT_BYTES_MAX) {
        scan_add(s, p, SCAN_RULE_LIMIT, SCAN_ASK, SCAN_TEXT_BYTES_MAX, (struct span){ 0 },
                 "the text has %zu bytes, of which the first %zu were looked at", r.len,
                 SCAN_TEXT_BYTES_MAX);
        r.len = SCAN_TEXT_BYTES_MAX;
    }
    while (r.at < r.len)
        read_point(&r, json);
    if (r.run.count) judge_run(&r, 0);
    judge_word(&r, ' ', r.at);
    end_line(&r);
    judge_whole(&r);
}
