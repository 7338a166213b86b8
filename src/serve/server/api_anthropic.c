/* Anthropic's messages, from a body to the canonical request.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A message there is a list of blocks: texts, thinking, calls, results. Here results are messages
 * of their own, before the text that stands beside them, and calls are members of the assistant's. */
#include "serve/server/api_anthropic.h"

#include "base/core/mem.h"
#include "serve/server/api_openai.h"
#include "serve/server/shape_calls.h"
#include "serve/server/shape_constraint.h"
#include "serve/server/shape_out.h"

#define TOOL_NAME_MAX   ((size_t)128)
#define SHOWN_BYTES_MAX 60
#define SIGNATURE_MARK  "hearth1-"
#define BILLING_HEADER  "x-anthropic-billing-header:"

static int shown(struct span s)
{
    return (int)(s.len < SHOWN_BYTES_MAX ? s.len : SHOWN_BYTES_MAX);
}

/* ---- errors ---- */

static const char *error_type(int http)
{
    switch (http) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503:
    case 529: return "overloaded_error";
    case 504: return "timeout_error";
    default: return http < 500 ? "invalid_request_error" : "api_error";
    }
}

void anthropic_error_body(struct buf *out, const struct api_error *error,
                          const struct shape_context *context)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_member_text(&w, "type", "error");
    json_key(&w, "error");
    json_open_object(&w);
    json_member_text(&w, "type", error_type(error->http));
    json_member_text(&w, "message", error->text);
    json_close_object(&w);
    json_member_text(&w, "request_id", path_of("req_%s", context->request_id).text);
    json_close_object(&w);
}

enum status anthropic_signature(struct span thinking, char ret[ANTHROPIC_SIGNATURE_BYTES],
                                struct error *err)
{
    static const char purpose[] = SIGNATURE_MARK "thinking\n";
    struct sha256 *sum = NULL;
    uint8_t digest[SHA256_BYTES];
    enum status s = sha256_new(&sum, err);
    if (!s) s = sha256_update(sum, purpose, sizeof purpose - 1, err);
    if (!s && thinking.len) s = sha256_update(sum, thinking.data, thinking.len, err);
    if (!s) s = sha256_final(sum, digest, err);
    sha256_free(sum);
    if (s) return s;
    memcpy(ret, SIGNATURE_MARK, sizeof SIGNATURE_MARK - 1);
    sha256_hex(digest, ret + sizeof SIGNATURE_MARK - 1);
    return STATUS_OK;
}

/* ---- blocks ---- */

/* One message in the making. */
struct turn {
    struct json_writer *w;
    const struct json *messages;
    size_t at; /* of the message in the body */
    struct buf text, thinking;
    bool has_text, is_assistant;
    const struct json *content;
    const struct shape_context *context;
    struct api_error *err;
};

static bool unsupported_block(const struct fields *block, struct span type)
{
    return api_refuse(
        block->err, API_UNSUPPORTED, path_in(block, "type").text,
        "'%s' is a block of type \"%.*s\": the models here read text, calls and their "
        "results; leave it out, or say in text what it holds",
        block->path, shown(type), type.data ? type.data : "");
}

static bool block_text(const struct fields *block, const char *name, struct span *ret)
{
    *ret = (struct span){ 0 };
    if (!field_text(block, name, ret)) return false;
    struct field_path path = path_in(block, name);
    if (ret->data) return true;
    return api_refuse(block->err, API_MISSING, path.text, "'%s' is missing", path.text);
}

static void append_text(struct buf *to, struct span text, bool new_line)
{
    if (new_line) buf_byte(to, '\n');
    if (text.len) buf_append(to, text.data, text.len);
}

static bool block_type(const struct fields *block, struct span *ret)
{
    if (json_type(block->object) != JSON_OBJECT)
        return api_refuse(block->err, API_INVALID_TYPE, block->path, "'%s' must be an object",
                          block->path);
    return block_text(block, "type", ret);
}

/* A text, or a list of blocks of text; missing is empty. */
static bool join_texts(const struct fields *owner, const char *name, struct buf *ret)
{
    const struct json *v = field_get(owner, name);
    struct field_path at = path_in(owner, name);
    if (json_type(v) == JSON_STRING) append_text(ret, json_string(v), false);
    else if (v && json_type(v) != JSON_ARRAY)
        return api_refuse(owner->err, API_INVALID_TYPE, at.text,
                          "'%s' must be a text or a list of blocks", at.text);
    for (size_t i = 0; json_type(v) == JSON_ARRAY && i < json_length(v); i++) {
        struct field_path path = path_of("%s[%zu]", at.text, i);
        struct fields block = { json_at(v, i), path.text, owner->err };
        struct span type, text;
        if (!block_type(&block, &type)) return false;
        if (!span_equals(type, "text")) return unsupported_block(&block, type);
        if (!block_text(&block, "text", &text)) return false;
        append_text(ret, text, i > 0);
    }
    return true;
}

static void flush_text(struct turn *t)
{
    if (!t->has_text) return;
    json_open_object(t->w);
    json_member_text(t->w, "role", "user");
    put_span(t->w, "content", (struct span){ t->text.data, t->text.len });
    json_close_object(t->w);
    t->w->out->failed |= t->text.failed;
    buf_clear(&t->text);
    t->has_text = false;
}

/* Whether the assistant's latest message made the call. */
static bool is_called(const struct turn *t, struct span id)
{
    for (size_t i = t->at; i-- > 0;) {
        const struct json *message = json_at(t->messages, i),
                          *blocks = json_get(message, "content");
        struct span role = json_string(json_get(message, "role"));
        if (!role.data || !span_equals(role, "assistant")) continue;
        for (size_t k = 0; k < json_length(blocks); k++) {
            struct span known = json_string(json_get(json_at(blocks, k), "id"));
            if (known.data && known.len == id.len && memcmp(known.data, id.data, id.len) == 0)
                return true;
        }
        return false;
    }
    return false;
}

static bool put_result(struct turn *t, const struct fields *block)
{
    struct buf text = BUF_INIT(GENERATION_BYTES_MAX);
    struct span id;
    if (!block_text(block, "tool_use_id", &id)) return false;
    if (!is_called(t, id))
        return api_refuse(t->err, API_INVALID_VALUE, path_in(block, "tool_use_id").text,
                          "'%s.tool_use_id' is \"%.*s\", but the assistant's message before it has "
                          "no tool_use block of that id: send the whole conversation",
                          block->path, shown(id), id.data);
    bool ok = join_texts(block, "content", &text);
    if (ok) {
        flush_text(t);
        json_open_object(t->w);
        json_member_text(t->w, "role", "tool");
        put_span(t->w, "tool_call_id", id);
        put_span(t->w, "content", (struct span){ text.data, text.len });
        json_close_object(t->w);
        t->w->out->failed |= text.failed;
    }
    buf_release(&text);
    return ok;
}

static bool take_thinking(struct turn *t, const struct fields *block)
{
    char wanted[ANTHROPIC_SIGNATURE_BYTES];
    struct span text, signature = { 0 };
    struct error e;
    if (!block_text(block, "thinking", &text) || !field_text(block, "signature", &signature))
        return false;
    bool ours = signature.len > sizeof SIGNATURE_MARK - 1 &&
                memcmp(signature.data, SIGNATURE_MARK, sizeof SIGNATURE_MARK - 1) == 0;
    if (ours && anthropic_signature(text, wanted, &e)) return api_refuse_error(t->err, &e);
    if (ours && !span_equals(signature, wanted))
        return api_refuse(t->err, API_INVALID_VALUE, path_in(block, "signature").text,
                          "'%s' was changed: its signature belongs to other thinking; send it back "
                          "as it came, or leave the block out",
                          block->path);
    append_text(&t->thinking, text, t->thinking.len > 0);
    return true;
}

/* Calls are written when the texts are. */
static bool check_call(const struct fields *block)
{
    const struct json *input = NULL;
    struct span id, name;
    return block_text(block, "id", &id) && block_text(block, "name", &name) &&
           field_object(block, "input", &input);
}

static bool take_block(struct turn *t, const struct fields *block)
{
    struct span type, text;
    if (!block_type(block, &type)) return false;
    if (span_equals(type, "text")) {
        if (!block_text(block, "text", &text)) return false;
        append_text(&t->text, text, t->has_text && !t->is_assistant);
        t->has_text = true;
        return true;
    }
    if (t->is_assistant && span_equals(type, "thinking")) return take_thinking(t, block);
    /* Another model's, which nobody here can read. */
    if (t->is_assistant && span_equals(type, "redacted_thinking")) return true;
    if (t->is_assistant && span_equals(type, "tool_use")) return check_call(block);
    if (!t->is_assistant && span_equals(type, "tool_result")) return put_result(t, block);
    return unsupported_block(block, type);
}

static bool take_content(struct turn *t, const struct fields *message)
{
    const struct json *v = field_get(message, "content");
    struct field_path at = path_in(message, "content");
    t->content = v;
    if (json_type(v) == JSON_STRING) {
        append_text(&t->text, json_string(v), false);
        t->has_text = true;
        return true;
    }
    if (json_type(v) != JSON_ARRAY)
        return api_refuse(t->err, v ? API_INVALID_TYPE : API_MISSING, at.text,
                          "'%s' must be a text or a list of blocks", at.text);
    for (size_t i = 0; i < json_length(v); i++) {
        struct field_path path = path_of("%s[%zu]", at.text, i);
        struct fields block = { json_at(v, i), path.text, t->err };
        if (!take_block(t, &block)) return false;
    }
    return true;
}

static bool is_call(const struct json *block)
{
    struct span type = json_string(json_get(block, "type"));
    return type.data && span_equals(type, "tool_use");
}

static void put_call(struct json_writer *w, const struct json *block,
                     const struct shape_context *context)
{
    const struct json *input = json_get(block, "input");
    json_open_object(w);
    put_span(w, "id", json_string(json_get(block, "id")));
    json_member_text(w, "type", "function");
    json_key(w, "function");
    json_open_object(w);
    put_span(w, "name", json_string(json_get(block, "name")));
    json_key(w, "arguments");
    if (json_type(input) == JSON_OBJECT) json_put_value(w, input);
    else {
        json_open_object(w);
        json_close_object(w);
    }
    calls_put_exact(w, context, json_string(json_get(block, "id")), input);
    json_close_object(w);
    json_close_object(w);
}

static void put_assistant(struct turn *t, const struct json *blocks)
{
    size_t calls = 0, count = json_type(blocks) == JSON_ARRAY ? json_length(blocks) : 0;
    for (size_t i = 0; i < count; i++)
        calls += is_call(json_at(blocks, i));
    json_open_object(t->w);
    json_member_text(t->w, "role", "assistant");
    if (t->has_text || !calls)
        put_span(t->w, "content", (struct span){ t->text.data, t->text.len });
    else put_null(t->w, "content");
    if (t->thinking.len)
        put_span(t->w, "reasoning_content", (struct span){ t->thinking.data, t->thinking.len });
    if (calls) {
        json_key(t->w, "tool_calls");
        json_open_array(t->w);
        for (size_t i = 0; i < count; i++)
            if (is_call(json_at(blocks, i))) put_call(t->w, json_at(blocks, i), t->context);
        json_close_array(t->w);
    }
    json_close_object(t->w);
    t->w->out->failed |= t->text.failed || t->thinking.failed;
}

/* ---- messages ---- */

static bool put_turn(struct json_writer *w, const struct fields *f, const struct json *messages,
                     size_t i)
{
    struct field_path path = path_of("messages[%zu]", i);
    struct fields message = { json_at(messages, i), path.text, f->err };
    struct turn t = { .w = w,
                      .messages = messages,
                      .at = i,
                      .text = BUF_INIT(GENERATION_BYTES_MAX),
                      .thinking = BUF_INIT(GENERATION_BYTES_MAX),
                      .context = f->context,
                      .err = f->err };
    struct span role = { 0 };
    bool ok = json_type(message.object) == JSON_OBJECT;
    if (!ok) api_refuse(f->err, API_INVALID_TYPE, path.text, "'%s' must be an object", path.text);
    ok = ok && block_text(&message, "role", &role);
    t.is_assistant = ok && span_equals(role, "assistant");
    if (ok && !t.is_assistant && !span_equals(role, "user"))
        ok = api_refuse(f->err, API_INVALID_VALUE, path_in(&message, "role").text,
                        "'%s.role' is \"%.*s\"; it must be user or assistant (what the system says "
                        "goes into 'system')",
                        path.text, shown(role), role.data);
    ok = ok && take_content(&t, &message);
    if (ok && t.is_assistant) put_assistant(&t, t.content);
    else if (ok) flush_text(&t);
    buf_release(&t.text);
    buf_release(&t.thinking);
    return ok;
}

/* A line that clients put first and change with every request: it would make every prompt new. */
static struct span without_billing(struct span text, struct shape_request *r)
{
    size_t mark = sizeof BILLING_HEADER - 1;
    if (text.len < mark || memcmp(text.data, BILLING_HEADER, mark) != 0) return text;
    const char *end = memchr(text.data, '\n', text.len);
    size_t cut = end ? (size_t)(end - text.data) + 1 : text.len;
    r->note = "the first line of the system prompt, x-anthropic-billing-header, was left out";
    return (struct span){ text.data + cut, text.len - cut };
}

static bool put_system(struct json_writer *w, const struct fields *f, struct shape_request *r)
{
    struct buf text = BUF_INIT(GENERATION_BYTES_MAX);
    bool ok = join_texts(f, "system", &text);
    struct span s = without_billing((struct span){ text.data, text.len }, r);
    if (ok && s.len) {
        json_open_object(w);
        json_member_text(w, "role", "system");
        put_span(w, "content", s);
        json_close_object(w);
    }
    w->out->failed |= text.failed;
    buf_release(&text);
    return ok;
}

/* A last message of the assistant is the beginning of the answer. */
static bool is_prefill(const struct json *messages)
{
    const struct json *last = json_at(messages, json_length(messages) - 1);
    const struct json *content = json_get(last, "content");
    struct span role = json_string(json_get(last, "role"));
    if (!role.data || !span_equals(role, "assistant")) return false;
    for (size_t i = 0; json_type(content) == JSON_ARRAY && i < json_length(content); i++)
        if (is_call(json_at(content, i))) return false;
    return json_length(content) > 0 || json_string(content).len > 0;
}

static bool put_messages(struct json_writer *w, const struct fields *f, struct shape_request *r)
{
    const struct json *messages = NULL;
    if (!field_array(f, "messages", &messages)) return false;
    if (!json_length(messages) || json_length(messages) > OPENAI_MESSAGES_MAX)
        return api_refuse(f->err, messages ? API_INVALID_VALUE : API_MISSING, "messages",
                          "'messages' must be a list of 1 to %zu messages", OPENAI_MESSAGES_MAX);
    json_key(w, "messages");
    json_open_array(w);
    if (!put_system(w, f, r)) return false;
    for (size_t i = 0; i < json_length(messages); i++)
        if (!put_turn(w, f, messages, i)) return false;
    json_close_array(w);
    bool prefill = is_prefill(messages);
    json_member_bool(w, "add_generation_prompt", !prefill);
    if (prefill) json_member_bool(w, "continue_final_message", true);
    return true;
}

/* ---- tools and thinking ---- */

static bool read_choice(const struct fields *f, struct constraint_wish *wish)
{
    const struct json *choice = NULL;
    struct span type = span_of("auto");
    if (!field_object(f, "tool_choice", &choice)) return false;
    struct fields o = { choice, "tool_choice", f->err };
    if (!field_text(&o, "type", &type) ||
        !field_bool(&o, "disable_parallel_tool_use", &wish->single) ||
        !field_text(&o, "name", &wish->name))
        return false;
    if (span_equals(type, "none")) wish->choice = TOOL_CHOICE_NONE;
    else if (span_equals(type, "any")) wish->choice = TOOL_CHOICE_REQUIRED;
    else if (span_equals(type, "tool")) wish->choice = TOOL_CHOICE_NAMED;
    else if (!span_equals(type, "auto"))
        return api_refuse(f->err, API_INVALID_VALUE, "tool_choice.type",
                          "'tool_choice.type' must be auto, any, tool or none");
    return wish->choice != TOOL_CHOICE_NAMED || wish->name.len > 0 ||
           api_refuse(f->err, API_MISSING, "tool_choice.name",
                      "'tool_choice.name' must name a tool");
}

/* `output_format`, and where it stands since. */
static bool read_format(const struct fields *f, struct constraint_wish *wish)
{
    const struct json *config = NULL;
    if (!field_object(f, "output_config", &config)) return false;
    struct fields c = { config, "output_config", f->err };
    return wish_read_format(&c, "format", wish) && wish_read_format(f, "output_format", wish);
}

static bool put_tools(struct json_writer *w, const struct fields *f, bool hidden)
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
        struct field_path path = path_of("tools[%zu]", i);
        struct fields tool = { json_at(tools, i), path.text, f->err };
        struct span type = span_of("custom");
        if (!field_text(&tool, "type", &type)) return false;
        if (!span_equals(type, "custom"))
            return api_refuse(f->err, API_UNSUPPORTED, path_in(&tool, "type").text,
                              "'%s' is of type \"%.*s\", which the vendor's own servers run; only "
                              "tools that the client runs are taken",
                              path.text, shown(type), type.data);
        if (!openai_put_function(w, &tool, "input_schema", TOOL_NAME_MAX)) return false;
    }
    json_close_array(w);
    return true;
}

/* Thinking is off where it is not asked for, as the API has it; models that always think do. */
static bool put_thinking(struct json_writer *w, const struct fields *f)
{
    const struct json *thinking = NULL, *config = NULL;
    struct span type = span_of("disabled"), effort = { 0 };
    int64_t budget = 0;
    if (!field_object(f, "thinking", &thinking) || !field_object(f, "output_config", &config))
        return false;
    struct fields t = { thinking, "thinking", f->err }, c = { config, "output_config", f->err };
    if (!field_text(&t, "type", &type) || !field_int(&t, "budget_tokens", 1, INT32_MAX, &budget) ||
        !field_text(&c, "effort", &effort))
        return false;
    bool enabled = span_equals(type, "enabled"), adaptive = span_equals(type, "adaptive");
    if (!enabled && !adaptive && !span_equals(type, "disabled"))
        return api_refuse(f->err, API_INVALID_VALUE, "thinking.type",
                          "'thinking.type' must be enabled, adaptive or disabled");
    if (adaptive && !effort.data) return true;
    json_key(w, "chat_template_kwargs");
    json_open_object(w);
    if (!adaptive) json_member_bool(w, "enable_thinking", enabled);
    if (effort.data) put_span(w, "reasoning_effort", effort);
    json_close_object(w);
    return true;
}

/* ---- the body ---- */

static bool read_settings(const struct fields *f, struct generation *g)
{
    return field_real(f, "temperature", 0, 1, &g->temperature) &&
           field_real(f, "top_p", 0, 1, &g->top_p) &&
           field_int(f, "top_k", 0, INT32_MAX, &g->top_k) &&
           generation_read_stop(f, "stop_sequences", GENERATION_STOPS_MAX, g) &&
           field_int(f, "max_tokens", 1, INT32_MAX, &g->max_tokens) &&
           field_unsupported(f, "mcp_servers", "nothing here reaches the network");
}

bool anthropic_read(struct shape_request *r, const struct fields *f, bool count_only)
{
    struct generation g = generation_unset;
    struct constraint_wish wish = { 0 };
    struct json_writer w;
    if (!openai_read_model(f, r) || !read_settings(f, &g) || !read_choice(f, &wish) ||
        !read_format(f, &wish) || (!count_only && !field_bool(f, "stream", &r->stream)))
        return false;
    if (!count_only && g.max_tokens == GENERATION_UNSET)
        return api_refuse(f->err, API_MISSING, "max_tokens", "'max_tokens' is missing");
    if (count_only) g.max_tokens = 0;
    if (!generation_reserve(r, 1, 1, f->err)) return false;
    json_writer_init(&w, &r->canonical[0], 0);
    json_open_object(&w);
    if (!put_messages(&w, f, r) || !put_tools(&w, f, wish.choice == TOOL_CHOICE_NONE) ||
        !put_thinking(&w, f) || !wish_put(&w, &wish, field_get(f, "tools"), r, f->err))
        return false;
    generation_close(&g, &w);
    return generation_finish(&g, r, f->err);
}
