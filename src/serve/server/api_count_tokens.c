/* Prompts that are counted and not answered: messages/count_tokens and responses/input_tokens.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/mem.h"
#include "serve/server/api_anthropic.h"
#include "serve/server/api_openai.h"
#include "serve/server/api_responses.h"
#include "serve/server/shape_out.h"

struct shape_answer {
    const struct shape_context *context;
    struct outlet out;
};

static enum status count_begin(struct shape_answer **ret, const struct shape_request *request,
                               const struct shape_context *context, shape_sink *sink,
                               void *sink_ctx, struct error *err)
{
    struct shape_answer *a = mem_zero(sizeof *a);
    if (!a) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    a->context = context;
    outlet_init(&a->out, sink, sink_ctx);
    *ret = a;
    return STATUS_OK;
}

static enum status send_count(struct shape_answer *a, const struct worker_event *event,
                              const char *object, struct error *err)
{
    if (event->kind != WORKER_DONE) return STATUS_OK;
    struct json_writer *w = outlet_open(&a->out);
    if (object) json_member_text(w, "object", object);
    json_member_int(w, "input_tokens", json_int(json_get(event->body, "prompt_tokens"), 0));
    return outlet_send(&a->out, NULL, true, err);
}

static enum status send_error(struct shape_answer *a, const struct api_error *error,
                              void (*body)(struct buf *out, const struct api_error *error,
                                           const struct shape_context *context),
                              struct error *err)
{
    buf_clear(&a->out.text);
    body(&a->out.text, error, a->context);
    enum status s = buf_check(&a->out.text, "an error", err);
    struct span text = { a->out.text.data, a->out.text.len };
    return s ? s : a->out.sink(a->out.ctx, NULL, text, true, err);
}

static void answer_free(struct shape_answer *a)
{
    if (!a) return;
    outlet_release(&a->out);
    mem_free(a);
}

/* ---- Anthropic ---- */

static bool read_messages(struct shape_request *r, const struct fields *f,
                          const struct shape_context *context)
{
    return anthropic_read(r, f, true);
}

static bool messages_read(struct shape_request *ret, const struct json *body,
                          const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, 1, read_messages, generation_release, context, err);
}

static enum status messages_event(struct shape_answer *a, int index,
                                  const struct worker_event *event, struct error *err)
{
    return send_count(a, event, NULL, err);
}

static enum status messages_fail(struct shape_answer *a, const struct api_error *error,
                                 struct error *err)
{
    return send_error(a, error, anthropic_error_body, err);
}

const struct shape shape_anthropic_count_tokens = {
    .name = "anthropic-count-tokens",
    .method = "POST",
    .path = "/v1/messages/count_tokens",
    .capability = "chat",
    .framing = SHAPE_SSE,
    .read = messages_read,
    .release = generation_release,
    .begin = count_begin,
    .event = messages_event,
    .fail = messages_fail,
    .answer_free = answer_free,
    .error_body = anthropic_error_body,
};

/* ---- OpenAI ---- */

static bool read_responses(struct shape_request *r, const struct fields *f,
                           const struct shape_context *context)
{
    return responses_read_body(r, f, context, true);
}

static bool responses_read(struct shape_request *ret, const struct json *body,
                           const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, sizeof(struct responses_own), read_responses,
                              responses_release, context, err);
}

static enum status responses_event(struct shape_answer *a, int index,
                                   const struct worker_event *event, struct error *err)
{
    return send_count(a, event, "response.input_tokens", err);
}

static enum status responses_fail(struct shape_answer *a, const struct api_error *error,
                                  struct error *err)
{
    return send_error(a, error, openai_error_body, err);
}

const struct shape shape_openai_input_tokens = {
    .name = "openai-input-tokens",
    .method = "POST",
    .path = "/v1/responses/input_tokens",
    .capability = "chat",
    .framing = SHAPE_SSE,
    .read = responses_read,
    .release = responses_release,
    .begin = count_begin,
    .event = responses_event,
    .fail = responses_fail,
    .answer_free = answer_free,
    .error_body = openai_error_body,
};
