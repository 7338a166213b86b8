/* Reading a request into a conversation, and saying what is wrong with it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/conversation.h"

#include <string.h>

#include "base/core/mem.h"
#include "lm/chat/jinja_value.h"

#define SHOWN_BYTES_MAX 60 /* of a client's text in a message */

struct owner {
    struct conversation conversation; /* first: the public pointer is this one */
    struct arena arena;
};

/* Calls by id. */
struct call_index {
    struct chat_call **slots;
    size_t cap; /* a power of two, more than twice the calls; 0: no calls */
};

struct reader {
    struct owner *owner;
    struct chat_message *messages;
    struct call_index index;
    const struct chat_message *caller; /* the latest that calls tools */
    size_t at;                         /* the message being read */
    struct error *err;
};

static enum status no_memory(struct reader *r)
{
    return error_set(r->err, STATUS_NO_MEMORY, "out of memory for a conversation");
}

static int shown(struct span s)
{
    return (int)(s.len < SHOWN_BYTES_MAX ? s.len : SHOWN_BYTES_MAX);
}

static bool is_absent(const struct json *v)
{
    return json_type(v) == JSON_NULL;
}

/* ---- roles ---- */

static bool find_role(struct span name, enum chat_role *ret)
{
    static const struct {
        const char *name;
        enum chat_role role;
    } roles[] = {
#define ROLE(name, role) { name, CHAT_##role },
#include "lm/chat/role_list.h"
#undef ROLE
    };
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (span_equals(name, roles[i].name)) {
            *ret = roles[i].role;
            return true;
        }
    return false;
}

static enum status read_role(struct reader *r, const struct json *message, enum chat_role *ret)
{
    static const char wanted[] = "one of system, developer, user, assistant, tool";
    const struct json *v = json_get(message, "role");
    struct span name = json_string(v);
    if (!v)
        return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu] has no \"role\": give it %s",
                         r->at, wanted);
    if (!name.data)
        return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu].role must be a text: %s", r->at,
                         wanted);
    if (find_role(name, ret)) return STATUS_OK;
    return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu].role is \"%.*s\"; it must be %s",
                     r->at, shown(name), name.data, wanted);
}

/* ---- content ---- */

static enum status read_part(struct reader *r, size_t i, const struct json *part, struct span *ret)
{
    struct span type = json_string(json_get(part, "type"));
    *ret = json_string(json_get(part, "text"));
    if (json_type(part) == JSON_STRING) {
        *ret = json_string(part);
        return STATUS_OK;
    }
    if (json_type(part) != JSON_OBJECT)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu].content[%zu] must be an object like {\"type\": \"text\", "
                         "\"text\": ...}",
                         r->at, i);
    if (type.data && !span_equals(type, "text"))
        return error_set(r->err, STATUS_UNSUPPORTED,
                         "messages[%zu].content[%zu] is of type \"%.*s\"; only parts of type "
                         "\"text\" are read: leave it out, or say in text what it holds",
                         r->at, i, shown(type), type.data);
    if (!ret->data)
        return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu].content[%zu].text must be a text",
                         r->at, i);
    return STATUS_OK;
}

static enum status read_parts(struct reader *r, const struct json *parts, struct span *ret)
{
    size_t count = json_length(parts), len = 0;
    struct span part;
    if (count > CONVERSATION_PARTS_MAX)
        return error_set(r->err, STATUS_LIMIT, "messages[%zu].content has %zu parts; %zu are read",
                         r->at, count, CONVERSATION_PARTS_MAX);
    for (size_t i = 0; i < count; i++) {
        enum status s = read_part(r, i, json_at(parts, i), &part);
        if (s) return s;
        len += part.len + (i > 0);
        *ret = part;
    }
    if (count <= 1) {
        if (!count) *ret = span_of("");
        return STATUS_OK;
    }
    char *joined = arena_alloc(&r->owner->arena, len), *at = joined;
    if (!joined) return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        if (i) *at++ = '\n';
        read_part(r, i, json_at(parts, i), &part);
        memcpy(at, part.data, part.len);
        at += part.len;
    }
    *ret = (struct span){ joined, len };
    return STATUS_OK;
}

static enum status read_content(struct reader *r, const struct json *message,
                                struct chat_message *ret)
{
    const struct json *v = json_get(message, "content");
    ret->text = span_of("");
    ret->has_content = !is_absent(v);
    if (!ret->has_content) return STATUS_OK;
    if (json_type(v) == JSON_ARRAY) return read_parts(r, v, &ret->text);
    if (json_type(v) != JSON_STRING)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu].content must be a text, a list of parts of text, or null",
                         r->at);
    ret->text = json_string(v);
    return STATUS_OK;
}

/* A member that is a text where it is given. */
static enum status read_text(struct reader *r, const struct json *message, const char *name,
                             struct span *ret)
{
    const struct json *v = json_get(message, name);
    if (is_absent(v)) return STATUS_OK;
    if (json_type(v) != JSON_STRING)
        return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu].%s must be a text or null", r->at,
                         name);
    if (!ret->data) *ret = json_string(v);
    return STATUS_OK;
}

/* ---- calls ---- */

static enum status read_call(struct reader *r, size_t i, const struct json *v,
                             struct chat_call *ret)
{
    const struct json *function = json_get(v, "function"), *id = json_get(v, "id");
    struct span type = json_string(json_get(v, "type"));
    if (json_type(v) != JSON_OBJECT || json_type(function) != JSON_OBJECT)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu].tool_calls[%zu] must be an object with \"function\": "
                         "{\"name\", \"arguments\"}",
                         r->at, i);
    if (type.data && !span_equals(type, "function"))
        return error_set(r->err, STATUS_UNSUPPORTED,
                         "messages[%zu].tool_calls[%zu].type is \"%.*s\"; it must be \"function\"",
                         r->at, i, shown(type), type.data);
    if (!is_absent(id) && json_type(id) != JSON_STRING)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu].tool_calls[%zu].id must be a text", r->at, i);
    *ret = (struct chat_call){ .id = json_string(id),
                               .name = json_string(json_get(function, "name")),
                               .arguments = json_get(function, "arguments") };
    if (json_type(json_get(function, "exact")) == JSON_STRING)
        ret->arguments = json_get(function, "exact");
    if (!ret->name.len)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu].tool_calls[%zu].function.name must be the name of the tool "
                         "that was called",
                         r->at, i);
    if (is_absent(ret->arguments)) ret->arguments = NULL;
    if (!ret->arguments || json_type(ret->arguments) == JSON_OBJECT ||
        json_type(ret->arguments) == JSON_STRING)
        return STATUS_OK;
    return error_set(r->err, STATUS_BAD_INPUT,
                     "messages[%zu].tool_calls[%zu].function.arguments must be an object, or the "
                     "JSON text of one",
                     r->at, i);
}

static bool same(struct span a, struct span b)
{
    return a.len == b.len && a.len && memcmp(a.data, b.data, a.len) == 0;
}

static enum status check_call_id(struct reader *r, const struct chat_call *calls, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same(calls[k].id, calls[i].id))
            return error_set(r->err, STATUS_BAD_INPUT,
                             "messages[%zu].tool_calls[%zu].id is \"%.*s\", as tool_calls[%zu].id: "
                             "give each call an id of its own",
                             r->at, i, shown(calls[i].id), calls[i].id.data, k);
    return STATUS_OK;
}

static enum status read_calls(struct reader *r, const struct json *message,
                              struct chat_message *ret)
{
    const struct json *v = json_get(message, "tool_calls");
    size_t count = json_length(v);
    if (is_absent(v)) return STATUS_OK;
    if (json_type(v) != JSON_ARRAY)
        return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu].tool_calls must be a list",
                         r->at);
    if (count > CONVERSATION_CALLS_MAX)
        return error_set(r->err, STATUS_LIMIT,
                         "messages[%zu].tool_calls has %zu calls; the limit is %zu", r->at, count,
                         CONVERSATION_CALLS_MAX);
    if (count && ret->role != CHAT_ASSISTANT)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu].tool_calls: only messages of the assistant call tools",
                         r->at);
    ret->calls = arena_array(&r->owner->arena, count ? count : 1, sizeof *ret->calls);
    if (!ret->calls) return no_memory(r);
    enum status s = STATUS_OK;
    for (size_t i = 0; i < count && !s; i++) {
        s = read_call(r, i, json_at(v, i), &ret->calls[i]);
        if (!s) s = check_call_id(r, ret->calls, i);
    }
    ret->call_count = count;
    return s;
}

/* ---- results ---- */

/* Where the call with this id is, or would be. */
static struct chat_call **slot_of(const struct call_index *x, struct span id)
{
    size_t at = hash_bytes(id.data, id.len) & (x->cap - 1);
    while (x->slots[at] && !same(x->slots[at]->id, id))
        at = (at + 1) & (x->cap - 1);
    return &x->slots[at];
}

/* Of calls with one id the latest counts: some models begin to count anew in each turn. */
static void index_calls(struct reader *r, const struct chat_message *m)
{
    for (size_t i = 0; i < m->call_count; i++)
        if (m->calls[i].id.len) *slot_of(&r->index, m->calls[i].id) = &m->calls[i];
    if (m->call_count) r->caller = m;
}

static enum status index_new(struct reader *r, const struct json *messages)
{
    size_t calls = 0, cap = 16;
    for (size_t i = 0; i < json_length(messages); i++)
        calls += json_length(json_get(json_at(messages, i), "tool_calls"));
    if (!calls) return STATUS_OK;
    while (cap < 2 * calls + 1)
        cap *= 2;
    r->index.slots = arena_array(&r->owner->arena, cap, sizeof(struct chat_call *));
    if (!r->index.slots) return no_memory(r);
    r->index.cap = cap;
    return STATUS_OK;
}

/* By order: the first open call of the latest message that calls; one with the same name first. An
 * id that came is no hindrance where the calls have none. */
static struct chat_call *call_in_order(const struct reader *r, struct span name, bool without_id)
{
    struct chat_call *first = NULL;
    for (size_t i = 0; r->caller && i < r->caller->call_count; i++) {
        struct chat_call *call = &r->caller->calls[i];
        if ((without_id && call->id.len) || call->answered) continue;
        if (same(call->name, name)) return call;
        if (!first) first = call;
    }
    return first;
}

static enum status find_call(struct reader *r, const struct json *message, struct chat_message *ret)
{
    struct span id = { NULL, 0 };
    enum status s = read_text(r, message, "tool_call_id", &id);
    if (s) return s;
    if (id.len && r->index.cap) ret->answers = *slot_of(&r->index, id);
    if (!ret->answers) ret->answers = call_in_order(r, ret->name, id.len > 0);
    if (ret->answers) {
        ret->answers->answered = true;
        return STATUS_OK;
    }
    if (id.len)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu].tool_call_id is \"%.*s\", but no message before it calls a "
                         "tool with that id: send the assistant's message with its tool_calls too",
                         r->at, shown(id), id.data);
    return error_set(r->err, STATUS_BAD_INPUT,
                     "messages[%zu] is a tool result without a tool_call_id, and no call before it "
                     "waits for one: send the assistant's message with its tool_calls, and the id",
                     r->at);
}

/* ---- messages ---- */

static enum status check_presence(struct reader *r, const struct chat_message *m)
{
    if (m->has_content || m->call_count) return STATUS_OK;
    if (m->role == CHAT_ASSISTANT && m->reasoning.len) return STATUS_OK;
    if (m->role == CHAT_ASSISTANT)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "messages[%zu] is empty: a message of the assistant needs \"content\" or "
                         "\"tool_calls\"",
                         r->at);
    return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu] has no \"content\"", r->at);
}

static enum status read_message(struct reader *r, const struct json *v, struct chat_message *ret)
{
    static const char *const reasoning[] = { "reasoning_content", "thinking", "reasoning" };
    if (json_type(v) != JSON_OBJECT)
        return error_set(r->err, STATUS_BAD_INPUT, "messages[%zu] is not an object", r->at);
    ret->json = v;
    enum status s = read_role(r, v, &ret->role);
    if (!s && !is_absent(json_get(v, "function_call")))
        s = error_set(r->err, STATUS_UNSUPPORTED,
                      "messages[%zu].function_call is the old form of a call: send it as "
                      "\"tool_calls\"",
                      r->at);
    if (!s) s = read_content(r, v, ret);
    if (!s) s = read_text(r, v, "name", &ret->name);
    for (size_t i = 0; i < sizeof reasoning / sizeof *reasoning && !s; i++)
        s = read_text(r, v, reasoning[i], &ret->reasoning);
    if (!s) s = read_calls(r, v, ret);
    if (!s) index_calls(r, ret);
    if (!s && ret->role == CHAT_TOOL) s = find_call(r, v, ret);
    return s ? s : check_presence(r, ret);
}

static enum status read_messages(struct reader *r, const struct json *request)
{
    const struct json *v = json_get(request, "messages");
    size_t count = json_length(v);
    if (json_type(v) != JSON_ARRAY)
        return error_set(r->err, STATUS_BAD_INPUT, "a request needs \"messages\", a list");
    if (count > CONVERSATION_MESSAGES_MAX)
        return error_set(r->err, STATUS_LIMIT, "%zu messages; the limit is %zu", count,
                         CONVERSATION_MESSAGES_MAX);
    r->messages = arena_array(&r->owner->arena, count ? count : 1, sizeof *r->messages);
    if (!r->messages) return no_memory(r);
    enum status s = index_new(r, v);
    for (r->at = 0; r->at < count && !s; r->at++)
        s = read_message(r, json_at(v, r->at), &r->messages[r->at]);
    r->owner->conversation.messages = r->messages;
    r->owner->conversation.message_count = count;
    return s;
}

/* ---- tools and documents ---- */

static bool is_tool_name(struct span s)
{
    if (!s.len || s.len > TOOL_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
        if (!ok) return false;
    }
    return true;
}

static enum status check_tool_name(struct reader *r, const struct chat_tool *tools, size_t i)
{
    struct span name = tools[i].name;
    if (!name.data)
        return error_set(r->err, STATUS_BAD_INPUT, "tools[%zu].function.name must be a text", i);
    if (!is_tool_name(name))
        return error_set(r->err, STATUS_BAD_INPUT,
                         "tools[%zu].function.name is \"%.*s\"; it must be 1 to %d letters, "
                         "digits, '_' or '-'",
                         i, shown(name), name.data, TOOL_NAME_BYTES_MAX);
    for (size_t k = 0; k < i; k++)
        if (same(tools[k].name, name))
            return error_set(r->err, STATUS_BAD_INPUT,
                             "tools[%zu].function.name is \"%.*s\", as tools[%zu].function.name", i,
                             shown(name), name.data, k);
    return STATUS_OK;
}

static enum status read_tool(struct reader *r, struct chat_tool *tools, size_t i,
                             const struct json *v)
{
    const struct json *function = json_get(v, "function"),
                      *description = json_get(function, "description"),
                      *parameters = json_get(function, "parameters");
    struct span type = json_string(json_get(v, "type"));
    if (type.data && !span_equals(type, "function"))
        return error_set(r->err, STATUS_UNSUPPORTED,
                         "tools[%zu].type is \"%.*s\"; only tools of type \"function\" are known",
                         i, shown(type), type.data);
    if (json_type(v) != JSON_OBJECT || json_type(function) != JSON_OBJECT)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "tools[%zu] must be {\"type\": \"function\", \"function\": {\"name\", "
                         "\"description\", \"parameters\"}}",
                         i);
    tools[i] = (struct chat_tool){ .name = json_string(json_get(function, "name")),
                                   .description = json_string(description),
                                   .parameters = is_absent(parameters) ? NULL : parameters,
                                   .json = v };
    if (!is_absent(description) && !tools[i].description.data)
        return error_set(r->err, STATUS_BAD_INPUT, "tools[%zu].function.description must be a text",
                         i);
    if (tools[i].parameters && json_type(parameters) != JSON_OBJECT)
        return error_set(r->err, STATUS_BAD_INPUT,
                         "tools[%zu].function.parameters must be a JSON schema, an object", i);
    return check_tool_name(r, tools, i);
}

static enum status read_tools(struct reader *r, const struct json *request)
{
    const struct json *v = json_get(request, "tools");
    size_t count = json_length(v);
    if (is_absent(v)) return STATUS_OK;
    if (json_type(v) != JSON_ARRAY)
        return error_set(r->err, STATUS_BAD_INPUT, "\"tools\" must be a list");
    if (count > CONVERSATION_TOOLS_MAX)
        return error_set(r->err, STATUS_LIMIT, "%zu tools; the limit is %zu", count,
                         CONVERSATION_TOOLS_MAX);
    struct chat_tool *tools = arena_array(&r->owner->arena, count ? count : 1, sizeof *tools);
    if (!tools) return no_memory(r);
    enum status s = STATUS_OK;
    for (size_t i = 0; i < count && !s; i++)
        s = read_tool(r, tools, i, json_at(v, i));
    r->owner->conversation.tools = tools;
    r->owner->conversation.tool_count = count;
    return s;
}

static enum status read_documents(struct reader *r, const struct json *request)
{
    const struct json *v = json_get(request, "documents");
    if (is_absent(v)) return STATUS_OK;
    if (json_type(v) != JSON_ARRAY)
        return error_set(r->err, STATUS_BAD_INPUT, "\"documents\" must be a list");
    if (json_length(v) > CONVERSATION_DOCUMENTS_MAX)
        return error_set(r->err, STATUS_LIMIT, "%zu documents; the limit is %zu", json_length(v),
                         CONVERSATION_DOCUMENTS_MAX);
    for (size_t i = 0; i < json_length(v); i++)
        if (json_type(json_at(v, i)) != JSON_OBJECT)
            return error_set(r->err, STATUS_BAD_INPUT,
                             "documents[%zu] must be an object like {\"title\", \"text\"}", i);
    r->owner->conversation.documents = v;
    return STATUS_OK;
}

static enum status read_switches(struct reader *r, const struct json *request)
{
    const struct json *kwargs = json_get(request, "chat_template_kwargs"),
                      *prompt = json_get(request, "add_generation_prompt"),
                      *final = json_get(request, "continue_final_message");
    struct conversation *c = &r->owner->conversation;
    if (!is_absent(prompt) && json_type(prompt) != JSON_BOOL)
        return error_set(r->err, STATUS_BAD_INPUT, "add_generation_prompt must be true or false");
    c->add_generation_prompt = json_bool(prompt, false);
    if (c->add_generation_prompt && (json_bool(final, false) || json_type(final) == JSON_STRING))
        return error_set(r->err, STATUS_BAD_INPUT,
                         "add_generation_prompt begins a new message, continue_final_message goes "
                         "on with the last: ask for one of them");
    if (!is_absent(kwargs) && json_type(kwargs) != JSON_OBJECT)
        return error_set(r->err, STATUS_BAD_INPUT, "chat_template_kwargs must be an object");
    c->kwargs = is_absent(kwargs) ? NULL : kwargs;
    return STATUS_OK;
}

/* ---- the doors ---- */

enum status conversation_read(const struct conversation **ret, const struct json *request,
                              struct error *err)
{
    struct reader r = { .err = err };
    if (json_type(request) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_INPUT, "a request must be a JSON object");
    r.owner = mem_zero(sizeof *r.owner);
    if (!r.owner) return no_memory(&r);
    arena_init(&r.owner->arena, CONVERSATION_BYTES_MAX);
    enum status s = read_messages(&r, request);
    if (!s) s = read_tools(&r, request);
    if (!s) s = read_documents(&r, request);
    if (!s) s = read_switches(&r, request);
    if (s) conversation_free(&r.owner->conversation);
    else *ret = &r.owner->conversation;
    return s;
}

void conversation_free(const struct conversation *c)
{
    struct owner *o = (struct owner *)(void *)c;
    if (!o) return;
    arena_release(&o->arena);
    mem_free(o);
}

enum status conversation_is_empty(struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "\"messages\" is empty: it needs at least one message");
}

enum status chat_request_check(const struct json *request, struct error *err)
{
    const struct conversation *c = NULL;
    enum status s = conversation_read(&c, request, err);
    if (s) return s;
    if (!c->message_count) s = conversation_is_empty(err);
    conversation_free(c);
    return s;
}
