/* What a model's licences and files say, for the declared use.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/core/file.h"
#include "govern/gate/outcome.h"
#include "govern/gate/subject.h"
#include "govern/licence/licence_gguf.h"
#include "govern/scan/scan.h"

#define TEXTS_MAX      32
#define TEXT_DEPTH_MAX 1 /* folders above a licence's text */
#define GGUF_CARD_NAME "the GGUF's keys"

/* ---- findings ---- */

static struct gate_finding *next_finding(struct gate_verdict *v)
{
    struct gate_finding *f;
    if (v->count == GATE_FINDINGS_MAX) {
        f = &v->findings[GATE_FINDINGS_MAX - 1];
        f->answer = LICENCE_DENY;
        return NULL;
    }
    f = &v->findings[v->count++];
    memset(f, 0, sizeof *f);
    return f;
}

static void set_reason(struct gate_finding *f, const char *format, va_list args)
{
    struct error text;
    error_set_v(&text, STATUS_OK, format, args); /* cuts between characters */
    snprintf(f->reason, sizeof f->reason, "%s", text.text);
}

struct gate_finding *finding_add(struct gate_verdict *v, enum gate_rule rule, const char *id,
                                 enum licence_answer answer, const char *format, ...)
{
    struct gate_finding *f = next_finding(v);
    va_list args;
    if (!f) return &v->findings[GATE_FINDINGS_MAX - 1];
    f->rule = rule;
    f->answer = answer;
    snprintf(f->id, sizeof f->id, "%s", id);
    va_start(args, format);
    set_reason(f, format, args);
    va_end(args);
    return f;
}

struct gate_finding *finding_deny(struct gate_verdict *v, enum gate_rule rule, const char *format,
                                  ...)
{
    struct gate_finding *f = finding_add(v, rule, gate_rule_name(rule), LICENCE_DENY, "%s", "");
    va_list args;
    va_start(args, format);
    set_reason(f, format, args);
    va_end(args);
    return f;
}

void finding_next(struct gate_finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->next, sizeof f->next, format, args);
    va_end(args);
}

/* ---- the texts ---- */

struct looking {
    struct gate *g;
    struct buf texts[TEXTS_MAX];
    struct licence_reading *readings[TEXTS_MAX];
    const char *names[TEXTS_MAX];
    int count;
    bool too_many;
    const char *too_long; /* the first text that is longer than what is read */
    struct scan *scan;
};

static int depth_of(const char *name)
{
    int depth = 0;
    for (; *name; name++)
        depth += *name == '/';
    return depth;
}

static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static enum status keep_text(struct looking *l, const char *name, struct error *err)
{
    const struct buf *text = &l->texts[l->count];
    struct span span = { text->data ? text->data : "", text->len };
    l->names[l->count] = name;
    enum status st = licence_read(&l->readings[l->count], &l->g->prints, span, err);
    if (!st) l->count++;
    return st;
}

static enum status read_text(struct looking *l, const struct subject_file *f, int fd,
                             struct error *err)
{
    if (l->count == TEXTS_MAX) {
        l->too_many = true;
        return STATUS_OK;
    }
    l->texts[l->count] = BUF_INIT(LICENCE_TEXT_BYTES_MAX);
    enum status st = file_read_fd(&l->texts[l->count], fd, f->name, err);
    if (st != STATUS_LIMIT) return st ? st : keep_text(l, f->name, err);
    if (!l->too_long) l->too_long = f->name;
    buf_release(&l->texts[l->count]);
    return STATUS_OK;
}

static enum status look_at(void *ctx, const struct subject_file *f, int fd, struct error *err)
{
    struct looking *l = ctx;
    enum status st = STATUS_OK;
    if (depth_of(f->name) <= TEXT_DEPTH_MAX && licence_file_name(base_name(f->name)))
        st = read_text(l, f, fd, err);
    return st ? st : scan_file(l->scan, f->name, fd, f->bytes, err);
}

static enum status read_keys(struct looking *l, struct gguf *g, struct error *err)
{
    enum status st = licence_card_of_gguf(&l->texts[l->count], g, err);
    gguf_close(g);
    return st ? st : keep_text(l, GGUF_CARD_NAME, err);
}

/* A GGUF file claims its licence in its keys. One that cannot be read claims nothing. */
static enum status read_gguf(struct looking *l, const struct subject *s, struct error *err)
{
    struct gguf *g;
    struct file_set *set;
    struct file_set_entry *entries;
    size_t count;
    if (!s->main_file || l->count == TEXTS_MAX) return STATUS_OK;
    enum status st = subject_entries(&entries, &count, s, err);
    if (st) return st;
    st = file_set_of_descriptors(&set, s->path, s->main_file, entries, count, err);
    if (!st) {
        l->texts[l->count] = BUF_INIT(GGUF_CARD_BYTES_MAX);
        st = gguf_open_in(&g, set, s->main_file, err);
        if (!st) st = read_keys(l, g, err);
        else if (st != STATUS_NO_MEMORY) st = STATUS_OK;
        file_set_free(set);
    }
    mem_free(entries);
    return st;
}

/* ---- judging ---- */

static void take_licence(struct gate_verdict *v, const struct licence_verdict *lv,
                         const struct looking *l)
{
    const struct licence_reading *main =
        licence_pick(l->readings, l->names, l->count, "model", "code");
    const char *id = main ? licence_reading_id(main) : NULL;
    snprintf(v->licence, sizeof v->licence, "%s", id ? id : "");
    v->licence_answer = lv->answer;
    for (int i = 0; i < lv->count; i++) {
        const struct licence_rule *r = &lv->rules[i];
        char name[GATE_ID_BYTES];
        snprintf(name, sizeof name, "licence.%s", licence_rule_name(r->id));
        struct gate_finding *f =
            finding_add(v, GATE_RULE_LICENCE, name, r->answer, "%s", r->reason);
        snprintf(f->quote, sizeof f->quote, "%s", r->quote);
        snprintf(f->next, sizeof f->next, "%s", r->next);
    }
    if (l->too_long)
        finding_add(v, GATE_RULE_LICENCE, "licence.text-too-long", LICENCE_ASK,
                    "%.200s is longer than the %u bytes that are read of such a text", l->too_long,
                    (unsigned)LICENCE_TEXT_BYTES_MAX);
    if (l->too_many)
        finding_add(v, GATE_RULE_LICENCE, "licence.too-many-texts", LICENCE_ASK,
                    "the model has more than %d texts about licences; not all were read",
                    TEXTS_MAX);
}

static enum status judge_licence(struct gate_verdict *v, const struct looking *l, struct error *err)
{
    struct licence_verdict *lv = mem_zero(sizeof *lv);
    if (!lv) return error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
    licence_judge_all(lv, l->readings, l->names, l->count, &l->g->policy.use);
    take_licence(v, lv, l);
    mem_free(lv);
    return STATUS_OK;
}

static void take_scan(struct gate_verdict *v, const struct scan *scan)
{
    static const enum licence_answer answers[] = {
        [SCAN_NOTE] = LICENCE_ALLOW, [SCAN_ASK] = LICENCE_ASK, [SCAN_DENY] = LICENCE_DENY
    };
    for (size_t i = 0; i < scan_count(scan); i++) {
        const struct scan_finding *s = scan_at(scan, i);
        struct gate_finding *f = finding_add(v, GATE_RULE_SCAN, scan_rule_name(s->rule),
                                             answers[s->answer], "%s", s->reason);
        snprintf(f->file, sizeof f->file, "%s", s->file);
        snprintf(f->quote, sizeof f->quote, "%s", s->quote);
        snprintf(f->next, sizeof f->next, "%s", s->next);
    }
}

static void check_judged(struct gate_verdict *v, const struct subject *s)
{
    if (s->origin != GATE_PINNED || json_type(json_get(s->pin, "judgement")) == JSON_OBJECT) return;
    struct gate_finding *f =
        finding_deny(v, GATE_RULE_UNJUDGED, "%s is pinned, but was not judged yet", s->model.alias);
    finding_next(f, "hearth check %s", s->model.alias);
}

/* Reads everything; *ret_whole: all files could be looked at. */
static enum status judge_anew(struct gate_verdict *v, struct subject *s, struct gate *g,
                              bool *ret_whole, struct error *err)
{
    struct looking *l = mem_zero(sizeof *l);
    int before = v->count;
    if (!l) return error_set(err, STATUS_NO_MEMORY, "no memory to judge a model");
    l->g = g;
    enum status st = scan_new(&l->scan, err);
    if (!st) st = subject_open_all(s, g, v, look_at, l, err);
    if (!st) st = read_gguf(l, s, err);
    *ret_whole = v->count == before;
    if (!st) st = judge_licence(v, l, err);
    if (!st) {
        scan_seal(l->scan);
        take_scan(v, l->scan);
    }
    scan_free(l->scan);
    for (int i = 0; i < l->count; i++)
        licence_reading_free(l->readings[i]);
    for (int i = 0; i < TEXTS_MAX; i++)
        buf_release(&l->texts[i]);
    mem_free(l);
    return st;
}

enum status judge_subject(struct gate_verdict *v, struct subject *s, struct gate *g,
                          struct error *err)
{
    bool kept, whole = false;
    check_judged(v, s);
    int first = v->count;
    enum status st = outcome_find(v, s, g, &kept, err);
    if (!st && kept) return subject_open_all(s, g, v, NULL, NULL, err);
    if (!st) st = judge_anew(v, s, g, &whole, err);
    if (!st && whole && v->count < GATE_FINDINGS_MAX) st = outcome_keep(v, first, s, g, err);
    return st;
}

/* ---- the whole ---- */

static int weight(const struct gate_finding *f)
{
    bool of_contents = f->rule == GATE_RULE_LICENCE || f->rule == GATE_RULE_SCAN;
    return 2 * (int)f->answer + !of_contents;
}

/* The strictest first, of these what is wrong with pins and bytes; otherwise as they came. */
static void sort_findings(struct gate_verdict *v)
{
    for (int i = 1; i < v->count; i++)
        for (int k = i; k > 0 && weight(&v->findings[k - 1]) < weight(&v->findings[k]); k--) {
            struct gate_finding moved = v->findings[k];
            v->findings[k] = v->findings[k - 1];
            v->findings[k - 1] = moved;
        }
}

static void settle(struct gate_verdict *v)
{
    sort_findings(v);
    v->open = 0;
    for (int i = 0; i < v->count; i++)
        v->open += v->findings[i].answer != LICENCE_ALLOW && !v->findings[i].approved;
    v->allowed = v->open == 0;
}

enum status judge_model(struct gate_verdict **ret, struct subject *s, struct gate *g,
                        const char *model, struct error *err)
{
    int64_t begun = clock_monotonic_ns();
    struct gate_verdict *v = mem_zero(sizeof *v);
    *s = (struct subject){ .path = model };
    if (!v) return error_set(err, STATUS_NO_MEMORY, "no memory for a verdict");
    v->mode = g->policy.mode;
    snprintf(v->model, sizeof v->model, "%s", model);
    enum status st = subject_find(s, g, model, v, err);
    if (!st) st = judge_subject(v, s, g, err);
    if (!st) st = approvals_apply(v, s->pin, g, err);
    if (st) {
        subject_release(s);
        mem_free(v);
        return st;
    }
    settle(v);
    v->seconds = (double)(clock_monotonic_ns() - begun) / 1e9;
    *ret = v;
    return STATUS_OK;
}
