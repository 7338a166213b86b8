/* Outcomes of judging: written, found, read.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/outcome.h"

#include <stdio.h>
#include <string.h>

#include "base/core/json.h"

#define PROGRAM "/proc/self/exe"
#define FORM    1 /* of the text */

/* ---- what it depends on ---- */

/* Hex of all of it. Without a file to look at there is no key, and nothing is kept. */
static enum status make_key(char ret[SHA256_HEX_BYTES], const struct subject *s,
                            const struct gate *g, bool *ret_made, struct error *err)
{
    uint8_t program[FILE_IDENTITY_BYTES], digest[SHA256_BYTES];
    struct sha256 *sha;
    int fd;
    *ret_made = false;
    if (file_open_read(&fd, PROGRAM, NULL)) return STATUS_OK;
    bool seen = !file_identity(fd, PROGRAM, program, NULL);
    file_close(fd);
    if (!seen) return STATUS_OK;
    enum status st = sha256_new(&sha, err);
    if (st) return st;
    st = sha256_update(sha, program, sizeof program, err);
    if (!st) st = sha256_update(sha, s->model.digest, SHA256_BYTES, err);
    if (!st) st = sha256_update(sha, g->policy.use_digest, SHA256_BYTES, err);
    if (!st) st = sha256_final(sha, digest, err);
    sha256_free(sha);
    if (!st) sha256_hex(digest, ret);
    *ret_made = !st;
    return st;
}

/* ---- writing ---- */

static void put_finding(struct json_writer *w, const struct gate_finding *f)
{
    json_open_object(w);
    json_member_int(w, "rule", f->rule);
    json_member_int(w, "answer", f->answer);
    json_member_text(w, "id", f->id);
    json_member_text(w, "file", f->file);
    json_member_text(w, "reason", f->reason);
    json_member_text(w, "quote", f->quote);
    json_member_text(w, "next", f->next);
    json_close_object(w);
}

static void write_outcome(struct buf *out, const char *key, const struct gate_verdict *v, int first)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    json_member_int(&w, "form", FORM);
    json_member_text(&w, "key", key);
    json_member_text(&w, "licence", v->licence);
    json_member_int(&w, "answer", v->licence_answer);
    json_key(&w, "findings");
    json_open_array(&w);
    for (int i = first; i < v->count; i++)
        put_finding(&w, &v->findings[i]);
    json_close_array(&w);
    json_close_object(&w);
}

enum status outcome_keep(const struct gate_verdict *v, int first, const struct subject *s,
                         struct gate *g, struct error *err)
{
    struct buf text = BUF_INIT(REGISTRY_OUTCOME_MAX);
    char key[SHA256_HEX_BYTES];
    bool made;
    if (s->origin != GATE_PINNED) return STATUS_OK;
    enum status st = make_key(key, s, g, &made, err);
    if (st || !made) return st;
    write_outcome(&text, key, v, first);
    st = buf_check(&text, "the outcome of a judgement", err);
    if (!st)
        st = registry_keep_outcome(g->registry, s->model.alias,
                                   (struct span){ text.data, text.len }, err);
    buf_release(&text);
    return st == STATUS_NO_MEMORY ? st : STATUS_OK;
}

/* ---- reading ---- */

/* Whether it fits as a whole: a text that was cut would say something else. */
static bool take_text(char *ret, size_t ret_bytes, const struct json *object, const char *key)
{
    const char *text = json_text(json_get(object, key));
    return text && snprintf(ret, ret_bytes, "%s", text) < (int)ret_bytes;
}

static bool take_answer(enum licence_answer *ret, const struct json *object)
{
    int64_t answer = json_int(json_get(object, "answer"), -1);
    *ret = (enum licence_answer)answer;
    return answer == LICENCE_ALLOW || answer == LICENCE_ASK || answer == LICENCE_DENY;
}

static bool take_finding(struct gate_finding *ret, const struct json *object)
{
    int64_t rule = json_int(json_get(object, "rule"), -1);
    struct gate_finding f = { .rule = (enum gate_rule)rule };
    bool good = (rule == GATE_RULE_LICENCE || rule == GATE_RULE_SCAN) &&
                take_answer(&f.answer, object) && take_text(f.id, sizeof f.id, object, "id") &&
                take_text(f.file, sizeof f.file, object, "file") &&
                take_text(f.reason, sizeof f.reason, object, "reason") &&
                take_text(f.quote, sizeof f.quote, object, "quote") &&
                take_text(f.next, sizeof f.next, object, "next");
    if (good) *ret = f;
    return good;
}

static bool take_outcome(struct gate_verdict *v, const struct json *root, const char *key)
{
    const struct json *findings = json_get(root, "findings");
    int first = v->count;
    if (json_int(json_get(root, "form"), 0) != FORM ||
        !span_equals(json_string(json_get(root, "key")), key) ||
        json_type(findings) != JSON_ARRAY ||
        json_length(findings) > (size_t)(GATE_FINDINGS_MAX - first))
        return false;
    for (size_t i = 0; i < json_length(findings); i++) {
        if (!take_finding(&v->findings[v->count], json_at(findings, i))) {
            v->count = first;
            return false;
        }
        v->count++;
    }
    if (take_text(v->licence, sizeof v->licence, root, "licence") &&
        take_answer(&v->licence_answer, root))
        return true;
    v->count = first;
    return false;
}

enum status outcome_find(struct gate_verdict *v, const struct subject *s, struct gate *g, bool *ret,
                         struct error *err)
{
    struct buf text = BUF_INIT(REGISTRY_OUTCOME_MAX);
    struct json_doc *doc = NULL;
    struct error why;
    char key[SHA256_HEX_BYTES];
    bool found = false;
    *ret = false;
    if (s->origin != GATE_PINNED) return STATUS_OK;
    enum status st = make_key(key, s, g, &found, &why);
    if (!st && found) st = registry_find_outcome(g->registry, s->model.alias, &text, &found, &why);
    if (!st && found)
        st = json_parse(&doc, text.data, text.len, REGISTRY_OUTCOME_MAX, "an outcome", &why);
    if (!st && found) *ret = take_outcome(v, json_root(doc), key);
    json_doc_free(doc);
    buf_release(&text);
    /* What cannot be read is judged anew. */
    return st == STATUS_NO_MEMORY ? error_set(err, st, "%s", why.text) : STATUS_OK;
}
