/* `hearth audit show`: entries of the log.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <time.h>

#include "front/cmd/audit_folder.h"
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/report.h"

#define SHOWN_DEFAULT 20

static const struct option_spec specs[] = {
    { "last", 'n', OPTION_INT, "N", .min = 1, .max = 1e9, .help = "how many; without it 20" },
    { "kind", 0, OPTION_TEXT, "KIND", .help = "only this kind, such as model.add" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &audit_table, &json_table, NULL };

static void show_line(struct report *r, uint64_t index, const struct json *entry)
{
    struct buf body = BUF_INIT((size_t)1 << 20);
    struct json_writer w;
    char when[32];
    struct tm tm;
    time_t seconds = (time_t)(json_int(json_get(entry, "time_ms"), 0) / 1000);
    gmtime_r(&seconds, &tm);
    when[strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm)] = 0;
    json_writer_init(&w, &body, 0);
    json_put_value(&w, json_get(entry, "body"));
    const char *kind = json_text(json_get(entry, "kind"));
    report_line(r, "%" PRIu64 "  %s  %s  %s", index, when, kind ? kind : "?",
                body.data ? body.data : "");
    buf_release(&body);
}

static enum status show(struct report *r, struct audit_view *v, uint64_t index, const char *kind,
                        bool *ret_shown, struct error *err)
{
    struct span text;
    struct json_doc *doc;
    enum status st = audit_view_entry(v, index, &text, err);
    if (!st) st = json_parse(&doc, text.data, text.len, text.len + 1, "an audit entry", err);
    if (st) return st;
    const struct json *entry = json_root(doc);
    *ret_shown = !kind || span_equals(json_string(json_get(entry, "kind")), kind);
    if (*ret_shown && r->json) {
        report_open_object(r, NULL);
        report_int(r, "index", NULL, (int64_t)index);
        json_key(&r->writer, "entry");
        json_put_value(&r->writer, entry);
        report_close_object(r);
    } else if (*ret_shown) show_line(r, index, entry);
    json_doc_free(doc);
    return STATUS_OK;
}

/* The first entry to be shown, so that `wanted` of this kind follow. */
static enum status find_first(struct audit_view *v, const char *kind, uint64_t wanted,
                              uint64_t *ret, struct error *err)
{
    uint64_t at = audit_view_checkpoint(v)->size, seen = 0;
    struct report nowhere;
    report_begin(&nowhere, false);
    enum status st = STATUS_OK;
    while (at > 0 && seen < wanted && !st) {
        bool shown = true;
        if (kind) st = show(&nowhere, v, at - 1, kind, &shown, err);
        seen += shown;
        at--;
    }
    report_abandon(&nowhere);
    *ret = at;
    return st;
}

static enum status show_last(struct report *r, struct audit_view *v, const struct args *args,
                             struct error *err)
{
    const char *kind = args_text(args, "kind", NULL);
    enum audit_kind known;
    uint64_t at = 0;
    if (kind && !audit_kind_find(span_of(kind), &known))
        return error_set(err, STATUS_USAGE, "there is no kind \"%s\" of audit entries", kind);
    enum status st = find_first(v, kind, (uint64_t)args_int(args, "last", SHOWN_DEFAULT), &at, err);
    for (; at < audit_view_checkpoint(v)->size && !st; at++) {
        bool shown;
        st = show(r, v, at, kind, &shown, err);
    }
    return st;
}

static enum status show_one(struct report *r, struct audit_view *v, const char *text,
                            struct error *err)
{
    int64_t index;
    bool shown;
    if (!parse_int(text, &index) || index < 0)
        return error_set(err, STATUS_USAGE, "\"%s\" is not the number of an entry", text);
    return show(r, v, (uint64_t)index, NULL, &shown, err);
}

static enum status run(const struct args *args, struct error *err)
{
    struct audit_view *v;
    struct report r;
    const char *index = args_operand(args, 0);
    enum status st = audit_folder_view(&v, args, err);
    if (st) return st;
    report_begin(&r, args_flag(args, "json"));
    report_int(&r, "size", NULL, (int64_t)audit_view_checkpoint(v)->size);
    if (!r.json) buf_clear(&r.out);
    report_open_array(&r, "entries");
    st = index ? show_one(&r, v, index, err) : show_last(&r, v, args, err);
    report_close_array(&r);
    audit_view_close(v);
    if (!st) return report_end(&r, err);
    report_abandon(&r);
    return st;
}

const struct command cmd_audit_show = {
    .name = "audit show",
    .summary = "show entries of the audit log: the last ones, or one by its number",
    .operands = "[INDEX]",
    .operands_max = 1,
    .about = "Entries are shown as they are stored. Whether the log still holds what was signed, "
             "`hearth "
             "audit verify` says.",
    .tables = tables,
    .run = run,
};
