/* What must hold before a bill of materials is written.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/registry/bom_inner.h"

/* The types of references that both versions know and a model has use for. */
static const char *const reference_types[] = {
    "adversary-model",
    "attestation",
    "bom",
    "build-meta",
    "chat",
    "configuration",
    "digital-signature",
    "distribution",
    "documentation",
    "electronic-signature",
    "evidence",
    "formulation",
    "issue-tracker",
    "license",
    "log",
    "model-card",
    "other",
    "quality-metrics",
    "release-notes",
    "risk-assessment",
    "security-contact",
    "source-distribution",
    "support",
    "threat-model",
    "vcs",
    "website",
};

static const char *const approaches[] = { "supervised", "unsupervised", "reinforcement-learning",
                                          "semi-supervised", "self-supervised" };

#define COUNT(list) (sizeof list / sizeof *list)

static bool is_in(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0) return true;
    return false;
}

static enum status wrong(struct error *err, const char *where, const char *words, const char *text)
{
    return error_set(err, STATUS_BAD_INPUT, "the bill of materials: %.100s: %s%s%.100s%s",
                     where ? where : "(unnamed)", words, text ? " \"" : "", text ? text : "",
                     text ? "\"" : "");
}

static enum status check_licences(const struct bom_licence *list, size_t count, const char *where,
                                  struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct bom_licence *l = &list[i];
        if (!!l->id + !!l->name + !!l->expression != 1)
            return wrong(err, where, "a licence must be an id, a name or an expression", NULL);
        if (l->id && (!*l->id || strncmp(l->id, "LicenseRef-", 11) == 0 || strchr(l->id, ' ')))
            return wrong(err, where, "no id of the SPDX list:", l->id);
        if (l->expression && l->text)
            return wrong(err, where, "an expression has no text of its own", NULL);
    }
    return STATUS_OK;
}

static enum status check_files(const struct bom_model *m, struct error *err)
{
    for (size_t i = 0; i < m->files_count; i++) {
        if (!m->files[i].name || !*m->files[i].name)
            return wrong(err, m->name, "a file has no name", NULL);
        if (!m->files[i].sha256) return wrong(err, m->name, "no digest of", m->files[i].name);
    }
    return STATUS_OK;
}

static enum status check_lists(const struct bom_model *m, struct error *err)
{
    for (size_t i = 0; i < m->references_count; i++) {
        const struct bom_reference *r = &m->references[i];
        if (!r->type || !is_in(reference_types, COUNT(reference_types), r->type))
            return wrong(err, m->name, "unknown type of a reference:", r->type ? r->type : "");
        if (!r->url || !*r->url) return wrong(err, m->name, "no url of the reference", r->type);
    }
    for (size_t i = 0; i < m->ancestors_count; i++)
        if (!m->ancestors[i].name) return wrong(err, m->name, "an ancestor has no name", NULL);
    for (size_t i = 0; i < m->properties_count; i++)
        if (!m->properties[i].name) return wrong(err, m->name, "a property has no name", NULL);
    if (m->approach && !is_in(approaches, COUNT(approaches), m->approach))
        return wrong(err, m->name, "unknown approach:", m->approach);
    return STATUS_OK;
}

static enum status check_sizes(const struct bom_model *m, struct error *err)
{
    const size_t counts[] = { m->files_count,     m->licences_count,  m->inputs_count,
                              m->outputs_count,   m->datasets_count,  m->metrics_count,
                              m->users_count,     m->use_cases_count, m->limitations_count,
                              m->tradeoffs_count, m->ancestors_count, m->references_count,
                              m->properties_count };
    for (size_t i = 0; i < COUNT(counts); i++)
        if (counts[i] > BOM_ITEMS_MAX)
            return error_set(err, STATUS_LIMIT,
                             "the bill of materials: %.100s: a list has more than %d items",
                             m->name ? m->name : "", BOM_ITEMS_MAX);
    return STATUS_OK;
}

static enum status check_model(const struct bom_model *m, struct error *err)
{
    enum status st = check_sizes(m, err);
    if (st) return st;
    if (!m->name || !*m->name) return wrong(err, m->ref, "the model has no name", NULL);
    if (!m->ref || !*m->ref) return wrong(err, m->name, "the model has no ref", NULL);
    st = check_files(m, err);
    if (!st) st = check_licences(m->licences, m->licences_count, m->name, err);
    return st ? st : check_lists(m, err);
}

static enum status check_software(const struct bom_software *s, struct error *err)
{
    if (!s->name || !*s->name) return wrong(err, s->ref, "the program has no name", NULL);
    if (!s->ref || !*s->ref) return wrong(err, s->name, "the program has no ref", NULL);
    return check_licences(s->licences, s->licences_count, s->name, err);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status check_refs(const struct bom *b, struct error *err)
{
    size_t count = 0;
    enum status st = STATUS_OK;
    const char **refs = mem_array(b->models_count + b->libraries_count + 1, sizeof *refs);
    if (!refs) return error_set(err, STATUS_NO_MEMORY, "no memory for a bill of materials");
    if (b->subject) refs[count++] = b->subject->ref;
    for (size_t i = 0; i < b->libraries_count; i++)
        refs[count++] = b->libraries[i].ref;
    for (size_t i = 0; i < b->models_count; i++)
        refs[count++] = b->models[i].ref;
    qsort(refs, count, sizeof *refs, by_text);
    for (size_t i = 1; i < count && !st; i++)
        if (strcmp(refs[i - 1], refs[i]) == 0)
            st = wrong(err, refs[i], "the ref stands twice", NULL);
    mem_free(refs);
    return st;
}

static bool good_serial(const char *s)
{
    static const char form[] = "urn:uuid:########-####-####-####-############";
    if (strlen(s) != sizeof form - 1) return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == '#' ? !strchr("0123456789abcdef", s[i]) : s[i] != form[i]) return false;
    return true;
}

enum status bom_check(const struct bom *b, struct error *err)
{
    enum status st = b->subject ? check_software(b->subject, err) : STATUS_OK;
    if (b->serial && !good_serial(b->serial)) return wrong(err, "serial", "not a UUID:", b->serial);
    if (b->models_count > BOM_MODELS_MAX || b->libraries_count > BOM_MODELS_MAX)
        return error_set(err, STATUS_LIMIT, "a bill of materials has at most %d models",
                         BOM_MODELS_MAX);
    for (size_t i = 0; i < b->libraries_count && !st; i++)
        st = check_software(&b->libraries[i], err);
    for (size_t i = 0; i < b->models_count && !st; i++)
        st = check_model(&b->models[i], err);
    return st ? st : check_refs(b, err);
}
