/* What a worker says of its load: sums, the scheduler, the cache.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/kv/kv_store.h"
#include "lm/worker/far_constraint.h"
#include "lm/worker/far_inner.h"

static void put_int(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_put_int(w, v);
}

static void put_sched(struct json_writer *w, const struct far *f)
{
    const struct sched_stats s = f->sched ? sched_stats(f->sched) : (struct sched_stats){ 0 };
    put_int(w, "restored_tokens", s.restored_tokens);
    put_int(w, "displaced", s.displaced);
    put_int(w, "steps", s.steps);
    put_int(w, "prompt_rows", s.prompt_rows);
    put_int(w, "decode_rows", s.decode_rows);
    put_int(w, "running", s.running);
    put_int(w, "decoding", s.decoding);
    put_int(w, "waiting", s.waiting + (int64_t)f->job_count);
    put_int(w, "slots", s.slots);
    put_int(w, "retry_seconds", s.retry_s);
}

static void put_kv(struct json_writer *w, const struct far *f)
{
    const struct kv_stats k = f->engine ? engine_kv_stats(f->engine) : (struct kv_stats){ 0 };
    json_key(w, "kv");
    json_open_object(w);
    put_int(w, "pages", k.page_count);
    put_int(w, "held", k.held);
    put_int(w, "shared", k.shared);
    put_int(w, "cached", k.cached);
    put_int(w, "free", k.free);
    put_int(w, "page_tokens", KV_PAGE_TOKENS);
    put_int(w, "evicted", k.evicted);
    put_int(w, "copied", k.copied);
    json_close_object(w);
}

static void put_store(struct json_writer *w, const struct far *f)
{
    json_key(w, "store");
    if (!f->engine || !engine_has_store(f->engine)) {
        json_put_null(w);
        return;
    }
    const struct kv_store_stats s = engine_store_stats(f->engine);
    json_open_object(w);
    put_int(w, "pages", s.slot_count);
    put_int(w, "used", s.used);
    put_int(w, "read", s.read);
    put_int(w, "written", s.written);
    put_int(w, "dropped", s.dropped);
    put_int(w, "evicted", s.evicted);
    json_key(w, "writable");
    json_put_bool(w, s.writable);
    json_close_object(w);
}

static void put_constraints(struct json_writer *w, const struct far *f)
{
    const struct far_constraints_stats s = far_constraints_stats(f->constraints);
    json_key(w, "constraints");
    json_open_object(w);
    put_int(w, "compiled", s.compiled);
    put_int(w, "refused", s.refused);
    put_int(w, "found", s.found);
    put_int(w, "remembered", s.remembered);
    json_key(w, "compile_seconds");
    json_put_real(w, (double)s.compile_ns / 1e9);
    json_close_object(w);
}

void far_stats(struct far *f, uint64_t request)
{
    struct buf body = BUF_INIT(FAR_EVENT_BYTES_MAX);
    struct json_writer w;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    put_int(&w, "requests", f->sums.requests);
    put_int(&w, "prompt_tokens", f->sums.prompt_tokens);
    put_int(&w, "cached_tokens", f->sums.cached_tokens);
    put_int(&w, "completion_tokens", f->sums.completion_tokens);
    put_sched(&w, f);
    put_kv(&w, f);
    put_store(&w, f);
    put_constraints(&w, f);
    json_close_object(&w);
    far_send_buf(f, FRAME_DONE, request, &body);
    buf_release(&body);
}
