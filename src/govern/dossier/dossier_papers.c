/* Lineage and bills of materials on the page.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "govern/dossier/dossier.h"

#define TESTS_MAX 32

/* ---- lineage ---- */

static void put_claim(struct page *p, const struct lineage_claim *c)
{
    page_open_row(p);
    page_cell(p, c->parent);
    page_cell(p, *c->relation ? c->relation : "not said");
    page_markup(p, "<td>");
    page_text(p, c->file);
    if (c->line) page_format(p, ", line %d", c->line);
    page_markup(p, " <span class=\"by\">");
    page_text(p, c->place);
    page_markup(p, "</span></td>");
    page_close_row(p);
}

static void put_declared(struct page *p, const struct record *r)
{
    static const enum page_title columns[] = { TITLE_PARENT, TITLE_RELATION, TITLE_FILE };
    const struct lineage_claims *c = r->claims;
    page_heading(p, TITLE_DECLARED_LINEAGE);
    if (!r->parent_count)
        page_note(p, "Its files name no model that it was made from. That is no evidence that "
                     "there is none.");
    if (c && c->count) {
        page_open_table(p, columns, 3);
        for (int i = 0; i < c->count; i++)
            put_claim(p, &c->at[i]);
        page_close_table(p);
        page_note(p, "Claims of whoever published it.");
    }
    for (int i = 0; c && i < c->finding_count; i++) {
        page_markup(p, "<p>");
        page_badge(p, "ask", "finding");
        page_markup(p, " ");
        page_text(p, c->findings[i]);
        page_markup(p, "</p>\n");
    }
}

/* Whether one of the two sides is this model, by the digest of its tensors. */
static bool is_about(const struct json *root, const struct record *r)
{
    const char *own = record_fact(r, "tensors.sha256");
    static const char *const sides[] = { "a.tensor_set_sha256", "b.tensor_set_sha256" };
    for (int i = 0; i < 2 && own; i++) {
        const char *side = json_text(json_path(root, sides[i]));
        if (side && strcmp(side, own) == 0) return true;
    }
    return false;
}

static void put_test(struct page *p, const struct json *t)
{
    char value[64];
    bool ran = json_bool(json_get(t, "ran"), false);
    bool withdrawn = json_bool(json_get(t, "withdrawn"), false);
    const struct json *log_p = json_get(t, "log10_p_holm");
    snprintf(value, sizeof value, "%s", !ran ? "did not run" : withdrawn ? "withdrawn" : "");
    if (ran && !withdrawn && log_p)
        snprintf(value, sizeof value, "p = 10^%.1f (Holm)", json_number(log_p, 0));
    page_open_row(p);
    page_markup(p, "<td><b>");
    page_span(p, json_string(json_get(t, "id")));
    page_markup(p, "</b> ");
    page_span(p, json_string(json_get(t, "title")));
    page_markup(p, "</td>");
    page_cell(p, value);
    page_markup(p, "<td>");
    page_span(p, json_string(json_get(t, ran && !withdrawn ? "blind_to" : "why_not")));
    page_markup(p, "</td>");
    page_close_row(p);
}

static void put_tests(struct page *p, const struct json *root)
{
    static const enum page_title columns[] = { TITLE_TESTED_LINEAGE, TITLE_VALUE,
                                               TITLE_LIMITATIONS };
    const struct json *tests = json_get(root, "tests");
    if (json_type(tests) == JSON_OBJECT) tests = json_get(tests, "tests");
    if (!json_length(tests)) return;
    page_open_table(p, columns, 3);
    for (size_t i = 0; i < json_length(tests) && i < TESTS_MAX; i++)
        put_test(p, json_at(tests, i));
    page_close_table(p);
}

static enum status put_tested(struct page *p, const struct dossier *d, struct error *err)
{
    struct json_doc *doc;
    page_heading(p, TITLE_TESTED_LINEAGE);
    if (!d->lineage.len) {
        page_note(p, "No weight tests were given: `hearth lineage A B --json` makes them, "
                     "--lineage FILE puts "
                     "them here.");
        return STATUS_OK;
    }
    enum status st =
        json_parse(&doc, d->lineage.data, d->lineage.len, LINEAGE_BYTES_MAX, "the lineage", err);
    if (st) return st;
    const struct json *root = json_root(doc), *inner = json_get(root, "lineage");
    if (inner) root = inner;
    if (!is_about(root, d->record))
        page_note(
            p, "Neither side of these tests has the tensors of this model: they are about others.");
    page_markup(p, "<p>");
    page_span(p, json_string(json_get(root, "verdict")));
    page_markup(p, "</p>\n");
    put_tests(p, root);
    json_doc_free(doc);
    return STATUS_OK;
}

enum status dossier_put_lineage(struct page *p, const struct dossier *d, struct error *err)
{
    page_open_section(p, TITLE_LINEAGE);
    put_declared(p, d->record);
    enum status st = put_tested(p, d, err);
    page_close_section(p);
    return st;
}

/* ---- papers ---- */

static void put_bom(struct page *p, const struct record *r)
{
    static const enum page_title columns[] = { TITLE_DOCUMENT, TITLE_FILE };
    static const char *const documents[][2] = {
        { "CycloneDX 1.7", "bom.cdx.json" },
        { "CycloneDX 1.6", "bom-1.6.cdx.json" },
        { "SPDX 3.0.1", "bom.spdx.json" },
    };
    page_open_section(p, TITLE_BOM);
    page_markup(p, "<p>");
    page_format(
        p,
        "One machine-learning model of %zu files, each with its digest; its licences, declared and "
        "concluded; %d declared ancestor%s; the facts above as properties.",
        r->model.file_count, r->parent_count, r->parent_count == 1 ? "" : "s");
    page_markup(p, "</p>\n");
    page_open_table(p, columns, 2);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        page_open_row(p);
        page_cell(p, documents[i][0]);
        page_cell_mono(p, documents[i][1]);
        page_close_row(p);
    }
    page_close_table(p);
    page_close_section(p);
}

void dossier_put_papers(struct page *p, const struct dossier *d)
{
    put_bom(p, d->record);
    dossier_put_signatures(p, d);
}
