/* Texts become vectors, and pairs of texts scores.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Both are the end of a prompt that nothing follows: the state behind the last norm, or two logits. The prompt
 * of Qwen3-Reranker is the one of its model card; its fixed parts are encoded apart from the pair, as there,
 * and what a query or document holds never becomes a special token.
 *
 * Each text is a request of the scheduler's, some of them at a time, so that others go on meanwhile. One struct
 * embedding lives from its request to its end, on the far end's only thread. */
#include <math.h>

#include "base/core/base64.h"
#include "base/core/clock.h"
#include "base/core/mem.h"
#include "lm/engine/engine_open.h"
#include "lm/worker/far_request.h"
#include "math/quants/quant.h"

#define EMBED_INPUTS_MAX 10000
#define PROGRESS_NS      50000000
#define TOGETHER_MAX     16 /* texts that the scheduler has at a time */

#define RERANK_BEFORE                                                                            \
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query "  \
    "and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n" \
    "<|im_start|>user\n"
#define RERANK_AFTER   "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
#define RERANK_DEFAULT "Given a web search query, retrieve relevant passages that answer the query"

struct text {
    size_t at, count; /* in the tokens of all */
};

struct embedding;
/* One text that the scheduler has. */
struct lane {
    struct embedding *e;
    size_t text;
    uint64_t scheduled;
    bool busy;
};

struct embedding {
    struct far_task task; /* `scheduled` is any of the lanes' */
    struct far *far;
    struct far_request r; /* who asks; its prompt holds the tokens of all texts */
    bool rerank;
    struct text *texts; /* [count] */
    size_t count, next; /* texts from `next` on have no lane yet */
    struct lane lanes[TOGETHER_MAX];
    size_t busy_count;
    bool leader; /* the first text goes alone: all begin with the same page */
    bool cancelled;
    int depth;          /* of calls that may find the end: the outermost ends it */
    struct error fault; /* what ends it; STATUS_OK: nothing */

    size_t dimensions;
    bool normalize;
    int32_t true_id, false_id; /* -1: the head scores */
    struct tensor_view head;
    float *vector; /* [hidden] */
    size_t done;   /* tokens */
    int64_t arrived_ns, first_ns, progress_ns, reused, displaced;
};

static const struct member_rule embed_rules[] = {
    { "inputs", MEMBER_ARRAY, 0, 0 },
    { "dimensions", MEMBER_INT, 1, INT32_MAX },
    { "normalize", MEMBER_BOOL, 0, 0 },
    { "truncate", MEMBER_BOOL, 0, 0 },
    { "tenant", MEMBER_TEXT, 0, 0 },
    { "priority", MEMBER_TEXT, 0, 0 },
    { "deadline_ms", MEMBER_INT, 1, INT32_MAX },
    { 0 },
};
static const struct member_rule rerank_rules[] = {
    { "query", MEMBER_TEXT, 0, 0 },           { "documents", MEMBER_ARRAY, 0, 0 },
    { "instruction", MEMBER_TEXT, 0, 0 },     { "true_id", MEMBER_INT, 0, INT32_MAX },
    { "false_id", MEMBER_INT, 0, INT32_MAX }, { 0 },
};

/* ---- texts to tokens ---- */

static enum status put_text(const struct tokenizer *t, struct span text, bool truncate, size_t max,
                            struct token_list *out, struct error *err)
{
    size_t begin = out->count;
    int32_t ending = tokenizer_ending(t);
    enum status st = STATUS_OK;
    if (tokenizer_adds_bos(t)) st = token_list_push(out, tokenizer_bos(t), err);
    if (!st) st = tokenizer_encode(t, text.data, text.len, false, out, err);
    size_t room = max - (ending >= 0);
    if (truncate && out->count - begin > room) out->count = begin + room;
    if (!st && ending >= 0) st = token_list_push(out, ending, err);
    return st;
}

struct pair {
    struct span instruction, query;
};

static enum status put_pair(const struct tokenizer *t, const struct pair *p, struct span document,
                            struct token_list *out, struct error *err)
{
    struct buf text = BUF_INIT(FRAME_TO_WORKER_BYTES_MAX);
    buf_text(&text, "<Instruct>: ");
    buf_append(&text, p->instruction.data, p->instruction.len);
    buf_text(&text, "\n<Query>: ");
    buf_append(&text, p->query.data, p->query.len);
    buf_text(&text, "\n<Document>: ");
    buf_append(&text, document.data, document.len);
    enum status st = buf_check(&text, "a query with its document", err);
    struct span before = span_of(RERANK_BEFORE), after = span_of(RERANK_AFTER);
    if (!st) st = tokenizer_encode(t, before.data, before.len, true, out, err);
    if (!st) st = tokenizer_encode(t, text.data, text.len, false, out, err);
    if (!st) st = tokenizer_encode(t, after.data, after.len, true, out, err);
    buf_release(&text);
    return st;
}

/* Tokens of text i; ids stand for themselves. */
static enum status put_one(struct embedding *e, const struct json *v, const struct pair *p,
                           bool truncate, size_t i, struct error *err)
{
    const struct tokenizer *t;
    enum status st;
    if (json_type(v) == JSON_ARRAY) st = far_read_ids(e->far, v, &e->r.prompt, err);
    else if (json_type(v) != JSON_STRING)
        st = error_set(err, STATUS_BAD_INPUT, "it is neither a text nor a list of ids");
    else {
        size_t max = (size_t)engine_info(e->far->engine)->context_max;
        st = far_need_tokenizer(e->far, &t, err);
        if (!st && p) st = put_pair(t, p, json_string(v), &e->r.prompt, err);
        else if (!st) st = put_text(t, json_string(v), truncate, max, &e->r.prompt, err);
    }
    return st ? error_wrap(err, st, "text %zu", i) : st;
}

static enum status check_count(const struct embedding *e, size_t i, struct error *err)
{
    const struct engine_info *info = engine_info(e->far->engine);
    size_t count = e->texts[i].count;
    if (count == 0) return error_set(err, STATUS_BAD_INPUT, "text %zu has no tokens", i);
    if (count <= (size_t)info->context_max) return STATUS_OK;
    return error_set(
        err, STATUS_CONTEXT,
        "text %zu has %zu tokens, which do not fit into the context of %lld; shorten it "
        "or raise --ctx (the model was made for %lld)",
        i, count, (long long)info->context_max, (long long)info->model_context);
}

static enum status put_all(struct embedding *e, const struct json *list, const struct pair *p,
                           bool truncate, struct error *err)
{
    e->count = json_length(list);
    if (e->count == 0 || e->count > EMBED_INPUTS_MAX)
        return error_set(err, e->count ? STATUS_LIMIT : STATUS_BAD_INPUT,
                         "the request has %zu texts; 1 to %d are taken", e->count,
                         EMBED_INPUTS_MAX);
    e->texts = mem_array(e->count, sizeof *e->texts);
    if (!e->texts) return error_set(err, STATUS_NO_MEMORY, "no memory for %zu texts", e->count);
    for (size_t i = 0; i < e->count; i++) {
        size_t at = e->r.prompt.count;
        enum status st = put_one(e, json_at(list, i), p, truncate, i, err);
        if (st) return st;
        e->texts[i] = (struct text){ at, e->r.prompt.count - at };
        if ((st = check_count(e, i, err))) return st;
    }
    return STATUS_OK;
}

/* ---- what is asked for ---- */

static enum status read_embed(struct embedding *e, const struct json *request, struct error *err)
{
    const struct far *f = e->far;
    const struct retrieval_config *r = &f->retrieval;
    int64_t hidden = engine_info(f->engine)->hidden_size, dimensions;
    if (f->retrieval_error.status)
        return error_set(err, f->retrieval_error.status, "%s", f->retrieval_error.text);
    if (r->rerank || r->pooling == POOLING_NONE)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s is %s: its files declare no pooling, so its states are no embeddings; "
                         "use a model that is made for it, like Qwen3-Embedding",
                         f->label, r->rerank ? "a reranker" : "a generator");
    if (r->pooling != POOLING_LAST)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s wants the pooling '%s'; the one that is done here is 'last'", f->label,
                         pooling_name(r->pooling));
    dimensions = json_int(json_get(request, "dimensions"), hidden);
    if (dimensions > hidden)
        return error_set(err, STATUS_BAD_INPUT,
                         "\"dimensions\" is %lld, but the vectors of %s have %lld",
                         (long long)dimensions, f->label, (long long)hidden);
    e->dimensions = (size_t)dimensions;
    e->normalize = json_bool(json_get(request, "normalize"), r->normalize);
    return put_all(e, json_get(request, "inputs"), NULL,
                   json_bool(json_get(request, "truncate"), false), err);
}

static enum status find_answer(struct embedding *e, const struct json *given, int64_t said,
                               const char *word, int32_t *ret, struct error *err)
{
    int64_t vocab = engine_info(e->far->engine)->vocab_size;
    const struct tokenizer *t;
    enum status st;
    int64_t id = json_int(given, said);
    if (id < 0) {
        if ((st = far_need_tokenizer(e->far, &t, err))) return st;
        id = tokenizer_find(t, word, strlen(word));
    }
    if (id < 0 || id >= vocab)
        return error_set(err, STATUS_BAD_INPUT,
                         "the token of the answer \"%s\" %s; the model's ids are 0 to %lld", word,
                         id < 0 ? "is not in the vocabulary" : "does not exist",
                         (long long)vocab - 1);
    *ret = (int32_t)id;
    return STATUS_OK;
}

/* GGUF files of rerankers hold the head's two rows and no others that count. */
static enum status find_answers(struct embedding *e, const struct json *request, struct error *err)
{
    const struct retrieval_config *r = &e->far->retrieval;
    const struct json *yes = json_get(request, "true_id"), *no = json_get(request, "false_id");
    const struct engine_info *info = engine_info(e->far->engine);
    enum status st;
    if (r->rerank_head && json_type(yes) == JSON_NULL && json_type(no) == JSON_NULL) {
        e->true_id = e->false_id = -1;
        st = source_tensor(engine_source(e->far->engine), RERANK_HEAD, &e->head, err);
        if (st) return st;
        if (e->head.dims == 2 && e->head.rows == 2 && e->head.cols == info->hidden_size &&
            quant_of(e->head.type)->dot)
            return STATUS_OK;
        return error_set(err, STATUS_BAD_INPUT, RERANK_HEAD " is not two rows of %lld numbers",
                         (long long)info->hidden_size);
    }
    if ((st = far_need_head(e->far, err))) return st;
    st = find_answer(e, yes, r->true_id, "yes", &e->true_id, err);
    return st ? st : find_answer(e, no, r->false_id, "no", &e->false_id, err);
}

static enum status read_documents(struct embedding *e, const struct json *request,
                                  struct error *err)
{
    const struct json *documents = json_get(request, "documents");
    struct pair p = { json_string(json_get(request, "instruction")),
                      json_string(json_get(request, "query")) };
    size_t ids = 0;
    if (!p.instruction.data) p.instruction = span_of(RERANK_DEFAULT);
    for (size_t i = 0; i < json_length(documents); i++)
        ids += json_type(json_at(documents, i)) == JSON_ARRAY;
    if (ids && (ids < json_length(documents) || p.query.data))
        return error_set(err, STATUS_BAD_INPUT,
                         "documents that are lists of ids are whole prompts: all are, and there is "
                         "no \"query\"");
    if (!ids && !p.query.data)
        return error_set(err, STATUS_BAD_INPUT, "\"query\" of the request is missing");
    if (!ids && !e->far->retrieval.rerank)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s is no reranker whose prompt is known; use one of the kind "
                         "Qwen3-Reranker",
                         e->far->label);
    return put_all(e, documents, ids ? NULL : &p, false, err);
}

static enum status read_rerank(struct embedding *e, const struct json *request, struct error *err)
{
    const struct error *fault = &e->far->retrieval_error;
    if (fault->status) return error_set(err, fault->status, "%s", fault->text);
    enum status st = read_documents(e, request, err);
    return st ? st : find_answers(e, request, err);
}

/* ---- what comes out ---- */

static bool all_finite(const float *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

/* The first `dimensions` values, of unit length where that is wanted; a vector of zeros stays one. */
static void make_vector(struct embedding *e, const float *state)
{
    double sum = 0, factor;
    for (size_t i = 0; i < e->dimensions; i++)
        sum += (double)state[i] * (double)state[i];
    factor = e->normalize && sum > 0 ? 1 / sqrt(sum) : 1;
    for (size_t i = 0; i < e->dimensions; i++)
        e->vector[i] = (float)((double)state[i] * factor);
}

/* Wire order is little-endian. */
static void put_vector(struct buf *out, const float *v, size_t count)
{
    struct buf bytes = BUF_INIT(FAR_EVENT_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        uint32_t u;
        memcpy(&u, &v[i], sizeof u);
        for (int k = 0; k < 4; k++)
            buf_byte(&bytes, (char)(u >> (8 * k)));
    }
    base64_encode(out, bytes.data, bytes.len);
    if (bytes.failed) out->failed = true;
    buf_release(&bytes);
}

static void send_vector(struct embedding *e, size_t i)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    buf_format(&body, "{\"index\":%zu,\"tokens\":%zu,\"embedding\":\"", i, e->texts[i].count);
    put_vector(&body, e->vector, e->dimensions);
    buf_text(&body, "\"}");
    far_send_buf(e->far, FRAME_DELTA, e->task.request, &body);
    buf_release(&body);
}

static void send_score(struct embedding *e, size_t i, double score)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "index");
    json_put_int(&w, (int64_t)i);
    json_key(&w, "tokens");
    json_put_int(&w, (int64_t)e->texts[i].count);
    json_key(&w, "score");
    json_put_real(&w, score);
    json_close_object(&w);
    far_send_buf(e->far, FRAME_DELTA, e->task.request, &body);
    buf_release(&body);
}

/* How much more probable "yes" is: the softmax of the two. */
static double score_of(const struct embedding *e, const float *logits, const float *state)
{
    double margin;
    if (e->true_id >= 0) margin = (double)logits[e->true_id] - (double)logits[e->false_id];
    else {
        const struct quant *q = quant_of(e->head.type);
        const char *rows = e->head.data;
        margin = (double)q->dot(rows, state, (size_t)e->head.cols) -
                 (double)q->dot(rows + e->head.row_bytes, state, (size_t)e->head.cols);
    }
    return 1 / (1 + exp(-margin));
}

static void take_end(struct embedding *e, size_t i, const float *logits)
{
    const float *state = engine_hidden(e->far->engine, logits);
    double score = 0;
    bool ok;
    if (e->rerank) ok = !isnan(score = score_of(e, logits, state));
    else {
        make_vector(e, state);
        ok = all_finite(e->vector, e->dimensions);
    }
    if (!ok)
        error_set(&e->fault, STATUS_FAILED,
                  "what the model makes of text %zu are no numbers: `hearth inspect "
                  "--check-weights` looks at the weights",
                  i);
    else if (e->rerank) send_score(e, i, score);
    else send_vector(e, i);
}

static void tell_progress(struct embedding *e)
{
    struct buf body = BUF_INIT(1024);
    int64_t now = clock_monotonic_ns();
    if (now - e->progress_ns < PROGRESS_NS) return;
    e->progress_ns = now;
    buf_format(&body, "{\"stage\":\"prompt\",\"done\":%zu,\"total\":%zu}", e->done,
               e->r.prompt.count);
    far_send_buf(e->far, FRAME_PROGRESS, e->task.request, &body);
    buf_release(&body);
}

static void put_seconds(struct json_writer *w, const char *key, int64_t ns)
{
    json_key(w, key);
    json_put_real(w, ns > 0 ? (double)ns / 1e9 : 0);
}

/* Members as those of a generation, of which there is none. */
static void send_done(struct embedding *e)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    int64_t let_in = e->first_ns ? e->first_ns : clock_monotonic_ns();
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "finish");
    json_put_string(&w, e->cancelled ? "cancelled" : "stop");
    json_member_int(&w, "prompt_tokens", (int64_t)e->r.prompt.count);
    json_member_int(&w, "cached_tokens", e->reused);
    json_member_int(&w, "completion_tokens", 0);
    json_member_int(&w, "reasoning_tokens", 0);
    json_member_int(&w, "decode_steps", 0);
    json_member_int(&w, "displaced", e->displaced);
    put_seconds(&w, "queue_seconds", let_in - e->arrived_ns);
    put_seconds(&w, "prompt_seconds", clock_monotonic_ns() - let_in);
    put_seconds(&w, "decode_seconds", 0);
    json_close_object(&w);
    far_send_buf(e->far, FRAME_DONE, e->task.request, &body);
    buf_release(&body);
    e->far->sums.requests++;
    e->far->sums.prompt_tokens += (int64_t)e->r.prompt.count;
    e->far->sums.cached_tokens += e->reused;
}

/* ---- on the scheduler ---- */

static void embedding_free(struct embedding *e)
{
    mem_free(e->vector);
    mem_free(e->texts);
    far_request_release(&e->r);
    mem_free(e);
}

static size_t next(void *ctx, const float *logits, int32_t *ret, size_t room)
{
    struct lane *l = ctx;
    if (!l->e->fault.status && !l->e->cancelled) take_end(l->e, l->text, logits);
    return 0;
}

static void ended(void *ctx, const struct sched_end *end);

static enum status submit_next(struct embedding *e, struct lane *l, struct error *err)
{
    const struct text *t = &e->texts[e->next];
    const struct sched_request request = {
        .tokens = e->r.prompt.ids + t->at,
        .count = t->count,
        .new_max = 1,
        .tenant = e->r.salt.words[0],
        .salt = e->r.salt,
        .priority = e->r.priority,
        .deadline_ns = e->r.deadline_ms ? e->arrived_ns + e->r.deadline_ms * 1000000 : 0,
        .next = next,
        .ended = ended,
        .ctx = l,
    };
    enum status st =
        sched_submit(e->far->sched, &l->scheduled, &request, clock_monotonic_ns(), NULL, err);
    if (st) return st;
    l->text = e->next++;
    l->busy = true;
    e->busy_count++;
    return STATUS_OK;
}

/* Where the queue is full the texts under way are enough: the next end comes back here. */
static enum status submit_more(struct embedding *e, struct error *err)
{
    size_t together = e->leader ? 1 : TOGETHER_MAX;
    for (size_t i = 0; i < together && e->next < e->count; i++) {
        struct lane *l = &e->lanes[i];
        enum status st = l->busy ? STATUS_OK : submit_next(e, l, err);
        if (st == STATUS_LIMIT && e->busy_count) break;
        if (st) return st;
    }
    for (size_t i = 0; i < TOGETHER_MAX; i++)
        if (e->lanes[i].busy) e->task.scheduled = e->lanes[i].scheduled;
    return STATUS_OK;
}

static void cancel_all(struct embedding *e)
{
    for (size_t i = 0; i < TOGETHER_MAX; i++)
        if (e->lanes[i].busy)
            sched_cancel(e->far->sched, e->lanes[i].scheduled, clock_monotonic_ns());
}

static void note_end(struct embedding *e, const struct lane *l, const struct sched_end *end)
{
    if (!e->first_ns) e->first_ns = e->arrived_ns + end->waited_ns;
    e->done += e->texts[l->text].count;
    e->reused += end->cached_tokens;
    e->displaced += end->displaced;
    e->leader = false;
    if (end->reason == SCHED_CANCELLED && !e->fault.status) e->cancelled = true;
    if (end->reason == SCHED_FAILED && !e->fault.status) e->fault = *end->error;
    if (end->reason == SCHED_DEADLINE && !e->fault.status)
        error_set(&e->fault, STATUS_CANCELLED,
                  "the %lld ms that the request was given have passed; %zu of %zu tokens were read",
                  (long long)e->r.deadline_ms, e->done, e->r.prompt.count);
}

/* Behind whatever may have found the end: with the last text under way all is over. */
static void leave(struct embedding *e)
{
    if (--e->depth > 0 || e->busy_count > 0) return;
    if (e->fault.status) far_send_error(e->far, e->task.request, &e->fault);
    else send_done(e);
    far_task_remove(e->far, &e->task);
    embedding_free(e);
}

/* Of one text. Cancelling the others calls this again, from within. */
static void ended(void *ctx, const struct sched_end *end)
{
    struct lane *l = ctx;
    struct embedding *e = l->e;
    l->busy = false;
    e->busy_count--;
    note_end(e, l, end);
    e->depth++;
    if (!e->fault.status && !e->cancelled) submit_more(e, &e->fault);
    if (e->fault.status || e->cancelled) cancel_all(e);
    else tell_progress(e);
    leave(e);
}

/* Whether all texts begin with the same page: then it is computed once, for the first. */
static bool begin_alike(const struct embedding *e)
{
    const int32_t *ids = e->r.prompt.ids;
    for (size_t i = 0; i < e->count; i++)
        if (e->texts[i].count <= KV_PAGE_TOKENS ||
            memcmp(ids + e->texts[i].at, ids, KV_PAGE_TOKENS * sizeof *ids) != 0)
            return false;
    return e->count > 1;
}

static enum status read_request(struct embedding *e, struct span body, struct error *err)
{
    int64_t hidden = engine_info(e->far->engine)->hidden_size;
    enum status st =
        json_parse(&e->r.doc, body.data, body.len, FRAME_TO_WORKER_BYTES_MAX, "the request", err);
    if (st) return st;
    const struct json *request = json_root(e->r.doc);
    st = far_check_members(request, e->rerank ? rerank_rules : embed_rules, err);
    if (!st) st = far_read_owner(&e->r, request, err);
    if (!st && e->rerank) st = read_rerank(e, request, err);
    else if (!st) st = read_embed(e, request, err);
    if (st) return st;
    e->vector = mem_array((size_t)hidden, sizeof(float));
    return e->vector ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "no memory for a vector");
}

enum status far_embed(struct far *f, const struct far_job *job, struct error *err)
{
    struct embedding *e = mem_zero(sizeof *e);
    if (!e) return error_set(err, STATUS_NO_MEMORY, "no memory for a request");
    *e = (struct embedding){ .task = { .request = job->request, .bytes = job->len },
                             .far = f,
                             .rerank = job->type == FRAME_RERANK,
                             .arrived_ns = job->arrived_ns,
                             .progress_ns = job->arrived_ns };
    for (size_t i = 0; i < TOGETHER_MAX; i++)
        e->lanes[i].e = e;
    enum status st = read_request(e, (struct span){ job->body, job->len }, err);
    if (!st) {
        e->leader = begin_alike(e);
        st = submit_more(e, err);
    }
    if (st && e->busy_count) { /* those under way end first, and then all of it */
        e->fault = *err;
        st = STATUS_OK;
    }
    if (st) {
        embedding_free(e);
        return st;
    }
    far_task_add(f, &e->task);
    if (!e->fault.status) return STATUS_OK;
    e->depth++;
    cancel_all(e);
    leave(e);
    return STATUS_OK;
}
