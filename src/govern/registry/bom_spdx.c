/* A bill of materials to SPDX 3.0.1.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A graph: elements with ids below the document's serial number, and relationships between them. */
#include <stdio.h>
#include <string.h>

#include "base/core/json_write.h"
#include "govern/registry/bom_inner.h"

#define CONTEXT  "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
#define CREATION "_:creation"
#define ID_BYTES 192

struct spdx {
    struct json_writer json;
    const struct bom *bom;
};

static void put(struct spdx *w, const char *key, const char *text)
{
    if (!text) return;
    json_key(&w->json, key);
    json_put_string(&w->json, text);
}

static void open_array(struct spdx *w, const char *key)
{
    json_key(&w->json, key);
    json_open_array(&w->json);
}

static void put_one(struct spdx *w, const char *key, const char *text)
{
    if (!text) return;
    open_array(w, key);
    json_put_string(&w->json, text);
    json_close_array(&w->json);
}

/* "<serial>#model-0-file-3": what, of which model, which of them. */
static void make_id(char out[ID_BYTES], const struct spdx *w, const char *what, size_t model,
                    size_t i)
{
    snprintf(out, ID_BYTES, "%s#model-%zu-%s-%zu", w->bom->serial, model, what, i);
}

static void make_model_id(char out[ID_BYTES], const struct spdx *w, size_t model)
{
    snprintf(out, ID_BYTES, "%s#model-%zu", w->bom->serial, model);
}

static void open_element(struct spdx *w, const char *type, const char *id)
{
    json_open_object(&w->json);
    put(w, "type", type);
    put(w, "spdxId", id);
    put(w, "creationInfo", CREATION);
}

static void put_hash(struct spdx *w, const uint8_t *sha256)
{
    char hex[SHA256_HEX_BYTES];
    if (!sha256) return;
    sha256_hex(sha256, hex);
    open_array(w, "verifiedUsing");
    json_open_object(&w->json);
    put(w, "type", "Hash");
    put(w, "algorithm", "sha256");
    put(w, "hashValue", hex);
    json_close_object(&w->json);
    json_close_array(&w->json);
}

static void put_relationship(struct spdx *w, const char *type, size_t model, const char *what,
                             size_t first, size_t count, const char *completeness)
{
    char id[ID_BYTES], kind[48];
    snprintf(kind, sizeof kind, "%s-%s", type, what);
    make_id(id, w, kind, model, first);
    open_element(w, "Relationship", id);
    make_model_id(id, w, model);
    put(w, "from", id);
    put(w, "relationshipType", type);
    put(w, "completeness", completeness);
    open_array(w, "to");
    for (size_t i = first; i < first + count; i++) {
        make_id(id, w, what, model, i);
        json_put_string(&w->json, id);
    }
    json_close_array(&w->json);
    json_close_object(&w->json);
}

/* ---- the model itself ---- */

static const char *download_of(const struct bom_model *m)
{
    for (size_t i = 0; i < m->references_count; i++)
        if (strcmp(m->references[i].type, "distribution") == 0) return m->references[i].url;
    return NULL;
}

static bool has_ai_facts(const struct bom_model *m)
{
    return m->supplier && m->version && m->released && download_of(m);
}

static void put_joined(struct spdx *w, const char *key, const char *const *list, size_t count)
{
    struct buf text = BUF_INIT((size_t)1 << 20);
    for (size_t i = 0; i < count; i++)
        buf_format(&text, "%s%s", i ? "\n" : "", list[i]);
    if (count && !text.failed) put(w, key, text.data);
    if (text.failed) w->json.out->failed = true;
    buf_release(&text);
}

static void put_metrics(struct spdx *w, const struct bom_model *m)
{
    if (!m->metrics_count) return;
    open_array(w, "ai_metric");
    for (size_t i = 0; i < m->metrics_count; i++) {
        const struct bom_metric *x = &m->metrics[i];
        char key[256];
        snprintf(key, sizeof key, "%s%s%s", x->type ? x->type : "metric", x->slice ? " " : "",
                 x->slice ? x->slice : "");
        json_open_object(&w->json);
        put(w, "type", "DictionaryEntry");
        put(w, "key", key);
        put(w, "value", x->value);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
}

static void put_purl(struct spdx *w, const char *purl)
{
    if (!purl) return;
    open_array(w, "externalIdentifier");
    json_open_object(&w->json);
    put(w, "type", "ExternalIdentifier");
    put(w, "externalIdentifierType", "packageUrl");
    put(w, "identifier", purl);
    json_close_object(&w->json);
    json_close_array(&w->json);
}

static void put_model(struct spdx *w, size_t at)
{
    const struct bom_model *m = &w->bom->models[at];
    char id[ID_BYTES];
    make_model_id(id, w, at);
    open_element(w, "ai_AIPackage", id);
    put(w, "name", m->name);
    put(w, "description", m->description);
    put(w, "comment", m->derivation);
    put(w, "releaseTime", m->released);
    make_id(id, w, "supplier", at, 0);
    if (m->supplier) put(w, "suppliedBy", id);
    put(w, "software_packageVersion", m->version);
    put(w, "software_downloadLocation", download_of(m));
    put(w, "software_primaryPurpose", "model");
    put_purl(w, m->purl);
    put_one(w, "ai_typeOfModel", m->architecture ? m->architecture : m->architecture_family);
    put_joined(w, "ai_limitation", m->limitations, m->limitations_count);
    put_joined(w, "ai_informationAboutApplication", m->use_cases, m->use_cases_count);
    put_metrics(w, m);
    json_close_object(&w->json);
    if (!m->supplier) return;
    open_element(w, "Organization", id);
    put(w, "name", m->supplier);
    json_close_object(&w->json);
}

/* ---- what belongs to it ---- */

static void put_files(struct spdx *w, size_t at)
{
    const struct bom_model *m = &w->bom->models[at];
    char id[ID_BYTES];
    for (size_t i = 0; i < m->files_count; i++) {
        make_id(id, w, "file", at, i);
        open_element(w, "software_File", id);
        put(w, "name", m->files[i].name);
        put(w, "comment", m->files[i].role);
        put_hash(w, m->files[i].sha256);
        json_close_object(&w->json);
    }
    if (m->files_count)
        put_relationship(w, "contains", at, "file", 0, m->files_count,
                         m->files_complete ? "complete" : "noAssertion");
}

/* A name that SPDX does not know, as one that its expressions allow. */
static void put_own_expression(struct spdx *w, const char *name)
{
    char text[256] = "LicenseRef-";
    size_t len = strlen(text);
    for (; *name && len + 1 < sizeof text; name++) {
        char c = *name;
        bool kept =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
        text[len++] = kept ? c : '-';
    }
    text[len] = 0;
    put(w, "simplelicensing_licenseExpression", text);
}

static void put_licence(struct spdx *w, size_t at, size_t i)
{
    const struct bom_licence *l = &w->bom->models[at].licences[i];
    char id[ID_BYTES];
    make_id(id, w, "licence", at, i);
    if (l->name && l->text) {
        open_element(w, "expandedlicensing_CustomLicense", id);
        put(w, "name", l->name);
        put(w, "simplelicensing_licenseText", l->text);
    } else {
        open_element(w, "simplelicensing_LicenseExpression", id);
        put(w, "name", l->name);
        if (l->name) put_own_expression(w, l->name);
        else put(w, "simplelicensing_licenseExpression", l->id ? l->id : l->expression);
    }
    json_close_object(&w->json);
    if (l->claim == BOM_UNSTATED) return;
    put_relationship(w, l->claim == BOM_DECLARED ? "hasDeclaredLicense" : "hasConcludedLicense", at,
                     "licence", i, 1, NULL);
}

static void put_ancestors(struct spdx *w, size_t at)
{
    const struct bom_model *m = &w->bom->models[at];
    char id[ID_BYTES];
    for (size_t i = 0; i < m->ancestors_count; i++) {
        make_id(id, w, "ancestor", at, i);
        open_element(w, "software_Package", id);
        put(w, "name", m->ancestors[i].name);
        put(w, "comment", m->ancestors[i].how);
        put(w, "software_packageVersion", m->ancestors[i].version);
        put(w, "software_primaryPurpose", "model");
        put_purl(w, m->ancestors[i].purl);
        json_close_object(&w->json);
    }
    if (m->ancestors_count)
        put_relationship(w, "descendantOf", at, "ancestor", 0, m->ancestors_count, NULL);
}

/* ---- the document ---- */

static void put_creation(struct spdx *w)
{
    char id[ID_BYTES];
    snprintf(id, sizeof id, "%s#hearth", w->bom->serial);
    json_open_object(&w->json);
    put(w, "type", "CreationInfo");
    put(w, "@id", CREATION);
    put(w, "specVersion", "3.0.1");
    put(w, "created", w->bom->timestamp);
    put_one(w, "createdBy", id);
    json_close_object(&w->json);
    open_element(w, "SoftwareAgent", id);
    put(w, "name", "hearth");
    put(w, "summary", w->bom->tool_version);
    json_close_object(&w->json);
}

static void put_head(struct spdx *w)
{
    char id[ID_BYTES];
    bool ai = true;
    for (size_t i = 0; i < w->bom->models_count; i++)
        ai = ai && has_ai_facts(&w->bom->models[i]);
    snprintf(id, sizeof id, "%s#document", w->bom->serial);
    open_element(w, "SpdxDocument", id);
    open_array(w, "profileConformance");
    json_put_string(&w->json, "core");
    json_put_string(&w->json, "software");
    json_put_string(&w->json, "simpleLicensing");
    json_put_string(&w->json, "expandedLicensing");
    if (ai) json_put_string(&w->json, "ai");
    json_close_array(&w->json);
    open_array(w, "rootElement");
    for (size_t i = 0; i < w->bom->models_count; i++) {
        make_model_id(id, w, i);
        json_put_string(&w->json, id);
    }
    json_close_array(&w->json);
    json_close_object(&w->json);
}

enum status bom_write_spdx(struct buf *out, const struct bom *b, struct error *err)
{
    struct spdx w = { .bom = b };
    enum status st = bom_check(b, err);
    if (st) return st;
    if (!b->serial || !b->timestamp || b->models_count == 0)
        return error_set(err, STATUS_BAD_INPUT,
                         "SPDX wants a serial number, a time and at least one model");
    json_writer_init(&w.json, out, 2);
    json_open_object(&w.json);
    put(&w, "@context", CONTEXT);
    open_array(&w, "@graph");
    put_creation(&w);
    put_head(&w);
    for (size_t i = 0; i < b->models_count; i++) {
        put_model(&w, i);
        put_files(&w, i);
        for (size_t k = 0; k < b->models[i].licences_count; k++)
            put_licence(&w, i, k);
        put_ancestors(&w, i);
    }
    json_close_array(&w.json);
    json_close_object(&w.json);
    buf_byte(out, '\n');
    return buf_check(out, "the bill of materials", err);
}
