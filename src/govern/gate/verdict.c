/* Verdicts as others read them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/verdict.h"

#include <stdio.h>

const char *gate_mode_name(enum gate_mode m)
{
    return m == GATE_AUDIT ? "audit" : "enforce";
}

const char *gate_rule_name(enum gate_rule r)
{
    static const char *const names[] = {
#define GATE_RULE(symbol, name, words) name,
#include "govern/gate/gate_rule_list.h"
#undef GATE_RULE
    };
    return (unsigned)r < GATE_RULE_COUNT ? names[r] : "?";
}

const char *gate_origin_name(enum gate_origin o)
{
    static const char *const names[] = { "unpinned", "pinned", "builtin" };
    return (unsigned)o < sizeof names / sizeof *names ? names[o] : "?";
}

const struct gate_finding *gate_verdict_first(const struct gate_verdict *v)
{
    for (int i = 0; i < v->count; i++)
        if (v->findings[i].answer != LICENCE_ALLOW && !v->findings[i].approved)
            return &v->findings[i];
    return NULL;
}

static void put(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_put_string(w, text[0] ? text : NULL);
}

static void put_int(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_put_int(w, v);
}

static void put_flag(struct json_writer *w, const char *key, bool v)
{
    json_key(w, key);
    json_put_bool(w, v);
}

static void put_finding(struct json_writer *w, const struct gate_finding *f)
{
    json_open_object(w);
    put(w, "id", f->id);
    put(w, "rule", gate_rule_name(f->rule));
    put(w, "answer", licence_answer_name(f->answer));
    put_flag(w, "approved", f->approved);
    put(w, "file", f->file);
    put(w, "reason", f->reason);
    put(w, "quote", f->quote);
    put(w, "next", f->next);
    json_close_object(w);
}

static void put_approval(struct json_writer *w, const struct gate_approval *a)
{
    json_open_object(w);
    put(w, "by", a->by);
    put(w, "reason", a->reason);
    put_int(w, "at_ms", a->at_ms);
    put_int(w, "until_ms", a->until_ms);
    put_int(w, "entry", (int64_t)a->entry);
    put_flag(w, "counts", a->counts);
    json_close_object(w);
}

static void put_digest(struct json_writer *w, const struct gate_verdict *v)
{
    char hex[SHA256_HEX_BYTES], text[SHA256_HEX_BYTES + 8] = "";
    sha256_hex(v->digest, hex);
    if (v->origin != GATE_UNPINNED) snprintf(text, sizeof text, "sha256:%s", hex);
    put(w, "digest", text);
}

void gate_verdict_write(struct json_writer *w, const struct gate_verdict *v)
{
    json_open_object(w);
    put(w, "model", v->model);
    put(w, "alias", v->alias);
    put(w, "origin", gate_origin_name(v->origin));
    put_digest(w, v);
    put(w, "mode", gate_mode_name(v->mode));
    put_flag(w, "allowed", v->allowed);
    put(w, "licence", v->licence);
    put(w, "licence_verdict", licence_answer_name(v->licence_answer));
    put_int(w, "valid_until_ms", v->valid_until_ms);
    put_int(w, "bytes", (int64_t)v->bytes);
    put_int(w, "hashed_bytes", (int64_t)v->hashed_bytes);
    json_key(w, "findings");
    json_open_array(w);
    for (int i = 0; i < v->count; i++)
        put_finding(w, &v->findings[i]);
    json_close_array(w);
    json_key(w, "approvals");
    json_open_array(w);
    for (int i = 0; i < v->approval_count; i++)
        put_approval(w, &v->approvals[i]);
    json_close_array(w);
    json_close_object(w);
}
