/* RTF in a licence text: control words, groups, and letters as codes (RTF 1.9.1).
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "govern/licence/licence_letters.h"
#include "govern/licence/licence_scan.h"

#define RTF_WORD_MAX   32
#define RTF_KNOWN_MAX  16 /* longer names are no control words */
#define RTF_SMALL      8  /* half points; smaller ones are not read */
#define RTF_INFO_WORDS 64

struct rtf_word {
    char name[RTF_WORD_MAX];
    int32_t value; /* 1 where none stands there */
    uint32_t bytes;
};

/* The control word at the backslash `at`; a control sign has a name of that one letter. */
static struct rtf_word rtf_word(struct span t, size_t at)
{
    struct rtf_word w = { .value = 1 };
    size_t i = at + 1, n = 0;
    while (i < t.len && n + 1 < sizeof w.name && t.data[i] >= 'a' && t.data[i] <= 'z')
        w.name[n++] = t.data[i++];
    if (!n && i < t.len) w.name[0] = t.data[i++];
    bool negative = n && i < t.len && t.data[i] == '-';
    size_t digits = i + negative;
    int32_t value = 0;
    for (i = digits; n && i < t.len && i < digits + 6 && t.data[i] >= '0' && t.data[i] <= '9'; i++)
        value = value * 10 + (t.data[i] - '0');
    if (n && i > digits) w.value = negative ? -value : value;
    else if (n) i = digits - negative;
    if (n && i < t.len && t.data[i] == ' ') i++;
    w.bytes = (uint32_t)(i - at);
    return w;
}

/* The bytes of the group that begins at `at`; to the text's end where it is not closed. */
static size_t rtf_group(struct span t, size_t at)
{
    size_t depth = 0, i = at;
    for (; i < t.len; i++) {
        if (t.data[i] == '\\') i++;
        else if (t.data[i] == '{') depth++;
        else if (t.data[i] == '}' && --depth == 0) return i + 1 - at;
    }
    return t.len - at;
}

static bool is_word_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

/* A group that is no text: fonts, colours, styles. Any other that is not shown and speaks becomes a word. */
static bool skip_rtf_group(struct word_scan *s)
{
    static const char *const tables[] = { "fonttbl",   "colortbl",  "stylesheet",
                                          "generator", "listtable", "expandedcolortbl",
                                          "themedata", NULL };
    static const char *const apart[] = { "info", "*", "pict", "object", "header", "footer", NULL };
    struct rtf_word w;
    size_t at = s->at + 1;
    if (at >= s->text.len || s->text.data[at] != '\\') return false;
    w = rtf_word(s->text, at);
    bool marked = strcmp(w.name, "*") == 0;
    if (marked && at + w.bytes < s->text.len && s->text.data[at + w.bytes] == '\\')
        w = rtf_word(s->text, at + w.bytes);
    bool table = is_word_of(w.name, tables);
    if (!table && !marked && !is_word_of(w.name, apart)) return false;
    size_t bytes = rtf_group(s->text, s->at);
    struct span part = { s->text.data + s->at, bytes };
    if (!table && word_scan_speaks(s, part, RTF_INFO_WORDS, true))
        word_scan_hidden(s, s->at + bytes);
    s->at += bytes;
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *d = memchr(digits, c | (c >= 'A' ? 32 : 0), 16);
    return d ? (int)(d - digits) : -1;
}

/* \'92 is a byte of Windows-1252, \u8217? a code unit with a letter behind it for old readers. */
static void rtf_letter(struct word_scan *s, const struct rtf_word *w)
{
    size_t at = s->at + w->bytes;
    uint32_t c = (uint32_t)(w->value < 0 ? w->value + 65536 : w->value), bytes = w->bytes;
    if (w->name[0] == '\'' && at + 2 <= s->text.len) {
        int high = hex_digit(s->text.data[at]), low = hex_digit(s->text.data[at + 1]);
        char byte = (char)(high * 16 + low);
        uint32_t one;
        bytes += 2;
        c = high < 0 || low < 0
                ? ' '
                : licence_letter(LICENCE_WINDOWS_1252, (struct span){ &byte, 1 }, 0, &one);
    } else if (w->name[0] == 'u' && at < s->text.len && !strchr("\\{}", s->text.data[at])) {
        bytes++;
    }
    word_scan_letter(s, c, bytes);
}

static void scan_rtf_word(struct word_scan *s)
{
    static const char *const ends[] = { "par",  "line", "sect", "page", "row",
                                        "cell", "\n",   "\r",   NULL };
    static const char *const gaps[] = { "tab",     "~",         "emspace",   "enspace",
                                        "qmspace", "emdash",    "endash",    "_",
                                        "bullet",  "ldblquote", "rdblquote", NULL };
    static const char *const hiding[] = { "v",       "strike", "striked", "deleted", "webhidden",
                                          "revised", "up",     "dn",      NULL };
    struct rtf_word w = rtf_word(s->text, s->at);
    if (strcmp(w.name, "'") == 0 || strcmp(w.name, "u") == 0) {
        rtf_letter(s, &w);
        return;
    }
    if (strcmp(w.name, "lquote") == 0 || strcmp(w.name, "rquote") == 0) {
        word_scan_letter(s, 0x2019, w.bytes);
        return;
    }
    if (strchr("{}\\", w.name[0]) && w.name[0])
        word_scan_mark(s, (uint32_t)w.name[0], (uint32_t)s->at, (uint32_t)s->at + 2);
    if (is_word_of(w.name, ends)) word_scan_end_line(s);
    if (is_word_of(w.name, gaps)) word_scan_end_word(s, ' ');
    if (w.value && is_word_of(w.name, hiding)) word_scan_hidden(s, s->at + w.bytes);
    bool small = strcmp(w.name, "fs") == 0 && w.value < RTF_SMALL;
    /* What is no control word is not shown, but stands in the file: "\\notforsale". */
    bool odd = strlen(w.name) > RTF_KNOWN_MAX ||
               word_scan_speaks(s, (struct span){ w.name, strlen(w.name) }, 1, false);
    if (small || odd) word_scan_hidden(s, s->at + w.bytes);
    s->at += w.bytes;
}

/* True where this was no letter of the text. */
bool word_scan_rtf(struct word_scan *s)
{
    char c = s->text.data[s->at];
    if (c == '\\') {
        scan_rtf_word(s);
        return true;
    }
    if (c == '{' && skip_rtf_group(s)) return true;
    if (c != '{' && c != '}' && c != '\n' && c != '\r') return false;
    s->at++;
    return true;
}
