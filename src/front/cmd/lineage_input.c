/* A model's files by path or from the store.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/lineage_input.h"

#include <string.h>

#include "base/core/file.h"
#include "front/cmd/model_store.h"

void lineage_input_release(struct lineage_input *in)
{
    source_close(in->source);
    file_set_free(in->files);
    for (size_t i = 0; i < in->descriptor_count; i++)
        file_close(in->descriptors[i]);
    mem_free(in->descriptors);
    if (in->claims) lineage_claims_release(in->claims);
    mem_free(in->claims);
    *in = (struct lineage_input){ .source = NULL };
}

/* Files in folders of a stored model belong to no weights. */
static enum status open_stored(struct lineage_input *in, struct model_store *store,
                               const struct registry_model *m, struct file_set_entry *entries,
                               struct error *err)
{
    enum status st = STATUS_OK;
    size_t count = 0;
    for (size_t i = 0; i < m->file_count && !st; i++) {
        const struct registry_file *f = &m->files[i];
        int fd;
        if (strchr(f->name, '/')) continue;
        st = registry_open_file(store->registry, f, &fd, NULL, err);
        if (st) break;
        in->descriptors[in->descriptor_count++] = fd;
        entries[count++] = (struct file_set_entry){ f->name, f->bytes, fd };
    }
    if (st) return st;
    return file_set_of_descriptors(&in->files, m->alias, m->main_file, entries, count, err);
}

static enum status open_alias(struct lineage_input *in, const char *alias, const struct args *args,
                              struct error *err)
{
    struct model_store store;
    struct registry_model m;
    enum status st = model_store_open(&store, args, false, err);
    if (st) return st;
    st = model_store_find(&store, alias, &m, err);
    if (!st) {
        struct file_set_entry *entries = mem_array(m.file_count + 1, sizeof *entries);
        in->descriptors = mem_array(m.file_count + 1, sizeof *in->descriptors);
        if (entries && in->descriptors) st = open_stored(in, &store, &m, entries, err);
        else st = error_set(err, STATUS_NO_MEMORY, "no memory for the files of %s", alias);
        mem_free(entries);
        registry_model_release(&m);
    }
    model_store_close(&store);
    return st;
}

static enum status open_path(struct lineage_input *in, const char *path, struct error *err)
{
    enum status st = file_set_open(&in->files, path, err);
    const char *main_file = st ? NULL : file_set_main_file(in->files);
    size_t len = main_file ? strlen(main_file) : 0;
    if (!main_file || (len > 5 && strcmp(main_file + len - 5, ".gguf") == 0)) return st;
    return error_set(err, STATUS_BAD_INPUT, "%s is neither a folder nor a GGUF file", path);
}

enum status lineage_input_open(struct lineage_input *ret, const char *name, const struct args *args,
                               struct error *err)
{
    *ret = (struct lineage_input){ .source = NULL };
    bool stored = file_kind(name) == FILE_MISSING && !strchr(name, '/');
    enum status st = stored ? open_alias(ret, name, args, err) : open_path(ret, name, err);
    if (st) return st;
    ret->claims = mem_zero(sizeof *ret->claims);
    if (!ret->claims)
        return error_set(err, STATUS_NO_MEMORY, "no memory for what a model's files claim");
    st = lineage_claims_read(ret->claims, ret->files, err);
    if (!st) return STATUS_OK;
    mem_free(ret->claims);
    ret->claims = NULL;
    return st;
}

enum status lineage_input_source(struct lineage_input *in, struct error *err)
{
    enum status st = source_open_files(&in->source, in->files, err);
    if (!st) in->files = NULL;
    return st;
}
