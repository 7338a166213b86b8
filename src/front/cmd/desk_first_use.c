/* The first use of a model on a terminal: added, judged, told.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "front/cmd/desk.h"
#include "front/cmd/progress_bar.h"

static bool is_new(const struct gate_verdict *v)
{
    const struct gate_finding *f = v ? gate_verdict_first(v) : NULL;
    return f && f->rule == GATE_RULE_UNLOCKED && !v->alias[0];
}

static void tell(const struct desk *d, const struct registry_model *m, const struct gate_verdict *v)
{
    char hex[SHA256_HEX_BYTES];
    const struct gate_finding *first = gate_verdict_first(v);
    sha256_hex(m->digest, hex);
    fprintf(stderr, "added %s: %zu files, %.1f MB, sha256:%.12s..., pinned in %s\n", m->alias,
            m->file_count, (double)model_store_bytes(m) / 1e6, hex,
            registry_lock_path(d->store.registry));
    fprintf(stderr, "licence: %s\n", v->licence[0] ? v->licence : "none known");
    if (first) fprintf(stderr, "verdict: refused by %s: %s\n", first->id, first->reason);
    else fprintf(stderr, "verdict: allowed%s\n", v->mode == GATE_AUDIT ? " (mode audit)" : "");
}

enum status desk_first_use(struct desk *d, const char *path, const struct gate_verdict *verdict,
                           bool *ret, struct error *err)
{
    struct registry_model m;
    struct registry_added added;
    struct progress_bar bar;
    struct gate_verdict *v;
    struct registry_add what = { .path = path,
                                 .inspect = gate_inspect,
                                 .progress = { progress_bar_report, &bar } };
    *ret = false;
    if (!is_new(verdict) || !d->store.registry || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return STATUS_OK;
    what.inspect_ctx = &what.progress;
    progress_bar_init(&bar, path);
    enum status st = registry_add(d->store.registry, &what, &m, &added, err);
    progress_bar_clear(&bar);
    if (st) return st;
    st = gate_record(&v, d->gate, m.alias, err);
    if (!st) {
        tell(d, &m, v);
        *ret = true;
        mem_free(v);
    }
    registry_model_release(&m);
    return st;
}
