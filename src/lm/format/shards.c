/* The safetensors files of a Hugging Face folder as one list of tensors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/format/shards.h"

#include "base/core/json.h"
#include "base/core/mem.h"

#define SHARDS_MAX           4096
#define SHARD_NAME_BYTES_MAX 255
#define INDEX_BYTES_MAX      100000000
#define TENSORS_MAX          1000000

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory for the list of tensors");
}

/* A name that cannot lead out of the folder. */
static enum status check_shard_name(struct span name, struct error *err)
{
    const char suffix[] = ".safetensors";
    size_t suffix_len = sizeof suffix - 1;
    if (name.len > SHARD_NAME_BYTES_MAX || name.len <= suffix_len || name.data[0] == '.' ||
        memchr(name.data, '/', name.len) || memchr(name.data, '\\', name.len) ||
        memchr(name.data, 0, name.len))
        return error_set(err, STATUS_BAD_INPUT,
                         SHARDS_INDEX ": \"%.*s\" is not the plain name of a file in this folder",
                         NAME_SHOWN(name));
    if (memcmp(name.data + name.len - suffix_len, suffix, suffix_len) != 0)
        return error_set(err, STATUS_UNSUPPORTED,
                         SHARDS_INDEX ": \"%.*s\" is not a .safetensors file", NAME_SHOWN(name));
    return STATUS_OK;
}

static bool same(struct span a, struct span b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static enum status copy_name(struct shards *s, struct span name, struct error *err)
{
    if (s->count == SHARDS_MAX)
        return error_set(err, STATUS_LIMIT, SHARDS_INDEX ": more than %d files", SHARDS_MAX);
    s->names[s->count] = mem_copy_text(name.data, name.len);
    if (!s->names[s->count]) return no_memory(err);
    s->count++;
    return STATUS_OK;
}

static enum status alloc_names(struct shards *s, size_t count, struct error *err)
{
    s->names = mem_array(count, sizeof(char *));
    s->files = mem_array(count, sizeof(struct safetensors *));
    return s->names && s->files ? STATUS_OK : no_memory(err);
}

/* The distinct file names of the map, sorted. */
static enum status list_names(struct shards *s, const struct json *map, struct error *err)
{
    struct name_index all;
    size_t i = 0;
    enum status st = STATUS_OK;
    if (!name_index_init(&all, json_length(map))) return no_memory(err);
    for (struct json_member m = json_first(map); m.value && !st; m = json_next(map, m)) {
        struct span name = json_string(m.value);
        if (!name.data)
            st = error_set(err, STATUS_BAD_INPUT, SHARDS_INDEX ": the file of %.*s is not a string",
                           NAME_SHOWN(m.key));
        else st = check_shard_name(name, err);
        all.sorted[i] = (struct name_entry){ name, i };
        i++;
    }
    if (!st) {
        name_index_sort(&all);
        st = alloc_names(s, SHARDS_MAX, err);
    }
    for (i = 0; i < all.count && !st; i++) {
        if (i == 0 || !same(all.sorted[i - 1].name, all.sorted[i].name))
            st = copy_name(s, all.sorted[i].name, err);
    }
    name_index_release(&all);
    return st;
}

static enum status open_file(struct shards *s, size_t i, const struct file_set *files,
                             struct error *err)
{
    struct file_map map;
    enum status st = file_set_map(files, s->names[i], &map, err);
    if (st == STATUS_NOT_FOUND)
        return error_set(err, st, "%s is missing; " SHARDS_INDEX " names it", s->names[i]);
    if (st) return st;
    st = safetensors_open_map(&s->files[i], &map, s->names[i], err);
    if (st) file_unmap(&map);
    return st;
}

static enum status open_files(struct shards *s, const struct file_set *files, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < s->count && !st; i++)
        st = open_file(s, i, files, err);
    return st;
}

static enum status join_tensors(struct shards *s, struct error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += safetensors_count(s->files[i]);
    if (count > TENSORS_MAX)
        return error_set(err, STATUS_LIMIT, "%zu tensors, at most %d are read", count, TENSORS_MAX);
    s->tensors = mem_array(count + 1, sizeof(const struct safetensors_tensor *));
    if (!s->tensors || !name_index_init(&s->index, count)) return no_memory(err);
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < safetensors_count(s->files[i]); k++) {
            const struct safetensors_tensor *t = safetensors_at(s->files[i], k);
            s->index.sorted[s->tensor_count] = (struct name_entry){ t->name, s->tensor_count };
            s->tensors[s->tensor_count++] = t;
        }
    }
    struct span twice = name_index_sort(&s->index);
    if (twice.data)
        return error_set(err, STATUS_BAD_INPUT, "tensor %.*s is in more than one file",
                         NAME_SHOWN(twice));
    return STATUS_OK;
}

/* The file that tensor `t` came from, by where its data lies. */
static const char *file_of(const struct shards *s, const struct safetensors_tensor *t)
{
    size_t first = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t count = safetensors_count(s->files[i]);
        for (size_t k = 0; k < count; k++) {
            if (s->tensors[first + k] == t) return s->names[i];
        }
        first += count;
    }
    return "?";
}

static size_t name_position(const struct shards *s, struct span name)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t len = strlen(s->names[middle]);
        size_t shared = len < name.len ? len : name.len;
        int order = memcmp(s->names[middle], name.data, shared);
        if (order == 0) order = (len > name.len) - (len < name.len);
        if (order == 0) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return s->count;
}

/* Index to files. Both sides have unique names, so equal counts then mean that every tensor of
 * the files is in the index. */
static enum status check_index(const struct shards *s, const struct json *map, struct error *err)
{
    for (struct json_member m = json_first(map); m.value; m = json_next(map, m)) {
        struct span file = json_string(m.value);
        size_t i, shard = name_position(s, file);
        if (!name_index_find(&s->index, m.key, &i))
            return error_set(err, STATUS_BAD_INPUT,
                             "%.*s: tensor %.*s is not in it, but " SHARDS_INDEX
                             " says so: a wrong file, or one of another version",
                             NAME_SHOWN(file), NAME_SHOWN(m.key));
        if (shard == s->count || safetensors_find_span(s->files[shard], m.key) != s->tensors[i])
            return error_set(err, STATUS_BAD_INPUT,
                             "%.*s: tensor %.*s is not in it but in %s: " SHARDS_INDEX
                             " belongs to other files, or files were exchanged",
                             NAME_SHOWN(file), NAME_SHOWN(m.key), file_of(s, s->tensors[i]));
    }
    if (json_length(map) == s->tensor_count) return STATUS_OK;
    for (size_t i = 0; i < s->tensor_count; i++) {
        if (!json_get(map, s->tensors[i]->name.data))
            return error_set(err, STATUS_BAD_INPUT,
                             "%s: tensor %.*s is in it, but not in " SHARDS_INDEX,
                             file_of(s, s->tensors[i]), NAME_SHOWN(s->tensors[i]->name));
    }
    return STATUS_OK;
}

static enum status open_all(struct shards *s, const struct file_set *files, const struct json *map,
                            struct error *err)
{
    enum status st;
    if (map) st = list_names(s, map, err);
    else if (!(st = alloc_names(s, 1, err))) st = copy_name(s, span_of(SHARDS_SINGLE), err);
    if (st || (st = open_files(s, files, err)) || (st = join_tensors(s, err))) return st;
    return map ? check_index(s, map, err) : STATUS_OK;
}

static enum status read_index(struct json_doc **ret, const struct file_set *files,
                              struct error *err)
{
    struct file_map map;
    enum status st = file_set_map(files, SHARDS_INDEX, &map, err);
    if (st) return st;
    st = json_parse(ret, (const char *)map.data, map.len, INDEX_BYTES_MAX, SHARDS_INDEX, err);
    file_unmap(&map);
    return st;
}

/* Whether the index is about the file model.safetensors, which else is used without it. */
static bool index_names_single(const struct json *map)
{
    for (struct json_member m = json_first(map); m.value; m = json_next(map, m)) {
        if (json_string(m.value).data && span_equals(json_string(m.value), SHARDS_SINGLE))
            return true;
    }
    return false;
}

enum status shards_open(struct shards *ret, const struct file_set *files, struct error *err)
{
    struct shards s = { 0 };
    struct json_doc *doc = NULL;
    const struct json *map = NULL;
    size_t i;
    enum status st;
    bool has_single = file_set_find(files, SHARDS_SINGLE, &i);
    bool has_index = file_set_find(files, SHARDS_INDEX, &i);
    if (!has_single && !has_index)
        return error_set(err, STATUS_NOT_FOUND,
                         "%s holds neither " SHARDS_SINGLE " nor " SHARDS_INDEX,
                         file_set_path(files));
    if (has_index && (st = read_index(&doc, files, err))) return st;
    if (doc) map = json_get(json_root(doc), "weight_map");
    if (has_single && !index_names_single(map)) map = NULL;
    if (!has_single && (json_type(map) != JSON_OBJECT || json_length(map) == 0))
        st = error_set(err, STATUS_BAD_INPUT, SHARDS_INDEX " has no weight_map");
    else st = open_all(&s, files, map, err);
    json_doc_free(doc);
    if (st) shards_release(&s);
    else *ret = s;
    return st;
}

void shards_release(struct shards *s)
{
    for (size_t i = 0; i < s->count; i++) {
        safetensors_close(s->files[i]);
        mem_free(s->names[i]);
    }
    mem_free(s->files);
    mem_free(s->names);
    mem_free(s->tensors);
    name_index_release(&s->index);
    *s = (struct shards){ 0 };
}

const struct safetensors_tensor *shards_find(const struct shards *s, const char *name)
{
    size_t i;
    return name_index_find(&s->index, span_of(name), &i) ? s->tensors[i] : NULL;
}
