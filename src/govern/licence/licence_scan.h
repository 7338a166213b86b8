/* Reading a licence text letter by letter: what licence_words_read() shares with the readers of HTML and RTF.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GOVERN_LICENCE_LICENCE_SCAN_H
#define GOVERN_LICENCE_LICENCE_SCAN_H

#include "base/core/buf.h"
#include "govern/licence/licence_words.h"

struct word_scan {
    struct licence_words *w;
    struct span text;
    struct buf folded;
    size_t at;
    char word[LICENCE_WORD_BYTES_MAX + 8];
    uint32_t word_len, begin, end;
    uint32_t newlines; /* since the last word */
    bool line_start, sentence, all_digits, paragraph;
    bool upper, capital; /* the letter at hand; the first one of the word */
    bool glued,
        word_glued; /* "@" "." ":" or "/" stands right before; the same at the word's start */
    bool page;      /* HTML from its beginning: comments are not seen */
    bool inside;    /* of a tag or a comment: no HTML in it */
    bool rtf;
    bool markers;                  /* all words of this line so far are markers */
    bool skip_marks, mark_skipped; /* the first word of each line is no word of the text */
    bool failed;
};

/* Takes the letter at s->at, of so many bytes. */
void word_scan_letter(struct word_scan *s, uint32_t c, uint32_t bytes);
/* `stop`: the letter that ended the word; 0 at the end of the text. */
void word_scan_end_word(struct word_scan *s, uint32_t stop);
void word_scan_end_line(struct word_scan *s);
/* What is neither letter nor digit. */
void word_scan_mark(struct word_scan *s, uint32_t c, uint32_t begin, uint32_t end);
/* "<hidden>" as a word for the bytes up to `end`. */
void word_scan_hidden(struct word_scan *s, size_t end);
/* The words of `part` as a text of its own: does a reader of the file find a term there that a reader of the
 * page does not? More words than `words_max` are a sentence, whatever they are. `title`: words of titles are none. */
bool word_scan_speaks(struct word_scan *outer, struct span part, uint32_t words_max, bool title);

/* A known tag or a comment, whose opening mark has `lead` bytes: its bytes, 0 where this is plain text. */
uint32_t word_scan_tag(struct word_scan *s, uint32_t lead, bool escaped);
/* What stands at s->at in RTF; false where it is a letter of the text. */
bool word_scan_rtf(struct word_scan *s);

#endif
