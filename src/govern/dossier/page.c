/* Writing the page, escaped.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/dossier/page.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/core/utf8.h"

#define FORMAT_BYTES 2048

static const struct {
    const char *en, *zh;
} titles[] = {
#define TITLE(symbol, en, zh) { en, zh },
#include "govern/dossier/title_list.h"
#undef TITLE
};

/* ---- text ---- */

/* What would not be seen, or would change how the rest is read: control bytes, zero widths, marks of direction,
 * separators of lines, variation selectors, tags. */
static bool is_hidden(uint32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0xAD ||
           c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFFF9 && c <= 0xFFFC) ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

static void put_character(struct buf *out, uint32_t c, const char *bytes, size_t len)
{
    switch (c) {
    case '<': buf_text(out, "&lt;"); return;
    case '>': buf_text(out, "&gt;"); return;
    case '&': buf_text(out, "&amp;"); return;
    case '"': buf_text(out, "&quot;"); return;
    case '\'': buf_text(out, "&#39;"); return;
    default: break;
    }
    if (is_hidden(c)) buf_format(out, "<span class=\"cp\">U+%04X</span>", (unsigned)c);
    else buf_append(out, bytes, len);
}

void page_span(struct page *p, struct span text)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t c;
        int n = utf8_decode(text.data + i, text.len - i, &c);
        if (n == 0) buf_text(p->out, "\xEF\xBF\xBD");
        else put_character(p->out, c, text.data + i, (size_t)n);
        i += n ? (size_t)n : 1;
    }
}

void page_text(struct page *p, const char *text)
{
    if (text) page_span(p, span_of(text));
}

void page_format(struct page *p, const char *format, ...)
{
    char text[FORMAT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    page_text(p, text);
}

void page_markup(struct page *p, const char *literal)
{
    buf_text(p->out, literal);
}

/* ---- titles and sections ---- */

const char *page_title_en(enum page_title t)
{
    return titles[t].en;
}

void page_title(struct page *p, enum page_title t)
{
    if (p->language != DOSSIER_ZH) page_text(p, titles[t].en);
    if (p->language == DOSSIER_EN) return;
    page_markup(p, p->language == DOSSIER_BOTH ? " <span class=\"zh\" lang=\"zh\">"
                                               : "<span lang=\"zh\">");
    page_text(p, titles[t].zh);
    page_markup(p, "</span>");
}

void page_open_section(struct page *p, enum page_title t)
{
    p->section++;
    buf_format(p->out, "<section id=\"s%d\">\n<h2><span class=\"no\">%d</span> ", (int)t,
               p->section);
    page_title(p, t);
    page_markup(p, "</h2>\n");
}

/* The head of a table is printed again on every sheet that the table reaches. */
void page_open_draft(struct page *p, enum page_title t)
{
    p->section++;
    p->in_draft = true;
    buf_format(p->out, "<section id=\"s%d\" class=\"draft\">\n<h2><span class=\"no\">%d</span> ",
               (int)t, p->section);
    page_title(p, t);
    page_markup(
        p,
        "</h2>\n<table class=\"sheet\"><thead><tr><td><p class=\"stamp\"><b>DRAFT · 草稿</b> "
        "Pre-filled by a program out of what the files say. Not a legal opinion, not reviewed, not "
        "signed by anybody. <span class=\"gap\">Marked fields</span> are yours to fill in.</p>"
        "</td></tr></thead><tbody><tr><td>\n");
}

void page_close_section(struct page *p)
{
    if (p->in_draft) page_markup(p, "</td></tr></tbody></table>\n");
    p->in_draft = false;
    page_markup(p, "</section>\n");
}

void page_heading(struct page *p, enum page_title t)
{
    page_markup(p, "<h3>");
    page_title(p, t);
    page_markup(p, "</h3>\n");
}

void page_note(struct page *p, const char *text)
{
    page_markup(p, "<p class=\"note\">");
    page_text(p, text);
    page_markup(p, "</p>\n");
}

/* ---- tables ---- */

void page_open_facts(struct page *p)
{
    page_markup(p, "<table class=\"facts\"><tbody>\n");
}

void page_close_facts(struct page *p)
{
    page_markup(p, "</tbody></table>\n");
}

void page_open_fact(struct page *p, enum page_title t)
{
    page_markup(p, "<tr><th scope=\"row\">");
    page_title(p, t);
    page_markup(p, "</th><td>");
}

void page_close_fact(struct page *p)
{
    page_markup(p, "</td></tr>\n");
}

static void put_known(struct page *p, const char *value)
{
    if (value && *value) page_text(p, value);
    else page_markup(p, "<span class=\"unknown\">not known</span>");
}

void page_fact(struct page *p, enum page_title t, const char *value)
{
    page_open_fact(p, t);
    put_known(p, value);
    page_close_fact(p);
}

void page_fact_mono(struct page *p, enum page_title t, const char *value)
{
    page_open_fact(p, t);
    page_markup(p, "<code>");
    put_known(p, value);
    page_markup(p, "</code>");
    page_close_fact(p);
}

void page_fact_blank(struct page *p, enum page_title t, const char *hint)
{
    page_open_fact(p, t);
    page_markup(p, "<span class=\"gap\">");
    page_text(p, hint);
    page_markup(p, "</span>");
    page_close_fact(p);
}

void page_open_table(struct page *p, const enum page_title *columns, int count)
{
    page_markup(p, "<table class=\"list\"><thead><tr>");
    for (int i = 0; i < count; i++) {
        page_markup(p, "<th scope=\"col\">");
        page_title(p, columns[i]);
        page_markup(p, "</th>");
    }
    page_markup(p, "</tr></thead><tbody>\n");
}

void page_close_table(struct page *p)
{
    page_markup(p, "</tbody></table>\n");
}

void page_open_row(struct page *p)
{
    page_markup(p, "<tr>");
}

void page_close_row(struct page *p)
{
    page_markup(p, "</tr>\n");
}

void page_cell(struct page *p, const char *text)
{
    page_markup(p, "<td>");
    page_text(p, text);
    page_markup(p, "</td>");
}

/* Names of rules: a line ends behind a dot, never within a word. */
void page_cell_name(struct page *p, const char *text)
{
    page_markup(p, "<td class=\"id\">");
    for (size_t len; *text; text += len) {
        len = strcspn(text, ".");
        len += text[len] == '.';
        page_span(p, (struct span){ text, len });
        if (text[len]) page_markup(p, "<wbr>");
    }
    page_markup(p, "</td>");
}

void page_cell_mono(struct page *p, const char *text)
{
    page_markup(p, "<td><code>");
    page_text(p, text);
    page_markup(p, "</code></td>");
}

void page_badge(struct page *p, const char *look, const char *words)
{
    page_markup(p, "<span class=\"badge ");
    page_text(p, look);
    page_markup(p, "\">");
    page_text(p, words);
    page_markup(p, "</span>");
}
