/* The door: from a name to a verdict, to a worker, or to an open engine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "govern/gate/gate.h"

#include <stdio.h>
#include <string.h>

#include "base/core/file.h"
#include "base/core/mem.h"
#include "govern/audit/canonical.h"
#include "govern/gate/gate_form.h"
#include "govern/gate/gate_store.h"
#include "govern/gate/subject.h"
#include "lm/engine/engine_open.h"
#include "lm/format/source.h"
#include "lm/worker/worker_start.h"

#define ENTRY_BYTES_MAX ((size_t)48 << 10)

/* ---- life ---- */

enum status gate_new(struct gate **ret, const struct gate_setup *setup, struct error *err)
{
    struct gate *g = mem_zero(sizeof *g);
    if (!g) return error_set(err, STATUS_NO_MEMORY, "no memory for the gate");
    pthread_mutex_init(&g->mutex, NULL);
    g->policy = *setup->policy;
    g->registry = setup->registry;
    g->audit = setup->audit;
    g->log = setup->log;
    enum status st = licence_prints_builtin(&g->prints, err);
    if (!st &&
        snprintf(g->audit_folder, sizeof g->audit_folder, "%s",
                 setup->audit_folder ? setup->audit_folder : "") >= (int)sizeof g->audit_folder)
        st = error_set(err, STATUS_LIMIT, "the path is too long: %.200s", setup->audit_folder);
    if (st) gate_free(g);
    else *ret = g;
    return st;
}

void gate_free(struct gate *g)
{
    if (!g) return;
    pthread_mutex_destroy(&g->mutex);
    mem_free(g);
}

void gate_set_policy(struct gate *g, const struct gate_policy *policy)
{
    pthread_mutex_lock(&g->mutex);
    g->policy = *policy;
    pthread_mutex_unlock(&g->mutex);
}

/* ---- what is remembered ---- */

static void put_rules(struct json_writer *w, const struct gate_verdict *v)
{
    json_key(w, "rules");
    json_open_array(w);
    for (int i = 0; i < v->count; i++)
        if (v->findings[i].answer != LICENCE_ALLOW && !v->findings[i].approved)
            json_put_string(w, v->findings[i].id);
    json_close_array(w);
}

/* A path may name a person: only its keyed hash is written. */
static enum status put_path(struct json_writer *w, const struct gate *g,
                            const struct gate_verdict *v, struct error *err)
{
    char hash[AUDIT_HASH_TEXT_BYTES];
    enum status st = audit_hash(g->audit, "path", span_of(v->model), hash, err);
    gate_put_text(w, "path", hash);
    return st;
}

static enum status write_entry(struct buf *out, const struct gate *g, const struct gate_verdict *v,
                               struct error *err)
{
    struct json_writer w;
    char hex[SHA256_HEX_BYTES] = "";
    enum status st = STATUS_OK;
    if (v->origin != GATE_UNPINNED || v->alias[0]) sha256_hex(v->digest, hex);
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    gate_put_text(&w, "alias", v->alias);
    json_key(&w, "allowed");
    json_put_bool(&w, v->allowed);
    gate_put_text(&w, "digest", hex);
    gate_put_text(&w, "licence", v->licence);
    gate_put_text(&w, "mode", gate_mode_name(v->mode));
    gate_put_text(&w, "origin", gate_origin_name(v->origin));
    if (!v->alias[0]) st = put_path(&w, g, v, err);
    put_rules(&w, v);
    sha256_hex(g->policy.use_digest, hex);
    gate_put_text(&w, "use", hex);
    json_close_object(&w);
    return st ? st : buf_check(out, "an audit entry", err);
}

enum status gate_log_verdict(struct gate *g, enum audit_kind kind, const struct gate_verdict *v,
                             struct error *err)
{
    struct buf body = BUF_INIT(ENTRY_BYTES_MAX);
    if (!g->audit) return STATUS_OK;
    enum status st = write_entry(&body, g, v, err);
    const struct audit_event event = { kind, { body.data, body.len } };
    if (!st) st = audit_append(g->audit, &event, 1, NULL, err);
    buf_release(&body);
    return st;
}

/* ---- judging ---- */

enum status gate_judge(struct gate_verdict **ret, struct gate *g, const char *model,
                       struct error *err)
{
    struct subject s;
    pthread_mutex_lock(&g->mutex);
    enum status st = judge_model(ret, &s, g, model, err);
    if (!st) subject_release(&s);
    pthread_mutex_unlock(&g->mutex);
    return st;
}

static void write_judgement(struct buf *out, const struct gate *g, const struct gate_verdict *v)
{
    struct json_writer w;
    char hex[SHA256_HEX_BYTES];
    sha256_hex(g->policy.use_digest, hex);
    json_writer_init(&w, out, 0);
    json_open_object(&w);
    gate_put_text(&w, "licence", v->licence);
    put_rules(&w, v);
    gate_put_text(&w, "use", hex);
    gate_put_text(&w, "verdict", licence_answer_name(v->licence_answer));
    json_close_object(&w);
}

/* Judged once, it is not unjudged: the finding that says so is dropped before the rest is kept. */
static void drop_unjudged(struct gate_verdict *v)
{
    int kept = 0;
    for (int i = 0; i < v->count; i++)
        if (v->findings[i].rule != GATE_RULE_UNJUDGED) v->findings[kept++] = v->findings[i];
    v->open -= v->count - kept;
    v->count = kept;
    v->allowed = v->open == 0;
}

/* Whether the pin says the same already. */
static bool is_kept(const struct json *pin, const struct buf *judgement)
{
    struct buf now = BUF_INIT(ENTRY_BYTES_MAX), then = BUF_INIT(ENTRY_BYTES_MAX);
    struct json_doc *doc;
    bool same = false;
    if (json_parse(&doc, judgement->data, judgement->len, ENTRY_BYTES_MAX, "a judgement", NULL))
        return false;
    if (!canonical_write(&now, json_root(doc), NULL) &&
        !canonical_write(&then, json_get(pin, "judgement"), NULL))
        same = now.len == then.len && memcmp(now.data, then.data, now.len) == 0;
    json_doc_free(doc);
    buf_release(&now);
    buf_release(&then);
    return same;
}

static enum status record(struct gate *g, struct gate_verdict *v, const struct subject *s,
                          struct error *err)
{
    struct buf judgement = BUF_INIT(ENTRY_BYTES_MAX);
    if (s->origin != GATE_PINNED || !g->audit) return STATUS_OK;
    drop_unjudged(v);
    write_judgement(&judgement, g, v);
    enum status st = buf_check(&judgement, "a judgement", err);
    if (!st && is_kept(s->pin, &judgement)) {
        buf_release(&judgement);
        return STATUS_OK;
    }
    if (!st) st = gate_log_verdict(g, AUDIT_VERDICT, v, err);
    if (!st)
        st = registry_annotate(g->registry, v->alias, "judgement",
                               (struct span){ judgement.data, judgement.len }, err);
    buf_release(&judgement);
    return st;
}

enum status gate_record(struct gate_verdict **ret, struct gate *g, const char *alias,
                        struct error *err)
{
    struct subject s;
    struct gate_verdict *v;
    pthread_mutex_lock(&g->mutex);
    enum status st = judge_model(&v, &s, g, alias, err);
    if (!st) {
        st = record(g, v, &s, err);
        subject_release(&s);
        if (st || !ret) mem_free(v);
        else *ret = v;
    }
    pthread_mutex_unlock(&g->mutex);
    return st;
}

/* ---- the door ---- */

static enum status refuse(const struct gate_verdict *v, struct error *err)
{
    const struct gate_finding *f = gate_verdict_first(v);
    char more[96] = "";
    if (v->open > 1)
        snprintf(more, sizeof more, " (and %d more; `hearth check` lists them)", v->open - 1);
    return error_set(err, STATUS_REFUSED, "refused by %s: %.400s%s%s%s", f->id, f->reason,
                     f->next[0] ? "; next: " : "", f->next, more);
}

static enum status settle(struct gate *g, const struct gate_verdict *v, struct error *err)
{
    bool refused = !v->allowed && v->mode == GATE_ENFORCE;
    enum status st = gate_log_verdict(g, refused ? AUDIT_REFUSAL : AUDIT_MODEL_LOAD, v, err);
    if (st)
        return error_wrap(err, st, "%s does not run, because the audit log cannot say so",
                          v->model);
    if (refused) return refuse(v, err);
    if (!v->allowed)
        log_write(&g->log, LOG_INFO, "gate", "mode audit lets %s run: %s: %s", v->model,
                  gate_verdict_first(v)->id, gate_verdict_first(v)->reason);
    return STATUS_OK;
}

/* Judged, remembered, and let through: the subject is open then, and the caller's to release, as is the verdict, also
 * that of a refusal. */
static enum status pass(struct subject *s, struct gate *g, const char *model,
                        struct gate_verdict **ret_verdict, struct error *err)
{
    *ret_verdict = NULL;
    enum status st = judge_model(ret_verdict, s, g, model, err);
    if (st) return st;
    st = settle(g, *ret_verdict, err);
    if (st) subject_release(s);
    return st;
}

/* Loading takes a while, and the descriptors' files have an owner who can write to them. */
static enum status confirm(struct subject *s, struct gate *g, struct gate_verdict *v,
                           struct error *err)
{
    bool changed;
    enum status st = subject_check_unchanged(s, v, &changed, err);
    if (st || !changed) return st;
    v->open++;
    v->allowed = false;
    pthread_mutex_lock(&g->mutex);
    st = settle(g, v, err);
    pthread_mutex_unlock(&g->mutex);
    return st;
}

/* ---- what an engine gets ---- */

struct opened {
    struct worker_file *files;      /* [count]; names and descriptors are the subject's */
    struct file_set_entry *entries; /* the same, as the tokenizer's cache wants them */
    size_t count;
};

static void release_opened(struct opened *m)
{
    mem_free(m->files);
    mem_free(m->entries);
}

static enum status list_opened(struct opened *m, const struct subject *s, struct error *err)
{
    *m = (struct opened){ NULL, NULL, 0 };
    enum status st = subject_entries(&m->entries, &m->count, s, err);
    if (st) return st;
    m->files = mem_array(m->count + 1, sizeof *m->files);
    if (!m->files) {
        release_opened(m);
        return error_set(err, STATUS_NO_MEMORY, "no memory for the list of %zu files", m->count);
    }
    for (size_t i = 0; i < m->count; i++)
        m->files[i] =
            (struct worker_file){ m->entries[i].name, m->entries[i].fd, m->entries[i].bytes };
    return STATUS_OK;
}

/* ---- beside the model ---- */

/* The worker answers without one, so a failure is a line in the log. */
static bool open_store(struct worker_store *ret, const struct opened *m,
                       const struct engine_options *o)
{
    struct error err;
    if (!o->store_folder || !o->store_bytes) return false;
    enum status st =
        gate_store_open(ret, o->store_folder, o->store_bytes, m->files, m->count, &err);
    if (st) log_write(&o->log, LOG_WARN, "kv", "cached pages are not kept: %s", err.text);
    return !st;
}

/* What a limit of memory may have done is said with the limit: a thread that was refused, or worse. */
static enum status blame_limit(enum status st, const char *path, uint64_t bytes, struct error *err)
{
    if (!bytes || (st != STATUS_NO_MEMORY && st != STATUS_FAILED && st != STATUS_CRASHED))
        return st;
    return error_wrap(err, st, "with the limit of %.3g GiB for the memory of %s",
                      (double)bytes / (1 << 30), path);
}

static enum status start_worker(struct worker **ret, struct gate *g, const struct subject *s,
                                const struct engine_options *options, struct error *err)
{
    struct opened m;
    struct gate_form kept;
    struct worker_store store;
    enum status st = list_opened(&m, s, err);
    if (st) return st;
    gate_form_find(&kept, g, m.entries, m.count, options);
    bool has_store = open_store(&store, &m, options);
    struct worker_options o = { .label = s->path,
                                .main_file = s->main_file,
                                .files = m.files,
                                .file_count = m.count,
                                .form = kept.file.fd >= 0 ? &kept.file : NULL,
                                .keep_path = kept.path[0] ? kept.path : NULL,
                                .kept = gate_form_seal,
                                .kept_ctx = &kept,
                                .store = has_store ? &store : NULL,
                                .memory_max = options->memory_max,
                                .engine = *options };
    st = worker_start(ret, &o, err);
    if (!st && o.form && !gate_form_unchanged(&kept)) {
        worker_stop(*ret);
        *ret = NULL;
        o.form = NULL; /* it makes one of the model's own files */
        st = worker_start(ret, &o, err);
    }
    st = blame_limit(st, s->path, o.memory_max, err);
    gate_form_close(&kept);
    if (has_store) file_close(store.fd);
    release_opened(&m);
    return st;
}

/* The mutex is let go before the worker loads: a large model takes long, and others may want in. */
enum status gate_open_worker(struct worker **ret, struct gate *g, const char *model,
                             const struct engine_options *options,
                             struct gate_verdict **ret_verdict, struct error *err)
{
    struct subject s;
    struct worker *w = NULL;
    struct gate_verdict *v;
    pthread_mutex_lock(&g->mutex);
    enum status st = pass(&s, g, model, &v, err);
    pthread_mutex_unlock(&g->mutex);
    if (!st) {
        st = start_worker(&w, g, &s, options, err);
        if (!st) st = confirm(&s, g, v, err);
        if (st) worker_stop(w);
        else *ret = w;
        subject_release(&s);
    }
    if (ret_verdict) *ret_verdict = v;
    else mem_free(v);
    return st;
}

/* The facts go into a lock that people read: bounded, and with its members in order. */
static enum status keep_facts(const struct worker *w, struct buf *out, struct error *err)
{
    const struct json *facts = worker_ready(w);
    if (json_type(facts) != JSON_OBJECT)
        return error_set(err, STATUS_FAILED, "the inspector said nothing");
    return canonical_write(out, facts, err);
}

enum status gate_inspect(void *ctx, const char *label, const char *main_file,
                         const struct registry_inspected *files, size_t count, struct buf *out,
                         struct error *err)
{
    struct worker *w;
    struct worker_file *list = mem_array(count + 1, sizeof *list);
    if (!list) return error_set(err, STATUS_NO_MEMORY, "no memory for a list of %zu files", count);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct worker_file){ files[i].name, files[i].fd, files[i].bytes };
    struct worker_options o = { .label = label,
                                .main_file = main_file,
                                .files = list,
                                .file_count = count,
                                .inspect = true,
                                .engine = { .thread_count = 1 } };
    if (ctx) o.engine.progress = *(const struct progress *)ctx;
    enum status st = worker_start(&w, &o, err);
    mem_free(list);
    if (st) return st;
    st = keep_facts(w, out, err);
    worker_stop(w);
    return st;
}

enum status gate_open_sandbox(struct worker **ret, struct error *err)
{
    return worker_start_empty(ret, NULL, err);
}

/* ---- in this process ---- */

static enum status open_engine(struct engine **ret, const struct subject *s,
                               const struct engine_options *options, struct error *err)
{
    struct opened m;
    struct file_set *set;
    struct source *source;
    struct engine_options o = *options;
    o.cache_folder = NULL; /* what lies there has no seal */
    enum status st = list_opened(&m, s, err);
    if (st) return st;
    st = file_set_of_descriptors(&set, s->path, s->main_file, m.entries, m.count, err);
    release_opened(&m);
    if (st) return st;
    st = file_set_keep_descriptors(set, err);
    if (!st) st = source_open_files(&source, set, err);
    if (st) {
        file_set_free(set);
        return st;
    }
    st = engine_open(ret, source, &o, err);
    if (st) source_close(source);
    return st;
}

enum status gate_open_engine(struct engine **ret, struct gate *g, const char *model,
                             const struct engine_options *options, struct error *err)
{
    struct subject s;
    struct engine *e = NULL;
    struct gate_verdict *v;
    pthread_mutex_lock(&g->mutex);
    enum status st = pass(&s, g, model, &v, err);
    pthread_mutex_unlock(&g->mutex);
    if (!st) {
        st = open_engine(&e, &s, options, err);
        if (!st) st = confirm(&s, g, v, err);
        subject_release(&s);
    }
    mem_free(v);
    if (!st && engine_info(e)->headless)
        st =
            error_set(err, STATUS_UNSUPPORTED,
                      "%s has no output head: it is made for embeddings, and has no logits", model);
    if (!st) *ret = e;
    else if (e) engine_close(e);
    return st;
}

enum status gate_plan_engine(struct engine_plan *ret, const char *path,
                             const struct engine_options *options, struct error *err)
{
    struct source *source;
    enum status st = source_open(&source, path, err);
    if (st) return st;
    st = engine_plan(ret, source, options, err);
    source_close(source);
    return st;
}
