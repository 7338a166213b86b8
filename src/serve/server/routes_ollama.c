/* Routes by which clients of Ollama look at the models.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/api_ollama.h"

#include <stdio.h>

#include "serve/server/server_inner.h"

#define BODY_BYTES_MAX ((size_t)4 << 20)

/* What is known of a model from its last worker; texts are the facts'. */
static struct ollama_model model_of(const char *name, int64_t modified, const struct facts *f)
{
    const struct json *ready = f ? json_root(f->doc) : NULL;
    const struct json *chat = json_get(ready, "chat");
    return (struct ollama_model){
        .name = name,
        .modified = modified,
        .bytes = (uint64_t)json_int(json_get(ready, "weight_bytes"), 0),
        .family = json_text(json_get(ready, "family")),
        .parameter_count = (uint64_t)json_int(json_get(ready, "parameter_count"), 0),
        .context_max = json_int(json_get(ready, "context_max"), 0),
        .tools = json_bool(json_get(chat, "tools"), false),
        .thinking = json_bool(json_get(chat, "thinking"), false),
        .embedding = json_type(json_get(ready, "embedding")) == JSON_OBJECT,
    };
}

void route_ollama_tags(struct server *s, struct call *c)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct ollama_model models[SERVER_MODELS_MAX];
    struct facts *facts[SERVER_MODELS_MAX];
    size_t count = 0;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->settings.model_count; i++) {
        struct hub_info info;
        if (!route_may_see(c, &s->settings.models[i])) continue;
        hub_look(s->hubs[i], &info);
        facts[count] = info.facts;
        models[count++] = model_of(s->settings.models[i].name, s->started, info.facts);
    }
    ollama_tags(&body, models, count);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < count; i++)
        facts_unref(facts[i]);
    route_reply(c, 200, &body);
}

static void fail(struct call *c, const struct api_error *e)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    ollama_error_body(&body, e, &c->context);
    route_reply(c, e->http, &body);
}

void route_ollama_show(struct server *s, struct call *c)
{
    struct error err = { 0 };
    struct api_error e;
    struct span wanted = { 0 };
    char name[SERVER_NAME_BYTES], text[SERVER_NAME_BYTES];
    struct span bytes = http_body(c->exchange);
    struct hub *h = NULL;
    if (json_parse(&c->body, bytes.data, bytes.len, bytes.len + 1, "the request's body", &err)) {
        api_error_make(&e, 400, "invalid_request_error", NULL, "%s", err.text);
        fail(c, &e);
        return;
    }
    if (!ollama_show_model(json_root(c->body), &wanted, &e)) {
        fail(c, &e);
        return;
    }
    snprintf(text, sizeof text, "%.*s", (int)(wanted.len < 127 ? wanted.len : 127), wanted.data);
    h = server_find_model(s, text, name);
    if (!h || (c->key && !key_may_model(c->key, name))) {
        hub_unref(h);
        api_error_make(&e, 404, "invalid_request_error", "model_not_found",
                       "model '%.100s' not found", text);
        fail(c, &e);
        return;
    }
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct hub_info info;
    hub_look(h, &info);
    struct ollama_model model = model_of(name, s->started, info.facts);
    ollama_show(&body, &model);
    facts_unref(info.facts);
    hub_unref(h);
    route_reply(c, 200, &body);
}

void route_ollama_version(struct server *s, struct call *c)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    ollama_version(&body);
    route_reply(c, 200, &body);
}
