/* A model's files by name, from a path or from descriptors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/format/file_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/format/gguf.h"

#define PARTS_MAX 1024 /* of a split, as gguf.c reads them */

struct file_set {
    char *path;                     /* as given */
    char *folder;                   /* where the files lie; only for messages where `described` */
    char *main_file;                /* NULL: a folder */
    bool described;                 /* by descriptors */
    char **names;                   /* [count], owned */
    struct file_set_entry *entries; /* [count], sorted by name */
    size_t count, owned; /* the first `owned` entries have descriptors of the set's own */
};

static enum status no_memory(const char *path, struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "%s: out of memory for the list of files", path);
}

/* "a/b/file" gives "a/b", "file" gives ".". */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return mem_copy_text(".", 1);
    return mem_copy_text(path, slash == path ? 1 : (size_t)(slash - path));
}

static enum status set_new(struct file_set **ret, const char *path, const char *main_file,
                           struct error *err)
{
    struct file_set *s = mem_zero(sizeof *s);
    if (s) {
        s->path = mem_copy_text(path, strlen(path));
        s->folder = main_file ? folder_of(path) : mem_copy_text(path, strlen(path));
        if (main_file) s->main_file = mem_copy_text(main_file, strlen(main_file));
    }
    if (!s || !s->path || !s->folder || (main_file && !s->main_file)) {
        file_set_free(s);
        return no_memory(path, err);
    }
    *ret = s;
    return STATUS_OK;
}

static enum status reserve(struct file_set *s, size_t count, struct error *err)
{
    if (count > FILE_SET_FILES_MAX)
        return error_set(err, STATUS_LIMIT, "%s holds %zu files, at most %d are looked at", s->path,
                         count, FILE_SET_FILES_MAX);
    s->names = mem_array(count + 1, sizeof *s->names);
    s->entries = mem_array(count + 1, sizeof *s->entries);
    return s->names && s->entries ? STATUS_OK : no_memory(s->path, err);
}

static enum status add(struct file_set *s, const char *name, uint64_t bytes, int fd,
                       struct error *err)
{
    char *copy = mem_copy_text(name, strlen(name));
    if (!copy) return no_memory(s->path, err);
    s->names[s->count] = copy;
    s->entries[s->count++] = (struct file_set_entry){ copy, bytes, fd };
    return STATUS_OK;
}

/* Folders within a model's folder, and how the names of files in them end. */
static const struct {
    const char *name, *ending;
} inner_folders[] = {
    { FILE_SET_TEMPLATES, ".jinja" },
    { FILE_SET_POOLING, "config.json" },
    { FILE_SET_LOGIT_SCORE, "config.json" },
};
#define INNER_FOLDERS (sizeof inner_folders / sizeof *inner_folders)

/* "additional_chat_templates/NAME.jinja", "1_Pooling/config.json" */
static bool is_inner(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < INNER_FOLDERS; i++) {
        size_t folder = strlen(inner_folders[i].name), end = strlen(inner_folders[i].ending);
        if (len > folder + end && strncmp(name, inner_folders[i].name, folder) == 0 &&
            name[folder] == '/' && !strchr(name + folder + 1, '/') &&
            strcmp(name + len - end, inner_folders[i].ending) == 0)
            return true;
    }
    return false;
}

static bool plain_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= FILE_SET_NAME_BYTES_MAX && (!strchr(name, '/') || is_inner(name)) &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct file_set_entry *)a)->name,
                  ((const struct file_set_entry *)b)->name);
}

/* Adds it if it is a regular file. */
static enum status add_from_folder(struct file_set *s, const char *name, struct error *err)
{
    char path[FILE_SET_PATH_BYTES];
    uint64_t bytes;
    if (!file_join(path, sizeof path, s->folder, name) || !file_regular_bytes(path, &bytes))
        return STATUS_OK;
    return add(s, name, bytes, -1, err);
}

struct listing {
    char **names;
    size_t count;
};

/* A folder that is not there, or cannot be read, has no files. */
static void list_inner(const struct file_set *s, const char *folder, struct listing *ret)
{
    char path[FILE_SET_PATH_BYTES];
    *ret = (struct listing){ 0 };
    if (!file_join(path, sizeof path, s->folder, folder) || file_kind(path) != FILE_FOLDER) return;
    if (file_list(&ret->names, &ret->count, path, NULL)) *ret = (struct listing){ 0 };
}

/* Files of a folder within, as "folder/name". */
static enum status add_inner(struct file_set *s, const char *folder, const struct listing *l,
                             struct error *err)
{
    char name[FILE_SET_NAME_BYTES_MAX + 1];
    enum status st = STATUS_OK;
    for (size_t i = 0; i < l->count && !st; i++)
        if (file_join(name, sizeof name, folder, l->names[i]) && is_inner(name))
            st = add_from_folder(s, name, err);
    return st;
}

static enum status list_folder(struct file_set *s, struct error *err)
{
    struct listing own, inner[INNER_FOLDERS];
    enum status st = file_list(&own.names, &own.count, s->folder, err);
    if (st) return st;
    size_t count = own.count;
    for (size_t i = 0; i < INNER_FOLDERS; i++) {
        list_inner(s, inner_folders[i].name, &inner[i]);
        count += inner[i].count;
    }
    st = reserve(s, count, err);
    for (size_t i = 0; i < own.count && !st; i++)
        st = add_from_folder(s, own.names[i], err);
    for (size_t i = 0; i < INNER_FOLDERS; i++) {
        if (!st) st = add_inner(s, inner_folders[i].name, &inner[i], err);
        if (inner[i].names) file_list_free(inner[i].names, inner[i].count);
    }
    if (!st) qsort(s->entries, s->count, sizeof *s->entries, compare_entries);
    file_list_free(own.names, own.count);
    return st;
}

/* Of a split all parts that are there: which are missing is for the reader to say. */
static enum status list_parts(struct file_set *s, struct error *err)
{
    char name[FILE_SET_PATH_BYTES];
    size_t stem;
    int64_t part, count;
    if (!gguf_split_name(s->main_file, &stem, &part, &count) || count < 1 || count > PARTS_MAX ||
        part < 1 || part > count) {
        enum status st = reserve(s, 1, err);
        return st ? st : add_from_folder(s, s->main_file, err);
    }
    enum status st = reserve(s, (size_t)count, err);
    for (int64_t i = 1; i <= count && !st; i++) {
        snprintf(name, sizeof name, "%.*s-%05" PRId64 "-of-%05" PRId64 ".gguf", (int)stem,
                 s->main_file, i, count);
        st = add_from_folder(s, name, err);
    }
    return st;
}

/* What to try where nothing is at the path. */
static const char *missing_hint(const char *path)
{
    static const char *const elsewhere[] = { "hf:", "oci:", "https://", "http://" };
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (strncmp(path, elsewhere[i], strlen(elsewhere[i])) == 0)
            return "; `hearth add` takes a model from there";
    return strchr(path, '/') ? "" : "; `hearth list` says which models have a name";
}

enum status file_set_open(struct file_set **ret, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    enum file_kind kind = file_kind(path);
    struct file_set *s = NULL;
    if (kind == FILE_MISSING)
        return error_set(err, STATUS_NOT_FOUND, "%s: there is no such file or folder%s", path,
                         missing_hint(path));
    if (kind == FILE_OTHER)
        return error_set(err, STATUS_BAD_INPUT, "%s is neither a file nor a folder", path);
    enum status st = set_new(&s, path, kind == FILE_FOLDER ? NULL : slash ? slash + 1 : path, err);
    if (st) return st;
    st = kind == FILE_FOLDER ? list_folder(s, err) : list_parts(s, err);
    if (st) file_set_free(s);
    else *ret = s;
    return st;
}

static enum status add_described(struct file_set *s, const struct file_set_entry *e,
                                 struct error *err)
{
    uint64_t bytes = e->bytes;
    if (!plain_name(e->name))
        return error_set(err, STATUS_BAD_INPUT, "%s: \"%.40s\" is not the plain name of a file",
                         s->path, e->name);
    if (e->fd >= 0) {
        enum status st = file_descriptor_bytes(e->fd, e->name, &bytes, err);
        if (st) return st;
    }
    return add(s, e->name, bytes, e->fd, err);
}

enum status file_set_of_descriptors(struct file_set **ret, const char *path, const char *main_file,
                                    const struct file_set_entry *entries, size_t count,
                                    struct error *err)
{
    struct file_set *s = NULL;
    size_t i;
    enum status st = set_new(&s, path, main_file, err);
    if (st) return st;
    s->described = true;
    st = reserve(s, count, err);
    for (i = 0; i < count && !st; i++)
        st = add_described(s, &entries[i], err);
    if (!st) qsort(s->entries, s->count, sizeof *s->entries, compare_entries);
    for (i = 1; i < s->count && !st; i++) {
        if (strcmp(s->entries[i - 1].name, s->entries[i].name) == 0)
            st = error_set(err, STATUS_BAD_INPUT, "%s: the file %s is given twice", path,
                           s->entries[i].name);
    }
    if (!st && main_file && !file_set_find(s, main_file, &i))
        st = error_set(err, STATUS_BAD_INPUT, "%s: %s is not among the files given", path,
                       main_file);
    if (st) file_set_free(s);
    else *ret = s;
    return st;
}

enum status file_set_keep_descriptors(struct file_set *s, struct error *err)
{
    for (size_t i = s->owned; i < s->count && s->described; i++) {
        int fd = -1;
        enum status st = STATUS_OK;
        if (s->entries[i].fd >= 0)
            st = file_descriptor_copy(s->entries[i].fd, s->entries[i].name, &fd, err);
        if (st) return st;
        s->entries[i].fd = fd;
        s->owned = i + 1;
    }
    return STATUS_OK;
}

enum status file_set_empty(struct file_set **ret, const char *path, struct error *err)
{
    struct file_set *s = NULL;
    enum status st = set_new(&s, path, NULL, err);
    if (!st && (st = reserve(s, 0, err))) file_set_free(s);
    if (!st) *ret = s;
    return st;
}

void file_set_free(struct file_set *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->owned; i++)
        file_close(s->entries[i].fd);
    for (size_t i = 0; i < s->count; i++)
        mem_free(s->names[i]);
    mem_free(s->names);
    mem_free(s->entries);
    mem_free(s->main_file);
    mem_free(s->folder);
    mem_free(s->path);
    mem_free(s);
}

const char *file_set_path(const struct file_set *s)
{
    return s->path;
}

const char *file_set_main_file(const struct file_set *s)
{
    return s->main_file;
}

size_t file_set_count(const struct file_set *s)
{
    return s->count;
}

const struct file_set_entry *file_set_at(const struct file_set *s, size_t i)
{
    return &s->entries[i];
}

bool file_set_find(const struct file_set *s, const char *name, size_t *ret)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(s->entries[middle].name, name);
        if (order == 0) {
            *ret = middle;
            return true;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

static enum status full_name(const struct file_set *s, const char *name, char *out,
                             struct error *err)
{
    if (file_join(out, FILE_SET_PATH_BYTES, s->folder, name)) return STATUS_OK;
    return error_set(err, STATUS_LIMIT, "the path of %s is too long", name);
}

enum status file_set_descriptor(const struct file_set *s, const char *name, int *ret,
                                struct error *err)
{
    char path[FILE_SET_PATH_BYTES];
    size_t i;
    enum status st = full_name(s, name, path, err);
    if (st) return st;
    if (!file_set_find(s, name, &i)) return error_set(err, STATUS_NOT_FOUND, "%s is missing", path);
    if (!s->described) return file_open_read(ret, path, err);
    if (s->entries[i].fd < 0)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s is not a file that is read here: only its name was handed over", path);
    return file_descriptor_copy(s->entries[i].fd, path, ret, err);
}

enum status file_set_map(const struct file_set *s, const char *name, struct file_map *ret,
                         struct error *err)
{
    char path[FILE_SET_PATH_BYTES];
    int fd;
    enum status st = full_name(s, name, path, err);
    if (!st) st = file_set_descriptor(s, name, &fd, err);
    if (st) return st;
    st = file_map_fd(ret, fd, path, err);
    if (st) file_close(fd);
    return st;
}
