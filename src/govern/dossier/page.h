/* The pen of the dossier's page: HTML in which foreign text can be nothing but text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything that is not a literal of this room goes through page_text() or page_span(): markup is escaped,
 * bytes that are not UTF-8 become U+FFFD, and what would not be seen or would turn the direction of writing is
 * shown as its code point. No address of a model's becomes a link. */
#ifndef GOVERN_DOSSIER_PAGE_H
#define GOVERN_DOSSIER_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/buf.h"
#include "base/core/span.h"

enum dossier_language { DOSSIER_EN, DOSSIER_ZH, DOSSIER_BOTH };

enum page_title {
#define TITLE(symbol, en, zh) TITLE_##symbol,
#include "govern/dossier/title_list.h"
#undef TITLE
    TITLE_COUNT
};

struct page {
    struct buf *out; /* borrowed */
    enum dossier_language language;
    int section;   /* counted */
    bool in_draft; /* the open section is one */
};

void page_span(struct page *p, struct span text);
void page_text(struct page *p, const char *text); /* NULL: nothing */
void page_format(struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A literal of ours, as it stands. */
void page_markup(struct page *p, const char *literal);

/* In the language, or "English · 中文". */
void page_title(struct page *p, enum page_title t);
const char *page_title_en(enum page_title t);
/* Ends with page_close_section. A draft is marked as one, on the screen and on every sheet. */
void page_open_section(struct page *p, enum page_title t);
void page_open_draft(struct page *p, enum page_title t);
void page_close_section(struct page *p);
void page_heading(struct page *p, enum page_title t); /* below a section */
/* An English sentence below a heading. */
void page_note(struct page *p, const char *text);

/* A table of names and values: rows between open and close. */
void page_open_facts(struct page *p);
void page_close_facts(struct page *p);
void page_fact(struct page *p, enum page_title t, const char *value); /* NULL or "": "not known" */
void page_fact_mono(struct page *p, enum page_title t, const char *value);
void page_fact_blank(struct page *p, enum page_title t, const char *hint); /* to be filled in */
/* The value is written between these two. */
void page_open_fact(struct page *p, enum page_title t);
void page_close_fact(struct page *p);

/* A table with a heading row; cells are written between page_cell and the next. */
void page_open_table(struct page *p, const enum page_title *columns, int count);
void page_close_table(struct page *p);
void page_open_row(struct page *p);
void page_close_row(struct page *p);
void page_cell(struct page *p, const char *text); /* a whole cell */
void page_cell_mono(struct page *p, const char *text);
void page_cell_name(struct page *p, const char *text); /* breaks behind '.' and '-' alone */

/* A badge: "allow", "ask" or "deny" decides the look, the words say it. */
void page_badge(struct page *p, const char *look, const char *words);

#endif
