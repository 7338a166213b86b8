/* Regular expressions of tokenizer.json files, run by PCRE2 with limits on work and memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files speak Oniguruma. What means something else there is rewritten (\s, \S, \w, \W, ^, $)
 * or refused (\h, \H, \R, \X, set intersection); the rest is the same language. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/core/buf.h"
#include "base/core/mem.h"
#include "lm/tokenizer/splitter.h"

#define MATCH_STEPS_MAX     20000000
#define MATCH_DEPTH_MAX     100000
#define MATCH_HEAP_KIB_MAX  65536
#define JIT_STACK_BYTES_MAX ((size_t)4 << 20)

struct split_regex {
    pcre2_code *code;
};

/* White_Space of Unicode, as the inside of a class, and everything else. */
#define SPACES                                                                                  \
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}" \
    "\\x{205f}\\x{3000}"
#define NOT_SPACES                                                                               \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{"   \
    "1fff}"                                                                                      \
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{" \
    "10ffff}"
#define WORDS "\\p{L}\\p{M}\\p{Nd}\\p{Pc}"

static enum status refuse(const char *what, struct error *err)
{
    return error_set(err, STATUS_UNSUPPORTED,
                     "the pre-tokenizer's regular expression uses %s, which is not supported",
                     what);
}

/* Copies the escape at r[i] (a backslash) to out, rewritten where the dialects differ. */
static enum status put_escape(struct buf *out, struct span r, size_t i, bool in_class,
                              struct error *err)
{
    char c = i + 1 < r.len ? r.data[i + 1] : 0;
    switch (c) {
    case 0:
        return error_set(err, STATUS_BAD_INPUT,
                         "the pre-tokenizer's regular expression ends in a backslash");
    case 's': buf_text(out, in_class ? SPACES : "[" SPACES "]"); break;
    case 'S': buf_text(out, in_class ? NOT_SPACES : "[^" SPACES "]"); break;
    case 'w': buf_text(out, in_class ? WORDS : "[" WORDS "]"); break;
    case 'W':
        if (in_class) return refuse("\\W inside a class", err);
        buf_text(out, "[^" WORDS "]");
        break;
    case 'h':
    case 'H':
    case 'R':
    case 'X':
    case 'C':
    case 'K':
    case 'g':
    case 'k': return refuse((const char[]){ '\\', c, 0 }, err);
    default: buf_append(out, r.data + i, 2);
    }
    return STATUS_OK;
}

static enum status translate(struct buf *out, struct span r, struct error *err)
{
    enum status status = STATUS_OK;
    int class_depth = 0;
    for (size_t i = 0; i < r.len && !status; i++) {
        char c = r.data[i], d = i + 1 < r.len ? r.data[i + 1] : 0;
        if (c == '\\') {
            status = put_escape(out, r, i++, class_depth > 0, err);
        } else if (class_depth && c == '&' && d == '&') {
            status = refuse("the intersection of classes (&&)", err);
        } else if (class_depth && c == '[' && d != ':') {
            status = refuse("a class within a class", err);
        } else if (c == '(' && (d == '*' || (d == '?' && i + 2 < r.len &&
                                             strchr("RC&P(0123456789+", r.data[i + 2])))) {
            status = refuse("a verb, a recursion or a condition", err);
        } else {
            if (c == '[' && !class_depth) {
                class_depth = 1;
                buf_byte(out, c);
                if (d == '^') buf_byte(out, r.data[++i]);
                if (i + 1 < r.len && r.data[i + 1] == ']')
                    return refuse("an unescaped ] as the first of a class", err);
                continue;
            }
            if (c == '[') { /* [:name:] inside a class */
                const char *end = memchr(r.data + i, ']', r.len - i);
                size_t n = end ? (size_t)(end - r.data) - i + 1 : r.len - i;
                buf_append(out, r.data + i, n);
                i += n - 1;
                continue;
            }
            if (c == ']' && class_depth) class_depth = 0;
            buf_byte(out, c);
        }
    }
    return status ? status : buf_check(out, "a regular expression", err);
}

enum status split_regex_new(struct split_regex **ret, struct span regex, struct error *err)
{
    struct buf text = BUF_INIT(SPLIT_PATTERN_BYTES_MAX * 8);
    if (regex.len > SPLIT_PATTERN_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "a regular expression of %zu bytes is longer than %d",
                         regex.len, SPLIT_PATTERN_BYTES_MAX);
    enum status status = translate(&text, regex, err);
    struct split_regex *r = NULL;
    if (!status && !(r = mem_zero(sizeof(*r))))
        status = error_set(err, STATUS_NO_MEMORY, "no memory for an expression");
    if (!status) {
        int code;
        PCRE2_SIZE offset;
        /* MULTILINE: ^ and $ stand at lines in Oniguruma's Ruby syntax. */
        r->code = pcre2_compile((PCRE2_SPTR)(text.data ? text.data : ""), text.len,
                                PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE |
                                    PCRE2_NEVER_BACKSLASH_C,
                                &code, &offset, NULL);
        if (!r->code) {
            PCRE2_UCHAR words[160];
            pcre2_get_error_message(code, words, sizeof(words));
            status = error_set(err, STATUS_UNSUPPORTED,
                               "the pre-tokenizer's regular expression is refused at %zu: %s",
                               (size_t)offset, (const char *)words);
        } else {
            pcre2_jit_compile(r->code,
                              PCRE2_JIT_COMPLETE); /* where it fails the interpreter runs */
        }
    }
    buf_release(&text);
    if (status) {
        split_regex_free(r);
        return status;
    }
    *ret = r;
    return STATUS_OK;
}

void split_regex_free(struct split_regex *r)
{
    if (!r) return;
    pcre2_code_free(r->code);
    mem_free(r);
}

enum status split_matcher_run(const struct split_matcher *m, const char *text,
                              struct split_range range, struct split_list *out, struct error *err)
{
    const char *s = text + range.begin;
    size_t len = range.end - range.begin, pos = 0;
    while (pos < len) {
        int found = pcre2_match(m->regex->code, (PCRE2_SPTR)s, len, pos, 0, m->data, m->context);
        if (found == PCRE2_ERROR_NOMATCH) break;
        if (found < 0)
            return error_set(
                err, STATUS_LIMIT,
                "the pre-tokenizer's regular expression gave up (code %d) on a text of "
                "%zu bytes",
                found, len);
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
        if (at[1] > at[0]) {
            enum status status =
                split_list_push(out, range.begin + at[0], range.begin + at[1], err);
            if (status) return status;
            pos = at[1];
        } else { /* an empty match cuts nothing */
            pos = at[1] + 1;
            while (pos < len && ((uint8_t)s[pos] & 0xC0) == 0x80)
                pos++;
        }
    }
    return STATUS_OK;
}

enum status split_matcher_init(struct split_matcher *ret, const struct split_regex *r,
                               struct error *err)
{
    struct split_matcher m = { .regex = r };
    m.data = pcre2_match_data_create_from_pattern(r->code, NULL);
    m.context = pcre2_match_context_create(NULL);
    m.stack = pcre2_jit_stack_create(32768, JIT_STACK_BYTES_MAX, NULL);
    if (!m.data || !m.context || !m.stack) {
        split_matcher_release(&m);
        return error_set(err, STATUS_NO_MEMORY, "no memory to run a regular expression");
    }
    pcre2_set_match_limit(m.context, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(m.context, MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(m.context, MATCH_HEAP_KIB_MAX);
    pcre2_jit_stack_assign(m.context, NULL, m.stack);
    *ret = m;
    return STATUS_OK;
}

void split_matcher_release(struct split_matcher *m)
{
    pcre2_jit_stack_free(m->stack);
    pcre2_match_context_free(m->context);
    pcre2_match_data_free(m->data);
    *m = (struct split_matcher){ NULL, NULL, NULL, NULL };
}
