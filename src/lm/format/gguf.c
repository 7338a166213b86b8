/* GGUF v2 and v3: one model from one file or from all parts of a split.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys are those of the first part; tensors are those of all parts in order. */
#include "lm/format/gguf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/format/file_set.h"
#include "lm/format/gguf_part.h"

#define PARTS_MAX          1024
#define SPLIT_SUFFIX_BYTES 20 /* "-00001-of-00003.gguf" */
#define SPLIT_DIGITS       5

struct gguf {
    struct gguf_part *parts; /* [part_count]; owned */
    size_t part_count;
    const struct gguf_tensor **tensors; /* [tensor_count], of all parts; owned */
    size_t tensor_count;
    struct name_index index;
};

/* What a part says about the split that it belongs to. */
struct split {
    int64_t no, count, tensors; /* count 1: not split; tensors -1: not said */
};

static enum status split_key(const struct gguf_part *part, const char *key, int64_t fallback,
                             int64_t max, int64_t *ret, struct error *err)
{
    struct gguf_value v;
    int64_t n = fallback;
    if (gguf_part_find(part, key, &v) && (!gguf_int(&v, &n) || n < 0 || n > max))
        return error_set(err, STATUS_BAD_INPUT, "%s: %s is not a whole number from 0 to %" PRId64,
                         part->name, key, max);
    *ret = n;
    return STATUS_OK;
}

static enum status split_of(const struct gguf_part *part, struct split *ret, struct error *err)
{
    struct split s = { 0 };
    enum status st;
    if ((st = split_key(part, "split.no", 0, UINT16_MAX, &s.no, err)) ||
        (st = split_key(part, "split.count", 1, UINT16_MAX, &s.count, err)) ||
        (st = split_key(part, "split.tensors.count", -1, INT32_MAX, &s.tensors, err)))
        return st;
    if (s.count == 0) s.count = 1; /* gguf-split writes 0 for a merged file */
    if (s.no >= s.count)
        return error_set(err, STATUS_BAD_INPUT,
                         "%s: split.no is %" PRId64 ", but split.count is %" PRId64, part->name,
                         s.no, s.count);
    if (s.count > PARTS_MAX)
        return error_set(err, STATUS_LIMIT, "%s: a split of %" PRId64 " parts, at most %d are read",
                         part->name, s.count, PARTS_MAX);
    *ret = s;
    return STATUS_OK;
}

static enum status check_split(const struct gguf *g, struct error *err)
{
    struct split s = { 0 };
    size_t tensors = 0;
    for (size_t i = 0; i < g->part_count; i++) {
        const struct gguf_part *part = &g->parts[i];
        enum status st = split_of(part, &s, err);
        if (st) return st;
        tensors += part->tensor_count;
        if ((size_t)s.count != g->part_count)
            return error_set(err, STATUS_BAD_INPUT,
                             "%s belongs to a split of %" PRId64 " parts, %zu were given",
                             part->name, s.count, g->part_count);
        if ((size_t)s.no != i)
            return error_set(err, STATUS_BAD_INPUT,
                             "%s: split.no says part %" PRId64 " of %" PRId64
                             ", but it stands in place of part %zu",
                             part->name, s.no + 1, s.count, i + 1);
        if (s.tensors >= 0 && (i + 1 == g->part_count || s.count == 1) &&
            (size_t)s.tensors != tensors)
            return error_set(err, STATUS_BAD_INPUT,
                             "%s: split.tensors.count is %" PRId64
                             ", but the parts hold %zu tensors",
                             part->name, s.tensors, tensors);
    }
    return STATUS_OK;
}

static enum status join_tensors(struct gguf *g, struct error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < g->part_count; i++)
        count += g->parts[i].tensor_count;
    g->tensors = mem_array(count + 1, sizeof(const struct gguf_tensor *));
    if (!g->tensors || !name_index_init(&g->index, count))
        return error_set(err, STATUS_NO_MEMORY, "%s: out of memory for the tensor list",
                         g->parts[0].name);
    for (size_t i = 0; i < g->part_count; i++) {
        for (size_t k = 0; k < g->parts[i].tensor_count; k++) {
            const struct gguf_tensor *t = &g->parts[i].tensors[k];
            g->index.sorted[g->tensor_count] = (struct name_entry){ t->name, g->tensor_count };
            g->tensors[g->tensor_count++] = t;
        }
    }
    struct span twice = name_index_sort(&g->index);
    if (twice.data)
        return error_set(err, STATUS_BAD_INPUT, "%s: tensor %.*s is there twice", g->parts[0].name,
                         NAME_SHOWN(twice));
    return STATUS_OK;
}

static struct gguf *gguf_new(size_t parts_max)
{
    struct gguf *g = mem_zero(sizeof *g);
    if (!g) return NULL;
    g->parts = mem_array(parts_max, sizeof *g->parts);
    if (g->parts) return g;
    mem_free(g);
    return NULL;
}

static enum status finish(struct gguf **ret, struct gguf *g, struct error *err)
{
    enum status st;
    if ((st = check_split(g, err)) || (st = join_tensors(g, err))) return st;
    *ret = g;
    return STATUS_OK;
}

enum status gguf_open_bytes(struct gguf **ret, const void *bytes, size_t len, const char *name,
                            struct error *err)
{
    struct gguf *g = gguf_new(1);
    if (!g) return error_set(err, STATUS_NO_MEMORY, "%s: out of memory", name);
    enum status st = gguf_part_read(&g->parts[0], bytes, len, name, err);
    if (!st) {
        g->part_count = 1;
        st = finish(ret, g, err);
    }
    if (st) gguf_close(g);
    return st;
}

/* The maps stay the caller's until everything has succeeded. */
enum status gguf_open_maps(struct gguf **ret, struct file_map *maps, size_t map_count,
                           const char *name, struct error *err)
{
    enum status st = STATUS_OK;
    struct gguf *g;
    if (map_count < 1 || map_count > PARTS_MAX)
        return error_set(err, STATUS_LIMIT, "%s: %zu parts, 1 to %d are read", name, map_count,
                         PARTS_MAX);
    if (!(g = gguf_new(map_count)))
        return error_set(err, STATUS_NO_MEMORY, "%s: out of memory", name);
    for (size_t i = 0; i < map_count && !st; i++) {
        char part_name[GGUF_PART_NAME_BYTES];
        if (map_count == 1) snprintf(part_name, sizeof part_name, "%s", name);
        else snprintf(part_name, sizeof part_name, "%s, part %zu", name, i + 1);
        st = gguf_part_read(&g->parts[i], maps[i].data, maps[i].len, part_name, err);
        if (!st) g->part_count++;
    }
    if (!st) st = finish(ret, g, err);
    if (st) {
        gguf_close(g);
        return st;
    }
    for (size_t i = 0; i < map_count; i++) {
        g->parts[i].map = maps[i];
        maps[i] = (struct file_map){ .fd = -1 };
    }
    return STATUS_OK;
}

static enum status open_part(struct gguf_part *ret, const struct file_set *files, const char *name,
                             struct error *err)
{
    struct file_map map;
    enum status st = file_set_map(files, name, &map, err);
    if (st) return st;
    st = gguf_part_read(ret, map.data, map.len, name, err);
    if (st) file_unmap(&map);
    else ret->map = map;
    return st;
}

static bool digits(const char *text, int64_t *ret)
{
    int64_t n = 0;
    for (int i = 0; i < SPLIT_DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        n = n * 10 + (text[i] - '0');
    }
    *ret = n;
    return true;
}

bool gguf_split_name(const char *path, size_t *ret_stem, int64_t *ret_part, int64_t *ret_count)
{
    size_t len = strlen(path);
    if (len < SPLIT_SUFFIX_BYTES) return false;
    const char *suffix = path + len - SPLIT_SUFFIX_BYTES;
    if (suffix[0] != '-' || memcmp(suffix + 6, "-of-", 4) != 0 ||
        strcmp(suffix + 15, ".gguf") != 0 || !digits(suffix + 1, ret_part) ||
        !digits(suffix + 10, ret_count))
        return false;
    *ret_stem = len - SPLIT_SUFFIX_BYTES;
    return true;
}

/* Opens the other parts of the split of `name`, which is already read into parts[s.no]. */
static enum status open_others(struct gguf *g, const struct file_set *files, const char *name,
                               struct split s, struct error *err)
{
    char part_name[FILE_SET_PATH_BYTES];
    size_t stem, i_found;
    int64_t part, count;
    if (!gguf_split_name(name, &stem, &part, &count) || part != s.no + 1 || count != s.count)
        return error_set(err, STATUS_BAD_INPUT,
                         "%s is part %" PRId64 " of %" PRId64
                         " of a split model, so its name must end in "
                         "-%05" PRId64 "-of-%05" PRId64 ".gguf for the others to be found",
                         g->parts[s.no].name, s.no + 1, s.count, s.no + 1, s.count);
    for (int64_t i = 0; i < s.count; i++) {
        if (i == s.no) continue;
        snprintf(part_name, sizeof part_name, "%.*s-%05" PRId64 "-of-%05" PRId64 ".gguf", (int)stem,
                 name, i + 1, s.count);
        if (!file_set_find(files, part_name, &i_found))
            return error_set(err, STATUS_NOT_FOUND,
                             "%s is missing: part %" PRId64 " of the %" PRId64
                             " of this split model",
                             part_name, i + 1, s.count);
        enum status st = open_part(&g->parts[i], files, part_name, err);
        if (st) return st;
    }
    return STATUS_OK;
}

enum status gguf_open_in(struct gguf **ret, const struct file_set *files, const char *name,
                         struct error *err)
{
    struct gguf_part first = { .map.fd = -1 };
    struct gguf *g = NULL;
    struct split s;
    enum status st = open_part(&first, files, name, err);
    if (st) return st;
    if ((st = split_of(&first, &s, err))) goto fail;
    if (!(g = gguf_new((size_t)s.count))) {
        st = error_set(err, STATUS_NO_MEMORY, "%s: out of memory", first.name);
        goto fail;
    }
    g->part_count = (size_t)s.count;
    for (size_t i = 0; i < g->part_count; i++)
        g->parts[i].map.fd = -1;
    g->parts[s.no] = first;
    first = (struct gguf_part){ .map.fd = -1 };
    if (s.count > 1 && (st = open_others(g, files, name, s, err))) goto fail;
    if ((st = finish(ret, g, err))) goto fail;
    return STATUS_OK;
fail:
    gguf_part_release(&first);
    gguf_close(g);
    return st;
}

enum status gguf_open(struct gguf **ret, const char *path, struct error *err)
{
    struct file_set *files;
    enum status st = file_set_open(&files, path, err);
    if (st) return st;
    const char *name = file_set_main_file(files);
    if (name) st = gguf_open_in(ret, files, name, err);
    else st = error_set(err, STATUS_BAD_INPUT, "%s is a folder, not a file", path);
    file_set_free(files);
    return st;
}

void gguf_close(struct gguf *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->part_count; i++)
        gguf_part_release(&g->parts[i]);
    name_index_release(&g->index);
    mem_free(g->tensors);
    mem_free(g->parts);
    mem_free(g);
}

uint32_t gguf_version(const struct gguf *g)
{
    return g->parts[0].version;
}

size_t gguf_part_count(const struct gguf *g)
{
    return g->part_count;
}

uint64_t gguf_file_bytes(const struct gguf *g)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < g->part_count; i++)
        bytes += g->parts[i].file_bytes;
    return bytes;
}

const char *gguf_part_name(const struct gguf *g, size_t i)
{
    return g->parts[i].name;
}

const struct file_map *gguf_part_map(const struct gguf *g, size_t i)
{
    return &g->parts[i].map;
}

size_t gguf_key_count(const struct gguf *g)
{
    return g->parts[0].pair_count;
}

struct span gguf_key(const struct gguf *g, size_t i, struct gguf_value *ret_value)
{
    *ret_value = g->parts[0].pairs[i].value;
    return g->parts[0].pairs[i].key;
}

bool gguf_find(const struct gguf *g, const char *key, struct gguf_value *ret)
{
    return gguf_part_find(&g->parts[0], key, ret);
}

size_t gguf_tensor_count(const struct gguf *g)
{
    return g->tensor_count;
}

const struct gguf_tensor *gguf_tensor(const struct gguf *g, size_t i)
{
    return g->tensors[i];
}

const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name)
{
    size_t i;
    return name_index_find(&g->index, span_of(name), &i) ? g->tensors[i] : NULL;
}
