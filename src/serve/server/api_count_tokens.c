/* Anthropic's POST /v1/messages/count_tokens: {"input_tokens"} of a prompt that is not answered.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/core/mem.h"
#include "serve/server/api_anthropic.h"
#include "serve/server/shape_out.h"

struct shape_answer {
    const struct shape_context *context;
    struct outlet out;
};

static bool read_body(struct shape_request *r, const struct fields *f)
{
    return anthropic_read(r, f, true);
}

static bool count_read(struct shape_request *ret, const struct json *body,
                       const struct shape_context *context, struct api_error *err)
{
    return generation_request(ret, body, 1, read_body, err);
}

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

static enum status count_event(struct shape_answer *a, int index, const struct worker_event *event,
                               struct error *err)
{
    if (event->kind != WORKER_DONE) return STATUS_OK;
    put_int(outlet_open(&a->out), "input_tokens",
            json_int(json_get(event->body, "prompt_tokens"), 0));
    return outlet_send(&a->out, NULL, true, err);
}

static enum status count_fail(struct shape_answer *a, const struct api_error *error,
                              struct error *err)
{
    buf_clear(&a->out.text);
    anthropic_error_body(&a->out.text, error, a->context);
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

const struct shape shape_anthropic_count_tokens = {
    .name = "anthropic-count-tokens",
    .method = "POST",
    .path = "/v1/messages/count_tokens",
    .capability = "chat",
    .framing = SHAPE_SSE,
    .read = count_read,
    .release = generation_release,
    .begin = count_begin,
    .event = count_event,
    .fail = count_fail,
    .answer_free = answer_free,
    .error_body = anthropic_error_body,
};
