/* OpenAI's responses, from a body to the canonical request.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The conversation there is a list of items: messages, calls, results, reasoning. What the assistant
 * said between two items of others becomes one message here. System messages at the beginning
 * become one, behind the instructions: templates know one. */
#include "base/core/mem.h"
#include "serve/server/api_openai.h"
#include "serve/server/api_responses.h"
#include "serve/server/shape_calls.h"
#include "serve/server/shape_constraint.h"
#include "serve/server/shape_out.h"
#include "serve/server/shape_store.h"

#define ITEMS_MAX        ((size_t)1 << 16)
#define TOP_LOGPROBS_MAX 20
#define SHOWN_BYTES_MAX  60

static int shown(struct span s)
{
    return (int)(s.len < SHOWN_BYTES_MAX ? s.len : SHOWN_BYTES_MAX);
}

static bool is(struct span s, const char *text)
{
    return s.data && span_equals(s, text);
}

/* ---- sealed reasoning ---- */

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void responses_seal(struct buf *ret, struct span s)
{
    buf_text(ret, RESPONSES_SEALED);
    for (size_t i = 0; i < s.len; i += 3) {
        size_t n = s.len - i < 3 ? s.len - i : 3;
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < n ? (uint8_t)s.data[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_byte(ret, k <= n ? BASE64[v >> (18 - 6 * k) & 63] : '=');
    }
}

bool responses_unseal(struct buf *ret, struct span s)
{
    size_t mark = sizeof RESPONSES_SEALED - 1;
    if (s.len < mark || memcmp(s.data, RESPONSES_SEALED, mark) != 0 || (s.len - mark) % 4)
        return false;
    for (size_t i = mark; i < s.len; i += 4) {
        uint32_t v = 0;
        size_t n = 4;
        while (n > 2 && i + 4 == s.len && s.data[i + n - 1] == '=')
            n--;
        for (size_t k = 0; k < 4; k++) {
            const char *at = k < n ? memchr(BASE64, s.data[i + k], 64) : BASE64;
            if (!at) return false;
            v = v << 6 | (uint32_t)(at - BASE64);
        }
        for (size_t k = 0; k + 1 < n; k++)
            buf_byte(ret, (char)(uint8_t)(v >> (16 - 8 * k)));
    }
    return true;
}

/* ---- ids of calls ---- */

/* Which calls were made, so that a result without one is refused: open addressing, never full. */
struct call_set {
    struct span *slots;
    size_t cap; /* a power of two */
};

static bool call_set_init(struct call_set *s, size_t count)
{
    s->cap = 16;
    while (s->cap < 2 * count)
        s->cap *= 2;
    s->slots = mem_array(s->cap, sizeof *s->slots);
    return s->slots != NULL;
}

/* The slot that holds the id, or the free one where it belongs. */
static struct span *call_slot(const struct call_set *s, struct span id)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (uint8_t)id.data[i]) * UINT64_C(1099511628211);
    size_t at = hash & (s->cap - 1);
    while (s->slots[at].data &&
           (s->slots[at].len != id.len || memcmp(s->slots[at].data, id.data, id.len) != 0))
        at = (at + 1) & (s->cap - 1);
    return &s->slots[at];
}

/* ---- the conversation ---- */

struct reader {
    struct shape_request *r;
    struct responses_own *own;
    const struct shape_context *context;
    struct api_error *err;
    struct buf system; /* what system messages at the beginning say */
    struct buf items;  /* canonical messages, a JSON list in the making */
    struct json_writer w;
    bool any; /* an item that is no system message has come */
    /* The assistant's message in the making. */
    bool pending, has_text;
    struct buf text, reasoning, calls;
    struct json_writer calls_w;
    size_t call_count;
    struct call_set known;
    struct json_doc *previous; /* what was kept of the answer that this one follows */
};

static void reader_release(struct reader *x)
{
    buf_release(&x->system);
    buf_release(&x->items);
    buf_release(&x->text);
    buf_release(&x->reasoning);
    buf_release(&x->calls);
    mem_free(x->known.slots);
    json_doc_free(x->previous);
}

static void open_pending(struct reader *x)
{
    x->any = true;
    if (x->pending) return;
    x->pending = true;
    x->has_text = false;
    x->call_count = 0;
    buf_clear(&x->text);
    buf_clear(&x->reasoning);
    buf_clear(&x->calls);
    json_writer_init(&x->calls_w, &x->calls, 0);
    json_open_array(&x->calls_w);
}

static struct span all_of(const struct buf *b)
{
    return (struct span){ b->data, b->len };
}

static void flush_pending(struct reader *x)
{
    if (!x->pending) return;
    x->pending = false;
    json_open_object(&x->w);
    json_member_text(&x->w, "role", "assistant");
    if (x->has_text || !x->call_count) put_span(&x->w, "content", all_of(&x->text));
    else put_null(&x->w, "content");
    if (x->reasoning.len) put_span(&x->w, "reasoning_content", all_of(&x->reasoning));
    if (x->call_count) {
        struct buf inner = x->calls; /* without its bracket */
        inner.data++;
        inner.len--;
        put_raw_list(&x->w, "tool_calls", &inner);
    }
    json_close_object(&x->w);
    x->items.failed |= x->text.failed || x->reasoning.failed || x->calls.failed;
}

static void add_call(struct reader *x, struct span id, struct span name, struct span arguments)
{
    open_pending(x);
    json_open_object(&x->calls_w);
    put_span(&x->calls_w, "id", id);
    json_member_text(&x->calls_w, "type", "function");
    json_key(&x->calls_w, "function");
    json_open_object(&x->calls_w);
    put_span(&x->calls_w, "name", name);
    put_span(&x->calls_w, "arguments", arguments);
    calls_put_exact_text(&x->calls_w, x->context, id, arguments);
    json_close_object(&x->calls_w);
    json_close_object(&x->calls_w);
    x->call_count++;
    *call_slot(&x->known, id) = id;
}

/* ---- items ---- */

static bool unsupported_item(const struct fields *item, struct span type)
{
    return api_refuse(item->err, API_UNSUPPORTED, path_in(item, "type").text,
                      "'%s' is of type \"%.*s\": only text, calls, their results and reasoning are "
                      "read",
                      item->path, shown(type), type.data);
}

static bool need_text(const struct fields *item, const char *name, struct span *ret)
{
    *ret = (struct span){ 0 };
    if (!field_text(item, name, ret)) return false;
    struct field_path path = path_in(item, name);
    if (ret->data) return true;
    return api_refuse(item->err, API_MISSING, path.text, "'%s' is missing", path.text);
}

/* Texts of a member that is a text or a list of parts. */
static bool join_parts(const struct fields *item, const char *name, const char *between,
                       struct buf *ret)
{
    const struct json *v = field_get(item, name);
    struct field_path at = path_in(item, name);
    if (json_type(v) == JSON_STRING) {
        buf_append(ret, json_string(v).data, json_string(v).len);
        return true;
    }
    if (v && json_type(v) != JSON_ARRAY)
        return api_refuse(item->err, API_INVALID_TYPE, at.text,
                          "'%s' must be a text or a list of parts", at.text);
    for (size_t i = 0; i < json_length(v); i++) {
        struct field_path path = path_of("%s[%zu]", at.text, i);
        struct fields part = { json_at(v, i), path.text, item->err };
        struct span type, text;
        if (!need_text(&part, "type", &type)) return false;
        bool taken = is(type, "input_text") || is(type, "output_text") || is(type, "text") ||
                     is(type, "summary_text") || is(type, "reasoning_text");
        if (!taken && !is(type, "refusal")) return unsupported_item(&part, type);
        if (!need_text(&part, is(type, "refusal") ? "refusal" : "text", &text)) return false;
        if (i) buf_text(ret, between);
        if (text.len) buf_append(ret, text.data, text.len);
    }
    return true;
}

static bool take_system(struct reader *x, const struct fields *item)
{
    if (!x->any) {
        if (x->system.len) buf_text(&x->system, "\n\n");
        return join_parts(item, "content", "\n", &x->system);
    }
    struct buf text = BUF_INIT(GENERATION_BYTES_MAX);
    bool ok = join_parts(item, "content", "\n", &text);
    flush_pending(x);
    json_open_object(&x->w);
    json_member_text(&x->w, "role", "system");
    put_span(&x->w, "content", all_of(&text));
    json_close_object(&x->w);
    x->items.failed |= text.failed;
    buf_release(&text);
    return ok;
}

static bool put_other(struct reader *x, const struct fields *item, const char *role,
                      const char *member, struct span call_id)
{
    struct buf text = BUF_INIT(GENERATION_BYTES_MAX);
    bool ok = join_parts(item, member, "\n", &text);
    x->any = true;
    flush_pending(x);
    json_open_object(&x->w);
    json_member_text(&x->w, "role", role);
    if (call_id.data) put_span(&x->w, "tool_call_id", call_id);
    put_span(&x->w, "content", all_of(&text));
    json_close_object(&x->w);
    x->items.failed |= text.failed;
    buf_release(&text);
    return ok;
}

static bool take_message(struct reader *x, const struct fields *item)
{
    struct span role;
    if (!need_text(item, "role", &role)) return false;
    if (is(role, "user")) return put_other(x, item, "user", "content", (struct span){ 0 });
    if (is(role, "system") || is(role, "developer")) return take_system(x, item);
    if (!is(role, "assistant"))
        return api_refuse(x->err, API_INVALID_VALUE, path_in(item, "role").text,
                          "'%s.role' is \"%.*s\"; it must be one of system, developer, user, "
                          "assistant",
                          item->path, shown(role), role.data);
    open_pending(x);
    x->has_text = true;
    return join_parts(item, "content", "", &x->text);
}

static bool take_call(struct reader *x, const struct fields *item, const char *member)
{
    struct span id, name, arguments;
    if (!need_text(item, "call_id", &id) || !need_text(item, "name", &name) ||
        !need_text(item, member, &arguments))
        return false;
    if (strcmp(member, "arguments") == 0) {
        add_call(x, id, name, arguments);
        return true;
    }
    /* A tool that takes free text: to the model it is a function of one member. */
    struct buf wrapped = BUF_INIT(GENERATION_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &wrapped, 0);
    json_open_object(&w);
    put_span(&w, member, arguments);
    json_close_object(&w);
    add_call(x, id, name, all_of(&wrapped));
    x->items.failed |= wrapped.failed;
    buf_release(&wrapped);
    return true;
}

static bool take_result(struct reader *x, const struct fields *item)
{
    struct span id;
    if (!need_text(item, "call_id", &id)) return false;
    if (call_slot(&x->known, id)->data) return put_other(x, item, "tool", "output", id);
    return api_refuse(x->err, API_INVALID_VALUE, path_in(item, "call_id").text,
                      "'%s.call_id' is \"%.*s\", but no call of that id stands before it: send the "
                      "full history, or the previous_response_id of an answer that was stored",
                      item->path, shown(id), id.data);
}

static bool take_reasoning(struct reader *x, const struct fields *item)
{
    struct buf text = BUF_INIT(GENERATION_BYTES_MAX);
    struct span sealed = { 0 };
    bool ok =
        field_text(item, "encrypted_content", &sealed) && join_parts(item, "content", "\n", &text);
    /* What others have sealed nobody here can read. */
    if (ok && !text.len && sealed.data && !responses_unseal(&text, sealed)) buf_clear(&text);
    if (ok && !text.len) ok = join_parts(item, "summary", "\n", &text);
    open_pending(x);
    if (x->reasoning.len && text.len) buf_byte(&x->reasoning, '\n');
    if (text.len) buf_append(&x->reasoning, text.data, text.len);
    x->reasoning.failed |= text.failed;
    buf_release(&text);
    return ok;
}

/* Items of tools that the vendor's own servers run: nothing in them is text for a model. */
static bool is_hosted(struct span type)
{
    static const char *const names[] = {
        "web_search_call",       "file_search_call",
        "computer_call",         "computer_call_output",
        "image_generation_call", "code_interpreter_call",
        "mcp_list_tools",        "mcp_approval_request",
        "mcp_approval_response", "mcp_call",
        "tool_search_call",      "tool_search_output",
        "local_shell_call",      "local_shell_call_output",
        "additional_tools",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(type, names[i])) return true;
    return false;
}

static bool take_item(struct reader *x, const struct fields *item)
{
    struct span type = span_of("message");
    if (json_type(item->object) != JSON_OBJECT)
        return api_refuse(x->err, API_INVALID_TYPE, item->path, "'%s' must be an object",
                          item->path);
    if (!field_text(item, "type", &type)) return false;
    if (is(type, "message")) return take_message(x, item);
    if (is(type, "function_call")) return take_call(x, item, "arguments");
    if (is(type, "custom_tool_call")) return take_call(x, item, "input");
    if (is(type, "function_call_output") || is(type, "custom_tool_call_output"))
        return take_result(x, item);
    if (is(type, "reasoning")) return take_reasoning(x, item);
    if (!is_hosted(type)) return unsupported_item(item, type);
    x->r->note = "items of tools that the vendor's servers run were left out of the prompt";
    return true;
}

static bool take_input(struct reader *x, const struct fields *f)
{
    const struct json *input = field_get(f, "input");
    if (json_type(input) == JSON_STRING)
        return !json_string(input).len || put_other(x, f, "user", "input", (struct span){ 0 });
    if (input && json_type(input) != JSON_ARRAY)
        return api_refuse(x->err, API_INVALID_TYPE, "input",
                          "'input' must be a text or a list of items");
    for (size_t i = 0; i < json_length(input); i++) {
        struct field_path path = path_of("input[%zu]", i);
        struct fields item = { json_at(input, i), path.text, x->err };
        if (!take_item(x, &item)) return false;
    }
    return true;
}

/* ---- what was kept ---- */

static bool load_previous(struct reader *x, const struct fields *f,
                          const struct shape_context *context)
{
    struct buf text = BUF_INIT(GENERATION_BYTES_MAX);
    const char *id = json_text(field_get(f, "previous_response_id"));
    struct span given = { 0 };
    struct error e;
    bool found = false;
    if (!field_text(f, "previous_response_id", &given)) return false;
    if (!given.data) return true;
    enum status s = STATUS_OK;
    if (id && context->store)
        s = shape_store_get(context->store, context->tenant ? context->tenant : "", id, &text,
                            &found, &e);
    if (!s && found)
        s = json_parse(&x->previous, text.data, text.len, GENERATION_BYTES_MAX, "a kept answer",
                       &e);
    buf_release(&text);
    if (s) return api_refuse_error(f->err, &e);
    if (found) return true;
    return api_refuse(f->err, "previous_response_not_found", "previous_response_id",
                      "no answer \"%.*s\" is kept here%s: send the full history in 'input'",
                      shown(given), given.data,
                      context->store ? " (they go when there are many, and with a restart)" : "");
}

static void take_previous(struct reader *x)
{
    const struct json *messages = json_root(x->previous);
    for (size_t i = 0; i < json_length(messages); i++) {
        const struct json *message = json_at(messages, i), *calls = json_get(message, "tool_calls");
        struct span content = json_string(json_get(message, "content"));
        for (size_t k = 0; k < json_length(calls); k++) {
            struct span id = json_string(json_get(json_at(calls, k), "id"));
            if (id.data) *call_slot(&x->known, id) = id;
        }
        if (i == 0 && is(json_string(json_get(message, "role")), "system")) {
            buf_append(&x->system, content.data, content.len);
            continue;
        }
        x->any = true;
        json_put_value(&x->w, message);
    }
}

static size_t call_count_max(const struct reader *x, const struct json *input)
{
    const struct json *messages = json_root(x->previous);
    size_t count = json_type(input) == JSON_ARRAY ? json_length(input) : 0;
    for (size_t i = 0; i < json_length(messages); i++)
        count += json_length(json_get(json_at(messages, i), "tool_calls"));
    return count;
}

/* ---- the canonical request ---- */

static void put_system(struct json_writer *w, struct span instructions, const struct buf *system)
{
    struct buf text = BUF_INIT(GENERATION_BYTES_MAX);
    if (instructions.len) buf_append(&text, instructions.data, instructions.len);
    if (instructions.len && system->len) buf_text(&text, "\n\n");
    if (system->len) buf_append(&text, system->data, system->len);
    if (text.len) {
        json_open_object(w);
        json_member_text(w, "role", "system");
        put_span(w, "content", all_of(&text));
        json_close_object(w);
    }
    w->out->failed |= text.failed || system->failed;
    buf_release(&text);
}

/* `items` are written already. */
static void put_items(struct json_writer *w, const struct buf *items, bool comma)
{
    if (comma && items->len) buf_byte(w->out, ',');
    if (items->len) buf_append(w->out, items->data, items->len);
    w->out->failed |= items->failed;
}

/* Keeps the system part and the items, for the answer that follows this one. */
static void keep_items(struct reader *x, const struct buf *items)
{
    struct json_writer w;
    struct buf *kept = &x->own->items;
    json_writer_init(&w, kept, 0);
    put_system(&w, (struct span){ 0 }, &x->system);
    put_items(&w, items, kept->len > 0);
}

static void put_messages(struct reader *x, struct json_writer *w, struct span instructions)
{
    flush_pending(x);
    if (!x->any) { /* a client that asks whether anybody is there */
        json_open_object(&x->w);
        json_member_text(&x->w, "role", "user");
        json_member_text(&x->w, "content", "");
        json_close_object(&x->w);
    }
    struct buf inner = x->items; /* without its bracket */
    inner.data++;
    inner.len--;
    json_key(w, "messages");
    json_open_array(w);
    size_t before = w->out->len;
    put_system(w, instructions, &x->system);
    put_items(w, &inner, w->out->len > before);
    json_close_array(w);
    if (x->own->store) keep_items(x, &inner);
    json_member_bool(w, "add_generation_prompt", true);
}

static bool put_conversation(struct json_writer *w, struct shape_request *r, const struct fields *f,
                             const struct shape_context *context, struct span instructions)
{
    struct reader x = { .r = r,
                        .own = r->own,
                        .context = context,
                        .err = f->err,
                        .system = BUF_INIT(GENERATION_BYTES_MAX),
                        .items = BUF_INIT(GENERATION_BYTES_MAX),
                        .text = BUF_INIT(GENERATION_BYTES_MAX),
                        .reasoning = BUF_INIT(GENERATION_BYTES_MAX),
                        .calls = BUF_INIT(GENERATION_BYTES_MAX) };
    const struct json *input = field_get(f, "input");
    struct error e;
    bool ok = true;
    if (json_type(input) == JSON_ARRAY && json_length(input) > ITEMS_MAX)
        ok = api_refuse(f->err, API_INVALID_VALUE, "input",
                        "'input' has %zu items; at most %zu are taken", json_length(input),
                        ITEMS_MAX);
    ok = ok && load_previous(&x, f, context);
    if (ok && !call_set_init(&x.known, call_count_max(&x, input))) {
        error_set(&e, STATUS_NO_MEMORY, "out of memory for a request");
        ok = api_refuse_error(f->err, &e);
    }
    json_writer_init(&x.w, &x.items, 0);
    json_open_array(&x.w);
    if (ok) take_previous(&x);
    ok = ok && take_input(&x, f);
    if (ok && x.items.failed) {
        buf_check(&x.items, "the request", &e);
        ok = api_refuse_error(f->err, &e);
    }
    if (ok) put_messages(&x, w, instructions);
    reader_release(&x);
    return ok;
}

/* Writes the function tools of the request twice: for the worker, and repeated in the answer. */
static bool put_tools(struct json_writer *w, struct json_writer *echo, struct shape_request *r,
                      const struct fields *f, bool hidden)
{
    const struct json *tools = NULL;
    size_t taken = 0;
    if (!field_array(f, "tools", &tools)) return false;
    if (json_length(tools) > OPENAI_TOOLS_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, "tools",
                          "'tools' has %zu tools; at most %d are taken", json_length(tools),
                          OPENAI_TOOLS_MAX);
    json_key(echo, "tools");
    json_open_array(echo);
    for (size_t i = 0; i < json_length(tools); i++) {
        struct field_path path = path_of("tools[%zu]", i);
        struct fields tool = { json_at(tools, i), path.text, f->err };
        struct span type;
        if (!need_text(&tool, "type", &type)) return false;
        if (!is(type, "function")) {
            r->note = "tools of other types than function were left out";
            continue;
        }
        if (!hidden && !taken++) {
            json_key(w, "tools");
            json_open_array(w);
        }
        struct buf unused = BUF_INIT(GENERATION_BYTES_MAX);
        struct json_writer aside;
        json_writer_init(&aside, &unused, 0);
        bool ok =
            openai_put_function(hidden ? &aside : w, &tool, "parameters", FUNCTION_NAME_BYTES_MAX);
        buf_release(&unused);
        if (!ok) return false;
        json_open_object(echo);
        json_member_text(echo, "type", "function");
        put_span(echo, "name", json_string(json_get(tool.object, "name")));
        if (field_get(&tool, "description"))
            put_span(echo, "description", json_string(field_get(&tool, "description")));
        json_key(echo, "parameters");
        if (field_get(&tool, "parameters")) json_put_value(echo, field_get(&tool, "parameters"));
        else json_put_null(echo);
        json_member_bool(echo, "strict", json_bool(field_get(&tool, "strict"), false));
        json_close_object(echo);
    }
    if (taken) json_close_array(w);
    json_close_array(echo);
    return true;
}

static void echo_number(struct json_writer *echo, const struct fields *f, const char *name)
{
    json_key(echo, name);
    if (field_get(f, name)) json_put_value(echo, field_get(f, name));
    else json_put_null(echo);
}

static bool read_text_format(const struct fields *f, struct constraint_wish *wish)
{
    const struct json *text = NULL;
    if (!field_object(f, "text", &text)) return false;
    struct fields t = { text, "text", f->err };
    return wish_read_format(&t, "format", wish) && wish_read_extras(f, wish);
}

static bool read_include(const struct fields *f, struct responses_own *own, struct generation *g)
{
    const struct json *include = NULL;
    int64_t top = 0;
    if (!field_array(f, "include", &include) ||
        !field_int(f, "top_logprobs", 0, TOP_LOGPROBS_MAX, &top))
        return false;
    for (size_t i = 0; i < json_length(include); i++) {
        struct span name = json_string(json_at(include, i));
        own->logprobs |= is(name, "message.output_text.logprobs");
        own->encrypted |= is(name, "reasoning.encrypted_content");
    }
    own->logprobs |= top > 0;
    if (own->logprobs) g->logprobs = top;
    return true;
}

static bool read_settings(struct shape_request *r, const struct fields *f,
                          const struct shape_context *context, bool count_only,
                          struct generation *g, struct constraint_wish *wish)
{
    struct responses_own *own = r->own;
    bool store = true;
    if (!openai_read_model(f, r) || (!count_only && !field_bool(f, "stream", &r->stream)) ||
        !field_bool(f, "store", &store) || !generation_read(f, g) ||
        !field_int(f, "max_output_tokens", 1, INT32_MAX, &g->max_tokens) ||
        !read_include(f, own, g) || !read_text_format(f, wish) || !wish_read_tool_choice(f, wish) ||
        !field_unsupported(f, "background", "answers come while the client waits") ||
        !field_unsupported(f, "conversation",
                           "send the history in 'input', or the "
                           "previous_response_id of an answer that was stored") ||
        !field_unsupported(f, "prompt", "send its text in 'instructions' and 'input'") ||
        !field_unsupported(f, "context_management", "nothing is ever left out of a prompt"))
        return false;
    own->store = store && context->store && !count_only;
    return true;
}

static void put_text_format(struct json_writer *echo, const struct json *format)
{
    json_key(echo, "text");
    json_open_object(echo);
    json_key(echo, "format");
    if (json_type(format) == JSON_OBJECT) json_put_value(echo, format);
    else {
        json_open_object(echo);
        json_member_text(echo, "type", "text");
        json_close_object(echo);
    }
    json_close_object(echo);
}

/* The rest of the response's members that repeat the request. */
static bool put_echo(struct json_writer *echo, const struct fields *f)
{
    const struct json *metadata = NULL;
    bool parallel = true;
    if (!field_object(f, "metadata", &metadata) || !field_bool(f, "parallel_tool_calls", &parallel))
        return false;
    echo_number(echo, f, "instructions");
    echo_number(echo, f, "previous_response_id");
    echo_number(echo, f, "max_output_tokens");
    echo_number(echo, f, "temperature");
    echo_number(echo, f, "top_p");
    json_member_bool(echo, "parallel_tool_calls", parallel);
    json_member_text(echo, "truncation", "disabled");
    json_key(echo, "metadata");
    if (metadata) json_put_value(echo, metadata);
    else {
        json_open_object(echo);
        json_close_object(echo);
    }
    put_text_format(echo, json_get(field_get(f, "text"), "format"));
    json_key(echo, "tool_choice");
    if (field_get(f, "tool_choice")) json_put_value(echo, field_get(f, "tool_choice"));
    else json_put_string(echo, "auto");
    return true;
}

static bool put_reasoning(struct json_writer *w, struct json_writer *echo, const struct fields *f)
{
    const struct json *reasoning = NULL, *kwargs = NULL;
    struct span effort = { 0 };
    if (!field_object(f, "reasoning", &reasoning) ||
        !field_object(f, "chat_template_kwargs", &kwargs))
        return false;
    struct fields r = { reasoning, "reasoning", f->err };
    if (!field_text(&r, "effort", &effort)) return false;
    openai_put_kwargs(w, kwargs, effort);
    json_key(echo, "reasoning");
    json_open_object(echo);
    if (effort.data) put_span(echo, "effort", effort);
    else put_null(echo, "effort");
    put_null(echo, "summary");
    json_close_object(echo);
    return true;
}

static bool put_canonical(struct shape_request *r, const struct fields *f,
                          const struct shape_context *context, const struct constraint_wish *wish,
                          const struct generation *g)
{
    struct responses_own *own = r->own;
    struct json_writer w, echo;
    struct span instructions = { 0 };
    struct error e;
    bool hidden = wish->choice == TOOL_CHOICE_NONE;
    if (!field_text(f, "instructions", &instructions) || !generation_reserve(r, 1, 1, f->err))
        return false;
    json_writer_init(&w, &r->canonical[0], 0);
    json_writer_init(&echo, &own->echo, 0);
    json_open_object(&w);
    json_open_object(&echo);
    if (!put_conversation(&w, r, f, context, instructions) || !put_echo(&echo, f) ||
        !put_tools(&w, &echo, r, f, hidden) || !put_reasoning(&w, &echo, f) ||
        !wish_put(&w, wish, field_get(f, "tools"), r, f->err))
        return false;
    generation_close(g, &w);
    if (buf_check(&own->echo, "the request", &e) || buf_check(&own->items, "the request", &e))
        return api_refuse_error(f->err, &e);
    return generation_finish(g, r, f->err);
}

bool responses_read_body(struct shape_request *r, const struct fields *f,
                         const struct shape_context *context, bool count_only)
{
    struct generation g = generation_unset;
    struct constraint_wish wish = { 0 };
    struct responses_own *own = r->own;
    own->echo = own->items = BUF_INIT(GENERATION_BYTES_MAX);
    bool ok = read_settings(r, f, context, count_only, &g, &wish);
    if (count_only) g.max_tokens = 0;
    ok = ok && put_canonical(r, f, context, &wish, &g);
    constraint_wish_release(&wish);
    return ok;
}

void responses_release(struct shape_request *r)
{
    struct responses_own *own = r->own;
    if (own) {
        buf_release(&own->echo);
        buf_release(&own->items);
    }
    generation_release(r);
}
