/* Opening a chat, and the way from a request to token ids.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/chat/chat.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/chat/chat_inner.h"
#include "lm/chat/conversation.h"

/* ---- opening ---- */

static enum status chat_new(struct chat **ret, const struct tokenizer *tokenizer, struct error *err)
{
    struct chat *c = mem_zero(sizeof *c);
    if (!c) return error_set(err, STATUS_NO_MEMORY, "out of memory for a chat");
    c->names = BUF_INIT(CHAT_NAMES_BYTES_MAX);
    c->tokenizer = tokenizer;
    *ret = c;
    return STATUS_OK;
}

static enum status finish(struct chat **ret, struct chat *c, enum status s, struct error *err)
{
    if (!s && c->plain.template) s = chat_probe(c, &c->plain, err);
    if (!s && c->tools.template) s = chat_probe(c, &c->tools, err);
    if (s) chat_free(c);
    else *ret = c;
    return s;
}

static enum status check_any(const struct chat *c, const char *path, struct error *err)
{
    if (c->plain.template || c->tools.template) return STATUS_OK;
    if (c->names.len)
        return error_set(err, STATUS_NOT_FOUND,
                         "%s names its chat templates %s, and none is \"default\" or \"tool_use\": "
                         "put the one to use into chat_template.jinja",
                         path, c->names.data);
    return error_set(
        err, STATUS_NOT_FOUND,
        "%s has no chat template, and none is made up: a wrong one gives bad answers. "
        "It may be a base model, which continues text; else put its chat_template.jinja "
        "into the model's folder",
        path);
}

enum status chat_open(struct chat **ret, struct source *source, const struct tokenizer *tokenizer,
                      struct error *err)
{
    struct chat *c = NULL;
    enum status s = chat_new(&c, tokenizer, err);
    if (s) return s;
    s = chat_load(c, source, err);
    if (!s && !c->plain.template && !c->tools.template)
        s = chat_find_encoder(source, &c->encoder, err);
    if (!s && !c->encoder) s = check_any(c, source_path(source), err);
    return finish(ret, c, s, err);
}

enum status chat_open_template(struct chat **ret, const char *name, struct span text,
                               struct error *err)
{
    struct chat *c = NULL;
    enum status s = chat_new(&c, NULL, err);
    if (s) return s;
    s = chat_add_template(c, name, span_of("default"), text, err);
    return finish(ret, c, s, err);
}

enum status chat_open_native(struct chat **ret, const char *name, const struct tokenizer *tokenizer,
                             struct error *err)
{
    const struct encoder *e = encoder_find(name);
    char names[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < encoder_count() && !e && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, i ? ", %s" : "%s",
                                encoder_at(i)->name);
    if (!e)
        return error_set(err, STATUS_NOT_FOUND, "there is no native encoder %s; there are %s", name,
                         names);
    enum status s = chat_new(ret, tokenizer, err);
    if (!s) (*ret)->encoder = e;
    return s;
}

void chat_free(struct chat *c)
{
    if (!c) return;
    template_free(c->plain.template);
    template_free(c->tools.template);
    json_doc_free(c->tokens);
    buf_release(&c->names);
    mem_free(c);
}

/* ---- facts ---- */

static const struct chat_form *form_of(const struct chat *c, bool with_tools)
{
    return c->tools.template && (with_tools || !c->plain.template) ? &c->tools : &c->plain;
}

const struct chat_facts *chat_facts(const struct chat *c, bool with_tools)
{
    return c->encoder ? &c->encoder->facts : &form_of(c, with_tools)->facts;
}

const struct template *chat_template(const struct chat *c, bool with_tools)
{
    return form_of(c, with_tools)->template;
}

const char *chat_native(const struct chat *c)
{
    return c->encoder ? c->encoder->name : NULL;
}

/* ---- prompts ---- */

/* One BOS at the start where the tokenizer wants it there; nowhere two. */
static enum status settle_bos(const struct tokenizer *t, struct chat_prompt *p, struct error *err)
{
    struct token_list *ids = &p->ids;
    int32_t bos = tokenizer_bos(t);
    size_t written = 0;
    if (bos < 0) return STATUS_OK;
    while (written < ids->count && ids->ids[written] == bos)
        written++;
    if (written > 1) {
        memmove(ids->ids + 1, ids->ids + written, (ids->count - written) * sizeof *ids->ids);
        ids->count -= written - 1;
    }
    if (written || !tokenizer_adds_bos(t)) return STATUS_OK;
    enum status s = token_list_push(ids, bos, err);
    if (s) return s;
    memmove(ids->ids + 1, ids->ids, (ids->count - 1) * sizeof *ids->ids);
    ids->ids[0] = bos;
    p->added_bos = true;
    return STATUS_OK;
}

static enum status encode(const struct tokenizer *t, struct chat_prompt *p, struct error *err)
{
    const struct template_output *o = &p->rendered;
    enum status s = tokenizer_encode_mixed(t, o->text.data ? o->text.data : "", o->text.len,
                                           o->data, o->data_count, &p->ids, err);
    return s ? s : settle_bos(t, p, err);
}

static enum status pick_form(const struct chat *c, const struct json *request, bool verbatim,
                             const struct chat_form **ret, struct error *err)
{
    const struct json *tools = json_get(request, "tools");
    bool with_tools = verbatim ? json_type(tools) != JSON_NULL : json_length(tools) > 0;
    if (!with_tools && !c->plain.template)
        return error_set(err, STATUS_BAD_INPUT,
                         "the model has a chat template for requests with tools only, and the "
                         "request has none");
    *ret = form_of(c, with_tools);
    return STATUS_OK;
}

static struct chat_options options_for(const struct chat *c, const struct chat_facts *f,
                                       const struct chat_prompt_options *o)
{
    struct chat_options how = { .tokens = c->variables,
                                .token_count = c->variable_count,
                                .trust_tokens = o->trust_tokens,
                                .now = o->now };
    if (o->verbatim) return how;
    how.arguments = f->arguments;
    how.join_parts = !f->parts;
    how.developer_is_system = !f->developer;
    how.complete_tools = true;
    return how;
}

static enum status render(const struct chat *c, const struct json *request,
                          const struct chat_prompt_options *o, struct template_output *ret,
                          struct error *err)
{
    const struct chat_form *form = NULL;
    if (c->encoder) return encoder_run(c->encoder, request, o, ret, err);
    enum status s = o->verbatim ? STATUS_OK : chat_request_check(request, err);
    if (!s) s = pick_form(c, request, o->verbatim, &form, err);
    if (s) return s;
    const struct chat_options how = options_for(c, &form->facts, o);
    return chat_render(form->template, request, &how, ret, err);
}

enum status chat_prompt(const struct chat *c, const struct json *request,
                        const struct chat_prompt_options *options, struct chat_prompt *ret,
                        struct error *err)
{
    static const struct chat_prompt_options none = { 0 };
    struct chat_prompt p = { 0 };
    enum status s = render(c, request, options ? options : &none, &p.rendered, err);
    if (!s && c->tokenizer) s = encode(c->tokenizer, &p, err);
    if (s) chat_prompt_release(&p);
    else *ret = p;
    return s;
}

void chat_prompt_release(struct chat_prompt *p)
{
    template_output_release(&p->rendered);
    token_list_release(&p->ids);
}
