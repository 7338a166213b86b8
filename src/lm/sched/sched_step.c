/* One step: who is let in, what is evaluated, what came of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "lm/sched/sched_inner.h"

#define RESTORE_ALONE  64 /* pages read back in a step, and while somebody decodes */
#define RESTORE_BESIDE 4

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool in_prompt(const struct request *r)
{
    return session_count(r->session) < r->prompt_end;
}

/* Positions that r may come to hold: the last token of an answer is only told. */
static size_t evaluated_end(const struct request *r)
{
    return r->asked.new_max > 0 ? r->room_end - 1 : r->room_end;
}

/* --- deadlines and cancelling --- */

static bool is_late(const struct sched *s, const struct request *r)
{
    return r->asked.deadline_ns && r->asked.deadline_ns <= s->now_ns;
}

static struct request *late_waiting(const struct sched *s)
{
    for (int i = 0; i < s->tenant_max; i++) {
        for (int c = 0; c < SCHED_CLASS_COUNT && s->tenants[i].used; c++) {
            for (struct request *r = s->tenants[i].first[c]; r; r = r->behind)
                if (is_late(s, r)) return r;
        }
    }
    return NULL;
}

static void end_late(struct sched *s)
{
    for (int i = s->running_count - 1; i >= 0; i--) {
        if (is_late(s, s->running[i])) request_end(s, s->running[i], SCHED_DEADLINE, NULL);
    }
    for (struct request *r; (r = late_waiting(s));)
        request_end(s, r, SCHED_DEADLINE, NULL);
}

static void end_cancelled(struct sched *s)
{
    for (int i = s->running_count - 1; i >= 0; i--) {
        if (s->running[i]->cancelled) request_end(s, s->running[i], SCHED_CANCELLED, NULL);
    }
}

int64_t sched_next_deadline(const struct sched *s)
{
    int64_t next = 0;
    for (int i = 0; i < s->running_count; i++) {
        int64_t d = s->running[i]->asked.deadline_ns;
        if (d && (!next || d < next)) next = d;
    }
    for (int i = 0; i < s->tenant_max; i++) {
        for (int c = 0; c < SCHED_CLASS_COUNT && s->tenants[i].used; c++) {
            for (const struct request *r = s->tenants[i].first[c]; r; r = r->behind) {
                int64_t d = r->asked.deadline_ns;
                if (d && (!next || d < next)) next = d;
            }
        }
    }
    return next;
}

/* --- letting in --- */

/* Pages that r may take from now on: all it can ever need, or its prompt and one more. */
static int64_t pages_to_come(const struct sched *s, const struct request *r)
{
    size_t count = session_count(r->session);
    int64_t most = session_pages_wanted(r->session, evaluated_end(r) - count);
    if (s->options.reserve) return most;
    int64_t now =
        count < r->prompt_end ? session_pages_wanted(r->session, r->prompt_end - count) : 0;
    /* Whoever gave way comes back with more room ahead, so that it does not soon give way again. */
    now += 1 + 2 * r->displaced;
    return now < most ? now : most;
}

/* Alone, a request goes as far as it can. */
static bool pages_suffice(const struct sched *s, const struct request *r)
{
    size_t count = session_count(r->session);
    int64_t wanted = s->running_count > 0 ? pages_to_come(s, r)
                                          : session_pages_wanted(r->session, r->known - count);
    for (int i = 0; i < s->running_count; i++)
        wanted += pages_to_come(s, s->running[i]);
    return wanted <= engine_pages_available(s->engine);
}

static struct session *take_session(struct sched *s)
{
    for (int i = 0; i < s->options.slots_max; i++) {
        struct session *session = s->sessions[i];
        if (!session) continue;
        s->sessions[i] = NULL;
        return session;
    }
    return NULL;
}

static void give_session(struct sched *s, struct request *r)
{
    static const struct kv_salt none;
    int i = 0;
    session_reset(r->session, &none);
    while (s->sessions[i])
        i++;
    s->sessions[i] = r->session;
    r->session = NULL;
}

static void count_waiting(struct sched *s, struct request *r)
{
    double seconds = (double)(s->now_ns - r->submitted_ns) * 1e-9;
    int b = 0;
    while (b < SCHED_WAIT_BUCKETS - 1 && seconds > sched_wait_bounds[b])
        b++;
    s->stats.waited[b]++;
    s->stats.waited_s += seconds;
}

/* What a request had is charged when it is let in, and never twice. */
static void count_in(struct sched *s, struct request *r)
{
    s->happened.let_in++;
    if (r->was_in) return;
    r->was_in = true;
    r->let_in_ns = s->now_ns;
    r->cached = (int64_t)session_count(r->session);
    s->stats.prompt_tokens += (int64_t)r->known;
    s->stats.cached_tokens += r->cached;
    charge(s, r, r->known - (size_t)r->cached);
    count_waiting(s, r);
}

/* False: it has to wait. */
static bool let_in(struct sched *s, struct request *r)
{
    struct error err;
    r->session = take_session(s);
    session_reset(r->session, &r->asked.salt);
    bool reuse = !r->asked.prompt || r->prompt_told >= r->asked.count;
    enum status st = session_begin(r->session, r->tokens, r->known, reuse, &err);
    r->prompt_end = r->known;
    r->restores = reuse && engine_has_store(s->engine);
    if (!st && !pages_suffice(s, r)) {
        if (s->running_count > 0) {
            give_session(s, r);
            return false;
        }
        st = error_set(&err, STATUS_LIMIT,
                       "the cache has not enough free pages for %zu tokens; sessions outside the "
                       "scheduler hold them",
                       r->known);
    }
    if (st) {
        give_session(s, r);
        request_end(s, r, SCHED_FAILED, &err);
        return true;
    }
    queue_remove(s, r);
    r->order = ++s->order_last;
    s->running[s->running_count++] = r;
    r->tenant->running++;
    count_in(s, r);
    return true;
}

static bool make_place(struct sched *s, struct request *r)
{
    for (;;) {
        if (s->running_count < s->options.slots_max && let_in(s, r)) return true;
        struct request *victim = victim_for(s, r);
        if (!victim) return false;
        request_displace(s, victim);
    }
}

/* In turn; the one whose turn it is may hold up those behind it, or nobody large would ever get in. */
static void let_all_in(struct sched *s)
{
    for (struct request *r; (r = queue_next(s));) {
        if (!make_place(s, r)) return;
    }
}

/* --- what is evaluated --- */

static int give_decoding(struct sched *s, size_t budget, size_t *ret_rows)
{
    int count = 0;
    for (int i = 0; i < s->running_count; i++) {
        s->running[i]->give = 0;
        count += !in_prompt(s->running[i]);
    }
    *ret_rows = 0;
    for (int i = 0; i < s->running_count; i++) {
        struct request *r = s->running[i];
        if (in_prompt(r)) continue;
        r->give = smaller(r->known - session_count(r->session), budget / (size_t)count);
        *ret_rows += r->give;
    }
    return count;
}

/* Whether an older request is about to evaluate the whole page that r needs next: then r waits for it and
 * takes it from the cache. */
static bool follows(const struct sched *s, const struct request *r, int at)
{
    size_t page_end = (session_count(r->session) / KV_PAGE_TOKENS + 1) * KV_PAGE_TOKENS;
    if (page_end >= r->known || r->asked.prompt || engine_info(s->engine)->length_dependent)
        return false;
    for (int i = 0; i < at; i++) {
        const struct request *o = s->running[i];
        if (!in_prompt(o) || page_end > o->prompt_end || session_count(o->session) >= page_end)
            continue;
        if (memcmp(&o->asked.salt, &r->asked.salt, sizeof r->asked.salt) == 0 &&
            memcmp(o->tokens, r->tokens, page_end * sizeof *r->tokens) == 0)
            return true;
    }
    return false;
}

static void count_cached(struct sched *s, struct request *r, size_t before)
{
    if (r->displaced > 0) return;
    r->cached += (int64_t)(session_count(r->session) - before);
    s->stats.cached_tokens += (int64_t)(session_count(r->session) - before);
}

/* Takes what the other has computed meanwhile. */
static void advance(struct sched *s, struct request *r)
{
    size_t before = session_count(r->session);
    session_advance(r->session, r->tokens, r->known);
    count_cached(s, r, before);
}

/* Reading is quick beside computing, but not for those who wait for their next token. */
static void restore_prompts(struct sched *s, bool beside)
{
    int left = beside ? RESTORE_BESIDE : RESTORE_ALONE;
    for (int i = 0; i < s->running_count && left > 0; i++) {
        struct request *r = s->running[i];
        size_t before = session_count(r->session);
        if (!r->restores || !in_prompt(r)) continue;
        int n = session_restore(r->session, r->tokens, r->known, left);
        r->restores = n == left; /* else that was all */
        left -= n;
        count_cached(s, r, before);
        if (r->displaced == 0) r->restored += (int64_t)(session_count(r->session) - before);
        s->stats.restored_tokens += (int64_t)(session_count(r->session) - before);
        s->happened.restored += (int64_t)(session_count(r->session) - before);
    }
}

static bool holds_still(const struct request *r)
{
    return r->follows || r->restores;
}

static size_t prompt_weight(const struct sched *s, const struct request *r)
{
    size_t same = 0;
    for (int i = 0; i < s->running_count; i++) {
        const struct request *o = s->running[i];
        same += in_prompt(o) && !holds_still(o) && o->tenant == r->tenant &&
                o->asked.priority == r->asked.priority;
    }
    return (size_t)class_weight(r->asked.priority) * SCHED_SLOTS_MAX / same;
}

/* Prompts share `rows` by weight; what one does not need goes to the next. */
static void give_prompts(struct sched *s, size_t rows)
{
    size_t weights = 0, logits = engine_logits_max(s->engine) - (size_t)s->running_count + 1;
    for (int i = 0; i < s->running_count; i++) {
        struct request *r = s->running[i];
        if (!in_prompt(r)) continue;
        if (r->follows) advance(s, r);
        r->follows = follows(s, r, i);
    }
    for (int i = 0; i < s->running_count; i++) {
        struct request *r = s->running[i];
        if (in_prompt(r) && !holds_still(r)) weights += prompt_weight(s, r);
    }
    for (int i = 0; i < s->running_count && rows > 0; i++) {
        struct request *r = s->running[i];
        if (!in_prompt(r) || holds_still(r)) continue;
        size_t weight = prompt_weight(s, r), share = rows * weight / weights;
        weights -= weight;
        r->give = smaller(r->known - session_count(r->session), share > 0 ? share : 1);
        if (r->asked.prompt && r->give > logits) r->give = logits;
        if (r->asked.prompt) logits -= r->give - 1;
        rows -= r->give;
    }
}

static int64_t pages_wanted(const struct sched *s)
{
    int64_t wanted = 0;
    for (int i = 0; i < s->running_count; i++) {
        const struct request *r = s->running[i];
        if (r->give > 0) wanted += session_pages_wanted(r->session, r->give);
    }
    return wanted;
}

/* The prompt that came last holds still; false when only the oldest request is left to evaluate. */
static bool hold_prompt(struct sched *s)
{
    for (int i = s->running_count - 1; i > 0; i--) {
        struct request *r = s->running[i];
        if (r->give == 0 || !in_prompt(r)) continue;
        r->give = 0;
        return true;
    }
    return false;
}

/* Sees to it that there are pages for what is to be evaluated. */
static void find_pages(struct sched *s)
{
    while (pages_wanted(s) > engine_pages_available(s->engine)) {
        struct request *victim;
        if (hold_prompt(s)) continue;
        if ((victim = victim_of_pages(s))) {
            request_displace(s, victim);
            continue;
        }
        struct error err;
        error_set(&err, STATUS_LIMIT,
                  "the cache is full; sessions outside the scheduler hold its pages");
        request_end(s, s->running[0], SCHED_FAILED, &err);
    }
}

static int make_feeds(struct sched *s)
{
    int count = 0;
    for (int i = 0; i < s->running_count; i++) {
        struct request *r = s->running[i];
        size_t at = session_count(r->session);
        if (r->give == 0) continue;
        s->fed[count] = r;
        s->feeds[count++] = (struct session_feed){
            .session = r->session,
            .tokens = r->tokens + at,
            .count = r->give,
            .logits = r->asked.prompt && in_prompt(r) ? FEED_LOGITS_ALL
                      : at + r->give == r->known      ? FEED_LOGITS_LAST
                                                      : FEED_LOGITS_NONE,
        };
    }
    return count;
}

/* Prompts get at least half of a step beside those who decode, whose rows are few. */
static int plan_step(struct sched *s)
{
    size_t batch = engine_batch_max(s->engine), step = (size_t)s->options.step_tokens, rows;
    int decoding = give_decoding(s, step / 2, &rows);
    restore_prompts(s, decoding > 0);
    if (decoding < s->running_count) give_prompts(s, (decoding ? step : batch) - rows);
    find_pages(s);
    return make_feeds(s);
}

/* --- what came of it --- */

static void count_rows(struct sched *s, const struct request *r)
{
    size_t end = session_count(r->session), begin = end - r->give;
    bool prompt = begin < r->prompt_end;
    *(prompt ? &s->happened.prompt_rows : &s->happened.decode_rows) += (int64_t)r->give;
    *(prompt ? &s->stats.prompt_rows : &s->stats.decode_rows) += (int64_t)r->give;
    if (begin < r->evaluated_most)
        s->stats.again_rows += (int64_t)(smaller(end, r->evaluated_most) - begin);
}

static void tell_prompt(struct request *r)
{
    size_t end = session_count(r->session), begin = end - r->give;
    for (size_t i = begin; i < end && i < r->asked.count; i++) {
        if (i < r->prompt_told) continue;
        r->asked.prompt(r->asked.ctx, i, session_logits_at(r->session, i - begin));
        r->prompt_told = i + 1;
    }
}

static bool ids_exist(const struct sched *s, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= engine_info(s->engine)->vocab_size) return false;
    }
    return true;
}

static void ask_next(struct sched *s, struct request *r)
{
    size_t room = r->room_end - r->known;
    if (r->asked.new_max == 0) {
        request_end(s, r, SCHED_LENGTH, NULL);
        return;
    }
    size_t n = r->asked.next(r->asked.ctx, session_logits(r->session), r->tokens + r->known, room);
    assert(n <= room);
    if (n == 0) {
        request_end(s, r, SCHED_STOPPED, NULL);
        return;
    }
    if (!ids_exist(s, r->tokens + r->known, n)) {
        struct error err;
        error_set(&err, STATUS_FAILED, "a token that was chosen is outside the vocabulary of %lld",
                  (long long)engine_info(s->engine)->vocab_size);
        request_end(s, r, SCHED_FAILED, &err);
        return;
    }
    r->known += n;
    s->stats.new_tokens += (int64_t)n;
    charge(s, r, n);
    if (r->known < r->room_end) return;
    bool all = r->known - r->asked.count == r->asked.new_max;
    request_end(s, r, all ? SCHED_LENGTH : SCHED_CONTEXT, NULL);
}

static void take_results(struct sched *s, int count)
{
    for (int i = 0; i < count; i++)
        count_rows(s, s->fed[i]);
    for (int i = 0; i < count; i++) {
        struct request *r = s->fed[i];
        if (s->feeds[i].logits == FEED_LOGITS_ALL) tell_prompt(r);
        if (r->cancelled) continue;
        if (session_count(r->session) == r->known) ask_next(s, r);
        else if (r->asked.progress && in_prompt(r))
            r->asked.progress(r->asked.ctx, session_count(r->session), r->known);
    }
}

static void fail_all(struct sched *s, int count, const struct error *err)
{
    for (int i = 0; i < count; i++)
        request_end(s, s->fed[i], SCHED_FAILED, err);
}

bool sched_step(struct sched *s, int64_t now_ns, struct sched_happened *ret)
{
    struct error err;
    s->now_ns = now_ns;
    s->happened = (struct sched_happened){ 0 };
    s->stepping = true;
    end_late(s);
    let_all_in(s);
    int count = plan_step(s);
    if (count > 0) {
        s->stats.steps++;
        if (engine_step(s->engine, s->feeds, (size_t)count, &err)) fail_all(s, count, &err);
        else take_results(s, count);
    }
    end_cancelled(s);
    s->stepping = false;
    if (count > 0) engine_save(s->engine, 1);
    if (ret) *ret = s->happened;
    return count > 0 || s->happened.ended > 0 || s->happened.restored > 0;
}
