/* From a request's constraint to a whole spec: its tools, how the model calls them, where it reasons.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/mem.h"
#include "lm/sample/marker_text.h"
#include "lm/worker/far_constraint.h"
#include "lm/worker/far_request.h"

/* ---- reasoning ---- */

enum reasoning { REASONING_NONE, REASONING_TAGS, REASONING_HARMONY };

/* A model reasons first when its prompt has opened that, or when it has a token to open it with and
 * the prompt has not closed it already. */
static enum reasoning reasoning_of(const struct far *f, const struct far_request *r)
{
    const char *open, *close;
    if (!r->format) return REASONING_NONE;
    if (strcmp(parse_format_name(r->format), "harmony") == 0)
        return r->chat ? REASONING_HARMONY : REASONING_NONE;
    if (!parse_format_think(r->format, &open, &close)) return REASONING_NONE;
    if (r->open == PROMPT_OPEN_THINK) return REASONING_TAGS;
    bool may = r->chat && !r->thought && marker_id(engine_tokenizer(f->engine), open) >= 0;
    return may ? REASONING_TAGS : REASONING_NONE;
}

bool far_constraint_reasons(const struct far *f, const struct far_request *r)
{
    return reasoning_of(f, r) != REASONING_NONE;
}

static void put_reasoning(struct json_writer *w, const struct far *f, const struct far_request *r)
{
    const char *open, *close;
    enum reasoning kind = reasoning_of(f, r);
    if (kind == REASONING_NONE) return;
    json_key(w, "reasoning");
    if (kind == REASONING_HARMONY) {
        json_put_string(w, "harmony");
        return;
    }
    parse_format_think(r->format, &open, &close);
    json_open_object(w);
    json_key(w, "open");
    json_put_string(w, open);
    json_key(w, "close");
    json_put_string(w, close);
    json_key(w, "begun");
    json_put_bool(w, r->open == PROMPT_OPEN_THINK);
    json_close_object(w);
}

/* ---- tools ---- */

static bool names_hold(const struct json *names, const struct json *tool)
{
    const struct json *function = json_get(tool, "function");
    struct span name = json_string(json_get(function ? function : tool, "name"));
    for (size_t i = 0; i < json_length(names) && name.data; i++) {
        struct span s = json_string(json_at(names, i));
        if (s.len == name.len && s.data && memcmp(s.data, name.data, s.len) == 0) return true;
    }
    return false;
}

/* Whether the arguments of this tool have to satisfy its schema. */
static bool is_strict(const struct json *spec, const struct json *tool)
{
    const struct json *strict = json_get(spec, "strict");
    if (json_type(strict) == JSON_ARRAY) return names_hold(strict, tool);
    return json_bool(strict, true);
}

static void put_tool(struct json_writer *w, const struct json *tool, bool strict)
{
    const struct json *f = json_get(tool, "function");
    json_open_object(w);
    json_key(w, "function");
    json_open_object(w);
    json_key(w, "name");
    json_put_value(w, json_get(f ? f : tool, "name"));
    if (json_get(f ? f : tool, "parameters")) {
        json_key(w, "parameters");
        json_put_value(w, json_get(f ? f : tool, "parameters"));
    }
    json_key(w, "strict");
    json_put_bool(w, strict);
    json_close_object(w);
    json_close_object(w);
}

static const struct template *chat_template_of(const struct far *f)
{
    return f->chat ? chat_template(f->chat, true) : NULL;
}

/* `lenient`: only tools that are strict are held to their schemas; else all. */
static enum status put_tools(struct json_writer *w, const struct far *f,
                             const struct far_request *r, const struct json *spec, bool lenient,
                             struct error *err)
{
    const struct json *allowed = json_get(spec, "allowed");
    size_t count = 0;
    if (!r->format || !json_length(r->tools))
        return error_set(err, STATUS_BAD_INPUT,
                         "a constraint of type \"tools\" needs a conversation with tools, and an "
                         "answer that is taken apart");
    json_key(w, "format");
    json_put_string(w, parse_format_syntax(r->format, chat_template_of(f),
                                           f->chat ? chat_native(f->chat) : NULL));
    json_key(w, "tools");
    json_open_array(w);
    for (size_t i = 0; i < json_length(r->tools); i++) {
        const struct json *tool = json_at(r->tools, i);
        if (allowed && !names_hold(allowed, tool)) continue;
        put_tool(w, tool, !lenient || is_strict(spec, tool));
        count++;
    }
    json_close_array(w);
    if (count) return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT,
                     "none of the tools is allowed: \"allowed\" names others");
}

/* ---- the whole ---- */

static bool is_of_request(struct span name, bool tools)
{
    return tools && (span_equals(name, "allowed") || span_equals(name, "strict"));
}

static enum status put_spec(struct json_writer *w, const struct far *f, const struct far_request *r,
                            bool lenient, struct error *err)
{
    struct span type = json_string(json_get(r->constraint, "type"));
    bool tools = type.data && span_equals(type, "tools");
    enum status st = STATUS_OK;
    json_open_object(w);
    for (struct json_member m = json_first(r->constraint); m.value;
         m = json_next(r->constraint, m)) {
        if (span_equals(m.key, "reasoning") ||
            (tools && (span_equals(m.key, "tools") || span_equals(m.key, "format"))))
            return error_set(err, STATUS_BAD_INPUT,
                             "/%.*s: comes from the request and the model, not from its "
                             "\"constraint\"",
                             (int)m.key.len, m.key.data);
        if (is_of_request(m.key, tools)) continue;
        json_key_span(w, m.key);
        json_put_value(w, m.value);
    }
    if (tools) st = put_tools(w, f, r, r->constraint, lenient, err);
    if (!st) put_reasoning(w, f, r);
    json_close_object(w);
    return st;
}

static enum status compile(struct far_constraint **ret, struct far *f, const struct far_request *r,
                           bool lenient, struct error *err)
{
    struct buf text = BUF_INIT(CONSTRAINT_SPEC_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &text, 0);
    enum status st = put_spec(&w, f, r, lenient, err);
    if (!st) st = buf_check(&text, "the constraint", err);
    if (!st)
        st = far_constraint_new(ret, f->constraints, (struct span){ text.data, text.len }, err);
    buf_release(&text);
    return st;
}

static bool has_lenient(const struct far_request *r)
{
    bool any = false;
    for (size_t i = 0; i < json_length(r->tools); i++)
        any = any || !is_strict(r->constraint, json_at(r->tools, i));
    return any;
}

static enum status open_all(struct far *f, struct error *err)
{
    const struct engine_info *info = engine_info(f->engine);
    const struct generation_config *g = &info->generation;
    int32_t ends[CONFIG_EOS_MAX];
    size_t count = 0;
    if (f->constraints) return STATUS_OK;
    for (int i = 0; i < g->eos_count; i++)
        if (g->eos_ids[i] >= 0 && g->eos_ids[i] <= INT32_MAX)
            ends[count++] = (int32_t)g->eos_ids[i];
    return far_constraints_new(&f->constraints, engine_tokenizer(f->engine), info->valid_vocab,
                               ends, count, err);
}

enum status far_constraint_open(struct far_constraint **ret, bool *ret_later, struct far *f,
                                const struct far_request *r, struct error *err)
{
    *ret_later = false;
    if (!r->constraint) return STATUS_OK;
    enum status st = open_all(f, err);
    if (!st) st = compile(ret, f, r, false, err);
    bool refused = st == STATUS_UNSUPPORTED || st == STATUS_BAD_INPUT || st == STATUS_LIMIT;
    struct span type = json_string(json_get(r->constraint, "type"));
    /* Nobody asked that tools without "strict" be held to their schemas: where that cannot be done,
     * their arguments are any object. */
    if (refused && type.data && span_equals(type, "tools") && has_lenient(r))
        st = compile(ret, f, r, true, err);
    *ret_later = !st && !*ret;
    if (!st || st == STATUS_NO_MEMORY) return st;
    /* Too large is a fault of the request, not of the moment. */
    struct error why = *err;
    return error_set(err, st == STATUS_LIMIT ? STATUS_UNSUPPORTED : st,
                     "the constraint is refused: %s", why.text);
}
