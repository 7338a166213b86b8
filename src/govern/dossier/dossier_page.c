/* The page: its frame, and what is known of the model.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "govern/dossier/dossier.h"
#include "govern/dossier/dossier_style.h"

static const char *const answer_looks[] = { "allow", "ask", "deny" };

static void hex_of(char out[SHA256_HEX_BYTES + 8], const uint8_t digest[SHA256_BYTES])
{
    char hex[SHA256_HEX_BYTES];
    sha256_hex(digest, hex);
    snprintf(out, SHA256_HEX_BYTES + 8, "sha256:%s", hex);
}

static void grouped(char out[32], uint64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, v), o = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) out[o++] = ',';
        out[o++] = digits[i];
    }
    out[o] = 0;
}

/* ---- identity ---- */

static void put_files(struct page *p, const struct record *r)
{
    static const enum page_title columns[] = { TITLE_FILE, TITLE_ROLE, TITLE_SIZE, TITLE_SHA256 };
    char hex[SHA256_HEX_BYTES], bytes[32];
    page_heading(p, TITLE_FILES);
    page_open_table(p, columns, 4);
    for (size_t i = 0; i < r->model.file_count; i++) {
        const struct registry_file *f = &r->model.files[i];
        sha256_hex(f->sha256, hex);
        grouped(bytes, f->bytes);
        page_open_row(p);
        page_cell(p, f->name);
        page_cell(p, record_role(f->name));
        page_markup(p, "<td class=\"num\">");
        page_text(p, bytes);
        page_markup(p, "</td>");
        page_cell_mono(p, hex);
        page_close_row(p);
    }
    page_close_table(p);
}

static void put_warnings(struct page *p, const struct record *r)
{
    const struct json *warnings = json_get(r->facts, "warnings");
    if (!json_length(warnings)) return;
    page_heading(p, TITLE_WARNINGS);
    page_markup(p, "<ul>");
    for (size_t i = 0; i < json_length(warnings); i++) {
        page_markup(p, "<li>");
        page_span(p, json_string(json_at(warnings, i)));
        page_markup(p, "</li>");
    }
    page_markup(p, "</ul>\n");
}

void dossier_put_identity(struct page *p, const struct dossier *d)
{
    const struct record *r = d->record;
    char digest[SHA256_HEX_BYTES + 8], root[SHA256_HEX_BYTES + 8], added[RECORD_TIME_BYTES];
    char count[32] = "", size[64], bytes[32];
    int64_t parameters = json_int(json_path(r->facts, "tensors.parameters"), 0);
    hex_of(digest, r->model.digest);
    hex_of(root, r->root_sha256);
    record_time(added, r->model.added_ms);
    if (parameters > 0) grouped(count, (uint64_t)parameters);
    grouped(bytes, record_bytes(r));
    snprintf(size, sizeof size, "%s bytes in %zu files", bytes, r->model.file_count);
    page_open_section(p, TITLE_IDENTITY);
    page_open_facts(p);
    page_fact(p, TITLE_MODEL, r->model.alias);
    page_fact(p, TITLE_SOURCE, r->model.source);
    page_fact(p, TITLE_REVISION, r->model.revision);
    page_fact_mono(p, TITLE_DIGEST, digest);
    page_fact_mono(p, TITLE_ROOT, root);
    page_fact(p, TITLE_ADDED, added);
    page_fact(p, TITLE_PIN,
              r->pinned ? "pinned: hearth.lock names these very files" : r->pin_words);
    page_fact(p, TITLE_ARCHITECTURE, record_fact(r, "architecture"));
    page_fact(p, TITLE_PARAMETERS, count);
    page_fact_mono(p, TITLE_TENSORS, record_fact(r, "tensors.sha256"));
    page_fact(p, TITLE_TOKENIZER, record_fact(r, "tokenizer.kind"));
    page_fact_mono(p, TITLE_TEMPLATE, record_fact(r, "template_sha256"));
    page_fact(p, TITLE_SIZE, size);
    page_close_facts(p);
    put_files(p, r);
    put_warnings(p, r);
    page_close_section(p);
}

/* ---- licence ---- */

static void put_declared(struct page *p, const struct record *r)
{
    bool any = false;
    page_open_fact(p, TITLE_DECLARED);
    for (int i = 0; i < r->text_count; i++) {
        const struct card_claim *c = &r->readings[i]->card;
        struct span word = c->name.len ? c->name : c->id;
        if (!word.len) continue;
        if (any) page_markup(p, "<br>");
        any = true;
        page_span(p, word);
        page_markup(p, " <span class=\"by\">");
        page_text(p, r->text_names[i]);
        page_markup(p, "</span>");
    }
    if (!any) page_markup(p, "<span class=\"unknown\">nothing is declared</span>");
    page_close_fact(p);
}

static void put_concluded(struct page *p, const struct record *r)
{
    const char *id = r->weights ? licence_reading_id(r->weights) : NULL;
    bool sure = r->weights && r->weights->match.kind >= MATCH_NORMALISED;
    page_open_fact(p, TITLE_CONCLUDED);
    if (id && sure) {
        page_text(p, r->weights->facts ? r->weights->facts->name : id);
        page_format(p, " (%s)", id);
    } else {
        page_markup(p, "<span class=\"unknown\">no text of a known licence</span>");
    }
    page_close_fact(p);
}

static void put_rules(struct page *p, const struct licence_verdict *v)
{
    page_heading(p, TITLE_CLAUSES);
    if (!v->count) page_note(p, "The licence asks for nothing that the declared use touches.");
    for (int i = 0; i < v->count; i++) {
        const struct licence_rule *r = &v->rules[i];
        page_markup(p, "<div class=\"rule\"><p>");
        page_badge(p, answer_looks[r->answer], licence_answer_name(r->answer));
        page_markup(p, " <b>");
        page_text(p, licence_rule_name(r->id));
        page_markup(p, "</b> ");
        page_text(p, r->reason);
        page_markup(p, "</p>");
        if (r->quote[0]) {
            page_markup(p, "<blockquote>");
            page_text(p, r->quote);
            page_markup(p, "</blockquote>");
        }
        if (r->next[0]) {
            page_markup(p, "<p class=\"next\">");
            page_text(p, r->next);
            page_markup(p, "</p>");
        }
        page_markup(p, "</div>\n");
    }
}

static void put_texts(struct page *p, const struct record *r)
{
    static const enum page_title columns[] = { TITLE_DOCUMENT, TITLE_FILE, TITLE_LICENCE,
                                               TITLE_MATCH };
    char name[DOSSIER_NAME_BYTES];
    page_heading(p, TITLE_TEXTS);
    page_open_table(p, columns, 4);
    for (int i = 0; i < r->text_count; i++) {
        const char *id = licence_reading_id(r->readings[i]);
        dossier_copy_name(name, "licences", i + 1, r->text_names[i]);
        page_open_row(p);
        page_cell(p, r->text_names[i]);
        page_cell_mono(p, name);
        page_cell(p, id ? id : "none known");
        bool named = id && r->readings[i]->match.kind == MATCH_NONE;
        page_cell(p, named ? "named, without its text"
                           : licence_match_name(r->readings[i]->match.kind));
        page_close_row(p);
    }
    page_close_table(p);
    if (r->texts_left_out)
        page_note(p, "Not all texts were read: there are too many, or they are too long.");
}

void dossier_put_licence(struct page *p, const struct dossier *d)
{
    const struct record *r = d->record;
    char use[DOSSIER_USE_BYTES];
    dossier_use_words(use, d->policy);
    page_open_section(p, TITLE_LICENCE);
    page_open_facts(p);
    put_declared(p, r);
    put_concluded(p, r);
    page_fact(p, TITLE_DECLARED_USE, use);
    page_open_fact(p, TITLE_LICENCE_VERDICT);
    page_badge(p, answer_looks[r->licence.answer], licence_answer_name(r->licence.answer));
    page_close_fact(p);
    page_close_facts(p);
    put_rules(p, &r->licence);
    put_texts(p, r);
    page_close_section(p);
}

/* ---- openness ---- */

static void put_missing(struct page *p, const struct openness *o)
{
    enum openness_component missing[COMPONENT_COUNT];
    int next = o->mof_class ? o->mof_class - 1 : 3;
    int count = next ? openness_missing(o, next, missing, COMPONENT_COUNT) : 0;
    if (!count) return;
    page_open_fact(p, TITLE_MISSING);
    for (int i = 0; i < count; i++)
        page_format(p, "%s%s", i ? ", " : "", openness_component_name(missing[i]));
    page_close_fact(p);
}

static void put_label(struct page *p, enum page_title t, const char *answer, const char *reason)
{
    page_open_fact(p, t);
    page_markup(p, "<b>");
    page_text(p, answer);
    page_markup(p, "</b>. ");
    page_text(p, reason);
    page_close_fact(p);
}

void dossier_put_openness(struct page *p, const struct dossier *d)
{
    static const char *const classes[] = { "no class", "class I, open science",
                                           "class II, open tooling", "class III, open model" };
    static const char *const yes_no[] = { "no", "unknown", "yes" };
    static const char *const likely[] = { "unlikely", "unknown", "likely" };
    static const char *const states[] = { "absent", "closed", "unclear", "hinted at", "open" };
    static const enum page_title columns[] = { TITLE_COMPONENT, TITLE_STATE, TITLE_EVIDENCE };
    const struct openness *o = &d->record->openness;
    page_open_section(p, TITLE_OPENNESS);
    page_open_facts(p);
    put_label(p, TITLE_MOF, classes[o->mof_class], "");
    put_missing(p, o);
    put_label(p, TITLE_OSAID, yes_no[o->osaid], o->osaid_reason);
    put_label(p, TITLE_ACT_53, likely[o->act], o->act_reason);
    page_close_facts(p);
    page_open_table(p, columns, 3);
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        page_open_row(p);
        page_cell(p, openness_component_name((enum openness_component)i));
        page_cell(p, states[o->components[i].state]);
        page_cell(p, o->components[i].evidence);
        page_close_row(p);
    }
    page_close_table(p);
    page_close_section(p);
}

/* ---- the frame ---- */

static void put_head(struct page *p, const struct dossier *d)
{
    char at[RECORD_TIME_BYTES];
    record_time(at, d->at_ms);
    /* What stands below the headings is English in every language. */
    page_markup(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
                   "http-equiv=\"Content-Security-Policy\" "
                   "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    page_text(p, d->record->model.alias);
    page_markup(p, " - model dossier</title>\n<style>" DOSSIER_STYLE "</style>\n</head>\n<body>\n"
                   "<header>\n<p class=\"kind\">");
    page_title(p, TITLE_DOSSIER);
    page_markup(p, "</p>\n<h1>");
    page_text(p, d->record->model.alias);
    page_markup(p, "</h1>\n<p class=\"made\">");
    page_text(p, at);
    page_markup(p, " · hearth " HEARTH_VERSION "</p>\n</header>\n");
}

static void put_box(struct page *p, enum page_title t, const char *look, const char *words,
                    const char *below)
{
    page_markup(p, "<div class=\"box\"><p class=\"what\">");
    page_title(p, t);
    page_markup(p, "</p><p>");
    page_badge(p, look, words);
    page_markup(p, "</p><p class=\"below\">");
    page_text(p, below);
    page_markup(p, "</p></div>\n");
}

static void put_summary(struct page *p, const struct dossier *d)
{
    const struct record *r = d->record;
    const char *id = r->weights ? licence_reading_id(r->weights) : NULL;
    static const char *const classes[] = { "no class", "class I", "class II", "class III" };
    static const char *const osaid[] = { "not open source AI (OSAID)", "OSAID unknown",
                                         "open source AI (OSAID)" };
    char entries[64];
    const struct gate_finding *first = d->verdict ? gate_verdict_first(d->verdict) : NULL;
    snprintf(entries, sizeof entries, "%zu entr%s in the audit log", d->entry_count,
             d->entry_count == 1 ? "y" : "ies");
    page_markup(p, "<div class=\"summary\">\n");
    if (d->verdict)
        put_box(p, TITLE_VERDICT, d->verdict->allowed ? "allow" : "deny",
                d->verdict->allowed ? "may run" : "refused",
                first ? first->id : gate_mode_name(d->verdict->mode));
    put_box(p, TITLE_LICENCE, answer_looks[r->licence.answer],
            licence_answer_name(r->licence.answer), id ? id : "no known licence");
    put_box(p, TITLE_OPENNESS, "plain", classes[r->openness.mof_class], osaid[r->openness.osaid]);
    put_box(p, TITLE_PIN, r->pinned ? "allow" : "deny", r->pinned ? "pinned" : "not pinned",
            entries);
    page_markup(p, "</div>\n");
}

static void put_contents(struct page *p)
{
    static const enum page_title sections[] = {
        TITLE_IDENTITY, TITLE_VERDICT,    TITLE_LICENCE,   TITLE_OPENNESS, TITLE_LINEAGE,
        TITLE_BOM,      TITLE_SIGNATURES, TITLE_APPROVALS, TITLE_HISTORY,  TITLE_GDPR_30,
        TITLE_GDPR_35,  TITLE_AI_ACT,     TITLE_BANK,      TITLE_LAW,
    };
    page_markup(p, "<nav><h2>");
    page_title(p, TITLE_CONTENTS);
    page_markup(p, "</h2><ol>\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        buf_format(p->out, "<li><a href=\"#s%d\">", (int)sections[i]);
        page_title(p, sections[i]);
        page_markup(p, "</a></li>\n");
    }
    page_markup(p, "</ol></nav>\n");
}

static void put_scope(struct page *p)
{
    page_markup(p, "<aside><h2>");
    page_title(p, TITLE_SCOPE);
    page_markup(p, "</h2>");
    page_note(
        p,
        "What the model's own files say stands here as their claim; what was recognised, checked "
        "or decided stands here as this program's or a named person's. Texts of the model are "
        "shown "
        "as text only. Statements about law are dated, sourced templates for counsel, never "
        "conclusions. Digests are of the bytes in the store, which the gate verifies before it "
        "runs them.");
    page_markup(p, "</aside>\n");
}

static void put_verdict(struct page *p, const struct gate_verdict *v)
{
    static const enum page_title columns[] = { TITLE_ANSWER, TITLE_RULE, TITLE_REASON, TITLE_NEXT };
    page_open_section(p, TITLE_VERDICT);
    if (!v) {
        page_note(p, "The gate was not asked.");
        page_close_section(p);
        return;
    }
    page_open_facts(p);
    page_open_fact(p, TITLE_VERDICT);
    page_badge(p, v->allowed ? "allow" : "deny", v->allowed ? "may run" : "refused");
    page_close_fact(p);
    page_fact(p, TITLE_MODE, gate_mode_name(v->mode));
    page_close_facts(p);
    if (v->count) page_open_table(p, columns, 4);
    for (int i = 0; i < v->count; i++) {
        const struct gate_finding *f = &v->findings[i];
        page_open_row(p);
        page_markup(p, "<td>");
        page_badge(p, f->approved ? "allow" : answer_looks[f->answer],
                   f->approved ? "approved" : licence_answer_name(f->answer));
        page_markup(p, "</td>");
        page_cell_name(p, f->id);
        page_markup(p, "<td>");
        if (f->file[0]) page_format(p, "%s: ", f->file);
        page_text(p, f->reason);
        page_markup(p, "</td>");
        page_cell(p, f->next);
        page_close_row(p);
    }
    if (v->count) page_close_table(p);
    page_close_section(p);
}

enum status dossier_page(struct buf *out, const struct dossier *d, struct error *err)
{
    struct page p = { .out = out, .language = d->language };
    put_head(&p, d);
    put_summary(&p, d);
    put_scope(&p);
    put_contents(&p);
    page_markup(&p, "<main>\n");
    dossier_put_identity(&p, d);
    put_verdict(&p, d->verdict);
    dossier_put_licence(&p, d);
    dossier_put_openness(&p, d);
    enum status st = dossier_put_lineage(&p, d, err);
    if (st) return st;
    dossier_put_papers(&p, d);
    dossier_put_history(&p, d);
    dossier_put_drafts(&p, d);
    page_markup(&p, "</main>\n</body>\n</html>\n");
    return buf_check(out, "the dossier's page", err);
}
