/* One token from a row of logits: adjust a copy, filter, draw; and the log probability.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Candidates are taken from a binary heap in order of their logits, so that the cost is one pass
 * over the vocabulary plus log V for each candidate that top-k, top-p, min-p or the draw looks at:
 * usually few. Weights are exp((logit - max) / temperature) in double precision, with an
 * exponential of our own, because libm's differ in the last bit from machine to machine and the
 * draw must not. */
#include "lm/sample/sample.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/core/mem.h"
#include "lm/sample/random.h"

#define SAMPLE_VOCAB_MAX  ((int64_t)1 << 24)
#define SAMPLE_WINDOW_MAX (1 << 24)

const struct sample_options sample_options_greedy = { .temperature = 0,
                                                      .top_p = 1,
                                                      .repetition_penalty = 1 };
const struct sample_options sample_options_default = { .temperature = 1,
                                                       .top_p = 1,
                                                       .repetition_penalty = 1 };

struct candidate {
    float logit; /* after bias and penalties */
    int32_t id;
};

/* Which tokens the penalties see, with their counts; `ring` holds the last `window` of them. */
struct history {
    uint32_t *counts;    /* [vocab_size]: in prompt and answer */
    uint32_t *generated; /* [vocab_size]: of those, in the answer */
    int32_t *slots;      /* [vocab_size]: where an id with a count stands in `seen` */
    int32_t *seen;       /* [vocab_size]: the ids with a count, in no order */
    int64_t seen_count;
    int32_t *ring; /* [window], NULL without a window; -1 - id for a token of the prompt */
    int32_t window, ring_used, ring_next;
};

struct sampler {
    struct sample_options options; /* bias points into this sampler */
    struct logit_bias *bias;
    int64_t vocab_size;
    struct pcg32 random;
    struct history history;
    float *adjusted;                      /* [vocab_size] */
    struct candidate *candidates, *taken; /* [vocab_size] */
};

/* --- options --- */

static enum status out_of_range(struct error *err, const char *name, double value,
                                const char *range)
{
    return error_set(err, STATUS_USAGE, "%s is %g; it must be %s", name, value, range);
}

static enum status check_bias(const struct logit_bias *bias, size_t count, struct error *err)
{
    if (count > SAMPLE_BIAS_MAX)
        return error_set(err, STATUS_LIMIT, "%zu logit biases; at most %d are possible", count,
                         SAMPLE_BIAS_MAX);
    for (size_t i = 0; i < count; i++)
        if (isnan(bias[i].bias) || bias[i].bias > FLT_MAX)
            return error_set(err, STATUS_USAGE,
                             "the logit bias of id %d must be a number (-inf forbids a token)",
                             (int)bias[i].id);
    return STATUS_OK;
}

enum status sample_options_check(const struct sample_options *o, struct error *err)
{
    /* Written so that NaN fails every test. */
    if (!(o->temperature >= 0 && o->temperature <= 100))
        return out_of_range(err, "temperature", o->temperature, "from 0 to 100");
    if (o->top_k < 0) return out_of_range(err, "top-k", o->top_k, "0 (off) or more");
    if (!(o->top_p > 0 && o->top_p <= 1))
        return out_of_range(err, "top-p", o->top_p, "above 0 and at most 1");
    if (!(o->min_p >= 0 && o->min_p < 1))
        return out_of_range(err, "min-p", o->min_p, "at least 0 and below 1");
    if (!(o->repetition_penalty > 0 && o->repetition_penalty <= 10))
        return out_of_range(err, "repetition penalty", o->repetition_penalty,
                            "above 0 and at most 10");
    if (!(o->presence_penalty >= -2 && o->presence_penalty <= 2))
        return out_of_range(err, "presence penalty", o->presence_penalty, "from -2 to 2");
    if (!(o->frequency_penalty >= -2 && o->frequency_penalty <= 2))
        return out_of_range(err, "frequency penalty", o->frequency_penalty, "from -2 to 2");
    if (o->penalty_window < 0 || o->penalty_window > SAMPLE_WINDOW_MAX)
        return out_of_range(err, "penalty window", o->penalty_window, "from 0 to 2^24 tokens");
    return check_bias(o->bias, o->bias_count, err);
}

/* --- life --- */

static bool reserve(struct sampler *s)
{
    size_t n = (size_t)s->vocab_size;
    struct history *h = &s->history;
    h->counts = mem_array(n, sizeof *h->counts);
    h->generated = mem_array(n, sizeof *h->generated);
    h->slots = mem_array(n, sizeof *h->slots);
    h->seen = mem_array(n, sizeof *h->seen);
    s->adjusted = mem_array(n, sizeof *s->adjusted);
    s->candidates = mem_array(n, sizeof *s->candidates);
    s->taken = mem_array(n, sizeof *s->taken);
    bool ok = h->counts && h->generated && h->slots && h->seen && s->adjusted && s->candidates &&
              s->taken;
    h->window = s->options.penalty_window;
    if (h->window > 0) {
        h->ring = mem_array((size_t)h->window, sizeof *h->ring);
        ok = ok && h->ring;
    }
    if (s->options.bias_count > 0) {
        s->bias = mem_array(s->options.bias_count, sizeof *s->bias);
        ok = ok && s->bias;
    }
    return ok;
}

static enum status copy_bias(struct sampler *s, const struct logit_bias *bias, struct error *err)
{
    for (size_t i = 0; i < s->options.bias_count; i++) {
        if (bias[i].id < 0 || bias[i].id >= s->vocab_size)
            return error_set(err, STATUS_BAD_INPUT,
                             "logit bias for id %d, but the model's ids are 0 to %lld",
                             (int)bias[i].id, (long long)s->vocab_size - 1);
        s->bias[i] = bias[i];
    }
    s->options.bias = s->bias;
    return STATUS_OK;
}

enum status sampler_new(struct sampler **ret, const struct sample_options *o, int64_t vocab_size,
                        struct error *err)
{
    enum status st = sample_options_check(o, err);
    if (st) return st;
    if (vocab_size < 1 || vocab_size > SAMPLE_VOCAB_MAX)
        return error_set(err, STATUS_LIMIT, "a vocabulary of %lld entries; 1 to %lld are possible",
                         (long long)vocab_size, (long long)SAMPLE_VOCAB_MAX);
    struct sampler *s = mem_zero(sizeof *s);
    if (!s) return error_set(err, STATUS_NO_MEMORY, "no memory for a sampler");
    s->options = *o;
    s->vocab_size = vocab_size;
    pcg32_seed(&s->random, o->seed);
    if (!reserve(s))
        st = error_set(err, STATUS_NO_MEMORY, "no memory for a sampler over %lld tokens",
                       (long long)vocab_size);
    else st = copy_bias(s, o->bias, err);
    if (st) {
        sampler_free(s);
        return st;
    }
    *ret = s;
    return STATUS_OK;
}

void sampler_free(struct sampler *s)
{
    if (!s) return;
    mem_free(s->history.counts);
    mem_free(s->history.generated);
    mem_free(s->history.slots);
    mem_free(s->history.seen);
    mem_free(s->history.ring);
    mem_free(s->adjusted);
    mem_free(s->candidates);
    mem_free(s->taken);
    mem_free(s->bias);
    mem_free(s);
}

/* --- history --- */

static void history_add(struct history *h, int32_t id, bool generated)
{
    if (h->counts[id] == 0) {
        h->slots[id] = (int32_t)h->seen_count;
        h->seen[h->seen_count++] = id;
    }
    h->counts[id]++;
    h->generated[id] += generated;
}

static void history_drop(struct history *h, int32_t entry)
{
    int32_t id = entry < 0 ? -1 - entry : entry;
    h->generated[id] -= entry >= 0;
    if (--h->counts[id] > 0) return;
    int32_t last = h->seen[--h->seen_count];
    h->seen[h->slots[id]] = last;
    h->slots[last] = h->slots[id];
}

static void accept(struct sampler *s, int32_t id, bool generated)
{
    if (id < 0 || id >= s->vocab_size) return;
    struct history *h = &s->history;
    if (h->window > 0) {
        if (h->ring_used == h->window) history_drop(h, h->ring[h->ring_next]);
        else h->ring_used++;
        h->ring[h->ring_next] = generated ? id : -1 - id;
        h->ring_next = (h->ring_next + 1) % h->window;
    }
    history_add(h, id, generated);
}

void sampler_accept(struct sampler *s, int32_t id)
{
    accept(s, id, true);
}

void sampler_accept_prompt(struct sampler *s, int32_t id)
{
    accept(s, id, false);
}

/* --- log probabilities --- */

/* exp(x) for x <= 0 by plain IEEE operations in a fixed order: 2^n * e^r with |r| <= ln2/2 and the
 * Taylor series to r^13, whose rest is below 2^-55. */
static double exp_portable(double x)
{
    static const double factors[] = { 1.0 / 6227020800.0,
                                      1.0 / 479001600.0,
                                      1.0 / 39916800.0,
                                      1.0 / 3628800.0,
                                      1.0 / 362880.0,
                                      1.0 / 40320.0,
                                      1.0 / 5040.0,
                                      1.0 / 720.0,
                                      1.0 / 120.0,
                                      1.0 / 24.0,
                                      1.0 / 6.0,
                                      1.0 / 2.0,
                                      1.0,
                                      1.0 };
    if (!(x > -700)) return 0;
    double n = (x * 1.4426950408889634 + 0x1.8p52) - 0x1.8p52; /* rounds to a whole number */
    double r = (x - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;
    double sum = factors[0];
    for (size_t k = 1; k < sizeof factors / sizeof *factors; k++)
        sum = sum * r + factors[k];
    uint64_t power_bits = (uint64_t)((int64_t)n + 1023) << 52;
    double power;
    memcpy(&power, &power_bits, sizeof power);
    return sum * power;
}

static float max_logit(const float *logits, int64_t count)
{
    float max = -INFINITY;
    for (int64_t i = 0; i < count; i++)
        if (logits[i] > max) max = logits[i];
    return max;
}

static double log_sum_exp(const float *logits, int64_t count)
{
    float max = max_logit(logits, count);
    if (isinf(max)) return max;
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += exp_portable((double)logits[i] - max);
    return max + log(sum);
}

double logprob_of(const float *logits, int64_t count, int32_t id)
{
    if (id < 0 || id >= count) return -INFINITY;
    return logits[id] - log_sum_exp(logits, count);
}

int32_t logits_argmax(const float *logits, int64_t count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (logits[i] > logits[best]) best = i;
    return (int32_t)best;
}

/* Insertion into a short list, best first; ids come in rising order, so that ties keep the lower. */
static void collect_top(const float *logits, int64_t count, double log_sum, int wanted,
                        struct sampled *ret)
{
    ret->top_count = 0;
    for (int64_t i = 0; i < count && wanted > 0; i++) {
        int n = ret->top_count;
        if (logits[i] == -INFINITY || (n == wanted && logits[i] <= ret->top[n - 1].logprob))
            continue;
        if (n < wanted) ret->top_count = ++n;
        int at = n - 1;
        for (; at > 0 && ret->top[at - 1].logprob < logits[i]; at--)
            ret->top[at] = ret->top[at - 1];
        ret->top[at] = (struct token_logprob){ (int32_t)i, logits[i] };
    }
    for (int i = 0; i < ret->top_count; i++)
        ret->top[i].logprob = (float)(ret->top[i].logprob - log_sum);
}

/* --- the adjusted copy --- */

static enum status check_logits(const float *logits, int64_t count, struct error *err)
{
    for (int64_t i = 0; i < count; i++)
        if (!(logits[i] <= FLT_MAX))
            return error_set(
                err, STATUS_FAILED,
                "the model computed %s as the logit of id %lld: its weights or a kernel "
                "are broken (`hearth inspect --check-weights` looks at the weights)",
                isnan(logits[i]) ? "NaN" : "infinity", (long long)i);
    return STATUS_OK;
}

static void penalise(struct sampler *s, int64_t count)
{
    const struct sample_options *o = &s->options;
    const struct history *h = &s->history;
    if (o->repetition_penalty == 1 && o->presence_penalty == 0 && o->frequency_penalty == 0) return;
    for (int64_t i = 0; i < h->seen_count; i++) {
        int32_t id = h->seen[i];
        if (id >= count) continue;
        float x = s->adjusted[id];
        x = x > 0 ? x / o->repetition_penalty : x * o->repetition_penalty;
        if (h->generated[id] > 0)
            x = x - o->presence_penalty - o->frequency_penalty * (float)h->generated[id];
        s->adjusted[id] = x;
    }
}

static void forbid(float *logits, int64_t count, const uint64_t *allowed)
{
    for (int64_t first = 0; first < count; first += 64) {
        uint64_t word = allowed[first / 64];
        int64_t n = count - first < 64 ? count - first : 64;
        for (int64_t i = 0; word != UINT64_MAX && i < n; i++)
            if (!(word >> i & 1)) logits[first + i] = -INFINITY;
    }
}

static void adjust(struct sampler *s, const float *logits, int64_t count, const uint64_t *allowed)
{
    memcpy(s->adjusted, logits, (size_t)count * sizeof *logits);
    if (allowed) forbid(s->adjusted, count, allowed);
    for (size_t i = 0; i < s->options.bias_count; i++)
        if (s->bias[i].id < count) s->adjusted[s->bias[i].id] += s->bias[i].bias;
    penalise(s, count);
}

/* --- the heap of candidates --- */

static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->logit > b->logit || (a->logit == b->logit && a->id < b->id);
}

static void sift_down(struct candidate *heap, int64_t count, int64_t at)
{
    struct candidate moving = heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && before(&heap[child + 1], &heap[child])) child++;
        if (!before(&heap[child], &moving)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

/* Candidates, best first. The heap holds those at or above `floor` that were not taken yet; when it
 * runs dry the rest is put on it. So few of a large vocabulary are ever moved about. */
struct heap {
    const float *logits;             /* [count], adjusted */
    int64_t count, total;            /* total: those that are not forbidden */
    struct candidate *items, *taken; /* [vocab_size] each */
    int64_t left, taken_count;
    float floor;
    double max, scale; /* of the weights: exp((logit - max) * scale), 1 for the most probable */
};

#define FIRST_BAND 12 /* the heap begins with the weights down to e^-12 */

static double weight_of(const struct heap *h, float logit)
{
    return exp_portable(((double)logit - h->max) * h->scale);
}

/* Puts the candidates from `low` up to, but without, `high` on the empty heap. */
static void heap_fill(struct heap *h, float low, float high)
{
    for (int64_t i = 0; i < h->count; i++)
        if (h->logits[i] >= low && h->logits[i] < high)
            h->items[h->left++] = (struct candidate){ h->logits[i], (int32_t)i };
    for (int64_t at = h->left / 2; at-- > 0;)
        sift_down(h->items, h->left, at);
    h->floor = low;
}

/* Takes candidates until there are j + 1, and returns the last of them; j < total. */
static const struct candidate *heap_nth(struct heap *h, int64_t j)
{
    while (h->taken_count <= j) {
        if (h->left == 0) heap_fill(h, -FLT_MAX, h->floor);
        h->taken[h->taken_count++] = h->items[0];
        h->items[0] = h->items[--h->left];
        sift_down(h->items, h->left, 0);
    }
    return &h->taken[j];
}

static struct heap heap_begin(struct sampler *s, int64_t count, float max)
{
    double temperature = s->options.temperature;
    struct heap h = { .logits = s->adjusted,
                      .count = count,
                      .items = s->candidates,
                      .taken = s->taken,
                      .max = max,
                      .scale = 1 / temperature };
    for (int64_t i = 0; i < count; i++)
        h.total += s->adjusted[i] >= -FLT_MAX;
    heap_fill(&h, (float)(max - FIRST_BAND * temperature), INFINITY);
    return h;
}

/* --- the draw --- */

/* The weight of the first `limit` candidates: of all, in order of ids, where nothing is cut off. */
static double sum_weights(struct heap *h, const struct sampler *s, int64_t count, int64_t limit)
{
    double sum = 0;
    if (limit == h->total) {
        for (int64_t i = 0; i < count; i++)
            sum += weight_of(h, s->adjusted[i]);
    } else {
        for (int64_t j = 0; j < limit; j++)
            sum += weight_of(h, heap_nth(h, j)->logit);
    }
    return sum;
}

/* The candidate, of the first `limit`, at which the sum of weights passes `point`. */
static int32_t walk(struct heap *h, int64_t limit, double point)
{
    double sum = 0;
    for (int64_t j = 0; j < limit - 1; j++) {
        const struct candidate *c = heap_nth(h, j);
        sum += weight_of(h, c->logit);
        if (sum > point) return c->id;
    }
    return heap_nth(h, limit - 1)->id;
}

/* How many of the first `limit` pass top-p and min-p; *ret_mass is their weight. `sum` is that of
 * all `limit`. */
static int64_t filter(struct heap *h, const struct sample_options *o, int64_t limit, double sum,
                      double *ret_mass)
{
    double mass = 0;
    int64_t kept = 0;
    while (kept < limit) {
        double weight = weight_of(h, heap_nth(h, kept)->logit);
        if (kept > 0 && weight < o->min_p) break;
        mass += weight;
        kept++;
        if (o->top_p < 1 && mass >= o->top_p * sum) break;
    }
    *ret_mass = mass;
    return kept;
}

static int32_t draw(struct sampler *s, int64_t count, float max)
{
    const struct sample_options *o = &s->options;
    struct heap heap = heap_begin(s, count, max);
    int64_t limit = o->top_k > 0 && o->top_k < heap.total ? o->top_k : heap.total;
    bool filtered = o->top_p < 1 || o->min_p > 0;
    double mass = o->top_p < 1 || !filtered ? sum_weights(&heap, s, count, limit) : 0;
    if (filtered) limit = filter(&heap, o, limit, mass, &mass);
    return walk(&heap, limit, pcg32_unit(&s->random) * mass);
}

enum status sampler_pick_allowed(struct sampler *s, const float *logits, int64_t valid_count,
                                 const uint64_t *allowed, int top_logprobs, struct sampled *ret,
                                 struct error *err)
{
    assert(top_logprobs >= SAMPLE_NO_LOGPROBS && top_logprobs <= SAMPLE_TOP_LOGPROBS_MAX);
    assert(valid_count >= 0);
    int64_t count = valid_count < s->vocab_size ? valid_count : s->vocab_size;
    enum status st = check_logits(logits, count, err);
    if (st) return st;
    adjust(s, logits, count, allowed);
    float max = max_logit(s->adjusted, count);
    if (max == -INFINITY)
        return error_set(err, STATUS_FAILED, "every token is forbidden: nothing can be chosen");
    if (max == INFINITY)
        return error_set(err, STATUS_FAILED, "a logit bias or penalty made a logit infinite");
    struct sampled out = { .logprob = NAN };
    out.id = s->options.temperature == 0 ? logits_argmax(s->adjusted, count) : draw(s, count, max);
    if (top_logprobs != SAMPLE_NO_LOGPROBS) {
        double log_sum = log_sum_exp(logits, count);
        out.logprob = (float)(logits[out.id] - log_sum);
        collect_top(logits, count, log_sum, top_logprobs, &out);
    }
    *ret = out;
    return STATUS_OK;
}

enum status sampler_pick(struct sampler *s, const float *logits, int64_t valid_count,
                         int top_logprobs, struct sampled *ret, struct error *err)
{
    return sampler_pick_allowed(s, logits, valid_count, NULL, top_logprobs, ret, err);
}
