/* The generation loop.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/generate.h"

#include <string.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "front/cmd/interrupt.h"

struct loop {
    struct session *session;
    struct sampler *sampler;
    struct detokenizer detokenizer;
    size_t limit;   /* tokens to generate at most */
    size_t written; /* bytes of text given to show() */
};

static bool is_eos(const struct generation_config *c, int32_t id)
{
    for (int i = 0; i < c->eos_count; i++)
        if (c->eos_ids[i] == id) return true;
    return false;
}

/* Room for all tokens is taken before the first one comes: the loop allocates nothing but text. */
static enum status reserve(struct generation *g, struct loop *l, struct error *err)
{
    size_t top = g->top_logprobs > 0 ? (size_t)g->top_logprobs : 0;
    g->tokens = mem_array(l->limit, sizeof *g->tokens);
    if (top) g->tops = mem_array(l->limit, top * sizeof *g->tops);
    if (!g->tokens || (top && !g->tops))
        return error_set(err, STATUS_NO_MEMORY, "no memory for an answer of %zu tokens", l->limit);
    return STATUS_OK;
}

static void remember(struct generation *g, const struct sampled *s)
{
    struct generated *t = &g->tokens[g->count];
    t->id = s->id;
    t->logprob = s->logprob;
    t->top_count = s->top_count;
    if (s->top_count) {
        t->top = g->tops + g->count * (size_t)g->top_logprobs;
        memcpy(t->top, s->top, (size_t)s->top_count * sizeof *t->top);
    }
    g->count++;
}

/* Gives out what is certain; *ret_stopped when a stop text was met. */
static enum status show_text(struct generation *g, struct loop *l, bool last, bool *ret_stopped,
                             struct error *err)
{
    size_t certain =
        stop_text_scan(&g->stops, g->text.data ? g->text.data : "", g->text.len, ret_stopped);
    if (last && !*ret_stopped) certain = g->text.len;
    enum status st = STATUS_OK;
    if (g->show && certain > l->written)
        st = g->show(g->show_ctx, g->text.data + l->written, certain - l->written, err);
    l->written = g->shown = certain;
    return st;
}

/* Chooses one token and shows it; sets g->finish when it ended the answer. */
static enum status take_token(struct generation *g, struct loop *l, struct error *err)
{
    const struct engine_info *info = engine_info(g->engine);
    struct sampled s;
    bool stopped = false;
    enum status st = sampler_pick(l->sampler, session_logits(l->session), info->valid_vocab,
                                  g->top_logprobs, &s, err);
    if (st) return st;
    if (!g->ignore_eos && is_eos(&info->generation, s.id)) {
        g->finish = "stop";
        return STATUS_OK;
    }
    sampler_accept(l->sampler, s.id);
    remember(g, &s);
    st = detokenizer_feed(&l->detokenizer, s.id, &g->text, err);
    if (!st) st = show_text(g, l, false, &stopped, err);
    if (!st && stopped) g->finish = "stop";
    return st;
}

static enum status decode(struct generation *g, struct loop *l, struct error *err)
{
    for (;;) {
        enum status st = take_token(g, l, err);
        if (st || g->finish) return st;
        if (g->count == l->limit) {
            g->finish = g->token_max && g->count == (size_t)g->token_max ? "length" : "context";
            return STATUS_OK;
        }
        if (interrupt_seen()) {
            g->finish = "cancelled";
            return STATUS_CANCELLED;
        }
        st = session_append(l->session, g->tokens[g->count - 1].id, err);
        if (st) return st;
        g->decode_count++;
    }
}

static enum status evaluate_prompt(struct generation *g, struct loop *l,
                                   const struct token_list *prompt, struct error *err)
{
    int64_t begin = clock_monotonic_ns();
    enum status st = session_sync(l->session, prompt->ids, prompt->count, g->progress, err);
    g->prompt_ns = clock_monotonic_ns() - begin;
    g->prompt_count = prompt->count;
    if (st) return st;
    for (size_t i = 0; i < prompt->count; i++)
        sampler_accept_prompt(l->sampler, prompt->ids[i]);
    return STATUS_OK;
}

/* The context's last place can still be filled by a token that is only shown. */
static size_t generation_limit(const struct generation *g, const struct token_list *prompt)
{
    size_t context = (size_t)engine_info(g->engine)->context_max;
    size_t room = context >= prompt->count ? context - prompt->count + 1 : 1;
    return g->token_max && (size_t)g->token_max < room ? (size_t)g->token_max : room;
}

enum status generate(struct generation *g, const struct token_list *prompt, struct error *err)
{
    struct loop l = { .limit = generation_limit(g, prompt) };
    bool stopped;
    g->text = BUF_INIT(GENERATED_TEXT_MAX);
    enum status st = reserve(g, &l, err);
    if (!st) st = session_new(&l.session, g->engine, err);
    if (!st) st = sampler_new(&l.sampler, &g->sampling, engine_info(g->engine)->vocab_size, err);
    if (st) goto end;
    detokenizer_init(&l.detokenizer, g->tokenizer, true);
    st = evaluate_prompt(g, &l, prompt, err);
    if (st) goto end;
    int64_t begin = clock_monotonic_ns();
    st = decode(g, &l, err);
    g->decode_ns = clock_monotonic_ns() - begin;
    if (g->finish) {
        detokenizer_finish(&l.detokenizer, &g->text);
        enum status shown = show_text(g, &l, true, &stopped, err);
        if (shown) st = shown;
    }
end:
    sampler_free(l.sampler);
    session_free(l.session);
    return st;
}

void generation_release(struct generation *g)
{
    mem_free(g->tokens);
    mem_free(g->tops);
    buf_release(&g->text);
}
