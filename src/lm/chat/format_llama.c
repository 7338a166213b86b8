/* Llama 3: a bare JSON object, or <|python_tag|> and a call.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     {"name": "get_weather", "parameters": {"city": "Paris"}}
 *     <|python_tag|>brave_search.call(query="weather in Paris")
 *
 * The object has no marker, so it is a call only where no answer could be meant: it has a name and
 * an object of parameters, and it is the beginning of the text, or of a line when the request has a
 * tool of that name. Several calls stand behind each other, ';' or ',' between. Code behind
 * <|python_tag|> that is not such a call is content. Source: the models' chat templates and the
 * vendor's description of the prompt format. */
#include <string.h>

#include "lm/chat/parse_inner.h"

#define TAG            "<|python_tag|>"
#define PARAMETERS_MAX 16

/* ---- JSON ---- */

static bool is_known(const struct look *l, const struct name_text *name)
{
    return schema_tool(l->p->tools, (struct span){ name->text, name->len }) != NULL;
}

/* Whether the object's first key can be that of a call: an answer in JSON is not to wait. */
static bool look_first_key(struct look *l)
{
    static const char *const keys[] = { "\"name\"", "\"type\"", "\"id\"", "\"parameters\"",
                                        "\"arguments\"" };
    if (!look_literal(l, "{")) return false;
    look_space(l);
    bool more = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct look key = *l;
        if (look_literal(&key, keys[i])) return true;
        more = more || key.more;
    }
    l->more = more;
    return false;
}

static bool look_json_call(struct look *l, struct call_head *ret, bool tagged)
{
    struct look first = *l;
    bool found = tagged || look_first_key(&first);
    l->more = first.more;
    found =
        found && look_object_head(l, ret) && (tagged || !l->p->tools || is_known(l, &ret->name));
    if (found && ret->arguments == ARGUMENTS_NONE) found = is_known(l, &ret->name);
    if (found && ret->arguments == ARGUMENTS_HERE) {
        struct look value = *l;
        look_space(&value);
        int c = look_peek(&value);
        l->more = value.more;
        found = c == '{' || c == '"' || c == 'n';
    }
    if (!found && !tagged) l->deep = false; /* JSON that is an answer is nothing broken */
    return found;
}

static bool open_json(struct look *l, struct call_head *ret)
{
    bool tagged = look_literal(l, TAG), first = !l->p->spoken;
    l->marked = tagged;
    if (!tagged && !first && !(l->p->code.line_start && l->p->tools)) return false;
    look_space(l);
    return look_json_call(l, ret, tagged);
}

static bool next_json(struct look *l, struct call_head *ret, bool *closed)
{
    look_space(l);
    if (look_literal(l, ";") || look_literal(l, ",")) look_space(l);
    if (look_literal(l, TAG)) look_space(l);
    return look_json_call(l, ret, false);
}

static const struct json_calls json = { open_json, next_json, look_object_tail };

/* ---- the vendor's own tools ---- */

struct built_in {
    struct name_text name;
    struct {
        struct byte_range key, value;
        bool text;
    } parameters[PARAMETERS_MAX];
    size_t count;
};

static bool look_next_key(struct look *l)
{
    struct name_text key;
    if (!look_literal(l, ",")) return false;
    look_space(l);
    if (!look_name(l, &key)) return false;
    look_space(l);
    return look_literal(l, "=");
}

/* The text is written as it is, quotes inside too: it ends at the quote before ')' or before the
 * next parameter. */
static bool look_quoted(struct look *l, struct byte_range *ret)
{
    ret->begin = l->at;
    for (int c = look_byte(l); c >= 0; c = look_byte(l)) {
        if (c != '"') continue;
        struct look end = *l;
        ret->end = l->at - 1;
        look_space(&end);
        bool last = look_peek(&end) == ')', next = !last && look_next_key(&end);
        l->more = end.more;
        if (last || next) return true;
    }
    return false;
}

static bool look_parameter(struct look *l, struct built_in *ret)
{
    struct name_text key;
    if (ret->count == PARAMETERS_MAX) return false;
    size_t i = ret->count++;
    ret->parameters[i].key.begin = l->at;
    if (!look_name(l, &key)) return false;
    ret->parameters[i].key.end = l->at;
    look_space(l);
    if (!look_literal(l, "=")) return false;
    look_space(l);
    ret->parameters[i].text = look_literal(l, "\"");
    if (ret->parameters[i].text) return look_quoted(l, &ret->parameters[i].value);
    ret->parameters[i].value.begin = l->at;
    bool found = look_json_value(l);
    ret->parameters[i].value.end = l->at;
    return found;
}

static bool look_built_in(struct look *l, struct built_in *ret)
{
    static const char call[] = ".call";
    const size_t call_len = sizeof call - 1;
    if (!look_literal(l, TAG)) return false;
    l->marked = l->deep = true;
    look_space(l);
    if (!look_name(l, &ret->name) || ret->name.len <= call_len) return false;
    ret->name.len -= call_len;
    if (memcmp(ret->name.text + ret->name.len, call, call_len) != 0) return false;
    if (!look_literal(l, "(")) return false;
    look_space(l);
    while (!look_literal(l, ")")) {
        if (ret->count && !look_literal(l, ",")) return false;
        look_space(l);
        if (!look_parameter(l, ret)) return false;
        look_space(l);
    }
    return true;
}

static void give_built_in(struct chat_parser *p, const struct built_in *b)
{
    const char *bytes = parser_bytes(p);
    struct span none = { "", 0 };
    parser_call(p, (struct span){ b->name.text, b->name.len }, none);
    parser_put_text(p, DELTA_ARGUMENTS, "{");
    for (size_t i = 0; i < b->count; i++) {
        struct byte_range key = b->parameters[i].key, value = b->parameters[i].value;
        const char *quote = b->parameters[i].text ? "\"" : "";
        parser_put_text(p, DELTA_ARGUMENTS, i ? ", \"" : "\"");
        parser_put_escaped(p, bytes + key.begin, key.end - key.begin);
        parser_put_text(p, DELTA_ARGUMENTS, "\": ");
        parser_put_text(p, DELTA_ARGUMENTS, quote);
        if (*quote) parser_put_escaped(p, bytes + value.begin, value.end - value.begin);
        else parser_put(p, DELTA_ARGUMENTS, bytes + value.begin, value.end - value.begin);
        parser_put_text(p, DELTA_ARGUMENTS, quote);
    }
    parser_put_text(p, DELTA_ARGUMENTS, "}");
    parser_call_end(p, none);
}

static enum match begin(struct chat_parser *p)
{
    enum match m = calls_begin_as(p, &json);
    if (m != MATCH_NO) return m;
    struct look l = look_from(p);
    struct built_in b = { .count = 0 };
    m = look_result(&l, look_built_in(&l, &b));
    if (m == MATCH_NO && l.deep) p->unparsed = true;
    if (m != MATCH_YES) return m;
    give_built_in(p, &b);
    p->at += l.at;
    text_resume(p, true);
    return m;
}

const struct parse_format format_llama = {
    .name = "llama",
    .summary = "a bare JSON object, or <|python_tag|>: Llama 3",
    .aliases = (const char *const[]){ "llama3-json", "llama4-json", "llama3", "llama-3", NULL },
    .think_open = "<think>",
    .think_close = "</think>",
    .ends = (const char *const[]){ "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", NULL },
    .written = (const char *const[]){ "<|start_header_id|>", "\"parameters\": ", NULL },
    .triggers = "<{",
    .begin = begin,
};
