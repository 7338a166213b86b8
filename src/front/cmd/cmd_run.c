/* `hearth run`: continues a text.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/json_write.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/generate.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/sample_flags.h"
#include "front/cmd/text_input.h"
#include "lm/sample/random.h"

static const struct option_spec run_specs[] = {
    { "max-tokens", 'n', OPTION_INT, "N", 1, 1 << 30,
      "stop after N tokens; by default when the context is full" },
    { "stop", 0, OPTION_TEXTS, "TEXT",
      .help = "stop before this text; may be given several times" },
    { "ignore-eos", 0, OPTION_FLAG, .help = "go on behind the end of text" },
    { "parse-special", 0, OPTION_FLAG,
      .help = "special tokens written in the prompt become their ids" },
    { 0 },
};
static const struct option_table run_table = { "Generation", run_specs };

static const struct option_table *const tables[] = { &run_table,   &sample_table, &context_table,
                                                     &model_table, &json_table,   NULL };

/* --- options --- */

static uint64_t made_up_seed(void)
{
    uint64_t mix = (uint64_t)clock_unix_ns() ^ (uint64_t)getpid() << 40;
    return splitmix64_next(&mix) >> 12; /* short enough for every JSON reader */
}

static enum status read_biases(const struct args *args, struct logit_bias *bias, size_t *ret_count,
                               struct error *err)
{
    int cursor = 0;
    size_t n = 0;
    for (const char *text; (text = args_next_text(args, "logit-bias", &cursor)); n++) {
        char id_text[16];
        const char *equals = strchr(text, '=');
        int64_t id = -1;
        double value = 0;
        size_t len = equals ? (size_t)(equals - text) : sizeof id_text;
        if (len < sizeof id_text) {
            memcpy(id_text, text, len);
            id_text[len] = 0;
        }
        if (len >= sizeof id_text || !parse_int(id_text, &id) || id < 0 || id > INT32_MAX ||
            !parse_real(equals + 1, &value))
            return error_set(err, STATUS_USAGE,
                             "--logit-bias takes ID=VALUE, such as 1234=-2.5, not \"%s\"", text);
        if (n == SAMPLE_BIAS_MAX)
            return error_set(err, STATUS_USAGE, "at most %d --logit-bias are possible",
                             SAMPLE_BIAS_MAX);
        bias[n] = (struct logit_bias){ (int32_t)id, (float)value };
    }
    *ret_count = n;
    return STATUS_OK;
}

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

static enum status read_sampling(const struct args *args, const struct generation_config *g,
                                 struct logit_bias *bias, struct sample_options *ret,
                                 struct error *err)
{
    struct sample_options o = sample_defaults(g);
    o.temperature = (float)args_real(args, "temperature", o.temperature);
    if (args_flag(args, "greedy")) o.temperature = 0;
    o.top_k = (int32_t)args_int(args, "top-k", o.top_k);
    o.top_p = (float)args_real(args, "top-p", o.top_p);
    o.min_p = (float)args_real(args, "min-p", o.min_p);
    o.repetition_penalty = (float)args_real(args, "repeat-penalty", o.repetition_penalty);
    o.presence_penalty = (float)args_real(args, "presence-penalty", 0);
    o.frequency_penalty = (float)args_real(args, "frequency-penalty", 0);
    o.seed = args_given(args, "seed") ? (uint64_t)args_int(args, "seed", 0) : made_up_seed();
    o.bias = bias;
    enum status st = read_biases(args, bias, &o.bias_count, err);
    if (!st) st = sample_options_check(&o, err);
    if (!st) *ret = o;
    return st;
}

static enum status read_stops(const struct args *args, struct stop_text *ret, struct error *err)
{
    int cursor = 0;
    for (const char *text; (text = args_next_text(args, "stop", &cursor));) {
        if (!*text) return error_set(err, STATUS_USAGE, "--stop needs a text that is not empty");
        if (ret->count == STOP_TEXTS_MAX)
            return error_set(err, STATUS_USAGE, "at most %d --stop are possible", STOP_TEXTS_MAX);
        ret->texts[ret->count++] = text;
    }
    return STATUS_OK;
}

/* --- output --- */

/* Text goes out as it comes; what stands in a pipe is not held back in a buffer either. */
static enum status show(void *ctx, const char *text, size_t len, struct error *err)
{
    if (len == 0) return STATUS_OK;
    if (fwrite(text, 1, len, stdout) != len || fflush(stdout))
        return error_set(err, STATUS_IO, "writing the answer to standard output failed");
    return STATUS_OK;
}

static double rate(size_t count, int64_t ns)
{
    return ns > 0 ? (double)count * 1e9 / (double)ns : 0;
}

static void write_logprobs(struct json_writer *w, const struct generation *g)
{
    json_key(w, "logprobs");
    json_open_array(w);
    for (size_t i = 0; i < g->count; i++) {
        const struct generated *t = &g->tokens[i];
        json_open_object(w);
        json_key(w, "id");
        json_put_int(w, t->id);
        json_key(w, "logprob");
        json_put_float(w, t->logprob);
        json_key(w, "top");
        json_open_array(w);
        for (int k = 0; k < t->top_count; k++) {
            json_open_object(w);
            json_key(w, "id");
            json_put_int(w, t->top[k].id);
            json_key(w, "logprob");
            json_put_float(w, t->top[k].logprob);
            json_close_object(w);
        }
        json_close_array(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_ids(struct json_writer *w, const struct generation *g)
{
    json_key(w, "ids");
    json_open_array(w);
    for (size_t i = 0; i < g->count; i++)
        json_put_int(w, g->tokens[i].id);
    json_close_array(w);
}

static void write_timings(struct json_writer *w, const struct generation *g)
{
    json_key(w, "timings");
    json_open_object(w);
    json_key(w, "prompt_seconds");
    json_put_real(w, (double)g->prompt_ns / 1e9);
    json_key(w, "prompt_tokens_per_second");
    json_put_real(w, rate(g->prompt_count, g->prompt_ns));
    json_key(w, "generate_seconds");
    json_put_real(w, (double)g->decode_ns / 1e9);
    json_key(w, "generate_tokens_per_second");
    json_put_real(w, rate(g->decode_count, g->decode_ns));
    json_close_object(w);
}

static enum status print_json(const struct generation *g, uint64_t seed, bool logprobs,
                              struct error *err)
{
    struct buf out = BUF_INIT(INPUT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &out, 2);
    json_open_object(&w);
    json_key(&w, "text");
    json_put_span(&w, (struct span){ g->text.data ? g->text.data : "", g->shown });
    write_ids(&w, g);
    json_key(&w, "prompt_tokens");
    json_put_int(&w, (int64_t)g->prompt_count);
    json_key(&w, "generated_tokens");
    json_put_int(&w, (int64_t)g->count);
    json_key(&w, "finish_reason");
    json_put_string(&w, g->finish);
    json_key(&w, "seed");
    json_put_int(&w, (int64_t)seed);
    if (logprobs) write_logprobs(&w, g);
    write_timings(&w, g);
    json_close_object(&w);
    enum status st = buf_check(&out, "the answer", err);
    if (!st) printf("%s\n", out.data);
    buf_release(&out);
    return st;
}

static void print_rate(const struct generation *g)
{
    struct terminal t = terminal_of(stderr);
    char line[160];
    if (!t.interactive) return;
    snprintf(line, sizeof line, "[%zu tokens, %.1f tokens/s; prompt %zu tokens, %.1f tokens/s; %s]",
             g->count, rate(g->decode_count, g->decode_ns), g->prompt_count,
             rate(g->prompt_count, g->prompt_ns), g->finish);
    terminal_dim_line(&t, line);
}

/* --- the command --- */

static enum status encode_prompt(const struct tokenizer *t, const struct buf *prompt, bool special,
                                 struct token_list *ids, struct error *err)
{
    enum status st = STATUS_OK;
    if (tokenizer_adds_bos(t)) st = token_list_push(ids, tokenizer_bos(t), err);
    if (!st) st = tokenizer_encode(t, prompt->data, prompt->len, special, ids, err);
    if (!st && ids->count == 0)
        st =
            error_set(err, STATUS_USAGE,
                      "the prompt is empty, and this model's text begins with no token of its own");
    return st;
}

static enum status run_engine(struct engine *e, const struct tokenizer *t, const struct args *args,
                              const struct token_list *prompt, struct model_settings *m,
                              struct error *err)
{
    bool json = args_flag(args, "json");
    struct logit_bias bias[SAMPLE_BIAS_MAX];
    struct generation g = {
        .engine = e,
        .tokenizer = t,
        .show = json ? NULL : show,
        .token_max = args_int(args, "max-tokens", 0),
        .ignore_eos = args_flag(args, "ignore-eos"),
        .top_logprobs = (int)args_int(args, "logprobs", SAMPLE_NO_LOGPROBS),
        .progress = &m->options.progress,
    };
    enum status st = read_stops(args, &g.stops, err);
    if (!st) st = read_sampling(args, &engine_info(e)->generation, bias, &g.sampling, err);
    if (st) return st;
    st = generate(&g, prompt, err);
    progress_bar_clear(&m->bar);
    if (!st || (st == STATUS_CANCELLED && g.finish)) {
        if (json) {
            enum status written =
                print_json(&g, g.sampling.seed, args_given(args, "logprobs"), err);
            if (written) st = written;
        } else {
            putchar('\n');
            fflush(stdout);
            print_rate(&g);
        }
    }
    generation_release(&g);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct buf prompt;
    struct token_list ids = { 0 };
    struct model_settings m;
    struct engine *e;
    const struct tokenizer *t;
    enum status st = input_operand(&prompt, args_operand(args, 1), "prompt", err);
    if (st) return st;
    model_settings_init(&m, args, true);
    st = model_open(&e, &m, args, err);
    if (st) goto fail;
    st = model_tokenizer(&t, e, args_operand(args, 0), err);
    if (!st) st = encode_prompt(t, &prompt, args_flag(args, "parse-special"), &ids, err);
    if (!st) st = run_engine(e, t, args, &ids, &m, err);
    token_list_release(&ids);
    engine_close(e);
fail:
    buf_release(&prompt);
    return st;
}

const struct command cmd_run = {
    .name = "run",
    .summary = "continue a text with a model",
    .operands = "MODEL [PROMPT]",
    .operands_min = 1,
    .operands_max = 2,
    .about = "The prompt is the argument, or standard input when something is piped in. It is "
             "taken as plain "
             "text behind the model's BOS token, if it has one: no chat template is applied. Text "
             "appears "
             "as it is generated; Ctrl-C ends the generation and keeps what there is.",
    .tables = tables,
    .run = run,
};
