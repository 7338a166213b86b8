/* The entry of a change to the keys.
 * SPDX-License-Identifier: Apache-2.0 */
#include "serve/server/key_change.h"

#include "base/core/json_write.h"

#define BODY_BYTES_MAX ((size_t)60000)

static void put_names(struct json_writer *w, const char *key, char *const *names)
{
    json_key(w, key);
    json_open_array(w);
    for (; *names; names++)
        json_put_string(w, *names);
    json_close_array(w);
}

static void put_limit(struct json_writer *w, const char *key, int64_t value)
{
    if (value <= 0) return;
    json_key(w, key);
    json_put_int(w, value);
}

/* Names of keys and tenants are names of people, often enough. */
static enum status put_hash(struct json_writer *w, const struct audit *a, const char *key,
                            const char *label, const char *text, struct error *err)
{
    char hash[AUDIT_HASH_TEXT_BYTES];
    if (!text) return STATUS_OK;
    enum status st = audit_hash(a, label, span_of(text), hash, err);
    if (st) return st;
    json_key(w, key);
    json_put_string(w, hash);
    return STATUS_OK;
}

static void put_grant(struct json_writer *w, const struct key_grant *g)
{
    put_names(w, "models", g->models);
    put_names(w, "capabilities", g->capabilities);
    json_key(w, "priority");
    json_put_string(w, key_priority_name(g->priority));
    json_key(w, "limits");
    json_open_object(w);
    put_limit(w, "requests_per_minute", g->requests_per_minute);
    put_limit(w, "tokens_per_minute", g->tokens_per_minute);
    put_limit(w, "concurrency", g->concurrency);
    put_limit(w, "budget_tokens", g->budget_tokens);
    json_close_object(w);
}

enum status key_change_log(struct audit *audit, const char *action, const char *id,
                           const struct key_grant *g, struct error *err)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX);
    struct json_writer w;
    if (!audit) return STATUS_OK;
    json_writer_init(&w, &body, 0);
    json_open_object(&w);
    json_key(&w, "action");
    json_put_string(&w, action);
    json_key(&w, "id");
    json_put_string(&w, id);
    enum status st = put_hash(&w, audit, "name", "key name", g->name, err);
    if (!st) st = put_hash(&w, audit, "tenant", "key tenant", g->tenant, err);
    put_grant(&w, g);
    json_close_object(&w);
    if (!st) st = buf_check(&body, "the audit entry of a key", err);
    const struct audit_event event = { AUDIT_KEY_CHANGE, { body.data, body.len } };
    if (!st) st = audit_append(audit, &event, 1, NULL, err);
    buf_release(&body);
    return st ? error_wrap(err, st, "the keys stay as they were") : st;
}
