/* Deltas become parts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_parts.h"

#include <stdio.h>

#include "base/core/mem.h"
#include "serve/server/shape_calls.h"

#define MODEL_ID_BYTES_MAX 64

void parts_init(struct parts *p, const struct parts_options *options)
{
    *p = (struct parts){ .options = *options };
}

void parts_release(struct parts *p)
{
    for (size_t i = 0; i < p->count; i++) {
        buf_release(&p->items[i].text);
        mem_free(p->items[i].name);
    }
    mem_free(p->items);
    *p = (struct parts){ 0 };
}

static void add_step(struct steps *s, enum step_kind kind, size_t part, struct span text)
{
    s->items[s->count++] = (struct step){ kind, part, text };
}

static void close_last(struct parts *p, struct steps *s)
{
    if (p->open) add_step(s, STEP_CLOSE, p->count - 1, (struct span){ 0 });
    p->open = false;
}

static enum status reserve(struct parts *p, struct error *err)
{
    if (p->count < p->cap) return STATUS_OK;
    size_t cap = p->cap ? 2 * p->cap : 4;
    if (p->count >= PARTS_MAX)
        return error_set(err, STATUS_LIMIT, "an answer of more than %zu parts", PARTS_MAX);
    struct part *items = mem_resize(p->items, cap, sizeof *items);
    if (!items) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    p->items = items;
    p->cap = cap;
    return STATUS_OK;
}

static enum status open_part(struct parts *p, enum part_kind kind, struct steps *s,
                             struct error *err)
{
    enum status status = reserve(p, err);
    if (status) return status;
    close_last(p, s);
    p->items[p->count++] = (struct part){ .kind = kind, .text = BUF_INIT(PART_BYTES_MAX) };
    p->open = true;
    add_step(s, STEP_OPEN, p->count - 1, (struct span){ 0 });
    return STATUS_OK;
}

static enum status add_text(struct parts *p, struct span text, struct steps *s, struct error *err)
{
    if (!text.len) return STATUS_OK; /* then there may be no part at all */
    struct part *last = &p->items[p->count - 1];
    last->len += text.len;
    add_step(s, STEP_TEXT, p->count - 1, text);
    if (!p->options.keep && last->kind != PART_CALL) return STATUS_OK;
    buf_append(&last->text, text.data, text.len);
    return buf_check(&last->text, "an answer", err);
}

static enum status take_text(struct parts *p, enum part_kind kind, struct span text,
                             struct steps *s, struct error *err)
{
    bool fits = p->open && p->items[p->count - 1].kind == kind;
    enum status status = fits || !text.len ? STATUS_OK : open_part(p, kind, s, err);
    return status ? status : add_text(p, text, s, err);
}

/* The model's own id where the API lets it through, else one of ours. */
static void set_id(struct parts *p, struct part *part, const char *own)
{
    size_t len = own ? strlen(own) : 0;
    bool fits = p->options.own_ids && len && len <= MODEL_ID_BYTES_MAX;
    for (size_t i = 0; i < len && fits; i++)
        fits = own[i] > ' ' && own[i] <= '~' && own[i] != '"' && own[i] != '\\';
    if (fits) memcpy(part->id, own, len + 1);
    else
        snprintf(part->id, sizeof part->id, "%s%.40s_%d_%d", p->options.id_prefix,
                 p->options.context->request_id, p->options.index, part->call);
}

static enum status open_call(struct parts *p, int64_t call, const struct json *delta,
                             struct steps *s, struct error *err)
{
    struct span name = json_string(json_get(delta, "name"));
    if (call != p->call_count || call >= PART_CALLS_MAX)
        return error_set(err, STATUS_FAILED, "the worker begins call %lld after %d calls",
                         (long long)call, p->call_count);
    enum status status = open_part(p, PART_CALL, s, err);
    if (status) return status;
    struct part *part = &p->items[p->count - 1];
    part->call = p->call_count++;
    part->name = mem_copy_text(name.data, name.len);
    if (!part->name) return error_set(err, STATUS_NO_MEMORY, "out of memory for an answer");
    set_id(p, part, json_text(json_get(delta, "id")));
    return STATUS_OK;
}

static enum status take_call(struct parts *p, const struct json *delta, struct steps *s,
                             struct error *err)
{
    static const char empty[] = "{}";
    int64_t call = json_int(json_get(delta, "call"), -1);
    struct part *last = p->count ? &p->items[p->count - 1] : NULL;
    if (json_type(json_get(delta, "name")) == JSON_STRING) return open_call(p, call, delta, s, err);
    if (!p->open || last->kind != PART_CALL || last->call != call)
        return error_set(err, STATUS_FAILED, "the worker goes on with call %lld, which is not open",
                         (long long)call);
    enum status status = add_text(p, json_string(json_get(delta, "arguments")), s, err);
    if (status || !json_bool(json_get(delta, "end"), false)) return status;
    /* A call without arguments has an empty object of them: clients parse what they get. */
    if (!last->len) status = add_text(p, span_of(empty), s, err);
    last->complete = true;
    calls_keep(p->options.context, last->id, (struct span){ last->text.data, last->text.len });
    close_last(p, s);
    return status;
}

enum status parts_take(struct parts *p, const struct json *delta, struct steps *ret,
                       struct error *err)
{
    ret->count = 0;
    struct span content = json_string(json_get(delta, "content"));
    struct span reasoning = json_string(json_get(delta, "reasoning"));
    if (content.data) return take_text(p, PART_CONTENT, content, ret, err);
    if (reasoning.data) return take_text(p, PART_REASONING, reasoning, ret, err);
    if (json_get(delta, "call")) return take_call(p, delta, ret, err);
    return STATUS_OK;
}

void parts_end(struct parts *p, struct steps *ret)
{
    ret->count = 0;
    close_last(p, ret);
}
