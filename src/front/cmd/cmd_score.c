/* `hearth score`: how probable a model finds a text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A text longer than the context is scored in windows, one after the other: the first tokens of a
 * window see little before them, so the perplexity is somewhat above that of a sliding window. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "front/cmd/command.h"
#include "front/cmd/interrupt.h"
#include "front/cmd/model_options.h"
#include "front/cmd/quote.h"
#include "front/cmd/report.h"
#include "front/cmd/text_input.h"
#include "lm/sample/sample.h"

static const struct option_spec specs[] = {
    { "tokens", 0, OPTION_FLAG, .help = "print each token's id, log probability and piece" },
    { "ids", 0, OPTION_FLAG,
      .help = "FILE holds decimal ids separated by white space; nothing is added to them" },
    { "parse-special", 0, OPTION_FLAG,
      .help = "special tokens written in the text become their ids" },
    { 0 },
};
static const struct option_table own_table = { "Options", specs };
static const struct option_table *const tables[] = { &own_table, &context_table, &model_table,
                                                     &json_table, NULL };

/* Window w of the text: [bos] tokens[begin..end), of which those from `first` on are scored. */
struct scoring {
    const struct engine_info *info;
    const struct tokenizer *tokenizer; /* NULL where the model came without, and ids were given */
    struct token_list ids;             /* without BOS */
    int32_t bos;                       /* -1: none */
    float *logprobs;                   /* [ids.count]; the first is unknown without a BOS */
    size_t scored, window_count, window_tokens;
    double sum; /* of the log probabilities */
    int64_t ns;

    int32_t *window; /* [window_tokens] */
    size_t window_count_now,
        text_at; /* window[0] is ids[text_at], or the BOS and text_at what follows */
};

/* The logits after window[position] judge the token that follows. */
static enum status judge(void *ctx, size_t position, const float *logits, struct error *err)
{
    struct scoring *s = ctx;
    if (interrupt_seen()) return STATUS_CANCELLED;
    if (position + 1 >= s->window_count_now) return STATUS_OK;
    size_t at = s->text_at + position + (s->bos < 0);
    double logprob = logprob_of(logits, s->info->vocab_size, s->ids.ids[at]);
    if (isnan(logprob))
        return error_set(
            err, STATUS_FAILED,
            "the logits after token %zu are not numbers: `hearth inspect --check-weights` looks "
            "at the weights",
            at);
    s->logprobs[at] = (float)logprob;
    s->sum += logprob;
    s->scored++;
    return STATUS_OK;
}

/* Fills the window from ids[at]; returns how many of the text's tokens it newly covers. */
static size_t fill_window(struct scoring *s, size_t at)
{
    size_t n = 0, from = at;
    if (s->bos >= 0) s->window[n++] = s->bos;
    else if (at > 0)
        from = at - 1; /* the last token of the window before is context for the first */
    s->text_at = from;
    for (size_t i = from; i < s->ids.count && n < s->window_tokens; i++)
        s->window[n++] = s->ids.ids[i];
    s->window_count_now = n;
    return n - (s->bos >= 0) - (at - from);
}

static enum status score_windows(struct scoring *s, struct session *session,
                                 struct progress_bar *bar, struct error *err)
{
    enum status st = STATUS_OK;
    for (size_t at = 0; at < s->ids.count && !st; s->window_count++) {
        progress_bar_report(bar, "score", at, s->ids.count);
        size_t covered = fill_window(s, at);
        st = session_score(session, s->window, s->window_count_now, judge, s, err);
        at += covered;
    }
    progress_bar_clear(bar);
    return st;
}

static enum status score(struct scoring *s, struct engine *e, struct progress_bar *bar,
                         struct error *err)
{
    struct session *session;
    s->window_tokens = (size_t)s->info->context_max;
    if (s->window_tokens < 2 || s->ids.count + (s->bos >= 0) < 2)
        return error_set(err, STATUS_BAD_INPUT,
                         "a text or context of one token leaves nothing to score");
    s->logprobs = mem_array(s->ids.count, sizeof *s->logprobs);
    s->window = mem_array(s->window_tokens, sizeof *s->window);
    if (!s->logprobs || !s->window)
        return error_set(err, STATUS_NO_MEMORY, "no memory to score %zu tokens", s->ids.count);
    enum status st = session_new(&session, e, err);
    if (st) return st;
    int64_t begin = clock_monotonic_ns();
    st = score_windows(s, session, bar, err);
    s->ns = clock_monotonic_ns() - begin;
    session_free(session);
    return st;
}

static void report_token(struct report *r, const struct scoring *s, size_t i)
{
    struct span piece =
        s->tokenizer ? tokenizer_piece(s->tokenizer, s->ids.ids[i]) : (struct span){ 0 };
    bool known = i > 0 || s->bos >= 0;
    if (!r->json) {
        buf_format(&r->out, "%8" PRId32 "  ", s->ids.ids[i]);
        if (known) buf_format(&r->out, "%10.5f  ", (double)s->logprobs[i]);
        else buf_text(&r->out, "         -  ");
        quote_piece(&r->out, piece);
        buf_byte(&r->out, '\n');
        return;
    }
    report_open_object(r, NULL);
    report_int(r, "id", NULL, s->ids.ids[i]);
    json_key(&r->writer, "logprob");
    if (known) json_put_float(&r->writer, s->logprobs[i]);
    else json_put_null(&r->writer);
    report_span(r, "piece", NULL, piece);
    report_close_object(r);
}

static enum status report_score(const struct scoring *s, const struct args *args, struct error *err)
{
    struct report r;
    bool json = args_flag(args, "json");
    report_begin(&r, json);
    if (json || args_flag(args, "tokens")) {
        report_open_array(&r, "logprobs");
        for (size_t i = 0; i < s->ids.count; i++)
            report_token(&r, s, i);
        report_close_array(&r);
    }
    report_count(&r, "tokens", "tokens", s->ids.count);
    report_count(&r, "scored_tokens", "scored", s->scored);
    report_real(&r, "logprob_sum", "log probability", s->sum);
    report_real(&r, "perplexity", "perplexity", exp(-s->sum / (double)s->scored));
    report_real(&r, "seconds", "seconds", (double)s->ns / 1e9);
    report_count(&r, "windows", "windows", s->window_count);
    report_count(&r, "window_tokens", "tokens per window", s->window_tokens);
    if (s->window_count > 1)
        report_line(
            &r,
            "The text is longer than the context of %zu tokens: it was scored in %zu windows, each "
            "beginning anew.",
            s->window_tokens, s->window_count);
    return report_end(&r, err);
}

static enum status read_input(struct scoring *s, const struct engine *e, const struct args *args,
                              struct error *err)
{
    const char *path = args_operand(args, 1);
    struct buf text;
    s->bos = -1;
    s->tokenizer = engine_tokenizer(e);
    if (args_flag(args, "ids")) {
        enum status st = input_ids(&s->ids, path, err);
        return st ? st : ids_check(&s->ids, s->info->vocab_size, err);
    }
    enum status st = model_tokenizer(&s->tokenizer, e, args_operand(args, 0), err);
    if (!st) st = input_read(&text, path, err);
    if (st) return st;
    if (tokenizer_adds_bos(s->tokenizer)) s->bos = tokenizer_bos(s->tokenizer);
    st = tokenizer_encode(s->tokenizer, text.data, text.len, args_flag(args, "parse-special"),
                          &s->ids, err);
    buf_release(&text);
    return st;
}

static enum status run(const struct args *args, struct error *err)
{
    struct model_settings m;
    struct engine *e;
    model_settings_init(&m, args, true);
    enum status st = model_open(&e, &m, args, err);
    if (st) return st;
    struct scoring s = { .info = engine_info(e) };
    st = read_input(&s, e, args, err);
    if (!st) st = score(&s, e, &m.bar, err);
    if (!st) st = report_score(&s, args, err);
    token_list_release(&s.ids);
    mem_free(s.logprobs);
    mem_free(s.window);
    engine_close(e);
    return st;
}

const struct command cmd_score = {
    .name = "score",
    .summary = "log probabilities and perplexity of a text",
    .operands = "MODEL FILE",
    .operands_min = 2,
    .operands_max = 2,
    .about =
        "FILE is a text, or - for standard input. The model's BOS token goes before it, if it has "
        "one; "
        "without one the first token cannot be scored. A text longer than the context is scored in "
        "windows of --ctx tokens.",
    .tables = tables,
    .run = run,
};
