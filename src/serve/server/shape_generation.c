/* Settings of generation, from a body to the canonical request.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/shape_generation.h"

#include <math.h>
#include <stdio.h>

#include "base/core/mem.h"

const struct generation generation_unset = {
    .max_tokens = GENERATION_UNSET,
    .top_k = GENERATION_UNSET,
    .seed = GENERATION_UNSET,
    .logprobs = GENERATION_UNSET,
    .temperature = NAN,
    .top_p = NAN,
    .min_p = NAN,
    .repeat_penalty = NAN,
    .presence_penalty = NAN,
    .frequency_penalty = NAN,
};

/* ---- reading ---- */

/* A token id as a JSON key: digits only. */
static bool read_id(struct span key, int64_t *ret)
{
    int64_t id = 0;
    if (!key.len || key.len > 10) return false;
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] < '0' || key.data[i] > '9') return false;
        id = id * 10 + (key.data[i] - '0');
    }
    *ret = id;
    return id <= INT32_MAX;
}

static bool read_bias(const struct fields *f, struct generation *g)
{
    int64_t id;
    if (!field_object(f, "logit_bias", &g->logit_bias)) return false;
    if (json_length(g->logit_bias) > GENERATION_BIAS_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, "logit_bias",
                          "'logit_bias' has %zu tokens; at most %d are taken",
                          json_length(g->logit_bias), GENERATION_BIAS_MAX);
    for (struct json_member m = json_first(g->logit_bias); m.value;
         m = json_next(g->logit_bias, m)) {
        double bias = json_number(m.value, NAN);
        if (!read_id(m.key, &id))
            return api_refuse(f->err, API_INVALID_VALUE, "logit_bias",
                              "'logit_bias' maps token ids to numbers; \"%.*s\" is no token id",
                              m.key.len > 40 ? 40 : (int)m.key.len, m.key.data);
        if (!(bias >= -100 && bias <= 100))
            return api_refuse(
                f->err, API_INVALID_VALUE, path_of("logit_bias.%lld", (long long)id).text,
                "'logit_bias' of token %lld must be a number from -100 to 100", (long long)id);
    }
    return true;
}

bool generation_read(const struct fields *f, struct generation *g)
{
    return field_real(f, "temperature", 0, 2, &g->temperature) &&
           field_real(f, "top_p", 0, 1, &g->top_p) && field_real(f, "min_p", 0, 1, &g->min_p) &&
           field_int(f, "top_k", -1, INT32_MAX, &g->top_k) &&
           field_real(f, "repetition_penalty", 0.01, 10, &g->repeat_penalty) &&
           field_real(f, "presence_penalty", -2, 2, &g->presence_penalty) &&
           field_real(f, "frequency_penalty", -2, 2, &g->frequency_penalty) &&
           field_int(f, "seed", INT64_MIN + 1, INT64_MAX, &g->seed) &&
           field_bool(f, "ignore_eos", &g->ignore_eos) && read_bias(f, g);
}

static bool add_stop(const struct fields *f, const char *name, const struct json *v,
                     struct generation *g)
{
    struct span s = json_string(v);
    struct field_path p = path_in(f, name);
    if (!s.data)
        return api_refuse(f->err, API_INVALID_TYPE, p.text, "'%s' must hold texts", p.text);
    if (!s.len || s.len > GENERATION_STOP_BYTES_MAX)
        return api_refuse(f->err, API_INVALID_VALUE, p.text,
                          "'%s' holds a text of %zu bytes; 1 to %d are taken", p.text, s.len,
                          GENERATION_STOP_BYTES_MAX);
    g->stop[g->stop_count++] = s;
    return true;
}

bool generation_read_stop(const struct fields *f, const char *name, size_t count_max,
                          struct generation *g)
{
    const struct json *v = field_get(f, name);
    size_t count = json_length(v);
    struct field_path p = path_in(f, name);
    if (!v) return true;
    if (json_type(v) == JSON_STRING) return add_stop(f, name, v, g);
    if (json_type(v) != JSON_ARRAY)
        return api_refuse(f->err, API_INVALID_TYPE, p.text,
                          "'%s' must be a text or a list of texts", p.text);
    if (count > count_max)
        return api_refuse(f->err, API_INVALID_VALUE, p.text,
                          "'%s' has %zu texts; at most %zu are taken", p.text, count, count_max);
    for (size_t i = 0; i < count; i++)
        if (!add_stop(f, name, json_at(v, i), g)) return false;
    return true;
}

/* ---- writing ---- */

bool generation_reserve(struct shape_request *r, int prompt_count, int choice_count,
                        struct api_error *err)
{
    r->canonical = mem_array((size_t)prompt_count, sizeof *r->canonical);
    if (!r->canonical) {
        struct error e;
        error_set(&e, STATUS_NO_MEMORY, "out of memory for a request");
        return api_refuse_error(err, &e);
    }
    r->prompt_count = prompt_count;
    r->choice_count = choice_count;
    for (int i = 0; i < prompt_count; i++)
        r->canonical[i] = BUF_INIT(GENERATION_BYTES_MAX);
    return true;
}

static void put_real(struct json_writer *w, const char *name, double v)
{
    if (isnan(v)) return;
    json_key(w, name);
    json_put_real(w, v);
}

static void put_int(struct json_writer *w, const char *name, int64_t v)
{
    if (v == GENERATION_UNSET) return;
    json_key(w, name);
    json_put_int(w, v);
}

static void put_bias(struct json_writer *w, const struct json *map)
{
    int64_t id = 0;
    if (!json_length(map)) return;
    json_key(w, "logit_bias");
    json_open_array(w);
    for (struct json_member m = json_first(map); m.value; m = json_next(map, m)) {
        if (!read_id(m.key, &id)) continue; /* refused while reading */
        json_open_array(w);
        json_put_int(w, id);
        json_put_value(w, m.value);
        json_close_array(w);
    }
    json_close_array(w);
}

/* The seed stands last, so that shape_submission() can count it up. */
static void put_sampling(const struct generation *g, struct json_writer *w)
{
    json_key(w, "sampling");
    json_open_object(w);
    put_real(w, "temperature", g->temperature);
    put_int(w, "top_k", g->top_k < 0 && g->top_k != GENERATION_UNSET ? 0 : g->top_k);
    /* The smallest set is one token, as top_k 1; 0 is what clients write for it. */
    if (g->top_p == 0) put_real(w, "top_p", 1e-6);
    else put_real(w, "top_p", g->top_p);
    put_real(w, "min_p", g->min_p);
    put_real(w, "repeat_penalty", g->repeat_penalty);
    put_real(w, "presence_penalty", g->presence_penalty);
    put_real(w, "frequency_penalty", g->frequency_penalty);
    put_bias(w, g->logit_bias);
    put_int(w, "logprobs", g->logprobs);
    put_int(w, "seed", g->seed == GENERATION_UNSET ? g->seed : (g->seed & INT64_MAX));
    json_close_object(w);
}

void generation_close(const struct generation *g, struct json_writer *w)
{
    put_int(w, "max_tokens", g->max_tokens);
    if (g->stop_count) {
        json_key(w, "stop");
        json_open_array(w);
        for (size_t i = 0; i < g->stop_count; i++)
            json_put_span(w, g->stop[i]);
        json_close_array(w);
    }
    if (g->ignore_eos) {
        json_key(w, "ignore_eos");
        json_put_bool(w, true);
    }
    if (g->echo) {
        json_key(w, "echo");
        json_put_bool(w, true);
    }
    put_sampling(g, w);
    json_close_object(w);
}

bool generation_finish(const struct generation *g, struct shape_request *r, struct api_error *err)
{
    struct error e;
    char digits[32];
    for (int i = 0; i < r->prompt_count; i++)
        if (buf_check(&r->canonical[i], "the request", &e)) return api_refuse_error(err, &e);
    r->has_seed = g->seed != GENERATION_UNSET;
    if (!r->has_seed) return true;
    r->seed = g->seed & INT64_MAX;
    r->seed_tail = (size_t)snprintf(digits, sizeof digits, "%lld}}", (long long)r->seed);
    return true;
}

bool generation_request(struct shape_request *ret, const struct json *body, size_t own_bytes,
                        bool (*read)(struct shape_request *r, const struct fields *f,
                                     const struct shape_context *context),
                        void (*release)(struct shape_request *r),
                        const struct shape_context *context, struct api_error *err)
{
    struct fields f = { body, "", err, context };
    struct shape_request r = { .own = mem_zero(own_bytes) };
    struct error e;
    bool ok = false;
    if (!r.own) {
        error_set(&e, STATUS_NO_MEMORY, "out of memory for a request");
        api_refuse_error(err, &e);
    } else if (json_type(body) != JSON_OBJECT)
        api_refuse(err, API_INVALID_TYPE, NULL, "the body must be a JSON object");
    else ok = read(&r, &f, context);
    if (ok) *ret = r;
    else release(&r);
    return ok;
}

void generation_release(struct shape_request *r)
{
    for (int i = 0; i < r->prompt_count; i++)
        buf_release(&r->canonical[i]);
    mem_free(r->canonical);
    mem_free(r->model);
    mem_free(r->own);
    *r = (struct shape_request){ 0 };
}
