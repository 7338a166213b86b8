/* A model's files, whatever their container: what was found, its tensors and its texts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/format/source.h"

#include <inttypes.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "lm/format/shards.h"
#include "math/quants/quant.h"

#define CONFIG_BYTES_MAX    ((size_t)16 << 20)
#define GGUF_CANDIDATES_MAX 16

struct source {
    struct file_set *set; /* owned */
    enum container container;
    struct gguf *gguf;
    struct json_doc *config, *generation;
    struct shards shards;
    struct source_file *files; /* [file_count]; names belong to the set, or to the GGUF's parts */
    struct file_map *maps;     /* [file_count], mapped on first use */
    bool *mapped;
    size_t file_count;
};

/* ---- what a name says ---- */

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);
    return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

static bool starts_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Names that hold pickled Python objects. tok*.bin are tokenizers of small C engines, and
 * training_args.bin holds no weights. */
static bool is_pickle(const char *name)
{
    if (starts_with(name, "tok") || strcmp(name, "training_args.bin") == 0) return false;
    return ends_with(name, ".bin") || ends_with(name, ".pt") || ends_with(name, ".pth") ||
           ends_with(name, ".ckpt");
}

static bool is_gguf(const char *name)
{
    return ends_with(name, ".gguf");
}

static bool is_safetensors(const char *name)
{
    return ends_with(name, ".safetensors");
}

static bool is_consolidated(const char *name)
{
    return starts_with(name, "consolidated") && is_safetensors(name);
}

static bool is_adapter(const char *name)
{
    return strcmp(name, "adapter_config.json") == 0;
}

static bool is_tokenizer(const char *name)
{
    static const char *const known[] = {
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json",   "tekken.json",
        "vocab.json",     "spiece.model",    "sentencepiece.bpe.model", "vocab.txt",
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i]) == 0) return true;
    }
    return ends_with(name, ".tiktoken") || ends_with(name, ".model") || strstr(name, ".model.v");
}

bool source_is_pickle(const char *name)
{
    return is_pickle(name) && !is_gguf(name);
}

bool source_reads_file(const char *name)
{
    if (source_is_pickle(name)) return false;
    return is_gguf(name) || is_safetensors(name) || is_tokenizer(name) ||
           ends_with(name, ".json") || ends_with(name, ".jinja") || strcmp(name, "merges.txt") == 0;
}

/* ---- the list of files ---- */

typedef bool name_test(const char *name);

static const char *first_file(const struct source *s, name_test *test)
{
    for (size_t i = 0; i < s->file_count; i++) {
        if (test(s->files[i].name)) return s->files[i].name;
    }
    return NULL;
}

static bool file_position(const struct source *s, const char *name, size_t *ret)
{
    for (size_t i = 0; i < s->file_count; i++) {
        if (strcmp(s->files[i].name, name) != 0) continue;
        *ret = i;
        return true;
    }
    return false;
}

static bool has_file(const struct source *s, const char *name)
{
    size_t i;
    return file_position(s, name, &i);
}

static enum status alloc_files(struct source *s, size_t count, struct error *err)
{
    s->files = mem_array(count + 1, sizeof *s->files);
    s->maps = mem_array(count + 1, sizeof *s->maps);
    s->mapped = mem_array(count + 1, sizeof *s->mapped);
    if (!s->files || !s->maps || !s->mapped)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the list of files");
    return STATUS_OK;
}

static enum status list_set(struct source *s, struct error *err)
{
    size_t count = file_set_count(s->set);
    enum status st = alloc_files(s, count, err);
    for (size_t i = 0; i < count && !st; i++) {
        const struct file_set_entry *e = file_set_at(s->set, i);
        s->files[s->file_count++] = (struct source_file){ e->name, e->bytes };
    }
    return st;
}

/* ---- containers ---- */

static enum status list_parts(struct source *s, struct error *err)
{
    size_t parts = gguf_part_count(s->gguf);
    enum status st = alloc_files(s, parts, err);
    for (size_t i = 0; i < parts && !st; i++) {
        const struct file_map *map = gguf_part_map(s->gguf, i);
        s->files[s->file_count++] = (struct source_file){ gguf_part_name(s->gguf, i), map->len };
    }
    return st;
}

/* Vision projectors, adapters and importance matrices are not models; what else general.type may
 * say ("model", "vocab") is left to who reads it. NULL for a model. */
static const char *sidecar_words(const struct gguf *g)
{
    static const struct {
        const char *key, *value, *words;
    } known[] = {
        { "general.type", "adapter", "an adapter" },
        { "general.type", "mmproj", "a vision projector" },
        { "general.type", "imatrix", "an importance matrix" },
        { "general.architecture", "clip", "a vision projector" },
    };
    struct gguf_value v;
    struct span text;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (gguf_find(g, known[i].key, &v) && gguf_string(&v, &text) &&
            span_equals(text, known[i].value))
            return known[i].words;
    }
    return NULL;
}

/* In a folder its files are listed already; of a file only the parts are the model's. */
static enum status open_gguf(struct source *s, const char *name, struct error *err)
{
    enum status st = gguf_open_in(&s->gguf, s->set, name, err);
    s->container = CONTAINER_GGUF;
    if (st) return st;
    const char *sidecar = sidecar_words(s->gguf);
    if (sidecar)
        return error_set(err, STATUS_UNSUPPORTED, "%s is %s, not a model: give the model's file",
                         name, sidecar);
    return s->files ? STATUS_OK : list_parts(s, err);
}

static enum status refuse_pickle(const char *where, const char *name, struct error *err)
{
    return error_set(
        err, STATUS_UNSUPPORTED,
        "%s: %s is taken for a Python pickle, which can run any code when it is opened "
        "and is never read here: convert it to safetensors, or get the model's "
        "safetensors or GGUF files",
        where, name);
}

static enum status open_file(struct source *s, const char *name, struct error *err)
{
    if (!is_gguf(name) && is_pickle(name)) return refuse_pickle(file_set_path(s->set), name, err);
    if (is_safetensors(name))
        return error_set(err, STATUS_USAGE,
                         "%s is one file of a model: give its folder, which also holds config.json",
                         file_set_path(s->set));
    enum status st = open_gguf(s, name, err);
    if (st == STATUS_BAD_INPUT && !is_gguf(name))
        return error_wrap(err, st, "%s is neither a folder nor a GGUF file", file_set_path(s->set));
    return st;
}

/* A GGUF file that stands for a model, going by its name: of a split the lowest part. */
static bool is_candidate(const struct source *s, size_t i)
{
    size_t stem, before;
    int64_t part, count, other;
    if (!is_gguf(s->files[i].name)) return false;
    if (!gguf_split_name(s->files[i].name, &stem, &part, &count)) return true;
    for (size_t k = 0; k < i; k++) { /* sorted: lower parts come first */
        if (gguf_split_name(s->files[k].name, &before, &other, &count) && before == stem &&
            strncmp(s->files[k].name, s->files[i].name, stem) == 0)
            return false;
    }
    return true;
}

/* A file that does not open counts as a model: naming it beats leaving it out. */
static enum status check_model(const struct source *s, const char *name, bool *ret_is_model,
                               struct error *err)
{
    struct gguf *g;
    enum status st = gguf_open_in(&g, s->set, name, err);
    if (st == STATUS_NO_MEMORY) return st;
    *ret_is_model = st || !sidecar_words(g);
    if (!st) gguf_close(g);
    return STATUS_OK;
}

static enum status open_gguf_folder(struct source *s, struct error *err)
{
    size_t found[GGUF_CANDIDATES_MAX] = { 0 }, count = 0, models = 0;
    for (size_t i = 0; i < s->file_count; i++) {
        if (!is_candidate(s, i)) continue;
        if (count == GGUF_CANDIDATES_MAX)
            return error_set(err, STATUS_USAGE,
                             "%s holds more than %d GGUF models: give the file of one",
                             file_set_path(s->set), GGUF_CANDIDATES_MAX);
        found[count++] = i;
    }
    for (size_t i = 0; i < count && count > 1; i++) {
        bool is_model = false;
        enum status st = check_model(s, s->files[found[i]].name, &is_model, err);
        if (st) return st;
        if (is_model) found[models++] = found[i];
    }
    if (models > 1)
        return error_set(err, STATUS_USAGE,
                         "%s holds %zu GGUF models (%s, %s%s): give the file of one",
                         file_set_path(s->set), models, s->files[found[0]].name,
                         s->files[found[1]].name, models > 2 ? ", ..." : "");
    return open_gguf(s, s->files[found[0]].name, err);
}

static enum status parse_json(const struct source *s, const char *name, struct span text,
                              struct json_doc **ret, struct error *err)
{
    enum status st = json_parse(ret, text.data, text.len, CONFIG_BYTES_MAX, name, err);
    if (st) return error_wrap(err, st, "%s", file_set_path(s->set));
    if (json_type(json_root(*ret)) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_INPUT, "%s: %s is not a JSON object",
                         file_set_path(s->set), name);
    return STATUS_OK;
}

static enum status read_json(struct source *s, const char *name, struct json_doc **ret,
                             struct error *err)
{
    struct span text;
    if (!has_file(s, name)) return STATUS_OK;
    enum status st = source_read(s, name, &text, err);
    return st ? st : parse_json(s, name, text, ret, err);
}

/* A folder without weights that can be read: what is wrong with it, or a tokenizer. */
static enum status check_without_weights(const struct source *s, struct error *err)
{
    const char *pickle = first_file(s, is_pickle), *consolidated = first_file(s, is_consolidated);
    const char *loose = first_file(s, is_safetensors);
    if (first_file(s, is_adapter))
        return error_set(
            err, STATUS_UNSUPPORTED,
            "%s is an adapter (adapter_config.json), not a model: give the folder of the model "
            "that it was made for",
            file_set_path(s->set));
    if (consolidated)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s holds a model in Mistral's own layout (%s): get the Hugging Face "
                         "form, with " SHARDS_SINGLE " or " SHARDS_INDEX,
                         file_set_path(s->set), consolidated);
    if (loose)
        return error_set(err, STATUS_NOT_FOUND,
                         "%s holds %s, but neither " SHARDS_SINGLE " nor " SHARDS_INDEX
                         ": the index of the shards is missing",
                         file_set_path(s->set), loose);
    if (pickle) return refuse_pickle(file_set_path(s->set), pickle, err);
    if (!has_file(s, "config.json") && !first_file(s, is_tokenizer))
        return error_set(
            err, STATUS_NOT_FOUND,
            "%s holds no model: neither config.json with .safetensors files, nor a .gguf file, "
            "nor a tokenizer",
            file_set_path(s->set));
    return STATUS_OK;
}

static enum status open_hf(struct source *s, bool has_weights, struct error *err)
{
    enum status st;
    s->container = CONTAINER_HF;
    if (has_weights && !has_file(s, "config.json"))
        return error_set(err, STATUS_NOT_FOUND,
                         "%s holds weights but no config.json, which says what they mean%s",
                         file_set_path(s->set),
                         has_file(s, "params.json") ? " (params.json is Mistral's own layout)"
                                                    : "");
    if ((st = read_json(s, "config.json", &s->config, err)) ||
        (st = read_json(s, "generation_config.json", &s->generation, err)))
        return st;
    if (!has_weights) return check_without_weights(s, err);
    st = shards_open(&s->shards, s->set, err);
    return st ? error_wrap(err, st, "%s", file_set_path(s->set)) : STATUS_OK;
}

static enum status open_folder(struct source *s, struct error *err)
{
    enum status st = list_set(s, err);
    if (st) return st;
    /* An index alone is what is left when somebody fetched everything but the weights. */
    bool has_weights =
        has_file(s, SHARDS_SINGLE) || (has_file(s, SHARDS_INDEX) && first_file(s, is_safetensors));
    if (!has_weights && first_file(s, is_gguf)) return open_gguf_folder(s, err);
    return open_hf(s, has_weights, err);
}

static enum status source_new(struct source **ret, struct file_set *set, struct error *err)
{
    struct source *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "%s: out of memory", file_set_path(set));
    s->set = set;
    *ret = s;
    return STATUS_OK;
}

static enum status finish(struct source **ret, struct source *s, enum status st)
{
    if (st) source_close(s);
    else *ret = s;
    return st;
}

enum status source_open_files(struct source **ret, struct file_set *files, struct error *err)
{
    struct source *s = NULL;
    const char *main_file = file_set_main_file(files);
    enum status st = source_new(&s, files, err);
    if (st) return st;
    st = main_file ? open_file(s, main_file, err) : open_folder(s, err);
    if (st) s->set = NULL; /* still the caller's */
    return finish(ret, s, st);
}

enum status source_open(struct source **ret, const char *path, struct error *err)
{
    struct file_set *files;
    enum status st = file_set_open(&files, path, err);
    if (st) return st;
    st = source_open_files(ret, files, err);
    if (st) file_set_free(files);
    return st;
}

/* A source without files. */
static enum status source_bare(struct source **ret, const char *name, struct error *err)
{
    struct file_set *files;
    enum status st = file_set_empty(&files, name, err);
    if (!st && (st = source_new(ret, files, err))) file_set_free(files);
    return st;
}

enum status source_open_texts(struct source **ret, struct span config, struct span generation,
                              struct error *err)
{
    struct source *s = NULL;
    enum status st = source_bare(&s, "(text)", err);
    if (st) return st;
    s->container = CONTAINER_HF;
    st = parse_json(s, "config.json", config, &s->config, err);
    if (!st && generation.data)
        st = parse_json(s, "generation_config.json", generation, &s->generation, err);
    return finish(ret, s, st);
}

enum status source_open_gguf(struct source **ret, struct gguf *g, const char *name,
                             struct error *err)
{
    struct source *s = NULL;
    enum status st = source_bare(&s, name, err);
    if (st) return st;
    s->container = CONTAINER_GGUF;
    s->gguf = g;
    if ((st = list_parts(s, err))) s->gguf = NULL; /* still the caller's */
    return finish(ret, s, st);
}

void source_close(struct source *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->file_count; i++) {
        if (s->mapped[i]) file_unmap(&s->maps[i]);
    }
    shards_release(&s->shards);
    json_doc_free(s->config);
    json_doc_free(s->generation);
    gguf_close(s->gguf);
    mem_free(s->files);
    mem_free(s->maps);
    mem_free(s->mapped);
    file_set_free(s->set);
    mem_free(s);
}

const char *source_path(const struct source *s)
{
    return file_set_path(s->set);
}

enum container source_container(const struct source *s)
{
    return s->container;
}

const struct gguf *source_gguf(const struct source *s)
{
    return s->gguf;
}

const struct json *source_config_json(const struct source *s)
{
    return s->config ? json_root(s->config) : NULL;
}

const struct json *source_generation_json(const struct source *s)
{
    return s->generation ? json_root(s->generation) : NULL;
}

size_t source_file_count(const struct source *s)
{
    return s->file_count;
}

const struct source_file *source_file(const struct source *s, size_t i)
{
    return &s->files[i];
}

enum status source_read(struct source *s, const char *name, struct span *ret, struct error *err)
{
    size_t i;
    if (!file_position(s, name, &i))
        return error_set(err, STATUS_NOT_FOUND, "%s has no file %s", file_set_path(s->set), name);
    if (!s->mapped[i]) {
        enum status st = file_set_map(s->set, name, &s->maps[i], err);
        if (st) return st;
        s->mapped[i] = true;
    }
    const char *data = (const char *)s->maps[i].data;
    *ret = (struct span){ data ? data : "", s->maps[i].len };
    return STATUS_OK;
}

/* ---- tensors ---- */

size_t source_tensor_count(const struct source *s)
{
    return s->gguf ? gguf_tensor_count(s->gguf) : s->shards.tensor_count;
}

static bool view_of_stored(const struct safetensors_tensor *t, struct tensor_view *ret,
                           const char **ret_type_name)
{
    *ret = t->view;
    *ret_type_name = t->dtype;
    return t->has_view;
}

bool source_tensor_at(const struct source *s, size_t i, struct span *ret_name,
                      struct tensor_view *ret, const char **ret_type_name)
{
    if (!s->gguf) {
        const struct safetensors_tensor *t = s->shards.tensors[i];
        *ret_name = t->name;
        return view_of_stored(t, ret, ret_type_name);
    }
    const struct gguf_tensor *t = gguf_tensor(s->gguf, i);
    *ret_name = t->name;
    *ret = t->view;
    *ret_type_name = quant_name(t->view.type);
    return true;
}

static enum status missing_tensor(const struct source *s, const char *name, struct error *err)
{
    return error_set(err, STATUS_NOT_FOUND, "%s: tensor %s is missing", file_set_path(s->set),
                     name);
}

enum status source_tensor(const struct source *s, const char *name, struct tensor_view *ret,
                          struct error *err)
{
    const char *type_name;
    struct tensor_view view;
    if (s->gguf) {
        const struct gguf_tensor *t = gguf_find_tensor(s->gguf, name);
        if (!t) return missing_tensor(s, name, err);
        *ret = t->view;
        return STATUS_OK;
    }
    const struct safetensors_tensor *t = shards_find(&s->shards, name);
    if (!t) return missing_tensor(s, name, err);
    if (!view_of_stored(t, &view, &type_name))
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s: tensor %s has dtype %s, which is not supported",
                         file_set_path(s->set), name, type_name);
    *ret = view;
    return STATUS_OK;
}

bool source_has_tensor(const struct source *s, const char *name)
{
    return s->gguf ? gguf_find_tensor(s->gguf, name) != NULL
                   : shards_find(&s->shards, name) != NULL;
}

uint64_t source_tensor_bytes(const struct source *s)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < source_tensor_count(s); i++) {
        if (s->gguf) {
            const struct tensor_view *v = &gguf_tensor(s->gguf, i)->view;
            bytes += (uint64_t)v->rows * v->row_bytes;
        } else {
            bytes += s->shards.tensors[i]->bytes;
        }
    }
    return bytes;
}

/* ---- read-ahead ---- */

static size_t map_count(const struct source *s)
{
    return s->gguf ? gguf_part_count(s->gguf) : s->shards.count;
}

static const struct file_map *map_at(const struct source *s, size_t i)
{
    return s->gguf ? gguf_part_map(s->gguf, i) : safetensors_map(s->shards.files[i]);
}

enum status source_check_whole(const struct source *s, struct error *err)
{
    for (size_t i = 0; i < map_count(s); i++) {
        const struct file_map *map = map_at(s, i);
        if (!map->data || file_still_whole(map)) continue;
        return error_set(err, STATUS_IO,
                         "%s: %s has become shorter since it was opened: do not replace a model's "
                         "files while they are in use",
                         file_set_path(s->set),
                         s->gguf ? gguf_part_name(s->gguf, i) : s->shards.names[i]);
    }
    return STATUS_OK;
}

typedef void map_advice(const struct file_map *m, size_t offset, size_t len);

static void advise(const struct source *s, const struct tensor_view *view, map_advice *advice)
{
    uintptr_t at = (uintptr_t)view->data;
    for (size_t i = 0; i < map_count(s); i++) {
        const struct file_map *map = map_at(s, i);
        uintptr_t begin = (uintptr_t)map->data;
        if (!map->data || at < begin || at >= begin + map->len) continue;
        advice(map, at - begin, (size_t)view->rows * view->row_bytes);
        return;
    }
}

void source_will_need(const struct source *s, const struct tensor_view *view)
{
    advise(s, view, file_will_need);
}

void source_dont_need(const struct source *s, const struct tensor_view *view)
{
    advise(s, view, file_dont_need);
}
