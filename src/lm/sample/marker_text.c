/* Markers as tokens or bytes, and free text that stops at one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/marker_text.h"

#include <assert.h>
#include <string.h>

int32_t marker_id(const struct tokenizer *t, const char *text)
{
    int32_t id = tokenizer_find(t, text, strlen(text));
    return id >= 0 && tokenizer_is_special(t, id) ? id : -1;
}

/* --- sequences --- */

bool sequence_add(struct build *b, struct regex_node *all, struct regex_node *child)
{
    struct regex_node *held = child ? regex_new(b, REGEX_ALL) : NULL;
    if (!held) return false;
    held->child = child;
    regex_add(all, held);
    return true;
}

bool sequence_add_bytes(struct build *b, struct regex_node *all, const char *text, size_t len)
{
    struct regex_node *n = regex_new(b, REGEX_BYTES);
    if (!n) return false;
    n->bytes = (struct span){ text, len };
    return len == 0 || sequence_add(b, all, n);
}

bool sequence_add_call(struct build *b, struct regex_node *all, uint32_t callee)
{
    struct regex_node *n = regex_new(b, REGEX_CALL);
    if (!n) return false;
    n->callee = callee;
    return sequence_add(b, all, n);
}

bool sequence_add_marker(struct build *b, struct regex_node *all, const struct tokenizer *t,
                         const char *marker)
{
    int32_t id = marker_id(t, marker);
    if (id >= 0) return sequence_add_call(b, all, CALLEE_TOKEN + (uint32_t)id);
    return sequence_add_bytes(b, all, marker, strlen(marker));
}

/* What formats of calls spell with tokens of their own, where the vocabulary has them. */
static const char *const markers[] = {
    "<tool_call>",
    "</tool_call>",
    "[TOOL_CALLS]",
    "<|tool_calls_section_begin|>",
    "<|tool_calls_section_end|>",
    "<|tool_call_begin|>",
    "<|tool_call_end|>",
    "<|tool_call_argument_begin|>",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁sep｜>",
    "[ARGS]",
    "[unused11]",
    "[unused12]",
    "<|constrain|>",
    "<|message|>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<minimax:tool_call>",
    "</minimax:tool_call>",
    "<seed:tool_call>",
    "</seed:tool_call>",
    "｜DSML｜",
};

/* Bytes of the marker with a token of its own that `text` begins with, 0: none. */
static size_t marker_at(const struct tokenizer *t, const char *text, int32_t *ret_id)
{
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        size_t n = strlen(markers[i]);
        if (strncmp(text, markers[i], n) != 0) continue;
        *ret_id = marker_id(t, markers[i]);
        if (*ret_id >= 0) return n;
    }
    return 0;
}

bool sequence_add_text(struct build *b, struct regex_node *all, const struct tokenizer *t,
                       const char *text)
{
    const char *from = text;
    while (*text) {
        int32_t id = -1;
        size_t n = *text == '\x01' ? 1 : marker_at(t, text, &id);
        if (!n) {
            text++;
            continue;
        }
        if (!sequence_add_bytes(b, all, from, (size_t)(text - from))) return false;
        if (id >= 0) {
            if (!sequence_add_call(b, all, CALLEE_TOKEN + (uint32_t)id)) return false;
        } else if (!sequence_add(b, all,
                                 regex_parse(b, span_of("0|[1-9][0-9]{0,2}"), "a number"))) {
            return false;
        }
        from = text += n;
    }
    return sequence_add_bytes(b, all, from, (size_t)(text - from));
}

/* Whether a token stands in the middle of the marker. */
static bool has_token_inside(const struct tokenizer *t, const char *marker)
{
    int32_t id;
    for (const char *at = marker; *at; at++)
        if (marker_at(t, at, &id)) return true;
    return false;
}

/* --- free text --- */

struct search {
    const struct automaton *any;
    const char *marker;
    size_t len;
    bool found; /* accepts right behind the first marker, else all texts without one */
};

static bool search_step(const void *ctx, const uint32_t *from, size_t n, uint8_t byte, uint32_t *to,
                        size_t *ret_n)
{
    const struct search *s = ctx;
    size_t k = from[1];
    *ret_n = 2;
    if (k == s->len) return false;
    to[0] = automaton_next(s->any, from[0], byte);
    /* The longest beginning of the marker that the text now ends with. */
    char tail[MARKER_BYTES_MAX];
    memcpy(tail, s->marker, k);
    tail[k] = (char)byte;
    size_t len = k + 1;
    while (len > 0 && memcmp(tail + (k + 1 - len), s->marker, len) != 0)
        len--;
    to[1] = (uint32_t)len;
    if (len == s->len && !s->found) return false;
    return to[0];
}

static uint32_t search_accept(const void *ctx, const uint32_t *state, size_t n)
{
    const struct search *s = ctx;
    return s->found ? state[1] == s->len : s->any->accept[state[0]];
}

static struct automaton *search(struct build *b, const char *marker, bool found)
{
    struct search s = { regex_of(b, "[^]*"), marker, strlen(marker), found };
    struct explorer e = { &s, search_step, search_accept };
    bool cuts[256] = { 0 };
    assert(s.len >= 1 && s.len <= MARKER_BYTES_MAX);
    if (!s.any) return NULL;
    for (int i = 1; i < 256; i++)
        if (s.any->class_of[i] != s.any->class_of[i - 1]) cuts[i] = true;
    for (size_t i = 0; i < s.len; i++) {
        cuts[(uint8_t)marker[i]] = true;
        if ((uint8_t)marker[i] < 255) cuts[(uint8_t)marker[i] + 1] = true;
    }
    return automaton_explore(b, &e, (uint32_t[]){ s.any->start, 0 }, 2, cuts);
}

struct automaton *text_without(struct build *b, const char *marker)
{
    return search(b, marker, false);
}

bool sequence_add_up_to(struct build *b, struct program *p, struct regex_node *all,
                        const struct tokenizer *t, const char *marker)
{
    int32_t id = marker_id(t, marker);
    bool mixed = id < 0 && has_token_inside(t, marker);
    struct automaton *text = search(b, marker, id < 0 && !mixed);
    if (text && id >= 0) text->before_token = true;
    uint32_t callee = program_add(b, p, text);
    if (callee == PROGRAM_NONE || !sequence_add_call(b, all, callee)) return false;
    if (mixed) return sequence_add_text(b, all, t, marker);
    return id < 0 || sequence_add_call(b, all, CALLEE_TOKEN + (uint32_t)id);
}
