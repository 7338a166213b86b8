/* The table of models: names, aliases, and the hubs behind them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/server_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"

void server_settings_init(struct server_settings *s)
{
    *s = (struct server_settings){
        .load_wait_s = 10, .drain_s = 30, .keep_alive_ms = 10000, .limits = http_limits_default
    };
}

static void entry_release(struct model_settings_entry *m)
{
    mem_free(m->name);
    mem_free(m->path);
    mem_free(m->cache_type);
    for (int i = 0; i < SERVER_ALIASES_MAX; i++)
        mem_free(m->aliases[i]);
}

void server_settings_release(struct server_settings *s)
{
    for (int i = 0; i < s->model_count; i++)
        entry_release(&s->models[i]);
    for (int i = 0; i < SERVER_NAMES_MAX; i++) {
        mem_free(s->hosts[i]);
        mem_free(s->origins[i]);
    }
    mem_free(s->default_model);
    *s = (struct server_settings){ 0 };
}

/* "models/ember/" is "ember", "Qwen3-0.6B-Q8_0.gguf" is "Qwen3-0.6B-Q8_0". */
static void name_from_path(char *out, size_t out_bytes, const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    size_t begin = len;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    if (len - begin > 5 && strncmp(path + len - 5, ".gguf", 5) == 0) len -= 5;
    snprintf(out, out_bytes, "%.*s", (int)(len - begin), path + begin);
}

enum status server_settings_add_model(struct server_settings *s, const char *name, const char *path,
                                      struct error *err)
{
    char made[SERVER_NAME_BYTES];
    if (!name) {
        name_from_path(made, sizeof made, path);
        name = made;
    }
    if (!*name || strlen(name) >= SERVER_NAME_BYTES)
        return error_set(err, STATUS_USAGE, "the name of a model has 1 to %d bytes: %s",
                         SERVER_NAME_BYTES - 1, path);
    if (s->model_count == SERVER_MODELS_MAX)
        return error_set(err, STATUS_LIMIT, "one server serves at most %d models",
                         SERVER_MODELS_MAX);
    for (int i = 0; i < s->model_count; i++)
        if (strcmp(s->models[i].name, name) == 0)
            return error_set(err, STATUS_USAGE,
                             "two models are named %s: name them in the configuration file", name);
    struct model_settings_entry m = { .name = mem_copy_text(name, strlen(name)),
                                      .path = mem_copy_text(path, strlen(path)) };
    if (!m.name || !m.path) {
        entry_release(&m);
        return error_set(err, STATUS_NO_MEMORY, "no memory for the list of models");
    }
    s->models[s->model_count++] = m;
    return STATUS_OK;
}

static bool is_name_of(const struct model_settings_entry *m, const char *name, size_t len)
{
    if (strlen(m->name) == len && memcmp(m->name, name, len) == 0) return true;
    for (int i = 0; i < SERVER_ALIASES_MAX && m->aliases[i]; i++)
        if (strlen(m->aliases[i]) == len && memcmp(m->aliases[i], name, len) == 0) return true;
    return false;
}

/* With the lock held: the index, or -1. Clients of Ollama write ":latest" behind a name. */
static int find_index(const struct server_settings *s, const char *name)
{
    if (!name) name = s->default_model;
    if (!name) return s->model_count > 0 ? 0 : -1;
    size_t len = strlen(name);
    for (int i = 0; i < s->model_count; i++)
        if (is_name_of(&s->models[i], name, len)) return i;
    if (len > 7 && strcmp(name + len - 7, ":latest") == 0)
        for (int i = 0; i < s->model_count; i++)
            if (is_name_of(&s->models[i], name, len - 7)) return i;
    return -1;
}

struct hub *server_find_model(struct server *s, const char *name, char ret_name[128])
{
    struct hub *h = NULL;
    pthread_mutex_lock(&s->lock);
    int i = find_index(&s->settings, name);
    if (i >= 0) {
        h = s->hubs[i];
        hub_ref(h);
        snprintf(ret_name, SERVER_NAME_BYTES, "%s", s->settings.models[i].name);
    }
    pthread_mutex_unlock(&s->lock);
    return h;
}

static enum status start_hub(struct server *s, const struct server_settings *settings, int i,
                             struct hub **ret, struct error *err)
{
    const struct model_settings_entry *m = &settings->models[i];
    struct hub_options o = {
        .name = m->name,
        .path = m->path,
        .engine = s->engine,
        .open = s->open,
        .open_ctx = s->open_ctx,
        .preload = m->preload,
        .queue_max = (int)m->queue_max,
        .load_wait_ms = (int)(settings->load_wait_s * 1000),
        .unload_after_s = (int)m->unload_after_s,
        .keep_alive_ms = (int)settings->keep_alive_ms,
        .metrics = s->metrics,
        .log = s->log,
    };
    if (m->context_max) o.engine.context_max = m->context_max;
    if (m->threads) o.engine.thread_count = (int)m->threads;
    if (m->memory_bytes) o.engine.memory_max = (uint64_t)m->memory_bytes;
    if (m->batch) o.engine.streams_max = m->batch;
    if (m->cache_tokens) o.engine.cache_tokens = m->cache_tokens;
    if (m->cache_type) o.engine.cache_type = m->cache_type;
    return hub_start(ret, &o, err);
}

enum status server_open_models(struct server *s, struct error *err)
{
    for (int i = 0; i < s->settings.model_count; i++) {
        enum status st = start_hub(s, &s->settings, i, &s->hubs[i], err);
        if (st) return st;
    }
    return STATUS_OK;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether a running hub serves what the new settings want; names and aliases may differ. */
static bool same_model(const struct server_settings *old, int i, const struct server_settings *new,
                       int j)
{
    const struct model_settings_entry *a = &old->models[i], *b = &new->models[j];
    return same_text(a->name, b->name) && same_text(a->path, b->path) &&
           same_text(a->cache_type, b->cache_type) && a->context_max == b->context_max &&
           a->threads == b->threads && a->memory_bytes == b->memory_bytes && a->batch == b->batch &&
           a->cache_tokens == b->cache_tokens && a->queue_max == b->queue_max &&
           a->unload_after_s == b->unload_after_s && a->preload == b->preload &&
           old->load_wait_s == new->load_wait_s;
}

/* Joins hubs that have nothing left to do. */
static void reap(struct server *s)
{
    for (int i = 0; i < s->retired_count;) {
        struct hub_info info;
        hub_look(s->retired[i], &info);
        facts_unref(info.facts);
        if (info.calls > 0) {
            i++;
            continue;
        }
        struct hub *h = s->retired[i];
        pthread_mutex_lock(&s->lock);
        s->retired[i] = s->retired[--s->retired_count];
        pthread_mutex_unlock(&s->lock);
        hub_stop(h);
    }
}

/* The hubs that the new settings need: running ones are taken over, others started. */
static enum status gather_hubs(struct server *s, const struct server_settings *new,
                               struct hub *hubs[], bool kept[], struct error *err)
{
    for (int j = 0; j < new->model_count; j++) {
        for (int i = 0; i < s->settings.model_count && !hubs[j]; i++)
            if (!kept[i] && same_model(&s->settings, i, new, j)) {
                hubs[j] = s->hubs[i];
                kept[i] = true;
            }
        if (hubs[j]) continue;
        enum status st = start_hub(s, new, j, &hubs[j], err);
        if (!st) continue;
        for (int i = 0; i < j; i++) {
            bool own = true;
            for (int k = 0; k < s->settings.model_count; k++)
                own = own && hubs[i] != s->hubs[k];
            if (own) hub_stop(hubs[i]);
        }
        return st;
    }
    return STATUS_OK;
}

enum status server_reload(struct server *s, struct server_settings *settings, struct error *err)
{
    struct hub *hubs[SERVER_MODELS_MAX] = { 0 };
    bool kept[SERVER_MODELS_MAX] = { 0 };
    enum status st = STATUS_OK;
    reap(s);
    if (s->retired_count + s->settings.model_count > SERVER_MODELS_MAX)
        st = error_set(err, STATUS_LIMIT,
                       "models of earlier settings are still answering; try again later");
    if (!st) st = gather_hubs(s, settings, hubs, kept, err);
    if (st) {
        server_settings_release(settings);
        return st;
    }
    pthread_mutex_lock(&s->lock);
    struct server_settings old = s->settings;
    for (int i = 0; i < old.model_count; i++)
        if (!kept[i]) {
            hub_retire(s->hubs[i]);
            s->retired[s->retired_count++] = s->hubs[i];
        }
    memcpy(s->hubs, hubs, sizeof hubs);
    s->settings = *settings;
    /* Connections keep the limits that the server began with. */
    s->settings.limits = old.limits;
    pthread_mutex_unlock(&s->lock);
    *settings = (struct server_settings){ 0 };
    server_settings_release(&old);
    return STATUS_OK;
}

enum status server_first_model(struct server *s, bool *ret_ready, struct error *err)
{
    struct hub_info info = { .state = HUB_READY };
    bool none = true;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->settings.model_count && none; i++)
        if (s->settings.models[i].preload) {
            hub_look(s->hubs[i], &info);
            none = false;
        }
    pthread_mutex_unlock(&s->lock);
    bool was_ready = info.facts != NULL; /* what happens to it later is no failure to start */
    facts_unref(info.facts);
    if (info.state == HUB_BACKOFF && !was_ready) {
        *err = info.last;
        return info.last.status ? info.last.status : STATUS_FAILED;
    }
    *ret_ready = was_ready || info.state == HUB_READY;
    return STATUS_OK;
}
