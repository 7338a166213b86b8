/* Forms of a text that leave its words alone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "support/licence_form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/utf8.h"

static size_t line_end(struct span t, size_t at)
{
    const char *end = memchr(t.data + at, '\n', t.len - at);
    return end ? (size_t)(end - t.data) : t.len;
}

static bool is_blank(struct span t, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (!strchr(" \t\r", t.data[i])) return false;
    return true;
}

/* Fills paragraphs to `width` columns of bytes; 0: a line each. Empty lines stay. */
static void wrap(struct buf *out, struct span t, size_t width)
{
    size_t column = 0;
    for (size_t at = 0; at < t.len;) {
        size_t end = line_end(t, at);
        if (is_blank(t, at, end)) {
            buf_text(out, column ? "\n\n" : "\n");
            column = 0;
            at = end + 1;
            continue;
        }
        while (at < end) {
            while (at < end && strchr(" \t\r", t.data[at]))
                at++;
            size_t word = at;
            while (at < end && !strchr(" \t\r", t.data[at]))
                at++;
            if (at == word) break;
            if (column && width && column + 1 + at - word > width) {
                buf_byte(out, '\n');
                column = 0;
            }
            if (column) buf_byte(out, ' ');
            buf_append(out, t.data + word, at - word);
            column += at - word + 1;
        }
        at = end + 1;
    }
}

static void each_line(struct buf *out, struct span t, const char *before, const char *after)
{
    for (size_t at = 0; at < t.len;) {
        size_t end = line_end(t, at);
        buf_text(out, before);
        buf_append(out, t.data + at, end - at);
        buf_text(out, after);
        at = end + 1;
    }
}

static void put_entity(struct buf *out, char c)
{
    switch (c) {
    case '<': buf_text(out, "&lt;"); break;
    case '>': buf_text(out, "&gt;"); break;
    case '&': buf_text(out, "&amp;"); break;
    case '"': buf_text(out, "&quot;"); break;
    default: buf_byte(out, c);
    }
}

static void html(struct buf *out, struct span t, bool lines)
{
    buf_text(out, "<!DOCTYPE html>\n<html><head><title>A page</title><style>p { margin: 0 }</style>"
                  "</head>\n<body><p>");
    for (size_t at = 0; at < t.len;) {
        size_t end = line_end(t, at);
        bool blank = is_blank(t, at, end);
        for (size_t i = at; i < end; i++)
            put_entity(out, t.data[i]);
        buf_text(out, lines ? "<br/>\n" : blank ? "</p>\n<p>" : "\n");
        at = end + 1;
    }
    buf_text(out, "</p></body></html>\n");
}

static uint32_t windows_1252(uint32_t c)
{
    static const struct {
        uint32_t letter, byte;
    } high[] = { { 0x2018, 0x91 }, { 0x2019, 0x92 }, { 0x201C, 0x93 },
                 { 0x201D, 0x94 }, { 0x2022, 0x95 }, { 0x2013, 0x96 },
                 { 0x2014, 0x97 }, { 0x2026, 0x85 }, { 0x2122, 0x99 } };
    for (size_t i = 0; i < sizeof high / sizeof *high; i++)
        if (high[i].letter == c) return high[i].byte;
    return c < 256 ? c : '?';
}

static void put16(struct buf *out, uint32_t unit, bool big)
{
    buf_byte(out, (char)(big ? unit >> 8 : unit));
    buf_byte(out, (char)(big ? unit : unit >> 8));
}

static void encode(struct buf *out, struct span t, const char *name)
{
    bool big = strcmp(name, "utf16be") == 0;
    uint32_t c;
    int n;
    if (strncmp(name, "utf16", 5) == 0) put16(out, 0xFEFF, big);
    for (size_t at = 0; at < t.len; at += (size_t)(n > 0 ? n : 1)) {
        n = utf8_decode(t.data + at, t.len - at, &c);
        if (strcmp(name, "windows1252") == 0) {
            buf_byte(out, (char)windows_1252(c));
        } else if (c > 0xFFFF) {
            put16(out, 0xD800 + ((c - 0x10000) >> 10), big);
            put16(out, 0xDC00 + ((c - 0x10000) & 0x3FF), big);
        } else {
            put16(out, c, big);
        }
    }
}

/* One mark for another, all over the text. */
static void exchange(struct buf *out, struct span t, const char *from, const char *to)
{
    size_t len = strlen(from);
    for (size_t at = 0; at < t.len;) {
        if (at + len <= t.len && memcmp(t.data + at, from, len) == 0) {
            buf_text(out, to);
            at += len;
        } else {
            buf_byte(out, t.data[at++]);
        }
    }
}

static void straight(struct buf *out, struct span t)
{
    static const char *const pairs[][2] = { { "\xE2\x80\x9C", "\"" },
                                            { "\xE2\x80\x9D", "\"" },
                                            { "\xE2\x80\x98", "'" },
                                            { "\xE2\x80\x99", "'" },
                                            { "\xE2\x80\x93", "-" } };
    struct buf now = BUF_INIT(1u << 24), then = BUF_INIT(1u << 24);
    buf_append(&now, t.data, t.len);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        buf_clear(&then);
        exchange(&then, (struct span){ now.data, now.len }, pairs[i][0], pairs[i][1]);
        struct buf swap = now;
        now = then;
        then = swap;
    }
    buf_append(out, now.data, now.len);
    buf_release(&now);
    buf_release(&then);
}

static void change_case(struct buf *out, struct span t, bool upper)
{
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        if (upper && c >= 'a' && c <= 'z') c = (char)(c - 32);
        if (!upper && c >= 'A' && c <= 'Z') c = (char)(c + 32);
        buf_byte(out, c);
    }
}

bool licence_form(struct buf *out, struct span t, const char *name, const char *operand)
{
    if (strcmp(name, "wrap") == 0) wrap(out, t, (size_t)strtoul(operand, NULL, 10));
    else if (strcmp(name, "unwrap") == 0) wrap(out, t, 0);
    else if (strcmp(name, "crlf") == 0) each_line(out, t, "", "\r\n");
    else if (strcmp(name, "upper") == 0 || strcmp(name, "lower") == 0)
        change_case(out, t, name[0] == 'u');
    else if (strcmp(name, "html") == 0) html(out, t, false);
    else if (strcmp(name, "htmlbr") == 0) html(out, t, true);
    else if (strcmp(name, "windows1252") == 0 || strncmp(name, "utf16", 5) == 0)
        encode(out, t, name);
    else if (strcmp(name, "bom") == 0) {
        buf_text(out, "\xEF\xBB\xBF");
        buf_append(out, t.data, t.len);
    } else if (strcmp(name, "indent") == 0) each_line(out, t, "        ", "\n");
    else if (strcmp(name, "prefix") == 0) each_line(out, t, operand, "\n");
    else if (strcmp(name, "trailing") == 0) each_line(out, t, "", "  \t\n");
    else if (strcmp(name, "markdown") == 0) each_line(out, t, "**", "**\n");
    else if (strcmp(name, "curly") == 0) exchange(out, t, "\"", "\xE2\x80\x9D");
    else if (strcmp(name, "straight") == 0) straight(out, t);
    else if (strcmp(name, "nbsp") == 0) exchange(out, t, " ", "\xC2\xA0");
    else if (strcmp(name, "spaces") == 0) exchange(out, t, " ", "   ");
    else return false;
    return true;
}
