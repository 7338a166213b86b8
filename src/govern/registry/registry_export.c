/* Exporting a model: its files under their names.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/durable.h"
#include "govern/registry/model_scan.h"
#include "govern/registry/registry_inner.h"

#define TAIL ".unfinished"

/* The names were checked when the model was read: none leaves the folder. */
static enum status export_file(struct registry *r, const char *folder,
                               const struct registry_file *f, struct store_meter *meter,
                               struct error *err)
{
    char path[PATH_MAX], parent[PATH_MAX];
    enum status st = model_scan_check_name(f->name, err);
    if (st) return st;
    if (!file_join(path, sizeof path, folder, f->name))
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
    st = durable_folder(parent, err);
    return st ? st : store_copy_out(&r->store, f->sha256, path, meter, err);
}

/* What this export made, and nothing else: files of the model and the folders that they lie in. */
static void take_back(const char *folder, const struct registry_model *m)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < m->file_count; i++) {
        if (!file_join(path, sizeof path, folder, m->files[i].name)) continue;
        unlink(path);
        for (char *slash; (slash = strrchr(path, '/')) && strlen(path) > strlen(folder);) {
            *slash = 0;
            if (rmdir(path) != 0) break;
        }
    }
    rmdir(folder);
}

static enum status export_all(struct registry *r, const struct registry_model *m,
                              const char *folder, const struct progress *progress,
                              struct error *err)
{
    struct store_meter meter = { progress, "exporting", 0, 0 };
    enum status st = STATUS_OK;
    for (size_t i = 0; i < m->file_count; i++)
        meter.total += m->files[i].bytes;
    for (size_t i = 0; i < m->file_count && !st; i++)
        st = export_file(r, folder, &m->files[i], &meter, err);
    return st;
}

static enum status export_model(struct registry *r, const struct registry_model *m,
                                const char *folder, const struct progress *progress,
                                struct error *err)
{
    char unfinished[PATH_MAX];
    struct stat seen;
    if (snprintf(unfinished, sizeof unfinished, "%s" TAIL, folder) >= (int)sizeof unfinished)
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s", folder);
    if (lstat(folder, &seen) == 0)
        return error_set(err, STATUS_BAD_INPUT, "%s exists already; name a folder that does not",
                         folder);
    if (mkdir(unfinished, 0755) != 0)
        return error_set(err, STATUS_IO, "cannot make %s: %s", unfinished, strerrordesc_np(errno));
    enum status st = export_all(r, m, unfinished, progress, err);
    if (!st) st = registry_log(r, AUDIT_MODEL_EXPORT, m, NULL, err);
    if (!st) st = durable_rename(unfinished, folder, err);
    if (st) take_back(unfinished, m);
    return st;
}

enum status registry_export(struct registry *r, const char *alias, const char *folder,
                            const struct progress *progress, struct error *err)
{
    struct registry_model m;
    char plain[PATH_MAX];
    enum status st = db_find_model(r->db, alias, &m, err);
    if (st) return st;
    int len = snprintf(plain, sizeof plain, "%s", folder);
    while (len > 1 && len < (int)sizeof plain && plain[len - 1] == '/')
        plain[--len] = 0;
    st = export_model(r, &m, plain, progress, err);
    registry_model_release(&m);
    return st;
}
