/* Verdicts as others read them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/gate_inner.h"

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

void gate_put_text(struct json_writer *w, const char *key, const char *text)
{
    json_member_text(w, key, text[0] ? text : NULL);
}

static void put_finding(struct json_writer *w, const struct gate_finding *f)
{
    json_open_object(w);
    gate_put_text(w, "id", f->id);
    gate_put_text(w, "rule", gate_rule_name(f->rule));
    gate_put_text(w, "answer", licence_answer_name(f->answer));
    json_member_bool(w, "approved", f->approved);
    gate_put_text(w, "file", f->file);
    gate_put_text(w, "reason", f->reason);
    gate_put_text(w, "quote", f->quote);
    gate_put_text(w, "next", f->next);
    json_close_object(w);
}

static void put_approval(struct json_writer *w, const struct gate_approval *a)
{
    json_open_object(w);
    gate_put_text(w, "by", a->by);
    gate_put_text(w, "reason", a->reason);
    json_member_int(w, "at_ms", a->at_ms);
    json_member_int(w, "until_ms", a->until_ms);
    json_member_int(w, "entry", (int64_t)a->entry);
    json_member_bool(w, "counts", a->counts);
    json_close_object(w);
}

static void put_digest(struct json_writer *w, const struct gate_verdict *v)
{
    char hex[SHA256_HEX_BYTES], text[SHA256_HEX_BYTES + 8] = "";
    sha256_hex(v->digest, hex);
    if (v->origin != GATE_UNPINNED) snprintf(text, sizeof text, "sha256:%s", hex);
    gate_put_text(w, "digest", text);
}

void gate_verdict_write(struct json_writer *w, const struct gate_verdict *v)
{
    json_open_object(w);
    gate_put_text(w, "model", v->model);
    gate_put_text(w, "alias", v->alias);
    gate_put_text(w, "origin", gate_origin_name(v->origin));
    put_digest(w, v);
    gate_put_text(w, "mode", gate_mode_name(v->mode));
    json_member_bool(w, "allowed", v->allowed);
    gate_put_text(w, "licence", v->licence);
    gate_put_text(w, "licence_verdict", licence_answer_name(v->licence_answer));
    json_member_int(w, "valid_until_ms", v->valid_until_ms);
    json_member_int(w, "bytes", (int64_t)v->bytes);
    json_member_int(w, "hashed_bytes", (int64_t)v->hashed_bytes);
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
