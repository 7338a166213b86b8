/* Text to words: one pass, with the state that tags and line starts need.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_words.h"

#include <string.h>

#include "base/core/buf.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "govern/licence/licence_letters.h"
#include "govern/licence/licence_risk.h"
#include "govern/licence/licence_scan.h"

#define MARKED_LINES_MIN  4
#define LETTER_OF_NO_TEXT 0xE000 /* never dropped: its word is not known */

uint64_t licence_word_hash(const char *folded, uint32_t len)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (uint32_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)folded[i]) * 0x100000001B3u;
    return h;
}

static bool push(struct word_scan *s, const char *word, uint32_t len, uint8_t flags)
{
    struct licence_words *w = s->w;
    if (w->count == w->cap) {
        uint32_t cap = w->cap ? w->cap * 2 : 2048;
        struct licence_word *words = mem_resize(w->words, cap, sizeof *words);
        if (words) w->words = words;
        uint32_t *at = mem_resize(w->at, cap, sizeof *at);
        if (at) w->at = at;
        if (!words || !at) return !(s->failed = true);
        w->cap = cap;
    }
    if (w->count) buf_byte(&s->folded, ' ');
    w->at[w->count] = (uint32_t)s->folded.len;
    s->failed |= !buf_append(&s->folded, word, len);
    w->words[w->count++] = (struct licence_word){
        .hash = licence_word_hash(word, len), .begin = s->begin, .end = s->end, .flags = flags
    };
    return !s->failed;
}

/* "12", "a", "iv": what can number a paragraph. */
static bool numbers_a_paragraph(const char *word, uint32_t len, bool all_digits)
{
    if (all_digits) return len <= 2;
    if (len == 1) return word[0] >= 'a' && word[0] <= 'z';
    for (uint32_t i = 0; i < len; i++)
        if (!strchr("ivx", word[i])) return false;
    return len <= 5;
}

uint32_t licence_word_spelling(char *word, uint32_t len)
{
    for (uint32_t i = 0; i + 7 <= len; i++)
        if (memcmp(word + i, "licenc", 6) == 0) word[i + 5] = 's';
    return len == 5 && memcmp(word, "https", 5) == 0 ? 4 : len;
}

/* `stop`: the letter that ended the word; 0 at the end of the text. */
void word_scan_end_word(struct word_scan *s, uint32_t stop)
{
    if (!s->word_len) return;
    uint8_t flags = 0;
    bool starts_line = !s->w->count || s->line_start;
    if (s->skip_marks && !s->mark_skipped) {
        s->mark_skipped = true;
        s->word_len = 0;
        return;
    }
    if (starts_line) flags |= WORD_LINE_START;
    if (s->sentence) flags |= WORD_SENTENCE;
    if (s->paragraph || s->newlines > 1 || !s->w->count) flags |= WORD_PARAGRAPH;
    if (s->all_digits) flags |= WORD_NUMBER;
    if (s->capital) flags |= WORD_CAPITAL;
    if (s->word_glued) flags |= WORD_GLUED;
    if (starts_line) s->markers = true;
    bool marker = s->markers && (stop == '.' || stop == ')' || stop == 0xFF09 || stop == 0x3001) &&
                  numbers_a_paragraph(s->word, s->word_len, s->all_digits);
    s->markers = marker;
    if (marker) flags |= WORD_MARKER;
    s->word_len = licence_word_spelling(s->word, s->word_len);
    push(s, s->word, s->word_len, flags);
    s->word_len = 0;
    s->newlines = 0;
    s->line_start = s->sentence = s->paragraph = false;
}

static void add_letter(struct word_scan *s, uint32_t c, uint32_t begin, uint32_t end)
{
    char bytes[4];
    uint32_t n = (uint32_t)utf8_encode(c, bytes);
    if (!n) n = (uint32_t)utf8_encode(LETTER_OF_NO_TEXT, bytes); /* half of a pair, from RTF */
    if (!s->word_len) {
        s->begin = begin;
        s->all_digits = true;
        s->capital = s->upper;
        s->word_glued = s->glued;
    }
    if (c < '0' || c > '9') s->all_digits = false;
    s->end = end;
    if (s->word_len + n > LICENCE_WORD_BYTES_MAX) return;
    memcpy(s->word + s->word_len, bytes, n);
    s->word_len += n;
}

/* A word that stands alone whatever is beside it. */
static void lone_word(struct word_scan *s, const char *word, uint32_t begin, uint32_t end)
{
    word_scan_end_word(s, 0);
    s->begin = begin;
    s->end = end;
    s->all_digits = s->capital = s->word_glued = false;
    s->word_len = (uint32_t)strlen(word);
    memcpy(s->word, word, s->word_len);
    word_scan_end_word(s, 0);
}

void word_scan_end_line(struct word_scan *s)
{
    word_scan_end_word(s, '\n');
    s->glued = s->mark_skipped = false;
    s->newlines++;
    s->line_start = true;
}

/* What is neither letter nor digit. */
void word_scan_mark(struct word_scan *s, uint32_t c, uint32_t begin, uint32_t end)
{
    if (c == '\n' || c == 0x2028 || c == 0x2029) {
        word_scan_end_line(s);
        return;
    }
    word_scan_end_word(s, c);
    s->glued = c == '@' || c == '.' || c == '/' || c == ':';
    /* "01.AI" and "3.1" go on. */
    uint32_t bytes,
        next = s->at < s->text.len
                   ? licence_fold(licence_letter(s->w->encoding, s->text, s->at, &bytes))
                   : ' ';
    if ((c == '.' && !licence_is_word_letter(next)) || c == '!' || c == '?' || c == ';' ||
        c == 0x3002 || c == 0xFF1B)
        s->sentence = true;
    /* Signs that carry an amount. */
    static const struct {
        uint32_t letter;
        const char *word;
    } signs[] = { { '%', "%" }, { '$', "$" }, { 0x20AC, "eur" }, { 0xA3, "gbp" }, { 0xA5, "cny" } };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].letter == c) lone_word(s, signs[i].word, begin, end);
}

static bool is_apostrophe(uint32_t c)
{
    return c == '\'' || c == 0x2019 || c == 0x2018 || c == '`' || c == 0xB4;
}

void word_scan_letter(struct word_scan *s, uint32_t c, uint32_t bytes)
{
    uint32_t begin = (uint32_t)s->at, end = begin + bytes, folded = licence_fold(c), next_bytes;
    const char *parts;
    uint32_t ligature = licence_ligature(c, &parts);
    s->at += bytes;
    s->upper = folded != c;
    if (licence_is_ghost(c)) lone_word(s, "<hidden>", begin, end);
    for (uint32_t i = 0; i < ligature; i++)
        add_letter(s, (unsigned char)parts[i], begin, end);
    if (!folded || ligature) return;
    if (c == 0xA9) { /* "©2024" is "(c) 2024" */
        lone_word(s, "c", begin, end);
    } else if (licence_is_word_letter(folded)) {
        add_letter(s, folded, begin, end);
    } else if (licence_is_cjk(folded)) {
        word_scan_end_word(s, 0);
        add_letter(s, folded, begin, end);
        s->all_digits = false;
        /* 一、 numbers a paragraph in Chinese, but no English line is told by it. */
        word_scan_end_word(s, 0);
    } else if (is_apostrophe(folded) && s->word_len) {
        ; /* licensor's and licensors are one word, however the apostrophe is typed */
    } else if (folded == '~' && s->at < s->text.len &&
               licence_letter(s->w->encoding, s->text, s->at, &next_bytes) == '~') {
        s->at += next_bytes;
        lone_word(s, "<hidden>", begin, end + next_bytes);
    } else {
        word_scan_mark(s, folded, begin, end);
    }
}

static void scan_one(struct word_scan *s)
{
    if (s->rtf && word_scan_rtf(s)) return;
    uint32_t bytes, letter, c = licence_letter(s->w->encoding, s->text, s->at, &bytes);
    uint32_t entity = c == '&' ? licence_entity(s->w->encoding, s->text, s->at, &letter) : 0;
    if (entity) {
        c = letter;
        bytes = entity;
    }
    uint32_t used = c == '<' && !s->inside ? word_scan_tag(s, bytes, entity > 0) : 0;
    if (used) s->at += used;
    else word_scan_letter(s, c, bytes);
}

/* "Terms of Use" as the title of a page. */
static bool is_title_word(const struct licence_words *w, uint32_t i)
{
    bool use = licence_word_is(w, i, "use") && i > 0 &&
               (licence_word_is(w, i - 1, "of") || licence_word_is(w, i - 1, "acceptable"));
    return use || licence_words_are_title(w, i, i + 1) || licence_word_is(w, i, "terms");
}

/* The words of `part` as a text of its own: does a reader of the file find a term there that a reader of the
 * page does not? More words than `words_max` are a sentence, whatever they are. */
bool word_scan_speaks(struct word_scan *outer, struct span part, uint32_t words_max, bool title)
{
    struct licence_words w = { .encoding = outer->w->encoding };
    struct word_scan s = { .w = &w, .text = part, .inside = true, .line_start = true };
    s.folded = BUF_INIT(4 * part.len + 16);
    while (s.at < part.len && !s.failed)
        scan_one(&s);
    word_scan_end_word(&s, 0);
    outer->failed |= s.failed || s.folded.failed;
    w.folded_bytes = (uint32_t)s.folded.len;
    w.folded = buf_detach(&s.folded);
    bool found = s.failed || w.count > words_max;
    for (uint32_t i = 0; i < w.count && !found; i++)
        found = !(title && is_title_word(&w, i)) && licence_word_is_risky(&w, i);
    licence_words_release(&w);
    return found;
}

void word_scan_hidden(struct word_scan *s, size_t end)
{
    lone_word(s, "<hidden>", (uint32_t)s->at, (uint32_t)end);
}

static enum status check(struct word_scan *s, struct error *err)
{
    if (s->failed || s->folded.failed)
        return error_set(err, STATUS_NO_MEMORY, "no memory for the words of a licence text");
    if (s->w->count > LICENCE_WORDS_MAX)
        return error_set(err, STATUS_LIMIT,
                         "the text has more than %d words: a licence is shorter; name the part "
                         "that is one",
                         LICENCE_WORDS_MAX);
    return STATUS_OK;
}

/* Does `i` begin a line, and is it the mark of a comment, or the line's number after `last`? */
static bool is_line_mark(const struct licence_words *w, uint32_t i, bool numbers, uint32_t *last)
{
    static const char *const marks[] = { "rem", "dnl", "%" };
    struct span word = licence_word_text(w, i);
    uint32_t number = 0;
    if (!numbers) {
        for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
            if (span_equals(word, marks[k])) return true;
        return false;
    }
    if (!(w->words[i].flags & WORD_NUMBER) || word.len > 5) return false;
    for (size_t k = 0; k < word.len; k++)
        number = number * 10 + (uint32_t)(word.data[k] - '0');
    bool next = number == *last + 1;
    *last = number;
    return next;
}

/* Every line begins with "REM", "dnl" or "%", or with its own number: such words are no part of the text. One
 * line without one, and all are. */
static bool lines_are_marked(const struct licence_words *w, bool numbers)
{
    uint32_t lines = 0, last = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        if (!(w->words[i].flags & WORD_LINE_START)) continue;
        if (!is_line_mark(w, i, numbers, &last)) return false;
        lines++;
    }
    return lines >= MARKED_LINES_MIN;
}

static enum status read_once(struct licence_words *ret, struct span text, bool skip_marks,
                             struct error *err)
{
    struct licence_words w = { 0 };
    struct word_scan s = { .w = &w, .text = text, .line_start = true, .skip_marks = skip_marks };
    s.folded = BUF_INIT(4 * (size_t)LICENCE_TEXT_BYTES_MAX);
    enum status st = licence_encoding_of(&w.encoding, text, err);
    s.rtf = text.len > 5 && memcmp(text.data, "{\\rtf", 5) == 0;
    while (!st && s.at < text.len) {
        scan_one(&s);
        if (s.failed || w.count > LICENCE_WORDS_MAX) break;
    }
    word_scan_end_word(&s, 0);
    if (!st) st = check(&s, err);
    w.folded_bytes = (uint32_t)s.folded.len;
    w.folded = buf_detach(&s.folded);
    if (!st) *ret = w;
    else licence_words_release(&w);
    return st;
}

enum status licence_words_read(struct licence_words *ret, struct span text, struct error *err)
{
    struct licence_words w = { 0 };
    if (text.len > LICENCE_TEXT_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "the text has %zu bytes; at most %u are read", text.len,
                         LICENCE_TEXT_BYTES_MAX);
    enum status st = read_once(&w, text, false, err);
    if (!st && (lines_are_marked(&w, false) || lines_are_marked(&w, true))) {
        licence_words_release(&w);
        st = read_once(&w, text, true, err);
    }
    if (!st) *ret = w;
    return st;
}

void licence_words_release(struct licence_words *w)
{
    mem_free(w->words);
    mem_free(w->at);
    mem_free(w->folded);
    *w = (struct licence_words){ 0 };
}

struct span licence_word_text(const struct licence_words *w, uint32_t i)
{
    uint32_t end = i + 1 < w->count ? w->at[i + 1] - 1 : w->folded_bytes;
    return (struct span){ w->folded + w->at[i], end - w->at[i] };
}

bool licence_word_is(const struct licence_words *w, uint32_t i, const char *folded)
{
    return i < w->count && span_equals(licence_word_text(w, i), folded);
}

uint32_t licence_phrase_at(const struct licence_words *w, uint32_t i, const char *phrase)
{
    uint32_t words = 0;
    while (*phrase) {
        const char *space = strchr(phrase, ' ');
        size_t len = space ? (size_t)(space - phrase) : strlen(phrase);
        if (i + words >= w->count) return 0;
        struct span word = licence_word_text(w, i + words);
        bool open = phrase[len - 1] == '*';
        size_t fixed = open ? len - 1 : len;
        if (word.len < fixed || memcmp(word.data, phrase, fixed) != 0) return 0;
        if (!open && word.len != len) return 0;
        words++;
        phrase += len + (space ? 1 : 0);
    }
    return words;
}
