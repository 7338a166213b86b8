/* Grammars of tool calls: the syntax of a chat format around the schemas of the arguments.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lm/sample/constraint_inner.h"
#include "lm/sample/constraint_tags.h"
#include "lm/sample/grammar.h"
#include "lm/sample/json_schema.h"
#include "lm/sample/marker_text.h"
#include "lm/sample/regex.h"

#define TOOLS_MAX     512
#define TOOL_NAME_MAX 128

static const struct tool_syntax {
    const char *name, *marker, *before_all, *before, *behind_name, *behind, *between, *behind_all;
} syntaxes[] = {
#define TOOL_SYNTAX(name, marker, before_all, before, behind_name, behind, between, behind_all) \
    { name, marker, before_all, before, behind_name, behind, between, behind_all },
#include "lm/sample/tool_syntax_list.h"
#undef TOOL_SYNTAX
};

enum tool_choice { CHOICE_REQUIRED, CHOICE_AUTO, CHOICE_NONE, CHOICE_NAMED };
struct tool {
    struct span name;
    uint32_t node; /* of the arguments, where they are JSON */
    struct tagged_call tagged;
};
struct tools {
    struct build *b;
    struct program *p;
    const struct tokenizer *tokenizer;
    const struct tool_syntax *syntax;
    const struct tool_tags *tags; /* NULL: arguments are JSON */
    enum tool_choice choice;
    struct span named;
    bool parallel, strict;
    uint32_t content; /* automaton of what the turn is without calls; PROGRAM_NONE: any text */
    const struct json *object_schema;
    struct tool *items;
    size_t count;
};

static bool add_text(struct tools *t, struct regex_node *all, const char *text)
{
    return sequence_add_text(t->b, all, t->tokenizer, text);
}

/* --- the tools --- */

static bool read_choice(struct tools *t, const struct json *spec)
{
    const struct json *v = json_get(spec, "choice");
    const struct json *f = json_get(v, "function");
    const struct json *name = f ? json_get(f, "name") : json_get(v, "name");
    if (!v || span_equals(json_string(v), "required")) t->choice = CHOICE_REQUIRED;
    else if (span_equals(json_string(v), "auto")) t->choice = CHOICE_AUTO;
    else if (span_equals(json_string(v), "none")) t->choice = CHOICE_NONE;
    else if (json_type(name) == JSON_STRING) {
        t->choice = CHOICE_NAMED;
        t->named = json_string(name);
    } else
        return build_fail(t->b, STATUS_BAD_INPUT,
                          "/choice: has to be \"required\", \"auto\", \"none\" or "
                          "{\"name\": \"...\"}");
    return true;
}

static bool read_format(struct tools *t, const struct json *spec)
{
    const struct json *v = json_get(spec, "format");
    struct span name = v ? json_string(v) : span_of("hermes");
    for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
        if (name.data && span_equals(name, syntaxes[i].name)) t->syntax = syntaxes + i;
    if (t->syntax) t->tags = tool_tags_of(t->syntax->name);
    return t->syntax ||
           build_fail(t->b, STATUS_UNSUPPORTED,
                      "/format: tool calls in the format \"%.*s\" can not be constrained",
                      (int)(name.len < 40 ? name.len : 40), name.data ? name.data : "");
}

static bool name_is_plain(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.' || c == ':' || c == '/';
        if (!ok) return false;
    }
    return name.len > 0 && name.len <= TOOL_NAME_MAX;
}

static bool read_tool(struct tools *t, const struct json *v, size_t i)
{
    const struct json *f = json_get(v, "function") ? json_get(v, "function") : v;
    struct span name = json_string(json_get(f, "name"));
    const struct json *schema = json_get(f, "parameters");
    bool in_function = f != v;
    char base[64];
    if (!name_is_plain(name))
        return build_fail(t->b, STATUS_BAD_INPUT,
                          "/tools/%zu: a tool needs a name of up to %d letters, digits, and _-.:/",
                          i, TOOL_NAME_MAX);
    for (size_t k = 0; k < t->count; k++)
        if (t->items[k].name.len == name.len &&
            memcmp(t->items[k].name.data, name.data, name.len) == 0)
            return build_fail(t->b, STATUS_BAD_INPUT, "/tools/%zu: a second tool \"%.*s\"", i,
                              (int)name.len, name.data);
    if (t->choice == CHOICE_NAMED &&
        (name.len != t->named.len || memcmp(name.data, t->named.data, name.len) != 0))
        return true;
    bool strict = json_bool(json_get(f, "strict"), t->strict);
    struct buf text = BUF_INIT(sizeof base);
    buf_format(&text, "/tools/%zu%s/parameters", i, in_function ? "/function" : "");
    const char *kept = build_text(t->b, text.data ? text.data : "", text.len);
    buf_release(&text);
    struct schema_options options = { .also = t->object_schema };
    struct tool *tool = t->items + t->count;
    if (!kept) return false;
    tool->name = name;
    if (t->tags) {
        tool->tagged = (struct tagged_call){ t->tags, schema, strict, kept };
        t->count++;
        return true;
    }
    if (!schema || !strict) schema = t->object_schema;
    if (!schema_compile(t->b, t->p, schema, &options, kept, &tool->node)) return false;
    t->count++;
    return true;
}

static bool read_tools(struct tools *t, const struct json *spec)
{
    const struct json *list = json_get(spec, "tools");
    size_t n = json_length(list);
    if (t->choice == CHOICE_NONE) return true;
    if (json_type(list) != JSON_ARRAY || n < 1 || n > TOOLS_MAX)
        return build_fail(t->b, STATUS_BAD_INPUT, "/tools: an array of 1 to %d tools is needed",
                          TOOLS_MAX);
    t->items = build_array(t->b, n, sizeof *t->items);
    for (size_t i = 0; t->items && i < n; i++)
        if (!read_tool(t, json_at(list, i), i)) return false;
    if (t->items && t->count == 0)
        return build_fail(t->b, STATUS_BAD_INPUT, "/choice/name: there is no tool \"%.*s\"",
                          (int)(t->named.len < 60 ? t->named.len : 60), t->named.data);
    return t->items;
}

/* --- calls --- */

/* One call, of any of the tools; `skip`: bytes of its text that were read already. */
static struct regex_node *one_call(struct tools *t, size_t skip)
{
    const struct tool_syntax *x = t->syntax;
    struct regex_node *all = regex_new(t->b, REGEX_ALL), *any = regex_new(t->b, REGEX_ANY);
    if (!all || !any || !add_text(t, all, x->before + skip)) return NULL;
    for (size_t i = 0; i < t->count; i++) {
        struct regex_node *one = regex_new(t->b, REGEX_ALL);
        const struct tool *tool = t->items + i;
        if (!one || !sequence_add_bytes(t->b, one, tool->name.data, tool->name.len) ||
            !add_text(t, one, x->behind_name))
            return NULL;
        if (t->tags ? !sequence_add_parameters(t->b, t->p, one, t->tokenizer, &tool->tagged)
                    : !sequence_add_call(t->b, one, CALLEE_NODE + tool->node))
            return NULL;
        regex_add(any, one);
    }
    if (!sequence_add(t->b, all, any) || !add_text(t, all, x->behind)) return NULL;
    return all;
}

/* All calls of a turn. */
static struct regex_node *all_calls(struct tools *t, size_t skip)
{
    const struct tool_syntax *x = t->syntax;
    struct regex_node *all = regex_new(t->b, REGEX_ALL);
    size_t before = strlen(x->before_all), in_all = skip < before ? skip : before;
    if (!all || !add_text(t, all, x->before_all + in_all) ||
        !sequence_add(t->b, all, one_call(t, skip - in_all)))
        return NULL;
    if (t->parallel) {
        struct regex_node *next = regex_new(t->b, REGEX_ALL);
        if (!next || !add_text(t, next, x->between) || !sequence_add(t->b, next, one_call(t, 0)))
            return NULL;
        if (!sequence_add(t->b, all, regex_repeat(t->b, next, 0, REGEX_FOREVER))) return NULL;
    }
    return add_text(t, all, x->behind_all) ? all : NULL;
}

/* --- with and without text --- */

static bool is_harmony(const struct tools *t)
{
    return strcmp(t->syntax->name, "harmony") == 0;
}

/* Calls without a marker are told apart by how their line begins (lm/chat/format_llama.c). */
static bool is_bare(const struct tools *t)
{
    return strcmp(t->syntax->name, "llama") == 0;
}

/* Texts of which no line begins as a call might. */
static struct automaton *bare_text(struct build *b)
{
    static const char call[] = "(?:^|\\n)[ \\t]*\\{\\s*\"(?:name|type|id|parameters|arguments)\"|"
                               "<\\|python_tag\\|>";
    struct regex_node *n = regex_parse(b, span_of(call), "/format");
    struct automaton *any = regex_of(b, "[^]*");
    struct automaton *with = n ? regex_automaton(b, n, true, "/format") : NULL;
    return any && with ? automaton_product(b, any, with, AUTOMATON_MINUS) : NULL;
}

/* What the turn may be instead of calls: the content asked for, or any text without a call. */
static struct regex_node *only_text(struct tools *t)
{
    struct regex_node *text = regex_new(t->b, REGEX_ALL);
    uint32_t callee = t->content;
    if (!text) return NULL;
    if (is_harmony(t) && !harmony_add_final(t->b, text, t->tokenizer)) return NULL;
    if (callee == PROGRAM_NONE) {
        struct automaton *any = is_harmony(t) ? regex_of(t->b, "[^]*")
                                : is_bare(t)  ? bare_text(t->b)
                                              : text_without(t->b, t->syntax->marker);
        callee = program_add(t->b, t->p, any);
    }
    return callee != PROGRAM_NONE && sequence_add_call(t->b, text, callee) ? text : NULL;
}

static struct regex_node *calls_behind_lines(struct tools *t)
{
    struct regex_node *all = regex_new(t->b, REGEX_ALL), *lines = regex_new(t->b, REGEX_ALL);
    uint32_t text = program_add(t->b, t->p, bare_text(t->b));
    bool ok = all && lines && text != PROGRAM_NONE && sequence_add_call(t->b, lines, text) &&
              sequence_add_bytes(t->b, lines, "\n", 1) &&
              sequence_add(t->b, all, regex_repeat(t->b, lines, 0, 1)) &&
              sequence_add(t->b, all, all_calls(t, 0));
    return ok ? all : NULL;
}

/* Calls, behind free text unless the content is of a form. */
static struct regex_node *calls_behind_text(struct tools *t)
{
    struct regex_node *calls = regex_new(t->b, REGEX_ALL);
    const char *marker = t->syntax->marker;
    if (is_harmony(t) || t->content != PROGRAM_NONE) return all_calls(t, 0);
    if (is_bare(t)) return calls_behind_lines(t);
    return calls && sequence_add_up_to(t->b, t->p, calls, t->tokenizer, marker) &&
                   sequence_add(t->b, calls, all_calls(t, strlen(marker)))
               ? calls
               : NULL;
}

static struct regex_node *text_or_calls(struct tools *t)
{
    struct regex_node *any = regex_new(t->b, REGEX_ANY);
    if (!any) return NULL;
    if (is_bare(t) && t->content != PROGRAM_NONE) {
        build_fail(t->b, STATUS_UNSUPPORTED,
                   "/content: calls in the format \"llama\" have no marker, so an answer of a form "
                   "can not be told apart from them; choose \"required\" or \"none\"");
        return NULL;
    }
    struct regex_node *text = only_text(t), *calls = calls_behind_text(t);
    if (!text || !calls) return NULL;
    regex_add(any, text);
    regex_add(any, calls);
    return any;
}

/* From here on the strings of JSON are those that can stand in tags. */
static bool begin_tags(struct tools *t)
{
    if (!t->tags) return true;
    t->b->tagged = t->p->tagged = true;
    t->p->string_text = program_add(t->b, t->p, any_string_text(t->b, false));
    return t->p->string_text != PROGRAM_NONE;
}

static bool compile(struct tools *t, const struct json *spec, uint32_t *ret_root)
{
    struct regex_node *tree = NULL;
    if (!read_choice(t, spec) || !read_format(t, spec) || !begin_tags(t) || !read_tools(t, spec))
        return false;
    if (is_harmony(t)) t->parallel = false; /* a call ends the turn */
    if (t->choice == CHOICE_NONE) tree = only_text(t);
    else tree = t->choice == CHOICE_AUTO ? text_or_calls(t) : all_calls(t, 0);
    if (!tree) return false;
    *ret_root = program_add(t->b, t->p, regex_automaton(t->b, tree, false, "/tools"));
    return *ret_root != PROGRAM_NONE && program_settle_calls(t->b, t->p, *ret_root, NULL, "/tools");
}

bool tools_compile(struct build *b, struct program *p, const struct json *spec,
                   const struct tokenizer *tokenizer, uint32_t content, uint32_t *ret_root)
{
    static const char object[] = "{\"type\":\"object\"}";
    struct tools t = { .b = b,
                       .p = p,
                       .tokenizer = tokenizer,
                       .content = content,
                       .parallel = json_bool(json_get(spec, "parallel"), true),
                       .strict = json_bool(json_get(spec, "strict"), true) };
    struct json_doc *doc;
    enum status st = json_parse(&doc, object, sizeof object - 1, sizeof object, "a schema", NULL);
    if (st) return build_fail(b, st, "no memory to compile the constraint");
    t.object_schema = json_root(doc);
    bool ok = compile(&t, spec, ret_root);
    json_doc_free(doc);
    return ok;
}
