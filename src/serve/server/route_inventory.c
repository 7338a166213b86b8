/* What runs here: the program, its libraries, and the models that are loaded, by their bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"program": {"name", "version", "file", "sha256"}, "libraries": [{"name", "version", "file", "sha256"}], "models": [{"name", "alias",
 * "digest", "origin"}]}; `digest` and `alias` are those of the pin that the gate verified before the model was
 * loaded, null where it runs without one (mode audit). All that is loaded, whoever asks: this is for who runs the
 * server, as /metrics is. */
#include "serve/server/server_inner.h"

#define BODY_BYTES_MAX ((size_t)4 << 20)

static void put_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_put_string(w, text && *text ? text : NULL);
}

static void put_part(struct json_writer *w, const struct program_part *p, const char *version)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(p->sha256, hex);
    json_open_object(w);
    put_text(w, "name", p->name);
    put_text(w, "version", version);
    put_text(w, "file", p->file);
    put_text(w, "sha256", hex);
    json_close_object(w);
}

static void put_model(struct json_writer *w, const char *name, const struct target_pin *pin)
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(pin->digest, hex);
    json_open_object(w);
    put_text(w, "name", name);
    put_text(w, "alias", pin->alias);
    put_text(w, "digest", pin->known ? hex : NULL);
    put_text(w, "origin", pin->origin);
    json_close_object(w);
}

static void put_models(struct server *s, struct json_writer *w)
{
    json_key(w, "models");
    json_open_array(w);
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->settings.model_count; i++) {
        struct hub_info info;
        hub_look(s->hubs[i], &info);
        if (info.state == HUB_READY && info.facts)
            put_model(w, s->settings.models[i].name, &info.facts->pin);
        facts_unref(info.facts);
    }
    pthread_mutex_unlock(&s->lock);
    json_close_array(w);
}

/* Hashing tens of megabytes is done once. */
static enum status read_parts(struct server *s, struct error *err)
{
    enum status st = STATUS_OK;
    pthread_mutex_lock(&s->lock);
    if (!s->parts.libraries) st = program_parts_read(&s->parts, err);
    pthread_mutex_unlock(&s->lock);
    return st;
}

void route_inventory(struct server *s, struct call *c)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct json_writer w;
    struct error err;
    if (read_parts(s, &err)) {
        struct api_error e;
        api_error_make(&e, 500, "server_error", NULL, "%s", err.text);
        call_fail(c, &e, 0);
        return;
    }
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "program");
    put_part(&w, &s->parts.program, HEARTH_VERSION);
    json_key(&w, "libraries");
    json_open_array(&w);
    for (size_t i = 0; i < s->parts.count; i++)
        put_part(&w, &s->parts.libraries[i], s->parts.libraries[i].version);
    json_close_array(&w);
    put_models(s, &w);
    json_close_object(&w);
    route_reply(c, 200, &body);
}
