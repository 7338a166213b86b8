/* Encodings, entities and the folding of letters.
 * SPDX-License-Identifier: Apache-2.0
 *
 * GB 18030 after the standard, as far as GB 2312 has the characters; Windows-1252 after the WHATWG Encoding Standard (index windows-1252); entities after HTML, the named
 * ones that word processors write. */
#include "govern/licence/licence_letters.h"

#include <string.h>

#include "base/core/utf8.h"

#define LETTER_NONE 0xFFFD

/* 0x80..0x9F of Windows-1252. */
static const uint16_t windows_high[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

#define GB_CELLS        94
#define GB_ROWS         87
#define GB_UNKNOWN      0xE000 /* a letter that no text has: what is not in the table is never dropped */
#define GB_OTHERS_SHARE 9

static const uint16_t gb2312[GB_ROWS * GB_CELLS] = {
#include "govern/licence/licence_gb2312_list.h"
};

/* A character of GB 18030 at `p`: its bytes, 0 where there is none. Those of GB 2312 are looked up. */
static uint32_t gb_letter(const unsigned char *p, size_t len, uint32_t *ret)
{
    /* What western licences have that GB 2312 has not. */
    static const struct {
        char bytes[5];
        uint16_t letter;
    } signs[] = { { "\x81\x30\x84\x38", 0xA9 }, { "\x81\x30\x84\x32", ' ' },
                  { "\x81\x30\x85\x33", 0xAE }, { "\x81\x36\xA3\x39", ' ' },
                  { "\x81\x36\xA6\x35", '\n' }, { "\x81\x36\xA6\x36", '\n' } };
    *ret = GB_UNKNOWN;
    if (len < 2 || p[0] < 0x81 || p[0] == 0xFF) return 0;
    if (p[1] >= '0' && p[1] <= '9') {
        if (len < 4 || p[2] < 0x81 || p[2] == 0xFF || p[3] < '0' || p[3] > '9') return 0;
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
            if (memcmp(p, signs[i].bytes, 4) == 0) *ret = signs[i].letter;
        return 4;
    }
    if (p[1] < 0x40 || p[1] == 0x7F || p[1] == 0xFF) return 0;
    if (p[0] == 0xA8 && p[1] == 0x43) *ret = 0x2013;
    if (p[0] < 0xA1 || p[0] > 0xF7 || p[1] < 0xA1) return 2;
    uint16_t letter = gb2312[(p[0] - 0xA1) * GB_CELLS + (p[1] - 0xA1)];
    if (letter) *ret = letter;
    return 2;
}

/* Bytes beyond ASCII stand in pairs of GB 2312, hardly any in others: western text has them one by one. */
static bool is_gb(struct span text)
{
    const unsigned char *p = (const unsigned char *)text.data;
    size_t pairs = 0, others = 0;
    for (size_t i = 0; i < text.len;) {
        uint32_t letter, bytes = 1;
        if (p[i] >= 0x80) {
            bytes = gb_letter(p + i, text.len - i, &letter);
            if (!bytes) return false;
            ++*(letter != GB_UNKNOWN ? &pairs : &others);
        }
        i += bytes;
    }
    return pairs && pairs >= GB_OTHERS_SHARE * others;
}

static void count_bytes(struct span text, size_t *ret_even, size_t *ret_odd, size_t *ret_control)
{
    *ret_even = *ret_odd = *ret_control = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (!c) ++*(i % 2 ? ret_odd : ret_even);
        else if (c < 32 && !strchr("\t\n\r\f\v\033", c)) ++*ret_control;
    }
}

enum status licence_encoding_of(enum licence_encoding *ret, struct span text, struct error *err)
{
    size_t even, odd, control;
    const unsigned char *p = (const unsigned char *)text.data;
    if (text.len >= 2 && p[0] == 0xFF && p[1] == 0xFE) *ret = LICENCE_UTF16LE;
    else if (text.len >= 2 && p[0] == 0xFE && p[1] == 0xFF) *ret = LICENCE_UTF16BE;
    else {
        count_bytes(text, &even, &odd, &control);
        /* Without a mark: the high bytes of western letters are zero in UTF-16. */
        if (odd > text.len / 32 && odd > 4 * even) *ret = LICENCE_UTF16LE;
        else if (even > text.len / 32 && even > 4 * odd) *ret = LICENCE_UTF16BE;
        else if (even + odd || control > text.len / 64)
            return error_set(err, STATUS_BAD_INPUT,
                             "this is no text: it holds %zu zero and %zu control bytes", even + odd,
                             control);
        else if (utf8_valid(text.data, text.len)) *ret = LICENCE_UTF8;
        else *ret = is_gb(text) ? LICENCE_GB18030 : LICENCE_WINDOWS_1252;
    }
    return STATUS_OK;
}

static uint32_t letter16(struct span text, size_t at, bool big, uint32_t *ret_bytes)
{
    const unsigned char *p = (const unsigned char *)text.data + at;
    *ret_bytes = text.len - at < 2 ? 1 : 2;
    if (*ret_bytes == 1) return LETTER_NONE;
    uint32_t c = big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
    if (c < 0xD800 || c > 0xDFFF) return c;
    if (c > 0xDBFF || text.len - at < 4) return LETTER_NONE;
    uint32_t low = big ? (uint32_t)p[2] << 8 | p[3] : (uint32_t)p[3] << 8 | p[2];
    if (low < 0xDC00 || low > 0xDFFF) return LETTER_NONE;
    *ret_bytes = 4;
    return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

uint32_t licence_letter(enum licence_encoding e, struct span text, size_t at, uint32_t *ret_bytes)
{
    uint32_t c;
    int n;
    *ret_bytes = 1;
    unsigned char first = (unsigned char)text.data[at];
    switch (e) {
    case LICENCE_UTF16LE: return letter16(text, at, false, ret_bytes);
    case LICENCE_UTF16BE: return letter16(text, at, true, ret_bytes);
    case LICENCE_WINDOWS_1252:
        return first >= 0x80 && first < 0xA0 ? windows_high[first - 0x80] : first;
    case LICENCE_GB18030:
        if (first < 0x80) return first;
        *ret_bytes = gb_letter((const unsigned char *)text.data + at, text.len - at, &c);
        if (!*ret_bytes) *ret_bytes = 1;
        return c;
    case LICENCE_UTF8: break;
    }
    n = utf8_decode(text.data + at, text.len - at, &c);
    *ret_bytes = n > 0 ? (uint32_t)n : 1;
    return c;
}

/* The letters of an entity's name, up to ';'. Returns its bytes, 0 where none ends in time. */
static uint32_t entity_name(enum licence_encoding e, struct span text, size_t at, char name[12])
{
    uint32_t used = 0, len = 0, bytes;
    while (at + used < text.len && len < 11) {
        uint32_t c = licence_letter(e, text, at + used, &bytes);
        used += bytes;
        if (c == ';') {
            name[len] = 0;
            return used;
        }
        if (c > 126 || c < 33) return 0;
        name[len++] = (char)c;
    }
    return 0;
}

static uint32_t entity_number(const char *s, uint32_t base)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t n = 0;
    if (!*s) return 0;
    for (; *s; s++) {
        const char *d = memchr(digits, *s | (*s >= 'A' ? 32 : 0), base);
        if (!d || n > 0x10FFFF) return 0;
        n = n * base + (uint32_t)(d - digits);
    }
    return n <= 0x10FFFF ? n : 0;
}

uint32_t licence_entity(enum licence_encoding e, struct span text, size_t at, uint32_t *ret_letter)
{
    static const struct {
        const char *name;
        uint16_t letter;
    } names[] = {
        { "nbsp", ' ' },     { "amp", '&' },      { "lt", '<' },        { "gt", '>' },
        { "quot", '"' },     { "apos", '\'' },    { "copy", 0xA9 },     { "reg", 0xAE },
        { "ldquo", 0x201C }, { "rdquo", 0x201D }, { "lsquo", 0x2018 },  { "rsquo", 0x2019 },
        { "ndash", 0x2013 }, { "mdash", 0x2014 }, { "hellip", 0x2026 }, { "bull", 0x2022 },
        { "middot", 0xB7 },  { "trade", 0x2122 }, { "sect", 0xA7 },     { "laquo", 0xAB },
        { "raquo", 0xBB },   { "euro", 0x20AC },  { "pound", 0xA3 },    { "yen", 0xA5 },
        { "eacute", 0xE9 },  { "uuml", 0xFC },    { "ouml", 0xF6 },     { "auml", 0xE4 },
        { "sbquo", 0x201A }, { "bdquo", 0x201E }, { "shy", 0xAD },      { "ensp", ' ' },
        { "emsp", ' ' },     { "thinsp", ' ' },   { "times", 0xD7 },    { "zwnj", 0x200C },
    };
    char name[12];
    uint32_t bytes, first = licence_letter(e, text, at, &bytes);
    if (first != '&') return 0;
    uint32_t used = entity_name(e, text, at + bytes, name);
    if (!used) return 0;
    uint32_t c = 0;
    if (name[0] == '#')
        c = (name[1] | 32) == 'x' ? entity_number(name + 2, 16) : entity_number(name + 1, 10);
    else
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strcmp(names[i].name, name) == 0) c = names[i].letter;
    if (!c) return 0;
    /* Numbers 128 to 159 are read as Windows-1252 by every browser. */
    *ret_letter = c >= 0x80 && c < 0xA0 ? windows_high[c - 0x80] : c;
    return bytes + used;
}

static bool is_invisible(uint32_t c)
{
    return c == 0xAD || c == 0x034F || c == 0x061C || (c >= 0x180B && c <= 0x180E) ||
           (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

/* Lower case of the alphabets in which licences are written. */
static uint32_t lower(uint32_t c)
{
    if (c >= 'A' && c <= 'Z') return c + 32;
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
    if (c >= 0x100 && c <= 0x137) return c | 1;
    if (c >= 0x391 && c <= 0x3A9) return c + 32;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    return c;
}

uint32_t licence_fold(uint32_t c)
{
    if (is_invisible(c)) return 0;
    if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;
    else if (c == 0x3000) c = ' ';
    else if (c == 0xA9 || c == 0x24D2 || c == 0x24B8) c = 'c'; /* the copyright sign is (c) */
    return lower(c);
}

bool licence_is_cjk(uint32_t c)
{
    return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x3041 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/* Letters that are drawn as signs (Unicode blocks Letterlike Symbols, Enclosed Alphanumerics, Braille,
 * presentation forms): a sentence can be written in them, so they are never dropped. What word processors
 * write as a sign stays one: the trade mark, the numero, circled numbers that count paragraphs. */
static bool is_letter_like(uint32_t c)
{
    static const uint32_t blocks[][2] = {
        { 0x2071, 0x2071 }, { 0x207F, 0x207F },   { 0x2090, 0x209C }, { 0x2100, 0x2115 },
        { 0x2118, 0x211F }, { 0x2121, 0x2121 },   { 0x2123, 0x218B }, { 0x249C, 0x24B7 },
        { 0x24B9, 0x24D1 }, { 0x24D3, 0x24E9 },   { 0x2800, 0x28FF }, { 0xFE70, 0xFEFC },
        { 0xFF65, 0xFFDC }, { 0x1F110, 0x1F2FF },
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (c >= blocks[i][0] && c <= blocks[i][1]) return true;
    return false;
}

bool licence_is_ghost(uint32_t c)
{
    return (c >= 0xE0020 && c <= 0xE007F) || c == 0x202D || c == 0x202E;
}

uint32_t licence_ligature(uint32_t c, const char **ret)
{
    static const char *const parts[] = { "ff", "fi", "fl", "ffi", "ffl", "st", "st" };
    if (c < 0xFB00 || c > 0xFB06) return 0;
    *ret = parts[c - 0xFB00];
    return (uint32_t)strlen(*ret);
}

bool licence_is_word_letter(uint32_t c)
{
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
    if (c == 0xD7 || c == 0xF7) return false;
    if (is_letter_like(c)) return true;
    if (c >= 0x2000 && c <= 0x2BFF) return false; /* punctuation, arrows, signs */
    if ((c >= 0x2E00 && c <= 0x2E7F) || (c >= 0x3000 && c <= 0x303F)) return false;
    if (c >= 0xFE10 && c <= 0xFFFF) return false; /* forms, marks, no characters */
    return !licence_is_cjk(c) && c < 0x1F000;     /* signs and pictures from there */
}
