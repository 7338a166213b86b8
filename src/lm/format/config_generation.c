/* Sampling defaults and end tokens, from generation_config.json, config.json or GGUF keys.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/core/json.h"
#include "lm/format/config.h"

#define TEMPERATURE_MAX 100.0
#define PENALTY_MAX     100.0

struct gather {
    const struct config *c;
    struct generation_config *ret;
    int64_t vocab; /* ids at or above it do not exist; CONFIG_VOCAB_MAX when unknown */
    struct error *err;
};

static enum status check_id(const struct gather *g, const char *where, int64_t id)
{
    if (id >= 0 && id < g->vocab) return STATUS_OK;
    return error_set(g->err, STATUS_BAD_INPUT,
                     "%s is %" PRId64 ", but token ids go from 0 to %" PRId64, where, id,
                     g->vocab - 1);
}

static enum status add_eos(struct gather *g, const char *where, int64_t id)
{
    struct generation_config *r = g->ret;
    enum status st = check_id(g, where, id);
    if (st) return st;
    for (int i = 0; i < r->eos_count; i++) {
        if (r->eos_ids[i] == id) return STATUS_OK;
    }
    if (r->eos_count == CONFIG_EOS_MAX)
        return error_set(g->err, STATUS_LIMIT, "%s: more than %d end tokens", where,
                         CONFIG_EOS_MAX);
    r->eos_ids[r->eos_count++] = id;
    return STATUS_OK;
}

/* ---- config.json and generation_config.json ---- */

static enum status json_id(const struct gather *g, const char *where, const struct json *v,
                           int64_t *ret)
{
    if (json_type(v) != JSON_INT)
        return error_set(g->err, STATUS_BAD_INPUT, "%s is not a token id", where);
    *ret = json_int(v, -1);
    return STATUS_OK;
}

/* null, an id, or a list of ids; -1 stands for none in some files. */
static enum status add_eos_json(struct gather *g, const char *where, const struct json *v)
{
    bool is_list = json_type(v) == JSON_ARRAY;
    size_t count = json_type(v) == JSON_NULL ? 0 : is_list ? json_length(v) : 1;
    int64_t id = 0;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < count && !st; i++) {
        st = json_id(g, where, is_list ? json_at(v, i) : v, &id);
        if (!st && id != -1) st = add_eos(g, where, id);
    }
    return st;
}

static enum status set_bos_json(struct gather *g, const char *where, const struct json *v)
{
    int64_t id = 0;
    enum status st;
    if (json_type(v) == JSON_NULL || g->ret->bos_id >= 0) return STATUS_OK;
    if ((st = json_id(g, where, v, &id))) return st;
    if (id == -1) return STATUS_OK;
    if ((st = check_id(g, where, id))) return st;
    g->ret->bos_id = id;
    return STATUS_OK;
}

static enum status add_tokens_json(struct gather *g)
{
    const struct json *config = source_config_json(g->c->source);
    const struct json *generation = source_generation_json(g->c->source);
    const struct {
        const char *bos, *eos; /* for messages */
        const struct json *object;
    } places[] = {
        { "generation_config.json: bos_token_id", "generation_config.json: eos_token_id",
          generation },
        { "config.json: bos_token_id", "config.json: eos_token_id", config },
        { "config.json: text_config.bos_token_id", "config.json: text_config.eos_token_id",
          json_get(config, "text_config") },
    };
    enum status st = STATUS_OK;
    for (size_t i = 0; i < sizeof places / sizeof *places && !st; i++) {
        st = set_bos_json(g, places[i].bos, json_get(places[i].object, "bos_token_id"));
        if (!st) st = add_eos_json(g, places[i].eos, json_get(places[i].object, "eos_token_id"));
    }
    return st;
}

/* ---- sampling fields, the same in both containers ---- */

static const struct {
    const char *json, *gguf;
    size_t at; /* in struct generation_config; top_k is the one integer */
    bool is_int;
    double min, max;
} fields[] = {
#define FIELD(name) offsetof(struct generation_config, name)
    { "temperature", "general.sampling.temp", FIELD(temperature), false, 0, TEMPERATURE_MAX },
    { "top_p", "general.sampling.top_p", FIELD(top_p), false, 0, 1 },
    { "min_p", "general.sampling.min_p", FIELD(min_p), false, 0, 1 },
    { "repetition_penalty", "general.sampling.penalty_repeat", FIELD(repetition_penalty), false,
      1e-6, PENALTY_MAX },
    { "top_k", "general.sampling.top_k", FIELD(top_k), true, -1, INT32_MAX },
#undef FIELD
};

static enum status set_field(struct gather *g, size_t i, bool is_number, double n)
{
    const char *name = source_gguf(g->c->source) ? fields[i].gguf : fields[i].json;
    char *at = (char *)g->ret + fields[i].at;
    if (!is_number || !(n >= fields[i].min && n <= fields[i].max))
        return error_set(g->err, STATUS_BAD_INPUT, "%s is not a %s from %g to %g", name,
                         fields[i].is_int ? "whole number" : "number", fields[i].min,
                         fields[i].max);
    g->ret->has_sampling = true;
    if (fields[i].is_int) {
        int64_t whole = (int64_t)n;
        if ((double)whole != n)
            return error_set(g->err, STATUS_BAD_INPUT, "%s is %g, not a whole number", name, n);
        if (whole < 0) whole = 0; /* -1 also means off */
        memcpy(at, &whole, sizeof whole);
    } else {
        memcpy(at, &n, sizeof n);
    }
    return STATUS_OK;
}

static enum status set_sampling_json(struct gather *g)
{
    const struct json *object = source_generation_json(g->c->source);
    enum status st = STATUS_OK;
    g->ret->has_sampling = json_bool(json_get(object, "do_sample"), false);
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !st; i++) {
        const struct json *v = json_get(object, fields[i].json);
        enum json_type type = json_type(v);
        if (type != JSON_NULL)
            st = set_field(g, i, type == JSON_INT || type == JSON_REAL, json_number(v, 0));
    }
    return st;
}

static enum status set_sampling_gguf(struct gather *g, const struct gguf *file)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !st; i++) {
        struct gguf_value v;
        double n = 0;
        if (!gguf_find(file, fields[i].gguf, &v)) continue;
        bool is_number = gguf_number(&v, &n);
        st = set_field(g, i, is_number, n);
    }
    return st;
}

/* ---- GGUF ---- */

static enum status gguf_id(const struct gather *g, const struct gguf *file, const char *key,
                           int64_t *ret)
{
    struct gguf_value v;
    *ret = -1;
    if (!gguf_find(file, key, &v)) return STATUS_OK;
    if (!gguf_int(&v, ret)) return error_set(g->err, STATUS_BAD_INPUT, "%s is not a token id", key);
    return check_id(g, key, *ret);
}

static enum status add_tokens_gguf(struct gather *g, const struct gguf *file)
{
    static const char *const ends[] = { "tokenizer.ggml.eos_token_id",
                                        "tokenizer.ggml.eot_token_id",
                                        "tokenizer.ggml.eom_token_id" };
    int64_t id = -1;
    enum status st = gguf_id(g, file, "tokenizer.ggml.bos_token_id", &g->ret->bos_id);
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !st; i++) {
        st = gguf_id(g, file, ends[i], &id);
        if (!st && id >= 0) st = add_eos(g, ends[i], id);
    }
    return st;
}

/* GGUF: as many as there are token texts; config.json: vocab_size, padding included. */
static enum status find_vocab(struct gather *g, const struct gguf *file)
{
    struct config_key key = { "vocab_size", "vocab_size" };
    struct gguf_value v;
    if (!file || !gguf_find(file, "tokenizer.ggml.tokens", &v) || v.type != GGUF_ARRAY)
        return config_int_or(g->c, key, 1, CONFIG_VOCAB_MAX, CONFIG_VOCAB_MAX, &g->vocab, g->err);
    if (v.count > CONFIG_VOCAB_MAX)
        return error_set(g->err, STATUS_LIMIT,
                         "tokenizer.ggml.tokens has %" PRIu64 " items, at most %d are read",
                         v.count, CONFIG_VOCAB_MAX);
    g->vocab = (int64_t)v.count;
    return STATUS_OK;
}

enum status config_generation(const struct config *c, struct generation_config *ret,
                              struct error *err)
{
    struct generation_config r = {
        .bos_id = -1, .temperature = 1, .top_p = 1, .repetition_penalty = 1
    };
    struct gather g = { .c = c, .ret = &r, .err = err };
    const struct gguf *file = source_gguf(c->source);
    enum status st = find_vocab(&g, file);
    if (!st) st = file ? add_tokens_gguf(&g, file) : add_tokens_json(&g);
    if (!st) st = file ? set_sampling_gguf(&g, file) : set_sampling_json(&g);
    if (!st) *ret = r;
    return st;
}
