/* Text to words: one pass, with the state that tags and line starts need.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/licence/licence_words.h"

#include <string.h>

#include "base/core/buf.h"
#include "base/core/mem.h"
#include "govern/licence/licence_letters.h"
#include "govern/licence/licence_risk.h"

#define TAG_BYTES_MAX    2048
#define TITLE_WORDS      12 /* of a page's title */
#define MARKED_LINES_MIN 4
#define ATTRIBUTE_WORDS  3 /* an attribute with more words is a sentence */

struct scan {
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
    for (uint32_t i = 0; i + 7 <= len; i++)
        if (memcmp(word + i, "licenc", 6) == 0) word[i + 5] = 's';
    return len == 5 && memcmp(word, "https", 5) == 0 ? 4 : len;
}

/* `stop`: the letter that ended the word; 0 at the end of the text. */
static void end_word(struct scan *s, uint32_t stop)
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
static void lone_word(struct scan *s, const char *word, uint32_t begin, uint32_t end)
{
    end_word(s, 0);
    s->begin = begin;
    s->end = end;
    s->all_digits = s->capital = s->word_glued = false;
    s->word_len = (uint32_t)strlen(word);
    memcpy(s->word, word, s->word_len);
    end_word(s, 0);
}

static void scan_one(struct scan *s);
static void scan_letter(struct scan *s, uint32_t c, uint32_t bytes);

enum tag_kind { TAG_NONE, TAG_BLOCK, TAG_INLINE, TAG_STRIKE, TAG_SKIP };

static enum tag_kind tag_kind(const char *name)
{
    static const char *const block[] = {
        "p",          "br",      "div",   "h1",       "h2",   "h3", "h4", "h5",    "h6",
        "ul",         "ol",      "li",    "hr",       "pre",  "td", "th", "html",  "body",
        "section",    "article", "table", "tr",       "dl",   "dt", "dd", "tbody", "thead",
        "blockquote", "center",  "main",  "!doctype", "head", NULL
    };
    static const char *const in_line[] = { "a",    "b",    "i",     "em",   "strong", "span",
                                           "u",    "code", "small", "sup",  "sub",    "font",
                                           "tt",   "kbd",  "abbr",  "cite", "q",      "meta",
                                           "link", "img",  "base",  NULL };
    static const char *const strike[] = { "del",      "s",        "strike",  "ins", "template",
                                          "textarea", "noscript", "details", "svg", NULL };
    static const char *const skip[] = { "script", "style", "title", NULL };
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

/* "Terms of Use" as the title of a page. */
static bool is_title_word(const struct licence_words *w, uint32_t i)
{
    bool use = licence_word_is(w, i, "use") && i > 0 &&
               (licence_word_is(w, i - 1, "of") || licence_word_is(w, i - 1, "acceptable"));
    return use || licence_words_are_title(w, i, i + 1) || licence_word_is(w, i, "terms");
}

/* The words of `part` as a text of its own: does a reader of the file find a term there that a reader of the
 * page does not? More words than `words_max` are a sentence, whatever they are. */
static bool speaks(struct scan *outer, struct span part, uint32_t words_max, bool title)
{
    struct licence_words w = { .encoding = outer->w->encoding };
    struct scan s = { .w = &w, .text = part, .inside = true, .line_start = true };
    s.folded = BUF_INIT(4 * part.len + 16);
    while (s.at < part.len && !s.failed)
        scan_one(&s);
    end_word(&s, 0);
    outer->failed |= s.failed || s.folded.failed;
    w.folded_bytes = (uint32_t)s.folded.len;
    w.folded = buf_detach(&s.folded);
    bool found = s.failed || w.count > words_max;
    for (uint32_t i = 0; i < w.count && !found; i++)
        found = !(title && is_title_word(&w, i)) && licence_word_is_risky(&w, i);
    licence_words_release(&w);
    return found;
}

/* Attributes whose values only arrange the page. */
static bool is_technical(const char *name, size_t len)
{
    static const char *const names[] = { "href", "src",   "class", "id",      "style",   "rel",
                                         "type", "lang",  "dir",   "charset", "width",   "height",
                                         "name", "align", "color", "face",    "size",    "target",
                                         "http", "xmlns", "role",  "border",  "property" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) return true;
    return false;
}

/* A sentence in an attribute: alt="not for sale", content="..." of a meta tag. `tag` in lower case. */
static bool attributes_speak(struct scan *s, const char *tag)
{
    if (s->inside || strstr(tag, "\"viewport\"") || strstr(tag, "http-equiv")) return false;
    for (const char *at = strchr(tag, '='); at; at = strchr(at, '=')) {
        const char *name = at, *value = at + 1;
        while (name > tag && name[-1] > ' ' && !strchr("\"'/", name[-1]))
            name--;
        bool quoted = *value == '"' || *value == '\'';
        const char *end = quoted ? strchr(value + 1, *value) : value + strcspn(value, " \t\r\n");
        if (!end) return true;
        struct span part = { value + quoted, (size_t)(end - value) - quoted };
        if (!is_technical(name, (size_t)(at - name))) {
            /* `tag` has '?' for what is not ASCII: another script is a sentence as well. */
            bool foreign = memchr(part.data, '?', part.len) != NULL;
            enum licence_encoding kept = s->w->encoding;
            s->w->encoding = LICENCE_UTF8;
            bool found = foreign || speaks(s, part, ATTRIBUTE_WORDS, false);
            s->w->encoding = kept;
            if (found) return true;
        }
        at = *end ? end + 1 : end;
    }
    return false;
}

/* Does a style sheet take away, add or move what is read? */
static bool style_changes(struct scan *s, size_t begin, size_t end)
{
    static const char *const words[] = { "display", "visibility", "content", "opacity", "clip",
                                         "indent",  "strike",     "through", NULL };
    for (size_t at = begin; at < end;) {
        uint32_t bytes;
        for (int i = 0; words[i]; i++)
            if (ascii_at(s, at, words[i])) return true;
        licence_letter(s->w->encoding, s->text, at, &bytes);
        at += bytes;
    }
    return false;
}

static bool hides(const char *tag)
{
    return strstr(tag, "display") || strstr(tag, "visibility") || strstr(tag, "hidden") ||
           strstr(tag, "line-through") || strstr(tag, "font-size") || strstr(tag, "opacity");
}

static void hidden_word(struct scan *s, size_t end)
{
    lone_word(s, "<hidden>", (uint32_t)s->at, (uint32_t)end);
}

/* Of a letter that marks are made of. */
static size_t letter_bytes(const struct scan *s)
{
    enum licence_encoding e = s->w->encoding;
    return e == LICENCE_UTF16LE || e == LICENCE_UTF16BE ? 2 : 1;
}

/* Nobody who looks at the page sees a comment; a sentence in it is told all the same. */
static uint32_t skip_comment(struct scan *s)
{
    size_t end = find_ascii(s, s->at, "-->");
    size_t mark = 4 * letter_bytes(s);
    struct span inside = { s->text.data + s->at + mark,
                           end - s->at > mark ? end - s->at - mark : 0 };
    if (speaks(s, inside, 1, false)) hidden_word(s, end);
    return (uint32_t)(end - s->at);
}

/* A script can write anything, and a style sheet can take away what is there. A title stands over the page. */
static uint32_t skip_element(struct scan *s, const char *name, uint32_t name_len, uint32_t opening)
{
    char close[16] = "</";
    memcpy(close + 2, name, name_len);
    memcpy(close + 2 + name_len, ">", 2);
    size_t end = find_ascii(s, s->at, close), begin = s->at + opening;
    size_t closing = (name_len + 3) * letter_bytes(s);
    size_t inner = end > begin + closing ? end - begin - closing : 0;
    struct span part = { s->text.data + begin, inner };
    bool title = strcmp(name, "title") == 0;
    bool speaks_up = strcmp(name, "style") == 0 ? style_changes(s, begin, begin + inner)
                                                : speaks(s, part, title ? TITLE_WORDS : 0, title);
    if (speaks_up) hidden_word(s, end);
    return (uint32_t)(end - s->at);
}

/* A known tag or a comment, whose opening mark has `lead` bytes: its bytes, 0 where this is plain text. */
static uint32_t scan_tag(struct scan *s, uint32_t lead, bool escaped)
{
    char tag[TAG_BYTES_MAX], name[12];
    uint32_t used, n = 0;
    if (s->page && ascii_at(s, s->at, "<!--")) return skip_comment(s);
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
    if (kind == TAG_SKIP && t == tag && s->page) return skip_element(s, name, n, lead + used);
    if (kind == TAG_STRIKE || hides(tag) || attributes_speak(s, tag))
        hidden_word(s, s->at + lead + used);
    return lead + used;
}

static void end_line(struct scan *s)
{
    end_word(s, '\n');
    s->glued = s->mark_skipped = false;
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

static void scan_letter(struct scan *s, uint32_t c, uint32_t bytes)
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

/* ---- RTF: control words, groups, and letters as codes (RTF 1.9.1) ---- */

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
static bool skip_rtf_group(struct scan *s)
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
    if (!table && speaks(s, part, RTF_INFO_WORDS, true)) hidden_word(s, s->at + bytes);
    s->at += bytes;
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *d = memchr(digits, c | (c >= 'A' ? 32 : 0), 16);
    return d ? (int)(d - digits) : -1;
}

/* \'92 is a byte of Windows-1252, \u8217? a code unit with a letter behind it for old readers. */
static void rtf_letter(struct scan *s, const struct rtf_word *w)
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
    scan_letter(s, c, bytes);
}

static void scan_rtf_word(struct scan *s)
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
        scan_letter(s, 0x2019, w.bytes);
        return;
    }
    if (strchr("{}\\", w.name[0]) && w.name[0])
        mark(s, (uint32_t)w.name[0], (uint32_t)s->at, (uint32_t)s->at + 2);
    if (is_word_of(w.name, ends)) end_line(s);
    if (is_word_of(w.name, gaps)) end_word(s, ' ');
    if (w.value && is_word_of(w.name, hiding)) hidden_word(s, s->at + w.bytes);
    bool small = strcmp(w.name, "fs") == 0 && w.value < RTF_SMALL;
    /* What is no control word is not shown, but stands in the file: "\\notforsale". */
    bool odd = strlen(w.name) > RTF_KNOWN_MAX ||
               speaks(s, (struct span){ w.name, strlen(w.name) }, 1, false);
    if (small || odd) hidden_word(s, s->at + w.bytes);
    s->at += w.bytes;
}

/* True where this was no letter of the text. */
static bool scan_rtf(struct scan *s)
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

static void scan_one(struct scan *s)
{
    if (s->rtf && scan_rtf(s)) return;
    uint32_t bytes, letter, c = licence_letter(s->w->encoding, s->text, s->at, &bytes);
    uint32_t entity = c == '&' ? licence_entity(s->w->encoding, s->text, s->at, &letter) : 0;
    if (entity) {
        c = letter;
        bytes = entity;
    }
    uint32_t used = c == '<' && !s->inside ? scan_tag(s, bytes, entity > 0) : 0;
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
    struct scan s = { .w = &w, .text = text, .line_start = true, .skip_marks = skip_marks };
    s.folded = BUF_INIT(4 * (size_t)LICENCE_TEXT_BYTES_MAX);
    enum status st = licence_encoding_of(&w.encoding, text, err);
    s.rtf = text.len > 5 && memcmp(text.data, "{\\rtf", 5) == 0;
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
