/* Requests of the worker protocol.
 * SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* getrandom */
#include "lm/worker/far_request.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "base/core/base64.h"
#include "base/core/clock.h"
#include "base/core/digest.h"
#include "base/core/mem.h"

/* ---- members ---- */

static const struct member_rule request_rules[] = {
    { "messages", MEMBER_ARRAY, 0, 0 },
    { "tools", MEMBER_ARRAY, 0, 0 },
    { "parallel_tool_calls", MEMBER_BOOL, 0, 0 },
    { "constraint", MEMBER_OBJECT, 0, 0 },
    { "documents", MEMBER_ARRAY, 0, 0 },
    { "add_generation_prompt", MEMBER_BOOL, 0, 0 },
    { "continue_final_message", MEMBER_ANY, 0, 0 },
    { "chat_template_kwargs", MEMBER_OBJECT, 0, 0 },
    { "now", MEMBER_ANY, 0, 0 },
    { "text", MEMBER_TEXT, 0, 0 },
    { "text_base64", MEMBER_TEXT, 0, 0 },
    { "parse_special", MEMBER_BOOL, 0, 0 },
    { "ids", MEMBER_ARRAY, 0, 0 },
    { "parse", MEMBER_BOOL, 0, 0 },
    { "return_ids", MEMBER_BOOL, 0, 0 },
    { "max_tokens", MEMBER_INT, 0, INT32_MAX },
    { "echo", MEMBER_BOOL, 0, 0 },
    { "stop", MEMBER_ARRAY, 0, 0 },
    { "ignore_eos", MEMBER_BOOL, 0, 0 },
    { "sampling", MEMBER_OBJECT, 0, 0 },
    { "tenant", MEMBER_TEXT, 0, 0 },
    { "priority", MEMBER_TEXT, 0, 0 },
    { "deadline_ms", MEMBER_INT, 1, INT32_MAX },
    { "choice", MEMBER_INT, 0, INT32_MAX },
    { 0 },
};
static const struct member_rule sampling_rules[] = {
    { "temperature", MEMBER_NUMBER, 0, 0 },
    { "top_k", MEMBER_INT, 0, INT32_MAX },
    { "top_p", MEMBER_NUMBER, 0, 0 },
    { "min_p", MEMBER_NUMBER, 0, 0 },
    { "repeat_penalty", MEMBER_NUMBER, 0, 0 },
    { "presence_penalty", MEMBER_NUMBER, 0, 0 },
    { "frequency_penalty", MEMBER_NUMBER, 0, 0 },
    { "seed", MEMBER_INT, 0, INT64_MAX },
    { "logit_bias", MEMBER_ARRAY, 0, 0 },
    { "logprobs", MEMBER_INT, 0, SAMPLE_TOP_LOGPROBS_MAX },
    { 0 },
};
static const struct member_rule score_rules[] = {
    { "text", MEMBER_TEXT, 0, 0 },
    { "text_base64", MEMBER_TEXT, 0, 0 },
    { "parse_special", MEMBER_BOOL, 0, 0 },
    { "ids", MEMBER_ARRAY, 0, 0 },
    { 0 },
};

static bool fits_kind(enum member_kind kind, const struct json *v)
{
    enum json_type t = json_type(v);
    switch (kind) {
    case MEMBER_BOOL: return t == JSON_BOOL;
    case MEMBER_INT: return t == JSON_INT;
    case MEMBER_NUMBER: return t == JSON_INT || t == JSON_REAL;
    case MEMBER_TEXT: return t == JSON_STRING;
    case MEMBER_ARRAY: return t == JSON_ARRAY;
    case MEMBER_OBJECT: return t == JSON_OBJECT;
    default: return true;
    }
}

static enum status check_member(const struct member_rule *rule, const struct json *v,
                                struct error *err)
{
    static const char *const words[] = { "",       "true or false", "a whole number", "a number",
                                         "a text", "an array",      "an object" };
    if (json_type(v) == JSON_NULL) return STATUS_OK; /* as if it were missing */
    if (!fits_kind(rule->kind, v))
        return error_set(err, STATUS_BAD_INPUT, "\"%s\" of the request must be %s", rule->name,
                         words[rule->kind]);
    int64_t n = json_int(v, 0);
    if (rule->kind == MEMBER_INT && (n < rule->min || n > rule->max))
        return error_set(err, STATUS_BAD_INPUT,
                         "\"%s\" of the request is %" PRId64 "; it must be from %" PRId64
                         " to %" PRId64,
                         rule->name, n, rule->min, rule->max);
    return STATUS_OK;
}

enum status far_check_members(const struct json *object, const struct member_rule *rules,
                              struct error *err)
{
    if (json_type(object) != JSON_OBJECT)
        return error_set(err, STATUS_BAD_INPUT, "a request is a JSON object");
    for (struct json_member m = json_first(object); m.value; m = json_next(object, m)) {
        const struct member_rule *r = rules;
        while (r->name && !span_equals(m.key, r->name))
            r++;
        if (!r->name)
            return error_set(err, STATUS_BAD_INPUT, "\"%.*s\" is not a member of this request",
                             m.key.len < 64 ? (int)m.key.len : 64, m.key.data);
        enum status st = check_member(r, m.value, err);
        if (st) return st;
    }
    return STATUS_OK;
}

static bool given(const struct json *object, const char *name)
{
    return json_type(json_get(object, name)) != JSON_NULL;
}

/* ---- the prompt ---- */

enum status far_need_head(const struct far *f, struct error *err)
{
    if (!engine_info(f->engine)->headless) return STATUS_OK;
    return error_set(err, STATUS_UNSUPPORTED,
                     "%s has no output head: it is made for embeddings, and writes no text",
                     f->label);
}

enum status far_need_tokenizer(const struct far *f, const struct tokenizer **ret, struct error *err)
{
    *ret = engine_tokenizer(f->engine);
    if (*ret) return STATUS_OK;
    return error_set(
        err, STATUS_NOT_FOUND,
        "%s has no tokenizer files (tokenizer.json, tokenizer.model, vocab.json with merges.txt, "
        "*.tiktoken); `hearth debug logits` and `debug greedy` work on ids",
        f->label);
}

/* Appends the ids of the text; no BOS. */
static enum status encode_text(const struct tokenizer *t, const struct json *request,
                               struct token_list *out, struct error *err)
{
    bool special = json_bool(json_get(request, "parse_special"), false);
    struct span text = json_string(json_get(request, "text"));
    if (text.data) return tokenizer_encode(t, text.data, text.len, special, out, err);
    struct buf bytes = BUF_INIT(FRAME_TO_WORKER_BYTES_MAX);
    enum status st = base64_decode(&bytes, json_string(json_get(request, "text_base64")), err);
    if (!st) st = tokenizer_encode(t, bytes.data ? bytes.data : "", bytes.len, special, out, err);
    buf_release(&bytes);
    return st;
}

enum status far_read_ids(const struct far *f, const struct json *ids, struct token_list *out,
                         struct error *err)
{
    int64_t vocab = engine_info(f->engine)->vocab_size;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < json_length(ids) && !st; i++) {
        const struct json *v = json_at(ids, i);
        int64_t id = json_type(v) == JSON_INT ? json_int(v, -1) : -1;
        if (id < 0 || id >= vocab)
            return error_set(err, STATUS_BAD_INPUT,
                             "token %zu is id %" PRId64 ", but the model's ids are 0 to %" PRId64,
                             i, id, vocab - 1);
        st = token_list_push(out, (int32_t)id, err);
    }
    return st;
}

static enum status read_text(const struct far *f, const struct json *request,
                             struct token_list *out, struct error *err)
{
    const struct tokenizer *t;
    enum status st = far_need_tokenizer(f, &t, err);
    if (!st && tokenizer_adds_bos(t)) st = token_list_push(out, tokenizer_bos(t), err);
    if (!st) st = encode_text(t, request, out, err);
    if (!st && out->count == 0)
        st =
            error_set(err, STATUS_USAGE,
                      "the prompt is empty, and this model's text begins with no token of its own");
    return st;
}

static enum status need_chat(const struct far *f, struct error *err)
{
    if (f->chat) return STATUS_OK;
    if (f->chat_error.text[0])
        return error_set(err, f->chat_error.status, "%s", f->chat_error.text);
    return error_set(err, STATUS_NOT_FOUND, "%s has no chat template, and none is made up",
                     f->label);
}

const struct parse_format *far_format(const struct far *f, bool with_tools)
{
    const struct template *t = f->chat ? chat_template(f->chat, with_tools) : NULL;
    const char *native = f->chat ? chat_native(f->chat) : NULL;
    const struct parse_format *own = native ? parse_format_find(native) : NULL;
    if (t) return parse_format_of(t);
    return own ? own : parse_format_find("plain");
}

/* Whether the prompt has closed reasoning just before the model's text. */
static bool ends_thought(const struct parse_format *format, struct span prompt)
{
    const char *open, *close;
    if (!parse_format_think(format, &open, &close)) return false;
    size_t len = strlen(close), end = prompt.len;
    while (end && memchr(" \n\t\r", prompt.data[end - 1], 4))
        end--;
    return end >= len && memcmp(prompt.data + end - len, close, len) == 0;
}

/* Without tools nothing that the model writes is a call. */
static enum status read_tools(struct far_request *r, const struct json *request, struct error *err)
{
    enum status st = STATUS_OK;
    if (given(request, "tools")) {
        r->tools = json_get(request, "tools");
        return st;
    }
    st = json_parse(&r->no_tools, "[]", 2, 2, "no tools", err);
    if (!st) r->tools = json_root(r->no_tools);
    return st;
}

static enum status read_messages(struct far_request *r, const struct far *f,
                                 const struct json *request, bool parse, struct error *err)
{
    const struct tokenizer *t;
    struct chat_prompt p = { 0 };
    enum status st = far_need_tokenizer(f, &t, err);
    if (!st) st = need_chat(f, err);
    if (!st) st = chat_prompt(f->chat, request, NULL, &p, err);
    if (st) return st;
    r->prompt = p.ids;
    p.ids = (struct token_list){ 0 };
    st = read_tools(r, request, err);
    if (parse) {
        struct span text = { p.rendered.text.data ? p.rendered.text.data : "",
                             p.rendered.text.len };
        r->format = far_format(f, given(request, "tools"));
        r->open = parse_prompt_open(r->format, text);
        r->thought = ends_thought(r->format, text);
    }
    r->chat = true;
    chat_prompt_release(&p);
    if (st) return st;
    if (r->prompt.count) return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "the chat template makes an empty prompt of this");
}

/* The one source of the prompt. */
static enum status check_sources(const struct json *request, const char *const *names, int count,
                                 const char *words, struct error *err)
{
    int found = 0;
    for (int i = 0; i < count; i++)
        found += given(request, names[i]);
    if (found == 1) return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "a request has one of %s; this one has %s", words,
                     found ? "several" : "none");
}

static enum status read_prompt(struct far_request *r, const struct far *f,
                               const struct json *request, struct error *err)
{
    static const char *const names[] = { "messages", "text", "text_base64", "ids" };
    enum status st = check_sources(request, names, 4,
                                   "\"messages\", \"text\", \"text_base64\" and \"ids\"", err);
    if (st) return st;
    bool chat = given(request, "messages"), parse = json_bool(json_get(request, "parse"), chat);
    if (chat) return read_messages(r, f, request, parse, err);
    if (parse) r->format = far_format(f, false);
    if (!given(request, "ids")) return read_text(f, request, &r->prompt, err);
    st = far_read_ids(f, json_get(request, "ids"), &r->prompt, err);
    if (!st && r->prompt.count == 0) st = error_set(err, STATUS_BAD_INPUT, "\"ids\" is empty");
    return st;
}

/* ---- sampling ---- */

static struct sample_options sample_defaults(const struct generation_config *g)
{
    struct sample_options o = sample_options_default;
    if (!g->has_sampling) return o;
    o.temperature = (float)g->temperature;
    o.top_k = (int32_t)g->top_k;
    o.top_p = (float)g->top_p;
    o.min_p = (float)g->min_p;
    o.repetition_penalty = (float)g->repetition_penalty;
    return o;
}

/* Short enough for every JSON reader. */
static uint64_t made_up_seed(void)
{
    uint64_t seed = (uint64_t)clock_unix_ns();
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0)
        seed ^= (uint64_t)clock_monotonic_ns() << 20;
    return seed >> 12;
}

static enum status read_biases(struct far_request *r, const struct json *list, struct error *err)
{
    size_t count = json_length(list);
    if (count > SAMPLE_BIAS_MAX)
        return error_set(err, STATUS_LIMIT, "\"logit_bias\" has %zu entries; at most %d are taken",
                         count, SAMPLE_BIAS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct json *pair = json_at(list, i), *id = json_at(pair, 0),
                          *bias = json_at(pair, 1);
        int64_t n = json_type(id) == JSON_INT ? json_int(id, -1) : -1;
        bool none = json_type(bias) == JSON_NULL;
        double value = none ? -INFINITY : json_number(bias, NAN);
        if (json_type(pair) != JSON_ARRAY || json_length(pair) != 2 || n < 0 || n > INT32_MAX ||
            isnan(value))
            return error_set(err, STATUS_BAD_INPUT,
                             "entry %zu of \"logit_bias\" is not [id, value], with null for minus "
                             "infinity",
                             i);
        r->bias[i] = (struct logit_bias){ (int32_t)n, (float)value };
    }
    r->sampling.bias = r->bias;
    r->sampling.bias_count = count;
    return STATUS_OK;
}

static float real_of(const struct json *sampling, const char *name, float fallback)
{
    return (float)json_number(json_get(sampling, name), (double)fallback);
}

static enum status read_sampling(struct far_request *r, const struct far *f,
                                 const struct json *sampling, struct error *err)
{
    struct sample_options o = sample_defaults(&engine_info(f->engine)->generation);
    enum status st = sampling ? far_check_members(sampling, sampling_rules, err) : STATUS_OK;
    if (st) return st;
    o.temperature = real_of(sampling, "temperature", o.temperature);
    o.top_k = (int32_t)json_int(json_get(sampling, "top_k"), o.top_k);
    o.top_p = real_of(sampling, "top_p", o.top_p);
    o.min_p = real_of(sampling, "min_p", o.min_p);
    o.repetition_penalty = real_of(sampling, "repeat_penalty", o.repetition_penalty);
    o.presence_penalty = real_of(sampling, "presence_penalty", 0);
    o.frequency_penalty = real_of(sampling, "frequency_penalty", 0);
    o.seed = given(sampling, "seed") ? (uint64_t)json_int(json_get(sampling, "seed"), 0)
                                     : made_up_seed();
    r->top_logprobs = (int)json_int(json_get(sampling, "logprobs"), SAMPLE_NO_LOGPROBS);
    r->sampling = o;
    st = read_biases(r, json_get(sampling, "logit_bias"), err);
    return st ? st : sample_options_check(&r->sampling, err);
}

static enum status read_stops(struct far_request *r, const struct json *list, struct error *err)
{
    for (size_t i = 0; i < json_length(list); i++) {
        const char *text = json_text(json_at(list, i));
        if (!text || !*text)
            return error_set(err, STATUS_BAD_INPUT, "entry %zu of \"stop\" is not a text", i);
        if (r->stops.count == STOP_TEXTS_MAX)
            return error_set(err, STATUS_LIMIT, "\"stop\" has more than %d texts", STOP_TEXTS_MAX);
        r->stops.texts[r->stops.count++] = text;
    }
    return STATUS_OK;
}

/* ---- whose it is ---- */

static enum status read_priority(struct far_request *r, const struct json *priority,
                                 struct error *err)
{
    static const char *const names[SCHED_CLASS_COUNT] = {
        [SCHED_HIGH] = "high", [SCHED_NORMAL] = "normal", [SCHED_LOW] = "low"
    };
    const char *text = json_text(priority);
    for (int c = 0; c < SCHED_CLASS_COUNT; c++) {
        if (text && strcmp(text, names[c]) != 0) continue;
        r->priority = text ? (enum sched_class)c : SCHED_NORMAL;
        return STATUS_OK;
    }
    return error_set(err, STATUS_BAD_INPUT, "\"priority\" is \"high\", \"normal\" or \"low\"");
}

enum status far_read_owner(struct far_request *r, const struct json *request, struct error *err)
{
    struct span tenant = json_string(json_get(request, "tenant"));
    uint8_t digest[SHA256_BYTES];
    r->deadline_ms = json_int(json_get(request, "deadline_ms"), 0);
    enum status st = read_priority(r, json_get(request, "priority"), err);
    if (st || !tenant.len) return st;
    st = sha256_of(tenant.data, tenant.len, digest, err);
    if (!st) memcpy(r->salt.words, digest, sizeof r->salt.words);
    return st;
}

/* ---- whole requests ---- */

/* The same prompt draws the same numbers; another choice others. */
static enum status seed_of_prompt(struct far_request *r, int64_t choice, struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum status st = sha256_of(r->prompt.ids, r->prompt.count * sizeof *r->prompt.ids, digest, err);
    if (st) return st;
    memcpy(&r->sampling.seed, digest, sizeof r->sampling.seed);
    r->sampling.seed = (r->sampling.seed >> 12) + (uint64_t)choice; /* as made_up_seed() */
    return STATUS_OK;
}

static enum status read_constraint(struct far_request *r, const struct far *f,
                                   const struct json *request, struct error *err)
{
    const struct tokenizer *t;
    if (!given(request, "constraint")) return STATUS_OK;
    if (r->ignore_eos)
        return error_set(err, STATUS_BAD_INPUT,
                         "\"constraint\" and \"ignore_eos\" exclude each other: what a constraint "
                         "asks for has an end");
    r->constraint = json_get(request, "constraint");
    return far_need_tokenizer(f, &t, err);
}

static enum status read_root(struct far_request *r, const struct far *f, struct error *err)
{
    const struct json *request = json_root(r->doc);
    enum status st = far_check_members(request, request_rules, err);
    if (!st) st = far_read_owner(r, request, err);
    if (!st) st = read_stops(r, json_get(request, "stop"), err);
    if (!st)
        st = read_sampling(r, f, given(request, "sampling") ? json_get(request, "sampling") : NULL,
                           err);
    if (st) return st;
    r->token_max = json_int(json_get(request, "max_tokens"), -1);
    r->echo = json_bool(json_get(request, "echo"), false);
    r->single = !json_bool(json_get(request, "parallel_tool_calls"), true);
    r->ignore_eos = json_bool(json_get(request, "ignore_eos"), false);
    r->return_ids = json_bool(json_get(request, "return_ids"), false);
    st = read_prompt(r, f, request, err);
    if (!st && f->deterministic && !given(json_get(request, "sampling"), "seed"))
        st = seed_of_prompt(r, json_int(json_get(request, "choice"), 0), err);
    return st ? st : read_constraint(r, f, request, err);
}

enum status far_request_read(struct far_request *ret, const struct far *f, struct span body,
                             struct error *err)
{
    memset(ret, 0, sizeof *ret);
    enum status st =
        json_parse(&ret->doc, body.data, body.len, FRAME_TO_WORKER_BYTES_MAX, "the request", err);
    if (!st) st = read_root(ret, f, err);
    if (st) far_request_release(ret);
    return st;
}

void far_request_release(struct far_request *r)
{
    token_list_release(&r->prompt);
    json_doc_free(r->doc);
    json_doc_free(r->no_tools);
    r->doc = r->no_tools = NULL;
}

static enum status read_score(struct token_list *out, int32_t *ret_bos, const struct far *f,
                              const struct json *request, struct error *err)
{
    static const char *const names[] = { "text", "text_base64", "ids" };
    const struct tokenizer *t;
    enum status st = far_check_members(request, score_rules, err);
    if (!st) st = check_sources(request, names, 3, "\"text\", \"text_base64\" and \"ids\"", err);
    if (st) return st;
    *ret_bos = -1;
    if (given(request, "ids")) return far_read_ids(f, json_get(request, "ids"), out, err);
    st = far_need_tokenizer(f, &t, err);
    if (st) return st;
    if (tokenizer_adds_bos(t)) *ret_bos = tokenizer_bos(t);
    return encode_text(t, request, out, err);
}

enum status far_score_request_read(struct token_list *ret, int32_t *ret_bos, const struct far *f,
                                   struct span body, struct error *err)
{
    struct json_doc *doc;
    struct token_list list = { 0 };
    enum status st =
        json_parse(&doc, body.data, body.len, FRAME_TO_WORKER_BYTES_MAX, "the request", err);
    if (st) return st;
    st = read_score(&list, ret_bos, f, json_root(doc), err);
    json_doc_free(doc);
    if (st) token_list_release(&list);
    else *ret = list;
    return st;
}
