/* Signed receipts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/receipt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/digest.h"
#include "base/core/mem.h"
#include "govern/audit/canonical.h"
#include "serve/server/server_inner.h"

#define VERSION      1
#define EXACT_MAX    ((int64_t)1 << 53) /* integers that canonical JSON may hold */
#define DEPTH_MAX    8
#define NUMBER_BYTES 64

struct answer {
    struct sha256 *content, *reasoning; /* NULL: none came */
    char finish[16];
    int64_t seed;
};

struct receipt {
    char request[SHA256_HEX_BYTES];
    int count;
    struct answer answers[]; /* [count] */
};

/* ---- in the making ---- */

enum status receipt_new(struct receipt **ret, struct span request, int answer_count,
                        struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    struct receipt *r = mem_zero(sizeof *r + (size_t)answer_count * sizeof(struct answer));
    if (!r) return error_set(err, STATUS_NO_MEMORY, "no memory for a receipt");
    r->count = answer_count;
    enum status st = sha256_of(request.data, request.len, digest, err);
    if (st) {
        mem_free(r);
        return st;
    }
    sha256_hex(digest, r->request);
    *ret = r;
    return STATUS_OK;
}

void receipt_free(struct receipt *r)
{
    for (int i = 0; r && i < r->count; i++) {
        sha256_free(r->answers[i].content);
        sha256_free(r->answers[i].reasoning);
    }
    mem_free(r);
}

static enum status take(struct sha256 **hash, struct span text, struct error *err)
{
    enum status st = STATUS_OK;
    if (!text.data || !text.len) return st;
    if (!*hash) st = sha256_new(hash, err);
    return st ? st : sha256_update(*hash, text.data, text.len, err);
}

enum status receipt_event(struct receipt *r, int index, const struct worker_event *event,
                          struct error *err)
{
    if (index < 0 || index >= r->count) return STATUS_OK;
    struct answer *a = &r->answers[index];
    if (event->kind == WORKER_DELTA) {
        enum status st = take(&a->content, json_string(json_get(event->body, "content")), err);
        return st ? st : take(&a->reasoning, json_string(json_get(event->body, "reasoning")), err);
    }
    if (event->kind == WORKER_DONE) {
        const char *finish = json_text(json_get(event->body, "finish"));
        snprintf(a->finish, sizeof a->finish, "%.15s", finish ? finish : "");
        a->seed = json_int(json_get(event->body, "seed"), 0);
    }
    return STATUS_OK;
}

/* ---- members ---- */

static void put_text_of(struct json_writer *w, const struct json *number)
{
    struct buf text = BUF_INIT(NUMBER_BYTES);
    struct json_writer plain;
    json_writer_init(&plain, &text, 0);
    json_put_value(&plain, number);
    json_put_span(w, (struct span){ text.data ? text.data : "", text.len });
    w->out->failed |= text.failed;
    buf_release(&text);
}

/* Numbers that have no one spelling in canonical JSON are texts. */
static void put_exact(struct json_writer *w, const struct json *v, int depth)
{
    int64_t n = json_int(v, 0);
    switch (json_type(v)) {
    case JSON_REAL: put_text_of(w, v); break;
    case JSON_INT:
        if (n > EXACT_MAX || n < -EXACT_MAX) put_text_of(w, v);
        else json_put_int(w, n);
        break;
    case JSON_ARRAY:
        json_open_array(w);
        for (size_t i = 0; i < json_length(v) && depth < DEPTH_MAX; i++)
            put_exact(w, json_at(v, i), depth + 1);
        json_close_array(w);
        break;
    case JSON_OBJECT:
        json_open_object(w);
        for (struct json_member m = json_first(v); m.value && depth < DEPTH_MAX;
             m = json_next(v, m)) {
            json_key_span(w, m.key);
            put_exact(w, m.value, depth + 1);
        }
        json_close_object(w);
        break;
    default: json_put_value(w, v);
    }
}

/* As the worker was asked; the seeds, which may have been its own, as it told them. */
static enum status put_sampling(struct json_writer *w, const struct receipt *r,
                                const struct call *c, struct error *err)
{
    const struct buf *canonical = c->request.canonical;
    struct json_doc *doc = NULL;
    enum status st = STATUS_OK;
    if (c->request.prompt_count > 0)
        st = json_parse(&doc, canonical->data, canonical->len, canonical->len + 1,
                        "the canonical request", err);
    if (st) return st;
    json_key(w, "sampling");
    put_exact(w, json_get(json_root(doc), "sampling"), 0);
    json_key(w, "max_tokens");
    put_exact(w, json_get(json_root(doc), "max_tokens"), 0);
    json_doc_free(doc);
    json_key(w, "seeds");
    json_open_array(w);
    for (int i = 0; i < r->count; i++) {
        char digits[NUMBER_BYTES];
        snprintf(digits, sizeof digits, "%" PRId64, r->answers[i].seed);
        json_put_string(w, digits);
    }
    json_close_array(w);
    return STATUS_OK;
}

static enum status finish_hash(struct sha256 *hash, char ret[SHA256_HEX_BYTES], struct error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum status st = hash ? sha256_final(hash, digest, err) : sha256_of("", 0, digest, err);
    if (!st) sha256_hex(digest, ret);
    return st;
}

/* One hash is itself; of several, the hash over them, one a line. */
static enum status put_hash(struct json_writer *w, const char *key, struct receipt *r,
                            bool reasoning, struct error *err)
{
    char hex[SHA256_HEX_BYTES];
    uint8_t digest[SHA256_BYTES];
    struct buf lines = BUF_INIT((size_t)r->count * SHA256_HEX_BYTES + 1);
    enum status st = STATUS_OK;
    for (int i = 0; i < r->count && !st; i++) {
        struct answer *a = &r->answers[i];
        st = finish_hash(reasoning ? a->reasoning : a->content, hex, err);
        if (!st && r->count > 1) buf_format(&lines, "%s\n", hex);
    }
    if (!st && r->count != 1) {
        st = buf_check(&lines, "the hashes of answers", err);
        if (!st) st = sha256_of(lines.data ? lines.data : "", lines.len, digest, err);
        if (!st) sha256_hex(digest, hex);
    }
    buf_release(&lines);
    if (st) return st;
    json_key(w, key);
    json_put_string(w, hex);
    return STATUS_OK;
}

static void put_origin(struct json_writer *w, const struct call *c)
{
    struct json_doc *doc = NULL;
    const char *text = c->facts ? c->facts->origin : NULL;
    if (text && json_parse(&doc, text, strlen(text), RECEIPT_NOTE_MAX, "the origin", NULL))
        doc = NULL;
    const struct json *origin = json_root(doc), *alias = json_get(origin, "alias");
    json_key(w, "model");
    json_open_object(w);
    json_key(w, "served_as");
    json_put_string(w, c->model);
    json_key(w, "alias");
    json_put_value(w, alias);
    json_key(w, "digest");
    json_put_value(w, json_get(origin, "digest"));
    json_close_object(w);
    json_key(w, "policy");
    json_put_value(w, json_get(origin, "policy"));
    json_doc_free(doc);
}

static void put_count(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_put_int(w, (int64_t)n);
}

static void put_log(struct json_writer *w, const struct call *c)
{
    char key[NOTE_KEY_TEXT_BYTES];
    note_key_text(audit_key(c->server->audit), key);
    json_key(w, "log");
    json_open_object(w);
    json_member_text(w, "key", key);
    put_count(w, "size", audit_size(c->server->audit));
    json_close_object(w);
}

static void put_end(struct json_writer *w, const struct receipt *r, const struct call *c)
{
    json_key(w, "finish");
    json_open_array(w);
    for (int i = 0; i < r->count; i++)
        json_put_string(w, r->answers[i].finish);
    json_close_array(w);
    put_count(w, "prompt_tokens", c->prompt_tokens);
    put_count(w, "completion_tokens", c->completion_tokens);
}

static enum status write_members(struct json_writer *w, struct receipt *r, const struct call *c,
                                 struct error *err)
{
    put_count(w, "v", VERSION);
    json_member_text(w, "hearth", HEARTH_VERSION);
    json_member_text(w, "fingerprint", c->context.fingerprint);
    json_member_text(w, "request_id", c->request_id);
    json_member_text(w, "route", c->route);
    json_member_text(w, "request", r->request);
    put_count(w, "answers", (uint64_t)r->count);
    put_origin(w, c);
    put_log(w, c);
    put_end(w, r, c);
    enum status st = put_hash(w, "output", r, false, err);
    if (!st) st = put_hash(w, "reasoning", r, true, err);
    if (!st) st = put_sampling(w, r, c, err);
    put_count(w, "time_ms", (uint64_t)(clock_unix_ns() / 1000000));
    return st;
}

/* ---- the end ---- */

/* In canonical form, with the newline that a note's text ends with. */
static enum status write_text(struct buf *out, struct receipt *r, const struct call *c,
                              struct error *err)
{
    struct buf raw = BUF_INIT(RECEIPT_NOTE_MAX);
    struct json_writer w;
    struct json_doc *doc;
    json_writer_init(&w, &raw, 0);
    json_open_object(&w);
    enum status st = write_members(&w, r, c, err);
    json_close_object(&w);
    if (!st) st = buf_check(&raw, "a receipt", err);
    if (!st) st = json_parse(&doc, raw.data, raw.len, RECEIPT_NOTE_MAX, "a receipt", err);
    if (!st) {
        st = canonical_write(out, json_root(doc), err);
        json_doc_free(doc);
        buf_byte(out, '\n');
    }
    buf_release(&raw);
    return st ? st : buf_check(out, "a receipt", err);
}

/* Under a line with the time until when it counts. */
static enum status keep(const struct call *c, struct span note, struct error *err)
{
    struct buf text = BUF_INIT(RECEIPT_NOTE_MAX + NUMBER_BYTES);
    bool kept;
    buf_format(&text, "%" PRId64 "\n", clock_monotonic_ns() / 1000000000 + RECEIPT_KEPT_SECONDS);
    buf_append(&text, note.data, note.len);
    enum status st = buf_check(&text, "a receipt", err);
    const char *tenant = c->key ? key_tenant(c->key) : "";
    if (!st)
        st = shape_store_put(c->server->receipts, tenant, c->request_id,
                             (struct span){ text.data, text.len }, &kept, err);
    buf_release(&text);
    return st;
}

enum status receipt_sign(struct receipt *r, const struct call *c, struct buf *out,
                         struct error *err)
{
    struct buf text = BUF_INIT(RECEIPT_NOTE_MAX);
    size_t before = out->len;
    enum status st = write_text(&text, r, c, err);
    if (!st) st = audit_sign(c->server->audit, (struct span){ text.data, text.len }, out, err);
    if (!st) st = keep(c, (struct span){ out->data + before, out->len - before }, err);
    buf_release(&text);
    return st;
}

enum status receipt_find(struct shape_store *kept, const char *tenant, const char *id,
                         struct buf *out, bool *ret_found, struct error *err)
{
    struct buf text = BUF_INIT(RECEIPT_NOTE_MAX + NUMBER_BYTES);
    bool found = false;
    enum status st = shape_store_get(kept, tenant, id, &text, &found, err);
    if (!st && found) {
        char *end;
        long long until = strtoll(text.data, &end, 10);
        found = clock_monotonic_ns() / 1000000000 < until;
        if (found) buf_append(out, end + 1, text.len - (size_t)(end + 1 - text.data));
    }
    buf_release(&text);
    if (!st) *ret_found = found;
    return st ? st : buf_check(out, "a receipt", err);
}

/* ---- what answers ---- */

enum status receipt_origin(struct buf *out, const struct gate_verdict *v, struct error *err)
{
    static const uint8_t none[SHA256_BYTES];
    struct json_writer w;
    char hex[SHA256_HEX_BYTES], digest[SHA256_HEX_BYTES + 8];
    sha256_hex(v->digest, hex);
    snprintf(digest, sizeof digest, "sha256:%s", hex);
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_member_text(&w, "alias", v->alias[0] ? v->alias : NULL);
    json_member_text(&w, "digest", memcmp(v->digest, none, sizeof none) == 0 ? NULL : digest);
    json_key(&w, "policy");
    json_open_object(&w);
    json_member_text(&w, "mode", gate_mode_name(v->mode));
    json_member_text(&w, "verdict", v->allowed ? "allowed" : "refused");
    json_member_text(&w, "origin", gate_origin_name(v->origin));
    json_member_text(&w, "licence", v->licence[0] ? v->licence : NULL);
    json_key(&w, "rules");
    json_open_array(&w);
    for (int i = 0; i < v->count; i++)
        json_put_string(&w, v->findings[i].id);
    json_close_array(&w);
    json_close_object(&w);
    json_close_object(&w);
    return buf_check(out, "what the gate said", err);
}
