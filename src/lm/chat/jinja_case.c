/* Classes and case of code points, as Python's str methods see them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <utf8proc.h>

#include "base/core/utf8.h"
#include "lm/chat/jinja_run.h"

/* ---- classes ---- */

bool char_is_space(uint32_t c)
{
    if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool char_is_line_end(uint32_t c)
{
    return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool char_is_alpha(uint32_t c)
{
    if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z';
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool char_is_decimal(uint32_t c)
{
    if (c < 0x80) return c >= '0' && c <= '9';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ND;
}

/* Decimals, and the digits in circles, brackets and above the line. */
bool char_is_digit(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } others[] = {
        { 0xb2, 0xb3 },       { 0xb9, 0xb9 },       { 0x1369, 0x1371 },   { 0x19da, 0x19da },
        { 0x2070, 0x2070 },   { 0x2074, 0x2079 },   { 0x2080, 0x2089 },   { 0x2460, 0x2468 },
        { 0x2474, 0x247c },   { 0x2488, 0x2490 },   { 0x24ea, 0x24ea },   { 0x24f5, 0x24fd },
        { 0x24ff, 0x24ff },   { 0x2776, 0x277e },   { 0x2780, 0x2788 },   { 0x278a, 0x2792 },
        { 0x10a40, 0x10a43 }, { 0x10e60, 0x10e68 }, { 0x11052, 0x1105a }, { 0x1f100, 0x1f10a },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (c >= others[i].first && c <= others[i].last) return true;
    return char_is_decimal(c);
}

bool char_is_upper(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LU;
}

bool char_is_lower(uint32_t c)
{
    if (c < 0x80) return c >= 'a' && c <= 'z';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LL;
}

bool char_is_cased(uint32_t c)
{
    return char_is_upper(c) || char_is_lower(c) ||
           (c >= 0x80 && utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LT);
}

bool char_is_word(uint32_t c)
{
    if (c < 0x80) return c == '_' || char_is_alpha(c) || char_is_decimal(c);
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return char_is_alpha(c) || (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO);
}

/* ---- case ---- */

static const struct special {
    uint32_t from, upper[3], title[3];
} SPECIAL[] = {
#define CASE(from, u1, u2, u3, t1, t2, t3) { from, { u1, u2, u3 }, { t1, t2, t3 } },
#include "lm/chat/case_list.h"
#undef CASE
};

static const struct special *special_of(uint32_t c)
{
    for (size_t i = 0; c >= 0x80 && i < sizeof SPECIAL / sizeof *SPECIAL; i++)
        if (SPECIAL[i].from == c) return &SPECIAL[i];
    return NULL;
}

static bool is_ignorable(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return c == '\'' || c == '.' || c == ':' || c == 0xb7 || c == 0x2019 ||
           k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_CF || k == UTF8PROC_CATEGORY_LM ||
           k == UTF8PROC_CATEGORY_SK;
}

/* Capital sigma becomes the final form behind a letter at the end of a word. */
static uint32_t sigma_at(const struct text *t, size_t from, size_t at)
{
    uint32_t c = 0;
    bool before = false;
    for (size_t i = at; i > from;) {
        i = text_prior(t, i);
        utf8_decode(t->data + i, t->len - i, &c);
        if (is_ignorable(c)) continue;
        before = char_is_cased(c);
        break;
    }
    for (size_t i = text_next(t, at); before && i < t->len; i = text_next(t, i)) {
        utf8_decode(t->data + i, t->len - i, &c);
        if (is_ignorable(c)) continue;
        return char_is_cased(c) ? 0x3c3 : 0x3c2;
    }
    return before ? 0x3c2 : 0x3c3;
}

/* Writes the lower (-1), title (0) or upper (1) case of the code point at `at`; the word that it
 * belongs to is looked at from `from` on. */
static bool put_case(struct writer *w, const struct text *t, size_t from, size_t at, uint32_t c,
                     int how)
{
    const struct special *s = how >= 0 ? special_of(c) : NULL;
    uint32_t one[3] = { 0 };
    const uint32_t *to = one;
    if (s) to = how ? s->upper : s->title;
    else if (how > 0) one[0] = (uint32_t)utf8proc_toupper((utf8proc_int32_t)c);
    else if (how == 0) one[0] = (uint32_t)utf8proc_totitle((utf8proc_int32_t)c);
    else if (c == 0x130) one[0] = 'i', one[1] = 0x307;
    else
        one[0] =
            c == 0x3a3 ? sigma_at(t, from, at) : (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    bool from_data = t->origin ? t->origin[at] : t->from_data;
    for (int i = 0; i < 3 && (to[i] || i == 0); i++) {
        char bytes[4];
        if (!writer_put(w, bytes, (size_t)utf8_encode(to[i], bytes), from_data)) return false;
    }
    return true;
}

/* The case of the next code point, given what came before it in the string. */
static int case_for(enum text_case how, uint32_t c, uint32_t prior, bool first)
{
    switch (how) {
    case CASE_UPPER: return 1;
    case CASE_LOWER: return -1;
    case CASE_CAPITALIZE: return first ? 0 : -1;
    case CASE_TITLE: return !first && char_is_cased(prior) ? -1 : 0;
    case CASE_WORDS: /* Jinja's filter: words begin behind these signs */
        return first || char_is_space(prior) ||
                       (prior < 0x80 && prior && strchr("-({[<", (int)prior))
                   ? 1
                   : -1;
    case CASE_SWAP: return char_is_upper(c) ? -1 : 1;
    }
    return 1;
}

bool text_change_case(struct render *r, const struct text *t, enum text_case how,
                      const struct text **ret)
{
    struct writer w = { .r = r };
    uint32_t c, prior = 0;
    size_t from = 0;
    for (size_t at = 0; at < t->len; at = text_next(t, at)) {
        utf8_decode(t->data + at, t->len - at, &c);
        int to = case_for(how, c, prior, at == 0);
        if (how == CASE_WORDS && to > 0)
            from = text_next(t, at); /* the filter lowers the rest alone */
        if (!put_case(&w, t, from, at, c, to)) return false;
        prior = c;
    }
    return writer_text(&w, ret) && (!t->markup || text_mark(r, *ret, ret));
}
