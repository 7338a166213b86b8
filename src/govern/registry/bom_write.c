/* A bill of materials to CycloneDX.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/json_write.h"
#include "govern/registry/bom_inner.h"

struct bom_writer {
    struct json_writer json;
    enum bom_version version;
};

void bom_serial(char out[BOM_SERIAL_BYTES], const uint8_t sha256[SHA256_BYTES])
{
    uint8_t b[16];
    memcpy(b, sha256, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x80); /* version 8: made of what its maker likes */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    size_t at = (size_t)snprintf(out, BOM_SERIAL_BYTES, "urn:uuid:");
    for (size_t i = 0; i < sizeof b; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        at += (size_t)snprintf(out + at, BOM_SERIAL_BYTES - at, "%s%02x", dash, b[i]);
    }
}

/* ---- pieces ---- */

static void put(struct bom_writer *w, const char *key, const char *text)
{
    if (!text) return;
    json_key(&w->json, key);
    json_put_string(&w->json, text);
}

static void open_object(struct bom_writer *w, const char *key)
{
    if (key) json_key(&w->json, key);
    json_open_object(&w->json);
}

static void open_array(struct bom_writer *w, const char *key)
{
    json_key(&w->json, key);
    json_open_array(&w->json);
}

static void put_hashes(struct bom_writer *w, const uint8_t *sha256)
{
    char hex[SHA256_HEX_BYTES];
    if (!sha256) return;
    sha256_hex(sha256, hex);
    open_array(w, "hashes");
    open_object(w, NULL);
    put(w, "alg", "SHA-256");
    put(w, "content", hex);
    json_close_object(&w->json);
    json_close_array(&w->json);
}

static void put_property(struct bom_writer *w, const char *name, const char *value)
{
    open_object(w, NULL);
    put(w, "name", name);
    put(w, "value", value ? value : "");
    json_close_object(&w->json);
}

static void put_digest_property(struct bom_writer *w, const char *name, const uint8_t *sha256)
{
    char hex[SHA256_HEX_BYTES];
    if (!sha256) return;
    sha256_hex(sha256, hex);
    put_property(w, name, hex);
}

static void put_properties(struct bom_writer *w, const struct bom_property *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_property(w, list[i].name, list[i].value);
}

static void put_texts(struct bom_writer *w, const char *key, const char *const *list, size_t count)
{
    if (!count) return;
    open_array(w, key);
    for (size_t i = 0; i < count; i++)
        json_put_string(&w->json, list[i]);
    json_close_array(&w->json);
}

/* ---- licences ---- */

static void put_claim(struct bom_writer *w, enum bom_claim claim)
{
    if (claim == BOM_UNSTATED) return;
    put(w, "acknowledgement", claim == BOM_DECLARED ? "declared" : "concluded");
}

static void put_named_licence(struct bom_writer *w, const struct bom_licence *l)
{
    open_object(w, NULL);
    open_object(w, "license");
    if (l->id) put(w, "id", l->id);
    else put(w, "name", l->name ? l->name : l->expression);
    put_claim(w, l->claim);
    if (l->text) {
        open_object(w, "text");
        put(w, "contentType", "text/plain");
        put(w, "content", l->text);
        json_close_object(&w->json);
    }
    put(w, "url", l->url);
    if (l->text_sha256) {
        open_array(w, "properties");
        put_digest_property(w, "hearth:licence-text-sha256", l->text_sha256);
        json_close_array(&w->json);
    }
    json_close_object(&w->json);
    json_close_object(&w->json);
}

static void put_expression(struct bom_writer *w, const struct bom_licence *l)
{
    open_object(w, NULL);
    put(w, "expression", l->expression);
    put_claim(w, l->claim);
    if (w->version != BOM_1_6 && l->text_sha256) {
        open_array(w, "properties");
        put_digest_property(w, "hearth:licence-text-sha256", l->text_sha256);
        json_close_array(&w->json);
    }
    json_close_object(&w->json);
}

static void put_licences(struct bom_writer *w, const struct bom_licence *list, size_t count)
{
    if (!count) return;
    open_array(w, "licenses");
    for (size_t i = 0; i < count; i++) {
        bool expression = list[i].expression && (w->version != BOM_1_6 || count == 1);
        if (expression) put_expression(w, &list[i]);
        else put_named_licence(w, &list[i]);
    }
    json_close_array(&w->json);
}

/* ---- the model card ---- */

static void put_formats(struct bom_writer *w, const char *key, const char *const *list,
                        size_t count)
{
    if (!count) return;
    open_array(w, key);
    for (size_t i = 0; i < count; i++) {
        open_object(w, NULL);
        put(w, "format", list[i]);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
}

static void put_datasets(struct bom_writer *w, const struct bom_model *m)
{
    if (!m->datasets_count) return;
    open_array(w, "datasets");
    for (size_t i = 0; i < m->datasets_count; i++) {
        const struct bom_dataset *d = &m->datasets[i];
        open_object(w, NULL);
        put(w, "type", "dataset");
        put(w, "name", d->name);
        if (d->url) {
            open_object(w, "contents");
            put(w, "url", d->url);
            json_close_object(&w->json);
        }
        put(w, "classification", d->classification);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
}

static void put_metrics(struct bom_writer *w, const struct bom_model *m)
{
    if (!m->metrics_count) return;
    open_object(w, "quantitativeAnalysis");
    open_array(w, "performanceMetrics");
    for (size_t i = 0; i < m->metrics_count; i++) {
        const struct bom_metric *x = &m->metrics[i];
        open_object(w, NULL);
        put(w, "type", x->type);
        put(w, "value", x->value);
        put(w, "slice", x->slice);
        if (x->low || x->high) {
            open_object(w, "confidenceInterval");
            put(w, "lowerBound", x->low);
            put(w, "upperBound", x->high);
            json_close_object(&w->json);
        }
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
    json_close_object(&w->json);
}

static void put_card(struct bom_writer *w, const struct bom_model *m)
{
    open_object(w, "modelCard");
    open_object(w, "modelParameters");
    if (m->approach) {
        open_object(w, "approach");
        put(w, "type", m->approach);
        json_close_object(&w->json);
    }
    put(w, "task", m->task);
    put(w, "architectureFamily", m->architecture_family);
    put(w, "modelArchitecture", m->architecture);
    put_datasets(w, m);
    put_formats(w, "inputs", m->inputs, m->inputs_count);
    put_formats(w, "outputs", m->outputs, m->outputs_count);
    json_close_object(&w->json);
    put_metrics(w, m);
    if (m->users_count + m->use_cases_count + m->limitations_count + m->tradeoffs_count) {
        open_object(w, "considerations");
        put_texts(w, "users", m->users, m->users_count);
        put_texts(w, "useCases", m->use_cases, m->use_cases_count);
        put_texts(w, "technicalLimitations", m->limitations, m->limitations_count);
        put_texts(w, "performanceTradeoffs", m->tradeoffs, m->tradeoffs_count);
        json_close_object(&w->json);
    }
    json_close_object(&w->json);
}

/* ---- components ---- */

static void put_file(struct bom_writer *w, const struct bom_file *f)
{
    char bytes[24];
    open_object(w, NULL);
    put(w, "type", "file");
    put(w, "name", f->name);
    put_hashes(w, f->sha256);
    if (f->bytes || f->role) {
        open_array(w, "properties");
        snprintf(bytes, sizeof bytes, "%" PRIu64, f->bytes);
        if (f->bytes) put_property(w, "hearth:bytes", bytes);
        if (f->role) put_property(w, "hearth:role", f->role);
        json_close_array(&w->json);
    }
    json_close_object(&w->json);
}

static void put_pedigree(struct bom_writer *w, const struct bom_model *m)
{
    if (!m->ancestors_count && !m->derivation) return;
    open_object(w, "pedigree");
    if (m->ancestors_count) open_array(w, "ancestors");
    for (size_t i = 0; i < m->ancestors_count; i++) {
        const struct bom_ancestor *a = &m->ancestors[i];
        open_object(w, NULL);
        put(w, "type", "machine-learning-model");
        put(w, "name", a->name);
        put(w, "version", a->version);
        put(w, "purl", a->purl);
        if (a->how) {
            open_array(w, "properties");
            put_property(w, "hearth:derivation", a->how);
            json_close_array(&w->json);
        }
        json_close_object(&w->json);
    }
    if (m->ancestors_count) json_close_array(&w->json);
    put(w, "notes", m->derivation);
    json_close_object(&w->json);
}

static void put_references(struct bom_writer *w, const struct bom_model *m)
{
    if (!m->references_count) return;
    open_array(w, "externalReferences");
    for (size_t i = 0; i < m->references_count; i++) {
        const struct bom_reference *r = &m->references[i];
        open_object(w, NULL);
        put(w, "type", r->type);
        put(w, "url", r->url);
        put(w, "comment", r->comment);
        put_hashes(w, r->sha256);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
}

static void put_supplier(struct bom_writer *w, const char *name)
{
    if (!name) return;
    open_object(w, "supplier");
    put(w, "name", name);
    json_close_object(&w->json);
}

static void put_model(struct bom_writer *w, const struct bom_model *m)
{
    open_object(w, NULL);
    put(w, "type", "machine-learning-model");
    put(w, "bom-ref", m->ref);
    put_supplier(w, m->supplier);
    put(w, "publisher", m->publisher);
    put(w, "group", m->group);
    put(w, "name", m->name);
    put(w, "version", m->version);
    put(w, "description", m->description);
    put_licences(w, m->licences, m->licences_count);
    put(w, "purl", m->purl);
    put_pedigree(w, m);
    put_references(w, m);
    if (m->files_count) {
        open_array(w, "components");
        for (size_t i = 0; i < m->files_count; i++)
            put_file(w, &m->files[i]);
        json_close_array(&w->json);
    }
    put_card(w, m);
    if (m->properties_count || m->root_sha256 || m->released) {
        open_array(w, "properties");
        /* No `hashes`: a model is no file, and this is the digest of its files' digests. */
        put_digest_property(w, "hearth:oms-root-sha256", m->root_sha256);
        if (m->released) put_property(w, "hearth:released", m->released);
        put_properties(w, m->properties, m->properties_count);
        json_close_array(&w->json);
    }
    json_close_object(&w->json);
}

static void put_software(struct bom_writer *w, const char *key, const char *type,
                         const struct bom_software *s)
{
    open_object(w, key);
    put(w, "type", type);
    put(w, "bom-ref", s->ref);
    put(w, "name", s->name);
    put(w, "version", s->version);
    put_hashes(w, s->sha256);
    put_licences(w, s->licences, s->licences_count);
    put(w, "purl", s->purl);
    if (s->properties_count) {
        open_array(w, "properties");
        put_properties(w, s->properties, s->properties_count);
        json_close_array(&w->json);
    }
    json_close_object(&w->json);
}

/* ---- the document ---- */

static void put_metadata(struct bom_writer *w, const struct bom *b)
{
    open_object(w, "metadata");
    put(w, "timestamp", b->timestamp);
    open_object(w, "tools");
    open_array(w, "components");
    open_object(w, NULL);
    put(w, "type", "application");
    put(w, "name", "hearth");
    put(w, "version", b->tool_version);
    json_close_object(&w->json);
    json_close_array(&w->json);
    json_close_object(&w->json);
    if (b->subject) put_software(w, "component", "application", b->subject);
    json_close_object(&w->json);
}

static void put_dependencies(struct bom_writer *w, const struct bom *b)
{
    open_array(w, "dependencies");
    if (b->subject) {
        open_object(w, NULL);
        put(w, "ref", b->subject->ref);
        open_array(w, "dependsOn");
        for (size_t i = 0; i < b->libraries_count; i++)
            json_put_string(&w->json, b->libraries[i].ref);
        for (size_t i = 0; i < b->models_count; i++)
            json_put_string(&w->json, b->models[i].ref);
        json_close_array(&w->json);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
}

/* Which lists are whole, and which are as far as it was seen. */
static void put_compositions(struct bom_writer *w, const struct bom *b)
{
    if (!b->models_count) return;
    open_array(w, "compositions");
    for (size_t i = 0; i < b->models_count; i++) {
        open_object(w, NULL);
        put(w, "aggregate", b->models[i].files_complete ? "complete" : "unknown");
        open_array(w, "assemblies");
        json_put_string(&w->json, b->models[i].ref);
        json_close_array(&w->json);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
}

static void put_document(struct bom_writer *w, const struct bom *b)
{
    bool old = w->version == BOM_1_6;
    json_open_object(&w->json);
    put(w, "$schema",
        old ? "http://cyclonedx.org/schema/bom-1.6.schema.json"
            : "http://cyclonedx.org/schema/bom-1.7.schema.json");
    put(w, "bomFormat", "CycloneDX");
    put(w, "specVersion", old ? "1.6" : "1.7");
    put(w, "serialNumber", b->serial);
    json_key(&w->json, "version");
    json_put_int(&w->json, 1);
    put_metadata(w, b);
    open_array(w, "components");
    for (size_t i = 0; i < b->libraries_count; i++)
        put_software(w, NULL, "library", &b->libraries[i]);
    for (size_t i = 0; i < b->models_count; i++)
        put_model(w, &b->models[i]);
    json_close_array(&w->json);
    put_dependencies(w, b);
    put_compositions(w, b);
    if (b->properties_count) {
        open_array(w, "properties");
        put_properties(w, b->properties, b->properties_count);
        json_close_array(&w->json);
    }
    json_close_object(&w->json);
}

enum status bom_write(struct buf *out, const struct bom *b, enum bom_version version,
                      struct error *err)
{
    struct bom_writer w = { .version = version };
    enum status st = bom_check(b, err);
    if (st) return st;
    json_writer_init(&w.json, out, 2);
    put_document(&w, b);
    buf_byte(out, '\n');
    return buf_check(out, "the bill of materials", err);
}
