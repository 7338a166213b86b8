/* Approvals: a person answers for what is asked about, until a day.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An approval stands twice: with its words in the pin, and with keyed hashes of name and reason in the audit
 * log, whose entry the pin names. Words that were written into the lock by hand have no such entry, and do not
 * count; nor does an approval of other bytes. So approvals belong to the machine whose log has them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/clock.h"
#include "govern/audit/canonical.h"
#include "govern/gate/subject.h"

#define BODY_BYTES_MAX ((size_t)48 << 10)
#define LIST_BYTES_MAX ((size_t)1 << 20)
#define BY             "approver"
#define REASON         "approval reason"

/* An approval of the pin as it is read: texts are borrowed from the lock. */
struct approval {
    const char *by, *reason;
    int64_t at_ms, until_ms;
    int64_t entry;
    const struct json *rules;
};

/* ---- the entry of the log ---- */

static enum status put_hash(struct json_writer *w, const char *key, const struct audit *a,
                            const char *label, const char *text, struct error *err)
{
    char hash[AUDIT_HASH_TEXT_BYTES];
    enum status st = audit_hash(a, label, span_of(text), hash, err);
    json_key(w, key);
    json_put_string(w, hash);
    return st;
}

/* Canonical: its members are in order. `rule(ctx, i)` names the rules. */
static enum status write_body(struct buf *out, const struct audit *audit, const char *alias,
                              const uint8_t digest[SHA256_BYTES], const struct approval *a,
                              struct error *err)
{
    struct json_writer w;
    char hex[SHA256_HEX_BYTES];
    sha256_hex(digest, hex);
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_key(&w, "alias");
    json_put_string(&w, alias);
    enum status st = put_hash(&w, "by", audit, BY, a->by, err);
    json_key(&w, "digest");
    json_put_string(&w, hex);
    if (!st) st = put_hash(&w, "reason", audit, REASON, a->reason, err);
    json_key(&w, "rules");
    json_put_value(&w, a->rules);
    json_key(&w, "until_ms");
    json_put_int(&w, a->until_ms);
    json_close_object(&w);
    return st ? st : buf_check(out, "an approval", err);
}

static enum status same_entry(const struct json *entry, const struct buf *wanted, bool *ret,
                              struct error *err)
{
    struct buf found = BUF_INIT(BODY_BYTES_MAX);
    enum status st = STATUS_OK;
    *ret = false;
    if (span_equals(json_string(json_get(entry, "kind")), audit_kind_name(AUDIT_APPROVAL)))
        st = canonical_write(&found, json_get(entry, "body"), err);
    if (!st) *ret = found.len == wanted->len && !memcmp(found.data, wanted->data, found.len);
    buf_release(&found);
    return st;
}

/* Whether entry `a->entry` of the log is this approval. What cannot be read is none; a lack of memory is told. */
static enum status is_logged(struct audit_view *view, const struct gate *g,
                             const struct gate_verdict *v, const struct approval *a, bool *ret,
                             struct error *err)
{
    struct span entry;
    struct json_doc *doc = NULL;
    struct buf wanted = BUF_INIT(BODY_BYTES_MAX);
    *ret = false;
    enum status st = audit_view_proved(view, (uint64_t)a->entry, &entry, err);
    if (!st) st = json_parse(&doc, entry.data, entry.len, BODY_BYTES_MAX * 2, "an entry", err);
    if (!st) st = write_body(&wanted, g->audit, v->alias, v->digest, a, err);
    if (!st) st = same_entry(json_root(doc), &wanted, ret, err);
    json_doc_free(doc);
    buf_release(&wanted);
    return st == STATUS_NO_MEMORY ? st : STATUS_OK;
}

/* ---- reading ---- */

static bool read_approval(struct approval *ret, const struct json *v)
{
    *ret = (struct approval){ .by = json_text(json_get(v, "by")),
                              .reason = json_text(json_get(v, "reason")),
                              .at_ms = json_int(json_get(v, "at_ms"), -1),
                              .until_ms = json_int(json_get(v, "until_ms"), -1),
                              .entry = json_int(json_get(v, "entry"), -1),
                              .rules = json_get(v, "rules") };
    return ret->by && ret->reason && ret->entry >= 0 && json_type(ret->rules) == JSON_ARRAY;
}

static bool may_be_approved(const struct gate_finding *f)
{
    return (f->rule == GATE_RULE_LICENCE || f->rule == GATE_RULE_SCAN) &&
           f->answer != LICENCE_ALLOW;
}

static bool names_rule(const struct approval *a, const char *id)
{
    for (size_t i = 0; i < json_length(a->rules); i++)
        if (span_equals(json_string(json_at(a->rules, i)), id)) return true;
    return false;
}

static void cover(struct gate_verdict *v, const struct approval *a)
{
    bool used = false;
    for (int i = 0; i < v->count; i++) {
        struct gate_finding *f = &v->findings[i];
        if (!may_be_approved(f) || !names_rule(a, f->id)) continue;
        f->approved = used = true;
    }
    if (used && (!v->valid_until_ms || a->until_ms < v->valid_until_ms))
        v->valid_until_ms = a->until_ms;
}

/* A finding that the approval would cover, and no other does. */
static const struct gate_finding *would_cover(const struct gate_verdict *v,
                                              const struct approval *a)
{
    for (int i = 0; i < v->count; i++)
        if (may_be_approved(&v->findings[i]) && !v->findings[i].approved &&
            names_rule(a, v->findings[i].id))
            return &v->findings[i];
    return NULL;
}

static void date_of(int64_t ms, char ret[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    ret[0] = 0;
    if (gmtime_r(&seconds, &tm)) ret[strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm)] = 0;
}

/* The clock, or the time of the log's last entry where that is later: a clock that was put back brings no approval
 * back. Without a log no approval counts anyway. */
static enum status find_now(struct audit_view *view, int64_t *ret_ms, bool *ret_put_back,
                            struct error *err)
{
    struct span text;
    struct json_doc *doc;
    uint64_t size = view ? audit_view_checkpoint(view)->size : 0;
    *ret_ms = clock_unix_ns() / 1000000;
    *ret_put_back = false;
    if (!size) return STATUS_OK;
    enum status st = audit_view_proved(view, size - 1, &text, err);
    if (!st) st = json_parse(&doc, text.data, text.len, text.len + 1, "an audit entry", err);
    if (st) return st;
    int64_t last_ms = json_int(json_get(json_root(doc), "time_ms"), 0);
    json_doc_free(doc);
    *ret_put_back = last_ms > *ret_ms;
    if (*ret_put_back) *ret_ms = last_ms;
    return STATUS_OK;
}

/* What stands in the way because of an approval: it goes before what it would have covered. */
static void tell_void(struct gate_verdict *v, const struct approval *a, bool logged, int64_t now_ms,
                      bool put_back)
{
    const struct gate_finding *covered = would_cover(v, a);
    struct gate_finding *f;
    char ended[32], id[GATE_ID_BYTES];
    if (!covered) return;
    enum licence_answer answer = covered->answer;
    snprintf(id, sizeof id, "%s", covered->id);
    date_of(a->until_ms, ended);
    if (logged && a->until_ms <= now_ms) {
        f = finding_add(v, GATE_RULE_EXPIRED, gate_rule_name(GATE_RULE_EXPIRED), answer,
                        "the approval by %.80s of %s ended at %s%s", a->by, id, ended,
                        put_back ? "; this machine's clock is behind the audit log's last entry"
                                 : "");
    } else {
        f = finding_deny(
            v, GATE_RULE_APPROVAL,
            "the lock has an approval by %.80s of %s, and the audit log of this machine "
            "has no such entry %" PRId64,
            a->by, id, a->entry);
    }
    finding_next(f, "hearth approve %s --by NAME --reason TEXT --until DATE", v->alias);
    /* It is what a reader should see first. */
    struct gate_finding moved = *f;
    memmove(&v->findings[1], &v->findings[0], (size_t)(f - v->findings) * sizeof *f);
    v->findings[0] = moved;
}

static void list_approval(struct gate_verdict *v, const struct approval *a, bool counts)
{
    if (v->approval_count == GATE_APPROVALS_MAX) return;
    struct gate_approval *to = &v->approvals[v->approval_count++];
    *to = (struct gate_approval){ .at_ms = a->at_ms,
                                  .until_ms = a->until_ms,
                                  .entry = (uint64_t)a->entry,
                                  .rule_count = (int)json_length(a->rules),
                                  .counts = counts };
    snprintf(to->by, sizeof to->by, "%s", a->by);
    snprintf(to->reason, sizeof to->reason, "%s", a->reason);
}

enum status approvals_apply(struct gate_verdict *v, const struct json *pin, struct gate *g,
                            struct error *err)
{
    const struct json *list = json_get(pin, "approvals");
    struct audit_view *view = NULL;
    struct approval a;
    size_t count = json_length(list) < GATE_APPROVALS_MAX ? json_length(list) : GATE_APPROVALS_MAX;
    bool logged[GATE_APPROVALS_MAX] = { false };
    int64_t now_ms;
    bool put_back;
    enum status st = STATUS_OK;
    if (!count) return STATUS_OK;
    /* Without a log, or with one that is not ours, no approval counts. */
    if (g->audit) st = audit_view_open(&view, g->audit_folder, audit_key(g->audit), err);
    if (st == STATUS_NO_MEMORY) return st;
    if (st) view = NULL;
    st = find_now(view, &now_ms, &put_back, err);
    for (size_t i = 0; i < count && !st; i++) {
        if (!read_approval(&a, json_at(list, i))) continue;
        if (view) st = is_logged(view, g, v, &a, &logged[i], err);
        if (!st && logged[i] && a.until_ms > now_ms) cover(v, &a);
        if (!st) list_approval(v, &a, logged[i] && a.until_ms > now_ms);
    }
    for (size_t i = 0; i < count && !st; i++)
        if (read_approval(&a, json_at(list, i)) && (!logged[i] || a.until_ms <= now_ms))
            tell_void(v, &a, logged[i], now_ms, put_back);
    audit_view_close(view);
    return st;
}

/* ---- approving ---- */

static bool was_named(const struct gate_approve *what, const char *id)
{
    for (size_t i = 0; i < what->rule_count; i++)
        if (strcmp(what->rules[i], id) == 0) return true;
    return false;
}

static enum status check_named(const struct gate_verdict *v, const struct gate_approve *what,
                               struct error *err)
{
    for (size_t i = 0; i < what->rule_count; i++) {
        const struct gate_finding *found = NULL;
        for (int k = 0; k < v->count; k++)
            if (strcmp(v->findings[k].id, what->rules[i]) == 0) found = &v->findings[k];
        if (!found)
            return error_set(err, STATUS_USAGE,
                             "nothing is asked about under the rule \"%.60s\"; `hearth check %s` "
                             "lists what is",
                             what->rules[i], v->alias);
        if (!may_be_approved(found))
            return error_set(err, STATUS_USAGE, "%s is nothing that can be approved: %s", found->id,
                             found->reason);
    }
    return STATUS_OK;
}

/* The rules that it is about, as a JSON array; a rule stands there once. */
static enum status write_rules(struct buf *out, const struct gate_verdict *v,
                               const struct gate_approve *what, struct error *err)
{
    struct json_writer w;
    int count = 0;
    json_writer_init(&w, out, 0);
    json_open_array(&w);
    for (int i = 0; i < v->count; i++) {
        const struct gate_finding *f = &v->findings[i];
        bool taken =
            what->rule_count ? was_named(what, f->id) : f->answer == LICENCE_ASK && !f->approved;
        for (int k = 0; k < i; k++)
            taken = taken && strcmp(v->findings[k].id, f->id) != 0;
        if (!taken || !may_be_approved(f)) continue;
        json_put_string(&w, f->id);
        count++;
    }
    json_close_array(&w);
    if (count) return buf_check(out, "the rules of an approval", err);
    const struct gate_finding *first = gate_verdict_first(v);
    if (!first)
        return error_set(err, STATUS_USAGE, "%s needs no approval: nothing is asked about",
                         v->alias);
    return error_set(err, STATUS_USAGE,
                     "%s is denied (%s: %.300s); what is denied must be named: --rule %s", v->alias,
                     first->id, first->reason, first->id);
}

static enum status check_words(const struct gate_approve *what, struct error *err)
{
    if (!what->by[0] || strlen(what->by) >= GATE_NAME_BYTES || strpbrk(what->by, "\r\n"))
        return error_set(err, STATUS_USAGE, "say who approves: 1 to %d bytes on one line",
                         GATE_NAME_BYTES - 1);
    if (!what->reason[0] || strlen(what->reason) >= GATE_REASON_BYTES ||
        strpbrk(what->reason, "\r\n"))
        return error_set(err, STATUS_USAGE, "say why: 1 to %d bytes on one line",
                         GATE_REASON_BYTES - 1);
    if (what->until_ms <= clock_unix_ns() / 1000000)
        return error_set(err, STATUS_USAGE, "an approval ends in the future");
    return STATUS_OK;
}

static void put_approval(struct json_writer *w, const struct approval *a)
{
    json_open_object(w);
    json_key(w, "at_ms");
    json_put_int(w, a->at_ms);
    json_key(w, "by");
    json_put_string(w, a->by);
    json_key(w, "entry");
    json_put_int(w, a->entry);
    json_key(w, "reason");
    json_put_string(w, a->reason);
    json_key(w, "rules");
    json_put_value(w, a->rules);
    json_key(w, "until_ms");
    json_put_int(w, a->until_ms);
    json_close_object(w);
}

/* Those that are there, without the oldest when there are too many, and the new one. */
static enum status write_list(struct buf *out, const struct json *old, const struct approval *a,
                              struct error *err)
{
    struct json_writer w;
    size_t count = json_length(old);
    json_writer_init(&w, out, 0);
    json_open_array(&w);
    for (size_t i = count >= GATE_APPROVALS_MAX ? count - GATE_APPROVALS_MAX + 1 : 0; i < count;
         i++)
        json_put_value(&w, json_at(old, i));
    put_approval(&w, a);
    json_close_array(&w);
    return buf_check(out, "the approvals", err);
}

static enum status append(struct gate *g, const struct gate_verdict *v, const struct subject *s,
                          struct approval *a, struct error *err)
{
    struct buf body = BUF_INIT(BODY_BYTES_MAX), list = BUF_INIT(LIST_BYTES_MAX);
    uint64_t entry;
    enum status st = write_body(&body, g->audit, v->alias, v->digest, a, err);
    const struct audit_event event = { AUDIT_APPROVAL, { body.data, body.len } };
    if (!st) st = audit_append(g->audit, &event, 1, &entry, err);
    if (!st) {
        a->entry = (int64_t)entry;
        st = write_list(&list, json_get(s->pin, "approvals"), a, err);
    }
    if (!st)
        st = registry_annotate(g->registry, v->alias, "approvals",
                               (struct span){ list.data, list.len }, err);
    buf_release(&body);
    buf_release(&list);
    return st;
}

static enum status approve(struct gate *g, const struct gate_verdict *v, const struct subject *s,
                           const struct gate_approve *what, struct error *err)
{
    struct buf rules = BUF_INIT(BODY_BYTES_MAX);
    struct json_doc *doc = NULL;
    if (s->origin != GATE_PINNED || !g->audit)
        return error_set(err, STATUS_USAGE,
                         "an approval is about pinned bytes, and %s is not pinned; `hearth add` it "
                         "first",
                         v->model);
    enum status st = check_words(what, err);
    if (!st) st = check_named(v, what, err);
    if (!st) st = write_rules(&rules, v, what, err);
    if (!st) st = json_parse(&doc, rules.data, rules.len, BODY_BYTES_MAX, "rules", err);
    if (!st) {
        struct approval a = { what->by,       what->reason, clock_unix_ns() / 1000000,
                              what->until_ms, -1,           json_root(doc) };
        st = append(g, v, s, &a, err);
    }
    json_doc_free(doc);
    buf_release(&rules);
    return st;
}

enum status gate_approve(struct gate *g, const char *alias, const struct gate_approve *what,
                         struct error *err)
{
    struct gate_verdict *v;
    struct subject s;
    pthread_mutex_lock(&g->mutex);
    enum status st = judge_model(&v, &s, g, alias, err);
    if (!st) {
        st = approve(g, v, &s, what, err);
        subject_release(&s);
        mem_free(v);
    }
    pthread_mutex_unlock(&g->mutex);
    return st;
}
