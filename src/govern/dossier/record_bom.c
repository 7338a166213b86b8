/* Filling a bill of materials.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/dossier/record_bom.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "govern/dossier/record_purl.h"

#define PROPERTIES_MAX  64
#define REFERENCES_MAX  (4 + RECORD_TEXTS_MAX)
#define LICENCES_MAX    (2 * RECORD_TEXTS_MAX)
#define TEXT_BYTES      1024
#define PURL_BYTES_MAX  ((size_t)32 << 10)
#define ARENA_BYTES_MAX ((size_t)32 << 20)

static const char *const format_names[] = { "cyclonedx-1.7", "cyclonedx-1.6", "spdx-3" };

enum status record_bom_format_find(enum record_bom_format *ret, const char *name, struct error *err)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(format_names[i], name) == 0) {
            *ret = (enum record_bom_format)i;
            return STATUS_OK;
        }
    return error_set(
        err, STATUS_USAGE,
        "there is no format \"%.64s\"; there are cyclonedx-1.7, cyclonedx-1.6 and spdx-3", name);
}

const char *record_bom_format_name(enum record_bom_format f)
{
    return format_names[f];
}

/* What is being filled; `failed` sticks when memory ran out. */
struct filling {
    struct bom_model *m;
    const struct record *r;
    struct arena *arena;
    struct bom_property *properties;
    struct bom_reference *references;
    struct bom_licence *licences;
    bool failed;
};

static char *format_text(struct filling *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static char *format_text(struct filling *f, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = n < 0 ? 0 : n < (int)sizeof text ? (size_t)n : sizeof text - 1;
    char *copy = arena_copy_text(f->arena, text, len);
    if (!copy) f->failed = true;
    return copy;
}

static char *copy_span(struct filling *f, struct span text)
{
    char *copy = arena_copy_text(f->arena, text.data, text.len);
    if (!copy) f->failed = true;
    return copy;
}

static void add_property(struct filling *f, const char *name, const char *value)
{
    if (!value || !*value || f->m->properties_count == PROPERTIES_MAX) return;
    f->properties[f->m->properties_count++] = (struct bom_property){ name, value };
}

/* ---- files ---- */

static enum status fill_files(struct filling *f)
{
    size_t count = f->r->model.file_count;
    struct bom_file *files = arena_array(f->arena, count + 1, sizeof *files);
    if (!files) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct registry_file *from = &f->r->model.files[i];
        files[i] =
            (struct bom_file){ from->name, from->sha256, from->bytes, record_role(from->name) };
    }
    f->m->files = files;
    f->m->files_count = count;
    f->m->files_complete = true;
    f->m->root_sha256 = f->r->root_sha256;
    return STATUS_OK;
}

/* ---- licences ---- */

/* Identifiers of our own are those of the table that begin with a small letter, and names of families; others are
 * SPDX's. */
static bool is_spdx(const char *id)
{
    const struct licence_facts *family = licence_facts_of_family(id);
    bool own = *id >= 'a' && *id <= 'z' && licence_facts_of(id);
    return !own && !(family && strcmp(family->id, id) == 0);
}

static void add_licence(struct filling *f, const char *id, enum bom_claim claim,
                        const uint8_t *sha256)
{
    for (size_t i = 0; i < f->m->licences_count; i++) {
        const struct bom_licence *l = &f->licences[i];
        const char *known = l->id ? l->id : l->url ? NULL : l->name;
        if (l->claim == claim && known && strcmp(known, id) == 0 && !sha256) return;
    }
    if (f->m->licences_count == LICENCES_MAX) return;
    const struct licence_facts *facts = licence_facts_of(id);
    struct bom_licence *l = &f->licences[f->m->licences_count++];
    *l = (struct bom_licence){ .claim = claim, .text_sha256 = sha256 };
    if (is_spdx(id)) l->id = id;
    else l->name = facts ? facts->name : id;
}

/* Declared is what cards and keys say; concluded is what a text was recognised to be. */
static void fill_licences(struct filling *f)
{
    for (int i = 0; i < f->r->text_count; i++) {
        const struct licence_reading *reading = f->r->readings[i];
        if (reading->claimed) {
            add_licence(f, reading->claimed, BOM_DECLARED, NULL);
        } else if (reading->card.id.len) {
            const char *id =
                copy_span(f, reading->card.name.len ? reading->card.name : reading->card.id);
            if (id && f->m->licences_count < LICENCES_MAX)
                f->licences[f->m->licences_count++] =
                    (struct bom_licence){ .name = id, .claim = BOM_DECLARED };
        }
    }
    for (int i = 0; i < f->r->text_count; i++) {
        const struct licence_reading *reading = f->r->readings[i];
        const char *id = licence_reading_id(reading);
        if (id && reading->match.kind >= MATCH_NORMALISED && f->r->text_files[i])
            add_licence(f, id, BOM_CONCLUDED, f->r->text_files[i]->sha256);
    }
}

/* ---- where it comes from, what it was made from ---- */

/* NULL: there is none. */
static const char *copy_purl(struct filling *f)
{
    struct buf purl = BUF_INIT(PURL_BYTES_MAX);
    record_purl(&purl, &f->r->model);
    const char *copy = purl.len ? copy_span(f, (struct span){ purl.data, purl.len }) : NULL;
    f->failed = f->failed || purl.failed;
    buf_release(&purl);
    return copy;
}

static void fill_names(struct filling *f)
{
    const struct registry_model *m = &f->r->model;
    struct span owner, name;
    char hex[SHA256_HEX_BYTES];
    sha256_hex(m->digest, hex);
    f->m->ref = format_text(f, "model:%s", m->alias);
    f->m->name = m->alias;
    f->m->version = m->revision ? m->revision : format_text(f, "sha256:%s", hex);
    f->m->purl = copy_purl(f);
    if (!record_hub_name(m->source, &owner, &name)) return;
    f->m->group = copy_span(f, owner);
    f->m->publisher = f->m->supplier = f->m->group;
    f->m->name = copy_span(f, name);
}

static enum status fill_ancestors(struct filling *f)
{
    const struct record *r = f->r;
    struct bom_ancestor *list = arena_array(f->arena, (size_t)r->parent_count + 1, sizeof *list);
    if (!list) return STATUS_NO_MEMORY;
    for (int i = 0; i < r->parent_count; i++)
        list[i] = (struct bom_ancestor){ .name = r->parents[i]->parent,
                                         .how = *r->parents[i]->relation ? r->parents[i]->relation
                                                                         : NULL };
    f->m->ancestors = list;
    f->m->ancestors_count = (size_t)r->parent_count;
    if (r->parent_count) f->m->derivation = "as its own files declare; not tested here";
    return STATUS_OK;
}

/* Names of files may hold what addresses may not. */
static const char *relative_url(struct filling *f, const char *name)
{
    struct buf out = BUF_INIT(3 * REGISTRY_NAME_BYTES_MAX + 2);
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c > ' ' && *c < 127 && !strchr("\"<>\\^`{|}%#?:[]", *c)) buf_byte(&out, (char)*c);
        else buf_format(&out, "%%%02X", *c);
    char *url = copy_span(f, (struct span){ out.data ? out.data : "", out.len });
    buf_release(&out);
    return url;
}

static void add_reference(struct filling *f, const char *type, const struct registry_file *file)
{
    if (f->m->references_count == REFERENCES_MAX) return;
    f->references[f->m->references_count++] =
        (struct bom_reference){ type, relative_url(f, file->name), "a file of the model",
                                file->sha256 };
}

static void fill_references(struct filling *f)
{
    const struct record *r = f->r;
    if (f->m->purl)
        f->references[f->m->references_count++] =
            (struct bom_reference){ "distribution", f->m->purl, "where it was fetched from", NULL };
    for (size_t i = 0; i < r->model.file_count; i++)
        if (strcasecmp(r->model.files[i].name, "README.md") == 0)
            add_reference(f, "model-card", &r->model.files[i]);
    for (int i = 0; i < r->signature_count; i++)
        add_reference(f, "digital-signature", r->signatures[i]);
}

/* ---- facts ---- */

static void fill_model_card(struct filling *f)
{
    static const char *const text[] = { "text" };
    const struct record *r = f->r;
    f->m->architecture_family = record_fact(r, "family");
    f->m->architecture = record_fact(r, "architecture");
    f->m->task = r->task[0] ? r->task : NULL;
    if (strcmp(r->task, "text-generation") != 0) return;
    f->m->inputs = f->m->outputs = text;
    f->m->inputs_count = f->m->outputs_count = 1;
}

static void fill_openness(struct filling *f)
{
    static const char *const classes[] = { "none", "I", "II", "III" };
    static const char *const yes_no[] = { "no", "unknown", "yes" };
    static const char *const likely[] = { "unlikely", "unknown", "likely" };
    const struct openness *o = &f->r->openness;
    add_property(f, "hearth:openness:mof-class", classes[o->mof_class]);
    add_property(f, "hearth:openness:osaid", yes_no[o->osaid]);
    add_property(f, "hearth:openness:ai-act-53-2", likely[o->act]);
}

static void fill_facts(struct filling *f)
{
    static const struct {
        const char *path, *name;
    } texts[] = {
        { "container", "hearth:container" },
        { "tensors.sha256", "hearth:tensors-sha256" },
        { "tokenizer.kind", "hearth:tokenizer" },
        { "tokenizer.pieces_sha256", "hearth:tokenizer-pieces-sha256" },
        { "template_sha256", "hearth:template-sha256" },
        { "tool_template_sha256", "hearth:tool-template-sha256" },
    };
    char hex[SHA256_HEX_BYTES], added[RECORD_TIME_BYTES];
    const struct registry_model *m = &f->r->model;
    sha256_hex(m->digest, hex);
    record_time(added, m->added_ms);
    add_property(f, "hearth:alias", m->alias);
    add_property(f, "hearth:digest", format_text(f, "sha256:%s", hex));
    add_property(f, "hearth:source", m->source);
    add_property(f, "hearth:revision", m->revision);
    add_property(f, "hearth:added", format_text(f, "%s", added));
    add_property(f, "hearth:pinned", f->r->pinned ? "yes" : "no");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_property(f, texts[i].name, record_fact(f->r, texts[i].path));
    int64_t parameters = json_int(json_path(f->r->facts, "tensors.parameters"), 0);
    if (parameters > 0)
        add_property(f, "hearth:parameters", format_text(f, "%" PRId64, parameters));
}

static void fill_verdict(struct filling *f, const struct gate_verdict *v)
{
    add_property(f, "hearth:licence-verdict", licence_answer_name(f->r->licence.answer));
    if (!v) return;
    add_property(f, "hearth:gate:mode", gate_mode_name(v->mode));
    add_property(f, "hearth:gate:verdict", v->allowed ? "allowed" : "refused");
    for (int i = 0; i < v->count; i++) {
        const struct gate_finding *g = &v->findings[i];
        if (g->answer == LICENCE_ALLOW) continue;
        add_property(f, "hearth:gate:finding",
                     format_text(f, "%s: %s%s: %s", g->id, licence_answer_name(g->answer),
                                 g->approved ? ", approved" : "", g->reason));
    }
}

enum status record_bom(struct bom_model *ret, const struct record *r, const struct gate_verdict *v,
                       struct arena *arena, struct error *err)
{
    struct bom_model m = { 0 };
    struct filling f = { .m = &m,
                         .r = r,
                         .arena = arena,
                         .properties = arena_array(arena, PROPERTIES_MAX, sizeof *f.properties),
                         .references = arena_array(arena, REFERENCES_MAX, sizeof *f.references),
                         .licences = arena_array(arena, LICENCES_MAX, sizeof *f.licences) };
    f.failed =
        !f.properties || !f.references || !f.licences || fill_files(&f) || fill_ancestors(&f);
    if (!f.failed) {
        m.properties = f.properties;
        m.references = f.references;
        m.licences = f.licences;
        fill_names(&f);
        fill_licences(&f);
        fill_references(&f);
        fill_model_card(&f);
        fill_facts(&f);
        fill_openness(&f);
        fill_verdict(&f, v);
    }
    if (f.failed)
        return error_set(err, STATUS_NO_MEMORY, "no memory for the bill of materials of %s",
                         r->model.alias);
    *ret = m;
    return STATUS_OK;
}

enum status record_bom_write_any(struct buf *out, const struct bom *b,
                                 enum record_bom_format format, struct error *err)
{
    if (format == RECORD_BOM_SPDX) return bom_write_spdx(out, b, err);
    return bom_write(out, b, format == RECORD_BOM_1_7 ? BOM_1_7 : BOM_1_6, err);
}

enum status record_bom_write(struct buf *out, const struct record *r, const struct gate_verdict *v,
                             enum record_bom_format format, const char *timestamp,
                             struct error *err)
{
    struct arena arena;
    struct bom_model m;
    char serial[BOM_SERIAL_BYTES];
    bom_serial(serial, r->model.digest);
    arena_init(&arena, ARENA_BYTES_MAX);
    enum status st = record_bom(&m, r, v, &arena, err);
    struct bom b = { .serial = serial,
                     .timestamp = timestamp,
                     .tool_version = HEARTH_VERSION,
                     .models = &m,
                     .models_count = 1 };
    if (!st) st = record_bom_write_any(out, &b, format, err);
    arena_release(&arena);
    return st;
}
