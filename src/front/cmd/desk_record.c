/* Papers of one model.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/desk_record.h"

#include <stdio.h>

#include "base/core/file.h"

enum status desk_record_open(struct desk_record *ret, struct desk *d,
                             const struct licence_prints *prints, const char *alias,
                             struct error *err)
{
    struct desk_record r = { NULL, NULL };
    const struct record_setup setup = { d->store.registry, prints, &d->policy.use };
    struct registry_model found;
    if (!d->store.registry) return model_store_homeless(err);
    enum status st = model_store_find(&d->store, alias, &found, err);
    if (st) return st;
    registry_model_release(&found);
    st = record_open(&r.record, alias, &setup, err);
    if (!st) st = gate_judge(&r.verdict, d->gate, alias, err);
    if (st) desk_record_close(&r);
    else *ret = r;
    return st;
}

void desk_record_close(struct desk_record *r)
{
    record_free(r->record);
    mem_free(r->verdict);
    *r = (struct desk_record){ NULL, NULL };
}

enum status desk_put(const char *path, const struct buf *text, struct error *err)
{
    if (path) return file_write(path, text->data, text->len, err);
    if (fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0)
        return STATUS_OK;
    return error_set(err, STATUS_IO, "standard output takes no more");
}
