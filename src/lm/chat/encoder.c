/* The table of native encoders, and what they share.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/encoder.h"

#include <string.h>

#include "base/core/mem.h"
#include "lm/chat/chat_time.h"
#include "lm/chat/python_json.h"

#define ENCODER(name) extern const struct encoder encoder_##name;
#include "lm/chat/encoder_list.h"
#undef ENCODER

static const struct encoder *const ENCODERS[] = {
#define ENCODER(name) &encoder_##name,
#include "lm/chat/encoder_list.h"
#undef ENCODER
};

size_t encoder_count(void)
{
    return sizeof ENCODERS / sizeof *ENCODERS;
}

const struct encoder *encoder_at(size_t i)
{
    return ENCODERS[i];
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && (*a != '-' || *b != '_')) return false;
    return *a == *b;
}

const struct encoder *encoder_find(const char *name)
{
    for (size_t i = 0; i < encoder_count(); i++)
        if (same_name(name, ENCODERS[i]->name)) return ENCODERS[i];
    return NULL;
}

const struct encoder *encoder_of_model(const char *model_type)
{
    for (size_t i = 0; i < encoder_count(); i++) {
        const char *const *types = ENCODERS[i]->model_types;
        for (size_t k = 0; k < sizeof ENCODERS[i]->model_types / sizeof *types && types[k]; k++)
            if (strcmp(types[k], model_type) == 0) return ENCODERS[i];
    }
    return NULL;
}

/* ---- writing ---- */

void prompt_text(struct prompt_writer *w, const char *literal)
{
    buf_text(&w->text, literal);
}

void prompt_data(struct prompt_writer *w, struct span text)
{
    size_t begin = w->text.len;
    if (!text.len || !buf_append(&w->text, text.data, text.len)) return;
    if (w->data_count && w->data[w->data_count - 1].end == begin) {
        w->data[w->data_count - 1].end = w->text.len;
        return;
    }
    if (w->data_count == w->data_cap) {
        size_t cap = w->data_cap ? 2 * w->data_cap : 64;
        struct byte_range *data = mem_resize(w->data, cap, sizeof *data);
        if (!data) {
            w->failed = true;
            return;
        }
        w->data = data;
        w->data_cap = cap;
    }
    w->data[w->data_count++] = (struct byte_range){ begin, w->text.len };
}

void prompt_data_json(struct prompt_writer *w, const struct json *v)
{
    struct buf text = BUF_INIT(CHAT_REQUEST_BYTES_MAX);
    if (!python_json(&text, v, false)) w->failed = true;
    else prompt_data(w, (struct span){ text.data, text.len });
    buf_release(&text);
}

/* ---- reading ---- */

const struct json *kwarg(const struct conversation *c, const char *name)
{
    const struct json *v = c->kwargs ? json_get(c->kwargs, name) : NULL;
    return json_type(v) == JSON_NULL ? NULL : v;
}

enum status kwarg_text(const struct conversation *c, const char *name, const char *fallback,
                       const char **ret, struct error *err)
{
    const struct json *v = kwarg(c, name);
    if (v && !json_text(v))
        return error_set(err, STATUS_BAD_INPUT, "chat_template_kwargs.%s must be a text", name);
    *ret = v ? json_text(v) : fallback;
    return STATUS_OK;
}

enum status kwarg_bool(const struct conversation *c, const char *name, bool fallback, bool *ret,
                       struct error *err)
{
    const struct json *v = kwarg(c, name);
    if (v && json_type(v) != JSON_BOOL)
        return error_set(err, STATUS_BAD_INPUT, "chat_template_kwargs.%s must be true or false",
                         name);
    *ret = json_bool(v, fallback);
    return STATUS_OK;
}

enum status call_arguments(const struct chat_call *call, size_t message, size_t i,
                           const struct json **ret, struct json_doc **ret_doc, struct error *err)
{
    struct span text = json_string(call->arguments);
    *ret = call->arguments;
    *ret_doc = NULL;
    if (!text.data) return STATUS_OK;
    *ret = NULL;
    if (!text.len) return STATUS_OK;
    enum status s =
        json_parse(ret_doc, text.data, text.len, CHAT_REQUEST_BYTES_MAX, "arguments", NULL);
    if (s) *ret_doc = NULL;
    if (s == STATUS_NO_MEMORY) return error_set(err, s, "out of memory for a call's arguments");
    if (*ret_doc) *ret = json_root(*ret_doc);
    if (json_type(*ret) == JSON_OBJECT) return STATUS_OK;
    json_doc_free(*ret_doc);
    *ret_doc = NULL;
    return error_set(err, STATUS_BAD_INPUT,
                     "messages[%zu].tool_calls[%zu].function.arguments is not the text of a JSON "
                     "object, and the model's format needs one: send {\"name\": value, ...}",
                     message, i);
}

/* ---- the door ---- */

static enum status read_final(const struct conversation *c, const struct json *request, bool *ret,
                              struct error *err)
{
    const struct json *v = json_get(request, "continue_final_message");
    const struct chat_message *last = c->messages + c->message_count - (c->message_count > 0);
    *ret = json_bool(v, false) ||
           (json_type(v) == JSON_STRING && json_text(v) && strcmp(json_text(v), "content") == 0);
    if (!*ret && json_type(v) != JSON_NULL && json_type(v) != JSON_BOOL)
        return error_set(err, STATUS_UNSUPPORTED,
                         "continue_final_message must be true, false or \"content\" with this "
                         "model");
    if (*ret && (!c->message_count || last->role != CHAT_ASSISTANT || !last->has_content ||
                 last->call_count))
        return error_set(err, STATUS_BAD_INPUT,
                         "continue_final_message, but the final message is not one of the "
                         "assistant with content and without tool calls");
    return STATUS_OK;
}

static enum status hand_over(struct prompt_writer *w, struct template_output *ret,
                             struct error *err)
{
    if (w->refusal) return error_set(err, STATUS_LIMIT, "%s", w->refusal);
    enum status s = w->failed ? error_set(err, STATUS_NO_MEMORY, "out of memory for a prompt")
                              : buf_check(&w->text, "the prompt", err);
    if (s) return s;
    *ret = (struct template_output){ w->text, w->data, w->data_count };
    w->text = BUF_INIT(0);
    w->data = NULL;
    return STATUS_OK;
}

enum status encoder_run(const struct encoder *e, const struct json *request,
                        const struct chat_prompt_options *options, struct template_output *ret,
                        struct error *err)
{
    struct encode_request r = { .developer_is_system = !options->verbatim };
    struct prompt_writer w = { .text = BUF_INIT(TEMPLATE_OUTPUT_BYTES_MAX) };
    const struct json *now = json_get(request, "now");
    struct tm when;
    enum status s = conversation_read(&r.conversation, request, err);
    if (s) return s;
    if (!r.conversation->message_count && !options->verbatim) s = conversation_is_empty(err);
    if (!s) s = read_final(r.conversation, request, &r.continue_final, err);
    if (!s) s = chat_time(now, options->now, &when, err);
    r.now = &when;
    if (!s) s = e->encode(&r, &w, err);
    if (!s) s = hand_over(&w, ret, err);
    buf_release(&w.text);
    mem_free(w.data);
    conversation_free(r.conversation);
    return s;
}
