/* What a model writes before its answer: reasoning, then the constrained text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reasoning is free but for special tokens, and ends with its marker; only then the constraint begins.
 * Newlines between the two belong to the marker, as in the models' templates. */
#include <string.h>

#include "lm/sample/constraint_inner.h"
#include "lm/sample/grammar.h"
#include "lm/sample/marker_text.h"

#define NEWLINES_MAX 4

struct reasoning {
    const char *open, *close;
    bool begun;
};

static bool read_marker(struct build *b, const struct json *spec, const char *name,
                        const char **ret)
{
    *ret = json_text(json_get(spec, name));
    if (*ret && **ret && strlen(*ret) <= MARKER_BYTES_MAX) return true;
    return build_fail(b, STATUS_BAD_INPUT, "/reasoning/%s: has to be a text of 1 to %d bytes", name,
                      MARKER_BYTES_MAX);
}

static struct regex_node *inner_call(struct build *b, struct program *p)
{
    struct regex_node *call = regex_new(b, REGEX_CALL);
    if (call) call->callee = p->root;
    return call;
}

static bool set_root(struct build *b, struct program *p, struct regex_node *tree)
{
    if (!tree) return false;
    p->root = program_add(b, p, regex_automaton(b, tree, false, "/reasoning"));
    return p->root != PROGRAM_NONE && program_settle_calls(b, p, p->root, NULL, "/reasoning");
}

/* --- tags --- */

static struct regex_node *after_reasoning(struct build *b, struct program *p,
                                          const struct tokenizer *t, const struct reasoning *r)
{
    struct regex_node *all = regex_new(b, REGEX_ALL);
    struct regex_node *newline = regex_new(b, REGEX_BYTES);
    if (!all || !newline) return NULL;
    newline->bytes = span_of("\n");
    if (!r->begun && !sequence_add_marker(b, all, t, r->open)) return NULL;
    if (!sequence_add_up_to(b, p, all, t, r->close) ||
        !sequence_add(b, all, regex_repeat(b, newline, 0, NEWLINES_MAX)))
        return NULL;
    return sequence_add(b, all, inner_call(b, p)) ? all : NULL;
}

static bool compile_tags(struct build *b, struct program *p, const struct json *spec,
                         const struct tokenizer *t)
{
    struct reasoning r = { .begun = json_bool(json_get(spec, "begun"), false) };
    if (!read_marker(b, spec, "open", &r.open) || !read_marker(b, spec, "close", &r.close))
        return false;
    struct regex_node *tree = after_reasoning(b, p, t, &r);
    if (!tree || r.begun) return set_root(b, p, tree);
    struct regex_node *any = regex_new(b, REGEX_ANY), *inner = inner_call(b, p);
    if (!any || !inner) return false;
    regex_add(any, inner);
    regex_add(any, tree);
    return set_root(b, p, any);
}

/* --- Harmony: messages on channels (lm/chat/format_harmony.c) --- */

bool harmony_add_final(struct build *b, struct regex_node *all, const struct tokenizer *t)
{
    struct regex_node *format = regex_new(b, REGEX_ALL);
    return format && sequence_add_bytes(b, all, "final", 5) &&
           sequence_add_bytes(b, format, " ", 1) &&
           sequence_add_marker(b, format, t, "<|constrain|>") &&
           sequence_add_bytes(b, format, "json", 4) &&
           sequence_add(b, all, regex_repeat(b, format, 0, 1)) &&
           sequence_add_marker(b, all, t, "<|message|>");
}

static bool add_thoughts(struct build *b, struct program *p, struct regex_node *all,
                         const struct tokenizer *t)
{
    struct regex_node *one = regex_new(b, REGEX_ALL);
    return one && sequence_add_bytes(b, one, "analysis", 8) &&
           sequence_add_marker(b, one, t, "<|message|>") &&
           sequence_add_up_to(b, p, one, t, "<|end|>") &&
           sequence_add_marker(b, one, t, "<|start|>") &&
           sequence_add_bytes(b, one, "assistant", 9) &&
           sequence_add_marker(b, one, t, "<|channel|>") &&
           sequence_add(b, all, regex_repeat(b, one, 0, REGEX_FOREVER));
}

/* Tools write their channel themselves. */
static bool compile_harmony(struct build *b, struct program *p, const struct json *spec,
                            const struct tokenizer *t)
{
    struct regex_node *all = regex_new(b, REGEX_ALL);
    bool tools = span_equals(json_string(json_get(spec, "type")), "tools");
    if (!all || !sequence_add_marker(b, all, t, "<|channel|>") || !add_thoughts(b, p, all, t) ||
        (!tools && !harmony_add_final(b, all, t)) || !sequence_add(b, all, inner_call(b, p)))
        return false;
    return set_root(b, p, all);
}

bool reasoning_compile(struct build *b, struct program *p, const struct json *spec,
                       const struct tokenizer *t)
{
    const struct json *v = json_get(spec, "reasoning");
    if (!v) return true;
    if (json_type(v) == JSON_STRING && span_equals(json_string(v), "harmony"))
        return compile_harmony(b, p, spec, t);
    if (json_type(v) == JSON_OBJECT) return compile_tags(b, p, v, t);
    return build_fail(b, STATUS_BAD_INPUT,
                      "/reasoning: has to be {\"open\", \"close\", \"begun\"} or \"harmony\"");
}
