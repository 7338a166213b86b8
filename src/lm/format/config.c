/* A model's configuration, read with one vocabulary from config.json or GGUF keys.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/format/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/format/config_value.h"

#define LIST_MAX             65536
#define TEXT_BYTES_MAX       4096 /* longer strings (templates, licences) are not configuration */
#define TEXTS_MAX            16384
#define TEXT_ARENA_BYTES_MAX ((size_t)8 << 20)
#define ARCH_BYTES_MAX       64
#define WORDS_BYTES          96

/* GGUF strings are not terminated; those that a family may ask for are copied at the start, so
 * that a config stays immutable. Found again by where they lie in the file. */
struct config_texts {
    struct arena arena;
    struct config_text {
        const uint8_t *data;
        const char *text;
    } * items; /* [count] */
    size_t count;
};

/* ---- finding a value ---- */

static bool gguf_key_name(const struct config *c, const char *key, char *out, size_t out_bytes)
{
    int len = key[0] == '.' ? snprintf(out, out_bytes, "%s", key + 1)
                            : snprintf(out, out_bytes, "%s.%s", c->arch, key);
    return len >= 0 && (size_t)len < out_bytes;
}

void config_key_name(const struct config *c, struct config_key key, char ret[CONFIG_KEY_NAME_BYTES])
{
    if (source_gguf(c->source))
        gguf_key_name(c, key.gguf ? key.gguf : "?", ret, CONFIG_KEY_NAME_BYTES);
    else snprintf(ret, CONFIG_KEY_NAME_BYTES, "config.json: %s", key.hf ? key.hf : "?");
}

/* A key in text_config hides the one outside, even when it is null there. */
static const struct json *find_json(const struct json *root, const char *path)
{
    const struct json *v = json_path(json_get(root, "text_config"), path);
    return v ? v : json_path(root, path);
}

bool config_find(const struct config *c, struct config_key key, struct config_value *ret)
{
    char name[CONFIG_KEY_NAME_BYTES];
    const struct gguf *g = source_gguf(c->source);
    if (g) {
        ret->json = NULL;
        return key.gguf && gguf_key_name(c, key.gguf, name, sizeof name) &&
               gguf_find(g, name, &ret->gguf);
    }
    ret->json = key.hf ? find_json(source_config_json(c->source), key.hf) : NULL;
    return ret->json && json_type(ret->json) != JSON_NULL;
}

bool config_has(const struct config *c, struct config_key key)
{
    struct config_value v;
    return config_find(c, key, &v);
}

/* ---- items: a scalar is its own only item ---- */

static bool is_list(const struct config_value *v)
{
    return v->json ? json_type(v->json) == JSON_ARRAY : v->gguf.type == GGUF_ARRAY;
}

static uint64_t item_count(const struct config_value *v)
{
    if (!is_list(v)) return 1;
    return v->json ? json_length(v->json) : v->gguf.count;
}

static const struct json *json_item(const struct config_value *v, uint64_t i)
{
    return is_list(v) ? json_at(v->json, (size_t)i) : v->json;
}

static bool json_whole(const struct json *v, int64_t *ret)
{
    int64_t n = json_int(v, 0);
    if (json_int(v, 1) != n) return false; /* neither an integer nor a whole real */
    *ret = n;
    return true;
}

static bool item_int(const struct config_value *v, uint64_t i, int64_t *ret)
{
    if (v->json) return json_whole(json_item(v, i), ret);
    return is_list(v) ? gguf_int_at(&v->gguf, i, ret) : gguf_int(&v->gguf, ret);
}

static bool item_number(const struct config_value *v, uint64_t i, double *ret)
{
    if (!v->json) return is_list(v) ? gguf_number_at(&v->gguf, i, ret) : gguf_number(&v->gguf, ret);
    enum json_type type = json_type(json_item(v, i));
    if (type != JSON_INT && type != JSON_REAL) return false;
    *ret = json_number(json_item(v, i), 0);
    return true;
}

/* ---- messages ---- */

static void json_words(const struct json *v, char out[WORDS_BYTES])
{
    switch (json_type(v)) {
    case JSON_NULL: snprintf(out, WORDS_BYTES, "null"); break;
    case JSON_BOOL: snprintf(out, WORDS_BYTES, json_bool(v, false) ? "true" : "false"); break;
    case JSON_INT: snprintf(out, WORDS_BYTES, "%" PRId64, json_int(v, 0)); break;
    case JSON_REAL: snprintf(out, WORDS_BYTES, "%.9g", json_number(v, 0)); break;
    case JSON_STRING:
        snprintf(out, WORDS_BYTES, "the string \"%.60s\"", json_string(v).data);
        break;
    case JSON_ARRAY: snprintf(out, WORDS_BYTES, "a list"); break;
    case JSON_OBJECT: snprintf(out, WORDS_BYTES, "an object"); break;
    }
}

static void gguf_words(const struct gguf_value *v, char out[WORDS_BYTES])
{
    struct span text;
    double number;
    bool flag;
    if (gguf_string(v, &text))
        snprintf(out, WORDS_BYTES, "the string \"%.*s\"", (int)(text.len < 60 ? text.len : 60),
                 text.data);
    else if (gguf_number(v, &number)) snprintf(out, WORDS_BYTES, "%.15g", number);
    else if (gguf_bool(v, &flag)) snprintf(out, WORDS_BYTES, flag ? "true" : "false");
    else snprintf(out, WORDS_BYTES, "a list");
}

static void value_words(const struct config_value *v, uint64_t i, char out[WORDS_BYTES])
{
    double number;
    if (v->json) json_words(json_item(v, i), out);
    else if (is_list(v) && item_number(v, i, &number)) snprintf(out, WORDS_BYTES, "%.15g", number);
    else gguf_words(&v->gguf, out);
}

static enum status missing(const struct config *c, struct config_key key, struct error *err)
{
    char name[CONFIG_KEY_NAME_BYTES];
    config_key_name(c, key, name);
    return error_set(err, STATUS_BAD_INPUT, "%s is missing", name);
}

static enum status wrong(const struct config *c, struct config_key key,
                         const struct config_value *v, uint64_t i, const char *wanted,
                         struct error *err)
{
    char name[CONFIG_KEY_NAME_BYTES], words[WORDS_BYTES];
    config_key_name(c, key, name);
    value_words(v, i, words);
    return error_set(err, STATUS_BAD_INPUT, "%s is %s; it must be %s", name, words, wanted);
}

static enum status wrong_int(const struct config *c, struct config_key key,
                             const struct config_value *v, uint64_t i, int64_t min, int64_t max,
                             struct error *err)
{
    char wanted[WORDS_BYTES];
    snprintf(wanted, sizeof wanted, "a whole number from %" PRId64 " to %" PRId64, min, max);
    return wrong(c, key, v, i, wanted, err);
}

/* Lists in place of one value: none of its items may differ. */
static enum status check_list(const struct config *c, struct config_key key,
                              const struct config_value *v, struct error *err)
{
    char name[CONFIG_KEY_NAME_BYTES];
    uint64_t count = item_count(v);
    if (count >= 1 && count <= LIST_MAX) return STATUS_OK;
    config_key_name(c, key, name);
    return error_set(err, STATUS_BAD_INPUT, "%s is a list of %" PRIu64 " items; 1 to %d are read",
                     name, count, LIST_MAX);
}

static enum status items_differ(const struct config *c, struct config_key key, struct error *err)
{
    char name[CONFIG_KEY_NAME_BYTES];
    config_key_name(c, key, name);
    return error_set(err, STATUS_UNSUPPORTED,
                     "%s is a list of different values; one value is due here", name);
}

/* ---- typed values ---- */

static enum status get_int_at(const struct config *c, struct config_key key,
                              const struct config_value *v, uint64_t i, int64_t min, int64_t max,
                              int64_t *ret, struct error *err)
{
    int64_t n;
    if (!item_int(v, i, &n) || n < min || n > max) return wrong_int(c, key, v, i, min, max, err);
    *ret = n;
    return STATUS_OK;
}

static enum status get_int(const struct config *c, struct config_key key,
                           const struct config_value *v, int64_t min, int64_t max, int64_t *ret,
                           struct error *err)
{
    int64_t first = 0, n = 0;
    enum status st = check_list(c, key, v, err);
    if (st || (st = get_int_at(c, key, v, 0, min, max, &first, err))) return st;
    for (uint64_t i = 1; i < item_count(v); i++) {
        if ((st = get_int_at(c, key, v, i, min, max, &n, err))) return st;
        if (n != first) return items_differ(c, key, err);
    }
    *ret = first;
    return STATUS_OK;
}

enum status config_int(const struct config *c, struct config_key key, int64_t min, int64_t max,
                       int64_t *ret, struct error *err)
{
    struct config_value v;
    if (!config_find(c, key, &v)) return missing(c, key, err);
    return get_int(c, key, &v, min, max, ret, err);
}

enum status config_int_or(const struct config *c, struct config_key key, int64_t min, int64_t max,
                          int64_t fallback, int64_t *ret, struct error *err)
{
    struct config_value v;
    if (config_find(c, key, &v)) return get_int(c, key, &v, min, max, ret, err);
    *ret = fallback;
    return STATUS_OK;
}

enum status config_int_at(const struct config *c, struct config_key key, int64_t i, int64_t min,
                          int64_t max, int64_t fallback, int64_t *ret, struct error *err)
{
    struct config_value v;
    char name[CONFIG_KEY_NAME_BYTES];
    if (!config_find(c, key, &v)) {
        *ret = fallback;
        return STATUS_OK;
    }
    if (!is_list(&v)) return get_int(c, key, &v, min, max, ret, err);
    if (i >= 0 && (uint64_t)i < item_count(&v))
        return get_int_at(c, key, &v, (uint64_t)i, min, max, ret, err);
    config_key_name(c, key, name);
    return error_set(err, STATUS_BAD_INPUT, "%s has %" PRIu64 " items, item %" PRId64 " is needed",
                     name, item_count(&v), i);
}

enum status config_real_or(const struct config *c, struct config_key key, double min, double max,
                           double fallback, double *ret, struct error *err)
{
    struct config_value v;
    char wanted[WORDS_BYTES];
    double first = fallback, n = 0;
    enum status st;
    if (!config_find(c, key, &v)) {
        *ret = fallback;
        return STATUS_OK;
    }
    if ((st = check_list(c, key, &v, err))) return st;
    snprintf(wanted, sizeof wanted, "a number from %.9g to %.9g", min, max);
    for (uint64_t i = 0; i < item_count(&v); i++) {
        if (!item_number(&v, i, &n) || !(n >= min && n <= max))
            return wrong(c, key, &v, i, wanted, err);
        if (i > 0 && n != first) return items_differ(c, key, err);
        first = n;
    }
    *ret = first;
    return STATUS_OK;
}

enum status config_bool_or(const struct config *c, struct config_key key, bool fallback, bool *ret,
                           struct error *err)
{
    struct config_value v;
    bool flag = fallback;
    if (!config_find(c, key, &v)) {
        *ret = fallback;
        return STATUS_OK;
    }
    if (v.json ? json_type(v.json) != JSON_BOOL : !gguf_bool(&v.gguf, &flag))
        return wrong(c, key, &v, 0, "true or false", err);
    *ret = v.json ? json_bool(v.json, fallback) : flag;
    return STATUS_OK;
}

/* ---- strings ---- */

static const char *kept_text(const struct config *c, const uint8_t *data)
{
    for (size_t i = 0; c->texts && i < c->texts->count; i++) {
        if (c->texts->items[i].data == data) return c->texts->items[i].text;
    }
    return NULL;
}

enum status config_text_or_null(const struct config *c, struct config_key key, const char **ret,
                                struct error *err)
{
    struct config_value v;
    const char *text = NULL;
    if (config_find(c, key, &v)) {
        if (v.json) text = json_text(v.json);
        else if (v.gguf.type == GGUF_STRING) text = kept_text(c, v.gguf.data);
        if (!text)
            return wrong(c, key, &v, 0, "a string of at most 4096 bytes without zero bytes", err);
    }
    *ret = text;
    return STATUS_OK;
}

static const char *text_item(const struct config *c, const struct config_value *v, uint64_t i)
{
    struct gguf_strings walk = { .array = v->gguf };
    struct span text;
    if (v->json) return json_text(json_at(v->json, (size_t)i));
    while (gguf_strings_next(&walk, &text)) {
        if (walk.next == i + 1) return kept_text(c, (const uint8_t *)text.data);
    }
    return NULL;
}

enum status config_text_at(const struct config *c, struct config_key key, int64_t i,
                           const char **ret, struct error *err)
{
    struct config_value v;
    char name[CONFIG_KEY_NAME_BYTES];
    if (!config_find(c, key, &v)) {
        *ret = NULL;
        return STATUS_OK;
    }
    const char *text = is_list(&v) && i >= 0 ? text_item(c, &v, (uint64_t)i) : NULL;
    if (!text) {
        config_key_name(c, key, name);
        return error_set(err, STATUS_BAD_INPUT, "%s is not a list of strings with an item %" PRId64,
                         name, i);
    }
    *ret = text;
    return STATUS_OK;
}

/* ---- birth and death ---- */

/* Too long, too many or with zero bytes inside: not kept, and an error if somebody asks for it. */
static bool keep_text(struct config_texts *texts, const uint8_t *where, struct span text)
{
    if (text.len > TEXT_BYTES_MAX || texts->count == TEXTS_MAX || memchr(text.data, 0, text.len))
        return true;
    const char *copy = arena_copy_text(&texts->arena, text.data, text.len);
    if (!copy) return texts->arena.used_bytes + text.len >= TEXT_ARENA_BYTES_MAX;
    texts->items[texts->count++] = (struct config_text){ where, copy };
    return true;
}

/* Arrays of strings are configuration only under the architecture's name: elsewhere they are
 * vocabularies. An item is known by its text, a string by its length field. */
static bool keep_value(struct config_texts *texts, struct span key, const struct gguf_value *v,
                       const char *arch)
{
    struct gguf_strings walk = { .array = *v };
    struct span text;
    size_t arch_len = strlen(arch);
    if (gguf_string(v, &text)) return keep_text(texts, v->data, text);
    if (key.len <= arch_len || memcmp(key.data, arch, arch_len) != 0 || v->count > LIST_MAX)
        return true;
    while (gguf_strings_next(&walk, &text)) {
        if (!keep_text(texts, (const uint8_t *)text.data, text)) return false;
    }
    return true;
}

static enum status keep_texts(struct config *c, const struct gguf *g, struct error *err)
{
    bool ok = (c->texts = mem_zero(sizeof *c->texts)) != NULL;
    if (ok) {
        arena_init(&c->texts->arena, TEXT_ARENA_BYTES_MAX);
        ok = (c->texts->items = mem_array(TEXTS_MAX, sizeof *c->texts->items)) != NULL;
    }
    for (size_t i = 0; ok && i < gguf_key_count(g); i++) {
        struct gguf_value v;
        struct span key = gguf_key(g, i, &v);
        ok = keep_value(c->texts, key, &v, c->arch);
    }
    return ok ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory for the configuration");
}

static enum status own_names(struct config *c, struct span arch, struct span type,
                             struct error *err)
{
    c->arch = mem_copy_text(arch.data, arch.len);
    c->model_type = mem_copy_text(type.data, type.len);
    if (!c->arch || !c->model_type)
        return error_set(err, STATUS_NO_MEMORY, "out of memory for the configuration");
    return STATUS_OK;
}

static bool is_name(struct span s)
{
    return s.data && s.len > 0 && s.len <= ARCH_BYTES_MAX && !memchr(s.data, 0, s.len);
}

static enum status init_gguf(struct config *c, const struct gguf *g, struct error *err)
{
    struct gguf_value v;
    struct span arch = { 0 };
    enum status st;
    if (!gguf_find(g, "general.architecture", &v))
        return error_set(err, STATUS_BAD_INPUT, "%s: general.architecture is missing",
                         source_path(c->source));
    if (!gguf_string(&v, &arch) || !is_name(arch))
        return error_set(err, STATUS_BAD_INPUT,
                         "%s: general.architecture is not a name of 1 to %d bytes",
                         source_path(c->source), ARCH_BYTES_MAX);
    if ((st = own_names(c, arch, arch, err))) return st;
    return keep_texts(c, g, err);
}

static enum status init_json(struct config *c, const struct json *root, struct error *err)
{
    struct span arch = json_string(json_at(json_get(root, "architectures"), 0));
    struct span type = json_string(json_get(root, "model_type"));
    if (!root)
        return error_set(err, STATUS_BAD_INPUT, "%s has no config.json", source_path(c->source));
    if (!is_name(arch))
        return error_set(err, STATUS_BAD_INPUT,
                         "%s: config.json names no architecture (architectures[0])%s",
                         source_path(c->source), is_name(type) ? ", only a model_type" : "");
    return own_names(c, arch, is_name(type) ? type : arch, err);
}

enum status config_init(struct config *ret, const struct source *source, struct error *err)
{
    struct config c = { .source = source };
    const struct gguf *g = source_gguf(source);
    enum status st = g ? init_gguf(&c, g, err) : init_json(&c, source_config_json(source), err);
    if (st) config_release(&c);
    else *ret = c;
    return st;
}

void config_release(struct config *c)
{
    if (c->texts) {
        arena_release(&c->texts->arena);
        mem_free(c->texts->items);
        mem_free(c->texts);
    }
    mem_free((void *)c->arch);
    mem_free((void *)c->model_type);
    *c = (struct config){ 0 };
}

const char *config_dtype(const struct config *c)
{
    const struct json *root = source_config_json(c->source);
    const char *text = json_text(find_json(root, "dtype"));
    if (!text) text = json_text(find_json(root, "torch_dtype"));
    if (text && strncmp(text, "torch.", 6) == 0) text += 6;
    return text;
}
