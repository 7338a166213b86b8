/* Which files of a folder make up a model.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strerrordesc_np */
#include "govern/registry/model_scan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utf8proc.h>

#include "base/core/file.h"
#include "base/core/utf8.h"
#include "lm/format/file_set.h"
#include "lm/format/source.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define PART_BYTES_MAX  255
#define FOLDED_MAX      (4 * REGISTRY_NAME_BYTES_MAX)

struct scanner {
    struct model_scan *scan;
    size_t cap;
    char root[PATH_MAX];  /* links resolved: files must lie below */
    char blobs[PATH_MAX]; /* of a hub's cache, or empty */
};

/* ---- names ---- */

static enum status bad_name(struct error *err, const char *name, const char *why)
{
    return error_set(err, STATUS_BAD_INPUT, "the file name \"%.200s\" is refused: %s", name, why);
}

static enum status check_part(const char *name, const char *part, size_t len, struct error *err)
{
    if (len == 0) return bad_name(err, name, "a part of it is empty");
    if (len > PART_BYTES_MAX) return bad_name(err, name, "a part of it is longer than 255 bytes");
    if (part[len - 1] == '.' || part[len - 1] == ' ')
        return bad_name(err, name, "a part of it ends in a dot or space");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)part[i] < 0x20 || strchr("\\:\x7F", part[i]))
            return bad_name(err, name, "it holds a backslash, a colon or a control byte");
    return STATUS_OK;
}

enum status model_scan_check_name(const char *name, struct error *err)
{
    size_t len = strlen(name), depth = 0;
    if (len > REGISTRY_NAME_BYTES_MAX) return bad_name(err, name, "it is longer than 1024 bytes");
    if (!utf8_valid(name, len)) return bad_name(err, name, "it is not UTF-8");
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        enum status st = check_part(name, part, n, err);
        if (st) return st;
        part += n;
        if (!*part) return STATUS_OK;
        if (++depth > REGISTRY_DEPTH_MAX)
            return bad_name(err, name, "it lies more than 8 folders deep");
    }
}

/* The name as systems see it that do not tell case or composition apart. */
static size_t fold(const char *name, int32_t ret[FOLDED_MAX])
{
    utf8proc_ssize_t n =
        utf8proc_decompose((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)strlen(name), ret,
                           FOLDED_MAX, UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STABLE);
    return n < 0 ? 0 : n > FOLDED_MAX ? FOLDED_MAX : (size_t)n;
}

struct folded {
    const char *name;
    const int32_t *points;
    size_t count;
};

static int compare_folded(const void *a, const void *b)
{
    const struct folded *x = a, *y = b;
    size_t n = x->count < y->count ? x->count : y->count;
    for (size_t i = 0; i < n; i++)
        if (x->points[i] != y->points[i]) return x->points[i] < y->points[i] ? -1 : 1;
    return x->count < y->count ? -1 : x->count > y->count;
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "no memory for the list of a model's files");
}

static enum status check_equal_names(struct model_scan *s, struct error *err)
{
    int32_t points[FOLDED_MAX];
    struct folded *all = arena_array(&s->arena, s->count + 1, sizeof *all);
    if (!all) return no_memory(err);
    for (size_t i = 0; i < s->count; i++) {
        size_t count = fold(s->files[i].name, points);
        int32_t *copy = arena_array(&s->arena, count + 1, sizeof *copy);
        if (!copy) return no_memory(err);
        memcpy(copy, points, count * sizeof *copy);
        all[i] = (struct folded){ s->files[i].name, copy, count };
    }
    qsort(all, s->count, sizeof *all, compare_folded);
    for (size_t i = 1; i < s->count; i++)
        if (compare_folded(&all[i - 1], &all[i]) == 0)
            return error_set(err, STATUS_BAD_INPUT,
                             "%.200s and %.200s are one name where case does not count; rename one",
                             all[i - 1].name, all[i].name);
    return STATUS_OK;
}

/* ---- files ---- */

static bool below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return len && strncmp(path, folder, len) == 0 && path[len] == '/';
}

static enum status add_file(struct scanner *c, const char *name, const char *path, uint64_t bytes,
                            struct error *err)
{
    struct model_scan *s = c->scan;
    enum status st = model_scan_check_name(name, err);
    if (st) return st;
    if (s->count == REGISTRY_FILES_MAX)
        return error_set(err, STATUS_LIMIT, "%s holds more than %d files", c->root,
                         REGISTRY_FILES_MAX);
    if (s->count == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        struct scan_file *wider = arena_array(&s->arena, cap, sizeof *wider);
        if (!wider) return no_memory(err);
        if (s->count) memcpy(wider, s->files, s->count * sizeof *wider);
        s->files = wider;
        c->cap = cap;
    }
    struct scan_file f = { arena_copy_text(&s->arena, name, strlen(name)),
                           arena_copy_text(&s->arena, path, strlen(path)), bytes };
    if (!f.name || !f.path) return no_memory(err);
    s->files[s->count++] = f;
    s->bytes += bytes;
    return STATUS_OK;
}

/* A link counts as the file it leads to, if that belongs to the model. */
static enum status add_link(struct scanner *c, const char *name, const char *path,
                            struct error *err)
{
    char real[PATH_MAX];
    struct stat st;
    if (!realpath(path, real) || stat(real, &st) != 0)
        return error_set(err, STATUS_BAD_INPUT, "%s is a link that leads nowhere", path);
    if (!below(real, c->root) && !below(real, c->blobs))
        return error_set(err, STATUS_BAD_INPUT,
                         "%s is a link out of its folder, to %.200s; put the file itself there",
                         path, real);
    if (!S_ISREG(st.st_mode))
        return error_set(err, STATUS_BAD_INPUT, "%s is a link to what is no regular file", path);
    return add_file(c, name, real, (uint64_t)st.st_size, err);
}

static enum status scan_folder(struct scanner *c, const char *folder, const char *prefix, int depth,
                               struct error *err);

static bool is_skipped(const char *name)
{
    return strcmp(name, ".git") == 0 || strcmp(name, ".cache") == 0;
}

static enum status scan_entry(struct scanner *c, const char *folder, const char *prefix,
                              const char *entry, int depth, struct error *err)
{
    char path[PATH_MAX], name[REGISTRY_NAME_BYTES_MAX + 2];
    struct stat st;
    if (!file_join(path, sizeof path, folder, entry) ||
        snprintf(name, sizeof name, "%s%s", prefix, entry) > REGISTRY_NAME_BYTES_MAX)
        return error_set(err, STATUS_LIMIT, "the path is too long: %.200s/%.200s", folder, entry);
    if (lstat(path, &st) != 0)
        return error_set(err, STATUS_IO, "cannot look at %s: %s", path, strerrordesc_np(errno));
    if (S_ISLNK(st.st_mode)) return add_link(c, name, path, err);
    if (S_ISREG(st.st_mode)) return add_file(c, name, path, (uint64_t)st.st_size, err);
    if (!S_ISDIR(st.st_mode))
        return error_set(err, STATUS_BAD_INPUT, "%s is neither a file nor a folder", path);
    if (is_skipped(entry)) {
        c->scan->skipped++;
        return STATUS_OK;
    }
    snprintf(name, sizeof name, "%s%s/", prefix, entry);
    return scan_folder(c, path, name, depth + 1, err);
}

static enum status scan_folder(struct scanner *c, const char *folder, const char *prefix, int depth,
                               struct error *err)
{
    char **names;
    size_t count;
    if (depth > REGISTRY_DEPTH_MAX)
        return error_set(err, STATUS_LIMIT, "%s lies more than %d folders deep", folder,
                         REGISTRY_DEPTH_MAX);
    enum status st = file_list(&names, &count, folder, err);
    if (st) return st;
    for (size_t i = 0; i < count && !st; i++)
        st = scan_entry(c, folder, prefix, names[i], depth, err);
    file_list_free(names, count);
    return st;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct scan_file *)a)->name, ((const struct scan_file *)b)->name);
}

/* .../models--owner--name/snapshots/REVISION: its files are links to .../models--owner--name/blobs. */
static enum status look_for_hub(struct scanner *c, struct error *err)
{
    char *slash = strrchr(c->root, '/');
    if (!slash || slash == c->root) return STATUS_OK;
    size_t above = (size_t)(slash - c->root), word = sizeof "/snapshots" - 1;
    if (above < word || memcmp(slash - word, "/snapshots", word) != 0) return STATUS_OK;
    snprintf(c->blobs, sizeof c->blobs, "%.*s/blobs", (int)(above - word), c->root);
    if (file_kind(c->blobs) != FILE_FOLDER) {
        c->blobs[0] = 0;
        return STATUS_OK;
    }
    c->scan->revision = arena_copy_text(&c->scan->arena, slash + 1, strlen(slash + 1));
    return c->scan->revision ? STATUS_OK : no_memory(err);
}

static enum status scan_one_folder(struct scanner *c, const char *path, struct error *err)
{
    if (!realpath(path, c->root))
        return error_set(err, STATUS_IO, "cannot look at %s: %s", path, strerrordesc_np(errno));
    enum status st = look_for_hub(c, err);
    if (!st) st = scan_folder(c, c->root, "", 0, err);
    if (!st && c->scan->count == 0)
        st = error_set(err, STATUS_NOT_FOUND, "%s holds no files", path);
    return st;
}

/* One GGUF, and what else belongs to a split one. */
static enum status scan_file_path(struct scanner *c, const char *path, struct error *err)
{
    struct file_set *set;
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX], full[PATH_MAX], real[PATH_MAX];
    if (source_is_pickle(slash ? slash + 1 : path))
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s is a pickle, which can hold any program; ask for safetensors", path);
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    enum status st = file_set_open(&set, path, err);
    if (st) return st;
    const char *main_file = file_set_main_file(set);
    c->scan->main_file = arena_copy_text(&c->scan->arena, main_file, strlen(main_file));
    if (!c->scan->main_file) st = no_memory(err);
    for (size_t i = 0; i < file_set_count(set) && !st; i++) {
        const struct file_set_entry *e = file_set_at(set, i);
        if (!file_join(full, sizeof full, folder, e->name) || !realpath(full, real))
            st = error_set(err, STATUS_IO, "cannot look at %s", e->name);
        if (!st) st = add_file(c, e->name, real, e->bytes, err);
    }
    file_set_free(set);
    return st;
}

enum status model_scan(struct model_scan *ret, const char *path, struct error *err)
{
    struct model_scan s = { .count = 0 };
    struct scanner c = { .scan = &s };
    enum file_kind kind = file_kind(path);
    if (kind == FILE_MISSING)
        return error_set(err, STATUS_NOT_FOUND, "%s: there is no such file or folder%s", path,
                         strchr(path, '/') ? "" : "; `hearth list` says which models have a name");
    if (kind == FILE_OTHER)
        return error_set(err, STATUS_BAD_INPUT, "%s is neither a file nor a folder", path);
    arena_init(&s.arena, ARENA_BYTES_MAX);
    enum status st =
        kind == FILE_FOLDER ? scan_one_folder(&c, path, err) : scan_file_path(&c, path, err);
    if (!st && s.count) qsort(s.files, s.count, sizeof *s.files, compare_files);
    if (!st) st = check_equal_names(&s, err);
    if (st) arena_release(&s.arena);
    else *ret = s;
    return st;
}

void model_scan_release(struct model_scan *s)
{
    arena_release(&s->arena);
}
