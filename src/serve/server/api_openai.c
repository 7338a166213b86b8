/* Shared parts of OpenAI's APIs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/api_openai.h"

#include "base/core/mem.h"
#include "serve/server/shape_calls.h"
#include "serve/server/shape_out.h"

#define SHOWN_BYTES_MAX 60 /* of a client's text in a message */

static int shown(struct span s)
{
    return (int)(s.len < SHOWN_BYTES_MAX ? s.len : SHOWN_BYTES_MAX);
}

void openai_error_body(struct buf *out, const struct api_error *error,
                       const struct shape_context *context)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "error");
    json_open_object(&w);
    json_member_text(&w, "message", error->text);
    json_member_text(&w, "type", error->type);
    json_member_text(&w, "param", error->param[0] ? error->param : NULL);
    json_member_text(&w, "code", error->code);
    json_close_object(&w);
    json_close_object(&w);
}

bool openai_read_model(const struct fields *f, struct shape_request *r)
{
    struct span model = { 0 };
    struct error e;
    if (!field_text(f, "model", &model)) return false;
    if (!model.data) return true;
    if (!json_text(json_get(f->object, "model")))
        return api_refuse(f->err, API_INVALID_VALUE, "model", "'model' holds a NUL");
    r->model = mem_copy_text(model.data, model.len);
    if (r->model) return true;
    error_set(&e, STATUS_NO_MEMORY, "out of memory for a request");
    return api_refuse_error(f->err, &e);
}

/* ---- content ---- */

static bool read_part(const struct fields *part, const char *const *text_types, struct span *ret)
{
    struct span type = { 0 };
    *ret = (struct span){ 0 };
    if (json_type(part->object) == JSON_STRING) {
        *ret = json_string(part->object);
        return true;
    }
    if (json_type(part->object) != JSON_OBJECT)
        return api_refuse(part->err, API_INVALID_TYPE, part->path, "'%s' must be an object",
                          part->path);
    if (!field_text(part, "type", &type)) return false;
    bool taken = !type.data; /* some clients leave it out beside a text */
    for (size_t i = 0; text_types[i] && !taken; i++)
        taken = span_equals(type, text_types[i]);
    if (!taken)
        return api_refuse(
            part->err, API_UNSUPPORTED, path_in(part, "type").text,
            "'%s' is of type \"%.*s\": the models here read text only; leave the part "
            "out, or say in text what it holds",
            part->path, shown(type), type.data);
    if (!field_text(part, span_equals(type, "refusal") ? "refusal" : "text", ret)) return false;
    if (!ret->data)
        return api_refuse(part->err, API_MISSING, path_in(part, "text").text,
                          "'%s' must hold a text", part->path);
    return true;
}

static bool put_parts(struct json_writer *w, const struct fields *message, const struct json *parts,
                      const char *const *text_types)
{
    struct buf joined = BUF_INIT(GENERATION_BYTES_MAX);
    bool ok = true;
    for (size_t i = 0; i < json_length(parts) && ok; i++) {
        struct span text;
        struct field_path path = path_of("%s.content[%zu]", message->path, i);
        struct fields part = { json_at(parts, i), path.text, message->err };
        ok = read_part(&part, text_types, &text);
        if (ok && i) buf_byte(&joined, '\n');
        if (ok && text.len) buf_append(&joined, text.data, text.len);
    }
    if (ok) put_span(w, "content", (struct span){ joined.data, joined.len });
    w->out->failed |= joined.failed;
    buf_release(&joined);
    return ok;
}

bool openai_put_content(struct json_writer *w, const struct fields *message,
                        const char *const *text_types)
{
    const struct json *content = field_get(message, "content");
    struct field_path path = path_in(message, "content");
    if (json_type(content) == JSON_ARRAY) return put_parts(w, message, content, text_types);
    if (content && json_type(content) != JSON_STRING)
        return api_refuse(message->err, API_INVALID_TYPE, path.text,
                          "'%s' must be a text, a list of parts, or null", path.text);
    put_span(w, "content", json_string(content));
    return true;
}

/* ---- messages ---- */

enum role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL, ROLE_COUNT };
static const char *const ROLE_NAMES[ROLE_COUNT] = { "system", "user", "assistant", "tool" };

static bool read_role(const struct fields *message, enum role *ret)
{
    struct span name = { 0 };
    struct field_path path = path_in(message, "role");
    if (!field_text(message, "role", &name)) return false;
    if (!name.data)
        return api_refuse(message->err, API_MISSING, path.text, "'%s' is missing", path.text);
    *ret = ROLE_COUNT;
    for (int i = 0; i < ROLE_COUNT; i++)
        if (span_equals(name, ROLE_NAMES[i])) *ret = (enum role)i;
    if (span_equals(name, "developer")) *ret = ROLE_SYSTEM;
    if (span_equals(name, "function")) *ret = ROLE_TOOL;
    if (*ret != ROLE_COUNT) return true;
    return api_refuse(
        message->err, API_INVALID_VALUE, path.text,
        "'%s' is \"%.*s\"; it must be one of system, developer, user, assistant, tool", path.text,
        shown(name), name.data);
}

static bool put_call(struct json_writer *w, const struct fields *call,
                     const struct shape_context *context)
{
    struct span id = { 0 }, type = { 0 }, name = { 0 };
    const struct json *function = NULL, *arguments;
    if (json_type(call->object) != JSON_OBJECT)
        return api_refuse(call->err, API_INVALID_TYPE, call->path, "'%s' must be an object",
                          call->path);
    if (!field_text(call, "id", &id) || !field_text(call, "type", &type) ||
        !field_object(call, "function", &function))
        return false;
    struct field_path path = path_in(call, "function");
    struct fields f = { function, path.text, call->err };
    if (type.data && !span_equals(type, "function"))
        return api_refuse(call->err, API_UNSUPPORTED, path_in(call, "type").text,
                          "'%s' is of type \"%.*s\"; calls of functions are taken", call->path,
                          shown(type), type.data);
    if (!field_text(&f, "name", &name)) return false;
    if (!name.len)
        return api_refuse(call->err, API_MISSING, path_in(&f, "name").text,
                          "'%s.name' must be the name of the function that was called", path.text);
    arguments = field_get(&f, "arguments");
    if (arguments && json_type(arguments) != JSON_STRING && json_type(arguments) != JSON_OBJECT)
        return api_refuse(call->err, API_INVALID_TYPE, path_in(&f, "arguments").text,
                          "'%s.arguments' must be the JSON text of an object", path.text);
    json_open_object(w);
    if (id.data) put_span(w, "id", id);
    json_member_text(w, "type", "function");
    json_key(w, "function");
    json_open_object(w);
    put_span(w, "name", name);
    json_key(w, "arguments");
    if (arguments) json_put_value(w, arguments);
    else json_put_string(w, "{}");
    calls_put_exact(w, context, id, arguments);
    json_close_object(w);
    json_close_object(w);
    return true;
}

static bool put_calls(struct json_writer *w, const struct fields *message, const struct json *calls,
                      const struct shape_context *context)
{
    struct field_path path = path_in(message, "tool_calls");
    if (json_length(calls) > OPENAI_TOOLS_MAX)
        return api_refuse(message->err, API_INVALID_VALUE, path.text,
                          "'%s' has %zu calls; at most %d are taken", path.text, json_length(calls),
                          OPENAI_TOOLS_MAX);
    json_key(w, "tool_calls");
    json_open_array(w);
    for (size_t i = 0; i < json_length(calls); i++) {
        struct field_path at = path_of("%s[%zu]", path.text, i);
        struct fields call = { json_at(calls, i), at.text, message->err };
        if (!put_call(w, &call, context)) return false;
    }
    json_close_array(w);
    return true;
}

/* Under whatever name the client got it, it goes back under the first. */
static bool put_reasoning(struct json_writer *w, const struct fields *message)
{
    static const char *const names[] = { "reasoning_content", "reasoning", "thinking" };
    struct span text = { 0 };
    for (size_t i = 0; i < sizeof names / sizeof *names && !text.data; i++)
        if (!field_text(message, names[i], &text)) return false;
    if (text.len) put_span(w, "reasoning_content", text);
    return true;
}

/* What the template may know and we do not. */
static void put_others(struct json_writer *w, const struct json *message)
{
    static const char *const own[] = {
        "role",        "content", "tool_calls", "reasoning_content", "reasoning", "thinking",
        "annotations", "refusal", "audio",      "function_call"
    };
    for (struct json_member m = json_first(message); m.value; m = json_next(message, m)) {
        bool known = json_type(m.value) == JSON_NULL;
        for (size_t i = 0; i < sizeof own / sizeof *own && !known; i++)
            known = span_equals(m.key, own[i]);
        if (known) continue;
        /* Ollama's word. */
        if (span_equals(m.key, "tool_name") && !json_get(message, "name")) json_key(w, "name");
        else json_key_span(w, m.key);
        json_put_value(w, m.value);
    }
}

static bool put_message(struct json_writer *w, const struct fields *message,
                        const struct shape_context *context)
{
    static const char *const types[] = { "text", "refusal", "input_text", "output_text", NULL };
    const struct json *calls = NULL;
    enum role role;
    if (json_type(message->object) != JSON_OBJECT)
        return api_refuse(message->err, API_INVALID_TYPE, message->path, "'%s' must be an object",
                          message->path);
    if (!read_role(message, &role) || !field_array(message, "tool_calls", &calls) ||
        !field_unsupported(message, "audio", "the models here read text only") ||
        !field_unsupported(message, "images", "the models here read text only") ||
        !field_unsupported(message, "function_call", "write it as one of the \"tool_calls\""))
        return false;
    bool has_calls = role == ROLE_ASSISTANT && json_length(calls);
    struct field_path path = path_in(message, "content");
    if (role != ROLE_ASSISTANT && !field_get(message, "content"))
        return api_refuse(message->err, API_MISSING, path.text, "'%s' is missing", path.text);
    json_open_object(w);
    json_member_text(w, "role", ROLE_NAMES[role]);
    if (has_calls && !field_get(message, "content")) put_null(w, "content");
    else if (!openai_put_content(w, message, types)) return false;
    if (role == ROLE_ASSISTANT && !put_reasoning(w, message)) return false;
    if (has_calls && !put_calls(w, message, calls, context)) return false;
    put_others(w, message->object);
    json_close_object(w);
    return true;
}

bool openai_put_messages(struct json_writer *w, const struct fields *f)
{
    const struct json *messages = NULL;
    if (!field_array(f, "messages", &messages)) return false;
    size_t count = json_length(messages);
    if (!count)
        return api_refuse(f->err, messages ? API_INVALID_VALUE : API_MISSING, "messages",
                          "'messages' must be a list with at least one message");
    if (count > OPENAI_MESSAGES_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, "messages",
                          "'messages' has %zu messages; at most %zu are taken", count,
                          OPENAI_MESSAGES_MAX);
    json_key(w, "messages");
    json_open_array(w);
    for (size_t i = 0; i < count; i++) {
        struct field_path path = path_of("messages[%zu]", i);
        struct fields message = { json_at(messages, i), path.text, f->err };
        if (!put_message(w, &message, f->context)) return false;
    }
    json_close_array(w);
    return true;
}

/* ---- tools ---- */

bool openai_put_function(struct json_writer *w, const struct fields *function,
                         const char *parameters, size_t name_bytes_max)
{
    struct span name = { 0 }, description = { 0 };
    const struct json *schema = NULL;
    bool strict; /* for the constraint, not for the prompt */
    struct field_path path = path_in(function, "name");
    if (!field_text(function, "name", &name) ||
        !field_text(function, "description", &description) ||
        !field_object(function, parameters, &schema) || !field_bool(function, "strict", &strict))
        return false;
    if (!is_function_name(name, name_bytes_max))
        return api_refuse(function->err, name.data ? API_INVALID_VALUE : API_MISSING, path.text,
                          "'%s' must be 1 to %zu letters, digits, '_' or '-'", path.text,
                          name_bytes_max);
    json_open_object(w);
    json_member_text(w, "type", "function");
    json_key(w, "function");
    json_open_object(w);
    put_span(w, "name", name);
    if (description.data) put_span(w, "description", description);
    json_key(w, "parameters");
    if (schema) json_put_value(w, schema);
    else {
        json_open_object(w);
        json_member_text(w, "type", "object");
        json_key(w, "properties");
        json_open_object(w);
        json_close_object(w);
        json_close_object(w);
    }
    json_close_object(w);
    json_close_object(w);
    return true;
}

bool openai_put_tools(struct json_writer *w, const struct fields *f, bool hidden)
{
    const struct json *tools = NULL;
    if (!field_array(f, "tools", &tools)) return false;
    if (json_length(tools) > OPENAI_TOOLS_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, "tools",
                          "'tools' has %zu tools; at most %d are taken", json_length(tools),
                          OPENAI_TOOLS_MAX);
    if (!json_length(tools) || hidden) return true;
    json_key(w, "tools");
    json_open_array(w);
    for (size_t i = 0; i < json_length(tools); i++) {
        struct field_path path = path_of("tools[%zu]", i), at = path_of("tools[%zu].function", i);
        struct fields tool = { json_at(tools, i), path.text, f->err };
        struct span type = span_of("function");
        const struct json *function = NULL;
        if (!field_text(&tool, "type", &type) || !field_object(&tool, "function", &function))
            return false;
        if (!span_equals(type, "function"))
            return api_refuse(f->err, API_UNSUPPORTED, path_in(&tool, "type").text,
                              "'%s.type' must be \"function\"", path.text);
        if (!function)
            return api_refuse(f->err, API_MISSING, at.text, "'%s' must be an object", at.text);
        struct fields inner = { function, at.text, f->err };
        if (!openai_put_function(w, &inner, "parameters", FUNCTION_NAME_BYTES_MAX)) return false;
    }
    json_close_array(w);
    return true;
}

void openai_put_kwargs(struct json_writer *w, const struct json *own, struct span effort)
{
    bool none = effort.data && span_equals(effort, "none");
    if (!json_length(own) && !effort.data) return;
    json_key(w, "chat_template_kwargs");
    json_open_object(w);
    for (struct json_member m = json_first(own); m.value; m = json_next(own, m)) {
        json_key_span(w, m.key);
        json_put_value(w, m.value);
    }
    if (effort.data && !none && !json_get(own, "reasoning_effort"))
        put_span(w, "reasoning_effort", effort);
    if (none && !json_get(own, "enable_thinking")) json_member_bool(w, "enable_thinking", false);
    json_close_object(w);
}
