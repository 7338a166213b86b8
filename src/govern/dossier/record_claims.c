/* What a stored model's files say it was made from: card, adapter, merge, configuration and keys.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/core/file.h"
#include "govern/dossier/record.h"
#include "lm/format/file_set.h"

#define OPEN_MAX 5 /* the texts below, and a GGUF file */

static const char *const texts[] = { "README.md", "adapter_config.json", "mergekit_config.yml",
                                     "config.json" };

static bool is_asked(const struct record *r, const char *name)
{
    if (r->model.main_file && strcmp(name, r->model.main_file) == 0) return true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i]) == 0) return true;
    return false;
}

/* Descriptors of the files that can claim something; the caller closes them, also after a failure. */
static enum status open_files(const struct record *r, struct registry *registry,
                              struct file_set_entry entries[OPEN_MAX], size_t *ret_count,
                              struct error *err)
{
    enum status st = STATUS_OK;
    *ret_count = 0;
    for (size_t i = 0; i < r->model.file_count && *ret_count < OPEN_MAX && !st; i++) {
        const struct registry_file *f = &r->model.files[i];
        int fd;
        if (!is_asked(r, f->name)) continue;
        st = registry_open_file(registry, f, &fd, NULL, err);
        if (!st) entries[(*ret_count)++] = (struct file_set_entry){ f->name, f->bytes, fd };
    }
    return st;
}

static enum status read_set(struct record *r, const struct file_set_entry *entries, size_t count,
                            struct error *err)
{
    struct file_set *set;
    struct lineage_claims *claims = mem_zero(sizeof *claims);
    if (!claims) return error_set(err, STATUS_NO_MEMORY, "no memory for claims of lineage");
    enum status st =
        file_set_of_descriptors(&set, r->model.alias, r->model.main_file, entries, count, err);
    if (!st) {
        st = lineage_claims_read(claims, set, err);
        file_set_free(set);
    }
    if (st) mem_free(claims);
    else r->claims = claims;
    return st;
}

static bool is_named(const struct record *r, const struct lineage_claim *claim)
{
    for (int i = 0; i < r->parent_count; i++)
        if (lineage_same_name(r->parents[i]->parent, claim->parent)) return true;
    return false;
}

/* Each once. Where transformers loaded its files from is a path as often as a parent: it is shown, not counted. */
static void list_parents(struct record *r)
{
    for (int i = 0; r->claims && i < r->claims->count; i++) {
        const struct lineage_claim *claim = &r->claims->at[i];
        if (strcmp(claim->relation, "loaded from") != 0 && !is_named(r, claim))
            r->parents[r->parent_count++] = claim;
    }
}

enum status record_read_claims(struct record *r, struct registry *registry, struct error *err)
{
    struct file_set_entry entries[OPEN_MAX];
    size_t count;
    enum status st = open_files(r, registry, entries, &count, err);
    if (!st && count) st = read_set(r, entries, count, err);
    for (size_t i = 0; i < count; i++)
        file_close(entries[i].fd);
    if (!st) list_parents(r);
    return st;
}

void record_free_claims(struct record *r)
{
    if (!r->claims) return;
    lineage_claims_release(r->claims);
    mem_free(r->claims);
    r->claims = NULL;
}
