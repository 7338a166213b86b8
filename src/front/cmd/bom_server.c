/* Asking a server what it runs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/bom_server.h"

#include <stdio.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/net/http_client.h"
#include "base/net/http_fetch.h"
#include "front/cmd/desk_record.h"

#define BODY_BYTES_MAX  ((size_t)8 << 20)
#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define TIMEOUT_MS      20000
#define MODELS_MAX      256
#define PATH            "/inventory"

/* ---- asking ---- */

static enum status ask_plain(struct buf *out, const char *address, const char *key,
                             struct error *err)
{
    struct listen_address a;
    int status = 0;
    enum status st = listen_parse(&a, address, err);
    if (!st) st = http_fetch(&a, PATH, key, TIMEOUT_MS, &status, out, err);
    if (st || status == 200) return st;
    if (status == 401 || status == 403)
        return error_set(err, STATUS_USAGE,
                         "the server asks for a key that may \"metrics\": --key, or HEARTH_KEY");
    return error_set(err, STATUS_FAILED, "the server answers " PATH " with status %d%s", status,
                     status == 404 ? ": it is another program, or an older one" : "");
}

static enum status ask(struct buf *out, const char *url, const char *key, struct error *err)
{
    char address[LISTEN_TEXT_BYTES];
    struct http_target target;
    if (strncmp(url, "https://", 8) == 0) {
        enum status st = http_target_parse(&target, url, key, err);
        return st ? st : http_client_get(&target, PATH, out, err);
    }
    bool has_scheme = strncmp(url, "http://", 7) == 0;
    if (snprintf(address, sizeof address, "%s", has_scheme ? url + 7 : url) >= (int)sizeof address)
        return error_set(err, STATUS_USAGE, "the address is too long: %.100s", url);
    size_t len = strlen(address);
    if (has_scheme && len && address[len - 1] == '/') address[len - 1] = 0;
    return ask_plain(out, address, key, err);
}

/* ---- describing ---- */

struct server_bom {
    struct arena arena;
    struct desk *desk;
    const struct licence_prints *prints;
    const struct json *root;
    struct desk_record records[MODELS_MAX]; /* those that are in this store */
    size_t record_count;
    struct bom_model *models;
    struct bom_software program, *libraries;
    struct bom_licence licence;
    struct bom bom;
    char at[RECORD_TIME_BYTES], serial[BOM_SERIAL_BYTES];
};

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for the bill of materials");
}

static const uint8_t *digest_of(struct server_bom *s, const struct json *of, const char *key)
{
    struct span hex = json_string(json_get(of, key));
    uint8_t *digest = arena_alloc(&s->arena, SHA256_BYTES);
    return digest && hex.data && sha256_from_hex(hex.data, hex.len, digest) ? digest : NULL;
}

static const char *join(struct server_bom *s, const char *a, const char *b, const char *c)
{
    char text[512];
    snprintf(text, sizeof text, "%.100s%.200s%s%.100s", a, b, c ? ":" : "", c ? c : "");
    return arena_copy_text(&s->arena, text, strlen(text));
}

static enum status describe_program(struct server_bom *s, struct error *err)
{
    const struct json *program = json_get(s->root, "program"),
                      *libs = json_get(s->root, "libraries");
    size_t count = json_length(libs);
    s->licence = (struct bom_licence){ .id = "Apache-2.0", .claim = BOM_DECLARED };
    s->program = (struct bom_software){ .ref = "hearth",
                                        .name = json_text(json_get(program, "name")),
                                        .version = json_text(json_get(program, "version")),
                                        .sha256 = digest_of(s, program, "sha256"),
                                        .licences = &s->licence,
                                        .licences_count = 1 };
    s->libraries = arena_array(&s->arena, count + 1, sizeof *s->libraries);
    if (!s->libraries) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const struct json *l = json_at(libs, i);
        const char *name = json_text(json_get(l, "name"));
        if (!name)
            return error_set(err, STATUS_BAD_INPUT, "the server's answer has a nameless library");
        struct bom_property *file = arena_alloc(&s->arena, sizeof *file);
        if (!file) return no_memory(err);
        *file = (struct bom_property){ "hearth:file", json_text(json_get(l, "file")) };
        s->libraries[i] = (struct bom_software){ .ref = join(s, "lib:", name, file->value),
                                                 .name = name,
                                                 .version = json_text(json_get(l, "version")),
                                                 .sha256 = digest_of(s, l, "sha256"),
                                                 .properties = file,
                                                 .properties_count = file->value ? 1 : 0 };
        if (!s->libraries[i].ref) return no_memory(err);
    }
    s->bom.subject = &s->program;
    s->bom.libraries = s->libraries;
    s->bom.libraries_count = count;
    return STATUS_OK;
}

/* In full where the store has this very model; else as far as the server says. */
static enum status describe_model(struct server_bom *s, const struct json *m, struct bom_model *ret,
                                  struct error *err)
{
    const char *name = json_text(json_get(m, "name")), *alias = json_text(json_get(m, "alias"));
    const uint8_t *digest = digest_of(s, m, "digest");
    struct desk_record *r = &s->records[s->record_count];
    struct registry_model found;
    if (!name) return error_set(err, STATUS_BAD_INPUT, "the server's answer has a nameless model");
    bool here = alias && digest && s->desk->store.registry &&
                !registry_find(s->desk->store.registry, alias, &found, NULL);
    bool same = here && memcmp(found.digest, digest, SHA256_BYTES) == 0;
    if (here) registry_model_release(&found);
    enum status st = STATUS_OK;
    if (same) {
        st = desk_record_open(r, s->desk, s->prints, alias, err);
        if (st) return st;
        s->record_count++;
        st = record_bom(ret, r->record, r->verdict, &s->arena, err);
    } else {
        struct bom_property *p = arena_array(&s->arena, 3, sizeof *p);
        if (!p) return no_memory(err);
        p[ret->properties_count++] =
            (struct bom_property){ "hearth:origin", json_text(json_get(m, "origin")) };
        if (alias) p[ret->properties_count++] = (struct bom_property){ "hearth:alias", alias };
        if (digest)
            p[ret->properties_count++] =
                (struct bom_property){ "hearth:digest", json_text(json_get(m, "digest")) };
        ret->properties = p;
        ret->name = name;
    }
    ret->ref = join(s, "served:", name, NULL);
    return st || ret->ref ? st : no_memory(err);
}

static enum status describe_models(struct server_bom *s, struct error *err)
{
    const struct json *list = json_get(s->root, "models");
    size_t count = json_length(list);
    enum status st = STATUS_OK;
    if (json_type(list) != JSON_ARRAY || count > MODELS_MAX)
        return error_set(err, STATUS_BAD_INPUT,
                         "the server's answer does not list its models, or more than %d",
                         MODELS_MAX);
    s->models = arena_array(&s->arena, count + 1, sizeof *s->models);
    if (!s->models) return no_memory(err);
    for (size_t i = 0; i < count && !st; i++)
        st = describe_model(s, json_at(list, i), &s->models[i], err);
    s->bom.models = s->models;
    s->bom.models_count = count;
    return st;
}

static enum status describe(struct server_bom *s, struct span body, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum status st = sha256_of(body.data, body.len, digest, err);
    if (!st) st = describe_program(s, err);
    if (!st) st = describe_models(s, err);
    if (st) return st;
    record_time(s->at, clock_unix_ns() / 1000000);
    bom_serial(s->serial, digest);
    s->bom.serial = s->serial;
    s->bom.timestamp = s->at;
    s->bom.tool_version = HEARTH_VERSION;
    return STATUS_OK;
}

enum status bom_server_write(struct buf *out, struct desk *d, const struct licence_prints *prints,
                             const char *url, const char *key, enum record_bom_format format,
                             struct error *err)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct json_doc *doc = NULL;
    struct server_bom *s = mem_zero(sizeof *s);
    if (!s) return no_memory(err);
    arena_init(&s->arena, ARENA_BYTES_MAX);
    s->desk = d;
    s->prints = prints;
    enum status st = ask(&body, url, key, err);
    if (!st)
        st = json_parse(&doc, body.data ? body.data : "", body.len, BODY_BYTES_MAX,
                        "the server's answer", err);
    if (!st) s->root = json_root(doc);
    if (!st) st = describe(s, (struct span){ body.data, body.len }, err);
    if (!st) st = record_bom_write_any(out, &s->bom, format, err);
    for (size_t i = 0; i < s->record_count; i++)
        desk_record_close(&s->records[i]);
    arena_release(&s->arena);
    json_doc_free(doc);
    buf_release(&body);
    mem_free(s);
    return st;
}
