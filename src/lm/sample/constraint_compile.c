/* From a spec to a program: which part of it is read by whom.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/sample/constraint_inner.h"
#include "lm/sample/json_schema.h"
#include "lm/sample/regex.h"

#define CHOICES_MAX 10000

/* An automaton that is one call. */
static bool root_of_node(struct build *b, struct program *p, uint32_t node)
{
    struct regex_node *call = regex_new(b, REGEX_CALL);
    if (!call) return false;
    call->callee = CALLEE_NODE + node;
    p->root = program_add(b, p, regex_automaton(b, call, false, "the schema"));
    return p->root != PROGRAM_NONE;
}

static bool only_fields(struct build *b, const struct json *spec, const char *const *fields)
{
    for (struct json_member m = json_first(spec); m.value; m = json_next(spec, m)) {
        bool known = span_equals(m.key, "type") || span_equals(m.key, "reasoning");
        for (size_t i = 0; fields[i] && !known; i++)
            known = span_equals(m.key, fields[i]);
        if (!known)
            return build_fail(b, STATUS_BAD_INPUT,
                              "/%.*s: not a field of a constraint of type \"%s\"",
                              (int)(m.key.len < 80 ? m.key.len : 80), m.key.data,
                              json_text(json_get(spec, "type")));
    }
    return true;
}

static bool read_whitespace(struct build *b, struct program *p, const struct json *spec)
{
    const struct json *v = json_get(spec, "whitespace");
    static const char *const names[] = { [WHITESPACE_NATURAL] = "natural",
                                         [WHITESPACE_FLEXIBLE] = "flexible",
                                         [WHITESPACE_COMPACT] = "compact" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (v && !span_equals(json_string(v), names[i])) continue;
        p->whitespace = (enum whitespace)i;
        return true;
    }
    return build_fail(b, STATUS_BAD_INPUT,
                      "/whitespace: has to be \"natural\", \"flexible\" or \"compact\"");
}

static bool build_schema(struct build *b, struct program *p, const struct json *spec)
{
    static const char *const fields[] = { "schema", "whitespace", "formats", NULL };
    const struct json *schema = json_get(spec, "schema"), *formats = json_get(spec, "formats");
    struct schema_options options = { span_equals(json_string(formats), "ignore") };
    uint32_t node;
    if (!only_fields(b, spec, fields) || !read_whitespace(b, p, spec)) return false;
    if (!schema) return build_fail(b, STATUS_BAD_INPUT, "/schema: missing");
    if (formats && !options.formats_ignored && !span_equals(json_string(formats), "enforce"))
        return build_fail(b, STATUS_BAD_INPUT, "/formats: has to be \"enforce\" or \"ignore\"");
    return schema_compile(b, p, schema, &options, "", &node) && root_of_node(b, p, node);
}

static bool build_object(struct build *b, struct program *p, const struct json *spec)
{
    static const char *const fields[] = { "whitespace", NULL };
    uint32_t node;
    return only_fields(b, spec, fields) && read_whitespace(b, p, spec) &&
           schema_any_object(b, p, &node) && root_of_node(b, p, node);
}

static bool build_regex(struct build *b, struct program *p, const struct json *spec)
{
    static const char *const fields[] = { "pattern", NULL };
    const struct json *pattern = json_get(spec, "pattern");
    if (!only_fields(b, spec, fields)) return false;
    if (json_type(pattern) != JSON_STRING)
        return build_fail(b, STATUS_BAD_INPUT, "/pattern: a string is needed");
    struct regex_node *n = regex_parse(b, json_string(pattern), "/pattern");
    p->root = program_add(b, p, regex_automaton(b, n, false, "/pattern"));
    return p->root != PROGRAM_NONE;
}

static bool build_choice(struct build *b, struct program *p, const struct json *spec)
{
    static const char *const fields[] = { "choices", NULL };
    const struct json *list = json_get(spec, "choices");
    size_t n = json_length(list);
    if (!only_fields(b, spec, fields)) return false;
    if (json_type(list) != JSON_ARRAY || n < 1 || n > CHOICES_MAX)
        return build_fail(b, STATUS_BAD_INPUT, "/choices: an array of 1 to %d strings is needed",
                          CHOICES_MAX);
    struct span *words = build_array(b, n, sizeof *words);
    if (!words) return false;
    for (size_t i = 0; i < n; i++) {
        words[i] = json_string(json_at(list, i));
        if (!words[i].len)
            return build_fail(b, STATUS_BAD_INPUT, "/choices/%zu: has to be a string, not empty",
                              i);
    }
    p->root = program_add(b, p, automaton_of_words(b, words, n, false));
    return p->root != PROGRAM_NONE;
}

static bool build_grammar(struct build *b, struct program *p, const struct json *spec)
{
    static const char *const fields[] = { "grammar", NULL };
    const struct json *text = json_get(spec, "grammar");
    if (!only_fields(b, spec, fields)) return false;
    if (json_type(text) != JSON_STRING)
        return build_fail(b, STATUS_BAD_INPUT, "/grammar: a string is needed");
    return grammar_compile(b, p, json_string(text), "/grammar", &p->root);
}

static bool build_type(struct constraint *c, const struct json *spec);

/* What the turn is without calls becomes an automaton of its own. */
static bool build_content(struct constraint *c, const struct json *spec, uint32_t *ret)
{
    const struct json *content = json_get(spec, "content");
    struct span type = json_string(json_get(content, "type"));
    struct build *b = &c->build;
    *ret = PROGRAM_NONE;
    if (!content) return true;
    if (type.data && (span_equals(type, "tools") || json_get(content, "reasoning")))
        return build_fail(b, STATUS_BAD_INPUT,
                          "/content: a constraint of text, without \"reasoning\", is needed");
    if (!build_type(c, content)) return false;
    *ret = c->program.root;
    return true;
}

static bool build_tools(struct constraint *c, const struct json *spec)
{
    static const char *const fields[] = { "tools",  "choice",     "format",  "parallel",
                                          "strict", "whitespace", "content", NULL };
    struct build *b = &c->build;
    uint32_t content;
    return only_fields(b, spec, fields) && build_content(c, spec, &content) &&
           read_whitespace(b, &c->program, spec) &&
           tools_compile(b, &c->program, spec, c->vocab->tokenizer, content, &c->program.root);
}

/* The special tokens that the program calls by id. */
static bool find_specials(struct constraint *c)
{
    const struct program *p = &c->program;
    for (uint32_t i = 0; i < p->automaton_count; i++) {
        const struct automaton *a = p->automata[i];
        for (uint32_t k = 0; a->calls && k < a->call_first[a->states]; k++) {
            if (a->calls[k].callee < CALLEE_TOKEN) continue;
            int32_t id = (int32_t)(a->calls[k].callee - CALLEE_TOKEN);
            bool known = false;
            for (size_t j = 0; j < c->special_count; j++)
                known = known || c->specials[j] == id;
            if (known) continue;
            if (c->special_count >= SPECIALS_MAX)
                return build_fail(&c->build, STATUS_LIMIT, "more than %d special tokens",
                                  SPECIALS_MAX);
            c->specials[c->special_count++] = id;
        }
    }
    return true;
}

static bool build_type(struct constraint *c, const struct json *spec)
{
    struct build *b = &c->build;
    struct program *p = &c->program;
    const char *type = json_text(json_get(spec, "type"));
    if (json_type(spec) != JSON_OBJECT || !type)
        return build_fail(b, STATUS_BAD_INPUT, "/type: a constraint is an object with a \"type\"");
    if (strcmp(type, "json_schema") == 0) return build_schema(b, p, spec);
    if (strcmp(type, "json_object") == 0) return build_object(b, p, spec);
    if (strcmp(type, "regex") == 0) return build_regex(b, p, spec);
    if (strcmp(type, "choice") == 0) return build_choice(b, p, spec);
    if (strcmp(type, "grammar") == 0) return build_grammar(b, p, spec);
    if (strcmp(type, "tools") == 0) return build_tools(c, spec);
    return build_fail(b, STATUS_UNSUPPORTED,
                      "/type: \"%.40s\" is not a constraint; there are json_schema, json_object, "
                      "regex, choice, grammar and tools",
                      type);
}

bool constraint_build(struct constraint *c, const struct json *spec)
{
    struct build *b = &c->build;
    struct program *p = &c->program;
    p->string_text = program_add(b, p, any_string_text(b, false));
    if (p->string_text == PROGRAM_NONE || !build_type(c, spec)) return false;
    if (automaton_empty(p->automata[p->root]))
        return build_fail(b, STATUS_BAD_INPUT, "no text satisfies the constraint");
    const char *type = json_text(json_get(spec, "type"));
    memcpy(c->type, type, strlen(type));
    return reasoning_compile(b, p, spec, c->vocab->tokenizer) && find_specials(c) &&
           constraint_find_facts(c) && constraint_keep(c);
}
