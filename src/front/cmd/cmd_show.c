/* `hearth show`: one model of the store.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/model_store.h"
#include "front/cmd/terminal.h"
#include "govern/registry/lock_file.h"

static const struct option_table *const tables[] = { &lock_table, &json_table, NULL };

static void show_files(struct report *r, const struct registry_model *m)
{
    report_open_array(r, "files");
    report_line(r, "files");
    for (size_t i = 0; i < m->file_count; i++) {
        const struct registry_file *f = &m->files[i];
        char hex[SHA256_HEX_BYTES], bytes[32];
        sha256_hex(f->sha256, hex);
        format_bytes(bytes, sizeof bytes, f->bytes);
        report_line(r, "  %.12s  %10s  %s", hex, bytes, f->name);
        if (!r->json) continue;
        report_open_object(r, NULL);
        report_text(r, "name", NULL, f->name);
        report_int(r, "bytes", NULL, (int64_t)f->bytes);
        report_text(r, "sha256", NULL, hex);
        report_close_object(r);
    }
    report_close_array(r);
}

static enum status show_facts(struct report *r, const struct registry_model *m, struct error *err)
{
    struct json_doc *doc;
    enum status st =
        json_parse(&doc, m->facts.data, m->facts.len, REGISTRY_FACTS_MAX, "the facts", err);
    if (st) return st;
    const struct json *facts = json_root(doc), *warnings = json_get(facts, "warnings");
    if (r->json) {
        json_key(&r->writer, "facts");
        json_put_value(&r->writer, facts);
    } else {
        report_text(r, "", "architecture", json_text(json_get(facts, "architecture")));
        report_text(r, "", "tokenizer", json_text(json_path(facts, "tokenizer.kind")));
        report_text(r, "", "chat template", json_text(json_get(facts, "template_sha256")));
        report_count(r, "", "tensors", (uint64_t)json_int(json_path(facts, "tensors.count"), 0));
        report_text(r, "", "of these the digest", json_text(json_path(facts, "tensors.sha256")));
    }
    for (size_t i = 0; i < json_length(warnings); i++)
        report_text(r, "", "warning", r->json ? NULL : json_text(json_at(warnings, i)));
    json_doc_free(doc);
    return STATUS_OK;
}

static enum status show_pin(struct report *r, struct model_store *s, const struct registry_model *m,
                            struct error *err)
{
    struct json_doc *lock;
    struct error why;
    const char *path = registry_lock_path(s->registry);
    enum status st = lock_file_read(&lock, path, err);
    if (st) return st;
    const struct json *pin = lock_file_model(lock, m->alias);
    bool same = pin && !lock_file_compare(pin, m, &why);
    report_text(r, "lock", pin ? "pinned in" : "not pinned in", path);
    if (r->json) report_flag(r, "pinned", NULL, same);
    if (pin && !same) report_line(r, "%-20s%s", "but", why.text);
    json_doc_free(lock);
    return STATUS_OK;
}

static void show_formers(struct report *r, const struct registry_formers *f)
{
    report_open_array(r, "former");
    if (f->count) report_line(r, "former revisions");
    for (size_t i = 0; i < f->count; i++) {
        const struct registry_former *o = &f->list[i];
        char hex[SHA256_HEX_BYTES], digest[SHA256_HEX_BYTES + 8], bytes[32], when[32];
        sha256_hex(o->digest, hex);
        snprintf(digest, sizeof digest, "sha256:%s", hex);
        model_store_time(when, o->replaced_ms);
        format_bytes(bytes, sizeof bytes, o->bytes);
        report_line(r, "  %.12s  %10s  until %s  %s%s%s", hex, bytes, when, o->source,
                    o->revision ? " at " : "", o->revision ? o->revision : "");
        if (!r->json) continue;
        report_open_object(r, NULL);
        report_text(r, "digest", NULL, digest);
        report_text(r, "source", NULL, o->source);
        report_text(r, "revision", NULL, o->revision);
        report_int(r, "bytes", NULL, (int64_t)o->bytes);
        report_int(r, "files", NULL, (int64_t)o->file_count);
        report_text(r, "replaced", NULL, when);
        report_close_object(r);
    }
    report_close_array(r);
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_store s;
    struct registry_model m;
    struct registry_formers formers = { .count = 0 };
    struct report r;
    enum status st = model_store_open(&s, args, false, err);
    if (st) return st;
    st = model_store_find(&s, args_operand(args, 0), &m, err);
    if (!st) {
        report_begin(&r, args_flag(args, "json"));
        model_store_report(&r, &m);
        st = show_facts(&r, &m, err);
        if (!st) st = show_pin(&r, &s, &m, err);
        show_files(&r, &m);
        if (!st) st = registry_formers(s.registry, m.alias, &formers, err);
        if (!st) show_formers(&r, &formers);
        registry_formers_release(&formers);
        if (!st) st = report_end(&r, err);
        else report_abandon(&r);
        registry_model_release(&m);
    }
    model_store_close(&s);
    return st;
}

const struct command cmd_show = {
    .name = "show",
    .summary = "what is known of a model in the store: facts, files, digests, pin",
    .operands = "MODEL",
    .operands_min = 1,
    .operands_max = 1,
    .tables = tables,
    .run = run,
};
