/* Grammars of tagged parameters.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/sample/constraint_tags.h"

#include <string.h>

#include "base/core/json_write.h"
#include "lm/chat/parse.h"
#include "lm/sample/json_schema.h"
#include "lm/sample/marker_text.h"

#define NAME_BYTES_MAX 128
#define LENGTH_MAX     2000 /* of a text whose length is limited */
#define SCHEMA_MAX     ((size_t)4 << 20)

static const struct tool_tags all_tags[] = {
#define TOOL_TAGS(name, before_key, behind_text, behind_json, close, behind) \
    { name, before_key, behind_text, behind_json, close, behind },
#include "lm/sample/tool_tags_list.h"
#undef TOOL_TAGS
};

const struct tool_tags *tool_tags_of(const char *syntax)
{
    for (size_t i = 0; i < sizeof all_tags / sizeof *all_tags; i++)
        if (strcmp(all_tags[i].name, syntax) == 0) return all_tags + i;
    return NULL;
}

/* One parameter. */
struct parameter {
    struct build *b;
    struct program *p;
    const struct tagged_call *call;
    struct span key;
    const struct json *schema;
};

static bool refuse(const struct parameter *x, const char *keyword)
{
    return build_fail(x->b, STATUS_UNSUPPORTED,
                      "%s/properties/%.*s/%s: keyword \"%s\" is not enforced where a model writes "
                      "parameters as tags",
                      x->call->base, (int)x->key.len, x->key.data, keyword, keyword);
}

static bool is_one_of(struct span s, const char *const *names)
{
    for (; *names; names++)
        if (span_equals(s, *names)) return true;
    return false;
}

static const char *const annotations[] = { "title",    "description", "default",  "examples",
                                           "$comment", "deprecated",  "readOnly", "writeOnly",
                                           "$schema",  "x-order",     "nullable", NULL };

/* ---- texts ---- */

static struct automaton *of_lengths(const struct parameter *x, struct automaton *a)
{
    const struct json *min = json_get(x->schema, "minLength"),
                      *max = json_get(x->schema, "maxLength");
    char pattern[64];
    int64_t from = json_int(min, 0), to = json_int(max, -1);
    if (!min && !max) return a;
    if (from < 0 || from > LENGTH_MAX || to > LENGTH_MAX || (max && to < 0)) {
        refuse(x, max ? "maxLength" : "minLength");
        return NULL;
    }
    struct buf text = BUF_INIT(sizeof pattern);
    if (max) buf_format(&text, "[^]{%lld,%lld}", (long long)from, (long long)to);
    else buf_format(&text, "[^]{%lld,}", (long long)from);
    struct automaton *lengths = regex_of(x->b, text.data ? text.data : "");
    buf_release(&text);
    return lengths ? automaton_product(x->b, a, lengths, AUTOMATON_AND) : NULL;
}

static struct automaton *of_pattern(const struct parameter *x, struct automaton *a)
{
    const struct json *pattern = json_get(x->schema, "pattern");
    if (!pattern) return a;
    if (json_type(pattern) != JSON_STRING) {
        refuse(x, "pattern");
        return NULL;
    }
    struct regex_node *n = regex_parse(x->b, json_string(pattern), x->call->base);
    struct automaton *found = n ? regex_automaton(x->b, n, true, x->call->base) : NULL;
    return found ? automaton_product(x->b, a, found, AUTOMATON_AND) : NULL;
}

static struct automaton *of_values(const struct parameter *x, struct automaton *a)
{
    const struct json *list = json_get(x->schema, "enum"), *one = json_get(x->schema, "const");
    size_t n = one ? 1 : json_length(list), count = 0;
    if (!list && !one) return a;
    struct span *words = build_array(x->b, n + 1, sizeof *words);
    for (size_t i = 0; words && i < n; i++) {
        struct span s = json_string(one ? one : json_at(list, i));
        if (s.data) words[count++] = s;
    }
    struct automaton *w = words ? automaton_of_words(x->b, words, count, false) : NULL;
    return w ? automaton_product(x->b, a, w, AUTOMATON_AND) : NULL;
}

static bool check_text_keywords(const struct parameter *x)
{
    static const char *const known[] = { "type",      "enum",    "const", "minLength",
                                         "maxLength", "pattern", NULL };
    for (struct json_member m = json_first(x->schema); m.value; m = json_next(x->schema, m))
        if (!is_one_of(m.key, known) && !is_one_of(m.key, annotations))
            return refuse(x, m.key.data);
    return true;
}

static struct automaton *text_value(const struct parameter *x)
{
    struct automaton *a = text_without(x->b, x->call->tags->close);
    if (!a || !x->call->strict) return a;
    if (!check_text_keywords(x)) return NULL;
    a = of_values(x, a);
    if (a) a = of_pattern(x, a);
    if (a) a = of_lengths(x, a);
    if (a && automaton_empty(a)) {
        build_fail(x->b, STATUS_BAD_INPUT, "%s/properties/%.*s: no text satisfies this",
                   x->call->base, (int)x->key.len, x->key.data);
        return NULL;
    }
    return a;
}

/* ---- what may be a text or JSON ---- */

/* Whether every text will do: what is JSON of an allowed type is read as that, the rest as a text. */
static bool is_plain(const struct json *schema, int depth)
{
    static const char *const known[] = { "type", "anyOf", NULL };
    const struct json *any = json_get(schema, "anyOf");
    if (json_type(schema) == JSON_BOOL) return json_bool(schema, false);
    if (json_type(schema) != JSON_OBJECT || depth == 0) return false;
    for (struct json_member m = json_first(schema); m.value; m = json_next(schema, m))
        if (!is_one_of(m.key, known) && !is_one_of(m.key, annotations)) return false;
    for (size_t i = 0; i < json_length(any); i++)
        if (!is_plain(json_at(any, i), depth - 1)) return false;
    return true;
}

static struct automaton *either_value(const struct parameter *x)
{
    if (!x->call->strict || is_plain(x->schema, 4)) return text_without(x->b, x->call->tags->close);
    build_fail(x->b, STATUS_UNSUPPORTED,
               "%s/properties/%.*s: a value that may be a text or something else is not enforced "
               "where a model writes parameters as tags",
               x->call->base, (int)x->key.len, x->key.data);
    return NULL;
}

/* ---- JSON ---- */

/* The parameter's schema with the definitions that it may refer to. */
static enum status with_definitions(const struct parameter *x, struct json_doc **ret)
{
    static const char *const shared[] = { "$defs", "definitions", "$schema" };
    struct buf text = BUF_INIT(SCHEMA_MAX);
    struct json_writer w;
    json_writer_init(&w, &text, 0);
    json_open_object(&w);
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        const struct json *v = json_get(x->call->schema, shared[i]);
        if (!v || json_get(x->schema, shared[i])) continue;
        json_key(&w, shared[i]);
        json_put_value(&w, v);
    }
    for (struct json_member m = json_first(x->schema); m.value; m = json_next(x->schema, m)) {
        json_key_span(&w, m.key);
        json_put_value(&w, m.value);
    }
    json_close_object(&w);
    enum status st = buf_check(&text, "a schema", &x->b->err);
    if (!st) st = json_parse(ret, text.data, text.len, SCHEMA_MAX, "a schema", &x->b->err);
    buf_release(&text);
    return st;
}

static bool json_value(const struct parameter *x, uint32_t *ret_node)
{
    struct schema_options options = { false, NULL };
    struct buf base = BUF_INIT(1024);
    struct json_doc *doc;
    enum status st = with_definitions(x, &doc);
    if (st) return build_fail(x->b, st, "%s", x->b->err.text);
    buf_format(&base, "%s/properties/%.*s", x->call->base, (int)x->key.len, x->key.data);
    const char *kept = build_text(x->b, base.data ? base.data : "", base.len);
    buf_release(&base);
    bool ok = kept && schema_compile(x->b, x->p, json_root(doc), &options, kept, ret_node);
    json_doc_free(doc);
    return ok;
}

/* ---- parameters ---- */

static bool add_value(const struct parameter *x, struct regex_node *all, const struct tokenizer *t)
{
    const struct tool_tags *tags = x->call->tags;
    enum parse_value kind = parse_value_of(x->call->schema, x->key);
    uint32_t callee = PROGRAM_NONE, node;
    bool json = x->call->strict && kind == PARSE_VALUE_JSON;
    if (!sequence_add_text(x->b, all, t, json ? tags->behind_key_json : tags->behind_key_text))
        return false;
    if (json) {
        if (!json_value(x, &node)) return false;
        callee = CALLEE_NODE + node;
    } else {
        callee =
            program_add(x->b, x->p, kind == PARSE_VALUE_TEXT ? text_value(x) : either_value(x));
        if (callee == PROGRAM_NONE) return false;
    }
    return sequence_add_call(x->b, all, callee) && sequence_add_text(x->b, all, t, tags->behind);
}

static bool key_is_plain(struct span key)
{
    for (size_t i = 0; i < key.len; i++)
        if (strchr("<>\"\n\r\x01", key.data[i])) return false;
    return key.len > 0 && key.len <= NAME_BYTES_MAX;
}

static bool is_required(const struct json *schema, struct span key)
{
    const struct json *list = json_get(schema, "required");
    for (size_t i = 0; i < json_length(list); i++) {
        struct span s = json_string(json_at(list, i));
        if (s.data && s.len == key.len && memcmp(s.data, key.data, s.len) == 0) return true;
    }
    return false;
}

static bool add_parameter(const struct parameter *x, struct regex_node *all,
                          const struct tokenizer *t)
{
    struct regex_node *one = regex_new(x->b, REGEX_ALL);
    bool required = x->call->strict && is_required(x->call->schema, x->key);
    if (!key_is_plain(x->key))
        return build_fail(x->b, STATUS_UNSUPPORTED,
                          "%s/properties: the name \"%.*s\" can not be written in a tag",
                          x->call->base, (int)(x->key.len < 60 ? x->key.len : 60), x->key.data);
    if (!one || !sequence_add_text(x->b, one, t, x->call->tags->before_key) ||
        !sequence_add_bytes(x->b, one, x->key.data, x->key.len) || !add_value(x, one, t))
        return false;
    return sequence_add(x->b, all, required ? one : regex_repeat(x->b, one, 0, 1));
}

/* What is asked of the object beyond its members, and members that are asked for and not described. */
static bool check_object(struct build *b, const struct tagged_call *call)
{
    static const char *const known[] = { "type",  "properties",  "required", "additionalProperties",
                                         "$defs", "definitions", "$id",      NULL };
    const struct json *list = json_get(call->schema, "required"),
                      *properties = json_get(call->schema, "properties");
    for (struct json_member m = json_first(call->schema); m.value; m = json_next(call->schema, m))
        if (!is_one_of(m.key, known) && !is_one_of(m.key, annotations))
            return build_fail(b, STATUS_UNSUPPORTED,
                              "%s/%s: keyword \"%s\" is not enforced where a model writes "
                              "parameters as tags",
                              call->base, m.key.data, m.key.data);
    for (size_t i = 0; i < json_length(list); i++) {
        const char *name = json_text(json_at(list, i));
        if (!name || !json_get(properties, name))
            return build_fail(b, STATUS_UNSUPPORTED,
                              "%s/required/%zu: a parameter that is not among \"properties\" is "
                              "not written",
                              call->base, i);
    }
    return true;
}

bool sequence_add_parameters(struct build *b, struct program *p, struct regex_node *all,
                             const struct tokenizer *t, const struct tagged_call *call)
{
    const struct json *properties = json_get(call->schema, "properties");
    if (call->strict && !check_object(b, call)) return false;
    for (struct json_member m = json_first(properties); m.value; m = json_next(properties, m)) {
        struct parameter x = { b, p, call, m.key, m.value };
        if (!add_parameter(&x, all, t)) return false;
    }
    return true;
}
