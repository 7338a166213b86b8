/* `hearth list`: the models of the store.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/command.h"
#include "front/cmd/model_options.h"
#include "front/cmd/model_store.h"
#include "front/cmd/terminal.h"
#include "govern/registry/lock_file.h"

static const struct option_table *const tables[] = { &lock_table, &json_table, NULL };

/* "pinned", "not pinned", or "pinned as another". */
static const char *pin_state(const struct json_doc *lock, const struct registry_model *m)
{
    const struct json *pin = lock_file_model(lock, m->alias);
    if (!pin) return "not pinned";
    return lock_file_compare(pin, m, NULL) ? "pinned as another" : "pinned";
}

static void show(struct report *r, const struct json_doc *lock, const struct registry_model *m)
{
    char hex[SHA256_HEX_BYTES], bytes[32];
    sha256_hex(m->digest, hex);
    format_bytes(bytes, sizeof bytes, model_store_bytes(m));
    report_line(r, "%-32s %.12s  %10s  %s", m->alias, hex, bytes, pin_state(lock, m));
    if (!r->json) return;
    report_open_object(r, NULL);
    model_store_report(r, m);
    report_text(r, "pin", NULL, pin_state(lock, m));
    report_close_object(r);
}

static enum status list(struct model_store *s, struct report *r, const struct json_doc *lock,
                        struct error *err)
{
    char **all;
    enum status st = registry_aliases(s->registry, &all, err);
    if (st) return st;
    report_open_array(r, "models");
    for (char **a = all; *a && !st; a++) {
        struct registry_model m;
        st = registry_find(s->registry, *a, &m, err);
        if (st) break;
        show(r, lock, &m);
        registry_model_release(&m);
    }
    report_close_array(r);
    if (!*all) report_line(r, "There are no models; `hearth add PATH` adds one.");
    registry_aliases_free(all);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_store s;
    struct json_doc *lock;
    struct report r;
    enum status st = model_store_open(&s, args, false, err);
    if (st) return st;
    st = lock_file_read(&lock, registry_lock_path(s.registry), err);
    if (!st) {
        report_begin(&r, args_flag(args, "json"));
        st = list(&s, &r, lock, err);
        json_doc_free(lock);
        if (!st) st = report_end(&r, err);
        else report_abandon(&r);
    }
    model_store_close(&s);
    return st;
}

const struct command cmd_list = {
    .name = "list",
    .summary = "the models in the store, and whether they are pinned",
    .operands = "",
    .tables = tables,
    .run = run,
};
