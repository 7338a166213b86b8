/* Text to words: one pass, with the state that tags and line starts need.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_words.h"

#include <string.h>

#include "base/core/buf.h"
#include "base/core/mem.h"
#include "govern/licence/licence_letters.h"

#define TAG_BYTES_MAX 2048

struct scan {
    struct licence_words *w;
    struct span text;
    struct buf folded;
    size_t at;
    char word[LICENCE_WORD_BYTES_MAX + 8];
    uint32_t word_len, begin, end;
    uint32_t newlines; /* since the last word */
    bool line_start, sentence, all_digits, paragraph;
    bool page;    /* HTML from its beginning: comments are not seen */
    bool markers; /* all words of this line so far are markers */
    bool failed;
};

uint64_t licence_word_hash(const char *folded, uint32_t len)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (uint32_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)folded[i]) * 0x100000001B3u;
    return h;
}

static bool push(struct scan *s, const char *word, uint32_t len, uint8_t flags)
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
    if (len >= 7 && memcmp(word, "licence", 7) == 0) word[5] = 's';
    return len == 5 && memcmp(word, "https", 5) == 0 ? 4 : len;
}

/* `stop`: the letter that ended the word; 0 at the end of the text. */
static void end_word(struct scan *s, uint32_t stop)
{
    if (!s->word_len) return;
    uint8_t flags = 0;
    bool starts_line = !s->w->count || s->line_start;
    if (starts_line) flags |= WORD_LINE_START;
    if (s->sentence) flags |= WORD_SENTENCE;
    if (s->paragraph || s->newlines > 1 || !s->w->count) flags |= WORD_PARAGRAPH;
    if (s->all_digits) flags |= WORD_NUMBER;
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

static void add_letter(struct scan *s, uint32_t c, uint32_t begin, uint32_t end)
{
    char bytes[4];
    uint32_t n;
    if (c < 0x80) {
        bytes[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xC0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 63));
        n = 2;
    } else if (c < 0x10000) {
        bytes[0] = (char)(0xE0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 63));
        bytes[2] = (char)(0x80 | (c & 63));
        n = 3;
    } else {
        bytes[0] = (char)(0xF0 | c >> 18);
        bytes[1] = (char)(0x80 | (c >> 12 & 63));
        bytes[2] = (char)(0x80 | (c >> 6 & 63));
        bytes[3] = (char)(0x80 | (c & 63));
        n = 4;
    }
    if (!s->word_len) {
        s->begin = begin;
        s->all_digits = true;
    }
    if (c < '0' || c > '9') s->all_digits = false;
    s->end = end;
    if (s->word_len + n > LICENCE_WORD_BYTES_MAX) return;
    memcpy(s->word + s->word_len, bytes, n);
    s->word_len += n;
}

/* A word that stands alone whatever is beside it. */
static void lone_word(struct scan *s, const char *word, uint32_t begin, uint32_t end)
{
    end_word(s, 0);
    s->begin = begin;
    s->end = end;
    s->all_digits = false;
    s->word_len = (uint32_t)strlen(word);
    memcpy(s->word, word, s->word_len);
    end_word(s, 0);
}

enum tag_kind { TAG_NONE, TAG_BLOCK, TAG_INLINE, TAG_STRIKE, TAG_SKIP };

static enum tag_kind tag_kind(const char *name)
{
    static const char *const block[] = {
        "p",    "br",    "div",     "h1",         "h2",     "h3",   "h4",       "h5",
        "h6",   "ul",    "ol",      "li",         "hr",     "pre",  "td",       "th",
        "html", "body",  "section", "article",    "table",  "tr",   "dl",       "dt",
        "dd",   "tbody", "thead",   "blockquote", "center", "main", "!doctype", NULL
    };
    static const char *const in_line[] = { "a",    "b",     "i",   "em",   "strong", "span", "u",
                                           "code", "small", "sup", "sub",  "font",   "tt",   "kbd",
                                           "abbr", "cite",  "q",   "meta", "link",   "img",  NULL };
    static const char *const strike[] = { "del",      "s",        "strike",  "ins", "template",
                                          "textarea", "noscript", "details", "svg", NULL };
    static const char *const skip[] = { "head", "script", "style", NULL };
    for (int i = 0; block[i]; i++)
        if (strcmp(block[i], name) == 0) return TAG_BLOCK;
    for (int i = 0; in_line[i]; i++)
        if (strcmp(in_line[i], name) == 0) return TAG_INLINE;
    for (int i = 0; strike[i]; i++)
        if (strcmp(strike[i], name) == 0) return TAG_STRIKE;
    for (int i = 0; skip[i]; i++)
        if (strcmp(skip[i], name) == 0) return TAG_SKIP;
    return TAG_NONE;
}

/* The inside of a tag from `at`, in ASCII; returns its bytes with the closing mark, 0 where none comes in
 * time. A tag that was written with entities ends with one. No tag holds another's beginning, so that a
 * text of many opening marks is still read once. */
static uint32_t tag_inside(struct scan *s, size_t at, bool escaped, char *out, uint32_t max)
{
    uint32_t used = 0, len = 0, bytes, entity;
    while (at + used < s->text.len && len + 1 < max) {
        uint32_t c = licence_letter(s->w->encoding, s->text, at + used, &bytes), plain = c;
        if (c == '&' && (entity = licence_entity(s->w->encoding, s->text, at + used, &c)))
            bytes = entity;
        used += bytes;
        if (c == '<') return 0;
        if (c == '>' && (escaped || plain == '>')) {
            out[len] = 0;
            return used;
        }
        out[len++] = c < 0x80 && c ? (char)licence_fold(c) : '?';
    }
    return 0;
}

/* Where `needle`, in lower case, ends if it stands at `at`; 0 where it does not. */
static size_t ascii_at(struct scan *s, size_t at, const char *needle)
{
    uint32_t bytes;
    for (; *needle && at < s->text.len; needle++, at += bytes)
        if (licence_fold(licence_letter(s->w->encoding, s->text, at, &bytes)) != (uint32_t)*needle)
            return 0;
    return *needle ? 0 : at;
}

/* Behind the next `needle`, or the end of the text. */
static size_t find_ascii(struct scan *s, size_t at, const char *needle)
{
    uint32_t bytes;
    size_t end = 0;
    while (at < s->text.len && !(end = ascii_at(s, at, needle))) {
        licence_letter(s->w->encoding, s->text, at, &bytes);
        at += bytes;
    }
    return end ? end : s->text.len;
}

static bool hides(const char *tag)
{
    return strstr(tag, "display") || strstr(tag, "visibility") || strstr(tag, "hidden") ||
           strstr(tag, "line-through") || strstr(tag, "font-size") || strstr(tag, "opacity");
}

/* A known tag or a comment, whose opening mark has `lead` bytes: its bytes, 0 where this is plain text. */
static uint32_t scan_tag(struct scan *s, uint32_t lead, bool escaped)
{
    char tag[TAG_BYTES_MAX], name[12];
    uint32_t used, n = 0;
    if (s->page && ascii_at(s, s->at, "<!--"))
        return (uint32_t)(find_ascii(s, s->at, "-->") - s->at);
    used = tag_inside(s, s->at + lead, escaped, tag, sizeof tag);
    if (!used) return 0;
    const char *t = tag[0] == '/' ? tag + 1 : tag;
    while (n < sizeof name - 1 && t[n] && !strchr(" \t\r\n/", t[n])) {
        name[n] = t[n];
        n++;
    }
    name[n] = 0;
    enum tag_kind kind = tag_kind(name);
    if (kind == TAG_NONE) return 0;
    /* "<a not for sale>" is no tag but words that everybody sees. */
    if (strchr(tag, ' ') && !strchr(tag, '=') && name[0] != '!' && strcmp(name, "br") != 0)
        return 0;
    s->page |= strcmp(name, "html") == 0 || strcmp(name, "!doctype") == 0;
    s->w->html = true;
    if (kind != TAG_INLINE) {
        end_word(s, 0);
        s->line_start = true;
        s->paragraph = true;
    }
    if (kind == TAG_SKIP && t == tag && s->page) {
        char close[16] = "</";
        memcpy(close + 2, name, n);
        memcpy(close + 2 + n, ">", 2);
        return (uint32_t)(find_ascii(s, s->at, close) - s->at);
    }
    if (kind == TAG_STRIKE || hides(tag))
        lone_word(s, "<hidden>", (uint32_t)s->at, (uint32_t)s->at + lead + used);
    return lead + used;
}

static void end_line(struct scan *s)
{
    end_word(s, '\n');
    s->newlines++;
    s->line_start = true;
}

/* What is neither letter nor digit. */
static void mark(struct scan *s, uint32_t c, uint32_t begin, uint32_t end)
{
    if (c == '\n' || c == 0x2028 || c == 0x2029) {
        end_line(s);
        return;
    }
    end_word(s, c);
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

static void scan_letter(struct scan *s, uint32_t c, uint32_t bytes)
{
    uint32_t begin = (uint32_t)s->at, end = begin + bytes, folded = licence_fold(c), next_bytes;
    s->at += bytes;
    if (!folded) return;
    if (c == 0xA9) { /* "©2024" is "(c) 2024" */
        lone_word(s, "c", begin, end);
    } else if (licence_is_word_letter(folded)) {
        add_letter(s, folded, begin, end);
    } else if (licence_is_cjk(folded)) {
        end_word(s, 0);
        add_letter(s, folded, begin, end);
        s->all_digits = false;
        /* 一、 numbers a paragraph in Chinese, but no English line is told by it. */
        end_word(s, 0);
    } else if (is_apostrophe(folded) && s->word_len) {
        ; /* licensor's and licensors are one word, however the apostrophe is typed */
    } else if (folded == '~' && s->at < s->text.len &&
               licence_letter(s->w->encoding, s->text, s->at, &next_bytes) == '~') {
        s->at += next_bytes;
        lone_word(s, "<hidden>", begin, end + next_bytes);
    } else {
        mark(s, folded, begin, end);
    }
}

static void scan_one(struct scan *s)
{
    uint32_t bytes, letter, c = licence_letter(s->w->encoding, s->text, s->at, &bytes);
    uint32_t entity = c == '&' ? licence_entity(s->w->encoding, s->text, s->at, &letter) : 0;
    if (entity) {
        c = letter;
        bytes = entity;
    }
    uint32_t used = c == '<' ? scan_tag(s, bytes, entity > 0) : 0;
    if (used) s->at += used;
    else scan_letter(s, c, bytes);
}

static enum status check(struct scan *s, struct error *err)
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

enum status licence_words_read(struct licence_words *ret, struct span text, struct error *err)
{
    struct licence_words w = { 0 };
    struct scan s = { .w = &w, .text = text, .line_start = true };
    if (text.len > LICENCE_TEXT_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "the text has %zu bytes; at most %u are read", text.len,
                         LICENCE_TEXT_BYTES_MAX);
    s.folded = BUF_INIT(4 * (size_t)LICENCE_TEXT_BYTES_MAX);
    enum status st = licence_encoding_of(&w.encoding, text, err);
    while (!st && s.at < text.len) {
        scan_one(&s);
        if (s.failed || w.count > LICENCE_WORDS_MAX) break;
    }
    end_word(&s, 0);
    if (!st) st = check(&s, err);
    w.folded_bytes = (uint32_t)s.folded.len;
    w.folded = buf_detach(&s.folded);
    if (!st) *ret = w;
    else licence_words_release(&w);
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
