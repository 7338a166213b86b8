/* The store of models in HEARTH_HOME.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/model_store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/core/file.h"
#include "front/cmd/audit_folder.h"
#include "front/cmd/home.h"
#include "front/cmd/terminal.h"
#include "govern/registry/lock_file.h"

static const struct option_spec specs[] = {
    { "lock", 0, OPTION_TEXT, "FILE",
      .help =
          "the lock; by default ./hearth.lock where that or ./hearth.yaml is, else the home's" },
    { 0 },
};
const struct option_table lock_table = { "Store options", specs };

static enum status choose_lock(char ret[HOME_PATH_BYTES], const char *home, const struct args *args,
                               struct error *err)
{
    const char *given = args_text(args, "lock", NULL);
    bool here =
        file_kind(LOCK_FILE_NAME) == FILE_REGULAR || file_kind("hearth.yaml") == FILE_REGULAR;
    bool fits = given || here ? snprintf(ret, HOME_PATH_BYTES, "%s",
                                         given ? given : LOCK_FILE_NAME) < HOME_PATH_BYTES
                              : file_join(ret, HOME_PATH_BYTES, home, LOCK_FILE_NAME);
    return fits ? STATUS_OK : error_set(err, STATUS_LIMIT, "the path of the lock is too long");
}

enum status model_store_homeless(struct error *err)
{
    char home[HOME_PATH_BYTES];
    if (!home_path(home))
        return error_set(err, STATUS_IO,
                         "there is no folder for models: neither HEARTH_HOME nor HOME is set");
    return error_set(err, STATUS_IO,
                     "there is no folder for models: %.300s is not one and cannot be made; set "
                     "HEARTH_HOME to a folder that can be written",
                     home);
}

enum status model_store_open(struct model_store *ret, const struct args *args, bool logged,
                             struct error *err)
{
    char home[HOME_PATH_BYTES], lock[HOME_PATH_BYTES];
    struct model_store s = { NULL, NULL };
    if (!home_folder(home)) return model_store_homeless(err);
    enum status st = choose_lock(lock, home, args, err);
    if (!st && logged) st = audit_folder_open(&s.audit, err);
    if (!st) st = registry_open(&s.registry, home, lock, s.audit, err);
    if (st) model_store_close(&s);
    else *ret = s;
    return st;
}

void model_store_close(struct model_store *s)
{
    registry_close(s->registry);
    audit_close(s->audit);
    *s = (struct model_store){ NULL, NULL };
}

static void suggest(struct model_store *s, const char *alias, struct error *err)
{
    char **all;
    const char *near = NULL;
    int best = 1 << 20;
    if (registry_aliases(s->registry, &all, NULL)) return;
    for (char **a = all; *a; a++) {
        int distance = edit_distance(alias, *a);
        if (distance >= best || !edit_is_near(distance, alias)) continue;
        best = distance;
        near = *a;
    }
    if (near)
        error_set(err, STATUS_NOT_FOUND, "there is no model \"%.128s\"; did you mean %s?", alias,
                  near);
    else
        error_set(err, STATUS_NOT_FOUND, "there is no model \"%.128s\"; `hearth list` %s", alias,
                  *all ? "says which there are" : "is empty: `hearth add PATH` adds one");
    registry_aliases_free(all);
}

enum status model_store_find(struct model_store *s, const char *alias, struct registry_model *ret,
                             struct error *err)
{
    enum status st = registry_find(s->registry, alias, ret, err);
    if (st == STATUS_NOT_FOUND) suggest(s, alias, err);
    return st;
}

uint64_t model_store_bytes(const struct registry_model *m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->file_count; i++)
        sum += m->files[i].bytes;
    return sum;
}

void model_store_time(char ret[32], int64_t unix_ms)
{
    struct tm tm;
    time_t seconds = (time_t)(unix_ms / 1000);
    gmtime_r(&seconds, &tm);
    ret[strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm)] = 0;
}

void model_store_report(struct report *r, const struct registry_model *m)
{
    char hex[SHA256_HEX_BYTES], digest[SHA256_HEX_BYTES + 8], when[32];
    sha256_hex(m->digest, hex);
    snprintf(digest, sizeof digest, "sha256:%s", hex);
    model_store_time(when, m->added_ms);
    report_text(r, "alias", "model", m->alias);
    report_text(r, "digest", "digest", digest);
    report_text(r, "source", "source", m->source);
    report_text(r, "revision", "revision", m->revision);
    report_text(r, "main_file", "main file", m->main_file);
    report_text(r, "added", "added", when);
    report_count(r, "file_count", "files", m->file_count);
    report_bytes(r, "bytes", "bytes", model_store_bytes(m));
}
