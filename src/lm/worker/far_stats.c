/* What a worker says of its load: sums, the scheduler, the cache.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lm/kv/kv_store.h"
#include "lm/worker/far_constraint.h"
#include "lm/worker/far_inner.h"

static void put_sched(struct json_writer *w, const struct far *f)
{
    const struct sched_stats s = f->sched ? sched_stats(f->sched) : (struct sched_stats){ 0 };
    json_member_int(w, "restored_tokens", s.restored_tokens);
    json_member_int(w, "displaced", s.displaced);
    json_member_int(w, "steps", s.steps);
    json_member_int(w, "prompt_rows", s.prompt_rows);
    json_member_int(w, "decode_rows", s.decode_rows);
    json_member_int(w, "running", s.running);
    json_member_int(w, "decoding", s.decoding);
    json_member_int(w, "waiting", s.waiting + (int64_t)f->job_count);
    json_member_int(w, "slots", s.slots);
    json_member_int(w, "retry_seconds", s.retry_s);
}

static void put_kv(struct json_writer *w, const struct far *f)
{
    const struct kv_stats k = f->engine ? engine_kv_stats(f->engine) : (struct kv_stats){ 0 };
    json_key(w, "kv");
    json_open_object(w);
    json_member_int(w, "pages", k.page_count);
    json_member_int(w, "held", k.held);
    json_member_int(w, "shared", k.shared);
    json_member_int(w, "cached", k.cached);
    json_member_int(w, "free", k.free);
    json_member_int(w, "page_tokens", KV_PAGE_TOKENS);
    json_member_int(w, "evicted", k.evicted);
    json_member_int(w, "copied", k.copied);
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
    json_member_int(w, "pages", s.slot_count);
    json_member_int(w, "used", s.used);
    json_member_int(w, "read", s.read);
    json_member_int(w, "written", s.written);
    json_member_int(w, "dropped", s.dropped);
    json_member_int(w, "evicted", s.evicted);
    json_key(w, "writable");
    json_put_bool(w, s.writable);
    json_close_object(w);
}

static void put_constraints(struct json_writer *w, const struct far *f)
{
    const struct far_constraints_stats s = far_constraints_stats(f->constraints);
    json_key(w, "constraints");
    json_open_object(w);
    json_member_int(w, "compiled", s.compiled);
    json_member_int(w, "refused", s.refused);
    json_member_int(w, "found", s.found);
    json_member_int(w, "remembered", s.remembered);
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
    json_member_int(&w, "requests", f->sums.requests);
    json_member_int(&w, "prompt_tokens", f->sums.prompt_tokens);
    json_member_int(&w, "cached_tokens", f->sums.cached_tokens);
    json_member_int(&w, "completion_tokens", f->sums.completion_tokens);
    put_sched(&w, f);
    put_kv(&w, f);
    put_store(&w, f);
    put_constraints(&w, f);
    json_close_object(&w);
    far_send_buf(f, FRAME_DONE, request, &body);
    buf_release(&body);
}
