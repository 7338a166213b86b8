/* Chat templates: what in them would reach out of an interpreter, and what they plant in prompts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Other tools render templates with all of Jinja, some outside of its sandbox (CVE-2024-34359, CVE-2026-5760): there a
 * path of attributes leads from any object to os.system. Our own interpreter has no such attributes. But also a
 * harmless interpreter writes what a template says, and a template can say another thing from a certain day on, or
 * when a certain word is asked about. The tokens are those of that interpreter (lm/chat/jinja_lex.h). */
#include <string.h>

#include "base/core/utf8.h"
#include "govern/scan/scan_inner.h"
#include "lm/chat/jinja_lex.h"

#define TEMPLATE_BYTES_MAX ((size_t)1 << 20)
#define ARENA_BYTES_MAX    ((size_t)256 << 20)
#define TAINTED_MAX        64
#define JOINED_MAX         256 /* bytes of texts that stand beside each other */
#define NEAR_MAX           64  /* tokens that are looked at for one that belongs to another */
#define KEY_LOOKS_MAX      256 /* through all tokens */
#define CONDITION_MAX      512 /* tokens of one */
#define SHOWN_TOKENS_BYTES 160

struct judge {
    struct scan *s;
    const struct scan_part *part;
    struct span source; /* without carriage returns */
    const struct token *t;
    size_t count;
    struct span tainted[TAINTED_MAX]; /* names that hold the date */
    size_t tainted_count;
    size_t key_looks; /* how often all tokens were looked through */
    struct arena arena;
};

static const char *const dunders[] = {
#define TEMPLATE_DUNDER(word) word,
#define TEMPLATE_INSIDE(word)
#define TEMPLATE_GLOBAL(word)
#define TEMPLATE_PHRASE(words)
#include "govern/scan/template_word_list.h"
#undef TEMPLATE_DUNDER
#undef TEMPLATE_INSIDE
#undef TEMPLATE_GLOBAL
#undef TEMPLATE_PHRASE
};

static const char *const insides[] = {
#define TEMPLATE_DUNDER(word)
#define TEMPLATE_INSIDE(word) word,
#define TEMPLATE_GLOBAL(word)
#define TEMPLATE_PHRASE(words)
#include "govern/scan/template_word_list.h"
#undef TEMPLATE_DUNDER
#undef TEMPLATE_INSIDE
#undef TEMPLATE_GLOBAL
#undef TEMPLATE_PHRASE
};

static const char *const globals[] = {
#define TEMPLATE_DUNDER(word)
#define TEMPLATE_INSIDE(word)
#define TEMPLATE_GLOBAL(word) word,
#define TEMPLATE_PHRASE(words)
#include "govern/scan/template_word_list.h"
#undef TEMPLATE_DUNDER
#undef TEMPLATE_INSIDE
#undef TEMPLATE_GLOBAL
#undef TEMPLATE_PHRASE
};

static const char *const phrases[] = {
#define TEMPLATE_DUNDER(word)
#define TEMPLATE_INSIDE(word)
#define TEMPLATE_GLOBAL(word)
#define TEMPLATE_PHRASE(words) words,
#include "govern/scan/template_word_list.h"
#undef TEMPLATE_DUNDER
#undef TEMPLATE_INSIDE
#undef TEMPLATE_GLOBAL
#undef TEMPLATE_PHRASE
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool among(const char *const *list, size_t count, struct span word)
{
    for (size_t i = 0; i < count; i++)
        if (span_equals(word, list[i])) return true;
    return false;
}

/* ---- places ---- */

static bool in_source(const struct judge *j, struct span text)
{
    return text.data >= j->source.data && text.data < j->source.data + j->source.len;
}

/* Offset of token i, or of the nearest before it that lies in the source: texts with escapes do not. */
static size_t place(const struct judge *j, size_t i)
{
    for (size_t near = 0; near < NEAR_MAX && near <= i; near++) {
        const struct span text = j->t[i - near].text;
        if (in_source(j, text)) return (size_t)(text.data - j->source.data);
    }
    return 0;
}

/* The source around token i. */
static struct span around(const struct judge *j, size_t i)
{
    size_t at = place(j, i), begin = at > 40 ? at - 40 : 0;
    while (begin < at && ((unsigned char)j->source.data[begin] & 0xC0) == 0x80)
        begin++;
    size_t left = j->source.len - begin;
    return (struct span){ j->source.data + begin,
                          left < SHOWN_TOKENS_BYTES ? left : SHOWN_TOKENS_BYTES };
}

static void found(struct judge *j, enum scan_rule_id rule, enum scan_answer answer, size_t i,
                  const char *words)
{
    scan_add(j->s, j->part, rule, answer, place(j, i), around(j, i), "the template %s", words);
}

/* ---- single tokens ---- */

static bool is_sign(const struct judge *j, size_t i, const char *sign)
{
    return i < j->count && j->t[i].type == TOKEN_SIGN && span_equals(j->t[i].text, sign);
}

static bool is_name(const struct judge *j, size_t i, const char *name)
{
    return i < j->count && j->t[i].type == TOKEN_NAME && span_equals(j->t[i].text, name);
}

/* The word between two underscores on each side, if that is what `text` is. */
static bool dunder_word(struct span text, struct span *ret)
{
    if (text.len < 5 || memcmp(text.data, "__", 2) != 0 ||
        memcmp(text.data + text.len - 2, "__", 2) != 0)
        return false;
    *ret = (struct span){ text.data + 2, text.len - 4 };
    return true;
}

/* Whether a known one stands anywhere in a text: "{0.__class__}". */
static bool holds_dunder(struct span text)
{
    for (size_t i = 0; i + 5 <= text.len; i++) {
        if (memcmp(text.data + i, "__", 2) != 0) continue;
        for (size_t k = 0; k < COUNT(dunders); k++) {
            size_t n = strlen(dunders[k]);
            if (text.len - i >= n + 4 && memcmp(text.data + i + 2, dunders[k], n) == 0 &&
                memcmp(text.data + i + 2 + n, "__", 2) == 0)
                return true;
        }
    }
    return false;
}

/* A piece of such a word: letters and underscores, two of which stand together. */
static bool is_dunder_piece(struct span text)
{
    bool two = false;
    if (text.len < 2 || text.len > 32) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')) return false;
        if (i && c == '_' && text.data[i - 1] == '_') two = true;
    }
    return two;
}

/* "%c%cclass": one alone is a date's. */
static bool counts_bytes(struct span text)
{
    const char *first = scan_find(text.data, text.len, "%c");
    if (!first) return false;
    size_t rest = (size_t)(first - text.data) + 2;
    return scan_find(text.data + rest, text.len - rest, "%c") != NULL;
}

static void judge_name(struct judge *j, size_t i)
{
    struct span name = j->t[i].text, word;
    bool attribute = i && is_sign(j, i - 1, ".");
    bool filter = i && is_sign(j, i - 1, "|");
    if (dunder_word(name, &word) || (attribute && among(insides, COUNT(insides), name)))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_DENY, i,
              "reaches into Python itself; Hearth's interpreter has no such thing, others have");
    else if (filter && span_equals(name, "attr"))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_ASK, i,
              "gets an attribute whose name it computes");
    else if (attribute && span_equals(name, "system") && is_sign(j, i + 1, "("))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_DENY, i, "calls something named system");
    else if (!attribute && !filter && among(globals, COUNT(globals), name) &&
             (is_sign(j, i + 1, "(") || is_sign(j, i + 1, ".") || is_sign(j, i + 1, "[") ||
              is_sign(j, i + 1, "|")))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_ASK, i, "uses an object that no prompt needs");
    else if (!attribute && (span_equals(name, "cycler") || span_equals(name, "joiner")) &&
             is_sign(j, i + 1, "."))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_DENY, i, "looks into an object of Jinja's");
}

/* Texts that stand beside each other, with '~', '+' or nothing between, are one text. */
static void judge_string(struct judge *j, size_t i)
{
    char joined[JOINED_MAX];
    size_t used = 0, k = i;
    for (; k < j->count && k - i < NEAR_MAX; k++) {
        const struct token *t = &j->t[k];
        if (is_sign(j, k, "~") || is_sign(j, k, "+")) continue;
        if (t->type != TOKEN_STRING || t->text.len > sizeof joined - used) break;
        if (t->text.len) memcpy(joined + used, t->text.data, t->text.len);
        used += t->text.len;
    }
    if (holds_dunder(j->t[i].text) || holds_dunder((struct span){ joined, used }))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_DENY, i,
              "names an attribute that leads into Python itself, in a text");
    else if (counts_bytes(j->t[i].text))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_ASK, i,
              "holds a text whose letters are given by number, as a hidden name can be");
    else if (is_dunder_piece(j->t[i].text))
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_ASK, i,
              "holds a text that could be a piece of a name like __class__");
}

/* "x['_' * 2 ~ name]": what is asked for is put together from texts. */
static void judge_subscript(struct judge *j, size_t i)
{
    size_t depth = 0;
    bool text = false, joins = false;
    if (!i || is_sign(j, i - 1, ",") || is_sign(j, i - 1, "(") || is_sign(j, i - 1, "=")) return;
    if (j->t[i - 1].type != TOKEN_NAME && j->t[i - 1].type != TOKEN_STRING &&
        !is_sign(j, i - 1, ")") && !is_sign(j, i - 1, "]"))
        return;
    for (size_t k = i; k < j->count && k - i < NEAR_MAX; k++) {
        depth += is_sign(j, k, "[");
        depth -= is_sign(j, k, "]");
        if (!depth) break;
        text = text || j->t[k].type == TOKEN_STRING;
        joins = joins || is_sign(j, k, "~") || is_sign(j, k, "|") || is_sign(j, k, "*") ||
                is_sign(j, k, "%") || (is_sign(j, k, "+") && k && j->t[k - 1].type == TOKEN_STRING);
    }
    if (text && joins)
        found(j, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_ASK, i,
              "asks for a member by a name that it puts together");
}

/* ---- texts that reach the prompt ---- */

/* Lower case, and one space where white space is. NULL: no memory. */
static const char *plain(struct judge *j, struct span text)
{
    char *out = arena_alloc(&j->arena, text.len + 1);
    size_t n = 0;
    if (!out) return NULL;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool space = c == ' ' || (c >= '\t' && c <= '\r');
        if (space && n && out[n - 1] == ' ') continue;
        out[n++] = (char)(space ? ' ' : c >= 'A' && c <= 'Z' ? c + 32 : c ? c : ' ');
    }
    out[n] = 0;
    return out;
}

static void judge_words(struct judge *j, size_t i)
{
    const char *text = plain(j, j->t[i].text);
    if (!text) {
        j->s->failed = true;
        return;
    }
    for (size_t k = 0; k < COUNT(phrases); k++) {
        if (!strstr(text, phrases[k])) continue;
        scan_add(j->s, j->part, SCAN_RULE_TEMPLATE_TEXT, SCAN_ASK, place(j, i), j->t[i].text,
                 "the template writes \"%s\" into prompts", phrases[k]);
        return;
    }
}

/* ---- conditions ---- */

static bool holds_date(const struct judge *j, size_t i)
{
    if (j->t[i].type != TOKEN_NAME || is_sign(j, i + 1, "=")) return false;
    struct span name = j->t[i].text;
    if (span_equals(name, "strftime_now") || span_equals(name, "now") ||
        span_equals(name, "datetime"))
        return true;
    for (size_t k = 0; k < j->tainted_count; k++)
        if (name.len == j->tainted[k].len && memcmp(name.data, j->tainted[k].data, name.len) == 0)
            return true;
    return false;
}

static bool compares(const struct judge *j, size_t i)
{
    static const char *const signs[] = { "==", "!=", "<", ">", "<=", ">=" };
    if (j->t[i].type == TOKEN_SIGN) return among(signs, COUNT(signs), j->t[i].text);
    return is_name(j, i, "in") ||
           (i && is_sign(j, i - 1, ".") &&
            (is_name(j, i, "startswith") || is_name(j, i, "endswith") || is_name(j, i, "find")));
}

/* Words of a language, and not of a format: letters and spaces, and no key or role of messages. */
static bool is_topic(struct span text)
{
    static const char *const known[] = {
        "text",       "image",      "video",    "audio",     "type",        "content",
        "string",     "user",       "system",   "assistant", "tool",        "tools",
        "developer",  "function",   "role",     "name",      "thinking",    "thought",
        "reasoning",  "object",     "document", "documents", "file",        "files",
        "input",      "output",     "title",    "ipython",   "observation", "arguments",
        "parameters", "properties", "model",    "true",      "false",
    };
    size_t letters = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
        if (!letter && c != ' ' && c != '\'') return false;
        letters += letter;
    }
    return letters >= 3 && !among(known, COUNT(known), text);
}

/* "content['value'] if 'value' in content" asks for a key: the template uses it as one. */
static bool is_key(struct judge *j, struct span text)
{
    if (j->key_looks++ >= KEY_LOOKS_MAX) return false;
    for (size_t i = 1; i < j->count; i++) {
        const struct token *t = &j->t[i];
        if (t->text.len != text.len || memcmp(t->text.data, text.data, text.len) != 0) continue;
        if (t->type == TOKEN_STRING && is_sign(j, i - 1, "[") && is_sign(j, i + 1, "]"))
            return true;
        if (t->type == TOKEN_NAME && is_sign(j, i - 1, ".")) return true;
    }
    return false;
}

static bool is_content(const struct judge *j, size_t i)
{
    static const char *const names[] = { "content",      "prompt",       "query",     "question",
                                         "user_message", "last_message", "user_input" };
    const struct token *t = &j->t[i];
    return (t->type == TOKEN_NAME || t->type == TOKEN_STRING) &&
           among(names, COUNT(names), t->text);
}

/* Tokens [begin, end) decide whether something is written. */
static void judge_condition(struct judge *j, size_t begin, size_t end)
{
    if (end - begin > CONDITION_MAX) end = begin + CONDITION_MAX;
    bool date = false, comparison = false, content = false, topic = false;
    size_t topic_at = begin;
    for (size_t i = begin; i < end; i++) {
        date = date || holds_date(j, i);
        comparison = comparison || compares(j, i);
        content = content || is_content(j, i);
        if (j->t[i].type == TOKEN_STRING && !topic && is_topic(j->t[i].text) &&
            !is_key(j, j->t[i].text)) {
            topic = true;
            topic_at = i;
        }
    }
    if (date && comparison)
        found(j, SCAN_RULE_TEMPLATE_CONDITION, SCAN_ASK, begin, "writes another thing by the date");
    if (content && comparison && topic)
        found(j, SCAN_RULE_TEMPLATE_CONDITION, SCAN_ASK, topic_at,
              "writes another thing where messages hold certain words");
}

static size_t tag_end(const struct judge *j, size_t i)
{
    while (i < j->count && j->t[i].type != TOKEN_BLOCK_END && j->t[i].type != TOKEN_VARIABLE_END &&
           j->t[i].type != TOKEN_END)
        i++;
    return i;
}

static void taint(struct judge *j, size_t name, size_t end)
{
    if (name >= end || j->t[name].type != TOKEN_NAME) return;
    for (size_t i = name + 1; i < end; i++)
        if (holds_date(j, i) && j->tainted_count < TAINTED_MAX) {
            j->tainted[j->tainted_count++] = j->t[name].text;
            return;
        }
}

static void judge_block(struct judge *j, size_t i)
{
    static const char *const loads[] = { "include", "import", "from", "extends" };
    size_t end = tag_end(j, i);
    if (i >= end || j->t[i].type != TOKEN_NAME) return;
    if (is_name(j, i, "if") || is_name(j, i, "elif")) judge_condition(j, i + 1, end);
    if (is_name(j, i, "set")) taint(j, i + 1, end);
    if (among(loads, COUNT(loads), j->t[i].text))
        found(j, SCAN_RULE_TEMPLATE_LOAD, SCAN_ASK, i, "loads another template");
}

/* "a if condition else b", in any tag. */
static void judge_inline(struct judge *j, size_t i)
{
    size_t end = i + 1;
    while (end < j->count && end - i < CONDITION_MAX && !is_name(j, end, "else") &&
           j->t[end].type != TOKEN_BLOCK_END && j->t[end].type != TOKEN_VARIABLE_END)
        end++;
    judge_condition(j, i + 1, end);
}

static void judge_tokens(struct judge *j)
{
    for (size_t i = 0; i < j->count; i++) {
        switch (j->t[i].type) {
        case TOKEN_NAME:
            judge_name(j, i);
            if (i && is_name(j, i, "if") && j->t[i - 1].type != TOKEN_BLOCK_BEGIN)
                judge_inline(j, i);
            break;
        case TOKEN_STRING:
            judge_string(j, i);
            judge_words(j, i);
            break;
        case TOKEN_DATA: judge_words(j, i); break;
        case TOKEN_SIGN:
            if (is_sign(j, i, "[")) judge_subscript(j, i);
            break;
        case TOKEN_BLOCK_BEGIN: judge_block(j, i + 1); break;
        default: break;
        }
    }
}

/* ---- the whole ---- */

static bool copy_source(struct judge *j, struct span text)
{
    char *out = arena_alloc(&j->arena, text.len + 1);
    size_t n = 0;
    if (!out) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\r') out[n++] = text.data[i];
    j->source = (struct span){ out, n };
    return true;
}

static void judge_source(struct judge *j)
{
    struct token_stream tokens = { 0 };
    struct error why;
    enum status st = utf8_valid(j->source.data, j->source.len)
                         ? jinja_lex(&j->arena, "it", j->source, &tokens, &why)
                         : error_set(&why, STATUS_BAD_INPUT, "it is not UTF-8");
    if (st) {
        scan_add(j->s, j->part, SCAN_RULE_UNREADABLE, SCAN_ASK, 0, (struct span){ 0 },
                 "the template cannot be read: %s", why.text);
        if (holds_dunder(j->source))
            scan_add(j->s, j->part, SCAN_RULE_TEMPLATE_ESCAPE, SCAN_DENY, 0, (struct span){ 0 },
                     "the template names attributes that lead into Python itself");
        return;
    }
    j->t = tokens.items;
    j->count = tokens.count;
    judge_tokens(j);
}

void scan_template(struct scan *s, const struct scan_part *p)
{
    struct scan_part part = *p;
    struct judge j = { .s = s, .part = &part };
    if (p->len == 0) return;
    if (p->len > TEMPLATE_BYTES_MAX) {
        scan_add(s, p, SCAN_RULE_LIMIT, SCAN_ASK, 0, (struct span){ 0 },
                 "the template has %zu bytes; at most %zu are read", p->len, TEMPLATE_BYTES_MAX);
        return;
    }
    arena_init(&j.arena, ARENA_BYTES_MAX);
    if (copy_source(&j, (struct span){ (const char *)p->data, p->len })) {
        if (j.source.len != p->len) part.elsewhere = true; /* offsets moved with the returns */
        judge_source(&j);
    } else s->failed = true;
    arena_release(&j.arena);
}
