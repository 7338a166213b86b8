/* The plan: licence, template, tokenizer, lineage.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/core/line_diff.h"
#include "base/core/mem.h"
#include "front/cmd/upgrade_plan.h"
#include "govern/licence/licence_drift.h"
#include "lm/format/file_set.h"

#define TEMPLATES_MAX       16
#define TEMPLATE_NAME_BYTES 128
#define TEMPLATE_BYTES_MAX  ((size_t)4 << 20)
#define TOKENS_TOLD_MAX     64
#define DIFF_BYTES_MAX      ((size_t)16 << 20)
#define PARENTS_BYTES       1024

void upgrade_plan_lines(struct report *r, const char *indent, struct span text)
{
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        report_line(r, "%s%.*s", indent, (int)(len < 900 ? len : 900), text.data);
        text.data += len + (end != NULL);
        text.len -= len + (end != NULL);
    }
}

/* ---- licence ---- */

static const struct licence_reading *main_text(const struct revision *v)
{
    return licence_folder_text(&v->licence, "model", "code");
}

static const char *licence_name(const struct licence_reading *reading)
{
    const char *id = reading ? licence_reading_id(reading) : NULL;
    return id ? id : "no known licence";
}

static void judge(struct licence_verdict *ret, const struct revision *v,
                  const struct licence_use *use)
{
    licence_judge_all(ret, v->licence.readings, v->licence.text_names, v->licence.text_count, use);
}

static void report_side(struct report *r, const char *key, const struct revision *v,
                        const struct licence_verdict *verdict)
{
    if (!r->json) return;
    json_key(&r->writer, key);
    licence_write(&r->writer, NULL, main_text(v), verdict);
}

static void report_rules(struct report *r, const struct licence_verdict *v)
{
    for (int i = 0; i < v->count; i++) {
        if (v->rules[i].answer == LICENCE_ALLOW) continue;
        report_line(r, "  %s: %s: %s", licence_answer_name(v->rules[i].answer),
                    licence_rule_name(v->rules[i].id), v->rules[i].reason);
        if (v->rules[i].next[0]) report_line(r, "    next: %s", v->rules[i].next);
    }
}

static void report_words(struct report *r, const struct licence_drift *d,
                         const struct licence_reading *was, const struct licence_reading *is)
{
    char quote[LICENCE_QUOTE_BYTES];
    report_line(r, "  %u words removed, %u added", d->removed, d->added);
    for (uint32_t i = 0; i < d->place_count && !r->json; i++) {
        licence_quote(quote, sizeof quote, was, d->places[i].was_begin, d->places[i].was_end);
        if (quote[0]) report_line(r, "  - %s", quote);
        licence_quote(quote, sizeof quote, is, d->places[i].is_begin, d->places[i].is_end);
        if (quote[0]) report_line(r, "  + %s", quote);
    }
}

/* As JSON has them. */
static enum status report_licence_facts(struct report *r, const struct licence_drift *d,
                                        const struct licence_reading *was,
                                        const struct licence_reading *is, struct error *err)
{
    struct buf text = BUF_INIT(DIFF_BYTES_MAX);
    struct json_writer w;
    struct json_doc *doc = NULL;
    json_writer_init(&w, &text, 0);
    enum status st = licence_drift_write(&w, d, was, is, err);
    if (!st) st = buf_check(&text, "two licences' facts", err);
    if (!st) st = json_parse(&doc, text.data, text.len, DIFF_BYTES_MAX, "two licences' facts", err);
    const struct json *facts = json_get(json_root(doc), "facts");
    for (size_t i = 0; i < json_length(facts); i++) {
        struct buf a = BUF_INIT(DIFF_BYTES_MAX), b = BUF_INIT(DIFF_BYTES_MAX);
        const struct json *f = json_at(facts, i);
        json_writer_init(&w, &a, 0);
        json_put_value(&w, json_get(f, "was"));
        json_writer_init(&w, &b, 0);
        json_put_value(&w, json_get(f, "is"));
        const char *name = json_text(json_get(f, "fact"));
        report_line(r, "  %s  %s -> %s", name ? name : "?", a.data ? a.data : "null",
                    b.data ? b.data : "null");
        buf_release(&a);
        buf_release(&b);
    }
    json_doc_free(doc);
    buf_release(&text);
    return st;
}

/* null where one of them has no text to compare. */
static enum status report_drift(struct report *r, const struct revision *was,
                                const struct revision *is, struct error *err)
{
    const struct licence_reading *a = main_text(was), *b = main_text(is);
    struct licence_drift *d = mem_zero(sizeof *d);
    if (!d) return error_set(err, STATUS_NO_MEMORY, "no memory to compare two licences");
    if (r->json) json_key(&r->writer, "drift");
    enum status st = a && b ? licence_drift(d, a, b, err) : STATUS_BAD_INPUT;
    bool comparable = !st;
    if (comparable && r->json) st = licence_drift_write(&r->writer, d, a, b, err);
    else if (comparable) {
        st = report_licence_facts(r, d, a, b, err);
        if (!d->same_words) report_words(r, d, a, b);
    }
    if (!comparable && r->json) json_put_null(&r->writer);
    if (!comparable && (a || b))
        report_line(r, "  the texts cannot be compared: one is missing or no text");
    mem_free(d);
    return st == STATUS_BAD_INPUT ? STATUS_OK : st;
}

enum status upgrade_plan_licence(struct report *r, const struct revision *was,
                                 const struct revision *is, const struct licence_use *use,
                                 struct error *err)
{
    struct licence_verdict *v = mem_array(2, sizeof *v);
    if (!v) return error_set(err, STATUS_NO_MEMORY, "no memory for two verdicts");
    judge(&v[0], was, use);
    judge(&v[1], is, use);
    report_line(r, "licence: %s (%s) -> %s (%s)", licence_name(main_text(was)),
                licence_answer_name(v[0].answer), licence_name(main_text(is)),
                licence_answer_name(v[1].answer));
    report_open_object(r, "licence");
    report_side(r, "was", was, &v[0]);
    report_side(r, "is", is, &v[1]);
    enum status st = report_drift(r, was, is, err);
    report_close_object(r);
    report_rules(r, &v[1]);
    mem_free(v);
    return st;
}

/* ---- templates ---- */

struct template_text {
    char name[TEMPLATE_NAME_BYTES]; /* "default", "tool_use" ... */
    struct buf text;
};
struct templates {
    struct template_text at[TEMPLATES_MAX];
    int count;
};

static void release(struct templates *t)
{
    for (int i = 0; i < t->count; i++)
        buf_release(&t->at[i].text);
}

/* The first of a name counts, as where templates are read to be used. */
static struct buf *next_template(struct templates *t, struct span name)
{
    if (t->count == TEMPLATES_MAX) return NULL;
    struct template_text *n = &t->at[t->count];
    snprintf(n->name, sizeof n->name, "%.*s", (int)name.len, name.data);
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->at[i].name, n->name) == 0) return NULL;
    n->text = BUF_INIT(TEMPLATE_BYTES_MAX);
    t->count++;
    return &n->text;
}

static void add_text(struct templates *t, struct span name, struct span text)
{
    struct buf *out = text.data ? next_template(t, name) : NULL;
    if (out) buf_append(out, text.data, text.len);
}

static enum status add_file(struct templates *t, struct registry *registry,
                            const struct registry_model *m, const char *file, struct span name,
                            struct error *err)
{
    struct buf *out = next_template(t, name);
    return out ? revision_file(out, registry, m, file, err) : STATUS_OK;
}

static enum status add_files(struct templates *t, struct registry *registry,
                             const struct registry_model *m, struct error *err)
{
    static const char folder[] = FILE_SET_TEMPLATES "/", tail[] = ".jinja";
    enum status st = STATUS_OK;
    for (size_t i = 0; i < m->file_count && !st; i++) {
        const char *name = m->files[i].name;
        size_t len = strlen(name), skip = sizeof folder - 1;
        if (strcmp(name, "chat_template.jinja") == 0)
            st = add_file(t, registry, m, name, span_of("default"), err);
        if (len <= skip + sizeof tail || strncmp(name, folder, skip) != 0 ||
            strcmp(name + len - (sizeof tail - 1), tail) != 0)
            continue;
        st = add_file(t, registry, m, name,
                      (struct span){ name + skip, len - skip - (sizeof tail - 1) }, err);
    }
    return st;
}

static void add_config(struct templates *t, const struct json *config)
{
    const struct json *v = json_get(config, "chat_template");
    add_text(t, span_of("default"), json_string(v));
    for (size_t i = 0; i < json_length(v) && json_type(v) == JSON_ARRAY; i++)
        add_text(t, json_string(json_get(json_at(v, i), "name")),
                 json_string(json_get(json_at(v, i), "template")));
}

static void add_keys(struct templates *t, const struct gguf *g)
{
    static const char key[] = "tokenizer.chat_template";
    for (size_t i = 0; i < gguf_key_count(g); i++) {
        struct gguf_value v;
        struct span name = gguf_key(g, i, &v), text;
        if (name.len < sizeof key - 1 || memcmp(name.data, key, sizeof key - 1) != 0 ||
            !gguf_string(&v, &text))
            continue;
        size_t skip = sizeof key;
        add_text(t,
                 name.len > skip ? (struct span){ name.data + skip, name.len - skip }
                                 : span_of("default"),
                 text);
    }
}

static enum status read_templates(struct templates *ret, struct registry *registry,
                                  const struct revision *v, struct error *err)
{
    ret->count = 0;
    enum status st = add_files(ret, registry, v->model, err);
    if (!st) add_config(ret, json_root(v->tokenizer_config));
    if (!st && v->gguf) add_keys(ret, v->gguf);
    for (int i = 0; i < ret->count && !st; i++)
        st = buf_check(&ret->at[i].text, "a chat template", err);
    return st;
}

static const struct template_text *find_template(const struct templates *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->at[i].name, name) == 0) return &t->at[i];
    return NULL;
}

static enum status report_template(struct report *r, const struct template_text *was,
                                   const struct template_text *is, struct error *err)
{
    static const struct template_text none = { .name = "" };
    const char *name = (is ? is : was)->name, *change = !was  ? "added"
                                                        : !is ? "removed"
                                                              : "changed";
    struct buf diff = BUF_INIT(DIFF_BYTES_MAX);
    struct line_diff d;
    if (!was) was = &none;
    if (!is) is = &none;
    enum status st = line_diff(&diff, &d, (struct span){ was->text.data, was->text.len },
                               (struct span){ is->text.data, is->text.len }, PLAN_LINES_MAX, err);
    if (!st) {
        if (!d.same)
            report_line(r, "chat template \"%s\": %s, %zu lines removed, %zu added", name, change,
                        d.removed, d.added);
        upgrade_plan_lines(r, "  ", (struct span){ diff.data, diff.len });
        report_open_object(r, NULL);
        if (r->json) {
            report_text(r, "name", NULL, name);
            report_text(r, "change", NULL, d.same ? "same" : change);
            report_int(r, "removed", NULL, (int64_t)d.removed);
            report_int(r, "added", NULL, (int64_t)d.added);
            report_text(r, "diff", NULL, diff.data ? diff.data : "");
        }
        report_close_object(r);
    }
    buf_release(&diff);
    return st;
}

static enum status report_templates(struct report *r, const struct templates *was,
                                    const struct templates *is, struct error *err)
{
    enum status st = STATUS_OK;
    report_open_array(r, "template");
    for (int i = 0; i < was->count && !st; i++)
        st = report_template(r, &was->at[i], find_template(is, was->at[i].name), err);
    for (int i = 0; i < is->count && !st; i++)
        if (!find_template(was, is->at[i].name)) st = report_template(r, NULL, &is->at[i], err);
    report_close_array(r);
    return st;
}

enum status upgrade_plan_template(struct report *r, struct registry *registry,
                                  const struct revision *was, const struct revision *is,
                                  struct error *err)
{
    struct templates *t = mem_array(2, sizeof *t);
    if (!t) return error_set(err, STATUS_NO_MEMORY, "no memory to compare templates");
    enum status st = read_templates(&t[0], registry, was, err);
    if (!st) st = read_templates(&t[1], registry, is, err);
    if (!st) st = report_templates(r, &t[0], &t[1], err);
    release(&t[0]);
    release(&t[1]);
    mem_free(t);
    return st;
}

/* ---- tokenizer ---- */

static struct span token_text(const struct json *token)
{
    return json_string(json_get(token, "content"));
}

/* Added tokens are listed under their ids: a moved one is a change, too. */
static bool has_token(const struct json *list, struct json_member token)
{
    struct span there = token_text(json_get(list, token.key.data)), here = token_text(token.value);
    return there.data && here.data && there.len == here.len &&
           memcmp(there.data, here.data, here.len) == 0;
}

static void report_tokens(struct report *r, const char *key, char mark, const struct json *from,
                          const struct json *in)
{
    size_t told = 0, more = 0;
    report_open_array(r, key);
    for (struct json_member t = json_first(from); t.value; t = json_next(from, t)) {
        if (has_token(in, t)) continue;
        if (told++ >= TOKENS_TOLD_MAX) {
            more++;
            continue;
        }
        struct span text = token_text(t.value);
        report_line(r, "  %c %s  %.*s", mark, t.key.data, (int)text.len,
                    text.data ? text.data : "");
        report_open_object(r, NULL);
        report_text(r, "id", "", r->json ? t.key.data : NULL);
        if (r->json) report_span(r, "text", NULL, text);
        report_close_object(r);
    }
    report_close_array(r);
    if (more) report_line(r, "  ... and %zu more", more);
}

static enum status parse_facts(struct json_doc **ret, const struct revision *v, struct error *err)
{
    return json_parse(ret, v->model->facts.data, v->model->facts.len, REGISTRY_FACTS_MAX,
                      "the facts", err);
}

enum status upgrade_plan_tokenizer(struct report *r, const struct revision *was,
                                   const struct revision *is, struct error *err)
{
    struct json_doc *before = NULL, *now = NULL;
    const struct json *a = json_get(json_root(was->tokenizer_config), "added_tokens_decoder");
    const struct json *b = json_get(json_root(is->tokenizer_config), "added_tokens_decoder");
    report_open_object(r, "tokenizer");
    enum status st = parse_facts(&before, was, err);
    if (!st) st = parse_facts(&now, is, err);
    if (!st)
        st = upgrade_plan_members(r, "facts", "tokenizer", json_get(json_root(before), "tokenizer"),
                                  json_get(json_root(now), "tokenizer"), NULL, err);
    report_tokens(r, "removed", '-', a, b);
    report_tokens(r, "added", '+', b, a);
    report_close_object(r);
    json_doc_free(before);
    json_doc_free(now);
    return st;
}

/* ---- lineage ---- */

static void list_parents(char *out, size_t out_bytes, const struct revision *v)
{
    size_t n = 0;
    const struct card_claim *card =
        v->licence.card >= 0 ? &v->licence.readings[v->licence.card]->card : NULL;
    out[0] = 0;
    for (int i = 0; card && i < card->parent_count && n < out_bytes; i++)
        n += (size_t)snprintf(out + n, out_bytes - n, "%s%.*s", i ? ", " : "",
                              (int)card->parents[i].len, card->parents[i].data);
    if (card && card->relation.len && n < out_bytes)
        snprintf(out + n, out_bytes - n, " (%.*s)", (int)card->relation.len, card->relation.data);
}

void upgrade_plan_lineage(struct report *r, const struct revision *was, const struct revision *is)
{
    char before[PARENTS_BYTES], now[PARENTS_BYTES];
    list_parents(before, sizeof before, was);
    list_parents(now, sizeof now, is);
    report_open_object(r, "lineage");
    if (r->json) {
        report_text(r, "was", NULL, before);
        report_text(r, "is", NULL, now);
    }
    report_close_object(r);
    if (strcmp(before, now) != 0)
        report_line(r, "declared base models: %s -> %s", *before ? before : "(none)",
                    *now ? now : "(none)");
}
