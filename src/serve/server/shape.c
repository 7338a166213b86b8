/* The table of shapes, their routes, and what they share about errors and seeds.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape.h"

#include <stdio.h>

#define SEED_BYTES_MAX 32

#define SHAPE(symbol) extern const struct shape symbol;
#include "serve/server/shape_list.h"
#undef SHAPE

static const struct shape *const SHAPES[] = {
#define SHAPE(symbol) &symbol,
#include "serve/server/shape_list.h"
#undef SHAPE
};

size_t shape_count(void)
{
    return sizeof SHAPES / sizeof *SHAPES;
}

const struct shape *shape_at(size_t i)
{
    return SHAPES[i];
}

const struct shape *shape_for(const char *method, const char *path)
{
    for (size_t i = 0; i < shape_count(); i++)
        if (strcmp(SHAPES[i]->method, method) == 0 && strcmp(SHAPES[i]->path, path) == 0)
            return SHAPES[i];
    return NULL;
}

/* Errors of lm/chat begin with the place that they are about: "messages[3].role must ...". */
static void find_param(struct api_error *e)
{
    static const char *const places[] = { "messages", "tools", "documents",
                                          "chat_template_kwargs" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t len = strlen(places[i]);
        if (strncmp(e->text, places[i], len) != 0 || !strchr("[. ", e->text[len])) continue;
        len = strcspn(e->text, " :");
        if (len < sizeof e->param) memcpy(e->param, e->text, len);
    }
}

void api_error_from(struct api_error *ret, const struct error *err)
{
    *ret = (struct api_error){ .http = status_http_code(err->status),
                               .type = "invalid_request_error" };
    snprintf(ret->text, sizeof ret->text, "%s", err->text);
    switch (err->status) {
    case STATUS_CONTEXT: ret->code = "context_length_exceeded"; break;
    case STATUS_BAD_INPUT:
    case STATUS_USAGE: ret->code = "invalid_value"; break;
    case STATUS_UNSUPPORTED: ret->code = "unsupported_parameter"; break;
    case STATUS_LIMIT: ret->code = "limit_exceeded"; break;
    case STATUS_NOT_FOUND:
        ret->type = "not_found_error";
        ret->code = "not_found";
        break;
    case STATUS_CANCELLED:
        ret->http = 503;
        ret->type = "server_error";
        break;
    default: ret->type = "server_error"; break;
    }
    if (ret->http == 400) find_param(ret);
}

enum status shape_submission(const struct shape_request *r, int index, struct buf *ret,
                             struct error *err)
{
    const struct buf *from = &r->canonical[index / r->choice_count];
    struct buf out = BUF_INIT(from->len + SEED_BYTES_MAX);
    int choice = index % r->choice_count;
    uint64_t seed = ((uint64_t)r->seed + (uint64_t)choice) & INT64_MAX;
    if (!r->has_seed || !choice) buf_append(&out, from->data, from->len);
    else {
        buf_append(&out, from->data, from->len - r->seed_tail);
        buf_format(&out, "%llu}}", (unsigned long long)seed);
    }
    enum status s = buf_check(&out, "a request to the worker", err);
    if (s) buf_release(&out);
    else *ret = out;
    return s;
}
