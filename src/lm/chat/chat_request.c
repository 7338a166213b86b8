/* Requests become template contexts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/chat_request.h"

#include <string.h>

#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "base/core/utf8.h"
#include "lm/chat/chat_time.h"
#include "lm/chat/jinja_text.h"
#include "lm/chat/python_json.h"

/* Marks where the final message ends; the blank tells whether the template trims its messages. */
#define MARK      "CONTINUE_FINAL_MESSAGE_TAG "
#define MARK_BARE (sizeof MARK - 2)

static const char *const REASONING[] = { "reasoning_content", "thinking", "reasoning" };

struct rewrite {
    struct json_writer out;
    const struct chat_options *options;
    const char *marked; /* the member of the final message that gets the mark, or NULL */
    bool keep_nulls;
    bool dropped_null;
    bool was_marked;
    size_t message, call; /* where we are, for messages */
    struct error *err;
    enum status status;
};

/* ---- messages ---- */

static const struct json *reasoning_of(const struct json *message)
{
    for (size_t i = 0; i < sizeof REASONING / sizeof *REASONING; i++) {
        const struct json *v = json_get(message, REASONING[i]);
        if (json_type(v) != JSON_NULL) return v;
    }
    return NULL;
}

static bool is_reasoning(const char *name)
{
    for (size_t i = 0; i < sizeof REASONING / sizeof *REASONING; i++)
        if (strcmp(name, REASONING[i]) == 0) return true;
    return false;
}

static void put_marked_text(struct rewrite *x, struct span text)
{
    struct buf joined = BUF_INIT(CHAT_REQUEST_BYTES_MAX);
    buf_append(&joined, text.data, text.len);
    buf_text(&joined, MARK);
    if (joined.failed) x->status = buf_check(&joined, "the final message", x->err);
    else json_put_span(&x->out, (struct span){ joined.data, joined.len });
    x->was_marked = true;
    buf_release(&joined);
}

static void put_marked_part(struct rewrite *x, const struct json *part)
{
    json_open_object(&x->out);
    for (struct json_member m = json_first(part); m.value; m = json_next(part, m)) {
        json_key_span(&x->out, m.key);
        if (span_equals(m.key, "text") && json_type(m.value) == JSON_STRING)
            put_marked_text(x, json_string(m.value));
        else json_put_value(&x->out, m.value);
    }
    json_close_object(&x->out);
}

/* The last part with a text gets the mark. */
static void put_marked(struct rewrite *x, const struct json *v)
{
    size_t count = json_length(v), last = count;
    if (json_type(v) == JSON_STRING) {
        put_marked_text(x, json_string(v));
        return;
    }
    if (json_type(v) != JSON_ARRAY) {
        json_put_value(&x->out, v);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (json_type(json_get(json_at(v, i), "text")) == JSON_STRING) last = i;
    json_open_array(&x->out);
    for (size_t i = 0; i < count; i++) {
        if (i == last) put_marked_part(x, json_at(v, i));
        else json_put_value(&x->out, json_at(v, i));
    }
    json_close_array(&x->out);
}

/* As json.dumps() writes it, so that object and text give the same prompt. */
static void put_as_text(struct rewrite *x, const struct json *v)
{
    struct buf text = BUF_INIT(CHAT_REQUEST_BYTES_MAX);
    if (!python_json(&text, v, false))
        x->status = buf_check(&text, "the arguments of a call", x->err);
    else json_put_span(&x->out, (struct span){ text.data, text.len });
    buf_release(&text);
}

/* Arguments in the form that the template was written for. */
static void put_arguments(struct rewrite *x, const struct json *v)
{
    static const char empty[] = "{}";
    struct span text = json_string(v);
    struct json_doc *doc;
    bool to_text = x->options->arguments == CHAT_ARGUMENTS_TEXT;
    if (to_text ? json_type(v) != JSON_OBJECT : !text.data) {
        json_put_value(&x->out, v);
        return;
    }
    if (to_text) {
        put_as_text(x, v);
        return;
    }
    if (!text.len) text = span_of(empty);
    enum status s =
        json_parse(&doc, text.data, text.len, CHAT_REQUEST_BYTES_MAX, "arguments", NULL);
    if (s) doc = NULL;
    bool is_object = doc && json_type(json_root(doc)) == JSON_OBJECT;
    json_put_value(&x->out, is_object ? json_root(doc) : v);
    if (s == STATUS_NO_MEMORY)
        x->status = error_set(x->err, s, "out of memory for the arguments of a call");
    else if (!is_object && !x->status)
        x->status = error_set(x->err, STATUS_BAD_INPUT,
                              "messages[%zu].tool_calls[%zu].function.arguments is not the text of "
                              "a JSON object, and the model's template needs one: send {\"name\": "
                              "value, ...}",
                              x->message, x->call);
    json_doc_free(doc);
}

static void put_function(struct rewrite *x, const struct json *function)
{
    /* Where the template wants a text, the one that was written is it. */
    const struct json *exact = json_get(function, "exact");
    if (x->options->arguments != CHAT_ARGUMENTS_TEXT || json_type(exact) != JSON_STRING)
        exact = NULL;
    json_open_object(&x->out);
    for (struct json_member m = json_first(function); m.value; m = json_next(function, m)) {
        json_key_span(&x->out, m.key);
        if (span_equals(m.key, "arguments")) put_arguments(x, exact ? exact : m.value);
        else json_put_value(&x->out, m.value);
    }
    json_close_object(&x->out);
}

static void put_call(struct rewrite *x, const struct json *call)
{
    if (json_type(call) != JSON_OBJECT) {
        json_put_value(&x->out, call);
        return;
    }
    json_open_object(&x->out);
    for (struct json_member m = json_first(call); m.value; m = json_next(call, m)) {
        json_key_span(&x->out, m.key);
        if (span_equals(m.key, "function") && json_type(m.value) == JSON_OBJECT)
            put_function(x, m.value);
        else json_put_value(&x->out, m.value);
    }
    json_close_object(&x->out);
}

static void put_calls(struct rewrite *x, const struct json *calls)
{
    if (json_type(calls) != JSON_ARRAY || x->options->arguments == CHAT_ARGUMENTS_AS_GIVEN) {
        json_put_value(&x->out, calls);
        return;
    }
    json_open_array(&x->out);
    for (x->call = 0; x->call < json_length(calls); x->call++)
        put_call(x, json_at(calls, x->call));
    json_close_array(&x->out);
}

/* False when the parts are not all of text. */
static bool join(const struct json *parts, struct buf *out)
{
    for (size_t i = 0; i < json_length(parts); i++) {
        const struct json *part = json_at(parts, i);
        struct span text = json_type(part) == JSON_STRING ? json_string(part)
                                                          : json_string(json_get(part, "text"));
        if (!text.data) return false;
        if (i) buf_byte(out, '\n');
        buf_append(out, text.data, text.len);
    }
    return true;
}

static void put_content(struct rewrite *x, const struct json *v, bool mark)
{
    struct buf joined = BUF_INIT(CHAT_REQUEST_BYTES_MAX);
    struct span text = { "", 0 };
    bool is_joined = x->options->join_parts && json_type(v) == JSON_ARRAY && join(v, &joined);
    if (is_joined && joined.len) text = (struct span){ joined.data, joined.len };
    if (joined.failed && !x->status) x->status = buf_check(&joined, "a message", x->err);
    if (is_joined && mark) put_marked_text(x, text);
    else if (is_joined) json_put_span(&x->out, text);
    else if (mark) put_marked(x, v);
    else json_put_value(&x->out, v);
    buf_release(&joined);
}

static void put_role(struct rewrite *x, const struct json *v)
{
    struct span name = json_string(v);
    if (x->options->developer_is_system && name.data && span_equals(name, "developer"))
        json_put_string(&x->out, "system");
    else json_put_value(&x->out, v);
}

static void put_member(struct rewrite *x, struct span name, const struct json *v,
                       const char *marked)
{
    bool mark = marked && (span_equals(name, marked) ||
                           (is_reasoning(marked) &&
                            (span_equals(name, "reasoning_content") ||
                             span_equals(name, "thinking") || span_equals(name, "reasoning"))));
    json_key_span(&x->out, name);
    if (span_equals(name, "content")) put_content(x, v, mark);
    else if (mark) put_marked(x, v);
    else if (span_equals(name, "tool_calls")) put_calls(x, v);
    else if (span_equals(name, "role")) put_role(x, v);
    else json_put_value(&x->out, v);
}

static void put_message(struct rewrite *x, const struct json *message, const char *marked)
{
    const struct json *reasoning = reasoning_of(message);
    bool has_thinking = json_type(json_get(message, "thinking")) != JSON_NULL;
    json_open_object(&x->out);
    if (reasoning && !has_thinking) put_member(x, span_of("thinking"), reasoning, marked);
    for (struct json_member m = json_first(message); m.value; m = json_next(message, m)) {
        bool is_null = json_type(m.value) == JSON_NULL;
        bool given = reasoning && (span_equals(m.key, "reasoning_content") ||
                                   (span_equals(m.key, "thinking") && !has_thinking));
        x->dropped_null |= is_null && !given;
        if (given || (is_null && !x->keep_nulls)) continue;
        put_member(x, m.key, m.value, marked);
    }
    if (reasoning) put_member(x, span_of("reasoning_content"), reasoning, marked);
    json_close_object(&x->out);
}

static enum status rewrite_messages(struct rewrite *x, const struct json *messages,
                                    struct json_doc **ret)
{
    struct buf text = BUF_INIT(2 * CHAT_REQUEST_BYTES_MAX);
    size_t count = json_length(messages);
    json_writer_init(&x->out, &text, 0);
    json_open_array(&x->out);
    for (size_t i = 0; i < count; i++) {
        x->message = i;
        put_message(x, json_at(messages, i), i + 1 == count ? x->marked : NULL);
    }
    json_close_array(&x->out);
    enum status s = x->status ? x->status : buf_check(&text, "the messages", x->err);
    if (!s)
        s = json_parse(ret, text.data, text.len, 2 * CHAT_REQUEST_BYTES_MAX, "the messages",
                       x->err);
    buf_release(&text);
    return s;
}

/* ---- tools ---- */

static bool lacks_parameters(const struct json *tool)
{
    const struct json *function = json_get(tool, "function");
    return json_type(function) == JSON_OBJECT &&
           json_type(json_get(function, "parameters")) == JSON_NULL;
}

static void put_tool(struct json_writer *w, const struct json *tool)
{
    json_open_object(w);
    for (struct json_member m = json_first(tool); m.value; m = json_next(tool, m)) {
        json_key_span(w, m.key);
        if (!span_equals(m.key, "function")) {
            json_put_value(w, m.value);
            continue;
        }
        json_open_object(w);
        for (struct json_member f = json_first(m.value); f.value; f = json_next(m.value, f)) {
            if (span_equals(f.key, "parameters")) continue;
            json_key_span(w, f.key);
            json_put_value(w, f.value);
        }
        json_key(w, "parameters");
        json_open_object(w);
        json_key(w, "type");
        json_put_string(w, "object");
        json_key(w, "properties");
        json_open_object(w);
        json_close_object(w);
        json_close_object(w);
        json_close_object(w);
    }
    json_close_object(w);
}

/* *ret stays NULL when the tools are complete as they are. */
static enum status complete_tools(const struct json *tools, struct json_doc **ret,
                                  struct error *err)
{
    struct buf text = BUF_INIT(2 * CHAT_REQUEST_BYTES_MAX);
    struct json_writer w;
    bool complete = true;
    if (json_type(tools) != JSON_ARRAY) return STATUS_OK;
    json_writer_init(&w, &text, 0);
    json_open_array(&w);
    for (size_t i = 0; i < json_length(tools); i++) {
        bool lacks = lacks_parameters(json_at(tools, i));
        complete &= !lacks;
        if (lacks) put_tool(&w, json_at(tools, i));
        else json_put_value(&w, json_at(tools, i));
    }
    json_close_array(&w);
    enum status s = complete ? STATUS_OK : buf_check(&text, "the tools", err);
    if (!s && !complete)
        s = json_parse(ret, text.data, text.len, 2 * CHAT_REQUEST_BYTES_MAX, "the tools", err);
    buf_release(&text);
    return s;
}

/* ---- the context ---- */

struct context {
    struct template_variable variables[CHAT_VARIABLES_MAX];
    size_t count;
    struct tm now;
    struct template_settings settings;
};

static bool names_token(struct span name)
{
    return span_equals(name, "bos_token") || span_equals(name, "eos_token") ||
           span_equals(name, "pad_token") || span_equals(name, "unk_token");
}

static enum status add(struct context *c, struct template_variable v, struct error *err)
{
    if (c->count == CHAT_VARIABLES_MAX)
        return error_set(err, STATUS_LIMIT, "more than %d chat_template_kwargs",
                         CHAT_VARIABLES_MAX);
    c->variables[c->count++] = v;
    return STATUS_OK;
}

static enum status add_kwargs(struct context *c, const struct json *kwargs,
                              const struct chat_options *options, struct error *err)
{
    enum status s = STATUS_OK;
    for (struct json_member m = json_first(kwargs); m.value && !s; m = json_next(kwargs, m)) {
        bool trusted = options->trust_tokens && names_token(m.key);
        if (memchr(m.key.data, 0, m.key.len))
            return error_set(err, STATUS_BAD_INPUT,
                             "the name of one of the chat_template_kwargs holds a NUL");
        s = add(c, (struct template_variable){ m.key.data, m.value, trusted, false }, err);
    }
    return s;
}

static enum status make_context(struct context *c, const struct json *request,
                                const struct json *messages, const struct json *tools,
                                const struct json *prompt, const struct chat_options *options,
                                struct error *err)
{
    enum status s = STATUS_OK;
    c->count = 0;
    for (size_t i = 0; i < options->token_count && !s; i++)
        s = add(c, options->tokens[i], err);
    if (!s) s = add_kwargs(c, json_get(request, "chat_template_kwargs"), options, err);
    const struct template_variable own[] = {
        { "messages", messages, false, true },
        { "tools", tools, false, false },
        { "documents", json_get(request, "documents"), false, false },
        { "add_generation_prompt", prompt, false, false },
    };
    for (size_t i = 0; i < sizeof own / sizeof *own && !s; i++)
        s = add(c, own[i], err);
    c->settings = (struct template_settings){ .variables = c->variables,
                                              .variable_count = c->count,
                                              .steps_max = options->steps_max,
                                              .now = options->now };
    if (s || json_type(json_get(request, "now")) == JSON_NULL) return s;
    c->settings.now = &c->now;
    return chat_time(json_get(request, "now"), NULL, &c->now, err);
}

static enum status check_request(const struct json *request, struct error *err)
{
    const struct json *messages = json_get(request, "messages"),
                      *kwargs = json_get(request, "chat_template_kwargs");
    if (json_type(request) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_INPUT, "a request must be a JSON object");
    if (json_type(messages) != JSON_ARRAY)
        return error_set(err, STATUS_BAD_INPUT, "a request needs \"messages\", an array");
    for (size_t i = 0; i < json_length(messages); i++)
        if (json_type(json_at(messages, i)) != JSON_OBJECT)
            return error_set(err, STATUS_BAD_INPUT, "messages[%zu] is not an object", i);
    if (json_type(kwargs) != JSON_NULL && json_type(kwargs) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_INPUT, "chat_template_kwargs must be an object");
    return STATUS_OK;
}

/* ---- continuing the final message ---- */

static enum status marked_member(const struct json *request, const char **ret, struct error *err)
{
    const struct json *v = json_get(request, "continue_final_message"),
                      *messages = json_get(request, "messages");
    *ret = NULL;
    if (json_type(v) == JSON_BOOL && json_bool(v, false)) *ret = "content";
    else if (json_type(v) == JSON_STRING && json_text(v)) *ret = json_text(v);
    else if (json_type(v) != JSON_NULL && json_type(v) != JSON_BOOL)
        return error_set(err, STATUS_BAD_INPUT,
                         "continue_final_message must be true, false or the name of a member");
    if (!*ret) return STATUS_OK;
    if (!json_length(messages))
        return error_set(err, STATUS_BAD_INPUT, "continue_final_message, but there is no message");
    if (json_type(json_get(json_at(messages, json_length(messages) - 1), *ret)) == JSON_NULL)
        return error_set(err, STATUS_BAD_INPUT,
                         "continue_final_message, but the final message has no \"%s\"", *ret);
    return STATUS_OK;
}

static void cut_at(struct template_output *o, size_t len)
{
    o->text.len = len;
    o->text.data[len] = 0;
    while (o->data_count && o->data[o->data_count - 1].begin >= len)
        o->data_count--;
    if (o->data_count && o->data[o->data_count - 1].end > len) o->data[o->data_count - 1].end = len;
}

static enum status cut_at_mark(struct template_output *o, struct error *err)
{
    size_t at = o->text.len < MARK_BARE ? 0 : o->text.len - MARK_BARE + 1;
    bool found = false;
    while (at && !found)
        found = memcmp(o->text.data + --at, MARK, MARK_BARE) == 0;
    if (!found) {
        return error_set(err, STATUS_BAD_INPUT,
                         "continue_final_message, but the template does not print the final "
                         "message as it is");
    }
    bool trimmed = o->text.len - at <= MARK_BARE || o->text.data[at + MARK_BARE] != ' ';
    struct text t = { .data = o->text.data, .len = at };
    while (trimmed && t.len) {
        size_t prior = text_prior(&t, t.len);
        uint32_t c;
        utf8_decode(t.data + prior, t.len - prior, &c);
        if (!char_is_space(c)) break;
        t.len = prior;
    }
    cut_at(o, t.len);
    return STATUS_OK;
}

/* ---- the door ---- */

static enum status render_once(const struct template *t, const struct json *request,
                               struct rewrite *x, struct template_output *ret, struct error *err)
{
    static const char flags[] = "[true,false]";
    struct json_doc *messages = NULL, *constants = NULL, *completed = NULL;
    const struct json *tools = json_get(request, "tools");
    struct context *c = mem_zero(sizeof *c);
    struct template_output out = { 0 };
    x->err = err;
    enum status s =
        c ? json_parse(&constants, flags, sizeof flags - 1, sizeof flags, "constants", err)
          : error_set(err, STATUS_NO_MEMORY, "out of memory for a prompt");
    if (!s) s = rewrite_messages(x, json_get(request, "messages"), &messages);
    if (!s && x->options->complete_tools) s = complete_tools(tools, &completed, err);
    if (!s && completed) tools = json_root(completed);
    if (!s) {
        bool wanted = json_bool(json_get(request, "add_generation_prompt"), false);
        s = make_context(c, request, json_root(messages), tools,
                         json_at(json_root(constants), !wanted), x->options, err);
    }
    if (!s && x->marked && !x->was_marked)
        s = error_set(err, STATUS_BAD_INPUT,
                      "continue_final_message, but the final message has no text");
    if (!s) s = template_render(t, &c->settings, &out, err);
    if (!s && x->marked) s = cut_at_mark(&out, err);
    if (s) template_output_release(&out);
    else *ret = out;
    json_doc_free(messages);
    json_doc_free(completed);
    json_doc_free(constants);
    mem_free(c);
    return s;
}

enum status chat_render(const struct template *t, const struct json *request,
                        const struct chat_options *options, struct template_output *ret,
                        struct error *err)
{
    struct rewrite x = { .options = options };
    struct error second;
    enum status s = check_request(request, err);
    if (!s) s = marked_member(request, &x.marked, err);
    if (!s) s = render_once(t, request, &x, ret, err);
    if (!s || !x.dropped_null) return s;
    /* A template that asks `content is none` was written for nulls. */
    struct rewrite again = { .options = options, .marked = x.marked, .keep_nulls = true };
    return render_once(t, request, &again, ret, &second) ? s : STATUS_OK;
}
