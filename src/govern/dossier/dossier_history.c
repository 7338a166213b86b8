/* Approvals, and what the audit log says about the model.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "govern/dossier/dossier.h"

#define ENTRY_BYTES_MAX ((size_t)1 << 17)
#define PROOF_BYTES_MAX ((size_t)1 << 20)

/* ---- finding entries ---- */

/* An entry is about the model when it has its digest ("sha256:<hex>" or hex alone), or its alias. */
static bool is_about(const struct json *body, const struct record *r)
{
    char hex[SHA256_HEX_BYTES];
    const char *digest = json_text(json_get(body, "digest"));
    const char *alias = json_text(json_get(body, "alias"));
    sha256_hex(r->model.digest, hex);
    if (digest && strncmp(digest, "sha256:", 7) == 0) digest += 7;
    if (digest && strcmp(digest, hex) == 0) return true;
    return alias && strcmp(alias, r->model.alias) == 0;
}

static bool ends_with_ms(struct span key)
{
    return key.len > 3 && memcmp(key.data + key.len - 3, "_ms", 3) == 0;
}

static bool is_hex_digest(struct span s)
{
    uint8_t digest[SHA256_BYTES];
    return sha256_from_hex(s.data, s.len, digest);
}

/* A digest of the model's own files needs no repeating; another is told by its first letters. Keyed hashes say nothing
 * to a reader: what they hold stands under Approvals. The entry itself lies in the folder, whole. */
static void tell_text(struct buf *out, struct span s, const struct record *r)
{
    char own[SHA256_HEX_BYTES];
    sha256_hex(r->model.digest, own);
    if (s.len > 7 && memcmp(s.data, "sha256:", 7) == 0) s = (struct span){ s.data + 7, s.len - 7 };
    if (span_equals(s, own)) buf_text(out, "of these files");
    else if (s.len > 12 && memcmp(s.data, "hmac-sha256:", 12) == 0) buf_text(out, "a keyed hash");
    else if (is_hex_digest(s)) buf_format(out, "%.16s...", s.data);
    else buf_format(out, "%.*s", s.len > 200 ? 200 : (int)s.len, s.data);
}

static void tell_value(struct buf *out, struct span key, const struct json *v,
                       const struct record *r)
{
    char at[RECORD_TIME_BYTES];
    struct json_writer w;
    if (json_type(v) == JSON_STRING) {
        tell_text(out, json_string(v), r);
    } else if (json_type(v) == JSON_ARRAY) {
        for (size_t i = 0; i < json_length(v); i++) {
            if (i) buf_text(out, ", ");
            tell_value(out, (struct span){ "", 0 }, json_at(v, i), r);
        }
        if (!json_length(v)) buf_text(out, "none");
    } else if (ends_with_ms(key)) {
        record_time(at, json_int(v, 0));
        buf_text(out, at);
    } else if (json_type(v) == JSON_BOOL) {
        buf_text(out, json_bool(v, false) ? "yes" : "no");
    } else {
        json_writer_init(&w, out, 0);
        json_put_value(&w, v);
    }
}

/* The body's members as "name: value", in the order of the entry; what the page says anyway is left out. */
static void tell_body(char out[1024], const struct json *body, const struct record *r)
{
    struct buf text = BUF_INIT(1023);
    for (struct json_member m = json_first(body); m.value; m = json_next(body, m)) {
        struct buf value = BUF_INIT(ENTRY_BYTES_MAX);
        bool own = span_equals(m.key, "alias") && json_type(m.value) == JSON_STRING &&
                   span_equals(json_string(m.value), r->model.alias);
        int key = (int)(ends_with_ms(m.key) ? m.key.len - 3 : m.key.len);
        if (!own && json_type(m.value) != JSON_NULL) tell_value(&value, m.key, m.value, r);
        if (value.len && !value.failed)
            buf_format(&text, "%s%.*s: %.*s", text.len ? "; " : "", key, m.key.data,
                       value.len > 400 ? 400 : (int)value.len, value.data);
        buf_release(&value);
    }
    snprintf(out, 1024, "%s", text.data ? text.data : "");
    buf_release(&text);
}

/* Proves it to itself, as whoever reads the folder will. */
static bool is_proven(struct audit_view *log, uint64_t index, struct span entry)
{
    struct buf proof = BUF_INIT(PROOF_BYTES_MAX);
    struct buf copy = BUF_INIT(ENTRY_BYTES_MAX); /* the view's span lives until its next call */
    uint64_t found;
    buf_append(&copy, entry.data, entry.len);
    bool holds = !copy.failed && !audit_view_proof(log, index, &proof, NULL) &&
                 !audit_proof_check((struct span){ proof.data, proof.len },
                                    (struct span){ copy.data, copy.len }, audit_view_key(log),
                                    &found, NULL) &&
                 found == index;
    buf_release(&proof);
    buf_release(&copy);
    return holds;
}

static enum status take_entry(struct dossier *d, uint64_t index, struct error *err)
{
    struct span entry;
    struct json_doc *doc;
    enum status st = audit_view_entry(d->log, index, &entry, err);
    if (st) return st;
    st = json_parse(&doc, entry.data, entry.len, ENTRY_BYTES_MAX, "an entry of the audit log", err);
    if (st) return error_wrap(err, st, "entry %" PRIu64, index);
    const struct json *root = json_root(doc), *body = json_get(root, "body");
    if (is_about(body, d->record)) {
        struct dossier_entry *e = &d->entries[d->entry_count];
        const char *kind = json_text(json_get(root, "kind"));
        *e = (struct dossier_entry){ .index = index,
                                     .time_ms = json_int(json_get(root, "time_ms"), 0) };
        snprintf(e->kind, sizeof e->kind, "%s", kind ? kind : "");
        tell_body(e->details, body, d->record);
        e->proven = is_proven(d->log, index, entry);
        d->entry_count++;
    }
    json_doc_free(doc);
    return STATUS_OK;
}

/* The newest first, so that what is cut is old. */
enum status dossier_find_entries(struct dossier *d, struct error *err)
{
    enum status st = STATUS_OK;
    if (!d->log) return STATUS_OK;
    uint64_t size = audit_view_checkpoint(d->log)->size;
    d->entries = mem_array(DOSSIER_ENTRIES_MAX, sizeof *d->entries);
    if (!d->entries) return error_set(err, STATUS_NO_MEMORY, "no memory for entries of the log");
    uint64_t left = size < DOSSIER_LOG_MAX ? size : DOSSIER_LOG_MAX;
    for (uint64_t i = size; left > 0 && d->entry_count < DOSSIER_ENTRIES_MAX && !st; left--)
        st = take_entry(d, --i, err);
    d->entries_cut = left > 0 || size > DOSSIER_LOG_MAX;
    return st;
}

void dossier_release(struct dossier *d)
{
    mem_free(d->entries);
    mem_free(d->signatures);
    d->entries = NULL;
    d->signatures = NULL;
    d->entry_count = 0;
}

/* ---- the page ---- */

static void put_time(struct page *p, int64_t ms)
{
    char text[RECORD_TIME_BYTES];
    record_time(text, ms);
    page_markup(p, "<td class=\"num\">");
    page_text(p, text);
    page_markup(p, "</td>");
}

static void put_approvals(struct page *p, const struct gate_verdict *v)
{
    static const enum page_title columns[] = { TITLE_BY,    TITLE_REASON, TITLE_AT,
                                               TITLE_UNTIL, TITLE_ENTRY,  TITLE_COUNTS };
    page_open_section(p, TITLE_APPROVALS);
    if (!v || !v->approval_count) {
        page_note(p, "Nobody approved anything about this model.");
        page_close_section(p);
        return;
    }
    page_open_table(p, columns, 6);
    for (int i = 0; i < v->approval_count; i++) {
        const struct gate_approval *a = &v->approvals[i];
        char entry[32];
        snprintf(entry, sizeof entry, "%" PRIu64, a->entry);
        page_open_row(p);
        page_cell(p, a->by);
        page_cell(p, a->reason);
        put_time(p, a->at_ms);
        put_time(p, a->until_ms);
        page_cell(p, entry);
        page_cell(p, a->counts ? "yes" : "no");
        page_close_row(p);
    }
    page_close_table(p);
    page_close_section(p);
}

static void put_entry(struct page *p, const struct dossier_entry *e)
{
    enum audit_kind kind;
    char index[32];
    snprintf(index, sizeof index, "%" PRIu64, e->index);
    page_open_row(p);
    page_cell(p, index);
    put_time(p, e->time_ms);
    page_markup(p, "<td>");
    page_text(p, audit_kind_find(span_of(e->kind), &kind) ? audit_kind_words(kind) : e->kind);
    page_markup(p, " <span class=\"by\">");
    page_text(p, e->kind);
    page_markup(p, "</span></td>");
    page_cell(p, e->details);
    page_markup(p, "<td>");
    page_badge(p, e->proven ? "allow" : "deny", e->proven ? "proven" : "not proven");
    page_markup(p, "</td>");
    page_close_row(p);
}

static void put_checkpoint(struct page *p, struct audit_view *log)
{
    char key[NOTE_KEY_TEXT_BYTES];
    note_key_text(audit_view_key(log), key);
    page_heading(p, TITLE_CHECKPOINT);
    page_markup(p, "<p><code class=\"block\">");
    page_span(p, audit_view_note(log));
    page_markup(p, "</code></p><p><code class=\"block\">");
    page_text(p, key);
    page_markup(p, "</code></p>\n");
    page_note(p, "Each entry lies whole in the folder audit, with its proof: `hearth audit verify "
                 "--proof` checks one, "
                 "and so can any "
                 "program that knows C2SP tlog-proof. That the key is the right one is for whoever "
                 "reads this to "
                 "find out elsewhere.");
}

static void put_changes(struct page *p, const struct dossier *d)
{
    static const enum page_title columns[] = { TITLE_ENTRY, TITLE_AT, TITLE_KIND, TITLE_DETAILS,
                                               TITLE_PROOF };
    page_open_section(p, TITLE_HISTORY);
    if (!d->entry_count) page_note(p, "The audit log says nothing about this model.");
    if (d->entry_count) {
        page_open_table(p, columns, 5);
        for (size_t i = 0; i < d->entry_count; i++)
            put_entry(p, &d->entries[i]);
        page_close_table(p);
    }
    if (d->entries_cut)
        page_note(
            p, "Older entries are not shown: the list was cut. `hearth audit show` has them all.");
    if (d->log) put_checkpoint(p, d->log);
    page_close_section(p);
}

void dossier_put_history(struct page *p, const struct dossier *d)
{
    put_approvals(p, d->verdict);
    put_changes(p, d);
}
