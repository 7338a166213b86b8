/* JSON spellings of string languages.
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFC 8259 section 7. A string under a pattern has one spelling: what need not be escaped is not,
 * so that a key can not be written in a second way that its rule would miss. */
#include "lm/sample/constraint_program.h"

#include <string.h>

#include "lm/sample/regex.h"

/* RFC 8259, char: a surrogate comes in pairs only. */
#define ANY_STRING_BODY(without)                                                                   \
    "(?:[^" without "\"\\\\\\x00-\\x1f]|\\\\[\"\\\\/bfnrt]|\\\\u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|" \
    "[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}))*"

/* States of the text automaton: {MODE_BEGIN}, {MODE_BODY, s}, and inside an escape. */
enum mode {
    MODE_BEGIN,
    MODE_BODY,
    MODE_ESCAPE,
    MODE_U,
    MODE_U0,
    MODE_U00,
    MODE_U000,
    MODE_U001,
    MODE_END
};

struct texter {
    const struct automaton *a;
    const uint32_t *same; /* [states]: the first state with the same targets of escapes */
};

static bool body_step(const struct texter *t, uint32_t s, uint8_t byte, uint32_t *to)
{
    const struct automaton *a = t->a;
    if (byte == '"') {
        to[0] = MODE_END;
        to[1] = a->accept[s];
        return a->accept[s];
    }
    if (byte == '\\') {
        to[0] = MODE_ESCAPE;
        to[1] = t->same[s];
        return true;
    }
    to[0] = MODE_BODY;
    to[1] = byte < 0x20 ? 0 : automaton_next(a, s, byte);
    return to[1];
}

static bool to_body(const struct automaton *a, uint32_t s, uint8_t byte, uint32_t *to)
{
    to[0] = MODE_BODY;
    to[1] = automaton_next(a, s, byte);
    return to[1];
}

static bool escape_step(const struct automaton *a, uint32_t s, uint8_t byte, uint32_t *to)
{
    static const char letters[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
    if (byte == 'u') {
        to[0] = MODE_U;
        to[1] = s;
        return true;
    }
    const char *p = byte ? strchr(letters, byte) : NULL;
    return p && to_body(a, s, (uint8_t)values[p - letters], to);
}

static bool text_step(const void *ctx, const uint32_t *from, size_t n, uint8_t byte, uint32_t *to,
                      size_t *ret_n)
{
    const struct texter *t = ctx;
    const struct automaton *a = t->a;
    uint32_t s = from[1];
    *ret_n = 2;
    to[1] = s;
    switch ((enum mode)from[0]) {
    case MODE_BEGIN: to[0] = MODE_BODY; return byte == '"';
    case MODE_BODY: return body_step(t, s, byte, to);
    case MODE_ESCAPE: return escape_step(a, s, byte, to);
    case MODE_U: to[0] = MODE_U0; return byte == '0';
    case MODE_U0: to[0] = MODE_U00; return byte == '0';
    case MODE_U00: to[0] = byte == '0' ? MODE_U000 : MODE_U001; return byte == '0' || byte == '1';
    case MODE_U000:
    case MODE_U001: {
        int digit = byte >= '0' && byte <= '9'   ? byte - '0'
                    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                 : -1;
        if (digit < 0) return false;
        uint8_t c = (uint8_t)(digit + (from[0] == MODE_U001 ? 16 : 0));
        if (c == 8 || c == 9 || c == 10 || c == 12 || c == 13) return false; /* have a letter */
        return to_body(a, s, c, to);
    }
    case MODE_END: return false;
    }
    return false;
}

static uint32_t text_accept(const void *ctx, const uint32_t *state, size_t n)
{
    return state[0] == MODE_END ? state[1] : 0;
}

/* States whose escaped characters lead to the same places share the states inside an escape. */
static const uint32_t *find_same(struct build *b, const struct automaton *a)
{
    uint32_t *same = build_array(b, a->states, sizeof *same);
    uint32_t *first = build_array(b, a->states, sizeof *first), to[34];
    struct word_set set = { 0 };
    bool is_new;
    if (!same || !first) return NULL;
    for (uint32_t s = 1; s < a->states; s++) {
        for (int c = 0; c < 32; c++)
            to[c] = automaton_next(a, s, (uint8_t)c);
        to[32] = automaton_next(a, s, '"');
        to[33] = automaton_next(a, s, '\\');
        uint32_t i = word_set_add(b, &set, to, 34, &is_new);
        if (i == UINT32_MAX) return NULL;
        if (is_new) first[i] = s;
        same[s] = first[i];
    }
    return same;
}

/* Bytes that the text tells apart whatever the automaton does. */
static void text_cuts(const struct automaton *a, bool cuts[256])
{
    static const char apart[] = " \"\\bfnrtu0123456789abcdefABCDEF";
    for (const char *p = apart; *p; p++)
        cuts[(uint8_t)*p] = cuts[(uint8_t)*p + 1] = true;
    for (int i = 1; i < 256; i++)
        if (a->class_of[i] != a->class_of[i - 1]) cuts[i] = true;
    cuts[0x20] = cuts[0x80] = true;
}

struct automaton *string_text(struct build *b, const struct automaton *a, bool opening)
{
    if (a && b->tagged) {
        struct automaton *without = regex_of(b, "[^<]*");
        a = without ? automaton_product(b, a, without, AUTOMATON_AND) : NULL;
    }
    if (!a) return NULL;
    struct texter t = { a, find_same(b, a) };
    struct explorer e = { &t, text_step, text_accept };
    bool cuts[256] = { 0 };
    if (!t.same) return NULL;
    text_cuts(a, cuts);
    uint32_t start[] = { opening ? MODE_BEGIN : MODE_BODY, a->start };
    return automaton_explore(b, &e, start, 2, cuts);
}

struct automaton *any_string_text(struct build *b, bool opening)
{
    if (b->tagged)
        return regex_of(b, opening ? "\"" ANY_STRING_BODY("<") "\"" : ANY_STRING_BODY("<") "\"");
    return regex_of(b, opening ? "\"" ANY_STRING_BODY("") "\"" : ANY_STRING_BODY("") "\"");
}

uint32_t program_add(struct build *b, struct program *p, struct automaton *a)
{
    if (!a ||
        !build_grow(b, &p->automata, &p->automata_cap, p->automaton_count, sizeof *p->automata))
        return PROGRAM_NONE;
    p->automata[p->automaton_count] = a;
    return p->automaton_count++;
}
