/* Ollama's lists and facts of models.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "serve/server/api_ollama.h"
#include "serve/server/shape_out.h"
#include "serve/server/shape_time.h"

/* Clients compare it with what they need; this is the API's version that the shapes follow. */
#define OLLAMA_VERSION "0.13.0"

static void put_details(struct json_writer *w, const struct ollama_model *m)
{
    struct field_path size = { "" };
    if (m->parameter_count >= 1000000000) size = path_of("%.1fB", (double)m->parameter_count / 1e9);
    else if (m->parameter_count) size = path_of("%.2fM", (double)m->parameter_count / 1e6);
    json_key(w, "details");
    json_open_object(w);
    json_member_text(w, "parent_model", "");
    json_member_text(w, "format", m->format ? m->format : "");
    json_member_text(w, "family", m->family ? m->family : "");
    json_key(w, "families");
    json_open_array(w);
    if (m->family) json_put_string(w, m->family);
    json_close_array(w);
    json_member_text(w, "parameter_size", size.text);
    json_member_text(w, "quantization_level", m->quantization ? m->quantization : "");
    json_close_object(w);
}

void ollama_tags(struct buf *out, const struct ollama_model *models, size_t count)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "models");
    json_open_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_open_object(&w);
        json_member_text(&w, "name", models[i].name);
        json_member_text(&w, "model", models[i].name);
        json_member_text(&w, "modified_at", time_text(models[i].modified).text);
        json_member_int(&w, "size", (int64_t)(models[i].bytes & INT64_MAX));
        json_member_text(&w, "digest", models[i].digest ? models[i].digest : "");
        put_details(&w, &models[i]);
        json_close_object(&w);
    }
    json_close_array(&w);
    json_close_object(&w);
}

bool ollama_show_model(const struct json *body, struct span *ret, struct api_error *err)
{
    static const char latest[] = ":latest";
    struct fields f = { body, "", err };
    struct span name = { 0 };
    /* "name" is the older word. */
    if (json_type(body) != JSON_OBJECT)
        return api_refuse(err, API_INVALID_TYPE, NULL, "the body must be a JSON object");
    if (!field_text(&f, "name", &name) || !field_text(&f, "model", &name)) return false;
    if (!name.len) return api_refuse(err, API_MISSING, "model", "'model' is missing");
    size_t tag = sizeof latest - 1;
    if (name.len > tag && memcmp(name.data + name.len - tag, latest, tag) == 0) name.len -= tag;
    *ret = name;
    return true;
}

bool ollama_read_model(struct shape_request *r, const struct fields *f)
{
    struct span name = { NULL, 0 };
    struct error e;
    if (!ollama_show_model(f->object, &name, f->err)) return false;
    if (memchr(name.data, 0, name.len))
        return api_refuse(f->err, API_INVALID_VALUE, "model", "'model' holds a NUL");
    r->model = mem_copy_text(name.data, name.len);
    if (r->model) return true;
    error_set(&e, STATUS_NO_MEMORY, "out of memory for a request");
    return api_refuse_error(f->err, &e);
}

void ollama_show(struct buf *out, const struct ollama_model *m)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_member_text(&w, "modelfile", "");
    json_member_text(&w, "parameters", "");
    json_member_text(&w, "template", "");
    json_member_text(&w, "modified_at", time_text(m->modified).text);
    put_details(&w, m);
    json_key(&w, "model_info");
    json_open_object(&w);
    if (m->family) json_member_text(&w, "general.architecture", m->family);
    if (m->parameter_count)
        json_member_int(&w, "general.parameter_count", (int64_t)(m->parameter_count & INT64_MAX));
    if (m->family && m->context_max)
        json_member_int(&w, path_of("%s.context_length", m->family).text, m->context_max);
    json_close_object(&w);
    json_key(&w, "capabilities");
    json_open_array(&w);
    json_put_string(&w, m->embedding ? "embedding" : "completion");
    if (m->tools) json_put_string(&w, "tools");
    if (m->thinking) json_put_string(&w, "thinking");
    json_close_array(&w);
    json_close_object(&w);
}

void ollama_version(struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_member_text(&w, "version", OLLAMA_VERSION);
    json_close_object(&w);
}

void ollama_error_body(struct buf *out, const struct api_error *error,
                       const struct shape_context *context)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_member_text(&w, "error", error->text);
    json_close_object(&w);
}
