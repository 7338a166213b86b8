/* The words of a text, as a lawyer would count them: formatting gone, meaning kept.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Follows the SPDX matching guidelines (SPDX specification, annex B) as far as they are about the way
 * a text is written: case, white space, line breaks, punctuation, quotes, dashes, bullets, comment
 * marks, (c) for the copyright sign, licence for license. HTML tags and entities, UTF-16, Windows-1252, GB 18030,
 * full-width letters and invisible characters are undone as well. Words and numbers are never dropped,
 * because a number may be a limit. A CJK character is a word of its own.
 *
 * Comments and scripts are left out of HTML pages only: in a plain text everybody sees them.
 *
 * What cannot be undone without guessing is told: strikes (<del>, ~~), hidden elements, sentences in comments,
 * attributes, scripts and style sheets, Unicode tags and overrides of the direction become a word that no
 * licence has, so that such a text never passes for the plain one.
 * Pure: no files, no state. Any thread may call. */
#ifndef GOVERN_LICENCE_LICENCE_WORDS_H
#define GOVERN_LICENCE_LICENCE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/core/span.h"
#include "base/core/status.h"

#define LICENCE_TEXT_BYTES_MAX (4u << 20)
#define LICENCE_WORDS_MAX      400000
#define LICENCE_WORD_BYTES_MAX 64 /* of a word's letters; a longer one is told by its first 64 */

enum licence_word_flags {
    WORD_LINE_START = 1, /* the first on its line */
    WORD_MARKER = 2,     /* numbers a paragraph: "1." "(a)" "iv)" at a line's start */
    WORD_SENTENCE = 4,   /* a sentence ended before it */
    WORD_PARAGRAPH = 8,  /* an empty line, or a block of HTML, stands before it */
    WORD_NUMBER = 16,    /* decimal digits only */
    WORD_CAPITAL = 32,   /* begins with a capital letter */
    WORD_GLUED = 64      /* "@", ".", ":" or "/" joins it to the word before, as in an address */
};

struct licence_word {
    uint64_t hash;       /* FNV-1a of its folded letters */
    uint32_t begin, end; /* its bytes in the original text */
    uint8_t flags;
};

enum licence_encoding {
    LICENCE_UTF8,
    LICENCE_UTF16LE,
    LICENCE_UTF16BE,
    LICENCE_WINDOWS_1252,
    LICENCE_GB18030
};

struct licence_words {
    struct licence_word *words;
    uint32_t count, cap;
    enum licence_encoding encoding;
    bool html;
    char *folded; /* the folded letters of all words, one space between; terminated */
    uint32_t folded_bytes;
    uint32_t *at; /* [count] where each word begins in `folded` */
};

/* STATUS_BAD_INPUT where the bytes are no text (the words say why), STATUS_LIMIT past a limit.
 * Positions are those in `text`, which is not kept. licence_words_release() frees. */
enum status licence_words_read(struct licence_words *ret, struct span text, struct error *err);
void licence_words_release(struct licence_words *w); /* zeroed ones are fine */

/* British spelling is the same word (SPDX matching guidelines, varietal spelling), https is http: changes
 * the folded word in place and returns its length. */
uint32_t licence_word_spelling(char *word, uint32_t len);
uint64_t licence_word_hash(const char *folded, uint32_t len);
/* The folded letters of word `i`, and whether they are these. */
struct span licence_word_text(const struct licence_words *w, uint32_t i);
bool licence_word_is(const struct licence_words *w, uint32_t i, const char *folded);
/* Is the phrase, folded words with one space between, at word `i`? Returns its words; 0: no.
 * "*" stands for any one word, a word with a trailing "*" for a beginning. */
uint32_t licence_phrase_at(const struct licence_words *w, uint32_t i, const char *phrase);

#endif
