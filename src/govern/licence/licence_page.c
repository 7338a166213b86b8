/* HTML in a licence text: tags end words, and what they hide or say aside is told.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "govern/licence/licence_letters.h"
#include "govern/licence/licence_scan.h"

#define TAG_BYTES_MAX   2048
#define TITLE_WORDS     12 /* of a page's title */
#define ATTRIBUTE_WORDS 3  /* an attribute with more words is a sentence */

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
static uint32_t tag_inside(struct word_scan *s, size_t at, bool escaped, char *out, uint32_t max)
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
static size_t ascii_at(struct word_scan *s, size_t at, const char *needle)
{
    uint32_t bytes;
    for (; *needle && at < s->text.len; needle++, at += bytes)
        if (licence_fold(licence_letter(s->w->encoding, s->text, at, &bytes)) != (uint32_t)*needle)
            return 0;
    return *needle ? 0 : at;
}

/* Behind the next `needle`, or the end of the text. */
static size_t find_ascii(struct word_scan *s, size_t at, const char *needle)
{
    uint32_t bytes;
    size_t end = 0;
    while (at < s->text.len && !(end = ascii_at(s, at, needle))) {
        licence_letter(s->w->encoding, s->text, at, &bytes);
        at += bytes;
    }
    return end ? end : s->text.len;
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
static bool attributes_speak(struct word_scan *s, const char *tag)
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
            bool found = foreign || word_scan_speaks(s, part, ATTRIBUTE_WORDS, false);
            s->w->encoding = kept;
            if (found) return true;
        }
        at = *end ? end + 1 : end;
    }
    return false;
}

/* Does a style sheet take away, add or move what is read? */
static bool style_changes(struct word_scan *s, size_t begin, size_t end)
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

/* Of a letter that marks are made of. */
static size_t letter_bytes(const struct word_scan *s)
{
    enum licence_encoding e = s->w->encoding;
    return e == LICENCE_UTF16LE || e == LICENCE_UTF16BE ? 2 : 1;
}

/* Nobody who looks at the page sees a comment; a sentence in it is told all the same. */
static uint32_t skip_comment(struct word_scan *s)
{
    size_t end = find_ascii(s, s->at, "-->");
    size_t mark = 4 * letter_bytes(s);
    struct span inside = { s->text.data + s->at + mark,
                           end - s->at > mark ? end - s->at - mark : 0 };
    if (word_scan_speaks(s, inside, 1, false)) word_scan_hidden(s, end);
    return (uint32_t)(end - s->at);
}

/* A script can write anything, and a style sheet can take away what is there. A title stands over the page. */
static uint32_t skip_element(struct word_scan *s, const char *name, uint32_t name_len,
                             uint32_t opening)
{
    char close[16] = "</";
    memcpy(close + 2, name, name_len);
    memcpy(close + 2 + name_len, ">", 2);
    size_t end = find_ascii(s, s->at, close), begin = s->at + opening;
    size_t closing = (name_len + 3) * letter_bytes(s);
    size_t inner = end > begin + closing ? end - begin - closing : 0;
    struct span part = { s->text.data + begin, inner };
    bool title = strcmp(name, "title") == 0;
    bool speaks_up = strcmp(name, "style") == 0
                         ? style_changes(s, begin, begin + inner)
                         : word_scan_speaks(s, part, title ? TITLE_WORDS : 0, title);
    if (speaks_up) word_scan_hidden(s, end);
    return (uint32_t)(end - s->at);
}

/* A known tag or a comment, whose opening mark has `lead` bytes: its bytes, 0 where this is plain text. */
uint32_t word_scan_tag(struct word_scan *s, uint32_t lead, bool escaped)
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
        word_scan_end_word(s, 0);
        s->line_start = true;
        s->paragraph = true;
    }
    if (kind == TAG_SKIP && t == tag && s->page) return skip_element(s, name, n, lead + used);
    if (kind == TAG_STRIKE || hides(tag) || attributes_speak(s, tag))
        word_scan_hidden(s, s->at + lead + used);
    return lead + used;
}
