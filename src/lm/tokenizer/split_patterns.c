/* The splitting patterns that nearly all models use, written by hand.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each function answers what the regular expression beside it matches at `pos`, alternative by
 * alternative in the pattern's order, backtracking worked out on paper. split_name_list.h ties the
 * functions to the expressions, and the unit test compares each with PCRE2. */
#include "lm/tokenizer/char_class.h"
#include "lm/tokenizer/splitter.h"

enum {
    OPTION_TAIL_WHOLE = 1,  /* \s++$ comes before the newline rule */
    OPTION_SLASH = 2,       /* a run of punctuation takes [\r\n/]* along */
    OPTION_NO_NEWLINES = 4, /* ... or nothing */
    OPTION_CONTRACTIONS = 8 /* a word takes 's, 't ... along */
};

/* End of the run of characters that have any class of `any` and none of `none`. */
static size_t run(const char *s, size_t pos, size_t len, unsigned any, unsigned none)
{
    size_t bytes;
    while (pos < len) {
        unsigned c = char_class(s + pos, len - pos, &bytes);
        if (!(c & any) || (c & none)) break;
        pos += bytes;
    }
    return pos;
}

static size_t run_without(const char *s, size_t pos, size_t len, unsigned none)
{
    size_t bytes;
    while (pos < len && !(char_class(s + pos, len - pos, &bytes) & none))
        pos += bytes;
    return pos;
}

static size_t run_up_to(const char *s, size_t pos, size_t len, unsigned any, int count_max)
{
    size_t bytes;
    for (int i = 0; i < count_max && pos < len; i++) {
        if (!(char_class(s + pos, len - pos, &bytes) & any)) break;
        pos += bytes;
    }
    return pos;
}

/* One letter of a contraction, folded as Unicode does: U+017F is an s. */
static int folded(const char *s, size_t pos, size_t len, size_t *ret_bytes)
{
    *ret_bytes = 1;
    if (pos >= len) return 0;
    uint8_t c = (uint8_t)s[pos];
    if (c == 0xC5 && pos + 1 < len && (uint8_t)s[pos + 1] == 0xBF) {
        *ret_bytes = 2;
        return 's';
    }
    return c >= 'A' && c <= 'Z' ? c + 32 : c < 128 ? c : 0;
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d) at pos: its end, or pos. */
static size_t contraction(const char *s, size_t pos, size_t len)
{
    if (pos >= len || s[pos] != '\'') return pos;
    size_t one, two;
    int a = folded(s, pos + 1, len, &one), b = folded(s, pos + 1 + one, len, &two);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return pos + 1 + one;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l'))
        return pos + 1 + one + two;
    return pos;
}

/* ` ?[^\s\p{L}\p{N}]+[\r\n]*`, or pos. `none` are the classes left out of the run. */
static size_t punctuation(const char *s, size_t pos, size_t len, unsigned none, int options)
{
    size_t from = s[pos] == ' ' ? pos + 1 : pos;
    size_t end = run_without(s, from, len, none);
    if (end == from) return pos; /* without the blank: it is white space itself */
    if (options & OPTION_NO_NEWLINES) return end;
    while (end < len &&
           (s[end] == '\r' || s[end] == '\n' || ((options & OPTION_SLASH) && s[end] == '/')))
        end++;
    return end;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ where text[pos] is white space. */
static size_t white_space(const char *s, size_t pos, size_t len, int options)
{
    size_t end = pos, last = pos, newline = 0, bytes;
    while (end < len) {
        unsigned c = char_class(s + end, len - end, &bytes);
        if (!(c & CHAR_SPACE)) break;
        last = end;
        end += bytes;
        if (c & CHAR_NEWLINE) newline = end;
    }
    if (end == len && (options & OPTION_TAIL_WHOLE)) return end;
    if (newline) return newline;
    if (end == len || last == pos) return end;
    return last; /* the last blank goes with the word that follows */
}

/* A character that no alternative matches stays alone. */
static size_t one(const char *s, size_t pos, size_t len)
{
    size_t bytes;
    char_class(s + pos, len - pos, &bytes);
    return pos + bytes;
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
size_t split_gpt2(const char *s, size_t pos, size_t len)
{
    if (s[pos] == '\'' && pos + 1 < len) {
        char a = s[pos + 1], b = pos + 2 < len ? s[pos + 2] : 0;
        if (a == 's' || a == 't' || a == 'm' || a == 'd') return pos + 2;
        if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l'))
            return pos + 3;
    }
    size_t from = s[pos] == ' ' ? pos + 1 : pos, bytes;
    unsigned c = from < len ? char_class(s + from, len - from, &bytes) : CHAR_SPACE;
    if (c & CHAR_LETTER) return run(s, from, len, CHAR_LETTER, 0);
    if (c & CHAR_NUMBER) return run(s, from, len, CHAR_NUMBER, 0);
    if (!(c & CHAR_SPACE)) return run_without(s, from, len, CHAR_SPACE | CHAR_LETTER | CHAR_NUMBER);
    size_t end = pos, last = pos;
    while (end < len && (char_class(s + end, len - end, &bytes) & CHAR_SPACE)) {
        last = end;
        end += bytes;
    }
    return end == len || last == pos ? end : last;
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?LETTERS+|\p{N}{1,DIGITS}| ?[^\s LETTERS \p{N}]+[\r\n]*
 * |\s*[\r\n]+|\s+(?!\S)|\s+ */
static inline size_t words_rule(const char *s, size_t pos, size_t len, unsigned letters, int digits,
                                int options)
{
    size_t bytes, next;
    unsigned c = char_class(s + pos, len - pos, &bytes);
    if (c & letters) return run(s, pos + bytes, len, letters, 0);
    if (c & CHAR_NUMBER)
        return digits == 1 ? pos + bytes : run_up_to(s, pos, len, CHAR_NUMBER, digits);
    if (s[pos] == '\'') {
        size_t end = contraction(s, pos, len);
        if (end > pos) return end;
    }
    if (!(c & CHAR_NEWLINE) && pos + bytes < len &&
        (char_class(s + pos + bytes, len - pos - bytes, &next) & letters))
        return run(s, pos + bytes + next, len, letters, 0);
    size_t end = punctuation(s, pos, len, CHAR_SPACE | CHAR_NUMBER | letters, options);
    if (end > pos) return end;
    if (c & CHAR_SPACE) return white_space(s, pos, len, options);
    return one(s, pos, len);
}

size_t split_llama3(const char *s, size_t pos, size_t len)
{
    return words_rule(s, pos, len, CHAR_LETTER, 3, 0);
}

size_t split_qwen2(const char *s, size_t pos, size_t len)
{
    return words_rule(s, pos, len, CHAR_LETTER, 1, 0);
}

size_t split_qwen35(const char *s, size_t pos, size_t len)
{
    return words_rule(s, pos, len, CHAR_LETTER | CHAR_MARK, 1, 0);
}

size_t split_cl100k(const char *s, size_t pos, size_t len)
{
    return words_rule(s, pos, len, CHAR_LETTER, 3, OPTION_TAIL_WHOLE);
}

size_t split_seed_coder(const char *s, size_t pos, size_t len)
{
    return words_rule(s, pos, len, CHAR_LETTER, 1, OPTION_NO_NEWLINES);
}

/* The two classes of o200k: HEAD is \p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}, TAIL is \p{Ll}\p{Lm}\p{Lo}\p{M}. */
static bool is_head(unsigned c)
{
    return ((c & CHAR_LETTER) && !(c & CHAR_LOWER)) || (c & CHAR_MARK);
}

static bool is_tail(unsigned c)
{
    return ((c & CHAR_LETTER) && !(c & CHAR_UPPER)) || (c & CHAR_MARK);
}

static size_t tail_run(const char *s, size_t pos, size_t len)
{
    size_t bytes;
    while (pos < len && is_tail(char_class(s + pos, len - pos, &bytes)))
        pos += bytes;
    return pos;
}

/* HEAD*TAIL+ at pos, or pos; *ret_head is the end of HEAD*. */
static size_t head_tail(const char *s, size_t pos, size_t len, size_t *ret_head)
{
    size_t head = pos, last_tail = pos, bytes;
    while (head < len) {
        unsigned c = char_class(s + head, len - head, &bytes);
        if (!is_head(c)) break;
        head += bytes;
        if (is_tail(c)) last_tail = head; /* where HEAD* can give back to TAIL+ */
    }
    *ret_head = head;
    size_t end = tail_run(s, head, len);
    return end > head ? end : last_tail;
}

/* [^\r\n\p{L}\p{N}]?HEAD*TAIL+ | [^\r\n\p{L}\p{N}]?HEAD+TAIL*, or pos. */
static size_t cased_word(const char *s, size_t pos, size_t len)
{
    size_t bytes, head = pos, head_after = pos, end;
    unsigned c = char_class(s + pos, len - pos, &bytes);
    bool prefix = !(c & (CHAR_NEWLINE | CHAR_LETTER | CHAR_NUMBER));
    size_t after = pos + bytes;
    if (prefix) {
        end = head_tail(s, after, len, &head_after);
        if (end > after) return end;
    }
    end = head_tail(s, pos, len, &head);
    if (end > pos) return end;
    /* No TAIL in reach, so HEAD+ alone is the match. */
    if (prefix && head_after > after) return head_after;
    return head;
}

static inline size_t cased_rule(const char *s, size_t pos, size_t len, int digits, int options)
{
    size_t bytes, end = cased_word(s, pos, len);
    if (end > pos) return options & OPTION_CONTRACTIONS ? contraction(s, end, len) : end;
    unsigned c = char_class(s + pos, len - pos, &bytes);
    if (c & CHAR_NUMBER) return run_up_to(s, pos, len, CHAR_NUMBER, digits);
    end = punctuation(s, pos, len, CHAR_SPACE | CHAR_NUMBER | CHAR_LETTER, options);
    if (end > pos) return end;
    if (c & CHAR_SPACE) return white_space(s, pos, len, 0);
    return one(s, pos, len);
}

size_t split_o200k(const char *s, size_t pos, size_t len)
{
    return cased_rule(s, pos, len, 3, OPTION_SLASH | OPTION_CONTRACTIONS);
}

size_t split_tekken(const char *s, size_t pos, size_t len)
{
    return cased_rule(s, pos, len, 1, OPTION_SLASH);
}

static size_t digits_or_rest(const char *s, size_t pos, size_t len, int count_max)
{
    size_t end = run_up_to(s, pos, len, CHAR_NUMBER, count_max);
    return end > pos ? end : run_without(s, pos, len, CHAR_NUMBER);
}

/* \p{N}, \p{N}{1,3}, \p{N}+ cut out; what lies between stays whole. */
size_t split_digits_one(const char *s, size_t pos, size_t len)
{
    return digits_or_rest(s, pos, len, 1);
}

size_t split_digits_three(const char *s, size_t pos, size_t len)
{
    return digits_or_rest(s, pos, len, 3);
}

size_t split_digits_all(const char *s, size_t pos, size_t len)
{
    size_t end = run(s, pos, len, CHAR_NUMBER, 0);
    return end > pos ? end : run_without(s, pos, len, CHAR_NUMBER);
}

/* The character at pos is one of [一-龥぀-ゟ゠-ヿ] (U+4E00-9FA5, U+3040-30FF): 3 bytes, or 0. */
static size_t cjk(const char *s, size_t pos, size_t len)
{
    const uint8_t *b = (const uint8_t *)s + pos;
    if (len - pos < 3 || b[0] < 0xE3 || b[0] > 0xE9 || (b[1] & 0xC0) != 0x80 ||
        (b[2] & 0xC0) != 0x80)
        return 0;
    unsigned cp = (b[0] & 15u) << 12 | (b[1] & 63u) << 6 | (b[2] & 63u);
    return (cp >= 0x4E00 && cp <= 0x9FA5) || (cp >= 0x3040 && cp <= 0x30FF) ? 3 : 0;
}

/* [一-龥぀-ゟ゠-ヿ]+ cut out. */
size_t split_deepseek_v3_cjk(const char *s, size_t pos, size_t len)
{
    size_t end = pos;
    while (end < len && cjk(s, end, len))
        end += 3;
    if (end > pos) return end;
    while (end < len && !cjk(s, end, len))
        end = one(s, end, len);
    return end;
}

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t deepseek_word(const char *s, size_t pos, size_t len)
{
    size_t bytes, next;
    unsigned c = char_class(s + pos, len - pos, &bytes);
    unsigned letters = CHAR_LETTER | CHAR_MARK;
    if ((uint8_t)s[pos] < 128 && (c & (CHAR_PUNCT | CHAR_SYMBOL)) && pos + 1 < len &&
        is_ascii_letter(s[pos + 1])) {
        size_t end = pos + 1;
        while (end < len && is_ascii_letter(s[end]))
            end++;
        return end;
    }
    if (c & letters) return run(s, pos, len, letters, 0);
    if (!(c & (CHAR_NEWLINE | CHAR_PUNCT | CHAR_SYMBOL)) && pos + bytes < len &&
        (char_class(s + pos + bytes, len - pos - bytes, &next) & letters))
        return run(s, pos + bytes, len, letters, 0);
    return pos;
}

/* [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+
 * | ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ ; what matches nothing stays whole. */
static size_t deepseek_match(const char *s, size_t pos, size_t len)
{
    size_t bytes, end = deepseek_word(s, pos, len);
    if (end > pos) return end;
    size_t from = s[pos] == ' ' ? pos + 1 : pos;
    end = run(s, from, len, CHAR_PUNCT | CHAR_SYMBOL, 0);
    if (end > from) {
        while (end < len && (s[end] == '\r' || s[end] == '\n'))
            end++;
        return end;
    }
    return char_class(s + pos, len - pos, &bytes) & CHAR_SPACE ? white_space(s, pos, len, 0) : pos;
}

size_t split_deepseek_v3_words(const char *s, size_t pos, size_t len)
{
    size_t end = deepseek_match(s, pos, len);
    if (end > pos) return end;
    for (end = pos; end < len && deepseek_match(s, end, len) == end;)
        end = one(s, end, len);
    return end;
}

/* Metaspace: a piece begins at each blank. */
size_t split_before_space(const char *s, size_t pos, size_t len)
{
    for (pos++; pos < len && s[pos] != ' ';)
        pos++;
    return pos;
}
